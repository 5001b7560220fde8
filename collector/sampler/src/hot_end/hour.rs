//! One hour: its rows folded into summaries and sketches, then decided at once.
//!
//! Owns the summaries of the hour's traces. Rows of traces that were decided before are only counted: what was decided
//! holds. Never keeps a row.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::otlp::{DimensionLookup, DimensionRow};
use spanlake_schemas::sampling::{Decided, HourInQuestion, Part};
use spanlake_schemas::tables::Table;

use super::columns::{LogColumns, RowAttributes, SpanColumns, row_bytes};
use super::memory_file::{self, MemoryFile, MemoryHeader};
use super::report::{self, StratumReport};
use super::simulate::Study;
use super::verdicts::{HourVerdicts, Keep, ask_all};
use super::{Offer, Passed, Shared, Undone};
use crate::cost::HotBytes;
use crate::decide::plan::HourPlan;
use crate::decide::strata::StratumId;
use crate::decide::{DecisionInput, Reason, TraceDecision};
use crate::memory::Remembered;
use crate::pins::PinSet;
use crate::profile::OperationProfiles;
use crate::randomness::IdMonitor;
use crate::red::{Arrived, RedLimits, RedSketches, RedSpan};
use crate::rules::RuleSet;
use crate::span::OperationHash;
use crate::summary::{SpanFacts, TraceIdBytes, TraceSummary};
use crate::threshold::Threshold;
use crate::tracestate;

/// Groups of which a decision tells.
const STRATA_TOLD: usize = 100;

/// An hour that is being looked at.
pub(super) struct Hour {
    shared: Arc<Shared>,
    hour: i64,
    /// How much of it, from 0 to 1.
    passed: f64,
    earlier: Vec<MemoryFile>,
    traces: HashMap<TraceIdBytes, Known>,
    red: RedSketches,
    resources: HashMap<i64, Option<DimensionRow>>,
    /// Of rows of traces that were kept earlier.
    kept_earlier: HotBytes,
    imported: HotBytes,
    pins: Arc<PinSet>,
    /// Where somebody only wants to know what would become of the hour.
    study: Option<Arc<Mutex<Study>>>,
}

/// What is known of a trace of the hour.
enum Known {
    Undecided(Box<TraceSummary>),
    KeptEarlier,
    DroppedEarlier,
    /// Somebody brought it back on purpose: it stays, outside of the budget.
    Imported,
}

impl Hour {
    pub(super) fn new(shared: Arc<Shared>, hour: i64, passed: f64, earlier: Vec<MemoryFile>) -> Self {
        let pins = shared.pins();
        Self {
            shared,
            hour,
            passed,
            earlier,
            traces: HashMap::new(),
            red: RedSketches::new(RedLimits::default()),
            resources: HashMap::new(),
            kept_earlier: HotBytes::default(),
            imported: HotBytes::default(),
            pins,
            study: None,
        }
    }

    /// One that is decided on for somebody's information.
    pub(super) fn studied(self, study: Arc<Mutex<Study>>) -> Self {
        Self { study: Some(study), ..self }
    }

