//! `forget`: counts what would go, asks, and waits until a server has deleted it for good.
//!
//! Owns the question. What was asked goes on in the server whatever becomes of this command. Never repeats a value.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use ureq::Body;
use ureq::http::Response;

use super::client::{ANSWER_BYTES_MAX, Client};
use super::{CommandError, EXIT_FAILURE, ForgetArguments, terminal};
use crate::config::EXIT_USAGE;

const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// The answer of a dry run.
#[derive(Debug, Deserialize)]
struct Preview {
    rows: BTreeMap<String, u64>,
    links: u64,
    files: u64,
}

/// The answer about a request.
#[derive(Debug, Deserialize)]
struct Report {
    id: String,
    state: String,
    message: Option<String>,
    rows: BTreeMap<String, u64>,
    links: u64,
    files_rewritten: u64,
    files_removed: u64,
    proof: Proof,
    old_copies_until: Option<String>,
    #[serde(default)]
    set_aside: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Proof {
    files: u64,
    rows: u64,
}

pub(super) fn run(arguments: &ForgetArguments) -> Result<(), CommandError> {
    let mut body = request(&arguments.trace_id, &arguments.attribute)?;
    let client = Client::new(&arguments.server)?;
    let mut out = std::io::stdout().lock();
    if !arguments.yes {
        let mut dry = body.clone();
        dry["dry_run"] = Value::Bool(true);
        let preview: Preview = read(client.post("/api/forget", &dry)?)?;
        out.write_all(would_go(&preview).as_bytes())?;
        out.flush()?;
        if arguments.dry_run || !confirmed()? {
            return Ok(());
        }
    }
    body["dry_run"] = Value::Bool(false);
    let accepted: Report = read(client.post("/api/forget", &body)?)?;
    let done = wait(&client, accepted)?;
    Ok(out.write_all(outcome(&done).as_bytes())?)
}

fn request(traces: &[String], attributes: &[String]) -> Result<Value, CommandError> {
    if traces.is_empty() && attributes.is_empty() {
        return Err(CommandError::new(EXIT_USAGE, "say what goes: --trace-id ID, --attribute KEY=VALUE, or both"));
    }
    let mut by_key: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for attribute in attributes {
        let Some((key, value)) = attribute.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(CommandError::new(EXIT_USAGE, "--attribute wants KEY=VALUE, such as user.id=42"));
        };
        by_key.entry(key).or_default().push(value);
    }
    Ok(json!({ "trace_ids": traces, "attributes": by_key }))
}

fn read<T: DeserializeOwned>(response: Response<Body>) -> Result<T, CommandError> {
    let reader = BufReader::new(response.into_body().into_reader().take(ANSWER_BYTES_MAX));
    serde_json::from_reader(reader).map_err(|error| {
        CommandError::new(EXIT_FAILURE, format!("the server's answer is cut short or unknown: {error}"))
    })
}

/// Nobody can be asked where standard input is no terminal.
fn confirmed() -> Result<bool, CommandError> {
    if !std::io::stdin().is_terminal() {
        return Err(CommandError::new(EXIT_USAGE, "nothing was deleted: nobody can be asked here; say it with --yes"));
    }
    write!(std::io::stderr(), "Delete this for good? It cannot be undone. [y/N] ")?;
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| CommandError::new(EXIT_FAILURE, format!("the answer cannot be read: {error}")))?;
    let is_yes = matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    if !is_yes {
        writeln!(std::io::stderr(), "Nothing was deleted.")?;
    }
    Ok(is_yes)
}

fn wait(client: &Client, mut report: Report) -> Result<Report, CommandError> {
    let began = Instant::now();
    let is_shown = std::io::stderr().is_terminal();
    let path = format!("/api/forget/{}", report.id);
    let mut told = None;
    while report.state != "done" {
        if is_shown {
            write!(std::io::stderr(), "\r\x1b[K{}", progress(&report, began.elapsed()))?;
        } else if report.message != told {
            told.clone_from(&report.message);
            if let Some(message) = &told {
                writeln!(std::io::stderr(), "spanlake: it waits: {}", terminal::clean(message))?;
            }
        }
        std::thread::sleep(LOOK_AGAIN);
        report = read(client.get(&path)?)?;
    }
    if is_shown {
        write!(std::io::stderr(), "\r\x1b[K")?;
    }
    Ok(report)
}

