//! Stages over the spans of one trace.
//!
//! Owns sets of spans: how filters, operators, groups and numbers make new ones. A set is never empty, and its spans are
//! in the order of the trace.

use std::collections::HashMap;

use crate::syntax::operator::SpansetOperator;
use crate::syntax::tree::{FieldExpr, Pipeline, ScalarExpr, ScalarFilter, SpansetExpr, Stage};

use super::filter::{holds, value_of};
use super::operand::Operand;
use super::scalar::{aggregate_of, scalar_of};
use super::view::TraceView;

/// Spans of one trace that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spanset {
    /// Indexes into the trace, ascending.
    pub spans: Vec<usize>,
    /// What `by()` and aggregates found, by their text.
    pub attributes: Vec<(String, Operand<'static>)>,
}

/// What a pipeline leaves of a trace.
#[must_use]
pub fn evaluate_pipeline(pipeline: &Pipeline, view: &TraceView<'_>) -> Vec<Spanset> {
    evaluate_pipeline_over(pipeline, view, (0..view.trace().spans.len()).collect())
}

/// What a pipeline leaves of some spans of a trace, ascending. Who is whose child is that of the whole trace.
#[must_use]
pub fn evaluate_pipeline_over(pipeline: &Pipeline, view: &TraceView<'_>, spans: Vec<usize>) -> Vec<Spanset> {
    if spans.is_empty() {
        return Vec::new();
    }
    run(pipeline, view, vec![Spanset { spans, attributes: Vec::new() }])
}

fn run(pipeline: &Pipeline, view: &TraceView<'_>, input: Vec<Spanset>) -> Vec<Spanset> {
    pipeline.stages.iter().fold(input, |sets, stage| match stage {
        Stage::Spanset(expr) => sets.into_iter().filter_map(|set| narrowed(expr, view, set)).collect(),
        Stage::Scalar(filter) => sets.into_iter().filter_map(|set| kept(filter, view, set)).collect(),
        Stage::By(operand) => sets.iter().flat_map(|set| groups(operand, view, set)).collect(),
        Stage::Select(_) => sets,
        Stage::Coalesce => coalesced(&sets).into_iter().collect(),
    })
}

/// The spans of a set that an expression finds.
fn narrowed(expr: &SpansetExpr, view: &TraceView<'_>, set: Spanset) -> Option<Spanset> {
    let spans = spans_of(expr, view, &set.spans);
    (!spans.is_empty()).then_some(Spanset { spans, attributes: set.attributes })
}

fn spans_of(expr: &SpansetExpr, view: &TraceView<'_>, input: &[usize]) -> Vec<usize> {
    match expr {
        SpansetExpr::Filter(filter) => input.iter().copied().filter(|span| holds(filter, view, *span)).collect(),
        SpansetExpr::Pipeline(pipeline) => {
            let set = Spanset { spans: input.to_vec(), attributes: Vec::new() };
            coalesced(&run(pipeline, view, vec![set])).map_or_else(Vec::new, |set| set.spans)
        }
        SpansetExpr::Binary(binary) => {
            let left = spans_of(&binary.left, view, input);
            let right = spans_of(&binary.right, view, input);
            match binary.operator {
                SpansetOperator::And if left.is_empty() || right.is_empty() => Vec::new(),
                SpansetOperator::And | SpansetOperator::Or => merged(left, right),
                SpansetOperator::Structural { relation, form } => {
                    let count = view.trace().spans.len();
                    let (left, right) = (marked(&left, count), marked(&right, count));
                    let related = view.structure().related(relation, form, &left, &right);
                    (0..count).filter(|span| related[*span]).collect()
                }
            }
        }
    }
}

fn marked(spans: &[usize], count: usize) -> Vec<bool> {
    let mut marked = vec![false; count];
    for span in spans {
        marked[*span] = true;
    }
    marked
}

fn merged(mut left: Vec<usize>, right: Vec<usize>) -> Vec<usize> {
    left.extend(right);
    left.sort_unstable();
    left.dedup();
    left
}

fn coalesced(sets: &[Spanset]) -> Option<Spanset> {
    let spans = merged(sets.iter().flat_map(|set| set.spans.iter().copied()).collect(), Vec::new());
    (!spans.is_empty()).then_some(Spanset { spans, attributes: Vec::new() })
}

/// The set, if the comparison holds for it.
fn kept(filter: &ScalarFilter, view: &TraceView<'_>, mut set: Spanset) -> Option<Spanset> {
    let left = scalar_of(&filter.left, view, &set.spans);
    let right = scalar_of(&filter.right, view, &set.spans);
    if !left.compare(filter.operator, &right) {
        return None;
    }
    for side in [&filter.left, &filter.right] {
        note_aggregates(side, view, &mut set);
    }
    Some(set)
}

fn note_aggregates(expr: &ScalarExpr, view: &TraceView<'_>, set: &mut Spanset) {
    match expr {
        ScalarExpr::Literal(..) => {}
        ScalarExpr::Aggregate(aggregate) => {
            let value = aggregate_of(aggregate, view, &set.spans);
            set.attributes.push((aggregate.to_string(), value));
        }
        ScalarExpr::Binary(binary) => {
            note_aggregates(&binary.left, view, set);
            note_aggregates(&binary.right, view, set);
        }
    }
}

/// A set for each value, in the order in which the values come up. Spans without a value are one set too.
fn groups(operand: &FieldExpr, view: &TraceView<'_>, set: &Spanset) -> Vec<Spanset> {
    let name = format!("by({operand})");
    let mut found: Vec<Spanset> = Vec::new();
    let mut index_of: HashMap<String, usize> = HashMap::new();
    for span in &set.spans {
        let value = value_of(operand, view, *span);
        let index = *index_of.entry(value.key()).or_insert_with(|| {
            let mut attributes = set.attributes.clone();
            attributes.push((name.clone(), value.into_owned()));
            found.push(Spanset { spans: Vec::new(), attributes });
            found.len() - 1
        });
        found[index].spans.push(*span);
    }
    found
}
