//! OTLP/gRPC: unary `Export` calls, framed by hand over HTTP/2. Never touches a socket.

mod message;

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use spanlake_schemas::ingest::{Compression, Encoding, Signal};
use tonic::{Code, Status};
use tracing::Instrument;

use crate::admission::inflated_bytes_guess;
use crate::answer::{self, Outcome};
use crate::body::Frames;
use crate::doors::Doors;
use crate::fault::Fault;
use crate::intake::{Arrival, Received, admit, take};
use crate::metrics::Transport;
use message::{Prefix, Reply, read_message, read_prefix};

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_ENCODING: &str = "grpc-encoding";
const GRPC_ACCEPT_ENCODING: &str = "grpc-accept-encoding";

/// The name of a signal's service.
pub(crate) const fn service(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "opentelemetry.proto.collector.trace.v1.TraceService",
        Signal::Metrics => "opentelemetry.proto.collector.metrics.v1.MetricsService",
        Signal::Logs => "opentelemetry.proto.collector.logs.v1.LogsService",
    }
}

/// Answers one call.
pub(crate) async fn call(doors: Arc<Doors>, request: Request<Incoming>) -> Response<Reply> {
    let (parts, body) = request.into_parts();
    if let Some(status) = refused_by_http(&parts) {
        let mut response = Response::new(Reply::default());
        *response.status_mut() = status;
        return response;
    }
    let Some(signal) = signal(parts.uri.path()) else {
        doors.metrics.unknown_route();
        return Status::new(Code::Unimplemented, "there is no such method").into_http();
    };
    let arrival = Arrival::of(&doors, signal, Transport::Grpc, &parts.headers);
    let mut frames = Frames::new(body, &doors.config);
    match receive(&doors, arrival, &parts, &mut frames).instrument(arrival.span()).await {
        Ok(outcome) => success(signal, &outcome),
        Err(fault) => {
            arrival.refused(&doors, &fault);
            refuse(&doors, &fault)
        }
    }
}

/// The signal whose `Export` is called.
fn signal(path: &str) -> Option<Signal> {
    let service_named = path.strip_prefix('/')?.strip_suffix("/Export")?;
    Signal::ALL.into_iter().find(|signal| service(*signal) == service_named)
}

/// What gRPC leaves to HTTP.
fn refused_by_http(parts: &Parts) -> Option<StatusCode> {
    let content_type = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if parts.method != Method::POST {
        Some(StatusCode::METHOD_NOT_ALLOWED)
    } else if !matches!(content_type.strip_prefix(GRPC.as_bytes()), Some([] | [b'+' | b';', ..])) {
        Some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    } else {
        None
    }
}

async fn receive(
    doors: &Arc<Doors>,
    arrival: Arrival,
    parts: &Parts,
    frames: &mut Frames<Incoming>,
) -> Result<Outcome, Fault> {
    doors.check(arrival.signal, &parts.headers)?;
    let named = compression(&parts.headers)?;
    // Most clients tell the size in the message's prefix only; a server without room refuses before that.
    let mut admission = admit(doors, Transport::Grpc, None, false)?;
    let (Prefix { compressed, bytes }, start) = read_prefix(frames).await?;
    let compression = match (compressed, named) {
        (false, _) => Compression::None,
        (true, Compression::None) => return Err(Fault::CompressionUnnamed),
        (true, named) => named,
    };
    let limit = doors.config.grpc_message_bytes_max;
    if bytes > limit {
        return Err(Fault::TooLarge { what: "message", limit });
    }
    let inflated_bytes_max = doors.limits(Transport::Grpc).inflated_bytes_max;
    admission.cover(&*doors.ingest, inflated_bytes_guess(bytes, compressed, inflated_bytes_max))?;
    let body = read_message(frames, start, bytes as usize).await?;
    take(doors, arrival, Received { encoding: Encoding::Protobuf, compression, body }, admission).await
}

fn compression(headers: &HeaderMap) -> Result<Compression, Fault> {
    match headers.get(GRPC_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok(Compression::None),
        Some(b"gzip") => Ok(Compression::Gzip),
        Some(b"zstd") => Ok(Compression::Zstd),
        Some(other) => Err(Fault::Encoding(String::from_utf8_lossy(other).into_owned())),
    }
}

fn success(signal: Signal, outcome: &Outcome) -> Response<Reply> {
    let message = answer::success(signal, Encoding::Protobuf, outcome);
    let data = match message.len() {
        0 => Bytes::from_static(&[0; 5]),
        bytes => {
            let mut framed = BytesMut::with_capacity(5 + bytes);
            framed.put_u8(0);
            framed.put_u32(bytes as u32);
            framed.extend_from_slice(&message);
            framed.freeze()
        }
    };
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
    let mut response = Response::new(Reply::new(data, trailers));
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response
}

/// The one place that says which fault is answered how.
fn refuse(doors: &Doors, fault: &Fault) -> Response<Reply> {
    let (code, message) = (fault.to_grpc(), fault.to_string());
    let message = answer::shortened(&message);
    let details = match (fault, fault.retry_after(doors.config.retry_after)) {
        (_, Some(delay)) => answer::status_with_retry(code as i32, message, delay),
        (Fault::Malformed(_), None) => answer::status_with_bad_request(code as i32, message),
        _ => Bytes::new(),
    };
    let mut response: Response<Reply> = Status::with_details(code, message, details).into_http();
    if matches!(fault, Fault::Encoding(_)) {
        response.headers_mut().insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static("gzip,zstd,identity"));
    }
    response
}
