//! A small corpus in a real store, in memory, in files, or half and half.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::json::ReaderBuilder;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use serde_json::{Value, json};
use spanlake_schemas::ingest::{Batches, Compression, DecodeLimits, Decoded, Encoding, Ingest, Request, Signal};
use spanlake_schemas::tables::Table;
use spanlake_store::{ColdConfig, Store, StoreConfig, now_nanos};
use tempfile::TempDir;

use crate::facts::FilterPlace;
use crate::session::Sessions;
use crate::{Engine, EngineLimits};

pub(super) const SECOND: i64 = 1_000_000_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
const SERVICES: [&str; 4] = ["frontend", "cart", "checkout", "mail"];

/// Where rows are when they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Memory,
    Files,
    Both,
    /// All in the cold tier.
    Cold,
    /// Half of it there, half in memory.
    HalfCold,
}

/// A store with rows and an engine over it.
pub(super) struct Lake {
    pub(super) store: Store,
    pub(super) engine: Engine,
    /// The corpus ends about here.
    pub(super) now: i64,
    requests: u32,
    dir: TempDir,
}

pub(super) fn limits(spill: PathBuf) -> EngineLimits {
    EngineLimits {
        memory_bytes_max: 256 << 20,
        timeout: Duration::from_secs(60),
        concurrency: 4,
        queue_wait: Duration::from_millis(200),
        threads: 2,
        spill_dir: spill,
        spill_bytes_max: 64 << 20,
    }
}

impl Lake {
    pub(super) fn empty() -> Self {
        Self::with_limits(|_| {})
    }

    pub(super) fn with_limits(change: impl FnOnce(&mut EngineLimits)) -> Self {
        Self::with_settings(change, false)
    }

    /// With a cold tier whatever is sealed leaves at once.
    fn with_settings(change: impl FnOnce(&mut EngineLimits), has_cold: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cold = ColdConfig {
            url: dir.path().join("cold").display().to_string(),
            options: Vec::new(),
            adopt: false,
            hot_age_max: Duration::from_secs(3600),
            hot_bytes_max: 0,
            sweep_after: Duration::from_secs(3600),
            cache_bytes_max: 1 << 20,
            sampling: None,
        };
        let config = StoreConfig {
            seal_interval: Duration::from_secs(3600),
            // Tests count files.
            compaction: false,
            cold: has_cold.then_some(cold),
            ..StoreConfig::in_dir(dir.path().join("data"))
        };
        let store = Store::open(config).unwrap().store;
        let mut limits = limits(dir.path().join("spill"));
        change(&mut limits);
        let engine = Engine::new(store.read(), limits).unwrap();
        Self { store, engine, now: with_whole_chunks(now_nanos()), requests: 0, dir }
    }

    pub(super) fn engine_with_filters(&self, place: FilterPlace) -> Engine {
        let limits = limits(self.dir.path().join("spill"));
        let sessions = Sessions::new(self.store.read(), &limits).unwrap().with_filters(place);
        Engine::over(sessions, limits).unwrap()
    }

    /// The whole corpus, the same for each place but for the moment it ends.
    pub(super) async fn filled(place: Place) -> Self {
        let is_cold = matches!(place, Place::Cold | Place::HalfCold);
        let mut lake = Self::with_settings(|_| {}, is_cold);
        lake.now = 1_900_000_000 * SECOND;
        lake.dimensions().await;
        for chunk in 0..12 {
            lake.spans(chunk).await;
            lake.logs(chunk).await;
            lake.points(chunk).await;
            if place == Place::Both && chunk % 3 == 1 || place == Place::Files && chunk % 3 == 2 {
                lake.store.seal().await;
            }
            if place == Place::Cold && chunk == 11 || place == Place::HalfCold && chunk == 5 {
                lake.move_cold().await;
            }
        }
        lake
    }

