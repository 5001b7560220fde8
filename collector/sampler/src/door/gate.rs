//! The door as receivers and the log's replay ask it: batches in, fewer rows with their weights out.
//!
//! Owns the thresholds in force, what was counted, and what is told of both. Looks at no clock and measures no load: whoever
//! holds it says about once a second how much of the machine is in use.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use arrow::array::AsArray;
use arrow::error::ArrowError;
use serde::Serialize;
use spanlake_schemas::door::{Door, DoorCause, DoorThreshold, DoorThresholds};
use spanlake_schemas::ingest::Batches;
use spanlake_schemas::tables::Table;

use super::overload::{OverloadController, OverloadState};
use super::thin::{Dropped, Thinned, thin};
use super::{DoorController, DoorSettings};
use crate::threshold::Threshold;

/// The door of one server.
#[derive(Debug)]
pub struct DoorGate {
    settings: DoorSettings,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    controller: DoorController,
    overload: OverloadController,
    load: f64,
    /// For how long something has been held back for want of room.
    shedding_seconds: f64,
    counts: DoorCounts,
}

/// What has been held back since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DroppedRows {
    pub spans: u64,
    pub logs: u64,
    pub exemplars: u64,
}

/// What the door has counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DoorCounts {
    /// By the user's setting.
    pub dropped_by_setting: DroppedRows,
    /// As the machine was too small.
    pub dropped_by_overload: DroppedRows,
    /// Spans and logs that passed and stand for more than themselves.
    pub weighted_rows: u64,
    /// `tracestate` texts of which something was ignored, in requests that were looked at.
    pub malformed_trace_states: u64,
}

/// A threshold in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DoorServiceReport {
    /// Empty for all services that are not named.
    pub service: String,
    pub probability: f64,
}

/// The door in words and numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DoorReport {
    pub settings: DoorSettings,
    /// By the settings alone.
    pub services: Vec<DoorServiceReport>,
    pub overload: OverloadState,
    /// With which every service's traces pass because of load alone.
    pub overload_probability: f64,
    /// In use over allowed, as last measured; zero where nobody set a budget.
    pub load: f64,
    pub counts: DoorCounts,
    /// One sentence, while something is held back for want of room.
    pub warning: Option<String>,
}

/// What a second of load has changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OverloadChange {
    Began { load: f64 },
    Ended { after_seconds: f64 },
}

impl DoorGate {
    /// Open, but for what is set.
    #[must_use]
    pub fn new(settings: DoorSettings) -> Self {
        let state = State {
            controller: DoorController::new(&settings),
            overload: OverloadController::default(),
            load: 0.0,
            shedding_seconds: 0.0,
            counts: DoorCounts::default(),
        };
        Self { settings, state: Mutex::new(state) }
    }

    /// Adapts all thresholds. `load`: in use over allowed, the largest of what is measured; `elapsed_seconds` since the last
    /// call.
    pub fn tick(&self, load: f64, elapsed_seconds: f64) -> Option<OverloadChange> {
        self.with_state(|state| {
            state.controller.tick(elapsed_seconds);
            let was = state.overload.state();
            state.load = load;
            let _ = state.overload.tick(load, elapsed_seconds);
            match (was, state.overload.state()) {
                (OverloadState::Calm, OverloadState::Shedding) => {
                    state.shedding_seconds = 0.0;
                    Some(OverloadChange::Began { load })
                }
                (OverloadState::Shedding, OverloadState::Calm) => {
                    Some(OverloadChange::Ended { after_seconds: state.shedding_seconds + elapsed_seconds })
                }
                (OverloadState::Shedding, OverloadState::Shedding) => {
                    state.shedding_seconds += elapsed_seconds;
                    None
                }
                (OverloadState::Calm, OverloadState::Calm) => None,
            }
        })
    }

    /// What it has counted.
    #[must_use]
    pub fn counts(&self) -> DoorCounts {
        self.with_state(|state| state.counts)
    }

    /// The probability that load alone leaves.
    #[must_use]
    pub fn overload_probability(&self) -> f64 {
        self.with_state(|state| state.overload.threshold().probability())
    }

