//! Forgetting: nothing of it is anywhere, everything else is there exactly once, wherever it is broken off.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point,
};
use opentelemetry_proto::tonic::trace::v1::span;

use super::*;
use crate::durable::files_below;
use crate::read::whole_file;
use crate::{DataFile, FileEntry, ForgetReport, ForgetRequest, ForgetStage};

const PERSON: &str = "jane.roe@example.com";
const OTHER: &str = "john.doe@example.com";
/// The host that a person's own resource names.
const HOST: &str = "laptop-of-jane";

fn resource(host: &str) -> Option<Resource> {
    let attributes = vec![attribute("service.name", "shop"), attribute("host.name", host)];
    Some(Resource { attributes, ..Resource::default() })
}

fn now() -> u64 {
    u64::try_from(crate::now_nanos()).unwrap()
}

/// Six spans of a trace: with the attribute itself, in an event, in a link, on a resource of its own, a link to the
/// first trace, and one that has nothing of it.
fn spans(number: u64, person: &str, host: &str) -> Bytes {
    let user = || vec![attribute("user.id", person)];
    let span = |index: u64| Span {
        trace_id: trace_id(number).0.to_vec(),
        span_id: (number * 1000 + index + 1).to_be_bytes().to_vec(),
        name: format!("operation {index}"),
        start_time_unix_nano: now() + index,
        end_time_unix_nano: now() + 1_000_000,
        ..Span::default()
    };
    let event = span::Event { name: "login".into(), attributes: user(), ..span::Event::default() };
    let link = |attributes| span::Link {
        trace_id: trace_id(0).0.to_vec(),
        span_id: vec![1; 8],
        attributes,
        ..span::Link::default()
    };
    let shared = vec![
        Span { attributes: user(), ..span(0) },
        Span { events: vec![event], ..span(1) },
        Span { links: vec![link(user())], ..span(2) },
        Span { links: vec![link(Vec::new())], ..span(4) },
        span(5),
    ];
    let of = |host, spans| ResourceSpans {
        resource: resource(host),
        scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }],
        ..ResourceSpans::default()
    };
    let resource_spans = vec![of("server", shared), of(host, vec![span(3)])];
    Bytes::from(ExportTraceServiceRequest { resource_spans }.encode_to_vec())
}

/// A log record with the attribute, one of the trace, one on the host, and one that has nothing of it.
fn logs(number: u64, person: &str, host: &str) -> Bytes {
    let record = || LogRecord { time_unix_nano: now() + number, ..LogRecord::default() };
    let shared = vec![
        LogRecord { attributes: vec![attribute("user.id", person)], ..record() },
        LogRecord { trace_id: trace_id(number).0.to_vec(), ..record() },
        record(),
    ];
    let of = |host, log_records| ResourceLogs {
        resource: resource(host),
        scope_logs: vec![ScopeLogs { log_records, ..ScopeLogs::default() }],
        ..ResourceLogs::default()
    };
    let resource_logs = vec![of("server", shared), of(host, vec![record()])];
    Bytes::from(ExportLogsServiceRequest { resource_logs }.encode_to_vec())
}

/// A point of a series with the attribute, one on the host, and one of neither with three exemplars: with the
/// attribute, of the trace, and of neither.
fn points(number: u64, person: &str, host: &str) -> Bytes {
    let exemplar = |filtered_attributes, trace: u64| Exemplar {
        time_unix_nano: now(),
        filtered_attributes,
        trace_id: trace_id(trace).0.to_vec(),
        span_id: vec![1; 8],
        ..Exemplar::default()
    };
    let point = |attributes, exemplars| NumberDataPoint {
        attributes,
        exemplars,
        time_unix_nano: now() + number,
        value: Some(number_data_point::Value::AsInt(1)),
        ..NumberDataPoint::default()
    };
    let user = || vec![attribute("user.id", person)];
    let exemplars = vec![exemplar(user(), 900), exemplar(Vec::new(), number), exemplar(Vec::new(), 900)];
    let of = |host, data_points| {
        let data = Some(metric::Data::Gauge(Gauge { data_points }));
        let metrics = vec![Metric { name: "carts".into(), data, ..Metric::default() }];
        let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
        ResourceMetrics { resource: resource(host), scope_metrics, ..ResourceMetrics::default() }
    };
    let shared = vec![point(user(), Vec::new()), point(Vec::new(), exemplars)];
    let resource_metrics = vec![of("server", shared), of(host, vec![point(Vec::new(), Vec::new())])];
    Bytes::from(ExportMetricsServiceRequest { resource_metrics }.encode_to_vec())
}

