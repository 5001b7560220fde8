//! Small OTLP requests with known content.
//!
//! Owns short forms of the messages. What is sent under load comes from `spanlake_bench::corpus`.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use spanlake_bench::corpus::{any_text, text};

/// The paths of OTLP over HTTP.
pub const TRACES: &str = "/v1/traces";
pub const METRICS: &str = "/v1/metrics";
pub const LOGS: &str = "/v1/logs";

/// 2026-11-21T05:00:00.123456789Z, for tests of how times are written; filed under its receipt if that is long past.
pub const A_TIME: u64 = 1_795_237_200_123_456_789;

fn resource(service: &str) -> Option<Resource> {
    Some(Resource { attributes: vec![text("service.name", service)], ..Resource::default() })
}

/// A span of one millisecond; trace and span ids are the numbers, big endian.
#[must_use]
pub fn span(trace: u128, id: u64, parent: u64, name: &str, start: u64) -> Span {
    Span {
        trace_id: trace.to_be_bytes().to_vec(),
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id: if parent == 0 { Vec::new() } else { parent.to_be_bytes().to_vec() },
        name: name.to_owned(),
        kind: 2,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 1_000_000,
        ..Span::default()
    }
}

/// One request of one service.
#[must_use]
pub fn traces(service: &str, spans: Vec<Span>) -> Vec<u8> {
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { resource: resource(service), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

/// A request of so many plain spans of now, all of one trace.
#[must_use]
pub fn some_spans(trace: u128, count: u64) -> Vec<u8> {
    let now = spanlake_bench::now_nanos();
    traces("e2e", (1..=count).map(|id| span(trace, id, u64::from(id > 1), "step", now + id)).collect())
}

/// A log record with the ids of a span.
#[must_use]
pub fn log(trace: u128, span: u64, body: &str, time: u64) -> LogRecord {
    LogRecord {
        time_unix_nano: time,
        observed_time_unix_nano: time + 1,
        severity_number: 9,
        severity_text: "INFO".to_owned(),
        body: Some(any_text(body)),
        trace_id: trace.to_be_bytes().to_vec(),
        span_id: span.to_be_bytes().to_vec(),
        flags: 1,
        ..LogRecord::default()
    }
}

/// One request of one service.
#[must_use]
pub fn logs(service: &str, log_records: Vec<LogRecord>) -> Vec<u8> {
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { resource: resource(service), scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec()
}

/// A request with a gauge's points: times and values.
#[must_use]
pub fn gauge(service: &str, name: &str, unit: &str, points: &[(u64, f64)]) -> Vec<u8> {
    let point = |(time, value): &(u64, f64)| NumberDataPoint {
        time_unix_nano: *time,
        value: Some(number_data_point::Value::AsDouble(*value)),
        ..NumberDataPoint::default()
    };
    let data = metric::Data::Gauge(Gauge { data_points: points.iter().map(point).collect() });
    let metrics = vec![Metric { name: name.to_owned(), unit: unit.to_owned(), data: Some(data), ..Metric::default() }];
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    let resource_metrics =
        vec![ResourceMetrics { resource: resource(service), scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}
