//! OTLP/HTTP: what the protocol says about a request before and after its body. Never touches a socket.
//!
//! Answers are in the request's encoding, errors included; where a request names neither protobuf nor JSON, errors
//! are JSON, which people can read.

mod cors;
mod headers;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, CONNECTION, CONTENT_TYPE, EXPECT, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Version};
use spanlake_schemas::ingest::{Compression, Encoding, Signal};
use tracing::Instrument;

use crate::answer::{self, Outcome};
use crate::body::Frames;
use crate::doors::Doors;
use crate::fault::Fault;
use crate::intake::{Arrival, Received, admit, take};
use crate::metrics::Transport;

#[cfg(test)]
pub(crate) use cors::matches as origin_matches;

/// The writing routes of OTLP/HTTP, with CORS, for [`crate::serve_http`] or to be merged into another router.
pub fn http_router(doors: Arc<Doors>) -> Router {
    let cors = cors::layer(&doors.config);
    let mut router = Router::new();
    for signal in Signal::ALL {
        let doors = Arc::clone(&doors);
        let export = move |request: Request| export(Arc::clone(&doors), signal, request);
        router = router.route(path(signal), any(export));
    }
    let unknown = move |request: Request| {
        doors.metrics.unknown_route();
        let (parts, body) = request.into_parts();
        let frames = Frames::new(body, &doors.config);
        std::future::ready(refuse(&doors, &parts, frames, &Fault::UnknownRoute))
    };
    router.fallback(unknown).layer(cors)
}

/// Where a signal is posted to.
pub(crate) const fn path(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/v1/traces",
        Signal::Metrics => "/v1/metrics",
        Signal::Logs => "/v1/logs",
    }
}

pub(crate) async fn export(doors: Arc<Doors>, signal: Signal, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let arrival = Arrival::of(&doors, signal, Transport::Http, &parts.headers);
    let mut frames = Frames::new(body, &doors.config);
    let result = receive(&doors, arrival, &parts, &mut frames).instrument(arrival.span()).await;
    match result {
        Ok((encoding, outcome)) => respond(StatusCode::OK, encoding, answer::success(signal, encoding, &outcome)),
        Err(fault) => {
            arrival.refused(&doors, &fault);
            refuse(&doors, &parts, frames, &fault)
        }
    }
}

async fn receive(
    doors: &Arc<Doors>,
    arrival: Arrival,
    parts: &Parts,
    frames: &mut Frames<Body>,
) -> Result<(Encoding, Outcome), Fault> {
    if parts.method != Method::POST {
        return Err(Fault::Method);
    }
    doors.check(arrival.signal, &parts.headers)?;
    let encoding = headers::encoding(&parts.headers)?;
    let compression = headers::compression(&parts.headers)?;
    let (told, limit) = (frames.bytes_told(), doors.config.http_body_bytes_max);
    if told.is_some_and(|told| told > limit) {
        return Err(Fault::TooLarge { what: "body", limit });
    }
    let mut admission = admit(doors, Transport::Http, told, compression != Compression::None)?;
    let body = frames.collect(doors, limit, &mut admission).await?;
    let outcome = take(doors, arrival, Received { encoding, compression, body }, admission).await?;
    Ok((encoding, outcome))
}

/// The answer to a refused request, and the end of its body: HTTP/1.1 clients may not listen before they have sent
/// all of it. HTTP/2 has a way to tell them to stop.
fn refuse(doors: &Doors, parts: &Parts, frames: Frames<Body>, fault: &Fault) -> Response {
    let encoding = headers::encoding(&parts.headers).unwrap_or(Encoding::Json);
    let body = answer::status(encoding, fault.to_grpc() as i32, &fault.to_string());
    end_early(doors, parts, frames, fault, respond(fault.to_http(), encoding, body))
}

/// What an answer to a request that was refused before its body's end needs, whatever the answer says.
pub(crate) fn end_early(
    doors: &Doors,
    parts: &Parts,
    frames: Frames<Body>,
    fault: &Fault,
    mut response: Response,
) -> Response {
    let headers = response.headers_mut();
    if let Some(delay) = fault.retry_after(doors.config.retry_after) {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds_rounded_up(delay)));
    }
    match fault {
        Fault::Method => drop(headers.insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"))),
        Fault::Encoding(_) => drop(headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd, identity"))),
        Fault::Unauthenticated => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        _ => {}
    }
    if frames.ended() || parts.version >= Version::HTTP_2 {
        return response;
    }
    let waits = frames.untouched() && parts.headers.contains_key(EXPECT);
    let slow = matches!(fault, Fault::Timeout);
    let long = frames.bytes_told().is_none_or(|told| told > doors.config.drain_bytes_max);
    if waits || slow || long {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if !waits && !slow {
        frames.drain(&doors.config);
    }
    response
}

fn respond(status: StatusCode, encoding: Encoding, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let content_type = match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn seconds_rounded_up(delay: Duration) -> u64 {
    delay.as_secs() + u64::from(delay.subsec_nanos() > 0)
}
