//! What a changed policy would do to hours that are still hot.
//!
//! Owns the figures of it: bytes, kept traces and errors, and how exact answers by service would be. It decides as the hot
//! end does, with the learnt costs and an empty ledger, and nothing of it is ever written.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::sampling::{HotEnd, HourInQuestion, MovedHour, Remembered, Scratch};
use spanlake_schemas::tables::Table;

use super::memory_file::MemoryHeader;
use super::{HotEndSampler, HotEndSettings, Passed};
use crate::cost::ColdBytes;
use crate::decide::TraceDecision;
use crate::estimate::total::TotalState;
use crate::estimate::{Estimate, Kept};
use crate::profile::OperationProfiles;
use crate::rules::check::RuleProblem;
use crate::span::OperationHash;
use crate::summary::TraceSummary;

/// A policy that is tried.
pub struct Simulation {
    sampler: HotEndSampler,
    study: Arc<Mutex<Study>>,
}

/// What is gathered over its hours.
#[derive(Debug, Default)]
pub(super) struct Study {
    /// Of the hour that is being decided.
    names: HashMap<OperationHash, Arc<str>>,
    services: BTreeMap<Arc<str>, ServiceStudy>,
    traces_with_errors: u64,
    kept_traces_with_errors: u64,
}

#[derive(Debug, Default)]
struct ServiceStudy {
    spans: u64,
    errors: u64,
    kept_spans: u64,
    kept_errors: u64,
    count: TotalState,
    error_count: TotalState,
}

/// A service under the policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceOutlook {
    pub service: String,
    pub spans: u64,
    pub errors: u64,
    pub kept_spans: u64,
    pub kept_errors: u64,
    /// What `approx_count()` of its spans would answer.
    pub count: Estimate,
    /// Of its failed spans; `None` where there is none.
    pub error_count: Option<Estimate>,
}

/// What the policy would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SimulationReport {
    pub day_bytes: u64,
    pub rules: usize,
    /// Sentences.
    pub problems: Vec<String>,
    pub traces: u64,
    pub kept_traces: u64,
    pub traces_with_errors: u64,
    pub kept_traces_with_errors: u64,
    pub dropped_by_rules: u64,
    /// Cold bytes if all were kept, as predicted.
    pub offered_bytes: f64,
    pub kept_bytes: f64,
    pub allotted_bytes: f64,
    /// Hours, oldest first; groups only of the newest.
    pub hours: Vec<MemoryHeader>,
    pub services: Vec<ServiceOutlook>,
}

impl Simulation {
    /// Of a policy, with the costs and pins of the sampler that runs.
    ///
    /// # Errors
    /// As [`HotEndSampler::new`].
    pub fn new(settings: HotEndSettings, running: Option<&HotEndSampler>) -> Result<Self, Vec<RuleProblem>> {
        let sampler = HotEndSampler::new(settings)?;
        if let Some(running) = running {
            let cost = running.0.with_state(|state| state.cost);
            sampler.0.with_state(|state| state.cost = cost);
            *sampler.0.pins.lock().unwrap_or_else(PoisonError::into_inner) = running.0.pins();
        }
        Ok(Self { sampler, study: Arc::default() })
    }

    /// What it would have done to the hours that were decided on.
    #[must_use]
    pub fn report(&self) -> SimulationReport {
        let report = self.sampler.report();
        let study = self.study.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |of: fn(&MemoryHeader) -> u64| report.decisions.iter().map(of).sum();
        let bytes = |of: fn(&MemoryHeader) -> f64| report.decisions.iter().map(of).sum();
        SimulationReport {
            day_bytes: report.day_bytes,
            rules: report.rules.len(),
            problems: report.problems.clone(),
            traces: count(|hour| hour.traces),
            kept_traces: count(|hour| hour.kept_traces),
            traces_with_errors: study.traces_with_errors,
            kept_traces_with_errors: study.kept_traces_with_errors,
            dropped_by_rules: count(|hour| hour.dropped_by_rules),
            offered_bytes: bytes(|hour| hour.offered_bytes),
            kept_bytes: bytes(|hour| hour.kept_bytes),
            allotted_bytes: bytes(|hour| hour.allotted_bytes),
            services: study.services.iter().map(|(service, study)| study.outlook(service)).collect(),
            hours: report.decisions,
        }
    }
}

impl HotEnd for Simulation {
    fn restore(&self, _state: &[u8]) -> Result<(), String> {
        Ok(())
    }

    fn columns(&self, table: Table) -> Vec<&'static str> {
        self.sampler.columns(table)
    }

    fn begin(
        &self,
        hour: i64,
        passed: f64,
        earlier: &[Remembered],
        scratch: Arc<dyn Scratch>,
    ) -> Result<Box<dyn HourInQuestion>, String> {
        let hour = self.sampler.look_at(Passed { hour, passed }, earlier, scratch)?;
        Ok(Box::new(hour.studied(Arc::clone(&self.study))))
    }

    /// An hour is taken to have moved as predicted, so that the next one's part is what it would be.
    fn moved(&self, moved: MovedHour) -> Vec<u8> {
        self.sampler.0.with_state(|state| {
            if let Some(undone) = state.undone.get(&moved.hour).copied() {
                let as_predicted = ColdBytes { spans: undone.predicted_span_bytes, logs: undone.predicted_log_bytes };
                state.note_moved(moved.hour, as_predicted);
            }
        });
        Vec::new()
    }
}

impl Study {
    /// Learns how the hour's operations are called.
    pub(super) fn begin_hour(&mut self, profiles: &OperationProfiles) {
        let name = |service: &Arc<str>, operation: &str| (OperationHash::of(service, operation), Arc::clone(service));
        self.names = profiles.iter().map(|profile| name(&profile.service, &profile.operation)).collect();
    }

    /// Notes what became of a trace.
    pub(super) fn add(&mut self, summary: &TraceSummary, decision: &TraceDecision) {
        let has_error = u64::from(summary.errors > 0);
        self.traces_with_errors += has_error;
        self.kept_traces_with_errors += if decision.is_kept { has_error } else { 0 };
        let kept = Kept { trace_id: TraceId(summary.trace_id), probability: decision.probability };
        for part in &summary.operations {
            // Operations beyond the sketches' cap have no name.
            let service = self.names.get(&part.operation).map_or_else(|| Arc::from(""), Arc::clone);
            let study = self.services.entry(service).or_default();
            let (spans, errors) = (u64::from(part.spans), u64::from(part.errors));
            study.spans += spans;
            study.errors += errors;
            if decision.is_kept {
                study.kept_spans += spans;
                study.kept_errors += errors;
                study.count.add(kept, f64::from(part.spans));
                if part.errors > 0 {
                    study.error_count.add(kept, f64::from(part.errors));
                }
            }
        }
    }
}

impl ServiceStudy {
    fn outlook(&self, service: &str) -> ServiceOutlook {
        ServiceOutlook {
            service: service.to_owned(),
            spans: self.spans,
            errors: self.errors,
            kept_spans: self.kept_spans,
            kept_errors: self.kept_errors,
            count: self.count.finish(),
            error_count: (self.errors > 0).then(|| self.error_count.finish()),
        }
    }
}