    fn show_spans(
        &mut self,
        part: Part,
        batch: &RecordBatch,
        bytes: f64,
        dimensions: &dyn DimensionLookup,
    ) -> Result<(), ArrowError> {
        let columns = SpanColumns::of(batch)?;
        let hot_bytes = row_bytes(batch, bytes);
        let mut links = Vec::new();
        for (row, hot_bytes) in hot_bytes.into_iter().enumerate() {
            let trace = columns.trace_id(row);
            if part == Part::OfHour {
                self.red.add(&red_span(&columns, row));
            }
            if part == Part::OfHour && columns.is_imported(row) {
                self.traces.insert(trace.0, Known::Imported);
            }
            let Some(known) = known(&mut self.traces, &self.earlier, &self.pins, part, trace) else { continue };
            let summary = match known {
                Known::Undecided(summary) => summary,
                Known::KeptEarlier if part == Part::OfHour => {
                    self.kept_earlier.spans += hot_bytes;
                    continue;
                }
                Known::Imported if part == Part::OfHour => {
                    self.imported.spans += hot_bytes;
                    continue;
                }
                Known::KeptEarlier | Known::DroppedEarlier | Known::Imported => continue,
            };
            let resource_id = columns.resource_id[row];
            let resource = self.resources.entry(resource_id).or_insert_with(|| dimensions.resource(resource_id));
            columns.links(row, &mut links);
            let attributes = RowAttributes { columns: &columns, row, resource: resource.as_ref() };
            let facts = SpanFacts {
                span_id: columns.span_id(row),
                is_root: columns.is_root(row),
                service: columns.service(row),
                operation: columns.name(row),
                status: columns.status(row),
                start_time: columns.start_time[row],
                duration: columns.duration[row],
                flags: columns.flags(row),
                trace_state: columns.trace_state(row),
                is_sampling_unknown: false,
                door_threshold: columns.door_threshold(row),
                // What stays hot is paid for by its own hour.
                hot_bytes: if part == Part::OfHour { hot_bytes } else { 0 },
                links: &links,
                attributes: &attributes,
            };
            summary.add_span(&facts, &self.shared.rules);
            summary.is_pinned |= self.pins.covers(facts.service, facts.start_time);
        }
        Ok(())
    }

    fn show_logs(&mut self, part: Part, batch: &RecordBatch, bytes: f64) -> Result<(), ArrowError> {
        let columns = LogColumns::of(batch)?;
        for (row, hot_bytes) in row_bytes(batch, bytes).into_iter().enumerate() {
            let Some(trace) = columns.trace_id(row) else { continue };
            let hot_bytes = if part == Part::OfHour { hot_bytes } else { 0 };
            if part == Part::OfHour && columns.is_imported(row) {
                self.traces.insert(trace.0, Known::Imported);
            }
            match known(&mut self.traces, &self.earlier, &self.pins, part, trace) {
                Some(Known::Undecided(summary)) => {
                    summary.add_log(columns.severity_number(row), hot_bytes, columns.door_threshold(row));
                }
                Some(Known::KeptEarlier) => self.kept_earlier.logs += hot_bytes,
                Some(Known::Imported) => self.imported.logs += hot_bytes,
                Some(Known::DroppedEarlier) | None => {}
            }
        }
        Ok(())
    }

    /// Service and operation of a trace's root, where it has a name among what was shown.
    pub(super) fn root_of(&mut self, trace: TraceId) -> Option<(String, String)> {
        let Some(Known::Undecided(summary)) = self.traces.get(&trace.0) else { return None };
        let root = summary.root_operation();
        let profiles = OperationProfiles::from_rows(&self.red.take_rows());
        let mut names = profiles.iter().map(|profile| (profile.service.to_string(), profile.operation.to_string()));
        names.find(|(service, operation)| OperationHash::of(service, operation) == root)
    }

    /// The undecided traces, by id, so that every pass and every run sees one order; and those that were imported.
    pub(super) fn take_traces(&mut self) -> (Vec<TraceSummary>, Vec<TraceIdBytes>) {
        let (mut summaries, mut imported) = (Vec::new(), Vec::new());
        for (trace, known) in std::mem::take(&mut self.traces) {
            match known {
                Known::Undecided(summary) => summaries.push(*summary),
                Known::Imported => imported.push(trace),
                Known::KeptEarlier | Known::DroppedEarlier => {}
            }
        }
        summaries.sort_unstable_by_key(|summary| summary.trace_id);
        imported.sort_unstable();
        (summaries, imported)
    }
}

