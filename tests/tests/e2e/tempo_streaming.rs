//! Tempo's streaming API over gRPC, asked as Grafana's Tempo data source asks.
//!
//! The messages are written down here from `pkg/tempopb/tempo.proto` of grafana/tempo, lines 27 to 35, 74 to 184, 236 to 279 and 351 to
//! 440; the calls, and how what they tell is put together, are those of `pkg/tsdb/tempo/search_stream.go` of grafana/grafana, lines
//! 57 to 78 and 92 to 135, and of `metrics_stream.go` there, lines 64 to 87.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use prost::Message;
use serde_json::Value;
use spanlake_bench::corpus::{integer, text};
use spanlake_tests::requests::{TRACES, span, traces};
use spanlake_tests::server::{Setup, TestServer, encoded};
use spanlake_tests::settings::NO_SEALS;
use tonic::Code;

use crate::grpc_client::GrpcClient;

const SERVICE: &str = "tempopb.StreamingQuerier";

#[derive(Clone, PartialEq, Message)]
struct SearchRequest {
    #[prost(btree_map = "string, string", tag = "1")]
    tags: BTreeMap<String, String>,
    #[prost(uint32, tag = "4")]
    limit: u32,
    #[prost(uint32, tag = "5")]
    start: u32,
    #[prost(uint32, tag = "6")]
    end: u32,
    #[prost(string, tag = "8")]
    query: String,
    #[prost(uint32, tag = "9")]
    spans_per_span_set: u32,
}

#[derive(Clone, PartialEq, Message)]
struct SearchResponse {
    #[prost(message, repeated, tag = "1")]
    traces: Vec<TraceSearchMetadata>,
    #[prost(message, optional, tag = "2")]
    metrics: Option<SearchMetrics>,
}

