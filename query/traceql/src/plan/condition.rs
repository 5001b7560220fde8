//! Filters as conditions over single columns.
//!
//! Owns the extraction: any of several conjunctions, each of conditions that a store can answer for one span from one
//! column. What cannot be said that way is left out, which only ever finds more. Never evaluates.

use crate::eval::operand::Operand;
use crate::position::Place;
use crate::syntax::field::{Attribute, Field};
use crate::syntax::literal::Literal;
use crate::syntax::operator::BinaryOperator;
use crate::syntax::pattern::{Network, Pattern};
use crate::syntax::tree::{Binary, Cidr, FieldExpr, Matches};

/// Conjunctions of one filter; more would cost a store more than they save.
const CONJUNCTIONS_MAX: usize = 32;

/// Something that one column says about one span.
///
/// It has the language's rules: a missing value fulfils only [`Test::Missing`], an array is compared by its elements, and
/// an attribute of any scope is the first of span, resource, events, links and instrumentation that has the key.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub field: Field,
    pub test: Test,
}

/// What is asked of the column.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `=`, `!=`, `<`, `<=`, `>` or `>=`.
    Compare(BinaryOperator, Literal),
    Matches {
        pattern: Pattern,
        is_negated: bool,
    },
    InNetworks(Vec<Network>),
    Exists,
    Missing,
}

/// All of these hold for one span.
pub type Conjunction = Vec<Condition>;

/// Any of these holds for a span. None at all: no span can match. An empty conjunction: every span may.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanCondition(pub Vec<Conjunction>);

/// What must hold for every span that a filter finds.
#[must_use]
pub fn pushdown(filter: &FieldExpr) -> SpanCondition {
    when_true(filter)
}

// === impl Condition ===

impl Condition {
    /// Whether it holds for a span whose column has this value.
    #[must_use]
    pub fn holds(&self, value: &Operand<'_>) -> bool {
        match &self.test {
            Test::Compare(operator, literal) => value.compare(*operator, &Operand::of_literal(literal)),
            Test::Matches { pattern, is_negated } => value.matches(pattern, *is_negated),
            Test::InNetworks(networks) => value.is_in(networks),
            Test::Exists => value.exists(),
            Test::Missing => !value.exists(),
        }
    }

    /// The condition as an expression of the language.
    #[must_use]
    pub fn to_expr(&self) -> FieldExpr {
        let operand = FieldExpr::field(self.field.clone());
        let place = Place::default();
        match &self.test {
            Test::Compare(operator, literal) => {
                FieldExpr::binary(*operator, operand, FieldExpr::literal(literal.clone()))
            }
            Test::Matches { pattern, is_negated } => {
                let (pattern, is_negated) = (pattern.clone(), *is_negated);
                FieldExpr::Matches(Box::new(Matches { operand, is_negated, pattern, place }))
            }
            Test::InNetworks(networks) => {
                FieldExpr::Cidr(Box::new(Cidr { operand, networks: networks.clone(), place }))
            }
            Test::Exists => FieldExpr::Exists { operand: Box::new(operand), is_negated: false, place },
            Test::Missing => FieldExpr::Exists { operand: Box::new(operand), is_negated: true, place },
        }
    }
}

// === impl SpanCondition ===

impl SpanCondition {
    /// Every span may match.
    #[must_use]
    pub fn everything() -> Self {
        Self(vec![Vec::new()])
    }

    /// No span can match.
    #[must_use]
    pub fn nothing() -> Self {
        Self(Vec::new())
    }

    /// Whether nothing is ruled out.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.0.iter().any(Vec::is_empty)
    }

    fn of(field: &Field, test: Test) -> Self {
        // A span's own columns say nothing about its parent.
        if matches!(field, Field::Attribute(Attribute { of_parent: true, .. })) {
            return Self::everything();
        }
        Self(vec![vec![Condition { field: field.clone(), test }]])
    }

    /// Either of both.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        if self.is_everything() || other.is_everything() {
            return Self::everything();
        }
        for conjunction in other.0 {
            if !self.0.contains(&conjunction) {
                self.0.push(conjunction);
            }
        }
        if self.0.len() > CONJUNCTIONS_MAX { Self::everything() } else { self }
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self.0.len().saturating_mul(other.0.len()) > CONJUNCTIONS_MAX {
            // One side alone finds more, never less.
            return if self.0.len() <= other.0.len() { self } else { other };
        }
        let joined = self.0.iter().flat_map(|left| {
            other.0.iter().map(move |right| {
                let mut both = left.clone();
                both.extend(right.iter().filter(|condition| !left.contains(condition)).cloned());
                both
            })
        });
        Self(joined.collect())
    }
}

// === extraction ===

