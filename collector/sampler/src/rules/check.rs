//! What is wrong with a set of rules and a budget, in sentences for the start and the page.
//!
//! Owns the checks: rules that can match nothing, rules that contradict, and always-keep rules that exceed the budget.
//! Never changes a rule: the decision copes with all of this.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::budget::BudgetSettings;
use crate::profile::OperationProfiles;
use crate::rules::pattern::Pattern;
use crate::rules::{RULES_MAX, Rule, RuleAction};

/// Something that the user should know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "problem")]
pub enum RuleProblem {
    #[error("{count} rules are too many: at most {RULES_MAX}")]
    TooMany { count: usize },
    #[error("two rules are called {name:?}")]
    SameName { name: String },
    #[error("rule {rule:?}: a probability must be above 0 and at most 1, not {probability}")]
    NotAProbability { rule: String, probability: f64 },
    #[error("rule {rule:?} matches nothing: {reason}")]
    MatchesNothing { rule: String, reason: String },
    #[error("rule {rule:?} never decides: {by:?} before it matches the same traces and says the contrary")]
    Contradicted { rule: String, by: String },
    #[error("rule {rule:?} changes nothing: {by:?} before it matches the same traces and says the same")]
    Repeated { rule: String, by: String },
    #[error("the budget of {day_bytes} bytes a day keeps nothing")]
    NoBudget { day_bytes: u64 },
    #[error(
        "the rules that always keep need {needed_bytes:.0} bytes an hour and the budget allows {allowed_bytes:.0}: \
         they keep with less than probability one, which is recorded"
    )]
    ExceedBudget { needed_bytes: f64, allowed_bytes: f64 },
}

impl RuleProblem {
    /// Whether the server must not start with it, because no meaning can be given to the rules.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::TooMany { .. } | Self::SameName { .. } | Self::NotAProbability { .. } | Self::NoBudget { .. }
        )
    }
}

/// Everything that the texts alone show.
#[must_use]
pub fn check(rules: &[Rule], budget: &BudgetSettings) -> Vec<RuleProblem> {
    let mut problems = Vec::new();
    if rules.len() > RULES_MAX {
        problems.push(RuleProblem::TooMany { count: rules.len() });
    }
    if budget.day_bytes == 0 {
        problems.push(RuleProblem::NoBudget { day_bytes: 0 });
    }
    let mut names = BTreeSet::new();
    for (position, rule) in rules.iter().enumerate() {
        if !names.insert(rule.name.as_str()) {
            problems.push(RuleProblem::SameName { name: rule.name.clone() });
        }
        if let RuleAction::AtLeast(probability) = rule.action
            && !(probability > 0.0 && probability <= 1.0)
        {
            problems.push(RuleProblem::NotAProbability { rule: rule.name.clone(), probability });
        }
        problems.extend(impossible(rule));
        problems.extend(rules[..position].iter().find_map(|earlier| overruled(rule, earlier)));
    }
    problems
}

/// Rules that match nothing of what was seen: the likely slip of a pen, with the nearest name.
#[must_use]
pub fn check_against_traffic(rules: &[Rule], profiles: &OperationProfiles) -> Vec<RuleProblem> {
    let services: BTreeSet<&str> = profiles.iter().map(|profile| &*profile.service).collect();
    let mut problems = Vec::new();
    for rule in rules {
        let is_of = |service: &str| rule.services.is_empty() || rule.services.iter().any(|one| one.matches(service));
        let reason = if !services.iter().any(|service| is_of(service)) {
            nothing_seen("service", &rule.services, &services)
        } else if !rule.operations.is_empty() {
            let of_services = profiles.iter().filter(|profile| is_of(&profile.service));
            let operations: BTreeSet<&str> = of_services.map(|profile| &*profile.operation).collect();
            let is_seen = operations.iter().any(|seen| rule.operations.iter().any(|one| one.matches(seen)));
            if is_seen { None } else { nothing_seen("operation", &rule.operations, &operations) }
        } else {
            None
        };
        problems.extend(reason.map(|reason| RuleProblem::MatchesNothing { rule: rule.name.clone(), reason }));
    }
    problems
}

