//! The states of one alerting rule: inactive, pending, firing.
//!
//! Pure: what a query gave at a time goes in, alerts and samples come out. The transitions are those of Prometheus
//! (`rules/alerting.go`); what it does of notifications is left out.

use std::collections::BTreeMap;
use std::time::Duration;

use spanlake_promql::labels::Labels;

/// How long an alert that fired is remembered after it has ended.
const RESOLVED_KEPT_MS: i64 = 15 * 60_000;

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertState {
    Inactive,
    Pending,
    Firing,
}

impl AlertState {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

/// One alert of a rule. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Alert {
    pub(crate) labels: Labels,
    pub(crate) annotations: Vec<(String, String)>,
    pub(crate) state: AlertState,
    pub(crate) value: f64,
    pub(crate) active_at: i64,
    pub(crate) keep_firing_since: Option<i64>,
    resolved_at: Option<i64>,
}

impl Alert {
    /// One that a query has just given.
    pub(crate) fn new(labels: Labels, annotations: Vec<(String, String)>, value: f64, now: i64) -> Self {
        Self {
            labels,
            annotations,
            state: AlertState::Pending,
            value,
            active_at: now,
            keep_firing_since: None,
            resolved_at: None,
        }
    }
}

/// The alerts of a rule that are known.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    known: BTreeMap<Labels, Alert>,
}

/// The rule's own times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) hold: Duration,
    pub(crate) keep_firing_for: Duration,
    /// Alerts at once; 0 is no limit.
    pub(crate) limit: usize,
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Alerts {
    /// Takes what the query gave now.
    ///
    /// # Errors
    /// When there are more than the limit; then none is known any more.
    pub(crate) fn advance(
        &mut self,
        found: BTreeMap<Labels, Alert>,
        patience: Patience,
        now: i64,
    ) -> Result<(), String> {
        let mut ended = Vec::new();
        for alert in self.known.values_mut().filter(|alert| !found.contains_key(&alert.labels)) {
            if !alert.absent(patience, now) {
                ended.push(alert.labels.clone());
            }
        }
        ended.iter().for_each(|labels| drop(self.known.remove(labels)));
        for (labels, new) in found {
            match self.known.get_mut(&labels).filter(|alert| alert.state != AlertState::Inactive) {
                Some(alert) => {
                    (alert.value, alert.annotations) = (new.value, new.annotations);
                    alert.keep_firing_since = None;
                }
                None => drop(self.known.insert(labels, new)),
            }
        }
        let hold = milliseconds(patience.hold);
        let due = |alert: &&mut Alert| alert.state == AlertState::Pending && now - alert.active_at >= hold;
        self.known.values_mut().filter(due).for_each(|alert| alert.state = AlertState::Firing);
        let active = self.active().count();
        if patience.limit > 0 && active > patience.limit {
            self.known.clear();
            return Err(format!("exceeded limit of {} with {active} alerts", patience.limit));
        }
        Ok(())
    }

    /// Alerts that are pending or firing.
    pub(crate) fn active(&self) -> impl Iterator<Item = &Alert> {
        self.known.values().filter(|alert| alert.state != AlertState::Inactive)
    }

    /// Moves the beginning of an alert back to where it was before a restart.
    pub(crate) fn restore(&mut self, mut active_at: impl FnMut(&Labels) -> Option<i64>) {
        for alert in self.known.values_mut().filter(|alert| alert.state != AlertState::Inactive) {
            if let Some(time) = active_at(&alert.labels) {
                alert.active_at = time.min(alert.active_at);
            }
        }
    }
}

impl Alert {
    /// The query does not give it any more; false if it may be forgotten.
    fn absent(&mut self, patience: Patience, now: i64) -> bool {
        let mut keeps_firing = false;
        if self.state == AlertState::Firing && !patience.keep_firing_for.is_zero() {
            let since = *self.keep_firing_since.get_or_insert(now);
            keeps_firing = now - since < milliseconds(patience.keep_firing_for);
        }
        let is_old = self.resolved_at.is_some_and(|time| now - time > RESOLVED_KEPT_MS);
        if self.state == AlertState::Pending || is_old {
            return false;
        }
        if self.state != AlertState::Inactive && !keeps_firing {
            self.state = AlertState::Inactive;
            self.resolved_at = Some(now);
        }
        true
    }
}
