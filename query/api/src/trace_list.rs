//! `GET /api/traces`: the newest traces that match, a page at a time.
//!
//! Owns how far back is looked, and the order: by start (by receipt where a clock runs ahead), then by id, downwards.
//! Candidates come by SQL, newest span first, from windows that reach further back until there are enough; what is told
//! of a trace is read from all of its spans, by the store's index, so that a trace is never shown cut at a window's edge.
//! No span begins before its trace: once all spans after a moment were looked at, the traces that begin after it are
//! known, and only those take their places on the page. So pages do not depend on where the rows lie.

mod cursor;
mod filter;
mod matching;
mod scan;
mod summary;
mod watched;

pub(crate) use cursor::Cursor;
pub(crate) use filter::{Filter, Parameters, Reach, parse};
pub(crate) use matching::{Match, matching, with_traces};
pub(crate) use watched::{Step, watched_search};

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Uri, header};
use serde::Serialize;
use spanlake_engine::{PinnedEngine, QueryStats};
use spanlake_schemas::ids::TraceId;
use spanlake_store::now_nanos;

use crate::error::ApiError;
use crate::state::Shared;
use cursor::{PENDING_MAX, Place};
use scan::{Candidate, Scan};
pub(crate) use summary::Summary;
use watched::Watcher;

/// After this long nothing older is looked at; the page shows what is known, with how far it reaches.
const LOOK_BACK_TIME: Duration = Duration::from_secs(3);
/// Candidates that one request looks at; their summaries are held.
const CANDIDATES_MAX: usize = 20_000;
/// Candidates that are read at once, at most.
const CANDIDATES_AT_ONCE: usize = 500;

/// Where fewer than one of so many candidates matches, another way to them is looked for.
const FRUITFUL_SHARE: usize = 50;

/// A page.
#[derive(Serialize)]
pub(crate) struct List {
    pub(crate) traces: Vec<Summary>,
    pub(crate) next_cursor: Option<String>,
    searched_back_to: Option<String>,
    too_large: usize,
    files_read: u64,
    files_total: u64,
    bytes_scanned: u64,
    row_groups_pruned: u64,
    cache_hits: u64,
    cache_misses: u64,
}

/// The route: the page whole, or line by line as it is found.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let parameters = Parameters::of(&uri)?;
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepted.contains(watched::CONTENT_TYPE) {
        return watched::lines(shared, Asked::of(parameters)?);
    }
    Ok(Json(page(&shared, parameters).await?).into_response())
}

/// The page that the parameters ask for.
pub(crate) async fn page(shared: &Shared, parameters: Parameters) -> Result<List, ApiError> {
    Asked::of(parameters)?.page(shared, None).await
}

/// A request for a page that was read.
struct Asked {
    query: u64,
    now: i64,
    filter: Filter,
    windows: Vec<Reach>,
    cursor: Option<Cursor>,
}

impl Asked {
    fn of(mut parameters: Parameters) -> Result<Self, ApiError> {
        let query = parameters.fingerprint();
        let cursor = parameters.cursor.take().filter(|text| !text.is_empty());
        let cursor = cursor.map(|text| Cursor::decoded(&text, query)).transpose()?;
        let now = cursor.as_ref().map_or_else(now_nanos, Cursor::now);
        let (filter, windows) = Filter::read(parameters, now)?;
        Ok(Self { query, now, filter, windows, cursor })
    }

    /// The page; of what a watcher was told already, only the rest.
    async fn page(self, shared: &Shared, watcher: Option<Watcher>) -> Result<List, ApiError> {
        let Self { query, now, filter, windows, cursor } = self;
        let mut search = Searching::begin(shared, shared.engine.pinned(), &filter, windows, cursor);
        search.watcher = watcher;
        search.run().await?;
        let page = search.page();
        let next_cursor = search.cursor(query, now, &page).map(|cursor| cursor.encoded());
        let cost = search.cost();
        let rest = page.into_iter().skip(search.told());
        Ok(List {
            next_cursor,
            searched_back_to: search.searched_back_to(),
            too_large: search.too_large,
            files_read: cost.files_read,
            files_total: cost.files_total,
            bytes_scanned: cost.bytes_scanned,
            row_groups_pruned: cost.row_groups_pruned,
            cache_hits: cost.cache_hits,
            cache_misses: cost.cache_misses,
            traces: rest.filter_map(|place| search.found.remove(&place)).map(|found| found.summary).collect(),
        })
    }
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
    pub(crate) inspected: usize,
}

