//! The envelope: `{"status":"success","data":…}` or `{"status":"error","errorType":…,"error":…}`, and values in it.
//!
//! Owns how histograms are written; numbers, times and labels are as [`super::data`] writes them.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};
use spanlake_promql::annotations::Annotations;
use spanlake_promql::eval::EvalError;
use spanlake_promql::histogram::{Bucket, Histogram};
use spanlake_promql::labels::Labels;
use spanlake_promql::number::format_plain;
use spanlake_promql::source::SourceError;

use super::data::{Names, Sample, Seconds};

/// What is answered instead of data.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Failure {
    pub(super) fn bad_data(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: "bad_data", message: message.into() }
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, kind: "not_found", message: message.into() }
    }

    pub(super) fn busy() -> Self {
        let message = "too many queries at once; retry".to_owned();
        Self { status: StatusCode::SERVICE_UNAVAILABLE, kind: "timeout", message }
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, kind: "internal", message: message.into() }
    }

    /// Kind and message, as they stand in the envelope.
    pub(crate) fn words(&self) -> (&'static str, &str) {
        (self.kind, &self.message)
    }
}

impl From<EvalError> for Failure {
    fn from(error: EvalError) -> Self {
        let message = error.to_string();
        let (status, kind) = match error {
            EvalError::Parse(_) => {
                return Self::bad_data(format!("invalid parameter \"query\": {message}"));
            }
            EvalError::TooManySteps { .. } => (StatusCode::BAD_REQUEST, "bad_data"),
            EvalError::Cancelled(_) => (StatusCode::SERVICE_UNAVAILABLE, "timeout"),
            _ => (StatusCode::UNPROCESSABLE_ENTITY, "execution"),
        };
        Self { status, kind, message }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        EvalError::from(error).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({ "status": "error", "errorType": self.kind, "error": self.message });
        (self.status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}

/// Data, and nothing to say about it.
pub(super) fn success(data: &impl Serialize) -> Response {
    with_notes(data, Vec::new(), Vec::new())
}

/// Data, with warnings and infos where there are some.
pub(super) fn with_notes(data: &impl Serialize, warnings: Vec<String>, infos: Vec<String>) -> Response {
    let envelope = Envelope { status: "success", data, warnings, infos };
    match serde_json::to_vec(&envelope) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => Failure::internal(error.to_string()).into_response(),
    }
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    status: &'static str,
    data: &'a T,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    infos: Vec<String>,
}

/// A result with its annotations; at most ten of each, as Prometheus gives.
pub(super) fn with_annotations(data: &impl Serialize, annotations: &Annotations, query: &str) -> Response {
    let first = |mut notes: Vec<String>| {
        notes.truncate(10);
        notes
    };
    with_notes(data, first(annotations.warnings(query)), first(annotations.infos(query)))
}

pub(crate) fn labels(labels: &Labels) -> Value {
    json!(Names(labels))
}

/// Seconds with up to three digits.
pub(crate) fn seconds(time_ms: i64) -> Value {
    json!(Seconds(time_ms))
}

pub(crate) fn sample(time_ms: i64, value: f64) -> Value {
    json!(Sample(time_ms, value))
}

pub(crate) fn histogram(time_ms: i64, histogram: &Histogram) -> Value {
    let rule = |bucket: &Bucket| match (bucket.lower_inclusive, bucket.upper_inclusive) {
        (false, true) => 0,
        (true, false) => 1,
        (false, false) => 2,
        (true, true) => 3,
    };
    let buckets: Vec<Value> = histogram
        .all_buckets()
        .iter()
        .filter(|bucket| bucket.count != 0.0)
        .map(|bucket| {
            json!([rule(bucket), format_plain(bucket.lower), format_plain(bucket.upper), format_plain(bucket.count)])
        })
        .collect();
    let mut value = json!({ "count": format_plain(histogram.count), "sum": format_plain(histogram.sum) });
    if !buckets.is_empty() {
        value["buckets"] = buckets.into();
    }
    json!([seconds(time_ms), value])
}
