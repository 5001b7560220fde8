//! Quantiles of native and of classic histograms.
//!
//! Owns the interpolation: linear within custom, classic and zero buckets, exponential within exponential ones. The
//! formulas are those of Prometheus's documentation of `histogram_quantile`. Never writes annotations; it says what was
//! noticed, and the caller words it.

use super::Histogram;

/// What is worth telling about a quantile of a native histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantileNote {
    /// The quantile falls among NaN observations.
    ResultIsNan,
    /// There are NaN observations, which count as greater than any bucket.
    SkewedByNan,
}

impl Histogram {
    /// The value below which a share `q` of the observations lie.
    #[must_use]
    pub fn quantile(&self, q: f64) -> (f64, Option<QuantileNote>) {
        if q < 0.0 {
            return (f64::NEG_INFINITY, None);
        }
        if q > 1.0 {
            return (f64::INFINITY, None);
        }
        if self.count == 0.0 || q.is_nan() {
            return (f64::NAN, None);
        }
        // NaN observations are in the count but in no bucket, so that only counting from below finds the rank.
        let from_below = self.sum.is_nan() || q < 0.5;
        let mut buckets = self.all_buckets();
        if !from_below {
            buckets.reverse();
        }
        let mut rank = if from_below { q * self.count } else { (1.0 - q) * self.count };
        let mut seen = 0.0;
        let mut position = 0;
        let mut found = None;
        for (index, bucket) in buckets.iter().enumerate().filter(|(_, bucket)| bucket.count != 0.0) {
            seen += bucket.count;
            position = index;
            found = Some(*bucket);
            if seen >= rank {
                break;
            }
        }
        let Some(mut bucket) = found else {
            return (
                if self.sum.is_nan() { f64::NAN } else { 0.0 },
                self.sum.is_nan().then_some(QuantileNote::ResultIsNan),
            );
        };
        if let Some(value) = self.bound_for_interpolation(&mut bucket.lower, &mut bucket.upper) {
            return (value, None);
        }
        seen = seen.min(self.count);
        if seen < rank {
            let is_nan = self.sum.is_nan();
            return (if is_nan { f64::NAN } else { bucket.upper }, is_nan.then_some(QuantileNote::ResultIsNan));
        }
        rank = if from_below { rank - (seen - bucket.count) } else { seen - rank };
        let beyond: f64 = buckets[position + 1..].iter().map(|bucket| bucket.count).sum();
        let note = (self.sum.is_nan() && seen + beyond < self.count).then_some(QuantileNote::SkewedByNan);
        let fraction = rank / bucket.count;
        if self.uses_custom_buckets() || (bucket.lower <= 0.0 && bucket.upper >= 0.0) {
            return (bucket.lower + (bucket.upper - bucket.lower) * fraction, note);
        }
        let [lower, upper] = [bucket.lower, bucket.upper].map(|bound| bound.abs().log2());
        if bucket.lower > 0.0 {
            ((lower + (upper - lower) * fraction).exp2(), note)
        } else {
            (-(upper + (lower - upper) * (1.0 - fraction)).exp2(), note)
        }
    }

    /// Corrects bounds before interpolation: a zero bucket reaches only to where observations can be, an infinite lower
    /// bound of custom buckets is taken as zero. Gives the result where there is nothing to interpolate.
    fn bound_for_interpolation(&self, lower: &mut f64, upper: &mut f64) -> Option<f64> {
        if self.uses_custom_buckets() {
            if *lower == f64::NEG_INFINITY {
                if *upper <= 0.0 {
                    return Some(*upper);
                }
                *lower = 0.0;
            } else if *upper == f64::INFINITY {
                return Some(*lower);
            }
        } else if *lower < 0.0 && *upper > 0.0 {
            if self.negative.is_empty() && !self.positive.is_empty() {
                *lower = 0.0;
            } else if self.positive.is_empty() && !self.negative.is_empty() {
                *upper = 0.0;
            }
        }
        None
    }
}

/// A bucket of a classic histogram; the count is that of all observations up to the bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassicBucket {
    pub upper_bound: f64,
    pub cumulative_count: f64,
}

