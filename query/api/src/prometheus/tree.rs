//! `parse_query`: an expression as the tree that Prometheus's page draws (`web/api/v1/translate_ast.go`).

use axum::response::Response;
use serde_json::{Value, json};
use spanlake_promql::matcher::Matcher;
use spanlake_promql::number::format_plain;
use spanlake_promql::syntax::functions::{Function, Variadic};
use spanlake_promql::syntax::tree::{At, Binary, Cardinality, Duration, RangeEnds, VectorSelector};
use spanlake_promql::syntax::{Expr, ValueType};

use super::Parameters;
use super::answer::{Failure, success};
use super::query::expression;

/// `/api/v1/parse_query`.
pub(super) async fn parse(parameters: Parameters) -> Result<Response, Failure> {
    let (_, expr) = expression(&parameters)?;
    Ok(success(&node(&expr)))
}

fn node(expr: &Expr) -> Value {
    match expr {
        Expr::Number(number) => json!({ "type": "numberLiteral", "val": format_plain(number.value) }),
        Expr::String(text) => json!({ "type": "stringLiteral", "val": text.value }),
        Expr::Selector(found) => selector(found, "vectorSelector"),
        Expr::Matrix(matrix) => {
            let mut written = selector(&matrix.selector, "matrixSelector");
            written["range"] = milliseconds(Some(&matrix.range));
            written
        }
        Expr::Subquery(subquery) => json!({
            "type": "subquery",
            "expr": node(&subquery.expr),
            "range": milliseconds(Some(&subquery.range)),
            "offset": milliseconds(subquery.offset.as_ref()),
            "step": milliseconds(subquery.step.as_ref()),
            "timestamp": timestamp(subquery.at),
            "startOrEnd": start_or_end(subquery.at),
        }),
        Expr::Paren(paren) => json!({ "type": "parenExpr", "expr": node(&paren.expr) }),
        Expr::Unary(unary) => {
            let operator = if unary.is_minus { "-" } else { "+" };
            json!({ "type": "unaryExpr", "op": operator, "expr": node(&unary.expr) })
        }
        Expr::Binary(binary) => json!({
            "type": "binaryExpr",
            "op": binary.operator.as_str(),
            "lhs": node(&binary.left),
            "rhs": node(&binary.right),
            "matching": matching(binary),
            "bool": binary.return_bool,
        }),
        Expr::Call(call) => json!({
            "type": "call",
            "func": function(call.function),
            "args": call.args.iter().map(node).collect::<Vec<_>>(),
        }),
        Expr::Aggregate(aggregate) => json!({
            "type": "aggregation",
            "op": aggregate.operator.as_str(),
            "expr": node(&aggregate.expr),
            "param": aggregate.parameter.as_ref().map(node),
            "grouping": aggregate.grouping,
            "without": aggregate.without,
        }),
        Expr::Missing(_) => Value::Null,
    }
}

fn selector(selector: &VectorSelector, kind: &str) -> Value {
    json!({
        "type": kind,
        "name": selector.name.as_deref().unwrap_or_default(),
        "offset": milliseconds(selector.offset.as_ref()),
        "matchers": selector.matchers.iter().map(matcher).collect::<Vec<_>>(),
        "timestamp": timestamp(selector.at),
        "startOrEnd": start_or_end(selector.at),
        "anchored": selector.range_ends == RangeEnds::Anchored,
        "smoothed": selector.range_ends == RangeEnds::Smoothed,
    })
}

fn matcher(matcher: &Matcher) -> Value {
    json!({ "name": matcher.name, "value": matcher.value, "type": matcher.operator.as_str() })
}

/// Of a duration that arithmetic makes, nothing is known before the query is asked.
fn milliseconds(duration: Option<&Duration>) -> Value {
    fn literal(duration: &Duration) -> i64 {
        match duration {
            Duration::Negative(inner, _) => -literal(inner),
            Duration::Paren(inner, _) => literal(inner),
            other => other.literal_ms().unwrap_or(0),
        }
    }
    duration.map_or(0, literal).into()
}

fn timestamp(at: Option<At>) -> Value {
    match at {
        Some(At::Timestamp(time)) => time.into(),
        _ => Value::Null,
    }
}

fn start_or_end(at: Option<At>) -> Value {
    match at {
        Some(At::Start) => "start".into(),
        Some(At::End) => "end".into(),
        _ => Value::Null,
    }
}

/// Of two vectors only.
fn matching(binary: &Binary) -> Value {
    if [&binary.left, &binary.right].iter().any(|side| side.value_type() != ValueType::Vector) {
        return Value::Null;
    }
    let matching = &binary.matching;
    let card = match matching.cardinality {
        Cardinality::OneToOne => "one-to-one",
        Cardinality::ManyToOne => "many-to-one",
        Cardinality::OneToMany => "one-to-many",
        Cardinality::ManyToMany => "many-to-many",
    };
    json!({
        "card": card,
        "labels": matching.labels,
        "on": matching.on,
        "include": matching.include,
        "fillValues": { "lhs": matching.fill_left, "rhs": matching.fill_right },
    })
}

fn function(function: &Function) -> Value {
    json!({
        "name": function.name,
        "argTypes": function.args.iter().copied().map(word).collect::<Vec<_>>(),
        "variadic": match function.variadic {
            Variadic::No => 0,
            Variadic::UpTo(count) => i64::try_from(count).unwrap_or(0),
            Variadic::Any => -1,
        },
        "returnType": word(function.returns),
    })
}

fn word(kind: ValueType) -> &'static str {
    match kind {
        ValueType::Scalar => "scalar",
        ValueType::Vector => "vector",
        ValueType::Matrix => "matrix",
        ValueType::String => "string",
        ValueType::None => "none",
    }
}
