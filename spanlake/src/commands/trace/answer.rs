//! What the terminal needs of `GET /api/traces/{trace_id}`. Takes more than is documented rather than less: times as
//! texts or numbers, absent fields as empty.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use spanlake_schemas::ids::SpanId;
use spanlake_schemas::trace_tree::SpanShape;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct TraceAnswer {
    pub(in super::super) trace_id: String,
    pub(in super::super) spans: Vec<Span>,
    pub(in super::super) logs: Vec<LogRecord>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Span {
    pub(in super::super) span_id: String,
    pub(in super::super) parent_span_id: Option<String>,
    pub(in super::super) name: String,
    pub(in super::super) service_name: Option<String>,
    #[serde(deserialize_with = "integer")]
    pub(in super::super) start_time: i64,
    #[serde(deserialize_with = "integer")]
    pub(in super::super) duration: i64,
    pub(in super::super) status: Status,
    pub(in super::super) events: Vec<Event>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Status {
    pub(in super::super) code: String,
    pub(in super::super) message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Event {
    pub(in super::super) name: String,
    pub(in super::super) attributes: serde_json::Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct LogRecord {
    #[serde(deserialize_with = "integer")]
    pub(in super::super) time: i64,
    #[serde(deserialize_with = "integer")]
    pub(in super::super) observed_time: i64,
    pub(in super::super) severity_text: String,
    pub(in super::super) severity_number: i32,
    pub(in super::super) body: Value,
    pub(in super::super) span_id: Option<String>,
}

impl Span {
    pub(super) fn shape(&self) -> SpanShape {
        let id = |text: &str| SpanId::parse_any(text).ok();
        SpanShape {
            span_id: id(&self.span_id).unwrap_or(SpanId([0; 8])),
            parent_span_id: self.parent_span_id.as_deref().and_then(id),
            start_time: self.start_time,
            duration: self.duration,
            is_error: self.is_error(),
        }
    }

    pub(super) fn is_error(&self) -> bool {
        self.status.code == "error"
    }

    pub(super) fn service(&self) -> &str {
        self.service_name.as_deref().unwrap_or("")
    }

    /// What went wrong, one line each: exceptions, else the message of the status.
    pub(super) fn failures(&self) -> Vec<String> {
        let exceptions = self.events.iter().filter(|event| event.name == "exception").map(Event::exception);
        let mut failures: Vec<String> = exceptions.collect();
        let said = failures.iter().any(|failure| failure.contains(&self.status.message));
        if self.is_error() && !self.status.message.is_empty() && !said {
            failures.insert(0, self.status.message.clone());
        }
        failures
    }
}

impl Event {
    fn exception(&self) -> String {
        let text = |key: &str| self.attributes.get(key).and_then(Value::as_str).unwrap_or("");
        let message = text("exception.message").lines().next().unwrap_or("");
        match (text("exception.type"), message) {
            ("", "") => "exception".to_owned(),
            ("", message) => message.to_owned(),
            (kind, "") => kind.to_owned(),
            (kind, message) => format!("{kind}: {message}"),
        }
    }
}

impl LogRecord {
    /// When it was written, or seen where that is not told.
    pub(super) fn at(&self) -> i64 {
        if self.time == 0 { self.observed_time } else { self.time }
    }

    pub(super) fn severity(&self) -> String {
        if self.severity_text.is_empty() && self.severity_number > 0 {
            return format!("severity {}", self.severity_number);
        }
        self.severity_text.clone()
    }

    pub(super) fn text(&self) -> String {
        match &self.body {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        }
    }
}

/// A 64-bit integer as a text (as documented), a number, or nothing.
fn integer<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text.parse().unwrap_or(0),
        Value::Number(number) => number.as_i64().unwrap_or(0),
        _ => 0,
    })
}
