//! Tokens to a tree.
//!
//! Owns the grammar, precedence, and the messages of Prometheus's parser with their places. A text with errors still gives
//! a tree, with holes where something is missing, so that an editor can work with a half-typed query. Never checks types;
//! [`super::check`] does, where there is no error of syntax.

use crate::matcher::Matcher;
use crate::number::{NumberError, parse_number};
use crate::position::{Span, line_and_column};

use super::check::check;
use super::expectations::Expectation;
use super::lexer::{LexError, lex};
use super::token::{BinaryOperator, Keyword, Token, TokenKind};
use super::tree::{Binary, Expr, NumberLiteral, Paren, StringLiteral, Unary};
use super::unquote::unquote;

mod aggregate;
mod binary_modifiers;
mod call;
mod duration;
mod postfix;
mod selector;

/// Expressions deeper than this are refused, so that no query overflows the stack.
const DEPTH_MAX: usize = 100;
/// A chain of operators is a tree as deep as it is long, though each level of it costs less of the stack.
const OPERATORS_MAX: usize = 1_000;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    pub span: Span,
    pub message: String,
    /// Something that may be meant instead, such as the nearest function's name.
    pub hint: Option<String>,
}

/// All errors of a query, at least one, in the order of their discovery. As text it is the first alone, as Prometheus
/// has it: `1:5: parse error: unexpected end of input`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseErrors {
    pub query: String,
    pub errors: Vec<ParseError>,
}

/// A tree, perhaps with holes, and what is wrong with the text.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub expr: Expr,
    pub errors: Vec<ParseError>,
}

/// Parses and checks types; the tree is there in any case.
#[must_use]
pub fn parse(query: &str) -> Parsed {
    let mut parser = Parser::new(query);
    let mut expr = parser.whole_expression();
    if parser.errors.is_empty() {
        parser.errors = check(&mut expr);
    }
    Parsed { expr, errors: parser.errors }
}

/// The tree of a query without errors.
pub fn parse_expression(query: &str) -> Result<Expr, ParseErrors> {
    let parsed = parse(query);
    if parsed.errors.is_empty() {
        Ok(parsed.expr)
    } else {
        Err(ParseErrors { query: query.to_owned(), errors: parsed.errors })
    }
}

/// The matchers of a lone selector, as the parameter `match[]` of the HTTP API holds it.
pub fn parse_selector(query: &str) -> Result<Vec<Matcher>, ParseErrors> {
    let mut parser = Parser::new(query);
    let selector = parser.lone_selector();
    match selector {
        Some(selector) if parser.errors.is_empty() => Ok(selector.matchers),
        _ => {
            if parser.errors.is_empty() {
                parser.unexpected("", "");
            }
            Err(ParseErrors { query: query.to_owned(), errors: parser.errors })
        }
    }
}

// === impl ParseErrors ===

impl std::fmt::Display for ParseErrors {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.errors.first() {
            Some(first) => {
                write!(formatter, "{}: parse error: {}", line_and_column(&self.query, first.span.start), first.message)
            }
            None => formatter.write_str("error contains no error message"),
        }
    }
}

impl std::error::Error for ParseErrors {}

// === impl Parser ===

