//! Aggregations: `sum by (job) (…)`, and lists of labels in parentheses.
//!
//! Owns both places of the modifier, before and behind the arguments.

use crate::position::Span;
use crate::syntax::expectations::Expectation;
use crate::syntax::token::{AggregateOperator, BinaryOperator, Keyword, Token, TokenKind};
use crate::syntax::tree::{Aggregate, Expr};

use super::Parser;

impl Parser<'_> {
    /// Whether the aggregation's name is followed by what makes it one; else it names a metric.
    pub(super) fn begins_aggregation(&self) -> bool {
        matches!(
            self.second_kind(),
            TokenKind::LeftParen | TokenKind::Keyword(Keyword::By) | TokenKind::Keyword(Keyword::Without)
        )
    }

    pub(super) fn aggregate(&mut self, operator: AggregateOperator) -> Expr {
        let name = self.advance();
        let mut modifier = self.aggregate_modifier();
        if self.peek_kind() != TokenKind::LeftParen {
            self.expecting(Expectation::Symbol("("));
            self.unexpected("aggregation", "");
            return Expr::Missing(Span::new(name.span.start, self.last_end()));
        }
        self.open_aggregations += 1;
        let args = self.arguments();
        self.open_aggregations -= 1;
        if modifier.is_none() {
            self.expecting(Expectation::AggregationModifier);
            modifier = self.aggregate_modifier();
        }
        let span = Span::new(name.span.start, self.last_end());
        let (grouping, without) = modifier.unwrap_or_default();
        self.assemble_aggregate(operator, name, args, grouping, without, span)
    }

    fn assemble_aggregate(
        &mut self,
        operator: AggregateOperator,
        name: Token,
        args: Vec<Expr>,
        grouping: Vec<String>,
        without: bool,
        span: Span,
    ) -> Expr {
        let wanted = if operator.has_parameter() { 2 } else { 1 };
        let count = args.len();
        if self.errors.is_empty() {
            if count == 0 {
                self.error(span, "no arguments for aggregate expression provided");
            } else if count != wanted {
                let message = format!(
                    "wrong number of arguments for aggregate expression provided, expected {wanted}, got {count}"
                );
                self.error(span, message);
            }
        }
        let missing = || Expr::Missing(Span::new(name.span.end, name.span.end));
        let mut args = args.into_iter();
        let parameter = operator.has_parameter().then(|| args.next().unwrap_or_else(missing));
        let expr = args.next().unwrap_or_else(missing);
        Expr::Aggregate(Box::new(Aggregate { operator, expr, parameter, grouping, without, span }))
    }

    fn aggregate_modifier(&mut self) -> Option<(Vec<String>, bool)> {
        let without = match self.peek_kind() {
            TokenKind::Keyword(Keyword::By) => false,
            TokenKind::Keyword(Keyword::Without) => true,
            _ => return None,
        };
        self.advance();
        Some((self.label_list(), without))
    }

    /// Label names in parentheses, with an optional comma at the end.
    pub(super) fn label_list(&mut self) -> Vec<String> {
        let mut labels = Vec::new();
        self.expecting(Expectation::Symbol("("));
        if self.take(TokenKind::LeftParen).is_none() {
            self.unexpected("grouping opts", "\"(\"");
            return labels;
        }
        while self.take(TokenKind::RightParen).is_none() {
            self.expecting(Expectation::GroupingLabel);
            match self.grouping_label() {
                Some(label) => labels.push(label),
                None => {
                    self.unexpected("grouping opts", "label");
                    self.close_paren();
                    break;
                }
            }
            self.expecting(Expectation::Symbol(")"));
            if self.take(TokenKind::Comma).is_none() && self.peek_kind() != TokenKind::RightParen {
                self.unexpected("grouping opts", "\",\" or \")\"");
                self.close_paren();
                break;
            }
        }
        labels
    }

    fn grouping_label(&mut self) -> Option<String> {
        let token = self.peek();
        let label = match token.kind {
            TokenKind::String => {
                let literal = self.string();
                if literal.value.is_empty() || literal.raw_bytes.is_some() {
                    let quoted = crate::number::quote_bytes(literal.raw_bytes.as_deref().unwrap_or_default());
                    self.error(token.span, format!("invalid label name for grouping: {quoted}"));
                }
                literal.value
            }
            TokenKind::Identifier
            | TokenKind::MetricIdentifier
            | TokenKind::Aggregate(_)
            | TokenKind::Keyword(_)
            | TokenKind::Operator(
                BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Unless | BinaryOperator::Atan2,
            ) => {
                self.advance();
                self.text(token).to_owned()
            }
            _ => return None,
        };
        Some(label)
    }
}
