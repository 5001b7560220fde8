//! RED sums of all spans: committed with the spans that they count, whatever happens to the server or the spans.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use serde_json::Value;
use spanlake_bench::corpus::text;
use spanlake_tests::requests::{TRACES, span, traces};
use spanlake_tests::server::{Setup, TestServer, encoded, eventually};
use spanlake_tests::settings::{HOT_BYTES_MAX, NO_SEALS, RED_DIMENSIONS, SAMPLING_DAY_BYTES};

const SECOND: u64 = 1_000_000_000;

/// Spans of two operations over a minute, a tenth of them errors, of 1 to 1,000 ms.
fn some_spans(first: u64, count: u64, start: u64) -> Vec<Span> {
    let one = |number: u64| {
        let id = u128::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let mut span = span(id, number + 1, 0, "pay", start + number % 60 * SECOND);
        span.name = if number.is_multiple_of(2) { "pay" } else { "refund" }.to_owned();
        span.end_time_unix_nano = span.start_time_unix_nano + (number % 1000 + 1) * 1_000_000;
        if number.is_multiple_of(10) {
            span.status = Some(Status { code: 2, message: String::new() });
        }
        span
    };
    (first..first + count).map(one).collect()
}

const SUMS: &str = "select name, sum(count), sum(error_count), sum(spans), sum(spans_scaled), min(duration_min), \
                    max(duration_max), sum(duration_sum) from span_red where service_name = 'shop' group by 1 order by 1";
const SPANS: &str = "select name, count(*) * 1.0, sum(case when status_code = 'error' then 1.0 else 0.0 end), count(*), 0, \
                     min(duration), max(duration), sum(duration) * 1.0 from spans where service_name = 'shop' group by 1 order by 1";

fn assert_sums_are_of_all(server: &TestServer) {
    let (sums, spans) = (server.rows(SUMS), server.rows(SPANS));
    assert_eq!(sums.len(), 2);
    for (left, right) in sums.iter().flatten().zip(spans.iter().flatten()) {
        match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => {
                assert!((left - right).abs() <= right.abs() * 1e-9, "{sums:?} is not {spans:?}")
            }
            _ => assert_eq!(left, right),
        }
    }
}

/// The first value of an instant query's answer.
fn instant(server: &TestServer, query: &str, second: u64) -> f64 {
    let path = format!("/prometheus/api/v1/query?query={}&time={second}", encoded(query));
    let answer: Value = server.get(&path).json();
    let value = &answer["data"]["result"][0]["value"][1];
    assert!(value.is_string(), "{query}: {answer}");
    number(value)
}

fn number(text: &Value) -> f64 {
    text.as_str().and_then(|text| text.trim_start_matches('+').parse().ok()).expect("a number as text")
}

/// The slowest spans of operations, each in the bucket that counts it.
fn assert_exemplars_are_of_traces_that_are_there(server: &TestServer, start: u64) {
    let query = encoded("traces_spanmetrics_latency_bucket{service=\"shop\"}");
    let path = format!("/prometheus/api/v1/query_exemplars?query={query}&start={start}&end={}", start + 300);
    let answer: Value = server.get(&path).json();
    let series = answer["data"].as_array().expect("series");
    assert!(!series.is_empty(), "{answer}");
    for one in series {
        let bound = number(&one["seriesLabels"]["le"]);
        for exemplar in one["exemplars"].as_array().expect("a list") {
            let value = number(&exemplar["value"]);
            assert!(value <= bound && (value > bound / 2.0 || bound.is_infinite()), "{one}");
            let trace = exemplar["labels"]["trace_id"].as_str().expect("an id");
            assert_eq!(server.get(&format!("/api/traces/{trace}")).status, 200, "{exemplar}");
        }
    }
}

