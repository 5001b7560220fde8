//! What happened to servers: changed plans and variables, deadlocks, restarts, lock waits, lines of the error log.

use std::sync::Arc;

use arrow::datatypes::TimestampNanosecondType;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use spanlake_schemas::mysql::{events::EVENT_PREFIX, keys};

use super::digests::attribute;
use super::unknown;
use super::values::moment;
use crate::columns::{Numbers, Texts};
use crate::error::ApiError;
use crate::parameters::{self, HOUR, Window, sql_text, sql_window};
use crate::query;
use crate::state::Shared;

const LIMIT_DEFAULT: usize = 200;
const LIMIT_MAX: usize = 5000;
/// How far back a variable's changes are told beside its value.
const CHANGES_HOURS: i64 = 24 * 7;

#[derive(Debug, Deserialize)]
struct EventParameters {
    server: Option<String>,
    limit: Option<String>,
    #[serde(flatten)]
    window: Window,
}

/// `GET /api/mysql/events`.
pub(super) async fn events(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let parameters: EventParameters = parameters::read(&uri)?;
    let window = parameters.window.bounds()?;
    let limit = parameters::count("limit", parameters.limit.as_deref(), LIMIT_DEFAULT, LIMIT_MAX)?;
    let server = parameters.server.as_deref().filter(|server| !server.is_empty());
    let events = stored(&shared, server, None, window, limit).await?;
    Ok(Json(json!({ "events": events })).into_response())
}

/// `GET /api/mysql/variables`.
pub(super) async fn variables(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let parameters: EventParameters = parameters::read(&uri)?;
    let server = parameters.server.as_deref().unwrap_or_default();
    let variables = shared.mysql.variables(server).ok_or_else(|| unknown(server))?;
    let from = spanlake_store::now_nanos().saturating_sub(CHANGES_HOURS * HOUR);
    let changes = stored(&shared, Some(server), Some("variable_change"), (from, None), LIMIT_DEFAULT).await?;
    let variables: Vec<Value> =
        variables.iter().map(|(name, value)| json!({"name": **name, "value": **value})).collect();
    Ok(Json(json!({ "variables": variables, "changes": changes })).into_response())
}

/// Events, newest first.
async fn stored(
    shared: &Shared,
    server: Option<&str>,
    kind: Option<&str>,
    (start, end): (i64, Option<i64>),
    limit: usize,
) -> Result<Vec<Value>, ApiError> {
    let mut conditions = sql_window("time", start, end);
    match kind {
        Some(kind) => conditions.push_str(&format!(" AND event_name = '{EVENT_PREFIX}{kind}'")),
        None => conditions.push_str(&format!(" AND starts_with(event_name, '{EVENT_PREFIX}')")),
    }
    if let Some(server) = server {
        conditions.push_str(&format!(" AND service_instance_id = {}", sql_text(server)));
    }
    let sql = format!(
        "SELECT time, service_instance_id AS server, event_name, body, {} AS detail FROM logs \
         WHERE service_name = 'mysql' AND {conditions} ORDER BY time DESC LIMIT {limit}",
        attribute(keys::DETAIL)
    );
    let (batches, _) = query::rows(shared, &sql).await?;
    let mut events = Vec::new();
    for batch in &batches {
        let times = Numbers::<TimestampNanosecondType>::of(batch, "time");
        let [servers, names, bodies, details] =
            ["server", "event_name", "body", "detail"].map(|name| Texts::of(batch, name));
        events.extend((0..batch.num_rows()).map(|row| {
            json!({
                "time": moment(times.or_zero(row)),
                "server": servers.or_empty(row),
                "kind": names.or_empty(row).trim_start_matches(EVENT_PREFIX),
                "title": bodies.or_empty(row),
                "detail": serde_json::from_str::<Value>(details.or_empty(row)).unwrap_or_else(|_| json!({})),
            })
        }));
    }
    Ok(events)
}
