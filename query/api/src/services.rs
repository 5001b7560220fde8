//! `GET /api/services` and `GET /api/operations`: who sends spans, and which.

use std::sync::Arc;

use arrow::datatypes::{Int64Type, TimestampNanosecondType};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::columns::{Numbers, Texts};
use crate::error::ApiError;
use crate::parameters::{self, Window, sql_text, sql_window};
use crate::query;
use crate::state::{OWN_SERVICE, Shared};

/// Names that one answer lists; sources that put ids into span names have no end of them.
const OPERATIONS_MAX: usize = 5000;

#[derive(Debug, Default, Deserialize)]
struct OperationParameters {
    service: Option<String>,
    #[serde(flatten)]
    window: Window,
}

const COUNTS: &str = "count(*) AS spans, count(*) FILTER (WHERE status_code = 'error') AS errors";

/// `GET /api/services`.
pub(crate) async fn services(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let window: Window = parameters::read(&uri)?;
    let (start, end) = window.bounds()?;
    let mut conditions = sql_window("start_time", start, end);
    if !window.is_internal()? {
        conditions.push_str(&format!(" AND service_name <> '{OWN_SERVICE}'"));
    }
    let sql = format!(
        "SELECT service_name, {COUNTS}, max(start_time) AS last_seen FROM spans WHERE {conditions} GROUP BY service_name ORDER BY service_name"
    );
    let (batches, _) = query::rows(&shared, &sql).await?;
    let mut services: Vec<Value> = Vec::new();
    for batch in &batches {
        let names = Texts::of(batch, "service_name");
        let [spans, errors] = ["spans", "errors"].map(|name| Numbers::<Int64Type>::of(batch, name));
        let last_seen = Numbers::<TimestampNanosecondType>::of(batch, "last_seen");
        services.extend((0..batch.num_rows()).map(|row| {
            json!({"name": names.or_empty(row), "spans": spans.or_zero(row), "errors": errors.or_zero(row),
                   "last_seen": last_seen.or_zero(row).to_string()})
        }));
    }
    Ok(Json(json!({ "services": services })).into_response())
}

/// `GET /api/operations`.
pub(crate) async fn operations(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let parameters: OperationParameters = parameters::read(&uri)?;
    let (start, end) = parameters.window.bounds()?;
    let mut conditions = sql_window("start_time", start, end);
    match parameters.service.as_deref() {
        Some(service) if !service.is_empty() => {
            conditions.push_str(&format!(" AND service_name = {}", sql_text(service)))
        }
        _ if parameters.window.is_internal()? => {}
        _ => conditions.push_str(&format!(" AND service_name <> '{OWN_SERVICE}'")),
    }
    let sql = format!(
        "SELECT name, kind, {COUNTS}, \
         CAST(approx_percentile_cont(duration, 0.5) AS BIGINT) AS p50, \
         CAST(approx_percentile_cont(duration, 0.95) AS BIGINT) AS p95 FROM spans WHERE {conditions} \
         GROUP BY name, kind ORDER BY spans DESC, name, kind LIMIT {OPERATIONS_MAX}"
    );
    let (batches, _) = query::rows(&shared, &sql).await?;
    let mut operations: Vec<Value> = Vec::new();
    for batch in &batches {
        let [names, kinds] = ["name", "kind"].map(|name| Texts::of(batch, name));
        let [spans, errors, p50, p95] =
            ["spans", "errors", "p50", "p95"].map(|name| Numbers::<Int64Type>::of(batch, name));
        operations.extend((0..batch.num_rows()).map(|row| {
            json!({"name": names.or_empty(row), "kind": kinds.or_empty(row), "spans": spans.or_zero(row),
                   "errors": errors.or_zero(row), "p50": p50.or_zero(row).to_string(), "p95": p95.or_zero(row).to_string()})
        }));
    }
    Ok(Json(json!({ "operations": operations })).into_response())
}
