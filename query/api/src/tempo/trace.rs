//! `traces/<id>`, in both versions: protobuf where it is asked for, else JSON.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use serde_json::{Value, json};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::ingest::Signal;
use spanlake_schemas::otlp::{encode, protobuf_to_json};
use spanlake_schemas::tables::Table;

use crate::error::ApiError;
use crate::parameters;
use crate::state::Shared;

const PROTOBUF: &str = "application/protobuf";

/// All spans as `TracesData`.
async fn traces_data(shared: &Shared, path: Result<Path<String>, PathRejection>) -> Result<Vec<u8>, ApiError> {
    let text = parameters::path_part(path)?;
    let id = TraceId::parse_any(&text).map_err(|error| ApiError::invalid(error.to_string()))?;
    let rows = shared.store.trace_rows(&shared.store.pin(), Table::Spans, &[id], None).await?;
    let rows: Vec<_> = rows.batches.into_iter().map(|batch| (Table::Spans, batch)).collect();
    let encoded = encode(Signal::Traces, &rows, shared.store.catalog().as_ref(), None)
        .map_err(|error| ApiError::internal(error.to_string()))?;
    // Without a limit there is one request, or none where there are no rows.
    encoded.requests.into_iter().next().ok_or_else(|| ApiError::not_found("trace not found"))
}

fn wants_protobuf(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains(PROTOBUF))
}

/// The spans as JSON, ids in base64 as protobuf's own mapping has them.
fn resource_spans(traces_data: &[u8]) -> Result<Value, ApiError> {
    let json = protobuf_to_json(Signal::Traces, traces_data).map_err(|error| ApiError::internal(error.to_string()))?;
    let mut json: Value = serde_json::from_slice(&json).map_err(|error| ApiError::internal(error.to_string()))?;
    with_base64_ids(&mut json);
    Ok(json["resourceSpans"].take())
}

fn with_base64_ids(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(with_base64_ids),
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if matches!(name.as_str(), "traceId" | "spanId" | "parentSpanId") => {
                        *text = STANDARD.encode(bytes_of_hex(text));
                    }
                    other => with_base64_ids(other),
                }
            }
        }
        _ => {}
    }
}

fn bytes_of_hex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// `/api/traces/<id>`.
pub(super) async fn v1(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let data = traces_data(&shared, path).await?;
    if wants_protobuf(&headers) {
        return Ok(([(header::CONTENT_TYPE, PROTOBUF)], data).into_response());
    }
    Ok(axum::Json(json!({ "batches": resource_spans(&data)? })).into_response())
}

/// `/api/v2/traces/<id>`: the trace within a `TraceByIDResponse`.
pub(super) async fn v2(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let data = traces_data(&shared, path).await?;
    if wants_protobuf(&headers) {
        return Ok(([(header::CONTENT_TYPE, PROTOBUF)], as_first_field(&data)).into_response());
    }
    let trace = json!({ "resourceSpans": resource_spans(&data)? });
    Ok(axum::Json(json!({ "trace": trace, "metrics": {}, "status": "COMPLETE", "message": "" })).into_response())
}

/// A message whose first field is this one.
fn as_first_field(message: &[u8]) -> Vec<u8> {
    let mut out = vec![0x0a];
    let mut length = message.len();
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(message);
    out
}
