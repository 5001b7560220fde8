//! OTLP/HTTP, rule by rule.

use std::io::Write;
use std::sync::atomic::Ordering::SeqCst;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde_json::{Value, json};
use spanlake_schemas::ingest::{Compression, Encoding, Refusal, Signal};
use tokio::net::TcpStream;

use super::fake::{server, server_with, soon};
use super::raw::{Answer, answer, post, request, send};
use crate::metrics::{Reason, Transport};
use crate::{BearerToken, ReceiverConfig};

const PROTOBUF: &str = "content-type: application/x-protobuf\r\n";
const JSON: &str = "content-type: application/json; charset=utf-8\r\n";

/// `google.rpc.Status`, read by prost.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Any {
    #[prost(string, tag = "1")]
    pub(super) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) value: Vec<u8>,
}

pub(super) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// The status in an error's body, after checking that the answer is in JSON.
fn json_status(answer: &Answer) -> Value {
    assert_eq!(answer.header("content-type"), "application/json");
    let status: Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(!status["message"].as_str().unwrap().is_empty(), "{status}");
    status
}

fn protobuf_status(answer: &Answer) -> RpcStatus {
    assert_eq!(answer.header("content-type"), "application/x-protobuf");
    let status = RpcStatus::decode(&*answer.body).unwrap();
    assert!(!status.message.is_empty());
    status
}

#[tokio::test]
async fn success_is_empty_in_the_requests_encoding() {
    let server = server().await;
    let answer = post(server.http, PROTOBUF, b"spans").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/x-protobuf"));
    assert_eq!(ExportTraceServiceResponse::decode(&*answer.body).unwrap().partial_success, None);

    let answer = post(server.http, JSON, b"spans").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.text(), "{}");

    let requests = server.store.requests.lock();
    assert_eq!(requests[0].encoding, Encoding::Protobuf);
    assert_eq!(requests[1].encoding, Encoding::Json);
    assert_eq!((requests[0].signal, &requests[0].body[..]), (Signal::Traces, &b"spans"[..]));
    assert!(requests[0].received_at > 1_700_000_000_000_000_000);
    assert_eq!(server.store.held.load(SeqCst), 0);
}

#[tokio::test]
async fn empty_request_is_taken_and_not_stored() {
    let server = server().await;
    let answer = post(server.http, PROTOBUF, b"").await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert!(server.store.requests.lock().is_empty());
}

#[tokio::test]
async fn partial_success_in_both_encodings_and_all_signals() {
    let server = server().await;
    let length = "content-length: 7\r\n";
    let answer = request(server.http, "POST /v1/logs", &format!("{PROTOBUF}{length}"), b"partial").await;
    let partial = ExportLogsServiceResponse::decode(&*answer.body).unwrap().partial_success.unwrap();
    assert_eq!((partial.rejected_log_records, partial.error_message.as_str()), (300, "too “odd”"));

    for (signal, name) in
        [("traces", "rejectedSpans"), ("metrics", "rejectedDataPoints"), ("logs", "rejectedLogRecords")]
    {
        let headers = format!("{JSON}{length}");
        let answer = request(server.http, &format!("POST /v1/{signal}"), &headers, b"partial").await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body, json!({"partialSuccess": {name: "300", "errorMessage": "too “odd”"}}));
    }
    let answer = post(server.http, JSON, b"warn").await;
    assert_eq!(answer.text(), r#"{"partialSuccess":{"errorMessage":"shortened"}}"#);
    let answer = post(server.http, PROTOBUF, b"warn").await;
    let partial = ExportTraceServiceResponse::decode(&*answer.body).unwrap().partial_success.unwrap();
    assert_eq!((partial.rejected_spans, partial.error_message.as_str()), (0, "shortened"));

    let logs = &server.metrics.snapshot().signals[2];
    assert_eq!((logs.rejected_items, logs.accepted_items, logs.unknown_fields), (600, 14, 4));
}

#[tokio::test]
async fn compressed_bodies_are_kept_as_received() {
    let server = server().await;
    let plain = b"spans ".repeat(1000);
    for (name, body, compression) in [
        ("gzip", gzip(&plain), Compression::Gzip),
        ("GZIP", [gzip(&plain[..2000]), gzip(&plain[2000..])].concat(), Compression::Gzip),
        ("zstd", zstd::bulk::compress(&plain, 3).unwrap(), Compression::Zstd),
        ("zstd", zstd::stream::encode_all(&plain[..], 1).unwrap(), Compression::Zstd),
        ("identity", plain.clone(), Compression::None),
    ] {
        let answer = post(server.http, &format!("{PROTOBUF}content-encoding: {name}\r\n"), &body).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        let request = server.store.requests.lock().pop().unwrap();
        assert_eq!((request.compression, &request.body[..]), (compression, &body[..]), "{name}");
        // The decoder of these tests takes one item per byte: it saw the inflated ones.
        assert_eq!(request.decoded.accepted, plain.len() as u64, "{name}");
    }
}

