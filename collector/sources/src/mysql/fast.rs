//! The fast connection: status, what runs, lock waits and replication, each as often as it is worth; a ping each second.
//!
//! Owns the server's light and its points. One statement at a time; a poll that is late is skipped and not caught up; a
//! server that does not answer is left alone a little longer each time, and told as `mysql.up` = 0 meanwhile.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use prost::Message;
use serde_json::json;
use spanlake_schemas::ingest::Signal;
use spanlake_schemas::mysql::{Figure, Figures, LockWait, Replica, ServerPicture, Statement};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::MysqlSource;
use super::capabilities::{self, Capabilities, Capability};
use super::counters::Counters;
use super::figures::{self, Beside, FAST_VARIABLES, Reading};
use super::light;
use super::locks::LockWaits;
use super::message::{self, Poll, Target};
use super::names::Kind;
use super::replication;
use super::session::{Lane, Session, SessionError};
use super::state::ServerState;
use super::statements::{self, Samples, Seen, Whose};
use super::{identity, records};
use crate::aligned::AlignedTimes;
use crate::delivery::{Delivered, Delivery, now_milliseconds, now_nanoseconds};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const BACKOFF_MIN: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(2);
const GOODBYE_TIMEOUT: Duration = Duration::from_millis(500);
const PING_INTERVAL: Duration = Duration::from_secs(1);
/// All variables of the status, those that did not change among them.
const FULL_INTERVAL: Duration = Duration::from_secs(10);
const IDENTITY_INTERVAL: Duration = Duration::from_secs(60);
const REPLICATION_INTERVAL: Duration = Duration::from_secs(2);
/// Of a server that has no sources.
const NO_REPLICATION_INTERVAL: Duration = Duration::from_secs(30);

pub(super) struct FastPoller {
    source: MysqlSource,
    pub(super) state: Arc<ServerState>,
    delivery: Delivery,
    target: Target,
    counters: Counters,
    times: AlignedTimes,
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
    capabilities: Arc<Capabilities>,
    connections_max: Option<f64>,
    before: Option<Reading>,
    full_due: Instant,
    identity_due: Instant,
    statements_due: Instant,
    replication_due: Instant,
    replication: Vec<Replica>,
    samples: Samples,
    locks: LockWaits,
    /// The waits as they were last asked for.
    waits: Vec<LockWait>,
    /// The newest start of a statement, by performance schema's clock.
    timer: u64,
    restarts: u64,
}

/// The connection, or until when to leave the server alone.
enum Link {
    Up(Session),
    Down { retry_at: Instant },
}

/// What one round has brought.
#[derive(Default)]
struct Round {
    /// Name and value of status variables; `None` where only a ping was sent.
    readings: Option<Vec<(String, String)>>,
    is_full: bool,
    ping: Duration,
    statements: Option<Vec<Statement>>,
    locks: Option<Vec<LockWait>>,
    records: Vec<LogRecord>,
}

