//! What statements cost, by digest: the top of them, and one of them closely.
//!
//! Owns how stored deltas become sums, and the quantiles of merged histograms. All of it is asked by SQL.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int32Type, Int64Type, TimestampNanosecondType, UInt64Type};
use arrow::record_batch::RecordBatch;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use spanlake_schemas::mysql::{events, keys};
use spanlake_store::now_nanos;

use super::quantiles::Buckets;
use super::values::moment;
use crate::columns::{Numbers, Texts};
use crate::error::ApiError;
use crate::parameters::{self, Window, sql_moment, sql_text, sql_window};
use crate::query;
use crate::state::Shared;

const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 1000;
/// Digests of which the slowest are chosen by a quantile.
const CHOSEN_FROM: usize = 5000;
/// Parts of the range in a sparkline.
const SPARKLINE_PARTS: i64 = 30;

#[derive(Debug, Deserialize)]
struct DigestsParameters {
    server: Option<String>,
    sort: Option<String>,
    limit: Option<String>,
    schema: Option<String>,
    text: Option<String>,
    #[serde(flatten)]
    window: Window,
}

/// A digest of a server and schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) server: String,
    pub(super) schema: String,
    pub(super) digest: String,
}

/// The sums of one.
#[derive(Clone, Debug)]
pub(super) struct Digest {
    pub(super) key: Key,
    pub(super) text: String,
    calls: i64,
    errors: i64,
    total_time: i64,
    max: Option<i64>,
    lock_time: i64,
    rows_examined: i64,
    rows_sent: i64,
    rows_affected: i64,
    tmp_disk_tables: i64,
    no_index_used: i64,
    first_seen: i64,
    pub(super) last_seen: i64,
    p95: Option<i64>,
    p99: Option<i64>,
    sparkline: Vec<i64>,
}

impl Digest {
    pub(super) fn json(&self) -> Value {
        json!({
            "server": self.key.server,
            "digest": self.key.digest,
            "schema": self.key.schema,
            "text": self.text,
            "calls": self.calls,
            "errors": self.errors,
            "total_time_ns": self.total_time,
            "avg_ns": self.total_time / self.calls.max(1),
            "p95_ns": self.p95,
            "p99_ns": self.p99,
            "max_ns": self.max,
            "lock_time_ns": self.lock_time,
            "rows_examined": self.rows_examined,
            "rows_sent": self.rows_sent,
            "rows_affected": self.rows_affected,
            "tmp_disk_tables": self.tmp_disk_tables,
            "no_index_used": self.no_index_used,
            "first_seen": moment(self.first_seen),
            "last_seen": moment(self.last_seen),
            "sparkline": self.sparkline,
        })
    }
}

/// Which deltas are meant.
#[derive(Clone, Debug, Default)]
pub(super) struct Which<'a> {
    pub(super) server: Option<&'a str>,
    pub(super) schema: Option<&'a str>,
    pub(super) digest: Option<&'a str>,
    pub(super) text: Option<&'a str>,
}

impl Which<'_> {
    /// Conditions on the rows of a table with these attributes.
    pub(super) fn conditions(&self) -> String {
        let mut all = String::new();
        let mut add = |column: &str, value: Option<&str>| {
            if let Some(value) = value {
                all.push_str(&format!(" AND {column} = {}", sql_text(value)));
            }
        };
        add("service_instance_id", self.server);
        add(&attribute(keys::DIGEST), self.digest);
        // An empty one is that of statements that ran in none.
        add(&attribute(keys::SCHEMA), self.schema);
        if let Some(text) = self.text.filter(|text| !text.is_empty()) {
            all.push_str(&format!(
                " AND strpos(lower({}), {}) > 0",
                attribute(keys::TEXT),
                sql_text(&text.to_lowercase())
            ));
        }
        all
    }
}

pub(super) fn attribute(key: &str) -> String {
    format!("attributes['{key}']")
}

pub(super) fn number(key: &str) -> String {
    format!("CAST(attributes['{key}'] AS BIGINT)")
}

