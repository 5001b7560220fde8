//! What hostile or broken senders send.

use std::io::{Read, Write};
use std::net::TcpStream;

use prost::Message;
use spanlake_bench::corpus::{integer, text};
use spanlake_bench::load::gzip;
use spanlake_bench::random::Random;
use spanlake_tests::requests::{LOGS, METRICS, TRACES, some_spans, span, traces};
use spanlake_tests::server::{Answer, PATIENCE, TestServer};

const PROTOBUF: &str = "application/x-protobuf";

/// `google.rpc.Status`, as far as OTLP uses it.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// An error of OTLP over HTTP in protobuf: the status, and a body that says why.
fn assert_refused(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.content_type, PROTOBUF, "{what}");
    let body = Status::decode(answer.body.as_slice()).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(!body.message.is_empty(), "{what}: a reason is missing");
    assert!(answer.retry_after.is_none(), "{what}: must not be tried again");
}

/// The server is as it was: it takes a request and has it.
fn assert_alive(server: &TestServer) {
    let before = server.count("select count(*) from spans");
    server.send(TRACES, &some_spans(u128::from(spanlake_bench::now_nanos()), 2));
    assert_eq!(server.count("select count(*) from spans"), before + 2);
}

/// Scenario: bodies over the limit, plain by length, plain in chunks, and small ones that inflate to more.
/// Guarantee: 413 in OTLP's form, and no more memory than the limits allow.
#[test]
fn bodies_over_the_limit_are_413() {
    let server = TestServer::start();
    assert_refused(&server.post_otlp(TRACES, &vec![0x0a; 70 << 20]), 413, "70 MiB");
    let bomb = gzip(&vec![0; 200 << 20]).expect("zeros can be compressed");
    let headers = format!("Content-Type: {PROTOBUF}\r\nContent-Encoding: gzip");
    assert_refused(&server.post_otlp_as(TRACES, &headers, &bomb), 413, "a gzip bomb");
    assert_eq!(send_in_chunks(&server, 70), 413);
    assert_alive(&server);
    let peak = spanlake_bench::process::memory_bytes(server.id(), "VmHWM").expect("/proc tells");
    assert!(peak < 400 << 20, "{} MB", peak >> 20);
}

/// A body of so many MiB without a length; gives the status.
fn send_in_chunks(server: &TestServer, megabytes: usize) -> u16 {
    let address = server.ports().otlp_http;
    let mut stream = TcpStream::connect(address).expect("the server takes connections");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    let head = format!(
        "POST {TRACES} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {PROTOBUF}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("a head can be sent");
    let chunk = [b"100000\r\n".as_slice(), &vec![0x0a; 1 << 20], b"\r\n"].concat();
    // The server may answer and close before the end.
    let sent = (0..megabytes).all(|_| stream.write_all(&chunk).is_ok());
    let _ = sent && stream.write_all(b"0\r\n\r\n").is_ok();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("the server answers");
    String::from_utf8_lossy(&answer[9..]).parse().expect("a status")
}

/// Scenario: truncated, random and mistyped bodies on all three paths.
/// Guarantee: 400 or 415 in OTLP's form, never a 5xx, never a row.
#[test]
fn broken_bodies_are_400() {
    let server = TestServer::start();
    let mut random = Random::new(3);
    let whole = some_spans(1, 20);
    for path in [TRACES, METRICS, LOGS] {
        assert_refused(&server.post_otlp(path, &whole[..whole.len() - 7]), 400, "truncated");
        for length in [1, 10, 1000] {
            let noise: Vec<u8> = (0..length).map(|_| 0xf0 | u8::try_from(random.below(16)).expect("small")).collect();
            assert_refused(&server.post_otlp(path, &noise), 400, "noise");
        }
        let headers = format!("Content-Type: {PROTOBUF}\r\nContent-Encoding: gzip");
        assert_refused(&server.post_otlp_as(path, &headers, b"no gzip at all"), 400, "no gzip");
        let answer = server.post_otlp_as(path, "Content-Type: text/plain", &whole);
        assert_eq!(answer.status, 415, "{}", answer.text());
        let answer = server.post_otlp_as(path, "Content-Type: application/json", b"{\"resourceSpans\": [");
        assert_eq!((answer.status, answer.content_type.as_str()), (400, "application/json"));
        assert!(answer.json()["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    assert_eq!(server.count("select count(*) from spans"), 0);
    assert_alive(&server);
}

/// Scenario: ids of wrong length or all zeros beside good spans, in one request.
/// Guarantee: the good ones are stored; the others are refused and counted, in the answer or as a 400 of the whole.
#[test]
fn wrong_ids_never_become_rows() {
    let server = TestServer::start();
    let now = spanlake_bench::now_nanos();
    let good = span(1, 1, 0, "good", now);
    let wrong = [
        opentelemetry_proto::tonic::trace::v1::Span { trace_id: vec![1; 15], ..span(2, 1, 0, "short trace id", now) },
        opentelemetry_proto::tonic::trace::v1::Span { span_id: vec![1; 9], ..span(2, 2, 0, "long span id", now) },
        opentelemetry_proto::tonic::trace::v1::Span { trace_id: vec![0; 16], ..span(2, 3, 0, "zero trace id", now) },
        opentelemetry_proto::tonic::trace::v1::Span { span_id: Vec::new(), ..span(2, 4, 0, "no span id", now) },
    ];
    for bad in wrong {
        let name = bad.name.clone();
        let before = server.count("select count(*) from spans");
        let answer = server.post_otlp(TRACES, &traces("e2e", vec![good.clone(), bad]));
        let stored = server.count("select count(*) from spans") - before;
        match answer.status {
            200 => assert!(stored == 1 && !answer.body.is_empty(), "{name}: {stored} stored, no partial success"),
            status => assert_eq!((status, stored), (400, 0), "{name}"),
        }
    }
    assert_eq!(server.count("select count(*) from spans where name <> 'good'"), 0);
}

/// Scenario: a span with 10,000 attributes.
/// Guarantee: stored with as many as the limit allows, the rest counted in `dropped_attributes_count`.
#[test]
fn ten_thousand_attributes_are_shortened_and_counted() {
    let server = TestServer::start();
    let mut wide = span(1, 1, 0, "wide", spanlake_bench::now_nanos());
    wide.attributes = (0..10_000)
        .map(|index| {
            if index % 2 == 0 {
                text(&format!("key.{index}"), "value")
            } else {
                integer(&format!("key.{index}"), index)
            }
        })
        .collect();
    let answer = server.post_otlp(TRACES, &traces("e2e", vec![wide]));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = format!("{:032x}", 1);
    let trace = server.trace(&id).json();
    let stored = trace["spans"][0]["attributes"].as_object().map_or(0, serde_json::Map::len);
    assert!(stored > 0);
    let dropped = server.count("select dropped_attributes_count from spans");
    assert_eq!(u64::try_from(stored).expect("few") + dropped, 10_000);
    assert_alive(&server);
}
