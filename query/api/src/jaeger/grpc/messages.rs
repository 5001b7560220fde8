//! The messages of `jaeger.storage.v2`, as far as they are read and written here.
//!
//! Owns field numbers: `proto/storage/v2/trace_storage.proto`, `dependency_storage.proto` and `capabilities.proto` of
//! jaegertracing/jaeger-idl. Names are those of the work that they do; the wire has only numbers.

use prost::Message;

use crate::grpc::messages::{KeyValue, Moment};

/// `GetTracesRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TracesAsked {
    #[prost(message, repeated, tag = "1")]
    pub(super) query: Vec<TraceAsked>,
}

/// `GetTraceParams`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TraceAsked {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) trace_id: Vec<u8>,
}

/// `GetServicesResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Services {
    #[prost(string, repeated, tag = "1")]
    pub(super) services: Vec<String>,
}

/// `GetOperationsRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct OperationsAsked {
    #[prost(string, tag = "1")]
    pub(super) service: String,
    #[prost(string, tag = "2")]
    pub(super) span_kind: String,
}

/// `GetOperationsResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Operations {
    #[prost(message, repeated, tag = "1")]
    pub(super) operations: Vec<Operation>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Operation {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) span_kind: String,
}

/// `FindTracesRequest`, `FindTraceIDsRequest` and `FindTraceSummariesRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SearchAsked {
    #[prost(message, optional, tag = "1")]
    pub(super) query: Option<TraceQuery>,
}

/// `TraceQueryParameters`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TraceQuery {
    #[prost(string, tag = "1")]
    pub(super) service_name: String,
    #[prost(string, tag = "2")]
    pub(super) operation_name: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) attributes: Vec<KeyValue>,
    #[prost(message, optional, tag = "4")]
    pub(super) start_time_min: Option<Moment>,
    #[prost(message, optional, tag = "5")]
    pub(super) start_time_max: Option<Moment>,
    #[prost(message, optional, tag = "6")]
    pub(super) duration_min: Option<Moment>,
    #[prost(message, optional, tag = "7")]
    pub(super) duration_max: Option<Moment>,
    #[prost(int32, tag = "8")]
    pub(super) search_depth: i32,
    /// A structured filter: only that there is one is read.
    #[prost(bytes = "vec", optional, tag = "9")]
    pub(super) filter: Option<Vec<u8>>,
}

/// `FindTraceIDsResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct FoundIds {
    #[prost(message, repeated, tag = "1")]
    pub(super) trace_ids: Vec<Found>,
}

/// `FoundTraceID`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Found {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) trace_id: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    pub(super) start: Option<Moment>,
    #[prost(message, optional, tag = "3")]
    pub(super) end: Option<Moment>,
}

/// `FindTraceSummariesResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Summaries {
    #[prost(message, repeated, tag = "1")]
    pub(super) summaries: Vec<TraceSummary>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TraceSummary {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) trace_id: Vec<u8>,
    #[prost(string, tag = "2")]
    pub(super) root_service_name: String,
    #[prost(string, tag = "3")]
    pub(super) root_operation_name: String,
    #[prost(fixed64, tag = "4")]
    pub(super) min_start_time_unix_nano: u64,
    #[prost(fixed64, tag = "5")]
    pub(super) max_end_time_unix_nano: u64,
    #[prost(int32, tag = "6")]
    pub(super) span_count: i32,
    #[prost(int32, tag = "7")]
    pub(super) error_span_count: i32,
    #[prost(int32, tag = "8")]
    pub(super) orphan_span_count: i32,
    #[prost(message, repeated, tag = "9")]
    pub(super) services: Vec<ServiceSummary>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ServiceSummary {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(int32, tag = "2")]
    pub(super) span_count: i32,
    #[prost(int32, tag = "3")]
    pub(super) error_span_count: i32,
}

/// `GetDependenciesRequest`.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct WindowAsked {
    #[prost(message, optional, tag = "1")]
    pub(super) start_time: Option<Moment>,
    #[prost(message, optional, tag = "2")]
    pub(super) end_time: Option<Moment>,
}

/// `GetDependenciesResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Dependencies {
    #[prost(message, repeated, tag = "1")]
    pub(super) dependencies: Vec<Dependency>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Dependency {
    #[prost(string, tag = "1")]
    pub(super) parent: String,
    #[prost(string, tag = "2")]
    pub(super) child: String,
    #[prost(uint64, tag = "3")]
    pub(super) call_count: u64,
    #[prost(string, tag = "4")]
    pub(super) source: String,
}

/// `GetCapabilitiesResponse`.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Capabilities {
    #[prost(message, optional, tag = "1")]
    pub(super) search: Option<SearchCapabilities>,
}

/// Without `filter`: the query service turns a structured one into the fields of [`TraceQuery`] where it can.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct SearchCapabilities {
    #[prost(bool, tag = "1")]
    pub(super) without_service_name: bool,
    #[prost(bool, tag = "2")]
    pub(super) same_span_conjunction: bool,
}
