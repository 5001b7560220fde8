//! Whole traces in memory.
//!
//! Owns the form in which the evaluator takes them: OTLP's fields by OTLP's names. Never repairs what it is given: cycles,
//! several roots, missing parents, repeated ids and negative durations are kept as they came.

use std::sync::Arc;

use crate::syntax::literal::{Kind, Status};

/// A trace's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(pub [u8; 16]);

/// A span's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(pub [u8; 8]);

/// A value of an attribute, of any type that OTLP has.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    String(String),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(Vec<u8>),
    Array(Vec<Value>),
    KeyValues(Vec<(String, Value)>),
    /// A key without a value.
    Empty,
}

/// Attributes in the order in which they came. Of a key that comes twice the first counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(pub Vec<(String, Value)>);

/// What sent a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    pub attributes: Attributes,
}

/// What made a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instrumentation {
    pub name: String,
    pub version: String,
    pub attributes: Attributes,
}

/// What happened within a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// Nanoseconds since the epoch.
    pub time: i64,
    pub name: String,
    pub attributes: Attributes,
}

/// Another span that a span belongs to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub attributes: Attributes,
}

/// A span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    pub span_id: SpanId,
    /// `None`, or all zero, for a root.
    pub parent_span_id: Option<SpanId>,
    pub name: String,
    pub kind: Kind,
    /// Nanoseconds since the epoch.
    pub start_time: i64,
    /// Nanoseconds; negative where it ends before it starts.
    pub duration: i64,
    pub status: Status,
    pub status_message: String,
    pub attributes: Attributes,
    pub events: Vec<Event>,
    pub links: Vec<Link>,
    pub resource: Arc<Resource>,
    pub instrumentation: Arc<Instrumentation>,
}

/// All spans of a trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    pub trace_id: TraceId,
    pub spans: Vec<Span>,
}

impl Attributes {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

impl Span {
    /// The parent that it names.
    #[must_use]
    pub fn parent(&self) -> Option<SpanId> {
        self.parent_span_id.filter(|parent| parent.0 != [0; 8])
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub fn end_time(&self) -> i64 {
        self.start_time.saturating_add(self.duration)
    }
}

/// Bytes as hex digits in lower case.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
