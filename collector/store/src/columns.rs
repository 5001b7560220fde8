//! Batches with fewer columns than their table: widening them and picking columns.
//!
//! Owns nothing. Never copies a column that is there.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, make_array, new_null_array};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use crate::attribute_columns::{MAP, TYPES, is_attribute_column};

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

/// The columns of `wanted` that the batch has, in the batch's order; for one key of the attributes all of them.
pub fn pick_columns(batch: &RecordBatch, wanted: Option<&[&str]>) -> Result<RecordBatch, ArrowError> {
    let Some(wanted) = wanted else { return Ok(batch.clone()) };
    let wants_keys = wanted.iter().any(|name| is_attribute_column(name));
    let kept: Vec<usize> = batch
        .schema()
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| {
            let name = field.name().as_str();
            wanted.contains(&name) || wants_keys && [MAP, TYPES].contains(&name)
        })
        .map(|(index, _)| index)
        .collect();
    batch.project(&kept)
}

/// The schema with only the columns that `present` says.
pub fn schema_subset(schema: &SchemaRef, present: impl Fn(&str) -> bool) -> SchemaRef {
    let fields: Vec<_> = schema.fields().iter().filter(|field| present(field.name())).cloned().collect();
    Arc::new(Schema::new(fields))
}

/// A row that says nothing: null where it may be, else zero or empty.
pub fn blank_row(schema: &SchemaRef) -> RecordBatch {
    let columns = schema.fields().iter().map(|field| blank(field.data_type(), field.is_nullable())).collect();
    RecordBatch::try_new(Arc::clone(schema), columns).expect("a blank has the column's type")
}

fn blank(data_type: &DataType, is_nullable: bool) -> ArrayRef {
    let null = new_null_array(data_type, 1);
    if is_nullable {
        return null;
    }
    // The null's bytes are zeros, its offsets nought: without the mark they are the empty value.
    let bare = null.to_data().into_builder().nulls(None).build();
    make_array(bare.expect("zeros are a value of every type of ours"))
}
