//! Jaeger's storage API over gRPC, asked as a Jaeger asks its remote storage.
//!
//! The messages are written down here once more, from `proto/storage/v2/trace_storage.proto`, `dependency_storage.proto` and
//! `capabilities.proto` of jaegertracing/jaeger-idl; the calls are those of `internal/storage/v2/grpc/tracereader.go` and
//! `depreader.go` of jaegertracing/jaeger.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{Span, Status as SpanStatus, TracesData};
use prost::{Message, Oneof};
use serde_json::Value;
use spanlake_bench::corpus::{integer, text};
use spanlake_tests::requests::{TRACES, span, traces};
use spanlake_tests::server::{Setup, TestServer, encoded};
use spanlake_tests::settings::NO_SEALS;
use tonic::{Code, Status};

use crate::grpc_client::GrpcClient;
use crate::jaeger_messages::{Call, Dependency, GetDependenciesRequest, GetOperationsResponse, Timestamp};

#[derive(Clone, PartialEq, Message)]
struct GetTracesRequest {
    #[prost(message, repeated, tag = "1")]
    query: Vec<GetTraceParams>,
}

#[derive(Clone, PartialEq, Message)]
struct GetTraceParams {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    start_time: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    end_time: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Message)]
struct GetServicesResponse {
    #[prost(string, repeated, tag = "1")]
    services: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct GetOperationsRequest {
    #[prost(string, tag = "1")]
    service: String,
    #[prost(string, tag = "2")]
    span_kind: String,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "AttributeValue", tags = "1, 3")]
    value: Option<AttributeValue>,
}

#[derive(Clone, PartialEq, Oneof)]
enum AttributeValue {
    #[prost(string, tag = "1")]
    String(String),
    #[prost(int64, tag = "3")]
    Int(i64),
}

#[derive(Clone, PartialEq, Message)]
struct TraceQueryParameters {
    #[prost(string, tag = "1")]
    service_name: String,
    #[prost(string, tag = "2")]
    operation_name: String,
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<KeyValue>,
    #[prost(message, optional, tag = "4")]
    start_time_min: Option<Timestamp>,
    #[prost(message, optional, tag = "5")]
    start_time_max: Option<Timestamp>,
    #[prost(message, optional, tag = "6")]
    duration_min: Option<Timestamp>,
    #[prost(message, optional, tag = "7")]
    duration_max: Option<Timestamp>,
    #[prost(int32, tag = "8")]
    search_depth: i32,
    #[prost(message, optional, tag = "9")]
    filter: Option<Call>,
}

/// `FindTracesRequest`, `FindTraceIDsRequest` and `FindTraceSummariesRequest` are alike.
#[derive(Clone, PartialEq, Message)]
struct FindRequest {
    #[prost(message, optional, tag = "1")]
    query: Option<TraceQueryParameters>,
}

#[derive(Clone, PartialEq, Message)]
struct FindTraceIdsResponse {
    #[prost(message, repeated, tag = "1")]
    trace_ids: Vec<FoundTraceId>,
}

#[derive(Clone, PartialEq, Message)]
struct FoundTraceId {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    start: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    end: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Message)]
struct FindTraceSummariesResponse {
    #[prost(message, repeated, tag = "1")]
    summaries: Vec<TraceSummary>,
}

#[derive(Clone, PartialEq, Message)]
struct TraceSummary {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(string, tag = "2")]
    root_service_name: String,
    #[prost(string, tag = "3")]
    root_operation_name: String,
    #[prost(fixed64, tag = "4")]
    min_start_time_unix_nano: u64,
    #[prost(fixed64, tag = "5")]
    max_end_time_unix_nano: u64,
    #[prost(int32, tag = "6")]
    span_count: i32,
    #[prost(int32, tag = "7")]
    error_span_count: i32,
    #[prost(int32, tag = "8")]
    orphan_span_count: i32,
}

#[derive(Clone, PartialEq, Message)]
struct GetDependenciesResponse {
    #[prost(message, repeated, tag = "1")]
    dependencies: Vec<Dependency>,
}

#[derive(Clone, PartialEq, Message)]
struct GetCapabilitiesResponse {
    #[prost(message, optional, tag = "1")]
    search: Option<SearchCapabilities>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct SearchCapabilities {
    #[prost(bool, tag = "1")]
    without_service_name: bool,
    #[prost(bool, tag = "2")]
    same_span_conjunction: bool,
}

/// A Jaeger that reads from a server.
struct Jaeger(GrpcClient);

impl Jaeger {
    fn of(server: &TestServer) -> Self {
        Self(GrpcClient::of(server))
    }

