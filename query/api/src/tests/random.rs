//! Random traces as OTLP, and as the store gives them back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use spanlake_schemas::ingest::Signal;
use spanlake_traceql::model::{Attributes, Span, Trace, Value, hex};
use spanlake_traceql::random::{Random, random_traces};

use super::lake::Lake;

/// Traces that OTLP can say: with spans, none of which ends before it starts or has a key twice.
pub(super) fn traces(random: &mut Random, count: usize) -> Vec<Trace> {
    let mut traces = random_traces(random, count);
    traces.retain(|trace| !trace.spans.is_empty() && trace.trace_id.0 != [0; 16]);
    for trace in &mut traces {
        for (index, span) in trace.spans.iter_mut().enumerate() {
            span.duration = span.duration.max(0);
            // Spans of one id and one start would have no order.
            span.start_time += i64::try_from(index).unwrap();
            each_attributes(span, &mut |attributes| {
                let mut seen = std::collections::HashSet::new();
                attributes.0.retain(|(key, _)| seen.insert(key.clone()));
            });
        }
        trace.spans.sort_by_key(|span| (span.start_time, span.span_id));
    }
    traces
}

/// Changes all attributes of a span, of its resource and its instrumentation.
pub(super) fn each_attributes(span: &mut Span, change: &mut impl FnMut(&mut Attributes)) {
    change(&mut span.attributes);
    span.events.iter_mut().for_each(|event| change(&mut event.attributes));
    span.links.iter_mut().for_each(|link| change(&mut link.attributes));
    let (mut resource, mut scope) = ((*span.resource).clone(), (*span.instrumentation).clone());
    change(&mut resource.attributes);
    change(&mut scope.attributes);
    (span.resource, span.instrumentation) = (resource.into(), scope.into());
}

/// Sends them, half of them into files.
pub(super) async fn send(lake: &Lake, traces: &[Trace]) {
    for (index, trace) in traces.iter().enumerate() {
        for span in &trace.spans {
            let one = json!({"resourceSpans": [{
                "resource": {"attributes": list(&span.resource.attributes)},
                "scopeSpans": [{
                    "scope": {
                        "name": span.instrumentation.name, "version": span.instrumentation.version,
                        "attributes": list(&span.instrumentation.attributes),
                    },
                    "spans": [of_span(trace, span)],
                }],
            }]});
            lake.send(Signal::Traces, &one).await;
        }
        if index == traces.len() / 2 {
            lake.store.seal().await;
        }
    }
}

fn of_span(trace: &Trace, span: &Span) -> Json {
    let events: Vec<Json> = span
        .events
        .iter()
        .map(|event| {
            json!({"timeUnixNano": event.time.to_string(), "name": event.name, "attributes": list(&event.attributes)})
        })
        .collect();
    let links: Vec<Json> = span
        .links
        .iter()
        .map(|link| {
            json!({"traceId": hex(&link.trace_id.0), "spanId": hex(&link.span_id.0), "attributes": list(&link.attributes)})
        })
        .collect();
    json!({
        "traceId": hex(&trace.trace_id.0), "spanId": hex(&span.span_id.0),
        "parentSpanId": span.parent().map(|parent| hex(&parent.0)).unwrap_or_default(),
        "name": span.name, "kind": number_of(span.kind.as_str(), &["unspecified", "internal", "server", "client", "producer", "consumer"]),
        "startTimeUnixNano": span.start_time.to_string(), "endTimeUnixNano": span.end_time().to_string(),
        "status": {"code": number_of(span.status.as_str(), &["unset", "ok", "error"]), "message": span.status_message},
        "attributes": list(&span.attributes), "events": events, "links": links,
    })
}

fn number_of(word: &str, words: &[&str]) -> usize {
    words.iter().position(|one| *one == word).unwrap()
}

fn list(attributes: &Attributes) -> Json {
    attributes.0.iter().map(|(key, value)| json!({"key": key, "value": of_value(value)})).collect()
}

fn of_value(value: &Value) -> Json {
    match value {
        Value::String(text) => json!({"stringValue": text}),
        Value::Bool(is) => json!({"boolValue": is}),
        Value::Int(number) => json!({"intValue": number.to_string()}),
        Value::Double(number) if number.is_nan() => json!({"doubleValue": "NaN"}),
        Value::Double(number) => json!({"doubleValue": number}),
        Value::Bytes(bytes) => json!({"bytesValue": STANDARD.encode(bytes)}),
        Value::Array(values) => json!({"arrayValue": {"values": values.iter().map(of_value).collect::<Vec<_>>()}}),
        Value::KeyValues(pairs) => {
            let values: Vec<Json> =
                pairs.iter().map(|(key, value)| json!({"key": key, "value": of_value(value)})).collect();
            json!({"kvlistValue": {"values": values}})
        }
        Value::Empty => json!({}),
    }
}
