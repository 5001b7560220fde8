//! Rule files in Prometheus's form: recorded series, alerts and their states, mistakes.

use serde_json::{Value, json};
use spanlake_tests::server::{Setup, TestServer, encoded, eventually, run, said};
use spanlake_tests::settings::RULE_FILES;

const RULES: &str = r#"
groups:
  - name: queues
    interval: 300ms
    rules:
      - record: queue:size:sum
        expr: sum(queue_size)
        labels: {source: rules}
      - alert: QueueLong
        expr: queue:size:sum > 10
        for: 1s
        labels: {severity: warning}
        annotations: {summary: "{{ $value | humanize }} wait"}
      - alert: Nonsense
        expr: queue_size / queue_max_size > 2
"#;

fn push(server: &TestServer, size: &str) {
    let url = format!("http://{}", server.ports().listen);
    let output = run(&["push", &format!("queue_size={size}"), "queue=mail", "--url", &url], &[]);
    assert!(output.status.success(), "{}", said(&output));
}

fn get(server: &TestServer, path: &str) -> Value {
    let answer = server.get(&format!("/prometheus/api/v1/{path}"));
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()["data"].clone()
}

/// Value and labels of the only series.
fn one(server: &TestServer, query: &str) -> Option<(String, Value)> {
    let result = get(server, &format!("query?query={}", encoded(query)))["result"].clone();
    let value = result[0]["value"][1].as_str()?.to_owned();
    Some((value, result[0]["metric"].clone()))
}

fn value(server: &TestServer, query: &str) -> Option<String> {
    one(server, query).map(|(value, _)| value)
}

fn rule(server: &TestServer, name: &str) -> Value {
    get(server, &format!("rules?rule_name[]={name}"))["groups"][0]["rules"][0].clone()
}

/// Scenario: a recording rule and an alert over it; the number rises, the server is killed, the number falls.
/// Guarantee: the series is there, the alert waits, fires, fires again at once after the restart, and ends.
#[test]
fn rules_are_evaluated_and_alerts_have_states() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rules.yml").display().to_string();
    std::fs::write(&path, RULES).expect("the folder is there");
    let mut server = Setup::default().env(&[(RULE_FILES, &path)]).start();
    push(&server, "4");
    eventually("the sum is recorded", || value(&server, "queue:size:sum").as_deref() == Some("4"));
    let labels = json!({"__name__": "queue:size:sum", "source": "rules"});
    assert_eq!(one(&server, "queue:size:sum").map(|(_, labels)| labels), Some(labels));
    assert_eq!(rule(&server, "QueueLong")["state"], "inactive");
    assert_eq!(get(&server, "alerts")["alerts"], json!([]));
    push(&server, "1200");
    eventually("the alert waits", || value(&server, "ALERTS{alertstate=\"pending\"}").is_some());
    eventually("the alert fires", || value(&server, "ALERTS{alertstate=\"firing\"}").is_some());
    eventually("and waits no more", || value(&server, "ALERTS{alertstate=\"pending\"}").is_none());
    let alert = get(&server, "alerts")["alerts"][0].clone();
    let labels = json!({"alertname": "QueueLong", "severity": "warning", "source": "rules"});
    assert_eq!((&alert["labels"], &alert["state"], &alert["value"]), (&labels, &json!("firing"), &json!("1.2e+03")));
    assert_eq!(alert["annotations"]["summary"], "1.2k wait");
    let shown = rule(&server, "QueueLong");
    assert_eq!((&shown["health"], &shown["type"], &shown["duration"]), (&json!("ok"), &json!("alerting"), &json!(1)));
    assert_eq!(get(&server, "rules?type=record")["groups"][0]["rules"].as_array().map(Vec::len), Some(1));
    let began = value(&server, "ALERTS_FOR_STATE").expect("it is written");
    server.kill();
    server.restart();
    eventually("the alert fires again", || get(&server, "alerts")["alerts"][0]["state"] == "firing");
    let began_after = value(&server, "ALERTS_FOR_STATE").expect("it is written");
    let seconds = |text: &str| text.parse::<f64>().expect("a number");
    assert!(seconds(&began_after) >= seconds(&began), "{began} {began_after}");
    push(&server, "1");
    eventually("the alert ends", || get(&server, "alerts")["alerts"] == json!([]));
    eventually("and its series", || value(&server, "ALERTS").is_none());
}

/// Scenario: rule files with a mistake, and with what can never be.
/// Guarantee: the mistake is told with file, line and column before a port opens; the rest is a warning.
#[test]
fn mistakes_and_warnings_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rules.yml");
    let file = path.display().to_string();
    std::fs::write(&path, RULES.replace("sum(queue_size)", "sum(queue_size")).expect("the folder is there");
    let output = run(&["check-config"], &[(RULE_FILES, &file)]);
    assert_eq!(output.status.code(), Some(64));
    assert!(said(&output).contains("rules.yml: line 7, column 15: could not parse expression"), "{}", said(&output));
    std::fs::write(&path, RULES).expect("the folder is there");
    let output = run(&["check-config"], &[(RULE_FILES, &file)]);
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("warning: ") && text.contains("Nonsense: 1:14: queue_max_size may be 0"), "{text}");
    let output = run(&["lint", "--rule-file", &file], &[]);
    assert_eq!(output.status.code(), Some(1));
    let output = run(&["lint", "up > 1"], &[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("1:4: never true"), "{text}");
    assert!(run(&["lint", "up == 0"], &[]).status.success());
}

/// Scenario: the tree of an expression, and the flags.
/// Guarantee: they are answered as Prometheus does.
#[test]
fn trees_and_flags_are_answered() {
    let server = TestServer::start();
    let tree = get(&server, &format!("parse_query?query={}", encoded("foo{a!=\"b\"} / on (c) sum(bar offset 5m)")));
    let matcher = |name: &str, kind: &str, value: &str| json!({"name": name, "type": kind, "value": value});
    assert_eq!((&tree["type"], &tree["op"], &tree["bool"]), (&json!("binaryExpr"), &json!("/"), &json!(false)));
    assert_eq!(tree["matching"]["card"], "one-to-one");
    assert_eq!((&tree["matching"]["on"], &tree["matching"]["labels"]), (&json!(true), &json!(["c"])));
    assert_eq!(tree["lhs"]["matchers"], json!([matcher("a", "!=", "b"), matcher("__name__", "=", "foo")]));
    assert_eq!((&tree["rhs"]["type"], &tree["rhs"]["op"]), (&json!("aggregation"), &json!("sum")));
    assert_eq!((&tree["rhs"]["expr"]["name"], &tree["rhs"]["expr"]["offset"]), (&json!("bar"), &json!(300_000)));
    let answer = server.get(&format!("/prometheus/api/v1/parse_query?query={}", encoded("sum(")));
    assert_eq!((answer.status, &answer.json()["errorType"]), (400, &json!("bad_data")));
    assert_eq!(get(&server, "status/flags")["query.lookback-delta"], "5m");
}
