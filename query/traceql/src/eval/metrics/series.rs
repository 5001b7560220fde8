//! A series: labels, a value for each interval, exemplars.
//!
//! Owns how series are told apart. A value that is no number is one that is not there.

use crate::eval::operand::Operand;
use crate::model::{SpanId, TraceId};

/// Names and values, in the order of the query's `by (…)`.
pub type Labels = Vec<(String, Operand<'static>)>;

/// Values over time.
#[derive(Clone, Debug)]
pub struct Series {
    pub labels: Labels,
    /// One for each interval; NaN where there is none.
    pub values: Vec<f64>,
    pub exemplars: Vec<Exemplar>,
}

/// A span that is an example of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exemplar {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    /// Nanoseconds since the epoch.
    pub timestamp: i64,
    pub interval: usize,
    /// NaN where spans themselves are counted.
    pub value: f64,
}

impl Series {
    /// Series with the same key are the same series.
    #[must_use]
    pub fn key(&self) -> String {
        key_of(&self.labels)
    }

    /// Whether no interval has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(|value| value.is_nan())
    }
}

/// Whether two results are the same up to what adding floats in another order changes.
#[must_use]
pub fn are_close(left: &[Series], right: &[Series]) -> bool {
    const TOLERANCE: f64 = 1e-9;
    let close = |one: f64, other: f64| {
        one.to_bits() == other.to_bits()
            || one == other
            || (one.is_nan() && other.is_nan())
            || (one - other).abs() <= TOLERANCE * one.abs().max(other.abs())
    };
    left.len() == right.len()
        && left.iter().zip(right).all(|(one, other)| {
            one.key() == other.key()
                && one.values.len() == other.values.len()
                && one.values.iter().zip(&other.values).all(|(one, other)| close(*one, *other))
        })
}

/// The key of labels.
#[must_use]
pub fn key_of(labels: &Labels) -> String {
    labels.iter().map(|(name, value)| format!("{name:?}={};", value.key())).collect()
}
