//! Which candidates a query finds: their spans are read whole, and the query is evaluated on them.

use std::sync::Arc;

use spanlake_schemas::ids::TraceId;
use spanlake_schemas::tables::Table;
use spanlake_search::traces_of;
use spanlake_traceql::eval::{Spanset, TraceView, evaluate_pipeline};
use spanlake_traceql::model::Trace;
use spanlake_traceql::syntax::tree::Pipeline;

use crate::error::ApiError;
use crate::state::Shared;

/// Traces that are held at once.
const TRACES_AT_ONCE: usize = 64;

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

/// Those of these traces that the query finds.
pub(crate) async fn matching(
    shared: &Shared,
    pipeline: &Arc<Pipeline>,
    ids: &[TraceId],
) -> Result<Vec<Match>, ApiError> {
    let mut found = Vec::new();
    let version = shared.store.pin();
    for ids in ids.chunks(TRACES_AT_ONCE) {
        let rows = shared.store.trace_rows(&version, Table::Spans, ids, None).await?;
        let (catalog, pipeline) = (Arc::clone(shared.store.catalog()), Arc::clone(pipeline));
        let evaluation = tokio::task::spawn_blocking(move || {
            let traces = traces_of(rows.batches, catalog.as_ref())?;
            let matches = traces.into_iter().map(|trace| {
                let sets = evaluate_pipeline(&pipeline, &TraceView::new(&trace));
                Match { trace, sets }
            });
            Ok::<_, spanlake_search::RowsError>(matches.filter(|found| !found.sets.is_empty()).collect::<Vec<Match>>())
        });
        let matches = evaluation.await.map_err(|_| ApiError::internal("the search was stopped by a fault"))?;
        found.extend(matches.map_err(|error| ApiError::internal(error.to_string()))?);
    }
    Ok(found)
}
