//! Aggregations.
//!
//! Owns the groups: which series fall together, and what labels a group has. What a group comes to is in [`cells`]; which
//! series of a group stay is in [`selection`].

use foldhash::{HashMap, HashMapExt};

use crate::annotations::{Annotation, Annotations};
use crate::labels::{Labels, METRIC_NAME};
use crate::position::Span;
use crate::syntax::tree::AggregateOperator;

use super::column::{Column, Point, StepSeries, StepVector};
use super::plan::{AggregateNode, NodeKind};
use super::{EvalError, Evaluator, Grid};

mod cells;
mod selection;

/// Series by group, both in the order of the input.
struct Groups {
    labels: Vec<Labels>,
    members: Vec<Vec<usize>>,
}

impl Evaluator<'_> {
    pub(crate) fn aggregate(
        &self,
        node: &AggregateNode,
        span: Span,
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<StepVector, EvalError> {
        if node.operator == AggregateOperator::CountValues {
            return self.count_values(node, grid, notes);
        }
        let parameter = match &node.parameter {
            Some(parameter) => self.eval_scalar(parameter, grid, notes)?,
            None => Vec::new(),
        };
        let vector = self.eval_vector(&node.inner, grid, notes)?;
        let groups = group(&vector.series, &node.grouping, node.without);
        if node.operator.selects_series() {
            let Some(parameter) = selection::checked_parameter(node, parameter, notes)? else {
                return Ok(StepVector::default());
            };
            let series = selection::select(node.operator, vector.series, &groups, &parameter, span, grid, notes);
            return self.vector(series);
        }
        if node.operator == AggregateOperator::Quantile {
            let place = node.parameter.as_ref().map_or(span, |parameter| parameter.span);
            for q in extremes(&parameter).into_iter().filter(|q| !(0.0..=1.0).contains(q)) {
                notes.add(Annotation::invalid_quantile(q, place));
            }
        }
        let series = cells::aggregate(node, &vector.series, groups, &parameter, grid, notes);
        self.vector(series)
    }

    fn count_values(
        &self,
        node: &AggregateNode,
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<StepVector, EvalError> {
        let text = match node.parameter.as_ref().map(|parameter| &parameter.kind) {
            Some(NodeKind::Text(text)) => text.clone(),
            _ => return Err(EvalError::Execution("count_values takes a string".to_owned())),
        };
        if text.value.is_empty() || text.raw_bytes.is_some() {
            let quoted = crate::number::quote_bytes(text.raw_bytes.as_deref().unwrap_or_default());
            return Err(EvalError::Execution(format!("invalid label name {quoted}")));
        }
        let vector = self.eval_vector(&node.inner, grid, notes)?;
        let mut grouping = node.grouping.clone();
        if !node.without {
            grouping.push(text.value.clone());
        }
        let mut places: HashMap<Labels, usize> = HashMap::new();
        let mut counted: Vec<StepSeries> = Vec::new();
        let mut reserved = Vec::new();
        for series in &vector.series {
            for step in 0..grid.steps {
                // There may be as many values as samples.
                if counted.len() > reserved.len() {
                    reserved.push(self.reserve(1, grid)?);
                }
                let value = match series.column.point(step) {
                    Some(Point::Float(value)) => crate::number::format_plain(value),
                    Some(Point::Histogram(histogram)) => histogram.to_string(),
                    None => continue,
                };
                let labels = series.labels.to_builder().set(&text.value, &value).build();
                let labels = group_labels(&labels, &grouping, node.without);
                let place = *places.entry(labels.clone()).or_insert_with(|| {
                    let column = Column::empty(grid.steps);
                    counted.push(StepSeries { labels, drop_name: false, column });
                    counted.len() - 1
                });
                let column = &mut counted[place].column;
                column.set_float(step, column.float(step).unwrap_or(0.0) + 1.0);
            }
        }
        drop(reserved);
        self.vector(counted)
    }
}

fn group(series: &[StepSeries], grouping: &[String], without: bool) -> Groups {
    let mut places: HashMap<Labels, usize> = HashMap::new();
    let mut groups = Groups { labels: Vec::new(), members: Vec::new() };
    for (index, one) in series.iter().enumerate() {
        let labels = group_labels(&one.labels, grouping, without);
        let place = *places.entry(labels.clone()).or_insert_with(|| {
            groups.labels.push(labels);
            groups.members.push(Vec::new());
            groups.labels.len() - 1
        });
        groups.members[place].push(index);
    }
    groups
}

fn group_labels(labels: &Labels, grouping: &[String], without: bool) -> Labels {
    if without {
        let mut builder = labels.without(grouping).to_builder();
        builder.remove(METRIC_NAME).build()
    } else if grouping.is_empty() {
        Labels::empty()
    } else {
        labels.only(grouping)
    }
}

/// NaN if there is one, the least and the greatest: what is worth a warning of a parameter that changes with time.
fn extremes(values: &[f64]) -> Vec<f64> {
    let nan = values.iter().copied().find(|value| value.is_nan());
    let numbers = || values.iter().copied().filter(|value| !value.is_nan());
    [nan, numbers().reduce(f64::max), numbers().reduce(f64::min)].into_iter().flatten().collect()
}
