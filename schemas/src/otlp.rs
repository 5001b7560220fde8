//! OTLP bytes to Arrow batches: pure, in one pass, the same call for doors, replay and import.

use crate::ingest::{DecodeLimits, Decoded, Encoding, KnownSeries, Signal};

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
    _signal: Signal,
    _encoding: Encoding,
    _body: &[u8],
    _received_at: i64,
    _limits: &DecodeLimits,
    _known: &dyn KnownSeries,
) -> Result<Decoded, DecodeError> {
    Ok(Decoded::default())
}
