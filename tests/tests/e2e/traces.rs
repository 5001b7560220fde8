//! `GET /api/traces/{trace_id}` and its skeleton.

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampNanosecondType, UInt32Type};
use arrow::ipc::reader::StreamReader;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Status, status::StatusCode};
use serde_json::json;
use spanlake_bench::corpus::{integer, text};
use spanlake_tests::requests::{A_TIME, LOGS, TRACES, log, logs, span, traces};
use spanlake_tests::server::TestServer;

/// Begins with zeros, so that its short spellings are tested too.
const TRACE: u128 = 0x0000_00f7_9803_8103_d269_b633_813f_c60c;
const HEX: &str = "000000f798038103d269b633813fc60c";

fn send_a_trace(server: &TestServer) {
    let mut root = span(TRACE, 0xeee1_9b7e_c3c1_b173, 0, "GET /cart", A_TIME);
    root.flags = 1;
    root.trace_state = "vendor=1".to_owned();
    root.attributes =
        vec![text("http.request.method", "GET"), integer("http.response.status_code", 500), integer("big", i64::MAX)];
    root.status = Some(Status { code: StatusCode::Error.into(), message: "boom".to_owned() });
    root.dropped_events_count = 2;
    let exception = Event {
        time_unix_nano: A_TIME + 100,
        name: "exception".to_owned(),
        attributes: vec![text("exception.type", "E")],
        dropped_attributes_count: 3,
    };
    root.events = vec![exception];
    root.links = vec![Link {
        trace_id: vec![0xab; 16],
        span_id: vec![0xcd; 8],
        attributes: vec![text("why", "retry")],
        ..Link::default()
    }];
    let child = span(TRACE, 0xeee1_9b7e_c3c1_b174, 0xeee1_9b7e_c3c1_b173, "SELECT carts", A_TIME + 10);
    server.send(TRACES, &traces("frontend", vec![root]));
    server.send(TRACES, &traces("cart", vec![child]));
    server.send(LOGS, &logs("cart", vec![log(TRACE, 0xeee1_9b7e_c3c1_b174, "hello", A_TIME + 20)]));
}

/// Scenario: a trace of two services with events, links, a status and a log, in memory and in files.
/// Guarantee: the whole of it comes back in OTLP's names, spans in order of start, the log beside them.
#[test]
fn a_trace_comes_back_whole() {
    let server = TestServer::start();
    send_a_trace(&server);
    for place in ["memory", "files"] {
        let answer = server.trace(HEX);
        assert_eq!(answer.status, 200, "{place}: {}", answer.text());
        assert!(answer.content_type.starts_with("application/json"), "{}", answer.content_type);
        let trace = answer.json();
        assert_eq!(trace["trace_id"], HEX);
        assert_eq!(trace["spans"].as_array().map(Vec::len), Some(2), "{place}: {trace}");
        let mut root = trace["spans"][0].clone();
        let received = root.as_object_mut().and_then(|span| span.remove("received_time"));
        assert!(received.is_some_and(|time| time.as_str().is_some_and(|digits| digits.parse::<u64>().is_ok())));
        assert_eq!(root, expected_root(), "{place}");
        let child = &trace["spans"][1];
        assert_eq!((&child["parent_span_id"], &child["service_name"]), (&json!("eee19b7ec3c1b173"), &json!("cart")));
        let log = &trace["logs"][0];
        assert_eq!(
            (&log["body"], &log["span_id"], &log["severity_text"]),
            (&json!("hello"), &json!("eee19b7ec3c1b174"), &json!("INFO"))
        );
        assert_eq!((&log["time"], &log["service_name"]), (&json!((A_TIME + 20).to_string()), &json!("cart")));
        server.seal();
    }
}

fn expected_root() -> serde_json::Value {
    json!({
        "trace_id": HEX, "span_id": "eee19b7ec3c1b173", "parent_span_id": "", "trace_state": "vendor=1", "flags": 1,
        "name": "GET /cart", "kind": "server",
        "start_time": A_TIME.to_string(), "end_time": (A_TIME + 1_000_000).to_string(), "duration": "1000000",
        "status": {"code": "error", "message": "boom"}, "service_name": "frontend",
        "attributes": {"http.request.method": "GET", "http.response.status_code": 500, "big": i64::MAX.to_string()},
        "resource_attributes": {"service.name": "frontend"}, "scope_name": "", "scope_version": "", "scope_attributes": {},
        "events": [{"time": (A_TIME + 100).to_string(), "name": "exception", "attributes": {"exception.type": "E"}, "dropped_attributes_count": 3}],
        "links": [{"trace_id": "ab".repeat(16), "span_id": "cd".repeat(8), "trace_state": "", "flags": 0, "attributes": {"why": "retry"}, "dropped_attributes_count": 0}],
        "dropped_attributes_count": 0, "dropped_events_count": 2, "dropped_links_count": 0,
        "resource_schema_url": "", "scope_schema_url": "",
    })
}

