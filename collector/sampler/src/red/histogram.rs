//! The exponential histogram of OpenTelemetry's data model, over durations in nanoseconds.
//!
//! Owns bucketing, merging, ranks and quantiles. Counts are adjusted counts and so doubles: whole up to 2^53. Never
//! holds more than [`BUCKETS_MAX`] buckets: the scale is lowered until what came fits.
//!
//! Source: OpenTelemetry specification, "Metrics Data Model", `ExponentialHistogram`: with `base = 2^(2^-scale)`,
//! bucket `i` holds values in `(base^i, base^(i+1)]`; lowering the scale by one merges buckets `2i` and `2i + 1`.

use serde::{Deserialize, Serialize};

/// OpenTelemetry's default size. From 1 ms to 10 s that is scale 3: buckets 9 % wide.
pub const BUCKETS_MAX: usize = 160;
/// Buckets 0.07 % wide: finer says nothing more of a duration.
const SCALE_MAX: i32 = 10;
const SCALE_MIN: i32 = -10;

/// A distribution of durations; additive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExponentialHistogram {
    pub scale: i32,
    /// Durations of zero and (wrongly) less.
    pub zero_count: f64,
    /// Index of the first bucket.
    pub offset: i32,
    pub buckets: Vec<f64>,
    /// Of all durations, zeroes included.
    pub count: f64,
    /// Nanoseconds.
    pub sum: f64,
    /// Nanoseconds; `i64::MAX` without any value.
    pub min: i64,
    /// Nanoseconds; `i64::MIN` without any value.
    pub max: i64,
}

