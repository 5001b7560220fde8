//! `GET /api/traces/facets`: how often which values are among the spans that match.
//!
//! Owns which keys there are, and how many values are shown. Keys that have columns are counted by default; any other
//! may be asked for, and costs a look into maps. Counting is SQL's.

mod key;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::{Int64Type, TimestampNanosecondType};
use arrow::record_batch::RecordBatch;
use axum::Json;
use axum::extract::State;
use http::Uri;
use serde_json::{Value, json};
use spanlake_schemas::ids::TraceId;

use crate::columns::{Ids, Numbers, Texts};
use crate::error::ApiError;
use crate::matching_spans::{MatchingSpans, parameter};
use crate::parameters::{self, sql_moment};
use crate::state::Shared;
pub(crate) use key::FacetKey;

/// Values shown of a key unless told, and at most.
const VALUES: usize = 20;
const VALUES_MAX: usize = 1_000;
/// Values that are told apart; what is rarer than these is not counted.
const VALUES_COUNTED_MAX: usize = 10_000;
const KEYS_MAX: usize = 32;
/// Newest spans that say which attributes are common.
const SAMPLE_SPANS: usize = 5_000;
/// Attributes that are shown unasked, and how many values one of them may have in the sample.
const COMMON_KEYS: usize = 4;
const COMMON_VALUES_MAX: i64 = 200;
/// Other attributes of the sample that are offered.
const OFFERED_MAX: usize = 100;
/// With more spans than this, traces are estimated from those whose id ends in one byte of 256.
const EXACT_TRACES_SPANS_MAX: i64 = if cfg!(test) { 150 } else { 2_000_000 };
/// Spans of these that are held.
const SAMPLED_MAX: usize = 1_000_000;

/// The route.
pub(crate) async fn facets(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, ApiError> {
    let limit = parameters::count("limit", parameter(&uri, "limit").as_deref(), VALUES, VALUES_MAX)?;
    let asked = parameter(&uri, "keys").map(|text| FacetKey::list(&text)).transpose()?;
    if asked.as_ref().is_some_and(|keys| keys.len() > KEYS_MAX) {
        return Err(ApiError::invalid(format!("keys: at most {KEYS_MAX} at once")));
    }
    let mut spans = MatchingSpans::of(&shared, &uri).await?;
    let total = totals(&shared, &mut spans).await?;
    let (common, mut offered) = common_keys(&shared, &mut spans).await?;
    let keys = asked.unwrap_or_else(|| FacetKey::fixed().into_iter().chain(common).collect());
    let sampled = match total.spans {
        ..=EXACT_TRACES_SPANS_MAX => None,
        _ => Some(sampled_traces(&shared, &mut spans, &keys).await?),
    };
    let mut facets = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let sampled = sampled.as_ref().and_then(|sampled| sampled.get(index));
        facets.push(facet(&shared, &mut spans, key, limit, sampled).await?);
    }
    offered.retain(|name| keys.iter().all(|key| key.name() != name));
    Ok(Json(json!({
        "spans": total.spans, "traces": total.traces, "errors": total.errors,
        "facets": facets, "keys": offered, "stats": spans.stats(),
    })))
}

#[derive(Clone, Copy, Default)]
struct Totals {
    spans: i64,
    traces: i64,
    errors: i64,
}

const ERRORS: &str = "count(*) FILTER (WHERE status_code = 'error')";

async fn totals(shared: &Shared, spans: &mut MatchingSpans) -> Result<Totals, ApiError> {
    let condition = spans.condition().to_owned();
    let sql = format!("SELECT count(*) AS spans, {ERRORS} AS errors FROM spans WHERE {condition}");
    let mut totals = Totals::default();
    for batch in spans.rows(shared, &sql).await? {
        let number = |name| Numbers::<Int64Type>::of(&batch, name).or_zero(0);
        (totals.spans, totals.errors) = (number("spans"), number("errors"));
    }
    let sql = if totals.spans <= EXACT_TRACES_SPANS_MAX {
        format!("SELECT count(*) AS traces FROM (SELECT DISTINCT trace_id FROM spans WHERE {condition})")
    } else {
        spans.note("numbers of traces are estimated from every 256th trace".to_owned());
        format!(
            "SELECT 256 * count(*) AS traces FROM \
             (SELECT DISTINCT trace_id FROM spans WHERE {condition} AND last_byte(trace_id) = 0)"
        )
    };
    for batch in spans.rows(shared, &sql).await? {
        totals.traces = Numbers::<Int64Type>::of(&batch, "traces").or_zero(0);
    }
    Ok(totals)
}

/// How many traces have each value of each key, from every 256th trace: ids of traces are read once for all keys, as they cost
/// more than all the rest.
async fn sampled_traces(
    shared: &Shared,
    spans: &mut MatchingSpans,
    keys: &[FacetKey],
) -> Result<Vec<HashMap<String, i64>>, ApiError> {
    let columns: Vec<String> =
        keys.iter().enumerate().map(|(index, key)| format!(", {} AS v{index}", key.sql())).collect();
    let sql = format!(
        "SELECT trace_id{} FROM spans WHERE {} AND last_byte(trace_id) = 0 LIMIT {SAMPLED_MAX}",
        columns.join(""),
        spans.condition()
    );
    let mut traces: Vec<HashMap<String, HashSet<TraceId>>> = vec![HashMap::new(); keys.len()];
    let mut rows = 0;
    for batch in spans.rows(shared, &sql).await? {
        rows += batch.num_rows();
        let ids = Ids::of(&batch, "trace_id");
        for (index, traces) in traces.iter_mut().enumerate() {
            let values = Texts::of(&batch, &format!("v{index}"));
            for row in 0..batch.num_rows() {
                let (Some(value), Some(id)) = (values.at(row), ids.at(row).and_then(TraceId::from_slice)) else {
                    continue;
                };
                match traces.get_mut(value) {
                    Some(of_value) => _ = of_value.insert(id),
                    None => _ = traces.insert(value.to_owned(), HashSet::from([id])),
                }
            }
        }
    }
    if rows >= SAMPLED_MAX {
        spans.note(format!("numbers of traces by value are from {SAMPLED_MAX} spans only, and too small"));
    }
    let counted = |traces: HashMap<String, HashSet<TraceId>>| {
        traces.into_iter().map(|(value, of_value)| (value, 256 * of_value.len() as i64)).collect()
    };
    Ok(traces.into_iter().map(counted).collect())
}

