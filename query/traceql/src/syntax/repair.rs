//! Half-typed queries to whole ones.
//!
//! Owns what a hole means: nothing is asked there. Used where the values of a tag are listed while a query is typed. The
//! result never finds less than the query will when it is typed to its end with `&&`.

use super::check::check;
use super::literal::Literal;
use super::operator::BinaryOperator;
use super::parser::parse;
use super::tree::{Aggregate, Body, FieldExpr, Metrics, Pipeline, Query, ScalarExpr, SpansetExpr, Stage};

/// The query that a text says so far. Where nothing can be made of it, `{}`.
#[must_use]
pub fn parse_lenient(text: &str) -> Query {
    let parsed = parse(text);
    if parsed.errors.is_empty() {
        return parsed.query;
    }
    let body = match parsed.query.body {
        Body::Spans(pipeline) => Body::Spans(repaired_pipeline(pipeline)),
        Body::Metrics(metrics) => Body::Metrics(repaired_metrics(metrics)),
    };
    let query = Query { body, hints: parsed.query.hints };
    if check(&query).is_empty() { query } else { Query::of_filter(everything()) }
}

fn everything() -> FieldExpr {
    FieldExpr::literal(Literal::Bool(true))
}

fn repaired_metrics(metrics: Metrics) -> Metrics {
    match metrics {
        Metrics::Series(mut series) => {
            series.pipeline = repaired_pipeline(series.pipeline);
            Metrics::Series(series)
        }
        Metrics::Staged { input, stage } => Metrics::Staged { input: Box::new(repaired_metrics(*input)), stage },
        Metrics::Binary { operator, left, right } => Metrics::Binary {
            operator,
            left: Box::new(repaired_metrics(*left)),
            right: Box::new(repaired_metrics(*right)),
        },
        Metrics::WithNumber { operator, input, number, number_is_left } => {
            Metrics::WithNumber { operator, input: Box::new(repaired_metrics(*input)), number, number_is_left }
        }
    }
}

fn repaired_pipeline(pipeline: Pipeline) -> Pipeline {
    let mut stages: Vec<Stage> = pipeline.stages.into_iter().filter_map(repaired_stage).collect();
    // What stood before it may be gone, and alone it is no query.
    while matches!(stages.first(), Some(Stage::Coalesce)) {
        stages.remove(0);
    }
    if stages.is_empty() {
        stages.push(Stage::Spanset(SpansetExpr::Filter(everything())));
    }
    Pipeline { stages }
}

fn repaired_stage(stage: Stage) -> Option<Stage> {
    match stage {
        Stage::Spanset(spanset) => Some(Stage::Spanset(repaired_spanset(spanset))),
        Stage::By(operand) => (!has_hole(&operand)).then_some(Stage::By(operand)),
        Stage::Scalar(filter) => {
            let is_whole = !scalar_has_hole(&filter.left) && !scalar_has_hole(&filter.right);
            is_whole.then_some(Stage::Scalar(filter))
        }
        Stage::Select(fields) => (!fields.is_empty()).then_some(Stage::Select(fields)),
        Stage::Coalesce => Some(Stage::Coalesce),
    }
}

fn repaired_spanset(spanset: SpansetExpr) -> SpansetExpr {
    match spanset {
        SpansetExpr::Filter(filter) => SpansetExpr::Filter(repaired(filter)),
        SpansetExpr::Binary(mut binary) => {
            binary.left = repaired_spanset(binary.left);
            binary.right = repaired_spanset(binary.right);
            SpansetExpr::Binary(binary)
        }
        SpansetExpr::Pipeline(pipeline) => SpansetExpr::Pipeline(Box::new(repaired_pipeline(*pipeline))),
    }
}

/// Where an operand is missing, nothing is asked; `a && ` asks for `a`.
fn repaired(expr: FieldExpr) -> FieldExpr {
    if !has_hole(&expr) {
        return expr;
    }
    match expr {
        FieldExpr::Binary(binary) if binary.operator == BinaryOperator::And => {
            let (left, right) = (repaired(binary.left), repaired(binary.right));
            match (&left, &right) {
                (FieldExpr::Literal(Literal::Bool(true), _), _) => right,
                (_, FieldExpr::Literal(Literal::Bool(true), _)) => left,
                _ => FieldExpr::binary(BinaryOperator::And, left, right),
            }
        }
        // Either side of an `||` finds what it finds, so with a hole everything may be found.
        _ => everything(),
    }
}

fn has_hole(expr: &FieldExpr) -> bool {
    matches!(expr, FieldExpr::Missing(_)) || expr.operands().any(has_hole)
}

fn scalar_has_hole(expr: &ScalarExpr) -> bool {
    match expr {
        ScalarExpr::Literal(..) => false,
        ScalarExpr::Aggregate(aggregate) => aggregate_has_hole(aggregate),
        ScalarExpr::Binary(binary) => scalar_has_hole(&binary.left) || scalar_has_hole(&binary.right),
    }
}

fn aggregate_has_hole(aggregate: &Aggregate) -> bool {
    aggregate.operand.as_ref().is_some_and(has_hole)
}
