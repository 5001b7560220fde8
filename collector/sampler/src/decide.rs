//! Which traces of an hour are kept: rules, importance, and the best allocation of a byte budget.
//!
//! Owns the plan of an hour and the decision on each of its traces. A plan is made by three passes over the summaries
//! in bounded memory; then each trace is decided by itself. The same input gives the same plan, whatever the order of
//! the summaries, so that a restart decides as before and two judges agree.
//!
//! # How a probability comes about
//!
//! 1. *Rules and pins.* A pin, then the first rule that keeps or drops. What is dropped is dropped by name and counted.
//!    What is kept has probability one, as long as all that is so kept fits; else the classes degrade in their order,
//!    each with a recorded probability, and some of the budget is always left to the rest.
//! 2. *Floors.* At least what a rule asks; traces that a kept trace links to; at least
//!    [`ImportanceSettings::rare_operation_traces`] expected traces of every operation and
//!    [`ImportanceSettings::rare_shape_traces`] of every shape. Floors that would eat the budget are scaled down.
//! 3. *Allocation.* `p_i = min(1, max(floor_i, lambda * sqrt(v_i / c_i)))`, where `c_i` is the cost in bytes and `v_i`
//!    what the trace adds to the relative variances of the answers about its operations ([`score`]). This minimises
//!    their weighted sum for the bytes given: Neyman's allocation per trace, as in Särndal, Swensson, Wretman, "Model
//!    Assisted Survey Sampling", section 3.6 and 12.2 (optimal inclusion probabilities under a cost).
//! 4. *The cut.* `lambda` is set so that the bytes of the traces that are in fact kept fill the budget: traces are
//!    ordered by `u_i / sqrt(v_i / c_i)`, where `u_i` is the trace's own randomness, and taken until the next would not
//!    fit. So an hour's bytes are met but for one trace, without the noise of independent draws. A threshold that
//!    depends on the sample usually spoils the weights; this one does not: it is the priority of the first trace that
//!    does *not* fit, which stays the same whatever the randomness of any kept traces is (as long as they are kept). Such
//!    a threshold is *substitutable*, and Horvitz-Thompson estimates and their variances stay unbiased as if it had been
//!    fixed: Daniel Ting, "Adaptive Threshold Sampling", SIGMOD 2022, theorems 3 and 6, which generalise the priority
//!    sampling of Duffield, Lund and Thorup (J. ACM 54, 2007).

pub mod counts;
pub mod cut;
pub mod forecast;
pub mod plan;
pub mod score;
pub mod settings;
pub mod strata;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::cost::CostModel;
use crate::decide::plan::HourPlan;
use crate::decide::settings::ImportanceSettings;
use crate::decide::strata::StratumId;
use crate::profile::OperationProfiles;
use crate::rules::RuleSet;
use crate::summary::TraceSummary;
use crate::threshold::Threshold;

/// Why a trace has its probability: the strongest of what speaks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A pin covers it.
    Pin,
    /// The rule of this index keeps it.
    RuleKeeps(u8),
    /// The rule of this index drops it.
    RuleDrops(u8),
    /// The rule of this index gives it a lower bound.
    RuleAtLeast(u8),
    /// A trace that a rule or pin keeps links to it.
    Linked,
    Error,
    /// Has a log of WARN or worse.
    SevereLog,
    /// One of its spans is among the slowest 1 % of its operation.
    Slow,
    RareOperation,
    RareShape,
    Ordinary,
}

