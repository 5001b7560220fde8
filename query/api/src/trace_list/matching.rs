//! Which candidates a query finds: their spans are read whole, and the query is evaluated on them.
//!
//! Owns how many spans are held at once. A trace of more than may be held alone is left out and counted.

use std::sync::Arc;

use spanlake_schemas::ids::TraceId;
use spanlake_schemas::tables::Table;
use spanlake_search::traces_of;
use spanlake_store::Version;
use spanlake_traceql::eval::{Spanset, TraceView, evaluate_pipeline};
use spanlake_traceql::model::Trace;
use spanlake_traceql::syntax::tree::Pipeline;

use crate::error::ApiError;
use crate::state::Shared;

/// Spans that are held at once, unless one trace has more.
const SPANS_AT_ONCE: u64 = 20_000;
/// Spans of the largest trace that a query is evaluated on.
const SPANS_MAX: u64 = 200_000;

/// A trace that a query finds, and what of it.
pub(crate) struct Match {
    pub(crate) trace: Trace,
    pub(crate) sets: Vec<Spanset>,
}

impl Match {
    pub(crate) const fn id(&self) -> TraceId {
        TraceId(self.trace.trace_id.0)
    }
}

/// What came of candidates.
#[derive(Default)]
pub(crate) struct Matched {
    pub(crate) matches: Vec<Match>,
    /// Traces that are too large to be evaluated.
    pub(crate) too_large: usize,
}

/// What of spans is read, where not all of it is.
pub(crate) type Columns<'a> = Option<&'a [&'a str]>;

/// Those of these traces, each with its number of spans, that the query finds; with only these columns of their spans, or all.
pub(crate) async fn matching(
    shared: &Shared,
    version: &Arc<Version>,
    (pipeline, columns): (&Arc<Pipeline>, Columns<'_>),
    sizes: &[(TraceId, u64)],
) -> Result<Matched, ApiError> {
    let mut matched = Matched::default();
    let mut chunk: Vec<TraceId> = Vec::new();
    let mut spans = 0;
    for (id, size) in sizes {
        if *size > SPANS_MAX {
            matched.too_large += 1;
            continue;
        }
        if spans + size > SPANS_AT_ONCE && !chunk.is_empty() {
            matched.matches.extend(evaluate(shared, version, (pipeline, columns), &chunk).await?);
            chunk.clear();
            spans = 0;
        }
        chunk.push(*id);
        spans += size;
    }
    matched.matches.extend(evaluate(shared, version, (pipeline, columns), &chunk).await?);
    Ok(matched)
}

async fn evaluate(
    shared: &Shared,
    version: &Arc<Version>,
    (pipeline, columns): (&Arc<Pipeline>, Columns<'_>),
    ids: &[TraceId],
) -> Result<Vec<Match>, ApiError> {
    let pipeline = Arc::clone(pipeline);
    let matches = move |traces: Vec<Trace>| {
        let matches = traces.into_iter().map(|trace| {
            let sets = evaluate_pipeline(&pipeline, &TraceView::new(&trace));
            Match { trace, sets }
        });
        matches.filter(|found| !found.sets.is_empty()).collect()
    };
    with_traces(shared, version, (ids, columns), matches).await
}

/// Reads whole traces, of their spans these columns or all, and does something with them off the runtime's threads.
pub(crate) async fn with_traces<T: Default + Send + 'static>(
    shared: &Shared,
    version: &Arc<Version>,
    (ids, columns): (&[TraceId], Columns<'_>),
    work: impl FnOnce(Vec<Trace>) -> T + Send + 'static,
) -> Result<T, ApiError> {
    if ids.is_empty() {
        return Ok(T::default());
    }
    let (store, version, ids) = (shared.store.clone(), Arc::clone(version), ids.to_vec());
    let columns: Option<Vec<String>> = columns.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    let reading = async move {
        let columns: Option<Vec<&str>> = columns.as_ref().map(|names| names.iter().map(String::as_str).collect());
        let rows = store.trace_rows(&version, Table::Spans, &ids, columns.as_deref()).await?;
        let catalog = Arc::clone(store.catalog());
        let working = tokio::task::spawn_blocking(move || traces_of(rows.batches, catalog.as_ref()).map(work));
        let worked = working.await.map_err(|_| ApiError::internal("the search was stopped by a fault"))?;
        worked.map_err(|error| ApiError::internal(error.to_string()))
    };
    shared.engine.beside(reading).await?
}
