//! Metric names and series.

use http::StatusCode;
use serde_json::{Value, json};
use spanlake_schemas::ingest::Signal;
use spanlake_store::now_nanos;

use super::lake::{Lake, SECOND};

async fn send(lake: &Lake, instance: &str, metric: Value) {
    lake.send(
        Signal::Metrics,
        &json!({"resourceMetrics": [{
            "resource": {"attributes": [
                {"key": "service.name", "value": {"stringValue": "shop"}},
                {"key": "service.instance.id", "value": {"stringValue": instance}},
            ]},
            "scopeMetrics": [{"scope": {"name": "m"}, "metrics": [metric]}],
        }]}),
    )
    .await;
}

fn points(values: &[(i64, f64)], start: i64) -> Vec<Value> {
    let route = json!([{"key": "http.route", "value": {"stringValue": "/cart"}}]);
    values
        .iter()
        .map(|(time, value)| json!({"timeUnixNano": time.to_string(), "startTimeUnixNano": start.to_string(), "asDouble": value, "attributes": route}))
        .collect()
}

/// A minute that begins with a multiple of ten seconds, some while ago.
fn a_minute() -> i64 {
    (now_nanos() - 600 * SECOND).div_euclid(60 * SECOND) * 60 * SECOND
}

async fn values(lake: &Lake, name: &str, at: i64) -> (Value, Vec<Option<f64>>) {
    let answer =
        lake.json(&format!("/api/metrics/series?name={name}&start={at}&end={}&max_points=6", at + 60 * SECOND)).await;
    let values = answer["series"][0]["points"].as_array().unwrap().iter().map(|point| point[1].as_f64()).collect();
    (answer, values)
}

#[tokio::test]
async fn a_growing_sum_is_a_rate() {
    let lake = Lake::new();
    let at = a_minute();
    // 2 a second, then a restart that begins from zero, then 1 a second.
    let before = points(
        &[(at - 10 * SECOND, 80.0), (at, 100.0), (at + 10 * SECOND, 120.0), (at + 20 * SECOND, 140.0)],
        at - 3600 * SECOND,
    );
    let after = points(&[(at + 30 * SECOND, 10.0), (at + 40 * SECOND, 20.0)], at + 20 * SECOND);
    let sum = |points: Vec<Value>| json!({"name": "orders", "unit": "1", "sum": {"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": points}});
    send(&lake, "i1", sum(before)).await;
    send(&lake, "i1", sum(after)).await;
    let (answer, rates) = values(&lake, "orders", at).await;
    assert_eq!(rates, [Some(2.0), Some(2.0), Some(1.0), Some(1.0)], "{answer}");
    assert_eq!(answer["series"][0]["points"][0][0], json!(at / 1_000_000));
    assert_eq!(
        (&answer["shown_as"], &answer["step"], &answer["total_series"]),
        (&json!("rate"), &json!("10000000000"), &json!(1))
    );
    assert_eq!(
        (&answer["type"], &answer["unit"], &answer["temporality"], &answer["is_monotonic"]),
        (&json!("sum"), &json!("1"), &json!("cumulative"), &json!(true))
    );
    assert_eq!(answer["series"][0]["labels"], json!({"service.name": "shop", "http.route": "/cart"}));
}

#[tokio::test]
async fn a_histogram_is_a_mean() {
    let lake = Lake::new();
    let at = a_minute();
    let rows = [
        (at - 5 * SECOND, 10, 5.0),
        (at + 5 * SECOND, 14, 13.0),
        (at + 15 * SECOND, 14, 13.0),
        (at + 25 * SECOND, 15, 16.0),
    ];
    let points: Vec<Value> = rows
        .iter()
        .map(|(time, count, sum)| json!({"timeUnixNano": time.to_string(), "startTimeUnixNano": (at - 3600 * SECOND).to_string(), "count": count.to_string(),
             "sum": sum, "bucketCounts": [count.to_string()], "explicitBounds": []}))
        .collect();
    send(
        &lake,
        "i1",
        json!({"name": "took", "unit": "s", "histogram": {"aggregationTemporality": 2, "dataPoints": points}}),
    )
    .await;
    let (answer, means) = values(&lake, "took", at).await;
    assert_eq!((means, &answer["shown_as"]), (vec![Some(2.0), None, Some(3.0)], &json!("mean")), "{answer}");
}

#[tokio::test]
async fn a_gauge_is_its_last_value_and_instances_are_told_apart() {
    let lake = Lake::new();
    let at = a_minute();
    let gauge = |value: f64| json!({"name": "depth", "gauge": {"dataPoints": points(&[(at + SECOND, 1.0), (at + 9 * SECOND, value), (at + 31 * SECOND, 4.0)], 0)}});
    send(&lake, "i1", gauge(7.0)).await;
    send(&lake, "i2", gauge(9.0)).await;
    let (answer, values) = values(&lake, "depth", at).await;
    assert_eq!(answer["step"], "15000000000");
    assert_eq!(
        (values, &answer["shown_as"], &answer["total_series"]),
        (vec![Some(9.0), None, Some(4.0)], &json!("value"), &json!(2)),
        "{answer}"
    );
    let labels: Vec<&Value> =
        answer["series"].as_array().unwrap().iter().map(|series| &series["labels"]["service.instance.id"]).collect();
    assert_eq!(labels, ["i2", "i1"]);
    let one =
        lake.json(&format!("/api/metrics/series?name=depth&start={at}&end={}&max_series=1", at + 60 * SECOND)).await;
    assert_eq!((one["series"].as_array().unwrap().len(), &one["total_series"]), (1, &json!(2)));
}

#[tokio::test]
async fn metrics_are_listed_by_name() {
    let lake = Lake::new();
    let at = a_minute();
    send(&lake, "i1", json!({"name": "depth", "unit": "1", "description": "how deep", "gauge": {"dataPoints": points(&[(at, 1.0)], 0)}})).await;
    send(&lake, "i2", json!({"name": "depth", "unit": "1", "description": "how deep", "gauge": {"dataPoints": points(&[(at, 1.0)], 0)}})).await;
    assert_eq!(
        lake.json("/api/metrics").await,
        json!({"metrics": [
            {"name": "depth", "type": "gauge", "temporality": null, "is_monotonic": null, "unit": "1", "description": "how deep", "series": 2, "services": ["shop"]},
        ]})
    );
    assert_eq!(lake.get("/api/metrics/series?name=none").await.status, StatusCode::NOT_FOUND);
    assert_eq!(lake.get("/api/metrics/series").await.status, StatusCode::BAD_REQUEST);
    let empty = lake
        .json(&format!("/api/metrics/series?name=depth&start={}&end={}", at - 7200 * SECOND, at - 3600 * SECOND))
        .await;
    assert_eq!((&empty["series"], &empty["total_series"]), (&json!([]), &json!(0)));
}
