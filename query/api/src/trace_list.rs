//! `GET /api/traces`: the newest traces that match.
//!
//! Owns how far back is looked. Candidates come by SQL, newest span first, from windows that reach further back until
//! there are enough; what is told of a trace is then read from all of its spans, by the store's index, so that a
//! trace is never shown cut at a window's edge.

mod candidates;
mod filter;
mod matching;
mod summary;

pub(crate) use filter::{Filter, Parameters, parse};
pub(crate) use matching::{Match, with_traces};

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
use crate::state::Shared;
use candidates::candidates;
use filter::Reach;
use matching::matching;
pub(crate) use summary::Summary;

/// After this long no older window is begun; what was found is shown, with how far it reaches.
const LOOK_BACK_TIME: Duration = Duration::from_secs(3);

#[derive(Serialize)]
struct List {
    traces: Vec<Summary>,
    next_cursor: Option<String>,
    searched_back_to: Option<String>,
    too_large: usize,
    files_read: u64,
    files_total: u64,
}

/// The route.
pub(crate) async fn list(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let (filter, windows) = Filter::read(Parameters::of(&uri)?, now_nanos())?;
    let found = search(&shared, &filter, windows, Keeps::Summaries).await?;
    let Search { traces, searched_back_to, too_large, files_read, files_total, .. } = found;
    let searched_back_to = searched_back_to.filter(|start| *start > i64::MIN).map(|start| start.to_string());
    Ok(Json(List { traces, next_cursor: None, searched_back_to, too_large, files_read, files_total }).into_response())
}

/// Spans of matches that are kept for the answer; of later ones only the summary is.
const SPANS_KEPT_MAX: usize = 200_000;

/// What is told of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    Summaries,
    /// What the query found of it, too.
    Matches,
}

/// What a search found.
#[derive(Default)]
pub(crate) struct Search {
    /// Newest first.
    pub(crate) traces: Vec<Summary>,
    /// What a query found of them, in no order; none where there was no query.
    pub(crate) matches: Vec<Match>,
    /// Everything that began later was looked at.
    searched_back_to: Option<i64>,
    pub(crate) inspected: usize,
    /// Traces on which the query was not evaluated, as they have too many spans.
    pub(crate) too_large: usize,
    files_read: u64,
    files_total: u64,
}

/// Looks further and further back until there are enough.
pub(crate) async fn search(
    shared: &Shared,
    filter: &Filter,
    windows: Vec<Reach>,
    keeps: Keeps,
) -> Result<Search, ApiError> {
    let began = Instant::now();
    let mut spans_kept = 0;
    let mut done = Search::default();
    let mut seen: HashSet<TraceId> = HashSet::new();
    // A few more than asked for: a trace's newest span may be much newer than its start, by which the list is sorted.
    let wanted = filter.limit + filter.limit / 2 + 1;
    'windows: for window in windows {
        loop {
            let found = candidates(shared, filter, &window, wanted, &seen).await?;
            done.files_read += found.files_read;
            done.files_total = done.files_total.max(found.files_total);
            seen.extend(&found.ids);
            let is_exhausted = found.ids.len() < wanted;
            let ids = match &filter.query {
                None => found.ids,
                Some(query) => {
                    let matched = matching(shared, query, &found.ids).await?;
                    let ids = matched.matches.iter().map(Match::id).collect();
                    let kept = matched.matches.into_iter().filter(|found| {
                        spans_kept += found.trace.spans.len();
                        keeps == Keeps::Matches && spans_kept <= SPANS_KEPT_MAX
                    });
                    done.matches.extend(kept);
                    done.too_large += matched.too_large;
                    ids
                }
            };
            let summaries = summary::summaries(shared, &ids).await?;
            done.traces.extend(summaries.into_iter().filter(|trace| filter.takes_duration(trace.duration)));
            let is_enough = done.traces.len() >= filter.limit;
            if is_exhausted || is_enough && filter.query.is_none() {
                break;
            }
            if is_enough || began.elapsed() > LOOK_BACK_TIME {
                // This window was not looked at to its end.
                break 'windows;
            }
        }
        if let Reach::Past { start, .. } = window {
            done.searched_back_to = Some(start);
            if done.traces.len() >= filter.limit || began.elapsed() > LOOK_BACK_TIME {
                break;
            }
        }
    }
    done.inspected = seen.len();
    done.traces.sort_by_key(|trace| (std::cmp::Reverse(trace.sorted_as), trace.trace_id));
    done.traces.truncate(filter.limit);
    Ok(done)
}

#[cfg(test)]
mod tests;
