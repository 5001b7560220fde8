//! Durations with arithmetic, as milliseconds.
//!
//! Owns what `step()` and `range()` come to, and which results are no durations.

use crate::syntax::tree::{Duration, DurationOperator};

use super::super::EvalError;
use super::super::math::{maximum, minimum};
use super::Planner;

impl Planner<'_> {
    pub(super) fn duration_ms(&self, duration: &Duration, may_be_negative: bool) -> Result<i64, EvalError> {
        if let Some(milliseconds) = duration.literal_ms() {
            return Ok(milliseconds);
        }
        let span = duration.span();
        let fail = |reason: &str| Err(EvalError::Execution(format!("{}:{}: {reason}", span.start, span.end)));
        let seconds = self.duration_seconds(duration)?;
        if !seconds.is_finite() {
            return fail("duration is NaN or infinite");
        }
        if seconds <= 0.0 && !may_be_negative {
            return fail("duration must be greater than 0");
        }
        if seconds.abs() > i64::MAX as f64 / 1e9 {
            return fail("duration is out of range");
        }
        Ok((seconds * 1000.0) as i64)
    }

    fn duration_seconds(&self, duration: &Duration) -> Result<f64, EvalError> {
        Ok(match duration {
            Duration::Literal(literal) => literal.value,
            Duration::Step(_) => self.times.step_ms as f64 / 1000.0,
            Duration::Range(_) => (self.times.end_ms - self.times.start_ms) as f64 / 1000.0,
            Duration::Paren(inner, _) => self.duration_seconds(inner)?,
            Duration::Negative(inner, _) => -self.duration_seconds(inner)?,
            Duration::Arithmetic(node) => {
                let (left, right) = (self.duration_seconds(&node.left)?, self.duration_seconds(&node.right)?);
                let by_zero = |what: &str| {
                    Err(EvalError::Execution(format!("{}:{}: {what} by zero", node.span.start, node.span.end)))
                };
                match node.operator {
                    DurationOperator::Add => left + right,
                    DurationOperator::Subtract => left - right,
                    DurationOperator::Multiply => left * right,
                    DurationOperator::Divide if right == 0.0 => return by_zero("division"),
                    DurationOperator::Divide => left / right,
                    DurationOperator::Modulo if right == 0.0 => return by_zero("modulo"),
                    DurationOperator::Modulo => left % right,
                    DurationOperator::Power => left.powf(right),
                    DurationOperator::MinOf => minimum(left, right),
                    DurationOperator::MaxOf => maximum(left, right),
                }
            }
        })
    }
}
