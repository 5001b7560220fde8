//! `GET /api/traces/facets`: how often which values are among the spans that match.
//!
//! Owns which keys there are, how many values are shown, and over how many spans they are counted: all that match, or
//! those of a sample of traces, where the range has too many spans to look at in time. Keys that have columns are
//! counted by default; any other may be asked for, and costs a look into maps.

mod counts;
mod key;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampNanosecondType};
use arrow::record_batch::RecordBatch;
use axum::Json;
use axum::extract::State;
use http::Uri;
use serde_json::{Value, json};

use crate::columns::{Numbers, Texts};
use crate::error::ApiError;
use crate::matching_spans::{MatchingSpans, parameter};
use crate::parameters::{self, sql_moment};
use crate::state::Shared;
use crate::trace_sample::{TraceSample, start_of_newest};
use counts::{Counted, Counts, VALUES_MAX};
pub(crate) use key::FacetKey;

/// Values shown of a key unless told, and at most.
const VALUES: usize = 20;
const VALUES_SHOWN_MAX: usize = 1_000;
const KEYS_MAX: usize = 32;
/// Newest spans that say which attributes are common.
const SAMPLE_SPANS: usize = 5_000;
/// Where fewer of a sample of traces match, newer ones of all traces are looked for.
const FEW_SAMPLE_SPANS: usize = if cfg!(test) { 20 } else { SAMPLE_SPANS / 5 };
/// Attributes that are shown unasked, and how many values one of them may have in the sample.
const COMMON_KEYS: usize = 4;
const COMMON_VALUES_MAX: usize = 200;
/// Other attributes of the sample that are offered.
const OFFERED_MAX: usize = 100;
/// Where a range has more spans than this, those of some traces are counted, and stand for all.
const EXACT_SPANS_MAX: u64 = if cfg!(test) { 150 } else { 500_000 };
/// Values that are looked at in all: with more keys fewer spans are.
const VALUES_LOOKED_AT_MAX: u64 = 4_000_000;
/// Where fewer spans of a sample match than this, what is asked for is seldom, and all of it is counted.
const THIN_SAMPLE_SPANS: u64 = if cfg!(test) { 50 } else { 1_500 };

