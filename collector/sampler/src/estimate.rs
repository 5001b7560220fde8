//! Numbers asked of kept spans, with the error that sampling gives them.
//!
//! Owns the states of `approx_count`, `approx_sum`, `approx_avg`, `approx_ratio` and `approx_quantile`: fed row by row,
//! merged in any order, finished to a value with a 95 % interval. Never names the query engine.
//!
//! Spans of one trace are kept or dropped together, so variances are summed over traces, not over spans: a state
//! clusters by trace id ([`clusters`]). With `y_t` the sum over the kept spans of trace `t`, the total is estimated by
//! Horvitz and Thompson (JASA 47, 1952) as `sum of y_t / p_t`, its variance under Poisson sampling by
//! `sum of (1 - p_t) y_t^2 / p_t^2` (Särndal, Swensson, Wretman, "Model Assisted Survey Sampling", 3.5); ratios and means
//! by the same sum over linearised residuals (ibid. 5.6), quantiles by inverting the estimated distribution (Woodruff,
//! JASA 47, 1952). The adaptive threshold of [`crate::decide`] leaves all of this unbiased. Totals that RED sketches know
//! exactly calibrate the answer ([`calibrate`]). Where every probability is one, the answer is exact and of width zero.

pub mod calibrate;
pub mod clusters;
pub mod interval;
pub mod quantile;
pub mod ratio;
pub mod sketched;
pub mod total;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::TraceId;

/// Answers from fewer kept traces say so: their intervals are not to be trusted.
pub const FEW_TRACES: u64 = 30;

/// A number and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    /// Infinite where the kept traces set no upper bound.
    pub high: f64,
    /// Distinct traces that the answer rests on; at least so many where the state no longer counts them.
    pub kept_traces: u64,
    /// Fewer than [`FEW_TRACES`], and not exact.
    pub has_few_traces: bool,
    /// Nothing was sampled out: the number is a count and no estimate.
    pub is_exact: bool,
}

impl Estimate {
    /// A number that is known.
    #[must_use]
    pub const fn exact(value: f64, kept_traces: u64) -> Self {
        Self { value, low: value, high: value, kept_traces, has_few_traces: false, is_exact: true }
    }

    /// An answer from no row at all, of a range that was sampled: nothing is known above.
    #[must_use]
    pub const fn nothing_kept() -> Self {
        Self { value: 0.0, low: 0.0, high: f64::INFINITY, kept_traces: 0, has_few_traces: true, is_exact: false }
    }

    /// `high - low`.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.high - self.low
    }

    fn sampled(value: f64, (low, high): (f64, f64), kept_traces: u64) -> Self {
        let has_few_traces = kept_traces < FEW_TRACES;
        Self { value, low, high, kept_traces, has_few_traces, is_exact: false }
    }
}

/// The trace of a row and the probability with which the row was kept: of the hot tier, one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kept {
    pub trace_id: TraceId,
    /// In (0, 1]; what is not in it counts as one, as nothing better is known.
    pub probability: f64,
}

impl Kept {
    fn probability(&self) -> f64 {
        if self.probability > 0.0 && self.probability < 1.0 { self.probability } else { 1.0 }
    }
}
