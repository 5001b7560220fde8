//! Buckets with their bounds, in order.
//!
//! Owns the walk over a histogram's buckets from the lowest to the highest. Never changes a histogram.

use super::{BucketSide, Histogram, exponential_bound};

/// A bucket with both bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    pub lower: f64,
    pub upper: f64,
    pub lower_inclusive: bool,
    pub upper_inclusive: bool,
    pub count: f64,
}

impl Bucket {
    /// What part of the bucket lies at or below a value inside it: by distance, or by ratio where buckets are
    /// exponential, which assumes that observations spread as finer buckets would.
    pub(super) fn fraction_below(&self, value: f64, linear: bool) -> f64 {
        if linear {
            return (value - self.lower) / (self.upper - self.lower);
        }
        let [lower, upper, value_log] = [self.lower, self.upper, value].map(|bound| bound.abs().log2());
        if value > 0.0 { (value_log - lower) / (upper - lower) } else { 1.0 - (value_log - upper) / (lower - upper) }
    }
}

impl Histogram {
    /// The bounds of a positive bucket.
    fn positive_bounds(&self, index: i32) -> (f64, f64) {
        if self.uses_custom_buckets() {
            let bound = |index: i32| match usize::try_from(index) {
                Err(_) => f64::NEG_INFINITY,
                Ok(index) => self.custom_bounds.get(index).copied().unwrap_or(f64::INFINITY),
            };
            return (bound(index - 1), bound(index));
        }
        (exponential_bound(index - 1, self.schema), exponential_bound(index, self.schema))
    }

    /// Positive buckets from low to high, empty ones included, with bounds as the schema has them.
    pub fn positive_buckets(&self) -> impl DoubleEndedIterator<Item = Bucket> {
        self.positive.iter().map(|(index, count)| {
            let (lower, upper) = self.positive_bounds(index);
            let custom = self.uses_custom_buckets();
            Bucket { lower, upper, lower_inclusive: custom && index == 0, upper_inclusive: true, count }
        })
    }

    /// Negative buckets from the one next to zero downwards.
    pub fn negative_buckets(&self) -> impl DoubleEndedIterator<Item = Bucket> {
        self.negative.iter().map(|(index, count)| {
            let lower = -exponential_bound(index, self.schema);
            let upper = -exponential_bound(index - 1, self.schema);
            Bucket { lower, upper, lower_inclusive: true, upper_inclusive: false, count }
        })
    }

    /// The bucket around zero, both bounds in it.
    #[must_use]
    pub fn zero_bucket(&self) -> Bucket {
        let threshold = self.zero_threshold;
        Bucket {
            lower: -threshold,
            upper: threshold,
            lower_inclusive: true,
            upper_inclusive: true,
            count: self.zero_count,
        }
    }

    /// All buckets from the lowest to the highest; where one overlaps the zero bucket, it ends at the zero threshold.
    #[must_use]
    pub fn all_buckets(&self) -> Vec<Bucket> {
        let threshold = self.zero_threshold;
        let negative = self.negative_buckets().rev().map(|mut bucket| {
            if bucket.upper < 0.0 && bucket.upper > -threshold {
                bucket.upper = -threshold;
            }
            bucket
        });
        let positive = self.positive_buckets().map(|mut bucket| {
            if bucket.lower > 0.0 && bucket.lower < threshold {
                bucket.lower = threshold;
            }
            bucket
        });
        let zero = (self.zero_count > 0.0).then(|| self.zero_bucket());
        negative.chain(zero).chain(positive).collect()
    }
}

/// The index that a bucket has in a coarser schema.
pub(super) fn index_in_coarser_schema(index: i32, schema: i32, coarser: i32) -> i32 {
    ((index - 1) >> (schema - coarser)) + 1
}

impl BucketSide {
    /// The same observations in a coarser schema.
    pub(super) fn in_coarser_schema(&self, schema: i32, coarser: i32) -> BucketSide {
        let mut merged = BucketSide::default();
        for (index, count) in self.iter() {
            let index = index_in_coarser_schema(index, schema, coarser);
            match merged.counts.last_mut().filter(|_| merged.indexes.last() == Some(&index)) {
                Some(last) => *last += count,
                None => merged.push(index, count),
            }
        }
        merged
    }
}
