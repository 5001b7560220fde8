//! What the database did for one span: its digest, plan, samples, waits, and who held the lock.
//!
//! A span that nothing is known of has an answer of nulls: not every span is a statement, and not every server is polled.

use std::sync::Arc;

use arrow::datatypes::{Int64Type, TimestampNanosecondType};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use spanlake_schemas::ids::{SpanId, TraceId, to_hex};
use spanlake_schemas::mysql::{events::EVENT_PREFIX, keys};

use super::by_time;
use super::digests::{self, Digest, Which, attribute, samples_window};
use super::joined::{self, SPAN_TEXT, Sample};
use crate::columns::{Numbers, Texts};
use crate::error::ApiError;
use crate::parameters::{self, SECOND, sql_text};
use crate::query;
use crate::state::Shared;

/// How far from a span its digest's deltas are looked for.
const AROUND: i64 = 1800 * SECOND;
/// Samples and waits are seen up to so long before a span begins and after it ends: clocks, and the poller's interval.
const SLACK: i64 = 5 * SECOND;

#[derive(Debug, Deserialize)]
struct SpanParameters {
    trace_id: String,
    span_id: String,
}

/// What of the span is needed.
struct Span {
    text: Option<String>,
    port: Option<i64>,
    start: i64,
    end: i64,
}

/// `GET /api/mysql/span`.
pub(super) async fn span(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let SpanParameters { trace_id, span_id } = parameters::read(&uri)?;
    let trace_id = TraceId::parse_any(&trace_id).map_err(|error| ApiError::invalid(format!("trace_id: {error}")))?;
    let span_id = SpanId::parse_any(&span_id).map_err(|error| ApiError::invalid(format!("span_id: {error}")))?;
    let (trace_id, span_id) = (to_hex(&trace_id.0), to_hex(&span_id.0));
    let Some(span) = read(&shared, &trace_id, &span_id).await? else {
        return Ok(Json(nothing()).into_response());
    };
    let (from, until) = (span.start - SLACK, span.end + SLACK);
    let of_span = format!("trace_id = {} AND span_id = {}", sql_text(&trace_id), sql_text(&span_id));
    let said = joined::samples(&shared, &of_span, (from, until)).await?;
    let (server, digest, joined_by) = match said.first() {
        Some(sample) => {
            let digest = if sample.digest.is_empty() { None } else { Some(sample.digest.clone()) };
            (Some(sample.server.clone()), digest, "context")
        }
        None => match by_text(&shared, &span).await? {
            Some((server, digest)) => (Some(server), Some(digest), "digest"),
            None => (None, None, "none"),
        },
    };
    let mut answer = nothing();
    answer["joined_by"] = json!(joined_by);
    let mut samples = said;
    if let (Some(server), Some(digest)) = (&server, &digest) {
        let which = Which { server: Some(server), digest: Some(digest), ..Which::default() };
        let around = (span.start - AROUND, Some(span.end + AROUND));
        let sums = digests::sums(&shared, &which, around, "total_time", 1).await?;
        answer["digest"] = sums.first().map_or(Value::Null, Digest::json);
        let plans = digests::plans(&shared, &which, around, span.end).await?;
        answer["plan"] = plans.into_iter().next().map_or(Value::Null, |mut plan| plan["plan"].take());
        if samples.is_empty() {
            let condition = format!(
                "service_instance_id = {} AND {} = {}",
                sql_text(server),
                attribute(keys::DIGEST),
                sql_text(digest)
            );
            samples = joined::samples(&shared, &condition, (from, until)).await?;
            by_time::link(&shared, (server, digest), &mut samples).await?;
            // What is another span's tells nothing of this one, as long as there is one of its own.
            if samples.iter().any(|sample| by_time::is_of(sample, &trace_id, &span_id)) {
                samples.retain(|sample| by_time::is_of(sample, &trace_id, &span_id));
            }
        }
    }
    answer["server"] = json!(server);
    let waits = lock_waits(&shared, (&of_span, server.as_deref(), digest.as_deref()), (from, until)).await?;
    answer["waits"] = waits_of(&samples, &waits);
    answer["blocker"] = waits.first().map_or(Value::Null, blocker);
    answer["samples"] = samples.iter().map(Sample::json).collect();
    Ok(Json(answer).into_response())
}

