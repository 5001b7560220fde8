//! JSON and protobuf of one request are the same rows, and JSON's liberties are taken as OTLP allows them.

use proptest::prelude::*;
use prost::Message;

use super::{decode_json, decode_protobuf, generate};
use crate::ingest::Signal;
use crate::otlp::json_to_protobuf;

/// Whether both encodings can say it: opentelemetry-proto writes doubles that are not finite as `null` in JSON, which
/// is no value, and prost leaves out `-0.0` as if it were zero.
pub fn is_sayable(request: &impl std::fmt::Debug) -> bool {
    let debug = format!("{request:?}");
    !["NaN", "inf", "-0.0"].iter().any(|double| debug.contains(double))
}

fn same(signal: Signal, json: &str, protobuf: &[u8]) -> Result<(), TestCaseError> {
    let from_protobuf = decode_protobuf(signal, protobuf).unwrap();
    match decode_json(signal, json.as_bytes()) {
        Ok(from_json) => {
            prop_assert_eq!(from_json.batches.tables, from_protobuf.batches.tables);
            prop_assert_eq!(from_json.message, from_protobuf.message);
        }
        // Ids of a wrong length refuse a JSON request whole.
        Err(error) => prop_assert!(error.to_string().contains("hex digits"), "{}", error),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn traces(request in generate::traces()) {
        let json = serde_json::to_string(&request).unwrap();
        if is_sayable(&request) {
            same(Signal::Traces, &json, &request.encode_to_vec())?;
        }
    }

    #[test]
    fn logs(request in generate::logs()) {
        let json = serde_json::to_string(&request).unwrap();
        if is_sayable(&request) {
            same(Signal::Logs, &json, &request.encode_to_vec())?;
        }
    }

    #[test]
    fn metrics(request in generate::metrics()) {
        let json = serde_json::to_string(&request).unwrap();
        if is_sayable(&request) {
            same(Signal::Metrics, &json, &request.encode_to_vec())?;
        }
    }

    #[test]
    fn random_text_is_refused_without_panic(text in "\\PC{0,64}") {
        for signal in Signal::ALL {
            let _ = decode_json(signal, text.as_bytes());
        }
    }
}

fn log_body(value: &str) -> String {
    format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{value}}}]}}]}}]}}"#)
}

#[test]
fn liberties_of_json_are_the_same_protobuf() {
    for spellings in [
        &[r#"{"intValue":"123"}"#, r#"{"intValue":123}"#, r#"{"intValue":123.0}"#, r#"{"int_value":"123"}"#][..],
        &[r#"{"doubleValue":1}"#, r#"{"doubleValue":1.0}"#, r#"{"doubleValue":"1"}"#],
        &[r#"{"doubleValue":"Infinity"}"#, r#"{"future":{"deep":[[]]},"doubleValue":"Infinity"}"#],
        &[r#"{"bytesValue":"+/8="}"#, r#"{"bytesValue":"-_8="}"#, r#"{"bytesValue":"-_8"}"#, r#"{"bytesValue":"+/8"}"#],
        &["{}", r#"{"stringValue":null}"#],
    ] {
        let first = json_to_protobuf(Signal::Logs, log_body(spellings[0]).as_bytes()).unwrap();
        for spelling in spellings {
            let other = json_to_protobuf(Signal::Logs, log_body(spelling).as_bytes()).unwrap();
            assert_eq!(first, other, "{spelling}");
        }
    }
}

#[test]
fn what_is_not_otlp_json_is_refused_where_it_stands() {
    for (body, reason, offset) in [
        ("", "EOF while parsing a value", 0),
        ("[]", "invalid type: sequence, expected an object", 0),
        ("{} x", "trailing characters", 3),
        (
            r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"W47/95gDgQPSabYzgT/GDA=="}]}]}]}"#,
            "32 hex digits",
            79,
        ),
        (r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SPAN_KIND_SERVER"}]}]}]}"#, "not an integer", 69),
        (r#"{"resourceSpans":{}}"#, "an array is expected", 18),
    ] {
        let error = decode_json(Signal::Traces, body.as_bytes()).unwrap_err();
        let crate::otlp::DecodeError::Malformed { reason: ours, offset: at, .. } = &error;
        assert!(ours.contains(reason), "{body}: {error}");
        assert!(at.abs_diff(offset) <= 2, "{body}: {error}, expected about {offset}");
    }
}

#[test]
fn malformed_utf8_in_json_is_repaired() {
    let mut body = log_body(r#"{"stringValue":"bad"}"#).into_bytes();
    let position = body.windows(3).position(|letters| letters == b"bad").unwrap();
    body[position] = 0xff;
    let decoded = decode_json(Signal::Logs, &body).unwrap();
    assert_eq!(decoded.accepted, 1);
    assert!(decoded.message.unwrap().contains("UTF-8"));
}
