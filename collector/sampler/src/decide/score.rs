//! What a trace is worth: the variance that leaving it out adds to the answers about its operations.
//!
//! Owns the formula; rules, floors and the budget come elsewhere.
//!
//! For Poisson sampling, the variance of the estimated total of `y` is the sum over traces of `y_i^2 (1 - p_i) / p_i`
//! (Särndal, Swensson, Wretman, "Model Assisted Survey Sampling", 3.5). Of each operation `h` in the trace, four totals
//! are wanted with small *relative* variance, so each `y_i` is divided by the exact total, which the RED sketches know:
//!
//! - spans: `n_ih / N_h`;
//! - durations: `d_ih / D_h`, by which slow traces are worth more;
//! - errors: `e_ih / E_h`, by which an error is worth more the rarer errors are in its operation, and a storm of them
//!   cannot take the budget;
//! - the ranks of p50, p95 and p99: the estimated share of durations above the quantile `q` has the linearised variable
//!   `(1[d > x_q] - (1 - q)) / N_h` (Woodruff, JASA 47, 1952), whose total has a scale of `sqrt(q (1 - q))`.
//!
//! `v_i` is the weighted sum of their squares over the trace's operations, with the weight `(N_h / N_max)^(2 a)` for a
//! power `a` between equal precision for all operations (0) and for none but the largest (1).

use crate::decide::counts::TraceCounts;
use crate::decide::settings::ImportanceSettings;
use crate::profile::{OperationProfile, OperationProfiles};
use crate::summary::{OperationPart, TraceSummary};

/// OTLP's severity number of WARN.
const WARN: u8 = 13;
/// A span is called slow above this rank in its operation.
const SLOW_RANK: f64 = 0.99;
const QUANTILES: [f64; 3] = [0.50, 0.95, 0.99];

/// Each operation's weight, `(N_h / N_max)^(2 a)`, by position of its profile.
#[must_use]
pub fn operation_weights(profiles: &OperationProfiles, settings: &ImportanceSettings) -> Vec<f64> {
    let share = |profile: &OperationProfile| profile.count / profiles.count_max();
    profiles.iter().map(|profile| share(profile).powf(2.0 * settings.frequency_power)).collect()
}

/// A trace's worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// `v_i`, above zero.
    pub variance: f64,
    pub is_slow: bool,
    pub has_severe_log: bool,
    /// In how many traces its rarest operation is; `u32::MAX` where none is known.
    pub traces_of_rarest: u32,
}

/// Scores a trace against what is usual for its operations. `weights` are [`operation_weights`].
#[must_use]
pub fn score(
    summary: &TraceSummary,
    profiles: &OperationProfiles,
    weights: &[f64],
    counts: &TraceCounts,
    settings: &ImportanceSettings,
) -> Score {
    let mut variance = 0.0;
    let mut is_slow = false;
    let mut traces_of_rarest = u32::MAX;
    for part in &summary.operations {
        let Some((operation, profile)) = profiles.get(part.operation) else {
            continue;
        };
        let traces = counts.of_operation(operation);
        traces_of_rarest = if traces > 0 { traces_of_rarest.min(traces) } else { traces_of_rarest };
        let rank = profile.latency_rank(part.duration_max);
        is_slow |= rank > SLOW_RANK;
        let weight = weights.get(operation).copied().unwrap_or(1.0);
        variance += weight * relative_variance(part, profile, rank, settings);
    }
    // Logs without spans, and operations that no sketch counted, are worth as much as a span of the commonest operation.
    if variance <= 0.0 {
        variance = settings.count_weight.max(f64::MIN_POSITIVE) / (profiles.count_max() * profiles.count_max());
    }
    let has_severe_log = summary.log_severity_max >= WARN;
    if has_severe_log {
        variance *= settings.severe_log_factor;
    }
    Score { variance: variance.max(f64::MIN_POSITIVE), is_slow, has_severe_log, traces_of_rarest }
}

#[expect(clippy::cast_precision_loss, reason = "durations; a relative error of 2^-53")]
fn relative_variance(
    part: &OperationPart,
    profile: &OperationProfile,
    rank: f64,
    settings: &ImportanceSettings,
) -> f64 {
    let squared = |part: f64, whole: f64| if whole > 0.0 { (part / whole).min(1.0).powi(2) } else { 0.0 };
    let spans = f64::from(part.spans);
    let latency: f64 = QUANTILES.iter().map(|q| rank_variance(rank, *q)).sum::<f64>() / 3.0;
    settings.count_weight * squared(spans, profile.count)
        + settings.duration_weight * squared(part.duration_sum as f64, profile.duration_sum)
        + settings.error_weight * squared(f64::from(part.errors), profile.errors)
        + settings.latency_weight * latency * squared(1.0, profile.count)
}

/// `(1[rank > q] - (1 - q))^2 / (q (1 - q))`: 99 for one of the slowest percent and q = 0.99, 0.01 for the others.
fn rank_variance(rank: f64, q: f64) -> f64 {
    if rank > q { q / (1.0 - q) } else { (1.0 - q) / q }
}
