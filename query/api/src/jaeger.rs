//! Jaeger's HTTP API under `/jaeger/api`: what jaeger-ui and Grafana's Jaeger data source ask.
//!
//! As a storage backend it is read over gRPC: [`grpc`]. Owns Jaeger's paths, parameters and envelope (`cmd/jaeger/internal/extension/jaegerquery/internal/http_handler.go` and
//! `query_parser.go` of jaegertracing/jaeger). Times are microseconds. Never searches itself.

mod grpc;
mod model;
mod v3;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use spanlake_schemas::ids::TraceId;
use spanlake_store::now_nanos;
use spanlake_traceql::model::Trace;

use crate::error::ApiError;
use crate::parameters::{self, sql_text, sql_window};
use crate::query::texts;
use crate::service_map;
use crate::state::{OWN_SERVICE, Shared};
use crate::trace_list::{self, Filter, Keeps, Parameters};

const MICROS: i64 = 1_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// The routes, below `/jaeger`.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/services", get(services))
        .route("/api/services/{service}/operations", get(operation_names))
        .route("/api/operations", get(operations))
        .route("/api/traces", get(search))
        .route("/api/traces/{id}", get(one))
        .route("/api/dependencies", get(dependencies))
        .merge(v3::routes())
}

pub(crate) use grpc::routes as grpc_routes;

/// What went wrong, in Jaeger's envelope.
struct Failure(ApiError);

impl<E: Into<ApiError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.0.status;
        let errors = json!([{ "code": status.as_u16(), "msg": self.0.message }]);
        let body = json!({ "data": null, "total": 0, "limit": 0, "offset": 0, "errors": errors });
        (status, Json(body)).into_response()
    }
}

fn envelope(data: Vec<Value>) -> Json<Value> {
    let total = data.len();
    Json(json!({ "data": data, "total": total, "limit": 0, "offset": 0, "errors": null }))
}

/// All services but Spanlake itself.
async fn service_names(shared: &Shared) -> Result<Vec<String>, ApiError> {
    let sql = format!(
        "SELECT DISTINCT service_name FROM resources WHERE service_name NOT IN ('', '{OWN_SERVICE}') ORDER BY 1"
    );
    Ok(texts(shared, &sql).await?.into_iter().flatten().collect())
}

async fn services(State(shared): State<Arc<Shared>>) -> Result<Json<Value>, Failure> {
    Ok(envelope(service_names(&shared).await?.into_iter().map(Value::from).collect()))
}

fn recent_operations(service: &str, columns: &str, filter: &str) -> String {
    let window = sql_window("start_time", now_nanos() - 7 * DAY_MS * 1_000_000, None);
    format!(
        "SELECT DISTINCT {columns} FROM spans WHERE service_name = {} AND {window}{filter} ORDER BY 1",
        sql_text(service)
    )
}

