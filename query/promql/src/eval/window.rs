//! Ranges of samples: `[5m]` and subqueries, and functions over them.
//!
//! Owns the walk of a window over a series, step by step, and where the window's ends are: behind its start, up to and
//! with its end. Never computes anything from the samples; the kernels do.

use std::sync::Arc;

use crate::annotations::{Annotation, Annotations};
use crate::histogram::{Histogram, ResetHint};
use crate::labels::Labels;
use crate::number::is_stale_nan;
use crate::position::Span;
use crate::source::{Samples, Series, Temporality};
use crate::syntax::functions::FunctionName;
use crate::syntax::tree::RangeEnds;

use super::budget::Charge;
use super::column::{Column, Point, StepSeries, StepVector};
use super::plan::{Node, NodeKind, SubqueryNode, TimeShift};
use super::{EvalError, Evaluator, Grid, MatrixSeries, finish, parallel, to_matrix};

/// Samples of one kind within a window.
#[derive(Clone, Copy)]
pub(crate) struct Slice<'a, V> {
    pub times: &'a [i64],
    pub values: &'a [V],
    /// As many as times, or none.
    pub starts: &'a [i64],
}

/// What a function over a range sees.
pub(crate) struct Window<'a> {
    pub labels: &'a Labels,
    pub floats: Slice<'a, f64>,
    pub histograms: Slice<'a, Arc<Histogram>>,
    /// The time behind which the range begins.
    pub start_ms: i64,
    /// The last time of the range.
    pub end_ms: i64,
    /// The time of the step.
    pub step_ms: i64,
    pub ends: RangeEnds,
    pub temporality: Temporality,
    /// Positions, in the whole series, of floats that are less than the one before.
    pub resets: &'a [usize],
    /// The position of the window's first float in the whole series.
    pub first_float: usize,
    /// The other arguments at this step.
    pub scalars: &'a [f64],
    pub span: Span,
}

/// Computes one value from a window.
pub(crate) type Kernel = fn(&Window<'_>, &mut Annotations) -> Result<Option<Point>, EvalError>;

/// Series for windows, without staleness markers.
struct RangeArgument {
    series: Vec<RangeSeries>,
    range_ms: i64,
    shift: TimeShift,
    ends: RangeEnds,
    is_subquery: bool,
    _charge: Charge,
}

struct RangeSeries {
    labels: Labels,
    drop_name: bool,
    floats: Samples<f64>,
    histograms: Samples<Arc<Histogram>>,
    temporality: Temporality,
}

/// How a function over ranges is called.
pub(crate) struct RangeCall<'a> {
    pub function: FunctionName,
    pub name: &'static str,
    pub kernel: Kernel,
    pub argument: &'a Node,
    /// Of each other argument the values at all steps.
    pub scalars: &'a [Vec<f64>],
    /// Where the first argument stands.
    pub span: Span,
}

// === impl Window ===

impl Window<'_> {
    pub(crate) fn metric(&self) -> &str {
        self.labels.metric_name()
    }

    pub(crate) fn range_seconds(&self) -> f64 {
        (self.end_ms - self.start_ms) as f64 / 1000.0
    }
}