fn progress(report: &Report, took: Duration) -> String {
    let doing = match report.state.as_str() {
        "waiting" => "waiting",
        "sealing" => "writing what is in memory",
        "hot_files" => "hot files",
        "cold_files" => "cold files",
        "readers" => "waiting for statements that still read old files",
        other => other,
    };
    let rows: u64 = report.rows.values().sum();
    let mut line = format!("{doing}: {rows} rows deleted, {} files clean, {} s", report.proof.files, took.as_secs());
    if let Some(message) = &report.message {
        let _ = write!(line, "; {message}");
    }
    terminal::clean(&line)
}

fn would_go(preview: &Preview) -> String {
    let mut text = String::new();
    if preview.rows.is_empty() && preview.links == 0 {
        return "Nothing that is kept has any of it.\n".to_owned();
    }
    let _ = writeln!(text, "Would be deleted, as far as it is here now:");
    text + &table(&preview.rows, preview.links) + &format!("{} files would be rewritten or removed.\n", preview.files)
}

fn table(rows: &BTreeMap<String, u64>, links: u64) -> String {
    let mut text = String::new();
    for (name, rows) in rows {
        let _ = writeln!(text, "  {rows:>10}  {}", terminal::clean(name));
    }
    if links > 0 {
        let _ = writeln!(text, "  {links:>10}  links of other spans");
    }
    text
}

fn outcome(report: &Report) -> String {
    let mut text = String::from("Deleted:\n") + &table(&report.rows, report.links);
    if report.rows.is_empty() && report.links == 0 {
        text = "Nothing that is kept had any of it.\n".to_owned();
    }
    let _ = writeln!(text, "{} files rewritten, {} removed.", report.files_rewritten, report.files_removed);
    let Proof { files, rows } = report.proof;
    let _ = writeln!(text, "Looked for again: {files} files with {rows} rows hold nothing of it.");
    if let Some(until) = &report.old_copies_until {
        let _ = writeln!(text, "Replaced files of the cold tier go by {}.", terminal::clean(until));
    }
    for path in &report.set_aside {
        let _ = writeln!(text, "Not looked into, as salvage-log set it aside: {}", terminal::clean(path));
    }
    let _ = writeln!(text, "Request {}.", terminal::clean(&report.id));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_is_read_from_flags() {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let body = request(&texts(&["01"]), &texts(&["user.id=42", "user.id=a=b", "x="])).unwrap();
        assert_eq!(body, json!({"trace_ids": ["01"], "attributes": {"user.id": ["42", "a=b"], "x": [""]}}));
        for wrong in [texts(&[]), texts(&["user.id"]), texts(&["=x"])] {
            assert_eq!(request(&[], &wrong).unwrap_err().exit, EXIT_USAGE);
        }
        let secret = request(&[], &texts(&["jane@example.com"])).unwrap_err();
        assert!(!secret.message.contains("jane"), "a value may be there without its key");
    }

    #[test]
    fn the_outcome_says_what_went_and_what_is_left() {
        let report: Report = serde_json::from_value(json!({
            "id": "0123456789abcdef", "state": "done", "message": null, "rows": {"logs": 3, "spans": 12}, "links": 1,
            "files_rewritten": 2, "files_removed": 1, "proof": {"files": 9, "rows": 1000, "found": 0},
            "old_copies_until": "2026-11-21T11:30:00.000Z", "set_aside": ["log/00000000000000000001.damaged"],
        }))
        .unwrap();
        assert_eq!(
            outcome(&report),
            "Deleted:\n           3  logs\n          12  spans\n           1  links of other spans\n\
             2 files rewritten, 1 removed.\nLooked for again: 9 files with 1000 rows hold nothing of it.\n\
             Replaced files of the cold tier go by 2026-11-21T11:30:00.000Z.\n\
             Not looked into, as salvage-log set it aside: log/00000000000000000001.damaged\n\
             Request 0123456789abcdef.\n"
        );
        let working = Report { state: "cold_files".into(), ..report };
        assert_eq!(progress(&working, Duration::from_secs(2)), "cold files: 15 rows deleted, 9 files clean, 2 s");
        let preview = Preview { rows: BTreeMap::new(), links: 0, files: 0 };
        assert_eq!(would_go(&preview), "Nothing that is kept has any of it.\n");
    }
}
