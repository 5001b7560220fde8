//! Tokens to a tree.
//!
//! Owns the grammar and its messages. A text with errors still gives a tree, with holes where something is missing, so
//! that an editor can work with a half-typed query. Never checks types; [`super::check`] does, where there is no error
//! of syntax.

use crate::position::TextRange;

use super::check::check;
use super::error::{ParseError, ParseErrors};
use super::expectations::Expectation;
use super::lexer::{Language, LexError, lex};
use super::token::{Sign, Token, TokenKind};
use super::tree::{Body, FieldExpr, Pipeline, Query};

mod field;
mod metrics;
mod names;
mod query;
mod scalar;

/// Longer texts are not read.
pub const TEXT_BYTES_MAX: usize = 128 << 10;
/// Expressions deeper than this are refused, so that no query overflows the stack.
pub const DEPTH_MAX: usize = 64;
/// A chain of operators is a tree as deep as it is long, though each level of it costs less of the stack.
pub const OPERATORS_MAX: usize = 1_000;
/// Regular expressions of one query: each of them may be large when compiled.
pub const PATTERNS_MAX: usize = 64;
/// Errors that are kept; more would be consequences.
const ERRORS_MAX: usize = 20;

/// A tree, perhaps with holes, and what is wrong with the text.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub query: Query,
    pub errors: Vec<ParseError>,
}

impl Parsed {
    /// The query, if nothing is wrong with it.
    pub fn into_result(self, text: &str) -> Result<Query, ParseErrors> {
        if self.errors.is_empty() {
            Ok(self.query)
        } else {
            Err(ParseErrors { query: text.to_owned(), errors: self.errors })
        }
    }
}

/// Parses and checks types; the tree is there in any case.
#[must_use]
pub fn parse(text: &str) -> Parsed {
    let mut parser = Parser::new(text, Language::TraceQl);
    let query = parser.whole_query();
    parser.finish(query)
}

/// The tree of a query without errors.
pub fn parse_query(text: &str) -> Result<Query, ParseErrors> {
    parse(text).into_result(text)
}

/// The tree of a `filter=`: TraceQL where there are braces, the filter language where there are none. An empty one
/// finds everything.
pub fn parse_filter(text: &str) -> Result<Query, ParseErrors> {
    filter_parsed(text).into_result(text)
}

/// The tree of a `filter=`, perhaps with holes.
pub(super) fn filter_parsed(text: &str) -> Parsed {
    if is_traceql(text) {
        let mut parsed = parse(text);
        if matches!(parsed.query.body, Body::Metrics(_)) {
            let message = "a filter finds spans; this asks for series";
            parsed.errors.push(ParseError::new(TextRange::new(0, text.len()), message));
        }
        return parsed;
    }
    let mut parser = Parser::new(text, Language::Filter);
    let filter = parser.whole_filter();
    parser.finish(Query::of_filter(filter))
}

/// Whether a filter's text is TraceQL: a brace outside of quotation marks.
pub(super) fn is_traceql(text: &str) -> bool {
    let mut mark = None;
    let mut is_escaped = false;
    for character in text.chars() {
        match (mark, character) {
            _ if is_escaped => is_escaped = false,
            (Some('"' | '\''), '\\') => is_escaped = true,
            (Some(open), close) if open == close => mark = None,
            (None, '"' | '\'' | '`') => mark = Some(character),
            (None, '{') => return true,
            _ => {}
        }
    }
    false
}