#[tokio::test]
async fn chunked_bodies_are_taken() {
    let server = server().await;
    let body = b"5\r\nspans\r\n6\r\n spans\r\n0\r\n\r\n";
    let answer =
        request(server.http, "POST /v1/traces", &format!("{PROTOBUF}transfer-encoding: chunked\r\n"), body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(&server.store.requests.lock()[0].body[..], b"spans spans");
}

#[tokio::test]
async fn errors_are_a_status_in_the_requests_encoding() {
    let server = server().await;
    let answer = post(server.http, PROTOBUF, b"bad").await;
    assert_eq!(answer.status, 400);
    let status = protobuf_status(&answer);
    assert_eq!((status.code, status.message.contains("at byte 7")), (3, true));

    let answer = post(server.http, JSON, b"bad").await;
    assert_eq!((answer.status, json_status(&answer)["code"].as_i64()), (400, Some(3)));

    for encoding in ["gzip", "zstd"] {
        let answer = post(server.http, &format!("{PROTOBUF}content-encoding: {encoding}\r\n"), b"no such thing").await;
        assert_eq!(answer.status, 400, "{encoding}");
        protobuf_status(&answer);
        let whole = if encoding == "gzip" { gzip(b"spans") } else { zstd::bulk::compress(b"spans", 1).unwrap() };
        let cut = &whole[..whole.len() - 3];
        let answer = post(server.http, &format!("{PROTOBUF}content-encoding: {encoding}\r\n"), cut).await;
        assert_eq!(answer.status, 400, "{encoding}");
    }
    assert_eq!(server.metrics.snapshot().signals[0].refused_for(Reason::Malformed), 6);
    assert_eq!(server.store.held.load(SeqCst), 0);
}

#[tokio::test]
async fn what_is_not_otlp_is_refused() {
    let server = server().await;
    for headers in ["content-type: text/plain\r\n", "content-type: application/x-protobuffer\r\n", ""] {
        let answer = post(server.http, headers, b"spans").await;
        assert_eq!(answer.status, 415, "{headers}");
        json_status(&answer);
    }
    for encoding in ["deflate", "br", "snappy", "gzip, gzip"] {
        let answer = post(server.http, &format!("{PROTOBUF}content-encoding: {encoding}\r\n"), b"spans").await;
        assert_eq!((answer.status, answer.header("accept-encoding")), (415, "gzip, zstd, identity"));
        protobuf_status(&answer);
    }
    let answer = request(server.http, "GET /v1/traces", "", b"").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST, OPTIONS"));
    json_status(&answer);
    let headers = format!("{PROTOBUF}content-length: 5\r\n");
    let answer = request(server.http, "POST /v1/profiles", &headers, b"spans").await;
    assert_eq!((answer.status, protobuf_status(&answer).code), (404, 12));
    let snapshot = server.metrics.snapshot();
    assert_eq!((snapshot.unknown_routes, snapshot.signals[0].refused_for(Reason::Unsupported)), (1, 8));
    assert!(server.store.admitted.lock().is_empty());
}

#[tokio::test]
async fn disabled_signal_is_not_there() {
    let server = server_with(|config| config.signals = vec![Signal::Logs]).await;
    let answer = post(server.http, JSON, b"spans").await;
    assert_eq!((answer.status, json_status(&answer)["code"].as_i64()), (404, Some(12)));
}

#[tokio::test]
async fn pressure_is_503_with_a_delay_and_the_connection_stays() {
    let server = server().await;
    server.store.cap.store(1, SeqCst);
    let mut stream = TcpStream::connect(server.http).await.unwrap();
    let headers = format!("{JSON}content-length: 200000\r\n");
    send(&mut stream, "POST /v1/traces", &headers, &[b'x'; 200_000]).await;
    let refused = answer(&mut stream).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "1"));
    assert_eq!(json_status(&refused)["code"], 14);
    server.store.cap.store(0, SeqCst);
    send(&mut stream, "POST /v1/traces", &format!("{JSON}content-length: 5\r\n"), b"spans").await;
    assert_eq!(answer(&mut stream).await.status, 200);

    *server.store.refusal.lock() = Some(Refusal::DiskFull);
    let refused = post(server.http, PROTOBUF, b"spans").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "5"));
    assert_eq!(protobuf_status(&refused).code, 14);
    let traces = &server.metrics.snapshot().signals[0];
    assert_eq!((traces.refused_for(Reason::Memory), traces.refused_for(Reason::DiskFull)), (1, 1));
}

