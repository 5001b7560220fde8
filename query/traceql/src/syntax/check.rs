//! Types: what cannot be compared or counted with is refused before anything is read.
//!
//! Owns the rules and their messages. Attributes have no type before a span is seen, so they fit everything. Never looks
//! at a text with errors of syntax.

use crate::position::TextRange;

use super::error::ParseError;
use super::field::Field;
use super::literal::ValueType;
use super::operator::BinaryOperator;
use super::tree::{
    Aggregate, Binary, Body, FieldExpr, Metrics, MetricsFunction, MetricsSeries, Pipeline, Query, ScalarExpr,
    ScalarFilter, SpansetExpr, Stage,
};

/// Attributes in one `by (…)` of series.
pub const SERIES_LABELS_MAX: usize = 16;

/// All type errors of a query.
#[must_use]
pub fn check(query: &Query) -> Vec<ParseError> {
    let mut checker = Checker { errors: Vec::new() };
    match &query.body {
        Body::Spans(pipeline) => checker.pipeline(pipeline),
        Body::Metrics(metrics) => checker.metrics(metrics),
    }
    checker.errors
}

struct Checker {
    errors: Vec<ParseError>,
}

impl Checker {
    fn error(&mut self, range: TextRange, message: impl Into<String>) {
        self.errors.push(ParseError::new(range, message));
    }

    fn error_with_hint(&mut self, range: TextRange, message: String, hint: &str) {
        self.errors.push(ParseError { range, message, hint: Some(hint.to_owned()) });
    }

    // === pipelines ===

    fn pipeline(&mut self, pipeline: &Pipeline) {
        for stage in &pipeline.stages {
            match stage {
                Stage::Spanset(spanset) => self.spanset(spanset),
                Stage::Scalar(filter) => self.scalar_filter(filter),
                Stage::By(operand) => {
                    self.expression(operand);
                    if !operand.references_span() {
                        let message = "by() groups by something of the spans; this is the same for all of them";
                        self.error(operand.range(), message);
                    }
                }
                Stage::Select(_) | Stage::Coalesce => {}
            }
        }
    }

    fn spanset(&mut self, spanset: &SpansetExpr) {
        match spanset {
            SpansetExpr::Filter(filter) => self.filter(filter),
            SpansetExpr::Binary(binary) => {
                self.spanset(&binary.left);
                self.spanset(&binary.right);
            }
            SpansetExpr::Pipeline(pipeline) => self.pipeline(pipeline),
        }
    }

    fn filter(&mut self, filter: &FieldExpr) {
        self.expression(filter);
        let found = filter.value_type();
        if !found.fits(ValueType::Bool) {
            let message = format!("spans are selected by a condition; this is {}", found.describe());
            self.error_with_hint(filter.range(), message, "compare it with something");
        }
    }

    fn scalar_filter(&mut self, filter: &ScalarFilter) {
        let (left, right) = (self.scalar(&filter.left), self.scalar(&filter.right));
        self.operands(filter.operator, left, right, filter.place.0);
    }

