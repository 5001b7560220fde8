//! RED rows as a batch of the table `span_red`, and back.
//!
//! Owns the mapping of columns. Never stores.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, MapArray, RecordBatch,
    StringArray, StructArray, TimestampNanosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float64Type, Int32Type, Int64Type, Schema, TimestampNanosecondType,
};
use arrow::error::ArrowError;
use spanlake_schemas::tables::{Table, attribute_entry_fields};

use crate::red::histogram::ExponentialHistogram;
use crate::red::rows::RedRow;
use crate::red::{RedKey, RedSums};
use crate::span::{SpanKind, StatusCode};

const NANOS: i64 = 1_000_000_000;
const DIMENSIONS: &str = "dimensions";

/// The rows, received at that time (nanoseconds since the epoch); without the column of extra dimensions where none has any.
///
/// # Errors
/// Never for rows of ours.
pub fn record_batch(rows: &[RedRow], received: i64) -> Result<RecordBatch, ArrowError> {
    let schema = Table::SpanRed.schema();
    let has_extra = rows.iter().any(|row| !row.key.extra.is_empty());
    let fields = schema.fields().iter().filter(|field| has_extra || field.name() != DIMENSIONS).cloned();
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let columns = schema.fields().iter().map(|field| column(field.name(), rows, received)).collect::<Result<_, _>>()?;
    RecordBatch::try_new(schema, columns)
}

/// The rows of a batch, and when the last of them was received (nanoseconds since the epoch).
///
/// # Errors
/// When it lacks a column of the table.
pub fn rows_of(batch: &RecordBatch) -> Result<(Vec<RedRow>, i64), ArrowError> {
    let texts = |name| text_column(batch, name);
    let (services, names, kinds, statuses) =
        (texts("service_name")?, texts("name")?, texts("kind")?, texts("status_code")?);
    let times = values::<TimestampNanosecondType>(batch, "time")?;
    let received = values::<TimestampNanosecondType>(batch, "received_time")?;
    let short = |name| values::<Int32Type>(batch, name);
    let (resolutions, scales, offsets) = (short("resolution")?, short("scale")?, short("bucket_offset")?);
    let long = |name| values::<Int64Type>(batch, name);
    let (spans, scaled, unknown) = (long("spans")?, long("spans_scaled")?, long("spans_unknown")?);
    let (mins, maxs) = (long("duration_min")?, long("duration_max")?);
    let double = |name| values::<Float64Type>(batch, name);
    let (counts, errors) = (double("count")?, double("error_count")?);
    let (sums, zeros) = (double("duration_sum")?, double("zero_count")?);
    let lists = there(batch, "bucket_counts")?.as_list::<i32>();
    let roots = batch.column_by_name("is_root").and_then(|column| column.as_boolean_opt());
    let dimensions = batch.column_by_name(DIMENSIONS).and_then(|column| column.as_map_opt());
    let whole = |value: i64| u64::try_from(value).unwrap_or(0);
    let row = |at: usize| RedRow {
        time_seconds: times[at].div_euclid(NANOS),
        resolution_seconds: u32::try_from(resolutions[at]).unwrap_or(0),
        key: RedKey {
            service: services.value(at).into(),
            operation: names.value(at).into(),
            kind: SpanKind::from_word(kinds.value(at)).unwrap_or_default(),
            status: StatusCode::from_word(statuses.value(at)).unwrap_or_default(),
            is_root: roots.filter(|roots| roots.is_valid(at)).map(|roots| roots.value(at)),
            extra: dimensions.map(|of| extra_of(of, at)).unwrap_or_default(),
        },
        sums: RedSums {
            count: counts[at],
            error_count: errors[at],
            spans: whole(spans[at]),
            spans_scaled: whole(scaled[at]),
            spans_unknown: whole(unknown[at]),
            durations: ExponentialHistogram {
                scale: scales[at],
                zero_count: zeros[at],
                offset: offsets[at],
                buckets: lists.value(at).as_primitive::<Float64Type>().values().to_vec(),
                count: counts[at],
                sum: sums[at],
                min: mins[at],
                max: maxs[at],
            },
        },
    };
    Ok(((0..batch.num_rows()).map(row).collect(), received.iter().copied().max().unwrap_or(i64::MIN)))
}

fn extra_of(dimensions: &MapArray, row: usize) -> Vec<(Arc<str>, Arc<str>)> {
    if dimensions.is_null(row) {
        return Vec::new();
    }
    let entries = dimensions.value(row);
    let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1).as_string::<i32>());
    keys.iter().zip(values).map(|(key, value)| (key.unwrap_or("").into(), value.unwrap_or("").into())).collect()
}

fn there<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, ArrowError> {
    batch.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("span_red without its column {name}")))
}

fn text_column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringArray, ArrowError> {
    Ok(there(batch, name)?.as_string::<i32>())
}

fn values<'a, T: ArrowPrimitiveType>(batch: &'a RecordBatch, name: &str) -> Result<&'a [T::Native], ArrowError> {
    Ok(there(batch, name)?.as_primitive::<T>().values())
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
        "is_root" => Arc::new(rows.iter().map(|row| row.key.is_root).collect::<BooleanArray>()),
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
        DIMENSIONS => dimensions(rows)?,
        other => return Err(ArrowError::SchemaError(format!("span_red has a column {other} that nobody fills"))),
    })
}

fn dimensions(rows: &[RedRow]) -> Result<ArrayRef, ArrowError> {
    let schema = Table::SpanRed.schema();
    let DataType::Map(entries, _) = schema.field_with_name(DIMENSIONS)?.data_type() else {
        return Err(ArrowError::SchemaError("dimensions is no map".to_owned()));
    };
    let all: Vec<_> = rows.iter().flat_map(|row| &row.key.extra).collect();
    let keys: ArrayRef = Arc::new(StringArray::from_iter_values(all.iter().map(|(name, _)| name)));
    let values: ArrayRef = Arc::new(StringArray::from_iter_values(all.iter().map(|(_, value)| value)));
    let pairs = StructArray::try_new(attribute_entry_fields(), vec![keys, values], None)?;
    let offsets = OffsetBuffer::from_lengths(rows.iter().map(|row| row.key.extra.len()));
    let nulls: NullBuffer = rows.iter().map(|row| !row.key.extra.is_empty()).collect();
    Ok(Arc::new(MapArray::try_new(Arc::clone(entries), offsets, pairs, Some(nulls), false)?))
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
