//! Selectors: samples from the source, and the value of each series at each step.
//!
//! Owns the time range that is asked for, lookback, staleness, and interpolation of smoothed selectors. Never looks at
//! what a function does with the values.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::annotations::{Annotation, Annotations};
use crate::histogram::{Histogram, ResetHint};
use crate::number::is_stale_nan;
use crate::position::Span;
use crate::source::{SelectRequest, Series};
use crate::syntax::tree::RangeEnds;

use super::budget::Charge;
use super::column::{Column, Point, StepSeries, StepVector};
use super::plan::{Selector, TimeShift};
use super::rate_extended::{interpolate, interpolate_histograms};
use super::{EvalError, Evaluator, Grid, parallel};

impl Evaluator<'_> {
    /// Series with all samples that the selector needs on this grid, behind which lies a range or the lookback.
    pub(crate) fn load(
        &self,
        selector: &Selector,
        grid: &Grid,
        range_ms: i64,
    ) -> Result<(Vec<Series>, Charge), EvalError> {
        if grid.steps == 0 {
            return Ok((Vec::new(), Charge::default()));
        }
        let series = self.source.select(&self.request(selector, grid, range_ms))?;
        self.counted(series, selector)
    }

    /// The same, a part of the series at a time: what `evaluate` does not keep of one is gone before the next is read.
    /// Gives what it makes of all, sorted by labels.
    pub(crate) fn load_each(
        &self,
        selector: &Selector,
        grid: &Grid,
        range_ms: i64,
        mut evaluate: impl FnMut(Vec<Series>) -> Result<Vec<StepSeries>, EvalError>,
    ) -> Result<StepVector, EvalError> {
        let (mut found, mut reserved, mut parts) = (Vec::new(), Vec::new(), 0);
        let mut outcome: Result<(), EvalError> = Ok(());
        let mut add = |series: Vec<Series>| -> Result<(), EvalError> {
            // The result's memory, until it is counted itself.
            reserved.push(self.reserve(series.len(), grid)?);
            let (series, _charge) = self.counted(series, selector)?;
            found.extend(evaluate(series)?);
            parts += 1;
            Ok(())
        };
        if grid.steps > 0 {
            self.source.select_parts(&self.request(selector, grid, range_ms), &mut |series| {
                outcome = add(series);
                if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
        }
        outcome?;
        if parts > 1 {
            found.sort_by(|left, right| left.labels.cmp(&right.labels));
        }
        drop(reserved);
        self.vector(found)
    }

    fn request<'s>(&self, selector: &'s Selector, grid: &Grid, range_ms: i64) -> SelectRequest<'s> {
        let (start_ms, end_ms) = needed_times(selector, grid, range_ms, self.options.lookback_ms);
        let samples_max = self.budget.limits().samples_max.saturating_sub(self.budget.samples());
        let period_ms = period(selector, grid);
        let (matchers, hints) = (&selector.matchers, &selector.hints);
        SelectRequest { matchers, start_ms, end_ms, samples_max, hints, period_ms }
    }

    /// Series whose samples and memory are counted.
    fn counted(&self, mut series: Vec<Series>, selector: &Selector) -> Result<(Vec<Series>, Charge), EvalError> {
        if selector.hints.without_buckets {
            series.iter_mut().for_each(drop_buckets);
        }
        let samples = series.iter().map(|one| {
            let histograms: usize = one.histograms.values.iter().map(|histogram| histogram.size_bytes() / 16).sum();
            one.floats.len() + histograms
        });
        self.budget.count_samples(samples.sum())?;
        let charge = self.budget.charge(series.iter().map(Series::size_bytes).sum())?;
        self.budget.check_cancelled()?;
        Ok((series, charge))
    }

    pub(crate) fn instant_vector(
        &self,
        selector: &Selector,
        span: Span,
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<StepVector, EvalError> {
        let lookback = self.options.lookback_ms;
        self.load_each(selector, grid, 0, |series| {
            let results = parallel::map::<_, _, EvalError, _>(self.options.threads, series, |series| {
                let mut notes = Annotations::default();
                let column = if selector.range_ends == RangeEnds::Smoothed {
                    smoothed_column(&series, selector.shift, lookback, grid, span, &mut notes)
                } else {
                    latest_column(&series, selector.shift, lookback, grid)
                };
                Ok((StepSeries { labels: series.labels, drop_name: false, column }, notes))
            })?;
            Ok(keep_present(results, notes))
        })
    }
}

