//! `lint`: what expressions and rule files can never do, though they seem to.
//!
//! Owns the printing. What is found, `spanlake_rules` and the parser's crate say.

use std::collections::HashMap;
use std::io::Write;

use serde_json::Value;
use spanlake_rules::{RuleFiles, warnings_of};

use super::client::Client;
use super::{CommandError, EXIT_FAILURE, LintArguments, terminal};
use crate::config::EXIT_USAGE;

pub(super) fn run(arguments: &LintArguments) -> Result<(), CommandError> {
    let usage = |message: String| CommandError::new(EXIT_USAGE, message);
    if arguments.expressions.is_empty() && arguments.rule_file.is_empty() {
        return Err(usage("nothing to look at: give an expression, or --rule-file FILE".to_owned()));
    }
    let types = if arguments.types { types(arguments)? } else { HashMap::new() };
    let mut findings = Vec::new();
    for expression in &arguments.expressions {
        findings.extend(warnings_of(expression, &types).map_err(usage)?);
    }
    let files = RuleFiles::load(&arguments.rule_file).map_err(|error| usage(error.to_string()))?;
    findings.extend(files.warnings(&types));
    let mut out = std::io::stdout().lock();
    for finding in &findings {
        writeln!(out, "{}", terminal::clean(finding))?;
    }
    match findings.len() {
        0 => Ok(writeln!(out, "nothing found")?),
        1 => Err(CommandError::new(EXIT_FAILURE, "1 finding")),
        count => Err(CommandError::new(EXIT_FAILURE, format!("{count} findings"))),
    }
}

/// Types of the server's metrics by name.
fn types(arguments: &LintArguments) -> Result<HashMap<String, String>, CommandError> {
    let response = Client::new(&arguments.server)?.get("/prometheus/api/v1/metadata")?;
    let answer: Value = response
        .into_body()
        .read_json()
        .map_err(|error| CommandError::new(EXIT_FAILURE, format!("the server's answer is cut short: {error}")))?;
    let families = answer["data"].as_object().into_iter().flatten();
    let kind = |entries: &Value| entries[0]["type"].as_str().map(str::to_owned);
    Ok(families.filter_map(|(name, entries)| Some((name.clone(), kind(entries)?))).collect())
}
