//! What a group of series comes to at each step: sum, mean, extremes, count, spread, quantile.
//!
//! Owns the running values, one for each group and step, fed series by series. A group that mixes floats and histograms
//! has no sum and no mean; all other aggregations ignore histograms, except for counting.

use std::sync::Arc;

use crate::annotations::{Annotation, Annotations, HistogramOperation};
use crate::histogram::arithmetic::compensated_add;
use crate::histogram::{Histogram, HistogramSum, IncompatibleSchemas};
use crate::syntax::tree::AggregateOperator;

use super::super::Grid;
use super::super::column::{Column, Point, StepSeries};
use super::super::math::quantile;
use super::super::over_time::{HistogramMean, Mean, SeenHints};
use super::super::plan::AggregateNode;
use super::Groups;

/// The running value of a group at one step.
enum Cell {
    Nothing,
    /// Sum and what rounding lost; extremes and counts use the first only.
    Float(f64, f64),
    Mean(Mean),
    /// Count, mean, and sum of squared deviations.
    Spread(f64, f64, f64),
    Values(Vec<f64>),
    HistogramSum(Box<(HistogramSum, SeenHints)>),
    HistogramMean(Box<(HistogramMean, SeenHints)>),
    /// Floats and histograms together.
    Mixed,
    /// Histograms that cannot be added.
    Incompatible,
}

pub(super) fn aggregate(
    node: &AggregateNode,
    series: &[StepSeries],
    groups: Groups,
    parameter: &[f64],
    grid: &Grid,
    notes: &mut Annotations,
) -> Vec<StepSeries> {
    let mut aggregated = Vec::with_capacity(groups.labels.len());
    for (labels, members) in groups.labels.into_iter().zip(groups.members) {
        let mut cells: Vec<Cell> = (0..grid.steps).map(|_| Cell::Nothing).collect();
        let mut drop_name = false;
        for index in members {
            let one = &series[index];
            drop_name |= one.drop_name;
            for (step, cell) in cells.iter_mut().enumerate() {
                if let Some(value) = one.column.float(step) {
                    cell.add_float(node.operator, value);
                } else if let Some(histogram) = one.column.histogram(step) {
                    cell.add_histogram(node, histogram, one.labels.metric_name(), notes);
                }
            }
        }
        let mut column = Column::empty(grid.steps);
        for (step, cell) in cells.into_iter().enumerate() {
            let q = parameter.get(step).copied().unwrap_or(f64::NAN);
            if let Some(point) = cell.finish(node, q, notes) {
                column.set(step, point);
            }
        }
        if !column.is_all_absent() {
            aggregated.push(StepSeries { labels, drop_name, column });
        }
    }
    aggregated
}

impl Cell {
    fn add_float(&mut self, operator: AggregateOperator, value: f64) {
        use AggregateOperator as Op;
        match (&mut *self, operator) {
            (Cell::Nothing, Op::Sum | Op::Min | Op::Max) => *self = Cell::Float(value, 0.0),
            (Cell::Nothing, Op::Count | Op::Group) => *self = Cell::Float(1.0, 0.0),
            (Cell::Nothing, Op::Avg) => {
                let mut mean = Mean::default();
                mean.add(value);
                *self = Cell::Mean(mean);
            }
            (Cell::Nothing, Op::Stddev | Op::Stdvar) => {
                *self = Cell::Spread(1.0, value, if value.is_finite() { 0.0 } else { f64::NAN });
            }
            (Cell::Nothing, _) => *self = Cell::Values(vec![value]),
            (Cell::Float(sum, lost), Op::Sum) => (*sum, *lost) = compensated_add(value, *sum, *lost),
            (Cell::Float(least, _), Op::Min) if *least > value || least.is_nan() => *least = value,
            (Cell::Float(greatest, _), Op::Max) if *greatest < value || greatest.is_nan() => *greatest = value,
            (Cell::Float(count, _), Op::Count) => *count += 1.0,
            (Cell::Mean(mean), _) => mean.add(value),
            (Cell::Spread(count, mean, squares), _) => {
                *count += 1.0;
                let delta = value - *mean;
                *mean += delta / *count;
                *squares += delta * (value - *mean);
            }
            (Cell::Values(values), _) => values.push(value),
            (Cell::HistogramSum(_) | Cell::HistogramMean(_), _) => *self = Cell::Mixed,
            _ => {}
        }
    }

    fn add_histogram(
        &mut self,
        node: &AggregateNode,
        histogram: &Arc<Histogram>,
        metric: &str,
        notes: &mut Annotations,
    ) {
        use AggregateOperator as Op;
        let span = node.inner.span;
        let mut hints = SeenHints::default();
        hints.see(histogram.reset_hint);
        let added = match (&mut *self, node.operator) {
            (_, Op::Count | Op::Group) => return self.add_float(node.operator, 1.0),
            (Cell::Mixed | Cell::Incompatible, _) => return,
            (Cell::Nothing, Op::Sum) => {
                *self = Cell::HistogramSum(Box::new((HistogramSum::new(Histogram::clone(histogram)), hints)));
                return;
            }
            (Cell::Nothing, Op::Avg) => {
                *self = Cell::HistogramMean(Box::new((HistogramMean::new(Histogram::clone(histogram)), hints)));
                return;
            }
            (Cell::HistogramSum(sum), _) => {
                sum.1.see(histogram.reset_hint);
                sum.0.add(histogram)
            }
            (Cell::HistogramMean(mean), _) => {
                mean.1.see(histogram.reset_hint);
                mean.0.add(histogram)
            }
            (_, Op::Sum | Op::Avg) => {
                *self = Cell::Mixed;
                return;
            }
            (_, operator) => {
                notes.add(Annotation::histogram_ignored_in_aggregation(operator.as_str(), span));
                return;
            }
        };
        match added {
            Ok(combined) if combined.bounds_reconciled => {
                notes.add(Annotation::bounds_reconciled(HistogramOperation::Aggregation, span));
            }
            Ok(_) => {}
            Err(IncompatibleSchemas) => {
                notes.add(Annotation::mixed_exponential_custom(metric, span));
                *self = Cell::Incompatible;
            }
        }
    }

    fn finish(self, node: &AggregateNode, q: f64, notes: &mut Annotations) -> Option<Point> {
        let span = node.inner.span;
        let (histogram, hints) = match self {
            Cell::Nothing | Cell::Incompatible => return None,
            Cell::Mixed => {
                notes.add(Annotation::mixed_floats_histograms_in_aggregation(span));
                return None;
            }
            Cell::Float(value, lost) => return Some(Point::Float(value + lost)),
            Cell::Mean(mean) => return Some(Point::Float(mean.finish())),
            Cell::Spread(count, _, squares) => {
                let variance = squares / count;
                let is_deviation = node.operator == AggregateOperator::Stddev;
                return Some(Point::Float(if is_deviation { variance.sqrt() } else { variance }));
            }
            Cell::Values(mut values) => return Some(Point::Float(quantile(q, &mut values))),
            Cell::HistogramSum(sum) => (sum.0.finish(), sum.1),
            Cell::HistogramMean(mean) => (mean.0.finish(), mean.1),
        };
        if hints.collide() {
            notes.add(Annotation::reset_collision(HistogramOperation::Aggregation, span));
        }
        let mut histogram = histogram;
        histogram.compact();
        Some(Point::Histogram(Arc::new(histogram)))
    }
}
