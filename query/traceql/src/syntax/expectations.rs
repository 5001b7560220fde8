//! What may be typed at a cursor.
//!
//! Owns the answer for an editor: which kinds of thing fit, and what is already typed of one. Names of attributes and
//! their values are for who knows the data. Never looks behind the cursor.

use crate::position::TextRange;

use super::field::{Field, Scope};
use super::lexer::{Language, lex};
use super::parser::{Parser, is_traceql};
use super::token::TokenKind;

/// A kind of thing that fits.
#[derive(Clone, Debug, PartialEq)]
pub enum Expectation {
    /// An attribute of any scope, an intrinsic, or a value.
    Field,
    /// The key of an attribute of this scope; `replaces` begins with the scope.
    AttributeKey { scope: Scope, of_parent: bool },
    /// A value that this field has.
    Value { field: Field },
    /// `=`, `!=`, `=~`, `!~`, `<`, `<=`, `>`, `>=`.
    ComparisonOperator,
    /// `&&`, `||`; in the filter language `and`, `or`.
    LogicOperator,
    /// `&&`, `||`, `>>`, `>`, `<<`, `<`, `~` and their other forms.
    SpansetOperator,
    /// What stands behind a pipe: `by(`, `select(`, `count()`, `rate()`, …
    Stage,
    /// `topk(`, `bottomk(`.
    SecondStage,
    /// A name in `with(…)`.
    HintName,
    /// Exactly this.
    Symbol(&'static str),
}

/// What fits at the cursor, and the bytes before it that are a part of it already.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectations {
    pub replaces: TextRange,
    pub kinds: Vec<Expectation>,
}

/// What fits at a byte of a query. A cursor inside a character is moved to its start.
#[must_use]
pub fn expectations_at(text: &str, cursor: usize) -> Expectations {
    at(text, cursor, Language::TraceQl)
}

/// What fits at a byte of a `filter=`.
#[must_use]
pub fn filter_expectations_at(text: &str, cursor: usize) -> Expectations {
    let language = if is_traceql(text) { Language::TraceQl } else { Language::Filter };
    at(text, cursor, language)
}

fn at(text: &str, cursor: usize, language: Language) -> Expectations {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let before = &text[..cursor];
    let (start, partial) = typed_part(before, language);
    let mut parser = Parser::new(&before[..start], language);
    match language {
        Language::TraceQl => drop(parser.whole_query()),
        Language::Filter => drop(parser.whole_filter()),
    }
    let mut kinds = parser.expected_at_end;
    if let Some(TokenKind::Attribute { scope, of_parent, .. }) = partial
        && let Some(kind) = kinds.iter_mut().find(|kind| **kind == Expectation::Field)
        // A bare name of the filter language may still become an intrinsic.
        && !(language == Language::Filter && scope == Scope::Any && !before[start..].starts_with('.'))
    {
        *kind = Expectation::AttributeKey { scope, of_parent };
    }
    Expectations { replaces: TextRange::new(start, cursor), kinds }
}

/// Where the word, name or text begins in which the cursor stands.
fn typed_part(before: &str, language: Language) -> (usize, Option<TokenKind>) {
    let lexed = lex(before, language);
    if let Some(error) = lexed.error {
        let is_part = error.is_open_text || error.range.end == before.len();
        return (if is_part { error.range.start } else { before.len() }, None);
    }
    let last = lexed.tokens.iter().rev().nth(1).filter(|token| token.range.end == before.len());
    match last {
        Some(token) if matches!(token.kind, TokenKind::Word | TokenKind::Attribute { .. } | TokenKind::ScopedName) => {
            (token.range.start, Some(token.kind))
        }
        // Numbers, texts and signs are not completed; what fits is what fits behind them.
        _ => (before.len(), None),
    }
}