pub(super) async fn send_as(store: &Store, signal: Signal, body: Bytes) {
    let (received_at, limits) = (crate::now_nanos(), DecodeLimits::default());
    let known = store.known_series();
    let decoded =
        spanlake_schemas::otlp::decode(signal, Encoding::Protobuf, &body, received_at, &limits, known).unwrap();
    let request = Request {
        signal,
        encoding: Encoding::Protobuf,
        compression: Compression::None,
        body,
        received_at,
        limits,
        door: spanlake_schemas::door::DoorThresholds::default(),
        decoded,
    };
    store.store(request).await.unwrap();
}

async fn send_all(store: &Store, number: u64, person: &str, host: &str) {
    send_as(store, Signal::Traces, spans(number, person, host)).await;
    send_as(store, Signal::Logs, logs(number, person, host)).await;
    send_as(store, Signal::Metrics, points(number, person, host)).await;
}

/// Of trace 0, trace 1 of the person, and traces 2 and 3 of somebody else, each in files or in memory.
async fn fill(store: &Store) {
    send_all(store, 0, OTHER, "server").await;
    send_all(store, 1, PERSON, HOST).await;
    store.seal().await;
    send_all(store, 2, OTHER, "server").await;
    store.seal().await;
    send_all(store, 3, OTHER, "server").await;
    send_all(store, 4, PERSON, HOST).await;
}

/// Trace 0, and the person with the host.
fn request_of_person() -> ForgetRequest {
    ForgetRequest {
        traces: vec![trace_id(0)],
        attributes: vec![("user.id".into(), PERSON.into()), ("host.name".into(), HOST.into())],
    }
}

fn expected_gone() -> BTreeMap<String, u64> {
    let gone = [
        // Of each of the person's traces four spans; all six of trace 0.
        ("spans", 14),
        // Of each of the person's requests two records; the one of trace 0.
        ("logs", 5),
        // Of each of the person's requests two points.
        ("points", 4),
        // Of each of the person's requests one; the one of trace 0.
        ("exemplars", 3),
        ("resources", 1),
        ("series", 2),
    ];
    gone.into_iter().map(|(table, rows)| (table.to_owned(), rows)).collect()
}

async fn done(store: &Store, id: &str) -> ForgetReport {
    for _ in 0..6000 {
        let report = store.forget_report(id).unwrap();
        if report.stage == ForgetStage::Done {
            return report;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", store.forget_report(id));
}

/// Files below a folder that hold a text, as bytes or, of Parquet files, in a value.
fn holding(dir: &Path, text: &str) -> Vec<PathBuf> {
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).unwrap_or_default();
        let is_there = bytes.windows(text.len()).any(|window| window == text.as_bytes());
        let is_parquet = path.extension().is_some_and(|ending| ending == "parquet");
        let is_table = is_parquet && !path.components().any(|part| part.as_os_str() == "_delta_log");
        let file = DataFile::new(FileEntry::sample("", Table::Spans, 0), path.to_path_buf());
        is_there || is_table && whole_file(&file).unwrap_or_default().iter().any(|batch| texts(batch).contains(text))
    };
    files_below(dir).unwrap().into_iter().map(|(path, _)| path).filter(|path| holds(path)).collect()
}

/// Every text and id of a batch, ids as hex.
fn texts(batch: &RecordBatch) -> String {
    let mut all = String::new();
    batch.columns().iter().for_each(|column| push_texts(column, &mut all));
    all
}

