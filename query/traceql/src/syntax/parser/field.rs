//! What stands in braces: expressions over one span.
//!
//! Owns how operators bind there, and the words of the filter language. Never checks types.

use crate::position::{Place, TextRange};

use super::Parser;
use crate::syntax::expectations::Expectation;
use crate::syntax::free_text::free_text;
use crate::syntax::lexer::Language;
use crate::syntax::literal::Literal;
use crate::syntax::operator::{BinaryOperator, binding};
use crate::syntax::pattern::{Network, Pattern};
use crate::syntax::token::{Sign, Token, TokenKind};
use crate::syntax::tree::{Binary, Cidr, FieldExpr, Matches};

/// An operator between two expressions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Infix {
    Binary(BinaryOperator),
    Matches { is_negated: bool },
}

impl Parser<'_> {
    /// `{ … }`, the opening brace being next.
    pub(super) fn braces(&mut self) -> FieldExpr {
        let open = self.advance();
        if self.peek_sign() == Some(Sign::CloseBrace) {
            self.advance();
            let place = Place(open.range);
            return FieldExpr::Literal(Literal::Bool(true), place);
        }
        self.expecting(Expectation::Symbol("}"));
        let filter = self.field_expression(0);
        let expected = "an operator, `&&`, `||` or `}`";
        self.close(Sign::OpenBrace, Sign::CloseBrace, "}", expected);
        filter
    }

    /// An expression of operators that bind at least this strongly.
    pub(super) fn field_expression(&mut self, binding_min: u8) -> FieldExpr {
        if !self.descend() {
            return FieldExpr::Missing(Place(self.peek().range));
        }
        let mut left = self.field_operand(binding_min);
        loop {
            self.expect_operator(&left);
            let Some((infix, binding)) = self.peek_infix() else { break };
            if binding < binding_min || !self.count_operator() {
                break;
            }
            let token = self.advance();
            left = self.combine(infix, left, token, binding);
        }
        self.depth -= 1;
        left
    }

    fn peek_infix(&mut self) -> Option<(Infix, u8)> {
        let is_filter = self.language == Language::Filter;
        if is_filter && let Some(word) = self.peek_word() {
            return match word {
                "and" | "AND" => Some((Infix::Binary(BinaryOperator::And), binding::LOGIC)),
                "or" | "OR" => Some((Infix::Binary(BinaryOperator::Or), binding::OR)),
                _ => None,
            };
        }
        let operator = match self.peek_sign()? {
            Sign::Matches => return Some((Infix::Matches { is_negated: false }, binding::COMPARISON)),
            Sign::NotMatches => return Some((Infix::Matches { is_negated: true }, binding::COMPARISON)),
            Sign::Or if is_filter => return Some((Infix::Binary(BinaryOperator::Or), binding::OR)),
            sign => binary_operator(sign)?,
        };
        Some((Infix::Binary(operator), operator.binding()))
    }

    fn expect_operator(&mut self, left: &FieldExpr) {
        if matches!(left, FieldExpr::Missing(_)) {
            return;
        }
        self.expecting(Expectation::LogicOperator);
        if !matches!(left, FieldExpr::Binary(binary) if !binary.operator.is_arithmetic()) {
            self.expecting(Expectation::ComparisonOperator);
        }
    }

    fn combine(&mut self, infix: Infix, left: FieldExpr, token: Token, binding: u8) -> FieldExpr {
        let place = Place(token.range);
        let operator = match infix {
            Infix::Matches { is_negated } => return self.matches(left, is_negated, token),
            Infix::Binary(operator) => operator,
        };
        if operator.is_comparison()
            && let FieldExpr::Field(field, _) = &left
        {
            self.expecting(Expectation::Value { field: field.clone() });
        }
        // Of equal strength the left one comes first, except that powers go from the right.
        let right_min = if operator == BinaryOperator::Power { binding } else { binding + 1 };
        let right = self.field_expression(right_min);
        let is_equality = matches!(operator, BinaryOperator::Equal | BinaryOperator::NotEqual);
        let is_nil = |expr: &FieldExpr| matches!(expr, FieldExpr::Missing(place) if place.0.of(self.text) == "nil");
        match (is_equality, is_nil(&left), is_nil(&right)) {
            // As in Tempo, both comparisons of nothing with nothing are false.
            (true, true, true) => FieldExpr::Literal(Literal::Bool(false), Place(left.range().to(right.range()))),
            (true, true, false) => exists(right, left.range(), operator),
            (true, false, true) => exists(left, right.range(), operator),
            _ => FieldExpr::Binary(Box::new(Binary { operator, left, right, place })),
        }
    }

    /// The right side of `=~`, which is a text.
    fn matches(&mut self, operand: FieldExpr, is_negated: bool, operator: Token) -> FieldExpr {
        if let FieldExpr::Field(field, _) = &operand {
            self.expecting(Expectation::Value { field: field.clone() });
        }
        let token = self.peek();
        if token.kind != TokenKind::String {
            self.unexpected("a regular expression in quotation marks");
            // What stands there instead is read, so that what follows keeps its sense.
            let place = Place(operator.range.to(token.range));
            if !self.is_at_end() {
                self.field_expression(binding::SUM);
            }
            return FieldExpr::Missing(place);
        }
        self.advance();
        let text = self.string(token);
        let place = Place(operator.range.to(token.range));
        if !self.count_pattern(token.range) {
            return FieldExpr::Missing(place);
        }
        match Pattern::new(&text) {
            Ok(pattern) => FieldExpr::Matches(Box::new(Matches { operand, is_negated, pattern, place })),
            Err(error) => {
                self.error(token.range, error.to_string());
                FieldExpr::Missing(place)
            }
        }
    }

    // === operands ===

    fn field_operand(&mut self, binding_min: u8) -> FieldExpr {
        self.expecting(Expectation::Field);
        let token = self.peek();
        let place = Place(token.range);
        match token.kind {
            TokenKind::Sign(Sign::OpenParen) => {
                self.advance();
                let inner = self.field_expression(0);
                self.close_paren("an operator or `)`");
                inner
            }
            TokenKind::Sign(Sign::Subtract) => {
                self.advance();
                negated(self.field_expression(binding::NOT), place)
            }
            TokenKind::Sign(Sign::Not) => {
                self.advance();
                FieldExpr::Not(Box::new(self.field_expression(binding::PRODUCT)), place)
            }
            TokenKind::Attribute { .. } | TokenKind::ScopedName => {
                self.advance();
                match self.field_of(token) {
                    Some(field) => FieldExpr::Field(field, place),
                    None => FieldExpr::Missing(place),
                }
            }
            TokenKind::Word => self.word_operand(token),
            TokenKind::String if self.is_free_text(binding_min) => {
                self.advance();
                let text = self.string(token);
                if !self.count_pattern(token.range) {
                    return FieldExpr::Missing(place);
                }
                free_text(&text, token.range).unwrap_or_else(|error| {
                    self.error(token.range, error.to_string());
                    FieldExpr::Missing(place)
                })
            }
            TokenKind::Int | TokenKind::Float | TokenKind::Duration | TokenKind::String => {
                self.advance();
                match self.literal_of(token) {
                    Some(literal) => FieldExpr::Literal(literal, place),
                    None => FieldExpr::Missing(place),
                }
            }
            TokenKind::Sign(_) | TokenKind::EndOfInput | TokenKind::Error => {
                self.unexpected("an attribute, an intrinsic or a value");
                let start = token.range.start;
                FieldExpr::Missing(Place(TextRange::new(start, start)))
            }
        }
    }

    fn word_operand(&mut self, token: Token) -> FieldExpr {
        let word = self.written(token);
        let place = Place(token.range);
        let is_call = self.parenthesis_follows();
        self.advance();
        match word {
            "nil" => return FieldExpr::Missing(place),
            "cidr" if is_call => return self.cidr(token),
            "exists" if is_call && self.language == Language::Filter => return self.exists_call(token),
            "not" | "NOT" if self.language == Language::Filter => {
                return FieldExpr::Not(Box::new(self.field_expression(binding::COMPARISON)), place);
            }
            _ => {}
        }
        if let Some(field) = self.field_of(token) {
            return FieldExpr::Field(field, place);
        }
        if let Some(literal) = self.literal_of(token) {
            return FieldExpr::Literal(literal, place);
        }
        self.unknown_word(token);
        FieldExpr::Missing(place)
    }

    /// A text that is compared with nothing is looked for in what people read.
    fn is_free_text(&mut self, binding_min: u8) -> bool {
        if self.language != Language::Filter || binding_min > binding::COMPARISON {
            return false;
        }
        let behind = self.tokens.get(self.next + 1).map(|token| token.kind);
        !matches!(behind, Some(TokenKind::Sign(sign))
            if matches!(sign, Sign::Matches | Sign::NotMatches)
                || binary_operator(sign).is_some_and(|operator| !operator.is_logic()))
    }

    fn exists_call(&mut self, word: Token) -> FieldExpr {
        self.open_paren();
        let operand = self.field_of_any_word();
        self.close_paren("`)`");
        let range = TextRange::new(word.range.start, self.last_end());
        FieldExpr::Exists { operand: Box::new(operand), is_negated: false, place: Place(range) }
    }

    fn cidr(&mut self, word: Token) -> FieldExpr {
        self.open_paren();
        let operand = self.field_expression(binding::SUM);
        let mut networks = Vec::new();
        loop {
            self.expecting(Expectation::Symbol(","));
            if self.take_sign(Sign::Comma).is_none() {
                break;
            }
            let token = self.peek();
            if token.kind != TokenKind::String {
                self.unexpected("a network in quotation marks, such as \"10.0.0.0/8\"");
                break;
            }
            self.advance();
            let text = self.string(token);
            match Network::new(&text) {
                Ok(network) => networks.push(network),
                Err(error) => self.error(token.range, error.to_string()),
            }
        }
        self.close_paren("`,` or `)`");
        let range = TextRange::new(word.range.start, self.last_end());
        if networks.is_empty() {
            self.error(range, "cidr() needs a network, as in cidr(span.client.address, \"10.0.0.0/8\")");
            return FieldExpr::Missing(Place(range));
        }
        FieldExpr::Cidr(Box::new(Cidr { operand, networks, place: Place(range) }))
    }
}

