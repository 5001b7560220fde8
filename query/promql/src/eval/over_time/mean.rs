//! Means that do not overflow and do not lose small addends.
//!
//! Owns running means of floats and of histograms, and what hints of resets were met on the way. Never writes annotations.

use crate::histogram::arithmetic::compensated_add;
use crate::histogram::{Combined, Histogram, HistogramSum, IncompatibleSchemas, ResetHint};

/// A mean. It is the sum by the count as long as the sum does not overflow, and from then on a running mean.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mean {
    sum_or_mean: f64,
    lost: f64,
    count: f64,
    is_incremental: bool,
}

impl Mean {
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        if self.count == 1.0 {
            self.sum_or_mean = value;
            return;
        }
        if !self.is_incremental {
            let (sum, lost) = compensated_add(value, self.sum_or_mean, self.lost);
            if !sum.is_infinite() {
                (self.sum_or_mean, self.lost) = (sum, lost);
                return;
            }
            self.is_incremental = true;
            self.sum_or_mean /= self.count - 1.0;
            self.lost /= self.count - 1.0;
        }
        let share = (self.count - 1.0) / self.count;
        (self.sum_or_mean, self.lost) =
            compensated_add(value / self.count, share * self.sum_or_mean, share * self.lost);
    }

    pub(crate) fn finish(self) -> f64 {
        if self.is_incremental {
            self.sum_or_mean + self.lost
        } else {
            self.sum_or_mean / self.count + self.lost / self.count
        }
    }
}

/// The same for histograms, which cost too much to sum up twice.
#[derive(Clone, Debug)]
pub(crate) struct HistogramMean {
    sum_or_mean: HistogramSum,
    count: f64,
    is_incremental: bool,
}

impl HistogramMean {
    pub(crate) fn new(first: Histogram) -> Self {
        Self { sum_or_mean: HistogramSum::new(first), count: 1.0, is_incremental: false }
    }

    pub(crate) fn add(&mut self, other: &Histogram) -> Result<Combined, IncompatibleSchemas> {
        self.count += 1.0;
        if !self.is_incremental {
            let mut sum = self.sum_or_mean.clone();
            let combined = sum.add(other)?;
            if !sum.uncompensated().has_overflow() {
                self.sum_or_mean = sum;
                return Ok(combined);
            }
            self.is_incremental = true;
            self.sum_or_mean.divide(self.count - 1.0);
        }
        self.sum_or_mean.multiply((self.count - 1.0) / self.count);
        let mut share = other.clone();
        share.divide(self.count);
        self.sum_or_mean.add(&share)
    }

    pub(crate) fn finish(mut self) -> Histogram {
        if !self.is_incremental {
            self.sum_or_mean.divide(self.count);
        }
        self.sum_or_mean.finish()
    }
}

/// Which hints were seen while histograms were added up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SeenHints {
    reset: bool,
    not_reset: bool,
}

impl SeenHints {
    pub(crate) fn see(&mut self, hint: ResetHint) {
        self.reset |= hint == ResetHint::Reset;
        self.not_reset |= hint == ResetHint::NotReset;
    }

    pub(crate) fn collide(self) -> bool {
        self.reset && self.not_reset
    }
}
