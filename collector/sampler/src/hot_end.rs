//! The decision at the hot end as the store asks for it: batches of an hour in, verdicts on its rows out.
//!
//! Owns what outlives an hour: the ledger of the budget and the learnt costs, as a text that the store keeps. Rows are
//! read here and nowhere else in this crate. Never does I/O; of time it knows the hours it is told.

mod columns;
mod gathered;
mod hour;
mod memory_file;
mod memory_writer;
mod outcome;
mod planned;
mod report;
pub mod simulate;
mod traces;
mod verdicts;
mod weights;
mod why;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use spanlake_schemas::sampling::{HotEnd, HourInQuestion, MovedHour, Pin, Remembered, Scratch};
use spanlake_schemas::tables::Table;

use crate::budget::{BudgetLedger, BudgetSettings, HourRecord};
use crate::cost::{ColdBytes, CostModel, Observed};
use crate::decide::settings::ImportanceSettings;
use crate::pins::PinSet;
use crate::rules::check::{RuleProblem, check};
use crate::rules::{Rule, RuleSet};

use hour::Hour;
use memory_file::{MemoryFile, MemoryHeader, RESIDENT_MAX};
pub use report::{SamplingReport, StratumReport};
pub use why::Outlook;

/// Whatever was spent, a decision has this part of its hour: no class may have probability zero.
const LEAST_SHARE: f64 = 0.000_5;
/// A proposal whose bytes are as near as that to what was predicted stands.
const TOLERANCE: f64 = 0.005;
/// Decisions of which the report tells.
const REPORTED_DECISIONS: usize = 48;

/// What the user says about the cold tier's bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct HotEndSettings {
    pub budget: BudgetSettings,
    pub rules: Vec<Rule>,
    pub importance: ImportanceSettings,
}

/// The sampler of one store.
#[derive(Clone)]
pub struct HotEndSampler(Arc<Shared>);

/// What every hour sees.
pub(crate) struct Shared {
    budget: BudgetSettings,
    rules: RuleSet,
    importance: ImportanceSettings,
    problems: Vec<RuleProblem>,
    pins: Mutex<Arc<PinSet>>,
    state: Mutex<State>,
}

/// What the next hour is judged with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct State {
    ledger: BudgetLedger,
    cost: CostModel,
    epoch: u64,
    /// Decided, and not yet said to have moved.
    undone: BTreeMap<i64, Undone>,
    /// Newest last.
    decisions: Vec<MemoryHeader>,
}

/// An hour and how much of it has passed, from 0 to 1.
#[derive(Clone, Copy, Debug)]
struct Passed {
    hour: i64,
    passed: f64,
}

/// Cold bytes that ask for a place.
#[derive(Clone, Copy, Debug)]
struct Offer {
    /// Of traces that nobody decided on yet.
    new_bytes: f64,
    /// Of rows of traces that were kept before: they have theirs.
    kept_bytes: f64,
}

/// What a decision expects of its move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Undone {
    allotted_bytes: f64,
    level_bytes: f64,
    offered_bytes: f64,
    predicted_span_bytes: f64,
    predicted_log_bytes: f64,
    /// Of these, what is not the budget's: imported traces.
    outside_bytes: f64,
    /// Of the allotted bytes, what traces may take that nobody decided on yet.
    #[serde(skip)]
    left_bytes: f64,
}

impl Undone {
    /// Predicted against written bytes, of spans and of logs.
    const fn observed(&self, written: ColdBytes) -> [Observed; 2] {
        [
            Observed { predicted_bytes: self.predicted_span_bytes, written_bytes: written.spans },
            Observed { predicted_bytes: self.predicted_log_bytes, written_bytes: written.logs },
        ]
    }

    /// Whether that was foreseen so well that to plan again would change nothing.
    fn foresaw(&self, written: ColdBytes) -> bool {
        let predicted = self.predicted_span_bytes + self.predicted_log_bytes;
        (written.sum() - predicted).abs() <= TOLERANCE * predicted
    }
}

impl HotEndSampler {
    /// A sampler that has decided nothing yet.
    ///
    /// # Errors
    /// With the problems of rules and budget to which no meaning can be given; the others are in the report.
    pub fn new(settings: HotEndSettings) -> Result<Self, Vec<RuleProblem>> {
        let problems = check(&settings.rules, &settings.budget);
        if problems.iter().any(RuleProblem::is_fatal) {
            return Err(problems.into_iter().filter(RuleProblem::is_fatal).collect());
        }
        Ok(Self(Arc::new(Shared {
            budget: settings.budget,
            rules: RuleSet::new(settings.rules),
            importance: settings.importance,
            problems,
            pins: Mutex::default(),
            state: Mutex::default(),
        })))
    }

