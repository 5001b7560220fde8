//! `GET /api/traces/{trace_id}`, from memory and from files.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, TimestampNanosecondType, UInt32Type};
use arrow::ipc::reader::StreamReader;
use arrow::record_batch::RecordBatch;
use http::{StatusCode, header};
use serde_json::{Value, json};
use spanlake_schemas::ingest::Signal;

use super::lake::{Lake, SECOND, span, spans};

const TRACE: u128 = 0x0000_00f7_9803_8103_d269_b633_813f_c60c;
const HEX: &str = "000000f798038103d269b633813fc60c";
const AT: i64 = 1_732_165_200_000_000_000;

async fn send(lake: &Lake) {
    let mut root = span(TRACE, 1, 0, "GET /cart", AT);
    let more = json!({
        "flags": 1, "traceState": "vendor=1", "droppedEventsCount": 2, "status": {"code": 2, "message": "boom"},
        "attributes": [
            {"key": "http.request.method", "value": {"stringValue": "GET"}},
            {"key": "http.response.status_code", "value": {"intValue": "500"}},
            {"key": "http.route", "value": {"intValue": "7"}},
            {"key": "big", "value": {"intValue": i64::MAX.to_string()}},
            {"key": "ratio", "value": {"doubleValue": 0.25}},
            {"key": "odd", "value": {"doubleValue": "NaN"}},
            {"key": "is_new", "value": {"boolValue": true}},
            {"key": "bytes", "value": {"bytesValue": "aGn/"}},
            {"key": "list", "value": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "x"}]}}},
            {"key": "kv", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": false}}]}}},
            {"key": "empty", "value": {}},
            {"key": "text", "value": {"stringValue": "a \"b\"\n"}},
        ],
        "events": [{"timeUnixNano": (AT + 100).to_string(), "name": "exception", "droppedAttributesCount": 3,
                    "attributes": [{"key": "exception.type", "value": {"stringValue": "E"}}]}],
        "links": [{"traceId": "ab".repeat(16), "spanId": "cd".repeat(8), "attributes": [{"key": "n", "value": {"intValue": "4"}}]}],
    });
    root.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    lake.send(Signal::Traces, &spans("frontend", &[root])).await;
    lake.send(Signal::Traces, &spans("cart", &[span(TRACE, 2, 1, "SELECT carts", AT + 10)])).await;
    let record = json!({
        "timeUnixNano": (AT + 20).to_string(), "severityNumber": 9, "severityText": "INFO", "flags": 1,
        "body": {"stringValue": "hello"}, "traceId": HEX, "spanId": format!("{:016x}", 2),
        "attributes": [{"key": "thread.name", "value": {"stringValue": "t"}}, {"key": "n", "value": {"intValue": "1"}}],
    });
    lake.send(
        Signal::Logs,
        &json!({"resourceLogs": [{
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "cart"}}]},
            "scopeLogs": [{"scope": {"name": "l"}, "logRecords": [record]}],
        }]}),
    )
    .await;
}

fn expected_root(received: &Value) -> Value {
    json!({
        "trace_id": HEX, "span_id": "0000000000000001", "parent_span_id": "", "trace_state": "vendor=1", "flags": 1,
        "name": "GET /cart", "kind": "server", "start_time": AT.to_string(), "end_time": (AT + 1_000_000).to_string(),
        "duration": "1000000", "status": {"code": "error", "message": "boom"}, "service_name": "frontend",
        "attributes": {"http.request.method": "GET", "http.response.status_code": 500, "http.route": 7,
            "big": i64::MAX.to_string(), "ratio": 0.25, "odd": "NaN", "is_new": true, "bytes": {"bytesValue": "aGn/"},
            "list": [1, "x"], "kv": {"a": false}, "empty": null, "text": "a \"b\"\n"},
        "resource_attributes": {"service.name": "frontend"}, "scope_name": "io.x", "scope_version": "1", "scope_attributes": {},
        "events": [{"time": (AT + 100).to_string(), "name": "exception", "attributes": {"exception.type": "E"}, "dropped_attributes_count": 3}],
        "links": [{"trace_id": "ab".repeat(16), "span_id": "cd".repeat(8), "trace_state": "", "flags": 0, "attributes": {"n": 4}, "dropped_attributes_count": 0}],
        "dropped_attributes_count": 0, "dropped_events_count": 2, "dropped_links_count": 0,
        "resource_schema_url": "", "scope_schema_url": "", "received_time": received,
    })
}

#[tokio::test]
async fn a_trace_comes_back_whole_from_memory_and_files() {
    let lake = Lake::new();
    send(&lake).await;
    for place in ["memory", "files"] {
        let trace = lake.json(&format!("/api/traces/{HEX}")).await;
        assert_eq!((&trace["trace_id"], trace["spans"].as_array().unwrap().len()), (&json!(HEX), 2), "{place}");
        let received = &trace["spans"][0]["received_time"];
        assert!(received.as_str().unwrap().parse::<i64>().unwrap() > AT);
        assert_eq!(trace["spans"][0], expected_root(received), "{place}");
        assert_eq!(trace["spans"][1]["parent_span_id"], "0000000000000001");
        assert_eq!(
            trace["logs"],
            json!([{
                "time": (AT + 20).to_string(), "observed_time": trace["logs"][0]["observed_time"], "severity_number": 9, "severity_text": "INFO",
                "event_name": "", "body": "hello", "trace_id": HEX, "span_id": "0000000000000002", "flags": 1, "service_name": "cart",
                "attributes": {"thread.name": "t", "n": 1}, "resource_attributes": {"service.name": "cart"}, "scope_name": "l",
                "dropped_attributes_count": 0,
            }])
        );
        lake.store.seal().await;
    }
}

