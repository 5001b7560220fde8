//! What is held back before it is stored: whole traces, weights that survive a crash, an overload that is never silent.

use std::collections::BTreeMap;

use serde_json::Value;
use spanlake_tests::requests::{TRACES, span, traces};
use spanlake_tests::server::{Setup, TestServer, eventually};
use spanlake_tests::settings::{HOT_BYTES_MAX, NO_SEALS, OVERLOAD_MEMORY_BYTES, SAMPLING_DAY_BYTES, SAMPLING_DOOR};

const TRACES_A_REQUEST: u64 = 100;

/// Ids as random as those of SDKs.
fn trace_id(number: u64) -> u128 {
    (u128::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

/// Four spans a trace, an hour that is over.
fn send(server: &TestServer, requests: std::ops::Range<u64>) {
    let then = spanlake_bench::now_nanos() - 3 * 3_600_000_000_000;
    for request in requests {
        let of_trace = |trace: u64| {
            (1..=4).map(move |number| {
                let id = trace * 8 + number;
                span(trace_id(trace), id, if number > 1 { id - 1 } else { 0 }, "step", then + id * 1_000)
            })
        };
        let spans = (request * TRACES_A_REQUEST..(request + 1) * TRACES_A_REQUEST).flat_map(of_trace).collect();
        server.send(TRACES, &traces("shop", spans));
    }
}

/// Spans and the weight of each trace that is there.
fn kept(server: &TestServer) -> BTreeMap<String, (u64, String)> {
    let query = "select trace_id, count(*), min(sampling_probability), max(sampling_probability), min(sampling_reason) \
                 from spans where service_name = 'shop' group by 1";
    let row = |row: &Vec<Value>| {
        assert_eq!(row[2], row[3], "spans of a trace have one weight");
        (
            row[0].as_str().expect("an id").to_owned(),
            (row[1].as_u64().expect("a count"), format!("{} {}", row[2], row[4])),
        )
    };
    server.rows(query).iter().map(row).collect()
}

fn estimate(server: &TestServer) -> f64 {
    let query = "select approx_count()['value'] from spans where service_name = 'shop'";
    server.value(query).as_f64().expect("a number")
}

/// Scenario: a door that lets a quarter pass; the server is killed before anything is sealed; then the hour moves under a
/// budget that is smaller still.
/// Guarantee: traces pass whole with their weights, the log's replay leaves the same, and both samplings together still
/// add up to what was sent; plain counts are warned of, in memory and in files.
#[test]
fn a_door_s_weights_survive_a_crash_and_the_hot_end() {
    let setup = Setup::default().env(NO_SEALS).env(&[(SAMPLING_DOOR, "*=0.25"), (HOT_BYTES_MAX, "0")]);
    let mut server = setup.env(&[(SAMPLING_DAY_BYTES, "1MiB")]).start();
    send(&server, 0..60);
    let before = kept(&server);
    assert!((1_300..1_700).contains(&before.len()), "{} of 6000 traces pass", before.len());
    assert!(before.values().all(|(spans, why)| *spans == 4 && why == "0.25 \"door\""), "{before:?}");
    assert!((estimate(&server) / 24_000.0 - 1.0).abs() < 0.15);
    let counted = server.post_sql(&serde_json::json!({ "query": "select count(*) from spans" })).json();
    assert!(counted["warning"].as_str().is_some_and(|warning| warning.contains("plain counts")), "{counted}");
    let report: Value = server.get("/api/sampling").json();
    let dropped = report["door"]["counts"]["dropped_by_setting"]["spans"].as_u64();
    assert_eq!(dropped, Some(24_000 - before.len() as u64 * 4), "{report}");

    server.kill();
    server.restart();
    assert_eq!(kept(&server), before);

    server.seal();
    eventually("the hour moves", || server.metric("spanlake_cold_moves_total") > 0.0);
    let after = kept(&server);
    assert!(after.len() < before.len() && after.keys().all(|trace| before.contains_key(trace)));
    assert!(after.values().all(|(spans, _)| *spans == 4));
    let estimate = estimate(&server);
    assert!((estimate / 24_000.0 - 1.0).abs() < 0.2, "weights add up to {estimate} of 24,000 spans");
    assert_eq!(server.stop().code(), Some(0));
}

/// Scenario: more unsealed rows than the budget of memory allows, for longer than a moment.
/// Guarantee: a part of the traces is held back, is counted and said, and what passes carries weights that add up.
#[test]
fn overload_holds_back_with_weights_and_says_so() {
    let server = Setup::default().env(NO_SEALS).env(&[(OVERLOAD_MEMORY_BYTES, "2MiB")]).start();
    send(&server, 0..100);
    eventually("the threshold rises", || server.metric("spanlake_overload_probability") < 0.5);
    send(&server, 100..200);
    let report: Value = server.get("/api/sampling").json();
    assert!(report["door"]["warning"].as_str().is_some_and(|text| text.contains("weight")), "{report}");
    assert!(report["door"]["counts"]["dropped_by_overload"]["spans"].as_u64() > Some(0), "{report}");
    let traces = kept(&server);
    assert!(traces.len() < 20_000 && traces.values().all(|(spans, _)| *spans == 4));
    assert!(traces.values().any(|(_, why)| why.contains("overload")));
    assert!(server.output().contains("held back at the door"));
    server.seal();
    let lowest = server.metric("spanlake_overload_probability");
    eventually("the threshold falls", || server.metric("spanlake_overload_probability") > lowest);
}
