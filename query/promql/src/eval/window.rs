//! Ranges of samples and functions over them.
//!
//! Owns the walk of a window over a series, step by step, and where the window's ends are: behind its start, up to and
//! with its end. Never computes anything from the samples; the kernels do.

use std::sync::Arc;

use crate::annotations::{Annotation, Annotations};
use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::position::Span;
use crate::source::{Samples, Temporality};
use crate::syntax::functions::FunctionName;
use crate::syntax::tree::RangeEnds;

use super::column::{Column, Point, StepSeries, StepVector};
use super::plan::{Node, NodeKind, TimeShift};
use super::rate::Turns;
use super::selector::keep_present;
use super::{EvalError, Evaluator, Grid, MatrixSeries, finish, parallel, to_matrix};

mod argument;

pub(crate) use argument::subquery_grid;
use argument::{RangeArgument, RangeSeries, selector_of};

/// Samples of one kind within a window.
#[derive(Clone, Copy)]
pub(crate) struct Slice<'a, V> {
    pub times: &'a [i64],
    pub values: &'a [V],
    /// As many as times, or none.
    pub starts: &'a [i64],
    /// How many samples each stands for: as many as times, or none.
    pub stands_for: &'a [u32],
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
    /// In the whole series of floats.
    pub turns: &'a Turns,
    /// The position of the window's first float in the whole series.
    pub first_float: usize,
    /// The other arguments at this step.
    pub scalars: &'a [f64],
    pub span: Span,
}

/// Computes one value from a window.
pub(crate) type Kernel = fn(&Window<'_>, &mut Annotations) -> Result<Option<Point>, EvalError>;

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

    /// Those of positions in the whole series of floats, which ascend, that lie in the window behind its first float.
    pub(crate) fn behind_its_first(&self, positions: &[usize]) -> impl Iterator<Item = usize> {
        let from = positions.partition_point(|position| *position <= self.first_float);
        let within = positions[from..].iter().map(|position| position - self.first_float);
        within.take_while(|position| *position < self.floats.len())
    }
}

impl<'a, V> Slice<'a, V> {
    fn of(samples: &'a Samples<V>, from: usize, to: usize) -> Self {
        Self {
            times: &samples.times_ms[from..to],
            values: &samples.values[from..to],
            starts: samples.start_times_ms.get(from..to).unwrap_or_default(),
            stands_for: samples.stands_for.get(from..to).unwrap_or_default(),
        }
    }

    /// How many samples all of them stand for.
    pub(crate) fn count(&self) -> usize {
        if self.stands_for.is_empty() { self.len() } else { self.stands_for.iter().map(|count| *count as usize).sum() }
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
        let lookback_ms = self.options.lookback_ms;
        if let Some((selector, range_ms)) = selector_of(call.argument) {
            let frame = Frame { range_ms, shift: selector.shift, ends: selector.range_ends, lookback_ms };
            check_range_ends(frame.ends, call)?;
            let uses_starts = self.options.use_start_times && looks_at_starts(call.function);
            return self.load_each(selector, grid, range_ms, |series| {
                let series = series.into_iter().map(RangeSeries::from_source).collect();
                self.over_series(call, &frame, uses_starts, series, grid, notes)
            });
        }
        let RangeArgument { series, range_ms, shift, ends, _charge } =
            self.range_argument(call.argument, grid, notes)?;
        let frame = Frame { range_ms, shift, ends, lookback_ms };
        check_range_ends(frame.ends, call)?;
        let reserved = self.reserve(series.len(), grid)?;
        let present = self.over_series(call, &frame, false, series, grid, notes)?;
        drop(reserved);
        self.vector(present)
    }

    fn over_series(
        &self,
        call: &RangeCall<'_>,
        frame: &Frame,
        uses_starts: bool,
        series: Vec<RangeSeries>,
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<Vec<StepSeries>, EvalError> {
        let keeps_name = matches!(call.function, FunctionName::LastOverTime | FunctionName::FirstOverTime);
        let results = parallel::map::<_, _, EvalError, _>(self.options.threads, series, |mut series| {
            self.budget.check_cancelled()?;
            if !uses_starts {
                series.floats.start_times_ms = Vec::new();
                series.histograms.start_times_ms = Vec::new();
            }
            let mut notes = Annotations::default();
            let column = run_kernel(&series, call, frame, grid, &mut notes)?;
            if is_rate(call.function) && column.has_floats() && may_be_no_counter(series.labels.metric_name()) {
                notes.add(Annotation::possible_non_counter(series.labels.metric_name(), call.span));
            }
            let drop_name = !keeps_name || series.drop_name;
            Ok((StepSeries { labels: series.labels, drop_name, column }, notes))
        })?;
        Ok(keep_present(results, notes))
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
}

/// Whether a function adds up what counters grew by, and so has to know where they turn.
fn is_rate(function: FunctionName) -> bool {
    matches!(function, FunctionName::Rate | FunctionName::Increase)
}

/// Whether a function asks when counting began.
fn looks_at_starts(function: FunctionName) -> bool {
    use FunctionName as F;
    matches!(function, F::Rate | F::Irate | F::Increase | F::Resets)
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
    let turns = match is_rate(call.function) {
        true => Turns::of(&Slice::of(&series.floats, 0, series.floats.len())),
        false => Turns::default(),
    };
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
            turns: &turns,
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
