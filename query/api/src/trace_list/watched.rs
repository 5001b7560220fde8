//! A search told as it goes: traces once their places are sure, how far back it has come, what it has read.
//!
//! Owns the task that searches, and the lines of `application/x-ndjson`. Nobody listening any more ends the task, and
//! with it the statement that runs. A search that is watched may take longer, as one sees it get on and can end it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use http::header;
use serde_json::{Value, json};
use spanlake_engine::{PinnedEngine, QueryStats};
use tokio::sync::mpsc;

use super::{Asked, Filter, List, Reach, Searching, Summary};
use crate::error::ApiError;
use crate::state::Shared;

/// One JSON value a line.
pub(super) const CONTENT_TYPE: &str = "application/x-ndjson";
/// After this long nothing older is looked at.
pub(super) const LOOK_BACK_TIME: Duration = Duration::from_secs(30);
/// Steps that wait for a slow client; the search waits with them.
const STEPS_WAITING: usize = 4;

/// What is told of a search.
pub(crate) enum Step<T> {
    Progress(Progress),
    /// The last one: what remains to be told, or why there is nothing.
    Done(Result<T, ApiError>),
}

/// How far a search has come.
pub(crate) struct Progress {
    /// Those that were not told before, in the order of the list. None of them changes any more.
    pub(crate) traces: Vec<Summary>,
    /// Traces that match so far, those without a sure place included.
    pub(crate) found: usize,
    pub(crate) looked_at: usize,
    /// Nanoseconds; `None` once all was looked at.
    pub(crate) searched_back_to: Option<String>,
    pub(crate) cost: QueryStats,
}

/// Who is told.
pub(super) struct Watcher {
    listening: mpsc::Sender<Progress>,
    /// Traces of the page that were told.
    told: usize,
}

impl Searching<'_> {
    /// Traces of the page that a watcher knows.
    pub(super) fn told(&self) -> usize {
        self.watcher.as_ref().map_or(0, |watcher| watcher.told)
    }

    pub(super) async fn tell(&mut self) {
        let Some(watcher) = &self.watcher else { return };
        let fresh = self.settled().take(self.filter.limit).skip(watcher.told);
        let traces: Vec<Summary> = fresh.filter_map(|place| Some(self.found.get(&place)?.summary.clone())).collect();
        let listening = watcher.listening.clone();
        let told = watcher.told + traces.len();
        let progress = Progress {
            traces,
            found: self.found.len(),
            looked_at: self.seen.len(),
            searched_back_to: self.searched_back_to(),
            cost: self.cost(),
        };
        // Who has gone has ended the task.
        let _ = listening.send(progress).await;
        if let Some(watcher) = &mut self.watcher {
            watcher.told = told;
        }
    }

    /// All that was found and not told, newest first.
    fn rest(&mut self) -> Vec<Summary> {
        let found = std::mem::take(&mut self.found);
        found.into_values().rev().take(self.filter.limit).skip(self.told()).map(|found| found.summary).collect()
    }
}

/// The first page, for clients without cursors, as [`super::search`]: at the end the traces that are known without a sure
/// place, too, and what was read in all.
pub(crate) fn watched_search(
    shared: Arc<Shared>,
    engine: PinnedEngine,
    filter: Filter,
    windows: Vec<Reach>,
) -> mpsc::Receiver<Step<(Vec<Summary>, usize, QueryStats)>> {
    watched(move |watcher| async move {
        let mut search = Searching::begin(&shared, engine, &filter, windows, None);
        search.watcher = Some(watcher);
        search.run().await?;
        let (looked_at, cost) = (search.seen.len(), search.cost());
        Ok((search.rest(), looked_at, cost))
    })
}

/// Runs a search in a task of its own, which ends when the receiver goes.
fn watched<T, F>(search: impl FnOnce(Watcher) -> F) -> mpsc::Receiver<Step<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let (steps, listener) = mpsc::channel(STEPS_WAITING);
    let (listening, mut told) = mpsc::channel(1);
    let searching = search(Watcher { listening, told: 0 });
    tokio::spawn(async move {
        let gone = steps.clone();
        let forwarding = async {
            let forward = async {
                while let Some(progress) = told.recv().await {
                    if steps.send(Step::Progress(progress)).await.is_err() {
                        return;
                    }
                }
            };
            // The search drops its end of the channel, which ends the other.
            let (found, ()) = tokio::join!(searching, forward);
            let _ = steps.send(Step::Done(found)).await;
        };
        tokio::select! {
            () = gone.closed() => {}
            () = forwarding => {}
        }
    });
    listener
}

/// The answer, a line a step.
pub(super) fn lines(shared: Arc<Shared>, asked: Asked) -> Result<Response, ApiError> {
    let listener = watched(move |watcher| async move { asked.page(&shared, Some(watcher)).await });
    let pieces = stream::unfold(listener, |mut listener| async move {
        let step = listener.recv().await?;
        Some((Ok::<_, Infallible>(written(&step)), listener))
    });
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], Body::from_stream(pieces)).into_response())
}

fn written(step: &Step<List>) -> Bytes {
    let mut lines = Vec::new();
    let mut push = |value: Value| {
        lines.extend_from_slice(value.to_string().as_bytes());
        lines.push(b'\n');
    };
    match step {
        Step::Progress(progress) => {
            progress.traces.iter().for_each(|trace| push(json!({ "trace": trace })));
            push(json!({ "progress": {
                "found": progress.found, "looked_at": progress.looked_at,
                "searched_back_to": progress.searched_back_to,
                "files_read": progress.cost.files_read, "files_total": progress.cost.files_total,
                "bytes_scanned": progress.cost.bytes_scanned,
            } }));
        }
        Step::Done(Ok(list)) => {
            list.traces.iter().for_each(|trace| push(json!({ "trace": trace })));
            let mut done = json!(list);
            done.as_object_mut().map(|done| done.remove("traces"));
            push(json!({ "done": done }));
        }
        Step::Done(Err(error)) => push(error.body()),
    }
    lines.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_goes_ends_the_search() {
        let (alive, mut ended) = mpsc::channel::<()>(1);
        let listener = watched::<(), _>(|watcher| async move {
            let _held = (alive, watcher);
            std::future::pending().await
        });
        drop(listener);
        assert!(ended.recv().await.is_none(), "what the search held is dropped with it");
    }
}