/// Series with a value at any step; what was noted about all of them is noted.
pub(crate) fn keep_present(results: Vec<(StepSeries, Annotations)>, notes: &mut Annotations) -> Vec<StepSeries> {
    let mut present = Vec::with_capacity(results.len());
    for (series, series_notes) in results {
        notes.merge(series_notes);
        if !series.column.is_all_absent() {
            present.push(series);
        }
    }
    present
}

/// The first and the last time from which samples are needed.
pub(crate) fn needed_times(selector: &Selector, grid: &Grid, range_ms: i64, lookback_ms: i64) -> (i64, i64) {
    let (behind, ahead) = match (selector.range_ends, range_ms) {
        (RangeEnds::Plain | RangeEnds::Anchored, 0) => (lookback_ms, 0),
        (RangeEnds::Plain, range) => (range, 0),
        (RangeEnds::Anchored, range) => (range.saturating_add(lookback_ms), 0),
        (RangeEnds::Smoothed, range) => (range.saturating_add(lookback_ms), lookback_ms),
    };
    let start_ms = selector.shift.apply(grid.start_ms).saturating_sub(behind).saturating_add(1);
    (start_ms, selector.shift.apply(grid.last_ms()).saturating_add(ahead))
}

/// What all times at which the selector is asked are multiples of; 0 where values also depend on samples behind those.
fn period(selector: &Selector, grid: &Grid) -> i64 {
    if selector.range_ends != RangeEnds::Plain {
        return 0;
    }
    let moves = grid.steps > 1 && selector.shift.at_ms.is_none();
    let step_ms = if moves { grid.step_ms } else { 0 };
    greatest_common_divisor(selector.shift.apply(grid.start_ms), step_ms)
}

fn greatest_common_divisor(left: i64, right: i64) -> i64 {
    let (mut left, mut right) = (left.unsigned_abs(), right.unsigned_abs());
    while right != 0 {
        (left, right) = (right, left % right);
    }
    i64::try_from(left).unwrap_or(0)
}

/// Keeps only count and sum of histograms. Resets are found out before, and said by the hints.
fn drop_buckets(series: &mut Series) {
    let mut previous: Option<Arc<Histogram>> = None;
    for histogram in &mut series.histograms.values {
        let whole = Arc::clone(histogram);
        let reset_hint = match (&previous, whole.reset_hint) {
            (Some(previous), ResetHint::Unknown) if whole.is_reset_since(previous) => ResetHint::Reset,
            (Some(_), ResetHint::Unknown) => ResetHint::NotReset,
            (_, hint) => hint,
        };
        let Histogram { schema, count, sum, .. } = *whole;
        *histogram = Arc::new(Histogram { reset_hint, schema, count, sum, ..Histogram::default() });
        if !whole.is_stale() {
            previous = Some(whole);
        }
    }
}

/// The latest sample at each step.
fn latest_column(series: &Series, shift: TimeShift, lookback_ms: i64, grid: &Grid) -> Column {
    let mut column = Column::empty(grid.steps);
    each_latest(series, shift, lookback_ms, grid, |step, latest| match latest {
        Latest::Float(index) => column.set_float(step, series.floats.values[index]),
        Latest::Histogram(index) => column.set(step, Point::Histogram(Arc::clone(&series.histograms.values[index]))),
    });
    column
}

/// Which sample is the latest at a step.
#[derive(Clone, Copy)]
pub(crate) enum Latest {
    Float(usize),
    Histogram(usize),
}