fn nothing() -> Value {
    json!({"server": null, "joined_by": "none", "digest": null, "plan": null, "samples": [], "waits": [], "blocker": null})
}

async fn read(shared: &Shared, trace_id: &str, span_id: &str) -> Result<Option<Span>, ApiError> {
    let sql = format!(
        "SELECT {SPAN_TEXT} AS text, server_port, start_time, duration FROM spans WHERE trace_id = {} AND span_id = {} LIMIT 1",
        sql_text(trace_id),
        sql_text(span_id)
    );
    let (batches, _) = query::rows(shared, &sql).await?;
    let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else { return Ok(None) };
    let start = Numbers::<TimestampNanosecondType>::of(batch, "start_time").or_zero(0);
    Ok(Some(Span {
        text: Texts::of(batch, "text").at(0).map(str::to_owned),
        port: Numbers::<Int64Type>::of(batch, "server_port").at(0),
        start,
        end: start.saturating_add(Numbers::<Int64Type>::of(batch, "duration").or_zero(0)),
    }))
}

/// The first server that knows the digest of the span's text; servers on the span's port before others.
async fn by_text(shared: &Shared, span: &Span) -> Result<Option<(String, String)>, ApiError> {
    let Some(text) = &span.text else { return Ok(None) };
    let mut servers: Vec<String> = shared.mysql.servers().into_iter().map(|server| server.name).collect();
    if let Some(port) = span.port {
        servers.retain(|server| server.ends_with(&format!(":{port}")));
    }
    for server in servers {
        let digest = shared.mysql.digests_of(&server, vec![text.clone()]).await.into_iter().next().flatten();
        let Some(digest) = digest else { continue };
        let which = Which { server: Some(&server), digest: Some(&digest), ..Which::default() };
        let around = (span.start - AROUND, Some(span.end + AROUND));
        if !digests::sums(shared, &which, around, "total_time", 1).await?.is_empty() {
            return Ok(Some((server, digest)));
        }
    }
    Ok(None)
}

/// Details of the waits that were seen while the span ran: its own, else those of its digest.
async fn lock_waits(
    shared: &Shared,
    (of_span, server, digest): (&str, Option<&str>, Option<&str>),
    (from, until): (i64, i64),
) -> Result<Vec<Value>, ApiError> {
    let of_digest = server.zip(digest).map(|(server, digest)| {
        format!("service_instance_id = {} AND {} = {}", sql_text(server), attribute(keys::DIGEST), sql_text(digest))
    });
    for condition in [Some(of_span.to_owned()), of_digest].into_iter().flatten() {
        let sql = format!(
            "SELECT {} AS detail FROM logs WHERE service_name = 'mysql' AND event_name = '{EVENT_PREFIX}lock_wait' AND {} AND {condition} \
             ORDER BY time LIMIT 10",
            attribute(keys::DETAIL),
            samples_window(from, until)
        );
        let rows = query::texts(shared, &sql).await?;
        let found: Vec<Value> = rows.iter().filter_map(|row| serde_json::from_str(row.first()?).ok()).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn waits_of(samples: &[Sample], waits: &[Value]) -> Value {
    let mut all = Vec::new();
    for wait in waits {
        let kind = wait["kind"].as_str().unwrap_or("row");
        let object = wait["object"].as_str().unwrap_or_default();
        all.push(json!({"event": format!("{kind} lock on {object}"), "duration_ns": wait["wait_ns"]}));
    }
    let longest = samples.iter().map(|sample| sample.lock_time).max().filter(|time| *time > 0);
    if let Some(duration) = longest {
        all.push(json!({"event": "lock", "duration_ns": duration}));
    }
    Value::Array(all)
}

fn blocker(wait: &Value) -> Value {
    let blocking = &wait["blocking"];
    json!({
        "statement": blocking,
        "trace_id": blocking["trace_id"],
        "span_id": blocking["span_id"],
        "object": wait["object"],
    })
}
