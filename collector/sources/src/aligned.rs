//! Times of polls, equally spaced where they nearly are.
//!
//! Owns how near that is. Equal distances take next to nothing on disk, while the millisecond by which a timer is late
//! takes more than the number beside it. The same that Prometheus does (`ScrapeTimestampTolerance` and
//! `AlignScrapeTimestamps` in its `scrape/scrape.go`). Never reads a clock.

/// A poll may be told to be this much earlier or later than it was, if its interval is a hundred times as long.
const TOLERANCE_MS: i64 = 2;

/// The times that one poller tells.
#[derive(Debug, Default)]
pub(crate) struct AlignedTimes {
    last_ms: Option<i64>,
}

impl AlignedTimes {
    /// The time to tell of a poll at `now_ms`: whole intervals after the one before where it is that, but for the tolerance.
    pub(crate) fn next(&mut self, now_ms: i64, interval_ms: i64) -> i64 {
        let tolerance = TOLERANCE_MS.min(interval_ms / 100);
        let planned = self.last_ms.filter(|last| interval_ms > 0 && *last < now_ms).map(|last| {
            // Some may have been left out.
            let passed = (now_ms - last + tolerance).div_euclid(interval_ms).max(1);
            last + passed * interval_ms
        });
        let time = planned.filter(|planned| (now_ms - planned).abs() <= tolerance).unwrap_or(now_ms);
        self.last_ms = Some(time);
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(interval_ms: i64, polls: &[i64]) -> Vec<i64> {
        let mut times = AlignedTimes::default();
        polls.iter().map(|now| times.next(*now, interval_ms)).collect()
    }

    #[test]
    fn a_timer_that_is_a_little_late_or_early_is_on_time() {
        assert_eq!(told(10_000, &[7, 10_009, 20_006, 30_005, 40_008]), [7, 10_007, 20_007, 30_007, 40_007]);
    }

    #[test]
    fn polls_that_were_left_out_do_not_end_the_row() {
        assert_eq!(told(1_000, &[0, 1_001, 5_002, 6_000]), [0, 1_000, 5_000, 6_000]);
    }

    #[test]
    fn what_is_out_of_step_is_told_as_it_was_and_begins_anew() {
        assert_eq!(told(1_000, &[0, 1_003, 2_004, 3_003]), [0, 1_003, 2_003, 3_003]);
        assert_eq!(told(1_000, &[5_000, 4_000, 5_001]), [5_000, 4_000, 5_000], "a clock that was set back");
    }

    #[test]
    fn short_intervals_tolerate_less() {
        assert_eq!(told(100, &[0, 102, 203]), [0, 102, 202]);
        assert_eq!(told(50, &[0, 51, 102]), [0, 51, 102]);
        assert_eq!(told(0, &[3, 4]), [3, 4]);
    }
}
