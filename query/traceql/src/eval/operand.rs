//! Values while they are compared and counted with.
//!
//! Owns the rules: numbers compare with numbers, everything else with its own kind, and what does not fit is neither
//! equal nor unequal. An array is compared by its elements. Never fails: what cannot be counted gives nil.

use std::borrow::Cow;

use crate::model::Value;
use crate::syntax::literal::{Kind, Literal, Status};
use crate::syntax::operator::BinaryOperator;
use crate::syntax::pattern::{Network, Pattern};

const NANOSECONDS_PER_SECOND: f64 = 1e9;

/// A value of a span, or of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand<'a> {
    /// Nothing there.
    Nil,
    Int(i64),
    Float(f64),
    /// Nanoseconds.
    Duration(i64),
    Text(Cow<'a, str>),
    Bool(bool),
    Status(Status),
    Kind(Kind),
    /// An attribute with an array, or one of several events or links.
    Array(Vec<Operand<'a>>),
    /// There, and nothing that the language can look into: bytes, key-value lists, arrays in arrays.
    Opaque,
}

impl<'a> Operand<'a> {
    /// The value of an attribute.
    #[must_use]
    pub fn of_value(value: &'a Value) -> Self {
        match value {
            Value::Array(elements) => Self::Array(elements.iter().map(Self::of_element).collect()),
            other => Self::of_element(other),
        }
    }

    fn of_element(value: &'a Value) -> Self {
        match value {
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Double(value) => Self::Float(*value),
            Value::Bytes(_) | Value::KeyValues(_) | Value::Array(_) => Self::Opaque,
            Value::Empty => Self::Nil,
        }
    }

    /// The value of a literal.
    #[must_use]
    pub fn of_literal(literal: &'a Literal) -> Self {
        match literal {
            Literal::Int(value) => Self::Int(*value),
            Literal::Float(value) => Self::Float(*value),
            Literal::Duration(value) => Self::Duration(*value),
            Literal::String(text) => Self::Text(Cow::Borrowed(text)),
            Literal::Bool(value) => Self::Bool(*value),
            Literal::Status(status) => Self::Status(*status),
            Literal::Kind(kind) => Self::Kind(*kind),
        }
    }

    /// Without anything borrowed.
    #[must_use]
    pub fn into_owned(self) -> Operand<'static> {
        match self {
            Self::Text(text) => Operand::Text(Cow::Owned(text.into_owned())),
            Self::Array(elements) => Operand::Array(elements.into_iter().map(Operand::into_owned).collect()),
            Self::Nil => Operand::Nil,
            Self::Int(value) => Operand::Int(value),
            Self::Float(value) => Operand::Float(value),
            Self::Duration(value) => Operand::Duration(value),
            Self::Bool(value) => Operand::Bool(value),
            Self::Status(status) => Operand::Status(status),
            Self::Kind(kind) => Operand::Kind(kind),
            Self::Opaque => Operand::Opaque,
        }
    }

    /// Whether it is a condition that holds.
    #[must_use]
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// Whether something is there.
    #[must_use]
    pub fn exists(&self) -> bool {
        !matches!(self, Self::Nil)
    }

    /// As a number, a duration in nanoseconds.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(value) | Self::Duration(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// As a number of a series, a duration in seconds.
    #[must_use]
    pub fn as_sample(&self) -> Option<f64> {
        match self {
            Self::Duration(value) => Some(*value as f64 / NANOSECONDS_PER_SECOND),
            other => other.as_f64().filter(|value| !value.is_nan()),
        }
    }

    /// Values with the same key are the same value; keys order values of one kind.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            // Two texts of one number must not fall together, and all that is no number must.
            Self::Float(value) => format!("Float({:016x})", value.to_bits()),
            other => format!("{other:?}"),
        }
    }

    // === comparisons ===

    /// `self operator other`, for `=`, `!=`, `<`, `<=`, `>`, `>=`.
    #[must_use]
    pub fn compare(&self, operator: BinaryOperator, other: &Operand<'_>) -> bool {
        let is_negative = operator == BinaryOperator::NotEqual;
        match (self, other) {
            (Self::Nil, _) | (_, Operand::Nil) | (Self::Array(_), Operand::Array(_)) => false,
            (Self::Array(elements), other) => each(elements, is_negative, |element| element.compare(operator, other)),
            (one, Operand::Array(elements)) => each(elements, is_negative, |element| one.compare(operator, element)),
            (one, other) => compare_scalars(operator, one, other),
        }
    }

    /// `=~`, and `!~` where it is negated.
    #[must_use]
    pub fn matches(&self, pattern: &Pattern, is_negated: bool) -> bool {
        match self {
            Self::Text(text) => pattern.is_match(text) != is_negated,
            Self::Array(elements) => each(elements, is_negated, |element| element.matches(pattern, is_negated)),
            _ => false,
        }
    }

    /// Whether it is an address in one of the networks.
    #[must_use]
    pub fn is_in(&self, networks: &[Network]) -> bool {
        match self {
            Self::Text(text) => networks.iter().any(|network| network.contains(text)),
            Self::Array(elements) => elements.iter().any(|element| element.is_in(networks)),
            _ => false,
        }
    }

    // === arithmetic ===

    /// `self operator other`, for `+`, `-`, `*`, `/`, `%`, `^`. Integers stay integers; durations are nanoseconds.
    #[must_use]
    pub fn arithmetic(&self, operator: BinaryOperator, other: &Operand<'_>) -> Operand<'static> {
        if let (Self::Int(left), Operand::Int(right)) = (self, other) {
            return int_arithmetic(operator, *left, *right);
        }
        let (Some(left), Some(right)) = (self.as_f64(), other.as_f64()) else { return Operand::Nil };
        Operand::Float(match operator {
            BinaryOperator::Add => left + right,
            BinaryOperator::Subtract => left - right,
            BinaryOperator::Multiply => left * right,
            BinaryOperator::Divide => left / right,
            BinaryOperator::Modulo => left % right,
            BinaryOperator::Power => left.powf(right),
            _ => return Operand::Nil,
        })
    }

    /// `-self`.
    #[must_use]
    pub fn negated(&self) -> Operand<'static> {
        match self {
            Self::Int(value) => Operand::Int(value.wrapping_neg()),
            Self::Duration(value) => Operand::Duration(value.wrapping_neg()),
            Self::Float(value) => Operand::Float(-value),
            _ => Operand::Nil,
        }
    }
}

