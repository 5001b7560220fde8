use std::time::Duration;

use crate::file::{Kind, read};

const RULES: &str = r#"
groups:
  - name: api
    interval: 15s
    limit: 10
    labels: {team: shop}
    rules:
      - record: job:requests:rate5m
        expr: sum by (job) (rate(http_requests_total[5m]))
      - alert: HighAPILatency
        expr: |
          histogram_quantile(0.95,
            rate(http_request_duration_seconds_bucket[5m])) > 1
        for: 5m
        keep_firing_for: 1m
        labels: {severity: warning}
        annotations: {summary: "{{ $labels.job }} takes {{ $value }} s"}
"#;

#[test]
fn rules_are_read_as_prometheus_writes_them() {
    let groups = read(RULES, "rules.yml").unwrap();
    assert_eq!(groups.len(), 1);
    let group = &groups[0];
    assert_eq!((group.name.as_str(), group.interval, group.limit), ("api", Some(Duration::from_secs(15)), 10));
    assert_eq!(group.rules[0].name(), "job:requests:rate5m");
    let Kind::Alerting { hold, keep_firing_for, annotations, .. } = &group.rules[1].kind else { panic!() };
    assert_eq!((*hold, *keep_firing_for), (Duration::from_secs(300), Duration::from_secs(60)));
    assert_eq!(annotations[0].0, "summary");
    let labels: Vec<&str> = group.rules[1].labels.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(labels, ["team", "severity"]);
}

/// What is wrong, and what is said of it.
#[test]
fn mistakes_have_a_line_and_a_column() {
    let rule = |lines: &str| format!("groups:\n- name: a\n  rules:\n  - {}\n", lines.replace('\n', "\n    "));
    let cases = [
        (rule("record: x\nexpr: sum("), "line 5, column 11: could not parse expression: 1:5: parse error"),
        (rule("record: x\nalert: y\nexpr: up"), "line 4, column 13: only one of 'record' and 'alert'"),
        (rule("expr: up"), "one of 'record' or 'alert' must be set"),
        (rule("alert: x"), "field 'expr' must be set in rule"),
        (rule("record: x\nexpr: up\nfor: 5m"), "line 6, column 10: invalid field 'for' in recording rule"),
        (rule("alert: x\nexpr: up\nfor: soon"), "line 6, column 10"),
        (rule("alert: x\nexpr: up\nlabels: {a: '{{ $labels.b'}"), "template of \"a\": {{ is not closed"),
        (rule("alert: x\nexpr: up\nwhen: now"), "\"when\" is unknown here"),
        ("groups:\n- rules: []\n".to_owned(), "Groupname must not be empty"),
        ("groups:\n- name: a\n- name: a\n".to_owned(), "is repeated in the same file"),
        ("alerts: []\n".to_owned(), "line 1, column 1: \"alerts\" is unknown here, expected one of groups"),
    ];
    for (text, expected) in cases {
        let error = read(&text, "rules.yml").unwrap_err().to_string();
        assert!(error.contains(expected), "{text}\n{error}");
    }
}
