//! Protobuf as JSON and back is the same request, to the decoder, to prost and to opentelemetry-proto's own reader.

use std::fmt::Debug;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use proptest::sample::Index;
use prost::Message;
use serde::de::DeserializeOwned;

use super::json::is_sayable;
use super::{decode_protobuf, generate};
use crate::ingest::Signal;
use crate::otlp::{DecodeError, json_to_protobuf, protobuf_to_json};

/// The body by way of JSON; `None` where an id has a length that JSON does not take.
fn by_json(signal: Signal, body: &[u8]) -> Option<Vec<u8>> {
    let json = protobuf_to_json(signal, body).unwrap();
    match json_to_protobuf(signal, &json) {
        Ok(body) => Some(body),
        Err(error) => {
            assert!(error.to_string().contains("hex digits"), "{error} {}", String::from_utf8_lossy(&json));
            None
        }
    }
}

/// To prost the request by way of JSON is what it was, minus zero and absent values included.
fn same<R: Message + Default + Debug>(signal: Signal, body: &[u8]) -> Result<(), TestCaseError> {
    if let Some(returned) = by_json(signal, body) {
        let (before, after) = (R::decode(body).unwrap(), R::decode(&returned[..]).unwrap());
        prop_assert_eq!(format!("{after:?}"), format!("{before:?}"));
    }
    Ok(())
}

/// What opentelemetry-proto reads of our JSON is the request. It takes no doubles that are not finite, and of keys and
/// entity references not that something empty is left out on the wire.
fn is_read_by_others<R: Message + DeserializeOwned + PartialEq + Debug>(
    signal: Signal,
    request: &R,
) -> Result<(), TestCaseError> {
    let debug = format!("{request:?}");
    if is_sayable(request) && !debug.contains("key: \"\"") && !debug.contains("EntityRef {") {
        let json = protobuf_to_json(signal, &request.encode_to_vec()).unwrap();
        let read: R = serde_json::from_slice(&json).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&json));
        });
        prop_assert_eq!(&read, request);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn requests_by_way_of_json(traces in generate::traces(), logs in generate::logs(), metrics in generate::metrics()) {
        same::<ExportTraceServiceRequest>(Signal::Traces, &traces.encode_to_vec())?;
        same::<ExportLogsServiceRequest>(Signal::Logs, &logs.encode_to_vec())?;
        same::<ExportMetricsServiceRequest>(Signal::Metrics, &metrics.encode_to_vec())?;
    }

    #[test]
    fn rows_by_way_of_json(metrics in generate::metrics()) {
        let body = metrics.encode_to_vec();
        // The sign and payload of NaN are not in JSON.
        if let Some(returned) = by_json(Signal::Metrics, &body).filter(|_| !format!("{metrics:?}").contains("NaN")) {
            let (before, after) = (decode_protobuf(Signal::Metrics, &body), decode_protobuf(Signal::Metrics, &returned));
            prop_assert_eq!(before.unwrap().batches.tables, after.unwrap().batches.tables);
        }
    }

    #[test]
    fn requests_read_by_others(traces in generate::traces(), logs in generate::logs(), metrics in generate::metrics()) {
        is_read_by_others(Signal::Traces, &traces)?;
        is_read_by_others(Signal::Logs, &logs)?;
        is_read_by_others(Signal::Metrics, &metrics)?;
    }

    #[test]
    fn what_prost_accepts_is_the_same_and_what_it_refuses_is_json_or_refused(
        metrics in generate::metrics(),
        edits in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..100),
    ) {
        let body = metrics.encode_to_vec();
        for (position, byte) in edits {
            let mut body = body.clone();
            if body.is_empty() {
                continue;
            }
            let position = position.index(body.len());
            body[position] = byte;
            match protobuf_to_json(Signal::Metrics, &body) {
                Ok(json) => {
                    serde_json::from_slice::<serde_json::Value>(&json).unwrap();
                    if ExportMetricsServiceRequest::decode(&body[..]).is_ok() {
                        same::<ExportMetricsServiceRequest>(Signal::Metrics, &body)?;
                    }
                }
                Err(_) => prop_assert!(ExportMetricsServiceRequest::decode(&body[..]).is_err()),
            }
        }
    }

    #[test]
    fn submessages_given_twice_merge(first in generate::metrics(), second in generate::metrics()) {
        let content = |request: &ExportMetricsServiceRequest| {
            let metrics = request.resource_metrics.iter().flat_map(|of| &of.scope_metrics).flat_map(|of| &of.metrics);
            metrics.map(Message::encode_to_vec).next().unwrap_or_default()
        };
        let mut body = [content(&first), content(&second)].concat();
        for number in [2, 2, 1] {
            let mut outer = vec![];
            crate::otlp::wire_writer::put_bytes(&mut outer, number, &body);
            body = outer;
        }
        same::<ExportMetricsServiceRequest>(Signal::Metrics, &body)?;
    }

    #[test]
    fn random_bytes_do_not_panic(body in proptest::collection::vec(any::<u8>(), 0..64)) {
        for signal in Signal::ALL {
            let _ = protobuf_to_json(signal, &body);
        }
    }
}

#[test]
fn json_is_what_the_specification_says() {
    let request = r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"logRecords":[{"timeUnixNano":"18446744073709551615","severityNumber":9,"body":{"kvlistValue":{"values":[{"key":"bytes","value":{"bytesValue":"+/8="}},{"key":"doubles","value":{"arrayValue":{"values":[{"doubleValue":5.0},{"doubleValue":-0.0},{"doubleValue":"NaN"},{"doubleValue":"Infinity"},{"doubleValue":"-Infinity"},{}]}}},{"key":"integer","value":{"intValue":"-9223372036854775808"}},{"key":"no","value":{"boolValue":false}}]}},"flags":1,"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"}]}],"schemaUrl":"a\"b"}]}"#;
    let protobuf = json_to_protobuf(Signal::Logs, request.as_bytes()).unwrap();
    let json = protobuf_to_json(Signal::Logs, &protobuf).unwrap();
    assert_eq!(String::from_utf8(json).unwrap(), request);
}

#[test]
fn lists_nested_without_end_are_cut_and_faults_are_told_where_they_are() {
    let mut value = vec![];
    for _ in 0..10_000 {
        let mut list = vec![];
        crate::otlp::wire_writer::put_bytes(&mut list, 1, &value);
        value = vec![];
        crate::otlp::wire_writer::put_bytes(&mut value, 5, &list);
    }
    for number in [5, 2, 2, 1] {
        let mut outer = vec![];
        crate::otlp::wire_writer::put_bytes(&mut outer, number, &value);
        value = outer;
    }
    let json = String::from_utf8(protobuf_to_json(Signal::Logs, &value).unwrap()).unwrap();
    assert_eq!(json.matches("arrayValue").count(), 65);
    let DecodeError::Malformed { offset, .. } = protobuf_to_json(Signal::Logs, b"\x0a\x02\x12\x05").unwrap_err();
    assert_eq!(offset, 4);
}