    /// Puts all pins in force, in place of those before; hours that are looked at already go on with those.
    pub fn set_pins(&self, pins: &[Pin]) {
        *self.0.pins.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(PinSet::new(pins));
    }

    /// An hour of which nothing was shown yet.
    fn look_at(&self, at: Passed, earlier: &[Remembered], scratch: Arc<dyn Scratch>) -> Result<Hour, String> {
        let mut room = RESIDENT_MAX;
        let known = earlier.iter().map(|memory| MemoryFile::open(Arc::clone(&memory.bytes), &mut room).map(Arc::new));
        let known = known.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        Ok(Hour::new(Arc::clone(&self.0), at, known, scratch))
    }

    /// The budget, what it was spent on, and what is wrong with the rules.
    #[must_use]
    pub fn report(&self) -> SamplingReport {
        SamplingReport::of(&self.0)
    }
}

impl Shared {
    fn pins(&self) -> Arc<PinSet> {
        Arc::clone(&self.pins.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The state; a panic elsewhere left it as whole as any.
    fn with_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// What may be written of an hour now. While the hour lasts, its part of what has passed of it, less what was kept
    /// before. Once it is over, late rows get at least the rate of the others, however much these took. `decided`: what
    /// was decided on it before, by moves that are done, or that a crash or an outage ended.
    fn allot<'a>(
        &self,
        hour: Passed,
        decided: impl Iterator<Item = &'a MemoryHeader>,
        offer: Offer,
        budget: &BudgetSettings,
    ) -> Undone {
        let mut undone = Undone { level_bytes: self.ledger.level(hour.hour, budget), ..Undone::default() };
        let is_recorded = self.ledger.hours().any(|record| record.hour == hour.hour);
        let (mut offered, mut kept) = (0.0, 0.0);
        for header in decided {
            offered += header.offered_bytes;
            kept += header.kept_bytes;
            if !is_recorded {
                undone.allotted_bytes += header.allotted_bytes;
                undone.offered_bytes += header.offered_bytes;
            }
        }
        let whole = self.ledger.allotment(hour.hour, budget);
        let of_its_time = whole * hour.passed.clamp(0.0, 1.0) - kept - offer.kept_bytes;
        let is_late = hour.passed >= 1.0 && offered > 0.0;
        let as_others = if is_late { offer.new_bytes * (kept / offered).clamp(0.001, 1.0) } else { 0.0 };
        undone.left_bytes = of_its_time.max(as_others).max(whole * LEAST_SHARE);
        undone.allotted_bytes += undone.left_bytes + offer.kept_bytes;
        undone.offered_bytes += offer.new_bytes + offer.kept_bytes;
        undone
    }

    fn note_moved(&mut self, hour: i64, written: ColdBytes) {
        let Some(undone) = self.undone.remove(&hour) else { return };
        let [spans, logs] = undone.observed(written);
        self.cost.learn(spans, logs);
        let inside = (written.sum() - undone.outside_bytes).max(0.0);
        let before = self.ledger.hours().find(|record| record.hour == hour).copied();
        let sum = |now: f64, of: fn(&HourRecord) -> f64| now + before.as_ref().map_or(0.0, of);
        self.ledger.record(HourRecord {
            hour,
            allotted_bytes: sum(undone.allotted_bytes, |record| record.allotted_bytes),
            level_bytes: undone.level_bytes,
            offered_bytes: sum(undone.offered_bytes, |record| record.offered_bytes),
            written_bytes: sum(inside, |record| record.written_bytes),
        });
        if let Some(header) = self.decisions.iter_mut().rev().find(|header| header.hour == hour) {
            header.written_bytes = Some(inside);
        }
    }
}

impl HotEnd for HotEndSampler {
    fn restore(&self, state: &[u8]) -> Result<(), String> {
        let state: State = serde_json::from_slice(state).map_err(|error| error.to_string())?;
        self.0.with_state(|mine| *mine = state);
        Ok(())
    }

    fn columns(&self, table: Table) -> Vec<&'static str> {
        columns::needed(table, self.0.rules.rules().iter().any(|rule| !rule.attributes.is_empty()))
    }

    fn begin(
        &self,
        hour: i64,
        passed: f64,
        earlier: &[Remembered],
        scratch: Arc<dyn Scratch>,
    ) -> Result<Box<dyn HourInQuestion>, String> {
        Ok(Box::new(self.look_at(Passed { hour, passed }, earlier, scratch)?))
    }

    fn moved(&self, moved: MovedHour) -> Vec<u8> {
        self.0.with_state(|state| {
            state.note_moved(moved.hour, ColdBytes::written(&moved));
            serde_json::to_vec(state).unwrap_or_default()
        })
    }
}
