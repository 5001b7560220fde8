//! The JSON examples of the OTLP specification, where they are at hand.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use super::{decode_json, decode_protobuf, encode_all};
use crate::ingest::Signal;
use crate::otlp::{Tally, json_to_protobuf, protobuf_to_json};

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

/// JSON with its keys sorted, every number a double (`5` is `5.0`), ids in lower case and without zeros that an absent
/// field would mean. Strings, and so 64-bit integers, stay as they are.
fn normal(key: &str, value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(|value| normal(key, value)).collect(),
        Value::Object(entries) => {
            let mut entries: Vec<(String, Value)> = entries.into_iter().collect();
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            let entries = entries.into_iter().map(|(key, value)| (key.clone(), normal(&key, value)));
            let entries = entries.filter(|(key, value)| {
                !(["scale", "zeroThreshold"].contains(&key.as_str()) && value.as_f64() == Some(0.0))
            });
            Value::Object(entries.collect())
        }
        Value::Number(number) => Value::from(number.as_f64()),
        Value::String(text) if key.ends_with("Id") => Value::String(text.to_lowercase()),
        other => other,
    }
}

#[test]
fn the_specifications_examples_come_back_whole() {
    let Some(data) = shared_data() else {
        let _ = writeln!(std::io::stderr(), "not run: the vectors of ../shared/data/otlp, which is not there");
        return;
    };
    for (file, signal) in [
        ("trace.json", Signal::Traces),
        ("logs.json", Signal::Logs),
        ("events.json", Signal::Logs),
        ("metrics.json", Signal::Metrics),
    ] {
        let body = std::fs::read(data.join(file)).unwrap();
        let encoded = encode_all(signal, &decode_json(signal, &body).unwrap().batches, None);
        assert_eq!((encoded.requests.len(), encoded.tally), (1, Tally::default()), "{file}");
        let returned = protobuf_to_json(signal, &encoded.requests[0]).unwrap();
        let read = |json: &[u8]| normal("", serde_json::from_slice(json).unwrap());
        assert_eq!(read(&returned), read(&body), "{file}");
        let transcoded = protobuf_to_json(signal, &json_to_protobuf(signal, &body).unwrap()).unwrap();
        assert_eq!(read(&transcoded), read(&body), "{file}");
    }
}
