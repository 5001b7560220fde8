//! `?view=skeleton`: what the waterfall is drawn from, as an Arrow stream.

use std::collections::HashMap;
use std::ops::Range;
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
/// Of its first: what is in view is drawn as soon as it comes.
const FIRST_ROWS: usize = 2_048;

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
    let mut pieces =
        Pieces { skeleton: Skeleton::of(spans, &logs), writer: StreamWriter::try_new(Vec::new(), &SCHEMA)?, sent: 0 };
    // The first here, so that what cannot be made is an error of the answer.
    let first = pieces.next_piece()?;
    let body = Body::from_stream(futures::stream::iter(std::iter::once(Ok(first)).chain(pieces)));
    Ok(([(header::CONTENT_TYPE, "application/vnd.apache.arrow.stream")], body).into_response())
}

/// The stream, a batch at a time: one is made when the one before is on its way.
struct Pieces {
    skeleton: Skeleton,
    writer: StreamWriter<Vec<u8>>,
    sent: usize,
}

impl Pieces {
    fn next_piece(&mut self) -> Result<Bytes, ArrowError> {
        let rows = if self.sent == 0 { FIRST_ROWS } else { CHUNK_ROWS };
        let to = self.skeleton.len().min(self.sent + rows);
        if to > self.sent {
            self.writer.write(&self.skeleton.rows(self.sent..to)?)?;
        }
        self.sent = to;
        if to == self.skeleton.len() {
            self.writer.finish()?;
        }
        Ok(Bytes::from(std::mem::take(self.writer.get_mut())))
    }
}

impl Iterator for Pieces {
    type Item = Result<Bytes, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        (self.sent < self.skeleton.len()).then(|| {
            let piece = self.next_piece();
            if piece.is_err() {
                self.sent = self.skeleton.len();
            }
            piece
        })
    }
}

/// A row a span, in order.
struct Skeleton {
    spans: Rows,
    /// How many lines each span has, of those that have any.
    logs_of: HashMap<Vec<u8>, u32>,
}

impl Skeleton {
    fn of(spans: Rows, logs: &Rows) -> Self {
        let mut logs_of: HashMap<Vec<u8>, u32> = HashMap::new();
        let ids = Ids::of(&logs.batch, "span_id");
        for row in &logs.order {
            *logs_of.entry(ids.or_empty(*row as usize).to_vec()).or_default() += 1;
        }
        Self { spans, logs_of }
    }

    fn len(&self) -> usize {
        self.spans.order.len()
    }

    fn rows(&self, range: Range<usize>) -> Result<RecordBatch, ArrowError> {
        let batch = &self.spans.batch;
        let order = &self.spans.order[range];
        let taken = UInt32Array::from(order.to_vec());
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(SCHEMA.fields().len());
        for (name, field) in STORED.iter().zip(SCHEMA.fields()) {
            columns.push(match batch.named(name) {
                Some(column) => cast(&take(column, &taken, None)?, field.data_type())?,
                None => new_null_array(field.data_type(), order.len()),
            });
        }
        let events = batch.named("events").and_then(|column| column.as_list_opt::<i32>());
        let event_count = |row: &u32| {
            let row = *row as usize;
            events
                .filter(|events| events.is_valid(row))
                .map_or(0, |events| u32::try_from(events.value_length(row)).unwrap_or(0))
        };
        columns.push(Arc::new(order.iter().map(event_count).collect::<UInt32Array>()));
        let span_ids = Ids::of(batch, "span_id");
        let log_count = |row: &u32| self.logs_of.get(span_ids.or_empty(*row as usize)).copied().unwrap_or(0);
        columns.push(Arc::new(order.iter().map(log_count).collect::<UInt32Array>()));
        RecordBatch::try_new(Arc::clone(&SCHEMA), columns)
    }
}