impl Reason {
    /// One sentence for people, with the rule's name.
    #[must_use]
    pub fn explain(self, rules: &RuleSet) -> String {
        let name = |rule: u8| rules.rules().get(usize::from(rule)).map_or("(a former rule)", |rule| rule.name.as_str());
        match self {
            Self::Pin => "a pin keeps it".to_owned(),
            Self::RuleKeeps(rule) => format!("the rule {:?} keeps it", name(rule)),
            Self::RuleDrops(rule) => format!("the rule {:?} drops it", name(rule)),
            Self::RuleAtLeast(rule) => format!("the rule {:?} gives it a least probability", name(rule)),
            Self::Linked => "a trace that is kept by a rule or pin links to it".to_owned(),
            Self::Error => "it has an error".to_owned(),
            Self::SevereLog => "it has a log record of WARN or worse".to_owned(),
            Self::Slow => "one of its spans is among the slowest 1 % of its operation".to_owned(),
            Self::RareOperation => "one of its operations is rare in its hour".to_owned(),
            Self::RareShape => "few traces of its hour have its operations together".to_owned(),
            Self::Ordinary => "it is ordinary, and kept by its share of the budget".to_owned(),
        }
    }
}

/// One sentence for a word of `sampling_reason`, whoever wrote it.
#[must_use]
pub fn explain_word(word: &str) -> String {
    let known = match word {
        "pin" => Reason::Pin,
        "linked" => Reason::Linked,
        "error" => Reason::Error,
        "severe_log" => Reason::SevereLog,
        "slow" => Reason::Slow,
        "rare_operation" => Reason::RareOperation,
        "rare_shape" => Reason::RareShape,
        "ordinary" => Reason::Ordinary,
        "door" => return "it passed the threshold that is set for its service at the door".to_owned(),
        "overload" => return "it passed the threshold that an overload had raised at the door".to_owned(),
        "client" => return "its own client sampled it, and said so".to_owned(),
        "earlier" => return "it was kept with an earlier hour, and late rows joined it".to_owned(),
        "imported" => return "it was imported, outside of the budget".to_owned(),
        other => {
            return other.strip_prefix("rule: ").map_or_else(
                || format!("it was kept for a reason that this version does not know, {other:?}"),
                |rule| format!("the rule {rule:?} speaks for it"),
            );
        }
    };
    known.explain(&RuleSet::default())
}

/// The decision on one trace.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceDecision {
    pub is_kept: bool,
    /// The total threshold: what arrived composed with what was decided. For a span that arrived with a threshold of
    /// its own, store [`Threshold::and_then`] of both.
    pub threshold: Threshold,
    /// The probability of that threshold. A trace that a rule drops has none: it is counted, not estimated.
    pub probability: f64,
    pub stratum: StratumId,
    pub reason: Reason,
}

/// What the summaries are judged against.
#[derive(Clone, Copy, Debug)]
pub struct DecisionInput<'a> {
    pub profiles: &'a OperationProfiles,
    pub rules: &'a RuleSet,
    pub cost: &'a CostModel,
    pub settings: &'a ImportanceSettings,
    /// Cold bytes that the traces may take.
    pub budget_bytes: f64,
    /// Number of this decision; recorded with it, and without influence on it.
    pub epoch: u64,
    /// The verdict of [`crate::randomness::IdMonitor`] for this epoch.
    pub hashes_unflagged_ids: bool,
}

/// Summaries that can be gone through several times, in any order. Each trace MUST come exactly once a pass, with all
/// of its spans folded in, and every pass MUST show the same traces.
pub trait SummarySource {
    /// Calls `visit` for every trace.
    fn for_each(&self, visit: &mut dyn FnMut(&TraceSummary));
}

impl SummarySource for [TraceSummary] {
    fn for_each(&self, visit: &mut dyn FnMut(&TraceSummary)) {
        self.iter().for_each(visit);
    }
}

/// Plans and decides at once, for as many traces as fit in memory.
#[must_use]
pub fn decide(summaries: &[TraceSummary], input: &DecisionInput<'_>) -> (HourPlan, Vec<TraceDecision>) {
    let mut plan = HourPlan::make(summaries, input);
    let decisions: Vec<TraceDecision> = summaries.iter().map(|summary| plan.decide(summary, input)).collect();
    for (summary, decision) in summaries.iter().zip(&decisions) {
        plan.record(decision, input.cost.bytes_of(summary));
    }
    (plan, decisions)
}
