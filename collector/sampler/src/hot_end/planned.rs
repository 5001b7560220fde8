//! An hour of which everything was shown: what it may take, and the plan by which its traces are kept.
//!
//! Owns the way from summaries to a plan, and its correction by a proposal's real bytes. Never keeps a row.

use std::io;
use std::sync::Arc;

use spanlake_schemas::ids::TraceId;
use spanlake_schemas::sampling::Scratch;

use super::memory_file::{MemoryFile, MemoryHeader};
use super::memory_writer::MemoryWriter;
use super::outcome::Outcome;
use super::traces::{Traces, Visited};
use super::{Offer, Passed, Shared, Undone};
use crate::cost::{ColdBytes, CostModel, HotBytes};
use crate::decide::plan::HourPlan;
use crate::decide::{DecisionInput, SummarySource};
use crate::profile::OperationProfiles;
use crate::randomness::IdMonitor;
use crate::summary::TraceSummary;
use crate::threshold::Threshold;

/// If all traces are taken to need less than this part of what they may take, a wrong cost drops none.
const AMPLE: f64 = 0.5;

/// Hot bytes and lengths of all rows of the hour: what one length is worth.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Worth {
    pub span_bytes: f64,
    pub span_lengths: u64,
    pub log_bytes: f64,
    pub log_lengths: u64,
}

/// What is decided from.
pub(super) struct Planned {
    pub traces: Traces,
    pub profiles: OperationProfiles,
    /// Of the lengths in summaries.
    pub cost: CostModel,
    pub undone: Undone,
    pub plan: HourPlan,
    epoch: u64,
    hashes_unflagged_ids: bool,
    /// Of traces that nobody decided on yet.
    new: HotBytes,
    /// Of traces that were kept earlier, and of imported ones.
    beside: [HotBytes; 2],
    decided: Vec<MemoryHeader>,
    passed: Passed,
}

impl Worth {
    #[expect(clippy::cast_precision_loss, reason = "lengths of an hour's rows, below 2^53")]
    fn cost(&self, learnt: CostModel) -> CostModel {
        let unit = |bytes: f64, lengths: u64| if lengths == 0 { 1.0 } else { bytes / lengths as f64 };
        learnt.in_units(unit(self.span_bytes, self.span_lengths), unit(self.log_bytes, self.log_lengths))
    }
}

impl Planned {
    pub(super) fn make(
        shared: &Shared,
        traces: Traces,
        profiles: OperationProfiles,
        worth: Worth,
        beside: [HotBytes; 2],
        earlier: &[Arc<MemoryFile>],
        passed: Passed,
    ) -> io::Result<Self> {
        let (learnt, epoch) = shared.with_state(|state| {
            state.epoch += 1;
            (state.cost, state.epoch)
        });
        let decided = earlier.iter().map(|memory| &memory.summed.decision);
        let decided = decided.filter(|header| header.hour == passed.hour).cloned().collect();
        let cost = worth.cost(learnt);
        let (hashes_unflagged_ids, new) = surveyed(&traces);
        let undone = Undone::default();
        let plan =
            HourPlan::make::<[TraceSummary]>(&[], &input(shared, &profiles, &cost, 1.0, (epoch, hashes_unflagged_ids)));
        let mut planned =
            Self { traces, profiles, cost, undone, plan, epoch, hashes_unflagged_ids, new, beside, decided, passed };
        planned.plan_again(shared)?;
        Ok(planned)
    }

    /// Plans by what costs are known now.
    fn plan_again(&mut self, shared: &Shared) -> io::Result<()> {
        let [earlier, _] = self.beside.map(|bytes| self.cost.cold_bytes(&bytes));
        let new_bytes = self.cost.cold_bytes(&self.new).sum();
        let offer = Offer { new_bytes, kept_bytes: earlier.sum() };
        let (passed, decided) = (self.passed, self.decided.iter());
        self.undone = shared.with_state(|state| state.allot(passed, decided, offer, &shared.budget));
        let budget = self.undone.left_bytes.max(1.0);
        let of_epoch = (self.epoch, self.hashes_unflagged_ids);
        self.plan = HourPlan::make(&self.traces, &input(shared, &self.profiles, &self.cost, budget, of_epoch));
        self.traces.check()
    }