    /// What is in force, and what it has done.
    #[must_use]
    pub fn report(&self) -> DoorReport {
        self.with_state(|state| {
            let probability = state.overload.threshold().probability();
            let of = |service: &str, threshold: Threshold| DoorServiceReport {
                service: service.to_owned(),
                probability: threshold.probability(),
            };
            let named = self.settings.services.keys().map(|service| of(service, state.controller.threshold(service)));
            let others = self.settings.default.iter().map(|_| of("", state.controller.of_others()));
            let warning = (state.overload.state() == OverloadState::Shedding).then(|| {
                format!(
                    "more comes than this machine may take: for {:.0} s only {:.3} % of traces have been passing the door;                      what passes carries its weight",
                    state.shedding_seconds,
                    probability * 100.0
                )
            });
            DoorReport {
                settings: self.settings.clone(),
                services: others.chain(named).collect(),
                overload: state.overload.state(),
                overload_probability: probability,
                load: state.load,
                counts: state.counts,
                warning,
            }
        })
    }

    /// The state; a panic elsewhere left it as whole as any.
    fn with_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Door for DoorGate {
    fn admit(&self, batches: &mut Batches, body_bytes: u64) -> Result<DoorThresholds, ArrowError> {
        let has_own = !self.settings.services.is_empty();
        let services = if has_own { services_of(batches) } else { BTreeSet::new() };
        let (thresholds, counts) = self.with_state(|state| (state.in_force(&services), state.controller.is_adaptive()));
        let thinned = thin(&thresholds, batches, counts)?;
        self.with_state(|state| state.note(&thinned, body_bytes));
        Ok(thresholds)
    }

    fn replay(&self, thresholds: &DoorThresholds, batches: &mut Batches) -> Result<(), ArrowError> {
        thin(thresholds, batches, false).map(|_| ())
    }
}

impl State {
    fn in_force(&self, services: &BTreeSet<String>) -> DoorThresholds {
        let overload = self.overload.threshold();
        let with_overload = |set: Threshold| {
            let cause = if overload > set { DoorCause::Overload } else { DoorCause::Setting };
            DoorThreshold { bits: set.and_then(overload).bits(), cause }
        };
        let everyone = with_overload(self.controller.of_others());
        let named = services.iter().filter(|service| self.controller.names(service));
        let own = named.map(|service| (service.clone(), with_overload(self.controller.threshold(service))));
        DoorThresholds { everyone, services: own.filter(|(_, threshold)| *threshold != everyone).collect() }
    }

    #[expect(clippy::cast_precision_loss, reason = "bytes of a request")]
    fn note(&mut self, thinned: &Thinned, body_bytes: u64) {
        let rows: f64 = thinned.flows.values().map(|flow| flow.rows).sum();
        let bytes_a_row = body_bytes as f64 / rows.max(1.0);
        for (service, flow) in &thinned.flows {
            self.controller.observe(service, flow.offered_rows * bytes_a_row, flow.passed_rows * bytes_a_row);
        }
        let [by_setting, by_overload] = thinned.dropped;
        self.counts.dropped_by_setting.add(by_setting);
        self.counts.dropped_by_overload.add(by_overload);
        self.counts.weighted_rows += thinned.weighted_rows;
        self.counts.malformed_trace_states += thinned.malformed_trace_states;
    }
}

impl DroppedRows {
    fn add(&mut self, dropped: Dropped) {
        self.spans += dropped.spans;
        self.logs += dropped.logs;
        self.exemplars += dropped.exemplars;
    }
}

fn services_of(batches: &Batches) -> BTreeSet<String> {
    let mut services = BTreeSet::new();
    for (_, batch) in batches.tables.iter().filter(|(table, _)| matches!(table, Table::Spans | Table::Logs)) {
        let names = batch.column_by_name("service_name").and_then(|names| names.as_string_opt::<i32>());
        let mut last = None;
        for name in names.iter().flat_map(|names| names.iter().flatten()) {
            if last != Some(name) {
                last = Some(name);
                if !services.contains(name) {
                    services.insert(name.to_owned());
                }
            }
        }
    }
    services
}

#[cfg(test)]
mod tests;
