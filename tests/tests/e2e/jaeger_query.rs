//! Jaeger's API v3 over gRPC, asked as a client of a Jaeger asks its query service.
//!
//! The messages are written down here from `proto/api_v3/query_service.proto` of jaegertracing/jaeger-idl; what is demanded of them and
//! the statuses are those of `cmd/jaeger/internal/extension/jaegerquery/internal/apiv3/grpc_handler.go` of jaegertracing/jaeger, lines
//! 34 to 121 and 202 to 215.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::trace::v1::{Status as SpanStatus, TracesData};
use prost::Message;
use spanlake_bench::corpus::text;
use spanlake_tests::requests::{TRACES, span, traces};
use spanlake_tests::server::{Setup, TestServer};
use spanlake_tests::settings::NO_SEALS;
use tonic::Code;

use crate::grpc_client::GrpcClient;
use crate::jaeger_messages::{Call, Dependency, GetDependenciesRequest, GetOperationsResponse, Operation, Timestamp};

const SERVICE: &str = "jaeger.api_v3.QueryService";

#[derive(Clone, PartialEq, Message)]
struct GetTraceRequest {
    #[prost(string, tag = "1")]
    trace_id: String,
}

#[derive(Clone, PartialEq, Message)]
struct FindTracesRequest {
    #[prost(message, optional, tag = "1")]
    query: Option<TraceQueryParameters>,
}

#[derive(Clone, PartialEq, Message)]
struct TraceQueryParameters {
    #[prost(string, tag = "1")]
    service_name: String,
    #[prost(string, tag = "2")]
    operation_name: String,
    #[prost(btree_map = "string, string", tag = "3")]
    attributes: BTreeMap<String, String>,
    #[prost(message, optional, tag = "4")]
    start_time_min: Option<Timestamp>,
    #[prost(message, optional, tag = "5")]
    start_time_max: Option<Timestamp>,
    #[prost(message, optional, tag = "6")]
    duration_min: Option<Timestamp>,
    #[prost(int32, tag = "8")]
    search_depth: i32,
    #[prost(message, optional, tag = "10")]
    filter: Option<Call>,
}

#[derive(Clone, PartialEq, Message)]
struct FindTraceSummariesResponse {
    #[prost(message, repeated, tag = "1")]
    summaries: Vec<TraceSummary>,
}

#[derive(Clone, PartialEq, Message)]
struct TraceSummary {
    #[prost(string, tag = "1")]
    trace_id: String,
    #[prost(string, tag = "3")]
    root_operation_name: String,
    #[prost(int32, tag = "6")]
    span_count: i32,
    #[prost(int32, tag = "7")]
    error_span_count: i32,
    #[prost(int32, tag = "8")]
    orphan_span_count: i32,
    #[prost(message, repeated, tag = "9")]
    services: Vec<ServiceSummary>,
}

