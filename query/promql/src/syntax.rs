//! The language: tokens, tree, parser, type check, printer.
//!
//! Owns everything about a query that can be known from its text alone. Every node knows its bytes. Never evaluates.

pub mod check;
pub mod expectations;
pub mod functions;
pub mod lexer;
mod named_labels;
pub mod parser;
pub mod pretty;
pub mod print;
pub mod token;
pub mod tree;
mod unquote;

pub use expectations::{Expectation, Expectations, expectations_at};
pub use named_labels::named_labels;
pub use parser::{ParseError, ParseErrors, Parsed, parse, parse_expression, parse_selector};
pub use tree::{Expr, ValueType};
