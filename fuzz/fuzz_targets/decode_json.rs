//! Bytes as JSON requests: the protobuf they stand for is one that prost accepts, and decodes to the same rows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spanlake_schemas::ingest::{Encoding, Signal};
use spanlake_schemas::otlp::json_to_protobuf;

fuzz_target!(|body: &[u8]| {
    for signal in Signal::ALL {
        let decoded = spanlake_fuzz::decode(signal, Encoding::Json, body);
        match json_to_protobuf(signal, body) {
            Ok(protobuf) => {
                spanlake_fuzz::agree_with_prost(signal, &protobuf);
                let same = spanlake_fuzz::decode(signal, Encoding::Protobuf, &protobuf);
                assert_eq!(
                    decoded.expect("it was rewritten").batches.tables,
                    same.expect("we wrote it").batches.tables
                );
            }
            Err(error) => assert_eq!(decoded.expect_err("it was not rewritten"), error),
        }
    }
});
