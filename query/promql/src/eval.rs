//! Evaluation of queries.
//!
//! Owns the way from a tree and a source of series to a result. Every node is evaluated once, for all steps of the query,
//! series by series; a column holds one series' values at all steps. Metric names that no longer fit a value are dropped
//! at the very end, so that functions further out can still ask for them. Never does I/O itself: the source does.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::annotations::Annotations;
use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::source::{SeriesSource, SourceError};
use crate::syntax::parser::ParseErrors;
use crate::syntax::tree::{Expr, ValueType};

mod aggregate;
mod binary;
mod budget;
mod call;
mod column;
mod histogram_functions;
mod info;
mod instant_functions;
mod label_functions;
mod math;
mod over_time;
pub mod parallel;
mod plan;
mod rate;
mod rate_extended;
mod result;
mod selector;
mod selects;
mod sort;
mod window;

pub use budget::{CancelCheck, Limits};
pub use column::Point;
pub use result::{MatrixSeries, QueryResult, QueryValue, Statistics, VectorSample};
pub use selects::{PlannedSelect, planned_selects};

use budget::Budget;
use column::{StepSeries, StepVector, Value};
use plan::{Node, NodeKind, QueryTimes};

/// How queries are evaluated.
#[derive(Clone)]
pub struct EvalOptions {
    /// How far an instant selector looks back for a sample, in milliseconds.
    pub lookback_ms: i64,
    /// The step of subqueries that do not say one, in milliseconds.
    pub subquery_step_ms: i64,
    pub limits: Limits,
    /// Threads for functions over many series.
    pub threads: usize,
    /// Whether `rate`, `increase`, `irate` and `resets` look at when samples say that counting began.
    pub use_start_times: bool,
    /// Asked now and then whether to go on.
    pub cancel: Option<Arc<CancelCheck>>,
}

impl Default for EvalOptions {
    fn default() -> Self {
        Self {
            lookback_ms: 5 * 60_000,
            subquery_step_ms: 60_000,
            limits: Limits::default(),
            threads: 1,
            use_start_times: true,
            cancel: None,
        }
    }
}

/// Why a query has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    #[error(transparent)]
    Parse(#[from] ParseErrors),
    #[error(
        "query would load too many samples: {total} so far, the limit is {limit}; narrow the selectors or the time range"
    )]
    TooManySamples { total: usize, limit: usize },
    #[error(
        "query would use too much memory: {total} bytes, the limit is {limit}; aggregate earlier or widen the step"
    )]
    TooMuchMemory { total: usize, limit: usize },
    #[error("query has too many steps: {steps}, the limit is {limit}; widen the step or narrow the time range")]
    TooManySteps { steps: usize, limit: usize },
    #[error("query was ended: {0}")]
    Cancelled(String),
    #[error("expanding series: {0}")]
    Source(#[from] SourceError),
    /// The query itself cannot be evaluated over this data.
    #[error("{0}")]
    Execution(String),
}

/// The query at one time, in milliseconds since 1970.
pub fn evaluate_instant(
    source: &dyn SeriesSource,
    expr: &Expr,
    time_ms: i64,
    options: &EvalOptions,
) -> Result<QueryResult, EvalError> {
    let times =
        QueryTimes { start_ms: time_ms, end_ms: time_ms, step_ms: 0, subquery_step_ms: options.subquery_step_ms };
    let (evaluator, grid, node) = Evaluator::prepare(source, expr, &times, options)?;
    let mut annotations = Annotations::default();
    let value = if node.value_type == ValueType::Matrix {
        QueryValue::Matrix(evaluator.range_vector(&node, &grid, &mut annotations)?)
    } else {
        match evaluator.eval(&node, &grid, &mut annotations)? {
            Value::Scalar(values) => QueryValue::Scalar { time_ms, value: values[0] },
            Value::Text(value) => QueryValue::Text { time_ms, value },
            Value::Vector(vector) => {
                let series = finish(vector.series)?.into_iter();
                let sample = |series: StepSeries| {
                    let value = series.column.point(0)?;
                    Some(VectorSample { labels: series.labels, time_ms, value })
                };
                QueryValue::Vector(series.filter_map(sample).collect())
            }
        }
    };
    Ok(QueryResult { value, annotations, statistics: evaluator.statistics() })
}

