//! Conditions on one span as SQL over the table `spans`.
//!
//! Whatever is said here holds for every span that fulfils the condition, so that none is lost; what cannot be said
//! exactly is said more loosely, or not at all. Arrays are stored as JSON text and compared by their elements, so a text
//! that may be one is never ruled out.

use spanlake_traceql::plan::{Condition, SpanCondition, Test, TraceCondition};
use spanlake_traceql::syntax::field::{Attribute, Field, Intrinsic, Scope};
use spanlake_traceql::syntax::literal::{Kind, Literal, Status};
use spanlake_traceql::syntax::operator::BinaryOperator;

use crate::fields::promoted_span;

/// What a span must fulfil whose trace may match, so that each matching trace has such a span; `None` where any may.
#[must_use]
pub fn span_condition(condition: &TraceCondition) -> Option<String> {
    match condition {
        TraceCondition::Anything => None,
        TraceCondition::HasSpan(condition) => of_span(condition),
        // A trace with all of them has a span for each: the one that says most.
        TraceCondition::All(all) => all.iter().filter_map(span_condition).max_by_key(|sql| weight(sql)),
        TraceCondition::Any(any) => {
            let any: Option<Vec<String>> = any.iter().map(span_condition).collect();
            any.map(|any| format!("({})", any.join(" OR ")))
        }
    }
}

/// What some span of each matching trace must fulfil, each by itself; the first is [`span_condition`].
#[must_use]
pub fn span_conditions(condition: &TraceCondition) -> Vec<String> {
    let mut all: Vec<String> = match condition {
        TraceCondition::All(all) => all.iter().flat_map(span_conditions).collect(),
        other => span_condition(other).into_iter().collect(),
    };
    if let Some(first) = span_condition(condition) {
        all.retain(|sql| *sql != first);
        all.insert(0, first);
    }
    all
}

/// Conditions that compare say more than those that ask whether something is there.
fn weight(sql: &str) -> (usize, usize) {
    (sql.matches(" = ").count().min(1), sql.matches(" AND ").count())
}

fn of_span(condition: &SpanCondition) -> Option<String> {
    if condition.0.is_empty() {
        return Some("false".to_owned());
    }
    let conjunctions: Option<Vec<String>> = condition
        .0
        .iter()
        .map(|conjunction| {
            let parts: Vec<String> = conjunction.iter().filter_map(of_condition).collect();
            (!parts.is_empty()).then(|| format!("({})", parts.join(" AND ")))
        })
        .collect();
    conjunctions.map(|conjunctions| format!("({})", conjunctions.join(" OR ")))
}

fn of_condition(condition: &Condition) -> Option<String> {
    match &condition.field {
        Field::Intrinsic(intrinsic) => of_intrinsic(*intrinsic, &condition.test),
        Field::Attribute(attribute) => of_attribute(attribute, &condition.test),
    }
}

fn of_intrinsic(intrinsic: Intrinsic, test: &Test) -> Option<String> {
    match intrinsic {
        Intrinsic::Name => of_text("name", test),
        Intrinsic::StatusMessage => of_given_text("status_message", test),
        Intrinsic::InstrumentationName => of_given_text("scope_name", test),
        Intrinsic::InstrumentationVersion => of_given_text("scope_version", test),
        Intrinsic::Duration => match test {
            Test::Compare(operator, literal) => {
                let number = number(literal)?;
                Some(format!("duration {} {number}", symbol(*operator)?))
            }
            _ => None,
        },
        Intrinsic::Status => match test {
            Test::Compare(BinaryOperator::Equal, Literal::Status(status)) => {
                Some(format!("status_code = '{}'", status_word(*status)))
            }
            Test::Compare(BinaryOperator::NotEqual, Literal::Status(status)) => {
                Some(format!("status_code <> '{}'", status_word(*status)))
            }
            _ => None,
        },
        Intrinsic::Kind => match test {
            Test::Compare(BinaryOperator::Equal, Literal::Kind(kind)) => Some(format!("kind = '{}'", kind_word(*kind))),
            _ => None,
        },
        Intrinsic::EventName | Intrinsic::EventTimeSinceStart => {
            is_positive(test).then(|| "events IS NOT NULL".to_owned())
        }
        Intrinsic::LinkTraceId | Intrinsic::LinkSpanId => is_positive(test).then(|| "links IS NOT NULL".to_owned()),
        _ => None,
    }
}