#[derive(Clone, PartialEq, Message)]
struct TraceSearchMetadata {
    #[prost(string, tag = "1")]
    trace_id: String,
    #[prost(string, tag = "2")]
    root_service_name: String,
    #[prost(string, tag = "3")]
    root_trace_name: String,
    #[prost(uint64, tag = "4")]
    start_time_unix_nano: u64,
    #[prost(uint32, tag = "5")]
    duration_ms: u32,
    #[prost(message, repeated, tag = "7")]
    span_sets: Vec<SpanSet>,
    #[prost(btree_map = "string, message", tag = "8")]
    service_stats: BTreeMap<String, ServiceStats>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct ServiceStats {
    #[prost(uint32, tag = "1")]
    span_count: u32,
    #[prost(uint32, tag = "2")]
    error_count: u32,
}

#[derive(Clone, PartialEq, Message)]
struct SpanSet {
    #[prost(message, repeated, tag = "1")]
    spans: Vec<FoundSpan>,
    #[prost(uint32, tag = "2")]
    matched: u32,
}

#[derive(Clone, PartialEq, Message)]
struct FoundSpan {
    #[prost(string, tag = "1")]
    span_id: String,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(uint64, tag = "4")]
    duration_nanos: u64,
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct SearchMetrics {
    #[prost(uint32, tag = "1")]
    inspected_traces: u32,
    #[prost(uint64, tag = "2")]
    inspected_bytes: u64,
    #[prost(uint32, tag = "4")]
    completed_jobs: u32,
    #[prost(uint32, tag = "5")]
    total_jobs: u32,
}

#[derive(Clone, PartialEq, Message)]
struct TagsRequest {
    #[prost(string, tag = "1")]
    scope: String,
}

#[derive(Clone, PartialEq, Message)]
struct TagsResponse {
    #[prost(string, repeated, tag = "1")]
    tag_names: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct TagsV2Response {
    #[prost(message, repeated, tag = "1")]
    scopes: Vec<Scope>,
}

#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, repeated, tag = "2")]
    tags: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct ValuesRequest {
    #[prost(string, tag = "1")]
    tag_name: String,
    #[prost(string, tag = "2")]
    query: String,
}

#[derive(Clone, PartialEq, Message)]
struct ValuesResponse {
    #[prost(string, repeated, tag = "1")]
    tag_values: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct ValuesV2Response {
    #[prost(message, repeated, tag = "1")]
    tag_values: Vec<TagValue>,
}

#[derive(Clone, PartialEq, Message)]
struct TagValue {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct QueryRangeRequest {
    #[prost(string, tag = "1")]
    query: String,
    #[prost(uint64, tag = "2")]
    start: u64,
    #[prost(uint64, tag = "3")]
    end: u64,
    #[prost(uint64, tag = "4")]
    step: u64,
    #[prost(uint32, tag = "16")]
    exemplars: u32,
}

#[derive(Clone, PartialEq, Message)]
struct QueryRangeResponse {
    #[prost(message, repeated, tag = "1")]
    series: Vec<TimeSeries>,
    #[prost(uint32, tag = "3")]
    status: u32,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<KeyValue>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    exemplars: Vec<Exemplar>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    timestamp_ms: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Exemplar {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<KeyValue>,
    #[prost(int64, tag = "3")]
    timestamp_ms: i64,
}

#[derive(Clone, PartialEq, Message)]
struct QueryInstantResponse {
    #[prost(message, repeated, tag = "1")]
    series: Vec<InstantSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct InstantSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<KeyValue>,
    #[prost(double, tag = "2")]
    value: f64,
}

/// Sixty traces of a shop, a second apart, every third with a call of the bank.
fn a_server() -> TestServer {
    let server = Setup::default().env(NO_SEALS).start();
    let start = spanlake_bench::now_nanos() - 120_000_000_000;
    for trace in 1..=60_u64 {
        let at = start + trace * 1_000_000_000;
        let mut cart = span(trace.into(), 1, 0, "GET /cart", at);
        cart.attributes = vec![text("http.route", "/cart"), integer("http.response.status_code", 200)];
        server.send(TRACES, &traces("shop", vec![cart]));
        if trace % 3 == 0 {
            server.send(TRACES, &traces("bank", vec![span(trace.into(), 2, 1, "authorize", at + 1000)]));
        }
    }
    server
}

/// What Grafana has once the stream has ended, and what each message told.
fn found(client: &GrpcClient, question: SearchRequest) -> (Vec<TraceSearchMetadata>, Vec<SearchResponse>) {
    let told: Vec<SearchResponse> = client.call(&format!("{SERVICE}/Search"), question).expect("an answer");
    (told.iter().flat_map(|one| one.traces.clone()).collect(), told)
}

fn ids_over_http(server: &TestServer, query: &str, limit: u32) -> Vec<String> {
    let answer = server.get(&format!("/tempo/api/search?limit={limit}&q={}", encoded(query))).json();
    let traces = answer["traces"].as_array().expect("a list").clone();
    traces.iter().filter_map(|trace| trace["traceID"].as_str()).map(str::to_owned).collect()
}

/// Scenario: searches by TraceQL and by tags, few and many traces, in memory and in files.
/// Guarantee: together the messages tell what the HTTP route answers, newest first, each trace once; the last says that it is done.
#[test]
fn a_search_is_told_as_it_is_found() {
    let server = a_server();
    let client = GrpcClient::of(&server);
    for _ in ["in memory", "sealed"] {
        for (query, limit) in [
            ("{ }", 20),
            ("{ resource.service.name = \"bank\" }", 7),
            ("{ name = \"GET /cart\" } >> { name = \"authorize\" }", 50),
            ("{ name = \"absent\" }", 20),
        ] {
            let question = SearchRequest { query: query.to_owned(), limit, ..SearchRequest::default() };
            let (traces, told) = found(&client, question);
            let ids: Vec<&str> = traces.iter().map(|trace| trace.trace_id.as_str()).collect();
            assert_eq!(ids, ids_over_http(&server, query, limit), "{query}");
            let last = told.last().and_then(|last| last.metrics).expect("metrics");
            assert_eq!(last.completed_jobs, last.total_jobs, "{query}: {last:?}");
        }
        let question = SearchRequest {
            query: "{ span.http.route = \"/cart\" }".to_owned(),
            limit: 1,
            spans_per_span_set: 3,
            ..SearchRequest::default()
        };
        let (traces, _) = found(&client, question);
        let [newest] = traces.as_slice() else { panic!("{traces:?}") };
        assert_eq!((newest.root_service_name.as_str(), newest.root_trace_name.as_str()), ("shop", "GET /cart"));
        assert_eq!(newest.service_stats["bank"], ServiceStats { span_count: 1, error_count: 0 });
        let set = &newest.span_sets[0];
        assert_eq!((set.matched, set.spans[0].name.as_str()), (1, "GET /cart"));
        let attribute = &set.spans[0].attributes[0];
        assert_eq!((attribute.key.as_str(), words(attribute)), ("http.route", Some("/cart".to_owned())));
        let tags = [("service.name".to_owned(), "bank".to_owned())].into();
        let (traces, _) = found(&client, SearchRequest { tags, limit: 100, ..SearchRequest::default() });
        assert_eq!(traces.len(), 20);
        server.seal();
    }
}

fn words(attribute: &KeyValue) -> Option<String> {
    match attribute.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

/// Scenario: names and values of tags, and series over a range and of a moment.
/// Guarantee: what the HTTP routes answer.
#[test]
fn tags_and_series_come_too() {
    let server = a_server();
    let client = GrpcClient::of(&server);
    let json = |path: &str| server.get(&format!("/tempo/api/{path}")).json();
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().expect("a list").iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let tags: TagsResponse = client.one(&format!("{SERVICE}/SearchTags"), ());
    assert_eq!(tags.tag_names, texts(&json("search/tags")["tagNames"]));
    let scoped: TagsV2Response =
        client.one(&format!("{SERVICE}/SearchTagsV2"), TagsRequest { scope: "span".to_owned() });
    let [span] = scoped.scopes.as_slice() else { panic!("{scoped:?}") };
    assert_eq!(
        (span.name.as_str(), &span.tags),
        ("span", &texts(&json("v2/search/tags?scope=span")["scopes"][0]["tags"]))
    );
    let asked = |tag: &str| ValuesRequest { tag_name: tag.to_owned(), query: "{ half typed".to_owned() };
    let values: ValuesResponse = client.one(&format!("{SERVICE}/SearchTagValues"), asked("service.name"));
    assert_eq!(values.tag_values, ["bank", "shop"]);
    let typed: ValuesV2Response = client.one(&format!("{SERVICE}/SearchTagValuesV2"), asked("kind"));
    assert_eq!(typed.tag_values, [TagValue { kind: "keyword".to_owned(), value: "server".to_owned() }]);

    let end = spanlake_bench::now_nanos() / 1_000_000_000 * 1_000_000_000;
    let question = QueryRangeRequest {
        query: "{ } | count_over_time() by (resource.service.name)".to_owned(),
        start: end - 600_000_000_000,
        end,
        step: 60_000_000_000,
        exemplars: 2,
    };
    let series: QueryRangeResponse = client.one(&format!("{SERVICE}/MetricsQueryRange"), question.clone());
    let sums: BTreeMap<String, f64> = series
        .series
        .iter()
        .map(|one| (words(&one.labels[0]).unwrap_or_default(), one.samples.iter().map(|sample| sample.value).sum()))
        .collect();
    assert_eq!((series.status, sums), (0, [("bank".to_owned(), 20.0), ("shop".to_owned(), 60.0)].into()));
    assert!(series.series.iter().any(|one| one.exemplars.iter().all(|exemplar| exemplar.labels[0].key == "trace:id")));
    let instant: QueryInstantResponse = client.one(&format!("{SERVICE}/MetricsQueryInstant"), question);
    let values: Vec<f64> = instant.series.iter().map(|one| one.value).collect();
    assert_eq!(values.iter().sum::<f64>(), 80.0, "{instant:?}");
}

/// Scenario: a query that is broken, spans where series are asked for, an unknown method.
/// Guarantee: the status that says so.
#[test]
fn wrong_calls_have_their_status() {
    let server = a_server();
    let client = GrpcClient::of(&server);
    let broken = SearchRequest { query: "{ name = ".to_owned(), ..SearchRequest::default() };
    assert_eq!(client.refusal(&format!("{SERVICE}/Search"), broken), Code::InvalidArgument);
    let spans = QueryRangeRequest { query: "{ }".to_owned(), ..QueryRangeRequest::default() };
    assert_eq!(client.refusal(&format!("{SERVICE}/MetricsQueryRange"), spans), Code::InvalidArgument);
    assert_eq!(client.refusal(&format!("{SERVICE}/Push"), ()), Code::Unimplemented);
}