/// The query at every step from a time to another, both in milliseconds since 1970.
pub fn evaluate_range(
    source: &dyn SeriesSource,
    expr: &Expr,
    start_ms: i64,
    end_ms: i64,
    step_ms: i64,
    options: &EvalOptions,
) -> Result<QueryResult, EvalError> {
    let found = expr.value_type();
    if !matches!(found, ValueType::Scalar | ValueType::Vector) {
        let found = crate::number::quote(found.documented());
        let message = format!("invalid expression type {found} for range query, must be Scalar or instant Vector");
        return Err(EvalError::Execution(message));
    }
    let times = QueryTimes { start_ms, end_ms, step_ms, subquery_step_ms: options.subquery_step_ms };
    let (evaluator, grid, node) = Evaluator::prepare(source, expr, &times, options)?;
    let mut annotations = Annotations::default();
    let mut matrix = match evaluator.eval(&node, &grid, &mut annotations)? {
        Value::Scalar(values) => {
            let floats = values.into_iter().enumerate().map(|(step, value)| (grid.time(step), value)).collect();
            vec![MatrixSeries { floats, ..MatrixSeries::default() }]
        }
        Value::Vector(vector) => finish(vector.series)?.into_iter().map(|series| to_matrix(series, &grid)).collect(),
        Value::Text(_) => Vec::new(),
    };
    matrix.retain(|series| !series.floats.is_empty() || !series.histograms.is_empty());
    matrix.sort_by(|left, right| left.labels.cmp(&right.labels));
    Ok(QueryResult { value: QueryValue::Matrix(matrix), annotations, statistics: evaluator.statistics() })
}

/// Equally spaced times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub start_ms: i64,
    pub step_ms: i64,
    pub steps: usize,
}

impl Grid {
    /// The steps of a query; none where it ends before it starts.
    fn of_query(times: &QueryTimes) -> Self {
        let step_ms = times.step_ms.max(1);
        let length = times.end_ms.saturating_sub(times.start_ms);
        let steps = if length < 0 { 0 } else { (length / step_ms) as usize + 1 };
        Self { start_ms: times.start_ms, step_ms, steps }
    }

    pub(crate) fn time(&self, step: usize) -> i64 {
        self.start_ms + step as i64 * self.step_ms
    }

    pub(crate) fn last_ms(&self) -> i64 {
        self.time(self.steps.saturating_sub(1))
    }

    pub(crate) fn is_instant(&self) -> bool {
        self.steps == 1
    }
}

pub(crate) struct Evaluator<'a> {
    source: &'a dyn SeriesSource,
    options: &'a EvalOptions,
    budget: Arc<Budget>,
}

// === impl Evaluator ===

impl<'a> Evaluator<'a> {
    fn prepare(
        source: &'a dyn SeriesSource,
        expr: &Expr,
        times: &QueryTimes,
        options: &'a EvalOptions,
    ) -> Result<(Self, Grid, Node), EvalError> {
        let budget = Budget::new(options.limits, options.cancel.clone());
        let grid = Grid::of_query(times);
        let steps = grid.steps;
        let limit = budget.limits().steps_max;
        if steps > limit {
            return Err(EvalError::TooManySteps { steps, limit });
        }
        let node = plan::plan(expr, times)?;
        Ok((Self { source, options, budget }, grid, node))
    }

    fn statistics(&self) -> Statistics {
        Statistics { samples_loaded: self.budget.samples(), memory_bytes_peak: self.budget.bytes_peak() }
    }

    /// A node's value at every step of a grid.
    pub(crate) fn eval(&self, node: &Node, grid: &Grid, notes: &mut Annotations) -> Result<Value, EvalError> {
        self.budget.check_cancelled()?;
        match &node.kind {
            NodeKind::Number(number) => Ok(Value::Scalar(vec![*number; grid.steps])),
            NodeKind::Text(text) => Ok(Value::Text(text.value.clone())),
            NodeKind::Selector(selector) => self.instant_vector(selector, node.span, grid, notes).map(Value::Vector),
            NodeKind::Negate(inner) => self.negate(inner, grid, notes),
            NodeKind::Binary(_) => self.binary_chain(node, grid, notes),
            NodeKind::Call { function, args } => self.call(function, args, node.span, grid, notes),
            NodeKind::Aggregate(aggregate) => self.aggregate(aggregate, node.span, grid, notes).map(Value::Vector),
            NodeKind::Invariant(inner) => self.invariant(inner, grid, notes),
            NodeKind::Matrix { .. } | NodeKind::Subquery(_) => {
                Err(EvalError::Execution("a range vector cannot be evaluated at several steps".to_owned()))
            }
        }
    }

