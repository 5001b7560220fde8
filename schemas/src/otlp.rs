//! OTLP bytes to Arrow batches: pure, in one pass, the same call for doors, replay and import.
//!
//! Protobuf goes straight from the wire into column builders (`wire`, `envelope`, and a module a signal); JSON is
//! first rewritten as protobuf. Text is validated a column at a time; a request with text that is not UTF-8 is
//! repaired and decoded again, so that it costs nobody's data.

mod attributes;
mod canonical;
mod columns;
mod envelope;
mod notes;
mod promotion;
mod span_parts;
mod traces;
mod value_text;
mod wire;

use attributes::AttributeLimits;
use columns::ColumnError;
use envelope::{Dimensions, Shared, SignalRows};
use traces::SpanRows;
use wire::Malformed;

use crate::ingest::{Batches, DecodeLimits, Decoded, Encoding, KnownSeries, Signal};

/// Why a whole request is refused (HTTP 400, INVALID_ARGUMENT).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("not valid {encoding} OTLP {signal}: {reason} at byte {offset}")]
    Malformed { signal: &'static str, encoding: &'static str, reason: String, offset: usize },
}

/// Decodes one inflated request body.
///
/// Pure and deterministic: equal arguments (and equal answers of `known`) give equal rows, today and at replay.
pub fn decode(
    signal: Signal,
    _encoding: Encoding,
    body: &[u8],
    received_at: i64,
    limits: &DecodeLimits,
    _known: &dyn KnownSeries,
) -> Result<Decoded, DecodeError> {
    match signal {
        Signal::Traces => decode_rows(signal, body, received_at, limits, SpanRows::new()),
        Signal::Metrics | Signal::Logs => return Ok(Decoded::default()),
    }
    .map_err(|failure| failure.into_error(signal, body))
}

/// Why one attempt at a body failed.
enum Failure {
    Wire(Malformed),
    Columns(ColumnError),
}

impl Failure {
    fn into_error(self, signal: Signal, body: &[u8]) -> DecodeError {
        let (reason, offset) = match self {
            Self::Wire(malformed) => {
                (malformed.fault.reason().to_owned(), malformed.address.saturating_sub(body.as_ptr().addr()))
            }
            Self::Columns(ColumnError::InvalidUtf8) => ("text that is not UTF-8".to_owned(), 0),
            Self::Columns(ColumnError::TooLarge) => ("more than 2 GiB of text in one column".to_owned(), 0),
            Self::Columns(ColumnError::Shape(reason)) => (reason, 0),
        };
        DecodeError::Malformed { signal: signal.name(), encoding: "protobuf", reason, offset }
    }
}

fn decode_rows<'a, S: SignalRows<'a>>(
    signal: Signal,
    body: &'a [u8],
    received_at: i64,
    limits: &DecodeLimits,
    mut rows: S,
) -> Result<Decoded, Failure> {
    let limits = AttributeLimits {
        count_max: usize::try_from(limits.attributes_per_item_max).unwrap_or(usize::MAX),
        depth_max: limits.value_depth_max,
    };
    let mut shared = Shared::new(limits, received_at);
    let mut dimensions = Dimensions::default();
    envelope::read_request(body, &mut shared, &mut rows, &mut dimensions).map_err(Failure::Wire)?;
    let accepted = rows.accepted();
    let mut batches = Batches::default();
    dimensions.finish(received_at, &mut batches).map_err(Failure::Columns)?;
    rows.finish(received_at, &mut batches).map_err(Failure::Columns)?;
    Ok(Decoded {
        batches,
        accepted,
        rejected: shared.notes.rejected(),
        message: shared.notes.message(signal),
        unknown_fields: shared.scan.unknown_fields,
    })
}
