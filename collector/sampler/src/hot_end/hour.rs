//! One hour: its rows folded into summaries and sketches, then decided at once.
//!
//! Owns the summaries of the hour's traces. Rows of traces that were decided before are only counted: what was decided
//! holds. Never keeps a row.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use foldhash::{HashMap, HashMapExt};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::otlp::{DimensionLookup, DimensionRow};
use spanlake_schemas::sampling::{Decided, HourInQuestion, MovedHour, Part, Scratch, Verdicts};
use spanlake_schemas::tables::Table;

use super::columns::{LogColumns, RowAttributes, SpanColumns};
use super::gathered::{First, Gathered, Known};
use super::memory_file::MemoryFile;
use super::planned::{Planned, Worth};
use super::simulate::Study;
use super::verdicts::{HourVerdicts, ask_all};
use super::weights::{Lengths, row_lengths};
use super::{Passed, Shared, report};
use crate::cost::{ColdBytes, HotBytes};
use crate::memory::Remembered;
use crate::pins::PinSet;
use crate::profile::ProfileBuilder;
use crate::span::{OperationHash, StatusCode};
use crate::summary::SpanFacts;
use crate::threshold::Threshold;
use crate::tracestate;

/// So often is a decision written to see what it takes; the last one stands. The first hour of a store knows nothing of
/// costs, the second of its own and the third needs no correction.
const PROPOSALS_MAX: u32 = 3;

/// An hour that is being looked at.
pub(super) struct Hour {
    shared: Arc<Shared>,
    at: Passed,
    earlier: Vec<Arc<MemoryFile>>,
    scratch: Arc<dyn Scratch>,
    traces: Gathered,
    profiles: ProfileBuilder,
    /// Of spans and of logs.
    lengths: [Lengths; 2],
    worth: Worth,
    resources: HashMap<i64, Option<DimensionRow>>,
    /// Of rows of traces that were kept earlier.
    kept_earlier: HotBytes,
    imported: HotBytes,
    pins: Arc<PinSet>,
    /// Where somebody only wants to know what would become of the hour.
    study: Option<Arc<Mutex<Study>>>,
    planned: Option<Planned>,
    /// The last one, which is not committed: it stands unless it is corrected.
    proposal: Option<Arc<MemoryFile>>,
    proposals: u32,
}

