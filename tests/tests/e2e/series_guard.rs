//! Labels that never repeat: more series than may be, from the door to PromQL, across a kill.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data, number_data_point::Value as Number,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use serde_json::{Value, json};
use spanlake_bench::corpus::text;
use spanlake_tests::requests::METRICS;
use spanlake_tests::server::{Setup, TestServer, encoded};
use spanlake_tests::settings::{NO_SEALS, SERIES_PER_METRIC_MAX};

/// 2026-11-21T05:00:00Z
const TIME: u64 = 1_795_237_200;

fn request(name: &str, users: u64) -> Vec<u8> {
    let point = |user: u64| NumberDataPoint {
        attributes: vec![text("user.id", format!("user-{user}"))],
        time_unix_nano: TIME * 1_000_000_000,
        value: Some(Number::AsDouble(1.0)),
        ..NumberDataPoint::default()
    };
    let data = Some(Data::Gauge(Gauge { data_points: (0..users).map(point).collect() }));
    let metrics = vec![Metric { name: name.to_owned(), data, ..Metric::default() }];
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    let resource = Resource { attributes: vec![text("service.name", "shop")], ..Resource::default() };
    let resource_metrics =
        vec![ResourceMetrics { resource: Some(resource), scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}

fn query(server: &TestServer, query: &str) -> Value {
    let answer = server.get(&format!("/prometheus/api/v1/query?time={TIME}&query={}", encoded(query)));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()["data"]["result"].clone()
}

fn check(server: &TestServer) {
    assert_eq!(query(server, "count(carts)")[0]["value"][1], "4", "three series, and one for all others");
    assert_eq!(query(server, "count(clicks)")[0]["value"][1], "2", "another metric has room of its own");
    let overflow = query(server, "carts{otel_metric_overflow=\"true\"}");
    assert_eq!(
        overflow[0]["metric"],
        json!({"__name__": "carts", "job": "shop", "otel_metric_overflow": "true"}),
        "{overflow}"
    );
    let status = server.get("/prometheus/api/v1/status/tsdb").json();
    assert_eq!(status["data"]["overflowingMetricNames"], json!(["carts"]), "{status}");
    assert_eq!(
        status["data"]["seriesLimits"],
        json!({"seriesMax": 2_000_000, "seriesPerMetricMax": 3, "valuesPerLabelMax": 100_000}),
        "{status}"
    );
}

/// Scenario: a metric with a user in each label set, a limit, a kill, a replay.
/// Guarantee: nothing is refused, every point is kept, and each is in the series that it was in.
#[test]
fn series_beyond_the_limit_share_one() {
    let mut server = Setup::default().env(NO_SEALS).env(&[(SERIES_PER_METRIC_MAX, "3")]).start();
    let answer = server.post_otlp(METRICS, &request("carts", 8));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("5 points of more series than the server takes"), "{}", answer.text());
    server.send(METRICS, &request("clicks", 2));
    check(&server);
    assert_eq!(server.metric("spanlake_overflowed_points_total"), 5.0);
    server.kill();
    server.restart();
    check(&server);
    assert_eq!(server.count("SELECT count(*) FROM metrics WHERE name = 'carts'"), 8);
}
