//! `rules` and `alerts`: what rule files say, and what came of it last.
//!
//! Owns the JSON. Who evaluates is `spanlake_rules`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};
use spanlake_promql::labels::Labels;
use spanlake_promql::matcher::Matcher;
use spanlake_rules::{AlertView, GroupView, Health, RuleView};

use super::Parameters;
use super::answer::{Failure, labels as written, success};
use crate::state::Shared;

/// Which rules are asked for.
struct Wanted<'a> {
    alerting: bool,
    recording: bool,
    names: Vec<&'a str>,
    groups: Vec<&'a str>,
    files: Vec<&'a str>,
    selectors: Vec<Vec<Matcher>>,
    with_alerts: bool,
}

impl<'a> Wanted<'a> {
    fn of(parameters: &'a Parameters) -> Result<Self, Failure> {
        let kind = parameters.get("type").unwrap_or_default();
        if !matches!(kind, "" | "alert" | "record") {
            return Err(Failure::bad_data(format!("invalid parameter \"type\": not supported value {kind:?}")));
        }
        let without_alerts = match parameters.get("exclude_alerts").unwrap_or_default() {
            "" | "false" | "0" => false,
            "true" | "1" => true,
            other => {
                return Err(Failure::bad_data(format!(
                    "invalid parameter \"exclude_alerts\": {other:?} is no boolean"
                )));
            }
        };
        Ok(Self {
            alerting: kind != "record",
            recording: kind != "alert",
            names: parameters.all("rule_name[]"),
            groups: parameters.all("rule_group[]"),
            files: parameters.all("file[]"),
            selectors: parameters.selectors()?,
            with_alerts: !without_alerts,
        })
    }

    fn has_group(&self, group: &GroupView) -> bool {
        let fits = |wanted: &[&str], name: &str| wanted.is_empty() || wanted.contains(&name);
        fits(&self.groups, &group.name) && fits(&self.files, &group.file)
    }

