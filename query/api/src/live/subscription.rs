//! One subscription: what it watches, when it is due, what is asked for it.
//!
//! Owns what was told of it and when. Never sends anything.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use spanlake_promql::eval::QueryValue;
use spanlake_promql::syntax::tree::Expr;
use spanlake_schemas::tables::Table;
use spanlake_store::Arrivals;
use tokio::time::Instant;

use super::log_tail::LogTail;
use super::now_ms;
use super::protocol::Topic;
use super::series::{Steps, Told, open_step};
use crate::prometheus::live::{LiveQuery, LiveTimes};

/// Last values are looked at again although nothing came: they grow stale.
const STALE_LOOK: Duration = Duration::from_secs(5);
/// What waits for rows only is looked at so often without any.
const IDLE_LOOK: Duration = Duration::from_secs(15);
const METRICS: [Table; 5] = [Table::Points, Table::Histograms, Table::ExpHistograms, Table::Summaries, Table::SpanRed];

/// What one number of the client stands for.
pub(super) struct Subscription {
    pub(super) topic: Watched,
    /// What had come when it was last looked at.
    pub(super) seen: Option<Arrivals>,
    looked_at: Instant,
    pub(super) rest_until: Option<Instant>,
}

pub(super) enum Watched {
    Range { expr: Arc<Expr>, step_ms: i64, from_ms: i64, told: Told },
    Instant { expr: Arc<Expr>, told: Told },
    Logs(LogTail),
    Arrivals(Table),
}

impl Subscription {
    pub(super) fn new(topic: Topic) -> Self {
        let topic = match topic {
            Topic::Range { expr, step_ms, from_ms } => {
                Watched::Range { expr: Arc::from(expr), step_ms, from_ms, told: Told::default() }
            }
            Topic::Instant { expr } => Watched::Instant { expr: Arc::from(expr), told: Told::default() },
            Topic::Logs { filter, from_ns } => Watched::Logs(LogTail::new(filter, from_ns)),
            Topic::Arrivals { table } => Watched::Arrivals(table),
        };
        Self { topic, seen: None, looked_at: Instant::now(), rest_until: None }
    }

    fn tables(&self) -> &[Table] {
        match &self.topic {
            Watched::Range { .. } | Watched::Instant { .. } => &METRICS,
            Watched::Logs(_) => &[Table::Logs],
            Watched::Arrivals(Table::Points) => &METRICS,
            Watched::Arrivals(Table::Logs) => &[Table::Logs],
            Watched::Arrivals(_) => &[Table::Spans],
        }
    }

    /// Whether something came that it may show, or its time has come.
    pub(super) fn is_due(&self, current: &Arrivals, now: Instant) -> bool {
        if self.rest_until.is_some_and(|until| now < until) {
            return false;
        }
        let has_news =
            self.seen.is_none_or(|seen| self.tables().iter().any(|table| seen.of(*table) != current.of(*table)));
        has_news || now >= self.due_by_itself(now)
    }

    /// When it is to be looked at although nothing came.
    pub(super) fn due_by_itself(&self, now: Instant) -> Instant {
        if let Some(until) = self.rest_until.filter(|until| *until > now) {
            return until;
        }
        match &self.topic {
            Watched::Range { step_ms, told, .. } => {
                let Some(to) = told.to_ms() else { return now };
                let now_ms = now_ms();
                let behind = if open_step(now_ms, *step_ms) > to { 0 } else { to - now_ms };
                now + Duration::from_millis(u64::try_from(behind).unwrap_or(0) + u64::from(behind > 0))
            }
            Watched::Instant { .. } => self.looked_at + STALE_LOOK,
            Watched::Logs(_) | Watched::Arrivals(_) => now + IDLE_LOOK,
        }
    }

    pub(super) fn looked(&mut self, current: Arrivals) {
        self.seen = Some(current);
        self.looked_at = Instant::now();
        self.rest_until = None;
    }

    pub(super) fn query(&self, now_ms: i64) -> Option<LiveQuery> {
        match &self.topic {
            Watched::Range { expr, step_ms, from_ms, told } => {
                let steps = told.next_steps(*from_ms, *step_ms, now_ms);
                let at = LiveTimes::Steps { start_ms: steps.start_ms, end_ms: steps.end_ms, step_ms: *step_ms };
                Some(LiveQuery { expr: Arc::clone(expr), at })
            }
            Watched::Instant { expr, .. } => {
                Some(LiveQuery { expr: Arc::clone(expr), at: LiveTimes::Once { at_ms: now_ms } })
            }
            _ => None,
        }
    }

    pub(super) fn tell(&mut self, value: QueryValue, at: LiveTimes, now_ms: i64) -> Option<Map<String, Value>> {
        let told = self.told()?;
        match at {
            LiveTimes::Once { .. } => told.instant(value, now_ms),
            LiveTimes::Steps { start_ms, end_ms, step_ms } => told.range(value, Steps { start_ms, end_ms, step_ms }),
        }
    }

    pub(super) const fn is_of_rows(&self) -> bool {
        matches!(self.topic, Watched::Logs(_) | Watched::Arrivals(_))
    }

    pub(super) fn told(&mut self) -> Option<&mut Told> {
        match &mut self.topic {
            Watched::Range { told, .. } | Watched::Instant { told, .. } => Some(told),
            _ => None,
        }
    }
}
