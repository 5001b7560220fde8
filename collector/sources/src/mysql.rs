//! MySQL's global status as OpenTelemetry metrics, asked once an interval over one connection.
//!
//! Owns the poll loop: at most one statement in flight, a poll that is late is skipped and not caught up, a server
//! that does not answer is left alone for longer each time (and told as `mysql.up` = 0 meanwhile). Never prints a
//! password.

mod address;
mod counters;
mod message;
mod names;
mod session;

#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use spanlake_schemas::ingest::Ingest;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

pub use address::{MysqlUrl, MysqlUrlError};

use crate::delivery::{Delivered, Delivery, now_nanoseconds};
use counters::Counters;
use message::{Poll, Target};
use session::{Session, SessionError};

/// One server to poll.
#[derive(Clone, Debug)]
pub struct MysqlSource {
    pub url: MysqlUrl,
    /// From one poll to the next.
    pub interval: Duration,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const BACKOFF_MIN: Duration = Duration::from_secs(1);
const BACKOFF_MAX: Duration = Duration::from_secs(30);
const GOODBYE_TIMEOUT: Duration = Duration::from_millis(500);

/// Polls until `stop` is cancelled. Ends within half a second then, whatever the server does.
pub async fn poll(source: MysqlSource, ingest: Arc<dyn Ingest>, stop: CancellationToken) {
    let delivery = Delivery::new(ingest, spanlake_schemas::otlp::decode);
    Poller::new(source, delivery).run(stop).await;
}

struct Poller {
    source: MysqlSource,
    delivery: Delivery,
    target: Target,
    counters: Counters,
    link: Link,
    /// How long the server is left alone after the next failure; back to the least with each answer.
    backoff: Duration,
    /// Why the last poll failed, `None` when it did not, so that each cause is logged once.
    failure: Option<String>,
    /// Nanoseconds since the epoch.
    since: i64,
    /// Polls left out because the one before took too long.
    skipped: u64,
    /// Whether the store takes what is sent, so that a refusal is logged once.
    store_takes: bool,
}

/// The connection, or until when to leave the server alone.
enum Link {
    Up(Session),
    Down { retry_at: Instant },
}

impl Poller {
    fn new(source: MysqlSource, delivery: Delivery) -> Self {
        let target = Target::at(&source.url);
        Self {
            source,
            delivery,
            target,
            counters: Counters::default(),
            link: Link::Down { retry_at: Instant::now() },
            backoff: BACKOFF_MIN,
            failure: Some("not asked yet".to_owned()),
            since: now_nanoseconds(),
            skipped: 0,
            store_takes: true,
        }
    }

    async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(self.source.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut due = Instant::now();
        loop {
            let tick = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                tick = ticks.tick() => tick,
            };
            let late_by = tick.saturating_duration_since(due);
            self.skipped += whole_intervals(late_by, self.source.interval);
            due = tick + self.source.interval;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.turn(due) => {}
            }
        }
        if let Link::Up(session) = self.link {
            let _ = tokio::time::timeout(GOODBYE_TIMEOUT, session.close()).await;
        }
    }

    /// One poll and its delivery, over before `due` but for a connection being made.
    async fn turn(&mut self, due: Instant) {
        let started = Instant::now();
        self.connect_if_due().await;
        let readings = self.ask().await;
        let time = now_nanoseconds();
        let (duration, since, skipped) = (started.elapsed(), self.since, self.skipped);
        let poll = Poll { time, since, readings: readings.as_deref(), duration, skipped };
        let message = message::build(&self.target, &poll, &mut self.counters);
        let deadline = due.max(Instant::now() + self.source.interval / 10);
        let delivered = self.delivery.send(message.encode_to_vec().into(), deadline).await;
        self.note(&delivered);
    }

    async fn connect_if_due(&mut self) {
        let Link::Down { retry_at } = self.link else { return };
        if Instant::now() < retry_at {
            return;
        }
        match Session::open(&self.source.url, self.source.interval, CONNECT_TIMEOUT).await {
            Ok(session) => self.link = Link::Up(session),
            Err(error) => self.lost(&error),
        }
    }

    /// Name and value of each status variable; `None` while the server does not answer.
    async fn ask(&mut self) -> Option<Vec<(String, String)>> {
        let Link::Up(session) = &mut self.link else { return None };
        match session.global_status().await {
            Ok(readings) => {
                self.target.identify(session.identity());
                self.backoff = BACKOFF_MIN;
                if self.failure.take().is_some() {
                    tracing::info!(server = %self.source.url, version = session.identity().version, "polling MySQL");
                }
                Some(readings)
            }
            Err(error) => {
                self.lost(&error);
                None
            }
        }
    }

    /// Leaves the server alone for a while, longer each time; says so once per cause.
    fn lost(&mut self, error: &SessionError) {
        let failure = error.to_string();
        if self.failure.as_ref() != Some(&failure) {
            tracing::warn!(server = %self.source.url, error = failure, "MySQL cannot be polled; trying again");
        }
        self.failure = Some(failure);
        self.counters.outage();
        self.link = Link::Down { retry_at: Instant::now() + self.backoff };
        self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
    }

    fn note(&mut self, delivered: &Delivered) {
        match delivered {
            Delivered::All => self.store_takes = true,
            Delivered::Waiting { messages, reason } => {
                if std::mem::replace(&mut self.store_takes, false) {
                    let dropped = self.delivery.dropped;
                    tracing::warn!(server = %self.source.url, messages, reason, dropped, "MySQL's metrics wait for the store");
                }
            }
        }
    }
}

fn whole_intervals(time: Duration, interval: Duration) -> u64 {
    u64::try_from(time.as_nanos() / interval.as_nanos().max(1)).unwrap_or(u64::MAX)
}
