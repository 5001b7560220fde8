//! `spanlake export` and `spanlake import`: what leaves comes back, in a fresh server, under its own hours.

use std::path::{Path, PathBuf};
use std::process::Output;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, exemplar, metric};
use prost::Message;
use serde_json::Value;
use spanlake_bench::corpus::{logs as log_corpus, metrics as metric_corpus, traces as trace_corpus};
use spanlake_bench::random::Random;
use spanlake_bench::template::Round;
use spanlake_tests::requests::{A_TIME, LOGS, METRICS, TRACES, gauge, span, traces};
use spanlake_tests::server::{self, Setup, TestServer, eventually};
use spanlake_tests::settings::NO_SEALS;

const DAY: u64 = 24 * 3600 * 1_000_000_000;

/// What both servers must answer alike. Times of receipt and ids of this store's own are not telemetry.
const QUESTIONS: &[&str] = &[
    "select service_name, name, kind, status_code, status_message, count(*), sum(duration), min(start_time), max(end_time) \
     from spans group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5",
    "select trace_id, span_id, parent_span_id, trace_state, flags, attributes, attribute_types, \
     dropped_attributes_count from spans order by start_time, span_id limit 500",
    "select e.name, count(*), min(e.time) from span_events e group by 1 order by 1",
    "select service_name, severity_text, body, time, observed_time, attributes, flags from logs \
     order by time, body limit 500",
    "select count(*), count(distinct body) from logs",
    "select name, type, unit, count(*), sum(value_int), round(sum(value_double), 6) from metrics group by 1, 2, 3 order by 1, 2, 3",
    "select name, count(*), sum(count), round(sum(sum), 6), min(min), max(max) from histograms group by 1 order by 1",
    "select trace_id, span_id, value_double, value_int from exemplars order by 1, 2 limit 500",
];

fn spanlake(server: &TestServer, arguments: &[&str]) -> Output {
    let url = format!("http://{}", server.ports().listen);
    server::run(&[arguments, &["--url", &url]].concat(), &[])
}

