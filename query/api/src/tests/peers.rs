//! A span among its peers, and a trace among those of its shape.

use http::StatusCode;
use serde_json::{Value, json};
use spanlake_schemas::ingest::Signal;

use super::lake::{Lake, SECOND, span, spans};

const AT: i64 = 1_732_165_200_000_000_000;
const MILLI: i64 = SECOND / 1000;

fn lasting(mut span: Value, millis: i64) -> Value {
    let start: i64 = span["startTimeUnixNano"].as_str().unwrap().parse().unwrap();
    span["endTimeUnixNano"] = json!((start + millis * MILLI).to_string());
    span
}

/// Ten traces of one shape, the n-th root of which lasts 10 n ms and its child n ms; one with a child more, one of
/// another name.
async fn send(lake: &Lake) {
    for n in 1..=10_u8 {
        let start = AT + i64::from(n) * SECOND;
        let root = lasting(span(n.into(), 1, 0, "GET /cart", start), 10 * i64::from(n));
        let child = lasting(span(n.into(), 2, 1, "SELECT", start + MILLI), n.into());
        lake.send(Signal::Traces, &spans("shop", &[root, child])).await;
    }
    let root = lasting(span(11, 1, 0, "GET /cart", AT), 7);
    let children = [span(11, 2, 1, "SELECT", AT), span(11, 3, 1, "SELECT", AT + 1)];
    lake.send(Signal::Traces, &spans("shop", &[root, children[0].clone(), children[1].clone()])).await;
    lake.send(Signal::Traces, &spans("shop", &[span(12, 1, 0, "POST /cart", AT)])).await;
}

#[tokio::test]
async fn a_span_has_its_percentile() {
    let lake = Lake::new();
    send(&lake).await;
    for _ in ["memory", "files"] {
        let path = format!("/api/traces/{:032x}/peers?span_id={:016x}", 9, 1);
        let answer = lake.json(&path).await;
        // Eleven roots, of which nine are faster and itself counts half.
        assert_eq!((&answer["spans"], &answer["percentile"]), (&json!(11), &json!(0.8636)), "{answer}");
        assert_eq!(
            (&answer["service"], &answer["operation"], &answer["kind"]),
            (&json!("shop"), &json!("GET /cart"), &json!("server"))
        );
        let number = |name: &str| answer[name].as_str().unwrap().parse::<i64>().unwrap();
        assert!((40..=60).contains(&(number("p50") / MILLI)) && number("p99") <= 100 * MILLI, "{answer}");
        assert!(number("p50") <= number("p95") && number("p95") <= number("p99"));
        let one = lake.json(&format!("{path}&start={}&end={}", AT + 9 * SECOND, AT + 9 * SECOND + 1)).await;
        assert_eq!((&one["spans"], &one["percentile"]), (&json!(1), &json!(0.5)));
        let none = lake.json(&format!("{path}&start=1&end=2")).await;
        assert_eq!((&none["spans"], &none["percentile"], &none["p50"]), (&json!(0), &Value::Null, &Value::Null));
        lake.store.seal().await;
    }
    for (path, status) in [
        (format!("/api/traces/{:032x}/peers", 9), StatusCode::BAD_REQUEST),
        (format!("/api/traces/{:032x}/peers?span_id=zz", 9), StatusCode::BAD_REQUEST),
        (format!("/api/traces/{:032x}/peers?span_id={:016x}", 9, 99), StatusCode::NOT_FOUND),
        (format!("/api/traces/{:032x}/peers?span_id={:016x}", 99, 1), StatusCode::NOT_FOUND),
        (format!("/api/traces/{:032x}/peers?span_id={:016x}&start=5&end=5", 9, 1), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(lake.get(&path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_trace_is_compared_with_the_median_of_its_shape() {
    let lake = Lake::new();
    send(&lake).await;
    for _ in ["memory", "files"] {
        let answer = lake.json(&format!("/api/traces/{:032x}/shape", 10)).await;
        // Of the other nine the fifth is the middle.
        assert_eq!(
            (&answer["traces"], &answer["median_trace_id"]),
            (&json!(9), &json!(format!("{:032x}", 5))),
            "{answer}"
        );
        let millis = |value: i64| json!((value * MILLI).to_string());
        assert_eq!((&answer["duration"], &answer["median_duration"]), (&millis(100), &millis(50)));
        let root = &answer["spans"][0];
        assert_eq!(
            (&root["name"], &root["median_duration"], &root["median_self_time"]),
            (&json!("GET /cart"), &millis(50), &millis(45))
        );
        let child = &answer["spans"][1];
        assert_eq!(
            (&child["depth"], &child["critical_time"], &child["median_critical_time"]),
            (&json!(1), &millis(10), &millis(5))
        );
        let alone = lake.json(&format!("/api/traces/{:032x}/shape", 11)).await;
        assert_eq!((&alone["traces"], &alone["median_trace_id"]), (&json!(0), &Value::Null));
        assert_eq!(alone["spans"][2]["median_duration"], Value::Null);
        lake.store.seal().await;
    }
    assert_eq!(lake.get(&format!("/api/traces/{:032x}/shape", 99)).await.status, StatusCode::NOT_FOUND);
}
