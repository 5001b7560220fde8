//! Pins are kept and put in force; why a trace is there; what clients are told.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::ingest::Signal;
use spanlake_store::now_nanos;

use super::lake::{Answer, Lake, SECOND, span, spans};

const HEX: &str = "000000f798038103d269b633813fc60c";
const TRACE: u128 = 0x0000_00f7_9803_8103_d269_b633_813f_c60c;

async fn send(lake: &Lake, method: &str, path: &str, body: &Value) -> Answer {
    let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:4300");
    let request = request.header("content-type", "application/json");
    lake.ask(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn pins_are_kept_shown_in_force_and_removed() {
    let lake = Lake::new();
    let by_id = send(&lake, "POST", "/api/pins", &json!({ "trace_ids": [HEX], "note": "the outage" })).await;
    assert_eq!(by_id.status, StatusCode::CREATED, "{}", by_id.text());
    assert_eq!(by_id.json()["pin"]["trace_ids"], json!([HEX]));
    let by_time = json!({ "service": "shop", "start": "10", "end": "1970-01-01T00:00:01Z" });
    assert_eq!(send(&lake, "POST", "/api/pins", &by_time).await.status, StatusCode::CREATED);
    let in_force = lake.rooms.pins.lock().clone();
    assert_eq!(in_force[0].traces, [TraceId(TRACE.to_be_bytes())]);
    assert_eq!(
        (in_force[1].service.as_deref(), in_force[1].from, in_force[1].to),
        (Some("shop"), Some(10), Some(SECOND))
    );

    let listed = lake.json("/api/pins").await;
    assert_eq!(listed["pins"].as_array().map(Vec::len), Some(2));
    assert_eq!((&listed["pins"][0]["note"], &listed["pins"][1]["end"]), (&json!("the outage"), &json!("1000000000")));
    assert_eq!(send(&lake, "DELETE", "/api/pins/1", &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(send(&lake, "DELETE", "/api/pins/1", &json!({})).await.status, StatusCode::NOT_FOUND);
    assert_eq!(lake.rooms.pins.lock().len(), 1);
}

#[tokio::test]
async fn a_filter_pins_the_traces_that_it_finds_now() {
    let lake = Lake::new();
    let now = now_nanos() - 60 * SECOND;
    let of = |trace: u128, name: &str| span(trace, 1, 0, name, now + trace as i64);
    let sent: Vec<Value> = (1..=700).map(|trace| of(trace, if trace % 7 == 0 { "slow" } else { "fast" })).collect();
    lake.send(Signal::Traces, &spans("shop", &sent)).await;
    let pinned = send(&lake, "POST", "/api/pins", &json!({ "filter": "{ name = \"fast\" }" })).await;
    assert_eq!(pinned.status, StatusCode::CREATED, "{}", pinned.text());
    assert_eq!(pinned.json()["pin"]["traces"], json!(600));
    assert_eq!(lake.rooms.pins.lock()[0].traces.len(), 600);
    let none = send(&lake, "POST", "/api/pins", &json!({ "filter": "{ name = \"absent\" }" })).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_no_pin_is_refused_with_what_one_is() {
    let lake = Lake::new();
    for body in [
        json!({}),
        json!({ "service": "shop" }),
        json!({ "start": "20", "end": "10" }),
        json!({ "trace_ids": ["xyz"] }),
        json!({ "trace_ids": [HEX], "service": "shop" }),
        json!({ "traces": [HEX] }),
        json!({ "filter": "{ name = " }),
        json!({ "trace_ids": [HEX], "note": "x".repeat(2000) }),
    ] {
        let refused = send(&lake, "POST", "/api/pins", &body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body} {}", refused.text());
        assert!(lake.rooms.pins.lock().is_empty());
    }
}

#[tokio::test]
async fn why_tells_what_stands_on_rows_and_asks_of_those_that_are_not_decided() {
    let lake = Lake::new();
    let now = now_nanos();
    lake.send(Signal::Traces, &spans("shop", &[span(TRACE, 1, 0, "step", now)])).await;
    let why = lake.json(&format!("/api/traces/{HEX}/why")).await;
    assert_eq!((&why["rows"], &why["undecided_rows"]), (&json!(1), &json!(1)));
    assert_eq!((&why["stored"], &why["outlook"]), (&json!([]), &json!({ "batches": 1 })));
    assert_eq!(lake.get("/api/traces/ff/why").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn jaeger_s_clients_are_told_rates_where_they_ask() {
    let lake = Lake::new();
    for path in ["/api/sampling", "/sampling"] {
        let told = lake.json(&format!("{path}?service=shop")).await;
        let expected = json!({
            "strategyType": "PROBABILISTIC",
            "probabilisticSampling": { "samplingRate": 0.25 },
            "operationSampling": {
                "defaultSamplingProbability": 0.25,
                "defaultLowerBoundTracesPerSecond": 0.0,
                "perOperationStrategies": [
                    { "operation": "GET /health", "probabilisticSampling": { "samplingRate": 0.01 } }
                ]
            }
        });
        assert_eq!(told, expected);
        let off = lake.get(&format!("{path}?service=off")).await;
        assert_eq!(off.status, StatusCode::NOT_FOUND);
        assert!(off.text().contains("sampling.head"));
        assert_eq!(lake.get(&format!("{path}?service=a&service=b")).await.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(lake.json("/api/sampling").await, json!({ "sampling": null, "door": null }));
    assert!(
        lake.get("/sampling").await.text().contains("<html") || lake.get("/").await.status == StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_policy_is_tried_after_a_seal_and_one_without_a_meaning_refused() {
    let lake = Lake::new();
    let tried = send(&lake, "POST", "/api/sampling/simulate", &json!({ "day_bytes": 5 })).await;
    assert_eq!(tried.json(), json!({ "day_bytes": 5 }));
    assert_eq!(lake.rooms.seals.load(std::sync::atomic::Ordering::Relaxed), 1);
    for body in [json!({ "rules": [] }), json!({ "bytes": 5 })] {
        let refused = send(&lake, "POST", "/api/sampling/simulate", &body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text());
    }
}
