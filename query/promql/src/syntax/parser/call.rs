//! Function calls and lists of arguments.
//!
//! Owns the hint to a function's right name. Counts and types of arguments are the type check's matter.

use crate::number::quote;
use crate::position::Span;
use crate::syntax::expectations::Expectation;
use crate::syntax::functions::{FUNCTIONS, function};
use crate::syntax::token::{AggregateOperator, TokenKind};
use crate::syntax::tree::{Call, Expr};

use super::Parser;

/// Names less alike than this are no hint.
const SIMILARITY_MIN: f64 = 0.8;

impl Parser<'_> {
    pub(super) fn call(&mut self) -> Expr {
        let name = self.advance();
        let text = self.text(name).to_owned();
        let known = function(&text);
        if known.is_none() {
            self.error(name.span, format!("unknown function with name {}", quote(&text)));
            if let (Some(error), Some(nearest)) = (self.errors.last_mut(), nearest_name(&text)) {
                error.hint = Some(format!("did you mean {nearest}?"));
            }
        }
        let args = self.arguments();
        let span = Span::new(name.span.start, self.last_end());
        match known {
            Some(function) => Expr::Call(Call { function, args, span }),
            // What stands inside is more use to an editor than nothing.
            None => args.into_iter().next().unwrap_or(Expr::Missing(span)),
        }
    }

    /// Expressions in parentheses, separated by commas.
    pub(super) fn arguments(&mut self) -> Vec<Expr> {
        let mut args = Vec::new();
        self.advance();
        self.expecting(Expectation::Symbol(")"));
        if self.take(TokenKind::RightParen).is_some() {
            return args;
        }
        loop {
            args.push(self.expression(0));
            self.expecting(Expectation::Symbol(","));
            let Some(comma) = self.take(TokenKind::Comma) else { break };
            if self.peek_kind() == TokenKind::RightParen {
                self.error(comma.span, "trailing commas not allowed in function call args");
                break;
            }
        }
        self.close_paren();
        args
    }
}

fn nearest_name(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let names = FUNCTIONS.iter().map(|function| function.name);
    names
        .chain(AggregateOperator::ALL.into_iter().map(AggregateOperator::as_str))
        .map(|name| (strsim::jaro_winkler(&lower, name), name))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, name)| name)
}
