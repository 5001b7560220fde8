//! Dashboards: kept as sent, two writers kept apart, what is no dashboard refused.

use axum::body::Body;
use http::{Request, StatusCode, header};
use serde_json::json;

use super::lake::{Answer, Lake};

async fn send(lake: &Lake, method: &str, name: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::builder().method(method).uri(format!("/api/boards/{name}"));
    request = request.header("host", "127.0.0.1:4300");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    lake.ask(request.body(Body::from(body.to_owned())).unwrap()).await
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_dashboard_is_kept_as_it_was_sent_and_listed() {
    let lake = Lake::new();
    let text = r#"{"version": 1, "title":"The shop", "panels":[{"kind":"row"},{"kind":"stat"}]}"#;
    let kept = send(&lake, "PUT", "shop", &[JSON, ("if-none-match", "*")], text).await;
    assert_eq!((kept.status, kept.header(header::ETAG)), (StatusCode::OK, "\"1\""), "{}", kept.text());
    let found = lake.get("/api/boards/shop").await;
    assert_eq!((found.text().as_str(), found.header(header::ETAG)), (text, "\"1\""));
    let listed = lake.json("/api/boards").await;
    assert_eq!(listed["boards"][0]["title"], "The shop");
    assert_eq!((&listed["boards"][0]["panels"], &listed["boards"][0]["version"]), (&json!(1), &json!(1)));

    let changed = send(&lake, "PUT", "shop", &[JSON, ("if-match", "\"1\"")], r#"{"title":"New"}"#).await;
    assert_eq!(changed.header(header::ETAG), "\"2\"");
    let late = send(&lake, "PUT", "shop", &[JSON, ("if-match", "\"1\"")], r#"{"title":"Late"}"#).await;
    assert_eq!((late.status, &late.json()["error"]["code"]), (StatusCode::PRECONDITION_FAILED, &json!("changed")));
    assert_eq!(lake.get("/api/boards/shop?version=1").await.text(), text);
    assert_eq!(lake.json("/api/boards/shop/versions").await["versions"].as_array().map(Vec::len), Some(2));

    assert_eq!(
        send(&lake, "DELETE", "shop", &[("if-match", "\"1\"")], "").await.status,
        StatusCode::PRECONDITION_FAILED
    );
    assert_eq!(send(&lake, "DELETE", "shop", &[], "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(lake.get("/api/boards/shop").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_no_dashboard_is_refused_with_a_sentence() {
    let lake = Lake::new();
    for (headers, name, body, status, part) in [
        (&[JSON][..], "a", "{", StatusCode::BAD_REQUEST, "no JSON"),
        (&[JSON], "a", "[]", StatusCode::BAD_REQUEST, "title"),
        (&[JSON], "a%20b", r#"{"title":"x"}"#, StatusCode::BAD_REQUEST, "no name"),
        (&[], "a", r#"{"title":"x"}"#, StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json"),
        (&[JSON, ("if-match", "x")], "a", r#"{"title":"x"}"#, StatusCode::BAD_REQUEST, "entity tag"),
        (&[JSON, ("if-match", "\"4\"")], "a", r#"{"title":"x"}"#, StatusCode::NOT_FOUND, "no dashboard"),
    ] {
        let answer = send(&lake, "PUT", name, headers, body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert!(answer.text().contains(part), "{body}: {}", answer.text());
    }
    let large = json!({ "title": "x".repeat(5 << 20) }).to_string();
    assert_eq!(send(&lake, "PUT", "a", &[JSON], &large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}
