//! `/api/mysql` over stored rows, with a server that stands for the polled ones.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Value, json};
use spanlake_schemas::ingest::Signal;
use spanlake_schemas::mysql::{
    Figure, Figures, GlobalVariables, InnodbPicture, LivePicture, Point, ServerPicture, TableSize,
};
use spanlake_store::now_nanos;

use super::lake::{Lake, SECOND};
use crate::MysqlLive;

const SERVER: &str = "db:3306";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// One server that knows one digest.
pub(super) struct OneServer;

impl MysqlLive for OneServer {
    fn servers(&self) -> Vec<ServerPicture> {
        vec![ServerPicture { name: SERVER.to_owned(), up: true, ..ServerPicture::default() }]
    }

    fn live(&self, server: &str, after: Option<u64>) -> Option<LivePicture> {
        let mut figures = Figures::default();
        figures.set(Figure::Qps, Some(12.5));
        let points = (1..=3).map(|seq| Point { seq, time: 5 * SECOND, figures });
        let points = points.filter(|point| after.is_none_or(|after| point.seq > after)).collect();
        let server = self.servers().into_iter().find(|picture| picture.name == server)?;
        Some(LivePicture { seq: 3, server, points, statements: Vec::new(), locks: Vec::new() })
    }

    fn changed(&self, _: &str, _: u64, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }

    fn variables(&self, server: &str) -> Option<GlobalVariables> {
        (server == SERVER).then(|| [("max_connections".into(), "151".into())].into())
    }

    fn innodb(&self, server: &str) -> Option<InnodbPicture> {
        (server == SERVER).then(InnodbPicture::default)
    }

    fn tables(&self, server: &str) -> Option<Vec<TableSize>> {
        (server == SERVER).then(Vec::new)
    }

    fn digests_of(
        &self,
        _: &str,
        texts: Vec<String>,
    ) -> Pin<Box<dyn Future<Output = Vec<Option<String>>> + Send + '_>> {
        let digests = texts.iter().map(|text| text.starts_with("SELECT").then(|| "d1".to_owned())).collect();
        Box::pin(std::future::ready(digests))
    }
}

fn attributes(pairs: &[(&str, Value)]) -> Value {
    let one = |(key, value): &(&str, Value)| match value {
        Value::String(_) => json!({"key": key, "value": {"stringValue": value}}),
        _ => json!({"key": key, "value": {"intValue": value.to_string()}}),
    };
    pairs.iter().map(one).collect()
}

fn record(event_name: &str, time: i64, body: &str, pairs: &[(&str, Value)]) -> Value {
    json!({"timeUnixNano": time.to_string(), "eventName": event_name, "body": {"stringValue": body}, "attributes": attributes(pairs)})
}

fn delta(time: i64, digest: &str, calls: i64, total: i64) -> Value {
    let pairs = [
        ("mysql.digest", json!(digest)),
        ("db.namespace", json!("shop")),
        ("db.query.text", json!(format!("SELECT {digest} FROM `orders`"))),
        ("mysql.digest.calls", json!(calls)),
        ("mysql.digest.total_time_ns", json!(total)),
        ("mysql.digest.max_time_ns", json!(total)),
        ("mysql.digest.errors", json!(0)),
        ("mysql.digest.rows_examined", json!(calls * 10)),
    ];
    record("db.server.top_query", time, "", &pairs)
}

fn resource() -> Value {
    json!({"attributes": attributes(&[("service.name", json!("mysql")), ("service.instance.id", json!(SERVER))])})
}

