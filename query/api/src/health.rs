//! Alive, ready, status, own metrics, and sealing on demand.

use std::sync::Arc;

use arrow::array::{AsArray, GenericStringArray};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Extensions, StatusCode, header};
use serde::Serialize;
use serde_json::json;
use spanlake_schemas::tables::Table;
use spanlake_store::ReadHalf;

use crate::error::ApiError;
use crate::guard;
use crate::state::{OWN_SERVICE, Shared, StatusReport};

/// The process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Requests are taken. A cold tier that cannot be reached is said, and no reason to send elsewhere: hot data waits.
pub(crate) async fn readyz(State(shared): State<Arc<Shared>>) -> (StatusCode, String) {
    if !shared.status.is_ready() {
        return (StatusCode::SERVICE_UNAVAILABLE, "not ready\n".to_owned());
    }
    let troubled = shared.status.report().cold.filter(|cold| cold.message.is_some());
    let text = match troubled {
        Some(cold) => format!("ready; degraded: cold tier {}: {}\n", cold.state, cold.message.unwrap_or_default()),
        None => "ready\n".to_owned(),
    };
    (StatusCode::OK, text)
}

#[derive(Serialize)]
struct Status {
    version: &'static str,
    ready: bool,
    #[serde(flatten)]
    report: StatusReport,
    files: usize,
    empty: bool,
}

/// `GET /api/status`.
pub(crate) async fn status(State(shared): State<Arc<Shared>>) -> Response {
    let version = shared.store.pin();
    let status = Status {
        version: env!("CARGO_PKG_VERSION"),
        ready: shared.status.is_ready(),
        report: shared.status.report(),
        files: Table::ALL.into_iter().map(|table| version.files(table).len()).sum(),
        empty: is_empty(&shared.store),
    };
    Json(status).into_response()
}

/// Whether nothing but own telemetry has ever arrived.
fn is_empty(store: &ReadHalf) -> bool {
    let resources = store.catalog().resources.rows();
    let services = resources.batches.iter().filter_map(|batch| batch.column_by_name("service_name")?.as_string_opt());
    let mut services = (0_u32..).zip(services.flat_map(GenericStringArray::<i32>::iter));
    services.all(|(position, service)| service == Some(OWN_SERVICE) || resources.blanks.contains(&position))
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let mut text = String::with_capacity(16 << 10);
    shared.status.write_metrics(&mut text);
    shared.metrics.write(&mut text);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// `POST /api/admin/seal`: for whoever has the token, or sits at the machine where there is none.
pub(crate) async fn seal(State(shared): State<Arc<Shared>>, extensions: Extensions) -> Result<Response, ApiError> {
    guard::only_operators(&shared.config, &extensions, "seal")?;
    shared.admin.seal().await;
    Ok(Json(json!({ "sealed": true })).into_response())
}
