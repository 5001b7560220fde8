//! OTLP's messages as data: numbers, JSON names and types of their fields.
//!
//! For what walks requests without deciding anything: JSON in both directions and the repair of text. Decoder and
//! encoder know their messages by heart, for speed. Follows opentelemetry-proto 1.9.

use super::wire::{WIRE_FIXED32, WIRE_FIXED64, WIRE_LENGTH, WIRE_VARINT};
use crate::ingest::Signal;

/// How a field's value is written on the wire and in JSON.
#[derive(Clone, Copy)]
pub(super) enum FieldType {
    Text,
    Bool,
    /// Also enums.
    Int32,
    SInt32,
    UInt32,
    Int64,
    UInt64,
    Fixed32,
    Fixed64,
    SFixed64,
    Double,
    /// Base64 in JSON.
    Bytes,
    /// So many bytes, hex in JSON.
    Id(usize),
    Message(&'static Message),
}

impl FieldType {
    pub(super) const fn wire_type(self) -> u32 {
        match self {
            Self::Bool | Self::Int32 | Self::SInt32 | Self::UInt32 | Self::Int64 | Self::UInt64 => WIRE_VARINT,
            Self::Fixed64 | Self::SFixed64 | Self::Double => WIRE_FIXED64,
            Self::Fixed32 => WIRE_FIXED32,
            Self::Text | Self::Bytes | Self::Id(_) | Self::Message(_) => WIRE_LENGTH,
        }
    }
}

pub(super) struct Field {
    pub number: u32,
    /// In lowerCamelCase, as OTLP/JSON has it.
    pub name: &'static str,
    pub field_type: FieldType,
    pub repeated: bool,
    /// Whether it is a member of its message's oneof, of which no message here has more than one.
    pub is_choice: bool,
}

pub(super) struct Message {
    pub fields: &'static [Field],
    /// Whether it is an array or a key-value list, which is what nesting is counted by.
    pub is_list: bool,
}

impl Message {
    pub(super) fn by_number(&self, number: u32) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.number == number)
    }

    /// The field of a JSON key; snake case is tolerated.
    pub(super) fn by_name(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name || is_snake_of(name, field.name))
    }
}

fn is_snake_of(snake: &str, camel: &str) -> bool {
    if snake.len() <= camel.len() {
        return false;
    }
    let mut snake = snake.bytes();
    let same = camel.bytes().all(|letter| {
        let as_snake = if letter.is_ascii_uppercase() {
            if snake.next() != Some(b'_') {
                return false;
            }
            letter.to_ascii_lowercase()
        } else {
            letter
        };
        snake.next() == Some(as_snake)
    });
    same && snake.next().is_none()
}

const fn one(number: u32, name: &'static str, field_type: FieldType) -> Field {
    Field { number, name, field_type, repeated: false, is_choice: false }
}

/// A member of a oneof: of those that come on the wire the last one counts.
const fn choice(number: u32, name: &'static str, field_type: FieldType) -> Field {
    Field { number, name, field_type, repeated: false, is_choice: true }
}

const fn many(number: u32, name: &'static str, field_type: FieldType) -> Field {
    Field { number, name, field_type, repeated: true, is_choice: false }
}

const fn message(fields: &'static [Field]) -> Message {
    Message { fields, is_list: false }
}

use FieldType::Message as Of;
use FieldType::{Bool, Bytes, Double, Fixed32, Fixed64, Id, Int32, Int64, SFixed64, SInt32, Text, UInt32, UInt64};

/// The request of a signal.
pub(super) fn request(signal: Signal) -> &'static Message {
    match signal {
        Signal::Traces => &TRACES_REQUEST,
        Signal::Metrics => &METRICS_REQUEST,
        Signal::Logs => &LOGS_REQUEST,
    }
}

// === common and resource ===

static ANY_VALUE: Message = message(&[
    choice(1, "stringValue", Text),
    choice(2, "boolValue", Bool),
    choice(3, "intValue", Int64),
    choice(4, "doubleValue", Double),
    choice(5, "arrayValue", Of(&ARRAY_VALUE)),
    choice(6, "kvlistValue", Of(&KEY_VALUE_LIST)),
    choice(7, "bytesValue", Bytes),
    choice(8, "stringValueStrindex", Int32),
]);

static ARRAY_VALUE: Message = Message { fields: &[many(1, "values", Of(&ANY_VALUE))], is_list: true };

