//! Rates of anchored and smoothed ranges.
//!
//! Owns the values at a range's ends: of an anchored range the sample before it, of a smoothed one an interpolation
//! between the samples around the end. No extrapolation happens here.

use std::sync::Arc;

use crate::annotations::{Annotation, Annotations, HistogramOperation};
use crate::histogram::{Histogram, IncompatibleSchemas, ResetHint};
use crate::position::Span;
use crate::source::Samples;
use crate::syntax::tree::RangeEnds;

use super::column::Point;
use super::window::Window;

/// The value between two samples. A counter that went down is taken to have started at zero after the first of them.
pub(crate) fn interpolate(before: (i64, f64), after: (i64, f64), time: i64, is_counter: bool) -> f64 {
    let from = if is_counter && after.1 < before.1 { 0.0 } else { before.1 };
    from + (after.1 - from) * (time - before.0) as f64 / (after.0 - before.0) as f64
}

/// The histogram between two samples, by the same rule.
pub(crate) fn interpolate_histograms(
    before: (i64, &Histogram),
    after: (i64, &Histogram),
    time: i64,
    is_counter: bool,
    span: Span,
    notes: &mut Annotations,
) -> Result<Histogram, IncompatibleSchemas> {
    if time == before.0 {
        return Ok(before.1.clone());
    }
    let mut between = after.1.clone();
    if time == after.0 {
        return Ok(between);
    }
    let fraction = (time - before.0) as f64 / (after.0 - before.0) as f64;
    if is_counter && after.1.is_reset_since(before.1) {
        between.multiply(fraction);
        return Ok(between);
    }
    if between.subtract(before.1)?.bounds_reconciled {
        notes.add(Annotation::bounds_reconciled(HistogramOperation::Subtraction, span));
    }
    between.multiply(fraction);
    if between.add(before.1)?.bounds_reconciled {
        notes.add(Annotation::bounds_reconciled(HistogramOperation::Addition, span));
    }
    Ok(between)
}

/// The positions of the samples that stand for the range's ends; none where the range holds nothing.
fn end_positions(times: &[i64], start: i64, end: i64, smoothed: bool) -> Option<(usize, usize)> {
    let mut last = times.len().checked_sub(1)?;
    let first = times[..last].partition_point(|time| *time <= start).saturating_sub(1);
    if smoothed {
        last = times[..last].partition_point(|time| *time < end);
    }
    let is_outside = times[last] <= start || (smoothed && times[first] > end);
    (!is_outside).then_some((first, last))
}

fn end_values(
    times: &[i64],
    values: &[f64],
    window: (i64, i64),
    ends: (usize, usize),
    smoothed: bool,
    counter: bool,
) -> (f64, f64) {
    let ((start, end), (first, last)) = (window, ends);
    let at = |index: usize| (times[index], values[index]);
    let interpolates_left = smoothed && times[first] < start;
    let left = if interpolates_left { interpolate(at(first), at(first + 1), start, counter) } else { values[first] };
    let interpolates_right = smoothed && last > 0 && times[last] > end;
    let right = if interpolates_right { interpolate(at(last - 1), at(last), end, counter) } else { values[last] };
    (left, right)
}

/// The points of an anchored or smoothed range as a query's result: with one at each end.
pub(crate) fn extended_points(floats: &Samples<f64>, start: i64, end: i64, range_ends: RangeEnds) -> Vec<(i64, f64)> {
    let smoothed = range_ends == RangeEnds::Smoothed;
    let times = &floats.times_ms;
    let Some((first, last)) = end_positions(times, start, end, smoothed) else { return Vec::new() };
    let (left, right) = end_values(times, &floats.values, (start, end), (first, last), smoothed, false);
    let inner =
        (0..times.len()).filter(|index| (first..=last).contains(index) && times[*index] > start && times[*index] < end);
    let inner = inner.map(|index| (times[index], floats.values[index]));
    [(start, left)].into_iter().chain(inner).chain([(end, right)]).collect()
}

pub(crate) fn extended_rate(
    window: &Window<'_>,
    is_counter: bool,
    per_second: bool,
    notes: &mut Annotations,
) -> Option<Point> {
    if !window.histograms.is_empty() {
        return extended_histogram_rate(window, is_counter, per_second, notes);
    }
    let (times, values) = (window.floats.times, window.floats.values);
    let smoothed = window.ends == RangeEnds::Smoothed;
    let range = (window.start_ms, window.end_ms);
    let (mut first, last) = end_positions(times, range.0, range.1, smoothed)?;
    let (left, right) = end_values(times, values, range, (first, last), smoothed, is_counter);
    let mut increase = right - left;
    if is_counter {
        // The ends' interpolation took care of resets across them.
        if times[first] <= range.0 {
            first += 1;
        }
        let behind = if times[last] >= range.1 { last } else { last + 1 };
        let mut before = left;
        for value in values.get(first..behind).unwrap_or_default().iter().copied().chain([right]) {
            if value < before {
                increase += before;
            }
            before = value;
        }
    }
    Some(Point::Float(if per_second { increase / window.range_seconds() } else { increase }))
}

