//! One target, scraped once an interval: at most one request in flight, what is late is skipped and not caught up.
//!
//! Owns the loop's clock and its failures. Each scrape ends in its timeout whatever the target does, and a target that
//! fails is told as `up` 0 and logged once for each cause.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use spanlake_schemas::ingest::Ingest;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::config::Job;
use super::exposition::Format;
use super::http::{Asked, Fetched, Fetcher, InFlight};
use super::pass::{Memory, Passed, Report};
use super::states::ScrapeStates;
use super::target::Target;
use crate::aligned::AlignedTimes;
use crate::delivery::{Delivered, Delivery, now_milliseconds};

/// Where no `body_size_limit` is set.
const BODY_BYTES_MAX: u64 = 64 << 20;
/// Bodies of this size and more are read off the runtime's threads.
const OFFLOAD_BYTES_MIN: usize = 128 << 10;
/// How long a scrape may take to be stored, be it past the next one.
const STORE_PATIENCE: Duration = Duration::from_secs(10);
/// How long a target's end may take to be stored.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);
/// OpenMetrics where the target has it, as it has exemplars.
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.7,\
                      text/plain;version=0.0.4;q=0.6,*/*;q=0.1";
/// Protobuf before all, where native histograms are wanted.
const ACCEPT_NATIVE: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                             encoding=delimited;q=0.9,application/openmetrics-text;version=1.0.0;q=0.8,\
                             text/plain;version=0.0.4;q=0.6,*/*;q=0.1";

/// What all loops share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) ingest: Arc<dyn Ingest>,
    pub(super) states: Arc<ScrapeStates>,
    pub(super) in_flight: Arc<InFlight>,
}

pub(super) struct Scraper {
    job: Arc<Job>,
    target: Target,
    /// Why it is not asked at all: the job has too many targets.
    refusal: Option<String>,
    shared: Shared,
    fetcher: Fetcher,
    delivery: Delivery,
    memory: Memory,
    /// Why the last scrape failed, so that each cause is logged once.
    failure: Option<String>,
    store_takes: bool,
    times: AlignedTimes,
}

/// Spreads the targets' scrapes over the interval; the same target has its own place after a restart.
fn offset(target: &Target) -> Duration {
    let mut hasher = DefaultHasher::new();
    (target.url.as_str(), &target.labels).hash(&mut hasher);
    let interval = u64::try_from(target.interval.as_nanos()).unwrap_or(u64::MAX).max(1);
    Duration::from_nanos(hasher.finish() % interval)
}

impl Scraper {
    pub(super) fn new(job: Arc<Job>, target: Target, refusal: Option<String>, shared: Shared) -> Self {
        let fetcher = Fetcher::new(job.http.clone(), Arc::clone(&shared.in_flight));
        let delivery = Delivery::new(Arc::clone(&shared.ingest), spanlake_schemas::otlp::decode);
        let (memory, failure) = (Memory::default(), None);
        let times = AlignedTimes::default();
        Self { job, target, refusal, shared, fetcher, delivery, memory, failure, store_takes: true, times }
    }