static KEY_VALUE_LIST: Message = Message { fields: &[many(1, "values", Of(&KEY_VALUE))], is_list: true };

static KEY_VALUE: Message =
    message(&[one(1, "key", Text), one(2, "value", Of(&ANY_VALUE)), one(3, "keyStrindex", Int32)]);

static SCOPE: Message = message(&[
    one(1, "name", Text),
    one(2, "version", Text),
    many(3, "attributes", Of(&KEY_VALUE)),
    one(4, "droppedAttributesCount", UInt32),
]);

static ENTITY_REF: Message = message(&[
    one(1, "schemaUrl", Text),
    one(2, "type", Text),
    many(3, "idKeys", Text),
    many(4, "descriptionKeys", Text),
]);

pub(super) static RESOURCE: Message = message(&[
    many(1, "attributes", Of(&KEY_VALUE)),
    one(2, "droppedAttributesCount", UInt32),
    many(3, "entityRefs", Of(&ENTITY_REF)),
]);

// === traces ===

static TRACES_REQUEST: Message = message(&[many(1, "resourceSpans", Of(&RESOURCE_SPANS))]);

static RESOURCE_SPANS: Message =
    message(&[one(1, "resource", Of(&RESOURCE)), many(2, "scopeSpans", Of(&SCOPE_SPANS)), one(3, "schemaUrl", Text)]);

static SCOPE_SPANS: Message =
    message(&[one(1, "scope", Of(&SCOPE)), many(2, "spans", Of(&SPAN)), one(3, "schemaUrl", Text)]);

static SPAN: Message = message(&[
    one(1, "traceId", Id(16)),
    one(2, "spanId", Id(8)),
    one(3, "traceState", Text),
    one(4, "parentSpanId", Id(8)),
    one(5, "name", Text),
    one(6, "kind", Int32),
    one(7, "startTimeUnixNano", Fixed64),
    one(8, "endTimeUnixNano", Fixed64),
    many(9, "attributes", Of(&KEY_VALUE)),
    one(10, "droppedAttributesCount", UInt32),
    many(11, "events", Of(&EVENT)),
    one(12, "droppedEventsCount", UInt32),
    many(13, "links", Of(&LINK)),
    one(14, "droppedLinksCount", UInt32),
    one(15, "status", Of(&STATUS)),
    one(16, "flags", Fixed32),
]);

static EVENT: Message = message(&[
    one(1, "timeUnixNano", Fixed64),
    one(2, "name", Text),
    many(3, "attributes", Of(&KEY_VALUE)),
    one(4, "droppedAttributesCount", UInt32),
]);

static LINK: Message = message(&[
    one(1, "traceId", Id(16)),
    one(2, "spanId", Id(8)),
    one(3, "traceState", Text),
    many(4, "attributes", Of(&KEY_VALUE)),
    one(5, "droppedAttributesCount", UInt32),
    one(6, "flags", Fixed32),
]);

static STATUS: Message = message(&[one(2, "message", Text), one(3, "code", Int32)]);

// === logs ===

static LOGS_REQUEST: Message = message(&[many(1, "resourceLogs", Of(&RESOURCE_LOGS))]);

static RESOURCE_LOGS: Message =
    message(&[one(1, "resource", Of(&RESOURCE)), many(2, "scopeLogs", Of(&SCOPE_LOGS)), one(3, "schemaUrl", Text)]);

static SCOPE_LOGS: Message =
    message(&[one(1, "scope", Of(&SCOPE)), many(2, "logRecords", Of(&LOG_RECORD)), one(3, "schemaUrl", Text)]);

static LOG_RECORD: Message = message(&[
    one(1, "timeUnixNano", Fixed64),
    one(2, "severityNumber", Int32),
    one(3, "severityText", Text),
    one(5, "body", Of(&ANY_VALUE)),
    many(6, "attributes", Of(&KEY_VALUE)),
    one(7, "droppedAttributesCount", UInt32),
    one(8, "flags", Fixed32),
    one(9, "traceId", Id(16)),
    one(10, "spanId", Id(8)),
    one(11, "observedTimeUnixNano", Fixed64),
    one(12, "eventName", Text),
]);

// === metrics ===

static METRICS_REQUEST: Message = message(&[many(1, "resourceMetrics", Of(&RESOURCE_METRICS))]);

