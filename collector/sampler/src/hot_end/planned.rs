//! An hour of which everything was shown: what it may take, and the plan by which its traces are kept.
//!
//! Owns the way from summaries to a plan, and its correction by a trial's real bytes. Never keeps a row.

use std::sync::Arc;

use spanlake_schemas::ids::TraceId;

use super::memory_file::{MemoryFile, MemoryHeader};
use super::outcome::Outcome;
use super::trial::Tried;
use super::{Offer, Passed, Shared, Undone};
use crate::cost::{CostModel, HotBytes, Observed};
use crate::decide::DecisionInput;
use crate::decide::plan::HourPlan;
use crate::profile::OperationProfiles;
use crate::randomness::IdMonitor;
use crate::summary::{TraceIdBytes, TraceSummary};
use crate::threshold::Threshold;

/// Rows of a full row group, about: so many share what is fixed in a file.
const ROWS_A_GROUP: f64 = 131_072.0;

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
    pub summaries: Vec<TraceSummary>,
    pub imported: Vec<TraceIdBytes>,
    pub profiles: OperationProfiles,
    /// Of the lengths in summaries.
    pub cost: CostModel,
    pub undone: Undone,
    pub plan: HourPlan,
    epoch: u64,
    hashes_unflagged_ids: bool,
    /// Of traces that were kept earlier, and of imported ones.
    beside: [HotBytes; 2],
    decided: Vec<MemoryHeader>,
    passed: Passed,
    /// What files take besides rows, as a trial showed.
    fixed_bytes: [f64; 2],
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
        (summaries, imported): (Vec<TraceSummary>, Vec<TraceIdBytes>),
        profiles: OperationProfiles,
        worth: Worth,
        beside: [HotBytes; 2],
        earlier: &[Arc<MemoryFile>],
        passed: Passed,
    ) -> Self {
        let (learnt, epoch) = shared.with_state(|state| {
            state.epoch += 1;
            (state.cost, state.epoch)
        });
        let decided = earlier.iter().filter_map(|memory| memory.header()).filter(|header| header.hour == passed.hour);
        let cost = worth.cost(learnt);
        let decided: Vec<MemoryHeader> = decided.collect();
        let hashes_unflagged_ids = looks_counted(&summaries);
        let undone = Undone::default();
        let plan =
            HourPlan::make::<[TraceSummary]>(&[], &input(shared, &profiles, &cost, 1.0, (epoch, hashes_unflagged_ids)));
        let fixed_bytes = [0.0; 2];
        let mut planned = Self {
            summaries,
            imported,
            profiles,
            cost,
            undone,
            plan,
            epoch,
            hashes_unflagged_ids,
            beside,
            decided,
            passed,
            fixed_bytes,
        };
        planned.plan_again(shared);
        planned
    }

    /// Plans by what costs are known now.
    fn plan_again(&mut self, shared: &Shared) {
        let [earlier, _] = self.beside.map(|bytes| self.cost.cold_bytes(&bytes));
        let fixed: f64 = self.fixed_bytes.iter().sum();
        let new_bytes: f64 = self.summaries.iter().map(|summary| self.cost.bytes_of(summary)).sum();
        let offer = Offer { new_bytes: new_bytes + fixed, kept_bytes: earlier.sum() };
        let (passed, decided) = (self.passed, self.decided.iter());
        self.undone = shared.with_state(|state| state.allot(passed, decided, offer, &shared.budget));
        let budget = (self.undone.left_bytes - fixed).max(1.0);
        let of_epoch = (self.epoch, self.hashes_unflagged_ids);
        self.plan =
            HourPlan::make(self.summaries.as_slice(), &input(shared, &self.profiles, &self.cost, budget, of_epoch));
    }

    /// Whether every trace is kept, or dropped by name: then nothing depends on costs.
    pub(super) fn keeps_all(&self) -> bool {
        let all_of_rules = self.plan.keep_probabilities.iter().all(|probability| *probability >= 1.0);
        self.plan.lambda >= f64::MAX && all_of_rules
    }

    /// Decides each trace in turn.
    pub(super) fn decide(
        &mut self,
        shared: &Shared,
        mut each: impl FnMut(&TraceSummary, &crate::decide::TraceDecision),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        outcome.keep_imported(&self.imported);
        let of_epoch = (self.epoch, self.hashes_unflagged_ids);
        let input = input(shared, &self.profiles, &self.cost, self.plan.budget_bytes, of_epoch);
        for summary in &self.summaries {
            let decision = outcome.add(summary, &mut self.plan, &input);
            each(summary, &decision);
        }
        outcome
    }

    /// What is told of the decision.
    pub(super) fn header(&self, shared: &Shared, outcome: &Outcome) -> MemoryHeader {
        let of_epoch = (self.epoch, self.hashes_unflagged_ids);
        let input = input(shared, &self.profiles, &self.cost, self.plan.budget_bytes, of_epoch);
        super::outcome::header(self.passed.hour, &self.plan, &self.undone, outcome, &self.summaries, &input)
    }

    /// Writes what the move is expected to take.
    pub(super) fn predict(&mut self, outcome: &Outcome) {
        let [earlier, outside] = self.beside.map(|bytes| self.cost.cold_bytes(&bytes));
        let kept = self.cost.cold_bytes(&outcome.kept_bytes);
        let [fixed_spans, fixed_logs] = self.fixed_bytes;
        self.undone.outside_bytes = outside.sum();
        self.undone.predicted_span_bytes = kept.spans + earlier.spans + outside.spans + fixed_spans;
        self.undone.predicted_log_bytes = kept.logs + earlier.logs + outside.logs + fixed_logs;
    }

    /// Corrects the costs by what a part of the rows took, and half of that part, and plans again. `kept_rows`: of the whole
    /// hour.
    pub(super) fn correct(&mut self, shared: &Shared, large: Tried, small: Tried, kept_rows: u64) {
        let [spans, logs] = [0, 1].map(|table| Extrapolated::of(&large, &small, table, kept_rows));
        let [span_lengths, log_lengths] = large.lengths;
        let predicted = self.cost.cold_bytes(&HotBytes { spans: span_lengths, logs: log_lengths });
        let observed =
            |predicted_bytes: f64, found: &Extrapolated| Observed { predicted_bytes, written_bytes: found.data_bytes };
        let (of_spans, of_logs) = (observed(predicted.spans, &spans), observed(predicted.logs, &logs));
        self.cost = self.cost.after_trial(of_spans, of_logs);
        shared.with_state(|state| state.cost = state.cost.after_trial(of_spans, of_logs));
        self.fixed_bytes = [spans.fixed_bytes, logs.fixed_bytes];
        self.plan_again(shared);
    }
}