impl<'a, V> Slice<'a, V> {
    fn of(samples: &'a Samples<V>, from: usize, to: usize) -> Self {
        Self {
            times: &samples.times_ms[from..to],
            values: &samples.values[from..to],
            starts: samples.start_times_ms.get(from..to).unwrap_or_default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    pub(crate) fn start(&self, index: usize) -> i64 {
        self.starts.get(index).copied().unwrap_or(0)
    }
}

// === impl Evaluator ===

impl Evaluator<'_> {
    /// A function's value for each series at each step.
    pub(crate) fn over_range(
        &self,
        call: &RangeCall<'_>,
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<StepVector, EvalError> {
        let argument = self.range_argument(call.argument, grid, notes)?;
        check_range_ends(argument.ends, call)?;
        let keeps_name = matches!(call.function, FunctionName::LastOverTime | FunctionName::FirstOverTime);
        let uses_starts = self.options.use_start_times
            && !argument.is_subquery
            && matches!(
                call.function,
                FunctionName::Rate | FunctionName::Irate | FunctionName::Increase | FunctionName::Resets
            );
        let RangeArgument { series, range_ms, shift, ends, .. } = argument;
        let frame = Frame { range_ms, shift, ends, lookback_ms: self.options.lookback_ms };
        let reserved = self.reserve(series.len(), grid)?;
        let results = parallel::map(self.options.threads, series, |mut series| {
            self.budget.check_cancelled()?;
            if !uses_starts {
                series.floats.start_times_ms = Vec::new();
                series.histograms.start_times_ms = Vec::new();
            }
            let mut notes = Annotations::default();
            let column = run_kernel(&series, call, &frame, grid, &mut notes)?;
            let is_rate = matches!(call.function, FunctionName::Rate | FunctionName::Increase);
            if is_rate && column.has_floats() && may_be_no_counter(series.labels.metric_name()) {
                notes.add(Annotation::possible_non_counter(series.labels.metric_name(), call.span));
            }
            let drop_name = !keeps_name || series.drop_name;
            Ok((StepSeries { labels: series.labels, drop_name, column }, notes))
        })?;
        let mut vector = Vec::with_capacity(results.len());
        for (series, series_notes) in results {
            notes.merge(series_notes);
            if !series.column.is_all_absent() {
                vector.push(series);
            }
        }
        drop(reserved);
        self.vector(vector)
    }

    /// A range vector as a query's result, at the only step.
    pub(crate) fn range_vector(
        &self,
        node: &Node,
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<Vec<MatrixSeries>, EvalError> {
        let mut matrix = match &node.kind {
            NodeKind::Subquery(subquery) => {
                let inner_grid = self.subquery_grid(subquery, grid)?;
                let vector = self.eval_vector(&subquery.inner, &inner_grid, notes)?;
                finish(vector.series)?.into_iter().map(|series| to_matrix(series, &inner_grid)).collect()
            }
            _ => self.matrix_result(node, grid, notes)?,
        };
        matrix.retain(|series| !series.floats.is_empty() || !series.histograms.is_empty());
        matrix.sort_by(|left, right| left.labels.cmp(&right.labels));
        Ok(matrix)
    }

    /// The times at which a subquery is evaluated for all steps of the query around it: multiples of its step.
    fn subquery_grid(&self, subquery: &SubqueryNode, grid: &Grid) -> Result<Grid, EvalError> {
        let inner = subquery_grid(subquery, grid);
        // Before anything is put into so many steps, they must fit once.
        self.reserve(1, &inner).map(|_| inner)
    }

    fn matrix_result(&self, node: &Node, grid: &Grid, notes: &mut Annotations) -> Result<Vec<MatrixSeries>, EvalError> {
        let argument = self.range_argument(node, grid, notes)?;
        let end = argument.shift.apply(grid.start_ms);
        let start = end.saturating_sub(argument.range_ms);
        let mut matrix = Vec::new();
        for series in argument.series {
            let floats = match argument.ends {
                RangeEnds::Plain => {
                    let floats = series.floats.between(start.saturating_add(1), end);
                    floats.times_ms.into_iter().zip(floats.values).collect()
                }
                ends if !series.histograms.is_empty() => {
                    let name = if ends == RangeEnds::Anchored { "anchored" } else { "smoothed" };
                    return Err(EvalError::Execution(format!("{name} modifier is not supported with histograms")));
                }
                ends => super::rate_extended::extended_points(&series.floats, start, end, ends),
            };
            let histograms = series.histograms.between(start.saturating_add(1), end);
            let histograms = histograms.times_ms.into_iter().zip(histograms.values).collect();
            matrix.push(MatrixSeries { labels: series.labels, floats, histograms });
        }
        Ok(matrix)
    }

    fn range_argument(&self, node: &Node, grid: &Grid, notes: &mut Annotations) -> Result<RangeArgument, EvalError> {
        match &node.kind {
            NodeKind::Matrix { selector, range_ms } => {
                let (series, charge) = self.load(selector, grid, *range_ms)?;
                Ok(RangeArgument {
                    series: series.into_iter().map(RangeSeries::from_source).collect(),
                    range_ms: *range_ms,
                    shift: selector.shift,
                    ends: selector.range_ends,
                    is_subquery: false,
                    _charge: charge,
                })
            }
            NodeKind::Subquery(subquery) => {
                let inner_grid = self.subquery_grid(subquery, grid)?;
                let vector = self.eval_vector(&subquery.inner, &inner_grid, notes)?;
                Ok(RangeArgument {
                    series: vector.series.into_iter().map(|one| RangeSeries::from_steps(one, &inner_grid)).collect(),
                    range_ms: subquery.range_ms,
                    shift: subquery.shift,
                    ends: RangeEnds::Plain,
                    is_subquery: true,
                    _charge: vector.charge,
                })
            }
            NodeKind::Invariant(inner) => self.range_argument(inner, grid, notes),
            _ => Err(EvalError::Execution("expected a range vector".to_owned())),
        }
    }
}

pub(super) fn subquery_grid(subquery: &SubqueryNode, grid: &Grid) -> Grid {
    let step_ms = subquery.step_ms;
    if grid.steps == 0 {
        return Grid { start_ms: 0, step_ms, steps: 0 };
    }
    let behind = subquery.shift.apply(grid.start_ms).saturating_sub(subquery.range_ms);
    let end = subquery.shift.apply(grid.last_ms());
    let start_ms = (behind.div_euclid(step_ms) + 1).saturating_mul(step_ms);
    let steps = if end < start_ms { 0 } else { (end.saturating_sub(start_ms) / step_ms) as usize + 1 };
    Grid { start_ms, step_ms, steps }
}

/// Names that do not end as those of counters do.
fn may_be_no_counter(metric: &str) -> bool {
    !metric.is_empty() && !["_total", "_sum", "_count", "_bucket"].iter().any(|suffix| metric.ends_with(suffix))
}

fn check_range_ends(ends: RangeEnds, call: &RangeCall<'_>) -> Result<(), EvalError> {
    use FunctionName as F;
    let (name, allowed, list) = match ends {
        RangeEnds::Plain => return Ok(()),
        RangeEnds::Anchored => (
            "anchored",
            matches!(call.function, F::Changes | F::Delta | F::Increase | F::Rate | F::Resets),
            "changes, delta, increase, rate, resets",
        ),
        RangeEnds::Smoothed => {
            ("smoothed", matches!(call.function, F::Delta | F::Increase | F::Rate), "delta, increase, rate")
        }
    };
    if allowed {
        return Ok(());
    }
    Err(EvalError::Execution(format!("{name} modifier can only be used with: {list} - not with {}", call.name)))
}

impl RangeSeries {
    fn from_source(series: Series) -> Self {
        let Series { labels, mut floats, mut histograms, temporality } = series;
        floats.retain(|value| !is_stale_nan(*value));
        histograms.retain(|value| !value.is_stale());
        Self { labels, drop_name: false, floats, histograms, temporality }
    }

    /// Points of a subquery. Hints about resets are about samples that may have been left out, so they are forgotten.
    fn from_steps(series: StepSeries, grid: &Grid) -> Self {
        let mut floats = Samples::default();
        let mut histograms: Samples<Arc<Histogram>> = Samples::default();
        for step in 0..grid.steps {
            match series.column.point(step) {
                Some(Point::Float(value)) => {
                    floats.times_ms.push(grid.time(step));
                    floats.values.push(value);
                }
                Some(Point::Histogram(mut histogram)) => {
                    if matches!(histogram.reset_hint, ResetHint::Reset | ResetHint::NotReset) {
                        Arc::make_mut(&mut histogram).reset_hint = ResetHint::Unknown;
                    }
                    histograms.times_ms.push(grid.time(step));
                    histograms.values.push(histogram);
                }
                None => {}
            }
        }
        let temporality = Temporality::Cumulative;
        Self { labels: series.labels, drop_name: series.drop_name, floats, histograms, temporality }
    }
}

/// Where windows lie.
struct Frame {
    range_ms: i64,
    shift: TimeShift,
    ends: RangeEnds,
    lookback_ms: i64,
}

fn run_kernel(
    series: &RangeSeries,
    call: &RangeCall<'_>,
    frame: &Frame,
    grid: &Grid,
    notes: &mut Annotations,
) -> Result<Column, EvalError> {
    let values = &series.floats.values;
    let resets: Vec<usize> = (1..values.len()).filter(|index| values[*index] < values[*index - 1]).collect();
    let mut column = Column::empty(grid.steps);
    let mut scalars = vec![0.0; call.scalars.len()];
    let (mut from, mut to) = ([0usize; 2], [0usize; 2]);
    for step in 0..grid.steps {
        let end_ms = frame.shift.apply(grid.time(step));
        let start_ms = end_ms.saturating_sub(frame.range_ms);
        let before = start_ms.saturating_sub(frame.lookback_ms);
        let (first, last) = match frame.ends {
            RangeEnds::Plain => (start_ms, end_ms),
            RangeEnds::Anchored => (before, end_ms),
            RangeEnds::Smoothed => (before, end_ms.saturating_add(frame.lookback_ms)),
        };
        for (kind, times) in [&series.floats.times_ms, &series.histograms.times_ms].into_iter().enumerate() {
            while times.get(from[kind]).is_some_and(|time| *time <= first) {
                from[kind] += 1;
            }
            while times.get(to[kind]).is_some_and(|time| *time <= last) {
                to[kind] += 1;
            }
            to[kind] = to[kind].max(from[kind]);
        }
        if from == to {
            continue;
        }
        for (scalar, values) in scalars.iter_mut().zip(call.scalars) {
            *scalar = values[step];
        }
        let window = Window {
            labels: &series.labels,
            floats: Slice::of(&series.floats, from[0], to[0]),
            histograms: Slice::of(&series.histograms, from[1], to[1]),
            start_ms,
            end_ms,
            step_ms: grid.time(step),
            ends: frame.ends,
            temporality: series.temporality,
            resets: &resets,
            first_float: from[0],
            scalars: &scalars,
            span: call.span,
        };
        if let Some(point) = (call.kernel)(&window, notes)? {
            column.set(step, point);
        }
    }
    Ok(column)
}
