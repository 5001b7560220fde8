//! What stands behind an operand: `[5m]`, `[1h:1m]`, `offset 5m`, `@ 0`, `anchored`, `smoothed`.
//!
//! Owns which of them fit which operand, and that each comes once.

use crate::number::format_plain;
use crate::position::Span;
use crate::syntax::expectations::Expectation;
use crate::syntax::token::{BinaryOperator, Keyword, TokenKind};
use crate::syntax::tree::{At, Duration, Expr, MatrixSelector, RangeEnds, Subquery, VectorSelector};

use super::Parser;

const DURATION_EXPECTED: &str = "number, duration, step(), or range()";

impl Parser<'_> {
    pub(super) fn postfix(&mut self, mut expr: Expr) -> Expr {
        loop {
            self.expecting(Expectation::Modifier);
            match self.peek_kind() {
                TokenKind::LeftBracket => expr = self.range_or_subquery(expr),
                TokenKind::Keyword(Keyword::Offset) => self.offset(&mut expr),
                TokenKind::At => self.at(&mut expr),
                TokenKind::Keyword(Keyword::Anchored) => self.range_ends(&mut expr, RangeEnds::Anchored),
                TokenKind::Keyword(Keyword::Smoothed) => self.range_ends(&mut expr, RangeEnds::Smoothed),
                _ => return expr,
            }
        }
    }

    // === ranges ===

    fn range_or_subquery(&mut self, expr: Expr) -> Expr {
        let open = self.advance();
        let Some(range) = self.positive_duration() else {
            self.unexpected("subquery or range selector", DURATION_EXPECTED);
            self.skip_brackets();
            return expr;
        };
        if self.take(TokenKind::Colon).is_some() {
            return self.subquery(expr, range);
        }
        self.expecting(Expectation::Symbol("]"));
        if self.take(TokenKind::RightBracket).is_none() {
            self.unexpected("subquery or range", "\":\" or \"]\"");
            self.skip_brackets();
            return expr;
        }
        let brackets = Span::new(open.span.start, self.last_end());
        let span = Span::new(expr.span().start, self.last_end());
        let Expr::Selector(selector) = expr else {
            self.error(brackets, "ranges only allowed for vector selectors");
            return expr;
        };
        if has_offset(selector.offset.as_ref()) {
            self.error(brackets, "no offset modifiers allowed before range");
        } else if selector.at.is_some() {
            self.error(brackets, "no @ modifiers allowed before range");
        }
        Expr::Matrix(MatrixSelector { selector, range, span })
    }

    fn subquery(&mut self, expr: Expr, range: Duration) -> Expr {
        let mut step = None;
        self.expecting(Expectation::Symbol("]"));
        if self.peek_kind() != TokenKind::RightBracket {
            step = self.positive_duration();
            if step.is_none() {
                self.unexpected("subquery selector", &format!("{}, or \"]\"", DURATION_EXPECTED.replace("or ", "")));
            } else if self.peek_kind() != TokenKind::RightBracket {
                self.unexpected("subquery selector", "\"]\"");
            }
        }
        self.skip_brackets();
        let span = Span::new(expr.span().start, self.last_end());
        Expr::Subquery(Box::new(Subquery { expr, range, step, offset: None, at: None, span }))
    }

    /// Goes behind the closing bracket.
    fn skip_brackets(&mut self) {
        while !self.is_at_end() {
            if self.advance().kind == TokenKind::RightBracket {
                return;
            }
        }
    }

    // === offset ===

    fn offset(&mut self, expr: &mut Expr) {
        self.advance();
        let Some(duration) = self.offset_duration() else {
            self.unexpected("offset", DURATION_EXPECTED);
            return;
        };
        let end = self.last_end();
        let span = expr.span();
        let (place, place_span) = match expr {
            Expr::Selector(selector) => (&mut selector.offset, &mut selector.span),
            Expr::Matrix(matrix) => (&mut matrix.selector.offset, &mut matrix.span),
            Expr::Subquery(subquery) => (&mut subquery.offset, &mut subquery.span),
            _ => {
                let message = "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery";
                self.error(span, message);
                return;
            }
        };
        let is_set = has_offset(place.as_ref());
        place_span.end = end;
        if is_set {
            self.error(span, "offset may not be set multiple times");
        } else {
            *place = Some(duration);
        }
    }

    // === @ ===

    fn at(&mut self, expr: &mut Expr) {
        self.advance();
        self.expecting(Expectation::Timestamp);
        let Some(at) = self.at_time(expr.span()) else {
            self.unexpected("@", "timestamp");
            return;
        };
        let end = self.last_end();
        let span = expr.span();
        let (place, place_span) = match expr {
            Expr::Selector(selector) => (&mut selector.at, &mut selector.span),
            Expr::Matrix(matrix) => (&mut matrix.selector.at, &mut matrix.span),
            Expr::Subquery(subquery) => (&mut subquery.at, &mut subquery.span),
            _ => {
                let message =
                    "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery";
                self.error(span, message);
                return;
            }
        };
        let is_set = place.is_some();
        place_span.end = end;
        if is_set {
            self.error(span, "@ <timestamp> may not be set multiple times");
        } else {
            *place = Some(at);
        }
    }

    fn at_time(&mut self, target: Span) -> Option<At> {
        let word = match self.peek_kind() {
            TokenKind::Keyword(Keyword::Start) => Some(At::Start),
            TokenKind::Keyword(Keyword::End) => Some(At::End),
            _ => None,
        };
        if word.is_some() {
            self.advance();
            self.take(TokenKind::LeftParen)?;
            self.take(TokenKind::RightParen)?;
            return word;
        }
        let is_negative = self.take(TokenKind::Operator(BinaryOperator::Subtract)).is_some();
        if !is_negative {
            self.take(TokenKind::Operator(BinaryOperator::Add));
        }
        if !matches!(self.peek_kind(), TokenKind::Number | TokenKind::Duration) {
            return None;
        }
        let magnitude = self.number_or_duration().value;
        let seconds = if is_negative { -magnitude } else { magnitude };
        if !seconds.is_finite() || seconds.abs() >= i64::MAX as f64 {
            let written = if seconds.is_finite() { format!("{seconds:.6}") } else { format_plain(seconds) };
            self.error(target, format!("timestamp out of bounds for @ modifier: {written}"));
        }
        Some(At::Timestamp((seconds * 1000.0).round() as i64))
    }

    // === anchored, smoothed ===

    fn range_ends(&mut self, expr: &mut Expr, ends: RangeEnds) {
        self.advance();
        let name = if ends == RangeEnds::Anchored { "anchored" } else { "smoothed" };
        let span = expr.span();
        let selector: &mut VectorSelector = match expr {
            Expr::Selector(selector) => selector,
            Expr::Matrix(matrix) => &mut matrix.selector,
            Expr::Subquery(_) => {
                self.error(span, format!("{name} modifier is not supported for subqueries"));
                return;
            }
            // Of what is no selector these are Prometheus's own words; nothing is left to build here.
            _ => {
                self.error(span, format!("{name} modifier not implemented"));
                return;
            }
        };
        let is_other = selector.range_ends != RangeEnds::Plain && selector.range_ends != ends;
        selector.range_ends = ends;
        if is_other {
            self.error(span, "anchored and smoothed modifiers cannot be used together");
        }
    }
}

/// An offset of zero counts as none, so that another may follow.
fn has_offset(offset: Option<&Duration>) -> bool {
    offset.is_some_and(|offset| offset.literal_ms() != Some(0))
}
