//! Lists of traces, services, operations.

use axum::body::Body;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use spanlake_schemas::ingest::Signal;
use spanlake_store::now_nanos;

use super::lake::{Lake, SECOND, span, spans};

/// Traces 1 to 3, two spans each; the second one is slow, and its child failed.
async fn shop(lake: &Lake, now: i64) {
    for trace in 1..=3_u32 {
        let at = now - i64::from(10 - trace) * SECOND;
        let mut child = span(trace.into(), 2, 1, "SELECT carts", at + 10);
        if trace == 2 {
            child["status"] = json!({"code": 2});
            child["endTimeUnixNano"] = json!((at + 2 * SECOND).to_string());
        }
        lake.send(Signal::Traces, &spans("frontend", &[span(trace.into(), 1, 0, "GET /cart", at)])).await;
        lake.send(Signal::Traces, &spans("cart", &[child])).await;
    }
    lake.send(Signal::Traces, &spans("spanlake", &[span(77, 1, 0, "seal", now)])).await;
}

fn ids(list: &Value) -> Vec<u64> {
    let id = |trace: &Value| u64::from_str_radix(&trace["trace_id"].as_str().unwrap()[16..], 16).unwrap();
    list["traces"].as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn newest_traces_come_first_and_whole() {
    let lake = Lake::new();
    let now = now_nanos();
    shop(&lake, now).await;
    for _ in ["memory", "files"] {
        let list = lake.json("/api/traces").await;
        assert_eq!(ids(&list), [3, 2, 1], "{list}");
        assert_eq!(
            list["traces"][1],
            json!({
                "trace_id": format!("{:032x}", 2), "root_service": "frontend", "root_name": "GET /cart",
                "start_time": (now - 8 * SECOND).to_string(), "duration": (2 * SECOND).to_string(), "span_count": 2, "error_count": 1,
                "services": [{"name": "cart", "spans": 1, "errors": 1}, {"name": "frontend", "spans": 1, "errors": 0}],
            })
        );
        assert_eq!(list["next_cursor"], Value::Null);
        lake.store.seal().await;
    }
    let limited = lake.json("/api/traces?limit=2").await;
    assert_eq!(ids(&limited), [3, 2]);
    let back: i64 = limited["searched_back_to"].as_str().unwrap().parse().unwrap();
    assert!((now - 3700 * SECOND..now - 3500 * SECOND).contains(&back));
}

#[tokio::test]
async fn filters_ask_one_span_and_the_whole_length() {
    let lake = Lake::new();
    let now = now_nanos();
    shop(&lake, now).await;
    let cases = [
        ("service=cart&operation=SELECT%20carts", vec![3, 2, 1]),
        ("service=cart&status=error", vec![2]),
        ("service=frontend&status=error", vec![]),
        ("operation=GET%20/cart&status=ok", vec![]),
        ("service=it's", vec![]),
        ("min_duration=1s", vec![2]),
        ("max_duration=100ms", vec![3, 1]),
        ("min_duration=1s&service=frontend", vec![2]),
        ("min_duration=1s&status=error&service=frontend", vec![]),
        ("internal=true", vec![77, 3, 2, 1]),
        ("service=spanlake", vec![77]),
    ];
    for (query, expected) in cases {
        assert_eq!(ids(&lake.json(&format!("/api/traces?{query}")).await), expected, "{query}");
    }
    let window = format!("start={}&end={}", now - 8 * SECOND - 5, now - 7 * SECOND - 5);
    assert_eq!(ids(&lake.json(&format!("/api/traces?{window}")).await), [2]);
    for wrong in ["limit=0", "limit=x", "status=bad", "min_duration=soon", "start=yesterday", "internal=maybe"] {
        assert_eq!(lake.get(&format!("/api/traces?{wrong}")).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn older_windows_fill_the_list() {
    let lake = Lake::new();
    let now = now_nanos();
    for (trace, hours) in [(1_u128, 0_i64), (2, 3), (3, 20), (4, 24 * 30)] {
        lake.send(Signal::Traces, &spans("a", &[span(trace, 1, 0, "x", now - hours * 3600 * SECOND - SECOND)])).await;
    }
    // A clock that runs ahead: sorted by its receipt.
    lake.send(Signal::Traces, &spans("a", &[span(5, 1, 0, "x", now + 7200 * SECOND)])).await;
    let all = lake.json("/api/traces").await;
    assert_eq!((ids(&all), &all["searched_back_to"]), (vec![5, 1, 2, 3, 4], &Value::Null));
    assert_eq!(ids(&lake.json("/api/traces?limit=3").await), [5, 1, 2]);
    assert_eq!(ids(&lake.json(&format!("/api/traces?start={}", now - 10 * 3600 * SECOND)).await), [5, 1, 2]);
}

#[tokio::test]
async fn a_giant_trace_does_not_hide_others() {
    let lake = Lake::new();
    let now = now_nanos();
    let rows: Vec<Value> =
        (0..5000_u64).map(|row| span(9, row + 1, 0, "x", now - SECOND - 1000 * row as i64)).collect();
    lake.send(Signal::Traces, &spans("a", &rows)).await;
    for trace in 1..=4_u128 {
        lake.send(Signal::Traces, &spans("a", &[span(trace, 1, 0, "x", now - 60 * SECOND)])).await;
    }
    assert_eq!(ids(&lake.json("/api/traces?limit=5").await), [9, 4, 3, 2, 1]);
}

#[tokio::test]
async fn services_and_operations_are_counted() {
    let lake = Lake::new();
    let now = now_nanos();
    shop(&lake, now).await;
    let services = lake.json("/api/services").await;
    assert_eq!(
        services,
        json!({"services": [
            {"name": "cart", "spans": 3, "errors": 1, "last_seen": (now - 7 * SECOND + 10).to_string()},
            {"name": "frontend", "spans": 3, "errors": 0, "last_seen": (now - 7 * SECOND).to_string()},
        ], "sampled": false})
    );
    assert_eq!(lake.json("/api/services?internal=true").await["services"].as_array().unwrap().len(), 3);
    let operations = lake.json("/api/operations?service=frontend").await;
    assert_eq!(
        operations,
        json!({"operations": [
            {"name": "GET /cart", "kind": "server", "spans": 3, "errors": 0, "p50": "1000000", "p95": "1000000"},
        ], "sampled": false})
    );
    assert_eq!(lake.json("/api/operations?service=none").await, json!({"operations": [], "sampled": false}));
    let all = lake.json("/api/operations").await;
    assert_eq!(all["operations"].as_array().unwrap().len(), 2, "{all}");
    let before = format!("/api/services?start={}&end={}", now - 1000 * SECOND, now - 100 * SECOND);
    assert_eq!(lake.json(&before).await, json!({"services": [], "sampled": false}));
}

#[tokio::test]
async fn a_list_can_be_told_line_by_line() {
    let lake = Lake::new();
    shop(&lake, now_nanos()).await;
    lake.store.seal().await;
    for query in ["limit=2", "limit=10", "status=error", "service=none", "filter=%7B%20%7D%20%3E%3E%20%7B%20%7D"] {
        let page = lake.json(&format!("/api/traces?{query}")).await;
        let request = Request::get(format!("/api/traces?{query}")).header(header::HOST, "localhost:4300");
        let told = lake.ask(request.header(header::ACCEPT, "application/x-ndjson").body(Body::empty()).unwrap()).await;
        assert_eq!((told.status, told.header(header::CONTENT_TYPE)), (StatusCode::OK, "application/x-ndjson"));
        let lines: Vec<Value> = told.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let traces: Vec<&Value> = lines.iter().filter_map(|line| line.get("trace")).collect();
        assert_eq!(json!(traces), page["traces"], "{query}");
        let done = &lines.last().unwrap()["done"];
        for name in ["too_large", "files_total"] {
            assert_eq!(done[name], page[name], "{query}: {name}");
        }
        // Both depend on the moment of the request.
        for name in ["searched_back_to", "next_cursor"] {
            assert_eq!(done[name].is_null(), page[name].is_null(), "{query}: {name}");
        }
        let progress = lines.iter().find_map(|line| line.get("progress")).unwrap();
        assert!(progress["files_read"].as_u64() <= progress["files_total"].as_u64(), "{progress}");
    }
    let request = Request::get("/api/traces?status=bad").header(header::HOST, "localhost:4300");
    let refused = lake.ask(request.header(header::ACCEPT, "application/x-ndjson").body(Body::empty()).unwrap()).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "before the first line a mistake has its status");
}
