//! Durations with arithmetic: `[5m + step()]`, `offset (1h / 2)`.
//!
//! Owns their grammar, which is smaller than that of expressions. What they come to is known only with the query's
//! range and step.

use crate::position::Span;
use crate::syntax::expectations::Expectation;
use crate::syntax::token::{BinaryOperator, Keyword, TokenKind};
use crate::syntax::tree::{Duration, DurationArithmetic, DurationOperator, NumberLiteral};

use super::Parser;

/// Nanoseconds of a duration must fit in 63 bits.
const SECONDS_MAX: f64 = i64::MAX as f64 / 1e9;

impl Parser<'_> {
    /// A duration in brackets, which must be positive where it is known already; none where no duration begins.
    pub(super) fn positive_duration(&mut self) -> Option<Duration> {
        self.expecting(Expectation::Duration);
        if !begins_duration(self.peek_kind()) {
            return None;
        }
        let duration = alone(self.duration_expression(0));
        if let Some(Duration::Literal(literal)) = &duration
            && literal.value <= 0.0
        {
            self.error(literal.span, "duration must be greater than 0");
        }
        duration
    }

    /// The duration behind `offset`. Arithmetic needs parentheses around it or around its first operand, so that
    /// `x offset 5m + y` stays a sum of vectors.
    pub(super) fn offset_duration(&mut self) -> Option<Duration> {
        self.expecting(Expectation::Duration);
        let first = self.peek_kind();
        alone(self.offset_duration_as_written(first))
    }

    fn offset_duration_as_written(&mut self, first: TokenKind) -> Option<Duration> {
        let is_signed = matches!(first, TokenKind::Operator(BinaryOperator::Add | BinaryOperator::Subtract));
        match begins_duration(first) {
            true if first == TokenKind::LeftParen => self.duration_expression(0),
            true if is_signed => self.signed_duration(false),
            true => self.duration_operand(),
            false => None,
        }
    }

    fn duration_expression(&mut self, precedence_min: u8) -> Option<Duration> {
        let mut left = self.duration_operand()?;
        loop {
            let token = self.peek();
            let TokenKind::Operator(operator) = token.kind else { break };
            let Some(duration_operator) = duration_operator(operator) else { break };
            // Behind a duration in parentheses a vector may follow instead of a duration.
            if operator.precedence() < precedence_min || !begins_duration(self.second_kind()) {
                break;
            }
            self.advance();
            let power = operator == BinaryOperator::Power;
            let right = self.duration_expression(operator.precedence() + u8::from(!power))?;
            let is_zero = matches!(&right, Duration::Literal(literal) if literal.value == 0.0);
            match duration_operator {
                DurationOperator::Divide if is_zero => self.error(token.span, "division by zero"),
                DurationOperator::Modulo if is_zero => self.error(token.span, "modulo by zero"),
                _ => {}
            }
            let span = left.span().to(right.span());
            left =
                Duration::Arithmetic(Box::new(DurationArithmetic { operator: duration_operator, left, right, span }));
        }
        Some(left)
    }

    fn duration_operand(&mut self) -> Option<Duration> {
        self.depth += 1;
        let operand = if self.depth > super::DEPTH_MAX { None } else { self.duration_operand_inner() };
        self.depth -= 1;
        operand
    }

    fn duration_operand_inner(&mut self) -> Option<Duration> {
        let token = self.peek();
        match token.kind {
            TokenKind::Number | TokenKind::Duration => {
                let literal = self.number_or_duration();
                Some(Duration::Literal(self.checked_literal(literal, token.span)))
            }
            TokenKind::Operator(BinaryOperator::Add | BinaryOperator::Subtract) => self.signed_duration(true),
            TokenKind::LeftParen => {
                self.advance();
                let inner = self.duration_expression(0);
                if inner.is_none() {
                    self.unexpected("", "");
                }
                self.close_paren();
                Some(Duration::Paren(Box::new(inner?), Span::new(token.span.start, self.last_end())))
            }
            TokenKind::Keyword(Keyword::Step | Keyword::Range) => {
                self.advance();
                let is_step = token.kind == TokenKind::Keyword(Keyword::Step);
                self.take(TokenKind::LeftParen)?;
                self.close_paren();
                let span = Span::new(token.span.start, self.last_end());
                Some(if is_step { Duration::Step(span) } else { Duration::Range(span) })
            }
            TokenKind::Keyword(Keyword::MinOf) => self.extreme_of(DurationOperator::MinOf),
            TokenKind::Keyword(Keyword::MaxOf) => self.extreme_of(DurationOperator::MaxOf),
            _ => None,
        }
    }

    /// A sign binds less than a power and more than a product; directly behind `offset` it belongs to one operand.
    fn signed_duration(&mut self, before_powers: bool) -> Option<Duration> {
        let sign = self.advance();
        let is_minus = sign.kind == TokenKind::Operator(BinaryOperator::Subtract);
        let operand = if before_powers {
            self.duration_expression(BinaryOperator::Power.precedence())?
        } else {
            self.duration_operand()?
        };
        let span = Span::new(sign.span.start, operand.span().end);
        Some(match operand {
            Duration::Literal(mut literal) => {
                literal.value = if is_minus { -literal.value } else { literal.value };
                literal.span = span;
                Duration::Literal(self.checked_literal(literal, sign.span))
            }
            operand if is_minus => Duration::Negative(Box::new(operand), span),
            operand => operand,
        })
    }

    fn extreme_of(&mut self, operator: DurationOperator) -> Option<Duration> {
        let name = self.advance();
        self.take(TokenKind::LeftParen)?;
        let left = self.duration_expression(0)?;
        self.take(TokenKind::Comma)?;
        let right = self.duration_expression(0)?;
        self.close_paren();
        let span = Span::new(name.span.start, self.last_end());
        Some(Duration::Arithmetic(Box::new(DurationArithmetic { operator, left, right, span })))
    }

    fn checked_literal(&mut self, mut literal: NumberLiteral, place: Span) -> NumberLiteral {
        if literal.value.abs() > SECONDS_MAX || literal.value.is_nan() {
            self.error(place, "duration out of range");
            literal.value = 0.0;
        }
        literal
    }
}

/// A lone number is a duration of so many seconds, and is printed as one.
fn alone(duration: Option<Duration>) -> Option<Duration> {
    match duration {
        Some(Duration::Literal(literal)) => Some(Duration::Literal(NumberLiteral { is_duration: true, ..literal })),
        duration => duration,
    }
}

fn begins_duration(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Number
            | TokenKind::Duration
            | TokenKind::LeftParen
            | TokenKind::Operator(BinaryOperator::Add | BinaryOperator::Subtract)
            | TokenKind::Keyword(Keyword::Step | Keyword::Range | Keyword::MaxOf | Keyword::MinOf)
    )
}

fn duration_operator(operator: BinaryOperator) -> Option<DurationOperator> {
    Some(match operator {
        BinaryOperator::Add => DurationOperator::Add,
        BinaryOperator::Subtract => DurationOperator::Subtract,
        BinaryOperator::Multiply => DurationOperator::Multiply,
        BinaryOperator::Divide => DurationOperator::Divide,
        BinaryOperator::Modulo => DurationOperator::Modulo,
        BinaryOperator::Power => DurationOperator::Power,
        _ => return None,
    })
}
