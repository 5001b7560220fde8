//! OTLP bytes to Arrow batches: pure, in one pass, the same call for doors, replay and import; and back (`encode`).
//!
//! Protobuf goes straight from the wire into column builders (`wire`, `envelope`, and a module a signal); JSON is
//! first rewritten as protobuf. Text is validated a column at a time; a request with text that is not UTF-8 is
//! repaired and decoded again, so that it costs nobody's data.

mod attribute_value;
mod attributes;
mod canonical;
mod columns;
mod descriptors;
mod distributions;
mod encode;
mod envelope;
mod json;
mod json_writer;
mod logs;
mod metrics;
mod notes;
mod points;
mod promotion;
mod repair;
mod span_parts;
mod traces;
mod value_text;
pub(crate) mod wire;
pub(crate) mod wire_writer;

#[cfg(test)]
mod tests;

pub use attribute_value::{AttributeValue, AttributeValueError};
use attributes::AttributeLimits;
use columns::ColumnError;
pub use encode::{DimensionBatches, DimensionLookup, DimensionRow, EncodeError, Encoded, Tally, encode};
use envelope::{Dimensions, Shared, SignalRows};
use json::JsonFault;
use logs::LogRows;
use metrics::MetricRows;
use notes::{Change, Notes};
use traces::SpanRows;
use wire::Malformed;

use arrow::error::ArrowError;

use crate::ingest::{Batches, DecodeLimits, Decoded, Encoding, Filing, KnownSeries, Signal};

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
    encoding: Encoding,
    body: &[u8],
    received_at: i64,
    limits: &DecodeLimits,
    known: &dyn KnownSeries,
) -> Result<Decoded, DecodeError> {
    let request = RequestContext { signal, received_at, limits, known };
    match encoding {
        Encoding::Protobuf => request.decode(body, Notes::default()),
        Encoding::Json => {
            let transcoded = json::transcode(signal, body).map_err(|fault| json_error(signal, fault))?;
            let mut notes = Notes::default();
            notes.change(Change::TextReplaced, u32::from(transcoded.repaired));
            let mut decoded = request.decode(&transcoded.protobuf, notes)?;
            decoded.unknown_fields += transcoded.unknown_fields;
            Ok(decoded)
        }
    }
}

/// Rewrites an OTLP/JSON request body as the protobuf of the same request.
pub fn json_to_protobuf(signal: Signal, body: &[u8]) -> Result<Vec<u8>, DecodeError> {
    match json::transcode(signal, body) {
        Ok(transcoded) => Ok(transcoded.protobuf),
        Err(fault) => Err(json_error(signal, fault)),
    }
}

/// Rewrites an OTLP/protobuf request body as OTLP/JSON: the inverse of [`json_to_protobuf`].
///
/// Ids are hex, 64-bit integers strings, enums numbers, bytes base64, doubles that JSON lacks `"NaN"`, `"Infinity"` and
/// `"-Infinity"`. What the body says is written, defaults too; what it does not say is not, but that empty lists have
/// their `values`. Fields that this version does not know are left out, text that is not UTF-8 is repaired, and lists
/// nested deeper than the decoder ever follows are empty.
pub fn protobuf_to_json(signal: Signal, body: &[u8]) -> Result<Vec<u8>, DecodeError> {
    json_writer::transcode(signal, body).map_err(|fault| Failure::Wire(fault).into_error(signal, body))
}

fn json_error(signal: Signal, fault: JsonFault) -> DecodeError {
    let JsonFault { reason, offset } = fault;
    DecodeError::Malformed { signal: signal.name(), encoding: "JSON", reason, offset }
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

/// All that a request is decoded with, besides its bytes.
#[derive(Clone, Copy)]
struct RequestContext<'c> {
    signal: Signal,
    received_at: i64,
    limits: &'c DecodeLimits,
    known: &'c dyn KnownSeries,
}

impl RequestContext<'_> {
    fn decode(self, body: &[u8], notes: Notes) -> Result<Decoded, DecodeError> {
        let repaired;
        let attempt = match self.attempt(body, notes) {
            Err(Failure::Columns(ColumnError::InvalidUtf8)) => {
                let (text, replaced) = repair::repair(self.signal, body)
                    .map_err(|fault| Failure::Wire(fault).into_error(self.signal, body))?;
                repaired = text;
                let mut notes = Notes::default();
                notes.change(Change::TextReplaced, replaced);
                self.attempt(&repaired, notes)
            }
            attempt => attempt,
        };
        attempt.map_err(|failure| failure.into_error(self.signal, body))
    }

    fn attempt(self, body: &[u8], notes: Notes) -> Result<Decoded, Failure> {
        match self.signal {
            Signal::Traces => self.attempt_rows(body, notes, SpanRows::new()),
            Signal::Logs => self.attempt_rows(body, notes, LogRows::new()),
            Signal::Metrics => self.attempt_rows(body, notes, MetricRows::new(self.known)),
        }
    }

    fn attempt_rows<'a, S: SignalRows<'a>>(
        self,
        body: &'a [u8],
        notes: Notes,
        mut rows: S,
    ) -> Result<Decoded, Failure> {
        let limits = AttributeLimits {
            count_max: usize::try_from(self.limits.attributes_per_item_max).unwrap_or(usize::MAX),
            depth_max: self.limits.value_depth_max,
        };
        let mut shared = Shared::new(limits, self.received_at, notes);
        let mut dimensions = Dimensions::default();
        envelope::read_request(body, &mut shared, &mut rows, &mut dimensions).map_err(Failure::Wire)?;
        let accepted = rows.accepted();
        let mut batches = Batches::default();
        dimensions.finish(self.received_at, &mut batches).map_err(Failure::Columns)?;
        rows.finish(self.received_at, &mut batches).map_err(Failure::Columns)?;
        if self.limits.filing == Filing::OwnTime {
            let shape = |error: ArrowError| Failure::Columns(ColumnError::Shape(error.to_string()));
            batches.received_when_they_happened().map_err(shape)?;
        }
        Ok(Decoded {
            batches,
            accepted,
            rejected: shared.notes.rejected(),
            message: shared.notes.message(self.signal),
            unknown_fields: shared.scan.unknown_fields,
            overflowed_points: shared.overflowed.points,
            overflowed_series: shared.overflowed.series.into_iter().collect(),
        })
    }
}
