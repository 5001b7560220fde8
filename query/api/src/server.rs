//! The routes, and serving them.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::serve::ListenerExt;
use http::header;
use spanlake_state::DOCUMENT_BYTES_MAX;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

use crate::error::ApiError;
use crate::state::{ApiState, Shared};
use crate::{
    boards, compare, export, facets, forget, guard, health, heatmap, import, jaeger, live, metric_names, metric_series,
    mysql, page, pins, prometheus, sampling, service_map, services, sql, tempo, trace, trace_list, traced,
};

/// Bytes of a request's body; a statement of the greatest length fits well.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Bytes of an answer from which compressing pays.
const COMPRESSED_BYTES_MIN: u16 = 1024;

/// Everything that port 4300 answers but what writes.
pub fn routes(state: ApiState) -> Router {
    routes_with(state, Router::new())
}

/// Everything that port 4300 answers: the routes of this crate, and the writing ones of another, behind one guard.
pub fn routes_with(state: ApiState, writing: Router) -> Router {
    let import_bytes_max = state.config.import_bytes_max;
    let shared = Arc::new(Shared::new(state));
    let boards_route =
        get(boards::get).put(boards::put).delete(boards::remove).layer(DefaultBodyLimit::max(DOCUMENT_BYTES_MAX));
    Router::new()
        .route("/api/sql", post(sql::post_sql).get(sql::get_sql))
        .route("/api/traces", get(trace_list::list))
        .route("/api/traces/facets", get(facets::facets))
        .route("/api/traces/heatmap", get(heatmap::heatmap))
        .route("/api/traces/compare", get(compare::compare))
        .route("/api/service-map", get(service_map::service_map))
        .route("/api/traces/{trace_id}", get(trace::one))
        .route("/api/traces/{trace_id}/why", get(trace::why))
        .route("/api/traces/{trace_id}/peers", get(trace::peers))
        .route("/api/traces/{trace_id}/shape", get(trace::shape))
        .route("/api/services", get(services::services))
        .route("/api/operations", get(services::operations))
        .route("/api/metrics", get(metric_names::names))
        .route("/api/metrics/series", get(metric_series::series))
        .route("/api/live", get(live::live))
        .route("/api/status", get(health::status))
        .route("/api/sampling", get(sampling::report))
        .route("/api/sampling/simulate", post(sampling::simulate))
        .route("/sampling", get(sampling::page_or_strategy))
        .route("/api/pins", get(pins::list).post(pins::post))
        .route("/api/pins/{id}", delete(pins::remove))
        .route("/api/boards", get(boards::list))
        .route("/api/boards/{name}", boards_route)
        .route("/api/boards/{name}/versions", get(boards::versions))
        .route("/api/export/{signal}", get(export::export))
        .route("/api/import/{signal}", post(import::import).layer(DefaultBodyLimit::max(import_bytes_max)))
        .route("/api/forget", post(forget::post))
        .route("/api/forget/{id}", get(forget::one))
        .route("/api/admin/seal", post(health::seal))
        .nest("/api/mysql", mysql::routes())
        .nest("/prometheus", prometheus::routes())
        .nest("/tempo", tempo::routes())
        .nest("/jaeger", jaeger::routes())
        .merge(jaeger::grpc_routes())
        .merge(tempo::grpc_routes())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .merge(writing.with_state(()))
        .route_layer(from_fn(traced::traced))
        .fallback(page::page)
        .method_not_allowed_fallback(page::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(compression())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::clone(&shared), guard::guard))
        .with_state(shared)
}

/// Serves until `stop`; then finishes the requests that are there.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> std::io::Result<()> {
    // Answers are written whole: waiting to fill a packet would only delay them.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await
}

fn compression() -> CompressionLayer<impl Predicate> {
    let is_text = |_: http::StatusCode, _: http::Version, headers: &http::HeaderMap, _: &http::Extensions| {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        ["application/json", "text/csv", "text/plain"].iter().any(|name| content_type.starts_with(name))
    };
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(COMPRESSED_BYTES_MIN).and(is_text))
}

fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text =
        panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    tracing::error!(panic = text.unwrap_or_default(), "a handler panicked");
    ApiError::new(http::StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server made a mistake; its log says more")
        .into_response()
}
