//! Sums and differences of histograms, with compensated summation (Kahan and Neumaier).
//!
//! Owns how two histograms are brought to one layout: the larger zero bucket, the coarser schema, the bounds that both
//! have. Never decides what a counter reset means for a rate.

use std::sync::Arc;

use super::buckets::index_in_coarser_schema;
use super::{BucketSide, Histogram, ResetHint};

/// Exponential and custom buckets have no common layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot apply this operation on histograms with a mix of exponential and custom bucket schemas")]
pub struct IncompatibleSchemas;

/// What was noticed while two histograms were combined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Combined {
    /// One said that it was reset, the other that it was not.
    pub reset_collision: bool,
    /// Custom bounds differed; only the common ones were kept.
    pub bounds_reconciled: bool,
}

/// Adds to a sum and keeps what rounding lost: `(sum, compensation)`.
#[must_use]
pub fn compensated_add(increment: f64, sum: f64, compensation: f64) -> (f64, f64) {
    let total = sum + increment;
    if total.is_infinite() {
        (total, 0.0)
    } else if sum.abs() >= increment.abs() {
        (total, compensation + ((sum - total) + increment))
    } else {
        (total, compensation + ((increment - total) + sum))
    }
}

/// What rounding lost in each part of a running sum; bucket for bucket beside the sum's.
#[derive(Clone, Debug, Default)]
struct Compensation {
    zero_count: f64,
    count: f64,
    sum: f64,
    positive: Vec<f64>,
    negative: Vec<f64>,
}

/// A running sum of histograms that does not lose small addends.
#[derive(Clone, Debug)]
pub struct HistogramSum {
    value: Histogram,
    compensation: Option<Compensation>,
}

// === impl Histogram ===

impl Histogram {
    /// Adds another histogram to this one.
    pub fn add(&mut self, other: &Histogram) -> Result<Combined, IncompatibleSchemas> {
        combine(self, other, 1.0, &mut Compensation::default(), false)
    }

    /// Takes another histogram from this one.
    pub fn subtract(&mut self, other: &Histogram) -> Result<Combined, IncompatibleSchemas> {
        combine(self, other, -1.0, &mut Compensation::default(), false)
    }

    /// The same observations in a coarser schema; unchanged where it is not coarser or bounds are custom.
    #[must_use]
    pub fn in_schema(&self, schema: i32) -> Histogram {
        let mut copy = self.clone();
        if schema < self.schema && !self.uses_custom_buckets() {
            copy.positive = self.positive.in_coarser_schema(self.schema, schema);
            copy.negative = self.negative.in_coarser_schema(self.schema, schema);
            copy.schema = schema;
            copy.reset_hint = ResetHint::Unknown;
        }
        copy
    }

    /// The zero count if the zero bucket were this wide. A threshold inside a populated bucket moves to its far end.
    pub(super) fn zero_count_within(&self, threshold: f64) -> (f64, f64) {
        let mut threshold = threshold;
        loop {
            let before = threshold;
            let mut count = self.zero_count;
            for bucket in self.positive_buckets().take_while(|bucket| bucket.lower < before) {
                count += bucket.count;
                if bucket.upper > threshold && bucket.count != 0.0 {
                    threshold = bucket.upper;
                }
            }
            for bucket in self.negative_buckets().take_while(|bucket| bucket.upper > -before) {
                count += bucket.count;
                if -bucket.lower > threshold && bucket.count != 0.0 {
                    threshold = -bucket.lower;
                }
            }
            if threshold == before {
                return (count, threshold);
            }
        }
    }

    /// How many buckets of each side, from zero outwards, lie within a threshold.
    fn buckets_within(&self, threshold: f64) -> (usize, usize) {
        (
            self.positive_buckets().take_while(|bucket| bucket.lower < threshold).count(),
            self.negative_buckets().take_while(|bucket| bucket.upper > -threshold).count(),
        )
    }
}

// === impl HistogramSum ===

impl HistogramSum {
    #[must_use]
    pub fn new(first: Histogram) -> Self {
        Self { value: first, compensation: None }
    }

    pub fn add(&mut self, other: &Histogram) -> Result<Combined, IncompatibleSchemas> {
        let compensation = self.compensation.get_or_insert_with(|| Compensation {
            positive: vec![0.0; self.value.positive.counts.len()],
            negative: vec![0.0; self.value.negative.counts.len()],
            ..Compensation::default()
        });
        combine(&mut self.value, other, 1.0, compensation, true)
    }

