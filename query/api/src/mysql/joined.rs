//! From statements to spans and back: by the context that a client sent along, or else by the digest of what it asked.
//!
//! Owns which spans are a digest's. The digest of a text is the server's word, asked for through [`super::MysqlLive`] once
//! a text.

use std::collections::BTreeMap;

use arrow::datatypes::{Int64Type, TimestampNanosecondType};
use arrow::record_batch::RecordBatch;
use serde_json::{Value, json};
use spanlake_schemas::ids::to_hex;
use spanlake_schemas::mysql::{events, keys};

use super::digests::{attribute, number, samples_window};
use super::values::moment;
use crate::columns::{Ids, Numbers, Texts};
use crate::error::ApiError;
use crate::parameters::{sql_text, sql_window};
use crate::query;
use crate::state::Shared;

/// Distinct texts of spans that are looked at, those of most spans first.
const TEXTS_MAX: usize = 1000;
/// Spans that are shown of a digest.
const SPANS_MAX: usize = 30;
const SAMPLES_MAX: usize = 50;

/// What a span says that it asked, by the new name or the old.
pub(super) const SPAN_TEXT: &str = "coalesce(db_query_text, db_statement)";
/// Spans of the systems that speak this protocol.
const IS_MYSQL: &str = "coalesce(db_system_name, db_system) IN ('mysql', 'mariadb', 'percona')";

/// A stored sample.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) server: String,
    pub(super) time: i64,
    pub(super) digest: String,
    text: String,
    pub(super) duration: i64,
    pub(super) lock_time: i64,
    rows_examined: i64,
    pub(super) trace_id: Option<String>,
    pub(super) span_id: Option<String>,
    source: String,
    /// Whether its span was found by time, and not said by the client.
    pub(super) is_by_time: bool,
}

impl Sample {
    /// One that ended at a moment, for tests.
    #[cfg(test)]
    pub(super) fn at(time: i64, duration: i64) -> Self {
        Self {
            server: String::new(),
            time,
            digest: String::new(),
            text: String::new(),
            duration,
            lock_time: 0,
            rows_examined: 0,
            trace_id: None,
            span_id: None,
            source: String::new(),
            is_by_time: false,
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "time": moment(self.time),
            "text": self.text,
            "duration_ns": self.duration,
            "rows_examined": self.rows_examined,
            "trace_id": self.trace_id,
            "span_id": self.span_id,
            "source": self.source,
            "joined_by": self.trace_id.as_ref().map(|_| if self.is_by_time { "time" } else { "context" }),
        })
    }
}

/// Samples that fulfil conditions, newest first.
pub(super) async fn samples(
    shared: &Shared,
    conditions: &str,
    (start, end): (i64, i64),
) -> Result<Vec<Sample>, ApiError> {
    let sql = format!(
        "SELECT time, service_instance_id AS server, trace_id, span_id, {} AS digest, {} AS text, {} AS source, \
         {} AS duration, {} AS lock_time, {} AS rows_examined FROM logs \
         WHERE service_name = 'mysql' AND event_name = '{}' AND {} AND {conditions} ORDER BY time DESC LIMIT {SAMPLES_MAX}",
        attribute(keys::DIGEST),
        attribute(keys::TEXT),
        attribute(keys::SOURCE),
        number(keys::DURATION),
        number(keys::LOCK_TIME),
        number(keys::ROWS_EXAMINED),
        events::QUERY_SAMPLE,
        samples_window(start, end),
    );
    let (batches, _) = query::rows(shared, &sql).await?;
    Ok(batches.iter().flat_map(samples_of).collect())
}

fn samples_of(batch: &RecordBatch) -> Vec<Sample> {
    let times = Numbers::<TimestampNanosecondType>::of(batch, "time");
    let [traces, spans] = ["trace_id", "span_id"].map(|name| Ids::of(batch, name));
    let [servers, digests, texts, sources] = ["server", "digest", "text", "source"].map(|name| Texts::of(batch, name));
    let [duration, lock_time, examined] =
        ["duration", "lock_time", "rows_examined"].map(|name| Numbers::<Int64Type>::of(batch, name));
    let rows = (0..batch.num_rows()).map(|row| Sample {
        server: servers.or_empty(row).to_owned(),
        time: times.or_zero(row),
        digest: digests.or_empty(row).to_owned(),
        text: texts.or_empty(row).to_owned(),
        duration: duration.or_zero(row),
        lock_time: lock_time.or_zero(row),
        rows_examined: examined.or_zero(row),
        trace_id: traces.at(row).map(to_hex),
        span_id: spans.at(row).map(to_hex),
        source: sources.or_empty(row).to_owned(),
        is_by_time: false,
    });
    rows.collect()
}