impl Default for ExponentialHistogram {
    fn default() -> Self {
        Self {
            scale: SCALE_MAX,
            zero_count: 0.0,
            offset: 0,
            buckets: Vec::new(),
            count: 0.0,
            sum: 0.0,
            min: i64::MAX,
            max: i64::MIN,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations and bucket numbers; a relative error of 2^-53")]
impl ExponentialHistogram {
    /// Counts a duration in nanoseconds, `weight` times.
    pub fn add(&mut self, duration: i64, weight: f64) {
        let duration = duration.max(0);
        self.count += weight;
        self.sum += duration as f64 * weight;
        self.min = self.min.min(duration);
        self.max = self.max.max(duration);
        if duration == 0 {
            self.zero_count += weight;
            return;
        }
        let mut index = bucket_index(duration as f64, self.scale);
        let excess = self.excess_with(index, index);
        if excess > 0 {
            self.lower_scale(excess);
            index >>= excess;
        }
        *self.bucket_mut(index) += weight;
    }

    /// Adds another distribution, at the lower of the two scales or below.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.zero_count += other.zero_count;
        if other.buckets.is_empty() {
            return;
        }
        if self.scale > other.scale {
            self.lower_scale(self.scale - other.scale);
        }
        let shift = other.scale - self.scale;
        let last = other.offset + bucket_number(other.buckets.len()) - 1;
        let excess = self.excess_with(other.offset >> shift, last >> shift);
        self.lower_scale(excess);
        let shift = shift + excess;
        // Both ends first, so that the vector grows once.
        self.bucket_mut(other.offset >> shift);
        self.bucket_mut(last >> shift);
        for (position, count) in other.buckets.iter().enumerate() {
            if *count > 0.0 {
                *self.bucket_mut((other.offset + bucket_number(position)) >> shift) += count;
            }
        }
    }

    /// The share of durations that are at most this one, with linear interpolation inside its bucket, in [0, 1].
    #[must_use]
    pub fn rank(&self, duration: i64) -> f64 {
        if self.count <= 0.0 {
            return 0.0;
        }
        if duration >= self.max {
            return 1.0;
        }
        if duration < self.min {
            return 0.0;
        }
        let mut below = self.zero_count;
        if duration > 0 {
            let index = bucket_index(duration as f64, self.scale);
            for (position, count) in self.buckets.iter().enumerate() {
                let bucket = self.offset + bucket_number(position);
                if bucket > index {
                    break;
                }
                below += if bucket < index { *count } else { count * self.share_below(bucket, duration as f64) };
            }
        }
        (below / self.count).clamp(0.0, 1.0)
    }

    /// The duration in nanoseconds below which a share `q` lies, interpolated geometrically in its bucket; `None`
    /// without any value. At most half a bucket's width from the exact one.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let (low, high, within) = self.bracket(q)?;
        Some(if low <= 0.0 { low + (high - low) * within } else { low * (high / low).powf(within) })
    }

    /// The bounds of the bucket in which the quantile `q` lies, in nanoseconds: what is known for certain.
    #[must_use]
    pub fn quantile_bounds(&self, q: f64) -> Option<(f64, f64)> {
        self.bracket(q).map(|(low, high, _)| (low, high))
    }

    fn bracket(&self, q: f64) -> Option<(f64, f64, f64)> {
        if self.count <= 0.0 {
            return None;
        }
        let target = (q.clamp(0.0, 1.0) * self.count).min(self.count);
        let mut below = self.zero_count;
        if target <= below {
            return Some((0.0, 0.0, 0.0));
        }
        for (position, count) in self.buckets.iter().enumerate() {
            if *count > 0.0 && below + count >= target * (1.0 - 1e-12) {
                let (low, high) = self.bounds(self.offset + bucket_number(position));
                return Some((low, high, ((target - below) / count).clamp(0.0, 1.0)));
            }
            below += count;
        }
        Some((self.max as f64, self.max as f64, 0.0))
    }

    /// Bounds of a bucket, narrowed by the extremes.
    fn bounds(&self, bucket: i32) -> (f64, f64) {
        let edge = |index: i32| (f64::from(index) * (-f64::from(self.scale)).exp2()).exp2();
        let (min, max) = (self.min as f64, self.max as f64);
        (edge(bucket).clamp(min.min(max), max), edge(bucket + 1).clamp(min.min(max), max))
    }

    fn share_below(&self, bucket: i32, duration: f64) -> f64 {
        let (low, high) = self.bounds(bucket);
        if high > low { ((duration - low) / (high - low)).clamp(0.0, 1.0) } else { 1.0 }
    }

    /// By how much the scale must fall so that these buckets fit too.
    fn excess_with(&self, first: i32, last: i32) -> i32 {
        let (first, last) = if self.buckets.is_empty() {
            (first, last)
        } else {
            (first.min(self.offset), last.max(self.offset + bucket_number(self.buckets.len()) - 1))
        };
        let limit = i64::try_from(BUCKETS_MAX).unwrap_or(i64::MAX);
        let mut excess = 0;
        while i64::from(last >> excess) - i64::from(first >> excess) >= limit && self.scale - excess > SCALE_MIN {
            excess += 1;
        }
        excess
    }

    fn lower_scale(&mut self, by: i32) {
        if by <= 0 {
            return;
        }
        let offset = self.offset >> by;
        let mut merged: Vec<f64> = Vec::with_capacity(self.buckets.len());
        for (position, count) in self.buckets.iter().enumerate() {
            let place = ((self.offset + bucket_number(position)) >> by) - offset;
            let place = usize::try_from(place).unwrap_or(0);
            if merged.len() <= place {
                merged.resize(place + 1, 0.0);
            }
            merged[place] += count;
        }
        self.buckets = merged;
        self.offset = offset;
        self.scale -= by;
    }

    fn bucket_mut(&mut self, index: i32) -> &mut f64 {
        if self.buckets.is_empty() {
            self.offset = index;
        }
        if index < self.offset {
            let missing = usize::try_from(self.offset - index).unwrap_or(0);
            self.buckets.splice(0..0, std::iter::repeat_n(0.0, missing));
            self.offset = index;
        }
        let place = usize::try_from(index - self.offset).unwrap_or(0);
        if place >= self.buckets.len() {
            self.buckets.resize(place + 1, 0.0);
        }
        &mut self.buckets[place]
    }
}

fn bucket_number(position: usize) -> i32 {
    i32::try_from(position).unwrap_or(i32::MAX)
}

/// `ceil(log2(value) * 2^scale) - 1`: the upper bound belongs to the bucket.
#[expect(clippy::cast_possible_truncation, reason = "below 64 * 2^SCALE_MAX")]
fn bucket_index(value: f64, scale: i32) -> i32 {
    (value.log2() * f64::from(scale).exp2()).ceil() as i32 - 1
}
