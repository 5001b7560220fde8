//! The language: tokens, tree, parser, type check, printer.
//!
//! Owns everything about a query that can be known from its text alone. Every node knows its bytes. Never evaluates.

pub mod check;
pub mod duration;
pub mod error;
pub mod expectations;
pub mod field;
pub mod free_text;
pub mod lexer;
pub mod literal;
pub mod nearest;
pub mod operator;
pub mod parser;
pub mod pattern;
pub mod print;
pub mod repair;
pub mod token;
pub mod tree;
mod unquote;

pub use error::{ParseError, ParseErrors};
pub use expectations::{Expectation, Expectations, expectations_at, filter_expectations_at};
pub use parser::{Parsed, parse, parse_filter, parse_query};
pub use repair::{parse_filter_lenient, parse_lenient};
pub use tree::Query;

#[cfg(test)]
mod tests;