fn of_attribute(attribute: &Attribute, test: &Test) -> Option<String> {
    if attribute.of_parent || !is_positive(test) {
        return None;
    }
    let key = quoted(&attribute.key);
    let own = format!("attributes[{key}]");
    let of_resource = format!("resource_attributes[{key}]");
    match attribute.scope {
        Scope::Resource if attribute.key == "service.name" => of_text("service_name", test),
        Scope::Resource => of_value(&of_resource, test),
        Scope::Span => of_value_or(&own, &is_array(&attribute.key), test),
        Scope::Event => Some("events IS NOT NULL".to_owned()),
        Scope::Link => Some("links IS NOT NULL".to_owned()),
        Scope::Instrumentation => of_value(&format!("scope_attributes[{key}]"), test),
        Scope::Any => {
            let any: Option<Vec<String>> = [
                of_value_or(&own, &is_array(&attribute.key), test),
                of_value(&of_resource, test),
                of_value(&format!("scope_attributes[{key}]"), test),
            ]
            .into_iter()
            .collect();
            let elsewhere =
                format!("{own} IS NULL AND {of_resource} IS NULL AND (events IS NOT NULL OR links IS NOT NULL)");
            any.map(|any| format!("({} OR ({elsewhere}))", any.join(" OR ")))
        }
    }
}

/// Whether a missing value cannot fulfil it.
fn is_positive(test: &Test) -> bool {
    !matches!(test, Test::Missing)
}

/// Of a text that is always there and never an array.
fn of_text(column: &str, test: &Test) -> Option<String> {
    match test {
        Test::Compare(operator, Literal::String(text)) => {
            Some(format!("{column} {} {}", symbol(*operator)?, quoted(text)))
        }
        Test::Matches { pattern, is_negated: false } => pattern.alternatives().map(|texts| is_one_of(column, &texts)),
        _ => None,
    }
}

/// Of a text that may be absent, which here is empty.
fn of_given_text(column: &str, test: &Test) -> Option<String> {
    match test {
        Test::Compare(BinaryOperator::Equal, Literal::String(text)) if !text.is_empty() => {
            Some(format!("{column} = {}", quoted(text)))
        }
        _ => None,
    }
}

/// Whether an attribute of a span is an array: by the letter of its type, as files know what letters their maps have. Those with
/// columns of their own are looked at by how they begin, which statistics of the column answer.
fn is_array(key: &str) -> String {
    match promoted_span(key) {
        Some(_) => format!("starts_with(attributes[{0}], '[')", quoted(key)),
        None => format!("attribute_type(other_attributes, other_attribute_types, {}) = 'a'", quoted(key)),
    }
}

/// Of an attribute's value, which is stored as text; arrays are known by how they begin.
fn of_value(value: &str, test: &Test) -> Option<String> {
    of_value_or(value, &format!("starts_with({value}, '[')"), test)
}

