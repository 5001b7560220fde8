//! `GET /api/traces`: the newest traces that match.
//!
//! Owns how far back is looked. Candidates come by SQL, newest span first, from windows that reach further back until
//! there are enough; what is told of a trace is then read from all of its spans, by the store's index, so that a
//! trace is never shown cut at a window's edge.

mod candidates;
mod filter;
mod summary;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Serialize;
use spanlake_schemas::ids::TraceId;
use spanlake_store::now_nanos;

use crate::error::ApiError;
use crate::parameters;
use crate::state::Shared;
use candidates::{Found, candidates};
use filter::{Filter, Parameters, Reach};
use summary::Summary;

/// After this long no older window is begun; what was found is shown, with how far it reaches.
const LOOK_BACK_TIME: Duration = Duration::from_secs(3);

#[derive(Serialize)]
struct List {
    traces: Vec<Summary>,
    next_cursor: Option<String>,
    searched_back_to: Option<String>,
    files_read: u64,
    files_total: u64,
}

/// The route.
pub(crate) async fn list(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let parameters: Parameters = parameters::read(&uri)?;
    let now = now_nanos();
    let (filter, windows) = Filter::read(parameters, now)?;
    let began = Instant::now();
    let mut traces: Vec<Summary> = Vec::new();
    let mut seen: HashSet<TraceId> = HashSet::new();
    let mut cost = Found::default();
    let mut searched_back_to = None;
    for window in windows {
        // A few more than asked for: a trace's newest span may be much newer than its start, by which the list is sorted.
        let wanted = filter.limit + filter.limit / 2 + 1;
        let found = candidates(&shared, &filter, &window, wanted, &seen).await?;
        cost.files_read += found.files_read;
        cost.files_total = cost.files_total.max(found.files_total);
        seen.extend(&found.ids);
        let summaries = summary::summaries(&shared, &found.ids).await?;
        traces.extend(summaries.into_iter().filter(|trace| filter.takes_duration(trace.duration)));
        if let Reach::Past { start, .. } = window {
            searched_back_to = Some(start);
            if traces.len() >= filter.limit || began.elapsed() > LOOK_BACK_TIME {
                break;
            }
        }
    }
    traces.sort_by_key(|trace| (std::cmp::Reverse(trace.sorted_as), trace.trace_id));
    traces.truncate(filter.limit);
    let searched_back_to = searched_back_to.filter(|start| *start > i64::MIN).map(|start| start.to_string());
    let Found { files_read, files_total, .. } = cost;
    Ok(Json(List { traces, next_cursor: None, searched_back_to, files_read, files_total }).into_response())
}

#[cfg(test)]
mod tests;
