use std::collections::HashMap;

use super::{Finding, Kind, lint};
use crate::syntax::parse_expression;

fn findings(query: &str) -> Vec<Finding> {
    let types = [("queue_length", "gauge"), ("requests", "counter"), ("latency_seconds", "histogram")];
    let types: HashMap<String, String> =
        types.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect();
    lint(query, &parse_expression(query).unwrap(), &types)
}

/// A query, the kinds that are found with their places, and the first better expression.
type Case = (&'static str, &'static [(Kind, usize)], Option<&'static str>);

#[test]
fn findings_are_those_that_a_reader_would_have() {
    let cases: &[Case] = &[
        (
            r#"rate(http_requests_total{status=~"5.."}[5m]) / rate(http_requests_total[5m]) * 100"#,
            &[(Kind::RatioOfItself, 45)],
            Some(r#"sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) * 100"#),
        ),
        (
            r#"sum by (status) (rate(x_total{status="500"}[5m])) / sum by (status) (rate(x_total[5m]))"#,
            &[(Kind::RatioOfItself, 50)],
            None,
        ),
        (r#"sum(rate(x_total{status="500"}[5m])) / sum(rate(x_total[5m]))"#, &[], None),
        (r#"rate(x_total{a="b"}[5m]) / on (c) rate(x_total[5m])"#, &[], None),
        (
            "redis_memory_used_bytes / redis_memory_max_bytes * 100 > 90",
            &[(Kind::LimitMayBeZero, 26)],
            Some("redis_memory_used_bytes / (redis_memory_max_bytes > 0) * 100 > 90"),
        ),
        ("redis_memory_used_bytes / (redis_memory_max_bytes > 0) * 100 > 90", &[], None),
        ("mysql_global_status_threads_connected / mysql_global_variables_max_connections * 100 > 80", &[], None),
        ("rate(queue_length[5m])", &[(Kind::WrongType, 0)], Some("deriv(queue_length[5m])")),
        ("delta(latency_seconds_count[5m])", &[(Kind::WrongType, 0)], Some("increase(latency_seconds_count[5m])")),
        ("rate(requests[5m])", &[], None),
        ("rate(nobody_knows[5m])", &[], None),
        ("up > 1", &[(Kind::NeverTrue, 3)], None),
        ("up == 0", &[], None),
        ("count(up) < 1", &[(Kind::NeverTrue, 10)], None),
        ("rate(x_total[5m]) >= 0", &[(Kind::AlwaysTrue, 18)], None),
        (
            r#"100 - (avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100) > 100"#,
            &[(Kind::NeverTrue, 80)],
            None,
        ),
        (r#"100 - (avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100) > 80"#, &[], None),
        ("hour() > 8 and hour() < 20", &[], None),
        (
            "sum by (job) (sum by (instance) (x))",
            &[(Kind::DroppedLabel, 0)],
            Some("sum by (job) (sum by (instance, job) (x))"),
        ),
        (
            "histogram_quantile(0.9, sum by (job) (rate(x_bucket[5m])))",
            &[(Kind::DroppedLabel, 0)],
            Some("histogram_quantile(0.9, sum by (job, le) (rate(x_bucket[5m])))"),
        ),
        ("histogram_quantile(0.9, sum by (job) (rate(x[5m])))", &[], None),
        ("sum by (job) (a) / on (job, zone) b", &[(Kind::DroppedLabel, 17)], None),
        ("sum by (job) (topk by (job) (3, x))", &[], None),
    ];
    for (query, expected, better) in cases {
        let found = findings(query);
        let places: Vec<(Kind, usize)> = found.iter().map(|finding| (finding.kind, finding.span.start)).collect();
        assert_eq!(places, *expected, "{query}: {found:?}");
        if let Some(better) = better {
            assert_eq!(found[0].better.as_deref(), Some(*better), "{query}");
            assert!(findings(better).is_empty(), "{better} is no better: {:?}", findings(better));
        }
    }
}

#[test]
fn messages_have_a_place() {
    let query = "up\n > 1";
    let message = findings(query)[0].message(query);
    assert_eq!(message, "2:2: never true: the left side is from 0 to 1, the right side always 1 (never-true)");
}
