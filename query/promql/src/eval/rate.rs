//! Rates of counters and differences of gauges over a range.
//!
//! Owns `rate`, `increase` and `delta` with plain range ends: counter resets and the
//! extrapolation to the range's ends that Prometheus does. Series of deltas are added up instead.

use std::sync::Arc;

use crate::annotations::{Annotation, Annotations, HistogramOperation};
use crate::histogram::arithmetic::compensated_add;
use crate::histogram::{Histogram, HistogramSum, ResetHint};
use crate::source::Temporality;
use crate::syntax::tree::RangeEnds;

use super::EvalError;
use super::column::Point;
use super::rate_extended::extended_rate;
use super::window::{Slice, Window};

mod instant;
mod start_times;

pub(crate) use instant::{idelta, irate};
pub(crate) use start_times::is_start_reset;
use start_times::{start_overlaps, start_says_reset};

/// A gap at the range's end counts as "no sample came yet" up to this multiple of the mean time between samples.
const EXTRAPOLATION_GAP: f64 = 1.1;

type Outcome = Result<Option<Point>, EvalError>;

pub(crate) fn rate(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    Ok(rate_or_delta(window, true, true, notes))
}

pub(crate) fn increase(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    Ok(rate_or_delta(window, true, false, notes))
}

pub(crate) fn delta(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    Ok(rate_or_delta(window, false, false, notes))
}

fn rate_or_delta(window: &Window<'_>, is_counter: bool, per_second: bool, notes: &mut Annotations) -> Option<Point> {
    if !window.floats.is_empty() && !window.histograms.is_empty() {
        notes.add(Annotation::mixed_floats_histograms(window.metric(), window.span));
        return None;
    }
    if is_counter && window.temporality == Temporality::Delta {
        return sum_of_deltas(window, per_second, notes);
    }
    if window.ends != RangeEnds::Plain {
        return extended_rate(window, is_counter, per_second, notes);
    }
    extrapolated(window, is_counter, per_second, notes)
}

/// What deltas within the range add up to. Each reports what came since the one before, so nothing is extrapolated, and
/// the kind of range ends makes no difference.
fn sum_of_deltas(window: &Window<'_>, per_second: bool, notes: &mut Annotations) -> Option<Point> {
    let divisor = if per_second { window.range_seconds() } else { 1.0 };
    let is_inside = |time: &i64| *time > window.start_ms && *time <= window.end_ms;
    let floats = window.floats.times.iter().zip(window.floats.values).filter(|(time, _)| is_inside(time));
    let sum =
        floats.map(|(_, value)| (*value, 0.0)).reduce(|(sum, lost), (value, _)| compensated_add(value, sum, lost));
    if let Some((sum, lost)) = sum {
        return Some(Point::Float((sum + lost) / divisor));
    }
    let histograms = window.histograms.times.iter().zip(window.histograms.values);
    let mut inside = histograms.filter(|(time, _)| is_inside(time)).map(|(_, histogram)| histogram);
    let mut sum = HistogramSum::new(Histogram::clone(inside.next()?));
    for histogram in inside {
        if sum.add(histogram).is_err() {
            notes.add(Annotation::mixed_exponential_custom(window.metric(), window.span));
            return None;
        }
    }
    let mut sum = sum.finish();
    sum.divide(divisor);
    sum.reset_hint = ResetHint::Gauge;
    sum.compact();
    Some(Point::Histogram(Arc::new(sum)))
}

/// First and last sample, and what lies between and around them.
struct Spread {
    first_ms: i64,
    last_ms: i64,
    /// Samples but one.
    intervals: usize,
    /// When counting began, of the first sample; 0 where it is not known.
    first_start_ms: i64,
}

