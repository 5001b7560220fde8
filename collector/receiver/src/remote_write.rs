//! Prometheus remote write, 1.0 and 2.0: what the protocol says about a request before and after its body.
//!
//! Owns content types, statuses and the counts in the answer. A sender retries 5xx and 429 and gives up on the rest,
//! so that only what may be taken later is 503, and a request of which a part cannot be taken is 400 once the rest is
//! stored. The messages themselves are read in `spanlake_schemas::prometheus`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use spanlake_schemas::ingest::{Compression, Encoding, Refusal, Signal};
use spanlake_schemas::prometheus::remote_write::{self, Version};
use spanlake_schemas::prometheus::{RequestBuilder, Tally};
use tracing::Instrument;

use crate::admission::Admission;
use crate::body::Frames;
use crate::doors::Doors;
use crate::fault::Fault;
use crate::http::end_early;
use crate::intake::{Arrival, Received, admit, take};
use crate::metrics::Transport;
use crate::snappy;

const SAMPLES_WRITTEN: HeaderName = HeaderName::from_static("x-prometheus-remote-write-samples-written");
const HISTOGRAMS_WRITTEN: HeaderName = HeaderName::from_static("x-prometheus-remote-write-histograms-written");
const EXEMPLARS_WRITTEN: HeaderName = HeaderName::from_static("x-prometheus-remote-write-exemplars-written");

/// The route.
pub(crate) async fn write(doors: Arc<Doors>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let arrival = Arrival::of(&doors, Signal::Metrics, Transport::Http, &parts.headers);
    let mut frames = Frames::new(body, &doors.config);
    let span = tracing::debug_span!("remote write", otel.kind = "server", url.path = "/prometheus/api/v1/write");
    match receive(&doors, arrival, &parts, &mut frames).instrument(span).await {
        Ok(tally) => match tally.message() {
            None => answer(StatusCode::NO_CONTENT, String::new(), &tally),
            Some(message) => answer(StatusCode::BAD_REQUEST, message, &tally),
        },
        Err(fault) => {
            arrival.refused(&doors, &fault);
            let response = answer(fault.to_http(), fault.to_string(), &Tally::default());
            end_early(&doors, &parts, frames, &fault, response)
        }
    }
}

fn answer(status: StatusCode, message: String, tally: &Tally) -> Response {
    let mut response = Response::new(Body::from(if message.is_empty() { message } else { message + "\n" }));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if status != StatusCode::NO_CONTENT {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    headers.insert(SAMPLES_WRITTEN, tally.samples.into());
    headers.insert(HISTOGRAMS_WRITTEN, tally.histograms.into());
    headers.insert(EXEMPLARS_WRITTEN, tally.exemplars.into());
    response
}

/// The message that a content type announces; 1.0 where it announces none.
pub(crate) fn version(headers: &HeaderMap) -> Result<Version, Fault> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(Version::One) };
    let value = value.to_str().unwrap_or_default();
    let unsupported = || {
        Fault::Unsupported(format!(
            "content type {value:?} is not supported: send application/x-protobuf, with \
             proto=prometheus.WriteRequest or proto=io.prometheus.write.v2.Request"
        ))
    };
    let mut parts = value.split(';').map(str::trim);
    if !parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/x-protobuf")) {
        return Err(unsupported());
    }
    let proto = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("proto").then(|| value.trim().trim_matches('"'))
    });
    match proto {
        None => Ok(Version::One),
        Some(message) => [Version::One, Version::Two]
            .into_iter()
            .find(|version| version.message() == message)
            .ok_or_else(unsupported),
    }
}

/// Snappy is the only one that the protocol has; old senders do not say it.
fn check_encoding(headers: &HeaderMap) -> Result<(), Fault> {
    let said = headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").trim()).unwrap_or_default();
    match said {
        "" => Ok(()),
        said if said.eq_ignore_ascii_case("snappy") => Ok(()),
        said => Err(Fault::Unsupported(format!("encoding {said:?} is not supported: remote write is sent as snappy"))),
    }
}

async fn receive(
    doors: &Arc<Doors>,
    arrival: Arrival,
    parts: &Parts,
    frames: &mut Frames<Body>,
) -> Result<Tally, Fault> {
    doors.check(arrival.signal, &parts.headers)?;
    let version = version(&parts.headers)?;
    check_encoding(&parts.headers)?;
    let (told, limit) = (frames.bytes_told(), doors.config.http_body_bytes_max);
    if told.is_some_and(|told| told > limit) {
        return Err(Fault::TooLarge { what: "body", limit });
    }
    let mut admission = admit(doors, Transport::Http, told, true)?;
    let body = frames.collect(doors, limit, &mut admission).await?;
    let (request, mut tally, admission) = converted(doors, version, body, admission).await?;
    let received = Received { encoding: Encoding::Protobuf, compression: Compression::None, body: request.into() };
    let outcome = take(doors, arrival, received, admission).await?;
    if outcome.rejected > 0 {
        tally.samples = tally.samples.saturating_sub(outcome.rejected);
        tally.reject(outcome.message.as_deref().unwrap_or("refused by the decoder"), "", outcome.rejected);
    }
    Ok(tally)
}

/// The body as an OTLP request: here if it is small, else on a thread that may block.
async fn converted(
    doors: &Arc<Doors>,
    version: Version,
    body: Bytes,
    mut admission: Admission,
) -> Result<(Vec<u8>, Tally, Admission), Fault> {
    let bytes_max = doors.limits(Transport::Http).inflated_bytes_max;
    let inflated = snappy::inflated_bytes(&body, bytes_max)? as u64;
    // The inflated body and the request that is made of it, which is about as large, are there together.
    admission.cover(&*doors.ingest, body.len() as u64 + 2 * inflated)?;
    if inflated < doors.config.offload_bytes_min {
        let (request, tally) = convert(doors, version, &body, bytes_max)?;
        return Ok((request, tally, admission));
    }
    let _turn = doors.large_turns.acquire().await.map_err(|_| Fault::Bug)?;
    let doors = Arc::clone(doors);
    let converting = tokio::task::spawn_blocking(move || {
        let (request, tally) = convert(&doors, version, &body, bytes_max)?;
        Ok((request, tally, admission))
    });
    converting.await.map_err(|_| Fault::Refused(Refusal::ShuttingDown))?
}

fn convert(doors: &Doors, version: Version, body: &[u8], bytes_max: u64) -> Result<(Vec<u8>, Tally), Fault> {
    let plain = snappy::inflate(body)?;
    let malformed = |error: remote_write::RemoteWriteError| Fault::Malformed(error.to_string());
    let work = || {
        if version == Version::One {
            learn(doors, &plain).map_err(malformed)?;
        }
        let families = Arc::clone(&doors.families.lock());
        let mut builder = RequestBuilder::new(bytes_max);
        remote_write::convert(version, &plain, &families, &mut builder).map_err(malformed)?;
        Ok(builder.finish())
    };
    // As with every body: a panic over one is answered for that one.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Fault::Bug)?
}

/// Keeps what 1.0 tells of families, for the samples of this request and of later ones.
fn learn(doors: &Doors, plain: &[u8]) -> Result<(), remote_write::RemoteWriteError> {
    remote_write::each_family(plain, |family| {
        let mut families = doors.families.lock();
        if !families.knows(family) {
            Arc::make_mut(&mut families).learn(family);
        }
    })
}
