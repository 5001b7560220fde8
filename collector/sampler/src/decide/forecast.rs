//! What a plan would keep, and how exact answers over it would be, without drawing anything.
//!
//! Owns the figures of `sampling simulate`: expectations over all randomness, not what one hour happened to keep. Never
//! changes the plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decide::plan::HourPlan;
use crate::decide::{DecisionInput, SummarySource};
use crate::span::OperationHash;

/// 97.5 % of the normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;

/// One operation under a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OperationForecast {
    pub traces: u64,
    /// Sum of probabilities.
    pub kept_traces: f64,
    pub errors: u64,
    /// Errors of kept traces, expected.
    pub kept_errors: f64,
    /// Width of the 95 % interval of its count of spans over the count: `2 k sqrt(sum of n^2 (1 - p) / p) / N`.
    pub relative_width: f64,
}

/// An hour under a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    pub kept_bytes: f64,
    pub kept_traces: f64,
    pub operations: BTreeMap<OperationHash, OperationForecast>,
}

/// Goes through the summaries once. Operations are bounded by the profiles; others share the overflow.
#[must_use]
pub fn forecast<S: SummarySource + ?Sized>(source: &S, plan: &HourPlan, input: &DecisionInput<'_>) -> Forecast {
    let mut forecast = Forecast::default();
    let mut sums: BTreeMap<OperationHash, (f64, f64)> = BTreeMap::new();
    source.for_each(&mut |summary| {
        let probability = plan.decide(summary, input).probability;
        forecast.kept_traces += probability;
        forecast.kept_bytes += probability * input.cost.bytes_of(summary);
        for part in &summary.operations {
            let is_known = input.profiles.knows(part.operation);
            let operation = if is_known { part.operation } else { OperationHash::OVERFLOW };
            let of_operation = forecast.operations.entry(operation).or_default();
            of_operation.traces += 1;
            of_operation.kept_traces += probability;
            of_operation.errors += u64::from(part.errors);
            of_operation.kept_errors += probability * f64::from(part.errors);
            let (count, variance) = sums.entry(operation).or_default();
            if probability > 0.0 {
                let spans = f64::from(part.spans);
                *count += spans;
                *variance += spans * spans * (1.0 - probability) / probability;
            }
        }
    });
    for (operation, (count, variance)) in sums {
        if let Some(of_operation) = forecast.operations.get_mut(&operation).filter(|_| count > 0.0) {
            of_operation.relative_width = 2.0 * NORMAL * variance.sqrt() / count;
        }
    }
    forecast
}
