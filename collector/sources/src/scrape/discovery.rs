//! Targets as they come and go: static lists at once, files, HTTP answers and DNS again and again.
//!
//! Owns what was last found by each source: one that fails keeps what it had, and is logged once for each cause. Never
//! decides what is scraped.

mod dns;
mod files;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::config::{Discovery, DnsRecord, HttpSettings, TargetGroup, read_groups};
use super::http::{Asked, Fetcher, InFlight};
use super::relabel::Labels;

/// An address, and the labels that it was found with.
pub(super) type Found = Vec<(String, Labels)>;

/// Bytes of an answer or a file with targets.
pub(super) const BYTES_MAX: u64 = 32 << 20;
const HTTP_TIMEOUT: Duration = Duration::from_secs(30);
/// How often files are looked at for changes; they are read when they changed.
const FILES_LOOKED_AT: Duration = Duration::from_secs(2);

/// What one source of a job found.
pub(super) struct News {
    pub(super) source: usize,
    pub(super) found: Found,
}

/// One source of targets.
pub(super) struct Source {
    pub(super) job: String,
    pub(super) number: usize,
    pub(super) discovery: Discovery,
    pub(super) in_flight: Arc<InFlight>,
}

pub(super) fn spread(groups: Vec<TargetGroup>, meta: &[(&str, &str)]) -> Found {
    let mut found = Vec::new();
    for group in groups {
        let mut labels = group.labels;
        labels.extend(meta.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        found.extend(group.targets.into_iter().map(|target| (target, labels.clone())));
    }
    found
}

impl Source {
    /// Tells what there is, whenever that changes, until `stop`.
    pub(super) async fn run(self, news: mpsc::Sender<News>, stop: CancellationToken) {
        stop.run_until_cancelled(self.watch(news)).await;
    }

    async fn watch(self, news: mpsc::Sender<News>) {
        let Self { job, number, discovery, in_flight } = self;
        let mut teller = Teller { job, source: number, news, last: None, failure: None };
        match discovery {
            Discovery::Static(groups) => teller.tell(spread(groups, &[])).await,
            Discovery::File { patterns, refresh } => watch_files(&mut teller, &patterns, refresh).await,
            Discovery::Http { url, http, refresh } => watch_http(&mut teller, url, *http, refresh, in_flight).await,
            Discovery::Dns { names, record, port, refresh } => {
                watch_dns(&mut teller, &names, record, port, refresh).await;
            }
        }
    }
}

/// Hands on what changed, and logs what fails.
struct Teller {
    job: String,
    source: usize,
    news: mpsc::Sender<News>,
    last: Option<Found>,
    failure: Option<String>,
}

impl Teller {
    async fn tell(&mut self, found: Found) {
        if self.last.as_ref() != Some(&found) {
            self.last = Some(found.clone());
            // Nobody listens any more once the server stops.
            let _ = self.news.send(News { source: self.source, found }).await;
        }
    }

    /// What was found stays as it was.
    fn failed(&mut self, failure: Option<String>) {
        if let Some(error) = failure.as_ref().filter(|_| self.failure != failure) {
            tracing::warn!(job = self.job, error, "targets cannot be looked up; those known stay");
        }
        self.failure = failure;
    }
}

async fn watch_files(teller: &mut Teller, patterns: &[std::path::PathBuf], refresh: Duration) {
    let mut watched = files::Files::default();
    let mut read_at: Option<Instant> = None;
    loop {
        let is_due = read_at.is_none_or(|at| at.elapsed() >= refresh);
        let owned: Vec<_> = patterns.to_vec();
        // The disk may be slow, or a network's.
        let looked = tokio::task::spawn_blocking(move || {
            let changed = watched.look(&owned, is_due);
            (watched, changed)
        });
        let Ok((after, changed)) = looked.await else { return };
        watched = after;
        if is_due {
            read_at = Some(Instant::now());
        }
        if changed {
            teller.tell(watched.found()).await;
            teller.failed(watched.failure());
        }
        tokio::time::sleep(FILES_LOOKED_AT.min(refresh)).await;
    }
}

async fn watch_http(teller: &mut Teller, url: Url, http: HttpSettings, refresh: Duration, in_flight: Arc<InFlight>) {
    let mut fetcher = Fetcher::new(http, in_flight);
    let headers = [("X-Prometheus-Refresh-Interval-Seconds", refresh.as_secs_f64().to_string())];
    loop {
        let asked =
            Asked { url: &url, accept: "application/json", headers: &headers, gzip: true, bytes_max: BYTES_MAX };
        let fetched = tokio::time::timeout(HTTP_TIMEOUT.min(refresh.max(Duration::from_secs(1))), fetcher.get(&asked));
        let read = match fetched.await {
            Ok(Ok(fetched)) => std::str::from_utf8(&fetched.body)
                .map_err(|error| error.to_string())
                .and_then(|text| read_groups(text).map_err(|error| error.to_string())),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => {
                fetcher.forget();
                Err("no complete answer in time".to_owned())
            }
        };
        match read {
            Ok(groups) => {
                teller.tell(spread(groups, &[("__meta_url", url.as_str())])).await;
                teller.failed(None);
            }
            Err(error) => teller.failed(Some(format!("{url}: {error}"))),
        }
        tokio::time::sleep(refresh).await;
    }
}

async fn watch_dns(teller: &mut Teller, names: &[String], record: DnsRecord, port: Option<u16>, refresh: Duration) {
    // By name: one that cannot be looked up keeps what it had.
    let mut known: BTreeMap<String, Found> = BTreeMap::new();
    loop {
        let mut failure = None;
        for name in names {
            match dns::look_up(name, record, port).await {
                Ok(found) => drop(known.insert(name.clone(), found)),
                Err(error) => failure = Some(format!("{name}: {error}")),
            }
        }
        teller.tell(known.values().flatten().cloned().collect()).await;
        teller.failed(failure);
        tokio::time::sleep(refresh).await;
    }
}
