//! Numbers of sets of spans.
//!
//! Owns how the values of a set become one. Spans without a value do not count; a set without any has no number.

use crate::syntax::operator::BinaryOperator;
use crate::syntax::tree::{Aggregate, AggregateFunction, ScalarExpr};

use super::filter::value_of;
use super::operand::Operand;
use super::view::TraceView;

/// What an expression is for a set of spans.
#[must_use]
pub fn scalar_of<'a>(expr: &'a ScalarExpr, view: &TraceView<'a>, spans: &[usize]) -> Operand<'a> {
    match expr {
        ScalarExpr::Literal(literal, _) => Operand::of_literal(literal),
        ScalarExpr::Aggregate(aggregate) => aggregate_of(aggregate, view, spans),
        ScalarExpr::Binary(binary) => {
            let left = scalar_of(&binary.left, view, spans);
            left.arithmetic(binary.operator, &scalar_of(&binary.right, view, spans))
        }
    }
}

/// The one value of a set of spans.
#[must_use]
pub fn aggregate_of(aggregate: &Aggregate, view: &TraceView<'_>, spans: &[usize]) -> Operand<'static> {
    let Some(operand) = &aggregate.operand else {
        return Operand::Int(i64::try_from(spans.len()).unwrap_or(i64::MAX));
    };
    let values = spans
        .iter()
        .map(|span| value_of(operand, view, *span).into_owned())
        .filter(|value| value.as_f64().is_some_and(|number| !number.is_nan()));
    match aggregate.function {
        AggregateFunction::Count => Operand::Nil,
        AggregateFunction::Min => extreme(values, BinaryOperator::Less),
        AggregateFunction::Max => extreme(values, BinaryOperator::Greater),
        AggregateFunction::Sum => sum(values).0,
        AggregateFunction::Avg => match sum(values) {
            (_, 0) => Operand::Nil,
            (Operand::Duration(total), count) => Operand::Duration(total / count),
            (total, count) => total.as_f64().map_or(Operand::Nil, |total| Operand::Float(total / count as f64)),
        },
    }
}

/// Of equal values the first.
fn extreme(values: impl Iterator<Item = Operand<'static>>, better: BinaryOperator) -> Operand<'static> {
    values.fold(Operand::Nil, |best, value| if !best.exists() || value.compare(better, &best) { value } else { best })
}

/// The sum and how many values are in it. It is an integer or a duration where all of them are.
fn sum(values: impl Iterator<Item = Operand<'static>>) -> (Operand<'static>, i64) {
    values.fold((Operand::Nil, 0), |(total, count), value| {
        let total = match (total, value) {
            (Operand::Nil, first) => first,
            (Operand::Duration(total), Operand::Duration(value)) => Operand::Duration(total.wrapping_add(value)),
            (total, value) => total.arithmetic(BinaryOperator::Add, &value),
        };
        (total, count + 1)
    })
}