/// The first page, for clients without cursors: what is found in time is shown, even where older places are not known.
pub(crate) async fn search(
    shared: &Shared,
    filter: &Filter,
    windows: Vec<Reach>,
    keeps: Keeps,
) -> Result<Search, ApiError> {
    search_at(shared, shared.engine.pinned(), filter, windows, keeps).await
}

/// The same over one version.
pub(crate) async fn search_at(
    shared: &Shared,
    engine: PinnedEngine,
    filter: &Filter,
    windows: Vec<Reach>,
    keeps: Keeps,
) -> Result<Search, ApiError> {
    let mut search = Searching::begin(shared, engine, filter, windows, None);
    search.run().await?;
    let mut found: Vec<Summary> = search.found.into_values().map(|found| found.summary).collect();
    found.reverse();
    found.truncate(filter.limit);
    let mut done = Search { traces: found, matches: Vec::new(), inspected: search.seen.len() };
    if let Some(query) = filter.query.as_ref().filter(|_| keeps == Keeps::Matches) {
        let sizes = sizes_of(&done.traces);
        let mut spans = 0;
        for some in sizes.chunks(CANDIDATES_AT_ONCE) {
            let matched = matching(shared, search.engine.version(), (query, None), some).await?;
            done.matches.extend(matched.matches.into_iter().filter(|found| {
                spans += found.trace.spans.len();
                spans <= SPANS_KEPT_MAX
            }));
        }
    }
    Ok(done)
}

/// Spans of each trace.
fn sizes_of(summaries: &[Summary]) -> Vec<(TraceId, u64)> {
    summaries.iter().map(|summary| (summary.trace_id, summary.span_count)).collect()
}

/// A trace that matches, with what has led to it.
struct Found {
    summary: Summary,
    /// The scan, and the moment of the row.
    seen_by: usize,
    seen_at: i64,
}

/// A search under way, over one version.
struct Searching<'a> {
    shared: &'a Shared,
    filter: &'a Filter,
    engine: PinnedEngine,
    /// Of what claims to be in the future, by receipt; of the rest, by start.
    scans: [Scan<'a>; 2],
    /// Places from this one on were shown.
    last: Option<Place>,
    /// Left by the page before.
    pending: Vec<TraceId>,
    seen: HashSet<TraceId>,
    found: BTreeMap<Place, Found>,
    /// Traces on which the query was not evaluated, as they have too many spans.
    too_large: usize,
    /// Who is told how it goes.
    watcher: Option<Watcher>,
}

impl<'a> Searching<'a> {
    fn begin(
        shared: &'a Shared,
        engine: PinnedEngine,
        filter: &'a Filter,
        windows: Vec<Reach>,
        cursor: Option<Cursor>,
    ) -> Self {
        let (future, past): (Vec<Reach>, Vec<Reach>) =
            windows.into_iter().partition(|window| matches!(window, Reach::Future { .. }));
        let from = |pick: fn(&Cursor) -> i64| cursor.as_ref().map(pick);
        let scans = [
            Scan::new(filter, future.into_iter(), from(|cursor| cursor.future)),
            Scan::new(filter, past.into_iter(), from(|cursor| cursor.past)),
        ];
        let last = cursor.as_ref().map(|cursor| cursor.last);
        let pending = cursor.map(|cursor| cursor.pending).unwrap_or_default();
        let (seen, found) = (HashSet::new(), BTreeMap::new());
        Self { shared, filter, engine, scans, last, pending, seen, found, too_large: 0, watcher: None }
    }

    /// Every trace with a later place is known.
    fn frontier(&self) -> i64 {
        self.scans.iter().map(Scan::frontier).max().unwrap_or(i64::MIN)
    }

    fn is_exhausted(&self) -> bool {
        self.scans.iter().all(Scan::is_exhausted)
    }

    /// What its statements have read so far.
    fn cost(&self) -> QueryStats {
        let [future, past] = &self.scans;
        let cost = future.cost.and(past.cost);
        QueryStats { files_read: cost.files_read.min(cost.files_total), ..cost }
    }

    /// Every trace that begins after this was found; `None` once all were.
    fn searched_back_to(&self) -> Option<String> {
        (!self.is_exhausted()).then(|| self.frontier().saturating_add(1).to_string())
    }

