//! The messages of `tempopb.StreamingQuerier`, as far as they are read and written here.
//!
//! Owns field numbers: `pkg/tempopb/tempo.proto` of grafana/tempo. Answers are read from the JSON of the HTTP routes, which is their
//! JSON form (whole numbers of 64 bits as text), so that both always say the same.

use std::collections::HashMap;
use std::fmt::Display;

use prost::Message;
use serde::{Deserialize, Deserializer};
use spanlake_engine::QueryStats;

use crate::grpc::messages::{KeyValue, number};
use crate::tempo::{lists, metrics, search};

/// `SearchRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SearchAsked {
    #[prost(map = "string, string", tag = "1")]
    tags: HashMap<String, String>,
    #[prost(uint32, tag = "2")]
    min_duration_ms: u32,
    #[prost(uint32, tag = "3")]
    max_duration_ms: u32,
    #[prost(uint32, tag = "4")]
    limit: u32,
    /// Unix seconds, as `end`.
    #[prost(uint32, tag = "5")]
    start: u32,
    #[prost(uint32, tag = "6")]
    end: u32,
    #[prost(string, tag = "8")]
    query: String,
    #[prost(uint32, tag = "9")]
    spans_per_span_set: u32,
}

/// Zero is what was not said.
fn given<N: Display + Default + PartialEq>(number: N, unit: &str) -> Option<String> {
    (number != N::default()).then(|| format!("{number}{unit}"))
}

impl From<SearchAsked> for search::Asked {
    fn from(asked: SearchAsked) -> Self {
        let mut tags: Vec<String> = asked.tags.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
        tags.sort();
        Self {
            q: Some(asked.query),
            tags: Some(tags.join(" ")),
            min_duration: given(asked.min_duration_ms, "ms"),
            max_duration: given(asked.max_duration_ms, "ms"),
            limit: given(asked.limit, ""),
            spss: given(asked.spans_per_span_set, ""),
            start: given(asked.start, ""),
            end: given(asked.end, ""),
        }
    }
}

/// `SearchTagsRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TagsAsked {
    #[prost(string, tag = "1")]
    scope: String,
    #[prost(uint32, tag = "3")]
    start: u32,
    #[prost(uint32, tag = "4")]
    end: u32,
}

impl From<TagsAsked> for lists::Asked {
    fn from(asked: TagsAsked) -> Self {
        Self { scope: Some(asked.scope), start: given(asked.start, ""), end: given(asked.end, "") }
    }
}

/// `SearchTagValuesRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ValuesAsked {
    #[prost(string, tag = "1")]
    tag_name: String,
    #[prost(uint32, tag = "4")]
    start: u32,
    #[prost(uint32, tag = "5")]
    end: u32,
}

impl ValuesAsked {
    /// The tag, and the range in which its values are looked for.
    pub(super) fn into_parts(self) -> (String, lists::Asked) {
        (self.tag_name, lists::Asked { scope: None, start: given(self.start, ""), end: given(self.end, "") })
    }
}

/// `QueryRangeRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RangeAsked {
    #[prost(string, tag = "1")]
    query: String,
    /// Nanoseconds since the epoch, as `end`.
    #[prost(uint64, tag = "2")]
    start: u64,
    #[prost(uint64, tag = "3")]
    end: u64,
    /// Nanoseconds.
    #[prost(uint64, tag = "4")]
    step: u64,
    #[prost(uint32, tag = "16")]
    exemplars: u32,
}

impl From<RangeAsked> for metrics::Asked {
    fn from(asked: RangeAsked) -> Self {
        Self {
            q: Some(asked.query),
            start: given(asked.start, ""),
            end: given(asked.end, ""),
            step: given(asked.step, "ns"),
            exemplars: given(asked.exemplars, ""),
            ..Self::default()
        }
    }
}

/// `QueryInstantRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct InstantAsked {
    #[prost(string, tag = "1")]
    query: String,
    #[prost(uint64, tag = "2")]
    start: u64,
    #[prost(uint64, tag = "3")]
    end: u64,
}

