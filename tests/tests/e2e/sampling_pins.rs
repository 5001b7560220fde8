//! What is pinned is kept, a trace says why it is there, and another policy can be tried first.

use serde_json::{Value, json};
use spanlake_tests::requests::{TRACES, span, traces};
use spanlake_tests::server::{Setup, TestServer, eventually, run, said};
use spanlake_tests::settings::{HOT_AGE_MAX, NO_SEALS, SAMPLING_DAY_BYTES};

const TRACES_SENT: u64 = 4_000;

fn trace_id(number: u64) -> u128 {
    (u128::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

fn hex(number: u64) -> String {
    format!("{:032x}", trace_id(number))
}

/// Four spans a trace; traces of a second each. Gives when the first began.
fn send(server: &TestServer) -> u64 {
    let then = spanlake_bench::now_nanos() - 3 * 3_600_000_000_000;
    for hundred in 0..TRACES_SENT / 100 {
        let of_trace = |trace: u64| {
            (1..=4).map(move |number| {
                let id = trace * 8 + number;
                span(
                    trace_id(trace),
                    id,
                    if number > 1 { id - 1 } else { 0 },
                    "step",
                    then + trace * 100_000_000 + number,
                )
            })
        };
        let spans = (hundred * 100..(hundred + 1) * 100).flat_map(of_trace).collect();
        server.send(TRACES, &traces(if hundred == 7 { "cart" } else { "shop" }, spans));
    }
    then
}

fn post(server: &TestServer, path: &str, body: &Value) -> Value {
    let head = format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json");
    server.raw(&head, body.to_string().as_bytes()).json()
}

fn why(server: &TestServer, trace: u64) -> Value {
    server.get(&format!("/api/traces/{}/why", hex(trace))).json()
}

/// Scenario: traces are pinned by id, by service and time, and by a filter, the server is killed, and their hour leaves
/// under a budget that holds a few in a hundred.
/// Guarantee: all of them are kept whole with probability one and say so; others say what kept them; before, the outlook
/// of a hot trace says what would.
#[test]
fn pins_survive_a_crash_and_keep_their_traces() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let start = |age: &str| {
        let setup = Setup::default().data_dir(folder.path()).env(NO_SEALS);
        setup.env(&[(HOT_AGE_MAX, age), (SAMPLING_DAY_BYTES, "1MiB")]).start()
    };
    let mut server = start("1h");
    let then = send(&server);
    post(&server, "/api/pins", &json!({ "trace_ids": [hex(5)], "note": "look at this" }));
    let (from, to) = (then + 700 * 100_000_000, then + 710 * 100_000_000);
    post(&server, "/api/pins", &json!({ "service": "cart", "start": from.to_string(), "end": to.to_string() }));
    let outlook = why(&server, 5);
    assert_eq!((&outlook["outlook"]["reason"], &outlook["undecided_rows"]), (&json!("pin"), &json!(4)), "{outlook}");
    assert_eq!(why(&server, 6)["outlook"]["reason"], Value::Null);

    server.kill();
    server.restart();
    assert_eq!(server.get("/api/pins").json()["pins"].as_array().map(Vec::len), Some(2));

    // Another policy, tried before the hour leaves.
    let whole = simulate(&server, &["--day-bytes", "1TB", "--json"]);
    let whole: Value = serde_json::from_str(&whole).expect("a report");
    assert_eq!((&whole["traces"], &whole["kept_traces"]), (&json!(TRACES_SENT), &json!(TRACES_SENT)), "{whole}");
    let less: Value = serde_json::from_str(&simulate(&server, &["--json"])).expect("a report");
    assert!(less["kept_traces"].as_u64() < Some(TRACES_SENT) && less["kept_traces"].as_u64() > Some(11), "{less}");
    assert!(simulate(&server, &[]).contains("shop"));
    assert_eq!(
        server.count("select count(distinct trace_id) from spans where service_name <> 'spanlake'"),
        TRACES_SENT
    );

    // Rows of three hours ago came a moment ago, so their age counts from now.
    assert_eq!(server.stop().code(), Some(0));
    let mut server = start("1s");
    eventually("the hours move", || {
        let status: Value = server.get("/api/status").json();
        server.metric("spanlake_cold_moves_total") > 0.0 && status["cold"]["waiting_bytes"] == 0
    });
    for trace in std::iter::once(5).chain(700..710) {
        let why = why(&server, trace);
        assert_eq!((&why["rows"], &why["stored"][0]["reason"]), (&json!(4), &json!("pin")), "{trace} {why}");
        assert_eq!(why["stored"][0]["probability"], json!(1.0));
    }
    let kept = server.count("select count(distinct trace_id) from spans where service_name in ('shop', 'cart')");
    assert!((12..TRACES_SENT).contains(&kept), "{kept}");
    let other =
        server.rows("select trace_id from spans where sampling_reason <> 'pin' and service_name = 'shop' limit 1");
    let id = other[0][0].as_str().expect("an id");
    let why = server.get(&format!("/api/traces/{id}/why")).json();
    assert_eq!((&why["undecided_rows"], &why["outlook"]), (&json!(0), &Value::Null));
    assert!(why["stored"][0]["explanation"].as_str().is_some_and(|text| !text.is_empty()), "{why}");
    assert_eq!(server.stop().code(), Some(0));
}

fn simulate(server: &TestServer, more: &[&str]) -> String {
    let url = format!("http://{}", server.ports().listen);
    let output = run(&[&["sampling", "simulate", "--url", &url], more].concat(), &[]);
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).expect("text")
}