    /// All messages of a call.
    fn call<Q, A>(&self, method: &str, question: Q) -> Result<Vec<A>, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        self.0.call(&format!("jaeger.storage.v2.{method}"), question)
    }

    fn one<A: Message + Default + 'static>(&self, method: &str, question: impl Message + 'static) -> A {
        self.0.one(&format!("jaeger.storage.v2.{method}"), question)
    }

    fn traces(&self, method: &str, question: impl Message + 'static) -> Vec<TracesData> {
        self.call(method, question).unwrap_or_else(|status| panic!("{method}: {status}"))
    }

    fn found(&self, query: TraceQueryParameters) -> Vec<u128> {
        let found: FindTraceIdsResponse =
            self.one("TraceReader/FindTraceIDs", FindRequest { query: Some(query.clone()) });
        let ids: Vec<u128> = found.trace_ids.iter().map(|found| number(&found.trace_id)).collect();
        let whole = self.traces("TraceReader/FindTraces", FindRequest { query: Some(query) });
        assert_eq!(whole.iter().map(id_of).collect::<Vec<_>>(), ids, "both searches find the same in the same order");
        ids
    }
}

fn number(id: &[u8]) -> u128 {
    u128::from_be_bytes(id.try_into().expect("16 bytes"))
}

fn spans_of(data: &TracesData) -> impl Iterator<Item = &Span> {
    data.resource_spans.iter().flat_map(|one| &one.scope_spans).flat_map(|one| &one.spans)
}

/// The only trace of a message.
fn id_of(data: &TracesData) -> u128 {
    let mut ids: Vec<u128> = spans_of(data).map(|span| number(&span.trace_id)).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "a message has spans of one trace");
    ids[0]
}

fn asked(ids: &[u128]) -> GetTracesRequest {
    let one = |id: &u128| GetTraceParams { trace_id: id.to_be_bytes().to_vec(), start_time: None, end_time: None };
    GetTracesRequest { query: ids.iter().map(one).collect() }
}

fn at(trace: u128, id: u64, parent: u64, name: &str, millis: u64) -> Span {
    let start = spanlake_bench::now_nanos() / 60_000_000_000 * 60_000_000_000 - 60_000_000_000;
    let mut one = span(trace, id, parent, name, start + trace as u64 * 1_000_000 + id * 1000);
    one.end_time_unix_nano = one.start_time_unix_nano + millis * 1_000_000;
    one
}

/// Traces 1 and 2 of the shop, the second with a failed call of the bank and a span whose parent is missing.
fn a_server() -> TestServer {
    let server = Setup::default().env(NO_SEALS).start();
    let mut root = at(1, 1, 0, "GET /cart", 20);
    root.attributes = vec![text("http.route", "/cart"), integer("http.response.status_code", 200)];
    server.send(TRACES, &traces("shop", vec![root, at(1, 2, 1, "select", 5)]));
    server.send(TRACES, &traces("shop", vec![at(2, 1, 0, "POST /checkout", 300), at(2, 2, 1, "charge", 200)]));
    let mut failed = at(2, 3, 2, "authorize", 100);
    failed.status = Some(SpanStatus { code: 2, message: "boom".to_owned() });
    server.send(TRACES, &traces("bank", vec![failed, at(2, 4, 99, "late", 1)]));
    server
}

/// Scenario: services, operations, searches by every field, ids, dependencies, capabilities, in memory and in files.
/// Guarantee: what Jaeger's own API over HTTP finds, newest first, a message for each trace.
#[test]
fn a_jaeger_reads_from_it() {
    let server = a_server();
    let jaeger = Jaeger::of(&server);
    for _ in ["in memory", "sealed"] {
        check_all(&server, &jaeger);
        server.seal();
    }
}

