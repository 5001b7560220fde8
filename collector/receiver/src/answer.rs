//! OTLP's answers as bytes: the `Export*ServiceResponse`s (one shape for all three signals) and `google.rpc.Status`
//! with its details. Written by hand, as they are a few fields; never reads a request.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use spanlake_schemas::ingest::{Encoding, Signal};

/// Longest message in an answer; clients need not take more than 4 MiB, and people read less.
const MESSAGE_BYTES_MAX: usize = 4 << 10;

/// What a stored request is answered with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Items taken.
    pub(crate) accepted: u64,
    /// Items not taken.
    pub(crate) rejected: u64,
    /// Why not, or what the sender should know.
    pub(crate) message: Option<String>,
}

/// The `Export*ServiceResponse`: empty (`{}`) unless there is something to say.
pub(crate) fn success(signal: Signal, encoding: Encoding, outcome: &Outcome) -> Bytes {
    let message = outcome.message.as_deref().unwrap_or_default();
    match encoding {
        Encoding::Protobuf if outcome.rejected == 0 && message.is_empty() => Bytes::new(),
        Encoding::Json if outcome.rejected == 0 && message.is_empty() => Bytes::from_static(b"{}"),
        Encoding::Protobuf => {
            let mut partial = Vec::new();
            put_varint(&mut partial, 1, outcome.rejected);
            put_bytes(&mut partial, 2, shortened(message).as_bytes());
            let mut response = Vec::new();
            put_bytes(&mut response, 1, &partial);
            response.into()
        }
        Encoding::Json => {
            let mut partial = serde_json::Map::new();
            if outcome.rejected > 0 {
                partial.insert(rejected_name(signal).to_owned(), Value::String(outcome.rejected.to_string()));
            }
            if !message.is_empty() {
                partial.insert("errorMessage".to_owned(), shortened(message).into());
            }
            json!({ "partialSuccess": partial }).to_string().into()
        }
    }
}

/// A `google.rpc.Status` without details, as HTTP answers carry it.
pub(crate) fn status(encoding: Encoding, code: i32, message: &str) -> Bytes {
    match encoding {
        Encoding::Protobuf => status_start(code, message).into(),
        Encoding::Json => json!({ "code": code, "message": shortened(message) }).to_string().into(),
    }
}

/// A `google.rpc.Status` with a `RetryInfo`, for `grpc-status-details-bin`.
pub(crate) fn status_with_retry(code: i32, message: &str, delay: Duration) -> Bytes {
    let mut duration = Vec::new();
    put_varint(&mut duration, 1, delay.as_secs());
    put_varint(&mut duration, 2, delay.subsec_nanos().into());
    let mut retry = Vec::new();
    put_bytes(&mut retry, 1, &duration);
    status_with_detail(code, message, "type.googleapis.com/google.rpc.RetryInfo", &retry)
}

/// A `google.rpc.Status` with a `BadRequest` that blames the whole request.
pub(crate) fn status_with_bad_request(code: i32, message: &str) -> Bytes {
    let mut violation = Vec::new();
    put_bytes(&mut violation, 1, b"request");
    put_bytes(&mut violation, 2, shortened(message).as_bytes());
    let mut bad_request = Vec::new();
    put_bytes(&mut bad_request, 1, &violation);
    status_with_detail(code, message, "type.googleapis.com/google.rpc.BadRequest", &bad_request)
}

/// At most [`MESSAGE_BYTES_MAX`] of a message.
pub(crate) fn shortened(message: &str) -> &str {
    &message[..message.floor_char_boundary(MESSAGE_BYTES_MAX)]
}

fn status_start(code: i32, message: &str) -> Vec<u8> {
    let mut status = Vec::with_capacity(message.len() + 8);
    put_varint(&mut status, 1, u64::from(code.unsigned_abs()));
    put_bytes(&mut status, 2, shortened(message).as_bytes());
    status
}

fn status_with_detail(code: i32, message: &str, type_url: &str, value: &[u8]) -> Bytes {
    let mut any = Vec::new();
    put_bytes(&mut any, 1, type_url.as_bytes());
    put_bytes(&mut any, 2, value);
    let mut status = status_start(code, message);
    put_bytes(&mut status, 3, &any);
    status.into()
}

const fn rejected_name(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "rejectedSpans",
        Signal::Metrics => "rejectedDataPoints",
        Signal::Logs => "rejectedLogRecords",
    }
}

/// A varint field; zero is the default and left out.
fn put_varint(into: &mut Vec<u8>, field: u8, value: u64) {
    if value > 0 {
        into.push(field << 3);
        put_raw_varint(into, value);
    }
}

/// A length-delimited field; empty messages are written too, as their presence says something.
fn put_bytes(into: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    into.push((field << 3) | 2);
    put_raw_varint(into, bytes.len() as u64);
    into.extend_from_slice(bytes);
}

fn put_raw_varint(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}
