//! The server's own spans and metrics, kept by itself and elsewhere.

use std::time::Instant;

use serde_json::json;
use spanlake_tests::requests::{TRACES, some_spans};
use spanlake_tests::server::{PATIENCE, Setup, TestServer};

const TO_ITSELF: &[&str] = &["--self-telemetry", "self"];

fn own_rows(server: &TestServer, table: &str, filter: &str) -> u64 {
    server.count(&format!("select count(*) from {table} where service_name = 'spanlake' and {filter}"))
}

fn wait_for(what: &str, server: &TestServer, mut is_there: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_there() {
        assert!(began.elapsed() < PATIENCE, "no {what}: {}", server.output());
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

/// Scenario: a server keeps its own telemetry; a client sends a trace and asks a statement.
/// Guarantee: the server's spans and metrics are there for who asks, hidden from lists and counts, and taking
/// them in makes no more of them.
#[test]
fn own_telemetry_is_kept_and_hidden_and_does_not_feed_itself() {
    let server = Setup::default().arguments(TO_ITSELF).env(&[("SPANLAKE_SELF_TELEMETRY_INTERVAL", "1s")]).start();
    server.send(TRACES, &some_spans(1, 3));
    assert_eq!(server.count("select count(*) from spans where service_name <> 'spanlake'"), 3);
    server.seal();
    for name in ["query", "plan", "POST /api/sql", "seal", "write spans"] {
        wait_for(name, &server, || own_rows(&server, "spans", &format!("name = '{name}'")) > 0);
    }
    wait_for("metrics", &server, || own_rows(&server, "metrics", "name = 'spanlake.seal.count'") > 0);
    wait_for("own requests", &server, || server.metric("spanlake_own_requests_total") > 2.0);

    let services = server.get("/api/services").json();
    assert!(services["services"].as_array().is_some_and(|all| all.iter().all(|one| one["name"] != "spanlake")));
    let all = server.get("/api/services?internal=true").json();
    assert!(all["services"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == "spanlake")), "{all}");
    assert_eq!(server.get("/api/traces").json()["traces"].as_array().map(Vec::len), Some(1));
    assert_eq!(server.get("/api/status").json()["accepted"]["spans"], json!(3));
    let of_exports = own_rows(&server, "spans", "name like '%export%' or name like '%/v1/%'");
    assert_eq!(of_exports, 0, "taking in own telemetry makes spans");
}

/// Scenario: own telemetry goes to another server.
/// Guarantee: it arrives there as anybody's, and not at home.
#[test]
fn own_telemetry_goes_where_it_is_told() {
    let other = TestServer::start();
    let endpoint = format!("http://{}", other.ports().otlp_http);
    let server = Setup::default()
        .arguments(&["--self-telemetry", "otlp"])
        .env(&[("SPANLAKE_SELF_TELEMETRY_INTERVAL", "1s"), ("SPANLAKE_SELF_TELEMETRY_ENDPOINT", &endpoint)])
        .start();
    server.send(TRACES, &some_spans(1, 3));
    server.seal();
    wait_for("spans", &other, || own_rows(&other, "spans", "name = 'seal'") > 0);
    wait_for("metrics", &other, || own_rows(&other, "metrics", "name = 'spanlake.seal.count'") > 0);
    assert_eq!(own_rows(&server, "spans", "true"), 0);
}
