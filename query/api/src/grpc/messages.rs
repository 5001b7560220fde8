//! Messages that services over gRPC share: `google/protobuf/timestamp.proto` and `duration.proto`, and OpenTelemetry's
//! `common/v1/common.proto`, which Tempo has under a name of its own.

use std::fmt::Display;
use std::str::FromStr;

use prost::{Message, Oneof};
use serde::{Deserialize, Deserializer};

use crate::parameters::SECOND;

/// `google.protobuf.Timestamp`, and `Duration`, which has the same fields.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Moment {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

impl Moment {
    pub(crate) const fn of(nanos: i64) -> Self {
        Self { seconds: nanos.div_euclid(SECOND), nanos: nanos.rem_euclid(SECOND) as i32 }
    }

    pub(crate) fn nanos(&self) -> i64 {
        self.seconds.saturating_mul(SECOND).saturating_add(self.nanos.into())
    }
}

/// An attribute.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(crate) struct KeyValue {
    #[prost(string, tag = "1")]
    pub(crate) key: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) value: Option<AnyValue>,
}

/// Its value.
#[derive(Clone, PartialEq, Message, Deserialize)]
pub(crate) struct AnyValue {
    #[serde(flatten)]
    #[prost(oneof = "Value", tags = "1, 2, 3, 4")]
    pub(crate) value: Option<Value>,
}

/// Lists and bytes are no values that a search compares.
#[derive(Clone, PartialEq, Oneof, Deserialize)]
pub(crate) enum Value {
    #[prost(string, tag = "1")]
    #[serde(rename = "stringValue")]
    String(String),
    #[prost(bool, tag = "2")]
    #[serde(rename = "boolValue")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    #[serde(rename = "intValue", deserialize_with = "number")]
    Int(i64),
    #[prost(double, tag = "4")]
    #[serde(rename = "doubleValue", deserialize_with = "number")]
    Double(f64),
}

impl AnyValue {
    /// As attributes are compared.
    pub(crate) fn text(self) -> Option<String> {
        self.value.map(|value| match value {
            Value::String(text) => text,
            Value::Bool(is) => is.to_string(),
            Value::Int(number) => number.to_string(),
            Value::Double(number) => number.to_string(),
        })
    }
}

/// A number, or its text: JSON has whole numbers of 64 bits as text, and no infinity.
pub(crate) fn number<'de, D, N>(deserializer: D) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: FromStr<Err: Display>,
{
    let text = match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    text.parse().map_err(serde::de::Error::custom)
}
