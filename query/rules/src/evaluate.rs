//! One rule at one time: from a query's result to samples and alerts.
//!
//! Pure but for the source that it is given. Owns the labels of results and the series that have ended since the
//! evaluation before.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use spanlake_promql::eval::{EvalOptions, Point, QueryValue, VectorSample, evaluate_instant};
use spanlake_promql::labels::{Labels, METRIC_NAME};
use spanlake_promql::source::SeriesSource;

use crate::alerts::{Alert, Alerts, Patience};
use crate::file::{Kind, RuleConfig};
use crate::template::{Facts, Template};

const ALERT_NAME: &str = "alertname";
const ALERT_STATE: &str = "alertstate";
/// Series of the alerts' states.
pub(crate) const ALERTS: &str = "ALERTS";
/// When each alert began: what `for` is restored from after a restart.
pub(crate) const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";

/// What is written after an evaluation.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) samples: Vec<(Labels, Point)>,
    /// Series of the evaluation before that are there no more.
    pub(crate) ended: Vec<Labels>,
}

/// A rule with what it remembers.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) config: RuleConfig,
    pub(crate) alerts: Alerts,
    /// Series of the last evaluation.
    known: BTreeSet<Labels>,
    limit: usize,
}

impl Rule {
    pub(crate) fn new(config: RuleConfig, limit: usize) -> Self {
        Self { config, alerts: Alerts::default(), known: BTreeSet::new(), limit }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// # Errors
    /// When the query fails, or gives what the rule cannot take.
    pub(crate) fn evaluate(
        &mut self,
        source: &dyn SeriesSource,
        options: &EvalOptions,
        time_ms: i64,
        query_offset: Duration,
    ) -> Result<Written, String> {
        let asked_ms = time_ms - i64::try_from(query_offset.as_millis()).unwrap_or(0);
        let result = evaluate_instant(source, &self.config.expr, asked_ms, options);
        let found = vector(result.map_err(|error| error.to_string())?.value)?;
        let samples = match self.config.kind.clone() {
            Kind::Recording { record } => self.record(&record, found)?,
            Kind::Alerting { alert, hold, keep_firing_for, annotations } => {
                let found = self.found(&alert, &annotations, found, time_ms)?;
                self.alerts.advance(found, Patience { hold, keep_firing_for, limit: self.limit }, time_ms)?;
                self.alert_samples(&alert)
            }
        };
        Ok(self.written(samples))
    }

    /// Samples, and what has ended.
    pub(crate) fn written(&mut self, samples: Vec<(Labels, Point)>) -> Written {
        let now: BTreeSet<Labels> = samples.iter().map(|(labels, _)| labels.clone()).collect();
        let ended = self.known.difference(&now).cloned().collect();
        self.known = now;
        Written { samples, ended }
    }

    fn record(&self, record: &str, found: Vec<VectorSample>) -> Result<Vec<(Labels, Point)>, String> {
        let mut seen = BTreeSet::new();
        let mut samples = Vec::with_capacity(found.len());
        for sample in found {
            let mut builder = sample.labels.to_builder();
            builder.set(METRIC_NAME, record);
            for (name, value) in &self.config.labels {
                builder.set(name, value.source());
            }
            let labels = builder.build();
            if !seen.insert(labels.clone()) {
                return Err("vector contains metrics with the same labelset after applying rule labels".to_owned());
            }
            samples.push((labels, sample.value));
        }
        if self.limit > 0 && samples.len() > self.limit {
            return Err(format!("exceeded limit of {} with {} series", self.limit, samples.len()));
        }
        Ok(samples)
    }

    fn found(
        &self,
        name: &str,
        annotations: &[(String, Template)],
        found: Vec<VectorSample>,
        time_ms: i64,
    ) -> Result<BTreeMap<Labels, Alert>, String> {
        let mut alerts = BTreeMap::new();
        for sample in found {
            let value = match &sample.value {
                Point::Float(value) => *value,
                Point::Histogram(histogram) => histogram.count,
            };
            let facts = Facts { labels: &sample.labels, value };
            let mut builder = sample.labels.to_builder();
            builder.remove(METRIC_NAME);
            for (name, template) in &self.config.labels {
                builder.set(name, &template.fill(facts));
            }
            builder.set(ALERT_NAME, name);
            let labels = builder.build();
            let annotations = annotations.iter().map(|(name, template)| (name.clone(), template.fill(facts))).collect();
            let alert = Alert::new(labels.clone(), annotations, value, time_ms);
            if alerts.insert(labels, alert).is_some() {
                return Err("vector contains metrics with the same labelset after applying alert labels".to_owned());
            }
        }
        Ok(alerts)
    }

    /// `ALERTS` and `ALERTS_FOR_STATE` of alerts that are pending or firing.
    pub(crate) fn alert_samples(&self, name: &str) -> Vec<(Labels, Point)> {
        let mut samples = Vec::new();
        for alert in self.alerts.active() {
            let mut builder = alert.labels.to_builder();
            let for_state = builder.set(ALERT_NAME, name).set(METRIC_NAME, ALERTS_FOR_STATE).build();
            let mut builder = alert.labels.to_builder();
            let state = builder.set(ALERT_NAME, name).set(METRIC_NAME, ALERTS).set(ALERT_STATE, alert.state.word());
            samples.push((state.build(), Point::Float(1.0)));
            samples.push((for_state, Point::Float((alert.active_at / 1000) as f64)));
        }
        samples
    }

    /// Takes over, from what was written before a restart, since when alerts are active: the time that the server was
    /// away counts for none of it. Gives whether there was something.
    ///
    /// # Errors
    /// When the query fails.
    pub(crate) fn restore(
        &mut self,
        source: &dyn SeriesSource,
        options: &EvalOptions,
        time_ms: i64,
    ) -> Result<bool, String> {
        let Kind::Alerting { alert, hold, .. } = &self.config.kind else { return Ok(false) };
        if hold.is_zero() || self.alerts.active().next().is_none() {
            return Ok(false);
        }
        let seen = last_seen(source, alert, time_ms - 1, options)?;
        let hold_ms = i64::try_from(hold.as_millis()).unwrap_or(i64::MAX);
        let mut restored = false;
        self.alerts.restore(|labels| {
            let key = labels.to_builder().remove(METRIC_NAME).build();
            let (seen_ms, began) = *seen.get(&key)?;
            let began_ms = (began * 1000.0) as i64;
            restored = true;
            let spent = seen_ms - began_ms;
            Some(if spent >= hold_ms { began_ms } else { began_ms + (time_ms - seen_ms) })
        });
        Ok(restored)
    }

    /// Whether an alert may fire at once, now that it is known since when it is active.
    pub(crate) fn settle(&mut self, time_ms: i64) {
        let Kind::Alerting { hold, keep_firing_for, .. } = &self.config.kind else { return };
        let patience = Patience { hold: *hold, keep_firing_for: *keep_firing_for, limit: 0 };
        let known: BTreeMap<Labels, Alert> =
            self.alerts.active().map(|alert| (alert.labels.clone(), alert.clone())).collect();
        // Without a limit nothing is refused.
        let _ = self.alerts.advance(known, patience, time_ms);
    }
}

/// When an alert's beginning was written last, and what it was, by labels.
fn last_seen(
    source: &dyn SeriesSource,
    alert: &str,
    time_ms: i64,
    options: &EvalOptions,
) -> Result<BTreeMap<Labels, (i64, f64)>, String> {
    let text = format!("{ALERTS_FOR_STATE}{{{ALERT_NAME}={alert:?}}}[1h]");
    let expr = spanlake_promql::syntax::parse_expression(&text).map_err(|error| error.to_string())?;
    let result = evaluate_instant(source, &expr, time_ms, options).map_err(|error| error.to_string())?;
    let QueryValue::Matrix(series) = result.value else { return Ok(BTreeMap::new()) };
    let last = series.into_iter().filter_map(|one| {
        let labels = one.labels.to_builder().remove(METRIC_NAME).build();
        Some((labels, *one.floats.last()?))
    });
    Ok(last.collect())
}

fn vector(value: QueryValue) -> Result<Vec<VectorSample>, String> {
    match value {
        QueryValue::Vector(samples) => Ok(samples),
        QueryValue::Scalar { time_ms, value } => {
            Ok(vec![VectorSample { labels: Labels::empty(), time_ms, value: Point::Float(value) }])
        }
        QueryValue::Text { .. } | QueryValue::Matrix(_) => Err("rule result is not a vector or scalar".to_owned()),
    }
}
