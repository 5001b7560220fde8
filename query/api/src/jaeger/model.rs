//! A trace in Jaeger's JSON (`internal/uimodel` of jaegertracing/jaeger), and what of OTLP becomes a tag
//! (`opentelemetry-collector-contrib/pkg/translator/jaeger`).

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use spanlake_traceql::model::{Attributes, Resource, Span, SpanId, Trace, Value as AttributeValue, hex};
use spanlake_traceql::syntax::literal::{Kind, Status};

const MICROS: i64 = 1_000;

/// The trace.
pub(super) fn trace(trace: &Trace) -> Value {
    let id = hex(&trace.trace_id.0);
    let mut processes = Processes::default();
    let known: HashSet<SpanId> = trace.spans.iter().map(|span| span.span_id).collect();
    let spans: Vec<Value> = trace
        .spans
        .iter()
        .map(|one| {
            span(one, &id, &processes.of(&one.resource), one.parent().is_none_or(|parent| known.contains(&parent)))
        })
        .collect();
    json!({ "traceID": id, "spans": spans, "processes": processes.written(), "warnings": null })
}

/// Resources of a trace, each once.
#[derive(Default)]
struct Processes {
    all: Vec<Arc<Resource>>,
}

impl Processes {
    fn of(&mut self, resource: &Arc<Resource>) -> String {
        let known = self.all.iter().position(|known| known == resource).unwrap_or_else(|| {
            self.all.push(Arc::clone(resource));
            self.all.len() - 1
        });
        format!("p{}", known + 1)
    }

    fn written(&self) -> Value {
        let process = |(number, resource): (usize, &Arc<Resource>)| {
            let service = match resource.attributes.get("service.name") {
                Some(AttributeValue::String(name)) => name.clone(),
                _ => "OTLPResourceNoServiceName".to_owned(),
            };
            let mut tags = tags(&resource.attributes);
            tags.retain(|tag| tag["key"] != "service.name");
            (format!("p{}", number + 1), json!({ "serviceName": service, "tags": tags }))
        };
        Value::Object(self.all.iter().enumerate().map(process).collect::<Map<String, Value>>())
    }
}

fn span(span: &Span, trace_id: &str, process: &str, has_parent: bool) -> Value {
    let reference =
        |kind: &str, trace: &str, id: &SpanId| json!({ "refType": kind, "traceID": trace, "spanID": hex(&id.0) });
    let mut references: Vec<Value> =
        span.parent().iter().map(|parent| reference("CHILD_OF", trace_id, parent)).collect();
    references.extend(span.links.iter().map(|link| reference("FOLLOWS_FROM", &hex(&link.trace_id.0), &link.span_id)));
    let logs: Vec<Value> = span
        .events
        .iter()
        .map(|event| {
            let mut fields = vec![tag("event", "string", json!(event.name))];
            fields.extend(tags(&event.attributes));
            json!({ "timestamp": event.time / MICROS, "fields": fields })
        })
        .collect();
    let warnings = (!has_parent).then(|| json!(["invalid parent span IDs; skipping clock skew adjustment"]));
    json!({
        "traceID": trace_id,
        "spanID": hex(&span.span_id.0),
        "flags": 1,
        "operationName": span.name,
        "references": references,
        "startTime": span.start_time / MICROS,
        "duration": span.duration.max(0) / MICROS,
        "tags": span_tags(span),
        "logs": logs,
        "processID": process,
        "warnings": warnings,
    })
}

fn span_tags(span: &Span) -> Vec<Value> {
    let mut all = tags(&span.attributes);
    let text = |key: &str, value: &str| tag(key, "string", json!(value));
    if !span.instrumentation.name.is_empty() {
        all.push(text("otel.scope.name", &span.instrumentation.name));
    }
    if !span.instrumentation.version.is_empty() {
        all.push(text("otel.scope.version", &span.instrumentation.version));
    }
    if span.kind != Kind::Unspecified {
        all.push(text("span.kind", span.kind.as_str()));
    }
    match span.status {
        Status::Error => {
            all.push(text("otel.status_code", "ERROR"));
            all.push(tag("error", "bool", json!(true)));
        }
        Status::Ok => all.push(text("otel.status_code", "OK")),
        Status::Unset => {}
    }
    if !span.status_message.is_empty() {
        all.push(text("otel.status_description", &span.status_message));
    }
    all
}

fn tag(key: &str, kind: &str, value: Value) -> Value {
    json!({ "key": key, "type": kind, "value": value })
}

fn tags(attributes: &Attributes) -> Vec<Value> {
    attributes
        .0
        .iter()
        .map(|(key, value)| match value {
            AttributeValue::String(text) => tag(key, "string", json!(text)),
            AttributeValue::Bool(is) => tag(key, "bool", json!(is)),
            AttributeValue::Int(number) => tag(key, "int64", json!(number)),
            AttributeValue::Double(number) if number.is_finite() => tag(key, "float64", json!(number)),
            AttributeValue::Double(number) => tag(key, "string", json!(number.to_string())),
            AttributeValue::Bytes(bytes) => tag(key, "binary", json!(hex(bytes))),
            other => tag(key, "string", json!(plain(other).to_string())),
        })
        .collect()
}

fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::String(text) => json!(text),
        AttributeValue::Bool(is) => json!(is),
        AttributeValue::Int(number) => json!(number),
        AttributeValue::Double(number) => json!(number),
        AttributeValue::Bytes(bytes) => json!(hex(bytes)),
        AttributeValue::Array(values) => Value::Array(values.iter().map(plain).collect()),
        AttributeValue::KeyValues(pairs) => {
            Value::Object(pairs.iter().map(|(key, value)| (key.clone(), plain(value))).collect())
        }
        AttributeValue::Empty => Value::Null,
    }
}
