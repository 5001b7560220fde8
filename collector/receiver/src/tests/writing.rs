//! The writing routes of port 4300: remote write by its specification, pushes, and bodies that lie about their size.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use axum::body::Body;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use spanlake_schemas::ingest::{Encoding, Refusal};
use tower::ServiceExt;

use super::fake::{Server, decoding_server, server_with_decoder};
use crate::writing_router;

/// One series `up{job="a"}` with a sample at one second.
const ONE_SAMPLE: &[u8] =
    b"\x0a\x28\x0a\x0e\x0a\x08__name__\x12\x02up\x0a\x08\x0a\x03job\x12\x01a\x12\x0c\x09\0\0\0\0\0\0\xf0\x3f\x10\xe8\x07";

fn snappy(plain: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(plain).unwrap()
}

async fn send(server: &Server, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (Response<()>, String) {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_vec())).unwrap();
    let response = writing_router(Arc::clone(&server.doors)).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (Response::from_parts(parts, ()), String::from_utf8(body.to_vec()).unwrap())
}

async fn write(server: &Server, headers: &[(&str, &str)], body: &[u8]) -> (Response<()>, String) {
    send(server, "/prometheus/api/v1/write", headers, body).await
}

fn written(response: &Response<()>) -> [&str; 3] {
    ["samples", "histograms", "exemplars"].map(|what| {
        let name = format!("x-prometheus-remote-write-{what}-written");
        response.headers().get(&name).map(|value| value.to_str().unwrap()).unwrap_or("none")
    })
}

#[tokio::test]
async fn samples_are_stored_as_otlp_before_they_are_acknowledged() {
    let server = decoding_server().await;
    let types = ["application/x-protobuf", "application/x-protobuf;proto=prometheus.WriteRequest"];
    for content_type in types {
        let headers = [("content-type", content_type), ("content-encoding", "snappy")];
        let (response, body) = write(&server, &headers, &snappy(ONE_SAMPLE)).await;
        assert_eq!((response.status(), body.as_str()), (StatusCode::NO_CONTENT, ""));
        assert_eq!(written(&response), ["1", "0", "0"]);
    }
    let requests = server.store.requests.lock();
    assert_eq!((requests.len(), requests[0].encoding, requests[0].decoded.accepted), (2, Encoding::Protobuf, 1));
    // A retry is the same bytes.
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(server.store.held.load(SeqCst), 0);
}

#[tokio::test]
async fn what_cannot_be_read_is_final_and_what_cannot_be_stored_is_not() {
    let server = decoding_server().await;
    let protobuf = ("content-type", "application/x-protobuf");
    let v2 = ("content-type", "application/x-protobuf;proto=io.prometheus.write.v2.Request");
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Headers<'_>, Vec<u8>, u16, &str); 8] = [
        (&[("content-type", "application/json")], snappy(ONE_SAMPLE), 415, "application/json"),
        (&[("content-type", "application/x-protobuf;proto=what.Ever")], snappy(ONE_SAMPLE), 415, "what.Ever"),
        (&[protobuf, ("content-encoding", "gzip")], snappy(ONE_SAMPLE), 415, "gzip"),
        (&[protobuf], ONE_SAMPLE.to_vec(), 400, "not valid snappy"),
        (&[protobuf], snappy(&ONE_SAMPLE[..30]), 400, "not a valid prometheus.WriteRequest: truncated"),
        (&[v2], snappy(b"\x22\xff"), 400, "not a valid io.prometheus.write.v2.Request"),
        // Ten bytes that claim to be 60 MB, and ones that claim to be 2 GB.
        (&[protobuf], b"\x80\x8e\xce\x1c\0\0\0\0\0\0".to_vec(), 400, "cannot be"),
        (&[protobuf], b"\xff\xff\xff\xff\x07\0\0\0\0\0".to_vec(), 413, "limit"),
    ];
    for (headers, body, status, said) in cases {
        let (response, text) = write(&server, headers, &body).await;
        assert_eq!(response.status().as_u16(), status, "{said}: {text}");
        assert!(text.contains(said), "{said}: {text}");
        assert_eq!(written(&response), ["0", "0", "0"], "{said}");
    }
    assert!(server.store.requests.lock().is_empty());
    // Version 1.0 as 2.0 has none of its fields: nothing to take, nothing wrong.
    assert_eq!(write(&server, &[v2], &snappy(ONE_SAMPLE)).await.0.status(), StatusCode::NO_CONTENT);
    *server.store.refusal.lock() = Some(Refusal::DiskFull);
    let (response, _) = write(&server, &[protobuf], &snappy(ONE_SAMPLE)).await;
    assert_eq!((response.status(), written(&response)), (StatusCode::SERVICE_UNAVAILABLE, ["0", "0", "0"]));
    assert_eq!(response.headers()["retry-after"], "5");
    assert_eq!(server.store.held.load(SeqCst), 0);
}

