//! `GET /api/services` and `GET /api/operations`: who sends spans, and which.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::TimestampNanosecondType;
use arrow::record_batch::RecordBatch;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::columns::{Numbers, Texts};
use crate::error::ApiError;
use crate::parameters::{self, Window, sql_text, sql_window};
use crate::state::{OWN_SERVICE, Shared};
use crate::weighed::{self, ERRORS, P50, P95, SPANS};

/// Names that one answer lists; sources that put ids into span names have no end of them.
const OPERATIONS_MAX: usize = 5000;

#[derive(Debug, Default, Deserialize)]
struct OperationParameters {
    service: Option<String>,
    #[serde(flatten)]
    window: Window,
}

/// `GET /api/services`.
pub(crate) async fn services(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let window: Window = parameters::read(&uri)?;
    let (start, end) = window.bounds()?;
    let mut conditions = sql_window("start_time", start, end);
    if !window.is_internal()? {
        conditions.push_str(&format!(" AND service_name <> '{OWN_SERVICE}'"));
    }
    let measures = [SPANS, ERRORS];
    let rest = |_: &dyn Fn(&str) -> String| format!("WHERE {conditions} GROUP BY service_name ORDER BY service_name");
    let found = weighed::ask(&shared, "service_name", ", max(start_time) AS last_seen", &measures, rest).await?;
    let last_seen = last_seen(found.there());
    let mut services: Vec<Value> = Vec::new();
    for batch in &found.batches {
        let names = Texts::of(batch, "service_name");
        services.extend((0..batch.num_rows()).map(|row| {
            let name = names.or_empty(row);
            let mut service = weighed::numbers(batch, row, &measures);
            service.insert("name".to_owned(), json!(name));
            // Of a service of which sampling kept nothing, only its numbers are known.
            service.insert("last_seen".to_owned(), json!(last_seen.get(name).map(i64::to_string)));
            Value::Object(service)
        }));
    }
    Ok(Json(json!({ "services": services, "sampled": found.is_sampled })).into_response())
}

/// When the newest span of each service began, nanoseconds.
fn last_seen<'a>(batches: &'a [RecordBatch]) -> HashMap<&'a str, i64> {
    let of_batch = |batch: &'a RecordBatch| {
        let names = Texts::of(batch, "service_name");
        let times = Numbers::<TimestampNanosecondType>::of(batch, "last_seen");
        (0..batch.num_rows()).map(move |row| (names.or_empty(row), times.or_zero(row)))
    };
    batches.iter().flat_map(of_batch).collect()
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
    let measures = [SPANS, ERRORS, P50, P95];
    let rest = |ordered: &dyn Fn(&str) -> String| {
        let order = ordered("spans");
        format!("WHERE {conditions} GROUP BY name, kind ORDER BY {order} DESC, name, kind LIMIT {OPERATIONS_MAX}")
    };
    let found = weighed::ask(&shared, "name, kind", "", &measures, rest).await?;
    let mut operations: Vec<Value> = Vec::new();
    for batch in &found.batches {
        let [names, kinds] = ["name", "kind"].map(|name| Texts::of(batch, name));
        operations.extend((0..batch.num_rows()).map(|row| {
            let mut operation = weighed::numbers(batch, row, &measures);
            operation.insert("name".to_owned(), json!(names.or_empty(row)));
            operation.insert("kind".to_owned(), json!(kinds.or_empty(row)));
            // 64-bit numbers are text in this API.
            for duration in ["p50", "p95"] {
                let number = operation.get(duration).map(Value::to_string);
                operation.insert(duration.to_owned(), json!(number));
            }
            Value::Object(operation)
        }));
    }
    Ok(Json(json!({ "operations": operations, "sampled": found.is_sampled })).into_response())
}
