//! Where a range of samples is heading: slopes, predictions, smoothing.
//!
//! Owns regression and Holt's linear method. Both look at floats only and need two of them.

use crate::annotations::Annotations;
use crate::histogram::arithmetic::compensated_add;

use super::super::EvalError;
use super::super::column::Point;
use super::super::window::Window;
use super::{Outcome, floats_only};

/// At least two floats; one among histograms is worth a note.
fn at_least_two<'a>(window: &Window<'a>, notes: &mut Annotations) -> Option<&'a [f64]> {
    let values = floats_only(window, notes)?;
    (values.len() >= 2).then_some(values)
}

/// Least squares: slope, and the value at a time.
fn linear_regression(times: &[i64], values: &[f64], at_ms: i64) -> (f64, f64) {
    let first = values[0];
    if values.iter().all(|value| *value == first) {
        return if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) };
    }
    let count = values.len() as f64;
    let mut sums = [(0.0, 0.0); 4];
    for (time, y) in times.iter().zip(values) {
        let x = (time - at_ms) as f64 / 1000.0;
        for (sum, addend) in sums.iter_mut().zip([x, *y, x * y, x * x]) {
            *sum = compensated_add(addend, sum.0, sum.1);
        }
    }
    let [x, y, xy, xx] = sums.map(|(sum, lost)| sum + lost);
    let slope = (xy - x * y / count) / (xx - x * x / count);
    (slope, y / count - slope * x / count)
}

pub(super) fn deriv(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    let Some(values) = at_least_two(window, notes) else { return Ok(None) };
    // A time near the samples keeps the sums of squares small.
    let (slope, _) = linear_regression(window.floats.times, values, window.floats.times[0]);
    Ok(Some(Point::Float(slope)))
}

pub(super) fn predict_linear(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    let Some(values) = at_least_two(window, notes) else { return Ok(None) };
    let (slope, intercept) = linear_regression(window.floats.times, values, window.step_ms);
    Ok(Some(Point::Float(slope * window.scalars[0] + intercept)))
}

/// Holt's linear method: a level and a trend, each a moving mean.
pub(super) fn double_exponential_smoothing(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    for (name, factor) in ["smoothing", "trend"].iter().zip(window.scalars) {
        if *factor <= 0.0 || *factor >= 1.0 {
            let short = if *name == "smoothing" { "sf" } else { "tf" };
            let message = format!("invalid {name} factor. Expected: 0 < {short} < 1, got: {factor:.6}");
            return Err(EvalError::Execution(message));
        }
    }
    let Some(values) = at_least_two(window, notes) else { return Ok(None) };
    let (level_factor, trend_factor) = (window.scalars[0], window.scalars[1]);
    let (mut level, mut before, mut trend) = (values[0], 0.0, values[1] - values[0]);
    for (index, value) in values.iter().enumerate().skip(1) {
        if index > 1 {
            trend = trend_factor * (level - before) + (1.0 - trend_factor) * trend;
        }
        let next = level_factor * value + (1.0 - level_factor) * (level + trend);
        (before, level) = (level, next);
    }
    Ok(Some(Point::Float(level)))
}
