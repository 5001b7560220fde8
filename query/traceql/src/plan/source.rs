//! What one pipeline reads.
//!
//! Owns which traces can match at all, of which spans more than their place in the trace is needed, and which columns.
//! Never decides in which order they are read.

use std::collections::BTreeSet;

use crate::syntax::field::{Field, Intrinsic};
use crate::syntax::operator::{SpansetOperator, StructuralForm};
use crate::syntax::tree::{FieldExpr, MetricsFunction, MetricsSeries, Pipeline, ScalarExpr, SpansetExpr, Stage};

use super::condition::{SpanCondition, pushdown};

/// What must hold for a trace that a pipeline finds.
#[derive(Clone, Debug, PartialEq)]
pub enum TraceCondition {
    Anything,
    /// One of its spans fulfils this.
    HasSpan(SpanCondition),
    All(Vec<TraceCondition>),
    Any(Vec<TraceCondition>),
}

/// What one pipeline reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Traces that do not fulfil it need not be read.
    pub trace: TraceCondition,
    /// Of spans that do not fulfil it no field is needed: they are in no set, so the second pass must leave them out
    /// rather than evaluate filters on what was not read (`= nil` would hold). `None`: fields of all spans are needed.
    pub spans: Option<SpanCondition>,
    /// Everything that is asked of these spans.
    pub fields: BTreeSet<Field>,
    /// What `select()` adds to each span of the answer; in `fields` too.
    pub selected: Vec<Field>,
    /// All attributes are needed, whatever their names.
    pub needs_all_attributes: bool,
    /// Ids and parents of all spans of the trace are needed.
    pub needs_structure: bool,
    /// Start, end, root service or root name of the trace are needed, which all of its spans make.
    pub needs_trace_totals: bool,
    /// Whether a span is found depends on that span alone, so that spans can be read in any order.
    pub is_per_span: bool,
}

impl Source {
    pub(super) fn of_pipeline(pipeline: &Pipeline) -> Self {
        let mut fields = BTreeSet::new();
        let mut selected = Vec::new();
        pipeline_fields(pipeline, &mut fields, &mut selected);
        let mut source = Self {
            trace: pipeline_condition(pipeline),
            spans: demand(pipeline),
            fields,
            selected,
            needs_all_attributes: false,
            needs_structure: has_structural(pipeline),
            needs_trace_totals: false,
            is_per_span: is_per_span(pipeline),
        };
        source.settle();
        source
    }

    pub(super) fn of_series(series: &MetricsSeries) -> Self {
        let mut source = Self::of_pipeline(&series.pipeline);
        source.fields.extend(series.by.iter().cloned());
        source.fields.extend(series.function.field().cloned());
        if let MetricsFunction::Compare(compare) = &series.function {
            compare.selection.for_each_field(&mut |field| {
                source.fields.insert(field.clone());
            });
            source.fields.extend(crate::eval::metrics::compare::INTRINSICS.map(Field::Intrinsic));
            source.needs_all_attributes = true;
        }
        source.settle();
        source
    }

    /// Draws what follows from the fields.
    fn settle(&mut self) {
        for field in &self.fields {
            match field {
                Field::Attribute(attribute) if attribute.of_parent => {
                    self.needs_structure = true;
                    // The parent may be a span that nothing else asks for.
                    self.spans = None;
                    self.is_per_span = false;
                }
                Field::Intrinsic(
                    Intrinsic::ChildCount
                    | Intrinsic::NestedSetLeft
                    | Intrinsic::NestedSetRight
                    | Intrinsic::NestedSetParent,
                ) => {
                    self.needs_structure = true;
                    self.is_per_span = false;
                }
                Field::Intrinsic(Intrinsic::TraceDuration | Intrinsic::RootName | Intrinsic::RootServiceName) => {
                    self.needs_trace_totals = true;
                    self.is_per_span = false;
                }
                _ => {}
            }
        }
    }
}

// === which traces ===

fn pipeline_condition(pipeline: &Pipeline) -> TraceCondition {
    let stages = pipeline.stages.iter().filter_map(|stage| match stage {
        Stage::Spanset(expr) => Some(spanset_condition(expr)),
        // Sets without spans are gone before numbers are compared, so that these ask for nothing more.
        Stage::Scalar(_) | Stage::By(_) | Stage::Select(_) | Stage::Coalesce => None,
    });
    all(stages.collect())
}

