//! Sizes and times: too large, too slow, too well compressed.

use std::io::Write;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use spanlake_schemas::ingest::Compression;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fake::{server, server_with};
use super::http::gzip;
use super::raw::{answer, post, request, send};
use crate::metrics::Reason;

const PROTOBUF: &str = "content-type: application/x-protobuf\r\n";

/// A gibibyte of zeros.
fn bomb() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..1024 {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap()
}

#[tokio::test]
async fn seventy_mebibytes_are_413_even_to_a_client_that_only_sends() {
    let server = server().await;
    let body = vec![b'x'; 70 << 20];
    let refused = post(server.http, PROTOBUF, &body).await;
    assert_eq!(refused.status, 413);
    assert!(server.store.admitted.lock().is_empty());

    let mut chunked = Vec::with_capacity(body.len() + 100);
    for chunk in body.chunks(10 << 20) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let headers = format!("{PROTOBUF}transfer-encoding: chunked\r\n");
    let refused = request(server.http, "POST /v1/traces", &headers, &chunked).await;
    assert_eq!(refused.status, 413);
    assert!(server.store.admitted.lock().iter().sum::<u64>() <= 64 << 20);
    assert_eq!(server.metrics.snapshot().signals[0].refused_for(Reason::TooLarge), 2);
    assert_eq!(server.store.held.load(SeqCst), 0);
}

#[tokio::test]
async fn too_large_is_told_before_the_body_is_sent() {
    let server = server().await;
    let mut stream = TcpStream::connect(server.http).await.unwrap();
    send(&mut stream, "POST /v1/traces", &format!("{PROTOBUF}content-length: 90000000000\r\n"), b"").await;
    let refused = answer(&mut stream).await;
    assert_eq!((refused.status, refused.header("connection")), (413, "close"));
}

#[tokio::test]
async fn gzip_bomb_is_413_at_once_and_takes_no_more_than_the_limit() {
    let server = server().await;
    let honest = bomb();
    // A second member with little in it makes the trailer lie about the whole.
    let lying = [honest.clone(), gzip(b"spans")].concat();
    for body in [honest, lying] {
        let started = Instant::now();
        let refused = post(server.http, &format!("{PROTOBUF}content-encoding: gzip\r\n"), &body).await;
        assert_eq!(refused.status, 413);
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        assert!(server.store.admitted.lock().drain(..).sum::<u64>() <= (64 << 20) + 1);
        assert_eq!(server.store.held.load(SeqCst), 0);
    }
}

#[tokio::test]
async fn zstd_bomb_is_413() {
    let server = server().await;
    let zeros = vec![0; 65 << 20];
    for body in [zstd::bulk::compress(&zeros, 1).unwrap(), zstd::stream::encode_all(&zeros[..], 1).unwrap()] {
        let refused = post(server.http, &format!("{PROTOBUF}content-encoding: zstd\r\n"), &body).await;
        assert_eq!(refused.status, 413);
    }
}

#[tokio::test]
async fn the_largest_body_is_taken() {
    let server = server_with(|config| config.http_body_bytes_max = 1 << 20).await;
    let plain = vec![b'x'; 1 << 20];
    for (encoding, body) in [
        ("identity", plain.clone()),
        ("gzip", gzip(&plain)),
        ("zstd", zstd::bulk::compress(&plain, 1).unwrap()),
        ("zstd", zstd::stream::encode_all(&plain[..], 1).unwrap()),
    ] {
        let taken = post(server.http, &format!("{PROTOBUF}content-encoding: {encoding}\r\n"), &body).await;
        assert_eq!(taken.status, 200, "{encoding}");
        let request = server.store.requests.lock().pop().unwrap();
        assert_eq!(request.limits.inflated_bytes_max, 1 << 20);
        assert_eq!(request.decoded.accepted, 1 << 20, "{encoding}");
        assert_eq!(request.compression == Compression::None, encoding == "identity");
    }
    let over = vec![b'x'; (1 << 20) + 1];
    for (encoding, body) in [("identity", over.clone()), ("gzip", gzip(&over))] {
        let refused = post(server.http, &format!("{PROTOBUF}content-encoding: {encoding}\r\n"), &body).await;
        assert_eq!(refused.status, 413, "{encoding}");
    }
}

#[tokio::test]
async fn inflation_beyond_what_is_free_is_503() {
    let server = server().await;
    server.store.cap.store(1 << 20, SeqCst);
    let body = gzip(&vec![b'x'; 4 << 20]);
    let refused = post(server.http, &format!("{PROTOBUF}content-encoding: gzip\r\n"), &body).await;
    assert_eq!(refused.status, 503);
    assert_eq!(server.store.held.load(SeqCst), 0);
}

#[tokio::test]
async fn slow_headers_close_the_connection() {
    let server = server_with(|config| config.header_read_timeout = Duration::from_millis(300)).await;
    for start in [&b"POST /v1/traces HTTP/1.1\r\nhost: "[..], b"P", b""] {
        let mut stream = TcpStream::connect(server.http).await.unwrap();
        stream.write_all(start).await.unwrap();
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut rest)).await;
        assert!(read.is_ok(), "still open after {:?}", String::from_utf8_lossy(start));
    }
}

#[tokio::test]
async fn slow_body_is_503_and_closes_the_connection() {
    let server = server_with(|config| {
        config.body_read_timeout = Duration::from_millis(500);
        config.body_bytes_per_second_min = 1000;
    })
    .await;
    let mut stream = TcpStream::connect(server.http).await.unwrap();
    send(&mut stream, "POST /v1/traces", &format!("{PROTOBUF}content-length: 100000\r\n"), b"").await;
    let (mut read, mut write) = stream.into_split();
    let trickle = tokio::spawn(async move {
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut bytes = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(3), read.read_to_end(&mut bytes)).await;
    assert!(ended.is_ok());
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.starts_with("HTTP/1.1 503") && text.contains("connection: close"), "{text}");
    assert!(text.contains("retry-after: 1"), "{text}");
    assert_eq!(server.metrics.snapshot().signals[0].refused_for(Reason::Timeout), 1);
    assert_eq!(server.store.held.load(SeqCst), 0);
    trickle.abort();
}

#[tokio::test]
async fn idle_connections_are_closed_and_slow_stores_are_not_idle() {
    let server = server_with(|config| config.idle_timeout = Duration::from_millis(200)).await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    *server.store.gate.lock() = Some(std::sync::Arc::clone(&gate));
    let mut stream = TcpStream::connect(server.http).await.unwrap();
    send(&mut stream, "POST /v1/traces", &format!("{PROTOBUF}content-length: 5\r\n"), b"spans").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    gate.add_permits(1);
    assert_eq!(answer(&mut stream).await.status, 200);
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut rest)).await;
    assert_eq!(closed.unwrap().unwrap(), 0);
}
