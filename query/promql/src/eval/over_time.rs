//! What a range of samples comes to: sums, means, extremes, trends, changes.
//!
//! Owns the `…_over_time` functions, regression, smoothing, `changes` and `resets`. Sums are compensated, so that small
//! addends are not lost (Kahan and Neumaier).

use std::sync::Arc;

use crate::annotations::{Annotation, Annotations, HistogramOperation};
use crate::histogram::arithmetic::compensated_add;
use crate::histogram::{Combined, Histogram, HistogramSum, IncompatibleSchemas, ResetHint};
use crate::syntax::functions::FunctionName;
use crate::syntax::tree::RangeEnds;

use super::EvalError;
use super::column::Point;
use super::math::quantile;
use super::rate::is_start_reset;
use super::window::{Kernel, Window};

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
        F::CountOverTime => |window, _| Ok(Some(Point::Float((window.floats.len() + window.histograms.len()) as f64))),
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
        F::Deriv => deriv,
        F::PredictLinear => predict_linear,
        F::DoubleExponentialSmoothing => double_exponential_smoothing,
        F::Changes => changes,
        F::Resets => resets,
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
    let (mut sum, mut lost) = (0.0, 0.0);
    for value in window.floats.values {
        (sum, lost) = compensated_add(*value, sum, lost);
    }
    Ok(Some(Point::Float(if f64::is_infinite(sum) { sum } else { sum + lost })))
}

fn avg(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    if is_mixed(window, notes) {
        return Ok(None);
    }
    if window.floats.is_empty() {
        return Ok(histogram_total(window, notes, true));
    }
    let mut mean = Mean::default();
    for value in window.floats.values {
        mean.add(*value);
    }
    Ok(Some(Point::Float(mean.finish())))
}

/// A mean. It is the sum by the count as long as the sum does not overflow, and from then on a running mean.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mean {
    sum_or_mean: f64,
    lost: f64,
    count: f64,
    is_incremental: bool,
}

impl Mean {
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        if self.count == 1.0 {
            self.sum_or_mean = value;
            return;
        }
        if !self.is_incremental {
            let (sum, lost) = compensated_add(value, self.sum_or_mean, self.lost);
            if !sum.is_infinite() {
                (self.sum_or_mean, self.lost) = (sum, lost);
                return;
            }
            self.is_incremental = true;
            self.sum_or_mean /= self.count - 1.0;
            self.lost /= self.count - 1.0;
        }
        let share = (self.count - 1.0) / self.count;
        (self.sum_or_mean, self.lost) =
            compensated_add(value / self.count, share * self.sum_or_mean, share * self.lost);
    }

    pub(crate) fn finish(self) -> f64 {
        if self.is_incremental {
            self.sum_or_mean + self.lost
        } else {
            self.sum_or_mean / self.count + self.lost / self.count
        }
    }
}

/// The same for histograms, which cost too much to sum up twice.
#[derive(Clone, Debug)]
pub(crate) struct HistogramMean {
    sum_or_mean: HistogramSum,
    count: f64,
    is_incremental: bool,
}

impl HistogramMean {
    pub(crate) fn new(first: Histogram) -> Self {
        Self { sum_or_mean: HistogramSum::new(first), count: 1.0, is_incremental: false }
    }

    pub(crate) fn add(&mut self, other: &Histogram) -> Result<Combined, IncompatibleSchemas> {
        self.count += 1.0;
        if !self.is_incremental {
            let mut sum = self.sum_or_mean.clone();
            let combined = sum.add(other)?;
            if !sum.uncompensated().has_overflow() {
                self.sum_or_mean = sum;
                return Ok(combined);
            }
            self.is_incremental = true;
            self.sum_or_mean.divide(self.count - 1.0);
        }
        self.sum_or_mean.multiply((self.count - 1.0) / self.count);
        let mut share = other.clone();
        share.divide(self.count);
        self.sum_or_mean.add(&share)
    }

    pub(crate) fn finish(mut self) -> Histogram {
        if !self.is_incremental {
            self.sum_or_mean.divide(self.count);
        }
        self.sum_or_mean.finish()
    }
}

/// Which hints were seen while histograms were added up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SeenHints {
    reset: bool,
    not_reset: bool,
}

impl SeenHints {
    pub(crate) fn see(&mut self, hint: ResetHint) {
        self.reset |= hint == ResetHint::Reset;
        self.not_reset |= hint == ResetHint::NotReset;
    }

    pub(crate) fn collide(self) -> bool {
        self.reset && self.not_reset
    }
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

// === trends ===

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

fn deriv(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    let Some(values) = at_least_two(window, notes) else { return Ok(None) };
    // A time near the samples keeps the sums of squares small.
    let (slope, _) = linear_regression(window.floats.times, values, window.floats.times[0]);
    Ok(Some(Point::Float(slope)))
}

fn predict_linear(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    let Some(values) = at_least_two(window, notes) else { return Ok(None) };
    let (slope, intercept) = linear_regression(window.floats.times, values, window.step_ms);
    Ok(Some(Point::Float(slope * window.scalars[0] + intercept)))
}

/// Holt's linear method: a level and a trend, each a moving mean.
fn double_exponential_smoothing(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
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

// === changes and resets ===

#[derive(Clone, Copy)]
struct Step<'a> {
    time: i64,
    start: i64,
    float: f64,
    histogram: Option<&'a Arc<Histogram>>,
}

/// Samples of both kinds in order of time. Of an anchored range only the last sample before it is among them; none where
/// no sample is in the range itself.
fn steps<'a>(window: &Window<'a>) -> Option<Vec<Step<'a>>> {
    let mut steps = Vec::with_capacity(window.floats.len() + window.histograms.len());
    for (index, time) in window.floats.times.iter().enumerate() {
        let (start, float) = (window.floats.start(index), window.floats.values[index]);
        steps.push(Step { time: *time, start, float, histogram: None });
    }
    for (index, time) in window.histograms.times.iter().enumerate() {
        let histogram = Some(&window.histograms.values[index]);
        steps.push(Step { time: *time, start: window.histograms.start(index), float: 0.0, histogram });
    }
    if !window.histograms.is_empty() {
        steps.sort_by_key(|step| step.time);
    }
    if window.ends == RangeEnds::Anchored {
        let before = steps.partition_point(|step| step.time <= window.start_ms);
        if before == steps.len() {
            return None;
        }
        steps.drain(..before.saturating_sub(1));
    }
    Some(steps)
}

fn count_pairs(window: &Window<'_>, differs: impl Fn(&Step<'_>, &Step<'_>) -> bool) -> Option<Point> {
    let steps = steps(window)?;
    let count = steps.windows(2).filter(|pair| differs(&pair[0], &pair[1])).count();
    Some(Point::Float(count as f64))
}

fn changes(window: &Window<'_>, _: &mut Annotations) -> Outcome {
    Ok(count_pairs(window, |before, now| match (before.histogram, now.histogram) {
        (None, None) => before.float != now.float && !(before.float.is_nan() && now.float.is_nan()),
        (Some(before), Some(now)) => !now.is_identical(before),
        _ => true,
    }))
}

fn resets(window: &Window<'_>, _: &mut Annotations) -> Outcome {
    Ok(count_pairs(window, |before, now| {
        let by_start = || is_start_reset(before.start, before.time, now.start, now.time);
        match (before.histogram, now.histogram) {
            (None, None) => now.float < before.float || by_start(),
            (Some(before), Some(now)) => by_start() || now.is_reset_since(before),
            _ => true,
        }
    }))
}
