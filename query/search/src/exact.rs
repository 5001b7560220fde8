//! Filters on one span as SQL that decides.
//!
//! Owns the language's rules in SQL: what is missing or of another type is neither equal nor unequal, and only a condition
//! that is false has an opposite that holds. Two things are simpler than in [`spanlake_traceql::eval`], so that a count
//! reads columns and no whole spans: arrays fulfil no comparison, and an attribute without a scope is the span's, its
//! resource's or its instrumentation's, never an event's or a link's.

use spanlake_traceql::syntax::field::{Field, Intrinsic, Scope};
use spanlake_traceql::syntax::literal::Literal;
use spanlake_traceql::syntax::operator::BinaryOperator;
use spanlake_traceql::syntax::tree::{FieldExpr, Matches, Pipeline, SpansetExpr, Stage};

use crate::fields::{FieldSql, Letter, field_sql, in_map, promoted_span};
use crate::sql::{is_one_of, kind_word, number, quoted, status_word, symbol};

/// The SQL of a pipeline that is nothing but a filter; `None` where spans cannot be decided one by one.
#[must_use]
pub fn exact_pipeline(pipeline: &Pipeline) -> Option<String> {
    let mut conditions = Vec::new();
    for stage in &pipeline.stages {
        match stage {
            Stage::Spanset(SpansetExpr::Filter(filter)) => conditions.push(exact_condition(filter)?),
            // Neither takes a span away.
            Stage::Select(_) | Stage::Coalesce => {}
            Stage::Spanset(_) | Stage::Scalar(_) | Stage::By(_) => return None,
        }
    }
    Some(if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") })
}

/// The SQL of a pipeline that is nothing but a filter, where it finds just what the evaluator finds: fields that every span has, of
/// one type each. A search need not look at the traces again.
#[must_use]
pub fn deciding_pipeline(pipeline: &Pipeline) -> Option<String> {
    let mut is_plain = true;
    for stage in &pipeline.stages {
        let Stage::Spanset(SpansetExpr::Filter(filter)) = stage else { return None };
        filter.for_each_field(&mut |field| is_plain &= is_of_every_span(field));
    }
    // Other comparisons of the service look into the resource, where it may have any type.
    exact_pipeline(pipeline).filter(|sql| is_plain && !sql.contains("_attributes["))
}

/// SQL that is true of spans that a pipeline finds, but not of all of them: where it holds, a search need not look at the trace
/// again. Comparisons of attributes hold of arrays, too, which SQL does not look into: no opposite of one is sure.
#[must_use]
pub fn sufficient_pipeline(pipeline: &Pipeline) -> Option<String> {
    let is_sure = |stage: &Stage| matches!(stage, Stage::Spanset(SpansetExpr::Filter(filter)) if is_sufficient(filter));
    if pipeline.stages.iter().all(is_sure) { exact_pipeline(pipeline) } else { None }
}

fn is_sufficient(expr: &FieldExpr) -> bool {
    let FieldExpr::Binary(binary) = expr else { return false };
    match (binary.operator, &binary.left, &binary.right) {
        (BinaryOperator::And | BinaryOperator::Or, left, right) => is_sufficient(left) && is_sufficient(right),
        (BinaryOperator::Equal, FieldExpr::Field(field, _), FieldExpr::Literal(Literal::String(_), _))
        | (BinaryOperator::Equal, FieldExpr::Literal(Literal::String(_), _), FieldExpr::Field(field, _)) => {
            is_of_every_span(field) || is_own_attribute(field)
        }
        (_, FieldExpr::Field(field, _), FieldExpr::Literal(..))
        | (_, FieldExpr::Literal(..), FieldExpr::Field(field, _)) => {
            matches!(field, Field::Intrinsic(_)) && is_of_every_span(field)
        }
        _ => false,
    }
}

/// Of the span itself: types of what resources have are not looked at.
fn is_own_attribute(field: &Field) -> bool {
    matches!(field, Field::Attribute(attribute) if attribute.scope == Scope::Span && !attribute.of_parent)
}

fn is_of_every_span(field: &Field) -> bool {
    match field {
        Field::Intrinsic(intrinsic) => {
            matches!(intrinsic, Intrinsic::Name | Intrinsic::Duration | Intrinsic::Status | Intrinsic::Kind)
        }
        Field::Attribute(attribute) => {
            attribute.scope == Scope::Resource && !attribute.of_parent && attribute.key == "service.name"
        }
    }
}

/// SQL that is true for the spans that a filter finds, and false or null for all others; `None` where there is none.
#[must_use]
pub fn exact_condition(filter: &FieldExpr) -> Option<String> {
    holds(filter)
}

/// True where the expression is true.
fn holds(expr: &FieldExpr) -> Option<String> {
    match expr {
        FieldExpr::Literal(literal, _) => Some((*literal == Literal::Bool(true)).to_string()),
        FieldExpr::Field(field, _) => compare(field, BinaryOperator::Equal, &Literal::Bool(true)),
        FieldExpr::Not(operand, _) => fails(operand),
        FieldExpr::Binary(binary) => match (binary.operator, &binary.left, &binary.right) {
            (BinaryOperator::And, left, right) => Some(format!("({} AND {})", holds(left)?, holds(right)?)),
            (BinaryOperator::Or, left, right) => Some(format!("({} OR {})", holds(left)?, holds(right)?)),
            (operator, FieldExpr::Field(field, _), FieldExpr::Literal(literal, _)) => compare(field, operator, literal),
            (operator, FieldExpr::Literal(literal, _), FieldExpr::Field(field, _)) => {
                compare(field, operator.flipped(), literal)
            }
            _ => None,
        },
        FieldExpr::Matches(matches) => match &matches.operand {
            FieldExpr::Field(field, _) => matched(field, matches),
            _ => None,
        },
        FieldExpr::Exists { operand, is_negated, .. } => match operand.as_ref() {
            FieldExpr::Field(field, _) => exists(field, *is_negated),
            _ => None,
        },
        FieldExpr::Negate(..) | FieldExpr::Cidr(_) | FieldExpr::Missing(_) => None,
    }
}

/// True where the expression is false; what is no condition at all has no opposite.
fn fails(expr: &FieldExpr) -> Option<String> {
    match expr {
        FieldExpr::Literal(literal, _) => Some((*literal == Literal::Bool(false)).to_string()),
        FieldExpr::Field(field, _) => compare(field, BinaryOperator::Equal, &Literal::Bool(false)),
        FieldExpr::Not(operand, _) => holds(operand),
        FieldExpr::Binary(binary) if binary.operator.is_arithmetic() => None,
        other => Some(format!("(({}) IS NOT TRUE)", holds(other)?)),
    }
}

/// The field as far as values of one type lie there: a promoted column holds only its own.
fn of_type(field: &Field, wants_text: bool) -> Option<FieldSql> {
    if let Field::Attribute(attribute) = field
        && attribute.scope == Scope::Span
        && !attribute.of_parent
        && promoted_span(&attribute.key).is_some()
    {
        let column = field_sql(field)?;
        let is_there = (column.letter == Letter::Text) == wants_text;
        return Some(if is_there { column } else { in_map(&attribute.key) });
    }
    field_sql(field)
}

fn exists(field: &Field, is_negated: bool) -> Option<String> {
    let test = if is_negated { "IS NULL" } else { "IS NOT NULL" };
    match field {
        Field::Attribute(attribute) if attribute.scope == Scope::Span && !attribute.of_parent => {
            Some(format!("attributes[{}] {test}", quoted(&attribute.key)))
        }
        _ => Some(format!("{} {test}", field_sql(field)?.value)),
    }
}

fn compare(field: &Field, operator: BinaryOperator, literal: &Literal) -> Option<String> {
    let symbol = symbol(operator)?;
    if let Some(root) = is_root(field, operator, literal) {
        return Some(root.to_owned());
    }
    if let Some(service) = is_service(field, operator, literal) {
        return Some(service);
    }
    let field = of_type(field, matches!(literal, Literal::String(_)))?;
    let value = &field.value;
    let never = || Some("false".to_owned());
    match (literal, &field.letter) {
        (Literal::String(text), Letter::Text) => Some(format!("{value} {symbol} {}", quoted(text))),
        (Literal::String(text), Letter::Of(letter)) => {
            Some(format!("({value} {symbol} {} AND {letter} = 's')", quoted(text)))
        }
        (Literal::Status(status), Letter::Status) => Some(format!("{value} {symbol} '{}'", status_word(*status))),
        (Literal::Kind(kind), Letter::Kind) => Some(format!("{value} {symbol} '{}'", kind_word(*kind))),
        (Literal::Bool(is), Letter::Of(letter)) => Some(format!("({value} {symbol} '{is}' AND {letter} = 'b')")),
        (Literal::Int(_) | Literal::Duration(_), Letter::Integer | Letter::Duration) => {
            Some(format!("{value} {symbol} {}", number(literal)?))
        }
        (Literal::Float(_), Letter::Integer | Letter::Duration) => {
            Some(format!("CAST({value} AS DOUBLE) {symbol} {}", number(literal)?))
        }
        (Literal::Int(_) | Literal::Duration(_) | Literal::Float(_), Letter::Of(letter)) => {
            Some(number_in_text(value, letter, operator, symbol, literal)?)
        }
        // Texts of resources and instrumentation, whose types are not looked at.
        (Literal::Int(_) | Literal::Duration(_) | Literal::Float(_), Letter::Text)
            if value.contains("_attributes[") =>
        {
            Some(format!("TRY_CAST({value} AS DOUBLE) {symbol} {}", number(literal)?))
        }
        (Literal::Bool(is), Letter::Text) if value.contains("_attributes[") => {
            Some(format!("({value} {symbol} '{is}' AND {value} IN ('true', 'false'))"))
        }
        _ => never(),
    }
}

/// How one asks for roots: of all that nested sets say, a span alone knows only that.
fn is_root(field: &Field, operator: BinaryOperator, literal: &Literal) -> Option<&'static str> {
    match (field, operator, literal) {
        (Field::Intrinsic(Intrinsic::NestedSetParent), BinaryOperator::Less, Literal::Int(0))
        | (Field::Intrinsic(Intrinsic::NestedSetParent), BinaryOperator::Equal, Literal::Int(-1)) => {
            Some("parent_span_id IS NULL")
        }
        _ => None,
    }
}