async fn filled() -> (Lake, i64) {
    let lake = Lake::with_mysql(OneServer);
    let now = now_nanos();
    let mut sample = record(
        "db.server.query_sample",
        now - 20 * SECOND,
        "",
        &[
            ("mysql.digest", json!("d1")),
            ("db.query.text", json!("SELECT ?")),
            ("mysql.sample.duration_ns", json!(77)),
            ("mysql.digest.lock_time_ns", json!(7)),
            ("mysql.sample.source", json!("current")),
        ],
    );
    sample["traceId"] = json!(TRACE);
    sample["spanId"] = json!("00f067aa0ba902b7");
    let blocking = json!({"thread": 9, "text": "UPDATE orders", "trace_id": "aa", "span_id": "bb"});
    let detail = json!({"kind": "row", "object": "shop.orders", "wait_ns": 55, "blocking": blocking}).to_string();
    let mut wait =
        record("spanlake.mysql.event.lock_wait", now - 20 * SECOND, "waits", &[("mysql.event.detail", json!(detail))]);
    wait["traceId"] = json!(TRACE);
    wait["spanId"] = json!("00f067aa0ba902b7");
    let plan = json!({"query_plan": {"access_type": "table"}}).to_string();
    let plan = record(
        "spanlake.mysql.plan",
        now - 60 * SECOND,
        "",
        &[
            ("mysql.digest", json!("d1")),
            ("db.namespace", json!("shop")),
            ("mysql.query_plan.hash", json!("h1")),
            ("mysql.query_plan", json!(plan)),
            ("db.query.text", json!("SELECT ?")),
        ],
    );
    let records = [
        delta(now - 40 * SECOND, "d1", 10, 1_000),
        delta(now - 30 * SECOND, "d1", 5, 9_000),
        delta(now - 30 * SECOND, "d2", 100, 500),
        sample,
        wait,
        plan,
    ];
    let body = json!({"resourceLogs": [{"resource": resource(), "scopeLogs": [{"logRecords": records}]}]});
    lake.send(Signal::Logs, &body).await;
    let histogram = json!({"attributes": attributes(&[("mysql.digest", json!("d2")), ("db.namespace", json!("shop"))]),
        "startTimeUnixNano": (now - 40 * SECOND).to_string(), "timeUnixNano": (now - 30 * SECOND).to_string(),
        "count": "100", "scale": 4, "positive": {"offset": -161, "bucketCounts": ["90", "10"]}});
    let metric = json!({"name": "mysql.digest.duration", "unit": "s",
        "exponentialHistogram": {"aggregationTemporality": 1, "dataPoints": [histogram]}});
    let body = json!({"resourceMetrics": [{"resource": resource(), "scopeMetrics": [{"metrics": [metric]}]}]});
    lake.send(Signal::Metrics, &body).await;
    let span = |span_id: &str, text: &str| {
        json!({"traceId": TRACE, "spanId": span_id, "name": "query", "kind": 3,
            "startTimeUnixNano": (now - 20 * SECOND).to_string(), "endTimeUnixNano": (now - 20 * SECOND + 100).to_string(),
            "attributes": attributes(&[("db.system.name", json!("mysql")), ("db.query.text", json!(text))])})
    };
    let spans = [
        span("00f067aa0ba902b7", "SELECT 1"),
        span("00f067aa0ba902b8", "SELECT 2"),
        span("00f067aa0ba902b9", "nothing"),
    ];
    let shop = json!({"attributes": attributes(&[("service.name", json!("shop"))])});
    let body = json!({"resourceSpans": [{"resource": shop, "scopeSpans": [{"spans": spans}]}]});
    lake.send(Signal::Traces, &body).await;
    (lake, now)
}

