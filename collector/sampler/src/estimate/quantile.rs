//! `approx_quantile`.
//!
//! Owns the state of an estimated quantile: values with their weights and traces. Never assumes a distribution.
//!
//! # The bound
//!
//! At most [`VALUES_MAX`] values are held. Beyond, whole traces leave by the order of another hash of their id, which is
//! a second consistent sampling with a threshold of its own: what stays weighs more, and the interval says so. The largest
//! state is `65,536 * 32` bytes. Two states merge to the lower of their thresholds, then to the bound.
//!
//! The interval inverts the estimated distribution: the quantile is where its share of the weights is `q`; the bounds are
//! where it is as far from `q` as it may by chance be if the truth is `q` (Woodruff, JASA 47, 1952; Francisco, Fuller,
//! Ann. Statist. 19, 1991), with residuals `(1[y <= x] - q) / W` summed by trace.
//!
//! Where something was sampled out, biases of small samples are taken off the value. The step of a kept row is as high as
//! its weight, so its middle is what counts, with interpolation between rows (Hazen's plotting position; Hyndman, Fan, The
//! American Statistician 50, 1996). The share of one side is a ratio of two estimates, and errs as one (Beale, as in
//! [`crate::estimate::ratio`]). In the middle half, also the curvature of the quantile function is taken off: of durations it
//! is convex, so a rank that errs to both sides errs upwards on average, which the Gauss-Hermite rule of three points shows;
//! the few rows of a tail do not show their curvature well enough.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::estimate::clusters::{Moments, trace_hash};
use crate::estimate::{Estimate, Kept, interval};
use crate::red::histogram::ExponentialHistogram;

/// Values held at most, some more while they are added.
pub const VALUES_MAX: usize = 65_536;

/// Values of kept rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QuantileState {
    values: Vec<Held>,
    /// Traces with a rank from here up have left: all of 2^64 at first.
    rank_end: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Held {
    value: f64,
    probability: f64,
    trace: u64,
}

impl QuantileState {
    /// Adds a row. A value that is no number is left out.
    pub fn add(&mut self, kept: Kept, value: f64) {
        let trace = trace_hash(kept.trace_id);
        if value.is_nan() || !self.holds(trace) {
            return;
        }
        self.values.push(Held { value, probability: kept.probability(), trace });
        if self.values.len() > VALUES_MAX {
            self.shrink();
        }
    }

    /// Bytes held, about.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.values.capacity() * size_of::<Held>()
    }

    /// Adds another state.
    pub fn merge(&mut self, other: &Self) {
        if let Some(theirs) = other.rank_end {
            self.rank_end = Some(self.rank_end.map_or(theirs, |mine| mine.min(theirs)));
            let end = self.rank_end;
            self.values.retain(|held| end.is_none_or(|end| rank(held.trace) < end));
        }
        for held in &other.values {
            if self.holds(held.trace) {
                self.values.push(*held);
            }
        }
        if self.values.len() > VALUES_MAX {
            self.shrink();
        }
    }

    /// The value below which a share `q` lies; `None` without any.
    #[must_use]
    pub fn finish(&self, q: f64) -> Option<Estimate> {
        let q = q.clamp(0.0, 1.0);
        let second_phase = self.second_phase();
        let mut values = self.values.clone();
        for held in &mut values {
            held.probability *= second_phase;
        }
        // Equal values in an order of their own, so that the order of merging does not show.
        values.sort_unstable_by(|a, b| {
            a.value.total_cmp(&b.value).then(a.probability.total_cmp(&b.probability)).then(a.trace.cmp(&b.trace))
        });
        let total: f64 = values.iter().map(|held| 1.0 / held.probability).sum();
        let value = value_at(&values, total, q)?;
        let is_exact = values.iter().all(|held| held.probability >= 1.0);
        let moments = residuals(&values, total, q, value);
        if is_exact {
            return Some(Estimate::exact(value, moments.traces));
        }
        let value = without_bias(&values, total, q, moments.second.sqrt());
        let (below, above) = interval::null(&moments);
        let low = value_at(&values, total, (q + below).max(0.0)).unwrap_or(value);
        let high = if q + above >= 1.0 && moments.second > 0.0 {
            f64::INFINITY
        } else {
            value_after(&values, total, q + above).unwrap_or(value)
        };
        let value = value.clamp(low, high.max(low));
        Some(Estimate::sampled(value, (low, high), moments.traces))
    }

    fn holds(&self, trace: u64) -> bool {
        self.rank_end.is_none_or(|end| rank(trace) < end)
    }

    /// The probability with which a trace stayed.
    #[expect(clippy::cast_precision_loss, reason = "a probability")]
    fn second_phase(&self) -> f64 {
        self.rank_end.map_or(1.0, |end| end as f64 / 2.0_f64.powi(64))
    }

    /// Halves the state: the trace with the middle rank, and all after it, leave.
    fn shrink(&mut self) {
        let mut ranks: Vec<u64> = self.values.iter().map(|held| rank(held.trace)).collect();
        let middle = ranks.len() / 2;
        let (_, end, _) = ranks.select_nth_unstable(middle);
        let end = *end;
        self.rank_end = Some(end);
        self.values.retain(|held| rank(held.trace) < end);
    }
}