pub(super) struct Parser<'a> {
    text: &'a str,
    language: Language,
    tokens: Vec<Token>,
    next: usize,
    lex_error: Option<LexError>,
    errors: Vec<ParseError>,
    /// What could have come where the text ends.
    pub(super) expected_at_end: Vec<Expectation>,
    /// The parser failed at the end of the text: what comes up from there on is a consequence.
    failed_at_end: bool,
    depth: usize,
    operators: usize,
    patterns: usize,
    /// The query passes a limit and is not read any further.
    gave_up: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, language: Language) -> Self {
        let is_too_long = text.len() > TEXT_BYTES_MAX;
        let lexed = lex(if is_too_long { "" } else { text }, language);
        let mut parser = Self {
            text,
            language,
            tokens: lexed.tokens,
            next: 0,
            lex_error: lexed.error,
            errors: Vec::new(),
            expected_at_end: Vec::new(),
            failed_at_end: false,
            depth: 0,
            operators: 0,
            patterns: 0,
            gave_up: false,
        };
        if is_too_long {
            let message = format!("the query has {} bytes; the limit is {TEXT_BYTES_MAX}", text.len());
            parser.give_up(TextRange::new(0, text.len()), message);
        }
        parser
    }

    fn finish(mut self, query: Query) -> Parsed {
        if let Some(error) = self.lex_error.take() {
            self.push_lex_error(error);
        }
        if self.errors.is_empty() {
            self.errors = check(&query);
        }
        self.errors.sort_by_key(|error| error.range.start);
        Parsed { query, errors: self.errors }
    }

    pub(super) fn whole_query(&mut self) -> Query {
        let body = self.body();
        let mut hints = Vec::new();
        while self.word_is("with") {
            hints.extend(self.hints());
        }
        if !self.is_at_end() {
            self.unexpected("an operator, `|` or the end of the query");
        }
        Query { body, hints }
    }

    pub(super) fn whole_filter(&mut self) -> FieldExpr {
        if self.is_at_end() && self.lex_error.is_none() && !self.gave_up {
            self.expecting(Expectation::Field);
            return FieldExpr::literal(super::literal::Literal::Bool(true));
        }
        let filter = self.field_expression(0);
        if !self.is_at_end() {
            self.unexpected("`and`, `or`, an operator or the end of the filter");
        }
        filter
    }

    // === tokens ===

    /// The next token. The lexer's error is reported when the parser comes to its place, and once.
    fn peek(&mut self) -> Token {
        let token = self.tokens[self.next];
        if token.kind == TokenKind::Error
            && let Some(error) = self.lex_error.take()
        {
            self.push_lex_error(error);
        }
        token
    }

    fn push_lex_error(&mut self, error: LexError) {
        self.push_error(ParseError { range: error.range, message: error.message, hint: error.hint });
    }

    fn advance(&mut self) -> Token {
        let token = self.peek();
        if self.next + 1 < self.tokens.len() {
            self.next += 1;
        }
        token
    }

    fn peek_sign(&mut self) -> Option<Sign> {
        match self.peek().kind {
            TokenKind::Sign(sign) => Some(sign),
            _ => None,
        }
    }

    fn take_sign(&mut self, sign: Sign) -> Option<Token> {
        (self.peek_sign() == Some(sign)).then(|| self.advance())
    }

    fn peek_word(&mut self) -> Option<&'a str> {
        let token = self.peek();
        (token.kind == TokenKind::Word).then(|| token.range.of(self.text))
    }

    fn word_is(&mut self, word: &str) -> bool {
        self.peek_word() == Some(word)
    }

    /// Whether the token behind the next one is an opening parenthesis.
    fn parenthesis_follows(&self) -> bool {
        self.tokens.get(self.next + 1).is_some_and(|token| token.kind == TokenKind::Sign(Sign::OpenParen))
    }

    fn written(&self, token: Token) -> &'a str {
        token.range.of(self.text)
    }

    /// The end of the token that was taken last.
    fn last_end(&self) -> usize {
        self.next.checked_sub(1).map_or(0, |index| self.tokens[index].range.end)
    }

    fn is_at_end(&self) -> bool {
        matches!(self.tokens[self.next].kind, TokenKind::EndOfInput | TokenKind::Error)
    }

    // === errors ===

    fn push_error(&mut self, error: ParseError) {
        let is_known = self.errors.iter().any(|known| known.range.start == error.range.start);
        if !is_known && self.errors.len() < ERRORS_MAX {
            self.errors.push(error);
        }
    }

    fn error(&mut self, range: TextRange, message: impl Into<String>) {
        self.push_error(ParseError::new(range, message));
    }

    fn error_with_hint(&mut self, range: TextRange, message: impl Into<String>, hint: Option<String>) {
        self.push_error(ParseError { range, message: message.into(), hint });
    }

    /// Complains about the next token.
    fn unexpected(&mut self, expected: &str) {
        let token = self.peek();
        self.failed_at_end |= self.is_at_end();
        if token.kind == TokenKind::Error || self.gave_up {
            return;
        }
        let message = format!("unexpected {}, expected {expected}", token.describe(self.text));
        self.error(token.range, message);
    }

    /// Reads no further.
    fn give_up(&mut self, range: TextRange, reason: impl Into<String>) {
        if !self.gave_up {
            self.errors.push(ParseError::new(range, reason));
        }
        self.gave_up = true;
        self.lex_error = None;
        self.next = self.tokens.len() - 1;
    }

    /// Notes what may come here, for an editor's cursor at the end of the text.
    fn expecting(&mut self, expectation: Expectation) {
        if self.is_at_end() && !self.failed_at_end && !self.expected_at_end.contains(&expectation) {
            self.expected_at_end.push(expectation);
        }
    }

    /// Goes a level deeper, unless that is too deep.
    fn descend(&mut self) -> bool {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let range = self.peek().range;
            self.give_up(range, format!("the query is nested more than {DEPTH_MAX} levels deep"));
            self.depth -= 1;
            return false;
        }
        true
    }

    /// Counts an operator, unless there are too many.
    fn count_operator(&mut self) -> bool {
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            let range = self.peek().range;
            self.give_up(range, format!("the query has more than {OPERATORS_MAX} operators"));
            return false;
        }
        true
    }

    /// Counts a regular expression, unless there are too many.
    fn count_pattern(&mut self, range: TextRange) -> bool {
        self.patterns += 1;
        if self.patterns > PATTERNS_MAX {
            self.give_up(range, format!("the query has more than {PATTERNS_MAX} regular expressions and free texts"));
            return false;
        }
        true
    }

    // === punctuation ===

    fn open_paren(&mut self) -> bool {
        self.expecting(Expectation::Symbol("("));
        let is_there = self.take_sign(Sign::OpenParen).is_some();
        if !is_there {
            self.unexpected("`(`");
        }
        is_there
    }

    /// A closing sign; where it is missing, what stands in its place is skipped up to it.
    fn close(&mut self, open: Sign, close: Sign, symbol: &'static str, expected: &str) {
        self.expecting(Expectation::Symbol(symbol));
        if self.take_sign(close).is_some() {
            return;
        }
        self.unexpected(expected);
        let mut depth = 0_usize;
        while !self.is_at_end() {
            match self.advance().kind {
                TokenKind::Sign(sign) if sign == open => depth += 1,
                TokenKind::Sign(sign) if sign == close && depth == 0 => return,
                TokenKind::Sign(sign) if sign == close => depth -= 1,
                _ => {}
            }
        }
    }

    fn close_paren(&mut self, expected: &str) {
        self.close(Sign::OpenParen, Sign::CloseParen, ")", expected);
    }

    fn empty_body() -> Body {
        Body::Spans(Pipeline { stages: Vec::new() })
    }
}
