//! Attribute values survive the way to text and back.

use arrow::array::AsArray;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use proptest::prelude::*;
use prost::Message;
use serde_json::json;

use super::round_trip::normal_value;
use super::{decode_protobuf, generate, readback};
use crate::ingest::Signal;
use crate::otlp::AttributeValue;
use crate::tables::Table;

proptest! {
    #[test]
    fn a_body_comes_back_as_it_was(value in generate::value()) {
        let log_records = vec![LogRecord { body: Some(value.clone()), ..LogRecord::default() }];
        let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
        let request = ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..Default::default() }] };
        let decoded = decode_protobuf(Signal::Logs, &request.encode_to_vec()).unwrap();
        let logs = decoded.batches.get(Table::Logs).unwrap();
        let text = logs.column_by_name("body").map(|column| column.as_string::<i32>().value(0));
        let tag = logs.column_by_name("body_type").map_or("s", |column| column.as_string::<i32>().value(0));
        let tag = tag.chars().next().unwrap();
        let stored = AttributeValue::parse(text, tag).unwrap();
        prop_assert_eq!(stored.tag(), tag);
        let written = stored.to_text();
        prop_assert_eq!(written.as_deref(), text);
        prop_assert_eq!(format!("{:?}", readback::any_value(stored)), format!("{:?}", normal_value(Some(value))));
    }

    #[test]
    fn what_is_no_value_is_refused_without_panic(text in "\\PC{0,24}", json in "[\\[\\]{}\",:a0-9.e-]{0,24}") {
        for tag in "sidbxaknz".chars() {
            let _ = AttributeValue::parse(Some(&text), tag);
            let _ = AttributeValue::parse(Some(&json), tag);
        }
    }
}

#[test]
fn json_for_the_api() {
    let value = |text: &str, tag| AttributeValue::parse(Some(text), tag).unwrap().to_json();
    assert_eq!(value("9007199254740992", 'i'), json!(9_007_199_254_740_992_i64));
    assert_eq!(value("9007199254740993", 'i'), json!("9007199254740993"));
    assert_eq!(value("NaN", 'd'), json!("NaN"));
    assert_eq!(value("1.5", 'd'), json!(1.5));
    assert_eq!(value("AQI=", 'x'), json!({"bytesValue": "AQI="}));
    assert_eq!(value(r#"[1,null,{"a":true}]"#, 'a'), json!([1, null, {"a": true}]));
    assert_eq!(AttributeValue::parse(None, 'n').unwrap().to_json(), json!(null));
    assert!(AttributeValue::parse(Some("x"), 'i').is_err());
}