    /// The sum so far, without what rounding lost.
    #[must_use]
    pub fn uncompensated(&self) -> &Histogram {
        &self.value
    }

    /// Multiplies the sum and what rounding lost.
    pub fn multiply(&mut self, factor: f64) {
        self.value.multiply(factor);
        self.change_compensation(|value| value * factor);
    }

    /// Divides the sum and what rounding lost.
    pub fn divide(&mut self, divisor: f64) {
        self.value.divide(divisor);
        self.change_compensation(|value| value / divisor);
    }

    fn change_compensation(&mut self, change: impl Fn(f64) -> f64) {
        if let Some(lost) = &mut self.compensation {
            let scalars = [&mut lost.zero_count, &mut lost.count, &mut lost.sum];
            for value in scalars.into_iter().chain(&mut lost.positive).chain(&mut lost.negative) {
                *value = change(*value);
            }
        }
    }

    /// The sum, with what rounding lost added back.
    #[must_use]
    pub fn finish(self) -> Histogram {
        let mut value = self.value;
        if let Some(lost) = self.compensation {
            value.zero_count += lost.zero_count;
            value.count += lost.count;
            value.sum += lost.sum;
            let sides = [(&mut value.positive, lost.positive), (&mut value.negative, lost.negative)];
            for (side, lost) in sides {
                for (count, lost) in side.counts.iter_mut().zip(lost) {
                    *count += lost;
                }
            }
        }
        value
    }
}

// === combining ===

fn combine(
    target: &mut Histogram,
    other: &Histogram,
    sign: f64,
    lost: &mut Compensation,
    compensated: bool,
) -> Result<Combined, IncompatibleSchemas> {
    if target.uses_custom_buckets() != other.uses_custom_buckets() {
        return Err(IncompatibleSchemas);
    }
    let reset_collision = reconcile_hints(target, other.reset_hint);
    let add = |increment: f64, sum: f64, lost: f64| {
        if compensated { compensated_add(increment, sum, lost) } else { (sum + increment, 0.0) }
    };
    (target.count, lost.count) = add(sign * other.count, target.count, lost.count);
    (target.sum, lost.sum) = add(sign * other.sum, target.sum, lost.sum);
    if target.uses_custom_buckets() {
        let bounds_reconciled = combine_custom(target, other, sign, lost, &add);
        return Ok(Combined { reset_collision, bounds_reconciled });
    }
    let other_zero_count = reconcile_zero_buckets(target, other, lost);
    (target.zero_count, lost.zero_count) = add(sign * other_zero_count, target.zero_count, lost.zero_count);
    let schema = target.schema.min(other.schema);
    let from = (target.schema, other.schema);
    target.schema = schema;
    let threshold = target.zero_threshold;
    let sides = [
        (&mut target.positive, &mut lost.positive, &other.positive),
        (&mut target.negative, &mut lost.negative, &other.negative),
    ];
    for (side, side_lost, other_side) in sides {
        let coarsened = |from: i32| move |index: i32| index_in_coarser_schema(index, from, schema);
        (*side, *side_lost) = remapped(side, side_lost, coarsened(from.0), &add);
        let (mut addend, _) = remapped(other_side, &[], coarsened(from.1), &add);
        drop_within_threshold(&mut addend, schema, threshold);
        (*side, *side_lost) = merged(side, side_lost, &addend, sign, &add);
    }
    Ok(Combined { reset_collision, bounds_reconciled: false })
}

/// Gauge wins over everything, then unknown; reset against not reset is a collision and becomes unknown.
fn reconcile_hints(target: &mut Histogram, other: ResetHint) -> bool {
    let (hint, collides) = match (target.reset_hint, other) {
        (left, right) if left == right => (left, false),
        (ResetHint::Gauge, _) | (_, ResetHint::Gauge) => (ResetHint::Gauge, false),
        (ResetHint::Unknown, _) | (_, ResetHint::Unknown) => (ResetHint::Unknown, false),
        _ => (ResetHint::Unknown, true),
    };
    target.reset_hint = hint;
    collides
}