/// The quantile that a RED sketch knows: of all spans, up to the width of a bucket, which is the interval.
#[must_use]
pub fn of_sketch(durations: &ExponentialHistogram, q: f64, is_exact: bool) -> Option<Estimate> {
    let (low, high) = durations.quantile_bounds(q)?;
    let value = durations.quantile(q)?;
    Some(Estimate { value, low, high, kept_traces: 0, has_few_traces: false, is_exact })
}

fn rank(trace: u64) -> u64 {
    let mixed = (trace ^ (trace >> 31)).wrapping_mul(0x9fb2_1c65_1e98_df25);
    mixed ^ (mixed >> 28)
}

/// The first value at which the weights reach the share.
fn value_at(values: &[Held], total: f64, share: f64) -> Option<f64> {
    let target = share * total * (1.0 - 1e-12);
    let mut below = 0.0;
    for held in values {
        below += 1.0 / held.probability;
        if below >= target {
            return Some(held.value);
        }
    }
    values.last().map(|held| held.value)
}

/// The quantile less its biases of small samples, as the header says.
fn without_bias(values: &[Held], total: f64, q: f64, rank_error: f64) -> f64 {
    let at = value_at(values, total, q).unwrap_or(f64::NAN);
    let share = unbiased_share(values, total, q, at);
    let middle = interpolated(values, total, share);
    let reach = 3.0_f64.sqrt() * rank_error;
    if !(0.25..=0.75).contains(&q) || share - reach <= 0.0 || share + reach >= 1.0 {
        return middle;
    }
    let around = interpolated(values, total, share - reach) + interpolated(values, total, share + reach);
    middle - (around / 6.0 - middle / 3.0)
}

/// The share of weights to look for so that the share of rows is `q`: that of the smaller side is a ratio of two estimates
/// and errs as one (Beale; see [`crate::estimate::ratio`]).
fn unbiased_share(values: &[Held], total: f64, q: f64, at: f64) -> f64 {
    let is_upper = q > 0.5;
    let tail = if is_upper { 1.0 - q } else { q };
    let mut by_trace: HashMap<u64, [f64; 2]> = HashMap::with_capacity(values.len());
    for held in values {
        let is_in_tail = if is_upper { held.value > at } else { held.value <= at };
        let sums = by_trace.entry(held.trace).or_default();
        sums[0] += if is_in_tail { held.scale() } else { 0.0 };
        sums[1] += held.scale();
    }
    let mut sums: Vec<[f64; 2]> = by_trace.into_values().collect();
    sums.sort_unstable_by(|a, b| a[1].total_cmp(&b[1]).then(a[0].total_cmp(&b[0])));
    let variance = sums.iter().map(|sum| sum[1] * sum[1]).sum::<f64>() / (total * total);
    let covariance = sums.iter().map(|sum| sum[0] * sum[1]).sum::<f64>() / (tail * total * total);
    let corrected = tail * (1.0 + variance) / (1.0 + covariance);
    if is_upper { 1.0 - corrected } else { corrected }
}

