//! `?view=skeleton`: what the waterfall is drawn from, as an Arrow stream.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array, new_null_array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::tables::{Table, timestamp};

use super::no_trace;
use super::rows::{self, Rows};
use crate::columns::{Ids, Named};
use crate::error::ApiError;
use crate::state::Shared;

/// Rows of a batch of the stream.
const CHUNK_ROWS: usize = 32_768;

/// Stored columns, as they are.
const STORED: [&str; 8] =
    ["span_id", "parent_span_id", "start_time", "duration", "service_name", "name", "kind", "status_code"];

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let field = |name, data_type| Field::new(name, data_type, false);
    Arc::new(Schema::new(vec![
        field("span_id", DataType::FixedSizeBinary(8)),
        Field::new("parent_span_id", DataType::FixedSizeBinary(8), true),
        field("start_time", timestamp()),
        field("duration", DataType::Int64),
        field("service_name", DataType::Utf8),
        field("name", DataType::Utf8),
        field("kind", DataType::Utf8),
        field("status_code", DataType::Utf8),
        field("event_count", DataType::UInt32),
        field("log_count", DataType::UInt32),
    ]))
});

pub(super) async fn answer(shared: &Shared, id: TraceId) -> Result<Response, ApiError> {
    let version = shared.store.pin();
    let columns: Vec<&str> = STORED.into_iter().chain(["events"]).collect();
    let spans = rows::read(&shared.store, &version, Table::Spans, id, Some(&columns));
    let logs = rows::read(&shared.store, &version, Table::Logs, id, Some(&["span_id", "time"]));
    let (spans, logs) = tokio::try_join!(spans, logs)?;
    if spans.is_empty() && logs.is_empty() {
        return Err(no_trace(id));
    }
    let batch = skeleton(&spans, &logs)?;
    let mut pieces = vec![];
    let mut writer = StreamWriter::try_new(Vec::new(), &SCHEMA)?;
    for from in (0..batch.num_rows()).step_by(CHUNK_ROWS) {
        writer.write(&batch.slice(from, CHUNK_ROWS.min(batch.num_rows() - from)))?;
        pieces.push(Ok::<_, std::convert::Infallible>(Bytes::from(std::mem::take(writer.get_mut()))));
    }
    writer.finish()?;
    pieces.push(Ok(Bytes::from(std::mem::take(writer.get_mut()))));
    let body = Body::from_stream(futures::stream::iter(pieces));
    Ok(([(header::CONTENT_TYPE, "application/vnd.apache.arrow.stream")], body).into_response())
}

/// A row a span, in order.
pub(super) fn skeleton(spans: &Rows, logs: &Rows) -> Result<RecordBatch, ArrowError> {
    let order = UInt32Array::from(spans.order.clone());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(SCHEMA.fields().len());
    for (name, field) in STORED.iter().zip(SCHEMA.fields()) {
        columns.push(match spans.batch.named(name) {
            Some(column) => cast(&take(column, &order, None)?, field.data_type())?,
            None => new_null_array(field.data_type(), order.len()),
        });
    }
    let events = spans.batch.named("events").and_then(|column| column.as_list_opt::<i32>());
    let event_count = |row: &u32| {
        let row = *row as usize;
        events
            .filter(|events| events.is_valid(row))
            .map_or(0, |events| u32::try_from(events.value_length(row)).unwrap_or(0))
    };
    columns.push(Arc::new(spans.order.iter().map(event_count).collect::<UInt32Array>()));
    let mut logs_of: HashMap<&[u8], u32> = HashMap::new();
    let log_ids = Ids::of(&logs.batch, "span_id");
    for row in &logs.order {
        *logs_of.entry(log_ids.or_empty(*row as usize)).or_default() += 1;
    }
    let span_ids = Ids::of(&spans.batch, "span_id");
    let log_count = |row: &u32| logs_of.get(span_ids.or_empty(*row as usize)).copied().unwrap_or(0);
    columns.push(Arc::new(spans.order.iter().map(log_count).collect::<UInt32Array>()));
    RecordBatch::try_new(Arc::clone(&SCHEMA), columns)
}