/// The route.
pub(crate) async fn facets(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, ApiError> {
    let limit = parameters::count("limit", parameter(&uri, "limit").as_deref(), VALUES, VALUES_SHOWN_MAX)?;
    let asked = parameter(&uri, "keys").map(|text| FacetKey::list(&text)).transpose()?;
    if asked.as_ref().is_some_and(|keys| keys.len() > KEYS_MAX) {
        return Err(ApiError::invalid(format!("keys: at most {KEYS_MAX} at once")));
    }
    let mut spans = MatchingSpans::of(&shared, &uri).await?;
    let keys_counted = asked.as_ref().map_or(FacetKey::fixed().len() + COMMON_KEYS, Vec::len);
    let spans_max = EXACT_SPANS_MAX.min(VALUES_LOOKED_AT_MAX / keys_counted.max(1) as u64);
    let sample = TraceSample::of(&shared, &spans.engine, (spans.start, spans.end), spans_max).await?;
    let (common, mut offered) = common_keys(&shared, &mut spans, sample).await?;
    let keys = asked.unwrap_or_else(|| FacetKey::fixed().into_iter().chain(common).collect());
    let counts = counted(&shared, &mut spans, &keys, sample).await?;
    let mut answer = counts.all().written();
    let mut facets = Vec::new();
    for (key, (values, untold)) in keys.iter().zip(counts.into_keys()) {
        if untold > 0 {
            spans.note(format!("{} has more than {VALUES_MAX} values, of which not all are told apart", key.name()));
        }
        facets.push(facet(key, values, untold, limit));
    }
    offered.retain(|name| keys.iter().all(|key| key.name() != name));
    answer["facets"] = json!(facets);
    answer["keys"] = json!(offered);
    answer["stats"] = spans.stats();
    Ok(Json(answer))
}

/// Counts the keys over the spans that match, or over those of a sample of traces.
async fn counted(
    shared: &Shared,
    spans: &mut MatchingSpans,
    keys: &[FacetKey],
    sample: TraceSample,
) -> Result<Counts, ApiError> {
    let counts = counted_in(shared, spans, keys, sample).await?;
    if sample == TraceSample::All {
        return Ok(counts);
    }
    if counts.rows() < THIN_SAMPLE_SPANS {
        return counted_in(shared, spans, keys, TraceSample::All).await;
    }
    spans.sampled(sample.weight());
    Ok(counts)
}

async fn counted_in(
    shared: &Shared,
    spans: &mut MatchingSpans,
    keys: &[FacetKey],
    sample: TraceSample,
) -> Result<Counts, ApiError> {
    let columns: String =
        keys.iter().enumerate().map(|(index, key)| format!(", {} AS {}", key.sql(), Counts::column(index))).collect();
    let condition = format!("{}{}", spans.condition(), sample.condition());
    let sql = format!("SELECT trace_id, status_code, sampling_probability{columns} FROM spans WHERE {condition}");
    let mut counts = Counts::of(keys.len(), sample.weight());
    spans.each_batch(shared, &sql, |batch| counts.add(batch)).await?;
    Ok(counts)
}

/// A key's most frequent values.
fn facet(key: &FacetKey, mut values: Vec<(String, Counted)>, untold: u64, limit: usize) -> Value {
    values.sort_unstable_by(|(one, of_one), (other, of_other)| {
        of_other.spans.value().cmp(&of_one.spans.value()).then_with(|| one.cmp(other))
    });
    let others = values.split_off(limit.min(values.len()));
    let shown: Vec<Value> = values
        .iter()
        .map(|(value, counted)| {
            let mut written = counted.written();
            written["value"] = json!(value);
            written
        })
        .collect();
    let spans_of_others = others.iter().map(|(_, counted)| counted.spans.value()).sum::<u64>() + untold;
    json!({
        "key": key.name(), "label": key.label(), "values": shown,
        "other": {"values": others.len(), "spans": spans_of_others}, "filter": key.filter(),
    })
}

/// Attributes with columns that the newest spans have most, and all names that they have: those of the sample's traces, whose
/// rows lie together, or of all where too few of these match.
async fn common_keys(
    shared: &Shared,
    spans: &mut MatchingSpans,
    sample: TraceSample,
) -> Result<(Vec<FacetKey>, Vec<String>), ApiError> {
    if sample != TraceSample::All {
        let newest = SAMPLE_SPANS as u64 * sample.weight();
        let since = start_of_newest(spans.engine.version(), (spans.start, spans.end), newest).unwrap_or(spans.start);
        let looked_at = common_keys_since(shared, spans, since, sample).await?;
        if looked_at.spans >= FEW_SAMPLE_SPANS {
            return Ok(looked_at.into_common());
        }
    }
    let Some(since) = start_of_newest_matches(shared, spans).await? else { return Ok((Vec::new(), Vec::new())) };
    Ok(common_keys_since(shared, spans, since, TraceSample::All).await?.into_common())
}

/// Spans that were looked at for the keys that they have.
struct LookedAt {
    spans: usize,
    usage: Vec<(KeyUsage, FacetKey)>,
    others: HashMap<String, usize>,
}

async fn common_keys_since(
    shared: &Shared,
    spans: &mut MatchingSpans,
    since: i64,
    sample: TraceSample,
) -> Result<LookedAt, ApiError> {
    let keys = FacetKey::promoted();
    let columns: String =
        keys.iter().enumerate().map(|(index, key)| format!("{} AS {}, ", key.sql(), Counts::column(index))).collect();
    let sql = format!(
        "SELECT {columns}map_keys(other_attributes) AS others FROM spans WHERE {}{} AND start_time >= {} LIMIT {}",
        spans.condition(),
        sample.condition(),
        sql_moment(since),
        2 * SAMPLE_SPANS
    );
    let mut usage = vec![KeyUsage::default(); keys.len()];
    let mut others: HashMap<String, usize> = HashMap::new();
    let mut rows = 0;
    let add = |batch: &RecordBatch| {
        rows += batch.num_rows();
        usage
            .iter_mut()
            .enumerate()
            .for_each(|(index, usage)| usage.add(&Texts::of(batch, &Counts::column(index)), batch.num_rows()));
        add_names(&mut others, batch);
    };
    spans.each_batch(shared, &sql, add).await?;
    Ok(LookedAt { spans: rows, usage: usage.into_iter().zip(keys).collect(), others })
}

impl LookedAt {
    /// The keys that are counted unasked, and the names of all that are offered, most used first.
    fn into_common(self) -> (Vec<FacetKey>, Vec<String>) {
        let mut used: Vec<(KeyUsage, FacetKey)> = self.usage.into_iter().filter(|(usage, _)| usage.spans > 0).collect();
        used.sort_by_key(|(usage, _)| std::cmp::Reverse(usage.spans));
        let mut others: Vec<(String, usize)> = self.others.into_iter().collect();
        others.sort_unstable_by(|(one, of_one), (other, of_other)| of_other.cmp(of_one).then_with(|| one.cmp(other)));
        let fixed = FacetKey::fixed().into_iter().map(|key| key.name().to_owned());
        let mut names: Vec<String> = fixed.chain(used.iter().map(|(_, key)| key.name().to_owned())).collect();
        names.extend(others.into_iter().take(OFFERED_MAX).map(|(name, _)| name));
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        let common = used.into_iter().filter(|(usage, _)| usage.is_telling()).map(|(_, key)| key).take(COMMON_KEYS);
        (common.collect(), names)
    }
}

/// How the newest spans have a key.
#[derive(Clone, Default)]
struct KeyUsage {
    spans: usize,
    /// Different values, of which no more are kept than can be told.
    values: HashSet<String>,
}

impl KeyUsage {
    fn add(&mut self, values: &Texts<'_>, rows: usize) {
        for value in (0..rows).filter_map(|row| values.at(row)) {
            self.spans += 1;
            if self.values.len() <= COMMON_VALUES_MAX && !self.values.contains(value) {
                self.values.insert(value.to_owned());
            }
        }
    }

    /// A key of one value, or of a value a span, tells little.
    fn is_telling(&self) -> bool {
        (2..=COMMON_VALUES_MAX).contains(&self.values.len())
    }
}

/// Counts the names in lists of them.
fn add_names(counts: &mut HashMap<String, usize>, batch: &RecordBatch) {
    let Some(lists) = batch.column_by_name("others").and_then(|column| column.as_list_opt::<i32>()) else { return };
    let Some(names) = lists.values().as_string_opt::<i32>() else { return };
    let of_rows = lists.value_offsets()[0] as usize..lists.value_offsets()[batch.num_rows()] as usize;
    for name in of_rows.map(|index| names.value(index)) {
        match counts.get_mut(name) {
            Some(count) => *count += 1,
            None => _ = counts.insert(name.to_owned(), 1),
        }
    }
}

/// The start of the oldest of the newest spans that match; looked for among few spans first, as most filters are met soon.
async fn start_of_newest_matches(shared: &Shared, spans: &mut MatchingSpans) -> Result<Option<i64>, ApiError> {
    let few = start_of_newest(spans.engine.version(), (spans.start, spans.end), 10 * SAMPLE_SPANS as u64);
    for from in few.map(Some).into_iter().chain([None]) {
        let after = from.map(|from| format!(" AND start_time >= {}", sql_moment(from))).unwrap_or_default();
        let sql = format!(
            "SELECT min(start_time) AS since, count(*) AS spans FROM \
             (SELECT start_time FROM spans WHERE {}{after} ORDER BY start_time DESC LIMIT {SAMPLE_SPANS})",
            spans.condition()
        );
        for batch in spans.rows(shared, &sql).await? {
            let since = Numbers::<TimestampNanosecondType>::of(&batch, "since").at(0);
            let found = Numbers::<Int64Type>::of(&batch, "spans").or_zero(0);
            if from.is_none() || found >= SAMPLE_SPANS as i64 {
                return Ok(since);
            }
        }
    }
    Ok(None)
}
