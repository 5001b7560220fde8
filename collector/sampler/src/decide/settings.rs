//! How much the different goods of a sample weigh against each other.
//!
//! Owns the defaults; `docs/sampling.md` shows what they reach. Never validated away: any non-negative numbers work.

use serde::{Deserialize, Serialize};

/// Weights and floors of the allocation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImportanceSettings {
    /// Weight of the relative variance of an operation's count.
    pub count_weight: f64,
    /// Of its sum of durations.
    pub duration_weight: f64,
    /// Of its count of errors.
    pub error_weight: f64,
    /// Of the ranks of its p50, p95 and p99.
    pub latency_weight: f64,
    /// How far frequent operations count for more: 0, all operations alike; 1, by their number of spans. Bankier's
    /// power allocation ("Power Allocations", The American Statistician 42, 1988) uses the same exponent.
    pub frequency_power: f64,
    /// Factor on the variance of a trace with a log of WARN or worse.
    pub severe_log_factor: f64,
    /// Expected traces kept of every operation. With 5.3, at least one is kept with probability 0.995:
    /// `1 - (1 - 5.3/n)^n >= 1 - exp(-5.3)`.
    pub rare_operation_traces: f64,
    /// Expected traces kept of every shape.
    pub rare_shape_traces: f64,
    /// Probability of a trace that a kept trace links to.
    pub linked_probability: f64,
}

impl Default for ImportanceSettings {
    fn default() -> Self {
        Self {
            count_weight: 3.0,
            duration_weight: 1.0,
            error_weight: 1.0,
            latency_weight: 0.3,
            frequency_power: 0.3,
            severe_log_factor: 4.0,
            rare_operation_traces: 5.3,
            rare_shape_traces: 3.0,
            linked_probability: 1.0,
        }
    }
}