impl From<InstantAsked> for metrics::Asked {
    fn from(asked: InstantAsked) -> Self {
        Self { q: Some(asked.query), start: given(asked.start, ""), end: given(asked.end, ""), ..Self::default() }
    }
}

/// `SearchResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SearchTraces {
    #[prost(message, repeated, tag = "1")]
    pub(super) traces: Vec<FoundTrace>,
    #[prost(message, optional, tag = "2")]
    pub(super) metrics: Option<SearchMetrics>,
}

/// `TraceSearchMetadata`.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FoundTrace {
    #[prost(string, tag = "1")]
    #[serde(rename = "traceID")]
    trace_id: String,
    #[prost(string, tag = "2")]
    root_service_name: String,
    #[prost(string, tag = "3")]
    root_trace_name: String,
    #[prost(uint64, tag = "4")]
    #[serde(deserialize_with = "number")]
    start_time_unix_nano: u64,
    #[prost(uint32, tag = "5")]
    #[serde(deserialize_with = "number")]
    duration_ms: u32,
    #[prost(message, optional, tag = "6")]
    span_set: Option<SpanSet>,
    #[prost(message, repeated, tag = "7")]
    span_sets: Vec<SpanSet>,
    #[prost(map = "string, message", tag = "8")]
    service_stats: HashMap<String, ServiceStats>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServiceStats {
    #[prost(uint32, tag = "1")]
    span_count: u32,
    #[prost(uint32, tag = "2")]
    error_count: u32,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct SpanSet {
    #[prost(message, repeated, tag = "1")]
    spans: Vec<FoundSpan>,
    #[prost(uint32, tag = "2")]
    matched: u32,
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<KeyValue>,
}

/// `Span` of a search.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FoundSpan {
    #[prost(string, tag = "1")]
    #[serde(rename = "spanID")]
    span_id: String,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(uint64, tag = "3")]
    #[serde(deserialize_with = "number")]
    start_time_unix_nano: u64,
    #[prost(uint64, tag = "4")]
    #[serde(deserialize_with = "number")]
    duration_nanos: u64,
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<KeyValue>,
}

/// A job is a file here.
#[derive(Clone, Copy, PartialEq, Eq, Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SearchMetrics {
    #[prost(uint32, tag = "1")]
    inspected_traces: u32,
    #[prost(uint64, tag = "2")]
    inspected_bytes: u64,
    #[prost(uint32, tag = "4")]
    completed_jobs: u32,
    #[prost(uint32, tag = "5")]
    total_jobs: u32,
}

impl SearchMetrics {
    /// Of a search that has read so much, and maybe need not read the rest.
    pub(super) fn of(looked_at: usize, cost: QueryStats, is_done: bool) -> Self {
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            inspected_traces: small(looked_at as u64),
            inspected_bytes: cost.bytes_scanned,
            completed_jobs: small(if is_done { cost.files_total } else { cost.files_read }),
            total_jobs: small(cost.files_total),
        }
    }
}

/// `SearchTagsResponse`.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TagNames {
    #[prost(string, repeated, tag = "1")]
    tag_names: Vec<String>,
}

/// `SearchTagsV2Response`.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct ScopedTagNames {
    #[prost(message, repeated, tag = "1")]
    scopes: Vec<ScopeTags>,
}

/// `SearchTagsV2Scope`.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct ScopeTags {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, repeated, tag = "2")]
    tags: Vec<String>,
}

/// `SearchTagValuesResponse`.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TagValues {
    #[prost(string, repeated, tag = "1")]
    tag_values: Vec<String>,
}

/// `SearchTagValuesV2Response`.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TypedTagValues {
    #[prost(message, repeated, tag = "1")]
    tag_values: Vec<TagValue>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct TagValue {
    #[prost(string, tag = "1")]
    #[serde(rename = "type")]
    kind: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// `QueryRangeResponse`.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct RangeSeries {
    #[prost(message, repeated, tag = "1")]
    series: Vec<TimeSeries>,
    #[prost(message, optional, tag = "2")]
    metrics: Option<SearchMetrics>,
    #[prost(uint32, tag = "3")]
    #[serde(deserialize_with = "partial")]
    status: u32,
    #[prost(string, tag = "4")]
    message: String,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<KeyValue>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    exemplars: Vec<Exemplar>,
}

