//! Fields of one span as SQL over the table `spans`: a value, and the letter of its type.
//!
//! Owns where a field lies. What needs the rest of the trace, or lies in events and links, has no SQL here.

use spanlake_schemas::tables::promoted::{self, PromotedAttribute, PromotedType};
use spanlake_traceql::syntax::field::{Attribute, Field, Intrinsic, Scope};

use crate::sql::quoted;

/// A field as SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSql {
    /// Text, or a number where [`FieldSql::letter`] is [`Letter::Integer`]; null where the field is missing.
    pub value: String,
    pub letter: Letter,
}

/// How the type of a value is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Letter {
    Text,
    Integer,
    /// Nanoseconds.
    Duration,
    Status,
    Kind,
    /// An expression that gives the letter that the tables have for it: `s`, `i`, `d`, `b`, `x`, `a`, `k`, `n`.
    Of(String),
}

/// The SQL of a field; `None` where it has none.
#[must_use]
pub fn field_sql(field: &Field) -> Option<FieldSql> {
    match field {
        Field::Intrinsic(intrinsic) => of_intrinsic(*intrinsic),
        Field::Attribute(attribute) if attribute.of_parent => None,
        Field::Attribute(attribute) => of_attribute(attribute),
    }
}

fn text(value: &str) -> FieldSql {
    FieldSql { value: value.to_owned(), letter: Letter::Text }
}

fn of_intrinsic(intrinsic: Intrinsic) -> Option<FieldSql> {
    let typed = |value: &str, letter| FieldSql { value: value.to_owned(), letter };
    Some(match intrinsic {
        Intrinsic::Name => text("name"),
        Intrinsic::Duration => typed("duration", Letter::Duration),
        Intrinsic::Status => typed("status_code", Letter::Status),
        Intrinsic::Kind => typed("kind", Letter::Kind),
        // An absent text is an empty one.
        Intrinsic::StatusMessage => text("coalesce(status_message, '')"),
        Intrinsic::InstrumentationName => text("coalesce(scope_name, '')"),
        Intrinsic::InstrumentationVersion => text("coalesce(scope_version, '')"),
        Intrinsic::TraceId => text("hex(trace_id)"),
        Intrinsic::SpanId => text("hex(span_id)"),
        Intrinsic::ParentId => text("hex(parent_span_id)"),
        _ => return None,
    })
}

fn of_attribute(attribute: &Attribute) -> Option<FieldSql> {
    let key = attribute.key.as_str();
    match attribute.scope {
        Scope::Resource => Some(text(&format!("resource_attributes[{}]", quoted(key)))),
        Scope::Instrumentation => Some(text(&format!("scope_attributes[{}]", quoted(key)))),
        Scope::Span => Some(match promoted_span(key) {
            Some(PromotedAttribute { column, value_type: PromotedType::Text, .. }) => text(column),
            Some(PromotedAttribute { column, value_type: PromotedType::Integer, .. }) => {
                FieldSql { value: (*column).to_owned(), letter: Letter::Integer }
            }
            None => in_map(key),
        }),
        // Beside the span's own, as people mean it; keys of events and links have to be asked for by scope.
        Scope::Any => {
            let own = in_any_column(key);
            let resource = format!("resource_attributes[{}]", quoted(key));
            let value = format!("coalesce({}, {resource}, scope_attributes[{}])", own.value, quoted(key));
            let Letter::Of(letter) = own.letter else { return None };
            let letter = format!("CASE WHEN {} IS NOT NULL THEN {letter} ELSE 's' END", own.value);
            Some(FieldSql { value, letter: Letter::Of(letter) })
        }
        Scope::Event | Scope::Link => None,
    }
}

/// The column of a span's key.
pub(crate) fn promoted_span(key: &str) -> Option<&'static PromotedAttribute> {
    promoted::SPAN.iter().find(|attribute| attribute.key == key)
}

/// A key among the attributes without columns.
pub(crate) fn in_map(key: &str) -> FieldSql {
    let key = quoted(key);
    FieldSql {
        value: format!("other_attributes[{key}]"),
        letter: Letter::Of(format!("attribute_type(other_attributes, other_attribute_types, {key})")),
    }
}

/// A key wherever it lies, as text.
fn in_any_column(key: &str) -> FieldSql {
    let rest = in_map(key);
    let Some(attribute) = promoted_span(key) else { return rest };
    let Letter::Of(letter) = rest.letter else { return rest };
    let (column, own) = match attribute.value_type {
        PromotedType::Text => (attribute.column.to_owned(), "'s'"),
        PromotedType::Integer => (format!("CAST({} AS VARCHAR)", attribute.column), "'i'"),
    };
    FieldSql {
        value: format!("coalesce({column}, {})", rest.value),
        letter: Letter::Of(format!("CASE WHEN {} IS NOT NULL THEN {own} ELSE {letter} END", attribute.column)),
    }
}
