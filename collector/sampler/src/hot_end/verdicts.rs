//! Which rows of an hour stay, and the columns that say why.
//!
//! Owns the kept traces of one decision. Never changes once made.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::error::ArrowError;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::sampling::Verdicts;
use spanlake_schemas::tables::Table;

use super::memory_file::{Keep, MemoryFile};
use crate::decide::strata::StratumId;
use crate::memory::{MemoryError, Remembered};
use crate::stamps::{Stamp, Stamps, stamped, stored_thresholds, trace_id_at, trace_ids, with_stamps};
use crate::threshold::Threshold;
use crate::tracestate;

/// Of a trace that was decided with an hour before this one.
const EARLIER: &str = "earlier";

/// The verdicts of one decision, and those of decisions before it on the same traces.
pub(super) struct HourVerdicts {
    pub own: Arc<MemoryFile>,
    pub earlier: Vec<Arc<MemoryFile>>,
}

impl HourVerdicts {
    /// `None`: dropped.
    fn of(&self, trace: TraceId) -> Result<Option<Keep>, ArrowError> {
        if let Some(keep) = self.own.keep(trace).map_err(unreadable)? {
            return Ok(Some(keep.clone()));
        }
        for memory in &self.earlier {
            if let Some(keep) = memory.keep(trace).map_err(unreadable)? {
                let threshold = keep.threshold;
                return Ok(Some(Keep { threshold, stratum: StratumId(0), reason: EARLIER.into() }));
            }
        }
        Ok(None)
    }

    /// Whether an exemplar may point to a trace: one that nobody decided on may yet be kept.
    fn may_point_to(&self, trace: TraceId) -> Result<bool, ArrowError> {
        let memories = self.earlier.iter().chain([&self.own]);
        Ok(!matches!(ask_all(memories, trace).map_err(unreadable)?, Remembered::Dropped))
    }
}

fn unreadable(error: MemoryError) -> ArrowError {
    ArrowError::ExternalError(Box::new(error))
}

/// A trace that one of them kept was kept, whatever another's filter takes it for.
pub(super) fn ask_all<'a>(
    memories: impl IntoIterator<Item = &'a Arc<MemoryFile>>,
    trace: TraceId,
) -> Result<Remembered, MemoryError> {
    let mut answer = Remembered::Unknown;
    for memory in memories {
        match memory.ask(trace)? {
            kept @ Remembered::Kept(_) => return Ok(kept),
            Remembered::Dropped => answer = Remembered::Dropped,
            Remembered::Unknown => {}
        }
    }
    Ok(answer)
}

impl Verdicts for HourVerdicts {
    fn revise(&self, table: Table, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        match table {
            Table::Spans | Table::Logs => revise(self, batch),
            Table::Exemplars => {
                let Some(ids) = trace_ids(batch) else { return Ok(batch.clone()) };
                let stays = |row: usize| trace_id_at(ids, row).map_or(Ok(true), |trace| self.may_point_to(trace));
                let mask = (0..batch.num_rows()).map(stays).collect::<Result<Vec<bool>, _>>()?;
                filter_record_batch(batch, &BooleanArray::from(mask))
            }
            _ => Ok(batch.clone()),
        }
    }
}

/// The kept rows of a batch of spans or logs, with their columns.
fn revise(verdicts: &HourVerdicts, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let ids = trace_ids(batch);
    let states = batch.column_by_name("trace_state").map(|states| states.as_string::<i32>());
    let stored = stored_thresholds(batch);
    let mut stamps = Stamps::default();
    let mut mask = Vec::with_capacity(batch.num_rows());
    let mut last: Option<(TraceId, Option<Keep>)> = None;
    for row in 0..batch.num_rows() {
        let Some(trace) = ids.and_then(|ids| trace_id_at(ids, row)) else {
            // Belongs to no trace: nobody decides on it.
            mask.push(true);
            stamps.push(None);
            continue;
        };
        // Neighbours are mostly of one trace.
        if last.as_ref().is_none_or(|(known, _)| *known != trace) {
            last = Some((trace, verdicts.of(trace)?));
        }
        let keep = last.as_ref().and_then(|(_, keep)| keep.as_ref());
        mask.push(keep.is_some());
        if let Some(keep) = keep {
            let state = states.filter(|states| states.is_valid(row)).map_or("", |states| states.value(row));
            let before = stored.map_or(Threshold::KEEP_ALL, |stored| stamped(stored, row));
            let threshold = total_threshold(keep.threshold.and_then(before), state);
            stamps.push(Some(Stamp { threshold, stratum: Some(keep.stratum), reason: &keep.reason }));
        }
    }
    with_stamps(&filter_record_batch(batch, &BooleanArray::from(mask))?, stamps)
}

/// What a span arrived with, composed with what was decided.
fn total_threshold(decided: Threshold, trace_state: &str) -> Threshold {
    tracestate::threshold_of(trace_state).and_then(decided)
}
