//! Attribute values, and traces put together from batches by hand.

use std::sync::Arc;

use arrow::array::{FixedSizeBinaryArray, Int64Array, StringArray, TimestampNanosecondArray};
use arrow::record_batch::RecordBatch;
use serde_json::{Value, json};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::tables::Table;
use spanlake_store::Catalog;

use super::attributes::push_value;
use super::rows::Rows;
use super::whole::WholeTrace;
use crate::origins::Origins;

fn value(text: Option<&str>, tag: char) -> Value {
    let mut out = Vec::new();
    push_value(&mut out, text, tag);
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn values_have_the_type_they_came_with() {
    let cases = [
        (Some("x"), 's', json!("x")),
        (Some("42"), 'i', json!(42)),
        (Some("9223372036854775807"), 'i', json!("9223372036854775807")),
        (Some("1.5"), 'd', json!(1.5)),
        (Some("2"), 'd', json!(2.0)),
        (Some("NaN"), 'd', json!("NaN")),
        (Some("Infinity"), 'd', json!("Infinity")),
        (Some("true"), 'b', json!(true)),
        (Some("aGn/"), 'x', json!({"bytesValue": "aGn/"})),
        (Some("[1,\"a\",null]"), 'a', json!([1, "a", null])),
        (Some("{\"k\":true}"), 'k', json!({"k": true})),
        (None, 'n', Value::Null),
        // What cannot be read is shown as it is.
        (Some("many"), 'i', json!("many")),
        (Some("maybe"), 'b', json!("maybe")),
        (Some("[1"), 'a', json!("[1")),
    ];
    for (text, tag, expected) in cases {
        assert_eq!(value(text, tag), expected, "{text:?} {tag}");
    }
}

fn ids<const N: usize>(ids: &[u8]) -> Arc<FixedSizeBinaryArray> {
    let ids = ids.iter().map(|id| Some([*id; N]));
    Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids, N as i32).unwrap())
}

fn times(times: &[i64]) -> Arc<TimestampNanosecondArray> {
    Arc::new(TimestampNanosecondArray::from(times.to_vec()).with_timezone("UTC"))
}

fn whole(spans: Vec<RecordBatch>, logs: Vec<RecordBatch>) -> (WholeTrace, usize) {
    let origins = Origins::new(Arc::new(Catalog::default()));
    let spans = Rows::of(Table::Spans, spans).unwrap();
    let logs = Rows::of(Table::Logs, logs).unwrap();
    let chunks = (spans.order.len() + logs.order.len()).div_ceil(512).max(1);
    (WholeTrace::new(TraceId([7; 16]), spans, logs, &origins), chunks)
}

fn text((trace, chunks): &(WholeTrace, usize)) -> Value {
    let all: Vec<u8> = (0..*chunks).flat_map(|chunk| trace.chunk(chunk)).collect();
    serde_json::from_slice(&all).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&all)))
}

#[test]
fn batches_with_different_columns_make_one_trace_in_order() {
    let plain = RecordBatch::try_from_iter([
        ("span_id", ids::<8>(&[3, 2]) as _),
        ("start_time", times(&[10, 10]) as _),
        ("duration", Arc::new(Int64Array::from(vec![5, -3])) as _),
    ]);
    let rich = RecordBatch::try_from_iter([
        ("trace_id", ids::<16>(&[7]) as _),
        ("span_id", ids::<8>(&[1]) as _),
        ("start_time", times(&[9]) as _),
        ("name", Arc::new(StringArray::from(vec!["n"])) as _),
        ("http_route", Arc::new(StringArray::from(vec!["/r"])) as _),
    ]);
    let trace = text(&whole(vec![plain.unwrap(), rich.unwrap()], vec![]));
    let order: Vec<&str> =
        trace["spans"].as_array().unwrap().iter().map(|span| &span["span_id"].as_str().unwrap()[..2]).collect();
    assert_eq!(order, ["01", "02", "03"]);
    assert_eq!(trace["spans"][0]["attributes"], json!({"http.route": "/r"}));
    assert_eq!((&trace["spans"][1]["end_time"], &trace["spans"][1]["duration"]), (&json!("7"), &json!("-3")));
    assert_eq!((&trace["spans"][1]["resource_attributes"], &trace["spans"][1]["scope_name"]), (&json!({}), &json!("")));
    assert_eq!(trace["logs"], json!([]));
}

#[test]
fn any_number_of_spans_and_logs_is_one_document() {
    let rows = |count: usize| {
        let starts: Vec<i64> = (0..count as i64).collect();
        RecordBatch::try_from_iter([
            ("span_id", ids::<8>(&vec![1; count]) as _),
            ("start_time", times(&starts) as _),
            ("time", times(&starts) as arrow::array::ArrayRef),
        ])
        .unwrap()
    };
    for (spans, logs) in
        [(0, 0), (0, 3), (1, 0), (511, 1), (511, 2), (512, 0), (512, 1), (513, 600), (1024, 512), (0, 1500)]
    {
        let trace = text(&whole(vec![rows(spans)], vec![rows(logs)]));
        let count = |name: &str| trace[name].as_array().unwrap().len();
        assert_eq!((count("spans"), count("logs")), (spans, logs));
    }
}