/// A key's most frequent values.
async fn facet(
    shared: &Shared,
    spans: &mut MatchingSpans,
    key: &FacetKey,
    limit: usize,
    sampled: Option<&HashMap<String, i64>>,
) -> Result<Value, ApiError> {
    let (condition, value) = (spans.condition(), key.sql());
    let sql = if sampled.is_none() {
        format!(
            "SELECT value, sum(n) AS spans, count(*) AS traces, sum(e) AS errors FROM \
             (SELECT {value} AS value, trace_id, count(*) AS n, {ERRORS} AS e FROM spans WHERE {condition} GROUP BY 1, 2) \
             WHERE value IS NOT NULL GROUP BY value ORDER BY spans DESC, value LIMIT {VALUES_COUNTED_MAX}"
        )
    } else {
        format!(
            "SELECT value, count(*) AS spans, {ERRORS} AS errors \
             FROM (SELECT {value} AS value, status_code FROM spans WHERE {condition}) WHERE value IS NOT NULL GROUP BY value ORDER BY spans DESC, value LIMIT {VALUES_COUNTED_MAX}"
        )
    };
    let batches = spans.rows(shared, &sql).await?;
    let mut shown: Vec<Value> = Vec::new();
    let (mut others, mut spans_of_others) = (0_i64, 0_i64);
    for batch in &batches {
        let values = Texts::of(batch, "value");
        let [counts, traces, errors] = ["spans", "traces", "errors"].map(|name| Numbers::<Int64Type>::of(batch, name));
        for row in 0..batch.num_rows() {
            if shown.len() < limit {
                let value = values.or_empty(row);
                let traces = sampled.map_or_else(|| traces.or_zero(row), |of| of.get(value).copied().unwrap_or(0));
                shown.push(json!({
                    "value": value, "spans": counts.or_zero(row), "traces": traces,
                    "errors": errors.or_zero(row),
                }));
            } else {
                others += 1;
                spans_of_others += counts.or_zero(row);
            }
        }
    }
    if batches.iter().map(RecordBatch::num_rows).sum::<usize>() >= VALUES_COUNTED_MAX {
        spans.note(format!(
            "{} has more than {VALUES_COUNTED_MAX} values, of which the most frequent are counted",
            key.name()
        ));
    }
    Ok(json!({
        "key": key.name(), "label": key.label(), "values": shown,
        "other": {"values": others, "spans": spans_of_others}, "filter": key.filter(),
    }))
}

/// Attributes with columns that the newest spans have most, and all names that they have.
async fn common_keys(shared: &Shared, spans: &mut MatchingSpans) -> Result<(Vec<FacetKey>, Vec<String>), ApiError> {
    let condition = spans.condition().to_owned();
    let sql = format!(
        "SELECT min(start_time) AS since FROM \
         (SELECT start_time FROM spans WHERE {condition} ORDER BY start_time DESC LIMIT {SAMPLE_SPANS})"
    );
    let batches = spans.rows(shared, &sql).await?;
    let since = batches.iter().find_map(|batch| Numbers::<TimestampNanosecondType>::of(batch, "since").at(0));
    let Some(since) = since else { return Ok((Vec::new(), Vec::new())) };
    let sample = format!("{condition} AND start_time >= {}", sql_moment(since));
    let keys = FacetKey::promoted();
    let columns: Vec<String> = keys
        .iter()
        .enumerate()
        .map(|(index, key)| format!("count({0}) AS n{index}, count(DISTINCT {0}) AS d{index}", key.sql()))
        .collect();
    let sql = format!("SELECT {} FROM spans WHERE {sample}", columns.join(", "));
    let mut counted: Vec<(i64, i64, FacetKey)> = Vec::new();
    for batch in spans.rows(shared, &sql).await? {
        counted.extend(keys.iter().enumerate().map(|(index, key)| {
            let number = |kind: char| Numbers::<Int64Type>::of(&batch, &format!("{kind}{index}")).or_zero(0);
            (number('n'), number('d'), key.clone())
        }));
    }
    counted.retain(|(count, ..)| *count > 0);
    counted.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    let mut names: Vec<String> = FacetKey::fixed().iter().map(|key| key.name().to_owned()).collect();
    names.extend(counted.iter().map(|(_, _, key)| key.name().to_owned()));
    // A key of one value, or of a value a span, tells little.
    let is_telling = |values: i64| (2..=COMMON_VALUES_MAX).contains(&values);
    let common =
        counted.into_iter().filter(|(_, values, _)| is_telling(*values)).map(|(.., key)| key).take(COMMON_KEYS);
    let common = common.collect();
    let sql = format!(
        "SELECT key, count(*) AS n FROM (SELECT unnest(map_keys(other_attributes)) AS key FROM spans WHERE {sample}) \
         GROUP BY key ORDER BY n DESC, key LIMIT {OFFERED_MAX}"
    );
    for batch in spans.rows(shared, &sql).await? {
        let texts = Texts::of(&batch, "key");
        names.extend((0..batch.num_rows()).map(|row| texts.or_empty(row).to_owned()));
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    Ok((common, names))
}
