//! The service map over a store.

use http::StatusCode;
use serde_json::{Value, json};
use spanlake_schemas::ingest::Signal;
use spanlake_store::now_nanos;

use super::lake::{Lake, SECOND, span, spans};

fn of_kind(mut one: Value, kind: u8, attributes: &[(&str, &str)]) -> Value {
    one["kind"] = json!(kind);
    one["attributes"] =
        attributes.iter().map(|(key, value)| json!({"key": key, "value": {"stringValue": value}})).collect();
    one
}

async fn send(lake: &Lake, now: i64) {
    for trace in 1..=4_u32 {
        let at = |id: i64| now - 60 * SECOND + i64::from(trace) * SECOND + id;
        let id = u128::from(trace);
        let mut called = span(id, 3, 2, "GET /cart", at(3));
        if trace == 4 {
            called["status"] = json!({"code": 2});
        }
        let mut mail = of_kind(span(id + 100, 1, 0, "mail", at(9)), 5, &[("messaging.system", "kafka")]);
        mail["links"] = json!([{"traceId": format!("{id:032x}"), "spanId": format!("{:016x}", 5)}]);
        let of_frontend = [span(id, 1, 0, "GET /", at(1)), of_kind(span(id, 2, 1, "GET", at(2)), 3, &[])];
        let of_cart = [
            called,
            of_kind(span(id, 4, 3, "select", at(4)), 3, &[("db.system.name", "mysql"), ("db.namespace", "shop")]),
            of_kind(span(id, 5, 3, "send", at(5)), 4, &[("messaging.system", "kafka")]),
            of_kind(span(id, 6, 3, "GET", at(6)), 3, &[("server.address", "example.com")]),
        ];
        lake.send(Signal::Traces, &spans("frontend", &of_frontend)).await;
        if trace == 2 {
            lake.store.seal().await;
        }
        lake.send(Signal::Traces, &spans("cart", &of_cart)).await;
        lake.send(Signal::Traces, &spans("mailer", &[mail])).await;
    }
    lake.send(Signal::Traces, &spans("spanlake", &[span(999, 1, 0, "own", now - SECOND)])).await;
}

#[tokio::test]
async fn services_and_what_they_call_are_drawn() {
    let lake = Lake::new();
    let now = now_nanos();
    send(&lake, now).await;
    let mut before = Value::Null;
    for place in ["memory", "files"] {
        let mut map = lake.json(&format!("/api/service-map?start={}&end={now}", now - 100 * SECOND)).await;
        assert_eq!(map["stats"]["exact"], true);
        map.as_object_mut().unwrap().remove("stats");
        let edges: Vec<String> = map["edges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|edge| {
                let text = |name: &str| edge[name].as_str().unwrap().to_owned();
                format!(
                    "{} {} {} {} {}",
                    text("source"),
                    text("kind"),
                    text("target"),
                    edge["requests"],
                    edge["errors"]
                )
            })
            .collect();
        assert_eq!(
            edges,
            [
                "cart messaging mailer 4 0",
                "cart database database:mysql shop 4 0",
                "cart external external:example.com 4 0",
                "frontend call cart 4 1",
            ],
            "{place}"
        );
        assert_eq!(map["edges"][0]["p50"], "1000000");
        let nodes: Vec<&str> =
            map["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
        assert_eq!(nodes, ["cart", "frontend", "mailer", "database:mysql shop", "external:example.com"]);
        assert_eq!(
            map["nodes"][0],
            json!({"id": "cart", "name": "cart", "kind": "service", "requests": 4, "errors": 1, "p50": "1000000", "p95": "1000000", "rate": 0.04})
        );
        assert!(before.is_null() || before == map, "{place}");
        before = map;
        let dependencies = lake.json("/jaeger/api/dependencies").await;
        assert_eq!(
            dependencies["data"],
            json!([
                {"parent": "cart", "child": "mailer", "callCount": 4},
                {"parent": "frontend", "child": "cart", "callCount": 4},
            ])
        );
        lake.store.seal().await;
    }
    let internal = lake.json("/api/service-map?internal=true").await;
    assert!(internal["nodes"].as_array().unwrap().iter().any(|node| node["id"] == "spanlake"));
    let none = lake.json("/api/service-map?start=1&end=2").await;
    assert_eq!((&none["nodes"], &none["edges"]), (&json!([]), &json!([])));
    assert_eq!(lake.get("/api/service-map?start=5&end=2").await.status, StatusCode::BAD_REQUEST);
}
