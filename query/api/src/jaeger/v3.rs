//! Jaeger's API v3 over HTTP: what newer jaeger-ui and Grafana's Jaeger data source search with.
//!
//! Owns its parameters and envelopes: `cmd/jaeger/internal/extension/jaegerquery/internal/apiv3/http_gateway.go` and
//! `query_params.go` of jaegertracing/jaeger (names in camel case, older ones in snake case), and what jaeger-ui sends and reads
//! (`packages/jaeger-ui/src/api/v3/client.ts`, lines 40 to 73 and 121 to 170). Traces are OTLP's JSON. Never searches itself.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, Uri};
use serde_json::{Value, json};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::ingest::Signal;
use spanlake_schemas::otlp::{encode, protobuf_to_json};
use spanlake_schemas::tables::Table;
use spanlake_store::now_nanos;

use super::{add_tags, recent_operations, service_names};
use crate::error::ApiError;
use crate::parameters;
use crate::parameters::sql_text;
use crate::query::texts;
use crate::state::Shared;
use crate::trace_list::{self, Filter, Keeps, Parameters, Summary};

/// Traces that a search shows unless told.
const SEARCH_DEPTH: &str = "100";

/// The routes, below `/jaeger`.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/v3/services", get(services))
        .route("/api/v3/operations", get(operations))
        .route("/api/v3/traces", get(find_traces))
        .route("/api/v3/traces/{id}", get(one))
        .route("/api/v3/trace-summaries", get(summaries))
}

/// What went wrong, in the gateway's envelope.
struct Failure(ApiError);

impl<E: Into<ApiError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.0.status;
        (status, Json(json!({ "error": { "httpCode": status.as_u16(), "message": self.0.message } }))).into_response()
    }
}

/// The query string, by names in camel case without their prefix.
struct Asked(HashMap<String, String>);

