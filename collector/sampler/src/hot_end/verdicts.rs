//! Which rows of an hour stay, and the columns that say why.
//!
//! Owns the kept traces of one decision. Never changes once made.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::sampling::{COLUMNS, Verdicts};
use spanlake_schemas::tables::Table;

use super::columns::{trace_id_at, trace_ids};
use super::memory_file::MemoryFile;
use crate::decide::strata::StratumId;
use crate::memory::Remembered;
use crate::summary::TraceIdBytes;
use crate::threshold::Threshold;
use crate::tracestate;

/// Of a trace that was decided with an hour before this one.
const EARLIER: &str = "earlier";

/// What is written on the rows of a kept trace.
#[derive(Clone, Debug)]
pub(super) struct Keep {
    pub threshold: Threshold,
    pub stratum: StratumId,
    pub reason: Arc<str>,
}

/// The verdicts of one decision, and those of decisions before it on the same traces.
pub(super) struct HourVerdicts {
    pub kept: HashMap<TraceIdBytes, Keep>,
    /// Of this decision too.
    pub memories: Vec<MemoryFile>,
}

impl HourVerdicts {
    /// `None`: dropped.
    fn of(&self, trace: TraceId) -> Option<Keep> {
        if let Some(keep) = self.kept.get(&trace.0) {
            return Some(keep.clone());
        }
        match ask_all(&self.memories, trace) {
            Remembered::Kept(threshold) => Some(Keep { threshold, stratum: StratumId(0), reason: EARLIER.into() }),
            Remembered::Dropped | Remembered::Unknown => None,
        }
    }

    /// Whether an exemplar may point to a trace: one that nobody decided on may yet be kept.
    fn may_point_to(&self, trace: TraceId) -> bool {
        !matches!(ask_all(&self.memories, trace), Remembered::Dropped)
    }
}

/// A trace that one of them kept was kept, whatever another's filter takes it for.
pub(super) fn ask_all(memories: &[MemoryFile], trace: TraceId) -> Remembered {
    let mut answer = Remembered::Unknown;
    for memory in memories {
        match memory.ask(trace) {
            kept @ Remembered::Kept(_) => return kept,
            Remembered::Dropped => answer = Remembered::Dropped,
            Remembered::Unknown => {}
        }
    }
    answer
}

impl Verdicts for HourVerdicts {
    fn revise(&self, table: Table, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        match table {
            Table::Spans | Table::Logs => revise(self, batch),
            Table::Exemplars => {
                let Some(ids) = trace_ids(batch) else { return Ok(batch.clone()) };
                let stays = |row: usize| trace_id_at(ids, row).is_none_or(|trace| self.may_point_to(trace));
                let mask: BooleanArray = (0..batch.num_rows()).map(|row| Some(stays(row))).collect();
                filter_record_batch(batch, &mask)
            }
            _ => Ok(batch.clone()),
        }
    }
}

/// The kept rows of a batch of spans or logs, with their columns.
fn revise(verdicts: &HourVerdicts, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let ids = trace_ids(batch);
    let states = batch.column_by_name("trace_state").map(|states| states.as_string::<i32>());
    let mut columns = Columns::default();
    let mut mask = Vec::with_capacity(batch.num_rows());
    let mut last: Option<(TraceId, Option<Keep>)> = None;
    for row in 0..batch.num_rows() {
        let Some(trace) = ids.and_then(|ids| trace_id_at(ids, row)) else {
            // Belongs to no trace: nobody decides on it.
            mask.push(true);
            columns.push(None);
            continue;
        };
        // Neighbours are mostly of one trace.
        if last.as_ref().is_none_or(|(known, _)| *known != trace) {
            last = Some((trace, verdicts.of(trace)));
        }
        let keep = last.as_ref().and_then(|(_, keep)| keep.as_ref());
        mask.push(keep.is_some());
        if let Some(keep) = keep {
            let state = states.filter(|states| states.is_valid(row)).map_or("", |states| states.value(row));
            columns.push(Some((keep, total_threshold(keep.threshold, state))));
        }
    }
    with_columns(&filter_record_batch(batch, &BooleanArray::from(mask))?, columns)
}

/// What a span arrived with, composed with what was decided.
fn total_threshold(decided: Threshold, trace_state: &str) -> Threshold {
    if trace_state.is_empty() {
        return decided;
    }
    tracestate::parse(trace_state).threshold.unwrap_or_default().and_then(decided)
}

/// The columns of [`COLUMNS`], in their order.
#[derive(Default)]
struct Columns {
    probability: Float64Builder,
    threshold: Int64Builder,
    stratum: Int32Builder,
    reason: StringBuilder,
}

impl Columns {
    fn push(&mut self, kept: Option<(&Keep, Threshold)>) {
        self.probability.append_option(kept.map(|(_, threshold)| threshold.probability()));
        self.threshold.append_option(kept.and_then(|(_, threshold)| i64::try_from(threshold.bits()).ok()));
        self.stratum.append_option(kept.map(|(keep, _)| i32::from(keep.stratum.0)));
        self.reason.append_option(kept.map(|(keep, _)| &*keep.reason));
    }

    fn finish(mut self) -> [ArrayRef; 4] {
        [
            Arc::new(self.probability.finish()),
            Arc::new(self.threshold.finish()),
            Arc::new(self.stratum.finish()),
            Arc::new(self.reason.finish()),
        ]
    }
}

/// The batch with these columns at its end, where its table has them, in place of what it had.
fn with_columns(batch: &RecordBatch, columns: Columns) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let is_own = |name: &str| !COLUMNS.contains(&name);
    let kept = schema.fields().iter().zip(batch.columns()).filter(|(field, _)| is_own(field.name()));
    let (mut fields, mut arrays): (Vec<_>, Vec<ArrayRef>) =
        kept.map(|(field, column)| (Arc::clone(field), Arc::clone(column))).unzip();
    for (name, array) in COLUMNS.iter().zip(columns.finish()) {
        fields.push(Arc::new(Field::new(*name, array.data_type().clone(), true)));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}
