//! Deleting for good: who may, what may be said, what is answered and what is left.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use spanlake_schemas::ingest::Signal;

use super::lake::{Answer, Lake, span, spans};

async fn post_from(lake: &Lake, address: [u8; 4], body: &Value) -> Answer {
    let request = Request::post("/api/forget").header(header::HOST, "localhost");
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let peer = ConnectInfo(SocketAddr::from((address, 5)));
    lake.ask(request.extension(peer).body(Body::from(body.to_string())).unwrap()).await
}

async fn post(lake: &Lake, body: &Value) -> Answer {
    post_from(lake, [127, 0, 0, 1], body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_counted_deleted_and_gone_from_every_answer() {
    let lake = Lake::new();
    lake.send(Signal::Traces, &spans("shop", &[span(1, 1, 0, "buy", 5), span(1, 2, 1, "pay", 5)])).await;
    lake.send(Signal::Traces, &spans("bank", &[span(2, 1, 0, "book", 5)])).await;
    let count = "/api/sql?query=select%20count(*)%20from%20resources";
    assert_eq!(lake.json(count).await["rows"], json!([[2]]));
    let shop = json!({"attributes": {"service.name": ["shop", "nobody"]}});
    let mut dry = shop.clone();
    dry["dry_run"] = json!(true);
    let preview = post(&lake, &dry).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.text());
    assert_eq!(preview.json(), json!({"rows": {"resources": 1, "spans": 2}, "links": 0, "files": 0}));
    let accepted = post(&lake, &shop).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.text());
    let place = accepted.header(header::LOCATION).to_owned();
    let mut report = accepted.json();
    while report["state"] != "done" {
        assert!(report["finished_at"].is_null());
        tokio::time::sleep(Duration::from_millis(50)).await;
        report = lake.json(&place).await;
    }
    assert_eq!(report["rows"], json!({"resources": 1, "spans": 2}));
    assert_eq!((&report["proof"]["found"], &report["message"]), (&json!(0), &Value::Null));
    assert_eq!(lake.json(count).await["rows"], json!([[1]]));
    let services = lake.json("/api/services?start=0&end=10").await.to_string();
    assert!(services.contains("bank") && !services.contains("shop"), "{services}");
    assert!(!report.to_string().contains("shop"), "an outcome names nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_operators_may_and_mistakes_are_said_without_their_values() {
    let lake = Lake::new();
    let body = json!({"trace_ids": ["0102"]});
    assert_eq!(post_from(&lake, [10, 0, 0, 1], &body).await.status, StatusCode::FORBIDDEN);
    for (wrong, said) in [
        (json!({}), "nothing is named"),
        (json!({"trace_ids": ["no id!"]}), "trace id"),
        (json!({"attributes": {"user.id": 42}}), "the body is not what this takes"),
        (json!({"attributes": {"": "x"}}), "no key"),
        (json!({"users": ["jane"]}), "the body is not what this takes"),
    ] {
        let answer = post(&lake, &wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(answer.text().contains(said) && !answer.text().contains("jane"), "{}", answer.text());
    }
    for id in ["0123456789abcdef", "..%2f..%2fx"] {
        assert_eq!(lake.get(&format!("/api/forget/{id}")).await.status, StatusCode::NOT_FOUND);
    }
}
