//! Stored spans as traces in memory.
//!
//! By way of OTLP: the store's encoder knows every value's type, and OTLP's messages are read by prost. Never repairs.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span as OtlpSpan;
use prost::Message;
use spanlake_schemas::ingest::Signal;
use spanlake_schemas::otlp::{DimensionLookup, EncodeError, encode};
use spanlake_schemas::tables::Table;
use spanlake_traceql::model::{
    Attributes, Event, Instrumentation, Link, Resource, Span, SpanId, Trace, TraceId, Value,
};
use spanlake_traceql::syntax::literal::{Kind, Status};

/// Why rows are no traces.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error("what was encoded cannot be read again: {0}")]
    Decode(#[from] prost::DecodeError),
}

/// The traces of rows of the stored table `spans`, in order of their first spans.
///
/// # Errors
/// Where the rows are of another table.
pub fn traces_of(rows: Vec<RecordBatch>, lookup: &dyn DimensionLookup) -> Result<Vec<Trace>, RowsError> {
    let rows: Vec<(Table, RecordBatch)> = rows.into_iter().map(|batch| (Table::Spans, batch)).collect();
    let encoded = encode(Signal::Traces, &rows, lookup, None)?;
    let mut traces: Vec<Trace> = Vec::new();
    let mut positions: HashMap<TraceId, usize> = HashMap::new();
    for request in &encoded.requests {
        for of_resource in ExportTraceServiceRequest::decode(request.as_slice())?.resource_spans {
            let sent = of_resource.resource.unwrap_or_default();
            let resource = Arc::new(Resource { attributes: attributes(sent.attributes) });
            for of_scope in of_resource.scope_spans {
                let scope = of_scope.scope.unwrap_or_default();
                let instrumentation = Arc::new(Instrumentation {
                    name: scope.name,
                    version: scope.version,
                    attributes: attributes(scope.attributes),
                });
                for span in of_scope.spans {
                    let trace_id = TraceId(id(&span.trace_id));
                    let position = *positions.entry(trace_id).or_insert_with(|| {
                        traces.push(Trace { trace_id, spans: Vec::new() });
                        traces.len() - 1
                    });
                    traces[position].spans.push(span_of(span, &resource, &instrumentation));
                }
            }
        }
    }
    for trace in &mut traces {
        trace.spans.sort_by_key(|span| (span.start_time, span.span_id));
    }
    Ok(traces)
}

fn id<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

fn nanos(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

fn span_of(span: OtlpSpan, resource: &Arc<Resource>, instrumentation: &Arc<Instrumentation>) -> Span {
    let status = span.status.unwrap_or_default();
    let (start, end) = (nanos(span.start_time_unix_nano), nanos(span.end_time_unix_nano));
    let event = |event: opentelemetry_proto::tonic::trace::v1::span::Event| Event {
        time: nanos(event.time_unix_nano),
        name: event.name,
        attributes: attributes(event.attributes),
    };
    let link = |link: opentelemetry_proto::tonic::trace::v1::span::Link| Link {
        trace_id: TraceId(id(&link.trace_id)),
        span_id: SpanId(id(&link.span_id)),
        attributes: attributes(link.attributes),
    };
    Span {
        span_id: SpanId(id(&span.span_id)),
        parent_span_id: (!span.parent_span_id.is_empty()).then(|| SpanId(id(&span.parent_span_id))),
        name: span.name,
        kind: match span.kind {
            1 => Kind::Internal,
            2 => Kind::Server,
            3 => Kind::Client,
            4 => Kind::Producer,
            5 => Kind::Consumer,
            _ => Kind::Unspecified,
        },
        start_time: start,
        duration: end.saturating_sub(start),
        status: match status.code {
            1 => Status::Ok,
            2 => Status::Error,
            _ => Status::Unset,
        },
        status_message: status.message,
        attributes: attributes(span.attributes),
        events: span.events.into_iter().map(event).collect(),
        links: span.links.into_iter().map(link).collect(),
        resource: Arc::clone(resource),
        instrumentation: Arc::clone(instrumentation),
    }
}

fn attributes(pairs: Vec<KeyValue>) -> Attributes {
    Attributes(pairs.into_iter().map(|pair| (pair.key, value(pair.value))).collect())
}

fn value(any: Option<AnyValue>) -> Value {
    match any.and_then(|any| any.value) {
        Some(Any::StringValue(text)) => Value::String(text),
        Some(Any::BoolValue(is)) => Value::Bool(is),
        Some(Any::IntValue(number)) => Value::Int(number),
        Some(Any::DoubleValue(number)) => Value::Double(number),
        Some(Any::BytesValue(bytes)) => Value::Bytes(bytes),
        Some(Any::ArrayValue(array)) => Value::Array(array.values.into_iter().map(|one| value(Some(one))).collect()),
        Some(Any::KvlistValue(list)) => {
            Value::KeyValues(list.values.into_iter().map(|pair| (pair.key, value(pair.value))).collect())
        }
        _ => Value::Empty,
    }
}