#[tokio::test]
async fn a_series_that_may_not_be_costs_only_itself() {
    let server = decoding_server().await;
    // The same series, and one without a name.
    let mut body = ONE_SAMPLE.to_vec();
    body.extend_from_slice(b"\x0a\x18\x0a\x08\x0a\x03job\x12\x01a\x12\x0c\x09\0\0\0\0\0\0\xf0\x3f\x10\xe8\x07");
    let (response, text) = write(&server, &[("content-type", "application/x-protobuf")], &snappy(&body)).await;
    assert_eq!((response.status(), written(&response)), (StatusCode::BAD_REQUEST, ["1", "0", "0"]));
    assert!(text.contains("1 rejected: a series without a name (__name__)"), "{text}");
    assert_eq!(server.store.requests.lock().len(), 1);
}

#[tokio::test]
async fn large_bodies_are_bounded() {
    let server = server_with_decoder(|config| config.http_body_bytes_max = 64 << 10).await;
    let zeros = snappy(&vec![0; 1 << 20]);
    assert!(zeros.len() < 64 << 10);
    let protobuf = [("content-type", "application/x-protobuf")];
    assert_eq!(write(&server, &protobuf, &zeros).await.0.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(write(&server, &protobuf, &vec![0; 65 << 10]).await.0.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(server.store.held.load(SeqCst), 0);
}

#[tokio::test]
async fn scripts_push_lines_and_json() {
    let server = decoding_server().await;
    let lines = ("content-type", "text/plain; charset=utf-8");
    let (response, body) = send(&server, "/api/push", &[lines], b"queue=3 name=mail\nnonsense\n").await;
    assert_eq!(response.status(), StatusCode::OK);
    let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&1.into(), &1.into()), "{body}");
    assert!(answer["message"].as_str().unwrap().contains("line 2"), "{body}");
    let json = ("content-type", "application/json");
    let (response, body) = send(&server, "/api/push", &[json], br#"{"name":"queue","value":4}"#).await;
    assert_eq!((response.status(), body.as_str()), (StatusCode::OK, r#"{"accepted":1,"rejected":0,"message":null}"#));
    for (headers, body, status) in [
        (&[json][..], &b"{"[..], 400),
        (&[json], br#"[{"name":"x"}]"#, 400),
        (&[lines], b"\xff", 400),
        (&[], b"a=1", 415),
        (&[lines], &[b'#'; (1 << 20) + 1], 413),
    ] {
        let (response, text) = send(&server, "/api/push", headers, body).await;
        assert_eq!(response.status().as_u16(), status, "{text}");
        assert!(text.starts_with("{\"error\":"), "{text}");
    }
    assert_eq!(server.store.requests.lock().len(), 2);
}

#[tokio::test]
async fn otlp_is_taken_beside_it() {
    let server = decoding_server().await;
    let path = "/prometheus/api/v1/otlp/v1/metrics";
    let (response, body) = send(&server, path, &[("content-type", "application/json")], b"{}").await;
    assert_eq!((response.status(), body.as_str()), (StatusCode::OK, "{}"));
}
