//! Lists of the page: traces, services, operations, metrics, status, health.

use serde_json::json;
use spanlake_tests::requests::{METRICS, TRACES, gauge, span, traces};
use spanlake_tests::server::TestServer;

/// Scenario: a few traces of two services and a metric.
/// Guarantee: the lists tell of them with the documented fields.
#[test]
fn lists_tell_what_arrived() {
    let server = TestServer::start();
    assert_eq!(server.get("/api/status").json()["empty"], true);
    let now = spanlake_bench::now_nanos();
    for trace in 1..=3_u64 {
        let at = now - (4 - trace) * 1_000_000_000;
        let mut child = span(u128::from(trace), 2, 1, "SELECT carts", at + 10);
        child.status = Some(opentelemetry_proto::tonic::trace::v1::Status { code: 2, message: String::new() });
        server.send(TRACES, &traces("frontend", vec![span(u128::from(trace), 1, 0, "GET /cart", at)]));
        server.send(TRACES, &traces("cart", vec![child]));
    }
    server.send(
        METRICS,
        &gauge("frontend", "queue.length", "{item}", &[(now - 2_000_000_000, 2.0), (now - 1_000_000_000, 3.0)]),
    );

    let list = server.get("/api/traces?limit=2").json();
    assert_eq!(list["traces"].as_array().map(Vec::len), Some(2), "{list}");
    let newest = &list["traces"][0];
    assert_eq!(newest["trace_id"], format!("{:032x}", 3));
    assert_eq!((&newest["root_service"], &newest["root_name"]), (&json!("frontend"), &json!("GET /cart")));
    assert_eq!((&newest["span_count"], &newest["error_count"]), (&json!(2), &json!(1)));
    let of_cart = server.get("/api/traces?service=cart&operation=SELECT%20carts&status=error").json();
    assert_eq!(of_cart["traces"].as_array().map(Vec::len), Some(3), "{of_cart}");
    let slow = server.get("/api/traces?min_duration=1s").json();
    assert_eq!(slow["traces"], json!([]));

    let services = server.get("/api/services").json();
    let cart = services["services"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "cart").cloned());
    let cart = cart.unwrap_or_else(|| panic!("cart in {services}"));
    assert_eq!((&cart["spans"], &cart["errors"]), (&json!(3), &json!(3)));
    let operations = server.get("/api/operations?service=frontend").json();
    assert_eq!(
        (&operations["operations"][0]["name"], &operations["operations"][0]["spans"]),
        (&json!("GET /cart"), &json!(3)),
        "{operations}"
    );

    let metrics = server.get("/api/metrics").json();
    let metric = &metrics["metrics"][0];
    assert_eq!(
        (&metric["name"], &metric["type"], &metric["unit"]),
        (&json!("queue.length"), &json!("gauge"), &json!("{item}")),
        "{metrics}"
    );
    let series =
        server.get(&format!("/api/metrics/series?name=queue.length&start={}&end={now}", now - 60_000_000_000)).json();
    assert_eq!((&series["total_series"], &series["shown_as"]), (&json!(1), &json!("value")), "{series}");
    assert!(series["series"][0]["points"].as_array().is_some_and(|points| !points.is_empty()), "{series}");

    let status = server.get("/api/status").json();
    assert_eq!(
        (&status["empty"], &status["ready"], &status["accepted"]["spans"]),
        (&json!(false), &json!(true), &json!(6)),
        "{status}"
    );
}

/// Scenario: an orchestrator and a Prometheus ask.
/// Guarantee: health is 200, and own metrics have what one alerts on, each with help and type.
#[test]
fn health_and_own_metrics_answer() {
    let server = TestServer::start();
    assert_eq!((server.get("/healthz").status, server.get("/readyz").status), (200, 200));
    let answer = server.get("/metrics");
    assert!(answer.content_type.starts_with("text/plain"), "{}", answer.content_type);
    let text = answer.text();
    let wanted = [
        "spanlake_accepted_items_total",
        "spanlake_refused_requests_total",
        "spanlake_log_disk_bytes",
        "spanlake_log_sync_p99_seconds",
        "spanlake_oldest_unsealed_seconds",
        "spanlake_unsealed_rows",
        "spanlake_hot_bytes",
        "spanlake_disk_full",
    ];
    for name in wanted {
        assert!(
            text.contains(&format!("# TYPE {name} ")) && text.contains(&format!("# HELP {name} ")),
            "{name} in\n{text}"
        );
        assert!(text.lines().any(|line| line.starts_with(name)), "{name} has a value");
    }
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let value = line.rsplit_once(' ').map(|(_, value)| value);
        assert!(value.is_some_and(|value| value.parse::<f64>().is_ok()), "{line}");
    }
    let unknown = server.get("/api/nothing");
    assert_eq!(unknown.status, 404);
    assert!(unknown.json()["error"]["message"].is_string(), "{}", unknown.text());
}
