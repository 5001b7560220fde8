//! Series over time.
//!
//! Owns the way from spans to series: which spans count, in which interval, under which labels. Results do not depend on
//! the order of the traces, but for sums of floats. Never samples.

pub mod compare;
pub mod function;
pub mod grid;
pub mod quantile;
pub mod second_stage;
pub mod series;

pub use function::{Counted, Example, Exemplary, exemplary, series_of_counts};
pub use grid::{Grid, GridError};
pub use series::{Exemplar, Labels, Series};

use crate::model::Trace;
use crate::syntax::literal::Literal;
use crate::syntax::tree::{Metrics, MetricsFunction, MetricsSeries, Query};

use super::pipeline::evaluate_pipeline;
use super::view::TraceView;

/// Exemplars of a series where the query asks for some and not for how many.
const EXEMPLARS_DEFAULT: usize = 100;

/// A span that counts, and when.
pub(super) struct Observed<'v, 'a> {
    pub view: &'v TraceView<'a>,
    pub span: usize,
    pub interval: usize,
}

impl Observed<'_, '_> {
    fn start_time(&self) -> i64 {
        self.view.trace().spans[self.span].start_time
    }

    fn exemplar(&self, value: f64) -> Exemplar {
        let trace = self.view.trace();
        Exemplar {
            trace_id: trace.trace_id,
            span_id: trace.spans[self.span].span_id,
            timestamp: self.start_time(),
            interval: self.interval,
            value,
        }
    }
}

/// How many exemplars a query's hint asks for: `exemplars=true`, or a number; nothing where it has no such hint.
#[must_use]
pub fn exemplars_asked(query: &Query) -> Option<usize> {
    match query.hint("exemplars")? {
        Literal::Bool(true) => Some(EXEMPLARS_DEFAULT),
        Literal::Int(count) => Some(usize::try_from(*count).unwrap_or(0)),
        _ => Some(0),
    }
}

/// The series of some traces, sorted by their labels, each with at most so many exemplars.
#[must_use]
pub fn evaluate_metrics(metrics: &Metrics, traces: &[Trace], grid: &Grid, exemplars: usize) -> Vec<Series> {
    combine_metrics(metrics, &mut |series| evaluate_series(series, traces, grid, exemplars))
}

/// What becomes of series that were counted by anybody: asked for in the order of [`counted_in`], sorted by their labels.
#[must_use]
pub fn combine_metrics(metrics: &Metrics, count: &mut impl FnMut(&MetricsSeries) -> Vec<Series>) -> Vec<Series> {
    let mut series = match metrics {
        Metrics::Series(series) => count(series),
        Metrics::Staged { input, stage } => second_stage::apply(*stage, combine_metrics(input, count)),
        Metrics::Binary { operator, left, right } => {
            let left = combine_metrics(left, count);
            second_stage::combine(*operator, &left, &combine_metrics(right, count))
        }
        Metrics::WithNumber { operator, input, number, number_is_left } => {
            let input = combine_metrics(input, count);
            second_stage::with_number(*operator, input, *number, *number_is_left)
        }
    };
    series.sort_by_cached_key(Series::key);
    series
}

/// What is to be counted for a query, in the order of the text.
#[must_use]
pub fn counted_in(metrics: &Metrics) -> Vec<&MetricsSeries> {
    match metrics {
        Metrics::Series(series) => vec![series],
        Metrics::Staged { input, .. } | Metrics::WithNumber { input, .. } => counted_in(input),
        Metrics::Binary { left, right, .. } => {
            let mut all = counted_in(left);
            all.extend(counted_in(right));
            all
        }
    }
}

/// The series of one pipeline over some traces.
#[must_use]
pub fn evaluate_series(series: &MetricsSeries, traces: &[Trace], grid: &Grid, exemplars: usize) -> Vec<Series> {
    if let MetricsFunction::Compare(compare) = &series.function {
        let mut counts = compare::Counts::new(compare, grid.len());
        for_each_observed(series, traces, grid, |observed| counts.add(observed));
        return counts.series();
    }
    let mut table = function::Table::new(series, grid, exemplars);
    for_each_observed(series, traces, grid, |observed| table.add(observed));
    table.series()
}

/// Every span that the pipeline leaves and that starts within the grid.
fn for_each_observed(
    series: &MetricsSeries,
    traces: &[Trace],
    grid: &Grid,
    mut observe: impl FnMut(&Observed<'_, '_>),
) {
    for trace in traces {
        let view = TraceView::new(trace);
        for set in evaluate_pipeline(&series.pipeline, &view) {
            for span in set.spans {
                if let Some(interval) = grid.interval(trace.spans[span].start_time) {
                    observe(&Observed { view: &view, span, interval });
                }
            }
        }
    }
}
