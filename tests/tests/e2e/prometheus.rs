//! Prometheus's HTTP API over OTLP metrics: names, labels, values, errors; the same from memory, files and the cold tier.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint,
    exemplar, exponential_histogram_data_point::Buckets, metric::Data, number_data_point::Value as Number,
    summary_data_point::ValueAtQuantile,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use serde_json::{Value, json};
use spanlake_bench::corpus::text;
use spanlake_tests::requests::METRICS;
use spanlake_tests::server::{Setup, TestServer, encoded, eventually};
use spanlake_tests::settings::{HOT_BYTES_MAX, NO_SEALS};

/// 2026-11-21T05:00:00Z; points every 10 s for ten minutes.
const BEGIN: u64 = 1_795_237_200;
const SECOND: u64 = 1_000_000_000;
const POINTS: u64 = 61;

fn times() -> impl Iterator<Item = (u64, u64)> {
    (0..POINTS).map(|index| (index, (BEGIN + index * 10) * SECOND))
}

fn number(time: u64, value: Number, route: &str) -> NumberDataPoint {
    NumberDataPoint {
        attributes: vec![text("http.route", route)],
        start_time_unix_nano: BEGIN * SECOND,
        time_unix_nano: time,
        value: Some(value),
        ..NumberDataPoint::default()
    }
}

fn counter(name: &str, unit: &str, temporality: AggregationTemporality, data_points: Vec<NumberDataPoint>) -> Metric {
    let sum = Sum { data_points, aggregation_temporality: temporality as i32, is_monotonic: true };
    Metric { name: name.to_owned(), unit: unit.to_owned(), data: Some(Data::Sum(sum)), ..Metric::default() }
}

