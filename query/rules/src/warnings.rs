//! What rules can never do, though they seem to: findings of their expressions, and labels that templates name in vain.

use spanlake_promql::lint::{Finding, MetricTypes, labels_of, lint};

use crate::file::{GroupConfig, Kind, RuleConfig, RuleFiles};
use crate::template::Template;

/// Labels of results that no expression drops.
const OF_RULE: [&str; 2] = ["alertname", "__name__"];

impl RuleFiles {
    /// One sentence each, with file, line and column.
    #[must_use]
    pub fn warnings(&self, types: &dyn MetricTypes) -> Vec<String> {
        let rules = self.groups.iter().flat_map(|group| group.rules.iter().map(move |rule| (group, rule)));
        rules.flat_map(|(group, rule)| of_rule(group, rule, types)).collect()
    }
}

fn of_rule(group: &GroupConfig, rule: &RuleConfig, types: &dyn MetricTypes) -> Vec<String> {
    let (line, column) = rule.place;
    let place = format!("{}: line {line}, column {column}: {}", group.file, rule.name());
    let findings = lint(&rule.text, &rule.expr, types);
    let mut warnings: Vec<String> =
        findings.iter().map(|finding: &Finding| format!("{place}: {}", finding.message(&rule.text))).collect();
    let Kind::Alerting { annotations, .. } = &rule.kind else { return warnings };
    let Some(labels) = labels_of(&rule.expr) else { return warnings };
    let templates = rule.labels.iter().chain(annotations);
    for (name, label) in templates.flat_map(|(name, template)| named(name, template)) {
        if !labels.contains(&label) && !OF_RULE.contains(&label.as_str()) {
            warnings.push(format!(
                "{place}: the template of {name:?} names the label {label}, which the expression has dropped; it keeps {}",
                if labels.is_empty() { "none".to_owned() } else { labels.join(", ") }
            ));
        }
    }
    warnings
}

fn named<'a>(name: &'a str, template: &'a Template) -> impl Iterator<Item = (&'a str, String)> {
    template.labels().into_iter().map(move |label| (name, label))
}

/// Findings of one expression, each a sentence with line and column; what it is if it is none.
///
/// # Errors
/// When it cannot be parsed.
pub fn warnings_of(query: &str, types: &dyn MetricTypes) -> Result<Vec<String>, String> {
    let expr = spanlake_promql::syntax::parse_expression(query).map_err(|error| error.to_string())?;
    Ok(lint(query, &expr, types).iter().map(|finding| finding.message(query)).collect())
}