/// `GET /api/mysql/digests`.
pub(super) async fn digests(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let parameters: DigestsParameters = parameters::read(&uri)?;
    let (start, end) = parameters.window.bounds()?;
    let limit = parameters::count("limit", parameters.limit.as_deref(), LIMIT_DEFAULT, LIMIT_MAX)?;
    let which = Which {
        server: parameters.server.as_deref().filter(|server| !server.is_empty()),
        schema: parameters.schema.as_deref().filter(|schema| !schema.is_empty()),
        digest: None,
        text: parameters.text.as_deref(),
    };
    let sort = parameters.sort.as_deref().unwrap_or("total_time");
    let (order, read) = match sort {
        "p95" => ("total_time", CHOSEN_FROM),
        "total_time" | "calls" | "rows_examined" | "errors" => (sort, limit),
        other => {
            let known = "total_time, p95, calls, rows_examined or errors";
            return Err(ApiError::invalid(format!("sort: {other:?} is none of {known}")));
        }
    };
    let mut found = sums(&shared, &which, (start, end), order, read).await?;
    if sort == "p95" {
        found.sort_by_key(|digest| std::cmp::Reverse(digest.p95));
        found.truncate(limit);
    }
    sparklines(&shared, &which, (start, end), &mut found).await?;
    let digests: Vec<Value> = found.iter().map(Digest::json).collect();
    Ok(Json(json!({ "digests": digests, "searched_from": moment(start) })).into_response())
}

/// Sums over a range, with quantiles, without sparklines.
pub(super) async fn sums(
    shared: &Shared,
    which: &Which<'_>,
    (start, end): (i64, Option<i64>),
    order: &str,
    limit: usize,
) -> Result<Vec<Digest>, ApiError> {
    let sum = |key: &str, name: &str| format!("sum({}) AS {name}", number(key));
    let columns = [
        sum(keys::CALLS, "calls"),
        sum(keys::ERRORS, "errors"),
        sum(keys::TOTAL_TIME, "total_time"),
        sum(keys::LOCK_TIME, "lock_time"),
        sum(keys::ROWS_EXAMINED, "rows_examined"),
        sum(keys::ROWS_SENT, "rows_sent"),
        sum(keys::ROWS_AFFECTED, "rows_affected"),
        sum(keys::TMP_DISK_TABLES, "tmp_disk_tables"),
        sum(keys::NO_INDEX_USED, "no_index_used"),
        format!("max({}) AS longest", number(keys::MAX_TIME)),
    ];
    let sql = format!(
        "SELECT service_instance_id AS server, {} AS schema, {} AS digest, max({}) AS text, {}, \
         min(time) AS first_seen, max(time) AS last_seen FROM logs \
         WHERE service_name = 'mysql' AND event_name = '{}' AND {}{} \
         GROUP BY service_instance_id, {}, {} ORDER BY {order} DESC, digest LIMIT {limit}",
        attribute(keys::SCHEMA),
        attribute(keys::DIGEST),
        attribute(keys::TEXT),
        columns.join(", "),
        events::TOP_QUERY,
        sql_window("time", start, end),
        which.conditions(),
        attribute(keys::SCHEMA),
        attribute(keys::DIGEST),
    );
    let (batches, _) = query::rows(shared, &sql).await?;
    let mut found: Vec<Digest> = batches.iter().flat_map(digests_of).collect();
    let quantiles = durations(shared, which, (start, end)).await?;
    for digest in &mut found {
        if let Some(buckets) = quantiles.get(&digest.key) {
            // No bucket says more than the longest call.
            let cut = |value: Option<i64>| value.map(|value| digest.max.map_or(value, |max| value.min(max)));
            (digest.p95, digest.p99) = (cut(buckets.quantile(0.95)), cut(buckets.quantile(0.99)));
        }
    }
    Ok(found)
}

fn digests_of(batch: &RecordBatch) -> Vec<Digest> {
    let [servers, schemas, digests, texts] = ["server", "schema", "digest", "text"].map(|name| Texts::of(batch, name));
    let numbers = |name: &str| Numbers::<Int64Type>::of(batch, name);
    let [calls, errors, total_time, lock_time, longest] =
        ["calls", "errors", "total_time", "lock_time", "longest"].map(numbers);
    let [examined, sent, affected, tmp, no_index] =
        ["rows_examined", "rows_sent", "rows_affected", "tmp_disk_tables", "no_index_used"].map(numbers);
    let [first, last] = ["first_seen", "last_seen"].map(|name| Numbers::<TimestampNanosecondType>::of(batch, name));
    let rows = (0..batch.num_rows()).map(|row| Digest {
        key: Key {
            server: servers.or_empty(row).to_owned(),
            schema: schemas.or_empty(row).to_owned(),
            digest: digests.or_empty(row).to_owned(),
        },
        text: texts.or_empty(row).to_owned(),
        calls: calls.or_zero(row),
        errors: errors.or_zero(row),
        total_time: total_time.or_zero(row),
        max: longest.at(row),
        lock_time: lock_time.or_zero(row),
        rows_examined: examined.or_zero(row),
        rows_sent: sent.or_zero(row),
        rows_affected: affected.or_zero(row),
        tmp_disk_tables: tmp.or_zero(row),
        no_index_used: no_index.or_zero(row),
        first_seen: first.or_zero(row),
        last_seen: last.or_zero(row),
        p95: None,
        p99: None,
        sparkline: Vec::new(),
    });
    rows.collect()
}

