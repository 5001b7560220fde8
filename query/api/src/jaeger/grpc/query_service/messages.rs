//! The messages of `jaeger.api_v3.QueryService` that differ from those of the storage API.
//!
//! Owns field numbers: `proto/api_v3/query_service.proto` of jaegertracing/jaeger-idl. Ids of traces are text here.

use std::collections::BTreeMap;

use prost::Message;
use spanlake_schemas::ids::to_hex;

use super::storage;
use crate::grpc::messages::{AnyValue, KeyValue, Moment, Value};

/// `GetTraceRequest`. The range beside the id is a hint that is not needed.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct TraceAsked {
    #[prost(string, tag = "1")]
    pub(super) trace_id: String,
}

/// `FindTracesRequest` and `FindTraceSummariesRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SearchAsked {
    #[prost(message, optional, tag = "1")]
    pub(super) query: Option<TraceQuery>,
}

/// `TraceQueryParameters`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TraceQuery {
    #[prost(string, tag = "1")]
    service_name: String,
    #[prost(string, tag = "2")]
    operation_name: String,
    #[prost(btree_map = "string, string", tag = "3")]
    attributes: BTreeMap<String, String>,
    #[prost(message, optional, tag = "4")]
    pub(super) start_time_min: Option<Moment>,
    #[prost(message, optional, tag = "5")]
    pub(super) start_time_max: Option<Moment>,
    #[prost(message, optional, tag = "6")]
    duration_min: Option<Moment>,
    #[prost(message, optional, tag = "7")]
    duration_max: Option<Moment>,
    #[prost(int32, tag = "8")]
    search_depth: i32,
    /// A structured filter: only that there is one is read.
    #[prost(bytes = "vec", optional, tag = "10")]
    filter: Option<Vec<u8>>,
}

impl TraceQuery {
    /// The same question to the storage API, for which the last moment belongs to the range.
    pub(super) fn into_storage(self) -> storage::TraceQuery {
        let attribute = |(key, value)| KeyValue { key, value: Some(AnyValue { value: Some(Value::String(value)) }) };
        storage::TraceQuery {
            service_name: self.service_name,
            operation_name: self.operation_name,
            attributes: self.attributes.into_iter().map(attribute).collect(),
            start_time_min: self.start_time_min,
            start_time_max: self.start_time_max.map(|end| Moment::of(end.nanos().saturating_sub(1))),
            duration_min: self.duration_min,
            duration_max: self.duration_max,
            search_depth: self.search_depth.max(0),
            filter: self.filter,
        }
    }
}

/// `FindTraceSummariesResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Summaries {
    #[prost(message, repeated, tag = "1")]
    pub(super) summaries: Vec<TraceSummary>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TraceSummary {
    #[prost(string, tag = "1")]
    trace_id: String,
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
    #[prost(message, repeated, tag = "9")]
    services: Vec<storage::ServiceSummary>,
}

impl TraceSummary {
    pub(super) fn of(stored: storage::TraceSummary) -> Self {
        Self {
            trace_id: to_hex(&stored.trace_id),
            root_service_name: stored.root_service_name,
            root_operation_name: stored.root_operation_name,
            min_start_time_unix_nano: stored.min_start_time_unix_nano,
            max_end_time_unix_nano: stored.max_end_time_unix_nano,
            span_count: stored.span_count,
            error_span_count: stored.error_span_count,
            orphan_span_count: stored.orphan_span_count,
            services: stored.services,
        }
    }
}

/// `DependenciesResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Dependencies {
    #[prost(message, repeated, tag = "1")]
    pub(super) dependencies: Vec<Dependency>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Dependency {
    #[prost(string, tag = "1")]
    pub(super) parent: String,
    #[prost(string, tag = "2")]
    pub(super) child: String,
    #[prost(uint64, tag = "3")]
    pub(super) call_count: u64,
}
