//! Half-typed queries to whole ones.
//!
//! Owns what a hole means: nothing is asked there. Used where the values of a tag are listed while a query is typed, which
//! must not be fewer than the typed query will find. Never guesses what will be typed: a value that has begun counts as it
//! stands.

use super::check::check;
use super::literal::Literal;
use super::operator::BinaryOperator;
use super::parser::{Parsed, filter_parsed, parse};
use super::tree::{Aggregate, Body, FieldExpr, Metrics, Pipeline, Query, ScalarExpr, SpansetExpr, Stage};

/// The query that a text says so far. Where nothing can be made of it, `{}`.
#[must_use]
pub fn parse_lenient(text: &str) -> Query {
    let parsed = parse(text);
    if parsed.errors.is_empty() {
        return parsed.query;
    }
    repaired_query(parsed, text)
}

/// The filter that a text of `filter=` says so far. Where nothing can be made of it, one that finds everything.
#[must_use]
pub fn parse_filter_lenient(text: &str) -> Query {
    // Without braces nothing says that the last name is whole.
    let query = repaired_query(filter_parsed(text), text);
    if matches!(query.body, Body::Spans(_)) { query } else { Query::of_filter(everything()) }
}

fn repaired_query(parsed: Parsed, text: &str) -> Query {
    let repair = Repair { end: text.trim_end().len() };
    let body = match parsed.query.body {
        Body::Spans(pipeline) => Body::Spans(repair.pipeline(pipeline)),
        Body::Metrics(metrics) => Body::Metrics(repair.metrics(metrics)),
    };
    let query = Query { body, hints: parsed.query.hints };
    if check(&query).is_empty() { query } else { Query::of_filter(everything()) }
}

fn everything() -> FieldExpr {
    FieldExpr::literal(Literal::Bool(true))
}

/// A repair of one text.
struct Repair {
    /// Where the text ends: a name that stands alone there is still being typed.
    end: usize,
}

impl Repair {
    fn metrics(&self, metrics: Metrics) -> Metrics {
        let boxed = |metrics: Box<Metrics>| Box::new(self.metrics(*metrics));
        match metrics {
            Metrics::Series(mut series) => {
                series.pipeline = self.pipeline(series.pipeline);
                Metrics::Series(series)
            }
            Metrics::Staged { input, stage } => Metrics::Staged { input: boxed(input), stage },
            Metrics::Binary { operator, left, right } => {
                Metrics::Binary { operator, left: boxed(left), right: boxed(right) }
            }
            Metrics::WithNumber { operator, input, number, number_is_left } => {
                Metrics::WithNumber { operator, input: boxed(input), number, number_is_left }
            }
        }
    }

    fn pipeline(&self, pipeline: Pipeline) -> Pipeline {
        let mut stages: Vec<Stage> = pipeline.stages.into_iter().filter_map(|stage| self.stage(stage)).collect();
        // What stood before it may be gone, and alone it is no query.
        while matches!(stages.first(), Some(Stage::Coalesce)) {
            stages.remove(0);
        }
        if stages.is_empty() {
            stages.push(Stage::Spanset(SpansetExpr::Filter(everything())));
        }
        Pipeline { stages }
    }

    fn stage(&self, stage: Stage) -> Option<Stage> {
        match stage {
            Stage::Spanset(spanset) => Some(Stage::Spanset(self.spanset(spanset))),
            Stage::By(operand) => (!self.has_hole(&operand, true)).then_some(Stage::By(operand)),
            Stage::Scalar(filter) => {
                let is_whole = !scalar_has_hole(&filter.left) && !scalar_has_hole(&filter.right);
                is_whole.then_some(Stage::Scalar(filter))
            }
            Stage::Select(fields) => (!fields.is_empty()).then_some(Stage::Select(fields)),
            Stage::Coalesce => Some(Stage::Coalesce),
        }
    }

    fn spanset(&self, spanset: SpansetExpr) -> SpansetExpr {
        match spanset {
            SpansetExpr::Filter(filter) => SpansetExpr::Filter(self.expression(filter)),
            SpansetExpr::Binary(mut binary) => {
                binary.left = self.spanset(binary.left);
                binary.right = self.spanset(binary.right);
                SpansetExpr::Binary(binary)
            }
            SpansetExpr::Pipeline(pipeline) => SpansetExpr::Pipeline(Box::new(self.pipeline(*pipeline))),
        }
    }

    /// Where an operand is missing, nothing is asked; `a && ` asks for `a`.
    fn expression(&self, expr: FieldExpr) -> FieldExpr {
        if !self.has_hole(&expr, true) {
            return expr;
        }
        match expr {
            FieldExpr::Binary(binary) if binary.operator == BinaryOperator::And => {
                let (left, right) = (self.expression(binary.left), self.expression(binary.right));
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

    /// Whether something is missing. A name that is compared with nothing may still get more letters and a comparison.
    fn has_hole(&self, expr: &FieldExpr, is_alone: bool) -> bool {
        match expr {
            FieldExpr::Missing(_) => true,
            FieldExpr::Field(_, place) => is_alone && place.0.end == self.end,
            FieldExpr::Binary(binary) => {
                let is_alone = binary.operator.is_logic();
                self.has_hole(&binary.left, is_alone) || self.has_hole(&binary.right, is_alone)
            }
            FieldExpr::Not(operand, _) => self.has_hole(operand, true),
            other => other.operands().any(|operand| self.has_hole(operand, false)),
        }
    }
}

fn scalar_has_hole(expr: &ScalarExpr) -> bool {
    match expr {
        ScalarExpr::Literal(..) => false,
        ScalarExpr::Aggregate(aggregate) => aggregate_has_hole(aggregate),
        ScalarExpr::Binary(binary) => scalar_has_hole(&binary.left) || scalar_has_hole(&binary.right),
    }
}

fn aggregate_has_hole(aggregate: &Aggregate) -> bool {
    aggregate.operand.as_ref().is_some_and(is_missing_somewhere)
}

fn is_missing_somewhere(expr: &FieldExpr) -> bool {
    matches!(expr, FieldExpr::Missing(_)) || expr.operands().any(is_missing_somewhere)
}