#[tokio::test]
async fn pressure_is_told_before_the_body_is_sent() {
    let server = server().await;
    server.store.cap.store(1000, SeqCst);
    for expect in ["expect: 100-continue\r\n", ""] {
        let mut stream = TcpStream::connect(server.http).await.unwrap();
        let headers = format!("{PROTOBUF}{expect}content-length: 60000000\r\n");
        send(&mut stream, "POST /v1/traces", &headers, b"").await;
        let refused = answer(&mut stream).await;
        assert_eq!(refused.status, 503);
        assert_eq!(refused.header("connection") == "close", !expect.is_empty());
    }
}

#[tokio::test]
async fn expecting_clients_are_told_to_continue() {
    let server = server().await;
    let mut stream = TcpStream::connect(server.http).await.unwrap();
    let headers = format!("{PROTOBUF}expect: 100-continue\r\ncontent-length: 5\r\n");
    send(&mut stream, "POST /v1/traces", &headers, b"").await;
    assert_eq!(answer(&mut stream).await.status, 100);
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"spans").await.unwrap();
    assert_eq!(answer(&mut stream).await.status, 200);
}

#[tokio::test]
async fn bearer_token_is_required_when_set() {
    let server = server_with(|config| config.bearer_token = Some(BearerToken::new("s3cret"))).await;
    for headers in ["", "authorization: Bearer s3cre\r\n", "authorization: Basic s3cret\r\n"] {
        let answer = post(server.http, &format!("{JSON}{headers}"), b"spans").await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"));
        assert_eq!(json_status(&answer)["code"], 16);
    }
    let answer = post(server.http, &format!("{JSON}authorization: bearer s3cret\r\n"), b"spans").await;
    assert_eq!(answer.status, 200);
    assert!(!format!("{:?}", BearerToken::new("s3cret")).contains("s3cret"));
}

#[tokio::test]
async fn browsers_of_allowed_origins_may_send() {
    let server = server().await;
    let ask = |origin: &str| {
        format!(
            "origin: {origin}\r\naccess-control-request-method: POST\r\n\
             access-control-request-headers: content-type,x-mine\r\n"
        )
    };
    let allowed = request(server.http, "OPTIONS /v1/traces", &ask("http://localhost:5173"), b"").await;
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), "http://localhost:5173");
    assert_eq!(allowed.header("access-control-allow-headers"), "content-type,x-mine");
    assert_eq!(allowed.header("access-control-allow-methods"), "POST");
    assert_eq!(allowed.header("access-control-max-age"), "7200");
    let foreign = request(server.http, "OPTIONS /v1/traces", &ask("https://evil.example"), b"").await;
    assert_eq!(foreign.header("access-control-allow-origin"), "");

    for (body, status) in [(&b"spans"[..], 200), (b"bad", 400)] {
        let answer = post(server.http, &format!("{JSON}origin: http://127.0.0.1:3000\r\n"), body).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), "http://127.0.0.1:3000");
    }
}

#[tokio::test]
async fn own_telemetry_is_taken_and_not_counted() {
    let server = server().await;
    assert_eq!(post(server.http, &format!("{PROTOBUF}x-spanlake-self: 1\r\n"), b"spans").await.status, 200);
    assert_eq!(post(server.http, &format!("{PROTOBUF}x-spanlake-self: 1\r\n"), b"bad").await.status, 400);
    let snapshot = server.metrics.snapshot();
    assert_eq!((snapshot.own_requests, snapshot.signals[0].requests), (2, [0, 0]));
    assert_eq!((snapshot.signals[0].accepted_items, snapshot.signals[0].body_bytes), (0, 0));
    assert_eq!(snapshot.signals[0].refused_for(Reason::Malformed), 0);
    assert_eq!(server.store.requests.lock().len(), 1);

    post(server.http, PROTOBUF, b"spans").await;
    let traces = &server.metrics.snapshot().signals[0];
    assert_eq!(traces.requests[Transport::Http as usize], 1);
    assert_eq!((traces.accepted_items, traces.body_bytes), (5, 5));
}

#[tokio::test]
async fn a_bug_in_decoding_is_final_and_harms_no_one_else() {
    let server = server_with(|config: &mut ReceiverConfig| config.offload_bytes_min = 100).await;
    for body in [b"panic ".to_vec(), b"panic ".repeat(100)] {
        let answer = post(server.http, PROTOBUF, &body).await;
        assert_eq!((answer.status, protobuf_status(&answer).code), (500, 13));
    }
    assert_eq!(post(server.http, PROTOBUF, b"spans").await.status, 200);
    soon(|| server.metrics.snapshot().connections == [0, 0]).await;
}