fn spanset_condition(expr: &SpansetExpr) -> TraceCondition {
    match expr {
        SpansetExpr::Filter(filter) => {
            let condition = pushdown(filter);
            // A trace without spans is none.
            if condition.is_everything() { TraceCondition::Anything } else { TraceCondition::HasSpan(condition) }
        }
        SpansetExpr::Pipeline(pipeline) => pipeline_condition(pipeline),
        SpansetExpr::Binary(binary) => {
            let (left, right) = (spanset_condition(&binary.left), spanset_condition(&binary.right));
            match binary.operator {
                SpansetOperator::Or if [&left, &right].contains(&&TraceCondition::Anything) => TraceCondition::Anything,
                SpansetOperator::Or => TraceCondition::Any(vec![left, right]),
                SpansetOperator::Structural { form: StructuralForm::Negated, .. } => right,
                SpansetOperator::And | SpansetOperator::Structural { .. } => all(vec![left, right]),
            }
        }
    }
}

fn all(mut conditions: Vec<TraceCondition>) -> TraceCondition {
    conditions.retain(|condition| *condition != TraceCondition::Anything);
    match conditions.len() {
        0 => TraceCondition::Anything,
        1 => conditions.swap_remove(0),
        _ => TraceCondition::All(conditions),
    }
}

// === which spans ===

/// Every set is made of spans that some filter found, unless a pipeline begins without one.
fn demand(pipeline: &Pipeline) -> Option<SpanCondition> {
    match pipeline.stages.first() {
        Some(Stage::Spanset(expr)) => spanset_demand(expr),
        _ => None,
    }
}

fn spanset_demand(expr: &SpansetExpr) -> Option<SpanCondition> {
    let condition = match expr {
        SpansetExpr::Filter(filter) => pushdown(filter),
        SpansetExpr::Pipeline(pipeline) => demand(pipeline)?,
        SpansetExpr::Binary(binary) => spanset_demand(&binary.left)?.or(spanset_demand(&binary.right)?),
    };
    (!condition.is_everything()).then_some(condition)
}

fn is_per_span(pipeline: &Pipeline) -> bool {
    pipeline.stages.iter().all(|stage| match stage {
        Stage::Spanset(SpansetExpr::Filter(_)) | Stage::By(_) | Stage::Select(_) | Stage::Coalesce => true,
        Stage::Spanset(_) | Stage::Scalar(_) => false,
    })
}

fn has_structural(pipeline: &Pipeline) -> bool {
    fn in_spanset(expr: &SpansetExpr) -> bool {
        match expr {
            SpansetExpr::Filter(_) => false,
            SpansetExpr::Pipeline(pipeline) => has_structural(pipeline),
            SpansetExpr::Binary(binary) => {
                matches!(binary.operator, SpansetOperator::Structural { .. })
                    || in_spanset(&binary.left)
                    || in_spanset(&binary.right)
            }
        }
    }
    pipeline.stages.iter().any(|stage| matches!(stage, Stage::Spanset(expr) if in_spanset(expr)))
}

// === which fields ===

fn pipeline_fields(pipeline: &Pipeline, fields: &mut BTreeSet<Field>, selected: &mut Vec<Field>) {
    for stage in &pipeline.stages {
        match stage {
            Stage::Spanset(expr) => spanset_fields(expr, fields, selected),
            Stage::Scalar(filter) => {
                scalar_fields(&filter.left, fields);
                scalar_fields(&filter.right, fields);
            }
            Stage::By(operand) => expr_fields(operand, fields),
            Stage::Select(chosen) => {
                fields.extend(chosen.iter().cloned());
                selected.extend(chosen.iter().cloned());
            }
            Stage::Coalesce => {}
        }
    }
}

fn spanset_fields(expr: &SpansetExpr, fields: &mut BTreeSet<Field>, selected: &mut Vec<Field>) {
    match expr {
        SpansetExpr::Filter(filter) => expr_fields(filter, fields),
        SpansetExpr::Pipeline(pipeline) => pipeline_fields(pipeline, fields, selected),
        SpansetExpr::Binary(binary) => {
            spanset_fields(&binary.left, fields, selected);
            spanset_fields(&binary.right, fields, selected);
        }
    }
}

fn scalar_fields(expr: &ScalarExpr, fields: &mut BTreeSet<Field>) {
    match expr {
        ScalarExpr::Literal(..) => {}
        ScalarExpr::Aggregate(aggregate) => {
            if let Some(operand) = &aggregate.operand {
                expr_fields(operand, fields);
            }
        }
        ScalarExpr::Binary(binary) => {
            scalar_fields(&binary.left, fields);
            scalar_fields(&binary.right, fields);
        }
    }
}

fn expr_fields(expr: &FieldExpr, fields: &mut BTreeSet<Field>) {
    expr.for_each_field(&mut |field| {
        fields.insert(field.clone());
    });
}