    /// A node's value that must be a vector.
    pub(crate) fn eval_vector(
        &self,
        node: &Node,
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<StepVector, EvalError> {
        match self.eval(node, grid, notes)? {
            Value::Vector(vector) => Ok(vector),
            _ => Err(EvalError::Execution("expected an instant vector".to_owned())),
        }
    }

    /// A node's value that must be a scalar.
    pub(crate) fn eval_scalar(&self, node: &Node, grid: &Grid, notes: &mut Annotations) -> Result<Vec<f64>, EvalError> {
        match self.eval(node, grid, notes)? {
            Value::Scalar(values) => Ok(values),
            _ => Err(EvalError::Execution("expected a scalar".to_owned())),
        }
    }

    /// Counts the memory of so many columns before they are made, until they are counted themselves.
    pub(crate) fn reserve(&self, columns: usize, grid: &Grid) -> Result<budget::Charge, EvalError> {
        self.budget.charge(columns.saturating_mul(grid.steps).saturating_mul(8))
    }

    pub(crate) fn vector(&self, series: Vec<StepSeries>) -> Result<StepVector, EvalError> {
        StepVector::new(series, &self.budget)
    }

    /// Evaluated at the first step, given at all.
    fn invariant(&self, inner: &Node, grid: &Grid, notes: &mut Annotations) -> Result<Value, EvalError> {
        if grid.steps == 0 {
            return self.eval(inner, grid, notes);
        }
        let first = Grid { steps: 1, ..*grid };
        Ok(match self.eval(inner, &first, notes)? {
            Value::Scalar(values) => Value::Scalar(vec![values[0]; grid.steps]),
            Value::Text(text) => Value::Text(text),
            Value::Vector(vector) if grid.is_instant() => Value::Vector(vector),
            Value::Vector(vector) => {
                let repeat = |series: &StepSeries| StepSeries {
                    column: series.column.repeated(grid.steps),
                    labels: series.labels.clone(),
                    drop_name: series.drop_name,
                };
                Value::Vector(self.vector(vector.series.iter().map(repeat).collect())?)
            }
        })
    }

    fn negate(&self, inner: &Node, grid: &Grid, notes: &mut Annotations) -> Result<Value, EvalError> {
        Ok(match self.eval(inner, grid, notes)? {
            Value::Scalar(values) => Value::Scalar(values.into_iter().map(|value| -value).collect()),
            Value::Text(text) => Value::Text(text),
            Value::Vector(mut vector) => {
                for series in &mut vector.series {
                    series.drop_name = true;
                    for step in 0..grid.steps {
                        match series.column.point(step) {
                            Some(Point::Float(value)) => series.column.set_float(step, -value),
                            Some(Point::Histogram(histogram)) => {
                                let mut negative = Histogram::clone(&histogram);
                                negative.multiply(-1.0);
                                series.column.set_histogram(step, Arc::new(negative));
                            }
                            None => {}
                        }
                    }
                }
                Value::Vector(vector)
            }
        })
    }
}

pub(crate) const SAME_LABELS: &str = "vector cannot contain metrics with the same labelset";

/// Drops names that no longer fit and merges series that then have the same labels.
pub(crate) fn finish(mut series: Vec<StepSeries>) -> Result<Vec<StepSeries>, EvalError> {
    for one in &mut series {
        if one.drop_name {
            one.labels = one.labels.without_metadata();
            one.drop_name = false;
        }
    }
    merge_same_labels(series)
}

/// One series for each label set; an error where two have a value at the same step.
pub(crate) fn merge_same_labels(series: Vec<StepSeries>) -> Result<Vec<StepSeries>, EvalError> {
    let mut places: HashMap<Labels, usize> = HashMap::with_capacity(series.len());
    let mut merged: Vec<StepSeries> = Vec::with_capacity(series.len());
    for one in series {
        match places.get(&one.labels) {
            None => {
                places.insert(one.labels.clone(), merged.len());
                merged.push(one);
            }
            Some(place) => {
                if !merged[*place].column.absorb(&one.column) {
                    return Err(EvalError::Execution(SAME_LABELS.to_owned()));
                }
            }
        }
    }
    Ok(merged)
}

fn to_matrix(series: StepSeries, grid: &Grid) -> MatrixSeries {
    let mut matrix = MatrixSeries { labels: series.labels, ..MatrixSeries::default() };
    for step in 0..grid.steps {
        match series.column.point(step) {
            Some(Point::Float(value)) => matrix.floats.push((grid.time(step), value)),
            Some(Point::Histogram(histogram)) => matrix.histograms.push((grid.time(step), histogram)),
            None => {}
        }
    }
    matrix
}

#[cfg(test)]
mod tests;