    async fn move_cold(&self) {
        self.store.seal().await;
        let is_hot = |table: Table| {
            let version = self.store.read().pin();
            !table.is_dimension() && version.files(table).iter().any(|file| !file.is_cold())
        };
        for _ in 0..1000 {
            if !Table::ALL.into_iter().any(is_hot) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{:?}", self.store.cold_status());
    }

    pub(super) async fn put(&mut self, signal: Signal, tables: Vec<(Table, Vec<Value>)>) {
        let tables = tables.into_iter().map(|(table, rows)| (table, batch(table, &rows))).collect();
        self.put_batches(signal, tables).await;
    }

    pub(super) async fn put_batches(&mut self, signal: Signal, tables: Vec<(Table, RecordBatch)>) {
        self.requests += 1;
        let decoded = Decoded { batches: Batches { tables }, accepted: 1, ..Decoded::default() };
        let request = Request {
            signal,
            encoding: Encoding::Protobuf,
            compression: Compression::None,
            body: Bytes::from(self.requests.to_string()),
            received_at: self.now,
            limits: DecodeLimits::default(),
            door: spanlake_schemas::door::DoorThresholds::default(),
            decoded,
        };
        let _permit = self.store.admit(1).unwrap();
        self.store.store(request).await.unwrap();
    }

    async fn dimensions(&mut self) {
        let resources = (0..8).map(|index| {
            json!({"resource_id": index, "service_name": SERVICES[index % 4], "dropped_attributes_count": 0,
                   "attributes": {"service.name": SERVICES[index % 4], "k8s.pod.name": format!("pod-{index}"),
                                  "service.namespace": if index < 4 { "shop" } else { "back" }, "zone": format!("z{}", index % 3)},
                   "schema_url": "https://opentelemetry.io/schemas/1.30.0", "received_time": self.now})
        });
        let resources = resources.collect();
        let scopes = vec![json!({"scope_id": 7, "name": "io.test", "version": "1.2", "attributes": {"team": "lake"},
                                 "dropped_attributes_count": 0, "received_time": self.now})];
        self.put(Signal::Traces, vec![(Table::Resources, resources), (Table::Scopes, scopes)]).await;
    }

    /// 100 spans, 5 a trace, in one minute.
    async fn spans(&mut self, chunk: i64) {
        let rows = (0..100).map(|row| span(self.now, chunk, row)).collect();
        self.put(Signal::Traces, vec![(Table::Spans, rows)]).await;
    }

    async fn logs(&mut self, chunk: i64) {
        let rows = (0..40).map(|row| log(self.now, chunk, row)).collect();
        self.put(Signal::Logs, vec![(Table::Logs, rows)]).await;
    }

    /// A metric a chunk, and one that is in all.
    async fn points(&mut self, chunk: i64) {
        let mut series = Vec::new();
        let mut points = Vec::new();
        for (metric, name) in [(1 + chunk, format!("metric.{chunk}")), (200, "requests".to_owned())] {
            for resource in 0..4_i64 {
                let id = format!("{metric:08x}{:024x}", resource + 1);
                series.push(json!({"series_id": id, "name": name, "description": "d", "unit": "1", "type": "sum",
                    "temporality": "cumulative", "is_monotonic": true, "resource_id": resource, "scope_id": 7,
                    "service_name": SERVICES[resource as usize], "attributes": {"http.route": format!("/r{resource}")},
                    "metadata": {}, "received_time": self.now}));
                for step in 0..10 {
                    let mut point = json!({"series_id": id, "time": self.now - (60 - chunk * 5) * MINUTE + step * SECOND,
                        "start_time": self.now - 90 * MINUTE, "flags": 0, "received_time": self.now});
                    let column = if resource % 2 == 0 { "value_double" } else { "value_int" };
                    point[column] = json!(chunk * 10 + step);
                    points.push(point);
                }
            }
        }
        self.put(Signal::Metrics, vec![(Table::Series, series), (Table::Points, points)]).await;
    }
}

pub(super) fn trace_id(chunk: i64, trace: i64) -> String {
    format!("{:016x}{:016x}", 0xabcd_ef00_0000_0000_u64 + trace as u64, chunk)
}

/// The last minute in which no chunk is cut by the end of an hour: tests count files. Chunks begin whole five minutes before
/// and take less than one.
fn with_whole_chunks(now: i64) -> i64 {
    let into_five_minutes = now % (5 * MINUTE);
    now - (into_five_minutes - 4 * MINUTE).max(0)
}

pub(super) fn span(now: i64, chunk: i64, row: i64) -> Value {
    let resource = row % 8;
    let mut span = json!({
        "trace_id": trace_id(chunk, row / 5), "span_id": format!("{:016x}", chunk * 1000 + row + 1),
        "start_time": now - (60 - chunk * 5) * MINUTE + row * (SECOND / 2 + 1), "duration": (row * 37 % 100 + 1) * 1_000_000,
        "name": format!("op-{}", row % 7), "kind": if row % 5 == 0 { "server" } else { "client" },
        "status_code": if row % 33 == 0 { "error" } else { "unset" }, "flags": 1,
        "dropped_attributes_count": 0, "dropped_events_count": 0, "dropped_links_count": 0,
        "resource_id": resource, "scope_id": 7, "service_name": SERVICES[(resource % 4) as usize], "received_time": now,
        "attributes": {"tenant": format!("t{}", row % 3), "big": "x".repeat((row % 5) as usize)},
    });
    if row % 5 != 0 {
        span["parent_span_id"] = json!(format!("{:016x}", chunk * 1000 + row / 5 * 5 + 1));
    }
    if row % 4 == 3 {
        span["attributes"]["weight"] = json!(row.to_string());
        span["attribute_types"] = json!(if row % 11 == 0 { "ssis" } else { "ssi" });
    }
    if row % 2 == 0 {
        span["http_request_method"] = json!("GET");
        span["http_response_status_code"] = json!(200 + row % 4 * 100);
    } else if row % 11 == 0 {
        span["attributes"]["http.response.status_code"] = json!("unknown");
    }
    if row % 3 == 0 {
        span["server_port"] = json!(if row % 2 == 0 { 443 } else { 8080 });
    }
    if row == 50 && chunk == 4 {
        span["attributes"]["seldom"] = json!("once");
    }
    if row % 33 == 0 {
        span["status_message"] = json!("boom");
        span["events"] = json!([
            {"time": now, "name": "exception", "attributes": {"exception.type": "E"}, "dropped_attributes_count": 0},
            {"time": now + 1, "name": "retry", "attributes": {}, "dropped_attributes_count": 1}]);
        span["links"] = json!([{"trace_id": trace_id(99, row), "span_id": format!("{row:016x}"), "flags": 0,
                                "attributes": {}, "dropped_attributes_count": 0}]);
    }
    span
}

fn log(now: i64, chunk: i64, row: i64) -> Value {
    let resource = row % 8;
    let mut log = json!({
        "time": now - (60 - chunk * 5) * MINUTE + row * SECOND, "severity_number": 9 + row % 3 * 4,
        "severity_text": "INFO", "body": format!("message {row} of {chunk}"), "flags": 0, "dropped_attributes_count": 0,
        "resource_id": resource, "scope_id": 7, "service_name": SERVICES[(resource % 4) as usize], "received_time": now,
        "attributes": {"n": row.to_string()},
    });
    if row % 4 == 0 {
        log["trace_id"] = json!(trace_id(chunk, row / 4));
        log["span_id"] = json!(format!("{:016x}", chunk * 1000 + 1));
    }
    log
}

/// A batch with the columns that the rows have.
pub(super) fn batch(table: Table, rows: &[Value]) -> RecordBatch {
    let all = table.schema();
    let used = |name: &str| rows.iter().any(|row| row.get(name).is_some());
    let fields: Vec<_> = all.fields().iter().filter(|field| used(field.name())).cloned().collect();
    let schema = Arc::new(arrow::datatypes::Schema::new(fields));
    let mut decoder = ReaderBuilder::new(schema).build_decoder().unwrap();
    decoder.serialize(rows).unwrap();
    decoder.flush().unwrap().unwrap()
}
