//! Prometheus's scraping: targets found by its own `scrape_configs`, asked for their metrics once an interval.
//!
//! A scrape's walk: `discovery` (who is there) -> `target` (labels, URL) -> `scraper` (the loop of one target) -> `http`
//! (bounded in time and bytes) -> `exposition` (text to samples) -> `pass` (labels, limits, staleness) -> the same
//! decoder and seam as every source. What is shown of it is in `states`.
//!
//! Owns the jobs' tasks. Never prints a secret; a target that hangs, lies or floods harms itself only.

mod config;
mod discovery;
mod exposition;
mod http;
mod pass;
mod relabel;
mod scraper;
mod states;
mod target;
#[cfg(test)]
mod tests;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use spanlake_schemas::ingest::Ingest;
use spanlake_yaml as yaml;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use config::{ScrapeConfig, ScrapeConfigError};
pub use spanlake_yaml::{Position, YamlError};
pub use states::{DroppedState, Health, ScrapeSnapshot, ScrapeStates, TargetState};

use config::Job;
use discovery::{Found, News, Source};
use scraper::{Scraper, Shared};
use target::{Populated, Target, populate};

/// Targets of one job, whatever its `target_limit`.
const TARGETS_MAX: u64 = 10_000;

/// Scrapes until `stop`; ends once every loop has.
pub async fn scrape(config: ScrapeConfig, ingest: Arc<dyn Ingest>, states: Arc<ScrapeStates>, stop: CancellationToken) {
    let shared = Shared { ingest, states, in_flight: Arc::default() };
    let jobs = TaskTracker::new();
    for job in config.jobs {
        let running = Running {
            job: Arc::new(job),
            shared: shared.clone(),
            found: BTreeMap::new(),
            targets: BTreeMap::new(),
            loops: TaskTracker::new(),
        };
        jobs.spawn(running.run(stop.clone()));
    }
    jobs.close();
    jobs.wait().await;
}

/// One job: what its sources found last, and the loops of its targets.
struct Running {
    job: Arc<Job>,
    shared: Shared,
    found: BTreeMap<usize, Found>,
    /// With the token that ends each; the text is why it is not asked.
    targets: BTreeMap<(Target, Option<String>), CancellationToken>,
    loops: TaskTracker,
}

impl Running {
    async fn run(mut self, stop: CancellationToken) {
        let (sender, mut news) = mpsc::channel(8);
        let sources = TaskTracker::new();
        for (number, discovery) in self.job.discovery.iter().enumerate() {
            let source = Source {
                job: self.job.name.clone(),
                number,
                discovery: discovery.clone(),
                in_flight: Arc::clone(&self.shared.in_flight),
            };
            sources.spawn(source.run(sender.clone(), stop.clone()));
        }
        drop(sender);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                one = news.recv() => match one {
                    Some(News { source, found }) => {
                        self.found.insert(source, found);
                        self.renew(&stop);
                    }
                    // Static lists have nothing more to say.
                    None => {
                        stop.cancelled().await;
                        break;
                    }
                },
            }
        }
        sources.close();
        self.loops.close();
        sources.wait().await;
        self.loops.wait().await;
    }

    /// Starts and ends loops so that they are those of what was found.
    fn renew(&mut self, stop: &CancellationToken) {
        let (wanted, dropped) = self.wanted();
        self.shared.states.drops(&self.job.name, dropped);
        self.targets.retain(|target, removed| {
            let is_wanted = wanted.contains(target);
            if !is_wanted {
                self.shared.states.ends(&self.job.name, &target.0);
                removed.cancel();
            }
            is_wanted
        });
        for wanted in wanted {
            if self.targets.contains_key(&wanted) {
                continue;
            }
            let (target, refusal) = wanted.clone();
            self.shared.states.begins(&self.job.name, &target);
            let removed = CancellationToken::new();
            let scraper = Scraper::new(Arc::clone(&self.job), target, refusal, self.shared.clone());
            self.loops.spawn(scraper.run(removed.clone(), stop.clone()));
            self.targets.insert(wanted, removed);
        }
    }

    fn wanted(&self) -> (BTreeSet<(Target, Option<String>)>, Vec<relabel::Labels>) {
        let (mut wanted, mut dropped) = (BTreeMap::new(), Vec::new());
        for (address, labels) in self.found.values().flatten() {
            match populate(&self.job, address, labels) {
                // Of targets that are the same after relabelling, one is enough.
                Populated::Target(target) => {
                    wanted.entry((target.url.clone(), target.labels.clone())).or_insert(*target);
                }
                Populated::Dropped(labels) => dropped.push(labels),
                Populated::Unfit { discovered, reason } => {
                    tracing::warn!(job = self.job.name, address, reason, "a target cannot be scraped");
                    dropped.push(discovered);
                }
            }
        }
        let limit = self.job.limits.target_limit;
        let limit = if limit == 0 { TARGETS_MAX } else { limit.min(TARGETS_MAX) };
        let count = wanted.len() as u64;
        let refusal = (count > limit).then(|| format!("target_limit exceeded: {count} targets, more than {limit}"));
        let most = usize::try_from(TARGETS_MAX).unwrap_or(usize::MAX);
        let wanted = wanted.into_values().take(most).map(|target| (target, refusal.clone()));
        (wanted.collect(), dropped)
    }
}
