//! The JSON examples of the OTLP specification, where they are at hand.

use std::io::Write as _;
use std::path::PathBuf;

use super::{decode_json, decode_protobuf};
use crate::ingest::Signal;
use crate::otlp::json_to_protobuf;

fn shared_data() -> Option<PathBuf> {
    // Asked when it runs, not when it is built: checkouts may share a target folder, and with it this binary.
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    let root = std::env::var_os("SPANLAKE_SHARED").map_or_else(|| here.join("../../shared"), PathBuf::from);
    let data = root.join("data/otlp");
    data.is_dir().then_some(data)
}

#[test]
fn the_specifications_examples_decode_whole() {
    let Some(data) = shared_data() else {
        // Past the capture of tests that pass: who reads the log must see it.
        let _ = writeln!(std::io::stderr(), "not run: the vectors of ../shared/data/otlp, which is not there");
        return;
    };
    for (file, signal, accepted) in [
        ("trace.json", Signal::Traces, 1),
        ("logs.json", Signal::Logs, 1),
        ("events.json", Signal::Logs, 1),
        ("metrics.json", Signal::Metrics, 4),
    ] {
        let body = std::fs::read(data.join(file)).unwrap();
        let decoded = decode_json(signal, &body).unwrap();
        assert_eq!((decoded.accepted, decoded.rejected, decoded.unknown_fields), (accepted, 0, 0), "{file}");
        assert_eq!(decoded.message, None, "{file}");
        let protobuf = json_to_protobuf(signal, &body).unwrap();
        assert_eq!(decode_protobuf(signal, &protobuf).unwrap().batches.tables, decoded.batches.tables, "{file}");
    }
}
