//! What prost accepts is accepted and what it refuses is refused, whatever the bytes.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use proptest::sample::Index;
use prost::Message;

use super::{decode_protobuf, generate};
use crate::ingest::Signal;

/// Fails where the decoder and prost disagree. Text that is not UTF-8 and deep nesting are ours to treat better.
fn agree(signal: Signal, body: &[u8]) {
    let refused = match signal {
        Signal::Traces => ExportTraceServiceRequest::decode(body).err(),
        Signal::Metrics => ExportMetricsServiceRequest::decode(body).err(),
        Signal::Logs => ExportLogsServiceRequest::decode(body).err(),
    };
    let ours = decode_protobuf(signal, body);
    match refused.map(|error| error.to_string()) {
        Some(reason) if reason.contains("recursion limit") || reason.contains("UTF-8") => {}
        Some(reason) => assert!(ours.is_err(), "prost refuses {body:?}: {reason}"),
        None => assert!(ours.is_ok(), "prost accepts {body:?}: {ours:?}"),
    }
}

fn request() -> impl Strategy<Value = (Signal, Vec<u8>)> {
    prop_oneof![
        generate::traces().prop_map(|request| (Signal::Traces, request.encode_to_vec())),
        generate::logs().prop_map(|request| (Signal::Logs, request.encode_to_vec())),
        generate::metrics().prop_map(|request| (Signal::Metrics, request.encode_to_vec())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn on_truncated_requests((signal, body) in request()) {
        for length in 0..body.len() {
            agree(signal, &body[..length]);
        }
    }

    #[test]
    fn on_mutated_requests(
        (signal, body) in request(),
        edits in proptest::collection::vec((any::<Index>(), any::<u8>(), 0..3_u8), 1..200),
    ) {
        // Each edit alone, so that a body stays near to being good.
        for (position, byte, kind) in edits {
            let mut body = body.clone();
            if body.is_empty() {
                continue;
            }
            let position = position.index(body.len());
            match kind {
                0 => body[position] = byte,
                1 => body.insert(position, byte),
                _ => { body.remove(position); }
            }
            agree(signal, &body);
        }
    }

    #[test]
    fn on_random_bytes(body in proptest::collection::vec(any::<u8>(), 0..64)) {
        for signal in Signal::ALL {
            agree(signal, &body);
        }
    }

    #[test]
    fn on_short_random_fields(fields in proptest::collection::vec((0..20_u8, 0..8_u8, any::<u8>()), 0..16)) {
        let item: Vec<u8> = fields.iter().flat_map(|(number, wire, byte)| [number << 3 | wire, *byte]).collect();
        let wrap = |number: u8, content: &[u8]| [&[number << 3 | 2, content.len() as u8], content].concat();
        for signal in Signal::ALL {
            agree(signal, &wrap(1, &wrap(2, &wrap(2, &item))));
            agree(signal, &wrap(1, &wrap(1, &item)));
        }
    }
}