/// What a trial says of the whole hour. Dictionaries grow with the rows, and indexes into them get longer; how fast, two
/// trials of different size show. As dictionaries fill, each further doubling is taken to change half as much as the one
/// before: carried on unchanged, an hour came out 3 % too small.
struct Extrapolated {
    /// What the larger trial's rows will take among all others.
    data_bytes: f64,
    /// What files take besides rows.
    fixed_bytes: f64,
}

impl Extrapolated {
    /// A doubling of the rows changes their bytes a row, and what is fixed, by no more.
    const RATE_GROWTH: (f64, f64) = (0.97, 1.06);
    const FIXED_GROWTH: (f64, f64) = (1.0, 2.0);

    #[expect(clippy::cast_precision_loss, reason = "bytes and rows of an hour, below 2^53")]
    fn of(large: &Tried, small: &Tried, table: usize, kept_rows: u64) -> Self {
        let (of_large, of_small) = (large.written[table], small.written[table]);
        // A row group has its own dictionaries.
        let groups = (kept_rows as f64 / ROWS_A_GROUP / of_large.files.max(1) as f64).max(1.0);
        let doublings = (1.0 / large.share / groups).log2().max(0.0);
        let growths = 1.0 - (-doublings).exp2();
        let rate = |tried: &Tried| tried.written[table].data as f64 / tried.lengths[table].max(1) as f64;
        let growth = |large: f64, small: f64, (least, most): (f64, f64)| {
            if large > 0.0 && small > 0.0 { (large / small).clamp(least, most) } else { 1.0 }
        };
        let rate_growth = growth(rate(large), rate(small), Self::RATE_GROWTH);
        let fixed_growth = growth(of_large.fixed as f64, of_small.fixed as f64, Self::FIXED_GROWTH);
        Self {
            data_bytes: of_large.data as f64 * rate_growth.powf(growths),
            fixed_bytes: of_large.fixed as f64 * fixed_growth.powf(growths) * groups,
        }
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

/// Whether the ids of traces that do not say that theirs are random are not. Of what arrived sampled, low ids are missing.
fn looks_counted(summaries: &[TraceSummary]) -> bool {
    let mut monitor = IdMonitor::default();
    let is_silent = |summary: &&TraceSummary| !summary.has_random_flag && summary.explicit_randomness.is_none();
    let silent = summaries.iter().filter(is_silent).filter(|summary| summary.arrived() == Threshold::KEEP_ALL);
    silent.for_each(|summary| monitor.observe(TraceId(summary.trace_id)));
    monitor.finds_them_not_uniform()
}