/// The service that everybody asks for, by its own column.
fn is_service(field: &Field, operator: BinaryOperator, literal: &Literal) -> Option<String> {
    let Field::Attribute(attribute) = field else { return None };
    let is_service = attribute.scope == Scope::Resource && !attribute.of_parent && attribute.key == "service.name";
    match literal {
        // The column has a name also where the resource has none: that one is looked for in the resource.
        Literal::String(text)
            if is_service && operator == BinaryOperator::Equal && !text.is_empty() && text != "unknown_service" =>
        {
            Some(format!("service_name = {}", quoted(text)))
        }
        _ => None,
    }
}

/// A number that is kept as text beside its type.
fn number_in_text(
    value: &str,
    letter: &str,
    operator: BinaryOperator,
    symbol: &str,
    literal: &Literal,
) -> Option<String> {
    let number = number(literal)?;
    // What is no number is greater than all in SQL, and than none in TraceQL.
    let is_number = match operator {
        BinaryOperator::Greater | BinaryOperator::GreaterEqual => format!(" AND {value} <> 'NaN'"),
        _ => String::new(),
    };
    let integer = match literal {
        Literal::Float(_) => "DOUBLE",
        _ => "BIGINT",
    };
    Some(format!(
        "(({letter} = 'i' AND TRY_CAST({value} AS {integer}) {symbol} {number}) \
          OR ({letter} = 'd' AND TRY_CAST({value} AS DOUBLE) {symbol} {number}{is_number}))"
    ))
}

