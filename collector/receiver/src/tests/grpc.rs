//! OTLP/gRPC, rule by rule, mostly through tonic's own client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use spanlake_schemas::ingest::{Compression, Encoding, Signal};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tonic::codec::CompressionEncoding;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use super::fake::{Server, decoding_server, server, server_with, soon};
use super::http::{RpcStatus, gzip};
use crate::BearerToken;
use crate::metrics::{Reason, Transport};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

async fn channel(server: &Server) -> Channel {
    Endpoint::from_shared(format!("http://{}", server.grpc)).unwrap().connect().await.unwrap()
}

async fn traces(server: &Server) -> TraceServiceClient<Channel> {
    TraceServiceClient::new(channel(server).await)
}

fn spans(bytes: usize) -> ExportTraceServiceRequest {
    let resource = ResourceSpans { schema_url: "x".repeat(bytes), ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![resource] }
}

fn details(status: &Status) -> Vec<String> {
    let details = RpcStatus::decode(status.details()).unwrap().details;
    details.into_iter().map(|any| any.type_url.rsplit('.').next().unwrap().to_owned()).collect()
}

/// A message as gRPC frames it.
fn framed(flag: u8, message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u8(flag);
    bytes.put_u32(message.len() as u32);
    bytes.extend_from_slice(message);
    bytes.freeze()
}

