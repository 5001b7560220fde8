//! Selectors: `http_requests_total{job="api"}`, `{"http.server.duration"}`.
//!
//! Owns the list of matchers in braces.

use crate::labels::METRIC_NAME;
use crate::matcher::{MatchOperator, Matcher};
use crate::position::Span;
use crate::syntax::expectations::Expectation;
use crate::syntax::token::{BinaryOperator, Token, TokenKind};
use crate::syntax::tree::{Expr, RangeEnds, VectorSelector};

use super::{Parser, can_name_metric};

impl Parser<'_> {
    pub(super) fn selector(&mut self) -> Expr {
        let first = self.peek();
        let name = (first.kind != TokenKind::LeftBrace).then(|| {
            self.advance();
            self.text(first).to_owned()
        });
        let mut matchers = Vec::new();
        if self.peek_kind() == TokenKind::LeftBrace {
            matchers = self.matchers(name.as_deref());
        }
        if let Some(name) = &name {
            matchers.push(Matcher::equal(METRIC_NAME, name));
        }
        let span = Span::new(first.span.start, self.last_end());
        Expr::Selector(VectorSelector { name, matchers, offset: None, at: None, range_ends: RangeEnds::Plain, span })
    }

    /// A selector and nothing else.
    pub(super) fn lone_selector(&mut self) -> Option<VectorSelector> {
        let kind = self.peek_kind();
        if kind != TokenKind::LeftBrace && !can_name_metric(kind) {
            return None;
        }
        let Expr::Selector(selector) = self.selector() else { return None };
        if self.peek_kind() != TokenKind::EndOfInput {
            self.unexpected("", "");
        }
        Some(selector)
    }

    fn matchers(&mut self, metric: Option<&str>) -> Vec<Matcher> {
        let mut matchers = Vec::new();
        self.advance();
        while self.take(TokenKind::RightBrace).is_none() {
            self.expecting(Expectation::LabelName { metric: metric.map(str::to_owned) });
            let before = self.errors.len();
            if let Some(matcher) = self.matcher(metric) {
                matchers.push(matcher);
            }
            if self.errors.len() > before && self.is_broken_list() {
                self.skip_braces();
                return matchers;
            }
            self.expecting(Expectation::Symbol("}"));
            self.expecting(Expectation::Symbol(","));
            if self.take(TokenKind::Comma).is_none() && self.peek_kind() != TokenKind::RightBrace {
                self.unexpected("label matching", "\",\" or \"}\"");
                self.skip_braces();
                return matchers;
            }
        }
        matchers
    }

    fn is_broken_list(&mut self) -> bool {
        !matches!(self.peek_kind(), TokenKind::Comma | TokenKind::RightBrace)
    }

    /// Goes behind the closing brace.
    fn skip_braces(&mut self) {
        while !self.is_at_end() {
            if self.advance().kind == TokenKind::RightBrace {
                return;
            }
        }
    }

    fn matcher(&mut self, metric: Option<&str>) -> Option<Matcher> {
        let token = self.peek();
        let name = match token.kind {
            TokenKind::Identifier => {
                self.advance();
                self.text(token).to_owned()
            }
            TokenKind::String => {
                let name = self.string().value;
                if matches!(self.peek_kind(), TokenKind::Comma | TokenKind::RightBrace) {
                    return Some(Matcher::equal(METRIC_NAME, name));
                }
                name
            }
            _ => {
                self.unexpected("label matching", "identifier or \"}\"");
                return None;
            }
        };
        self.expecting(Expectation::MatchOperator);
        let operator = match self.peek_kind() {
            TokenKind::Assign => MatchOperator::Equal,
            TokenKind::Operator(BinaryOperator::NotEqual) => MatchOperator::NotEqual,
            TokenKind::RegexMatch => MatchOperator::Regex,
            TokenKind::RegexMismatch => MatchOperator::NotRegex,
            _ => {
                let is_name = token.kind == TokenKind::String;
                self.unexpected("label matching", if is_name { "\",\" or \"}\"" } else { "label matching operator" });
                return None;
            }
        };
        self.advance();
        self.matcher_value(token, name, operator, metric)
    }

    fn matcher_value(
        &mut self,
        start: Token,
        name: String,
        operator: MatchOperator,
        metric: Option<&str>,
    ) -> Option<Matcher> {
        self.expecting(Expectation::LabelValue { metric: metric.map(str::to_owned), label: name.clone() });
        if self.peek_kind() != TokenKind::String {
            self.unexpected("label matching", "string");
            return None;
        }
        let value = self.string();
        match Matcher::new(operator, name, value.value) {
            Ok(matcher) => Some(matcher),
            Err(error) => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.error(start.span.to(value.span), format!("error parsing regexp: {reason}"));
                None
            }
        }
    }
}