/// What is known of a trace; `None` for a neighbour that has no row in the hour.
fn known<'a>(
    traces: &'a mut HashMap<TraceIdBytes, Known>,
    earlier: &[MemoryFile],
    pins: &PinSet,
    part: Part,
    trace: TraceId,
) -> Option<&'a mut Known> {
    match traces.entry(trace.0) {
        Entry::Occupied(known) => Some(known.into_mut()),
        Entry::Vacant(_) if part == Part::Neighbour => None,
        Entry::Vacant(place) => Some(place.insert(match ask_all(earlier, trace) {
            Remembered::Kept(_) => Known::KeptEarlier,
            Remembered::Dropped => Known::DroppedEarlier,
            Remembered::Unknown => {
                let is_pinned = pins.names(trace);
                Known::Undecided(Box::new(TraceSummary { is_pinned, ..TraceSummary::new(trace) }))
            }
        })),
    }
}

fn red_span<'a>(columns: &SpanColumns<'a>, row: usize) -> RedSpan<'a> {
    let state = columns.trace_state(row);
    let said = if state.is_empty() { None } else { tracestate::parse(state).threshold };
    let held_back = columns.door_threshold(row);
    let threshold = match said {
        None if held_back == Threshold::KEEP_ALL => None,
        said => Some(said.unwrap_or_default().and_then(held_back)),
    };
    RedSpan {
        service: columns.service(row),
        operation: columns.name(row),
        kind: columns.kind(row),
        status: columns.status(row),
        extra: &[],
        start_time: columns.start_time[row],
        duration: columns.duration[row],
        arrived: threshold.map_or(Arrived::Whole, Arrived::Sampled),
    }
}

impl HourInQuestion for Hour {
    fn show(
        &mut self,
        part: Part,
        table: Table,
        batch: &RecordBatch,
        bytes: f64,
        dimensions: &dyn DimensionLookup,
    ) -> Result<(), ArrowError> {
        match table {
            Table::Spans => self.show_spans(part, batch, bytes, dimensions),
            Table::Logs => self.show_logs(part, batch, bytes),
            _ => Ok(()),
        }
    }

    fn decide(mut self: Box<Self>) -> Decided {
        let (summaries, imported) = self.take_traces();
        let profiles = OperationProfiles::from_rows(&self.red.take_rows());
        let (cost, epoch) = self.shared.with_state(|state| {
            state.epoch += 1;
            (state.cost, state.epoch)
        });
        let (earlier, outside) = (cost.cold_bytes(&self.kept_earlier), cost.cold_bytes(&self.imported));
        let offered: f64 = summaries.iter().map(|summary| cost.bytes_of(summary)).sum();
        let before: Vec<MemoryHeader> = self.earlier.iter().filter_map(MemoryFile::header).collect();
        let mut undone = self.shared.with_state(|state| {
            let decided = before.iter().filter(|header| header.hour == self.hour);
            let offer = Offer { new_bytes: offered, kept_bytes: earlier.sum() };
            state.allot(Passed { hour: self.hour, passed: self.passed }, decided, offer, &self.shared.budget)
        });
        let input = DecisionInput {
            profiles: &profiles,
            rules: &self.shared.rules,
            cost: &cost,
            settings: &self.shared.importance,
            budget_bytes: undone.left_bytes.max(1.0),
            epoch,
            hashes_unflagged_ids: looks_counted(&summaries),
        };
        let mut plan = HourPlan::make(summaries.as_slice(), &input);
        let mut outcome = Outcome::default();
        outcome.keep_imported(&imported);
        let mut study = self.study.as_ref().map(|study| study.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(study) = &mut study {
            study.begin_hour(&profiles);
        }
        for summary in &summaries {
            let decision = outcome.add(summary, &mut plan, &input);
            if let Some(study) = &mut study {
                study.add(summary, &decision);
            }
        }
        drop(study);
        let kept = cost.cold_bytes(&outcome.kept_bytes);
        undone.outside_bytes = outside.sum();
        undone.predicted_span_bytes = kept.spans + earlier.spans + outside.spans;
        undone.predicted_log_bytes = kept.logs + earlier.logs + outside.logs;
        let header = header(self.hour, &plan, &undone, &outcome, &summaries, &input);
        let memory = memory_file::write(&header, &outcome.kept_ids, &outcome.dropped);
        let opened = MemoryFile::open(memory.clone()).expect("it was written here");
        let is_news = header.traces > 0 || !imported.is_empty();
        self.shared.with_state(|state| {
            state.undone.insert(self.hour, undone);
            if is_news {
                report::note(&mut state.decisions, header);
            }
        });
        let memories = self.earlier.into_iter().chain([opened]).collect();
        let memory = if is_news { memory } else { Vec::new() };
        Decided { memory, verdicts: Arc::new(HourVerdicts { kept: outcome.kept, memories }) }
    }
}

/// What becomes of the traces, one by one.
#[derive(Default)]
struct Outcome {
    kept: HashMap<TraceIdBytes, Keep>,
    kept_ids: Vec<(TraceId, Threshold)>,
    dropped: Vec<TraceId>,
    /// Of those that were decided on.
    decided_kept: u64,
    kept_bytes: HotBytes,
    reasons: BTreeMap<Reason, Arc<str>>,
}

impl Outcome {
    fn keep_imported(&mut self, traces: &[TraceIdBytes]) {
        let reason: Arc<str> = "imported".into();
        for trace in traces {
            let keep = Keep { threshold: Threshold::KEEP_ALL, stratum: StratumId(0), reason: Arc::clone(&reason) };
            self.kept.insert(*trace, keep);
            self.kept_ids.push((TraceId(*trace), Threshold::KEEP_ALL));
        }
    }

