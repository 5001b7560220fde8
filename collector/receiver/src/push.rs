//! `POST /api/push`: a few numbers from a script, as JSON or a line each.
//!
//! Owns the two forms. Names and labels are kept as they are; the rest of the way is that of remote write. What is
//! wrong costs only its own line, and is told with its number.

mod forms;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use spanlake_schemas::ingest::{Compression, Encoding, Signal};
use spanlake_schemas::prometheus::{Family, NAME_LABEL, RequestBuilder, Sample, Tally};

use crate::body::Frames;
use crate::doors::Doors;
use crate::fault::Fault;
use crate::http::end_early;
use crate::intake::{Arrival, Received, admit, nanoseconds_since_epoch, take};
use crate::metrics::Transport;
use forms::Pushed;

/// Scripts push a few numbers; whoever has more speaks OTLP.
const BODY_BYTES_MAX: u64 = 1 << 20;

/// The route.
pub(crate) async fn push(doors: Arc<Doors>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let arrival = Arrival::of(&doors, Signal::Metrics, Transport::Http, &parts.headers);
    let mut frames = Frames::new(body, &doors.config);
    match receive(&doors, arrival, &parts, &mut frames).await {
        Ok(tally) if tally.samples == 0 && tally.rejected > 0 => {
            error(StatusCode::BAD_REQUEST, "invalid_request", &tally.message().unwrap_or_default())
        }
        Ok(tally) => {
            let answer = json!({ "accepted": tally.samples, "rejected": tally.rejected, "message": tally.message() });
            respond(StatusCode::OK, answer.to_string())
        }
        Err(fault) => {
            arrival.refused(&doors, &fault);
            let status = fault.to_http();
            let code = match status {
                StatusCode::SERVICE_UNAVAILABLE => "busy",
                StatusCode::PAYLOAD_TOO_LARGE => "too_large",
                StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
                status if status.is_client_error() => "invalid_request",
                _ => "internal",
            };
            let response = error(status, code, &fault.to_string());
            end_early(&doors, &parts, frames, &fault, response)
        }
    }
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    respond(status, json!({ "error": { "code": code, "message": message } }).to_string())
}

fn respond(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Whether the body is JSON rather than lines.
fn is_json(parts: &Parts) -> Result<bool, Fault> {
    let said = parts.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?")).unwrap_or_default();
    match said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" => Ok(true),
        "text/plain" => Ok(false),
        _ => Err(Fault::Unsupported(format!(
            "content type {said:?} is not supported: send application/json, or text/plain with a line for each metric"
        ))),
    }
}

async fn receive(
    doors: &Arc<Doors>,
    arrival: Arrival,
    parts: &Parts,
    frames: &mut Frames<Body>,
) -> Result<Tally, Fault> {
    doors.check(arrival.signal, &parts.headers)?;
    let is_json = is_json(parts)?;
    let told = frames.bytes_told();
    if told.is_some_and(|told| told > BODY_BYTES_MAX) {
        return Err(Fault::TooLarge { what: "body", limit: BODY_BYTES_MAX });
    }
    let mut admission = admit(doors, Transport::Http, told, true)?;
    let body = frames.collect(doors, BODY_BYTES_MAX, &mut admission).await?;
    let text = std::str::from_utf8(&body).map_err(|_| Fault::Malformed("the body is not UTF-8".to_owned()))?;
    let now_ms = nanoseconds_since_epoch() / 1_000_000;
    let mut builder = RequestBuilder::new(doors.limits(Transport::Http).inflated_bytes_max);
    let add = |pushed: Result<Pushed, String>| add(&mut builder, pushed, now_ms);
    if is_json {
        forms::read_json(text, add).map_err(Fault::Malformed)?
    } else {
        forms::read_lines(text, add)
    }
    let (request, mut tally) = builder.finish();
    let received = Received { encoding: Encoding::Protobuf, compression: Compression::None, body: request.into() };
    let outcome = take(doors, arrival, received, admission).await?;
    if outcome.rejected > 0 {
        tally.samples = tally.samples.saturating_sub(outcome.rejected);
        tally.reject(outcome.message.as_deref().unwrap_or("refused by the decoder"), "", outcome.rejected);
    }
    Ok(tally)
}

fn add(builder: &mut RequestBuilder, pushed: Result<Pushed, String>, now_ms: i64) {
    let pushed = match pushed {
        Ok(pushed) => pushed,
        Err(fault) => return builder.tally.reject(&fault, "", 1),
    };
    let own = pushed.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let labels: Vec<(&str, &str)> = std::iter::once((NAME_LABEL, pushed.name.as_str())).chain(own).collect();
    let family = Family { name: &pushed.name, kind: pushed.kind, help: &pushed.help, unit: &pushed.unit };
    let sample = Sample { time_ms: pushed.time_ms.unwrap_or(now_ms), value: pushed.value, start_ms: 0 };
    match builder.series(&labels, &family) {
        Ok(mut series) => series.sample(&sample, &[]),
        Err(fault) => builder.tally.reject(&fault.to_string(), &pushed.name, 1),
    }
}
