//! What a range of samples comes to: sums, means, extremes, spread.
//!
//! Owns the `…_over_time` functions, and which kernel belongs to which function. Sums are compensated, so that small
//! addends are not lost (Kahan and Neumaier).

use std::sync::Arc;

use crate::annotations::{Annotation, Annotations, HistogramOperation};
use crate::histogram::arithmetic::compensated_add;
use crate::histogram::{Histogram, HistogramSum};
use crate::syntax::functions::FunctionName;

use super::EvalError;
use super::column::Point;
use super::math::quantile;
use super::window::{Kernel, Window};

mod changes;
mod mean;
mod outlook;
mod trends;

pub(crate) use mean::{HistogramMean, Mean, SeenHints};

type Outcome = Result<Option<Point>, EvalError>;

/// The function that computes a value from a range, if the function takes a range.
pub(crate) fn kernel(function: FunctionName) -> Option<Kernel> {
    use FunctionName as F;
    Some(match function {
        F::Rate => super::rate::rate,
        F::Increase => super::rate::increase,
        F::Delta => super::rate::delta,
        F::Irate => super::rate::irate,
        F::Idelta => super::rate::idelta,
        F::AvgOverTime => avg,
        F::SumOverTime => sum,
        F::CountOverTime => {
            |window, _| Ok(Some(Point::Float((window.floats.count() + window.histograms.count()) as f64)))
        }
        F::PresentOverTime | F::AbsentOverTime => |_, _| Ok(Some(Point::Float(1.0))),
        F::FirstOverTime => |window, _| Ok(edge(window, true).map(|(_, point)| point)),
        F::LastOverTime => |window, _| Ok(edge(window, false).map(|(_, point)| point)),
        F::TsOfFirstOverTime => |window, _| Ok(edge(window, true).map(|(time, _)| seconds(time))),
        F::TsOfLastOverTime => |window, _| Ok(edge(window, false).map(|(time, _)| seconds(time))),
        F::MaxOverTime => |window, notes| Ok(extreme(window, notes, |value, best| value > best).map(|(_, best)| best)),
        F::MinOverTime => |window, notes| Ok(extreme(window, notes, |value, best| value < best).map(|(_, best)| best)),
        F::TsOfMaxOverTime => |window, notes| Ok(extreme(window, notes, |value, best| value >= best).map(|(at, _)| at)),
        F::TsOfMinOverTime => |window, notes| Ok(extreme(window, notes, |value, best| value <= best).map(|(at, _)| at)),
        F::StddevOverTime => |window, notes| Ok(variance(window, notes).map(|value| Point::Float(value.sqrt()))),
        F::StdvarOverTime => |window, notes| Ok(variance(window, notes).map(Point::Float)),
        F::MadOverTime => median_deviation,
        F::QuantileOverTime => quantile_over_time,
        F::Deriv => trends::deriv,
        F::PredictLinear => trends::predict_linear,
        F::PredictHoltWinters => outlook::predict_holt_winters,
        F::BandLowOverTime => outlook::band_low,
        F::BandHighOverTime => outlook::band_high,
        F::SeasonalLowOverTime => outlook::seasonal_low,
        F::SeasonalHighOverTime => outlook::seasonal_high,
        F::DoubleExponentialSmoothing => trends::double_exponential_smoothing,
        F::Changes => changes::changes,
        F::Resets => changes::resets,
        _ => return None,
    })
}

fn seconds(time_ms: i64) -> Point {
    Point::Float(time_ms as f64 / 1000.0)
}

/// The first or last sample of either kind.
fn edge(window: &Window<'_>, first: bool) -> Option<(i64, Point)> {
    let (floats, histograms) = (&window.floats, &window.histograms);
    let index = |length: usize| if first { 0 } else { length.wrapping_sub(1) };
    let float =
        floats.times.get(index(floats.len())).map(|time| (*time, Point::Float(floats.values[index(floats.len())])));
    let position = index(histograms.len());
    let histogram = histograms.times.get(position).map(|time| {
        let value = Point::Histogram(Arc::clone(&histograms.values[position]));
        (*time, value)
    });
    match (float, histogram) {
        (Some(float), Some(histogram)) => {
            let float_wins = if first { float.0 < histogram.0 } else { float.0 > histogram.0 };
            Some(if float_wins { float } else { histogram })
        }
        (float, histogram) => float.or(histogram),
    }
}

/// Says that histograms among floats were not looked at; none where there are no floats.
fn floats_only<'a>(window: &Window<'a>, notes: &mut Annotations) -> Option<&'a [f64]> {
    if window.floats.is_empty() {
        return None;
    }
    if !window.histograms.is_empty() {
        notes.add(Annotation::histogram_ignored_in_mixed_range(window.metric(), window.span));
    }
    Some(window.floats.values)
}