impl FastPoller {
    pub(super) fn new(source: MysqlSource, state: Arc<ServerState>, delivery: Delivery) -> Self {
        let (target, now) = (Target::at(&source.url), Instant::now());
        let counters = Counters::of(&state.words);
        Self {
            source,
            state,
            delivery,
            target,
            counters,
            times: AlignedTimes::default(),
            link: Link::Down { retry_at: now },
            backoff: BACKOFF_MIN,
            failure: Some("not asked yet".to_owned()),
            since: now_nanoseconds(),
            skipped: 0,
            store_takes: true,
            capabilities: Arc::default(),
            connections_max: None,
            before: None,
            full_due: now,
            identity_due: now,
            statements_due: now,
            replication_due: now,
            replication: Vec::new(),
            samples: Samples::default(),
            locks: LockWaits::default(),
            waits: Vec::new(),
            timer: 0,
            restarts: 0,
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let state = Arc::clone(&self.state);
        // Many servers are not asked at once: what their answers need is needed one after the other.
        let (mut status_due, mut pace) = (Instant::now() + state.offset(), self.source.interval);
        let mut ping_due = status_due + PING_INTERVAL;
        loop {
            let due = status_due.min(ping_due);
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep_until(due) => {}
                // Somebody looks now: what an idle server was spared is asked at once.
                () = state.woken.notified() => status_due = status_due.min(Instant::now()),
            }
            let wants_status = status_due <= Instant::now();
            let deadline = Instant::now() + pace.max(PING_INTERVAL);
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.turn(wants_status, pace.min(PING_INTERVAL), deadline) => {}
            }
            let now = Instant::now();
            if wants_status {
                pace = figures::pace(&state.picture().figures, state.is_watched(), self.source.interval);
                status_due += pace;
                let late_by = now.saturating_duration_since(status_due);
                let missed = whole_intervals(late_by, pace);
                self.skipped += missed;
                status_due += pace * u32::try_from(missed).unwrap_or(u32::MAX);
            }
            ping_due = now + PING_INTERVAL;
        }
        if let Link::Up(session) = self.link {
            let _ = tokio::time::timeout(GOODBYE_TIMEOUT, session.close()).await;
        }
    }

    /// One round and its delivery. `spacing` is the time between two of them.
    async fn turn(&mut self, wants_status: bool, spacing: Duration, deadline: Instant) {
        let started = Instant::now();
        // Who answers now may be another server than before: what is stored next must be told as its own.
        let is_new = self.connect_if_due().await;
        // Told as of before it was asked, which does not vary with how long the answer took.
        let spacing_ms = i64::try_from(spacing.as_millis()).unwrap_or(0);
        let time = self.times.next(now_milliseconds(), spacing_ms) * 1_000_000;
        let round = self.round(wants_status || is_new).await;
        let (mut more, mut log_records) = (Vec::new(), Vec::new());
        match &round {
            Some(round) if round.readings.is_some() => more = self.show(time, round),
            Some(_) => {}
            None => self.show_down(time),
        }
        let poll = Poll {
            time,
            since: self.since,
            is_up: round.is_some(),
            readings: round.as_ref().and_then(|round| round.readings.as_deref()),
            duration: started.elapsed(),
            skipped: self.skipped,
            is_full: round.as_ref().is_some_and(|round| round.is_full),
        };
        let body = message::build(&self.target, &poll, &mut self.counters, more).encode_to_vec();
        if self.counters.restarts() > self.restarts {
            self.restarts = self.counters.restarts();
            log_records.push(records::event(
                time,
                "restart",
                "the server has started anew",
                &json!({ "version": self.capabilities.version }),
            ));
        }
        log_records.extend(round.into_iter().flat_map(|round| round.records));
        let delivered = self.delivery.send(body.into(), deadline).await;
        self.note(&delivered);
        if !log_records.is_empty() {
            let message = records::request(&self.target, log_records).encode_to_vec();
            let delivered = self.delivery.send_signal(Signal::Logs, message.into(), deadline).await;
            self.note(&delivered);
        }
    }

    /// Whether there is a new connection.
    async fn connect_if_due(&mut self) -> bool {
        let Link::Down { retry_at } = self.link else { return false };
        if Instant::now() < retry_at {
            return false;
        }
        // Counted from here: a server that hangs is tried again as soon as this attempt has failed.
        let retry_at = Instant::now() + self.backoff;
        match self.connect().await {
            Ok(session) => {
                self.link = Link::Up(session);
                true
            }
            Err(error) => {
                self.lost(&error, retry_at);
                false
            }
        }
    }

    async fn connect(&mut self) -> Result<Session, SessionError> {
        let lane = (Lane::Fast, Arc::clone(&self.state.own));
        let mut session = Session::open(&self.source.url, lane, CONNECT_TIMEOUT, CONNECT_TIMEOUT).await?;
        let found = Arc::new(capabilities::probe(&mut session).await?);
        self.state.publish(|picture| {
            picture.flavor = found.flavor;
            picture.version.clone_from(&found.version);
            picture.missing.clone_from(&found.missing);
        });
        self.capabilities = found;
        let now = Instant::now();
        (self.full_due, self.identity_due, self.statements_due, self.replication_due) = (now, now, now, now);
        session.set_timeout((self.source.interval.max(PING_INTERVAL) * 9 / 10).min(CONNECT_TIMEOUT));
        Ok(session)
    }

    /// `None` while the server does not answer.
    async fn round(&mut self, wants_status: bool) -> Option<Round> {
        let Link::Up(mut session) = std::mem::replace(&mut self.link, Link::Down { retry_at: Instant::now() }) else {
            return None;
        };
        let result = match wants_status {
            true => self.ask(&mut session).await,
            false => session.ping().await.map(|()| Round::default()),
        };
        match result {
            Ok(round) => {
                self.link = Link::Up(session);
                self.backoff = BACKOFF_MIN;
                if self.failure.take().is_some() {
                    let version = &self.capabilities.version;
                    tracing::info!(server = %self.source.url, version, "polling MySQL");
                    self.state.set_capabilities(Some(Arc::clone(&self.capabilities)));
                }
                Some(round)
            }
            Err(error) => {
                drop(session);
                self.lost(&error, Instant::now() + self.backoff);
                None
            }
        }
    }

    async fn ask(&mut self, session: &mut Session) -> Result<Round, SessionError> {
        let now = Instant::now();
        if now >= self.identity_due {
            let identity = identity::ask(session).await?;
            #[allow(clippy::cast_precision_loss, reason = "a small count")]
            let connections_max = identity.connections_max.map(|max| max as f64);
            self.connections_max = connections_max;
            self.target.identify(&identity);
            self.identity_due = now + IDENTITY_INTERVAL;
        }
        let mut round = Round { is_full: now >= self.full_due, ..Round::default() };
        if round.is_full {
            self.full_due = now + FULL_INTERVAL.saturating_sub(Duration::from_millis(100));
        }
        let started = Instant::now();
        let mut readings = session.pairs(&fast_statement(&self.capabilities)).await?;
        round.ping = started.elapsed();
        if round.is_full {
            readings.retain(|(name, _)| name.starts_with(PERFORMANCE_SCHEMA_PREFIX));
            readings.extend(session.pairs("SHOW /* spanlake */ GLOBAL STATUS").await?);
        }
        self.ask_what_runs(session, &mut round, &readings).await?;
        if now >= self.replication_due {
            self.replication = or_nothing(replication::ask(session, &self.capabilities).await)?;
            let interval = if self.replication.is_empty() { NO_REPLICATION_INTERVAL } else { REPLICATION_INTERVAL };
            self.replication_due = now + interval - Duration::from_millis(100);
        }
        round.readings = Some(readings);
        Ok(round)
    }

    async fn ask_what_runs(
        &mut self,
        session: &mut Session,
        round: &mut Round,
        readings: &[(String, String)],
    ) -> Result<(), SessionError> {
        if Instant::now() < self.statements_due {
            return Ok(());
        }
        let between = if self.state.is_watched() { statements::WATCHED } else { statements::UNWATCHED };
        self.statements_due = Instant::now() + between.saturating_sub(Duration::from_millis(100));
        let (time, own) = (now_nanoseconds(), self.state.own.connections().collect::<Vec<u64>>());
        let whose = Whose::AllBut(&own, self.timer);
        let mut seen = or_nothing(statements::ask(session, &self.capabilities, whose, time).await)?;
        self.state.name_digests(seen.iter_mut().map(|seen| &mut seen.statement));
        seen.iter().filter_map(Seen::to_remember).for_each(|(digest, text)| self.state.saw(digest, text));
        // The first answer has the last statement of every thread, however long ago that was.
        let newest = seen.iter().map(|seen| seen.timer_start()).fold(self.timer.max(1), u64::max);
        let is_first = std::mem::replace(&mut self.timer, newest) == 0;
        let samples = self.samples.take(&seen);
        if !is_first {
            round.records.extend(samples.iter().map(|statement| records::sample(time, statement, "current")));
        }
        let running: Vec<Statement> =
            seen.into_iter().filter(|seen| !seen.has_ended).map(|seen| seen.statement).collect();
        let waits = readings
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case("innodb_row_lock_current_waits") && value != "0");
        let waits_for_metadata = running.iter().any(|statement| statement.state.contains("metadata lock"));
        let had_waits = !self.waits.is_empty();
        if waits || waits_for_metadata || had_waits {
            let which = (waits || had_waits, waits_for_metadata || had_waits);
            let (mut locks, mut fresh) = self.locks.ask(session, &self.capabilities, which, time).await?;
            let sides = locks.iter_mut().chain(&mut fresh).flat_map(|wait| [&mut wait.waiting, &mut wait.blocking]);
            self.state.name_digests(sides);
            round.records.extend(fresh.iter().map(|wait| records::lock_wait(time, wait)));
            self.waits.clone_from(&locks);
            round.locks = Some(locks);
        } else {
            round.locks = Some(Vec::new());
        }
        round.statements = Some(running);
        Ok(())
    }

    /// Makes the point of a reading; gives what of it is stored beside the status.
    fn show(&mut self, time: i64, round: &Round) -> Vec<Metric> {
        let readings = round.readings.as_deref().unwrap_or_default();
        let reading = Reading::of(time, readings, self.state.own.count());
        let lag = self.replication.iter().filter_map(|replica| replica.lag_seconds).reduce(f64::max);
        let beside = Beside {
            connections_max: self.connections_max,
            lock_waits_now: round.locks.is_some().then_some(self.waits.len()),
            replication_lag_seconds: lag,
            ping: Some(round.ping),
            ..self.state.beside()
        };
        let figures = figures::figures(self.before.as_ref(), &reading, &beside);
        let (light, reasons) = light::light(&figures, &self.replication, &self.waits);
        #[allow(clippy::cast_possible_truncation, reason = "seconds of a server's life")]
        let uptime = reading.get("uptime").map(|uptime| uptime as i64);
        let pace = figures::pace(&figures, self.state.is_watched(), self.source.interval);
        let (replication, skipped) = (self.replication.clone(), self.skipped);
        self.state.point(time, figures, (round.statements.clone(), round.locks.clone()), |picture| {
            turn_light(picture, time, light, reasons, true);
            picture.uptime_seconds = uptime;
            picture.interval_ms = u64::try_from(pace.as_millis()).unwrap_or(u64::MAX);
            picture.replication = replication;
            picture.cost.skipped = skipped;
        });
        self.before = Some(reading);
        let mut more = derived(time, &figures);
        more.extend(replica_metrics(time, &self.replication));
        more
    }

    fn show_down(&mut self, time: i64) {
        self.before = None;
        self.replication.clear();
        self.waits.clear();
        self.state.set_capabilities(None);
        self.state.clear();
        let (light, reasons) = light::down(self.failure.as_deref().unwrap_or("not asked yet"));
        let skipped = self.skipped;
        self.state.point(time, Figures::default(), (None, None), |picture| {
            turn_light(picture, time, light, reasons, false);
            picture.uptime_seconds = None;
            picture.replication.clear();
            picture.cost.skipped = skipped;
        });
    }

    /// Leaves the server alone for a while, longer each time; says so once per cause.
    fn lost(&mut self, error: &SessionError, retry_at: Instant) {
        let failure = error.to_string();
        if self.failure.as_ref() != Some(&failure) {
            tracing::warn!(server = %self.source.url, error = failure, "MySQL cannot be polled; trying again");
        }
        self.failure = Some(failure);
        self.counters.outage();
        self.samples = Samples::default();
        self.timer = 0;
        self.link = Link::Down { retry_at };
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

/// A refused question has no answer; what it would have told is missing and nothing else.
fn or_nothing<T: Default>(answer: Result<T, SessionError>) -> Result<T, SessionError> {
    match answer {
        Err(error) if error.is_answer() => {
            tracing::debug!(%error, "a question of the poller is refused");
            Ok(T::default())
        }
        other => other,
    }
}

/// What figures need of performance schema's counts: they begin anew at other times than the status, so they are not it.
pub(super) const PERFORMANCE_SCHEMA_PREFIX: &str = "ps_";

/// MySQL's own tables are cheaper than SHOW, but lack the counters of commands.
fn fast_statement(capabilities: &Capabilities) -> String {
    let names = FAST_VARIABLES.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    if !capabilities.has(Capability::StatusTable) {
        return format!("SHOW /* spanlake */ GLOBAL STATUS WHERE Variable_name IN ({names})");
    }
    format!(
        "SELECT /* spanlake */ VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME IN ({names}) \
         UNION ALL SELECT CONCAT('{PERFORMANCE_SCHEMA_PREFIX}', SUBSTR(EVENT_NAME, 15)), COUNT_STAR FROM performance_schema.events_statements_summary_global_by_event_name \
         WHERE EVENT_NAME IN ('statement/sql/commit', 'statement/sql/rollback')"
    )
}

fn turn_light(
    picture: &mut ServerPicture,
    time: i64,
    light: spanlake_schemas::mysql::Light,
    reasons: Vec<spanlake_schemas::mysql::Reason>,
    is_up: bool,
) {
    if picture.light != light || picture.up != is_up {
        picture.since = time;
    }
    (picture.light, picture.reasons, picture.up) = (light, reasons, is_up);
}

/// Figures that no status variable has, for SQL and PromQL.
fn derived(time: i64, figures: &Figures) -> Vec<Metric> {
    const DERIVED: &[(Figure, &str, &str, &str)] = &[
        (Figure::ConnectionsUsage, "mysql.connection.usage", "1", "Share of max_connections that is connected."),
        (
            Figure::BufferPoolHitRatio,
            "mysql.buffer_pool.hit_ratio",
            "1",
            "Share of read requests that the buffer pool served.",
        ),
        (Figure::LockWaitsNow, "mysql.lock_waits", "{wait}", "Waits for a lock at this moment."),
    ];
    let known = DERIVED.iter().filter_map(|(figure, name, unit, description)| {
        let value = figures.get(*figure)?;
        Some(message::number((name, unit, description), (Kind::Gauge, None), time, [(Vec::new(), value)]))
    });
    known.collect()
}

fn replica_metrics(time: i64, replication: &[Replica]) -> Vec<Metric> {
    if replication.is_empty() {
        return Vec::new();
    }
    let attributes = |replica: &Replica| {
        vec![
            message::text("mysql.replica.source", &replica.source),
            message::text("mysql.replica.channel", &replica.channel),
        ]
    };
    let truth = |state: &str| if state == "Yes" { 1.0 } else { 0.0 };
    let lag = replication.iter().filter_map(|replica| Some((attributes(replica), replica.lag_seconds?)));
    let io = replication.iter().map(|replica| (attributes(replica), truth(&replica.io)));
    let sql = replication.iter().map(|replica| (attributes(replica), truth(&replica.sql)));
    let gauge = (Kind::Gauge, None);
    vec![
        message::number(("mysql.replica.time_behind_source", "s", "How late a replica is."), gauge, time, lag),
        message::number(("mysql.replica.io_running", "1", "1 while it receives."), gauge, time, io),
        message::number(("mysql.replica.sql_running", "1", "1 while it applies."), gauge, time, sql),
    ]
}

fn whole_intervals(time: Duration, interval: Duration) -> u64 {
    u64::try_from(time.as_nanos() / interval.as_nanos().max(1)).unwrap_or(u64::MAX)
}