#[derive(Clone, Copy, PartialEq, Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Sample {
    #[prost(double, tag = "1")]
    #[serde(deserialize_with = "number")]
    value: f64,
    #[prost(int64, tag = "2")]
    #[serde(deserialize_with = "number")]
    timestamp_ms: i64,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Exemplar {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<KeyValue>,
    #[prost(double, tag = "2")]
    #[serde(deserialize_with = "number")]
    value: f64,
    #[prost(int64, tag = "3")]
    #[serde(deserialize_with = "number")]
    timestamp_ms: i64,
}

/// `QueryInstantResponse`.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct InstantSeries {
    #[prost(message, repeated, tag = "1")]
    series: Vec<InstantValue>,
    #[prost(message, optional, tag = "2")]
    metrics: Option<SearchMetrics>,
    #[prost(uint32, tag = "3")]
    #[serde(deserialize_with = "partial")]
    status: u32,
    #[prost(string, tag = "4")]
    message: String,
}

/// `InstantSeries`.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct InstantValue {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<KeyValue>,
    #[prost(double, tag = "2")]
    #[serde(deserialize_with = "number")]
    value: f64,
}

/// `PartialStatus`: 0 complete, 1 partial.
fn partial<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(u32::from(String::deserialize(deserializer)? == "PARTIAL"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_of_the_http_routes_are_messages() {
        let trace: FoundTrace = serde_json::from_value(json!({
            "traceID": "ab", "rootServiceName": "shop", "startTimeUnixNano": "1732161600000000000", "durationMs": 5,
            "serviceStats": {"shop": {"spanCount": 2, "errorCount": 1}},
            "spanSets": [{"spans": [{"spanID": "cd", "durationNanos": "7", "attributes": [
                {"key": "n", "value": {"intValue": "9"}}, {"key": "t", "value": {"stringValue": "x"}},
                {"key": "d", "value": {"doubleValue": 0.5}}, {"key": "b", "value": {"boolValue": true}}]}], "matched": 1}],
        }))
        .unwrap();
        assert_eq!((trace.start_time_unix_nano, trace.duration_ms), (1_732_161_600_000_000_000, 5));
        assert_eq!(trace.service_stats["shop"], ServiceStats { span_count: 2, error_count: 1 });
        let span = &trace.span_sets[0].spans[0];
        let values: Vec<_> = span.attributes.iter().map(|one| one.value.clone().unwrap().text().unwrap()).collect();
        assert_eq!((span.duration_nanos, values), (7, ["9", "x", "0.5", "true"].map(String::from).into()));
        let series: RangeSeries = serde_json::from_value(json!({
            "series": [{"labels": [{"key": "s", "value": {"stringValue": "shop"}}], "promLabels": "{}",
                "samples": [{"timestampMs": "1000", "value": 2.5}, {"timestampMs": "2000", "value": "Infinity"}]}],
            "metrics": {"completedJobs": 1, "totalJobs": 1}, "status": "PARTIAL", "message": "why",
        }))
        .unwrap();
        let samples = &series.series[0].samples;
        assert_eq!((samples[0].timestamp_ms, samples[0].value, samples[1].value), (1000, 2.5, f64::INFINITY));
        assert_eq!((series.status, series.message.as_str()), (1, "why"));
        let whole: RangeSeries = serde_json::from_value(json!({"series": []})).unwrap();
        assert_eq!(whole.status, 0);
    }

    #[test]
    fn what_is_not_said_is_not_asked() {
        let asked = search::Asked::from(SearchAsked { query: "{}".to_owned(), limit: 7, ..SearchAsked::default() });
        assert_eq!((asked.limit.as_deref(), asked.start, asked.min_duration), (Some("7"), None, None));
        let asked = metrics::Asked::from(RangeAsked { step: 5, ..RangeAsked::default() });
        assert_eq!((asked.step.as_deref(), asked.exemplars), (Some("5ns"), None));
    }
}
