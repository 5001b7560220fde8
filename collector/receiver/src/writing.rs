//! The writing routes of port 4300, as a router that the assembly merges with the reading ones. Who may call is asked
//! by the guard that stands before both.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::routing::post;
use spanlake_schemas::ingest::Signal;

use crate::doors::Doors;
use crate::{http, push, remote_write};

/// Remote write, OTLP and pushes.
pub fn writing_router(doors: Arc<Doors>) -> Router {
    let (write, otlp, pushed) = (Arc::clone(&doors), Arc::clone(&doors), doors);
    Router::new()
        .route(
            "/prometheus/api/v1/write",
            post(move |request: Request| remote_write::write(Arc::clone(&write), request)),
        )
        .route(
            "/prometheus/api/v1/otlp/v1/metrics",
            post(move |request: Request| http::export(Arc::clone(&otlp), Signal::Metrics, request)),
        )
        .route("/api/push", post(move |request: Request| push::push(Arc::clone(&pushed), request)))
}
