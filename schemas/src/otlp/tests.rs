//! Decoder and encoder against prost and each other, JSON against protobuf, and hostile input.

mod agreement;
mod encode;
mod encode_cases;
mod generate;
mod hostile;
mod json;
mod json_writer;
mod overflow;
mod readback;
mod round_trip;
mod values;
mod vectors;

use crate::ingest::{Batches, DecodeLimits, Decoded, Encoding, NoKnownSeries, Signal};
use crate::otlp::{DecodeError, DimensionBatches, Encoded, decode};

/// When requests of these tests were received.
const RECEIVED_AT: i64 = 1_732_165_200_000_000_123;

fn decode_protobuf(signal: Signal, body: &[u8]) -> Result<Decoded, DecodeError> {
    decode(signal, Encoding::Protobuf, body, RECEIVED_AT, &DecodeLimits::default(), &NoKnownSeries)
}

fn decode_json(signal: Signal, body: &[u8]) -> Result<Decoded, DecodeError> {
    decode(signal, Encoding::Json, body, RECEIVED_AT, &DecodeLimits::default(), &NoKnownSeries)
}

/// Encodes batches that bring their own dimensions.
fn encode_all(signal: Signal, batches: &Batches, request_bytes_max: Option<usize>) -> Encoded {
    let lookup = DimensionBatches::new(&batches.tables);
    crate::otlp::encode(signal, &batches.tables, &lookup, request_bytes_max).unwrap()
}