// === histograms ===

struct Ends<'a> {
    times: &'a [i64],
    values: &'a [Arc<Histogram>],
    first: usize,
    last: usize,
    smoothed: bool,
}

fn extended_histogram_rate(
    window: &Window<'_>,
    is_counter: bool,
    per_second: bool,
    notes: &mut Annotations,
) -> Option<Point> {
    let (times, values) = (window.histograms.times, window.histograms.values);
    let smoothed = window.ends == RangeEnds::Smoothed;
    let (first, last) = end_positions(times, window.start_ms, window.end_ms, smoothed)?;
    let mixed = || Annotation::mixed_exponential_custom(window.metric(), window.span);
    for histogram in &values[first..=last] {
        if histogram.uses_custom_buckets() != values[first].uses_custom_buckets() {
            notes.add(mixed());
            return None;
        }
        if is_counter && histogram.reset_hint == ResetHint::Gauge {
            notes.add(Annotation::native_not_counter(window.metric(), window.span));
        }
    }
    let ends = Ends { times, values, first, last, smoothed };
    let Ok((left, right)) = histogram_ends(&ends, window, is_counter, notes) else {
        notes.add(mixed());
        return None;
    };
    let both_gauges = left.reset_hint == ResetHint::Gauge && right.reset_hint == ResetHint::Gauge;
    if !is_counter && !both_gauges {
        notes.add(Annotation::native_not_gauge(window.metric(), window.span));
    }
    let Ok(mut increase) = histogram_difference(&ends, &left, &right, window, is_counter, notes) else {
        notes.add(mixed());
        return None;
    };
    if per_second {
        increase.divide(window.range_seconds());
    }
    increase.reset_hint = ResetHint::Gauge;
    increase.compact();
    Some(Point::Histogram(Arc::new(increase)))
}

fn histogram_ends(
    ends: &Ends<'_>,
    window: &Window<'_>,
    is_counter: bool,
    notes: &mut Annotations,
) -> Result<(Histogram, Histogram), IncompatibleSchemas> {
    let Ends { times, values, first, last, smoothed } = *ends;
    let at = |index: usize| (times[index], &*values[index]);
    let left = if smoothed && times[first] < window.start_ms {
        interpolate_histograms(at(first), at(first + 1), window.start_ms, is_counter, window.span, notes)?
    } else {
        Histogram::clone(&values[first])
    };
    let right = if smoothed && last > 0 && times[last] > window.end_ms {
        interpolate_histograms(at(last - 1), at(last), window.end_ms, is_counter, window.span, notes)?
    } else {
        Histogram::clone(&values[last])
    };
    Ok((left, right))
}

fn histogram_difference(
    ends: &Ends<'_>,
    left: &Histogram,
    right: &Histogram,
    window: &Window<'_>,
    is_counter: bool,
    notes: &mut Annotations,
) -> Result<Histogram, IncompatibleSchemas> {
    let mut increase = right.clone();
    if increase.subtract(left)?.bounds_reconciled {
        notes.add(Annotation::bounds_reconciled(HistogramOperation::Subtraction, window.span));
    }
    if !is_counter {
        return Ok(increase);
    }
    let Ends { times, values, mut first, last, smoothed } = *ends;
    let mut before = left;
    // A reset that the left end was interpolated across is in the left end already.
    let spans_reset = smoothed
        && times[first] < window.start_ms
        && values.get(first + 1).is_some_and(|second| second.is_reset_since(&values[first]));
    first += 1;
    if spans_reset {
        before = &values[first];
        first += 1;
    }
    if first > last {
        return Ok(increase);
    }
    // The last sample is looked at as the right end, whether it is one or was interpolated from it.
    let mut correction: Option<Histogram> = None;
    for histogram in values[first..last].iter().map(|histogram| &**histogram).chain([right]) {
        if histogram.is_reset_since(before) {
            match &mut correction {
                None => correction = Some(before.clone()),
                Some(sum) => {
                    if sum.add(before)?.bounds_reconciled {
                        notes.add(Annotation::bounds_reconciled(HistogramOperation::Addition, window.span));
                    }
                }
            }
        }
        before = histogram;
    }
    if let Some(correction) = correction
        && increase.add(&correction)?.bounds_reconciled
    {
        notes.add(Annotation::bounds_reconciled(HistogramOperation::Addition, window.span));
    }
    Ok(increase)
}