#[derive(Clone, PartialEq, Message)]
struct ServiceSummary {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int32, tag = "2")]
    span_count: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Names {
    #[prost(string, repeated, tag = "1")]
    services: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct GetOperationsRequest {
    #[prost(string, tag = "1")]
    service: String,
}

#[derive(Clone, PartialEq, Message)]
struct DependenciesResponse {
    #[prost(message, repeated, tag = "1")]
    dependencies: Vec<Dependency>,
}

/// Trace 1 of the shop; trace 2 of shop and bank, with a failure.
fn a_server() -> TestServer {
    let server = Setup::default().env(NO_SEALS).start();
    let start = spanlake_bench::now_nanos() - 60_000_000_000;
    let mut cart = span(1, 1, 0, "GET /cart", start);
    cart.attributes = vec![text("http.route", "/cart")];
    server.send(TRACES, &traces("shop", vec![cart]));
    server.send(TRACES, &traces("shop", vec![span(2, 1, 0, "POST /pay", start + 1_000_000)]));
    let mut failed = span(2, 2, 1, "authorize", start + 2_000_000);
    failed.status = Some(SpanStatus { code: 2, message: "boom".to_owned() });
    server.send(TRACES, &traces("bank", vec![failed]));
    server
}

fn within(minutes: i64) -> TraceQueryParameters {
    let now = i64::try_from(spanlake_bench::now_nanos() / 1_000_000_000).expect("before 2262");
    TraceQueryParameters {
        start_time_min: Some(Timestamp { seconds: now - minutes * 60, nanos: 0 }),
        start_time_max: Some(Timestamp { seconds: now + 60, nanos: 0 }),
        ..TraceQueryParameters::default()
    }
}

fn found(client: &GrpcClient, change: fn(&mut TraceQueryParameters)) -> Vec<u128> {
    let mut query = within(60);
    change(&mut query);
    let question = FindTracesRequest { query: Some(query) };
    let found: Vec<TracesData> = client.call(&format!("{SERVICE}/FindTraces"), question).expect("an answer");
    found.iter().map(first_id).collect()
}

fn first_id(data: &TracesData) -> u128 {
    let id = &data.resource_spans[0].scope_spans[0].spans[0].trace_id;
    u128::from_be_bytes(id.as_slice().try_into().expect("16 bytes"))
}

/// Scenario: every call of the service, in memory and in files.
/// Guarantee: what the other doors of Jaeger answer, in this one's messages.
#[test]
fn clients_of_a_jaeger_find_their_traces() {
    let server = a_server();
    let client = GrpcClient::of(&server);
    for _ in ["in memory", "sealed"] {
        let names: Names = client.one(&format!("{SERVICE}/GetServices"), ());
        assert_eq!(names.services, ["bank", "shop"]);
        let asked = GetOperationsRequest { service: "bank".to_owned() };
        let known: GetOperationsResponse = client.one(&format!("{SERVICE}/GetOperations"), asked);
        assert_eq!(known.operations, [Operation { name: "authorize".to_owned(), span_kind: "server".to_owned() }]);

        assert_eq!(found(&client, |_| {}), [2, 1]);
        assert_eq!(found(&client, |asked| asked.search_depth = 1), [2]);
        assert_eq!(found(&client, |asked| asked.search_depth = -1), [2, 1], "the default");
        assert_eq!(found(&client, |asked| asked.service_name = "bank".into()), [2]);
        assert_eq!(found(&client, |asked| asked.operation_name = "GET /cart".into()), [1]);
        assert_eq!(found(&client, |asked| asked.attributes = [("http.route".into(), "/cart".into())].into()), [1]);
        assert_eq!(found(&client, |asked| asked.duration_min = Some(Timestamp { seconds: 9, nanos: 0 })), []);

        let asked = FindTracesRequest { query: Some(within(60)) };
        let summaries: FindTraceSummariesResponse = client.one(&format!("{SERVICE}/FindTraceSummaries"), asked);
        let first = &summaries.summaries[0];
        assert_eq!(
            (first.trace_id.as_str(), first.root_operation_name.as_str()),
            (&*format!("{:032x}", 2), "POST /pay")
        );
        assert_eq!((first.span_count, first.error_span_count, first.orphan_span_count), (2, 1, 0));
        let services: Vec<_> = first.services.iter().map(|one| (one.name.as_str(), one.span_count)).collect();
        assert_eq!(services, [("bank", 1), ("shop", 1)]);

        let whole: TracesData =
            client.one(&format!("{SERVICE}/GetTrace"), GetTraceRequest { trace_id: "2".to_owned() });
        assert_eq!((first_id(&whole), whole.resource_spans.len()), (2, 2));
        let window = within(60);
        let asked = GetDependenciesRequest { start_time: window.start_time_min, end_time: window.start_time_max };
        let dependencies: DependenciesResponse = client.one(&format!("{SERVICE}/GetDependencies"), asked);
        let expected = Dependency { parent: "shop".to_owned(), child: "bank".to_owned(), call_count: 1 };
        assert_eq!(dependencies.dependencies, [expected]);
        server.seal();
    }
}

/// Scenario: no query, no range, a filter that is not understood, a range backwards, no id, an unknown id, an unknown method.
/// Guarantee: the statuses of a Jaeger.
#[test]
fn wrong_questions_have_a_jaegers_statuses() {
    let server = a_server();
    let client = GrpcClient::of(&server);
    let code = |method: &str, question: FindTracesRequest| client.refusal(&format!("{SERVICE}/{method}"), question);
    for method in ["FindTraces", "FindTraceSummaries"] {
        assert_eq!(code(method, FindTracesRequest::default()), Code::InvalidArgument);
        let query = Some(TraceQueryParameters { start_time_min: None, ..within(60) });
        assert_eq!(code(method, FindTracesRequest { query }), Code::InvalidArgument);
        let query = Some(TraceQueryParameters { filter: Some(Call { op: "eq".to_owned() }), ..within(60) });
        assert_eq!(code(method, FindTracesRequest { query }), Code::InvalidArgument);
    }
    assert_eq!(code("ArchiveTrace", FindTracesRequest::default()), Code::Unimplemented);
    let trace = |id: &str| client.refusal(&format!("{SERVICE}/GetTrace"), GetTraceRequest { trace_id: id.to_owned() });
    assert_eq!((trace("77"), trace("no id at all")), (Code::NotFound, Code::InvalidArgument));
    let backwards = GetDependenciesRequest {
        start_time: Some(Timestamp { seconds: 9, nanos: 0 }),
        end_time: Some(Timestamp { seconds: 9, nanos: 0 }),
    };
    assert_eq!(client.refusal(&format!("{SERVICE}/GetDependencies"), backwards), Code::InvalidArgument);
}