/// Widens the target's zero bucket until it can hold the other's, and says what the other's zero count then is.
fn reconcile_zero_buckets(target: &mut Histogram, other: &Histogram, lost: &mut Compensation) -> f64 {
    let (mut other_count, mut other_threshold) = (other.zero_count, other.zero_threshold);
    while other_threshold != target.zero_threshold {
        if other_threshold < target.zero_threshold {
            (other_count, other_threshold) = other.zero_count_within(target.zero_threshold);
        }
        if other_threshold > target.zero_threshold {
            let (count, threshold) = target.zero_count_within(other_threshold);
            let (positive, negative) = target.buckets_within(threshold);
            (target.zero_count, target.zero_threshold) = (count, threshold);
            for (side, side_lost, inside) in [
                (&mut target.positive, &mut lost.positive, positive),
                (&mut target.negative, &mut lost.negative, negative),
            ] {
                side.indexes.drain(..inside);
                side.counts.drain(..inside);
                lost.zero_count += side_lost.drain(..inside.min(side_lost.len())).sum::<f64>();
            }
        }
    }
    other_count
}

/// Buckets below the zero threshold are in the zero count already.
fn drop_within_threshold(side: &mut BucketSide, schema: i32, threshold: f64) {
    let inside = side.indexes.iter().take_while(|index| super::exponential_bound(**index, schema) <= threshold).count();
    side.indexes.drain(..inside);
    side.counts.drain(..inside);
}

/// Buckets under new indexes, which ascend as the old ones do; those that fall together are added.
fn remapped(
    side: &BucketSide,
    lost: &[f64],
    new_index: impl Fn(i32) -> i32,
    add: &impl Fn(f64, f64, f64) -> (f64, f64),
) -> (BucketSide, Vec<f64>) {
    let (mut target, mut target_lost) = (BucketSide::default(), Vec::with_capacity(lost.len()));
    for (position, (index, count)) in side.iter().enumerate() {
        let index = new_index(index);
        let count_lost = lost.get(position).copied().unwrap_or(0.0);
        let last = target.counts.len().wrapping_sub(1);
        if target.indexes.last() == Some(&index) {
            let (sum, rest) = add(count, target.counts[last], target_lost[last]);
            (target.counts[last], target_lost[last]) = add(count_lost, sum, rest);
        } else {
            target.push(index, count);
            target_lost.push(count_lost);
        }
    }
    (target, target_lost)
}

/// Two sides in the same layout added bucket for bucket.
fn merged(
    side: &BucketSide,
    lost: &[f64],
    other: &BucketSide,
    sign: f64,
    add: &impl Fn(f64, f64, f64) -> (f64, f64),
) -> (BucketSide, Vec<f64>) {
    let (mut target, mut target_lost) = (BucketSide::default(), Vec::new());
    let (mut left, mut right) = (0, 0);
    while left < side.indexes.len() || right < other.indexes.len() {
        let left_index = side.indexes.get(left).copied().unwrap_or(i32::MAX);
        let right_index = other.indexes.get(right).copied().unwrap_or(i32::MAX);
        let count_lost = lost.get(left).copied().unwrap_or(0.0);
        let (count, rest) = if left_index < right_index {
            (side.counts[left], count_lost)
        } else if right_index < left_index {
            (sign * other.counts[right], 0.0)
        } else {
            add(sign * other.counts[right], side.counts[left], count_lost)
        };
        target.push(left_index.min(right_index), count);
        target_lost.push(rest);
        left += usize::from(left_index <= right_index);
        right += usize::from(right_index <= left_index);
    }
    (target, target_lost)
}

/// Adds custom buckets; true where only common bounds could be kept.
fn combine_custom(
    target: &mut Histogram,
    other: &Histogram,
    sign: f64,
    lost: &mut Compensation,
    add: &impl Fn(f64, f64, f64) -> (f64, f64),
) -> bool {
    if target.custom_bounds == other.custom_bounds {
        (target.positive, lost.positive) = merged(&target.positive, &lost.positive, &other.positive, sign, add);
        return false;
    }
    let common = common_bounds(&target.custom_bounds, &other.custom_bounds);
    let place = |bounds: &Arc<[f64]>, index: i32| match bounds.get(index as usize) {
        Some(bound) => common.partition_point(|common| common < bound) as i32,
        None => common.len() as i32,
    };
    let (side, side_lost) =
        remapped(&target.positive, &lost.positive, |index| place(&target.custom_bounds, index), add);
    let (addend, _) = remapped(&other.positive, &[], |index| place(&other.custom_bounds, index), add);
    (target.positive, lost.positive) = merged(&side, &side_lost, &addend, sign, add);
    target.custom_bounds = common.into();
    true
}

/// The bounds that both have.
pub(super) fn common_bounds(left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter().copied().filter(|bound| right.binary_search_by(|other| other.total_cmp(bound)).is_ok()).collect()
}
