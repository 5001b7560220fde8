//! Facets, the heatmap, comparisons: the same from memory and from files.

use http::StatusCode;
use serde_json::{Value, json};
use spanlake_schemas::ingest::Signal;
use spanlake_store::now_nanos;

use super::lake::{Lake, SECOND, span, spans};

const MILLI: i64 = SECOND / 1000;

fn with(mut one: Value, duration: i64, attributes: &[(&str, Value)]) -> Value {
    let start: i64 = one["startTimeUnixNano"].as_str().unwrap().parse().unwrap();
    one["endTimeUnixNano"] = json!((start + duration).to_string());
    one["attributes"] = attributes.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    one
}

/// Forty carts; ten payments with an error, a second long, of one tenant. Each trace has a query below its root.
async fn shop(lake: &Lake, now: i64) {
    for trace in 1..=50_u32 {
        let is_payment = trace > 40;
        let at = now - 600 * SECOND + i64::from(trace) * SECOND;
        let (name, route) = if is_payment { ("POST /pay", "/pay") } else { ("GET /cart", "/cart") };
        let duration = if is_payment { SECOND } else { 10 * MILLI };
        let tenant = if is_payment { "acme".to_owned() } else { format!("tenant-{}", trace % 4) };
        let attributes = [
            ("http.route", json!({"stringValue": route})),
            ("http.response.status_code", json!({"intValue": if is_payment { "500" } else { "200" }})),
            ("tenant", json!({"stringValue": tenant})),
            ("request", json!({"stringValue": format!("id-{trace}")})),
        ];
        let mut root = with(span(trace.into(), 1, 0, name, at), duration, &attributes);
        if is_payment {
            root["status"] = json!({"code": 2});
        }
        let query =
            with(span(trace.into(), 2, 1, "select", at), MILLI, &[("db.system.name", json!({"stringValue": "mysql"}))]);
        lake.send(Signal::Traces, &spans("shop", &[root])).await;
        lake.send(Signal::Traces, &spans("store", &[query])).await;
        if trace == 25 {
            lake.store.seal().await;
        }
    }
    lake.send(Signal::Traces, &spans("spanlake", &[span(99, 1, 0, "own", now - SECOND)])).await;
}

fn facet<'a>(answer: &'a Value, key: &str) -> &'a Value {
    let facets = answer["facets"].as_array().unwrap();
    facets.iter().find(|facet| facet["key"] == key).unwrap_or_else(|| panic!("{key}: {answer}"))
}

fn without_stats(mut answer: Value) -> Value {
    answer.as_object_mut().unwrap().remove("stats");
    answer
}