/// Merged histograms of durations, for the digests that have some.
async fn durations(
    shared: &Shared,
    which: &Which<'_>,
    (start, end): (i64, Option<i64>),
) -> Result<HashMap<Key, Buckets>, ApiError> {
    let conditions = Which { text: None, ..which.clone() }.conditions();
    let sql = format!(
        "SELECT service_instance_id AS server, {} AS schema, {} AS digest, scale, positive_offset, positive_bucket_counts \
         FROM exp_histograms WHERE service_name = 'mysql' AND name = '{}' AND {}{conditions}",
        attribute(keys::SCHEMA),
        attribute(keys::DIGEST),
        keys::DURATION_METRIC,
        sql_window("time", start, end),
    );
    let (batches, _) = query::rows(shared, &sql).await?;
    let mut merged: HashMap<Key, Buckets> = HashMap::new();
    for batch in &batches {
        let [servers, schemas, digests] = ["server", "schema", "digest"].map(|name| Texts::of(batch, name));
        let [scales, offsets] = ["scale", "positive_offset"].map(|name| Numbers::<Int32Type>::of(batch, name));
        let counts = batch.column_by_name("positive_bucket_counts").and_then(|column| column.as_list_opt::<i32>());
        let Some(counts) = counts else { continue };
        for row in (0..batch.num_rows()).filter(|row| counts.is_valid(*row)) {
            let key = Key {
                server: servers.or_empty(row).to_owned(),
                schema: schemas.or_empty(row).to_owned(),
                digest: digests.or_empty(row).to_owned(),
            };
            let values = counts.value(row);
            if let Some(values) = values.as_primitive_opt::<UInt64Type>() {
                let buckets = merged.entry(key).or_default();
                buckets.add(scales.or_zero(row), offsets.or_zero(row), values.values());
            }
        }
    }
    Ok(merged)
}

/// Time by part of the range.
pub(super) async fn sparklines(
    shared: &Shared,
    which: &Which<'_>,
    (start, end): (i64, Option<i64>),
    found: &mut [Digest],
) -> Result<(), ApiError> {
    if found.is_empty() {
        return Ok(());
    }
    let width = (end.unwrap_or_else(now_nanos).saturating_sub(start) / SPARKLINE_PARTS).max(1);
    let digests: Vec<String> = found.iter().map(|digest| sql_text(&digest.key.digest)).collect();
    let sql = format!(
        "SELECT service_instance_id AS server, {schema} AS schema, {digest} AS digest, \
         (arrow_cast(time, 'Int64') - {start}) / {width} AS part, sum({}) AS total_time FROM logs \
         WHERE service_name = 'mysql' AND event_name = '{}' AND {}{} AND {digest} IN ({}) \
         GROUP BY service_instance_id, {schema}, {digest}, (arrow_cast(time, 'Int64') - {start}) / {width}",
        number(keys::TOTAL_TIME),
        events::TOP_QUERY,
        sql_window("time", start, end),
        which.conditions(),
        digests.join(", "),
        schema = attribute(keys::SCHEMA),
        digest = attribute(keys::DIGEST),
    );
    let (batches, _) = query::rows(shared, &sql).await?;
    let parts = usize::try_from(SPARKLINE_PARTS).unwrap_or(1);
    for digest in found.iter_mut() {
        digest.sparkline = vec![0; parts];
    }
    let positions: HashMap<Key, usize> =
        found.iter().enumerate().map(|(position, digest)| (digest.key.clone(), position)).collect();
    for batch in &batches {
        let [servers, schemas, digests] = ["server", "schema", "digest"].map(|name| Texts::of(batch, name));
        let [part, total] = ["part", "total_time"].map(|name| Numbers::<Int64Type>::of(batch, name));
        for row in 0..batch.num_rows() {
            let key = Key {
                server: servers.or_empty(row).to_owned(),
                schema: schemas.or_empty(row).to_owned(),
                digest: digests.or_empty(row).to_owned(),
            };
            let Some(position) = positions.get(&key) else { continue };
            let at = usize::try_from(part.or_zero(row)).unwrap_or(0).min(parts - 1);
            found[*position].sparkline[at] += total.or_zero(row);
        }
    }
    Ok(())
}