/// The value at a share of the weights, each row standing at the middle of its own; between rows geometric, as durations
/// spread by factors, or linear where a value is not positive.
fn interpolated(values: &[Held], total: f64, share: f64) -> f64 {
    let target = share * total;
    let mut below = 0.0;
    let mut last: Option<(f64, f64)> = None;
    for held in values {
        let weight = 1.0 / held.probability;
        let middle = below + weight / 2.0;
        below += weight;
        if middle >= target {
            return match last {
                Some((from, value)) if middle > from => {
                    let part = ((target - from) / (middle - from)).clamp(0.0, 1.0);
                    let is_positive = value > 0.0 && held.value > 0.0;
                    if is_positive {
                        value * (held.value / value).powf(part)
                    } else {
                        value + (held.value - value) * part
                    }
                }
                _ => held.value,
            };
        }
        last = Some((middle, held.value));
    }
    last.map_or(f64::NAN, |(_, value)| value)
}

/// The first value at which the weights pass the share: the upper end must not stop short of a step.
fn value_after(values: &[Held], total: f64, share: f64) -> Option<f64> {
    let target = share * total * (1.0 + 1e-12);
    let mut below = 0.0;
    for held in values {
        below += 1.0 / held.probability;
        if below > target {
            return Some(held.value);
        }
    }
    values.last().map(|held| held.value)
}

/// Residuals by trace. The value at the quantile counts as far as it lies below it, so that they sum to zero.
fn residuals(values: &[Held], total: f64, q: f64, at: f64) -> Moments {
    let weight_where = |holds: &dyn Fn(f64) -> bool| -> f64 {
        values.iter().filter(|held| holds(held.value)).map(|held| 1.0 / held.probability).sum()
    };
    let (below, equal) =
        (weight_where(&|value| value.total_cmp(&at).is_lt()), weight_where(&|value| value.total_cmp(&at).is_eq()));
    let part_of_equal = if equal > 0.0 { ((q * total - below) / equal).clamp(0.0, 1.0) } else { 1.0 };
    let mut by_trace: HashMap<u64, f64> = HashMap::with_capacity(values.len());
    for held in values {
        let is_below = match held.value.total_cmp(&at) {
            std::cmp::Ordering::Less => 1.0,
            std::cmp::Ordering::Equal => part_of_equal,
            std::cmp::Ordering::Greater => 0.0,
        };
        *by_trace.entry(held.trace).or_default() += held.scale() / total * (is_below - q);
    }
    let mut moments = Moments { traces: by_trace.len() as u64, ..Moments::default() };
    // Sums of doubles depend on their order, which a hash map does not keep.
    let mut residuals: Vec<f64> = by_trace.into_values().collect();
    residuals.sort_unstable_by(f64::total_cmp);
    residuals.into_iter().for_each(|residual| moments.add(residual));
    at_least_expected(moments, values, total, q)
}

/// In a thin tail, the rows beyond the quantile are too few to show their variance. What they are expected to add is known:
/// a share `1 - q` (or `q` at the lower end) of the weights, each row as heavy as the outermost rows are.
fn at_least_expected(moments: Moments, values: &[Held], total: f64, q: f64) -> Moments {
    const OUTERMOST: usize = 10;
    let is_upper = q >= 0.5;
    let tail = if is_upper { 1.0 - q } else { q };
    let outermost: Vec<&Held> =
        if is_upper { values.iter().rev().take(OUTERMOST).collect() } else { values.iter().take(OUTERMOST).collect() };
    let weight: f64 = outermost.iter().map(|held| 1.0 / held.probability).sum();
    if tail <= 0.0 || weight <= 0.0 || tail * total >= weight {
        return moments;
    }
    // Mean of z^2 a unit of weight, and of |z|^3.
    let squares: f64 = outermost.iter().map(|held| held.scale().powi(2)).sum::<f64>() / weight;
    let cubes: f64 = outermost.iter().map(|held| held.scale().powi(3)).sum::<f64>() / weight;
    let beyond = 1.0 - tail;
    let second = beyond.powi(2) * tail * squares / total;
    let third = beyond.powi(3) * tail * cubes / (total * total);
    if second <= moments.second {
        return moments;
    }
    // The fourth moment only says how unsure the variance is, and this one is not taken from the sample.
    Moments { second, third: if is_upper { -third } else { third }, fourth: 0.0, ..moments }
}

impl Held {
    /// `sqrt(1 - p) / p`.
    fn scale(&self) -> f64 {
        (1.0 - self.probability).max(0.0).sqrt() / self.probability
    }
}
