//! `GET /api/traces/{trace_id}/shape`: a trace against the median of those that have its shape.
//!
//! Owns what a shape is: for each span the services and names from the root down to it, and how many of the same there are
//! beside it, in order of start. Times are those of the waterfall ([`TraceTree`]). Looks at the newest traces with the
//! same root of a day before and an hour after. Never compares attributes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{Int64Type, TimestampNanosecondType};
use arrow::record_batch::RecordBatch;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use spanlake_schemas::ids::{SpanId, TraceId};
use spanlake_schemas::tables::Table;
use spanlake_schemas::trace_tree::{RowOf, SpanShape, TraceRow, TraceTree};
use spanlake_store::now_nanos;

use super::no_trace;
use crate::columns::{Ids, Numbers, Texts};
use crate::error::ApiError;
use crate::parameters::{self, HOUR};
use crate::state::Shared;
use crate::trace_list::{self, Filter, Keeps, Parameters};

const COLUMNS: [&str; 8] =
    ["trace_id", "span_id", "parent_span_id", "start_time", "duration", "service_name", "name", "status_code"];
/// Traces that are looked at.
const TRACES_MAX: usize = 200;
/// Spans of all of them together.
const SPANS_MAX: usize = 200_000;

/// The route.
pub(crate) async fn shape(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, ApiError> {
    let wrong = |error: spanlake_schemas::ids::IdError| ApiError::invalid(error.to_string());
    let trace_id = TraceId::parse_any(&parameters::path_part(path)?).map_err(wrong)?;
    let own = read(&shared, &[trace_id]).await?.remove(&trace_id).ok_or_else(|| no_trace(trace_id))?;
    if own.spans.len() > SPANS_MAX {
        let message = format!("trace {trace_id} has more than {SPANS_MAX} spans, too many to compare");
        return Err(ApiError::invalid(message));
    }
    let candidates = candidates(&shared, trace_id, &own).await?;
    let looked_at = candidates.len();
    let others = read(&shared, &candidates).await?;
    let comparing = tokio::task::spawn_blocking(move || compared(trace_id, &own, others, looked_at));
    let answer = comparing.await.map_err(|_| ApiError::internal("the comparison was stopped by a fault"))?;
    Ok(Json(answer))
}

/// Newest traces with the root of this one and as many spans.
async fn candidates(shared: &Shared, trace_id: TraceId, own: &Whole) -> Result<Vec<TraceId>, ApiError> {
    let Some((service, name)) = own.root() else { return Ok(Vec::new()) };
    let start = own.tree.start_time;
    let parameters = Parameters {
        service: Some(service.to_owned()),
        operation: Some(name.to_owned()),
        start: Some(start.saturating_sub(24 * HOUR).to_string()),
        end: Some(start.saturating_add(HOUR).to_string()),
        limit: Some(TRACES_MAX.to_string()),
        internal: Some("true".to_owned()),
        ..Parameters::default()
    };
    let (filter, windows) = Filter::read(parameters, now_nanos())?;
    let found = trace_list::search(shared, &filter, windows, Keeps::Summaries).await?;
    let spans = own.spans.len();
    let alike = found.traces.into_iter().filter(|trace| {
        trace.trace_id != trace_id
            && trace.span_count == spans as u64
            && (trace.root_service.as_str(), trace.root_name.as_str()) == (service, name)
    });
    Ok(alike.map(|trace| trace.trace_id).take(SPANS_MAX / spans.max(1)).collect())
}

/// A trace as it is drawn.
struct Whole {
    spans: Vec<Span>,
    tree: TraceTree,
    /// Of each row, what it is in the shape.
    keys: Vec<u64>,
}

struct Span {
    id: SpanId,
    service: String,
    name: String,
}

async fn read(shared: &Shared, ids: &[TraceId]) -> Result<HashMap<TraceId, Whole>, ApiError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = shared.store.trace_rows(&shared.store.pin(), Table::Spans, ids, Some(&COLUMNS)).await?;
    let mut spans: HashMap<TraceId, Vec<(SpanShape, Span)>> = HashMap::new();
    for batch in &rows.batches {
        add(batch, &mut spans);
    }
    Ok(spans.into_iter().map(|(id, spans)| (id, Whole::of(spans))).collect())
}

fn add(batch: &RecordBatch, traces: &mut HashMap<TraceId, Vec<(SpanShape, Span)>>) {
    let [ids, span_ids, parents] = ["trace_id", "span_id", "parent_span_id"].map(|name| Ids::of(batch, name));
    let starts = Numbers::<TimestampNanosecondType>::of(batch, "start_time");
    let durations = Numbers::<Int64Type>::of(batch, "duration");
    let [services, names, statuses] = ["service_name", "name", "status_code"].map(|name| Texts::of(batch, name));
    for row in 0..batch.num_rows() {
        let Some(trace) = ids.at(row).and_then(TraceId::from_slice) else { continue };
        let id = span_ids.at(row).and_then(SpanId::from_slice).unwrap_or(SpanId([0; 8]));
        let shape = SpanShape {
            span_id: id,
            parent_span_id: parents.at(row).and_then(SpanId::from_slice),
            start_time: starts.or_zero(row),
            duration: durations.or_zero(row),
            is_error: statuses.at(row) == Some("error"),
        };
        let span = Span { id, service: services.or_empty(row).to_owned(), name: names.or_empty(row).to_owned() };
        traces.entry(trace).or_default().push((shape, span));
    }
}