impl Asked {
    fn of(uri: &Uri) -> Self {
        let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let named = |name: &str| camel_case(name.strip_prefix("query.").unwrap_or(name));
        Self(
            pairs
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (named(&name), value.into_owned()))
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn search(&self) -> Result<Parameters, ApiError> {
        let (Some(start), Some(end)) = (self.get("startTimeMin"), self.get("startTimeMax")) else {
            return Err(ApiError::invalid("query.startTimeMin and query.startTimeMax are required"));
        };
        // Older Grafana does not escape the sign of an offset, which then arrives as a space.
        let moment = |text: String| Some(text.trim().replace(' ', "+"));
        let depth = self.get("searchDepth").or_else(|| self.get("numTraces"));
        let mut parameters = Parameters {
            service: self.get("serviceName"),
            operation: self.get("operationName"),
            min_span_duration: self.get("durationMin"),
            max_span_duration: self.get("durationMax"),
            start: moment(start),
            end: moment(end),
            limit: Some(depth.unwrap_or_else(|| SEARCH_DEPTH.to_owned())),
            internal: Some("true".to_owned()),
            ..Parameters::default()
        };
        if let Some(attributes) = self.get("attributes") {
            add_tags(&mut parameters, &attributes)?;
        }
        Ok(parameters)
    }
}

/// `service_name` as `serviceName`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}

async fn services(State(shared): State<Arc<Shared>>) -> Result<Json<Value>, Failure> {
    Ok(Json(json!({ "services": service_names(&shared).await? })))
}

async fn operations(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, Failure> {
    let asked = Asked::of(&uri);
    let service = asked.get("service").unwrap_or_default();
    let filter = asked.get("spanKind").map(|kind| format!(" AND kind = {}", sql_text(&kind))).unwrap_or_default();
    let rows = texts(&shared, &recent_operations(&service, "name, kind", &filter)).await?;
    let operations: Vec<Value> = rows.into_iter().map(|row| json!({ "name": row[0], "spanKind": row[1] })).collect();
    Ok(Json(json!({ "operations": operations })))
}

async fn one(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Failure> {
    let text = parameters::path_part(path)?;
    let id = TraceId::parse_any(&text).map_err(|error| ApiError::invalid(error.to_string()))?;
    traces(&shared, &[id]).await
}

async fn find_traces(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, Failure> {
    let (filter, windows) = Filter::read(Asked::of(&uri).search()?, now_nanos())?;
    let found = trace_list::search(&shared, &filter, windows, Keeps::Summaries).await?;
    let ids: Vec<TraceId> = found.traces.iter().map(|trace| trace.trace_id).collect();
    traces(&shared, &ids).await
}

/// All spans of these traces, as OTLP.
async fn traces(shared: &Shared, ids: &[TraceId]) -> Result<Json<Value>, Failure> {
    let none = || ApiError::new(StatusCode::NOT_FOUND, "not_found", "No traces found");
    if ids.is_empty() {
        return Err(none().into());
    }
    let rows = shared.store.trace_rows(&shared.store.pin(), Table::Spans, ids, None).await?;
    let rows: Vec<_> = rows.batches.into_iter().map(|batch| (Table::Spans, batch)).collect();
    let catalog = Arc::clone(shared.store.catalog());
    let encoding = tokio::task::spawn_blocking(move || {
        let wrong = |error: String| ApiError::internal(error);
        let encoded =
            encode(Signal::Traces, &rows, catalog.as_ref(), None).map_err(|error| wrong(error.to_string()))?;
        // Without a limit there is one request, or none where there are no rows.
        let Some(request) = encoded.requests.first() else { return Ok(None) };
        let written = protobuf_to_json(Signal::Traces, request).map_err(|error| wrong(error.to_string()))?;
        let mut json: Value = serde_json::from_slice(&written).map_err(|error| wrong(error.to_string()))?;
        Ok::<_, ApiError>(Some(json["resourceSpans"].take()))
    });
    let encoded = encoding.await.map_err(|_| ApiError::internal("the traces could not be written"))??;
    Ok(Json(json!({ "result": { "resourceSpans": encoded.ok_or_else(none)? } })))
}

/// With `query.pagination.pageSize` page by page, else the newest.
async fn summaries(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, Failure> {
    let asked = Asked::of(&uri);
    let mut parameters = asked.search()?;
    let (found, next) = match asked.get("pagination.pageSize") {
        None => {
            let (filter, windows) = Filter::read(parameters, now_nanos())?;
            (trace_list::search(&shared, &filter, windows, Keeps::Summaries).await?.traces, None)
        }
        Some(size) => {
            parameters.limit = Some(size);
            parameters.cursor = asked.get("pagination.pageToken");
            let page = trace_list::page(&shared, parameters).await?;
            (page.traces, page.next_cursor)
        }
    };
    let summaries: Vec<Value> = found.iter().map(summary).collect();
    let mut answer = json!({ "summaries": summaries });
    if let Some(token) = next {
        answer["nextPageToken"] = json!(token);
    }
    Ok(Json(answer))
}

fn summary(trace: &Summary) -> Value {
    let services: Vec<Value> = trace
        .services
        .iter()
        .map(|one| json!({ "name": one.name, "spanCount": one.spans, "errorSpanCount": one.errors }))
        .collect();
    json!({
        "traceId": trace.trace_id.to_string(),
        "rootServiceName": trace.root_service,
        "rootOperationName": trace.root_name,
        "minStartTimeUnixNano": trace.start_time.to_string(),
        "maxEndTimeUnixNano": trace.start_time.saturating_add(trace.duration).to_string(),
        "spanCount": trace.span_count,
        "errorSpanCount": trace.error_count,
        "services": services,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_names_are_read_too() {
        for query in [
            "query.serviceName=a&query.startTimeMin=5&query.startTimeMax=9&query.searchDepth=7&query.durationMin=1s",
            "query.service_name=a&query.start_time_min=5&query.start_time_max=9&query.num_traces=7&query.duration_min=1s",
        ] {
            let asked = Asked::of(&format!("/?{query}").parse().unwrap()).search().unwrap();
            assert_eq!((asked.service.as_deref(), asked.limit.as_deref()), (Some("a"), Some("7")), "{query}");
            assert_eq!((asked.start.as_deref(), asked.end.as_deref()), (Some("5"), Some("9")), "{query}");
            assert_eq!(asked.min_span_duration.as_deref(), Some("1s"), "{query}");
        }
        assert!(Asked::of(&"/?query.serviceName=a".parse().unwrap()).search().is_err());
    }
}
