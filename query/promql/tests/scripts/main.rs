//! Prometheus's own test scripts, run against this crate.
//!
//! The scripts are data of the Prometheus project and no part of this repository: they are read from the folder that
//! `PROMQLTEST_DIR` names, or from `../shared/data/promqltest` beside the repository. What fails must be listed in
//! `docs/promql.md` with its reason.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod commands;
mod compare;
mod execute;
mod hints;
mod nhcb;
mod start_times;

fn main() -> ExitCode {
    let root = repository_root();
    let Some(folder) = scripts_folder(&root) else {
        say("not run: there are no scripts; set PROMQLTEST_DIR to a folder with Prometheus's promqltest/testdata\n");
        return ExitCode::SUCCESS;
    };
    let listed = listed_failures(&root.join("docs/promql.md"));
    let (mut report, mut failed) = (String::new(), BTreeSet::new());
    let (mut passed_in_all, mut evals_in_all) = (0, 0);
    let mut names = BTreeSet::new();
    for path in script_files(&folder) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = std::fs::read_to_string(&path).expect("a script that is listed can be read");
        let outcome = execute::run(&text);
        for failure in &outcome.failures {
            let place = format!("{name}:{}", failure.line);
            let _ = writeln!(report, "{place}: {}", failure.message);
            failed.insert(place);
        }
        // A `load` that fails counts against the evals that stand on it.
        let passed = outcome.evals.saturating_sub(outcome.failures.len());
        passed_in_all += passed;
        evals_in_all += outcome.evals;
        say(&format!("{passed:>5}/{:<5} {name}\n", outcome.evals));
        names.insert(name);
    }
    say(&format!("{passed_in_all:>5}/{evals_in_all:<5} in all\n"));
    say(&report);
    let unlisted: Vec<_> = failed.difference(&listed).collect();
    for place in &unlisted {
        say(&format!("{place} fails and is not listed in docs/promql.md\n"));
    }
    let was_run = |place: &&String| place.split(':').next().is_some_and(|name| names.contains(name));
    let repaired: Vec<_> = listed.difference(&failed).filter(was_run).collect();
    for place in &repaired {
        say(&format!("{place} passes now, to be taken off the list in docs/promql.md\n"));
    }
    if unlisted.is_empty() && repaired.is_empty() && evals_in_all > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Found at run time: test binaries are shared between checkouts.
fn repository_root() -> PathBuf {
    let manifest = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR when it runs tests");
    Path::new(&manifest).join("../..")
}

fn scripts_folder(root: &Path) -> Option<PathBuf> {
    let named = std::env::var_os("PROMQLTEST_DIR").map(PathBuf::from);
    named.into_iter().chain([root.join("../shared/data/promqltest")]).find(|folder| folder.is_dir())
}

fn script_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of scripts can be read");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    files
}

/// Places such as `functions.test:12` that the document lists in its table of failures.
fn listed_failures(document: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(document).unwrap_or_default();
    let place = |line: &str| {
        let cell = line.strip_prefix("| `")?.split('`').next()?.to_owned();
        cell.contains(".test:").then_some(cell)
    };
    text.lines().filter_map(place).collect()
}