/// What a digest did over time.
pub(super) async fn points(
    shared: &Shared,
    which: &Which<'_>,
    (start, end): (i64, Option<i64>),
) -> Result<Vec<Value>, ApiError> {
    const STEP_MIN: i64 = 10 * parameters::SECOND;
    const POINTS: i64 = 300;
    let step = (end.unwrap_or_else(now_nanos).saturating_sub(start) / POINTS).max(STEP_MIN);
    let sum = |key: &str, name: &str| format!("sum({}) AS {name}", number(key));
    let sql = format!(
        "SELECT (arrow_cast(time, 'Int64') - {start}) / {step} AS part, {}, {}, {}, {} FROM logs \
         WHERE service_name = 'mysql' AND event_name = '{}' AND {}{} GROUP BY 1 ORDER BY 1",
        sum(keys::CALLS, "calls"),
        sum(keys::TOTAL_TIME, "total_time"),
        sum(keys::ERRORS, "errors"),
        sum(keys::ROWS_EXAMINED, "rows_examined"),
        events::TOP_QUERY,
        sql_window("time", start, end),
        which.conditions(),
    );
    let (batches, _) = query::rows(shared, &sql).await?;
    let mut points = Vec::new();
    for batch in &batches {
        let [part, calls, total, errors, examined] = ["part", "calls", "total_time", "errors", "rows_examined"]
            .map(|name| Numbers::<Int64Type>::of(batch, name));
        points.extend((0..batch.num_rows()).map(|row| {
            json!({
                "time": moment(start + part.or_zero(row) * step),
                "calls": calls.or_zero(row),
                "total_time_ns": total.or_zero(row),
                "errors": errors.or_zero(row),
                "rows_examined": examined.or_zero(row),
            })
        }));
    }
    Ok(points)
}

/// Plans of a digest, newest first. A plan is told anew every half hour, so that a range finds the one that it begins with.
pub(super) async fn plans(
    shared: &Shared,
    which: &Which<'_>,
    (start, end): (i64, Option<i64>),
    last_seen: i64,
) -> Result<Vec<Value>, ApiError> {
    let from = start.saturating_sub(parameters::HOUR);
    let sql = format!(
        "SELECT {hash} AS plan_hash, max({}) AS plan, max({}) AS sample, min(time) AS first_seen, max(time) AS last_seen FROM logs \
         WHERE service_name = 'mysql' AND event_name = '{}' AND {}{} GROUP BY {hash} ORDER BY last_seen DESC LIMIT 50",
        attribute(keys::PLAN),
        attribute(keys::TEXT),
        events::PLAN,
        sql_window("time", from, end),
        Which { text: None, ..which.clone() }.conditions(),
        hash = attribute(keys::PLAN_HASH),
    );
    let (batches, _) = query::rows(shared, &sql).await?;
    let mut plans = Vec::new();
    for batch in &batches {
        let [hashes, texts, samples] = ["plan_hash", "plan", "sample"].map(|name| Texts::of(batch, name));
        let [first, last] = ["first_seen", "last_seen"].map(|name| Numbers::<TimestampNanosecondType>::of(batch, name));
        for row in 0..batch.num_rows() {
            // The newest is in force for as long as the digest is seen.
            let seen = if plans.is_empty() { last.or_zero(row).max(last_seen) } else { last.or_zero(row) };
            plans.push(json!({
                "plan_hash": hashes.or_empty(row),
                "first_seen": moment(first.or_zero(row)),
                "last_seen": moment(seen),
                "plan": serde_json::from_str::<Value>(texts.or_empty(row)).unwrap_or(Value::Null),
                "sample": samples.or_empty(row),
            }));
        }
    }
    Ok(plans)
}

/// Conditions on the samples of a range.
pub(super) fn samples_window(start: i64, end: i64) -> String {
    format!("time >= {} AND time < {}", sql_moment(start), sql_moment(end))
}
