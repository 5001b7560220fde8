//! The run: groups of seeds, two at a time, until there were enough.
//!
//! Owns the budget and what is said at the end, and of a seed that fails. Never knows what a seed does.

use std::collections::BTreeMap;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::group::{Done, Group, Kind};
use super::injection;
use super::place::Place;
use super::plan::GROUP_SEEDS;
use super::under_load::Met;
use spanlake_tests::clock::Clock;

/// Groups under test at a time: a core each, where there are two.
const GROUPS_AT_ONCE: usize = 2;
const SEEDS: u64 = 200;

/// How much is asked for.
struct Budget {
    first: u64,
    seeds: u64,
    /// Instead of a number of seeds.
    time: Option<Duration>,
}

fn variable(name: &str) -> Option<u64> {
    let set = std::env::var(name).ok()?;
    Some(set.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {set:?}")))
}

impl Budget {
    fn of_environment() -> Self {
        let any = spanlake_bench::now_nanos() % 1_000_000;
        // A group's seeds follow on each other: whoever repeats one begins with its group.
        let first = variable("SPANLAKE_FAULT_SEED").unwrap_or(any) / GROUP_SEEDS * GROUP_SEEDS;
        let minutes = variable("SPANLAKE_FAULT_MINUTES");
        Self {
            first,
            seeds: variable("SPANLAKE_FAULT_SEEDS").unwrap_or(if minutes.is_some() { u64::MAX } else { SEEDS }),
            time: minutes.map(|minutes| Duration::from_secs(minutes * 60)),
        }
    }
}

/// What all groups tell.
struct Run {
    budget: Budget,
    began: Instant,
    injects: bool,
    compiles: bool,
    next_group: AtomicU64,
    failed: AtomicBool,
    done: Mutex<Vec<Done>>,
    failures: Mutex<Vec<String>>,
}

/// Past the capture of tests that pass: who reads the log must see it.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

// === impl Run ===

impl Run {
    /// The seeds of the next group, unless there were enough.
    fn next_group(&self) -> Option<std::ops::Range<u64>> {
        if self.failed.load(Ordering::Acquire) || self.budget.time.is_some_and(|time| self.began.elapsed() > time) {
            return None;
        }
        let begin = self.next_group.fetch_add(1, Ordering::AcqRel) * GROUP_SEEDS;
        let end = (begin + GROUP_SEEDS).min(self.budget.seeds);
        (begin < end).then(|| self.budget.first + begin..self.budget.first + end)
    }

    fn run_groups(&self) {
        while let Some(seeds) = self.next_group() {
            self.run_group(seeds);
        }
    }

    fn run_group(&self, seeds: std::ops::Range<u64>) {
        let first = seeds.start;
        // Without a compiler the clock stays as it is.
        let all = [Kind::Forgets, Kind::MovesClock, Kind::MovesToBucket, Kind::CutsPower];
        let kinds = if self.compiles { &all[..] } else { &all[..3] };
        let kind = kinds[usize::try_from(first / GROUP_SEEDS).expect("fits") % kinds.len()];
        let mut group = Group::start(first, self.injects, kind);
        let mut at = first;
        let ran = catch_unwind(AssertUnwindSafe(|| {
            for seed in seeds.clone() {
                at = seed;
                let done = group.run(seed)?;
                self.done.lock().unwrap_or_else(PoisonError::into_inner).push(done);
            }
            group.finish()
        }));
        let wrong = match ran {
            Ok(Ok(())) => return,
            Ok(Err(wrong)) => wrong,
            Err(panic) => panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_else(|| "it panicked".to_owned()),
        };
        self.failed.store(true, Ordering::Release);
        let kept = group.place.keep(&first.to_string());
        let failure = format!(
            "seed {at} failed: {wrong}\n\nto repeat it: SPANLAKE_FAULT_SEED={first} SPANLAKE_FAULT_SEEDS={}\nwhat it left: {}",
            seeds.end - first,
            kept.display()
        );
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
    }
}

/// Scenario: kills, failing calls, full disks, clocks that jump, damaged files, stops and cut requests, by seed.
/// Guarantee: each acknowledged item is found exactly once, or what is damaged is named; fsck has nothing to say.
#[test]
fn nothing_acknowledged_is_lost_or_doubled() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let run = Run {
        budget: Budget::of_environment(),
        began: Instant::now(),
        injects: injection::is_possible(),
        compiles: Clock::build(folder.path()).is_some(),
        next_group: AtomicU64::new(0),
        failed: AtomicBool::new(false),
        done: Mutex::default(),
        failures: Mutex::default(),
    };
    say_what_is_not_run(&run);
    say(&format!("faults: SPANLAKE_FAULT_SEED={}", run.budget.first));
    std::thread::scope(|scope| {
        for _ in 0..GROUPS_AT_ONCE {
            scope.spawn(|| run.run_groups());
        }
    });
    let failures = run.failures.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    let done = run.done.lock().unwrap_or_else(PoisonError::into_inner);
    summarise(&done, run.began.elapsed());
}

fn say_what_is_not_run(run: &Run) {
    if !run.injects {
        say("not run: failing system calls and kills at them; strace is missing or may not trace here");
    }
    if !run.compiles {
        say("not run: clocks that jump and power cuts; there is no C compiler");
    }
    if !Place::new().is_mounted() {
        say("not run: the full disk; a file system cannot be mounted here");
    }
}

/// Says what was done, and fails where a kind of fault never met anything: then it tests nothing.
fn summarise(done: &[Done], took: Duration) {
    let mut kinds: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for one in done {
        let counts = kinds.entry(one.scenario.kind()).or_default();
        counts.0 += 1;
        counts.1 += u64::from(one.met == Met::Hit);
    }
    let items: u64 = done.iter().map(|one| one.items_acknowledged).sum();
    let said: Vec<String> = kinds.iter().map(|(kind, (all, hit))| format!("{kind} {hit} of {all}")).collect();
    say(&format!(
        "faults: {} seeds in {} s, {items} items acknowledged; met: {}",
        done.len(),
        took.as_secs(),
        said.join(", ")
    ));
    for (kind, (all, hit)) in kinds {
        assert!(all < 10 || hit > 0, "{kind}: met nothing in {all} tries");
    }
}
