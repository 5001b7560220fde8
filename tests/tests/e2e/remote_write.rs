//! What Prometheus writes, asked for by PromQL: the same names, labels and values, from memory, files and after a kill.

use prost::Message;
use serde_json::{Value, json};
use spanlake_tests::remote_write::{
    ExemplarV2, Histogram, Metadata, MetadataV2, Sample, Span, Symbols, TimeSeriesV2, WriteRequest, body, series,
};
use spanlake_tests::server::{Answer, Setup, TestServer, encoded};
use spanlake_tests::settings::NO_SEALS;

/// 2026-11-21T05:00:00Z
const BEGIN: i64 = 1_795_237_200;

const V1: &str = "application/x-protobuf";
const V2: &str = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

fn write(server: &TestServer, content_type: &str, message: &impl Message) -> Answer {
    let head = format!(
        "POST /prometheus/api/v1/write HTTP/1.1\r\nHost: {}\r\nContent-Type: {content_type}\r\n\
         Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0",
        server.ports().listen
    );
    server.raw(&head, &body(message))
}

fn get(server: &TestServer, path: &str) -> Value {
    let answer = server.get(&format!("/prometheus/api/v1/{path}"));
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()["data"].clone()
}

fn query(server: &TestServer, text: &str, at: i64) -> Value {
    get(server, &format!("query?time={at}&query={}", encoded(text)))["result"].clone()
}

fn points(first: f64, step: f64) -> Vec<(i64, f64)> {
    (0..11).map(|index| ((BEGIN + index * 10) * 1000, first + step * index as f64)).collect()
}

fn stale() -> f64 {
    f64::from_bits(0x7ff0_0000_0000_0002)
}

fn version_one() -> WriteRequest {
    let target = [("job", "a/b"), ("instance", "host:9100")];
    let with = |labels: &[(&'static str, &'static str)]| [&target[..], labels].concat();
    let mut gone = points(1.0, 0.0);
    gone.push(((BEGIN + 110) * 1000, stale()));
    WriteRequest {
        timeseries: vec![
            // Names that OTLP's rules would change: no `_total`, a unit in the name, two underscores, capital letters.
            series(&with(&[("__name__", "node__Odd_seconds"), ("mode", "idle")]), &points(5.0, 1.0)),
            series(&with(&[("__name__", "requests"), ("code", "200")]), &points(0.0, 10.0)),
            series(&with(&[("__name__", "d_seconds_bucket"), ("le", "0.50")]), &points(0.0, 2.0)),
            series(&with(&[("__name__", "d_seconds_bucket"), ("le", "+Inf")]), &points(0.0, 4.0)),
            series(&with(&[("__name__", "gone")]), &gone),
            series(&[("__name__", "alone")], &points(1.0, 0.0)),
        ],
        metadata: vec![
            Metadata { kind: 1, family: "requests".into(), help: "All of them.".into(), unit: String::new() },
            Metadata { kind: 3, family: "d_seconds".into(), help: String::new(), unit: "seconds".into() },
        ],
    }
}

fn version_two() -> impl Message {
    let mut symbols = Symbols::default();
    let native = Histogram {
        count: 12,
        sum: 18.5,
        schema: 0,
        positive_spans: vec![Span { offset: 0, length: 2 }, Span { offset: 1, length: 1 }],
        positive_deltas: vec![3, 2, -1],
        timestamp: (BEGIN + 100) * 1000,
        ..Histogram::default()
    };
    let custom = Histogram {
        schema: -53,
        custom_values: vec![1.0, 5.0],
        count: 6,
        positive_spans: vec![Span { offset: 0, length: 3 }],
        positive_deltas: vec![1, 1, 1],
        ..native.clone()
    };
    let metadata = Some(MetadataV2 { kind: 1, help_ref: symbols.of("Bytes."), unit_ref: symbols.of("bytes") });
    let exemplar = ExemplarV2 {
        labels_refs: symbols.labels(&[("trace_id", "0102030405060708090a0b0c0d0e0f10")]),
        value: 0.7,
        timestamp: (BEGIN + 99) * 1000,
    };
    let counter = TimeSeriesV2 {
        labels_refs: symbols.labels(&[("__name__", "sent_bytes"), ("instance", "i"), ("job", "j")]),
        samples: points(0.0, 1.0).into_iter().map(|(timestamp, value)| Sample { value, timestamp }).collect(),
        exemplars: vec![exemplar],
        metadata,
        ..TimeSeriesV2::default()
    };
    let histogram = |symbols: &mut Symbols, name: &str, histogram| TimeSeriesV2 {
        labels_refs: symbols.labels(&[("__name__", name), ("job", "j")]),
        histograms: vec![histogram],
        ..TimeSeriesV2::default()
    };
    let all = vec![counter, histogram(&mut symbols, "sizes", native), histogram(&mut symbols, "waits", custom)];
    symbols.request(all)
}