fn extrapolated(window: &Window<'_>, is_counter: bool, per_second: bool, notes: &mut Annotations) -> Option<Point> {
    let (times, starts, count) = if window.histograms.is_empty() {
        (window.floats.times, window.floats.starts, window.floats.count())
    } else {
        (window.histograms.times, window.histograms.starts, window.histograms.count())
    };
    let spread = Spread {
        first_ms: *times.first()?,
        last_ms: *times.last()?,
        intervals: count.saturating_sub(1),
        first_start_ms: starts.first().copied().unwrap_or(0),
    };
    let mut float = 0.0;
    let mut histogram = None;
    if window.histograms.is_empty() {
        float = float_increase(window, is_counter, notes);
    } else if spread.intervals > 0 {
        histogram = Some(histogram_increase(window, is_counter, notes)?);
    }
    let starts_within = is_counter
        && spread.first_start_ms != 0
        && spread.first_start_ms > window.start_ms
        && spread.first_start_ms < spread.first_ms;
    if starts_within {
        float += window.floats.values.first().copied().unwrap_or(0.0);
        if let Some(first) = window.histograms.values.first() {
            match &mut histogram {
                None => histogram = Some(Histogram::clone(first)),
                Some(sum) => add_noting(sum, first, HistogramOperation::Addition, window, notes)?,
            }
        }
    } else if spread.intervals == 0 {
        return None;
    }
    let factor = extrapolation_factor(window, &spread, is_counter, starts_within, float, histogram.as_ref());
    let factor = if per_second { factor / window.range_seconds() } else { factor };
    Some(match histogram {
        None => Point::Float(float * factor),
        Some(mut sum) => {
            sum.multiply(factor);
            Point::Histogram(Arc::new(sum))
        }
    })
}

/// By how much the increase between first and last sample is less than that of the whole range.
fn extrapolation_factor(
    window: &Window<'_>,
    spread: &Spread,
    is_counter: bool,
    starts_within: bool,
    float: f64,
    histogram: Option<&Histogram>,
) -> f64 {
    let seconds = |milliseconds: i64| milliseconds as f64 / 1000.0;
    let mut to_start = seconds(spread.first_ms - window.start_ms);
    let mut to_end = seconds(window.end_ms - spread.last_ms);
    let mut sampled = seconds(spread.last_ms - spread.first_ms);
    let mean_interval = if spread.intervals > 0 { sampled / spread.intervals as f64 } else { 0.0 };
    let gap_max = mean_interval * EXTRAPOLATION_GAP;
    if starts_within {
        to_start = 0.0;
        sampled = seconds(spread.last_ms - spread.first_start_ms);
    } else {
        if to_start >= gap_max {
            to_start = mean_interval / 2.0;
        }
        if is_counter {
            to_start = to_start.min(seconds_to_zero(window, sampled, to_start, float, histogram));
        }
    }
    if to_end >= gap_max {
        to_end = mean_interval / 2.0;
    }
    if sampled == 0.0 { 1.0 } else { (sampled + to_start + to_end) / sampled }
}

/// How long before the first sample a counter with this slope was zero; it cannot have been less before.
fn seconds_to_zero(
    window: &Window<'_>,
    sampled: f64,
    otherwise: f64,
    float: f64,
    histogram: Option<&Histogram>,
) -> f64 {
    match (window.floats.values.first(), window.histograms.values.first(), histogram) {
        (Some(first), _, _) if float > 0.0 && *first >= 0.0 => sampled * (first / float),
        (_, Some(first), Some(sum)) if sum.count > 0.0 && first.count >= 0.0 => sampled * (first.count / sum.count),
        _ => otherwise,
    }
}

fn float_increase(window: &Window<'_>, is_counter: bool, notes: &mut Annotations) -> f64 {
    let floats = &window.floats;
    let values = floats.values;
    let mut increase = values[values.len() - 1] - values[0];
    if !is_counter {
        return increase;
    }
    // Only the series' few resets are looked at, not every sample of every window.
    for position in window.behind_its_first(&window.turns.resets) {
        increase += values[position - 1];
    }
    if window.behind_its_first(&window.turns.overlaps).next().is_some() {
        notes.add(Annotation::start_time_overlap(window.metric(), window.span));
    }
    increase
}

/// Where a series of floats turns, by position of the later of two samples.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// It is less than the one before, or its start time says that counting began anew.
    resets: Vec<usize>,
    /// It says that it began before the sample before it ended.
    overlaps: Vec<usize>,
}