fn check_all(server: &TestServer, jaeger: &Jaeger) {
    let services: GetServicesResponse = jaeger.one("TraceReader/GetServices", ());
    assert_eq!(services.services, ["bank", "shop"]);
    let operations = |span_kind: &str| -> Vec<(String, String)> {
        let asked = GetOperationsRequest { service: "bank".to_owned(), span_kind: span_kind.to_owned() };
        let found: GetOperationsResponse = jaeger.one("TraceReader/GetOperations", asked);
        found.operations.into_iter().map(|operation| (operation.name, operation.span_kind)).collect()
    };
    let known = [("authorize".to_owned(), "server".to_owned()), ("late".to_owned(), "server".to_owned())];
    assert_eq!((operations(""), operations("server"), operations("client")), (known.to_vec(), known.to_vec(), vec![]));

    check_searches(jaeger);
    check_traces(server, jaeger);
    let dependencies: GetDependenciesResponse =
        jaeger.one("DependencyReader/GetDependencies", GetDependenciesRequest { start_time: None, end_time: None });
    let over_http = server.get("/jaeger/api/dependencies").json()["data"].clone();
    let over_grpc: Vec<Value> = dependencies
        .dependencies
        .iter()
        .map(|one| serde_json::json!({"parent": one.parent, "child": one.child, "callCount": one.call_count}))
        .collect();
    assert_eq!((over_grpc.len(), Value::from(over_grpc)), (1, over_http));

    let able: GetCapabilitiesResponse = jaeger.one("Capabilities/GetCapabilities", ());
    assert_eq!(able.search, Some(SearchCapabilities { without_service_name: true, same_span_conjunction: true }));
}

fn check_searches(jaeger: &Jaeger) {
    let query = |change: fn(&mut TraceQueryParameters)| {
        let now = i64::try_from(spanlake_bench::now_nanos() / 1_000_000_000).expect("before 2262");
        let moment = |seconds| Some(Timestamp { seconds, nanos: 0 });
        let mut query = TraceQueryParameters {
            start_time_min: moment(now - 3600),
            start_time_max: moment(now + 60),
            search_depth: 20,
            ..TraceQueryParameters::default()
        };
        change(&mut query);
        jaeger.found(query)
    };
    assert_eq!(query(|_| {}), [2, 1]);
    assert_eq!(query(|asked| asked.search_depth = 1), [2]);
    assert_eq!(query(|asked| asked.service_name = "bank".into()), [2]);
    assert_eq!(query(|asked| (asked.service_name, asked.operation_name) = ("shop".into(), "select".into())), [1]);
    assert_eq!(query(|asked| (asked.service_name, asked.operation_name) = ("bank".into(), "select".into())), []);
    // Of one span, not of the trace.
    let slow = |asked: &mut TraceQueryParameters| {
        asked.service_name = "bank".into();
        asked.duration_min = Some(Timestamp { seconds: 0, nanos: 90_000_000 });
    };
    assert_eq!(query(slow), [2]);
    let slower = |asked: &mut TraceQueryParameters| {
        asked.service_name = "bank".into();
        asked.duration_min = Some(Timestamp { seconds: 0, nanos: 150_000_000 });
    };
    assert_eq!(query(slower), []);
    assert_eq!(query(|asked| asked.duration_max = Some(Timestamp { seconds: 0, nanos: 6_000_000 })), [2, 1]);
    assert_eq!(query(|asked| asked.attributes = one("error", AttributeValue::String("true".into()))), [2]);
    assert_eq!(query(|asked| asked.attributes = one("http.response.status_code", AttributeValue::Int(200))), [1]);
    assert_eq!(query(|asked| asked.attributes = one("http.route", AttributeValue::String("/cart".into()))), [1]);
    assert_eq!(query(|asked| asked.attributes = one("span.kind", AttributeValue::String("client".into()))), []);
    assert_eq!(query(|asked| asked.start_time_max = Some(Timestamp { seconds: 9, nanos: 0 })), []);
}

fn check_traces(server: &TestServer, jaeger: &Jaeger) {
    // The same spans as over HTTP.
    let whole = jaeger.traces("TraceReader/GetTraces", asked(&[2, 77, 1, 2]));
    assert_eq!(whole.iter().map(id_of).collect::<Vec<_>>(), [2, 1], "each once, unknown ones passed over");
    for data in &whole {
        let id = id_of(data);
        let over_http = server.get(&format!("/jaeger/api/v3/traces/{id:032x}")).json();
        let expected: ExportTraceServiceRequest =
            serde_json::from_value(over_http["result"].clone()).expect("OTLP as JSON");
        assert_eq!(by_id(data), by_id(&TracesData { resource_spans: expected.resource_spans }), "trace {id}");
    }
    let whole = jaeger.traces("TraceReader/GetTraces", asked(&[77]));
    assert!(whole.is_empty());

    let summaries: FindTraceSummariesResponse =
        jaeger.one("TraceReader/FindTraceSummaries", FindRequest { query: Some(TraceQueryParameters::default()) });
    let first = &summaries.summaries[0];
    let numbers = (first.span_count, first.error_span_count, first.orphan_span_count);
    assert_eq!(
        (number(&first.trace_id), numbers, first.root_operation_name.as_str()),
        (2, (4, 1, 1), "POST /checkout")
    );
    assert_eq!(first.max_end_time_unix_nano - first.min_start_time_unix_nano, 300_000_000);
}