/// The same where it is known otherwise which are arrays.
fn of_value_or(value: &str, is_array: &str, test: &Test) -> Option<String> {
    let or_array = |sql: String| Some(format!("({sql} OR {is_array})"));
    match test {
        Test::Compare(BinaryOperator::NotEqual, _) => Some(format!("{value} IS NOT NULL")),
        Test::Compare(operator, Literal::String(text)) => {
            or_array(format!("{value} {} {}", symbol(*operator)?, quoted(text)))
        }
        Test::Compare(BinaryOperator::Equal, Literal::Bool(is)) => or_array(format!("{value} = '{is}'")),
        Test::Compare(operator, literal) => match number(literal) {
            Some(number) => or_array(format!("TRY_CAST({value} AS DOUBLE) {} {number}", symbol(*operator)?)),
            None => Some(format!("{value} IS NOT NULL")),
        },
        Test::Matches { pattern, is_negated: false } => match pattern.alternatives() {
            Some(texts) => or_array(is_one_of(value, &texts)),
            None => Some(format!("{value} IS NOT NULL")),
        },
        Test::Matches { .. } | Test::InNetworks(_) | Test::Exists => Some(format!("{value} IS NOT NULL")),
        Test::Missing => None,
    }
}

pub(crate) fn is_one_of(value: &str, texts: &[&str]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("{value} IN ({})", texts.join(", "))
}

pub(crate) fn symbol(operator: BinaryOperator) -> Option<&'static str> {
    Some(match operator {
        BinaryOperator::Equal => "=",
        BinaryOperator::NotEqual => "<>",
        BinaryOperator::Less => "<",
        BinaryOperator::LessEqual => "<=",
        BinaryOperator::Greater => ">",
        BinaryOperator::GreaterEqual => ">=",
        _ => return None,
    })
}

/// A number as a literal of SQL; a duration in nanoseconds.
pub(crate) fn number(literal: &Literal) -> Option<String> {
    match literal {
        Literal::Int(value) | Literal::Duration(value) => Some(value.to_string()),
        Literal::Float(value) if value.is_finite() => Some(format!("CAST({value:e} AS DOUBLE)")),
        _ => None,
    }
}

pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(crate) fn status_word(status: Status) -> &'static str {
    match status {
        Status::Error => "error",
        Status::Ok => "ok",
        Status::Unset => "unset",
    }
}

pub(crate) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Unspecified => "unspecified",
        Kind::Internal => "internal",
        Kind::Client => "client",
        Kind::Server => "server",
        Kind::Producer => "producer",
        Kind::Consumer => "consumer",
    }
}

#[cfg(test)]
mod tests {
    use spanlake_traceql::plan::plan;
    use spanlake_traceql::syntax::parser::parse_filter;

    use super::*;

    fn sql(filter: &str) -> String {
        let query = parse_filter(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
        span_condition(&plan(&query).sources[0].trace).unwrap_or_default()
    }

    #[test]
    fn conditions_are_said_in_sql() {
        assert_eq!(sql("{ name = \"it's\" && duration > 150ms }"), "((name = 'it''s' AND duration > 150000000))");
        assert_eq!(
            sql("{ status = error && resource.service.name = \"cart\" }"),
            "((status_code = 'error' AND service_name = 'cart'))"
        );
        assert_eq!(
            sql("{ span.http.route = \"/cart\" }"),
            "(((attributes['http.route'] = '/cart' OR starts_with(attributes['http.route'], '['))))"
        );
        assert_eq!(
            sql("{ span.tenant = \"x\" }"),
            "(((attributes['tenant'] = 'x' OR attribute_type(other_attributes, other_attribute_types, 'tenant') = 'a')))"
        );
        assert!(sql("{ span.x > 5 }").contains("TRY_CAST(attributes['x'] AS DOUBLE) > 5"));
        assert!(sql("{ .x = 1 || kind = server }").contains(" OR (kind = 'server')"));
    }

    #[test]
    fn what_cannot_be_said_is_left_out() {
        for filter in
            ["", "{ }", "{ span.x = nil }", "{ name =~ \"a.*b\" }", "{ traceDuration > 1s }", "{ !(name = \"a\") }"]
        {
            assert_eq!(sql(filter), "", "{filter}");
        }
        assert_eq!(sql("{ name = \"a\" } && { }"), "((name = 'a'))");
        assert_eq!(sql("{ name = \"a\" } || { }"), "");
    }
}