async fn operation_names(
    State(shared): State<Arc<Shared>>,
    service: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Failure> {
    let service = parameters::path_part(service)?;
    let names = texts(&shared, &recent_operations(&service, "name", "")).await?.into_iter().flatten();
    Ok(envelope(names.map(Value::from).collect()))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OperationsAsked {
    service: Option<String>,
    span_kind: Option<String>,
}

async fn operations(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, Failure> {
    let asked: OperationsAsked = parameters::read(&uri)?;
    let service = asked.service.ok_or_else(|| ApiError::invalid("parameter 'service' is required"))?;
    let kind = asked.span_kind.filter(|kind| !kind.is_empty());
    let filter = kind.map(|kind| format!(" AND kind = {}", sql_text(&kind))).unwrap_or_default();
    let rows = texts(&shared, &recent_operations(&service, "name, kind", &filter)).await?;
    Ok(envelope(rows.into_iter().map(|row| json!({ "name": row[0], "spanKind": row[1] })).collect()))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SearchAsked {
    service: Option<String>,
    operation: Option<String>,
    /// A JSON object of texts.
    tags: Option<String>,
    start: Option<String>,
    end: Option<String>,
    min_duration: Option<String>,
    max_duration: Option<String>,
    limit: Option<String>,
}

/// Tags as attributes of one span; `error=true` is its status, `span.kind` its kind.
fn add_tags(parameters: &mut Parameters, tags: &str) -> Result<(), ApiError> {
    let wrong =
        |error| ApiError::invalid(format!("malformed 'tags' parameter, expecting a JSON object of texts: {error}"));
    let tags: Map<String, Value> = serde_json::from_str(tags).map_err(wrong)?;
    for (key, value) in tags {
        add_tag(parameters, &key, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    Ok(())
}

fn add_tag(parameters: &mut Parameters, key: &str, value: String) {
    match (key, value.as_str()) {
        ("error", "true") => parameters.status = Some("error".to_owned()),
        ("span.kind", "client" | "server" | "producer" | "consumer" | "internal") => parameters.kind = Some(value),
        _ => parameters.attributes.push(format!("{key}={value}")),
    }
}

/// A time in microseconds as one in nanoseconds.
fn moment(name: &str, text: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let micros: i64 =
        text.parse().map_err(|_| ApiError::invalid(format!("unable to parse param '{name}': {text:?}")))?;
    Ok(Some(micros.saturating_mul(MICROS).to_string()))
}

async fn search(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, Failure> {
    let pairs = || url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let asked_ids: Vec<TraceId> = pairs()
        .filter(|(name, _)| name == "traceID")
        .map(|(_, id)| TraceId::parse_any(&id).map_err(|error| ApiError::invalid(error.to_string())))
        .collect::<Result<_, _>>()?;
    if !asked_ids.is_empty() {
        return Ok(envelope(traces(&shared, &asked_ids).await?.iter().map(model::trace).collect()));
    }
    let asked: SearchAsked = parameters::read(&uri)?;
    let service = asked.service.filter(|service| !service.is_empty());
    if service.is_none() {
        return Err(ApiError::invalid("parameter 'service' is required").into());
    }
    let mut parameters = Parameters {
        service,
        operation: asked.operation,
        min_span_duration: asked.min_duration,
        max_span_duration: asked.max_duration,
        start: moment("start", asked.start)?,
        end: moment("end", asked.end)?,
        limit: asked.limit,
        internal: Some("true".to_owned()),
        ..Parameters::default()
    };
    if let Some(tags) = asked.tags.filter(|tags| !tags.is_empty()) {
        add_tags(&mut parameters, &tags)?;
    }
    for (_, tag) in pairs().filter(|(name, _)| name == "tag") {
        let (key, value) = tag.split_once(':').ok_or_else(|| {
            ApiError::invalid(format!("malformed 'tag' parameter, expecting key:value, received: {tag}"))
        })?;
        add_tag(&mut parameters, key, value.to_owned());
    }
    let (filter, windows) = Filter::read(parameters, now_nanos())?;
    let found = trace_list::search(&shared, &filter, windows, Keeps::Summaries).await?;
    let ids: Vec<TraceId> = found.traces.iter().map(|trace| trace.trace_id).collect();
    let mut traces = traces(&shared, &ids).await?;
    // Newest first, as they were found.
    traces.sort_by_key(|trace| ids.iter().position(|id| id.0 == trace.trace_id.0));
    Ok(envelope(traces.iter().map(model::trace).collect()))
}

async fn traces(shared: &Shared, ids: &[TraceId]) -> Result<Vec<Trace>, ApiError> {
    trace_list::with_traces(shared, &shared.store.pin(), (ids, None), |traces| traces).await
}

async fn one(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Failure> {
    let text = parameters::path_part(path)?;
    let id = TraceId::parse_any(&text).map_err(|error| ApiError::invalid(error.to_string()))?;
    let traces = traces(&shared, &[id]).await?;
    if traces.is_empty() {
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", "trace not found").into());
    }
    Ok(envelope(traces.iter().map(model::trace).collect()))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DependenciesAsked {
    /// Milliseconds.
    end_ts: Option<i64>,
    lookback: Option<i64>,
}

/// Who calls whom.
async fn dependencies(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, Failure> {
    let asked: DependenciesAsked = parameters::read(&uri)?;
    let end_ms = asked.end_ts.unwrap_or_else(|| now_nanos() / 1_000_000);
    let start_ms = end_ms.saturating_sub(asked.lookback.unwrap_or(DAY_MS));
    let nanos = |millis: i64| millis.saturating_mul(1_000_000);
    let calls = service_map::calls(&shared, nanos(start_ms), nanos(end_ms)).await?.into_iter();
    let written = calls.map(|(parent, child, count)| json!({ "parent": parent, "child": child, "callCount": count }));
    Ok(envelope(written.collect()))
}