impl Whole {
    fn of(mut spans: Vec<(SpanShape, Span)>) -> Self {
        // Rows come in no order; of spans with one id the first has the children.
        spans.sort_by_key(|(shape, _)| (shape.start_time, shape.span_id));
        let (shapes, spans): (Vec<SpanShape>, Vec<Span>) = spans.into_iter().unzip();
        let tree = TraceTree::build(&shapes);
        let keys = keys(&tree, &spans);
        Self { spans, tree, keys }
    }

    /// Service and name of the first row that is a span.
    fn root(&self) -> Option<(&str, &str)> {
        self.rows().map(|(_, _, span)| (span.service.as_str(), span.name.as_str())).next()
    }

    /// Rows that are spans, with their keys, from top to bottom.
    fn rows(&self) -> impl Iterator<Item = (u64, &TraceRow, &Span)> {
        self.tree.rows.iter().zip(&self.keys).filter_map(|(row, key)| match row.of {
            RowOf::Span(index) => Some((*key, row, self.spans.get(index)?)),
            RowOf::MissingParent(_) => None,
        })
    }

    fn shape(&self) -> u64 {
        let mut keys = self.keys.clone();
        keys.sort_unstable();
        let bytes: Vec<u8> = keys.into_iter().flat_map(u64::to_le_bytes).collect();
        xxhash_rust::xxh3::xxh3_64(&bytes)
    }

    const fn duration(&self) -> i64 {
        self.tree.end_time.saturating_sub(self.tree.start_time)
    }
}

/// Parents come before their children, so that a key may contain its parent's.
fn keys(tree: &TraceTree, spans: &[Span]) -> Vec<u64> {
    let mut keys: Vec<u64> = Vec::with_capacity(tree.rows.len());
    let mut beside: HashMap<u64, u64> = HashMap::new();
    for row in &tree.rows {
        let above = row.parent_row.and_then(|parent| keys.get(parent).copied()).unwrap_or(0);
        let (service, name) = match row.of {
            RowOf::Span(index) => spans.get(index).map_or(("", ""), |span| (&span.service, &span.name)),
            RowOf::MissingParent(_) => ("", ""),
        };
        let text = format!("{above}/{}:{service}/{name}", service.len());
        let path = xxhash_rust::xxh3::xxh3_64(text.as_bytes());
        let nth = beside.entry(path).or_insert(0);
        *nth += 1;
        keys.push(path.wrapping_add(nth.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    }
    keys
}

/// The middle one; of two the lower.
fn median(values: &mut [i64]) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

fn compared(trace_id: TraceId, own: &Whole, others: HashMap<TraceId, Whole>, looked_at: usize) -> Value {
    let shape = own.shape();
    let mut alike: Vec<(TraceId, Whole)> = others.into_iter().filter(|(_, other)| other.shape() == shape).collect();
    alike.sort_by_key(|(id, other)| (other.duration(), *id));
    let mut times: BTreeMap<u64, [Vec<i64>; 3]> = BTreeMap::new();
    for (key, row, _) in alike.iter().flat_map(|(_, other)| other.rows()) {
        let values = [row.end_time.saturating_sub(row.start_time), row.self_time, row.critical_time];
        let known = times.entry(key).or_default();
        known.iter_mut().zip(values).for_each(|(known, value)| known.push(value));
    }
    let spans: Vec<Value> = own
        .rows()
        .map(|(key, row, span)| {
            let [durations, selves, criticals] = times.remove(&key).unwrap_or_default();
            let usual = |mut values: Vec<i64>| median(&mut values).map(|value| value.to_string());
            json!({
                "span_id": span.id.to_string(), "service_name": span.service, "name": span.name, "depth": row.depth,
                "duration": row.end_time.saturating_sub(row.start_time).to_string(), "median_duration": usual(durations),
                "self_time": row.self_time.to_string(), "median_self_time": usual(selves),
                "critical_time": row.critical_time.to_string(), "median_critical_time": usual(criticals),
            })
        })
        .collect();
    let middle = alike.get(alike.len().saturating_sub(1) / 2);
    json!({
        "trace_id": trace_id.to_string(), "shape": format!("{shape:016x}"), "traces": alike.len(), "looked_at": looked_at,
        "duration": own.duration().to_string(),
        "median_duration": middle.map(|(_, trace)| trace.duration().to_string()),
        "median_trace_id": middle.map(|(id, _)| id.to_string()),
        "spans": spans,
    })
}