/// Where counts of a classic histogram went down from one bucket to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForcedMonotonicity {
    pub lowest_bound: f64,
    pub highest_bound: f64,
    pub greatest_difference: f64,
}

/// Differences between buckets below this part of them come from rounding and are ignored.
const SMALL_DIFFERENCE: f64 = 1e-12;

/// The value below which a share `q` of the observations lie. Needs a bucket that goes to infinity, and one more.
#[must_use]
pub fn classic_quantile(q: f64, buckets: &mut Vec<ClassicBucket>) -> (f64, Option<ForcedMonotonicity>) {
    if q.is_nan() {
        return (f64::NAN, None);
    }
    if !(0.0..=1.0).contains(&q) {
        return (if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY }, None);
    }
    if !sort_and_merge(buckets) {
        return (f64::NAN, None);
    }
    let forced = force_monotonicity(buckets);
    let last = buckets.len() - 1;
    let observations = buckets[last].cumulative_count;
    if buckets.len() < 2 || observations == 0.0 {
        return (f64::NAN, forced);
    }
    let mut rank = q * observations;
    let index = buckets[..last].partition_point(|bucket| bucket.cumulative_count < rank);
    let value = if index == last {
        buckets[last - 1].upper_bound
    } else if index == 0 && buckets[0].upper_bound <= 0.0 {
        buckets[0].upper_bound
    } else {
        let (mut start, end, mut count) = (0.0, buckets[index].upper_bound, buckets[index].cumulative_count);
        if index > 0 {
            start = buckets[index - 1].upper_bound;
            count -= buckets[index - 1].cumulative_count;
            rank -= buckets[index - 1].cumulative_count;
        }
        start + (end - start) * (rank / count)
    };
    (value, forced)
}

/// Sorts by bound and adds up buckets of the same bound; false where none goes to infinity.
pub(super) fn sort_and_merge(buckets: &mut Vec<ClassicBucket>) -> bool {
    buckets.sort_by(|left, right| left.upper_bound.total_cmp(&right.upper_bound));
    buckets.dedup_by(|next, kept| {
        let is_same = next.upper_bound == kept.upper_bound;
        if is_same {
            kept.cumulative_count += next.cumulative_count;
        }
        is_same
    });
    buckets.last().is_some_and(|bucket| bucket.upper_bound == f64::INFINITY)
}

/// Makes counts go up from bucket to bucket, as they must but do not where buckets were scraped or summed unevenly.
fn force_monotonicity(buckets: &mut [ClassicBucket]) -> Option<ForcedMonotonicity> {
    let mut forced: Option<ForcedMonotonicity> = None;
    let mut previous = buckets[0].cumulative_count;
    for bucket in &mut buckets[1..] {
        let count = bucket.cumulative_count;
        if count == previous {
            continue;
        }
        if is_almost_equal(previous, count, SMALL_DIFFERENCE) {
            bucket.cumulative_count = previous;
        } else if count < previous {
            bucket.cumulative_count = previous;
            let all = forced.get_or_insert(ForcedMonotonicity {
                lowest_bound: f64::INFINITY,
                highest_bound: f64::NEG_INFINITY,
                greatest_difference: 0.0,
            });
            all.lowest_bound = all.lowest_bound.min(bucket.upper_bound);
            all.highest_bound = all.highest_bound.max(bucket.upper_bound);
            all.greatest_difference = all.greatest_difference.max(previous - count);
        } else {
            previous = count;
        }
    }
    forced
}

/// Whether two values differ by less than a part of their sum. Staleness markers equal only each other, other NaN any NaN.
#[must_use]
pub fn is_almost_equal(left: f64, right: f64, epsilon: f64) -> bool {
    use crate::number::is_stale_nan;
    if is_stale_nan(left) || is_stale_nan(right) {
        return is_stale_nan(left) && is_stale_nan(right);
    }
    if (left.is_nan() && right.is_nan()) || left == right {
        return true;
    }
    let (sum, difference) = (left.abs() + right.abs(), (left - right).abs());
    if left == 0.0 || right == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < epsilon * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < epsilon
}
