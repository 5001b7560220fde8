//! A store, an engine and the routes over them.

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use serde_json::{Value, json};
use spanlake_engine::{Engine, EngineLimits};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::ingest::{Compression, DecodeLimits, Encoding, Ingest, Request as Sent, Signal};
use spanlake_schemas::otlp;
use spanlake_schemas::sampling::Pin as PinnedTraces;
use spanlake_state::StateFile;
use spanlake_store::{
    ForgetError, ForgetPreview, ForgetReport, ForgetRequest, Store, StoreConfig, TraceRows, now_nanos,
};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{
    Accepted, Admin, ApiConfig, ApiState, Forget, HeadRates, Import, ImportRefusal, Imported, Policy, Sampling,
    SimulationError, StatusReport, StatusSource,
};

pub(super) const SECOND: i64 = 1_000_000_000;

pub(super) struct Lake {
    pub(super) store: Store,
    pub(super) routes: Router,
    pub(super) rooms: Arc<Rooms>,
    _dir: TempDir,
}

/// Stands for the other rooms.
pub(super) struct Rooms {
    store: Store,
    pub(super) ready: AtomicBool,
    pub(super) seals: AtomicU64,
    pub(super) pins: Mutex<Vec<PinnedTraces>>,
}

impl StatusSource for Rooms {
    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    fn report(&self) -> StatusReport {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 4317));
        let accepted = Accepted { spans: 1, logs: 2, points: 3 };
        StatusReport {
            uptime_seconds: 12,
            otlp_grpc: address,
            otlp_http: address,
            data_dir: "./data".into(),
            accepted,
            hot_bytes: 5,
            log_bytes: 6,
            hot_file_bytes: 7,
            cold: None,
        }
    }

    fn sampling(&self) -> Option<serde_json::Value> {
        None
    }

    fn write_metrics(&self, out: &mut String) {
        out.push_str("# HELP other Of another room.\n# TYPE other gauge\nother 1\n");
    }
}

impl Admin for Rooms {
    fn import(&self, _: Import) -> Pin<Box<dyn Future<Output = Result<Imported, ImportRefusal>> + Send + '_>> {
        Box::pin(async { Ok(Imported::default()) })
    }

    fn seal(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            self.store.seal().await;
            self.seals.fetch_add(1, Ordering::Relaxed);
        })
    }
}

impl Sampling for Rooms {
    fn set_pins(&self, pins: &[PinnedTraces]) {
        *self.pins.lock() = pins.to_vec();
    }

    fn outlook(&self, _: TraceId, spans: &TraceRows, _: &TraceRows) -> Result<Option<Value>, String> {
        Ok(Some(json!({ "batches": spans.batches.len() })))
    }

    fn explain(&self, reason: &str) -> String {
        format!("it is {reason}")
    }

    fn simulate(&self, policy: Policy) -> Pin<Box<dyn Future<Output = Result<Value, SimulationError>> + Send + '_>> {
        Box::pin(async move {
            match policy.rules {
                Some(_) => Err(SimulationError::Invalid("rules: none of that".to_owned())),
                None => Ok(json!({ "day_bytes": policy.day_bytes })),
            }
        })
    }

    fn head_rates(&self, service: &str) -> Option<HeadRates> {
        let operations = vec![("GET /health".to_owned(), 0.01)];
        (service != "off").then_some(HeadRates { probability: 0.25, operations })
    }
}

type Forgotten<'a, T> = Pin<Box<dyn Future<Output = Result<T, ForgetError>> + Send + 'a>>;