/// Scenario: spans are sealed, the server is killed before and after a seal, late spans come for the same ten seconds.
/// Guarantee: the sums count each span once.
#[test]
fn sums_count_each_sealed_span_once() {
    let mut server = Setup::default().env(NO_SEALS).start();
    let start = spanlake_bench::now_nanos() - 300 * SECOND;
    server.send(TRACES, &traces("shop", some_spans(0, 700, start)));
    server.seal();
    assert_sums_are_of_all(&server);
    server.send(TRACES, &traces("shop", some_spans(700, 300, start)));
    server.kill();
    server.restart();
    server.seal();
    assert_sums_are_of_all(&server);
    server.kill();
    server.restart();
    assert_sums_are_of_all(&server);

    let end = start / SECOND + 240;
    let value = |query: &str| instant(&server, query, end);
    assert_eq!(value("sum(increase(traces_spanmetrics_calls_total{service=\"shop\"}[10m]))"), 1000.0);
    let errors =
        "sum(increase(traces_spanmetrics_calls_total{service=\"shop\",status_code=\"STATUS_CODE_ERROR\"}[10m]))";
    assert_eq!(value(errors), 100.0);
    let up_to = "sum(increase(traces_spanmetrics_latency_bucket{service=\"shop\",le=\"0.536870912\"}[10m]))";
    assert_eq!(value(up_to), 536.0);
    let median = "histogram_quantile(0.5, sum by (le) (rate(traces_span_metrics_duration_seconds_bucket{service_name=\"shop\"}[10m])))";
    assert!((value(median) - 0.5).abs() < 0.04, "{}", value(median));
    assert_exemplars_are_of_traces_that_are_there(&server, start / SECOND);
    assert_eq!(server.stop().code(), Some(0));
}