fn histogram() -> Metric {
    let data_points = times().map(|(index, time)| HistogramDataPoint {
        start_time_unix_nano: BEGIN * SECOND,
        time_unix_nano: time,
        count: index * 10,
        sum: Some(index as f64 * 5.0),
        bucket_counts: vec![index * 5, index * 4, index],
        explicit_bounds: vec![0.5, 1.0],
        exemplars: vec![Exemplar {
            time_unix_nano: time,
            trace_id: vec![7; 16],
            span_id: vec![8; 8],
            value: Some(exemplar::Value::AsDouble(0.7)),
            ..Exemplar::default()
        }],
        ..HistogramDataPoint::default()
    });
    let data = Data::Histogram(Histogram {
        data_points: data_points.collect(),
        aggregation_temporality: AggregationTemporality::Cumulative as i32,
    });
    Metric {
        name: "http.server.request.duration".to_owned(),
        unit: "s".to_owned(),
        description: "How long requests take.".to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

fn exponential() -> Metric {
    let data_points = times().map(|(index, time)| ExponentialHistogramDataPoint {
        start_time_unix_nano: BEGIN * SECOND,
        time_unix_nano: time,
        count: index * 3,
        sum: Some(index as f64 * 6.0),
        // Scale 0: buckets (1, 2] and (2, 4].
        positive: Some(Buckets { offset: 0, bucket_counts: vec![index, index * 2] }),
        ..ExponentialHistogramDataPoint::default()
    });
    let data = Data::ExponentialHistogram(ExponentialHistogram {
        data_points: data_points.collect(),
        aggregation_temporality: AggregationTemporality::Cumulative as i32,
    });
    Metric { name: "rpc.size".to_owned(), unit: "By".to_owned(), data: Some(data), ..Metric::default() }
}

fn summary() -> Metric {
    let data_points = times().map(|(index, time)| SummaryDataPoint {
        time_unix_nano: time,
        count: index,
        sum: index as f64,
        quantile_values: vec![
            ValueAtQuantile { quantile: 0.5, value: 1.5 },
            ValueAtQuantile { quantile: 1.0, value: 9.0 },
        ],
        ..SummaryDataPoint::default()
    });
    let data = Data::Summary(Summary { data_points: data_points.collect() });
    Metric { name: "gc.pause".to_owned(), unit: "s".to_owned(), data: Some(data), ..Metric::default() }
}

/// Two instances of one service, each with every kind of metric.
fn request(instance: u64) -> Vec<u8> {
    use AggregationTemporality::{Cumulative, Delta};
    let resource = Resource {
        attributes: vec![
            text("service.name", "cart"),
            text("service.namespace", "shop"),
            text("service.instance.id", format!("cart-{instance}")),
            text("k8s.pod.name", format!("pod-{instance}")),
        ],
        ..Resource::default()
    };
    let per_second = instance as i64;
    let up = |(index, time): (u64, u64)| number(time, Number::AsInt(index as i64 * 10 * per_second), "/cart");
    let delta = |(_, time): (u64, u64)| number(time, Number::AsInt(20), "/cart");
    let level = |(index, time): (u64, u64)| {
        // Its last point says that there is no value any more.
        let ends = index == POINTS - 1 && instance == 2;
        NumberDataPoint { flags: u32::from(ends), ..number(time, Number::AsDouble(index as f64 / 2.0), "/cart") }
    };
    let gauge = Data::Gauge(Gauge { data_points: times().map(level).collect() });
    let metrics = vec![
        counter("http.requests", "{request}", Cumulative, times().map(up).collect()),
        counter("jobs.done", "", Delta, times().map(delta).collect()),
        Metric { name: "queue.fill".to_owned(), unit: "1".to_owned(), data: Some(gauge), ..Metric::default() },
        histogram(),
        exponential(),
        summary(),
    ];
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    let resource_metrics =
        vec![ResourceMetrics { resource: Some(resource), scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}

fn get(server: &TestServer, path: &str) -> Value {
    let answer = server.get(&format!("/prometheus/api/v1/{path}"));
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["status"], "success", "{path}: {answer}");
    answer["data"].clone()
}

/// An instant query at the end of the data.
fn query(server: &TestServer, query: &str) -> Value {
    get(server, &format!("query?time={}&query={}", BEGIN + 600, encoded(query)))["result"].clone()
}

/// Its values by one label.
fn values(server: &TestServer, text: &str, label: &str) -> Vec<(String, String)> {
    let result = query(server, text);
    let mut values: Vec<(String, String)> = result
        .as_array()
        .expect("a vector")
        .iter()
        .map(|one| {
            let label = one["metric"][label].as_str().unwrap_or_default().to_owned();
            (label, one["value"][1].as_str().unwrap_or("no float").to_owned())
        })
        .collect();
    values.sort();
    values
}

fn expect(server: &TestServer, text: &str, label: &str, expected: &[(&str, &str)]) {
    let found = values(server, text, label);
    let is_near = |found: &str, expected: &str| match (found.parse::<f64>(), expected.parse::<f64>()) {
        (Ok(found), Ok(expected)) => (found - expected).abs() <= expected.abs() * 1e-12,
        _ => false,
    };
    let is_same = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| found.0 == expected.0 && is_near(&found.1, expected.1));
    assert!(is_same, "{text}: {found:?} instead of {expected:?}");
}

fn check_all(server: &TestServer) {
    let both = [("cart-1", "1"), ("cart-2", "2")];
    // Every strategy's name finds the same points.
    for name in ["http_requests_total", "http_requests", "{\"http.requests\"}", "{\"http.requests_total\"}"] {
        let selector =
            if name.starts_with('{') { name.replace('}', ", http_route=\"/cart\"}") } else { name.to_owned() };
        expect(server, &format!("rate({selector}[5m])"), "instance", &both);
    }
    expect(server, "sum by (job) (rate(http_requests_total[5m]))", "job", &[("shop/cart", "3")]);
    // An attribute of the resource is a label wherever it is named.
    expect(
        server,
        "sum by (k8s_pod_name) (rate(http_requests_total[5m]))",
        "k8s_pod_name",
        &[("pod-1", "1"), ("pod-2", "2")],
    );
    expect(server, "rate(http_requests_total{k8s_pod_name=\"pod-2\"}[5m])", "instance", &[("cart-2", "2")]);
    // Deltas add up.
    expect(server, "increase(jobs_done_total[1m])", "instance", &[("cart-1", "120"), ("cart-2", "120")]);
    // A gauge that ended is no more.
    expect(server, "queue_fill_ratio", "instance", &[("cart-1", "30")]);
    // Classic and native histograms.
    expect(server, "http_server_request_duration_seconds_count", "instance", &[("cart-1", "600"), ("cart-2", "600")]);
    let buckets = "http_server_request_duration_seconds_bucket{instance=\"cart-1\"}";
    expect(server, buckets, "le", &[("+Inf", "600"), ("0.5", "300"), ("1", "540")]);
    expect(
        server,
        "http_server_request_duration_seconds_bucket{le=\"1\"}",
        "instance",
        &[("cart-1", "540"), ("cart-2", "540")],
    );
    let quantile = "histogram_quantile(0.5, sum by (le) (rate(http_server_request_duration_seconds_bucket[5m])))";
    expect(server, quantile, "", &[("", "0.5")]);
    expect(server, "histogram_quantile(0.5, sum(rate(http_server_request_duration_seconds[5m])))", "", &[("", "0.5")]);
    expect(server, "histogram_count(rpc_size_bytes)", "instance", &[("cart-1", "180"), ("cart-2", "180")]);
    expect(server, "histogram_quantile(1, rpc_size_bytes{instance=\"cart-1\"})", "instance", &[("cart-1", "4")]);
    expect(server, "gc_pause_seconds{instance=\"cart-2\"}", "quantile", &[("0.5", "1.5"), ("1", "9")]);
    check_target_info(server);
    let native = query(server, "rpc_size_bytes{instance=\"cart-1\"}");
    assert_eq!(native[0]["histogram"][1]["buckets"], json!([[0, "1", "2", "60"], [0, "2", "4", "120"]]), "{native}");
}

/// What Prometheus makes of a resource, while a metric of it has points, and for a lookback after the last.
fn check_target_info(server: &TestServer) {
    let pods = [("pod-1", "1"), ("pod-2", "1")];
    expect(server, "target_info", "k8s_pod_name", &pods);
    assert_eq!(
        query(server, "target_info{instance=\"cart-1\"}")[0]["metric"],
        json!({"__name__": "target_info", "instance": "cart-1", "job": "shop/cart", "k8s_pod_name": "pod-1"})
    );
    let joined = "rate(http_requests_total[5m]) * on (job, instance) group_left (k8s_pod_name) target_info";
    expect(server, joined, "k8s_pod_name", &[("pod-1", "1"), ("pod-2", "2")]);
    expect(server, "info(http_requests_total)", "k8s_pod_name", &[("pod-1", "600"), ("pod-2", "1200")]);
    expect(server, "info(http_requests_total, {k8s_pod_name=\"pod-2\"})", "k8s_pod_name", &[("pod-2", "1200")]);
    expect(server, "target_info offset -299s", "k8s_pod_name", &pods);
    expect(server, "target_info offset -300s", "k8s_pod_name", &[]);
    // Ten minutes with a sample each ten seconds, and none before.
    expect(server, "count_over_time(target_info{instance=\"cart-2\"}[1h])", "instance", &[("cart-2", "61")]);
    expect(server, "target_info offset 601s", "k8s_pod_name", &[]);
}

/// Scenario: every kind of OTLP metric, asked for by PromQL: in memory, in files, and in the cold tier.
/// Guarantee: the same right values each time.
#[test]
fn promql_finds_otlp_metrics() {
    let server = Setup::default().env(NO_SEALS).env(&[(HOT_BYTES_MAX, "0")]).start();
    for instance in [1, 2] {
        server.send(METRICS, &request(instance));
    }
    check_all(&server);
    server.seal();
    check_all(&server);
    eventually("it is cold", || {
        let status = server.get("/api/status").json();
        status["cold"]["rows"].as_u64() > Some(0) && status["cold"]["waiting_bytes"] == 0
    });
    check_all(&server);
}

/// Scenario: ranges, lists, exemplars, metadata.
/// Guarantee: the envelope and forms that Grafana's Prometheus data source reads.
#[test]
fn the_api_has_prometheus_forms() {
    let server = TestServer::start();
    server.send(METRICS, &request(1));
    let range = format!("start={BEGIN}&end={}&step=60s", BEGIN + 600);
    let matrix =
        get(&server, &format!("query_range?query={}&{range}", encoded("http_requests_total{instance=\"cart-1\"}")));
    assert_eq!(matrix["resultType"], "matrix");
    assert_eq!(matrix["result"][0]["values"][10], json!([BEGIN + 600, "600"]));
    assert_eq!(
        matrix["result"][0]["metric"],
        json!({"__name__": "http_requests_total", "http_route": "/cart", "instance": "cart-1", "job": "shop/cart"})
    );
    let body = format!("query={}&{range}", encoded("sum(http_requests_total)"));
    let head = format!(
        "POST /prometheus/api/v1/query_range HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded",
        server.ports().listen
    );
    assert_eq!(server.raw(&head, body.as_bytes()).json()["data"]["result"][0]["values"][1], json!([BEGIN + 60, "60"]));
    let names = get(&server, "label/__name__/values");
    let some =
        ["http_requests_total", "http_server_request_duration_seconds_bucket", "queue_fill_ratio", "target_info"];
    for name in some {
        assert!(names.as_array().expect("a list").contains(&json!(name)), "{names}");
    }
    assert_eq!(get(&server, "label/job/values"), json!(["shop/cart"]));
    assert_eq!(get(&server, "label/http_route/values?match[]=http_requests_total"), json!(["/cart"]));
    assert_eq!(
        get(&server, &format!("label/service_name/values?match[]={}", encoded("{job=~\"shop.*\"}"))),
        json!(["cart"])
    );
    assert_eq!(get(&server, "label/nothing/values"), json!([]));
    let bounds = get(&server, &format!("label/le/values?match[]=http_server_request_duration_seconds_bucket&{range}"));
    assert_eq!(bounds, json!(["+Inf", "0.5", "1"]));
    assert_eq!(
        get(&server, "labels?match[]=http_requests_total"),
        json!(["__name__", "http_route", "instance", "job"])
    );
    let series = get(&server, &format!("series?match[]=http_server_request_duration_seconds_bucket&{range}"));
    assert_eq!(series.as_array().map(Vec::len), Some(3), "{series}");
    let metadata = get(&server, "metadata?metric=http_server_request_duration_seconds");
    assert_eq!(
        metadata["http_server_request_duration_seconds"],
        json!([{"type": "histogram", "help": "How long requests take.", "unit": "s"}])
    );
    assert_eq!(
        get(&server, "metadata?metric=target_info"),
        json!({"target_info": [{"type": "gauge", "help": "Target metadata", "unit": ""}]})
    );
    let exemplars = get(&server, &format!("query_exemplars?query=http_server_request_duration_seconds_bucket&{range}"));
    assert_eq!(exemplars[0]["exemplars"][0]["labels"]["trace_id"], "07070707070707070707070707070707", "{exemplars}");
    assert_eq!(get(&server, "query?query=1%2B1")["result"][1], "2");
    assert!(get(&server, "status/buildinfo")["version"].is_string());
    assert_eq!(get(&server, "status/tsdb")["seriesCountByMetricName"][0]["value"], 1);
}

/// Scenario: queries that are wrong, too long, unknown.
/// Guarantee: Prometheus's words, types and places.
#[test]
fn errors_are_prometheus_own() {
    let server = TestServer::start();
    let cases = [
        ("query?query=sum(", 400, "bad_data", "invalid parameter \"query\": 1:5: parse error:"),
        ("query?query=foo(x)", 400, "bad_data", "unknown function"),
        ("query_range?query=x&start=1&end=0&step=1", 400, "bad_data", "end timestamp must not be before start time"),
        ("query_range?query=x&start=0&end=100000&step=1", 400, "bad_data", "exceeded maximum resolution"),
        ("query_range?query=x&start=0&end=1&step=0", 400, "bad_data", "zero or negative"),
        ("query?query=x&time=never", 400, "bad_data", "cannot parse \"never\" to a valid timestamp"),
        ("series", 400, "bad_data", "no match[] parameter provided"),
        ("nothing", 404, "not_found", ""),
    ];
    for (path, status, kind, said) in cases {
        let answer = server.get(&format!("/prometheus/api/v1/{path}"));
        let body = answer.json();
        assert_eq!((answer.status, body["errorType"].as_str()), (status, Some(kind)), "{path}: {body}");
        assert!(body["error"].as_str().is_some_and(|error| error.contains(said)), "{path}: {body}");
    }
    assert_eq!(query(&server, "nothing_at_all"), json!([]));
}
