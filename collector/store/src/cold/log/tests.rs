//! Two servers, crashes and lost answers: an edit happens once or never, and everybody sees the same.

use spanlake_schemas::tables::Table;

use super::super::delta;
use super::*;

const OURS: &str = "0123456789abcdef0123456789abcdef";
const OTHERS: &str = "fedcba9876543210fedcba9876543210";

struct Server {
    place: tempfile::TempDir,
    copy: tempfile::TempDir,
}

impl Server {
    fn new() -> Self {
        Self { place: tempfile::tempdir().unwrap(), copy: tempfile::tempdir().unwrap() }
    }

    fn place(&self) -> Place {
        Place::folder(self.place.path().to_path_buf())
    }

    fn log(&self, installation: &str) -> ColdLog {
        ColdLog::open_copy(self.place(), self.copy.path(), installation).unwrap()
    }

    fn claimed(&self, installation: &str) -> ColdLog {
        let mut log = self.log(installation);
        log.catch_up(false).unwrap();
        log.claim(1).unwrap();
        log
    }
}

fn adding(log: &ColdLog, name: &str) -> ColdEdit {
    let path = format!("spans/date=2026-11-21/hour=10/{name}.parquet");
    let mut edit =
        ColdEdit { adds: vec![FileEntry::sample(&path, Table::Spans, 7)], is_data_change: true, ..log.draft(5) };
    delta::assign(&mut edit, log.state());
    edit
}

#[test]
fn a_commit_is_there_after_a_start_with_and_without_the_place() {
    let server = Server::new();
    let mut log = server.claimed(OURS);
    let edit = adding(&log, "a");
    log.commit(&edit).unwrap();
    let state = log.state().clone();
    assert_eq!(state.files.len(), 1);
    assert_eq!(server.log(OURS).state(), &state);
    let lost = Server { place: server.place, copy: tempfile::tempdir().unwrap() };
    let mut log = lost.log(OURS);
    log.catch_up(false).unwrap();
    assert_eq!(log.state(), &state);
    assert_eq!(lost.log(OURS).state(), &state);
}

#[test]
fn the_same_edit_may_be_committed_again_and_happens_once() {
    let server = Server::new();
    let mut log = server.claimed(OURS);
    let edit = adding(&log, "a");
    log.commit(&edit).unwrap();
    log.commit(&edit).unwrap();
    // After a crash before the copy was written: the place has it, this machine does not know.
    std::fs::remove_file(server.copy.path().join(edit_key(edit.number))).unwrap();
    let mut log = server.log(OURS);
    assert!(log.state().files.is_empty());
    log.commit(&edit).unwrap();
    assert_eq!(log.state().files.len(), 1);
    assert_eq!(log.state().number, edit.number);
}

#[test]
fn anothers_data_is_not_taken_unless_it_is_said_and_then_the_other_is_out() {
    let first = Server::new();
    let mut log = first.claimed(OURS);
    log.commit(&adding(&log, "a")).unwrap();
    let second = Server { place: tempfile::tempdir().unwrap(), copy: tempfile::tempdir().unwrap() };
    let mut other = ColdLog::open_copy(first.place(), second.copy.path(), OTHERS).unwrap();
    assert!(matches!(other.catch_up(false), Err(ColdLogError::Foreign { edit: 2, .. })));
    assert!(other.state().files.is_empty());
    other.catch_up(true).unwrap();
    other.claim(9).unwrap();
    assert_eq!(other.state().files.len(), 1);
    let late = adding(&log, "b");
    assert!(matches!(log.commit(&late), Err(ColdLogError::Fenced { .. })));
    other.commit(&adding(&other, "c")).unwrap();
    let names: Vec<_> = other.state().files.keys().map(|key| key.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["a.parquet", "c.parquet"]);
}

#[test]
fn a_copy_of_the_data_directory_that_runs_as_well_ends_one_of_the_two() {
    let first = Server::new();
    let mut log = first.claimed(OURS);
    let second = tempfile::tempdir().unwrap();
    let mut twin = ColdLog::open_copy(first.place(), second.path(), OURS).unwrap();
    twin.catch_up(false).unwrap();
    twin.claim(3).unwrap();
    assert!(matches!(log.commit(&adding(&log, "a")), Err(ColdLogError::Fenced { .. })));
    twin.commit(&adding(&twin, "b")).unwrap();
}

#[test]
fn many_commits_are_read_from_a_checkpoint_and_few_edits() {
    let server = Server::new();
    let mut log = server.claimed(OURS);
    for number in 0..300 {
        let mut edit = adding(&log, &format!("{number:04}"));
        if number % 3 == 2 {
            edit.removes = vec![log.state().files.values().next().unwrap().clone()];
            edit.swept = log.state().removed.keys().cloned().collect();
        }
        log.commit(&edit).unwrap();
        delta::mirror(&server.place(), &edit).unwrap();
        delta::checkpoint(&server.place(), &edit, log.state());
    }
    assert!(server.place().list("_spanlake").unwrap().len() < 200);
    assert_eq!(&read_state(&server.place()).unwrap(), log.state());
    assert_eq!(server.log(OURS).state(), log.state());
    let behind = tempfile::tempdir().unwrap();
    let mut fresh = ColdLog::open_copy(server.place(), behind.path(), OURS).unwrap();
    fresh.catch_up(false).unwrap();
    assert_eq!(fresh.state(), log.state());
    assert_eq!(ColdLog::open_copy(server.place(), behind.path(), OURS).unwrap().state(), log.state());
    let delta = server.place().list("spans/_delta_log").unwrap();
    assert!(delta.iter().any(|(key, _)| key.ends_with("250.checkpoint.parquet")), "{delta:?}");
    assert!(delta.len() < 120 && log.state().delta["spans"].version == 299);
}

#[test]
fn what_is_damaged_or_from_a_newer_version_is_said() {
    let server = Server::new();
    let mut log = server.claimed(OURS);
    let newer = ColdEdit { format: 99, ..adding(&log, "a") };
    log.commit(&newer).unwrap();
    assert!(matches!(read_state(&server.place()), Err(ColdLogError::Newer { format: 99, .. })));
    std::fs::write(server.place.path().join(edit_key(2)), "crc32c=00000000\n{}").unwrap();
    assert!(matches!(read_state(&server.place()), Err(ColdLogError::Damaged { .. })));
    std::fs::remove_file(server.place.path().join(edit_key(1))).unwrap();
    assert!(matches!(read_state(&server.place()), Err(ColdLogError::Gap { missing: 1, .. })));
}
