//! Function calls.
//!
//! Owns which function goes where: over ranges, over instant vectors, over labels. Never computes values itself.

use crate::annotations::{Annotation, Annotations};
use crate::labels::{Labels, METRIC_NAME};
use crate::matcher::MatchOperator;
use crate::position::Span;
use crate::syntax::functions::{Function, FunctionName};
use crate::syntax::tree::ValueType;

use super::column::{Column, StepSeries, StepVector, Value};
use super::plan::{Node, NodeKind};
use super::window::RangeCall;
use super::{EvalError, Evaluator, Grid, over_time};

impl Evaluator<'_> {
    pub(crate) fn call(
        &self,
        function: &'static Function,
        args: &[Node],
        span: Span,
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<Value, EvalError> {
        use FunctionName as F;
        match function.id {
            F::LabelReplace => return self.label_replace(args, grid, notes).map(Value::Vector),
            F::LabelJoin => return self.label_join(args, grid, notes).map(Value::Vector),
            F::Info => return self.info(args, grid, notes).map(Value::Vector),
            F::Sort | F::SortDesc | F::SortByLabel | F::SortByLabelDesc => {
                if !grid.is_instant() {
                    notes.add(Annotation::sort_in_range_query(span));
                }
                return self.sort(function.id, args, grid, notes).map(Value::Vector);
            }
            F::Timestamp | F::StartTimestamp => {
                return self.timestamp(function.id, args, grid, notes).map(Value::Vector);
            }
            F::HistogramQuantile | F::HistogramQuantiles | F::HistogramFraction => {
                return self.bucket_function(function.id, args, grid, notes).map(Value::Vector);
            }
            _ => {}
        }
        let range_arg = args.iter().position(|arg| arg.value_type == ValueType::Matrix);
        match (over_time::kernel(function.id), range_arg) {
            (Some(kernel), Some(index)) => {
                let mut scalars = Vec::new();
                for (_, arg) in args.iter().enumerate().filter(|(other, _)| *other != index) {
                    scalars.push(self.eval_scalar(arg, grid, notes)?);
                }
                let call = RangeCall {
                    function: function.id,
                    name: function.name,
                    kernel,
                    argument: &args[index],
                    scalars: &scalars,
                    span: args[0].span,
                };
                let vector = self.over_range(&call, grid, notes)?;
                if function.id == F::AbsentOverTime {
                    return self.absent(&vector, &args[index], grid, true).map(Value::Vector);
                }
                Ok(Value::Vector(vector))
            }
            _ if function.id == F::Absent => {
                let vector = self.eval_vector(&args[0], grid, notes)?;
                self.absent(&vector, &args[0], grid, false).map(Value::Vector)
            }
            _ => self.instant_function(function.id, args, grid, notes),
        }
    }

    /// One, at the steps where no series has a value.
    fn absent(&self, vector: &StepVector, arg: &Node, grid: &Grid, drop_name: bool) -> Result<StepVector, EvalError> {
        let mut column = Column::empty(grid.steps);
        for step in 0..grid.steps {
            if !vector.series.iter().any(|series| series.column.is_present(step)) {
                column.set_float(step, 1.0);
            }
        }
        if column.is_all_absent() {
            return Ok(StepVector::default());
        }
        self.vector(vec![StepSeries { labels: labels_of_selector(arg), drop_name, column }])
    }
}

/// The labels that a selector fixes to one value, which an absent series would have.
fn labels_of_selector(node: &Node) -> Labels {
    let matchers = match &node.kind {
        NodeKind::Selector(selector) | NodeKind::Matrix { selector, .. } => &selector.matchers,
        NodeKind::Invariant(inner) => return labels_of_selector(inner),
        _ => return Labels::empty(),
    };
    let mut builder = Labels::empty().to_builder();
    let mut seen: Vec<&str> = Vec::new();
    for matcher in matchers.iter().filter(|matcher| matcher.name != METRIC_NAME) {
        if matcher.operator == MatchOperator::Equal && !seen.contains(&matcher.name.as_str()) {
            builder.set(&matcher.name, &matcher.value);
            seen.push(&matcher.name);
        } else {
            builder.remove(&matcher.name);
        }
    }
    builder.build()
}