static RESOURCE_METRICS: Message = message(&[
    one(1, "resource", Of(&RESOURCE)),
    many(2, "scopeMetrics", Of(&SCOPE_METRICS)),
    one(3, "schemaUrl", Text),
]);

static SCOPE_METRICS: Message =
    message(&[one(1, "scope", Of(&SCOPE)), many(2, "metrics", Of(&METRIC)), one(3, "schemaUrl", Text)]);

static METRIC: Message = message(&[
    one(1, "name", Text),
    one(2, "description", Text),
    one(3, "unit", Text),
    choice(5, "gauge", Of(&GAUGE)),
    choice(7, "sum", Of(&SUM)),
    choice(9, "histogram", Of(&HISTOGRAM)),
    choice(10, "exponentialHistogram", Of(&EXPONENTIAL_HISTOGRAM)),
    choice(11, "summary", Of(&SUMMARY)),
    many(12, "metadata", Of(&KEY_VALUE)),
]);

pub(super) static GAUGE: Message = message(&[many(1, "dataPoints", Of(&NUMBER_POINT))]);

pub(super) static SUM: Message = message(&[
    many(1, "dataPoints", Of(&NUMBER_POINT)),
    one(2, "aggregationTemporality", Int32),
    one(3, "isMonotonic", Bool),
]);

pub(super) static HISTOGRAM: Message =
    message(&[many(1, "dataPoints", Of(&HISTOGRAM_POINT)), one(2, "aggregationTemporality", Int32)]);

pub(super) static EXPONENTIAL_HISTOGRAM: Message =
    message(&[many(1, "dataPoints", Of(&EXPONENTIAL_POINT)), one(2, "aggregationTemporality", Int32)]);

pub(super) static SUMMARY: Message = message(&[many(1, "dataPoints", Of(&SUMMARY_POINT))]);

static NUMBER_POINT: Message = message(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    choice(4, "asDouble", Double),
    many(5, "exemplars", Of(&EXEMPLAR)),
    choice(6, "asInt", SFixed64),
    many(7, "attributes", Of(&KEY_VALUE)),
    one(8, "flags", UInt32),
]);

static HISTOGRAM_POINT: Message = message(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    many(6, "bucketCounts", Fixed64),
    many(7, "explicitBounds", Double),
    many(8, "exemplars", Of(&EXEMPLAR)),
    many(9, "attributes", Of(&KEY_VALUE)),
    one(10, "flags", UInt32),
    one(11, "min", Double),
    one(12, "max", Double),
]);

static EXPONENTIAL_POINT: Message = message(&[
    many(1, "attributes", Of(&KEY_VALUE)),
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    one(6, "scale", SInt32),
    one(7, "zeroCount", Fixed64),
    one(8, "positive", Of(&BUCKETS)),
    one(9, "negative", Of(&BUCKETS)),
    one(10, "flags", UInt32),
    many(11, "exemplars", Of(&EXEMPLAR)),
    one(12, "min", Double),
    one(13, "max", Double),
    one(14, "zeroThreshold", Double),
]);

static BUCKETS: Message = message(&[one(1, "offset", SInt32), many(2, "bucketCounts", UInt64)]);

static SUMMARY_POINT: Message = message(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    many(6, "quantileValues", Of(&QUANTILE_VALUE)),
    many(7, "attributes", Of(&KEY_VALUE)),
    one(8, "flags", UInt32),
]);

static QUANTILE_VALUE: Message = message(&[one(1, "quantile", Double), one(2, "value", Double)]);

static EXEMPLAR: Message = message(&[
    one(2, "timeUnixNano", Fixed64),
    choice(3, "asDouble", Double),
    one(4, "spanId", Id(8)),
    one(5, "traceId", Id(16)),
    choice(6, "asInt", SFixed64),
    many(7, "filteredAttributes", Of(&KEY_VALUE)),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_camel_case_and_snake_case_is_tolerated() {
        for name in ["startTimeUnixNano", "start_time_unix_nano"] {
            assert_eq!(SPAN.by_name(name).map(|field| field.number), Some(7), "{name}");
        }
        for name in ["StartTimeUnixNano", "start_timeunix_nano", "start_time_unix_nano_", "_name", "nam"] {
            assert!(SPAN.by_name(name).is_none(), "{name}");
        }
    }
}
