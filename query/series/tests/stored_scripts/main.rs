//! Prometheus's own test scripts through a real store: from memory, and once more from files.
//!
//! The runner is that of `query/promql`; this one brings the store. Evals that fail must be listed in `docs/promql.md`
//! with their reason. Says "not run" where there are no scripts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::ExitCode;

#[path = "../../../promql/tests/scripts/commands.rs"]
mod commands;
#[path = "../../../promql/tests/scripts/compare.rs"]
mod compare;
#[path = "../../../promql/tests/scripts/execute.rs"]
mod execute;
#[path = "../../../promql/tests/scripts/folder.rs"]
mod folder;
#[path = "../../../promql/tests/scripts/nhcb.rs"]
mod nhcb;
#[path = "../../../promql/tests/scripts/start_times.rs"]
mod start_times;

mod lake;
#[path = "../opened/mod.rs"]
mod opened;

use folder::{listed_failures, repository_root, script_files, scripts_folder};
use lake::Lake;

fn main() -> ExitCode {
    let root = repository_root();
    let Some(folder) = scripts_folder(&root) else {
        say("not run: there are no scripts; set PROMQLTEST_DIR to a folder with Prometheus's promqltest/testdata\n");
        return ExitCode::SUCCESS;
    };
    let only = std::env::args().nth(1).filter(|argument| !argument.starts_with('-')).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let (mut failed, mut totals, mut names) = (BTreeMap::new(), [0; 3], BTreeSet::new());
    say("memory  files  evals\n");
    for path in script_files(&folder) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !name.contains(&only) {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a script that is listed can be read");
        let mut score = [0; 3];
        for (at, is_sealed) in [(0, false), (1, true)] {
            let mut lake = Lake::new(&runtime, is_sealed);
            let outcome = execute::run(&text, &mut lake);
            lake.close();
            score[at] = outcome.evals.saturating_sub(outcome.failures.len());
            score[2] = outcome.evals;
            let place = if is_sealed { "files" } else { "memory" };
            for failure in outcome.failures {
                failed.insert(format!("stored/{name}:{}", failure.line), format!("from {place}: {}", failure.message));
            }
        }
        say(&format!("{:>6} {:>6} {:>6}  {name}\n", score[0], score[1], score[2]));
        totals.iter_mut().zip(score).for_each(|(total, score)| *total += score);
        names.insert(name);
    }
    say(&format!("{:>6} {:>6} {:>6}  in all\n", totals[0], totals[1], totals[2]));
    if verdict(&failed, &listed_failures(&root.join("docs/promql.md")), &names) && totals[2] > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether just those evals fail that the document lists.
fn verdict(failed: &BTreeMap<String, String>, listed: &BTreeSet<String>, names: &BTreeSet<String>) -> bool {
    let mut is_right = true;
    for (place, message) in failed {
        say(&format!("{place}: {message}\n"));
        if !listed.contains(place) {
            say(&format!("{place} fails and is not listed in docs/promql.md\n"));
            is_right = false;
        }
    }
    for place in listed {
        let was_run = place
            .strip_prefix("stored/")
            .and_then(|place| place.split(':').next())
            .is_some_and(|name| names.contains(name));
        if was_run && !failed.contains_key(place) {
            say(&format!("{place} passes now, to be taken off the list in docs/promql.md\n"));
            is_right = false;
        }
    }
    is_right
}

fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