    /// Scrapes until `removed` (then its series are ended) or `stop` (then they go on after the next start).
    pub(super) async fn run(mut self, removed: CancellationToken, stop: CancellationToken) {
        let begin = Instant::now() + offset(&self.target);
        let mut ticks = tokio::time::interval_at(begin, self.target.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = removed.cancelled() => break,
                tick = ticks.tick() => tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = removed.cancelled() => break,
                    () = self.turn(tick + self.target.interval) => {}
                },
            }
        }
        let now_ms = now_milliseconds();
        if let Some(passed) = self.memory.gone(&self.job, &self.target.labels, now_ms) {
            self.delivery.send(passed.request.into(), Instant::now() + GOODBYE_TIMEOUT).await;
        }
    }

    async fn turn(&mut self, due: Instant) {
        let (began, at) = (Instant::now(), SystemTime::now());
        let interval_ms = i64::try_from(self.target.interval.as_millis()).unwrap_or(0);
        let time_ms = self.times.next(now_milliseconds(), interval_ms);
        let fetched = self.fetch().await;
        let report = Report { time_ms, duration: began.elapsed() };
        let (passed, error) = match fetched {
            Ok(fetched) => self.pass(report, fetched).await,
            Err(error) => (self.memory.failed(&self.job, &self.target.labels, report), Some(error)),
        };
        self.note(error.as_deref(), &passed);
        self.shared.states.scraped(&self.job.name, &self.target, (at, report.duration), error);
        // Rather a scrape too few than the same rows decoded again and again for a store that is slow.
        let deadline = due.max(Instant::now() + STORE_PATIENCE);
        let delivered = self.delivery.send(passed.request.into(), deadline).await;
        self.note_delivery(&delivered);
    }

    async fn fetch(&mut self) -> Result<Fetched, String> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        let timeout = self.target.timeout;
        let headers = [("X-Prometheus-Scrape-Timeout-Seconds", timeout.as_secs_f64().to_string())];
        let limit = self.job.limits.body_size_limit;
        let asked = Asked {
            url: &self.target.url,
            accept: if self.job.native_histograms { ACCEPT_NATIVE } else { ACCEPT },
            headers: &headers,
            gzip: self.job.enable_compression,
            bytes_max: if limit == 0 { BODY_BYTES_MAX } else { limit },
        };
        match tokio::time::timeout(timeout, self.fetcher.get(&asked)).await {
            Ok(Ok(fetched)) => Ok(fetched),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => {
                self.fetcher.forget();
                Err(format!("no complete answer within {}", super::units::written(timeout)))
            }
        }
    }

    /// Reads a body; what does not count is a failure like any other.
    async fn pass(&mut self, report: Report, fetched: Fetched) -> (Passed, Option<String>) {
        let (job, labels, mut memory) =
            (Arc::clone(&self.job), self.target.labels.clone(), std::mem::take(&mut self.memory));
        let is_large = fetched.body.len() >= OFFLOAD_BYTES_MIN;
        let work = move || {
            let format = Format::of(&fetched.content_type);
            let passed = memory.scraped(&job, &labels, report, format, &fetched.body);
            let (passed, error) = match passed {
                Ok(passed) => (passed, None),
                Err(fault) => (memory.failed(&job, &labels, report), Some(fault.to_string())),
            };
            (memory, passed, error)
        };
        let done = if is_large { tokio::task::spawn_blocking(work).await } else { Ok(work()) };
        match done {
            Ok((memory, passed, error)) => {
                self.memory = memory;
                (passed, error)
            }
            // It panicked: a bug, told as a failure of this target alone.
            Err(error) => {
                let report = self.memory.failed(&self.job, &self.target.labels, report);
                (report, Some(format!("the answer could not be read: {error}")))
            }
        }
    }

    fn note(&mut self, error: Option<&str>, passed: &Passed) {
        let (job, url) = (&self.job.name, self.target.url.as_str());
        match error {
            None => {
                if self.failure.take().is_some() {
                    tracing::info!(job, url, samples = passed.samples, "target can be scraped again");
                }
                if let Some(message) = passed.tally.message() {
                    tracing::debug!(job, url, message, "samples were left out");
                }
            }
            Some(error) if self.failure.as_deref() != Some(error) => {
                tracing::warn!(job, url, error, "target cannot be scraped; trying again");
                self.failure = Some(error.to_owned());
            }
            Some(_) => {}
        }
    }

    fn note_delivery(&mut self, delivered: &Delivered) {
        match delivered {
            Delivered::All => self.store_takes = true,
            Delivered::Waiting { messages, reason } => {
                if std::mem::replace(&mut self.store_takes, false) {
                    let (url, dropped) = (self.target.url.as_str(), self.delivery.dropped);
                    tracing::warn!(url, messages, reason, dropped, "scraped samples wait for the store");
                }
            }
        }
    }
}