/// What holds where an expression is true.
fn when_true(expr: &FieldExpr) -> SpanCondition {
    match expr {
        FieldExpr::Literal(Literal::Bool(true), _) | FieldExpr::Missing(_) => SpanCondition::everything(),
        FieldExpr::Literal(..) | FieldExpr::Negate(..) => SpanCondition::nothing(),
        FieldExpr::Field(field, _) => is_bool(field, true),
        FieldExpr::Not(operand, _) => match operand.as_ref() {
            FieldExpr::Field(field, _) => is_bool(field, false),
            FieldExpr::Not(inner, _) => when_true(inner),
            other => when_not_true(other),
        },
        FieldExpr::Binary(binary) => match binary.operator {
            BinaryOperator::And => when_true(&binary.left).and(when_true(&binary.right)),
            BinaryOperator::Or => when_true(&binary.left).or(when_true(&binary.right)),
            operator if operator.is_arithmetic() => SpanCondition::nothing(),
            _ => comparison(binary),
        },
        FieldExpr::Matches(matches) => match &matches.operand {
            FieldExpr::Field(field, _) => {
                let (pattern, is_negated) = (matches.pattern.clone(), matches.is_negated);
                SpanCondition::of(field, Test::Matches { pattern, is_negated })
            }
            other => needed(other),
        },
        FieldExpr::Cidr(cidr) => match &cidr.operand {
            FieldExpr::Field(field, _) => SpanCondition::of(field, Test::InNetworks(cidr.networks.clone())),
            other => needed(other),
        },
        FieldExpr::Exists { operand, is_negated, .. } => exists(operand, *is_negated),
    }
}

/// What holds where an expression is anything but true. Of comparisons nothing follows: they are also not true where the
/// value is missing or of another type.
fn when_not_true(expr: &FieldExpr) -> SpanCondition {
    match expr {
        FieldExpr::Literal(Literal::Bool(true), _) => SpanCondition::nothing(),
        FieldExpr::Exists { operand, is_negated, .. } => exists(operand, !is_negated),
        FieldExpr::Not(operand, _) if is_always_bool(operand) => when_true(operand),
        FieldExpr::Binary(binary) => match binary.operator {
            BinaryOperator::And => when_not_true(&binary.left).or(when_not_true(&binary.right)),
            BinaryOperator::Or => when_not_true(&binary.left).and(when_not_true(&binary.right)),
            _ => SpanCondition::everything(),
        },
        _ => SpanCondition::everything(),
    }
}

/// Whether an expression is true or false for every span.
fn is_always_bool(expr: &FieldExpr) -> bool {
    match expr {
        FieldExpr::Literal(Literal::Bool(_), _)
        | FieldExpr::Matches(_)
        | FieldExpr::Cidr(_)
        | FieldExpr::Exists { .. } => true,
        FieldExpr::Binary(binary) => !binary.operator.is_arithmetic(),
        FieldExpr::Not(operand, _) => is_always_bool(operand),
        _ => false,
    }
}

fn is_bool(field: &Field, value: bool) -> SpanCondition {
    SpanCondition::of(field, Test::Compare(BinaryOperator::Equal, Literal::Bool(value)))
}

fn exists(operand: &FieldExpr, is_negated: bool) -> SpanCondition {
    match (operand, is_negated) {
        (FieldExpr::Field(field, _), true) => SpanCondition::of(field, Test::Missing),
        (FieldExpr::Field(field, _), false) => SpanCondition::of(field, Test::Exists),
        (other, false) => needed(other),
        (_, true) => SpanCondition::everything(),
    }
}

fn comparison(binary: &Binary) -> SpanCondition {
    let (left, right) = (&binary.left, &binary.right);
    match (left, right, constant(left), constant(right)) {
        (FieldExpr::Field(field, _), _, _, Some(literal)) => {
            SpanCondition::of(field, Test::Compare(binary.operator, literal))
        }
        (_, FieldExpr::Field(field, _), Some(literal), _) => {
            SpanCondition::of(field, Test::Compare(binary.operator.flipped(), literal))
        }
        _ => needed(left).and(needed(right)),
    }
}

/// The fields without which an expression is nil, and so true in no comparison.
fn needed(expr: &FieldExpr) -> SpanCondition {
    match expr {
        FieldExpr::Field(field, _) => SpanCondition::of(field, Test::Exists),
        FieldExpr::Negate(operand, _) => needed(operand),
        FieldExpr::Binary(binary) if binary.operator.is_arithmetic() => needed(&binary.left).and(needed(&binary.right)),
        _ => SpanCondition::everything(),
    }
}

/// The value of an expression that asks nothing of the span.
fn constant(expr: &FieldExpr) -> Option<Literal> {
    fn operand(expr: &FieldExpr) -> Option<Operand<'_>> {
        match expr {
            FieldExpr::Literal(literal, _) => Some(Operand::of_literal(literal)),
            FieldExpr::Negate(inner, _) => operand(inner).map(|value| value.negated()),
            FieldExpr::Binary(binary) if binary.operator.is_arithmetic() => {
                Some(operand(&binary.left)?.arithmetic(binary.operator, &operand(&binary.right)?))
            }
            _ => None,
        }
    }
    match operand(expr)? {
        Operand::Int(value) => Some(Literal::Int(value)),
        Operand::Float(value) => Some(Literal::Float(value)),
        Operand::Duration(value) => Some(Literal::Duration(value)),
        Operand::Text(text) => Some(Literal::String(text.into_owned())),
        Operand::Bool(value) => Some(Literal::Bool(value)),
        Operand::Status(status) => Some(Literal::Status(status)),
        Operand::Kind(kind) => Some(Literal::Kind(kind)),
        Operand::Nil | Operand::Array(_) | Operand::Opaque => None,
    }
}
