//! Queries of live views: several at once, each over the series of the same moment.
//!
//! Owns their turn and their time. What of the results is new, the live view says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use spanlake_promql::eval::{EvalOptions, Limits, QueryValue, evaluate_instant, evaluate_range};
use spanlake_promql::syntax::named_labels;
use spanlake_promql::syntax::tree::Expr;
use spanlake_series::StoreSeries;

use super::answer::Failure;
use super::in_turn;
use crate::state::Shared;

/// A query that takes longer is no view that can be live.
const TIME_MAX: Duration = Duration::from_secs(5);

/// A query.
pub(crate) struct LiveQuery {
    pub(crate) expr: Arc<Expr>,
    pub(crate) at: LiveTimes,
}

/// When it is evaluated, milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LiveTimes {
    Once { at_ms: i64 },
    Steps { start_ms: i64, end_ms: i64, step_ms: i64 },
}

/// The result of each query, in their order.
pub(crate) async fn evaluate_all(
    shared: &Arc<Shared>,
    queries: Vec<LiveQuery>,
) -> Result<Vec<Result<QueryValue, Failure>>, Failure> {
    in_turn(shared, "a live query was stopped by a fault", move |shared, runtime| {
        queries.iter().map(|query| evaluate(shared, query, runtime.clone())).collect()
    })
    .await
}

fn evaluate(shared: &Shared, query: &LiveQuery, runtime: tokio::runtime::Handle) -> Result<QueryValue, Failure> {
    let named = named_labels(&query.expr);
    let series = StoreSeries::pin(&shared.series, shared.store.catalog(), &shared.engine, runtime, named);
    let deadline = Instant::now() + TIME_MAX;
    let cancel =
        move || (Instant::now() > deadline).then(|| format!("it took longer than {} s", TIME_MAX.as_secs_f64()));
    let defaults = EvalOptions::default();
    let limits = Limits { memory_bytes_max: shared.config.query_memory_bytes_max, ..defaults.limits };
    let options = EvalOptions { limits, cancel: Some(Arc::new(cancel)), ..defaults };
    let done = match query.at {
        LiveTimes::Once { at_ms } => evaluate_instant(&series, &query.expr, at_ms, &options),
        LiveTimes::Steps { start_ms, end_ms, step_ms } => {
            evaluate_range(&series, &query.expr, start_ms, end_ms, step_ms, &options)
        }
    };
    done.map(|done| done.value).map_err(Failure::from)
}