fn export(server: &TestServer, file: &Path, arguments: &[&str]) {
    let output = spanlake(server, &[&["export", "--output", &file.display().to_string()], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", server::said(&output));
}

fn import(server: &TestServer, file: &Path, arguments: &[&str]) -> String {
    let output = spanlake(server, &[&["import", &file.display().to_string()], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", server::said(&output));
    server::said(&output)
}

fn answers(server: &TestServer) -> Vec<Vec<Vec<Value>>> {
    QUESTIONS.iter().map(|question| server.rows(question)).collect()
}

/// A point with two exemplars.
fn exemplars() -> Vec<u8> {
    let now = spanlake_bench::now_nanos();
    let exemplar = |span: u8| Exemplar {
        time_unix_nano: now + u64::from(span),
        trace_id: vec![5; 16],
        span_id: vec![span; 8],
        value: Some(exemplar::Value::AsDouble(f64::from(span))),
        ..Exemplar::default()
    };
    let mut request = ExportMetricsServiceRequest::decode(&*gauge("shop", "queue", "1", &[(now, 1.5)])).expect("OTLP");
    let metric = &mut request.resource_metrics[0].scope_metrics[0].metrics[0];
    if let Some(metric::Data::Gauge(gauge)) = &mut metric.data {
        gauge.data_points[0].exemplars = vec![exemplar(1), exemplar(2)];
    }
    request.encode_to_vec()
}

/// Telemetry of every kind, half of it sealed.
fn a_full_server() -> TestServer {
    let server = Setup::default().env(NO_SEALS).start();
    let corpus = trace_corpus::TraceCorpus { seed: 11, spans_per_request: 100, ..trace_corpus::TraceCorpus::default() };
    let mut random = Random::new(11);
    let mut templates = [
        (TRACES, trace_corpus::templates(&corpus)),
        (LOGS, log_corpus::templates(11, trace_corpus::ROUND_MICROS)),
        (METRICS, metric_corpus::number_templates(metric_corpus::SERIES)),
        (METRICS, metric_corpus::histogram_templates()),
    ];
    for (half, at) in [(0, 0), (1, 5)] {
        server.send(METRICS, &exemplars());
        for (path, templates) in &mut templates {
            for (request, template) in templates.iter_mut().enumerate().skip(at).take(5) {
                let round = Round { seed: half, base_time: spanlake_bench::now_nanos() };
                template.freshen(&round, half * 100 + request as u64, &mut random);
                server.send(path, template.bytes());
            }
        }
        if half == 0 {
            server.seal();
        }
    }
    server
}

/// Scenario: everything is exported from one server, as JSON or protobuf, packed or not, and imported to another.
/// Guarantee: both answer alike.
#[test]
fn what_is_exported_comes_back() {
    let from = a_full_server();
    let expected = answers(&from);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (format, ending) in [("otlp-json", "jsonl.gz"), ("otlp-protobuf", "binpb.zst"), ("otlp-json", "jsonl")] {
        let to = Setup::default().env(NO_SEALS).start();
        for signal in ["traces", "metrics", "logs"] {
            let file = folder.path().join(format!("{signal}.{ending}"));
            export(&from, &file, &["--signal", signal, "--format", format]);
            let said = import(&to, &file, &["--signal", signal]);
            assert!(said.contains("items imported") && !said.contains("rejected"), "{said}");
        }
        for (question, (expected, found)) in QUESTIONS.iter().zip(expected.iter().zip(answers(&to))) {
            assert!(!expected.is_empty(), "{question} has an answer");
            assert_eq!(&found, expected, "{question}");
        }
    }
    let left: Vec<PathBuf> =
        std::fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("").path()).collect();
    assert_eq!(left.len(), 9, "nothing is left aside: {left:?}");
}

/// Scenario: spans of weeks ago are imported; the server is killed at once and starts again; then all is sealed.
/// Guarantee: they are filed under their own hour, after the replay too, and found in their own time.
#[test]
fn old_rows_are_filed_under_their_own_hours() {
    let mut server = Setup::default().env(NO_SEALS).env(&[("SPANLAKE_COLD_URL", "none")]).start();
    let old = A_TIME - 400 * DAY;
    let spans = (1..=20).map(|id| span(7, id, 0, "old", old + id * DAY / 4)).collect();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("old.binpb");
    std::fs::write(&file, traces("archive", spans)).expect("writable");
    assert!(import(&server, &file, &["--signal", "traces"]).contains("20 items imported"));
    server.kill();
    server.restart();
    server.seal();
    let days = std::fs::read_dir(server.data_dir().join("hot/spans")).expect("a folder").count();
    assert_eq!(days, 6, "twenty quarters of a day");
    assert!(server.data_dir().join("hot/spans/date=2025-10-18").is_dir());
    let found = server.count("select count(*) from spans where start_time < '2025-10-20'");
    assert!((1..20).contains(&found), "{found}");
    assert_eq!(server.count("select count(*) from spans"), 20);
}

/// Scenario: a cold tier; old rows are imported.
/// Guarantee: they move there at once, and are answered from there.
#[test]
fn old_rows_move_to_the_cold_tier() {
    let server = Setup::default().env(NO_SEALS).start();
    let spans = (1..=20).map(|id| span(7, id, 0, "old", A_TIME - 400 * DAY + id)).collect();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("old.binpb");
    std::fs::write(&file, traces("archive", spans)).expect("writable");
    import(&server, &file, &["--signal", "traces"]);
    server.seal();
    eventually("they are cold", || server.get("/api/status").json()["cold"]["rows"].as_u64() >= Some(20));
    assert_eq!(server.count("select count(*) from spans where service_name = 'archive'"), 20);
}

/// Scenario: one trace, a range, a query; as JSON, Parquet and CSV.
/// Guarantee: just that is in the file.
#[test]
fn parts_are_exported() {
    let server = a_full_server();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("part");
    let id = server.value("select trace_id from spans group by 1 order by count(*) desc limit 1");
    let id = id.as_str().expect("an id");
    export(&server, &file, &["--trace", id]);
    let text = std::fs::read_to_string(&file).expect("readable");
    let spans = server.count(&format!("select count(*) from spans where trace_id = '{id}'"));
    assert_eq!(text.matches("\"spanId\"").count() as u64 - text.matches("\"links\"").count() as u64, spans, "{text}");
    let all = server.count("select count(*) from spans");
    export(&server, &file, &["--format", "parquet"]);
    let rows = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
        std::fs::File::open(&file).expect("there"),
    )
    .expect("Parquet")
    .metadata()
    .file_metadata()
    .num_rows();
    assert_eq!(u64::try_from(rows), Ok(all));
    export(&server, &file, &["--format", "csv", "--query", "select service_name, count(*) from spans group by 1"]);
    let lines = std::fs::read_to_string(&file).expect("readable").lines().count();
    assert_eq!(lines, server.rows("select distinct service_name from spans").len() + 1);
    export(&server, &file, &["--end", "2020-01-01T00:00:00Z"]);
    assert_eq!(std::fs::read(&file).expect("readable"), b"");
}

/// Scenario: files that are no OTLP, that are cut short, whose signal is not told, that are not there.
/// Guarantee: a sentence that names the file and the place, an exit code that is not 0; what came before is told.
#[test]
fn bad_files_are_told() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let good = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\",\"name\":\"a\",\"startTimeUnixNano\":\"1795237200123456789\",\"endTimeUnixNano\":\"1795237200123456799\"}]}]}]}\n";
    let cases: [(&str, Vec<u8>, &str); 5] = [
        ("words.json", b"{\"hello\": 1}".to_vec(), "has none of resourceSpans"),
        ("cut.json", [good.as_bytes(), b"{\"resourceSpans\":[{"].concat(), "document 2 is no OTLP JSON"),
        ("untold.binpb", vec![0x0a, 0x00], "--signal"),
        (
            "wrong.json",
            b"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":5}]}]}]}".to_vec(),
            "not valid JSON OTLP",
        ),
        ("cut.gz", vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1], "cannot be read"),
    ];
    for (name, bytes, part) in cases {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).expect("writable");
        let output = spanlake(&server, &["import", &file.display().to_string()]);
        let said = server::said(&output);
        assert!(output.status.code().is_some_and(|code| code != 0), "{name}: {said}");
        assert!(said.contains(name) && said.contains(part) && !said.contains("panicked"), "{name}: {said}");
    }
    let output = spanlake(&server, &["import", "/nowhere/at/all.json"]);
    assert!(server::said(&output).contains("/nowhere/at/all.json"), "{}", server::said(&output));
    let nobody = server::run(&["import", "/dev/null", "--url", "http://127.0.0.1:9"], &[]);
    assert!(nobody.status.success(), "nothing to send");
}
