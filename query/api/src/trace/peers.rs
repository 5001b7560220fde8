//! `GET /api/traces/{trace_id}/peers`: a span among the spans of its operation.
//!
//! Owns which spans are peers: those of its service, name and kind that start within an hour of it, unless told. Never reads
//! more of them than their durations.

use std::sync::Arc;

use arrow::datatypes::{Int64Type, TimestampNanosecondType};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use spanlake_schemas::ids::{SpanId, TraceId};
use spanlake_schemas::tables::Table;

use super::{no_trace, rows};
use crate::columns::{Ids, Numbers, Texts};
use crate::error::ApiError;
use crate::parameters::{self, HOUR, sql_text, sql_window};
use crate::query;
use crate::state::Shared;

const COLUMNS: [&str; 7] = ["trace_id", "span_id", "start_time", "duration", "service_name", "name", "kind"];

#[derive(Debug, Default, Deserialize)]
struct Asked {
    span_id: Option<String>,
    start: Option<String>,
    end: Option<String>,
}

/// The span that is compared.
struct Span {
    service: String,
    name: String,
    kind: String,
    start_time: i64,
    duration: i64,
}

/// The route.
pub(crate) async fn peers(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Json<Value>, ApiError> {
    let wrong = |error: spanlake_schemas::ids::IdError| ApiError::invalid(error.to_string());
    let trace_id = TraceId::parse_any(&parameters::path_part(path)?).map_err(wrong)?;
    let asked: Asked = parameters::read(&uri)?;
    let text = asked.span_id.as_deref().filter(|text| !text.is_empty());
    let span_id =
        SpanId::parse_any(text.ok_or_else(|| ApiError::invalid("span_id: it is required"))?).map_err(wrong)?;
    let span = span(&shared, trace_id, span_id).await?;
    let moment = |name, text: Option<&str>, default: i64| match text.filter(|text| !text.is_empty()) {
        Some(text) => parameters::moment(name, text),
        None => Ok(default),
    };
    let start = moment("start", asked.start.as_deref(), span.start_time.saturating_sub(HOUR))?;
    let end = moment("end", asked.end.as_deref(), span.start_time.saturating_add(HOUR))?;
    if start >= end {
        return Err(ApiError::invalid("end: it must be later than start"));
    }
    let mut answer = among(&shared, &span, start, end).await?;
    answer["service"] = json!(span.service);
    answer["operation"] = json!(span.name);
    answer["kind"] = json!(span.kind);
    answer["duration"] = json!(span.duration.to_string());
    answer["start"] = json!(start.to_string());
    answer["end"] = json!(end.to_string());
    Ok(Json(answer))
}

async fn span(shared: &Shared, trace_id: TraceId, span_id: SpanId) -> Result<Span, ApiError> {
    let version = shared.store.pin();
    let rows = rows::read(&shared.store, &version, Table::Spans, trace_id, Some(&COLUMNS)).await?;
    if rows.is_empty() {
        return Err(no_trace(trace_id));
    }
    let ids = Ids::of(&rows.batch, "span_id");
    let found = rows.order.iter().map(|row| *row as usize).find(|row| ids.at(*row) == Some(&span_id.0));
    let row = found.ok_or_else(|| ApiError::not_found(format!("trace {trace_id} has no span {span_id}")))?;
    let text = |name: &str| Texts::of(&rows.batch, name).or_empty(row).to_owned();
    Ok(Span {
        service: text("service_name"),
        name: text("name"),
        kind: text("kind"),
        start_time: Numbers::<TimestampNanosecondType>::of(&rows.batch, "start_time").or_zero(row),
        duration: Numbers::<Int64Type>::of(&rows.batch, "duration").or_zero(row),
    })
}

/// The share of peers that were faster, those that took as long counted half; and what is usual.
async fn among(shared: &Shared, span: &Span, start: i64, end: i64) -> Result<Value, ApiError> {
    let duration = span.duration;
    let statement = format!(
        "SELECT count(*) AS spans, count(*) FILTER (WHERE status_code = 'error') AS errors, \
         count(*) FILTER (WHERE duration < {duration}) AS faster, count(*) FILTER (WHERE duration = {duration}) AS alike, \
         CAST(approx_percentile_cont(duration, 0.5) AS BIGINT) AS p50, \
         CAST(approx_percentile_cont(duration, 0.95) AS BIGINT) AS p95, \
         CAST(approx_percentile_cont(duration, 0.99) AS BIGINT) AS p99 FROM spans \
         WHERE service_name = {} AND name = {} AND kind = {} AND {}",
        sql_text(&span.service),
        sql_text(&span.name),
        sql_text(&span.kind),
        sql_window("start_time", start, Some(end))
    );
    let (batches, stats) = query::rows(shared, &statement).await?;
    let number = |name: &str| {
        batches
            .first()
            .filter(|batch| batch.num_rows() > 0)
            .and_then(|batch| Numbers::<Int64Type>::of(batch, name).at(0))
    };
    let spans = number("spans").unwrap_or(0);
    let below = number("faster").unwrap_or(0) as f64 + number("alike").unwrap_or(0) as f64 / 2.0;
    let percentile = (spans > 0).then(|| (below / spans as f64 * 1e4).round() / 1e4);
    let text = |name: &str| number(name).map(|value| value.to_string());
    Ok(json!({
        "spans": spans, "errors": number("errors").unwrap_or(0), "percentile": percentile,
        "p50": text("p50"), "p95": text("p95"), "p99": text("p99"),
        "stats": {"files_read": stats.files_read, "files_total": stats.files_total},
    }))
}
