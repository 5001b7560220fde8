//! Cutting a histogram off above or below a value: the operators `</` and `>/`.
//!
//! Owns the estimate of what remains of a bucket that the value cuts, and of the remaining sum. Of infinite buckets
//! nothing is known inside, so they are kept or dropped whole. Never compares with another histogram.

use super::buckets::Bucket;
use super::{BucketSide, Histogram};

/// Which observations stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    Below,
    Above,
}

/// What stays of one bucket: its count, and the value that stands for each of its observations in the sum.
struct Remainder {
    count: f64,
    midpoint: f64,
}

impl Histogram {
    /// Removes what lies above or below a value. Count and sum are estimated anew if anything was removed.
    pub fn trim(&mut self, keep: Keep, value: f64) {
        let custom = self.uses_custom_buckets();
        let positive: Vec<Bucket> = self.positive_buckets().collect();
        let negative: Vec<Bucket> = self.negative_buckets().collect();
        let mut totals = (0.0, 0.0, false);
        let has_positive = trim_side(&mut self.positive, &positive, keep, value, (true, custom), &mut totals);
        let has_negative = trim_side(&mut self.negative, &negative, keep, value, (false, custom), &mut totals);
        if self.zero_count > 0.0 {
            let remainder = trim_zero_bucket(self.zero_bucket(), keep, value, has_negative, has_positive);
            totals.2 |= remainder.count != self.zero_count;
            self.zero_count = remainder.count;
            totals.0 += remainder.count;
            totals.1 += remainder.count * remainder.midpoint;
        }
        if totals.2 {
            (self.count, self.sum) = (totals.0, totals.1);
            self.compact();
        }
    }
}

/// Trims one side and adds what stays to the totals (count, sum, whether anything changed); true if it held anything.
fn trim_side(
    side: &mut BucketSide,
    buckets: &[Bucket],
    keep: Keep,
    value: f64,
    (is_positive, custom): (bool, bool),
    totals: &mut (f64, f64, bool),
) -> bool {
    let mut holds_anything = false;
    for (position, bucket) in buckets.iter().enumerate().filter(|(_, bucket)| bucket.count != 0.0) {
        holds_anything = true;
        let (is_whole, is_cut) = match keep {
            Keep::Below => (bucket.upper <= value, bucket.lower < value),
            Keep::Above => (bucket.lower >= value, bucket.upper > value),
        };
        let remainder = if is_whole {
            Remainder { count: bucket.count, midpoint: midpoint(bucket.lower, bucket.upper, is_positive, custom) }
        } else if is_cut {
            cut(bucket, keep, value, is_positive, custom)
        } else {
            Remainder { count: 0.0, midpoint: 0.0 }
        };
        totals.0 += remainder.count;
        totals.1 += remainder.count * remainder.midpoint;
        totals.2 |= side.counts[position] != remainder.count;
        side.counts[position] = remainder.count;
    }
    holds_anything
}

fn cut(bucket: &Bucket, keep: Keep, value: f64, is_positive: bool, custom: bool) -> Remainder {
    if bucket.lower == f64::NEG_INFINITY {
        return cut_from_minus_infinity(bucket, keep, value);
    }
    if bucket.upper == f64::INFINITY {
        let keeps = keep == Keep::Above && value >= bucket.lower;
        return Remainder { count: if keeps { bucket.count } else { 0.0 }, midpoint: if keeps { value } else { 0.0 } };
    }
    let below = bucket.count * bucket.fraction_below(value, custom);
    match keep {
        Keep::Below => Remainder { count: below, midpoint: midpoint(bucket.lower, value, is_positive, custom) },
        Keep::Above => {
            Remainder { count: bucket.count - below, midpoint: midpoint(value, bucket.upper, is_positive, custom) }
        }
    }
}

/// Only custom buckets begin at minus infinity. If one ends above zero, its observations are taken as positive.
fn cut_from_minus_infinity(bucket: &Bucket, keep: Keep, value: f64) -> Remainder {
    let (count, upper) = (bucket.count, bucket.upper);
    let is_interpolable = upper > 0.0 && upper.is_finite();
    match keep {
        Keep::Below if value > 0.0 && is_interpolable => {
            Remainder { count: count * value / upper, midpoint: value / 2.0 }
        }
        Keep::Below if upper <= 0.0 => Remainder { count, midpoint: value },
        Keep::Above if value >= 0.0 && is_interpolable => {
            Remainder { count: count * (1.0 - value / upper), midpoint: (value + upper) / 2.0 }
        }
        _ => Remainder { count: 0.0, midpoint: 0.0 },
    }
}

fn trim_zero_bucket(bucket: Bucket, keep: Keep, value: f64, has_negative: bool, has_positive: bool) -> Remainder {
    let upper = if has_negative && !has_positive { 0.0 } else { bucket.upper };
    let lower = if has_positive && !has_negative { 0.0 } else { bucket.lower };
    let whole = Remainder { count: bucket.count, midpoint: (lower + upper) / 2.0 };
    let nothing = Remainder { count: 0.0, midpoint: 0.0 };
    match keep {
        Keep::Below if value <= lower => nothing,
        Keep::Below if value >= upper => whole,
        Keep::Above if value <= lower => whole,
        Keep::Above if value >= upper => nothing,
        Keep::Below => {
            Remainder { count: bucket.count * ((value - lower) / (upper - lower)), midpoint: (lower + value) / 2.0 }
        }
        Keep::Above => {
            Remainder { count: bucket.count * ((upper - value) / (upper - lower)), midpoint: (value + upper) / 2.0 }
        }
    }
}

/// The value that stands for observations between two bounds: arithmetic mean of custom buckets, else geometric.
fn midpoint(lower: f64, upper: f64, is_positive: bool, custom: bool) -> f64 {
    match (lower.is_infinite(), upper.is_infinite()) {
        (true, true) => 0.0,
        (true, false) => {
            if upper > 0.0 {
                upper / 2.0
            } else {
                upper
            }
        }
        (false, true) => lower,
        (false, false) if custom => (lower + upper) / 2.0,
        (false, false) => {
            let mean = (lower * upper).abs().sqrt();
            if is_positive { mean } else { -mean }
        }
    }
}
