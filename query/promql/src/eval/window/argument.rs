//! What a function over ranges walks along: series of a selector, or the points of a subquery.
//!
//! Owns how both become series without staleness markers, and at what times a subquery is evaluated.

use std::sync::Arc;

use crate::annotations::Annotations;
use crate::histogram::{Histogram, ResetHint};
use crate::labels::Labels;
use crate::number::is_stale_nan;
use crate::source::{Samples, Series, Temporality};
use crate::syntax::tree::RangeEnds;

use super::super::budget::Charge;
use super::super::column::{Point, StepSeries};
use super::super::plan::{Node, NodeKind, Selector, SubqueryNode, TimeShift};
use super::super::{EvalError, Evaluator, Grid};

/// Series for windows, without staleness markers.
pub(super) struct RangeArgument {
    pub series: Vec<RangeSeries>,
    pub range_ms: i64,
    pub shift: TimeShift,
    pub ends: RangeEnds,
    pub _charge: Charge,
}

pub(super) struct RangeSeries {
    pub labels: Labels,
    pub drop_name: bool,
    pub floats: Samples<f64>,
    pub histograms: Samples<Arc<Histogram>>,
    pub temporality: Temporality,
}

/// The selector of a range, and its length; `None` of a subquery.
pub(super) fn selector_of(node: &Node) -> Option<(&Selector, i64)> {
    match &node.kind {
        NodeKind::Matrix { selector, range_ms } => Some((selector, *range_ms)),
        NodeKind::Invariant(inner) => selector_of(inner),
        _ => None,
    }
}

impl Evaluator<'_> {
    pub(super) fn range_argument(
        &self,
        node: &Node,
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<RangeArgument, EvalError> {
        match &node.kind {
            NodeKind::Matrix { selector, range_ms } => {
                let (series, charge) = self.load(selector, grid, *range_ms)?;
                Ok(RangeArgument {
                    series: series.into_iter().map(RangeSeries::from_source).collect(),
                    range_ms: *range_ms,
                    shift: selector.shift,
                    ends: selector.range_ends,
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
                    _charge: vector.charge,
                })
            }
            NodeKind::Invariant(inner) => self.range_argument(inner, grid, notes),
            _ => Err(EvalError::Execution("expected a range vector".to_owned())),
        }
    }

    /// The times at which a subquery is evaluated for all steps of the query around it: multiples of its step.
    pub(super) fn subquery_grid(&self, subquery: &SubqueryNode, grid: &Grid) -> Result<Grid, EvalError> {
        let inner = subquery_grid(subquery, grid);
        // Before anything is put into so many steps, they must fit once.
        self.reserve(1, &inner).map(|_| inner)
    }
}

pub(crate) fn subquery_grid(subquery: &SubqueryNode, grid: &Grid) -> Grid {
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

impl RangeSeries {
    pub(super) fn from_source(series: Series) -> Self {
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
