//! A threshold that lets a given number of bytes a second pass.
//!
//! Owns the estimate of what is offered and the debt. The door sees all that comes, so the offered rate is counted, not
//! guessed from what passed: the probability is target over offer, at once right after a step. What passed too much or too
//! little since is a debt, made up over a minute, so that ten minutes together meet the target. Never looks at a clock.

use crate::threshold::Threshold;

/// Time constant of the offered rate while it is steady, in seconds.
const STEADY_SECONDS: f64 = 8.0;
/// A second that is off by more than this factor from the mean is a step, and becomes the mean.
const STEP_FACTOR: f64 = 1.5;
/// The debt is made up over so long.
const DEBT_SECONDS: f64 = 60.0;
/// A debt of more seconds' target is forgotten: a night without traffic is no licence to let a burst through.
const DEBT_SECONDS_MAX: f64 = 30.0;
/// A debt moves the target by at most this share, so that any ten seconds stay near it too.
const CORRECTION_MAX: f64 = 0.05;
/// Never closes.
const PROBABILITY_MIN: f64 = 1e-6;

/// An adaptive threshold.
#[derive(Clone, Debug)]
pub struct AdaptiveThreshold {
    target_bytes_per_second: f64,
    /// Offered bytes a second, undone of earlier sampling; `None` before the first second.
    offered: Option<f64>,
    /// Bytes that should have passed and did not (positive), or the contrary.
    debt: f64,
    threshold: Threshold,
    offered_now: f64,
    passed_now: f64,
}

impl AdaptiveThreshold {
    /// Begins open.
    #[must_use]
    pub const fn new(target_bytes_per_second: f64) -> Self {
        Self {
            target_bytes_per_second,
            offered: None,
            debt: 0.0,
            threshold: Threshold::KEEP_ALL,
            offered_now: 0.0,
            passed_now: 0.0,
        }
    }

    /// In force until the next tick.
    #[must_use]
    pub const fn threshold(&self) -> Threshold {
        self.threshold
    }

    /// Counts what came. Bytes that were sampled before count as all they stand for: the threshold is a total one.
    #[expect(clippy::cast_precision_loss, reason = "bytes of a request")]
    pub fn observe(&mut self, bytes: u64, arrived: Threshold, passes: bool) {
        self.observe_sums(bytes as f64 * arrived.adjusted_count(), if passes { bytes as f64 } else { 0.0 });
    }

    /// The same for many at once.
    pub fn observe_sums(&mut self, offered_bytes: f64, passed_bytes: f64) {
        self.offered_now += offered_bytes;
        self.passed_now += passed_bytes;
    }

    /// Sets the threshold for the next second.
    pub fn tick(&mut self, elapsed_seconds: f64) {
        if elapsed_seconds <= 0.0 {
            return;
        }
        let rate = self.offered_now / elapsed_seconds;
        let offered = match self.offered {
            Some(mean) if rate < mean * STEP_FACTOR && rate > mean / STEP_FACTOR => {
                mean + (rate - mean) * (1.0 - (-elapsed_seconds / STEADY_SECONDS).exp())
            }
            _ => rate,
        };
        self.offered = Some(offered);
        let target = self.target_bytes_per_second;
        // Where all passes, less than the target is no debt.
        let due = if self.threshold == Threshold::KEEP_ALL {
            self.passed_now.min(target * elapsed_seconds)
        } else {
            target * elapsed_seconds
        };
        let debt_max = target * DEBT_SECONDS_MAX;
        self.debt = (self.debt + due - self.passed_now).clamp(-debt_max, debt_max);
        let correction = (self.debt / DEBT_SECONDS).clamp(-target * CORRECTION_MAX, target * CORRECTION_MAX);
        let probability =
            if offered > 0.0 { ((target + correction) / offered).clamp(PROBABILITY_MIN, 1.0) } else { 1.0 };
        self.threshold = Threshold::from_probability(probability);
        (self.offered_now, self.passed_now) = (0.0, 0.0);
    }
}
