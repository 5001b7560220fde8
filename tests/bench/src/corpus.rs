//! What is sent: a shop of 16 services with 20 instances each, as their SDKs would send it.
//!
//! Owns names, shapes and proportions. Everything follows from a seed. Never knows a server.

pub mod logs;
pub mod metrics;
pub mod remote_write;
pub mod shop;
pub mod traces;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};

/// Items in a request; what OpenTelemetry's batch processors send by default.
pub const ITEMS_PER_REQUEST: usize = 512;

/// A value of text.
#[must_use]
pub fn any_text(value: impl Into<String>) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(value.into())) }
}

/// An attribute of text.
#[must_use]
pub fn text(key: &str, value: impl Into<String>) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(any_text(value)), ..KeyValue::default() }
}

/// An attribute that is an integer.
#[must_use]
pub fn integer(key: &str, value: i64) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::IntValue(value)) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn scope(name: &str) -> Option<InstrumentationScope> {
    Some(InstrumentationScope { name: name.to_owned(), version: "2.9.0".to_owned(), ..InstrumentationScope::default() })
}