impl Hour {
    pub(super) fn new(
        shared: Arc<Shared>,
        at: Passed,
        earlier: Vec<Arc<MemoryFile>>,
        scratch: Arc<dyn Scratch>,
    ) -> Self {
        let pins = shared.pins();
        Self {
            shared,
            at,
            earlier,
            traces: Gathered::new(Arc::clone(&scratch)),
            scratch,
            profiles: ProfileBuilder::default(),
            lengths: Default::default(),
            worth: Worth::default(),
            resources: HashMap::new(),
            kept_earlier: HotBytes::default(),
            imported: HotBytes::default(),
            pins,
            study: None,
            planned: None,
            proposal: None,
            proposals: 0,
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
        let [lengths, _] = &self.lengths;
        let exact = lengths.is_empty().then(|| row_lengths(batch));
        let mut links = Vec::new();
        self.worth.span_bytes += if part == Part::OfHour { bytes } else { 0.0 };
        for row in 0..batch.num_rows() {
            let trace = columns.trace_id(row);
            let operation = OperationHash::of(columns.service(row), columns.name(row));
            let hot_bytes = exact.as_ref().map_or_else(|| lengths.typical(operation), |exact| exact[row]);
            if part == Part::OfHour {
                self.worth.span_lengths += hot_bytes;
                let names = (columns.service(row), columns.name(row));
                let is_error = columns.status(row) == StatusCode::Error;
                let weight = arrived(&columns, row).adjusted_count();
                self.profiles.add(operation, names, is_error, columns.duration[row], weight);
            }
            if part == Part::OfHour && columns.is_imported(row) {
                self.traces.import(trace)?;
            }
            let first = || first_of(&self.earlier, &self.pins, trace);
            let Some(known) = self.traces.known(part, trace, first)? else { continue };
            let summary = match known {
                Known::Undecided(gathering) => &mut gathering.summary,
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
            let resource = columns
                .resource_id
                .map(|ids| ids[row])
                .and_then(|id| self.resources.entry(id).or_insert_with(|| dimensions.resource(id)).as_ref());
            columns.links(row, &mut links);
            let attributes = RowAttributes { columns: &columns, row, resource };
            let facts = SpanFacts {
                // Of two first spans at once, their operations decide: to read all ids for that would cost too much.
                span_id: [0; 8],
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
        let [_, lengths] = &self.lengths;
        let exact = lengths.is_empty().then(|| row_lengths(batch));
        self.worth.log_bytes += if part == Part::OfHour { bytes } else { 0.0 };
        for row in 0..batch.num_rows() {
            let typical = || columns.service(row).map_or(0, |service| lengths.typical(OperationHash::of(service, "")));
            let length = exact.as_ref().map_or_else(typical, |exact| exact[row]);
            let hot_bytes = if part == Part::OfHour { length } else { 0 };
            self.worth.log_lengths += hot_bytes;
            let Some(trace) = columns.trace_id(row) else { continue };
            if part == Part::OfHour && columns.is_imported(row) {
                self.traces.import(trace)?;
            }
            let first = || first_of(&self.earlier, &self.pins, trace);
            match self.traces.known(part, trace, first)? {
                Some(Known::Undecided(gathering)) => {
                    gathering.summary.add_log(columns.severity_number(row), hot_bytes, columns.door_threshold(row));
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
        let root = self.traces.summary_of(trace)?.root_operation();
        let profiles = std::mem::take(&mut self.profiles).finish();
        let mut names = profiles.iter().map(|profile| (profile.service.to_string(), profile.operation.to_string()));
        names.find(|(service, operation)| OperationHash::of(service, operation) == root)
    }

    /// Plans from all that was shown.
    fn plan(&mut self) -> io::Result<Planned> {
        let nothing = Gathered::new(Arc::clone(&self.scratch));
        let traces = std::mem::replace(&mut self.traces, nothing).finish()?;
        let profiles = std::mem::take(&mut self.profiles).finish();
        let beside = [self.kept_earlier, self.imported];
        Planned::make(&self.shared, traces, profiles, self.worth, beside, &self.earlier, self.at)
    }

    /// One that has no more traces in memory than that.
    #[cfg(test)]
    pub(super) fn with_traces_max(mut self, traces_max: usize) -> Self {
        self.traces = Gathered::at_most(traces_max, Arc::clone(&self.scratch));
        self
    }

    /// Decides on each trace as planned, and says what that should take.
    fn propose(&self, planned: &mut Planned) -> io::Result<Arc<MemoryFile>> {
        let mut study = self.study.as_ref().map(|study| study.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(study) = &mut study {
            study.begin_hour(&planned.profiles);
        }
        let outcome = planned.decide(&self.shared, Arc::clone(&self.scratch), |summary, decision| {
            if let Some(study) = &mut study {
                study.add(summary, decision);
            }
        })?;
        planned.predict(&outcome);
        let header = planned.header(&self.shared, &outcome);
        Ok(Arc::new(outcome.memory.finish(header)?))
    }

    /// The traces that were shown.
    pub(super) const fn traces(&self) -> &Gathered {
        &self.traces
    }
}

/// What a trace is that was not seen yet.
fn first_of(earlier: &[Arc<MemoryFile>], pins: &PinSet, trace: TraceId) -> io::Result<First> {
    Ok(match ask_all(earlier, trace).map_err(io::Error::other)? {
        Remembered::Kept(_) => First::KeptEarlier,
        Remembered::Dropped => First::DroppedEarlier,
        Remembered::Unknown => First::Undecided { is_pinned: pins.names(trace) },
    })
}

/// By which a span was sampled before it was stored.
fn arrived(columns: &SpanColumns<'_>, row: usize) -> Threshold {
    tracestate::threshold_of(columns.trace_state(row)).and_then(columns.door_threshold(row))
}

impl HourInQuestion for Hour {
    fn weigh(&mut self, table: Table, batch: &RecordBatch) -> Result<(), ArrowError> {
        let [spans, logs] = &mut self.lengths;
        match table {
            Table::Spans => spans.learn(batch),
            Table::Logs => logs.learn(batch),
            _ => Ok(()),
        }
    }

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

    fn proposal(&mut self) -> io::Result<Option<Arc<dyn Verdicts>>> {
        let mut planned = self.planned.take().map_or_else(|| self.plan(), Ok)?;
        if planned.keeps_all() {
            self.planned = Some(planned);
            return Ok(None);
        }
        let proposal = self.propose(&mut planned)?;
        let verdicts = HourVerdicts { own: Arc::clone(&proposal), earlier: self.earlier.clone() };
        (self.planned, self.proposal) = (Some(planned), Some(proposal));
        self.proposals += 1;
        Ok(Some(Arc::new(verdicts)))
    }

    fn proposed(&mut self, taken: &MovedHour) -> io::Result<bool> {
        let written = ColdBytes::written(taken);
        let open = |planned: &&mut Planned| self.proposals < PROPOSALS_MAX && !planned.undone.foresaw(written);
        let Some(planned) = self.planned.as_mut().filter(open) else { return Ok(true) };
        let is_corrected = planned.correct(&self.shared, written)?;
        if is_corrected {
            self.proposal = None;
        }
        Ok(!is_corrected)
    }

    fn decide(mut self: Box<Self>) -> io::Result<Decided> {
        let mut planned = self.planned.take().map_or_else(|| self.plan(), Ok)?;
        let own = self.proposal.take().map_or_else(|| self.propose(&mut planned), Ok)?;
        let header = own.summed.decision.clone();
        let is_news = header.traces > 0 || planned.traces.imported > 0;
        self.shared.with_state(|state| {
            state.undone.insert(self.at.hour, planned.undone);
            if is_news {
                report::note(&mut state.decisions, header);
            }
        });
        let memory = is_news.then(|| Arc::clone(&own.bytes));
        Ok(Decided { memory, verdicts: Arc::new(HourVerdicts { own, earlier: self.earlier }) })
    }
}