fn check(server: &TestServer) {
    let at = BEGIN + 100;
    let labels = json!({"__name__": "node__Odd_seconds", "instance": "host:9100", "job": "a/b", "mode": "idle"});
    assert_eq!(query(server, "node__Odd_seconds", at), json!([{"metric": labels, "value": [at, "15"]}]));
    assert_eq!(query(server, "rate(requests{code=\"200\"}[1m])", at)[0]["value"][1], "1");
    assert_eq!(query(server, "requests_total", at), json!([]), "a name gets no suffix");
    assert_eq!(query(server, "d_seconds_bucket{le=\"0.50\"}", at)[0]["value"][1], "20");
    assert_eq!(query(server, "histogram_quantile(0.5, rate(d_seconds_bucket[1m]))", at)[0]["value"][1], "0.5");
    assert_eq!(query(server, "alone", at)[0]["metric"], json!({"__name__": "alone"}));
    // A stale series is gone at once.
    assert_eq!(query(server, "gone", at)[0]["value"][1], "1");
    assert_eq!(query(server, "gone", BEGIN + 111), json!([]));
    assert_eq!(query(server, "sent_bytes", at)[0]["value"][1], "10");
    let native = query(server, "sizes", at);
    assert_eq!(
        native[0]["histogram"][1],
        json!({"count": "12", "sum": "18.5", "buckets": [[0, "0.5", "1", "3"], [0, "1", "2", "5"], [0, "4", "8", "4"]]})
    );
    let custom = query(server, "waits", at);
    assert_eq!(custom[0]["metric"], json!({"__name__": "waits", "job": "j"}));
    assert_eq!(
        custom[0]["histogram"][1]["buckets"],
        json!([[3, "-Inf", "1", "1"], [0, "1", "5", "2"], [0, "5", "+Inf", "3"]])
    );
    assert_eq!(query(server, "waits_count", at), json!([]));
    let range = format!("start={BEGIN}&end={}", BEGIN + 200);
    let exemplars = get(server, &format!("query_exemplars?query=sent_bytes&{range}"));
    assert_eq!(exemplars[0]["exemplars"][0]["labels"], json!({"trace_id": "0102030405060708090a0b0c0d0e0f10"}));
    let metadata = get(server, "metadata");
    assert_eq!(metadata["requests"], json!([{"type": "counter", "help": "All of them.", "unit": ""}]));
    assert_eq!(metadata["d_seconds"], json!([{"type": "histogram", "help": "", "unit": "seconds"}]));
    assert_eq!(metadata["sent_bytes"], json!([{"type": "counter", "help": "Bytes.", "unit": "bytes"}]));
    assert_eq!(metadata["alone"][0]["type"], "unknown");
}

/// Scenario: both versions of remote write, asked for in memory, after a kill and in files.
/// Guarantee: what was acknowledged is there, with names, labels and values exactly as they were sent.
#[test]
fn what_prometheus_writes_is_found_as_it_was() {
    let mut server = Setup::default().env(NO_SEALS).start();
    let answer = write(&server, V1, &version_one());
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    let answer = write(&server, V2, &version_two());
    assert_eq!(answer.status, 204, "{}", answer.text());
    check(&server);
    // The retry of a sender that did not see the answer.
    assert_eq!(write(&server, V1, &version_one()).status, 204);
    assert_eq!(server.count("select count(*) from metrics where name = 'alone'"), 11);
    server.kill();
    server.restart();
    check(&server);
    server.seal();
    check(&server);
}

/// Scenario: scripts push numbers, as lines, as JSON and by the command.
/// Guarantee: they are there under their names and labels at once.
#[test]
fn pushed_numbers_are_found() {
    let server = TestServer::start();
    let address = server.ports().listen;
    let push = |content_type: &str, body: &str| {
        let head = format!("POST /api/push HTTP/1.1\r\nHost: {address}\r\nContent-Type: {content_type}");
        server.raw(&head, body.as_bytes())
    };
    let answer = push("text/plain", "queue_size=12 queue=mail\nqueue_size=3 queue=\"sms out\"\n");
    assert_eq!((answer.status, answer.json()["accepted"].as_u64()), (200, Some(2)), "{}", answer.text());
    assert_eq!(push("application/json", r#"{"name":"jobs_done_total","value":7,"type":"counter"}"#).status, 200);
    let url = format!("http://{address}");
    let output =
        spanlake_tests::server::run(&["push", "--url", &url, "backup_bytes=1e9", "host=db 1", "kind=full"], &[]);
    assert!(output.status.success(), "{}", spanlake_tests::server::said(&output));
    let now = "sum by (queue) (queue_size)";
    let result = get(&server, &format!("query?query={}", encoded(now)))["result"].clone();
    assert_eq!(result[0]["metric"], json!({"queue": "mail"}), "{result}");
    assert_eq!(result[1]["value"][1], "3", "{result}");
    let result = get(&server, "query?query=backup_bytes")["result"].clone();
    assert_eq!(result[0]["metric"], json!({"__name__": "backup_bytes", "host": "db 1", "kind": "full"}));
    assert_eq!(result[0]["value"][1], "1000000000");
    let output = spanlake_tests::server::run(&["push", "--url", &url, "nonsense"], &[]);
    assert_eq!(output.status.code(), Some(64), "{}", spanlake_tests::server::said(&output));
}
