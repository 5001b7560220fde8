//! A span for each request of the API, by the names of OpenTelemetry's HTTP conventions.
//!
//! Owns the span's fields. Never looks at a body; health checks, metrics and the page's files make no spans.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::guard::is_below;

/// Runs the request in its span, which ends when the head of the answer is known.
pub(crate) async fn traced(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !is_below(path, "/api") {
        return next.run(request).await;
    }
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{} {route}", request.method()),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = %request.method(),
        http.route = route,
        http.response.status_code = Empty,
    );
    async move {
        let response = next.run(request).await;
        let span = Span::current();
        span.record("http.response.status_code", response.status().as_u16());
        if response.status().is_server_error() {
            span.record("otel.status_code", "ERROR");
        }
        response
    }
    .instrument(span)
    .await
}
