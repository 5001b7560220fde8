//! The clocks of groups: each evaluates its rules one after the other, once an interval; what is late is skipped.
//!
//! Owns the tasks. A rule that fails is told and logged once for each cause, and harms no other.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::RwLock;
use spanlake_engine::Engine;
use spanlake_promql::eval::{EvalOptions, Limits};
use spanlake_schemas::ingest::Ingest;
use spanlake_series::{SeriesIndex, StoreSeries};
use spanlake_store::ReadHalf;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::evaluate::{Rule, Written};
use crate::file::{GroupConfig, Kind, RuleFiles};
use crate::states::{AlertView, Health, Outcome, RuleStates};
use crate::writing;

/// Metrics as Prometheus sees them; queries look at the same.
pub type SharedSeries = RwLock<SeriesIndex>;

/// What rules read and write.
#[derive(Clone)]
pub struct Store {
    pub engine: Engine,
    pub read: ReadHalf,
    pub index: Arc<SharedSeries>,
    pub ingest: Arc<dyn Ingest>,
    /// Of one rule.
    pub timeout: Duration,
    pub memory_bytes_max: usize,
}

/// Evaluates all groups until `stop`; `interval` is that of groups without one of their own.
pub async fn run(files: RuleFiles, interval: Duration, store: Store, states: Arc<RuleStates>, stop: CancellationToken) {
    let groups = TaskTracker::new();
    for config in files.groups {
        let interval = config.interval.unwrap_or(interval);
        let place = states.add(&config, interval);
        let group = Group::new(config, interval, place, store.clone(), Arc::clone(&states));
        groups.spawn(group.run(stop.clone()));
    }
    groups.close();
    groups.wait().await;
}

struct Group {
    key: u64,
    interval: Duration,
    query_offset: Duration,
    name: String,
    place: usize,
    rules: Vec<Rule>,
    store: Store,
    states: Arc<RuleStates>,
    /// What was logged last of each rule.
    failures: Vec<Option<String>>,
    is_restored: bool,
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Group {
    fn new(config: GroupConfig, interval: Duration, place: usize, store: Store, states: Arc<RuleStates>) -> Self {
        let mut hasher = DefaultHasher::new();
        (&config.file, &config.name).hash(&mut hasher);
        let (limit, failures) = (config.limit, vec![None; config.rules.len()]);
        Self {
            key: hasher.finish(),
            interval,
            query_offset: config.query_offset,
            name: config.name,
            place,
            rules: config.rules.into_iter().map(|rule| Rule::new(rule, limit)).collect(),
            store,
            states,
            failures,
            is_restored: false,
        }
    }

    async fn run(mut self, stop: CancellationToken) {
        loop {
            let due = next_due(now_ms(), self.interval, self.key);
            let wait = Duration::from_millis(u64::try_from(due - now_ms()).unwrap_or(0));
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.turn(due) => {}
            }
        }
    }

    /// All rules, for one time.
    async fn turn(&mut self, time_ms: i64) {
        let began = Instant::now();
        for at in 0..self.rules.len() {
            let rule_began = Instant::now();
            let done = match self.evaluate(at, time_ms).await {
                Ok(written) => writing::write(&self.store.ingest, &written, time_ms).await,
                Err(error) => Err(error),
            };
            self.note(at, time_ms, rule_began.elapsed(), done.err());
        }
        self.is_restored = true;
        self.states.group_ran(self.place, time_ms, began.elapsed());
    }

    /// On a thread that may block.
    async fn evaluate(&mut self, at: usize, time_ms: i64) -> Result<Written, String> {
        let (store, offset, is_first) = (self.store.clone(), self.query_offset, !self.is_restored);
        let runtime = tokio::runtime::Handle::current();
        // The rule is lent to the thread and comes back with its result; a panic gives a fresh one.
        let (config, limit) = (self.rules[at].config.clone(), self.rules[at].limit());
        let mut rule = std::mem::replace(&mut self.rules[at], Rule::new(config, limit));
        let work = move || {
            let options = options(&store);
            let named = rule.config.named_labels();
            let series = StoreSeries::pin(&store.index, store.read.catalog(), &store.engine, runtime, named);
            let mut written = rule.evaluate(&series, &options, time_ms, offset);
            if is_first && written.is_ok() {
                match rule.restore(&series, &options, time_ms) {
                    Ok(true) => {
                        rule.settle(time_ms);
                        let name = rule.config.name().to_owned();
                        let samples = rule.alert_samples(&name);
                        written = Ok(rule.written(samples));
                    }
                    Ok(false) => {}
                    Err(error) => written = Err(error),
                }
            }
            (rule, written)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok((rule, written)) => {
                self.rules[at] = rule;
                written
            }
            Err(error) => Err(format!("the rule could not be evaluated: {error}")),
        }
    }

    fn note(&mut self, at: usize, time_ms: i64, took: Duration, error: Option<String>) {
        let (group, rule) = (&self.name, self.rules[at].config.name());
        match &error {
            None => {
                if self.failures[at].take().is_some() {
                    tracing::info!(group, rule, "rule can be evaluated again");
                }
            }
            Some(error) if self.failures[at].as_ref() != Some(error) => {
                tracing::warn!(group, rule, error, "rule cannot be evaluated; trying again");
                self.failures[at] = Some(error.clone());
            }
            Some(_) => {}
        }
        let alerts: Vec<AlertView> = match self.rules[at].config.kind {
            Kind::Alerting { .. } => self.rules[at].alerts.active().map(AlertView::from).collect(),
            Kind::Recording { .. } => Vec::new(),
        };
        let health = error.map_or(Health::Good, Health::Bad);
        self.states.rule_ran(self.place, at, time_ms, Outcome { health, evaluation_time: took, alerts });
    }
}

fn options(store: &Store) -> EvalOptions {
    let (deadline, timeout) = (Instant::now() + store.timeout, store.timeout);
    let cancel =
        move || (Instant::now() > deadline).then(|| format!("it took longer than {} s", timeout.as_secs_f64()));
    let defaults = EvalOptions::default();
    EvalOptions {
        limits: Limits { memory_bytes_max: store.memory_bytes_max, ..defaults.limits },
        threads: 1,
        cancel: Some(Arc::new(cancel)),
        ..defaults
    }
}

/// The next time that is a whole number of intervals past the group's own offset: the same after a restart, and not
/// that of every other group.
pub(crate) fn next_due(now_ms: i64, interval: Duration, key: u64) -> i64 {
    let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
    let offset = i64::try_from(key % interval.cast_unsigned()).unwrap_or(0);
    let since = (now_ms - offset).rem_euclid(interval);
    now_ms - since + interval
}
