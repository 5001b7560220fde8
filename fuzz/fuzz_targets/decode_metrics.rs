//! Bytes as a protobuf metrics request.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spanlake_schemas::ingest::Signal;

fuzz_target!(|body: &[u8]| spanlake_fuzz::agree_with_prost(Signal::Metrics, body));
