//! A byte budget of the cold tier: whole traces, with weights that add up, whatever happens to the server.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use serde_json::Value;
use spanlake_tests::requests::{LOGS, TRACES, log, logs, span, traces};
use spanlake_tests::server::{PATIENCE, Setup, TestServer, eventually};
use spanlake_tests::settings::{HOT_BYTES_MAX, NO_SEALS, SAMPLING_DAY_BYTES, SAMPLING_RULES};

const TRACES_A_REQUEST: u128 = 100;

/// An hour that is over, so that its whole part of the budget is there.
fn some_hours_ago() -> u64 {
    spanlake_bench::now_nanos() - 3 * 3_600_000_000_000
}

/// Ids as random as those of SDKs.
fn trace_id(number: u128) -> u128 {
    (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

/// Four spans a trace; each hundredth trace fails.
fn send(server: &TestServer, requests: std::ops::Range<u128>) {
    for request in requests {
        let now = some_hours_ago();
        let mut spans = Vec::new();
        let mut records = Vec::new();
        for trace in request * TRACES_A_REQUEST..(request + 1) * TRACES_A_REQUEST {
            let id = trace_id(trace);
            for number in 1..=4_u64 {
                let part = u64::try_from(trace).expect("few") * 8 + number;
                let start = now + part * 1000;
                let mut span: Span = span(id, part, if number > 1 { part - 1 } else { 0 }, "step", start);
                span.name = format!("step {number}");
                span.end_time_unix_nano += part % 17 * 100_000;
                if trace.is_multiple_of(100) && number == 2 {
                    span.status = Some(Status { code: 2, message: "no".to_owned() });
                }
                spans.push(span);
            }
            records.push(log(id, 1, "said within a trace", now));
        }
        server.send(TRACES, &traces("shop", spans));
        server.send(LOGS, &logs("shop", records));
    }
    server.seal();
}

fn budgeted(day_bytes: &str) -> Setup {
    Setup::default().env(NO_SEALS).env(&[(HOT_BYTES_MAX, "0"), (SAMPLING_DAY_BYTES, day_bytes)])
}

fn wait_moved(server: &TestServer) {
    let began = Instant::now();
    loop {
        let status: Value = server.get("/api/status").json();
        if status["cold"]["state"] == "ready" && status["cold"]["waiting_bytes"] == 0 && status["hot_bytes"] == 0 {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "nothing moves: {status}\n{}", server.output());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Spans of each trace that is still there.
fn spans_of_traces(server: &TestServer) -> BTreeMap<String, u64> {
    let rows = server.rows("select trace_id, count(*) from spans where service_name = 'shop' group by 1");
    rows.iter().map(|row| (row[0].as_str().expect("an id").to_owned(), row[1].as_u64().expect("a count"))).collect()
}

/// Scenario: hours leave under a budget that holds a part of them; the server is killed; late spans of the same traces
/// come and leave as well.
/// Guarantee: traces are kept whole or not at all, before and after; weights add up to what was there; logs follow
/// their traces; the page's figures say what happened.
#[test]
fn a_budget_keeps_whole_traces_with_their_weights() {
    let mut server = budgeted("1MiB").start();
    send(&server, 0..40);
    wait_moved(&server);
    let kept = spans_of_traces(&server);
    assert!(kept.len() > 50 && kept.len() < 3000, "{} of 4000 traces are kept", kept.len());
    assert!(kept.values().all(|spans| *spans == 4), "a trace is kept in part");

    let estimate = server.rows(
        "select sum(1 / sampling_probability), min(sampling_probability), count(sampling_reason), count(*) \
         from spans where service_name = 'shop' and name = 'step 1'",
    );
    let traces = estimate[0][0].as_f64().expect("a number");
    assert!((traces / 4000.0 - 1.0).abs() < 0.25, "weights add up to {traces} of 4000 traces");
    assert!(estimate[0][1].as_f64().expect("a number") < 1.0);
    assert_eq!(estimate[0][2], estimate[0][3], "each span says why it is there");
    // The sketches counted every span before any was dropped.
    let counts = server.rows(
        "select approx_count()['value'], approx_count()['is_exact'], approx_ratio(status_code = 'error', true)['value'] \
         from spans where service_name = 'shop'",
    );
    assert_eq!(counts, [[serde_json::json!(16000.0), serde_json::json!(true), serde_json::json!(40.0 / 16000.0)]]);
    let errors = server.count("select count(*) from spans where status_code = 'error' and service_name = 'shop'");
    assert!(errors >= 36, "{errors} of 40 errors, which are rare, are kept");
    let logs = server.count("select count(distinct trace_id) from logs where service_name = 'shop'");
    assert_eq!(logs, kept.len() as u64, "logs follow their traces");

    // What was written is learnt after it is visible.
    let newest = || {
        let report: Value = server.get("/api/sampling").json();
        report["sampling"]["decisions"].as_array().and_then(|all| all.last()).expect("a decision").clone()
    };
    eventually("the sampler learns what was written", || newest()["written_bytes"].as_f64() > Some(0.0));
    let decision = newest();
    assert!(decision["traces"].as_u64() >= Some(4000) && decision["written_bytes"].as_f64() > Some(0.0), "{decision}");
    assert!(decision["strata"].as_array().is_some_and(|strata| !strata.is_empty()));

    server.kill();
    server.restart();
    assert_eq!(spans_of_traces(&server), kept);
    // Late spans of the same traces: a fifth span each.
    let now = some_hours_ago();
    let late = (0..4000).map(|trace| span(trace_id(trace), 1_000_000 + trace as u64, 1, "late", now)).collect();
    server.send(TRACES, &self::traces("shop", late));
    server.seal();
    wait_moved(&server);
    let after = spans_of_traces(&server);
    assert_eq!(after.keys().collect::<Vec<_>>(), kept.keys().collect::<Vec<_>>(), "what was decided holds");
    assert!(after.values().all(|spans| *spans == 5), "late spans join their traces");
    assert_eq!(server.stop().code(), Some(0));
}

/// Scenario: rules by name beside a budget that is never reached; then rules that mean nothing.
/// Guarantee: what a rule drops is gone and counted, the rest is whole; the start is refused with the rule's name.
#[test]
fn rules_drop_by_name_and_nothing_else() {
    let rules = r#"[{"name":"no errors","action":"drop","status":"error"}]"#;
    let server = budgeted("1TiB").env(&[(SAMPLING_RULES, rules)]).start();
    send(&server, 0..5);
    wait_moved(&server);
    assert_eq!(spans_of_traces(&server).len(), 495);
    let report: Value = server.get("/api/sampling").json();
    let decisions = report["sampling"]["decisions"].as_array().cloned().unwrap_or_default();
    let dropped: u64 = decisions.iter().filter_map(|decision| decision["dropped_by_rules"].as_u64()).sum();
    assert_eq!(dropped, 5, "{report}");
    let sampled = server.count("select count(*) from spans where sampling_probability < 1");
    assert_eq!(sampled, 0);
    drop(server);

    let twice = r#"[{"name":"a","action":"keep"},{"name":"a","action":"drop"}]"#;
    let environment = [(SAMPLING_RULES, twice)];
    let checked = spanlake_tests::server::run(&["check-config"], &environment);
    assert_ne!(checked.status.code(), Some(0));
    let said = spanlake_tests::server::said(&checked);
    assert!(said.contains("SAMPLING_RULES") && said.contains("two rules are called"), "{said}");
}
