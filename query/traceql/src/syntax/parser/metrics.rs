//! Series: their functions, what is done with them, and hints.
//!
//! Owns the arguments of each. Never checks the types of fields.

use crate::position::{Place, TextRange};

use super::Parser;
use super::field::binary_operator;
use super::query::Node;
use crate::syntax::expectations::Expectation;
use crate::syntax::field::Field;
use crate::syntax::literal::Literal;
use crate::syntax::operator::{BinaryOperator, binding};
use crate::syntax::token::{Sign, Token, TokenKind};
use crate::syntax::tree::{
    Compare, FieldExpr, Hint, Metrics, MetricsFunction, MetricsSeries, Pipeline, ScalarExpr, SecondStage,
};

/// Values of an attribute that `compare()` tells apart where it is not told how many.
const COMPARE_TOP_DEFAULT: u32 = 10;
const COMPARE_TOP_MAX: u32 = 1_000;

const NANOSECONDS_PER_SECOND: f64 = 1e9;

impl Parser<'_> {
    /// A function of series, which is next, over what a pipeline leaves.
    pub(super) fn series(&mut self, pipeline: Pipeline) -> Option<Metrics> {
        let word = self.advance();
        self.open_paren();
        let name = self.written(word);
        let function = self.metrics_function(name)?;
        let mut by = Vec::new();
        if !matches!(function, MetricsFunction::Compare(_)) {
            self.expecting(Expectation::Symbol("by"));
            if self.word_is("by") {
                self.advance();
                self.open_paren();
                by = self.field_list();
            }
        }
        self.expecting(Expectation::Symbol("|"));
        self.expecting(Expectation::Symbol("with"));
        let place = Place(TextRange::new(word.range.start, self.last_end()));
        Some(Metrics::Series(Box::new(MetricsSeries { pipeline, function, by, place })))
    }

    /// The arguments of a function, behind its opening parenthesis, and the closing one.
    fn metrics_function(&mut self, name: &str) -> Option<MetricsFunction> {
        let of_field: fn(Field) -> MetricsFunction = match name {
            "rate" | "count_over_time" => {
                self.close_paren("`)`; the function counts spans and takes nothing");
                return Some(if name == "rate" { MetricsFunction::Rate } else { MetricsFunction::CountOverTime });
            }
            "quantile_over_time" => return self.quantiles(),
            "compare" => return self.compare(),
            "sum_over_time" => MetricsFunction::SumOverTime,
            "min_over_time" => MetricsFunction::MinOverTime,
            "max_over_time" => MetricsFunction::MaxOverTime,
            "avg_over_time" => MetricsFunction::AvgOverTime,
            _ => MetricsFunction::HistogramOverTime,
        };
        let field = self.lone_field();
        self.close_paren("`)`");
        field.map(of_field)
    }

    fn quantiles(&mut self) -> Option<MetricsFunction> {
        let field = self.lone_field();
        let mut quantiles = Vec::new();
        loop {
            self.expecting(Expectation::Symbol(","));
            if self.take_sign(Sign::Comma).is_none() {
                break;
            }
            let token = self.peek();
            let value = match token.kind {
                TokenKind::Int | TokenKind::Float => self.written(token).parse::<f64>().ok(),
                _ => None,
            };
            match value {
                Some(quantile) if (0.0..=1.0).contains(&quantile) => quantiles.push(quantile),
                Some(_) => self.error(token.range, "a quantile lies between 0 and 1"),
                None => {
                    self.unexpected("a quantile between 0 and 1");
                    break;
                }
            }
            self.advance();
        }
        self.close_paren("`,` or `)`");
        if quantiles.is_empty() {
            let end = self.last_end();
            let message = "quantile_over_time() needs a quantile, as in quantile_over_time(duration, 0.99)";
            self.error(TextRange::new(end, end), message);
        }
        field.map(|field| MetricsFunction::QuantileOverTime(field, quantiles))
    }

    fn compare(&mut self) -> Option<MetricsFunction> {
        self.expecting(Expectation::Symbol("{"));
        let selection = if self.peek_sign() == Some(Sign::OpenBrace) {
            self.braces()
        } else {
            self.unexpected("the spans to compare with the rest, as in compare({ status = error })");
            FieldExpr::Missing(Place(self.peek().range))
        };
        let mut numbers: Vec<(i64, TextRange)> = Vec::new();
        while self.take_sign(Sign::Comma).is_some() {
            let token = self.peek();
            match (token.kind, self.literal_of(token)) {
                (TokenKind::Int, Some(Literal::Int(value))) => numbers.push((value, token.range)),
                _ => {
                    self.unexpected("an integer");
                    break;
                }
            }
            self.advance();
        }
        self.close_paren("`,` or `)`");
        let top = match numbers.first() {
            None => COMPARE_TOP_DEFAULT,
            Some((value, range)) => match u32::try_from(*value) {
                Ok(top @ 1..=COMPARE_TOP_MAX) => top,
                _ => {
                    let message =
                        format!("compare() tells between 1 and {COMPARE_TOP_MAX} values of an attribute apart");
                    self.error(*range, message);
                    COMPARE_TOP_DEFAULT
                }
            },
        };
        let range = match numbers.as_slice() {
            [] | [_] => None,
            [_, (start, _), (end, _)] if *start > 0 && end > start => Some((*start, *end)),
            [_, (_, place), ..] => {
                let message = "behind the number of values, compare() takes a start and a later end in nanoseconds";
                self.error(*place, message);
                None
            }
        };
        Some(MetricsFunction::Compare(Box::new(Compare { selection, top, range })))
    }

    // === what is done with series ===

    /// `topk(…)` or `bottomk(…)` behind a pipe, and comparisons behind it.
    pub(super) fn second_stage(&mut self, input: Metrics) -> Metrics {
        self.expecting(Expectation::SecondStage);
        let word = self.peek_word().unwrap_or("");
        if !matches!(word, "topk" | "bottomk") {
            self.unexpected("topk() or bottomk(); other stages stand before the series");
            self.skip_to_pipe();
            return input;
        }
        let is_top = word == "topk";
        self.advance();
        self.open_paren();
        let number = self.peek();
        let limit = match self.literal_of(number) {
            Some(Literal::Int(value)) => {
                self.advance();
                u32::try_from(value).unwrap_or(0)
            }
            _ => {
                self.unexpected("how many series, as in topk(10)");
                1
            }
        };
        if limit == 0 {
            self.error(number.range, "the number of series must be between 1 and 4294967295");
        }
        self.close_paren("`)`");
        let stage = if is_top { SecondStage::TopK(limit) } else { SecondStage::BottomK(limit) };
        self.metrics_filters(Metrics::Staged { input: Box::new(input), stage })
    }

    /// Comparisons that follow series without a pipe.
    pub(super) fn metrics_filters(&mut self, mut metrics: Metrics) -> Metrics {
        loop {
            self.expecting(Expectation::ComparisonOperator);
            let Some(operator) = self.peek_sign().and_then(binary_operator) else { break };
            let token = self.peek();
            if operator.is_arithmetic() {
                let message = format!(
                    "series that are counted with stand in parentheses: `(… | rate()) {} …`",
                    operator.as_str()
                );
                self.error(token.range, message);
                break;
            }
            if !operator.is_comparison() || !self.count_operator() {
                break;
            }
            self.advance();
            match self.node(binding::SUM) {
                Node::Scalar(number) => metrics = self.metrics_filter(metrics, operator, number),
                Node::Missing => {}
                other => {
                    let message = format!("series compare with a number, not with {}", other.describe());
                    self.error(token.range, message);
                }
            }
        }
        metrics
    }

    fn metrics_filter(&mut self, input: Metrics, operator: BinaryOperator, number: ScalarExpr) -> Metrics {
        let (value, range) = match &number {
            ScalarExpr::Literal(Literal::Duration(value), place) => {
                (Some(*value as f64 / NANOSECONDS_PER_SECOND), place.0)
            }
            ScalarExpr::Literal(literal, place) => (literal.as_f64(), place.0),
            ScalarExpr::Aggregate(aggregate) => (None, aggregate.place.0),
            ScalarExpr::Binary(binary) => (None, binary.place.0),
        };
        match value {
            Some(value) => Metrics::Staged { input: Box::new(input), stage: SecondStage::Filter(operator, value) },
            None => {
                self.error(range, "series compare with a constant number");
                input
            }
        }
    }

    /// Two operands of which at least one is series.
    pub(super) fn metrics_operation(
        &mut self,
        left: Node,
        operator: BinaryOperator,
        token: Token,
        right: Node,
    ) -> Node {
        if operator.is_comparison() {
            return match (left, right) {
                (Node::Metrics(input), Node::Scalar(number)) => {
                    Node::Metrics(self.metrics_filter(input, operator, number))
                }
                _ => {
                    self.error(token.range, "series compare with a number that stands on the right");
                    Node::Missing
                }
            };
        }
        if matches!(operator, BinaryOperator::Modulo | BinaryOperator::Power) {
            self.error(token.range, "series know the operators `+`, `-`, `*` and `/`");
            return Node::Missing;
        }
        match (left, right) {
            (Node::Metrics(left), Node::Metrics(right)) => {
                Node::Metrics(Metrics::Binary { operator, left: Box::new(left), right: Box::new(right) })
            }
            (Node::Metrics(input), Node::Scalar(number)) => self.with_number(input, operator, number, token, false),
            (Node::Scalar(number), Node::Metrics(input)) => self.with_number(input, operator, number, token, true),
            _ => Node::Missing,
        }
    }

    fn with_number(
        &mut self,
        input: Metrics,
        operator: BinaryOperator,
        number: ScalarExpr,
        token: Token,
        number_is_left: bool,
    ) -> Node {
        match number {
            ScalarExpr::Literal(literal @ (Literal::Int(_) | Literal::Float(_)), _) => {
                let number = literal.as_f64().unwrap_or(0.0);
                Node::Metrics(Metrics::WithNumber { operator, input: Box::new(input), number, number_is_left })
            }
            _ => {
                self.error(
                    token.range,
                    "series are counted with constant numbers; durations and aggregates do not fit",
                );
                Node::Missing
            }
        }
    }

    // === hints ===

    /// `with(name=value, …)`, the word being next.
    pub(super) fn hints(&mut self) -> Vec<Hint> {
        self.advance();
        self.open_paren();
        let mut hints = Vec::new();
        loop {
            self.expecting(Expectation::HintName);
            let token = self.peek();
            if token.kind != TokenKind::Word {
                self.unexpected("a hint's name, such as most_recent, sample or exemplars");
                break;
            }
            self.advance();
            self.expecting(Expectation::Symbol("="));
            if self.take_sign(Sign::Equal).is_none() {
                self.unexpected("`=`");
                break;
            }
            match self.hint_value() {
                Some(value) => {
                    let name = self.written(token).to_owned();
                    hints.push(Hint { name, value, place: Place(token.range) });
                }
                None => break,
            }
            if self.take_sign(Sign::Comma).is_none() {
                break;
            }
        }
        self.close_paren("`,` or `)`");
        hints
    }

    fn hint_value(&mut self) -> Option<Literal> {
        let is_negative = self.take_sign(Sign::Subtract).is_some();
        let token = self.peek();
        let literal = self.literal_of(token);
        let literal = if is_negative { literal.and_then(|literal| literal.negated()) } else { literal };
        match literal {
            Some(literal) => {
                self.advance();
                Some(literal)
            }
            None => {
                self.unexpected("a value, such as true, 0.1 or 100");
                None
            }
        }
    }
}