fn exists(operand: FieldExpr, nil: TextRange, operator: BinaryOperator) -> FieldExpr {
    let place = Place(operand.range().to(nil));
    FieldExpr::Exists { operand: Box::new(operand), is_negated: operator == BinaryOperator::Equal, place }
}

/// A minus before a number is a part of it.
fn negated(operand: FieldExpr, sign: Place) -> FieldExpr {
    if let FieldExpr::Literal(literal, place) = &operand
        && let Some(negative) = literal.negated()
    {
        return FieldExpr::Literal(negative, Place(sign.0.to(place.0)));
    }
    FieldExpr::Negate(Box::new(operand), sign)
}

/// The operator of a sign, where it stands between values.
pub(super) fn binary_operator(sign: Sign) -> Option<BinaryOperator> {
    Some(match sign {
        Sign::Add => BinaryOperator::Add,
        Sign::Subtract => BinaryOperator::Subtract,
        Sign::Multiply => BinaryOperator::Multiply,
        Sign::Divide => BinaryOperator::Divide,
        Sign::Modulo => BinaryOperator::Modulo,
        Sign::Power => BinaryOperator::Power,
        Sign::Equal => BinaryOperator::Equal,
        Sign::NotEqual => BinaryOperator::NotEqual,
        Sign::Less => BinaryOperator::Less,
        Sign::LessEqual => BinaryOperator::LessEqual,
        Sign::Greater => BinaryOperator::Greater,
        Sign::GreaterEqual => BinaryOperator::GreaterEqual,
        Sign::And => BinaryOperator::And,
        Sign::Or => BinaryOperator::Or,
        _ => return None,
    })
}