/// Scenario: most spans are sampled out when their hour leaves.
/// Guarantee: the sums still know all of them.
#[test]
fn sums_outlive_what_is_sampled_out() {
    let settings = [(HOT_BYTES_MAX, "0"), (SAMPLING_DAY_BYTES, "1MiB")];
    let server = Setup::default().env(NO_SEALS).env(&settings).start();
    let start = spanlake_bench::now_nanos() - 3 * 3600 * SECOND;
    for request in 0..20 {
        server.send(TRACES, &traces("shop", some_spans(request * 500, 500, start)));
    }
    server.seal();
    eventually("the hour leaves", || {
        std::thread::sleep(Duration::from_millis(20));
        server.count("select count(*) from spans where service_name = 'shop' and sampling_probability is not null") > 0
    });
    let kept = server.count("select count(*) from spans where service_name = 'shop'");
    assert!(kept < 9_000, "{kept} of 10000 are kept");
    assert_eq!(server.value("select sum(count) from span_red where service_name = 'shop'"), Value::from(10_000.0));
    assert_eq!(server.value("select sum(error_count) from span_red where service_name = 'shop'"), Value::from(1_000.0));

    // Of whole rollups, so that sketches know all of it.
    let begin = start / (10 * SECOND) * 10 * SECOND;
    let range = format!("start={begin}&end={}", begin + 3600 * SECOND);
    let services: Value = server.get(&format!("/api/services?{range}")).json();
    let operations: Value = server.get(&format!("/api/operations?service=shop&{range}")).json();
    assert_eq!((&services["sampled"], &operations["sampled"]), (&Value::from(true), &Value::from(true)));
    let (of_service, of_operation) = (&services["services"][0], &operations["operations"][0]);
    for (numbers, name, truth) in
        [(of_service, "spans", 10_000), (of_service, "errors", 1_000), (of_operation, "spans", 5_000)]
    {
        assert_eq!((&numbers[name], &numbers["interval"][name]), (&Value::from(truth), &Value::Null), "{numbers}");
    }
    // What comes into a service from outside, as the pages of services ask it.
    let entries = |field: &str| {
        let call = "approx_count() filter (where kind = 'consumer' or parent_span_id is null)";
        let end = begin + 3600 * SECOND;
        let times = format!("start_time >= to_timestamp_nanos({begin}) and start_time < to_timestamp_nanos({end})");
        server.value(&format!("select ({call})['{field}'] from spans where service_name = 'shop' and {times}"))
    };
    assert_eq!((entries("value"), entries("is_exact")), (Value::from(10_000.0), Value::from(true)));

    // A median is known up to a bucket of its sketch; where kept spans lie in it is an estimate.
    let bounds: Vec<f64> = (0..2).map(|at| of_operation["interval"]["p50"][at].as_f64().expect("a bound")).collect();
    assert!(bounds[0] <= 499e6 && 499e6 <= bounds[1] && bounds[1] < bounds[0] * 1.1, "{of_operation}");

    // Of what sketches do not know apart, facets and the map count what kept spans stand for.
    let facets: Value = server.get(&format!("/api/traces/facets?keys=operation&{range}")).json();
    let within = |numbers: &Value, value: &Value, truth: f64| {
        let bounds: Vec<f64> = (0..2).map(|at| numbers["interval"][at].as_f64().expect("a bound")).collect();
        // A tenth beside the 95 % interval, as the ids are the same at every run and their luck is too.
        assert!(bounds[0] * 0.9 <= truth && truth <= bounds[1] * 1.1 && value.is_u64(), "{numbers}");
    };
    within(&facets, &facets["spans"], 10_000.0);
    for value in facets["facets"][0]["values"].as_array().expect("values") {
        within(value, &value["spans"], 5_000.0);
    }
    let heatmap: Value = server.get(&format!("/api/traces/heatmap?service=shop&columns=4&rows=3&{range}")).json();
    let (cells, intervals) = (heatmap["cells"].as_array().expect("cells"), heatmap["intervals"].as_array());
    let intervals = intervals.expect("intervals beside cells");
    assert_eq!(cells.len(), intervals.len());
    let sum = |numbers: &mut dyn Iterator<Item = &Value>| numbers.filter_map(Value::as_f64).sum::<f64>();
    let [low, high] = [0, 1].map(|end| sum(&mut intervals.iter().map(|interval| &interval[end])));
    let counted = sum(&mut cells.iter().map(|cell| &cell[2]));
    assert!(low < counted && counted < high && low <= 10_000.0 && 10_000.0 <= high, "{heatmap}");
    let map: Value = server.get(&format!("/api/service-map?{range}")).json();
    within(&map["nodes"][0], &map["nodes"][0]["requests"], 10_000.0);
    assert_eq!((&facets["stats"]["sampled"], &map["stats"]["exact"]), (&Value::from(true), &Value::from(false)));
}

/// Scenario: sums count apart by a promoted attribute and by another one.
/// Guarantee: SQL and PromQL know both, from a hot file and after a restart.
#[test]
fn sums_count_apart_by_attributes() {
    let mut server = Setup::default().env(NO_SEALS).env(&[(RED_DIMENSIONS, "http.route, app.tenant")]).start();
    let start = spanlake_bench::now_nanos() - 300 * SECOND;
    let mut spans = some_spans(0, 600, start);
    for (number, span) in spans.iter_mut().enumerate() {
        let route = ["/pay", "/refund"][number % 2];
        span.attributes.push(text("http.route", route));
        if number % 3 == 0 {
            span.attributes.push(text("app.tenant", "acme"));
        }
    }
    server.send(TRACES, &traces("shop", spans));
    server.seal();
    for _ in 0..2 {
        let by = "select sum(count) from span_red where service_name = 'shop' and ";
        assert_eq!(server.value(&format!("{by} dimensions['http.route'] = '/pay'")), Value::from(300.0));
        assert_eq!(server.value(&format!("{by} dimensions['app.tenant'] = 'acme'")), Value::from(200.0));
        let query = "sum(increase(traces_spanmetrics_calls_total{http_route=\"/refund\",app_tenant=\"acme\"}[10m]))";
        assert!((instant(&server, query, start / SECOND + 240) - 100.0).abs() < 1e-9);
        server.kill();
        server.restart();
    }
}