    /// Places whose trace is sure to be the next, newest first.
    fn settled(&self) -> impl Iterator<Item = Place> + '_ {
        let frontier = self.frontier();
        self.found.keys().rev().copied().take_while(move |place| frontier == i64::MIN || place.0 > frontier)
    }

    /// The places of the page. Where time was up before a single one was sure, those that are known are shown: a search
    /// must get on.
    fn page(&self) -> Vec<Place> {
        let settled: Vec<Place> = self.settled().take(self.filter.limit).collect();
        if settled.is_empty() { self.found.keys().rev().take(self.filter.limit).copied().collect() } else { settled }
    }

    /// Looks further and further back until the page is full, or time is up.
    async fn run(&mut self) -> Result<(), ApiError> {
        let began = Instant::now();
        let patience = if self.watcher.is_some() { watched::LOOK_BACK_TIME } else { LOOK_BACK_TIME };
        let pending = std::mem::take(&mut self.pending).into_iter();
        // They were found for the page before; what is sure of a trace stays so whatever spans it gets.
        let is_sure = self.filter.sure.is_some();
        let pending: Vec<Candidate> = pending.map(|id| Candidate { id, at: i64::MAX, is_sure }).collect();
        self.seen.extend(pending.iter().map(|candidate| candidate.id));
        self.add(&pending, 0).await?;
        // A few more than asked for: a trace's newest span may be much newer than its start.
        let mut at_once = self.filter.limit + self.filter.limit / 2 + 1;
        while !self.is_exhausted() && self.settled().nth(self.filter.limit - 1).is_none() {
            if began.elapsed() > patience || self.seen.len() > CANDIDATES_MAX {
                break;
            }
            let which = usize::from(self.scans[0].frontier() < self.scans[1].frontier());
            let is_fruitless = self.found.len() * FRUITFUL_SHARE < self.seen.len();
            let fresh =
                self.scans[which].next(self.shared, &self.engine, &mut self.seen, at_once, is_fruitless).await?;
            self.add(&fresh, which).await?;
            self.tell().await;
            at_once = (at_once * 2).min(CANDIDATES_AT_ONCE.max(at_once));
        }
        Ok(())
    }

    /// Adds those of the candidates that match and were not on a page before.
    async fn add(&mut self, candidates: &[Candidate], seen_by: usize) -> Result<(), ApiError> {
        let version = Arc::clone(self.engine.version());
        let ids: Vec<TraceId> = candidates.iter().map(|candidate| candidate.id).collect();
        let mut summaries = summary::summaries(self.shared, &version, &ids).await?;
        summaries.retain(|summary| {
            self.last.is_none_or(|last| summary.place() < last) && self.filter.takes_duration(summary.duration)
        });
        if let Some(query) = self.filter.query.as_ref().filter(|_| !self.filter.is_decided) {
            let columns = self.filter.columns.as_ref();
            let columns: Option<Vec<&str>> = columns.map(|columns| columns.iter().map(String::as_str).collect());
            let mut found: HashSet<TraceId> =
                candidates.iter().filter(|candidate| candidate.is_sure).map(|candidate| candidate.id).collect();
            let unsure: Vec<(TraceId, u64)> =
                sizes_of(&summaries).into_iter().filter(|(id, _)| !found.contains(id)).collect();
            let matched = matching(self.shared, &version, (query, columns.as_deref()), &unsure).await?;
            self.too_large += matched.too_large;
            found.extend(matched.matches.iter().map(Match::id));
            summaries.retain(|summary| found.contains(&summary.trace_id));
        }
        let seen_at: std::collections::HashMap<TraceId, i64> =
            candidates.iter().map(|candidate| (candidate.id, candidate.at)).collect();
        for summary in summaries {
            let seen_at = seen_at.get(&summary.trace_id).copied().unwrap_or(i64::MAX);
            self.found.insert(summary.place(), Found { summary, seen_by, seen_at });
        }
        Ok(())
    }

    /// Where the next page begins, if there may be one.
    fn cursor(&self, query: u64, now: i64, page: &[Place]) -> Option<Cursor> {
        if self.is_exhausted() && page.len() == self.found.len() {
            return None;
        }
        let frontier = self.frontier();
        let last = match page.last() {
            Some(last) if page.len() == self.filter.limit || last.0 <= frontier => *last,
            // The page is all that lies after the frontier.
            _ => (frontier.saturating_add(1), TraceId([0; 16])),
        };
        let mut waiting: Vec<(&Place, &Found)> = self.found.range(..last).collect();
        waiting.sort_by_key(|(_, found)| std::cmp::Reverse(found.seen_at));
        let later = waiting.split_off(PENDING_MAX.min(waiting.len()));
        // What the cursor cannot carry is scanned for again.
        let again =
            |scan: usize| later.iter().filter(|(_, found)| found.seen_by == scan).map(|(_, found)| found.seen_at).max();
        let [future, past] = [0, 1].map(|scan| self.scans[scan].frontier().max(again(scan).unwrap_or(i64::MIN)));
        let pending = waiting.into_iter().map(|(place, _)| place.1).collect();
        Some(Cursor { query, now, last, future, past, pending })
    }
}

#[cfg(test)]
mod tests;