fn push_texts(array: &ArrayRef, all: &mut String) {
    let hex = |bytes: Option<&[u8]>| spanlake_schemas::ids::to_hex(bytes.unwrap_or_default());
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().flatten().for_each(|text| *all += text),
        DataType::Binary => array.as_binary::<i32>().iter().for_each(|bytes| *all += &hex(bytes)),
        DataType::FixedSizeBinary(_) => array.as_fixed_size_binary().iter().for_each(|bytes| *all += &hex(bytes)),
        DataType::List(_) => push_texts(array.as_list::<i32>().values(), all),
        DataType::Map(_, _) => array.as_map().entries().columns().iter().for_each(|column| push_texts(column, all)),
        DataType::Struct(_) => array.as_struct().columns().iter().for_each(|column| push_texts(column, all)),
        _ => {}
    }
    all.push('\n');
}

/// What everybody sees once it is done.
async fn check(store: &Store, dir: &Path) {
    for text in [PERSON, HOST, &spanlake_schemas::ids::to_hex(&trace_id(0).0)] {
        assert_eq!(holding(dir, text), Vec::<PathBuf>::new(), "{text}");
    }
    // Of the person's traces, what has nothing of the person; all of the others.
    let spans: Vec<usize> = [spans_of(store, 0).await, spans_of(store, 1).await, spans_of(store, 2).await].into();
    assert_eq!(spans, [0, 2, 6]);
    assert_eq!((spans_of(store, 3).await, spans_of(store, 4).await), (6, 2));
    assert_eq!(rows(store, Table::Spans), 16);
    assert_eq!(rows(store, Table::Logs), 15);
    assert_eq!(rows(store, Table::Points), 11);
    assert_eq!(rows(store, Table::Exemplars), 12);
    let read = store.read();
    let catalog = read.catalog();
    assert_eq!((catalog.resources.len(), catalog.series.len()), (1, 2));
    for batch in [&catalog.resources, &catalog.scopes, &catalog.series].iter().flat_map(|of| of.batches()) {
        assert!(!texts(&batch).contains(PERSON) && !texts(&batch).contains(HOST));
    }
}

fn config(dir: &Path) -> StoreConfig {
    StoreConfig { seal_interval: Duration::from_secs(3600), ..StoreConfig::in_dir(dir) }
}

/// With a cold tier to which everything that is sealed leaves at once, and whose old files go at once.
fn cold_config(dir: &Path) -> StoreConfig {
    StoreConfig { cold: Some(super::cold::cold_config(dir)), ..config(dir) }
}

