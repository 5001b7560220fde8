//! A whole trace, or one span of it, as JSON. A large one is streamed in chunks.

use std::sync::Arc;

use arrow::datatypes::Int64Type;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use spanlake_schemas::ids::{SpanId, TraceId};
use spanlake_schemas::tables::Table;

use super::log_json::Logs;
use super::no_trace;
use super::rows::{self, Rows};
use super::span_json::Spans;
use crate::columns::Numbers;
use crate::error::ApiError;
use crate::origins::{OriginTexts, Origins};
use crate::state::Shared;

/// Rows of a piece: some hundred kilobytes.
const CHUNK_ROWS: usize = 512;

pub(super) async fn answer(shared: &Shared, id: TraceId, span_id: Option<SpanId>) -> Result<Response, ApiError> {
    let version = shared.store.pin();
    let spans = rows::read(&shared.store, &version, Table::Spans, id, None);
    let logs = rows::read(&shared.store, &version, Table::Logs, id, None);
    let (mut spans, mut logs) = tokio::try_join!(spans, logs)?;
    if let Some(span_id) = span_id {
        spans.retain_span(&span_id.0);
        logs.retain_span(&span_id.0);
    }
    if spans.is_empty() && (logs.is_empty() || span_id.is_some()) {
        return Err(
            span_id.map_or_else(|| no_trace(id), |span| ApiError::not_found(format!("trace {id} has no span {span}")))
        );
    }
    let trace = WholeTrace::new(id, spans, logs, &shared.origins);
    Ok(([(header::CONTENT_TYPE, "application/json")], trace.into_body()).into_response())
}

/// All that an answer is written from.
pub(super) struct WholeTrace {
    id: TraceId,
    spans: Rows,
    logs: Rows,
    origins: OriginTexts,
}

impl WholeTrace {
    pub(super) fn new(id: TraceId, spans: Rows, logs: Rows, origins: &Origins) -> Self {
        let mut texts = OriginTexts::default();
        for rows in [&spans, &logs] {
            let ids = |column| {
                let numbers = Numbers::<Int64Type>::of(&rows.batch, column);
                rows.order.iter().filter_map(move |row| numbers.at(*row as usize))
            };
            origins.describe(&mut texts, ids("resource_id"), ids("scope_id"));
        }
        Self { id, spans, logs, origins: texts }
    }

    fn chunks(&self) -> usize {
        (self.spans.order.len() + self.logs.order.len()).div_ceil(CHUNK_ROWS).max(1)
    }

    fn into_body(self) -> Body {
        let chunks = self.chunks();
        if chunks == 1 {
            return Body::from(self.chunk(0));
        }
        let trace = Arc::new(self);
        Body::from_stream(futures::stream::unfold(0, move |chunk| {
            let trace = Arc::clone(&trace);
            async move {
                let written = (chunk < chunks).then(|| Bytes::from(trace.chunk(chunk)))?;
                Some((Ok::<_, std::convert::Infallible>(written), chunk + 1))
            }
        }))
    }

    /// Spans and logs are counted through; the text between them belongs to the row that follows.
    pub(super) fn chunk(&self, chunk: usize) -> Vec<u8> {
        let (span_count, log_count) = (self.spans.order.len(), self.logs.order.len());
        let from = chunk * CHUNK_ROWS;
        let to = (from + CHUNK_ROWS).min(span_count + log_count);
        let mut out = Vec::with_capacity((to - from) * 1024 + 256);
        if from == 0 {
            out.extend_from_slice(format!("{{\"trace_id\":\"{}\",\"spans\":[", self.id).as_bytes());
        }
        let spans = Spans::of(&self.spans.batch);
        push_rows(&self.spans.order, from, to.min(span_count), &mut out, |row, out| {
            spans.push(row, &self.origins, out)
        });
        // The chunk with the last span, or the first of all where there is none.
        if (from..to).contains(&span_count.saturating_sub(1)) || span_count == 0 && from == 0 {
            out.extend_from_slice(b"],\"logs\":[");
        }
        let logs = Logs::of(&self.logs.batch);
        let (from, to) = (from.saturating_sub(span_count), to.saturating_sub(span_count));
        push_rows(&self.logs.order, from, to, &mut out, |row, out| logs.push(row, &self.origins, out));
        if chunk + 1 == self.chunks() {
            out.extend_from_slice(b"]}");
        }
        out
    }
}

fn push_rows(order: &[u32], from: usize, to: usize, out: &mut Vec<u8>, push: impl Fn(usize, &mut Vec<u8>)) {
    // Chunks of the other list ask for an empty range, or one that ends before it begins.
    for (position, row) in order.iter().enumerate().take(to).skip(from) {
        if position > 0 {
            out.push(b',');
        }
        push(*row as usize, out);
    }
}
