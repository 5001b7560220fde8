//! Prometheus's HTTP API under `/prometheus/api/v1`: queries and what dashboards ask about series.
//!
//! Owns the envelope, parameters and errors as Prometheus has them (its documentation, "HTTP API", and `web/api/v1/api.go`
//! where that is silent). Evaluation runs on a thread that may block. Never knows how series are stored.

mod answer;
mod data;
mod lists;
pub(crate) mod live;
mod parameters;
mod query;
mod rules;
mod targets;
mod tree;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use spanlake_series::StoreSeries;
use tokio::runtime::Handle;

use crate::state::Shared;
use answer::{Failure, success};
use parameters::Parameters;
pub use targets::{ActiveTarget, DroppedTarget, ScrapedTargets};

/// How values stand in answers, for whoever else tells of series.
pub(crate) mod written {
    pub(crate) use super::answer::{histogram, labels, sample, seconds};
}

/// How long a query waits for others.
const TURN_PATIENCE: Duration = Duration::from_secs(10);

/// The version of Prometheus whose API this is: clients choose by it what they may ask.
const PROMETHEUS_VERSION: &str = "3.5.0";

/// The routes, below `/prometheus`.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/v1/query", get(query::instant).post(query::instant))
        .route("/api/v1/query_range", get(query::range).post(query::range))
        .route("/api/v1/query_exemplars", get(query::exemplars).post(query::exemplars))
        .route("/api/v1/format_query", get(query::format).post(query::format))
        .route("/api/v1/labels", get(lists::labels).post(lists::labels))
        .route("/api/v1/label/{name}/values", get(lists::label_values))
        .route("/api/v1/series", get(lists::series).post(lists::series))
        .route("/api/v1/metadata", get(lists::metadata))
        .route("/api/v1/status/buildinfo", get(build_info))
        .route("/api/v1/status/tsdb", get(lists::cardinality))
        .route("/api/v1/parse_query", get(tree::parse).post(tree::parse))
        .route("/api/v1/status/flags", get(flags))
        .route("/api/v1/targets", get(targets::targets))
        .route("/api/v1/rules", get(rules::rules))
        .route("/api/v1/alerts", get(rules::alerts))
        .route("/api/v1/{*rest}", get(unknown).post(unknown))
        .route("/-/healthy", get(async || "Spanlake is Healthy.\n"))
        .route("/-/ready", get(async || "Spanlake is Ready.\n"))
}

async fn build_info() -> Response {
    success(&json!({
        "version": PROMETHEUS_VERSION,
        "revision": concat!("spanlake-", env!("CARGO_PKG_VERSION")),
        "branch": "", "buildUser": "", "buildDate": "", "goVersion": "",
    }))
}

/// What the server was told, by the names of Prometheus's flags that mean the same, and of settings that have none.
async fn flags(State(shared): State<Arc<Shared>>) -> Response {
    success(&shared.status.flags())
}

async fn unknown() -> Failure {
    Failure::not_found("this part of Prometheus's API is not here")
}

/// Does what blocks with the series of this moment.
async fn with_series<T: Send + 'static>(
    shared: &Arc<Shared>,
    named: Vec<String>,
    work: impl FnOnce(&StoreSeries) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let pinned = move |shared: &Shared, runtime: Handle| {
        work(&StoreSeries::pin(&shared.series, shared.store.catalog(), &shared.engine, runtime, named))
    };
    in_turn(shared, "the query was stopped by a fault", pinned).await?
}

/// Does what blocks when it has its turn; `fault` is said where it panics.
async fn in_turn<T: Send + 'static>(
    shared: &Arc<Shared>,
    fault: &'static str,
    work: impl FnOnce(&Shared, Handle) -> T + Send + 'static,
) -> Result<T, Failure> {
    let turn = tokio::time::timeout(TURN_PATIENCE, Arc::clone(&shared.promql_turns).acquire_owned()).await;
    let turn = turn.map_err(|_| Failure::busy())?.map_err(|_| Failure::internal("the server stops"))?;
    let shared = Arc::clone(shared);
    let runtime = Handle::current();
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work(&shared, runtime)
    });
    done.await.map_err(|_| Failure::internal(fault))
}