    /// Whether every trace is kept, or dropped by name, by far: then nothing depends on costs.
    pub(super) fn keeps_all(&self) -> bool {
        let all_of_rules = self.plan.keep_probabilities.iter().all(|probability| *probability >= 1.0);
        self.plan.lambda >= f64::MAX && all_of_rules && self.plan.kept_bytes <= AMPLE * self.undone.left_bytes
    }

    /// Decides each trace in turn.
    pub(super) fn decide(
        &mut self,
        shared: &Shared,
        scratch: Arc<dyn Scratch>,
        mut each: impl FnMut(&TraceSummary, &crate::decide::TraceDecision),
    ) -> io::Result<Outcome> {
        let parts = self.traces.parts();
        let mut outcome = Outcome::to(MemoryWriter::new(self.traces.count + self.traces.imported, parts, scratch));
        let of_epoch = (self.epoch, self.hashes_unflagged_ids);
        let input = input(shared, &self.profiles, &self.cost, self.plan.budget_bytes, of_epoch);
        let plan = &mut self.plan;
        for part in 0..parts {
            self.traces.visit_part(part, |visited| {
                match visited {
                    Visited::Imported(trace) => outcome.keep_imported(trace),
                    Visited::Summary(summary) => {
                        let decision = outcome.add(summary, plan, &input);
                        each(summary, &decision);
                    }
                }
                Ok(())
            })?;
            outcome.memory.end_part(parts)?;
        }
        Ok(outcome)
    }

    /// What is told of the decision.
    pub(super) fn header(&self, shared: &Shared, outcome: &Outcome) -> MemoryHeader {
        let of_epoch = (self.epoch, self.hashes_unflagged_ids);
        let input = input(shared, &self.profiles, &self.cost, self.plan.budget_bytes, of_epoch);
        super::outcome::header(self.passed.hour, &self.plan, &self.undone, outcome, self.traces.count, &input)
    }

    /// Writes what the move is expected to take.
    pub(super) fn predict(&mut self, outcome: &Outcome) {
        let [earlier, outside] = self.beside.map(|bytes| self.cost.cold_bytes(&bytes));
        let kept = self.cost.cold_bytes(&outcome.kept_bytes);
        self.undone.outside_bytes = outside.sum();
        self.undone.predicted_span_bytes = kept.spans + earlier.spans + outside.spans;
        self.undone.predicted_log_bytes = kept.logs + earlier.logs + outside.logs;
    }

    /// Corrects the costs by what the predicted rows took, and plans again; false where that changes nothing, as of some
    /// kilobytes.
    pub(super) fn correct(&mut self, shared: &Shared, written: ColdBytes) -> io::Result<bool> {
        let [spans, logs] = self.undone.observed(written);
        let corrected = self.cost.after_proposal(spans, logs);
        if corrected == self.cost {
            return Ok(false);
        }
        self.cost = corrected;
        shared.with_state(|state| state.cost = state.cost.after_proposal(spans, logs));
        self.plan_again(shared)?;
        Ok(true)
    }
}

fn input<'a>(
    shared: &'a Shared,
    profiles: &'a OperationProfiles,
    cost: &'a CostModel,
    budget_bytes: f64,
    (epoch, hashes_unflagged_ids): (u64, bool),
) -> DecisionInput<'a> {
    let (rules, settings) = (&shared.rules, &shared.importance);
    DecisionInput { profiles, rules, cost, settings, budget_bytes, epoch, hashes_unflagged_ids }
}

/// Whether the ids of traces that do not say that theirs are random are not (of what arrived sampled, low ids are missing),
/// and what all of them take.
fn surveyed(traces: &Traces) -> (bool, HotBytes) {
    let mut monitor = IdMonitor::default();
    let mut all = HotBytes::default();
    traces.for_each(&mut |summary| {
        all.spans += summary.span_bytes;
        all.logs += summary.log_bytes;
        let is_silent = !summary.has_random_flag && summary.explicit_randomness.is_none();
        if is_silent && summary.arrived() == Threshold::KEEP_ALL {
            monitor.observe(TraceId(summary.trace_id));
        }
    });
    (monitor.finds_them_not_uniform(), all)
}