/// Calls with the latest sample of each step that has one: not older than the lookback, not a staleness marker.
pub(crate) fn each_latest(
    series: &Series,
    shift: TimeShift,
    lookback_ms: i64,
    grid: &Grid,
    mut found: impl FnMut(usize, Latest),
) {
    let (mut floats, mut histograms) = (0, 0);
    for step in 0..grid.steps {
        let time = shift.apply(grid.time(step));
        while series.floats.times_ms.get(floats).is_some_and(|at| *at <= time) {
            floats += 1;
        }
        while series.histograms.times_ms.get(histograms).is_some_and(|at| *at <= time) {
            histograms += 1;
        }
        let float_time = floats.checked_sub(1).map(|index| series.floats.times_ms[index]);
        let histogram_time = histograms.checked_sub(1).map(|index| series.histograms.times_ms[index]);
        let (latest_time, latest) = match (float_time, histogram_time) {
            (Some(float), Some(histogram)) if float > histogram => (float, Latest::Float(floats - 1)),
            (_, Some(histogram)) => (histogram, Latest::Histogram(histograms - 1)),
            (Some(float), None) => (float, Latest::Float(floats - 1)),
            (None, None) => continue,
        };
        let is_stale = match latest {
            Latest::Float(index) => is_stale_nan(series.floats.values[index]),
            Latest::Histogram(index) => series.histograms.values[index].is_stale(),
        };
        if !is_stale && latest_time > time.saturating_sub(lookback_ms) {
            found(step, latest);
        }
    }
}

/// Values between the samples around each step.
fn smoothed_column(
    series: &Series,
    shift: TimeShift,
    lookback_ms: i64,
    grid: &Grid,
    span: Span,
    notes: &mut Annotations,
) -> Column {
    let mut column = Column::empty(grid.steps);
    let (mut floats, mut histograms) = (series.floats.clone(), series.histograms.clone());
    floats.retain(|value| !is_stale_nan(*value));
    histograms.retain(|value| !value.is_stale());
    let metric = series.labels.metric_name();
    for step in 0..grid.steps {
        let time = shift.apply(grid.time(step));
        let (from, to) = (time.saturating_sub(lookback_ms - 1), time.saturating_add(lookback_ms));
        let (near_floats, near_histograms) = (floats.between(from, to), histograms.between(from, to));
        if !near_floats.is_empty() && !near_histograms.is_empty() {
            notes.add(Annotation::mixed_floats_histograms(metric, span));
        } else if !near_floats.is_empty() {
            let (times, values) = (&near_floats.times_ms, &near_floats.values);
            let next = times.partition_point(|at| *at < time);
            if times.get(next) == Some(&time) {
                column.set_float(step, values[next]);
            } else if next > 0 && next < times.len() {
                let value = interpolate((times[next - 1], values[next - 1]), (times[next], values[next]), time, false);
                column.set_float(step, value);
            } else if next > 0 {
                column.set_float(step, values[next - 1]);
            }
        } else if !near_histograms.is_empty() {
            let (times, values) = (&near_histograms.times_ms, &near_histograms.values);
            let next = times.partition_point(|at| *at < time);
            if times.get(next) == Some(&time) {
                column.set(step, Point::Histogram(Arc::clone(&values[next])));
            } else if next > 0 && next < times.len() {
                let (before, after) = (&values[next - 1], &values[next]);
                let is_gauge = before.reset_hint == ResetHint::Gauge && after.reset_hint == ResetHint::Gauge;
                let ends = ((times[next - 1], &**before), (times[next], &**after));
                let is_mixed = before.uses_custom_buckets() != after.uses_custom_buckets();
                match interpolate_histograms(ends.0, ends.1, time, !is_gauge, span, notes) {
                    Ok(histogram) if !is_mixed => column.set(step, Point::Histogram(histogram.into())),
                    _ => notes.add(Annotation::mixed_exponential_custom(metric, span)),
                }
            } else if next > 0 {
                let mut last = (*values[next - 1]).clone();
                last.reset_hint = ResetHint::Unknown;
                column.set(step, Point::Histogram(last.into()));
            }
        }
    }
    column
}
