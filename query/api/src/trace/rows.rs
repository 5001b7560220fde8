//! The stored rows of one trace: as one batch a table, with an order.

use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Schema, TimestampNanosecondType};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::tables::Table;
use spanlake_store::{ReadError, ReadHalf, Version};

use crate::columns::{Ids, Numbers};
use crate::error::ApiError;

/// Spans in order of (start time, span id), logs in order of time.
pub(super) struct Rows {
    pub(super) batch: RecordBatch,
    pub(super) order: Vec<u32>,
}

/// All rows of a trace in a table; `columns` as in [`ReadHalf::trace_rows`].
pub(super) async fn read(
    store: &ReadHalf,
    version: &Arc<Version>,
    table: Table,
    id: TraceId,
    columns: Option<&[&str]>,
) -> Result<Rows, ApiError> {
    let found: Result<_, ReadError> = store.trace_rows(version, table, &[id], columns).await;
    Ok(Rows::of(table, found?.batches)?)
}

impl Rows {
    pub(super) fn of(table: Table, batches: Vec<RecordBatch>) -> Result<Self, ArrowError> {
        let batch = one_batch(table, batches)?;
        let order = order(&batch, table.time_column());
        Ok(Self { batch, order })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Only rows of one span.
    pub(super) fn retain_span(&mut self, span_id: &[u8]) {
        let ids = Ids::of(&self.batch, "span_id");
        self.order.retain(|row| ids.at(*row as usize) == Some(span_id));
    }
}

/// Batches have only the columns that they need, so that a column may be in some of them only.
fn one_batch(table: Table, mut batches: Vec<RecordBatch>) -> Result<RecordBatch, ArrowError> {
    batches.retain(|batch| batch.num_rows() > 0);
    if batches.len() == 1 {
        return Ok(batches.remove(0));
    }
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for field in table.schema().fields() {
        let name = field.name();
        if batches.iter().all(|batch| batch.column_by_name(name).is_none()) {
            continue;
        }
        let pieces: Vec<ArrayRef> = batches
            .iter()
            .map(|batch| match batch.column_by_name(name) {
                Some(column) => Arc::clone(column),
                None => new_null_array(field.data_type(), batch.num_rows()),
            })
            .collect();
        let pieces: Vec<&dyn arrow::array::Array> = pieces.iter().map(AsRef::as_ref).collect();
        columns.push(concat(&pieces)?);
        let data_type: DataType = field.data_type().clone();
        fields.push(Field::new(name, data_type, true));
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}

fn order(batch: &RecordBatch, time_column: &str) -> Vec<u32> {
    let times = Numbers::<TimestampNanosecondType>::of(batch, time_column);
    let ids = Ids::of(batch, "span_id");
    let mut keyed: Vec<(i64, [u8; 8], u32)> = (0..batch.num_rows())
        .map(|row| {
            let id = ids.at(row).and_then(|id| id.try_into().ok()).unwrap_or_default();
            (times.or_zero(row), id, u32::try_from(row).unwrap_or(u32::MAX))
        })
        .collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, _, row)| row).collect()
}