    fn has(&self, rule: &RuleView) -> bool {
        let is_kind = if rule.alerting.is_some() { self.alerting } else { self.recording };
        let is_named = self.names.is_empty() || self.names.contains(&rule.name.as_str());
        let labels = Labels::new(rule.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let is_meant = |matchers: &Vec<Matcher>| matchers.iter().all(|one| one.matches(labels.get(&one.name)));
        is_kind && is_named && (self.selectors.is_empty() || self.selectors.iter().any(is_meant))
    }
}

fn moment(time_ms: Option<i64>) -> String {
    // Go's zero time stands for never.
    let time = time_ms.and_then(chrono::DateTime::from_timestamp_millis);
    time.map_or_else(
        || "0001-01-01T00:00:00Z".to_owned(),
        |time| time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
    )
}

fn texts(pairs: &[(String, String)]) -> Value {
    Value::Object(pairs.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect())
}

fn seconds(duration: Duration) -> Value {
    if duration.subsec_nanos() == 0 { duration.as_secs().into() } else { duration.as_secs_f64().into() }
}

/// As Go's `strconv.FormatFloat(value, 'e', -1, 64)`.
fn exponent_form(value: f64) -> String {
    if !value.is_finite() {
        return spanlake_promql::number::format_plain(value);
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn alert(alert: &AlertView) -> Value {
    let mut shown = json!({
        "labels": written(&alert.labels),
        "annotations": texts(&alert.annotations),
        "state": alert.state.word(),
        "activeAt": moment(Some(alert.active_at)),
        "value": exponent_form(alert.value),
    });
    if alert.keep_firing_since.is_some() {
        shown["keepFiringSince"] = moment(alert.keep_firing_since).into();
    }
    shown
}

fn rule(rule: &RuleView, with_alerts: bool) -> Value {
    let mut shown = Map::new();
    if let Some(alerting) = &rule.alerting {
        shown.insert("state".to_owned(), alerting.state().word().into());
    }
    shown.insert("name".to_owned(), rule.name.as_str().into());
    shown.insert("query".to_owned(), rule.query.as_str().into());
    if let Some(alerting) = &rule.alerting {
        shown.insert("duration".to_owned(), seconds(alerting.hold));
        shown.insert("keepFiringFor".to_owned(), seconds(alerting.keep_firing_for));
    }
    shown.insert("labels".to_owned(), texts(&rule.labels));
    if let Some(alerting) = &rule.alerting {
        shown.insert("annotations".to_owned(), texts(&alerting.annotations));
        let alerts: Vec<Value> = alerting.alerts.iter().filter(|_| with_alerts).map(alert).collect();
        shown.insert("alerts".to_owned(), alerts.into());
    }
    let (health, error) = match &rule.health {
        Health::Unknown => ("unknown", None),
        Health::Good => ("ok", None),
        Health::Bad(error) => ("err", Some(error)),
    };
    shown.insert("health".to_owned(), health.into());
    if let Some(error) = error {
        shown.insert("lastError".to_owned(), error.as_str().into());
    }
    shown.insert("evaluationTime".to_owned(), rule.evaluation_time.as_secs_f64().into());
    shown.insert("lastEvaluation".to_owned(), moment(rule.last_evaluation).into());
    shown.insert("type".to_owned(), if rule.alerting.is_some() { "alerting" } else { "recording" }.into());
    Value::Object(shown)
}

fn group(group: &GroupView, wanted: &Wanted<'_>) -> Option<Value> {
    let rules: Vec<Value> =
        group.rules.iter().filter(|one| wanted.has(one)).map(|one| rule(one, wanted.with_alerts)).collect();
    (!rules.is_empty()).then(|| {
        json!({
            "name": group.name,
            "file": group.file,
            "rules": rules,
            "interval": seconds(group.interval),
            "limit": group.limit,
            "evaluationTime": group.evaluation_time.as_secs_f64(),
            "lastEvaluation": moment(group.last_evaluation),
        })
    })
}

/// `/api/v1/rules`.
pub(super) async fn rules(State(shared): State<Arc<Shared>>, parameters: Parameters) -> Result<Response, Failure> {
    let wanted = Wanted::of(&parameters)?;
    let most = match parameters.get("group_limit").map(str::parse::<usize>) {
        None => usize::MAX,
        Some(Ok(limit)) if limit > 0 => limit,
        Some(_) => return Err(Failure::bad_data("invalid parameter \"group_limit\": it is no positive number")),
    };
    let all = shared.rules.groups();
    let mut meant: Vec<&GroupView> = all.iter().filter(|group| wanted.has_group(group)).collect();
    // A token is the place of the group that comes next.
    if let Some(token) = parameters.get("group_next_token") {
        let first = token.parse::<usize>().ok().filter(|first| *first <= meant.len());
        let first = first.ok_or_else(|| Failure::bad_data("invalid parameter \"group_next_token\": it is none"))?;
        meant.drain(..first);
    }
    let left = meant.len();
    let mut data = Map::new();
    let shown: Vec<Value> = meant.iter().take(most).filter_map(|one| group(one, &wanted)).collect();
    data.insert("groups".to_owned(), shown.into());
    if left > most {
        let first: usize = parameters.get("group_next_token").and_then(|token| token.parse().ok()).unwrap_or(0);
        data.insert("groupNextToken".to_owned(), (first + most).to_string().into());
    }
    Ok(success(&Value::Object(data)))
}

/// `/api/v1/alerts`.
pub(super) async fn alerts(State(shared): State<Arc<Shared>>) -> Response {
    let groups = shared.rules.groups();
    let rules = groups.iter().flat_map(|group| &group.rules);
    let alerts: Vec<Value> = rules
        .filter_map(|rule| rule.alerting.as_ref())
        .flat_map(|alerting| alerting.alerts.iter().map(alert))
        .collect();
    success(&json!({ "alerts": alerts }))
}

#[cfg(test)]
mod tests {
    use super::exponent_form;

    #[test]
    fn values_are_written_as_prometheus_writes_them() {
        let cases = [(1.0, "1e+00"), (0.05, "5e-02"), (123.5, "1.235e+02"), (f64::INFINITY, "+Inf")];
        for (value, text) in cases {
            assert_eq!(exponent_form(value), text);
        }
    }
}