pub(super) struct Parser<'a> {
    query: &'a str,
    tokens: Vec<Token>,
    next: usize,
    lex_error: Option<LexError>,
    pub(super) errors: Vec<ParseError>,
    /// What could have come where the text ends.
    pub(super) expected_at_end: Vec<Expectation>,
    depth: usize,
    /// How many aggregations' arguments are open; messages then say so.
    open_aggregations: usize,
    /// The parser failed at the end of the text: what comes up from there on is a consequence.
    failed_at_end: bool,
    /// Binary operators so far.
    operators: usize,
    /// The query is nested too deeply and not read any further.
    is_too_deep: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn new(query: &'a str) -> Self {
        let lexed = lex(query);
        Self {
            query,
            tokens: lexed.tokens,
            next: 0,
            lex_error: lexed.error,
            errors: Vec::new(),
            expected_at_end: Vec::new(),
            depth: 0,
            open_aggregations: 0,
            failed_at_end: false,
            operators: 0,
            is_too_deep: false,
        }
    }

    pub(super) fn whole_expression(&mut self) -> Expr {
        if self.peek().kind == TokenKind::EndOfInput {
            self.expecting(Expectation::Expression);
            self.error(Span::default(), "no expression found in input");
            return Expr::Missing(self.peek().span);
        }
        let expr = self.expression(0);
        if self.peek().kind != TokenKind::EndOfInput {
            self.unexpected("", "");
        }
        expr
    }

    // === tokens ===

    /// The next token. The lexer's error is reported when the parser comes to its place, and once.
    fn peek(&mut self) -> Token {
        let token = self.tokens[self.next];
        if token.kind == TokenKind::Error
            && let Some(LexError { span, message }) = self.lex_error.take()
        {
            self.error(span, message);
        }
        token
    }

    fn peek_kind(&mut self) -> TokenKind {
        self.peek().kind
    }

    /// The token behind the next one.
    fn second_kind(&self) -> TokenKind {
        self.tokens.get(self.next + 1).map_or(TokenKind::EndOfInput, |token| token.kind)
    }

    fn advance(&mut self) -> Token {
        let token = self.peek();
        if self.next + 1 < self.tokens.len() {
            self.next += 1;
        }
        token
    }

    fn take(&mut self, kind: TokenKind) -> Option<Token> {
        (self.peek_kind() == kind).then(|| self.advance())
    }

    fn take_keyword(&mut self, keyword: Keyword) -> Option<Token> {
        self.take(TokenKind::Keyword(keyword))
    }

    fn text(&self, token: Token) -> &'a str {
        token.text(self.query)
    }

    /// The end of the token that was taken last.
    fn last_end(&self) -> usize {
        self.next.checked_sub(1).map_or(0, |index| self.tokens[index].span.end)
    }

    fn is_at_end(&self) -> bool {
        matches!(self.tokens[self.next].kind, TokenKind::EndOfInput | TokenKind::Error)
    }

    // === errors ===

    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.errors.push(ParseError { span, message: message.into(), hint: None });
    }

    /// Complains about the next token. Of one place only the first complaint is kept.
    fn unexpected(&mut self, context: &str, expected: &str) {
        let token = self.peek();
        self.failed_at_end |= self.is_at_end();
        let is_known = self.is_too_deep || self.errors.iter().any(|error| error.span.start >= token.span.start);
        if token.kind == TokenKind::Error || is_known {
            return;
        }
        let mut message = format!("unexpected {}", token.description(self.query));
        let context = if context.is_empty() && self.open_aggregations > 0 { "aggregation" } else { context };
        if !context.is_empty() {
            message.push_str(&format!(" in {context}"));
        }
        if !expected.is_empty() {
            message.push_str(&format!(", expected {expected}"));
        }
        self.error(token.span, message);
    }

    /// Notes what may come here, for an editor's cursor at the end of the text.
    fn expecting(&mut self, expectation: Expectation) {
        if self.is_at_end() && !self.failed_at_end && !self.expected_at_end.contains(&expectation) {
            self.expected_at_end.push(expectation);
        }
    }

    // === expressions ===

    /// An expression of operators that bind at least this strongly.
    fn expression(&mut self, precedence_min: u8) -> Expr {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let span = self.peek().span;
            self.give_up(span, format!("expression is nested more than {DEPTH_MAX} levels deep"));
            self.depth -= 1;
            return Expr::Missing(span);
        }
        let mut left = self.operand();
        loop {
            self.expecting(Expectation::BinaryOperator);
            let token = self.peek();
            let TokenKind::Operator(operator) = token.kind else { break };
            let precedence = operator.precedence();
            if precedence < precedence_min {
                break;
            }
            self.operators += 1;
            if self.operators > OPERATORS_MAX {
                self.give_up(token.span, format!("expression has more than {OPERATORS_MAX} binary operators"));
                break;
            }
            self.advance();
            let (matching, return_bool) = self.binary_modifiers();
            let operator_span = Span::new(token.span.start, self.last_end());
            // Of equal precedence the left one comes first, except that powers go from the right.
            let right_min = if operator == BinaryOperator::Power { precedence } else { precedence + 1 };
            let right = self.expression(right_min);
            left = Expr::Binary(Box::new(Binary { operator, left, right, return_bool, matching, operator_span }));
        }
        self.depth -= 1;
        left
    }

    /// Reads no further.
    fn give_up(&mut self, span: Span, reason: String) {
        if !self.is_too_deep {
            self.error(span, reason);
        }
        self.is_too_deep = true;
        self.next = self.tokens.len() - 1;
    }

    /// An operand with its sign and with what is behind it: ranges, offsets, times.
    fn operand(&mut self) -> Expr {
        let token = self.peek();
        let is_minus = token.kind == TokenKind::Operator(BinaryOperator::Subtract);
        if !is_minus && token.kind != TokenKind::Operator(BinaryOperator::Add) {
            let primary = self.primary();
            return self.postfix(primary);
        }
        self.advance();
        match self.expression(BinaryOperator::Power.precedence()) {
            Expr::Number(mut number) => {
                if is_minus {
                    number.value = -number.value;
                }
                number.span.start = token.span.start;
                Expr::Number(number)
            }
            expr => {
                let span = token.span.to(expr.span());
                Expr::Unary(Box::new(Unary { is_minus, expr, span }))
            }
        }
    }

    fn primary(&mut self) -> Expr {
        self.expecting(Expectation::Expression);
        let token = self.peek();
        match token.kind {
            TokenKind::Number | TokenKind::Duration => Expr::Number(self.number_or_duration()),
            TokenKind::String => Expr::String(self.string()),
            TokenKind::LeftParen => self.parenthesised(),
            TokenKind::LeftBrace => self.selector(),
            TokenKind::Aggregate(operator) if self.begins_aggregation() => self.aggregate(operator),
            TokenKind::Identifier if self.second_kind() == TokenKind::LeftParen => self.call(),
            TokenKind::Keyword(
                Keyword::Start | Keyword::End | Keyword::Step | Keyword::Range | Keyword::MaxOf | Keyword::MinOf,
            ) if self.second_kind() == TokenKind::LeftParen => self.call(),
            kind if can_name_metric(kind) => {
                let selector = self.selector();
                if matches!(kind, TokenKind::Aggregate(_)) {
                    self.expecting(Expectation::Symbol("("));
                    self.expecting(Expectation::AggregationModifier);
                }
                selector
            }
            _ => {
                self.unexpected("", "");
                Expr::Missing(Span::new(token.span.start, token.span.start))
            }
        }
    }

    fn parenthesised(&mut self) -> Expr {
        let open = self.advance();
        let expr = self.expression(0);
        self.close_paren();
        let span = Span::new(open.span.start, self.last_end());
        Expr::Paren(Box::new(Paren { expr, span }))
    }

    /// A closing parenthesis; where it is missing, what stands in its place is skipped up to it, if it is near.
    fn close_paren(&mut self) {
        self.expecting(Expectation::Symbol(")"));
        if self.take(TokenKind::RightParen).is_some() {
            return;
        }
        self.unexpected("", "");
        let (mut ahead, mut open) = (self.next, 0);
        while let Some(token) = self.tokens.get(ahead) {
            match token.kind {
                TokenKind::LeftParen => open += 1,
                TokenKind::RightParen if open == 0 => {
                    self.next = ahead + 1;
                    return;
                }
                TokenKind::RightParen => open -= 1,
                _ => {}
            }
            ahead += 1;
        }
        self.next = self.tokens.len() - 1;
    }

    fn number_or_duration(&mut self) -> NumberLiteral {
        let token = self.advance();
        let text = self.text(token);
        if token.kind == TokenKind::Duration {
            let milliseconds = crate::duration::parse_duration(text).unwrap_or_else(|error| {
                self.error(token.span, error.to_string());
                0
            });
            return NumberLiteral { value: milliseconds as f64 / 1000.0, is_duration: true, span: token.span };
        }
        let value = parse_number(text).unwrap_or_else(|error: NumberError| {
            self.error(token.span, format!("error parsing number: {error}"));
            0.0
        });
        NumberLiteral { value, is_duration: false, span: token.span }
    }

    fn string(&mut self) -> StringLiteral {
        let token = self.advance();
        let (value, raw_bytes) = match String::from_utf8(unquote(self.text(token))) {
            Ok(value) => (value, None),
            Err(error) => {
                let bytes = error.into_bytes();
                (String::from_utf8_lossy(&bytes).into_owned(), Some(bytes))
            }
        };
        StringLiteral { value, raw_bytes, span: token.span }
    }
}

/// Whether a word can be a metric's name where an operand begins.
fn can_name_metric(kind: TokenKind) -> bool {
    match kind {
        TokenKind::Identifier | TokenKind::MetricIdentifier | TokenKind::Aggregate(_) => true,
        TokenKind::Operator(BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Unless) => true,
        TokenKind::Keyword(keyword) => !matches!(
            keyword,
            Keyword::Bool | Keyword::On | Keyword::Ignoring | Keyword::GroupLeft | Keyword::GroupRight
        ),
        _ => false,
    }
}

#[cfg(test)]
pub(crate) mod tests;