/// Scenario: deltas of two digests, a histogram of one, spans that sent the other.
/// Guarantee: sums, order, quantiles, plans, samples, and services come out; what is unknown is said so.
#[tokio::test]
async fn digests_are_summed_and_joined() {
    let (lake, _) = filled().await;
    let list = lake.json("/api/mysql/digests?server=db:3306").await;
    let first = &list["digests"][0];
    assert_eq!(
        (first["digest"].as_str(), first["calls"].as_i64(), first["total_time_ns"].as_i64()),
        (Some("d1"), Some(15), Some(10_000))
    );
    assert_eq!(
        (first["max_ns"].as_i64(), first["avg_ns"].as_i64(), first["p95_ns"].as_i64()),
        (Some(9_000), Some(666), None)
    );
    assert_eq!(
        first["sparkline"].as_array().map(|parts| parts.iter().filter_map(Value::as_i64).sum::<i64>()),
        Some(10_000)
    );
    let by_calls = lake.json("/api/mysql/digests?sort=calls&limit=1").await;
    assert_eq!(by_calls["digests"][0]["digest"], "d2");
    assert_eq!(by_calls["digests"].as_array().map(Vec::len), Some(1));
    let by_p95 = lake.json("/api/mysql/digests?sort=p95").await;
    assert_eq!(
        (by_p95["digests"][0]["digest"].as_str(), by_p95["digests"][0]["p95_ns"].as_i64()),
        (Some("d2"), Some(500)),
        "{by_p95}"
    );
    let by_text = lake.json("/api/mysql/digests?text=D2").await;
    assert_eq!(by_text["digests"].as_array().map(Vec::len), Some(1));
    assert_eq!(lake.get("/api/mysql/digests?sort=beauty").await.status, 400);

    let one = lake.json("/api/mysql/digest?server=db:3306&digest=d1&schema=shop").await;
    assert_eq!(
        one["points"].as_array().map(|points| points.iter().filter_map(|point| point["calls"].as_i64()).sum::<i64>()),
        Some(15)
    );
    assert_eq!(
        (one["plans"][0]["plan_hash"].as_str(), one["plans"][0]["plan"]["query_plan"]["access_type"].as_str()),
        (Some("h1"), Some("table"))
    );
    assert_eq!(
        (one["samples"][0]["trace_id"].as_str(), one["samples"][0]["duration_ns"].as_i64()),
        (Some(TRACE), Some(77))
    );
    assert_eq!(
        (
            one["services"][0]["service_name"].as_str(),
            one["services"][0]["spans"].as_i64(),
            one["services"][0]["traces"].as_i64()
        ),
        (Some("shop"), Some(2), Some(1))
    );
    let joined: Vec<_> = one["traces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trace| (trace["span_id"].as_str(), trace["joined_by"].as_str()))
        .collect();
    assert_eq!(joined, [(Some("00f067aa0ba902b7"), Some("context")), (Some("00f067aa0ba902b8"), Some("digest"))]);
    assert_eq!(lake.get("/api/mysql/digest?server=db:3306&digest=none").await.status, 404);
}

/// Scenario: spans with a context in a sample, with only a text, and with a text that no server knows.
/// Guarantee: each has what is known of it, and nulls else.
#[tokio::test]
async fn a_span_has_its_statement() {
    let (lake, _) = filled().await;
    let of = |span: &str| format!("/api/mysql/span?trace_id={TRACE}&span_id={span}");
    let said = lake.json(&of("00f067aa0ba902b7")).await;
    assert_eq!(
        (said["joined_by"].as_str(), said["server"].as_str(), said["digest"]["digest"].as_str()),
        (Some("context"), Some(SERVER), Some("d1"))
    );
    assert_eq!(
        said["waits"],
        json!([{"event": "row lock on shop.orders", "duration_ns": 55}, {"event": "lock", "duration_ns": 7}])
    );
    assert_eq!(
        (said["blocker"]["trace_id"].as_str(), said["blocker"]["object"].as_str()),
        (Some("aa"), Some("shop.orders"))
    );
    assert_eq!(said["plan"]["query_plan"]["access_type"], "table");
    let by_text = lake.json(&of("00f067aa0ba902b8")).await;
    assert_eq!((by_text["joined_by"].as_str(), by_text["digest"]["digest"].as_str()), (Some("digest"), Some("d1")));
    for unknown in ["00f067aa0ba902b9", "00f067aa0ba902ba"] {
        let answer = lake.json(&of(unknown)).await;
        assert_eq!(
            (answer["joined_by"].as_str(), &answer["digest"], &answer["server"]),
            (Some("none"), &Value::Null, &Value::Null)
        );
    }
}

/// Scenario: the present is asked for, of a server that is polled and of one that is not.
/// Guarantee: lists, long poll, events and pictures have the documented form; the other is 404.
#[tokio::test]
async fn the_present_has_its_form() {
    let (lake, now) = filled().await;
    assert_eq!(lake.json("/api/mysql").await["servers"][0]["light"], "green");
    let live = lake.json("/api/mysql/live?server=db:3306").await;
    assert_eq!((live["seq"].as_u64(), live["points"].as_array().map(Vec::len)), (Some(3), Some(3)));
    assert_eq!(live["points"][0], json!({"time": "1970-01-01T00:00:05.000000000Z", "figures": {"qps": 12.5}}));
    let after = lake.json("/api/mysql/live?server=db:3306&after=2&wait=1s").await;
    assert_eq!(after["points"].as_array().map(Vec::len), Some(1));
    let ahead = lake.json("/api/mysql/live?server=db:3306&after=999&wait=1s").await;
    assert_eq!(ahead["points"].as_array().map(Vec::len), Some(3), "a number of another run");
    let events = lake.json("/api/mysql/events?server=db:3306").await;
    assert_eq!(
        (events["events"][0]["kind"].as_str(), events["events"][0]["detail"]["wait_ns"].as_i64()),
        (Some("lock_wait"), Some(55))
    );
    let none = lake.json(&format!("/api/mysql/events?end={}", now - 3000 * SECOND)).await;
    assert_eq!(none["events"], json!([]));
    assert_eq!(lake.json("/api/mysql/variables?server=db:3306").await["variables"][0]["value"], "151");
    assert_eq!(lake.json("/api/mysql/innodb?server=db:3306").await["status_text"], "");
    assert_eq!(lake.json("/api/mysql/tables?server=db:3306").await, json!({"tables": []}));
    for path in ["live", "variables", "innodb", "tables"] {
        let answer = lake.get(&format!("/api/mysql/{path}?server=other:1")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"]["code"].as_str()),
            (404, Some("not_found")),
            "{path}"
        );
    }
}
