//! The rules by which users say what is always kept, always dropped, or kept with at least some probability.
//!
//! Owns the language (serde structs for the server's settings), its compiled form, and what the order of rules means.
//! Never decides: a span's matches are bits in its trace's summary.
//!
//! A rule matches a trace if one of its spans meets all of the rule's conditions on spans, and the trace all of those
//! on traces. Of the rules that match and say keep or drop, the first in the list holds. The largest `at_least` of all
//! that match holds beside it.

pub mod check;
pub mod pattern;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rules::pattern::Pattern;
use crate::span::StatusCode;
use crate::summary::{SpanFacts, TraceSummary};

/// Matches are bits of one word in every summary.
pub const RULES_MAX: usize = 64;

/// One rule, as written by the user. Patterns may hold `*` for any text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    pub action: RuleAction,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Pattern>,
    /// Span names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Pattern>,
    /// Attributes of the span or its resource, all of which must match.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Pattern>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusCode>,
    /// Least duration of the span, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_min_ms: Option<f64>,
    /// Largest duration of the span, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_max_ms: Option<f64>,
    /// A member of tracestate, by key and value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trace_state: BTreeMap<String, Pattern>,
    /// Least time from the trace's first start to its last end, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_duration_min_ms: Option<f64>,
}

/// What becomes of a matching trace: `"keep"`, `"drop"` or `{ at_least = 0.1 }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleAction {
    Keep,
    Drop,
    AtLeast(f64),
}

/// Rules in their order, at most [`RULES_MAX`], as [`check::check`] lets through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleSet {
    rules: Vec<Rule>,
}

/// What the rules say of one trace.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Index of the first rule that keeps or drops, and whether it keeps.
    pub first: Option<(u8, bool)>,
    /// Index and probability of the largest lower bound.
    pub at_least: Option<(u8, f64)>,
}

// === impl Rule ===

impl Rule {
    /// A rule without conditions.
    #[must_use]
    pub fn new(name: &str, action: RuleAction) -> Self {
        Self {
            name: name.to_owned(),
            action,
            services: Vec::new(),
            operations: Vec::new(),
            attributes: BTreeMap::new(),
            status: None,
            duration_min_ms: None,
            duration_max_ms: None,
            trace_state: BTreeMap::new(),
            trace_duration_min_ms: None,
        }
    }

    fn matches_span(&self, span: &SpanFacts<'_>) -> bool {
        let is_among = |patterns: &[Pattern], text: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(text))
        };
        is_among(&self.services, span.service)
            && is_among(&self.operations, span.operation)
            && self.status.is_none_or(|status| status == span.status)
            && self.duration_min_ms.is_none_or(|least| milliseconds(span.duration) >= least)
            && self.duration_max_ms.is_none_or(|most| milliseconds(span.duration) <= most)
            && self.attributes.iter().all(|(key, pattern)| {
                span.attributes.attribute(key).is_some_and(|value| pattern.matches(value.as_ref()))
            })
            && self.trace_state.iter().all(|(key, pattern)| has_member(span.trace_state, key, pattern))
    }

    fn matches_trace(&self, summary: &TraceSummary) -> bool {
        self.trace_duration_min_ms.is_none_or(|least| milliseconds(summary.duration()) >= least)
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations; a relative error of 2^-53")]
fn milliseconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e6
}

fn has_member(trace_state: &str, key: &str, pattern: &Pattern) -> bool {
    let mut members = trace_state.split(',').filter_map(|member| member.split_once('='));
    members.any(|(name, value)| name.trim() == key && pattern.matches(value.trim()))
}

// === impl RuleSet ===

impl RuleSet {
    /// The first [`RULES_MAX`] rules; more are refused by the check at start.
    #[must_use]
    pub fn new(mut rules: Vec<Rule>) -> Self {
        rules.truncate(RULES_MAX);
        Self { rules }
    }

    /// A bit for every rule whose conditions on spans this span meets.
    #[must_use]
    pub fn hits(&self, span: &SpanFacts<'_>) -> u64 {
        let hit = |(index, rule): (usize, &Rule)| u64::from(rule.matches_span(span)) << index;
        self.rules.iter().enumerate().map(hit).sum()
    }

    /// What the rules say of a trace whose spans are all folded in.
    #[must_use]
    pub fn verdict(&self, summary: &TraceSummary) -> Verdict {
        let mut verdict = Verdict::default();
        let mut left = summary.rule_hits;
        while left != 0 {
            let index = left.trailing_zeros();
            left &= left - 1;
            let Some(rule) = self.rules.get(index as usize).filter(|rule| rule.matches_trace(summary)) else {
                continue;
            };
            let index = u8::try_from(index).unwrap_or(u8::MAX);
            match rule.action {
                RuleAction::Keep if verdict.first.is_none() => verdict.first = Some((index, true)),
                RuleAction::Drop if verdict.first.is_none() => verdict.first = Some((index, false)),
                RuleAction::AtLeast(probability)
                    if verdict.at_least.is_none_or(|(_, largest)| probability > largest) =>
                {
                    verdict.at_least = Some((index, probability));
                }
                RuleAction::Keep | RuleAction::Drop | RuleAction::AtLeast(_) => {}
            }
        }
        verdict
    }

    /// The rules in their order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
