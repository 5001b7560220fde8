//! RED rows as a batch of the table `span_red`.
//!
//! Owns the mapping of columns. Never stores.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, TimestampNanosecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use spanlake_schemas::tables::Table;

use crate::red::rows::RedRow;

const NANOS: i64 = 1_000_000_000;

/// The rows, received at that time (nanoseconds since the epoch).
///
/// # Errors
/// Never for rows of ours.
pub fn record_batch(rows: &[RedRow], received: i64) -> Result<RecordBatch, ArrowError> {
    let schema = Table::SpanRed.schema();
    let columns = schema.fields().iter().map(|field| column(field.name(), rows, received)).collect::<Result<_, _>>()?;
    RecordBatch::try_new(schema, columns)
}

fn column(name: &str, rows: &[RedRow], received: i64) -> Result<ArrayRef, ArrowError> {
    let long = |value: fn(&RedRow) -> i64| Arc::new(Int64Array::from_iter_values(rows.iter().map(value))) as ArrayRef;
    let short = |value: fn(&RedRow) -> i32| Arc::new(Int32Array::from_iter_values(rows.iter().map(value))) as ArrayRef;
    let double =
        |value: fn(&RedRow) -> f64| Arc::new(Float64Array::from_iter_values(rows.iter().map(value))) as ArrayRef;
    let text = |value: fn(&RedRow) -> &str| Arc::new(StringArray::from_iter_values(rows.iter().map(value))) as ArrayRef;
    let time = |times: Vec<i64>| Arc::new(TimestampNanosecondArray::from(times).with_timezone("UTC")) as ArrayRef;
    Ok(match name {
        "time" => time(rows.iter().map(|row| row.time_seconds.saturating_mul(NANOS)).collect()),
        "received_time" => time(vec![received; rows.len()]),
        "resolution" => short(|row| i32::try_from(row.resolution_seconds).unwrap_or(i32::MAX)),
        "service_name" => text(|row| &row.key.service),
        "name" => text(|row| &row.key.operation),
        "kind" => text(|row| row.key.kind.word()),
        "status_code" => text(|row| row.key.status.word()),
        "count" => double(|row| row.sums.count),
        "error_count" => double(|row| row.sums.error_count),
        "spans" => long(|row| i64::try_from(row.sums.spans).unwrap_or(i64::MAX)),
        "spans_scaled" => long(|row| i64::try_from(row.sums.spans_scaled).unwrap_or(i64::MAX)),
        "spans_unknown" => long(|row| i64::try_from(row.sums.spans_unknown).unwrap_or(i64::MAX)),
        "duration_sum" => double(|row| row.sums.durations.sum),
        "duration_min" => long(|row| row.sums.durations.min),
        "duration_max" => long(|row| row.sums.durations.max),
        "scale" => short(|row| row.sums.durations.scale),
        "zero_count" => double(|row| row.sums.durations.zero_count),
        "bucket_offset" => short(|row| row.sums.durations.offset),
        "bucket_counts" => buckets(rows)?,
        other => return Err(ArrowError::SchemaError(format!("span_red has a column {other} that nobody fills"))),
    })
}

fn buckets(rows: &[RedRow]) -> Result<ArrayRef, ArrowError> {
    let schema = Table::SpanRed.schema();
    let DataType::List(item) = schema.field_with_name("bucket_counts")?.data_type() else {
        return Err(ArrowError::SchemaError("bucket_counts is no list".to_owned()));
    };
    let lengths = rows.iter().map(|row| row.sums.durations.buckets.len());
    let values = rows.iter().flat_map(|row| row.sums.durations.buckets.iter().copied());
    let values: ArrayRef = Arc::new(Float64Array::from_iter_values(values));
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), OffsetBuffer::from_lengths(lengths), values, None)?))
}