/// One element is enough, unless the comparison is negative: then it must hold for all.
fn each<'a>(elements: &[Operand<'a>], is_negative: bool, holds: impl Fn(&Operand<'a>) -> bool) -> bool {
    if is_negative { elements.iter().all(holds) } else { elements.iter().any(holds) }
}

fn int_arithmetic(operator: BinaryOperator, left: i64, right: i64) -> Operand<'static> {
    Operand::Int(match operator {
        BinaryOperator::Add => left.wrapping_add(right),
        BinaryOperator::Subtract => left.wrapping_sub(right),
        BinaryOperator::Multiply => left.wrapping_mul(right),
        BinaryOperator::Divide | BinaryOperator::Modulo if right == 0 => return Operand::Nil,
        BinaryOperator::Divide => left.wrapping_div(right),
        BinaryOperator::Modulo => left.wrapping_rem(right),
        // Saturates, and is cut to whole numbers.
        BinaryOperator::Power => (left as f64).powf(right as f64) as i64,
        _ => return Operand::Nil,
    })
}

fn compare_scalars(operator: BinaryOperator, left: &Operand<'_>, right: &Operand<'_>) -> bool {
    use Operand::{Bool, Duration, Int, Kind, Status, Text};
    let ordering = match (left, right) {
        (Int(left) | Duration(left), Int(right) | Duration(right)) => Some(left.cmp(right)),
        (Text(left), Text(right)) => Some(left.as_ref().cmp(right.as_ref())),
        (Bool(_), Bool(_)) | (Status(_), Status(_)) | (Kind(_), Kind(_)) => {
            return match operator {
                BinaryOperator::Equal => left == right,
                BinaryOperator::NotEqual => left != right,
                _ => false,
            };
        }
        (left, right) => match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ => return false,
        },
    };
    match operator {
        BinaryOperator::Equal => ordering.is_some_and(|ordering| ordering.is_eq()),
        // What is no number is unequal to all.
        BinaryOperator::NotEqual => ordering.is_none_or(|ordering| ordering.is_ne()),
        BinaryOperator::Less => ordering.is_some_and(|ordering| ordering.is_lt()),
        BinaryOperator::LessEqual => ordering.is_some_and(|ordering| ordering.is_le()),
        BinaryOperator::Greater => ordering.is_some_and(|ordering| ordering.is_gt()),
        BinaryOperator::GreaterEqual => ordering.is_some_and(|ordering| ordering.is_ge()),
        _ => false,
    }
}
