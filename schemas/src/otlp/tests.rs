//! The decoder against prost, JSON against protobuf, and hostile input.

mod agreement;
mod generate;
mod hostile;
mod json;
mod json_writer;
mod readback;
mod round_trip;
mod values;
mod vectors;

use crate::ingest::{DecodeLimits, Decoded, Encoding, NoKnownSeries, Signal};
use crate::otlp::{DecodeError, decode};

/// When requests of these tests were received.
const RECEIVED_AT: i64 = 1_732_165_200_000_000_123;

fn decode_protobuf(signal: Signal, body: &[u8]) -> Result<Decoded, DecodeError> {
    decode(signal, Encoding::Protobuf, body, RECEIVED_AT, &DecodeLimits::default(), &NoKnownSeries)
}

fn decode_json(signal: Signal, body: &[u8]) -> Result<Decoded, DecodeError> {
    decode(signal, Encoding::Json, body, RECEIVED_AT, &DecodeLimits::default(), &NoKnownSeries)
}
