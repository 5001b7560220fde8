//! Samples, deltas, plans and events as OTLP log records of a server.
//!
//! Owns names and forms of attributes. What is stored has no literals of statements in it.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use serde_json::Value;
use spanlake_schemas::mysql::{LockWait, Statement, TraceContext, events, keys};

use super::message::{SCOPE, Target};

/// A record in the making.
pub(super) fn record(time: i64, event_name: &str, body: &str, attributes: Vec<KeyValue>) -> LogRecord {
    let nanoseconds = u64::try_from(time).unwrap_or(0);
    LogRecord {
        time_unix_nano: nanoseconds,
        observed_time_unix_nano: nanoseconds,
        severity_number: i32::from(SeverityNumber::Info),
        severity_text: "INFO".to_owned(),
        event_name: event_name.to_owned(),
        body: (!body.is_empty()).then(|| AnyValue { value: Some(any_value::Value::StringValue(body.to_owned())) }),
        attributes,
        ..LogRecord::default()
    }
}

/// The request of some records.
pub(super) fn request(target: &Target, log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let scope = InstrumentationScope {
        name: SCOPE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    };
    let scope_logs = vec![ScopeLogs { scope: Some(scope), log_records, ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { resource: Some(target.resource()), scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }
}

pub(super) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.to_owned()))
}

pub(super) fn integer(key: &str, value: i64) -> KeyValue {
    attribute(key, any_value::Value::IntValue(value))
}

fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// With the span that caused it.
pub(super) fn in_context(mut record: LogRecord, context: Option<TraceContext>) -> LogRecord {
    if let Some(context) = context {
        record.trace_id = context.trace_id.to_vec();
        record.span_id = context.span_id.to_vec();
        record.flags = 1;
    }
    record
}

/// One statement that was seen; its time is when it ended, or was last seen to run, as far as that is known.
pub(super) fn sample(time: i64, statement: &Statement, source: &str) -> LogRecord {
    let mut attributes = vec![
        text("db.system.name", "mysql"),
        text(keys::TEXT, &statement.text),
        text(keys::SCHEMA, &statement.schema),
        text(keys::SOURCE, source),
        text("user.name", &statement.user),
        text("client.address", &statement.host),
        integer(keys::THREAD, i64::try_from(statement.thread).unwrap_or(0)),
        integer(keys::DURATION, statement.duration_ns),
        integer(keys::LOCK_TIME, statement.lock_time_ns),
        integer(keys::ROWS_EXAMINED, statement.rows_examined),
        integer(keys::ROWS_SENT, statement.rows_sent),
    ];
    if let Some(digest) = &statement.digest {
        attributes.push(text(keys::DIGEST, digest));
    }
    let mut record = record(time, events::QUERY_SAMPLE, "", attributes);
    if let Some(ran_until) = statement.ran_until {
        record.time_unix_nano = u64::try_from(ran_until).unwrap_or(record.time_unix_nano);
    }
    in_context(record, statement.context)
}

/// Something that happened to a server, in a sentence and in detail.
pub(super) fn event(time: i64, kind: &str, title: &str, detail: &Value) -> LogRecord {
    let attributes = vec![text(keys::DETAIL, &detail.to_string())];
    record(time, &format!("{}{kind}", events::EVENT_PREFIX), title, attributes)
}

/// A wait that has begun; the record belongs to the trace that waits.
pub(super) fn lock_wait(time: i64, wait: &LockWait) -> LogRecord {
    let title = format!(
        "thread {} waits for a lock on {} that thread {} holds",
        wait.waiting.thread, wait.object, wait.blocking.thread
    );
    // Of times only its own stands in an event.
    let detail = wait.json(|_| Value::Null);
    let mut record = event(time, "lock_wait", &title, &detail);
    if let Some(digest) = &wait.waiting.digest {
        record.attributes.push(text(keys::DIGEST, digest));
    }
    in_context(record, wait.waiting.context)
}
