//! Batches with fewer columns than their table: widening them and picking columns.
//!
//! Owns nothing. Never copies a column that is there.

use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

/// The batch with every column of `schema`; a missing one is null in every row.
pub fn pad_to_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let rows = batch.num_rows();
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => Arc::clone(column),
            None => new_null_array(field.data_type(), rows),
        })
        .collect();
    // A null column may stand for one that is not nullable only in a batch of no rows.
    RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &RecordBatchOptions::new().with_row_count(Some(rows)),
    )
}

/// The columns of `wanted` that the batch has, in the batch's order.
pub fn pick_columns(batch: &RecordBatch, wanted: Option<&[&str]>) -> Result<RecordBatch, ArrowError> {
    let Some(wanted) = wanted else { return Ok(batch.clone()) };
    let kept: Vec<usize> = batch
        .schema()
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| wanted.contains(&field.name().as_str()))
        .map(|(index, _)| index)
        .collect();
    batch.project(&kept)
}

/// The schema with only the columns that `present` says.
pub fn schema_subset(schema: &SchemaRef, present: impl Fn(&str) -> bool) -> SchemaRef {
    let fields: Vec<_> = schema.fields().iter().filter(|field| present(field.name())).cloned().collect();
    Arc::new(Schema::new(fields))
}
