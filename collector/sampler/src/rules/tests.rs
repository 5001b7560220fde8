//! Patterns, the order of rules, and what the checks say.

use super::check::{RuleProblem, check, check_against_traffic, check_need};
use super::*;
use crate::budget::BudgetSettings;
use crate::profile::OperationProfiles;
use crate::red::{Arrived, RedLimits, RedSketches, RedSpan};
use crate::span::SpanKind;

const BUDGET: BudgetSettings = BudgetSettings { day_bytes: 1 << 30 };

#[test]
fn patterns_match_whole_texts() {
    for (pattern, text, does) in [
        ("checkout", "checkout", true),
        ("checkout", "checkouts", false),
        ("GET *", "GET /a", true),
        ("GET *", "POST /a", false),
        ("*", "", true),
        ("a*b*c", "a--b--c", true),
        ("a*b*c", "a--c--b", false),
        ("a*a", "a", false),
        ("*.internal", "x.internal", true),
        ("**", "anything", true),
    ] {
        assert_eq!(Pattern::from(pattern).matches(text), does, "{pattern} {text}");
    }
    assert!(
        Pattern::from("GET *").covers(&Pattern::from("GET /a")) && !Pattern::from("GET /a").covers(&Pattern::from("*"))
    );
}

#[test]
fn rules_are_read_from_settings() {
    let text = r#"[
        {"name": "pay", "action": "keep", "services": ["pay*"], "status": "error", "attributes": {"region": "eu"}},
        {"name": "health", "action": "drop", "operations": ["GET /health*"]},
        {"name": "slow", "action": {"at_least": 0.25}, "duration_min_ms": 500.0}
    ]"#;
    let rules: Vec<Rule> = serde_json::from_str(text).unwrap();
    assert_eq!(rules[2].action, RuleAction::AtLeast(0.25));
    assert_eq!(serde_json::from_str::<Vec<Rule>>(&serde_json::to_string(&rules).unwrap()).unwrap(), rules);
    assert!(serde_json::from_str::<Rule>(r#"{"name": "x", "action": "keep", "servics": []}"#).is_err());
    assert_eq!(check(&rules, &BUDGET), []);
}

#[test]
fn the_first_rule_that_keeps_or_drops_holds() {
    let rules = RuleSet::new(vec![
        Rule::new("low", RuleAction::AtLeast(0.1)),
        Rule::new("drop", RuleAction::Drop),
        Rule::new("keep", RuleAction::Keep),
        Rule::new("high", RuleAction::AtLeast(0.3)),
    ]);
    let mut summary = TraceSummary::new(spanlake_schemas::ids::TraceId([1; 16]));
    summary.rule_hits = 0b1101;
    assert_eq!(rules.verdict(&summary), Verdict { first: Some((2, true)), at_least: Some((3, 0.3)) });
    summary.rule_hits = 0b0111;
    assert_eq!(rules.verdict(&summary), Verdict { first: Some((1, false)), at_least: Some((0, 0.1)) });
}

fn with_services(name: &str, action: RuleAction, services: &[&str]) -> Rule {
    let mut rule = Rule::new(name, action);
    rule.services = services.iter().map(|service| Pattern::from(*service)).collect();
    rule
}

#[test]
fn contradictions_and_slips_are_said() {
    let mut impossible = Rule::new("window", RuleAction::Keep);
    (impossible.duration_min_ms, impossible.duration_max_ms) = (Some(500.0), Some(100.0));
    let rules = [
        with_services("all pay", RuleAction::Drop, &["pay*"]),
        with_services("keep pay", RuleAction::Keep, &["payment"]),
        with_services("again", RuleAction::Drop, &["pay-1"]),
        with_services("again", RuleAction::AtLeast(1.5), &[]),
        impossible,
    ];
    let said: Vec<String> = check(&rules, &BudgetSettings { day_bytes: 0 }).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "the budget of 0 bytes a day keeps nothing",
            "rule \"keep pay\" never decides: \"all pay\" before it matches the same traces and says the contrary",
            "rule \"again\" changes nothing: \"all pay\" before it matches the same traces and says the same",
            "two rules are called \"again\"",
            "rule \"again\": a probability must be above 0 and at most 1, not 1.5",
            "rule \"window\" matches nothing: no duration is at least 500 ms and at most 100 ms",
        ]
    );
    assert!(check_need(10.0, 20.0).is_none());
    assert!(matches!(check_need(30.0, 20.0), Some(problem @ RuleProblem::ExceedBudget { .. }) if !problem.is_fatal()));
}

#[test]
fn a_rule_for_a_service_that_nobody_saw_names_the_nearest() {
    let mut sketches = RedSketches::new(RedLimits::default());
    sketches.add(&RedSpan {
        service: "checkout",
        operation: "POST /pay",
        kind: SpanKind::Server,
        status: StatusCode::Unset,
        is_root: false,
        extra: &[],
        start_time: 0,
        duration: 5,
        arrived: Arrived::Whole,
    });
    let profiles = OperationProfiles::from_rows(&sketches.take_rows());
    let mut operation = with_services("op", RuleAction::Keep, &["check*"]);
    operation.operations = vec!["POST /pai".into()];
    let rules = [with_services("typo", RuleAction::Keep, &["chekout"]), operation, Rule::new("any", RuleAction::Keep)];
    let said: Vec<String> = check_against_traffic(&rules, &profiles).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "rule \"typo\" matches nothing: no service seen in the last hour is like \"chekout\"; the nearest is \"checkout\"",
            "rule \"op\" matches nothing: no operation seen in the last hour is like \"POST /pai\"; the nearest is \"POST /pay\"",
        ]
    );
}
