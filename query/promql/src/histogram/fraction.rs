//! Shares of observations between two values, of native and of classic histograms.
//!
//! Owns the inverse of the quantile: the same interpolation, from a value to a rank. Never writes annotations.

use super::Histogram;
use super::quantile::{ClassicBucket, sort_and_merge};

/// The ranks at two values, found while walking over buckets from low to high.
struct Ranks {
    lower: f64,
    upper: f64,
    lower_rank: Option<f64>,
    upper_rank: Option<f64>,
}

impl Ranks {
    fn new(lower: f64, upper: f64) -> Self {
        Self { lower, upper, lower_rank: None, upper_rank: None }
    }

    /// Looks at one bucket, `rank` observations being below it; true once both ranks are known.
    fn visit(&mut self, start: f64, end: f64, rank: f64, interpolate: impl Fn(f64) -> f64) -> bool {
        for (value, found) in [(self.lower, &mut self.lower_rank), (self.upper, &mut self.upper_rank)] {
            if found.is_none() && start >= value {
                *found = Some(rank);
            } else if found.is_none() && start < value && end > value {
                *found = Some(interpolate(value));
            }
        }
        self.lower_rank.is_some() && self.upper_rank.is_some()
    }

    fn share(&self, observed: f64, all: f64) -> f64 {
        let capped = |rank: Option<f64>| rank.unwrap_or(observed).min(observed);
        (capped(self.upper_rank) - capped(self.lower_rank)) / all
    }
}

impl Histogram {
    /// The share of observations between two values, and whether NaN observations were left out of it.
    #[must_use]
    pub fn fraction(&self, lower: f64, upper: f64) -> (f64, bool) {
        if self.count == 0.0 || lower.is_nan() || upper.is_nan() {
            return (f64::NAN, false);
        }
        if lower >= upper {
            return (0.0, false);
        }
        let mut ranks = Ranks::new(lower, upper);
        let mut rank = 0.0;
        let buckets = self.all_buckets();
        for bucket in &buckets {
            let mut bucket = *bucket;
            let is_zero_bucket = bucket.lower <= 0.0 && bucket.upper >= 0.0;
            if is_zero_bucket && self.negative.is_empty() && !self.positive.is_empty() {
                bucket.lower = 0.0;
            } else if is_zero_bucket && self.positive.is_empty() && !self.negative.is_empty() {
                bucket.upper = 0.0;
            }
            let linear = self.uses_custom_buckets() || is_zero_bucket;
            let interpolate = |value: f64| {
                // From minus infinity there is nothing to interpolate: the whole bucket counts.
                let from_nowhere = linear && bucket.lower == f64::NEG_INFINITY;
                if from_nowhere { bucket.count } else { rank + bucket.count * bucket.fraction_below(value, linear) }
            };
            if ranks.visit(bucket.lower, bucket.upper, rank, interpolate) {
                break;
            }
            rank += bucket.count;
        }
        if !self.sum.is_nan() {
            return (ranks.share(self.count, self.count), false);
        }
        let observed: f64 = buckets.iter().map(|bucket| bucket.count).sum();
        (ranks.share(observed, self.count), observed < self.count)
    }
}

/// The share of a classic histogram's observations between two values. Needs a bucket that goes to infinity.
#[must_use]
pub fn classic_fraction(lower: f64, upper: f64, buckets: &mut Vec<ClassicBucket>) -> f64 {
    if !sort_and_merge(buckets) {
        return f64::NAN;
    }
    let count = buckets[buckets.len() - 1].cumulative_count;
    if count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let mut ranks = Ranks::new(lower, upper);
    let mut rank = 0.0;
    let mut start = if buckets[0].upper_bound <= 0.0 { f64::NEG_INFINITY } else { 0.0 };
    for bucket in buckets.iter() {
        let (end, cumulative) = (bucket.upper_bound, bucket.cumulative_count);
        let interpolate = |value: f64| {
            if start == f64::NEG_INFINITY {
                cumulative
            } else {
                rank + (cumulative - rank) * (value - start) / (end - start)
            }
        };
        if ranks.visit(start, end, rank, interpolate) {
            break;
        }
        rank = cumulative;
        start = end;
    }
    ranks.share(count, count)
}
