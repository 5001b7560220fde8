//! HTTP as OpenTelemetry wants it told: a server span for each request answered, a client span for each one made.
//!
//! Owns span names, the attributes of the HTTP semantic conventions and the `traceparent` header on both sides,
//! and the one HTTP client that the exporters use too. Never knows what the shop sells: routes come from the
//! service, and so do their answers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use async_trait::async_trait;
use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, State};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use opentelemetry::metrics::Histogram;
use opentelemetry::trace::Status;
use opentelemetry::{KeyValue, global};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HeaderExtractor, HeaderInjector, HttpClient, HttpError};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

const DURATION_BUCKETS_S: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
const TIMEOUT: Duration = Duration::from_secs(30);

/// Serves the routes, each in a span, on a free port of the loopback, and answers that port.
pub async fn serve(routes: Router) -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on the loopback")?;
    let port = listener.local_addr()?.port();
    let duration = global::meter("rust-shop")
        .f64_histogram("http.server.request.duration")
        .with_unit("s")
        .with_description("Duration of HTTP server requests.")
        .with_boundaries(DURATION_BUCKETS_S.to_vec())
        .build();
    let routes = routes.layer(from_fn_with_state(duration, in_server_span));
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(port)
}

async fn in_server_span(
    State(duration): State<Histogram<f64>>,
    route: Option<MatchedPath>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: axum::extract::Request,
    next: Next,
) -> axum::response::Response {
    let started = Instant::now();
    let method = request.method().to_string();
    let route = route.map(|route| route.as_str().to_owned()).unwrap_or_default();
    let span = info_span!(
        "server",
        otel.name = format!("{method} {route}").trim_end(),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        url.scheme = "http",
        url.path = request.uri().path(),
        server.address = "127.0.0.1",
        client.address = %client.ip(),
    );
    let parent = global::get_text_map_propagator(|propagator| propagator.extract(&HeaderExtractor(request.headers())));
    // Fails only where no telemetry was started, and then there is no span either.
    let _ = span.set_parent(parent);

    let response = next.run(request).instrument(span.clone()).await;
    record_status(&span, response.status(), response.status().is_server_error());
    let attributes = [
        KeyValue::new("http.request.method", method),
        KeyValue::new("http.route", route),
        KeyValue::new("http.response.status_code", i64::from(response.status().as_u16())),
        KeyValue::new("url.scheme", "http"),
    ];
    duration.record(started.elapsed().as_secs_f64(), &attributes);
    response
}

fn record_status(span: &Span, status: StatusCode, is_error: bool) {
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if is_error {
        span.set_attribute("error.type", status.as_str().to_owned());
        span.set_status(Status::error(""));
    }
}

/// Calls one other service on the loopback.
pub struct Caller {
    client: HyperClient,
    port: u16,
}

impl Caller {
    pub fn new(port: u16) -> Self {
        Self { client: HyperClient::with_default_connector(TIMEOUT, None), port }
    }

    /// Calls in a client span and carries the trace there. `template` names the span; `path` is what is asked.
    pub async fn call(
        &self,
        method: Method,
        template: &str,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let span = info_span!(
            "client",
            otel.name = format!("{method} {template}"),
            otel.kind = "client",
            http.request.method = method.as_str(),
            url.full = format!("http://127.0.0.1:{}{path}", self.port),
            url.template = template,
            server.address = "127.0.0.1",
            server.port = i64::from(self.port),
        );
        let mut headers = HeaderMap::new();
        global::get_text_map_propagator(|propagator| {
            propagator.inject_context(&span.context(), &mut HeaderInjector(&mut headers));
        });
        let answer = self.plain_call(method, path, body, headers).instrument(span.clone()).await;
        match &answer {
            Ok((status, _)) => record_status(&span, *status, !status.is_success()),
            Err(error) => span.set_status(Status::error(error.to_string())),
        }
        answer
    }

    /// A request that nobody traces, such as a customer's browser makes it.
    pub async fn plain_call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        headers: HeaderMap,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:{}{path}", self.port))
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_string()))?;
        request.headers_mut().extend(headers);
        let response = self.client.send_bytes(request).await.map_err(anyhow::Error::from_boxed)?;
        Ok((response.status(), serde_json::from_slice(response.body())?))
    }
}

/// The exporters' HTTP client. The SDK exports from threads of its own, outside the runtime that the client
/// needs, so each request is handed over to it.
#[derive(Debug, Clone)]
pub struct ExportClient {
    client: HyperClient,
    runtime: Handle,
}

impl ExportClient {
    pub fn on_this_runtime() -> Self {
        Self { client: HyperClient::with_default_connector(TIMEOUT, None), runtime: Handle::current() }
    }
}

#[async_trait]
impl HttpClient for ExportClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}