    fn scalar(&mut self, expr: &ScalarExpr) -> ValueType {
        match expr {
            ScalarExpr::Literal(literal, _) => literal.value_type(),
            ScalarExpr::Aggregate(aggregate) => self.aggregate(aggregate),
            ScalarExpr::Binary(binary) => {
                let (left, right) = (self.scalar(&binary.left), self.scalar(&binary.right));
                self.operands(binary.operator, left, right, binary.place.0);
                if left == ValueType::Unknown { right } else { left }
            }
        }
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> ValueType {
        let Some(operand) = &aggregate.operand else { return ValueType::Int };
        self.expression(operand);
        let found = operand.value_type();
        let name = aggregate.function.as_str();
        if found != ValueType::Unknown && !found.is_numeric() {
            self.error(operand.range(), format!("{name}() counts with numbers; this is {}", found.describe()));
        } else if !operand.references_span() {
            self.error(operand.range(), format!("{name}() needs something of the spans; this is the same for all"));
        }
        found
    }

    // === expressions ===

    fn expression(&mut self, expr: &FieldExpr) {
        for operand in expr.operands() {
            self.expression(operand);
        }
        match expr {
            FieldExpr::Literal(..) | FieldExpr::Field(..) => {}
            FieldExpr::Negate(operand, place) => {
                let found = operand.value_type();
                if found != ValueType::Unknown && !found.is_numeric() {
                    self.error(place.0, format!("`-` needs a number, not {}", found.describe()));
                }
            }
            FieldExpr::Not(operand, place) => {
                let found = operand.value_type();
                if !found.fits(ValueType::Bool) {
                    self.error(place.0, format!("`!` needs a condition, not {}", found.describe()));
                }
            }
            FieldExpr::Binary(binary) => self.binary(binary),
            FieldExpr::Matches(matches) => self.text_operand(&matches.operand, "a regular expression"),
            FieldExpr::Cidr(cidr) => self.text_operand(&cidr.operand, "cidr()"),
            FieldExpr::Exists { operand, is_negated, place } => self.exists(operand, *is_negated, place.0),
            FieldExpr::Missing(place) => {
                let message = "nil stands only behind or before `=` and `!=`, as in `.x != nil`";
                self.error(place.0, message);
            }
        }
    }

    fn text_operand(&mut self, operand: &FieldExpr, by: &str) {
        let found = operand.value_type();
        if !found.fits(ValueType::String) {
            self.error(operand.range(), format!("{by} is for texts; this is {}", found.describe()));
        }
    }

    fn exists(&mut self, operand: &FieldExpr, is_negated: bool, range: TextRange) {
        if let FieldExpr::Field(Field::Intrinsic(intrinsic), _) = operand
            && is_negated
            && !intrinsic.can_be_missing()
        {
            self.error(range, format!("{} is never nil: every span has one", intrinsic.as_str()));
        }
    }

    fn binary(&mut self, binary: &Binary) {
        let (left, right) = (binary.left.value_type(), binary.right.value_type());
        self.operands(binary.operator, left, right, binary.place.0);
    }

    /// Complains where an operator cannot work on two types.
    fn operands(&mut self, operator: BinaryOperator, left: ValueType, right: ValueType, range: TextRange) {
        let sign = operator.as_str();
        if !left.fits(right) {
            let message = format!("`{sign}` cannot take {} and {}", left.describe(), right.describe());
            let hint = mismatch_hint(left, right);
            self.errors.push(ParseError { range, message, hint: hint.map(str::to_owned) });
            return;
        }
        if let Some(wrong) = [left, right].into_iter().find(|one| !takes(operator, *one)) {
            self.error(range, format!("`{sign}` cannot take {}", wrong.describe()));
        }
    }

    // === series ===

    fn metrics(&mut self, metrics: &Metrics) {
        match metrics {
            Metrics::Series(series) => self.series(series),
            Metrics::Staged { input, stage: _ } => {
                self.no_compare_below(input, "topk(), bottomk() and comparisons");
                self.metrics(input);
            }
            Metrics::Binary { left, right, .. } => {
                for side in [left, right] {
                    self.no_compare_below(side, "arithmetic");
                    self.metrics(side);
                }
            }
            Metrics::WithNumber { input, .. } => {
                self.no_compare_below(input, "arithmetic");
                self.metrics(input);
            }
        }
    }

    fn series(&mut self, series: &MetricsSeries) {
        self.pipeline(&series.pipeline);
        let name = series.function.as_str();
        if let Some(field) = series.function.field() {
            let found = field.value_type();
            if found != ValueType::Unknown && !found.is_numeric() {
                let message = format!("{name}() counts with numbers; {field} is {}", found.describe());
                self.error(series.place.0, message);
            }
        }
        if let MetricsFunction::Compare(compare) = &series.function {
            self.filter(&compare.selection);
        }
        if series.by.len() > SERIES_LABELS_MAX {
            let count = series.by.len();
            let message = format!("series are told apart by {count} attributes; the limit is {SERIES_LABELS_MAX}");
            self.error(series.place.0, message);
        }
    }

    fn no_compare_below(&mut self, metrics: &Metrics, what: &str) {
        if let Metrics::Series(series) = metrics
            && matches!(series.function, MetricsFunction::Compare(_))
        {
            self.error(series.place.0, format!("{what} cannot follow compare()"));
        }
    }
}

/// Whether an operator is defined for a type.
fn takes(operator: BinaryOperator, found: ValueType) -> bool {
    match found {
        ValueType::Unknown => true,
        ValueType::Bool => operator.is_logic() || matches!(operator, BinaryOperator::Equal | BinaryOperator::NotEqual),
        ValueType::Int | ValueType::Float | ValueType::Duration => !operator.is_logic(),
        ValueType::String => operator.is_comparison(),
        ValueType::Status | ValueType::Kind => matches!(operator, BinaryOperator::Equal | BinaryOperator::NotEqual),
    }
}

fn mismatch_hint(left: ValueType, right: ValueType) -> Option<&'static str> {
    let is_pair = |one: ValueType, other: ValueType| (left, right) == (one, other) || (right, left) == (one, other);
    if is_pair(ValueType::Status, ValueType::String) {
        Some("a status is written without quotation marks: error, ok or unset")
    } else if is_pair(ValueType::Kind, ValueType::String) {
        Some("a kind is written without quotation marks: server, client, producer, consumer, internal or unspecified")
    } else if is_pair(ValueType::Duration, ValueType::String) {
        Some("a duration is written without quotation marks, such as 150ms")
    } else if is_pair(ValueType::Status, ValueType::Int) {
        Some("a status is error, ok or unset")
    } else {
        None
    }
}
