//! What the groups did last, for whoever shows it.

use std::time::Duration;

use parking_lot::RwLock;
use spanlake_promql::labels::Labels;

use crate::alerts::Alert;
pub use crate::alerts::AlertState;
use crate::file::{GroupConfig, Kind, RuleConfig};

/// How the last evaluation of a rule went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// There was none yet.
    #[default]
    Unknown,
    Good,
    /// Why it failed.
    Bad(String),
}

/// A group at one moment.
#[derive(Clone, Debug)]
pub struct GroupView {
    pub name: String,
    pub file: String,
    pub interval: Duration,
    pub limit: usize,
    pub evaluation_time: Duration,
    /// Milliseconds since 1970; `None` before the first.
    pub last_evaluation: Option<i64>,
    pub rules: Vec<RuleView>,
}

/// A rule at one moment.
#[derive(Clone, Debug)]
pub struct RuleView {
    pub name: String,
    pub query: String,
    pub labels: Vec<(String, String)>,
    /// `None` of recording rules.
    pub alerting: Option<AlertingView>,
    pub health: Health,
    pub evaluation_time: Duration,
    pub last_evaluation: Option<i64>,
}

/// What only alerting rules have.
#[derive(Clone, Debug)]
pub struct AlertingView {
    pub annotations: Vec<(String, String)>,
    pub hold: Duration,
    pub keep_firing_for: Duration,
    pub alerts: Vec<AlertView>,
}

/// An alert that is pending or firing.
#[derive(Clone, Debug)]
pub struct AlertView {
    pub labels: Labels,
    pub annotations: Vec<(String, String)>,
    pub state: AlertState,
    pub active_at: i64,
    pub keep_firing_since: Option<i64>,
    pub value: f64,
}

/// All groups, in the order of their files. Each group's task writes its own; readers copy.
#[derive(Debug, Default)]
pub struct RuleStates {
    groups: RwLock<Vec<GroupView>>,
}

/// What came of one rule.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) health: Health,
    pub(crate) evaluation_time: Duration,
    pub(crate) alerts: Vec<AlertView>,
}

fn view(rule: &RuleConfig) -> RuleView {
    let sources = |templates: &[(String, crate::template::Template)]| {
        templates.iter().map(|(name, value)| (name.clone(), value.source().to_owned())).collect()
    };
    let alerting = match &rule.kind {
        Kind::Recording { .. } => None,
        Kind::Alerting { hold, keep_firing_for, annotations, .. } => Some(AlertingView {
            annotations: sources(annotations),
            hold: *hold,
            keep_firing_for: *keep_firing_for,
            alerts: Vec::new(),
        }),
    };
    RuleView {
        name: rule.name().to_owned(),
        query: rule.expr.to_string(),
        labels: sources(&rule.labels),
        alerting,
        health: Health::Unknown,
        evaluation_time: Duration::ZERO,
        last_evaluation: None,
    }
}

impl RuleStates {
    /// Adds a group that has not run yet; gives its place.
    pub(crate) fn add(&self, group: &GroupConfig, interval: Duration) -> usize {
        let mut groups = self.groups.write();
        groups.push(GroupView {
            name: group.name.clone(),
            file: group.file.clone(),
            interval,
            limit: group.limit,
            evaluation_time: Duration::ZERO,
            last_evaluation: None,
            rules: group.rules.iter().map(view).collect(),
        });
        groups.len() - 1
    }

    pub(crate) fn rule_ran(&self, group: usize, rule: usize, time_ms: i64, outcome: Outcome) {
        let mut groups = self.groups.write();
        let rule = &mut groups[group].rules[rule];
        rule.health = outcome.health;
        rule.evaluation_time = outcome.evaluation_time;
        rule.last_evaluation = Some(time_ms);
        if let Some(alerting) = &mut rule.alerting {
            alerting.alerts = outcome.alerts;
        }
    }

    pub(crate) fn group_ran(&self, group: usize, time_ms: i64, took: Duration) {
        let mut groups = self.groups.write();
        groups[group].last_evaluation = Some(time_ms);
        groups[group].evaluation_time = took;
    }

    /// Every group as it is now.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupView> {
        self.groups.read().clone()
    }
}

impl AlertingView {
    /// The greatest state among its alerts.
    #[must_use]
    pub fn state(&self) -> AlertState {
        self.alerts.iter().map(|alert| alert.state).max().unwrap_or(AlertState::Inactive)
    }
}

impl From<&Alert> for AlertView {
    fn from(alert: &Alert) -> Self {
        Self {
            labels: alert.labels.clone(),
            annotations: alert.annotations.clone(),
            state: alert.state,
            active_at: alert.active_at,
            keep_firing_since: alert.keep_firing_since,
            value: alert.value,
        }
    }
}