fn one(key: &str, value: AttributeValue) -> Vec<KeyValue> {
    vec![KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) }]
}

/// Spans with their service, by id.
fn by_id(data: &TracesData) -> BTreeMap<Vec<u8>, (String, Span)> {
    let mut spans = BTreeMap::new();
    for resource in &data.resource_spans {
        let service = format!("{:?}", resource.resource);
        for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
            spans.insert(span.span_id.clone(), (service.clone(), span.clone()));
        }
    }
    spans
}

/// Scenario: a trace of more bytes than gRPC's clients take in a message.
/// Guarantee: it comes in several messages, each within the limit, with all of its spans.
#[test]
fn a_large_trace_comes_in_pieces() {
    let server = Setup::default().env(NO_SEALS).start();
    let large = "x".repeat(20_000);
    for part in 0..5_u64 {
        let spans = (0..80).map(|id| {
            let mut span = at(5, part * 80 + id + 1, 0, "large", 1);
            span.attributes = vec![text("body", format!("{id}{large}"))];
            span
        });
        server.send(TRACES, &traces("shop", spans.collect()));
    }
    let whole = Jaeger::of(&server).traces("TraceReader/GetTraces", asked(&[5]));
    assert!(whole.len() > 1 && whole.iter().all(|data| data.encoded_len() < 4 << 20 && id_of(data) == 5));
    assert_eq!(whole.iter().flat_map(spans_of).count(), 400);
}

/// Scenario: no query, half an id, a structured filter, an unknown method and service, a token that is missing or wrong.
/// Guarantee: the status that says so.
#[test]
fn wrong_calls_have_their_status() {
    let server = a_server();
    let jaeger = Jaeger::of(&server);
    let code = |method: &str, question: FindRequest| jaeger.call::<_, TracesData>(method, question).unwrap_err().code();
    assert_eq!(code("TraceReader/FindTraces", FindRequest::default()), Code::InvalidArgument);
    let filter = Some(Call { op: "and".to_owned() });
    let query = Some(TraceQueryParameters { filter, ..TraceQueryParameters::default() });
    assert_eq!(code("TraceReader/FindTraceIDs", FindRequest { query }), Code::InvalidArgument);
    let query = Some(TraceQueryParameters { search_depth: -1, ..TraceQueryParameters::default() });
    assert_eq!(code("TraceReader/FindTraces", FindRequest { query }), Code::InvalidArgument);
    assert_eq!(code("TraceReader/DropTraces", FindRequest::default()), Code::Unimplemented);
    assert_eq!(code("DependencyReader/Nothing", FindRequest::default()), Code::Unimplemented);
    let params = GetTraceParams { trace_id: vec![1; 17], start_time: None, end_time: None };
    let wrong = jaeger.call::<_, TracesData>("TraceReader/GetTraces", GetTracesRequest { query: vec![params] });
    assert_eq!(wrong.unwrap_err().code(), Code::InvalidArgument);
    let garbage = server.raw(
        &format!(
            "POST /jaeger.storage.v2.TraceReader/FindTraces HTTP/1.1\r\nHost: {}\r\nContent-Type: application/grpc",
            server.ports().listen
        ),
        b"\x00\x00\x00\x00\x03\xff\xff\xff",
    );
    assert_eq!(garbage.status, 200, "what is wrong is in the trailers: {}", garbage.text());
    assert_eq!(server.get(&format!("/api/traces?filter={}", encoded("{ }"))).status, 200, "and it still answers");
}

/// Scenario: a server that wants a token.
/// Guarantee: only with it is anything read.
#[test]
fn the_token_is_wanted_here_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "a-secret-of-some-length").expect("written");
    let server = Setup::default().env(NO_SEALS).arguments(&["--token-file", file.to_str().expect("UTF-8")]).start();
    let mut jaeger = Jaeger::of(&server);
    let refused = jaeger.call::<_, GetServicesResponse>("TraceReader/GetServices", ()).unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    jaeger.0.token = Some("a-secret-of-some-length");
    let services: GetServicesResponse = jaeger.one("TraceReader/GetServices", ());
    assert!(services.services.is_empty());
}
