//! How much of the prompt threads questions may still take.
//!
//! Owns the account: seconds come in at a steady rate, and go out as questions end. Never looks at a clock or a thread.

use std::time::{Duration, Instant};

/// What may be kept, and what may be owed: one long question is not paid for by everybody's next minute.
const SECONDS_MAX: f64 = 2.0;
/// Seconds of one prompt thread that come in each second, for each core.
const SECONDS_A_SECOND: f64 = 0.1;
/// What a question gives at once, as it is not known what it will take; a list of traces takes less.
const DEPOSIT_SECONDS: f64 = 0.02;

/// Seconds that prompt threads may still be held.
pub(crate) struct Allowance {
    seconds: f64,
    a_second: f64,
    counted_at: Instant,
}

impl Allowance {
    pub(crate) fn new(cores: usize, now: Instant) -> Self {
        // No machine has so many cores that a double does not hold them.
        #[allow(clippy::cast_precision_loss)]
        let a_second = SECONDS_A_SECOND * cores as f64;
        Self { seconds: SECONDS_MAX, a_second, counted_at: now }
    }

    /// Whether one more question may be prompt; if so, its deposit is taken.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.counted_at).as_secs_f64();
        self.seconds = (self.seconds + since * self.a_second).min(SECONDS_MAX);
        self.counted_at = now.max(self.counted_at);
        let may = self.seconds >= DEPOSIT_SECONDS;
        if may {
            self.seconds -= DEPOSIT_SECONDS;
        }
        may
    }

    /// A question that was prompt has ended: it held threads for this long.
    pub(crate) fn settle(&mut self, held: Duration) {
        self.seconds = (self.seconds + DEPOSIT_SECONDS - held.as_secs_f64()).max(-SECONDS_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_seldom_is_always_prompt() {
        let start = Instant::now();
        let mut allowance = Allowance::new(2, start);
        for second in 0..100 {
            assert!(allowance.take(start + Duration::from_secs(second)), "at {second} s");
            allowance.settle(Duration::from_millis(150));
        }
    }

    #[test]
    fn a_crowd_is_prompt_for_a_tenth_of_the_cores() {
        let start = Instant::now();
        let mut allowance = Allowance::new(2, start);
        let held = (0..100_000).filter(|tick| allowance.take(start + Duration::from_micros(tick * 100)));
        let prompt = held.count();
        // Ten seconds bring two, beside the two that were there; a deposit is 20 ms, and nobody ends.
        assert_eq!(prompt, 199, "of 100,000 that ask within ten seconds");
    }

    #[test]
    fn a_long_question_is_forgotten_within_seconds() {
        let start = Instant::now();
        let mut allowance = Allowance::new(2, start);
        assert!(allowance.take(start));
        allowance.settle(Duration::from_secs(600));
        assert!(!allowance.take(start + Duration::from_secs(9)));
        assert!(allowance.take(start + Duration::from_secs(11)));
    }
}
