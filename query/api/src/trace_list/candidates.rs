//! Which traces of a window match: their ids, by SQL.

use std::collections::HashSet;
use std::fmt::Write;

use arrow::record_batch::RecordBatch;
use spanlake_schemas::ids::TraceId;

use super::filter::{Filter, Reach};
use crate::columns::Ids;
use crate::error::ApiError;
use crate::query;
use crate::state::Shared;

/// Newest spans that are read first; traces of more spans take another round.
const FIRST_ROWS: usize = 2000;
/// Each round reads this many times the rows of the one before.
const GROWTH: usize = 8;
const ROUNDS: u32 = 4;

/// Ids, newest first, and what finding them cost.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) ids: Vec<TraceId>,
    pub(super) files_read: u64,
    pub(super) files_total: u64,
}

pub(super) async fn candidates(
    shared: &Shared,
    filter: &Filter,
    window: &Reach,
    wanted: usize,
    seen: &HashSet<TraceId>,
) -> Result<Found, ApiError> {
    let mut found = Found::default();
    if filter.has_duration() {
        // How long a trace is can be said of all its spans only.
        ask(shared, &grouped(filter, *window, wanted, seen), seen, &mut found).await?;
        return Ok(found);
    }
    let mut rows = FIRST_ROWS.max(wanted * 20);
    for _ in 0..ROUNDS {
        let known: Vec<TraceId> = found.ids.iter().chain(seen).copied().collect();
        let statement = newest(filter, *window, rows, &known);
        let read = ask(shared, &statement, seen, &mut found).await?;
        if read < rows || found.ids.len() >= wanted {
            break;
        }
        rows *= GROWTH;
    }
    found.ids.truncate(wanted);
    Ok(found)
}

fn newest(filter: &Filter, window: Reach, rows: usize, found: &[TraceId]) -> String {
    let mut conditions = vec![window.condition()];
    conditions.extend(filter.span_conditions());
    conditions.extend(is_none_of(found));
    let (conditions, order) = (conditions.join(" AND "), window.order());
    format!("SELECT trace_id FROM spans WHERE {conditions} ORDER BY {order} DESC LIMIT {rows}")
}

fn is_none_of(ids: &[TraceId]) -> Option<String> {
    let ids: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    (!ids.is_empty()).then(|| format!("trace_id NOT IN ({})", ids.join(", ")))
}

fn grouped(filter: &Filter, window: Reach, wanted: usize, seen: &HashSet<TraceId>) -> String {
    let seen: Vec<TraceId> = seen.iter().copied().collect();
    let unseen = is_none_of(&seen).map(|condition| format!(" AND {condition}")).unwrap_or_default();
    let mut statement = format!("SELECT trace_id FROM spans WHERE {}{unseen} GROUP BY trace_id", window.condition());
    let conditions = filter.group_conditions();
    // Writing to memory does not fail.
    let _ =
        write!(statement, " HAVING {} ORDER BY min({}) DESC LIMIT {wanted}", conditions.join(" AND "), window.order());
    statement
}

/// Runs a statement and adds the ids that are new; returns how many rows there were.
async fn ask(shared: &Shared, sql: &str, seen: &HashSet<TraceId>, found: &mut Found) -> Result<usize, ApiError> {
    let (batches, stats) = query::rows(shared, sql).await?;
    found.files_read += stats.files_read;
    found.files_total = found.files_total.max(stats.files_total);
    let mut known: HashSet<TraceId> = found.ids.iter().copied().collect();
    for batch in &batches {
        let ids = Ids::of(batch, "trace_id");
        for id in (0..batch.num_rows()).filter_map(|row| ids.at(row).and_then(TraceId::from_slice)) {
            if !seen.contains(&id) && known.insert(id) {
                found.ids.push(id);
            }
        }
    }
    Ok(batches.iter().map(RecordBatch::num_rows).sum())
}
