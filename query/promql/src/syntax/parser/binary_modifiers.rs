//! What stands between a binary operator and its right side: `bool`, `on (…)`, `group_left (…)`, `fill (…)`.
//!
//! Owns their order. Whether they fit the operator and its sides is the type check's matter.

use crate::syntax::expectations::Expectation;
use crate::syntax::token::{BinaryOperator, Keyword, TokenKind};
use crate::syntax::tree::{Cardinality, Matching};

use super::Parser;

impl Parser<'_> {
    /// The matching, and whether a comparison gives 0 and 1 instead of filtering.
    pub(super) fn binary_modifiers(&mut self) -> (Matching, bool) {
        self.expecting(Expectation::MatchingModifier);
        let return_bool = self.take_keyword(Keyword::Bool).is_some();
        let mut matching = Matching::default();
        match self.peek_kind() {
            TokenKind::Keyword(Keyword::On) => matching.on = true,
            TokenKind::Keyword(Keyword::Ignoring) => {}
            _ => {
                self.fill_modifiers(&mut matching);
                return (matching, return_bool);
            }
        }
        self.advance();
        matching.labels = self.label_list();
        matching.cardinality = match self.peek_kind() {
            TokenKind::Keyword(Keyword::GroupLeft) => Cardinality::ManyToOne,
            TokenKind::Keyword(Keyword::GroupRight) => Cardinality::OneToMany,
            _ => Cardinality::OneToOne,
        };
        if matching.cardinality != Cardinality::OneToOne {
            self.advance();
            if self.peek_kind() == TokenKind::LeftParen {
                matching.include = self.label_list();
            }
        }
        self.fill_modifiers(&mut matching);
        (matching, return_bool)
    }

    fn fill_modifiers(&mut self, matching: &mut Matching) {
        let first = self.peek_kind();
        match first {
            TokenKind::Keyword(Keyword::Fill) => {
                let value = self.fill_value();
                (matching.fill_left, matching.fill_right) = (value, value);
            }
            TokenKind::Keyword(Keyword::FillLeft) => {
                matching.fill_left = self.fill_value();
                if self.peek_kind() == TokenKind::Keyword(Keyword::FillRight) {
                    matching.fill_right = self.fill_value();
                }
            }
            TokenKind::Keyword(Keyword::FillRight) => {
                matching.fill_right = self.fill_value();
                if self.peek_kind() == TokenKind::Keyword(Keyword::FillLeft) {
                    matching.fill_left = self.fill_value();
                }
            }
            _ => {}
        }
    }

    /// A number in parentheses, perhaps with a sign.
    fn fill_value(&mut self) -> Option<f64> {
        self.advance();
        self.take(TokenKind::LeftParen)?;
        self.expecting(Expectation::Number);
        let is_negative = self.take(TokenKind::Operator(BinaryOperator::Subtract)).is_some();
        if !is_negative {
            self.take(TokenKind::Operator(BinaryOperator::Add));
        }
        if !matches!(self.peek_kind(), TokenKind::Number | TokenKind::Duration) {
            self.unexpected("", "");
            self.close_paren();
            return None;
        }
        let value = self.number_or_duration().value;
        self.close_paren();
        Some(if is_negative { -value } else { value })
    }
}
