//! `relabel_configs` and `metric_relabel_configs`.

use super::fields::{number, unknown};
use crate::scrape::relabel::{ACTIONS, Action, Rule, anchored};
use crate::scrape::yaml::{Node, YamlError};

const KEYS: [&str; 7] = ["source_labels", "separator", "regex", "modulus", "target_label", "replacement", "action"];

pub(super) fn read(node: &Node) -> Result<Vec<Rule>, YamlError> {
    node.items()?.iter().map(rule).collect()
}

fn rule(node: &Node) -> Result<Rule, YamlError> {
    let pattern = |pattern: &str, node: &Node| {
        anchored(pattern).map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            node.fault(format!("{pattern:?} is no regular expression: {reason}"))
        })
    };
    let mut rule = Rule {
        source_labels: Vec::new(),
        separator: ";".to_owned(),
        regex: pattern("(.*)", node)?,
        modulus: 0,
        target_label: String::new(),
        replacement: "$1".to_owned(),
        action: Action::Replace,
    };
    for (key, value) in node.entries()? {
        match key.as_str() {
            "source_labels" => rule.source_labels = value.texts()?,
            "separator" => rule.separator = value.text()?.to_owned(),
            "regex" => rule.regex = pattern(value.text()?, value)?,
            "modulus" => rule.modulus = number(value)?,
            "target_label" => rule.target_label = value.text()?.to_owned(),
            "replacement" => rule.replacement = value.text()?.to_owned(),
            "action" => {
                let word = value.text()?.to_ascii_lowercase();
                let known = ACTIONS.iter().find(|(name, _)| *name == word);
                rule.action = known.map(|(_, action)| *action).ok_or_else(|| {
                    let words: Vec<&str> = ACTIONS.iter().map(|(name, _)| *name).collect();
                    value.fault(format!("{word:?} is no action; there are {}", words.join(", ")))
                })?;
            }
            other => return Err(unknown(other, value, &KEYS)),
        }
    }
    check(&rule, node)?;
    Ok(rule)
}

fn check(rule: &Rule, node: &Node) -> Result<(), YamlError> {
    let wants_target = matches!(
        rule.action,
        Action::Replace
            | Action::HashMod
            | Action::KeepEqual
            | Action::DropEqual
            | Action::Lowercase
            | Action::Uppercase
    );
    let name = ACTIONS.iter().find(|(_, action)| *action == rule.action).map_or("", |(name, _)| *name);
    if wants_target && rule.target_label.is_empty() {
        return Err(node.fault(format!("action {name} wants a target_label")));
    }
    if rule.action == Action::HashMod && rule.modulus == 0 {
        return Err(node.fault("action hashmod wants a modulus greater than 0"));
    }
    let is_of_labels = matches!(rule.action, Action::LabelDrop | Action::LabelKeep);
    if is_of_labels && !(rule.source_labels.is_empty() && rule.target_label.is_empty()) {
        return Err(node.fault(format!("action {name} takes only a regex")));
    }
    Ok(())
}
