//! What an acknowledgement promises: visible at once, there after a kill, once and only once.

use std::path::Path;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::ingest::{Compression, DecodeLimits, Encoding};
use spanlake_schemas::tables::Table;

mod cold;
mod compaction;
mod forget;
mod missing;
mod rolled_up;
mod series_guard;
mod services;

use super::*;
use crate::open::{OpenError, Opened};

fn trace_id(number: u64) -> TraceId {
    let mut id = [7; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    TraceId(id)
}

fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) }),
        ..KeyValue::default()
    }
}

/// One request with `spans` spans of the trace `number`.
fn body(number: u64, spans: u64) -> Bytes {
    body_at(number, spans, u64::try_from(crate::now_nanos()).unwrap())
}

fn body_at(number: u64, spans: u64, start: u64) -> Bytes {
    let span = |index: u64| Span {
        trace_id: trace_id(number).0.to_vec(),
        span_id: (number * 1000 + index + 1).to_be_bytes().to_vec(),
        name: format!("operation {index}"),
        start_time_unix_nano: start + index,
        end_time_unix_nano: start + 1_000_000,
        attributes: vec![attribute("http.request.method", "GET"), attribute("shop.item", &number.to_string())],
        ..Span::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes: vec![attribute("service.name", "shop")], ..Resource::default() }),
            scope_spans: vec![ScopeSpans { spans: (0..spans).map(span).collect(), ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }],
    };
    Bytes::from(request.encode_to_vec())
}

fn request(store: &Store, body: Bytes) -> Request {
    let received_at = crate::now_nanos();
    let limits = DecodeLimits::default();
    let decoded = spanlake_schemas::otlp::decode(
        Signal::Traces,
        Encoding::Protobuf,
        &body,
        received_at,
        &limits,
        store.known_series(),
    )
    .unwrap();
    Request {
        signal: Signal::Traces,
        encoding: Encoding::Protobuf,
        compression: Compression::None,
        body,
        received_at,
        limits,
        door: spanlake_schemas::door::DoorThresholds::default(),
        decoded,
    }
}

async fn send(store: &Store, body: Bytes) {
    store.store(request(store, body)).await.unwrap();
}

/// Opens, waiting for the threads of a store that was just dropped.
fn open(dir: &Path) -> Opened {
    open_with(StoreConfig::in_dir(dir)).unwrap()
}

fn open_with(config: StoreConfig) -> Result<Opened, OpenError> {
    for _ in 0..200 {
        match Store::open(config.clone()) {
            Err(OpenError::InUse { .. }) => std::thread::sleep(Duration::from_millis(10)),
            other => return other,
        }
    }
    panic!("the data directory stays locked");
}

fn rows(store: &Store, table: Table) -> u64 {
    let version = store.read().pin();
    let hot: usize = version.hot(table).iter().map(|hot| hot.batch.num_rows()).sum();
    let files: u64 = version.files(table).iter().map(|file| file.entry.rows).sum();
    u64::try_from(hot).unwrap() + files
}

