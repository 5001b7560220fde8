//! `sampling simulate`: what another policy would do to what a server's hot tier holds.
//!
//! Owns its flags and the table. The server reads and decides; nothing of it is kept.

use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{ANSWER_BYTES_MAX, Client};
use super::{CommandError, EXIT_FAILURE, ServerArguments, terminal};
use crate::config::{EXIT_USAGE, Flags, Loaded, parse_bytes};

#[derive(Debug, Args)]
pub struct SamplingArguments {
    #[command(subcommand)]
    pub command: SamplingCommand,
}

#[derive(Debug, Subcommand)]
pub enum SamplingCommand {
    /// Say what a changed budget or changed rules would keep of what is hot now
    Simulate(SimulateArguments),
}

#[derive(Debug, Args)]
pub struct SimulateArguments {
    /// Cold bytes a day, such as 5GB; as it is where this is not given
    #[arg(long, value_name = "SIZE")]
    pub day_bytes: Option<String>,
    /// A configuration file whose `sampling.rules` are tried, or a JSON file with a list of rules; as they are where this is
    /// not given
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Print the whole report as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub server: ServerArguments,
}

/// What the table shows of the report.
#[derive(Debug, Deserialize)]
struct Report {
    problems: Vec<String>,
    traces: u64,
    kept_traces: u64,
    traces_with_errors: u64,
    kept_traces_with_errors: u64,
    dropped_by_rules: u64,
    offered_bytes: f64,
    kept_bytes: f64,
    allotted_bytes: f64,
    hours: Vec<Value>,
    services: Vec<Service>,
}

#[derive(Debug, Deserialize)]
struct Service {
    service: String,
    spans: u64,
    errors: u64,
    kept_spans: u64,
    kept_errors: u64,
    count: Estimate,
    error_count: Option<Estimate>,
}

/// An end that nothing bounds comes as null.
#[derive(Debug, Deserialize)]
struct Estimate {
    value: f64,
    low: f64,
    high: Option<f64>,
}

pub(super) fn run(arguments: &SamplingArguments) -> Result<(), CommandError> {
    let SamplingCommand::Simulate(arguments) = &arguments.command;
    let mut policy = json!({});
    if let Some(text) = &arguments.day_bytes {
        let bytes =
            parse_bytes(text).map_err(|error| CommandError::new(EXIT_USAGE, format!("--day-bytes: {error}")))?;
        policy["day_bytes"] = bytes.into();
    }
    if let Some(path) = &arguments.rules {
        policy["rules"] = rules(path)?;
    }
    let client = Client::new(&arguments.server)?;
    let response = client.post("/api/sampling/simulate", &policy)?;
    let reader = BufReader::new(response.into_body().into_reader().take(ANSWER_BYTES_MAX));
    let answer: Value = serde_json::from_reader(reader).map_err(|error| cut_short(&error))?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        return Ok(writeln!(out, "{answer:#}")?);
    }
    let report: Report = serde_json::from_value(answer).map_err(|error| cut_short(&error))?;
    Ok(out.write_all(table(&report).as_bytes())?)
}

fn cut_short(error: &serde_json::Error) -> CommandError {
    CommandError::new(EXIT_FAILURE, format!("the server's answer is cut short or unknown: {error}"))
}

fn rules(path: &Path) -> Result<Value, CommandError> {
    let wrong = |error: String| CommandError::new(EXIT_USAGE, format!("--rules {}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(&text).map_err(|error| wrong(error.to_string()));
    }
    let flags = Flags { file: Some(path.to_path_buf()), values: Vec::new() };
    let loaded = Loaded::from(&flags, std::iter::empty()).map_err(|error| wrong(error.to_string()))?;
    serde_json::to_value(&loaded.config.sampling.rules).map_err(|error| wrong(error.to_string()))
}

fn table(report: &Report) -> String {
    let mut text = String::new();
    for problem in &report.problems {
        let _ = writeln!(text, "note: {}", terminal::clean(problem));
    }
    let _ = writeln!(
        text,
        "{} hours: {} of {} traces kept, {} of {} with errors; {} dropped by rules",
        report.hours.len(),
        report.kept_traces,
        report.traces,
        report.kept_traces_with_errors,
        report.traces_with_errors,
        report.dropped_by_rules
    );
    let _ = writeln!(
        text,
        "{} of {} cold bytes, of {} allotted\n",
        size(report.kept_bytes),
        size(report.offered_bytes),
        size(report.allotted_bytes)
    );
    let mut rows = vec![["service", "spans", "kept", "errors", "kept", "count", "errors' count"].map(str::to_owned)];
    rows.extend(report.services.iter().map(|service| {
        let errors = service.error_count.as_ref().map_or_else(|| "-".to_owned(), width);
        [
            terminal::clean(&service.service),
            service.spans.to_string(),
            service.kept_spans.to_string(),
            service.errors.to_string(),
            service.kept_errors.to_string(),
            width(&service.count),
            errors,
        ]
    }));
    let widths: Vec<usize> =
        (0..7).map(|column| rows.iter().map(|row| terminal::columns(&row[column])).max().unwrap_or(0)).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let padding = terminal::padding(cell, *width);
            if column == 0 { format!("{cell}{padding}") } else { format!("{padding}{cell}") }
        });
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}

/// Half of the interval, of the value.
fn width(estimate: &Estimate) -> String {
    match estimate.high {
        Some(high) if high <= estimate.low => "exact".to_owned(),
        Some(high) if estimate.value > 0.0 => format!("±{:.1} %", (high - estimate.low) / 2.0 / estimate.value * 100.0),
        _ => "unknown".to_owned(),
    }
}

fn size(bytes: f64) -> String {
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let unit = units.into_iter().find(|(_, factor)| bytes >= *factor);
    unit.map_or_else(|| format!("{bytes:.0} B"), |(name, factor)| format!("{:.1} {name}", bytes / factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_is_kept_and_how_exact_answers_are() {
        let report = json!({
            "problems": ["the rule \"a\" matches nothing"], "traces": 1000, "kept_traces": 100, "traces_with_errors": 10,
            "kept_traces_with_errors": 9, "dropped_by_rules": 0, "offered_bytes": 2.5e6, "kept_bytes": 250_000.0,
            "allotted_bytes": 260_000.0, "hours": [{}],
            "services": [
                {"service": "shop", "spans": 3000, "errors": 10, "kept_spans": 300, "kept_errors": 9,
                 "count": {"value": 3000.0, "low": 2700.0, "high": 3300.0}, "error_count": {"value": 10.0, "low": 9.0, "high": null}},
                {"service": "b", "spans": 1, "errors": 0, "kept_spans": 1, "kept_errors": 0,
                 "count": {"value": 1.0, "low": 1.0, "high": 1.0}, "error_count": null}
            ]
        });
        let text = table(&serde_json::from_value(report).unwrap());
        assert_eq!(
            text,
            "note: the rule \"a\" matches nothing\n\
             1 hours: 100 of 1000 traces kept, 9 of 10 with errors; 0 dropped by rules\n\
             250.0 kB of 2.5 MB cold bytes, of 260.0 kB allotted\n\n\
             service  spans  kept  errors  kept    count  errors' count\n\
             shop      3000   300      10     9  ±10.0 %        unknown\n\
             b            1     1       0     0    exact              -\n"
        );
    }
}
