//! Tempo's HTTP API under `/tempo`: what Grafana's Tempo data source asks, and what it has streamed over gRPC: [`streaming`].
//!
//! Owns Tempo's paths, parameters and JSON (its documentation "HTTP API", and `pkg/api` and `pkg/tempopb` where that is
//! silent). Nanoseconds are strings, ids in JSON traces base64. Never searches itself.

mod lists;
pub(crate) mod metrics;
mod search;
mod streaming;
mod trace;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::parameters;
use crate::state::Shared;

/// The version of Tempo whose API this is: clients choose by it what they may ask.
const TEMPO_VERSION: &str = "2.9.0";

/// The routes, below `/tempo`.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/echo", get(async || "echo"))
        .route("/ready", get(async || "ready\n"))
        .route("/api/status/buildinfo", get(build_info))
        .route("/api/traces/{id}", get(trace::v1))
        .route("/api/v2/traces/{id}", get(trace::v2))
        .route("/api/search", get(search::search))
        .route("/api/metrics/query_range", get(metrics::query_range))
        .route("/api/metrics/query", get(metrics::query_instant))
        .route("/api/search/tags", get(lists::tags))
        .route("/api/v2/search/tags", get(lists::tags_by_scope))
        .route("/api/search/tag/{tag}/values", get(lists::values))
        .route("/api/v2/search/tag/{tag}/values", get(lists::typed_values))
}

pub(crate) use streaming::routes as grpc_routes;

async fn build_info() -> Json<Value> {
    Json(json!({
        "version": TEMPO_VERSION,
        "revision": concat!("spanlake-", env!("CARGO_PKG_VERSION")),
        "branch": "", "buildUser": "", "buildDate": "", "goVersion": "",
    }))
}

/// Unix seconds, as Tempo takes them; nanoseconds and RFC 3339 as well.
fn moment(name: &str, text: &str) -> Result<i64, ApiError> {
    match text.parse::<i64>() {
        Ok(seconds) if seconds.abs() < 100_000_000_000 => Ok(seconds.saturating_mul(parameters::SECOND)),
        _ => parameters::moment(name, text),
    }
}
