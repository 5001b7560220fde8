//! Expressions over one span.
//!
//! Owns how operators combine what a span has. Never looks at other spans, but for the parent's attributes.

use crate::syntax::operator::BinaryOperator;
use crate::syntax::tree::{Binary, FieldExpr};

use super::operand::Operand;
use super::view::TraceView;

/// Whether a span is one of those that a filter asks for.
#[must_use]
pub fn holds(filter: &FieldExpr, view: &TraceView<'_>, span: usize) -> bool {
    value_of(filter, view, span).is_true()
}

/// What an expression is for a span.
#[must_use]
pub fn value_of<'a>(expr: &'a FieldExpr, view: &TraceView<'a>, span: usize) -> Operand<'a> {
    match expr {
        FieldExpr::Literal(literal, _) => Operand::of_literal(literal),
        FieldExpr::Field(field, _) => view.value(span, field),
        FieldExpr::Negate(operand, _) => value_of(operand, view, span).negated(),
        FieldExpr::Not(operand, _) => match value_of(operand, view, span) {
            Operand::Bool(value) => Operand::Bool(!value),
            // What is no condition does not hold, and neither does its opposite.
            _ => Operand::Nil,
        },
        FieldExpr::Binary(binary) => binary_value(binary, view, span),
        FieldExpr::Matches(matches) => {
            Operand::Bool(value_of(&matches.operand, view, span).matches(&matches.pattern, matches.is_negated))
        }
        FieldExpr::Exists { operand, is_negated, .. } => {
            Operand::Bool(value_of(operand, view, span).exists() != *is_negated)
        }
        FieldExpr::Cidr(cidr) => Operand::Bool(value_of(&cidr.operand, view, span).is_in(&cidr.networks)),
        FieldExpr::Missing(_) => Operand::Nil,
    }
}

fn binary_value<'a>(binary: &'a Binary, view: &TraceView<'a>, span: usize) -> Operand<'a> {
    let left = value_of(&binary.left, view, span);
    match binary.operator {
        BinaryOperator::And => Operand::Bool(left.is_true() && value_of(&binary.right, view, span).is_true()),
        BinaryOperator::Or => Operand::Bool(left.is_true() || value_of(&binary.right, view, span).is_true()),
        operator => {
            let right = value_of(&binary.right, view, span);
            if operator.is_arithmetic() {
                left.arithmetic(operator, &right)
            } else {
                Operand::Bool(left.compare(operator, &right))
            }
        }
    }
}