/// Whether always-keep rules need more than the hour's bytes.
#[must_use]
pub fn check_need(needed_bytes: f64, allowed_bytes: f64) -> Option<RuleProblem> {
    (needed_bytes > allowed_bytes).then_some(RuleProblem::ExceedBudget { needed_bytes, allowed_bytes })
}

fn nothing_seen(what: &str, patterns: &[Pattern], seen: &BTreeSet<&str>) -> Option<String> {
    let wanted = patterns.first()?;
    if seen.is_empty() {
        return None;
    }
    let nearest = seen.iter().max_by(|a, b| {
        strsim::jaro_winkler(a, &wanted.0).total_cmp(&strsim::jaro_winkler(b, &wanted.0)).then(b.cmp(a))
    })?;
    Some(format!("no {what} seen in the last hour is like {:?}; the nearest is {nearest:?}", wanted.0))
}

fn impossible(rule: &Rule) -> Option<RuleProblem> {
    let reason = match (rule.duration_min_ms, rule.duration_max_ms) {
        (Some(least), Some(most)) if least > most => {
            format!("no duration is at least {least} ms and at most {most} ms")
        }
        (_, Some(most)) if most < 0.0 => format!("no duration is below zero, {most} ms asked"),
        (Some(least), _) if !least.is_finite() => "its least duration is no number".to_owned(),
        _ if rule.services.iter().chain(&rule.operations).any(|pattern| pattern.0.is_empty()) => {
            "an empty name matches no service and no operation".to_owned()
        }
        _ => return None,
    };
    Some(RuleProblem::MatchesNothing { rule: rule.name.clone(), reason })
}

fn overruled(rule: &Rule, earlier: &Rule) -> Option<RuleProblem> {
    let is_bound = |action: RuleAction| matches!(action, RuleAction::AtLeast(_));
    if !covers(earlier, rule) || is_bound(rule.action) != is_bound(earlier.action) {
        return None;
    }
    let (rule_name, by) = (rule.name.clone(), earlier.name.clone());
    match (rule.action, earlier.action) {
        (RuleAction::AtLeast(mine), RuleAction::AtLeast(theirs)) if mine > theirs => None,
        (mine, theirs) if mine == theirs || is_bound(mine) => Some(RuleProblem::Repeated { rule: rule_name, by }),
        _ => Some(RuleProblem::Contradicted { rule: rule_name, by }),
    }
}

/// Whether every trace that the second rule matches is matched by the first one too. Sure where it says yes.
fn covers(wide: &Rule, narrow: &Rule) -> bool {
    let list = |wide: &[Pattern], narrow: &[Pattern]| {
        wide.is_empty()
            || (!narrow.is_empty() && narrow.iter().all(|inner| wide.iter().any(|outer| outer.covers(inner))))
    };
    let at_least =
        |wide: Option<f64>, narrow: Option<f64>| wide.is_none_or(|wide| narrow.is_some_and(|narrow| narrow >= wide));
    list(&wide.services, &narrow.services)
        && list(&wide.operations, &narrow.operations)
        && wide.status.is_none_or(|status| narrow.status == Some(status))
        && at_least(wide.duration_min_ms, narrow.duration_min_ms)
        && wide.duration_max_ms.is_none_or(|most| narrow.duration_max_ms.is_some_and(|inner| inner <= most))
        && at_least(wide.trace_duration_min_ms, narrow.trace_duration_min_ms)
        && wide
            .attributes
            .iter()
            .all(|(key, outer)| narrow.attributes.get(key).is_some_and(|inner| outer.covers(inner)))
        && wide
            .trace_state
            .iter()
            .all(|(key, outer)| narrow.trace_state.get(key).is_some_and(|inner| outer.covers(inner)))
}