#[tokio::test]
async fn facets_count_spans_traces_and_errors() {
    let lake = Lake::new();
    shop(&lake, now_nanos()).await;
    let mut before = Value::Null;
    for place in ["memory", "files"] {
        let all = lake.json("/api/traces/facets").await;
        assert_eq!((&all["spans"], &all["traces"], &all["errors"]), (&json!(100), &json!(50), &json!(10)), "{place}");
        assert_eq!(all["stats"]["exact"], true);
        assert_eq!(
            facet(&all, "service"),
            &json!({"key": "service", "label": "service.name", "filter": "resource.service.name",
                "values": [{"value": "shop", "spans": 50, "traces": 50, "errors": 10}, {"value": "store", "spans": 50, "traces": 50, "errors": 0}],
                "other": {"values": 0, "spans": 0}})
        );
        assert_eq!(
            facet(&all, "operation")["values"][1],
            json!({"value": "GET /cart", "spans": 40, "traces": 40, "errors": 0})
        );
        assert_eq!(facet(&all, "http.route")["filter"], "span.http.route");
        assert_eq!(facet(&all, "http.response.status_code")["values"][1]["value"], "500");
        let keys: Vec<&str> = all["keys"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(["tenant", "request", "db.system.name"].iter().all(|key| keys.contains(key)), "{keys:?}");
        let of_shop = lake.json("/api/traces/facets?service=shop&keys=tenant,request,kind&limit=3").await;
        assert_eq!(of_shop["spans"], 50);
        let tenants = facet(&of_shop, "tenant");
        assert_eq!(
            (tenants["values"].as_array().unwrap().len(), &tenants["other"]),
            (3, &json!({"values": 2, "spans": 20}))
        );
        assert_eq!(facet(&of_shop, "request")["other"], json!({"values": 47, "spans": 47}));
        let together = json!([without_stats(all), without_stats(of_shop)]);
        assert!(before.is_null() || before == together, "{place}");
        before = together;
        lake.store.seal().await;
    }
}

/// 512 traces of one span, half of them with an error, with these ids.
async fn many(lake: &Lake, id: fn(u128) -> u128) {
    let now = now_nanos() - 600 * SECOND;
    for trace in 0..512_u128 {
        let mut one = span(id(trace), 1, 0, if trace % 2 == 0 { "even" } else { "odd" }, now);
        one["status"] = json!({"code": if trace % 4 == 0 { 2 } else { 0 }});
        lake.send(Signal::Traces, &spans(if trace % 2 == 0 { "shop" } else { "store" }, &[one])).await;
    }
}

#[tokio::test]
async fn of_very_many_spans_a_share_of_the_traces_is_counted() {
    // Ids of which the leading bits are spread evenly, and ids that begin with zeros, of which the last byte decides.
    let ids: [fn(u128) -> u128; 2] = [|trace| (trace << 119) | 1, |trace| trace + 1];
    for id in ids {
        let lake = Lake::new();
        many(&lake, id).await;
        for place in ["memory", "files"] {
            let all = lake.json("/api/traces/facets?keys=service,operation,status").await;
            let stats = &all["stats"];
            assert_eq!(
                (&stats["exact"], &stats["sampled"], &stats["share"]),
                (&json!(false), &json!(true), &json!(0.25))
            );
            assert_eq!(
                (&all["spans"], &all["traces"], &all["errors"]),
                (&json!(512), &json!(512), &json!(128)),
                "{place}"
            );
            let shop = json!({"value": "shop", "spans": 256, "traces": 256, "errors": 128});
            assert_eq!(
                (&facet(&all, "service")["values"][0], &facet(&all, "service")["sampled"]),
                (&shop, &Value::Null)
            );
            assert_eq!(facet(&all, "status")["values"][1]["spans"], 128);
            let operations = facet(&all, "operation");
            assert_eq!(operations["values"][0], json!({"value": "even", "spans": 256, "traces": 256, "errors": 128}));
            assert_eq!(operations["values"][1], json!({"value": "odd", "spans": 256, "traces": 256, "errors": 0}));
            // What is seldom is counted.
            let few = lake.json("/api/traces/facets?keys=operation&status=error").await;
            assert_eq!((&few["stats"]["exact"], &few["stats"]["sampled"]), (&json!(true), &Value::Null));
            assert_eq!(facet(&few, "operation")["values"][0]["spans"], 128);
            lake.store.seal().await;
        }
    }
}

#[tokio::test]
async fn filters_decide_which_spans_are_counted() {
    let lake = Lake::new();
    shop(&lake, now_nanos()).await;
    for (query, counted) in [
        ("filter=%7B%20span.http.response.status_code%20%3E%3D%20500%20%7D", 10),
        ("filter=%7B%20.tenant%20%3D%20%22acme%22%20%7D", 10),
        ("filter=%7B%20!(span.tenant%20%3D%20%22acme%22)%20%7D", 90),
        ("filter=%7B%20span.http.route%20%3D~%20%22%2Fp.*%22%20%7D", 10),
        ("filter=%7B%20nestedSetParent%20%3C%200%20%7D", 50),
        ("attr=tenant%3Dacme", 10),
        ("status=error", 10),
        ("min_duration=500ms", 20),
        ("min_duration=500ms&service=store", 10),
        // What SQL cannot decide is evaluated on whole traces.
        ("filter=%7B%20status%20%3D%20error%20%7D%20%3E%20%7B%20%7D", 10),
        ("filter=%7B%20%7D%20%7C%20max(duration)%20%3E%20500ms", 20),
        ("internal=true", 101),
        ("end=1000", 0),
    ] {
        let facets = lake.json(&format!("/api/traces/facets?{query}")).await;
        assert_eq!(facets["spans"], counted, "{query}: {}", facets["stats"]);
    }
    let refused = ["keys=,", "limit=0", "start=5&end=5", "filter=%7B", "status=bad"];
    for wrong in refused {
        assert_eq!(lake.get(&format!("/api/traces/facets?{wrong}")).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn the_heatmap_has_cells_by_start_and_duration() {
    let lake = Lake::new();
    let now = now_nanos();
    shop(&lake, now).await;
    let window = format!("start={}&end={}", now - 600 * SECOND, now);
    let mut before = Value::Null;
    for _ in ["memory", "files"] {
        let map = lake.json(&format!("/api/traces/heatmap?{window}&columns=6&rows=8")).await;
        assert_eq!((&map["over"], &map["columns"]), (&json!("roots"), &json!(6)));
        assert_eq!(
            (&map["start"], &map["step"]),
            (&json!((now - 600 * SECOND).to_string()), &json!((100 * SECOND).to_string()))
        );
        let edges: Vec<i64> = map["duration_edges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|edge| edge.as_str().unwrap().parse().unwrap())
            .collect();
        assert_eq!((edges.len(), edges[0], edges[8]), (9, 10 * MILLI, SECOND));
        assert_eq!(map["cells"], json!([[0, 0, 40, 0], [0, 7, 10, 10]]));
        let of_store = lake.json(&format!("/api/traces/heatmap?{window}&columns=300&service=store")).await;
        assert_eq!((&of_store["over"], of_store["cells"].as_array().unwrap().len()), (&json!("spans"), 26));
        let together = json!([without_stats(map), without_stats(of_store)]);
        assert!(before.is_null() || before == together);
        before = together;
        lake.store.seal().await;
    }
    let empty = lake.json("/api/traces/heatmap?service=none").await;
    assert_eq!((&empty["cells"], empty["duration_edges"].as_array().unwrap().len()), (&json!([]), 25));
}

#[tokio::test]
async fn what_tells_a_selection_apart_comes_first() {
    let lake = Lake::new();
    let now = now_nanos();
    shop(&lake, now).await;
    let window = format!("start={}&end={}&service=shop", now - 600 * SECOND, now);
    let rectangle =
        format!("{window}&selection_min_duration=500ms&selection_start={}&selection_end={}", now - 590 * SECOND, now);
    let mut before = Value::Null;
    for selection in [
        format!("{window}&selection=%7B%20status%20%3D%20error%20%7D"),
        format!("{window}&selection_status=error"),
        rectangle,
    ] {
        let compared = lake.json(&format!("/api/traces/compare?{selection}")).await;
        assert_eq!((&compared["selected"], &compared["rest"]), (&json!(10), &json!(40)), "{selection}");
        let attributes = compared["attributes"].as_array().unwrap();
        let keys: Vec<&str> = attributes.iter().map(|one| one["key"].as_str().unwrap()).collect();
        for key in ["http.route", "http.response.status_code", "tenant", "operation"] {
            assert!(keys.contains(&key), "{key}: {keys:?}");
        }
        assert!(!keys.contains(&"service"), "{keys:?}");
        assert!(keys.iter().position(|key| *key == "request") > keys.iter().position(|key| *key == "http.route"));
        let route = attributes.iter().find(|one| one["key"] == "http.route").unwrap();
        assert_eq!(route["filter"], "span.http.route");
        assert_eq!(
            route["values"],
            json!([{"value": "/cart", "selected": 0, "rest": 40}, {"value": "/pay", "selected": 10, "rest": 0}])
        );
        assert_eq!(route["absent"], json!({"selected": 0, "rest": 0}));
        assert!(before.is_null() || before == without_stats(compared.clone()), "{selection}");
        before = without_stats(compared);
        lake.store.seal().await;
    }
    for wrong in
        ["", "selection=%7B", "selection=%7B%7D%20%3E%20%7B%7D", "selection_status=bad", "selection_min_duration=x"]
    {
        assert_eq!(lake.get(&format!("/api/traces/compare?{wrong}")).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}