/// The spans of a range that may be of a server: those that name its port, or none.
pub(super) fn spans_of_server(server: &str, (start, end): (i64, Option<i64>)) -> String {
    let port = server.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).unwrap_or(3306);
    format!("{} AND {IS_MYSQL} AND (server_port IS NULL OR server_port = {port})", sql_window("start_time", start, end))
}

/// Texts of spans that have this digest at a server.
pub(super) async fn texts_of_digest(
    shared: &Shared,
    (server, digest): (&str, &str),
    window: (i64, Option<i64>),
) -> Result<Vec<String>, ApiError> {
    let sql = format!(
        "SELECT {SPAN_TEXT} AS text FROM spans WHERE {} AND {SPAN_TEXT} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT {TEXTS_MAX}",
        spans_of_server(server, window)
    );
    let texts: Vec<String> = query::texts(shared, &sql).await?.into_iter().filter_map(|mut row| row.pop()).collect();
    if texts.is_empty() {
        return Ok(texts);
    }
    let digests = shared.mysql.digests_of(server, texts.clone()).await;
    let of_digest = texts.into_iter().zip(digests).filter(|(_, of)| of.as_deref() == Some(digest));
    Ok(of_digest.map(|(text, _)| text).collect())
}

/// Services that send a digest, and spans that did: those that said so themselves first.
pub(super) async fn senders(
    shared: &Shared,
    (server, digest): (&str, &str),
    window: (i64, Option<i64>),
    samples: &[Sample],
) -> Result<(Vec<Value>, Vec<Value>), ApiError> {
    let said: BTreeMap<&str, &str> =
        samples.iter().filter_map(|sample| Some((sample.span_id.as_deref()?, sample.trace_id.as_deref()?))).collect();
    let texts = texts_of_digest(shared, (server, digest), window).await?;
    let mut any = Vec::new();
    if !texts.is_empty() {
        let list = texts.iter().map(|text| sql_text(text)).collect::<Vec<_>>().join(", ");
        any.push(format!("({} AND {SPAN_TEXT} IN ({list}))", spans_of_server(server, window)));
    }
    if !said.is_empty() {
        let list = |ids: Vec<&str>| ids.into_iter().map(sql_text).collect::<Vec<_>>().join(", ");
        let (spans, traces) = (list(said.keys().copied().collect()), list(said.values().copied().collect()));
        any.push(format!("(trace_id IN ({traces}) AND span_id IN ({spans}))"));
    }
    if any.is_empty() {
        return Ok(Default::default());
    }
    let condition = any.join(" OR ");
    let sql = format!(
        "SELECT service_name, count(*) AS spans, count(DISTINCT trace_id) AS traces, sum(duration) AS total_time FROM spans \
         WHERE {condition} GROUP BY service_name ORDER BY spans DESC, service_name LIMIT 100"
    );
    let (batches, _) = query::rows(shared, &sql).await?;
    let mut services = Vec::new();
    for batch in &batches {
        let names = Texts::of(batch, "service_name");
        let [spans, traces, total] =
            ["spans", "traces", "total_time"].map(|name| Numbers::<Int64Type>::of(batch, name));
        services.extend((0..batch.num_rows()).map(|row| {
            json!({"service_name": names.or_empty(row), "spans": spans.or_zero(row), "traces": traces.or_zero(row),
                   "total_time_ns": total.or_zero(row)})
        }));
    }
    let sql = format!(
        "SELECT trace_id, span_id, service_name, name, start_time, duration FROM spans WHERE {condition} \
         ORDER BY start_time DESC LIMIT {SPANS_MAX}"
    );
    let (batches, _) = query::rows(shared, &sql).await?;
    let mut traces: Vec<(bool, Value)> = batches.iter().flat_map(|batch| spans_as_json(batch, &said)).collect();
    traces.sort_by_key(|(is_said, _)| !is_said);
    Ok((services, traces.into_iter().map(|(_, trace)| trace).collect()))
}

fn spans_as_json(batch: &RecordBatch, said: &BTreeMap<&str, &str>) -> Vec<(bool, Value)> {
    let [traces, spans] = ["trace_id", "span_id"].map(|name| Ids::of(batch, name));
    let [services, names] = ["service_name", "name"].map(|name| Texts::of(batch, name));
    let starts = Numbers::<TimestampNanosecondType>::of(batch, "start_time");
    let durations = Numbers::<Int64Type>::of(batch, "duration");
    let rows = (0..batch.num_rows()).map(|row| {
        let (trace_id, span_id) = (to_hex(traces.or_empty(row)), to_hex(spans.or_empty(row)));
        let is_said = said.get(span_id.as_str()) == Some(&trace_id.as_str());
        let span = json!({
            "trace_id": trace_id,
            "span_id": span_id,
            "service_name": services.or_empty(row),
            "name": names.or_empty(row),
            "start": moment(starts.or_zero(row)),
            "duration_ns": durations.or_zero(row),
            "joined_by": if is_said { "context" } else { "digest" },
        });
        (is_said, span)
    });
    rows.collect()
}
