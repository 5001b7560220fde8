//! What may be typed at a cursor.
//!
//! Owns the answer for an editor: which kinds of thing fit, and what is already typed of one. Names of metrics and labels
//! are for who knows the data. Never looks behind the cursor.

use crate::position::Span;

use super::parser::Parser;

/// A kind of thing that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// A metric's name, a function, an aggregation, a number, a string, an opening parenthesis or brace.
    Expression,
    BinaryOperator,
    /// `bool`, `on`, `ignoring`, `group_left`, `group_right`, `fill`, `fill_left`, `fill_right`.
    MatchingModifier,
    /// `by`, `without`.
    AggregationModifier,
    /// `[`, `offset`, `@`, `anchored`, `smoothed`.
    Modifier,
    /// A label's name in braces; of this metric, if it is known.
    LabelName {
        metric: Option<String>,
    },
    /// `=`, `!=`, `=~`, `!~`.
    MatchOperator,
    /// A value in quotation marks.
    LabelValue {
        metric: Option<String>,
        label: String,
    },
    /// A label's name in the parentheses of `by`, `on` and the like.
    GroupingLabel,
    Duration,
    Number,
    /// A number, `start()`, `end()`.
    Timestamp,
    /// Exactly this.
    Symbol(&'static str),
}

/// What fits at the cursor, and the bytes before it that are a part of it already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectations {
    pub replaces: Span,
    pub kinds: Vec<Expectation>,
}

/// What fits at a byte of the text. A cursor inside a character is moved to its start.
#[must_use]
pub fn expectations_at(query: &str, cursor: usize) -> Expectations {
    let mut cursor = cursor.min(query.len());
    while !query.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let before = &query[..cursor];
    let is_word = |c: char| c == '_' || c == ':' || c.is_ascii_alphanumeric();
    let mut start = before.trim_end_matches(is_word).len();
    if let Some(open) = open_string(before) {
        start = open;
    } else if before[start..].starts_with(|c: char| c.is_ascii_digit()) {
        // A number is not completed; what fits is what fits behind it.
        start = cursor;
    }
    let mut parser = Parser::new(&before[..start]);
    parser.whole_expression();
    Expectations { replaces: Span::new(start, cursor), kinds: parser.expected_at_end }
}

/// Where a string begins that has no end yet.
fn open_string(text: &str) -> Option<usize> {
    let error = super::lexer::lex(text).error?;
    let is_open = matches!(error.message.as_str(), "unterminated quoted string" | "unterminated raw string");
    is_open.then_some(error.span.start)
}