/// The time and value that beat all before them; NaN is beaten by anything.
fn extreme(window: &Window<'_>, notes: &mut Annotations, beats: fn(f64, f64) -> bool) -> Option<(Point, Point)> {
    let values = floats_only(window, notes)?;
    let (mut best, mut at) = (values[0], window.floats.times[0]);
    for (value, time) in values.iter().zip(window.floats.times) {
        if beats(*value, best) || best.is_nan() {
            (best, at) = (*value, *time);
        }
    }
    Some((seconds(at), Point::Float(best)))
}

// === sums and means ===

fn is_mixed(window: &Window<'_>, notes: &mut Annotations) -> bool {
    let mixed = !window.floats.is_empty() && !window.histograms.is_empty();
    if mixed {
        notes.add(Annotation::mixed_floats_histograms(window.metric(), window.span));
    }
    mixed
}

fn sum(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    if is_mixed(window, notes) {
        return Ok(None);
    }
    if window.floats.is_empty() {
        return Ok(histogram_total(window, notes, false));
    }
    Ok(Some(Point::Float(sum_of(window.floats.values))))
}

fn sum_of(values: &[f64]) -> f64 {
    let (mut sum, mut lost) = (0.0, 0.0);
    for value in values {
        (sum, lost) = compensated_add(*value, sum, lost);
    }
    if f64::is_infinite(sum) { sum } else { sum + lost }
}

fn avg(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    if is_mixed(window, notes) {
        return Ok(None);
    }
    if window.floats.is_empty() {
        return Ok(histogram_total(window, notes, true));
    }
    if !window.floats.stands_for.is_empty() {
        // Entries are sums.
        return Ok(Some(Point::Float(sum_of(window.floats.values) / window.floats.count() as f64)));
    }
    let mut mean = Mean::default();
    for value in window.floats.values {
        mean.add(*value);
    }
    Ok(Some(Point::Float(mean.finish())))
}

fn histogram_total(window: &Window<'_>, notes: &mut Annotations, is_mean: bool) -> Option<Point> {
    let values = window.histograms.values;
    let first = Histogram::clone(values.first()?);
    let mut hints = SeenHints::default();
    hints.see(first.reset_hint);
    let (mut sum, mut mean) = (HistogramSum::new(first.clone()), HistogramMean::new(first));
    let mut reconciled = false;
    for histogram in &values[1..] {
        hints.see(histogram.reset_hint);
        match if is_mean { mean.add(histogram) } else { sum.add(histogram) } {
            Ok(combined) => reconciled |= combined.bounds_reconciled,
            Err(_) => {
                notes.add(Annotation::mixed_exponential_custom(window.metric(), window.span));
                return None;
            }
        }
    }
    if hints.collide() {
        notes.add(Annotation::reset_collision(HistogramOperation::Aggregation, window.span));
    }
    if reconciled {
        notes.add(Annotation::bounds_reconciled(HistogramOperation::Aggregation, window.span));
    }
    Some(Point::Histogram(Arc::new(if is_mean { mean.finish() } else { sum.finish() })))
}

// === spread ===

/// Welford's running variance, compensated.
fn variance(window: &Window<'_>, notes: &mut Annotations) -> Option<f64> {
    let values = floats_only(window, notes)?;
    let (mut mean, mut mean_lost, mut squares, mut squares_lost) = (0.0, 0.0, 0.0, 0.0);
    for (index, value) in values.iter().enumerate() {
        let delta = value - (mean + mean_lost);
        (mean, mean_lost) = compensated_add(delta / (index + 1) as f64, mean, mean_lost);
        (squares, squares_lost) = compensated_add(delta * (value - (mean + mean_lost)), squares, squares_lost);
    }
    Some((squares + squares_lost) / values.len() as f64)
}

fn median_deviation(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    let Some(values) = floats_only(window, notes) else { return Ok(None) };
    if values.iter().any(|value| value.is_nan()) {
        return Ok(Some(Point::Float(f64::NAN)));
    }
    let mut values = values.to_vec();
    let median = quantile(0.5, &mut values);
    let mut deviations: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
    Ok(Some(Point::Float(quantile(0.5, &mut deviations))))
}

fn quantile_over_time(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    if window.floats.is_empty() {
        return Ok(None);
    }
    let q = window.scalars[0];
    if !(0.0..=1.0).contains(&q) {
        notes.add(Annotation::invalid_quantile(q, window.span));
    }
    let Some(values) = floats_only(window, notes) else { return Ok(None) };
    Ok(Some(Point::Float(quantile(q, &mut values.to_vec()))))
}
