//! Native histograms with float counts: exponential buckets of every schema and custom buckets.
//!
//! Owns the form in which the evaluator holds a histogram: each side's populated buckets as sorted indexes and counts.
//! Explicit empty buckets may be there; [`Histogram::compact`] removes them. What is computed from several histograms is
//! in the modules below. Never knows where a histogram came from or at what time it was.

use std::sync::Arc;
use std::sync::LazyLock;

pub mod arithmetic;
pub mod buckets;
pub mod fraction;
pub mod quantile;
pub mod reset;
pub mod text;
pub mod trim;

pub use arithmetic::{Combined, HistogramSum, IncompatibleSchemas};
pub use buckets::Bucket;

/// The schema number of histograms whose bounds are given one by one.
pub const CUSTOM_BUCKETS_SCHEMA: i32 = -53;
/// The coarsest exponential schema: each bucket's bound is 65,536 times that of the one before.
pub const SCHEMA_MIN: i32 = -4;
/// The finest exponential schema: 256 buckets for each doubling.
pub const SCHEMA_MAX: i32 = 8;

/// What is known of a counter reset between a histogram and the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResetHint {
    /// It must be found out by comparing.
    #[default]
    Unknown,
    Reset,
    NotReset,
    /// Not a counter at all.
    Gauge,
}

/// One side's buckets, by index in ascending order. Exponential bucket `i` ends at `base^i`, custom bucket `i` at bound `i`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BucketSide {
    pub(crate) indexes: Vec<i32>,
    pub(crate) counts: Vec<f64>,
}

/// A histogram. Counts are absolute, not cumulative over buckets.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    pub reset_hint: ResetHint,
    /// From -4 to 8 for exponential buckets, -53 for custom ones.
    pub schema: i32,
    /// Half the width of the zero bucket; 0 with custom buckets.
    pub zero_threshold: f64,
    pub zero_count: f64,
    /// All observations, of which NaN is in no bucket.
    pub count: f64,
    /// The sum of all observations; holds the staleness marker where the series ended.
    pub sum: f64,
    pub positive: BucketSide,
    pub negative: BucketSide,
    /// Upper bounds of custom buckets, strictly ascending and finite; one more bucket goes to infinity.
    pub custom_bounds: Arc<[f64]>,
}

// === impl BucketSide ===

impl BucketSide {
    /// Buckets without gaps, the first with this index.
    #[must_use]
    pub fn dense(first_index: i32, counts: Vec<f64>) -> Self {
        Self { indexes: (first_index..).take(counts.len()).collect(), counts }
    }

    /// From indexes and counts in ascending order of index; none where the order is broken.
    #[must_use]
    pub fn sparse(pairs: Vec<(i32, f64)>) -> Option<Self> {
        let is_ascending = pairs.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let (indexes, counts) = pairs.into_iter().unzip();
        is_ascending.then_some(Self { indexes, counts })
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (i32, f64)> + ExactSizeIterator {
        self.indexes.iter().copied().zip(self.counts.iter().copied())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.indexes.is_empty()
    }

    pub(crate) fn push(&mut self, index: i32, count: f64) {
        self.indexes.push(index);
        self.counts.push(count);
    }

    fn scale(&mut self, change: impl Fn(f64) -> f64) {
        for count in &mut self.counts {
            *count = change(*count);
        }
    }

    fn compact(&mut self) {
        if self.counts.contains(&0.0) {
            let (indexes, counts) = self.iter().filter(|(_, count)| *count != 0.0).unzip();
            (self.indexes, self.counts) = (indexes, counts);
        }
    }

    /// Bucket for bucket the same bits, empty buckets included.
    fn is_identical(&self, other: &Self) -> bool {
        self.indexes == other.indexes
            && self.counts.iter().zip(&other.counts).all(|(left, right)| left.to_bits() == right.to_bits())
    }
}

// === impl Histogram ===

impl Histogram {
    #[must_use]
    pub fn uses_custom_buckets(&self) -> bool {
        self.schema == CUSTOM_BUCKETS_SCHEMA
    }

    /// Whether it is the mark that its series ended.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        crate::number::is_stale_nan(self.sum)
    }