/// Scenario: the id as people paste it.
/// Guarantee: every spelling of docs/api.md finds the trace; an unknown one is 404 and a wrong one 400, as JSON.
#[test]
fn ids_are_found_in_any_spelling() {
    let server = TestServer::start();
    send_a_trace(&server);
    let spellings = [
        HEX,
        "000000F798038103D269B633813FC60C",
        "f798038103d269b633813fc60c",
        "000000f7-9803-8103-d269-b633813fc60c",
        "0x000000f798038103d269b633813fc60c",
        "0xF798038103D269B633813FC60C",
        "AAAA95gDgQPSabYzgT%2FGDA%3D%3D",
        "AAAA95gDgQPSabYzgT_GDA",
    ];
    for spelling in spellings {
        let answer = server.trace(spelling);
        assert_eq!((answer.status, &answer.json()["trace_id"]), (200, &json!(HEX)), "{spelling}: {}", answer.text());
    }
    for (id, status) in
        [("5b8efff798038103d269b633813fc60d", 404), ("no-such-id!", 400), ("5b8efff798038103d269b633813fc60d00", 400)]
    {
        let answer = server.trace(id);
        assert_eq!(answer.status, status, "{id}: {}", answer.text());
        assert!(answer.json()["error"]["message"].is_string(), "{id}: {}", answer.text());
    }
}

/// Scenario: the page draws a trace and opens one span.
/// Guarantee: the skeleton is an Arrow stream of the documented columns; `span_id` gives that span and its logs only.
#[test]
fn the_skeleton_is_an_arrow_stream() {
    let server = TestServer::start();
    send_a_trace(&server);
    let answer = server.get(&format!("/api/traces/{HEX}?view=skeleton"));
    assert_eq!((answer.status, answer.content_type.as_str()), (200, "application/vnd.apache.arrow.stream"));
    let reader = StreamReader::try_new(answer.body.as_slice(), None).expect("an Arrow stream");
    let expected = [
        ("span_id", DataType::FixedSizeBinary(8)),
        ("parent_span_id", DataType::FixedSizeBinary(8)),
        ("start_time", DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))),
        ("duration", DataType::Int64),
        ("service_name", DataType::Utf8),
        ("name", DataType::Utf8),
        ("kind", DataType::Utf8),
        ("status_code", DataType::Utf8),
        ("event_count", DataType::UInt32),
        ("log_count", DataType::UInt32),
    ];
    let schema = reader.schema();
    let columns: Vec<_> =
        schema.fields().iter().map(|field| (field.name().as_str(), field.data_type().clone())).collect();
    assert_eq!(columns, expected);
    let batches: Vec<_> = reader.map(|batch| batch.expect("a batch")).filter(|batch| batch.num_rows() > 0).collect();
    let [batch] = batches.as_slice() else { panic!("two spans are one batch") };
    assert_eq!(
        batch.column(2).as_primitive::<TimestampNanosecondType>().values().to_vec(),
        [A_TIME, A_TIME + 10].map(|time| i64::try_from(time).expect("fits"))
    );
    assert_eq!(batch.column(3).as_primitive::<Int64Type>().value(0), 1_000_000);
    assert_eq!(batch.column(5).as_string::<i32>().value(1), "SELECT carts");
    assert_eq!(batch.column(7).as_string::<i32>().value(0), "error");
    assert_eq!(
        [8, 9].map(|column| batch.column(column).as_primitive::<UInt32Type>().values().to_vec()),
        [vec![1, 0], vec![0, 1]]
    );

    let one = server.get(&format!("/api/traces/{HEX}?span_id=eee19b7ec3c1b174")).json();
    assert_eq!(
        (one["spans"].as_array().map(Vec::len), one["logs"].as_array().map(Vec::len)),
        (Some(1), Some(1)),
        "{one}"
    );
    assert_eq!(one["spans"][0]["name"], "SELECT carts");
}