fn matched(field: &Field, matches: &Matches) -> Option<String> {
    let field = of_type(field, true)?;
    let value = &field.value;
    let is_text = match &field.letter {
        Letter::Text => String::new(),
        Letter::Of(letter) => format!(" AND {letter} = 's'"),
        Letter::Integer | Letter::Duration | Letter::Status | Letter::Kind => return Some("false".to_owned()),
    };
    let test = match matches.pattern.alternatives() {
        Some(texts) => is_one_of(value, &texts),
        None => format!("regexp_like({value}, {})", quoted(matches.pattern.anchored())),
    };
    let not = if matches.is_negated { "NOT " } else { "" };
    Some(format!("({not}{test}{is_text})"))
}

#[cfg(test)]
mod tests {
    use spanlake_traceql::syntax::parser::parse_filter;
    use spanlake_traceql::syntax::tree::Body;

    use super::*;

    fn sql(text: &str) -> Option<String> {
        let query = parse_filter(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let Body::Spans(pipeline) = query.body else { panic!("{text} asks for series") };
        exact_pipeline(&pipeline)
    }

    #[test]
    fn filters_on_one_span_are_said_exactly() {
        for (filter, expected) in [
            ("{ }", "true"),
            ("{ name = \"it's\" && duration > 150ms }", "(name = 'it''s' AND duration > 150000000)"),
            ("{ status != error } | select(name)", "status_code <> 'error'"),
            ("{ !(kind = server) }", "((kind = 'server') IS NOT TRUE)"),
            ("{ span.http.response.status_code >= 500 }", "http_response_status_code >= 500"),
            ("{ span.http.route =~ \"/a|/b\" }", "(http_route IN ('/a', '/b'))"),
            ("{ span.http.route = nil }", "attributes['http.route'] IS NULL"),
            ("{ resource.service.name = \"cart\" }", "service_name = 'cart'"),
            ("{ nestedSetParent < 0 }", "parent_span_id IS NULL"),
            ("{ duration > 1.5 }", "CAST(duration AS DOUBLE) > CAST(1.5e0 AS DOUBLE)"),
            ("{ status = ok || true }", "(status_code = 'ok' OR true)"),
        ] {
            assert_eq!(sql(filter).as_deref(), Some(expected), "{filter}");
        }
        let of_map = sql("{ span.tenant = \"x\" }").unwrap_or_default();
        assert!(of_map.contains("attribute_type(other_attributes, other_attribute_types, 'tenant') = 's'"), "{of_map}");
    }

    #[test]
    fn what_every_span_has_is_decided() {
        let decided = |text: &str| {
            let Body::Spans(pipeline) = parse_filter(text).unwrap().body else { panic!("{text} asks for series") };
            deciding_pipeline(&pipeline)
        };
        assert_eq!(decided("{ status = error }").as_deref(), Some("status_code = 'error'"));
        let of_cart = decided("{ resource.service.name = \"cart\" && duration > 5ms }");
        assert_eq!(of_cart.as_deref(), Some("(service_name = 'cart' AND duration > 5000000)"));
        for other in ["{ resource.service.name != \"cart\" }", "{ span.x = 1 }", "{ } | count() > 2", "{ } >> { }"] {
            assert_eq!(decided(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_surely_found_is_a_text_of_the_span_or_what_every_span_has() {
        let sure = |text: &str| {
            let Body::Spans(pipeline) = parse_filter(text).unwrap().body else { panic!("{text} asks for series") };
            sufficient_pipeline(&pipeline)
        };
        assert_eq!(sure("{ span.http.route = \"/a\" }").as_deref(), Some("http_route = '/a'"));
        let of_map = sure("{ duration > 5ms && \"x\" = span.tenant }").unwrap_or_default();
        assert!(of_map.starts_with("(duration > 5000000 AND (other_attributes['tenant'] = 'x' AND "), "{of_map}");
        for other in [
            "{ span.tenant != \"x\" }",
            "{ !(span.tenant = \"x\") }",
            "{ span.tenant = 5 }",
            "{ span.tenant =~ \"x\" }",
            "{ .tenant = \"x\" }",
            "{ resource.tenant = \"x\" }",
            "{ event.tenant = \"x\" }",
            "{ parent.span.tenant = \"x\" }",
            "{ span.tenant = \"x\" } | count() > 2",
            "{ span.tenant = \"x\" } >> { }",
        ] {
            assert_eq!(sure(other), None, "{other}");
        }
    }

    #[test]
    fn what_needs_the_trace_is_not() {
        for filter in [
            "{ } >> { }",
            "{ } && { }",
            "{ } | count() > 1",
            "{ traceDuration > 1s }",
            "{ event.x = 1 }",
            "{ parent.x = 1 }",
            "{ nestedSetParent < 5 }",
            "{ span.a = span.b }",
        ] {
            assert_eq!(sql(filter), None, "{filter}");
        }
    }
}
