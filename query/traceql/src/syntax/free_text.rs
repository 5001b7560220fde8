//! Words that are looked for wherever people read.
//!
//! Owns where that is: names, status messages, messages of exceptions. Never distinguishes upper and lower case.

use crate::position::{Place, TextRange};

use super::field::{Field, Intrinsic, Scope};
use super::operator::BinaryOperator;
use super::pattern::{Pattern, PatternError};
use super::tree::{Binary, FieldExpr, Matches};

/// The attribute of events that says what an exception says.
pub const EXCEPTION_MESSAGE: &str = "exception.message";

/// The expression that finds a text in each of these places.
pub fn free_text(text: &str, range: TextRange) -> Result<FieldExpr, PatternError> {
    let place = Place(range);
    let pattern = Pattern::new(&format!("(?i).*{}.*", regex::escape(text)))?;
    let find = |field: Field| {
        let operand = FieldExpr::Field(field, place);
        FieldExpr::Matches(Box::new(Matches { operand, is_negated: false, pattern: pattern.clone(), place }))
    };
    let either = |left: FieldExpr, right: FieldExpr| {
        FieldExpr::Binary(Box::new(Binary { operator: BinaryOperator::Or, left, right, place }))
    };
    let in_names = find(Field::Intrinsic(Intrinsic::Name));
    let in_status = find(Field::Intrinsic(Intrinsic::StatusMessage));
    let in_exceptions = find(Field::attribute(Scope::Event, EXCEPTION_MESSAGE));
    Ok(either(either(in_names, in_status), in_exceptions))
}