impl Forget for Rooms {
    fn forget(&self, request: ForgetRequest) -> Forgotten<'_, String> {
        Box::pin(async move { self.store.forget(&request) })
    }

    fn preview(&self, request: ForgetRequest) -> Forgotten<'_, ForgetPreview> {
        Box::pin(async move { self.store.forget_preview(&request) })
    }

    fn report(&self, id: &str) -> Option<ForgetReport> {
        self.store.forget_report(id)
    }
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Lake {
    pub(super) fn new() -> Self {
        Self::with(|_| {}, |_| {})
    }

    pub(super) fn with(configure: impl FnOnce(&mut ApiConfig), limit: impl FnOnce(&mut EngineLimits)) -> Self {
        Self::with_all(configure, limit, crate::NoMysql)
    }

    pub(super) fn with_mysql(mysql: impl crate::MysqlLive + 'static) -> Self {
        Self::with_all(|_| {}, |_| {}, mysql)
    }

    fn with_all(
        configure: impl FnOnce(&mut ApiConfig),
        limit: impl FnOnce(&mut EngineLimits),
        mysql: impl crate::MysqlLive + 'static,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config =
            StoreConfig { seal_interval: Duration::from_secs(3600), ..StoreConfig::in_dir(dir.path().join("data")) };
        let store = Store::open(config).unwrap().store;
        let mut limits = EngineLimits {
            memory_bytes_max: 256 << 20,
            timeout: Duration::from_secs(60),
            concurrency: 4,
            queue_wait: Duration::from_millis(200),
            threads: 2,
            spill_dir: dir.path().join("spill"),
            spill_bytes_max: 64 << 20,
        };
        limit(&mut limits);
        let rooms = Arc::new(Rooms {
            store: store.clone(),
            ready: AtomicBool::new(true),
            seals: AtomicU64::new(0),
            pins: Mutex::default(),
        });
        let mut config = ApiConfig::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 4300)));
        configure(&mut config);
        let state = ApiState {
            engine: Engine::new(store.read(), limits).unwrap(),
            store: store.read(),
            config,
            status: Arc::<Rooms>::clone(&rooms),
            admin: Arc::<Rooms>::clone(&rooms),
            state: StateFile::open(&dir.path().join("state.redb")).map(Arc::new).map_err(|error| error.to_string()),
            forget: Arc::<Rooms>::clone(&rooms),
            sampling: Arc::<Rooms>::clone(&rooms),
            mysql: Arc::new(mysql),
            series: Arc::default(),
            rules: Arc::default(),
        };
        Self { store, routes: crate::routes(state), rooms, _dir: dir }
    }

    pub(super) async fn send(&self, signal: Signal, body: &Value) {
        let body = Bytes::from(body.to_string());
        let (received_at, limits) = (now_nanos(), DecodeLimits::default());
        let decoded =
            otlp::decode(signal, Encoding::Json, &body, received_at, &limits, self.store.known_series()).unwrap();
        assert_eq!(decoded.rejected, 0, "{:?}", decoded.message);
        let (encoding, compression) = (Encoding::Json, Compression::None);
        let _permit = self.store.admit(1).unwrap();
        self.store
            .store(Sent { signal, encoding, compression, body, received_at, limits, door: Default::default(), decoded })
            .await
            .unwrap();
    }

    pub(super) async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(super) async fn get(&self, address: &str) -> Answer {
        self.ask(Request::get(address).header(header::HOST, "localhost:4300").body(Body::empty()).unwrap()).await
    }

    /// The JSON of an answer that must be good.
    pub(super) async fn json(&self, address: &str) -> Value {
        let answer = self.get(address).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.text());
        answer.json()
    }

    pub(super) async fn post_sql(&self, body: &Value) -> Answer {
        let request = Request::post("/api/sql")
            .header(header::HOST, "127.0.0.1:4300")
            .header(header::CONTENT_TYPE, "application/json");
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(super) async fn sql(&self, query: &str) -> Value {
        let answer = self.post_sql(&json!({ "query": query })).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text());
        answer.json()
    }
}

/// Spans of a service, as OTLP/JSON.
pub(super) fn spans(service: &str, spans: &[Value]) -> Value {
    json!({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
        "scopeSpans": [{"scope": {"name": "io.x", "version": "1"}, "spans": spans}],
    }]})
}

/// A span of a millisecond.
pub(super) fn span(trace: u128, id: u64, parent: u64, name: &str, start: i64) -> Value {
    let mut span = json!({
        "traceId": format!("{trace:032x}"), "spanId": format!("{id:016x}"), "name": name, "kind": 2,
        "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + SECOND / 1000).to_string(),
    });
    if parent != 0 {
        span["parentSpanId"] = json!(format!("{parent:016x}"));
    }
    span
}
