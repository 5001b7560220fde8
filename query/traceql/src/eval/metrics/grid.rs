//! Time in steps.
//!
//! Owns the borders of intervals: each is open on the left and has its end as its timestamp, as in Tempo. Never knows
//! spans.

/// Intervals of one query.
pub const STEPS_MAX: i64 = 11_000;

/// The intervals of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    start: i64,
    end: i64,
    step: i64,
    is_instant: bool,
}

/// What is wrong with a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    #[error("the step must be longer than zero")]
    StepTooShort,
    #[error("the range must end after it starts")]
    RangeEmpty,
    #[error("the range has {0} steps; the limit is {STEPS_MAX}, take a longer step or a shorter range")]
    TooManySteps(i64),
}

impl Grid {
    /// From start to end in steps, all in nanoseconds. The borders are moved outwards to multiples of the step, so that
    /// the same spans fall together whenever one asks.
    pub fn range(start: i64, end: i64, step: i64) -> Result<Self, GridError> {
        if step <= 0 {
            return Err(GridError::StepTooShort);
        }
        if end <= start {
            return Err(GridError::RangeEmpty);
        }
        let aligned_start = start.saturating_sub(start.rem_euclid(step));
        let behind = end.rem_euclid(step);
        let aligned_end = if behind == 0 { end } else { end.saturating_add(step - behind) };
        let steps = aligned_end.saturating_sub(aligned_start) / step;
        if steps > STEPS_MAX {
            return Err(GridError::TooManySteps(steps));
        }
        Ok(Self { start: aligned_start, end: aligned_end, step, is_instant: false })
    }

    /// One interval from start to end, both included.
    pub fn instant(start: i64, end: i64) -> Result<Self, GridError> {
        if end <= start {
            return Err(GridError::RangeEmpty);
        }
        Ok(Self { start, end, step: end.saturating_sub(start), is_instant: true })
    }

    /// From and to; spans at the start are within only where [`Grid::is_instant`]. Nanoseconds since the epoch.
    #[must_use]
    pub fn bounds(&self) -> (i64, i64) {
        (self.start, self.end)
    }

    /// The length of an interval, nanoseconds.
    #[must_use]
    pub fn step(&self) -> i64 {
        self.step
    }

    /// Whether it is one interval with both of its ends.
    #[must_use]
    pub fn is_instant(&self) -> bool {
        self.is_instant
    }

    /// How many intervals there are.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.is_instant { 1 } else { usize::try_from((self.end - self.start) / self.step).unwrap_or(0) }
    }

    /// Whether there is no interval.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The interval of a moment.
    #[must_use]
    pub fn interval(&self, time: i64) -> Option<usize> {
        if self.is_instant {
            return (self.start..=self.end).contains(&time).then_some(0);
        }
        if time <= self.start || time > self.end {
            return None;
        }
        usize::try_from((time - self.start - 1) / self.step).ok()
    }

    /// The end of an interval, nanoseconds since the epoch.
    #[must_use]
    pub fn timestamp(&self, interval: usize) -> i64 {
        if self.is_instant {
            return self.end;
        }
        let steps = i64::try_from(interval).unwrap_or(i64::MAX).saturating_add(1);
        self.start.saturating_add(steps.saturating_mul(self.step))
    }

    /// The length of an interval in seconds.
    #[must_use]
    pub fn step_seconds(&self) -> f64 {
        self.step as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_open_on_the_left() {
        let grid = Grid::range(105, 185, 10).expect("valid");
        assert_eq!(grid.len(), 9);
        assert_eq!(grid.interval(100), None);
        assert_eq!(grid.interval(101), Some(0));
        assert_eq!(grid.interval(110), Some(0));
        assert_eq!(grid.interval(111), Some(1));
        assert_eq!(grid.interval(190), Some(8));
        assert_eq!(grid.interval(191), None);
        assert_eq!((grid.timestamp(0), grid.timestamp(8)), (110, 190));
    }

    #[test]
    fn an_instant_holds_both_ends() {
        let grid = Grid::instant(100, 200).expect("valid");
        assert_eq!((grid.len(), grid.timestamp(0)), (1, 200));
        assert_eq!((grid.interval(100), grid.interval(200), grid.interval(201)), (Some(0), Some(0), None));
    }

    #[test]
    fn impossible_grids_are_refused() {
        assert_eq!(Grid::range(0, 10, 0), Err(GridError::StepTooShort));
        assert_eq!(Grid::range(10, 10, 1), Err(GridError::RangeEmpty));
        assert_eq!(Grid::range(0, 20_000, 1), Err(GridError::TooManySteps(20_000)));
        assert!(Grid::range(i64::MIN, i64::MAX, 1).is_err());
        assert!(Grid::range(i64::MIN, i64::MAX, i64::MAX).is_ok());
    }
}
