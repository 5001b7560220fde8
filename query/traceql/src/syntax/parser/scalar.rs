//! Numbers of sets of spans: aggregates, constants, and what is counted with them.
//!
//! Owns the folding of constants, which are one literal in the tree. Never evaluates aggregates.

use crate::position::{Place, TextRange};

use super::Parser;
use super::query::Node;
use crate::syntax::literal::Literal;
use crate::syntax::operator::BinaryOperator;
use crate::syntax::token::{Sign, Token, TokenKind};
use crate::syntax::tree::{Aggregate, AggregateFunction, ScalarBinary, ScalarExpr};

impl Parser<'_> {
    pub(super) fn aggregate(&mut self, function: AggregateFunction) -> Node {
        let word = self.advance();
        self.open_paren();
        let operand = if function == AggregateFunction::Count {
            self.close_paren("`)`; count() counts spans and takes nothing");
            None
        } else {
            let operand = self.field_expression(0);
            self.close_paren("an operator or `)`");
            Some(operand)
        };
        let place = Place(TextRange::new(word.range.start, self.last_end()));
        Node::Scalar(ScalarExpr::Aggregate(Box::new(Aggregate { function, operand, place })))
    }

    /// A number, perhaps with a sign, which is next.
    pub(super) fn scalar_literal(&mut self) -> Node {
        let token = self.advance();
        if token.kind != TokenKind::Sign(Sign::Subtract) {
            return match self.literal_of(token) {
                Some(literal) => Node::Scalar(ScalarExpr::Literal(literal, Place(token.range))),
                None => Node::Missing,
            };
        }
        if !self.descend() {
            return Node::Missing;
        }
        let operand = self.primary();
        self.depth -= 1;
        match operand {
            Node::Missing => Node::Missing,
            Node::Scalar(ScalarExpr::Literal(literal, place)) => {
                let place = Place(token.range.to(place.0));
                match literal.negated() {
                    Some(negative) => Node::Scalar(ScalarExpr::Literal(negative, place)),
                    None => {
                        self.error(place.0, "this number has no negative");
                        Node::Missing
                    }
                }
            }
            other => {
                let message = format!("`-` needs a number behind it, not {}", other.describe());
                self.error_with_hint(token.range, message, Some("write `0 - …`".to_owned()));
                Node::Missing
            }
        }
    }

    /// Two numbers and the operator between them.
    pub(super) fn scalar_operation(
        &mut self,
        left: ScalarExpr,
        operator: BinaryOperator,
        token: Token,
        right: ScalarExpr,
    ) -> Node {
        let place = Place(token.range);
        match (left, right) {
            (ScalarExpr::Literal(left, left_place), ScalarExpr::Literal(right, right_place)) => {
                let range = left_place.0.to(right_place.0);
                if operator.is_comparison() {
                    self.error(range, "two constants are compared; one side must be of the spans, as in `count() > 2`");
                    return Node::Missing;
                }
                match fold(operator, &left, &right) {
                    Ok(literal) => Node::Scalar(ScalarExpr::Literal(literal, Place(range))),
                    Err(message) => {
                        self.error(range, message);
                        Node::Missing
                    }
                }
            }
            (left, right) if operator.is_comparison() => Self::scalar_filter(left, operator, token, right),
            (left, right) => Node::Scalar(ScalarExpr::Binary(Box::new(ScalarBinary { operator, left, right, place }))),
        }
    }
}

/// Counts with constants: integers stay integers.
fn fold(operator: BinaryOperator, left: &Literal, right: &Literal) -> Result<Literal, &'static str> {
    const OVERFLOW: &str = "the result does not fit an integer of 64 bits";
    const BY_ZERO: &str = "this divides by zero";
    match (left, right) {
        (Literal::Int(left), Literal::Int(right)) => {
            let value = match operator {
                BinaryOperator::Add => left.checked_add(*right),
                BinaryOperator::Subtract => left.checked_sub(*right),
                BinaryOperator::Multiply => left.checked_mul(*right),
                BinaryOperator::Divide | BinaryOperator::Modulo if *right == 0 => return Err(BY_ZERO),
                BinaryOperator::Divide => left.checked_div(*right),
                BinaryOperator::Modulo => left.checked_rem(*right),
                _ => u32::try_from(*right).ok().and_then(|power| left.checked_pow(power)),
            };
            value.map(Literal::Int).ok_or(OVERFLOW)
        }
        (Literal::Int(_) | Literal::Float(_), Literal::Int(_) | Literal::Float(_)) => {
            let (left, right) = (left.as_f64().unwrap_or(0.0), right.as_f64().unwrap_or(0.0));
            let value = match operator {
                BinaryOperator::Add => left + right,
                BinaryOperator::Subtract => left - right,
                BinaryOperator::Multiply => left * right,
                BinaryOperator::Divide => left / right,
                BinaryOperator::Modulo => left % right,
                _ => left.powf(right),
            };
            if value.is_finite() { Ok(Literal::Float(value)) } else { Err("the result is no number") }
        }
        _ => Err("durations cannot be counted with here; write the result"),
    }
}
