//! Input that means harm: deep nesting, floods of attributes, text that is no text, rows out of nothing.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use super::readback::Rows;
use super::{decode_json, decode_protobuf};
use crate::ingest::Signal;
use crate::tables::{Table, promoted};

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.into())) });
    KeyValue { key: key.into(), value, key_strindex: 0 }
}

fn span(name: &str, attributes: Vec<KeyValue>) -> Span {
    Span { trace_id: vec![1; 16], span_id: vec![2; 8], name: name.into(), attributes, ..Span::default() }
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }] }
}

fn length_delimited(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    prost::encode_length_delimiter(content.len(), &mut bytes).unwrap();
    bytes.extend_from_slice(content);
    bytes
}

/// A traces request of two spans, one of which has an array so deep.
fn with_depth(depth: usize) -> Vec<u8> {
    let mut value = vec![];
    for _ in 0..depth {
        value = length_delimited(5, &if value.is_empty() { vec![] } else { length_delimited(1, &value) });
    }
    let attribute = [length_delimited(1, b"deep"), length_delimited(2, &value)].concat();
    let mut deep = span("deep", vec![]).encode_to_vec();
    deep.extend(length_delimited(9, &attribute));
    let good = span("good", vec![]).encode_to_vec();
    let spans = [length_delimited(2, &deep), length_delimited(2, &good)].concat();
    length_delimited(1, &length_delimited(2, &spans))
}

#[test]
fn a_deep_value_costs_its_span_only() {
    for (depth, accepted) in [(1, 2), (32, 2), (33, 1), (65, 1), (10_000, 1)] {
        let decoded = decode_protobuf(Signal::Traces, &with_depth(depth)).unwrap();
        assert_eq!((decoded.accepted, decoded.rejected), (accepted, 2 - accepted), "depth {depth}");
        if accepted == 1 {
            let message = decoded.message.unwrap();
            assert!(message.contains("1 span rejected") && message.contains("too deep"), "{message}");
        }
    }
}

#[test]
fn a_deep_json_value_costs_its_span_only() {
    for (depth, accepted) in [(32, 2), (33, 1), (10_000, 1)] {
        let value = format!("{}{}", r#"{"arrayValue":{"values":["#.repeat(depth), "]}}".repeat(depth));
        let ids = r#""traceId":"01010101010101010101010101010101","spanId":"0202020202020202""#;
        let body = format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{ids},"attributes":[{{"key":"a","value":{value}}}]}},{{{ids}}}]}}]}}]}}"#
        );
        let decoded = decode_json(Signal::Traces, body.as_bytes()).unwrap();
        assert_eq!(decoded.accepted, accepted, "depth {depth}");
    }
}

#[test]
fn attributes_over_the_limit_are_dropped_and_counted() {
    let attributes = (0..10_000).map(|index| text(&format!("key.{index}"), "value")).collect();
    let decoded = decode_protobuf(Signal::Traces, &request(vec![span("many", attributes)]).encode_to_vec()).unwrap();
    let rows = Rows::of_table(&decoded.batches, Table::Spans);
    assert_eq!(rows.attributes(0, promoted::SPAN).len(), 4096);
    assert_eq!(rows.uint32("dropped_attributes_count", 0), 10_000 - 4096);
    assert_eq!((decoded.accepted, decoded.rejected), (1, 0));
    assert!(decoded.message.unwrap().contains("5904 attributes over the limit dropped"));
}

#[test]
fn invalid_utf8_is_repaired_and_nothing_is_lost() {
    let spans = vec![span("good", vec![text("http.route", "/cart")]), span("bad-name", vec![text("a", "bad-value")])];
    let mut body = request(spans).encode_to_vec();
    for position in 0..body.len() - 4 {
        if &body[position..position + 4] == b"bad-" {
            body[position] = 0xff;
        }
    }
    let decoded = decode_protobuf(Signal::Traces, &body).unwrap();
    assert_eq!((decoded.accepted, decoded.rejected), (2, 0));
    assert_eq!(decoded.message.as_deref(), Some("2 texts that are not UTF-8 repaired"));
    let rows = Rows::of_table(&decoded.batches, Table::Spans);
    assert_eq!(rows.text("name", 0).as_deref(), Some("good"));
    assert_eq!(rows.text("name", 1).as_deref(), Some("\u{fffd}ad-name"));
    assert_eq!(rows.attributes(1, &[]), [text("a", "\u{fffd}ad-value")]);
}

#[test]
fn text_split_inside_a_character_between_two_values_is_repaired_too() {
    let mut body = request(vec![span("crab-é", vec![]), span("é", vec![])]).encode_to_vec();
    // The first name loses its last byte's meaning, the second begins with a continuation byte.
    let first = body.windows(2).position(|pair| pair == "é".as_bytes()).unwrap();
    body[first] = b'x';
    let decoded = decode_protobuf(Signal::Traces, &body).unwrap();
    let rows = Rows::of_table(&decoded.batches, Table::Spans);
    assert_eq!(rows.text("name", 0).as_deref(), Some("crab-x\u{fffd}"));
    assert_eq!(rows.text("name", 1).as_deref(), Some("é"));
}

#[test]
fn a_few_bytes_cannot_ask_for_gigabytes() {
    let records = vec![LogRecord::default(); 2_000];
    let attributes = vec![text("service.name", &"x".repeat(1 << 20))];
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_logs: vec![ScopeLogs { log_records: records, ..ScopeLogs::default() }],
            ..ResourceLogs::default()
        }],
    };
    let decoded = decode_protobuf(Signal::Logs, &request.encode_to_vec()).unwrap();
    assert_eq!(decoded.accepted + decoded.rejected, 2_000);
    assert!(decoded.rejected > 0 && decoded.batches.memory_bytes() < 600 << 20);
}