    /// Bytes that it takes in memory, about.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        size_of::<Self>() + 12 * (self.positive.indexes.len() + self.negative.indexes.len())
    }

    /// Multiplies every count and the sum. A negative factor makes it a gauge.
    pub fn multiply(&mut self, factor: f64) {
        self.change_all(|value| value * factor);
        if factor < 0.0 {
            self.reset_hint = ResetHint::Gauge;
        }
    }

    /// Divides every count and the sum. By zero no bucket remains.
    pub fn divide(&mut self, divisor: f64) {
        if divisor == 0.0 {
            self.positive = BucketSide::default();
            self.negative = BucketSide::default();
        }
        self.change_all(|value| value / divisor);
        if divisor < 0.0 {
            self.reset_hint = ResetHint::Gauge;
        }
    }

    fn change_all(&mut self, change: impl Fn(f64) -> f64 + Copy) {
        for value in [&mut self.zero_count, &mut self.count, &mut self.sum] {
            *value = change(*value);
        }
        self.positive.scale(change);
        self.negative.scale(change);
    }

    /// Removes buckets that hold nothing.
    pub fn compact(&mut self) {
        self.positive.compact();
        self.negative.compact();
    }

    /// The same data to the bit, apart from the hint. Both should be compacted.
    #[must_use]
    pub fn is_identical(&self, other: &Self) -> bool {
        let scalars = |histogram: &Self| {
            (histogram.schema, histogram.count.to_bits(), histogram.sum.to_bits(), histogram.zero_count.to_bits())
        };
        scalars(self) == scalars(other)
            && self.zero_threshold == other.zero_threshold
            && (!self.uses_custom_buckets() || self.custom_bounds == other.custom_bounds)
            && self.positive.is_identical(&other.positive)
            && self.negative.is_identical(&other.negative)
    }

    /// Whether some count or the sum became too large for a float.
    #[must_use]
    pub fn has_overflow(&self) -> bool {
        [self.zero_count, self.count, self.sum]
            .iter()
            .chain(&self.positive.counts)
            .chain(&self.negative.counts)
            .any(|value| value.is_infinite())
    }

    /// What is wrong with it, if anything: negative counts, bounds out of order, parts that its schema does not have.
    pub fn validate(&self) -> Result<(), InvalidHistogram> {
        if self.uses_custom_buckets() {
            self.validate_custom()?;
        } else if !(SCHEMA_MIN..=SCHEMA_MAX).contains(&self.schema) {
            return Err(InvalidHistogram::UnknownSchema(self.schema));
        } else if !self.custom_bounds.is_empty() {
            return Err(InvalidHistogram::BoundsOfExponential);
        }
        let counts = self.positive.counts.iter().chain(&self.negative.counts);
        if counts.chain([&self.zero_count, &self.count]).any(|count| *count < 0.0) {
            return Err(InvalidHistogram::NegativeCount);
        }
        Ok(())
    }

    fn validate_custom(&self) -> Result<(), InvalidHistogram> {
        let bounds = &self.custom_bounds;
        if bounds.windows(2).any(|pair| pair[0] >= pair[1]) || bounds.iter().any(|bound| !bound.is_finite()) {
            return Err(InvalidHistogram::BoundsOutOfOrder);
        }
        let last = bounds.len() as i32;
        if self.positive.indexes.iter().any(|index| !(0..=last).contains(index)) {
            return Err(InvalidHistogram::BucketWithoutBound);
        }
        if self.zero_count != 0.0 || self.zero_threshold != 0.0 || !self.negative.is_empty() {
            return Err(InvalidHistogram::ExponentialPartsOfCustom);
        }
        Ok(())
    }
}

/// Why a histogram is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHistogram {
    #[error("histogram has an unknown schema {0}")]
    UnknownSchema(i32),
    #[error("histogram with exponential buckets must not have custom bounds")]
    BoundsOfExponential,
    #[error("histogram has a negative count")]
    NegativeCount,
    #[error("histogram custom bounds must be finite and in strictly increasing order")]
    BoundsOutOfOrder,
    #[error("histogram has a bucket for which there is no custom bound")]
    BucketWithoutBound,
    #[error("histogram with custom buckets must not have a zero bucket or negative buckets")]
    ExponentialPartsOfCustom,
}

/// Bounds within one doubling, from 0.5 to below 1, for schemas 0 to 8.
static BOUNDS_OF_A_DOUBLING: LazyLock<Vec<Vec<f64>>> = LazyLock::new(|| {
    (0..=SCHEMA_MAX)
        .map(|schema| (0..1 << schema).map(|step| (f64::from(step) / f64::from(1 << schema) - 1.0).exp2()).collect())
        .collect()
});

/// The upper bound of an exponential bucket. The last one before infinity ends at the greatest float, so that infinite
/// observations have a bucket of their own.
#[must_use]
pub fn exponential_bound(index: i32, schema: i32) -> f64 {
    let (fraction, exponent) = if schema < 0 {
        (0.5, i64::from(index) * (1i64 << -schema) + 1)
    } else {
        let steps = 1i32 << schema;
        let within = index.rem_euclid(steps) as usize;
        (BOUNDS_OF_A_DOUBLING[schema as usize][within], i64::from(index.div_euclid(steps)) + 1)
    };
    if fraction == 0.5 && exponent == 1025 { f64::MAX } else { scale_by_power_of_two(fraction, exponent) }
}

fn scale_by_power_of_two(fraction: f64, exponent: i64) -> f64 {
    // Two steps, since 2^1024 alone is infinite and 2^-1080 alone is zero.
    let exponent = exponent.clamp(-2200, 2200) as i32;
    let half = exponent / 2;
    fraction * 2f64.powi(half) * 2f64.powi(exponent - half)
}

#[cfg(test)]
mod tests;
