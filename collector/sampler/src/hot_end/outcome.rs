//! What a plan makes of the traces of an hour, and what is told of it.
//!
//! Owns the sums and the words. Never plans.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use spanlake_schemas::ids::TraceId;

use super::Undone;
use super::memory_file::{Keep, MemoryHeader};
use super::memory_writer::MemoryWriter;
use super::report::StratumReport;
use crate::cost::HotBytes;
use crate::decide::plan::HourPlan;
use crate::decide::strata::StratumId;
use crate::decide::{DecisionInput, Reason, TraceDecision};
use crate::rules::RuleSet;
use crate::span::OperationHash;
use crate::summary::{TraceIdBytes, TraceSummary};
use crate::threshold::Threshold;

/// Groups of which a decision tells.
const STRATA_TOLD: usize = 100;

/// What becomes of the traces, one by one.
pub(super) struct Outcome {
    pub memory: MemoryWriter,
    /// Of those that were decided on.
    pub decided_kept: u64,
    pub kept_bytes: HotBytes,
    pub malformed_trace_states: u64,
    reasons: BTreeMap<Reason, Arc<str>>,
}

impl Outcome {
    pub(super) fn to(memory: MemoryWriter) -> Self {
        Self {
            memory,
            decided_kept: 0,
            kept_bytes: HotBytes::default(),
            malformed_trace_states: 0,
            reasons: BTreeMap::new(),
        }
    }

    pub(super) fn keep_imported(&mut self, trace: TraceIdBytes) {
        let keep = Keep { threshold: Threshold::KEEP_ALL, stratum: StratumId(0), reason: "imported".into() };
        self.memory.keep(trace, keep);
    }

    pub(super) fn add(
        &mut self,
        summary: &TraceSummary,
        plan: &mut HourPlan,
        input: &DecisionInput<'_>,
    ) -> TraceDecision {
        let decision = plan.decide(summary, input);
        plan.record(&decision, input.cost.bytes_of(summary));
        self.malformed_trace_states += u64::from(summary.malformed_trace_states);
        if !decision.is_kept {
            self.memory.drop(TraceId(summary.trace_id));
            return decision;
        }
        self.decided_kept += 1;
        self.kept_bytes.spans += summary.span_bytes;
        self.kept_bytes.logs += summary.log_bytes;
        let reason = self.reasons.entry(decision.reason).or_insert_with(|| word(decision.reason, input.rules).into());
        let keep = Keep { threshold: decision.threshold, stratum: decision.stratum, reason: Arc::clone(reason) };
        self.memory.keep(summary.trace_id, keep);
        decision
    }
}

/// As `sampling_reason` says it.
pub(super) fn word(reason: Reason, rules: &RuleSet) -> String {
    let rule = |rule: u8| rules.rules().get(usize::from(rule)).map_or("", |rule| rule.name.as_str());
    match reason {
        Reason::Pin => "pin".to_owned(),
        Reason::RuleKeeps(index) | Reason::RuleDrops(index) | Reason::RuleAtLeast(index) => {
            format!("rule: {}", rule(index))
        }
        Reason::Linked => "linked".to_owned(),
        Reason::Error => "error".to_owned(),
        Reason::SevereLog => "severe_log".to_owned(),
        Reason::Slow => "slow".to_owned(),
        Reason::RareOperation => "rare_operation".to_owned(),
        Reason::RareShape => "rare_shape".to_owned(),
        Reason::Ordinary => "ordinary".to_owned(),
    }
}

pub(super) fn header(
    hour: i64,
    plan: &HourPlan,
    undone: &Undone,
    outcome: &Outcome,
    traces: u64,
    input: &DecisionInput<'_>,
) -> MemoryHeader {
    MemoryHeader {
        hour,
        epoch: plan.epoch,
        allotted_bytes: undone.allotted_bytes,
        offered_bytes: undone.offered_bytes,
        kept_bytes: undone.predicted_span_bytes + undone.predicted_log_bytes - undone.outside_bytes,
        written_bytes: None,
        traces,
        kept_traces: outcome.decided_kept,
        dropped_by_rules: plan.dropped_by_rules,
        hashed_ids: plan.hashed_ids,
        malformed_trace_states: outcome.malformed_trace_states,
        wanted_by_rules_bytes: plan.wanted_by_rules_bytes,
        strata: strata(plan, input),
    }
}

/// The groups that take most, in words.
fn strata(plan: &HourPlan, input: &DecisionInput<'_>) -> Vec<StratumReport> {
    let names: HashMap<OperationHash, (&str, &str)> = input
        .profiles
        .iter()
        .map(|profile| {
            let names = (&*profile.service, &*profile.operation);
            (OperationHash::of(names.0, names.1), names)
        })
        .collect();
    let told = plan.strata.all().iter().enumerate().filter(|(_, stratum)| stratum.traces > 0);
    let mut told: Vec<StratumReport> = told
        .map(|(number, stratum)| {
            let (service, operation) =
                stratum.group.and_then(|(operation, _)| names.get(&operation).copied()).unwrap_or(("", ""));
            StratumReport {
                stratum: u16::try_from(number).unwrap_or(0),
                service: service.to_owned(),
                operation: operation.to_owned(),
                reason: stratum.group.map_or_else(String::new, |(_, reason)| word(reason, input.rules)),
                traces: stratum.traces,
                kept_traces: stratum.kept_traces,
                bytes: stratum.bytes,
                kept_bytes: stratum.kept_bytes,
                probability_min: stratum.probability_min,
                probability_max: stratum.probability_max,
            }
        })
        .collect();
    told.sort_by(|left, right| right.bytes.total_cmp(&left.bytes).then(left.stratum.cmp(&right.stratum)));
    told.truncate(STRATA_TOLD);
    told
}