impl Turns {
    /// Looks at all samples once, for all windows.
    pub(crate) fn of(floats: &Slice<'_, f64>) -> Self {
        let values = floats.values;
        let all = 1..values.len();
        if floats.starts.is_empty() {
            return Self { resets: all.filter(|at| values[*at] < values[*at - 1]).collect(), overlaps: Vec::new() };
        }
        let is_reset = |at: &usize| values[*at] < values[*at - 1] || start_says_reset(floats, *at);
        let resets = all.clone().filter(is_reset).collect();
        Self { resets, overlaps: all.filter(|at| start_overlaps(floats, *at)).collect() }
    }
}

fn add_noting(
    target: &mut Histogram,
    other: &Histogram,
    operation: HistogramOperation,
    window: &Window<'_>,
    notes: &mut Annotations,
) -> Option<()> {
    let combined = match operation {
        HistogramOperation::Subtraction => target.subtract(other),
        _ => target.add(other),
    };
    match combined {
        Err(_) => {
            notes.add(Annotation::mixed_exponential_custom(window.metric(), window.span));
            None
        }
        Ok(combined) => {
            if combined.bounds_reconciled {
                notes.add(Annotation::bounds_reconciled(operation, window.span));
            }
            Some(())
        }
    }
}

/// The increase between the first and the last histogram; none where their buckets do not fit together.
fn histogram_increase(window: &Window<'_>, is_counter: bool, notes: &mut Annotations) -> Option<Histogram> {
    let histograms = &window.histograms;
    let values = histograms.values;
    let (first, last) = (&values[0], &values[values.len() - 1]);
    let mixed = || Annotation::mixed_exponential_custom(window.metric(), window.span);
    let is_reset =
        |index: usize, before: &Histogram| start_says_reset(histograms, index) || values[index].is_reset_since(before);
    // Of a counter that is reset after its first sample, that sample's buckets do not matter.
    let mut base = Histogram::clone(first);
    if is_counter && is_reset(1, first) {
        let second = &values[1];
        let custom_bounds = Arc::clone(&second.custom_bounds);
        base = Histogram { schema: second.schema, custom_bounds, ..Histogram::default() };
    }
    let is_custom = base.uses_custom_buckets();
    let gauges = values.iter().filter(|histogram| histogram.reset_hint == ResetHint::Gauge).count();
    if is_counter && gauges > 0 {
        notes.add(Annotation::native_not_counter(window.metric(), window.span));
    }
    if last.uses_custom_buckets() != is_custom {
        notes.add(mixed());
        return None;
    }
    let between = &values[1..values.len() - 1];
    if is_counter && between.iter().any(|histogram| histogram.uses_custom_buckets() != is_custom) {
        notes.add(mixed());
        return None;
    }
    let inner_schemas = between.iter().filter(|_| is_counter).map(|histogram| histogram.schema);
    let schema = inner_schemas.fold(last.schema.min(base.schema), i32::min);
    let mut increase = last.in_schema(schema);
    add_noting(&mut increase, &base, HistogramOperation::Subtraction, window, notes)?;
    if is_counter {
        add_resets(&mut increase, &base, window, notes)?;
    } else if first.reset_hint != ResetHint::Gauge || last.reset_hint != ResetHint::Gauge {
        notes.add(Annotation::native_not_gauge(window.metric(), window.span));
    }
    increase.reset_hint = ResetHint::Gauge;
    increase.compact();
    Some(increase)
}

/// Adds what a counter had reached before each of its resets.
fn add_resets(increase: &mut Histogram, base: &Histogram, window: &Window<'_>, notes: &mut Annotations) -> Option<()> {
    let histograms = &window.histograms;
    let mut before = base;
    let mut overlaps = false;
    for (index, histogram) in histograms.values.iter().enumerate().skip(1) {
        overlaps |= start_overlaps(histograms, index);
        if start_says_reset(histograms, index) || histogram.is_reset_since(before) {
            add_noting(increase, before, HistogramOperation::Addition, window, notes)?;
        }
        before = histogram;
    }
    if overlaps {
        notes.add(Annotation::start_time_overlap(window.metric(), window.span));
    }
    Some(())
}