async fn spans_of(store: &Store, number: u64) -> usize {
    let read = store.read();
    let found = read.trace_rows(&read.pin(), Table::Spans, &[trace_id(number)], None).await.unwrap();
    found.batches.iter().map(arrow::record_batch::RecordBatch::num_rows).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_rows_are_visible_at_once_and_after_a_kill_before_and_after_a_seal() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).store;
    for number in 0..20 {
        send(&store, body(number, 10)).await;
        assert_eq!(spans_of(&store, number).await, 10);
    }
    drop(store);
    let opened = open(dir.path());
    assert_eq!(opened.report.replay.records, 20);
    let store = opened.store;
    assert_eq!(rows(&store, Table::Spans), 200);
    store.seal().await;
    assert_eq!(store.read().pin().hot(Table::Spans).len(), 0);
    assert_eq!(rows(&store, Table::Spans), 200);
    assert_eq!(rows(&store, Table::Resources), 1);
    for number in 20..30 {
        send(&store, body(number, 10)).await;
    }
    drop(store);
    let opened = open(dir.path());
    assert_eq!(opened.report.replay.records, 10);
    for number in 0..30 {
        assert_eq!(spans_of(&opened.store, number).await, 10, "trace {number}");
    }
    assert_eq!(rows(&opened.store, Table::Resources), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_equal_retry_is_acknowledged_and_stored_once_even_across_a_seal_and_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).store;
    let sent = body(1, 10);
    send(&store, sent.clone()).await;
    send(&store, sent.clone()).await;
    assert_eq!(rows(&store, Table::Spans), 10);
    store.shutdown().await;
    drop(store);
    let store = open(dir.path()).store;
    send(&store, sent).await;
    assert_eq!(rows(&store, Table::Spans), 10);
    assert_eq!(store.metrics().duplicate_requests.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_tail_is_cut_and_counted_and_damage_before_valid_records_is_refused_until_salvaged() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).store;
    for number in 0..10 {
        send(&store, body(number, 5)).await;
    }
    drop(store);
    drop(open(dir.path()));
    let log = dir.path().join("log");
    let (_, segment) = crate::log::segment::list(&log).unwrap().remove(0);
    let whole = std::fs::read(&segment).unwrap();
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;

    std::fs::write(&segment, &whole[..end - 20]).unwrap();
    let opened = open(dir.path());
    assert!(opened.report.replay.cut_bytes > 0);
    assert_eq!(rows(&opened.store, Table::Spans), 45);
    drop(opened);
    drop(open(dir.path()));

    let mut damaged = whole.clone();
    damaged[200] ^= 1;
    std::fs::write(&segment, &damaged).unwrap();
    let Err(error) = open_with(StoreConfig::in_dir(dir.path())) else { panic!("damage is refused") };
    assert!(error.to_string().contains("spanlake salvage-log --data-dir"), "{error}");
    let salvaged = crate::log::salvage::salvage(&log, 0).unwrap();
    assert_eq!(salvaged.len(), 1);
    assert_eq!(salvaged[0].kept_records, 9);
    assert_eq!(rows(&open(dir.path()).store, Table::Spans), 45);
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_seals_as_it_goes_so_that_memory_stays_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).store;
    for number in 0..50 {
        send(&store, body(number, 100)).await;
    }
    drop(store);
    let config = StoreConfig { seal_bytes: 100_000, ..StoreConfig::in_dir(dir.path()) };
    let store = open_with(config).unwrap().store;
    assert!(store.read().pin().files(Table::Spans).len() > 5);
    assert_eq!(rows(&store, Table::Spans), 5000);
    for number in 0..50 {
        assert_eq!(spans_of(&store, number).await, 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_never_see_a_row_twice_or_miss_one_while_seals_run() {
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig { seal_bytes: 50_000, ..StoreConfig::in_dir(dir.path()) };
    let store = open_with(config).unwrap().store;
    let acknowledged = std::sync::atomic::AtomicU64::new(0);
    let writer = async {
        for number in 0..200 {
            send(&store, body(number, 20)).await;
            acknowledged.fetch_add(20, Ordering::Release);
        }
    };
    let reader = async {
        while acknowledged.load(Ordering::Acquire) < 4000 {
            let least = acknowledged.load(Ordering::Acquire);
            let seen = rows(&store, Table::Spans);
            assert!(seen >= least && seen <= least + 40, "{least} acknowledged, {seen} seen");
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(writer, reader);
    store.shutdown().await;
    assert!(store.metrics().seals.load(Ordering::Relaxed) > 3);
    assert_eq!(rows(&store, Table::Spans), 4000);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tiny_requests_are_joined_into_few_batches() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).store;
    for number in 0..500 {
        send(&store, body(number, 1)).await;
    }
    assert_eq!(rows(&store, Table::Spans), 500);
    assert!(store.read().pin().hot(Table::Spans).len() < 24, "{}", store.read().pin().hot(Table::Spans).len());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_memory_cap_requests_are_refused_until_permits_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig { memory_bytes_max: 1_000_000, ..StoreConfig::in_dir(dir.path()) };
    let store = open_with(config).unwrap().store;
    let first = store.admit(900_000).unwrap();
    assert!(matches!(store.admit(200_000), Err(Refusal::Memory { .. })));
    drop(first);
    assert!(store.admit(5_000_000).is_ok(), "one request alone is always let in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_store_on_the_directory_is_refused_with_the_owner() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let Err(error) = Store::open(StoreConfig::in_dir(dir.path())) else { panic!("it is in use") };
    assert!(error.to_string().contains(&format!("pid {}", std::process::id())), "{error}");
    drop(opened);
}