    fn add(&mut self, summary: &TraceSummary, plan: &mut HourPlan, input: &DecisionInput<'_>) -> TraceDecision {
        let decision = plan.decide(summary, input);
        plan.record(&decision, input.cost.bytes_of(summary));
        let id = TraceId(summary.trace_id);
        if !decision.is_kept {
            self.dropped.push(id);
            return decision;
        }
        self.decided_kept += 1;
        self.kept_bytes.spans += summary.span_bytes;
        self.kept_bytes.logs += summary.log_bytes;
        self.kept_ids.push((id, decision.threshold));
        let reason = self.reasons.entry(decision.reason).or_insert_with(|| word(decision.reason, input.rules).into());
        let keep = Keep { threshold: decision.threshold, stratum: decision.stratum, reason: Arc::clone(reason) };
        self.kept.insert(summary.trace_id, keep);
        decision
    }
}

/// Whether the ids of traces that do not say that theirs are random are not. Of what arrived sampled, low ids are missing.
fn looks_counted(summaries: &[TraceSummary]) -> bool {
    let mut monitor = IdMonitor::default();
    let is_silent = |summary: &&TraceSummary| !summary.has_random_flag && summary.explicit_randomness.is_none();
    let silent = summaries.iter().filter(is_silent).filter(|summary| summary.arrived() == Threshold::KEEP_ALL);
    silent.for_each(|summary| monitor.observe(TraceId(summary.trace_id)));
    monitor.finds_them_not_uniform()
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

fn header(
    hour: i64,
    plan: &HourPlan,
    undone: &Undone,
    outcome: &Outcome,
    summaries: &[TraceSummary],
    input: &DecisionInput<'_>,
) -> MemoryHeader {
    MemoryHeader {
        hour,
        epoch: plan.epoch,
        allotted_bytes: undone.allotted_bytes,
        offered_bytes: undone.offered_bytes,
        kept_bytes: undone.predicted_span_bytes + undone.predicted_log_bytes - undone.outside_bytes,
        written_bytes: None,
        traces: summaries.len() as u64,
        kept_traces: outcome.decided_kept,
        dropped_by_rules: plan.dropped_by_rules,
        hashed_ids: plan.hashed_ids,
        malformed_trace_states: summaries.iter().map(|summary| u64::from(summary.malformed_trace_states)).sum(),
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