/// One call by hand: HTTP status, gRPC status, body, headers.
async fn call(to: SocketAddr, path: &str, headers: &[(&str, &str)], body: Bytes) -> (u16, Option<Status>, Bytes) {
    let stream = TokioIo::new(TcpStream::connect(to).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let mut request = http::Request::post(format!("http://{to}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = sender.send_request(request.body(Full::new(body)).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    let mut status = Status::from_header_map(&parts.headers).or_else(|| Status::from_header_map(&trailers));
    if let (Some(status), Some(value)) = (&mut status, parts.headers.get("grpc-accept-encoding")) {
        status.metadata_mut().insert("grpc-accept-encoding", value.to_str().unwrap().parse().unwrap());
    }
    (parts.status.as_u16(), status, body.to_bytes())
}

#[tokio::test]
async fn all_signals_are_taken_with_partial_success_unset() {
    let server = server().await;
    let response = traces(&server).await.export(spans(10)).await.unwrap();
    assert_eq!(response.into_inner().partial_success, None);
    let mut logs = LogsServiceClient::new(channel(&server).await);
    let empty = logs.export(ExportLogsServiceRequest::default()).await.unwrap();
    assert_eq!(empty.into_inner().partial_success, None);
    let mut metrics = MetricsServiceClient::new(channel(&server).await);
    metrics.export(ExportMetricsServiceRequest::default()).await.unwrap();

    let requests = server.store.requests.lock();
    assert_eq!((requests.len(), requests[0].signal, requests[0].encoding), (1, Signal::Traces, Encoding::Protobuf));
    assert_eq!(&requests[0].body[..], spans(10).encode_to_vec());
    let snapshot = server.metrics.snapshot();
    assert_eq!(snapshot.signals.map(|signal| signal.requests[Transport::Grpc as usize]), [1, 1, 1]);
    assert_eq!(server.store.held.load(SeqCst), 0);
}

#[tokio::test]
async fn compressed_messages_are_kept_as_received() {
    let server = server().await;
    let cases = [(CompressionEncoding::Gzip, Compression::Gzip), (CompressionEncoding::Zstd, Compression::Zstd)];
    for (encoding, compression) in cases {
        let mut client = traces(&server).await.send_compressed(encoding);
        client.export(spans(1_000_000)).await.unwrap();
        let request = server.store.requests.lock().pop().unwrap();
        assert_eq!(request.compression, compression);
        assert!(request.body.len() < 10_000);
        assert_eq!(request.decoded.accepted, spans(1_000_000).encoded_len() as u64);
    }
}

#[tokio::test]
async fn oversize_is_final() {
    let server = server().await;
    let plain = traces(&server).await.export(spans(20 << 20)).await.unwrap_err();
    let mut client = traces(&server).await.send_compressed(CompressionEncoding::Gzip);
    let compressed = client.export(spans(20 << 20)).await.unwrap_err();
    for status in [plain, compressed] {
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        assert!(status.details().is_empty());
    }
    traces(&server).await.export(spans((16 << 20) - 100)).await.unwrap();
    assert_eq!(server.metrics.snapshot().signals[0].refused_for(Reason::TooLarge), 2);
    assert_eq!(server.store.held.load(SeqCst), 0);
}

#[tokio::test]
async fn pressure_is_unavailable_with_retry_info() {
    let server = server().await;
    server.store.cap.store(1, SeqCst);
    // Large enough that the client cannot have sent all of it when the answer comes.
    for bytes in [100, 12 << 20] {
        let status = traces(&server).await.export(spans(bytes)).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert_eq!(details(&status), ["RetryInfo"]);
    }
    // Room for the first question, but not for the message.
    server.store.cap.store(1 << 20, SeqCst);
    let status = traces(&server).await.export(spans(12 << 20)).await.unwrap_err();
    assert_eq!((status.code(), details(&status)), (Code::Unavailable, vec!["RetryInfo".to_owned()]));
    assert!(server.store.requests.lock().is_empty());
}

#[tokio::test]
async fn pressure_is_told_before_the_message_is_sent() {
    let server = server().await;
    server.store.cap.store(1, SeqCst);
    let stream = TokioIo::new(TcpStream::connect(server.grpc).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let never = http_body_util::StreamBody::new(tokio_stream::pending::<Result<_, std::convert::Infallible>>());
    let never: http_body_util::combinators::BoxBody<Bytes, _> = BodyExt::boxed(never);
    let request =
        http::Request::post(format!("http://{}{EXPORT}", server.grpc)).header("content-type", "application/grpc");
    let response = sender.send_request(request.body(never).unwrap()).await.unwrap();
    assert_eq!(Status::from_header_map(response.headers()).unwrap().code(), Code::Unavailable);
}

#[tokio::test]
async fn bad_messages_are_invalid() {
    let server = server().await;
    let grpc = ("content-type", "application/grpc+proto");
    let gzipped = ("grpc-encoding", "gzip");
    for (headers, body, code) in [
        (&[grpc][..], framed(0, b"bad"), Code::InvalidArgument),
        (&[grpc], framed(2, b"spans"), Code::InvalidArgument),
        (&[grpc], Bytes::new(), Code::InvalidArgument),
        (&[grpc], framed(0, b"spans").slice(..7), Code::InvalidArgument),
        (&[grpc], [framed(0, b"spans"), framed(0, b"spans")].concat().into(), Code::InvalidArgument),
        (&[grpc, gzipped], framed(1, b"no such thing"), Code::InvalidArgument),
        (&[grpc], framed(1, &gzip(b"spans")), Code::Internal),
    ] {
        let (http_status, status, _) = call(server.grpc, EXPORT, headers, body).await;
        let status = status.unwrap();
        assert_eq!((http_status, status.code()), (200, code), "{status:?}");
        if code == Code::InvalidArgument {
            assert_eq!(details(&status), ["BadRequest"]);
        }
    }
    assert_eq!(server.store.held.load(SeqCst), 0);
}

#[tokio::test]
async fn partial_success_is_told() {
    let server = server().await;
    let grpc = ("content-type", "application/grpc");
    let (_, status, body) = call(server.grpc, EXPORT, &[grpc], framed(0, b"partial")).await;
    assert_eq!(status.unwrap().code(), Code::Ok);
    let response =
        opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse::decode(&body[5..]).unwrap();
    let partial = response.partial_success.unwrap();
    assert_eq!((partial.rejected_spans, partial.error_message.as_str()), (300, "too “odd”"));
}

#[tokio::test]
async fn what_is_not_there_is_unimplemented() {
    let server = server_with(|config| config.signals = vec![Signal::Traces]).await;
    let grpc = ("content-type", "application/grpc");
    let (_, status, _) = call(server.grpc, EXPORT, &[grpc, ("grpc-encoding", "snappy")], framed(1, b"x")).await;
    let status = status.unwrap();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(status.metadata().get("grpc-accept-encoding").unwrap(), "gzip,zstd,identity");
    for path in ["/opentelemetry.proto.collector.logs.v1.LogsService/Export", "/a.b.C/Export", "/"] {
        let (_, status, _) = call(server.grpc, path, &[grpc], framed(0, b"spans")).await;
        assert_eq!(status.unwrap().code(), Code::Unimplemented, "{path}");
    }
    let json = ("content-type", "application/json");
    let (http_status, status, _) = call(server.grpc, EXPORT, &[json], framed(0, b"spans")).await;
    assert_eq!((http_status, status.is_none()), (415, true));
}

#[tokio::test]
async fn bearer_token_is_required_when_set() {
    let server = server_with(|config| config.bearer_token = Some(BearerToken::new("s3cret"))).await;
    let status = traces(&server).await.export(spans(1)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let mut request = tonic::Request::new(spans(1));
    request.metadata_mut().insert("authorization", "Bearer s3cret".parse().unwrap());
    traces(&server).await.export(request).await.unwrap();
}

#[tokio::test]
async fn own_telemetry_is_taken_and_not_counted() {
    let server = server().await;
    let mut request = tonic::Request::new(spans(1));
    request.metadata_mut().insert("x-spanlake-self", "1".parse().unwrap());
    traces(&server).await.export(request).await.unwrap();
    let snapshot = server.metrics.snapshot();
    assert_eq!((snapshot.own_requests, snapshot.signals[0].requests), (1, [0, 0]));
    assert_eq!(server.store.requests.lock().len(), 1);
}

#[tokio::test]
async fn many_calls_share_a_connection_and_end_with_it() {
    let mut server = server().await;
    let gate = Arc::new(Semaphore::new(0));
    *server.store.gate.lock() = Some(Arc::clone(&gate));
    let client = traces(&server).await;
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let mut client = client.clone();
            tokio::spawn(async move { client.export(spans(50_000)).await })
        })
        .collect();
    soon(|| server.store.waiting.load(SeqCst) == 200).await;
    assert_eq!(server.metrics.snapshot().connections, [0, 1]);
    server.shutdown.cancel();
    tokio::time::sleep(Duration::from_millis(100)).await;
    gate.add_permits(200);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    for task in server.tasks.drain(..) {
        task.await.unwrap().unwrap();
    }
    assert_eq!(server.store.requests.lock().len(), 200);
}

#[tokio::test]
async fn slow_message_is_unavailable() {
    let server = server_with(|config| config.body_read_timeout = Duration::from_millis(300)).await;
    let stream = TokioIo::new(TcpStream::connect(server.grpc).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let start =
        tokio_stream::once(Ok::<_, std::convert::Infallible>(http_body::Frame::data(framed(0, b"x").slice(..3))));
    let slow = http_body_util::StreamBody::new(tokio_stream::StreamExt::chain(start, tokio_stream::pending()));
    let slow: http_body_util::combinators::BoxBody<Bytes, _> = BodyExt::boxed(slow);
    let request =
        http::Request::post(format!("http://{}{EXPORT}", server.grpc)).header("content-type", "application/grpc");
    let response = sender.send_request(request.body(slow).unwrap()).await.unwrap();
    let status = Status::from_header_map(response.headers()).unwrap();
    assert_eq!((status.code(), details(&status)), (Code::Unavailable, vec!["RetryInfo".to_owned()]));
    assert_eq!(server.store.held.load(SeqCst), 0);
}

#[tokio::test]
async fn spans_come_out_of_the_decoder_that_ships() {
    let server = decoding_server().await;
    let span = |trace_id: u8| Span { trace_id: vec![trace_id; 16], span_id: vec![1; 8], ..Span::default() };
    let scope = ScopeSpans { spans: vec![span(1), span(0), span(2)], ..ScopeSpans::default() };
    let resource = ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() };
    let request = ExportTraceServiceRequest { resource_spans: vec![resource] };
    let response = traces(&server).await.export(request).await.unwrap().into_inner();
    assert_eq!(response.partial_success.unwrap().rejected_spans, 1);
    assert_eq!(server.store.requests.lock()[0].decoded.accepted, 2);
    let grpc = ("content-type", "application/grpc");
    let (_, status, _) = call(server.grpc, EXPORT, &[grpc], framed(0, b"no protobuf")).await;
    assert_eq!(status.unwrap().code(), Code::InvalidArgument);
}
