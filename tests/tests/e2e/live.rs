//! Live views: what changed and only that, at once, without gaps, behind the guard, and never at the cost of others.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use spanlake_tests::live::LiveClient;
use spanlake_tests::requests::{TRACES, some_spans};
use spanlake_tests::server::{Setup, TestServer, eventually};

fn push(server: &TestServer, text: &str) {
    let head = format!("POST /api/push HTTP/1.1\r\nHost: {}\r\nContent-Type: text/plain", server.ports().listen);
    let answer = server.raw(&head, text.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn now_seconds() -> u64 {
    spanlake_bench::now_nanos() / 1_000_000_000
}

fn range(id: u64, query: &str, from: u64) -> Value {
    json!({ "op": "subscribe", "id": id, "kind": "range", "query": query, "step": 1, "from": from })
}

/// Values by labels and time, as changes add up.
type Known = BTreeMap<(String, u64), String>;

#[derive(Default)]
struct Put {
    names: BTreeMap<u64, String>,
    known: Known,
}

impl Put {
    fn apply(&mut self, change: &Value) {
        for series in change["series"].as_array().into_iter().flatten() {
            let number = series["n"].as_u64().expect("a number");
            if series["metric"].is_object() {
                self.names.insert(number, series["metric"].to_string());
            }
            let name = self.names[&number].clone();
            for at in series["gone"].as_array().into_iter().flatten() {
                self.known.remove(&(name.clone(), at.as_u64().expect("whole seconds")));
            }
            for point in series["values"].as_array().into_iter().flatten() {
                let at = point[0].as_u64().expect("whole seconds");
                self.known.insert((name.clone(), at), point[1].as_str().expect("a value").to_owned());
            }
        }
    }

    fn has(&self, value: &str) -> bool {
        self.known.values().any(|known| known == value)
    }
}

fn asked(server: &TestServer, query: &str, from: u64, to: u64) -> Known {
    let path = format!("/prometheus/api/v1/query_range?query={query}&start={from}&end={to}&step=1");
    let answer = server.get(&path).json();
    let mut known = Known::new();
    for series in answer["data"]["result"].as_array().expect("a matrix") {
        for point in series["values"].as_array().expect("values") {
            let at = point[0].as_u64().expect("whole seconds");
            known.insert((series["metric"].to_string(), at), point[1].as_str().expect("a value").to_owned());
        }
    }
    known
}

/// Scenario: a chart is live while values come, some of a new series, and its connection breaks in between.
/// Guarantee: changes add up to what one query answers; after the break nothing is missing.
#[test]
fn changes_add_up_to_the_answer_also_over_a_break() {
    let server = TestServer::start();
    let from = now_seconds() - 60;
    push(&server, "live_test=1 host=a");
    let mut client = LiveClient::connect(server.ports().listen);
    client.say(&range(1, "live_test", from));
    let mut put = Put::default();
    for change in client.until(1, |change| change["first"] == true) {
        put.apply(&change);
    }
    assert!(put.has("1"), "{:?}", put.known);
    push(&server, "live_test=2 host=a");
    push(&server, "live_test=3 host=b");
    for value in ["2", "3"] {
        while !put.has(value) {
            for change in client.until(1, |_| true) {
                assert!(change["first"].is_null(), "only changes follow: {change}");
                put.apply(&change);
            }
        }
    }
    drop(client);
    push(&server, "live_test=4 host=a");
    std::thread::sleep(Duration::from_millis(1200));
    push(&server, "live_test=5 host=a");
    let mut client = LiveClient::connect(server.ports().listen);
    let again = now_seconds() - 60;
    client.say(&range(7, "live_test", again));
    put.names.clear();
    put.known.retain(|(_, at), _| *at < again);
    let mut to = 0;
    while !put.has("5") {
        for change in client.until(7, |_| true) {
            to = change["to"].as_u64().expect("a step");
            put.apply(&change);
        }
    }
    // The steps that were still open when they were told may be told again: those behind them are what a query says.
    let closed = to - 1;
    put.known.retain(|(_, at), _| *at <= closed && *at >= from);
    assert_eq!(put.known, asked(&server, "live_test", from, closed));
}

/// Scenario: a last value is watched; it comes again, and then another comes.
/// Guarantee: what is the same is not told.
#[test]
fn a_last_value_is_told_when_it_differs() {
    let server = TestServer::start();
    push(&server, "level=5");
    let mut client = LiveClient::connect(server.ports().listen);
    client.say(&json!({ "op": "subscribe", "id": 1, "kind": "instant", "query": "level" }));
    let first = client.until(1, |_| true);
    assert_eq!(first[0]["series"][0]["values"][0][1], "5");
    let before = server.metric("spanlake_live_evaluations_total");
    push(&server, "level=5");
    eventually("it is looked at", || server.metric("spanlake_live_evaluations_total") > before);
    push(&server, "level=6");
    let next = client.until(1, |_| true);
    assert_eq!((next.len(), &next[0]["series"][0]["values"][0][1]), (1, &json!("6")));
}

/// Scenario: logs and spans come while somebody watches them; somebody else asks for nonsense.
/// Guarantee: each record is told once, also those that came before; that spans came is told; what is wrong is said with
/// its number and costs nothing else.
#[test]
fn logs_arrivals_and_mistakes() {
    let server = TestServer::start();
    server.send("/v1/logs", &log("first", 17));
    let mut client = LiveClient::connect(server.ports().listen);
    let from = now_seconds() - 60;
    client.say(&json!({ "op": "subscribe", "id": 1, "kind": "logs", "from": from, "severity_min": 9 }));
    client.say(&json!({ "op": "subscribe", "id": 2, "kind": "arrivals", "table": "spans" }));
    client.say(&json!({ "op": "subscribe", "id": 3, "kind": "range", "query": "sum(", "step": 1, "from": from }));
    let wrong = client.until(3, |_| true);
    assert!(wrong[0]["error"].as_str().is_some_and(|said| said.contains("1:5")), "{wrong:?}");
    let bodies = |changes: &[Value]| -> Vec<String> {
        let rows = changes.iter().flat_map(|change| change["rows"].as_array().cloned().unwrap_or_default());
        rows.map(|row| row[5].as_str().unwrap_or_default().to_owned()).collect()
    };
    let mut client = LiveClient::connect(server.ports().listen);
    client.say(&json!({ "op": "subscribe", "id": 1, "kind": "logs", "from": from, "severity_min": 9 }));
    client.say(&json!({ "op": "subscribe", "id": 2, "kind": "arrivals", "table": "spans" }));
    assert_eq!(bodies(&client.until(1, |_| true)), ["first"]);
    server.send("/v1/logs", &log("quiet", 5));
    server.send("/v1/logs", &log("second", 17));
    let seen = client.until(1, |change| change["rows"].as_array().is_some_and(|rows| !rows.is_empty()));
    assert_eq!(bodies(&seen), ["second"]);
    server.send(TRACES, &some_spans(1, 4));
    let seen = client.until(2, |change| change["rows"] == 4);
    assert!(seen.len() <= 2, "{seen:?}");
}

fn log(body: &str, severity: i32) -> Vec<u8> {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value as Any};
    use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
    use prost::Message;
    let record = LogRecord {
        time_unix_nano: spanlake_bench::now_nanos(),
        severity_number: severity,
        body: Some(AnyValue { value: Some(Any::StringValue(body.to_owned())) }),
        ..LogRecord::default()
    };
    let scope_logs = vec![ScopeLogs { log_records: vec![record], ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec()
}

/// Scenario: pages of other sites, clients without the token, with a wrong one, and with the right one in either way.
/// Guarantee: the guard is before this route as before every other.
#[test]
fn the_guard_stands_before_the_socket() {
    let server = TestServer::start();
    let listen = server.ports().listen;
    let refused = |headers: &str| LiveClient::open(listen, headers).err().map(|(status, _)| status);
    assert_eq!(refused("Origin: http://evil.example\r\n"), Some(403));
    assert_eq!(refused(&format!("Origin: http://{listen}\r\n")), None);
    assert_eq!(server.get("/api/live").status, 400, "a plain request is told what this is");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "s3cret?>").expect("a file can be written");
    let server = Setup::default().arguments(&["--token-file", &file.display().to_string()]).start();
    let listen = server.ports().listen;
    let refused = |headers: &str| LiveClient::open(listen, headers).err().map(|(status, _)| status);
    assert_eq!(refused(""), Some(401));
    assert_eq!(refused("Sec-WebSocket-Protocol: spanlake.live, spanlake.token.d3Jvbmc\r\n"), Some(401));
    assert_eq!(refused("Sec-WebSocket-Protocol: spanlake.live, spanlake.token.czNjcmV0Pz4\r\n"), None);
    assert_eq!(refused("Authorization: Bearer s3cret?>\r\n"), None);
}

/// Scenario: a client subscribes to five hundred series and never reads, while values come and another client reads.
/// Guarantee: the other is told everything, the slow one is made no frames that wait, and memory stays.
#[test]
fn a_client_that_does_not_read_costs_nobody_else() {
    let server = TestServer::start();
    let from = now_seconds() - 600;
    let round = |value: usize| {
        let lines: Vec<String> = (0..500)
            .map(|host| format!("many={value} host=a-name-that-is-long-enough-to-fill-frames-{host}"))
            .collect();
        push(&server, &lines.join("\n"));
    };
    round(1);
    let mut slow = LiveClient::connect(server.ports().listen);
    for id in 0..40 {
        slow.say(&range(id, &format!("many * {id}"), from));
    }
    let mut quick = LiveClient::connect(server.ports().listen);
    quick.say(&json!({ "op": "subscribe", "id": 1, "kind": "instant", "query": "max(many)" }));
    for value in 2..12 {
        round(value);
        let wanted = json!(value.to_string());
        quick.until(1, |change| change["series"][0]["values"][0][1] == wanted);
    }
    let peak = spanlake_bench::process::memory_bytes(server.id(), "VmHWM").expect("/proc tells");
    assert!(peak < 600 << 20, "{} MB", peak >> 20);
    drop(slow);
    eventually("the place is free again", || (server.metric("spanlake_live_connections") - 1.0).abs() < 0.5);
}

/// Scenario: binary messages, messages that are far too large, and more subscriptions than there may be.
/// Guarantee: the connection ends, or it is said; the server goes on.
#[test]
fn odd_clients() {
    let server = TestServer::start();
    let mut client = LiveClient::connect(server.ports().listen);
    client.write(2, b"\x00\x01");
    assert!(client.hear().is_none());
    let mut client = LiveClient::connect(server.ports().listen);
    client.write(1, &vec![b' '; 1 << 20]);
    assert!(client.hear().is_none());
    let mut client = LiveClient::connect(server.ports().listen);
    for id in 0..=64 {
        client.say(&json!({ "op": "subscribe", "id": id, "kind": "arrivals", "table": "logs" }));
    }
    let refused = client.until(64, |_| true);
    assert!(refused[0]["error"].as_str().is_some_and(|said| said.contains("at most 64")), "{refused:?}");
    assert_eq!(server.get("/healthz").status, 200);
}
