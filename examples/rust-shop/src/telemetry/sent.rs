//! Counting what is handed to the exporters, so that tests can compare it with what the server shows.
//!
//! Owns the counts and nothing else: it sits beside the batch processors, which do not tell, and never holds
//! back or changes a span or a record.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::{Context, InstrumentationScope};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogProcessor, SdkLogRecord};
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use serde_json::{Value, json};

/// A demo may run for days.
const TRACE_IDS_MAX: usize = 10_000;

#[derive(Debug, Default, Clone)]
pub struct Sent {
    pub trace_ids: BTreeSet<String>,
    pub spans: u64,
    pub logs: u64,
}

impl Sent {
    pub fn add(&mut self, other: Self) {
        self.trace_ids.extend(other.trace_ids);
        self.spans += other.spans;
        self.logs += other.logs;
    }

    pub fn to_json(&self) -> Value {
        json!({ "trace_ids": self.trace_ids, "spans": self.spans, "logs": self.logs })
    }

    pub fn from_json(value: &Value) -> Self {
        let ids = value["trace_ids"].as_array().into_iter().flatten();
        Self {
            trace_ids: ids.filter_map(Value::as_str).map(str::to_owned).collect(),
            spans: value["spans"].as_u64().unwrap_or_default(),
            logs: value["logs"].as_u64().unwrap_or_default(),
        }
    }
}

/// A span and log processor that only counts; clones count together.
#[derive(Debug, Default, Clone)]
pub struct Counter(Arc<Mutex<Sent>>);

impl Counter {
    pub fn sent(&self) -> Sent {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Sent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpanProcessor for Counter {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        let mut sent = self.lock();
        sent.spans += 1;
        if sent.trace_ids.len() < TRACE_IDS_MAX {
            sent.trace_ids.insert(span.span_context.trace_id().to_string());
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl LogProcessor for Counter {
    fn emit(&self, _record: &mut SdkLogRecord, _scope: &InstrumentationScope) {
        self.lock().logs += 1;
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}