/// Nothing is left of files that a commit removed.
async fn swept(store: &Store, dir: &Path) {
    for _ in 0..6000 {
        let status = store.cold_status().unwrap();
        let place = crate::cold::place::Place::folder(dir.join("cold"));
        if status.waiting_bytes == 0 && crate::cold::log::read_state(&place).unwrap().removed.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", store.cold_status());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_is_nowhere_and_everything_else_is_there_once() {
    for has_cold in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let config = if has_cold { cold_config(dir.path()) } else { config(dir.path()) };
        let store = open_with(config.clone()).unwrap().store;
        fill(&store).await;
        if has_cold {
            swept(&store, dir.path()).await;
        }
        assert!(!holding(dir.path(), PERSON).is_empty() && !holding(dir.path(), HOST).is_empty());
        let preview = store.forget_preview(&request_of_person()).unwrap();
        assert_eq!((preview.rows, preview.links), (expected_gone(), 6), "cold: {has_cold}");
        let id = store.forget(&request_of_person()).unwrap();
        let report = done(&store, &id).await;
        let gone: BTreeMap<String, u64> = report.rows.clone();
        for (table, rows) in expected_gone() {
            // Copies of dimensions count in each tier.
            assert!(gone[&table] == rows || table == "resources" || table == "series", "{gone:?}");
        }
        // Replaced files of this cold tier go at once: there are none to wait for.
        assert_eq!((report.links, report.old_copies_until), (6, None));
        assert!(report.proven_files > 0 && report.proven_rows > 0 && report.message.is_none(), "{report:?}");
        if has_cold {
            swept(&store, dir.path()).await;
        }
        check(&store, dir.path()).await;
        assert_eq!(store.forget_preview(&request_of_person()).unwrap(), crate::ForgetPreview::default());
        drop(store);
        let opened = open_with(config).unwrap();
        assert_eq!(opened.report.replay.records, 0, "the log was released");
        check(&opened.store, dir.path()).await;
        assert_eq!(opened.store.forget_report(&id), Some(report));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_later_is_a_new_beginning() {
    for has_cold in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let config = if has_cold { cold_config(dir.path()) } else { config(dir.path()) };
        let store = open_with(config.clone()).unwrap().store;
        fill(&store).await;
        done(&store, &store.forget(&request_of_person()).unwrap()).await;
        send_all(&store, 5, PERSON, HOST).await;
        let counts = |store: &Store| {
            [Table::Spans, Table::Logs, Table::Points, Table::Exemplars].map(|table| rows(store, table))
        };
        assert_eq!(counts(&store), [22, 19, 14, 15]);
        let sizes = |store: &Store| (store.read().catalog().resources.len(), store.read().catalog().series.len());
        assert_eq!(sizes(&store), (2, 4));
        store.seal().await;
        if has_cold {
            swept(&store, dir.path()).await;
        }
        drop(store);
        let store = open_with(config).unwrap().store;
        assert_eq!((counts(&store), sizes(&store)), ([22, 19, 14, 15], (2, 4)));
        // Once more, and it is as if it had never come.
        done(&store, &store.forget(&request_of_person()).unwrap()).await;
        assert_eq!((counts(&store), sizes(&store)), ([18, 17, 12, 14], (1, 2)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_that_is_forgotten_between_decoding_and_storing_is_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(config(dir.path())).unwrap().store;
    send_as(&store, Signal::Metrics, points(1, PERSON, HOST)).await;
    let body = points(2, PERSON, HOST);
    let (received_at, limits) = (crate::now_nanos(), DecodeLimits::default());
    let known = store.known_series();
    let decoded =
        spanlake_schemas::otlp::decode(Signal::Metrics, Encoding::Protobuf, &body, received_at, &limits, known)
            .unwrap();
    assert!(decoded.batches.get(Table::Series).is_none(), "it is known");
    let late = Request {
        signal: Signal::Metrics,
        encoding: Encoding::Protobuf,
        compression: Compression::None,
        body: body.clone(),
        received_at,
        limits,
        door: spanlake_schemas::door::DoorThresholds::default(),
        decoded,
    };
    done(&store, &store.forget(&request_of_person()).unwrap()).await;
    assert_eq!(store.store(late).await, Err(Refusal::Forgotten));
    assert_eq!(rows(&store, Table::Points), 1);
    send_as(&store, Signal::Metrics, body).await;
    assert_eq!((rows(&store, Table::Points), store.read().catalog().series.len()), (4, 3));
}

/// Kills come wherever the threads happen to be.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_only_delays_it() {
    for has_cold in [false, true] {
        for millis in [0, 20, 300] {
            let dir = tempfile::tempdir().unwrap();
            let config = if has_cold { cold_config(dir.path()) } else { config(dir.path()) };
            let store = open_with(config.clone()).unwrap().store;
            fill(&store).await;
            let id = store.forget(&request_of_person()).unwrap();
            tokio::time::sleep(Duration::from_millis(millis)).await;
            drop(store);
            let store = open_with(config.clone()).unwrap().store;
            tokio::time::sleep(Duration::from_millis(millis)).await;
            drop(store);
            let store = open_with(config).unwrap().store;
            done(&store, &id).await;
            if has_cold {
                swept(&store, dir.path()).await;
            }
            check(&store, dir.path()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_name_nothing_are_refused_and_unknown_ones_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(config(dir.path())).unwrap().store;
    for wrong in [
        ForgetRequest::default(),
        ForgetRequest { traces: vec![TraceId([0; 16])], ..ForgetRequest::default() },
        ForgetRequest { attributes: vec![(String::new(), PERSON.into())], ..ForgetRequest::default() },
    ] {
        assert!(matches!(store.forget(&wrong), Err(crate::ForgetError::Invalid(_))));
        assert!(store.forget_preview(&wrong).is_err());
    }
    assert_eq!(store.forget_report("0123456789abcdef"), None);
    assert_eq!(store.forget_report("../../etc/passwd"), None);
    let nobody = ForgetRequest { attributes: vec![("user.id".into(), PERSON.into())], ..ForgetRequest::default() };
    let report = done(&store, &store.forget(&nobody).unwrap()).await;
    assert_eq!((report.rows.len(), report.files_rewritten), (0, 0));
}
