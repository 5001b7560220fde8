//! What the budget was spent on, for the page and for `why`.
//!
//! Owns the words. Never decides.

use serde::{Deserialize, Serialize};

use super::memory_file::MemoryHeader;
use super::{REPORTED_DECISIONS, Shared};
use crate::budget::HourRecord;
use crate::cost::CostModel;
use crate::rules::Rule;

/// A group of traces of an hour and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StratumReport {
    /// Number within its hour, as in `sampling_stratum`; 0 is all groups that are too small or too many.
    pub stratum: u16,
    pub service: String,
    /// Operation of the traces' roots.
    pub operation: String,
    pub reason: String,
    pub traces: u64,
    pub kept_traces: u64,
    /// Cold bytes if all were kept, as predicted.
    pub bytes: f64,
    pub kept_bytes: f64,
    pub probability_min: f64,
    pub probability_max: f64,
}

/// The sampler's state in words and numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplingReport {
    pub day_bytes: u64,
    pub rules: Vec<Rule>,
    /// Sentences.
    pub problems: Vec<String>,
    /// The hours of the last two days, oldest first.
    pub hours: Vec<HourRecord>,
    /// Cold bytes of the newest 24 of them.
    pub day_written_bytes: f64,
    pub cost: CostModel,
    /// Newest last; groups only of the newest.
    pub decisions: Vec<MemoryHeader>,
}

impl SamplingReport {
    pub(super) fn of(shared: &Shared) -> Self {
        let state = shared.with_state(|state| state.clone());
        let mut problems: Vec<String> = shared.problems.iter().map(ToString::to_string).collect();
        if let Some(last) = state.decisions.last().filter(|last| last.wanted_by_rules_bytes > last.allotted_bytes) {
            problems.push(format!(
                "in the newest hour, rules and pins that always keep asked for {:.0} bytes and the hour had {:.0}: they \
                 kept with less than probability one, which is recorded",
                last.wanted_by_rules_bytes, last.allotted_bytes
            ));
        }
        let newest = state.ledger.hours().last().map_or(0, |record| record.hour);
        Self {
            day_bytes: shared.budget.day_bytes,
            rules: shared.rules.rules().to_vec(),
            problems,
            hours: state.ledger.hours().copied().collect(),
            day_written_bytes: state.ledger.day_written(newest),
            cost: state.cost,
            decisions: state.decisions,
        }
    }
}

/// Adds a decision to those that are told of.
pub(super) fn note(decisions: &mut Vec<MemoryHeader>, header: MemoryHeader) {
    for old in decisions.iter_mut() {
        old.strata.clear();
    }
    decisions.push(header);
    let excess = decisions.len().saturating_sub(REPORTED_DECISIONS);
    decisions.drain(..excess);
}
