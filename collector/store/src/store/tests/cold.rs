//! The move to the cold tier: no row is lost, doubled or changed, wherever it is broken off.

use std::path::PathBuf;

use super::*;
use crate::cold::log::ColdEdit;
use crate::cold::pending::PendingFile;
use crate::cold::place::Place;
use crate::cold::tier::STATE;
use crate::cold::{ColdCondition, ColdConfig};

/// To which everything that is sealed leaves at once, and whose old files go at once.
pub(super) fn cold_config(dir: &Path) -> ColdConfig {
    ColdConfig {
        url: dir.join("cold").display().to_string(),
        options: Vec::new(),
        adopt: false,
        hot_age_max: Duration::from_secs(3600),
        hot_bytes_max: 0,
        sweep_after: Duration::ZERO,
        cache_bytes_max: 1 << 20,
        sampling: None,
    }
}

/// Everything that is sealed leaves at once.
fn settings(dir: &Path) -> StoreConfig {
    StoreConfig { cold: Some(cold_config(dir)), ..StoreConfig::in_dir(dir) }
}

fn hot_files(store: &Store, table: Table) -> usize {
    store.read().pin().files(table).iter().filter(|file| !file.is_cold()).count()
}

async fn all_cold(store: &Store) {
    for _ in 0..1000 {
        if hot_files(store, Table::Spans) == 0 && store.cold_status().unwrap().condition == ColdCondition::Ready {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", store.cold_status());
}

async fn fill(store: &Store, numbers: std::ops::Range<u64>) {
    let now = u64::try_from(crate::now_nanos()).unwrap();
    for number in numbers {
        send(store, body_at(number, 10, now - number * 600_000_000_000)).await;
    }
    store.seal().await;
}

async fn check(store: &Store, numbers: std::ops::Range<u64>) {
    assert_eq!(rows(store, Table::Spans), (numbers.end - numbers.start) * 10);
    for number in numbers {
        assert_eq!(spans_of(store, number).await, 10, "trace {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_is_found_as_before_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(settings(dir.path())).unwrap().store;
    fill(&store, 0..20).await;
    let read = store.read();
    let before = read.trace_rows(&read.pin(), Table::Spans, &[trace_id(3)], None).await.unwrap();
    all_cold(&store).await;
    let after = read.trace_rows(&read.pin(), Table::Spans, &[trace_id(3)], None).await.unwrap();
    let schema = Table::Spans.schema();
    let whole = |found: &crate::TraceRows| {
        let batches: Vec<_> = found.batches.iter().map(|batch| crate::columns::pad_to_schema(batch, &schema)).collect();
        arrow::compute::concat_batches(&schema, &batches.into_iter().map(Result::unwrap).collect::<Vec<_>>()).unwrap()
    };
    assert_eq!(whole(&before), whole(&after));
    check(&store, 0..20).await;
    fill(&store, 20..30).await;
    all_cold(&store).await;
    check(&store, 0..30).await;
    // The spans, and one resource and one scope once; counted after they are visible.
    let counted = || store.cold_status().unwrap().rows;
    for _ in 0..500 {
        if counted() >= 302 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(counted(), 302);
    drop(read);
    drop(store);
    let store = open_with(settings(dir.path())).unwrap().store;
    assert_eq!(hot_files(&store, Table::Spans), 0);
    check(&store, 0..30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_disk_loses_hot_data_only_and_the_next_must_ask_for_the_cold() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(settings(dir.path())).unwrap().store;
    fill(&store, 0..5).await;
    all_cold(&store).await;
    drop(store);
    let new = tempfile::tempdir().unwrap();
    let config = |adopt| StoreConfig {
        cold: Some(ColdConfig { adopt, ..cold_config(dir.path()) }),
        ..StoreConfig::in_dir(new.path())
    };
    let Err(error) = open_with(config(false)) else { panic!("it is another's") };
    assert!(error.to_string().contains("--adopt-cold"), "{error}");
    let store = open_with(config(true)).unwrap().store;
    check(&store, 0..5).await;
    assert_eq!(store.read().catalog().resources.len(), 1);
    drop(store);
    check(&open_with(config(false)).unwrap().store, 0..5).await;
}

/// The data directory and the cold folder as a crash at some step of a move would leave them.
struct Crash {
    dir: tempfile::TempDir,
    edit: ColdEdit,
}

impl Crash {
    /// A state before a move, the move done beside it, and its edit.
    async fn prepare() -> (Self, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let hot = StoreConfig {
            compaction: false,
            cold: Some(ColdConfig { hot_bytes_max: u64::MAX, ..cold_config(dir.path()) }),
            ..StoreConfig::in_dir(dir.path())
        };
        let store = open_with(hot.clone()).unwrap().store;
        send(&store, body(0, 10)).await;
        send(&store, body(1, 10)).await;
        store.seal().await;
        drop(store);
        drop(open_with(hot).unwrap());
        let after = tempfile::tempdir().unwrap().keep();
        copy(dir.path(), &after);
        let moving = |dir: &Path| StoreConfig { compaction: false, ..settings(dir) };
        let store = open_with(moving(&after)).unwrap().store;
        all_cold(&store).await;
        drop(store);
        let place = Place::folder(after.join("cold"));
        let edits = place.list("_spanlake/log").unwrap();
        let read = |key: &str| crate::manifest::decoded::<ColdEdit>(&place.read(key).unwrap().unwrap()).unwrap();
        let edit = edits.iter().map(|(key, _)| read(key)).find(|edit| !edit.retires.is_empty()).unwrap();
        (Self { dir, edit }, after)
    }

    /// Numbers of the edit that would come next in a log that was never moved.
    fn pending(&self, number: u64) {
        let edit = ColdEdit { number, ..self.edit.clone() };
        PendingFile::below(&self.dir.path().join(STATE)).write(&edit).unwrap();
    }

    async fn recovers(self) {
        for _ in 0..2 {
            let store = open_with(settings(self.dir.path())).unwrap().store;
            check(&store, 0..2).await;
            all_cold(&store).await;
            check(&store, 0..2).await;
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

fn copy_data_files(after: &Path, to: &Path) {
    for table in ["spans", "resources", "scopes"] {
        copy(&after.join("cold").join(table), &to.join("cold").join(table));
        let _ = std::fs::remove_dir_all(to.join("cold").join(table).join("_delta_log"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_the_commit_leaves_the_hot_rows_and_no_orphan() {
    let (crash, after) = Crash::prepare().await;
    copy_data_files(&after, crash.dir.path());
    let orphans = crash.edit.adds.iter().map(|entry| crash.dir.path().join("cold").join(&entry.path));
    let orphans: Vec<PathBuf> = orphans.collect();
    assert!(orphans.iter().all(|path| path.exists()));
    let dir = crash.dir.path().to_path_buf();
    crash.recovers().await;
    // Names are never used twice, so what the crash left is gone, and not overwritten.
    assert!(!orphans.iter().any(|path| path.exists()), "{:?}", Place::folder(dir.join("cold")).list("spans"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_with_the_commit_pending_finishes_it_once() {
    let (crash, after) = Crash::prepare().await;
    copy_data_files(&after, crash.dir.path());
    crash.pending(crash.edit.number - 1);
    crash.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_the_commit_ignores_the_hot_files_it_names() {
    for knows in [false, true] {
        let (crash, after) = Crash::prepare().await;
        copy(&after.join("cold"), &crash.dir.path().join("cold"));
        if knows {
            // The copy of the log was written, the local manifest was not.
            copy(&after.join(STATE), &crash.dir.path().join(STATE));
        }
        crash.pending(crash.edit.number);
        crash.recovers().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_disk_cap_requests_are_refused_and_nothing_goes() {
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig { disk_bytes_max: Some(1), ..StoreConfig::in_dir(dir.path()) };
    let store = open_with(config).unwrap().store;
    assert!(store.admit(10).is_ok(), "there is nothing yet");
    send(&store, body(0, 10)).await;
    assert!(matches!(store.admit(10), Err(Refusal::DiskFull)));
    assert_eq!(spans_of(&store, 0).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_cold_files_go_from_the_log_and_then_from_the_place() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(settings(dir.path())).unwrap().store;
    let old = u64::try_from(crate::now_nanos()).unwrap() - 5 * 3_600_000_000_000;
    send(&store, body_at(0, 10, old)).await;
    send(&store, body(1, 10)).await;
    store.seal().await;
    all_cold(&store).await;
    drop(store);
    let retention = crate::Retention { spans: Some(Duration::from_secs(2 * 3600)), ..Default::default() };
    let store = open_with(StoreConfig { retention, ..settings(dir.path()) }).unwrap().store;
    let place = Place::folder(dir.path().join("cold"));
    let files = || place.list("spans").unwrap().iter().filter(|(key, _)| key.ends_with(".parquet")).count();
    for _ in 0..500 {
        if files() == 1 && rows(&store, Table::Spans) == 10 {
            return assert_eq!((spans_of(&store, 0).await, spans_of(&store, 1).await), (0, 10));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} files stay", files());
}
