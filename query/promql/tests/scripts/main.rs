//! Prometheus's own test scripts, run against this crate.
//!
//! The scripts are data of the Prometheus project and no part of this repository: they are read from the folder that
//! `PROMQLTEST_DIR` names, or from `../shared/data/promqltest` beside the repository. What fails must be listed in
//! `docs/promql.md` with its reason.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use folder::{listed_failures, repository_root, script_files, scripts_folder};
use spanlake_promql::memory::MemorySource;

mod commands;
mod compare;
mod execute;
mod folder;
mod hints;
mod in_memory;
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
        let outcome = execute::run(&text, &mut MemorySource::default());
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
