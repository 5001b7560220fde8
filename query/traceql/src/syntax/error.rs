//! What is wrong with a query's text, and where.
//!
//! Owns the form of messages: place, what was found, what was expected, what may be meant. Never decides what is wrong.

use std::fmt::{self, Display, Formatter};

use crate::position::{LineColumn, TextRange};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    pub range: TextRange,
    pub message: String,
    /// What may be meant instead.
    pub hint: Option<String>,
}

/// All errors of a query, at least one, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseErrors {
    pub query: String,
    pub errors: Vec<ParseError>,
}

impl ParseError {
    /// An error without a hint.
    #[must_use]
    pub fn new(range: TextRange, message: impl Into<String>) -> Self {
        Self { range, message: message.into(), hint: None }
    }

    /// As one line, with the place in the query.
    #[must_use]
    pub fn describe(&self, query: &str) -> String {
        let place = LineColumn::of(query, self.range.start);
        match &self.hint {
            Some(hint) => format!("{place}: {}; {hint}", self.message),
            None => format!("{place}: {}", self.message),
        }
    }
}

impl Display for ParseErrors {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.errors.iter().map(|error| error.describe(&self.query)).collect();
        out.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ParseErrors {}
