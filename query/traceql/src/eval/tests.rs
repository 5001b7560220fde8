//! What queries mean, by hand.

mod filters;
mod pipelines;
mod series;

use std::sync::Arc;

use crate::model::{Attributes, Event, Instrumentation, Link, Resource, Span, SpanId, Trace, TraceId, Value};
use crate::syntax::literal::{Kind, Status};

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn attributes(list: &[(&str, Value)]) -> Attributes {
    Attributes(list.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
}

fn id(number: u8) -> SpanId {
    SpanId([0, 0, 0, 0, 0, 0, 0, number])
}

/// A shop: 1 `GET /cart` (frontend) → 2 `charge` (payment, error) → 3 `SELECT` (payment); 1 → 4 `render` (frontend).
fn shop() -> Trace {
    let of_service = |name: &str| Arc::new(Resource { attributes: attributes(&[("service.name", text(name))]) });
    let (frontend, payment) = (of_service("frontend"), of_service("payment"));
    let instrumentation = Arc::new(Instrumentation {
        name: "http".to_owned(),
        version: "1.2".to_owned(),
        attributes: attributes(&[("lang", text("rust"))]),
    });
    let span = |number: u8, parent: u8, name: &str, start_ms: i64, duration_ms: i64, resource: &Arc<Resource>| Span {
        span_id: id(number),
        parent_span_id: (parent > 0).then(|| id(parent)),
        name: name.to_owned(),
        start_time: 1_000_000_000 + start_ms * 1_000_000,
        duration: duration_ms * 1_000_000,
        resource: Arc::clone(resource),
        instrumentation: Arc::clone(&instrumentation),
        ..Span::default()
    };
    let mut root = span(1, 0, "GET /cart", 0, 500, &frontend);
    root.kind = Kind::Server;
    root.attributes = attributes(&[
        ("http.status_code", Value::Int(200)),
        ("flag", Value::Bool(true)),
        ("tags", Value::Array(vec![text("x"), text("y")])),
        ("none", Value::Array(Vec::new())),
        ("raw", Value::Bytes(vec![1])),
        ("empty", Value::Empty),
        ("ratio", Value::Double(0.5)),
    ]);
    let mut charge = span(2, 1, "charge", 100, 300, &payment);
    charge.status = Status::Error;
    charge.status_message = "card declined".to_owned();
    charge.attributes = attributes(&[("http.status_code", Value::Int(500)), ("retries", Value::Int(3))]);
    let event = |name: &str, at_ms: i64, key: &str, value: &str| Event {
        time: charge.start_time + at_ms * 1_000_000,
        name: name.to_owned(),
        attributes: attributes(&[(key, text(value))]),
    };
    charge.events = vec![event("retry", 5, "reason", "timeout"), event("exception", 50, "reason", "declined")];
    charge.links = vec![Link {
        trace_id: TraceId([0xab; 16]),
        span_id: id(9),
        attributes: attributes(&[("kind", text("batch"))]),
    }];
    let mut select = span(3, 2, "SELECT", 150, 20, &payment);
    select.attributes = attributes(&[("retries", text("many")), ("ip", text("10.2.3.4"))]);
    let render = span(4, 1, "render", 420, 50, &frontend);
    Trace { trace_id: TraceId([0x11; 16]), spans: vec![root, charge, select, render] }
}

/// Ids of the spans of each set that a query finds in the shop.
fn found(query: &str) -> Vec<Vec<u8>> {
    found_in(query, &shop())
}

fn found_in(query: &str, trace: &Trace) -> Vec<Vec<u8>> {
    let parsed = crate::syntax::parse_query(query).unwrap_or_else(|errors| panic!("{query}\n{errors}"));
    let crate::syntax::tree::Body::Spans(pipeline) = &parsed.body else { panic!("{query} gives series") };
    let ids = |set: &super::Spanset| set.spans.iter().map(|span| trace.spans[*span].span_id.0[7]).collect();
    super::find(pipeline, trace).iter().map(ids).collect()
}

fn check(query: &str, expected: &[&[u8]]) {
    assert_eq!(found(query), expected, "{query}");
}