#[tokio::test]
async fn ids_come_in_any_spelling() {
    let lake = Lake::new();
    send(&lake).await;
    for spelling in [
        "000000F798038103D269B633813FC60C",
        "f798038103d269b633813fc60c",
        "000000f7-9803-8103-d269-b633813fc60c",
        "0xF798038103D269B633813FC60C",
        "AAAA95gDgQPSabYzgT%2FGDA%3D%3D",
        "AAAA95gDgQPSabYzgT_GDA",
    ] {
        assert_eq!(lake.json(&format!("/api/traces/{spelling}")).await["trace_id"], HEX, "{spelling}");
    }
    for (id, status) in [
        ("5b8efff798038103d269b633813fc60d", 404),
        ("no-such-id!", 400),
        ("5b8efff798038103d269b633813fc60d00", 400),
        ("%ff", 400),
    ] {
        for view in ["", "?view=skeleton"] {
            let answer = lake.get(&format!("/api/traces/{id}{view}")).await;
            assert_eq!(answer.status.as_u16(), status, "{id}: {}", answer.text());
            assert!(answer.json()["error"]["message"].is_string());
        }
    }
    assert_eq!(lake.get(&format!("/api/traces/{HEX}?view=x")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn one_span_comes_with_its_logs() {
    let lake = Lake::new();
    send(&lake).await;
    let one = lake.json(&format!("/api/traces/{HEX}?span_id=0000000000000002")).await;
    assert_eq!((one["spans"].as_array().unwrap().len(), one["logs"].as_array().unwrap().len()), (1, 1));
    assert_eq!(one["spans"][0]["name"], "SELECT carts");
    let other = lake.json(&format!("/api/traces/{HEX}?span_id=1")).await;
    assert_eq!((other["spans"][0]["name"].as_str(), &other["logs"]), (Some("GET /cart"), &json!([])));
    assert_eq!(lake.get(&format!("/api/traces/{HEX}?span_id=99")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(lake.get(&format!("/api/traces/{HEX}?span_id=zz")).await.status, StatusCode::BAD_REQUEST);
}

async fn skeleton(lake: &Lake, id: &str) -> RecordBatch {
    let answer = lake.get(&format!("/api/traces/{id}?view=skeleton")).await;
    assert_eq!(
        (answer.status, answer.header(header::CONTENT_TYPE)),
        (StatusCode::OK, "application/vnd.apache.arrow.stream")
    );
    let reader = StreamReader::try_new(&answer.body[..], None).unwrap();
    let schema = reader.schema();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    arrow::compute::concat_batches(&schema, &batches).unwrap()
}

#[tokio::test]
async fn the_skeleton_has_what_is_drawn() {
    let lake = Lake::new();
    send(&lake).await;
    for _ in ["memory", "files"] {
        let batch = skeleton(&lake, HEX).await;
        let schema = batch.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(
            names,
            [
                "span_id",
                "parent_span_id",
                "start_time",
                "duration",
                "service_name",
                "name",
                "kind",
                "status_code",
                "event_count",
                "log_count"
            ]
        );
        assert_eq!(batch.schema().field(0).data_type(), &DataType::FixedSizeBinary(8));
        assert_eq!(batch.column(2).as_primitive::<TimestampNanosecondType>().values(), &[AT, AT + 10]);
        assert!(batch.column(1).is_null(0) && batch.column(1).is_valid(1));
        assert_eq!(
            (batch.column(4).as_string::<i32>().value(0), batch.column(7).as_string::<i32>().value(0)),
            ("frontend", "error")
        );
        let counts = [8, 9].map(|column| batch.column(column).as_primitive::<UInt32Type>().values().to_vec());
        assert_eq!(counts, [vec![1, 0], vec![0, 1]]);
        lake.store.seal().await;
    }
}

#[tokio::test]
async fn a_large_trace_is_streamed_in_order() {
    let lake = Lake::new();
    for part in 0..3_i64 {
        let rows: Vec<Value> = (0..1000)
            .map(|row| span(TRACE, (part * 1000 + row + 1) as u64, 0, "op", AT + ((row * 7919) % 3000) * SECOND + part))
            .collect();
        lake.send(Signal::Traces, &spans("frontend", &rows)).await;
    }
    let record = |row: i64| json!({"timeUnixNano": (AT - row).to_string(), "body": {"stringValue": row.to_string()}, "traceId": HEX, "spanId": format!("{:016x}", 1)});
    let records: Vec<Value> = (0..700).map(record).collect();
    lake.send(Signal::Logs, &json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]})).await;
    let trace = lake.json(&format!("/api/traces/{HEX}")).await;
    let spans = trace["spans"].as_array().unwrap();
    let key = |span: &Value| {
        (span["start_time"].as_str().unwrap().parse::<i64>().unwrap(), span["span_id"].as_str().unwrap().to_owned())
    };
    assert_eq!(spans.len(), 3000);
    assert!(spans.is_sorted_by_key(key));
    assert_eq!((trace["logs"].as_array().unwrap().len(), &trace["logs"][0]["body"]), (700, &json!("699")));
    assert_eq!(skeleton(&lake, HEX).await.num_rows(), 3000);
}
