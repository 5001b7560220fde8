//! Parts of a data directory that somebody removed: said, never taken for nothing.

use super::*;
use crate::log::segment;

const REQUESTS: u64 = 40;

/// Segments of a few requests each.
fn small(dir: &Path) -> StoreConfig {
    StoreConfig { log_segment_bytes: 4_000, compaction: false, ..StoreConfig::in_dir(dir) }
}

async fn fill(store: &Store) {
    for number in 0..REQUESTS {
        send(store, body(number, 5)).await;
    }
}

fn refused(dir: &Path) -> String {
    match open_with(small(dir)) {
        Ok(_) => panic!("it opens with something missing"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_log_segment_it_is_refused_until_it_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(small(dir.path())).unwrap().store;
    fill(&store).await;
    drop(store);
    let log = dir.path().join("log");
    let segments = segment::list(&log).unwrap();
    assert!(segments.len() > 2, "{segments:?}");
    let lost = segments[2].0 - segments[1].0;
    for gone in [1, 0] {
        let (first, path) = &segments[gone];
        std::fs::remove_file(path).unwrap();
        let said = refused(dir.path());
        let last = segments[gone + 1].0 - 1;
        assert!(said.contains(&format!("records {first} to {last} are in no file")), "{said}");
        let fsck = crate::fsck::fsck(dir.path(), None).unwrap();
        assert!(fsck.findings.iter().any(|finding| finding.is_error && finding.what.contains("missing")), "{fsck:?}");
        let salvaged = Store::salvage(dir.path()).unwrap();
        assert_eq!((salvaged.len(), salvaged[0].missing_records, salvaged[0].lost_bytes), (1, last + 1 - first, 0));
        assert_eq!(Store::salvage(dir.path()).unwrap(), [], "once is enough");
        assert_eq!(crate::fsck::fsck(dir.path(), None).unwrap().findings, []);
    }
    let opened = open_with(small(dir.path())).unwrap();
    assert_eq!(rows(&opened.store, Table::Spans), (REQUESTS - lost - (segments[1].0 - segments[0].0)) * 5);
    send(&opened.store, body(99, 5)).await;
    drop(opened);
    let opened = open_with(small(dir.path())).unwrap();
    assert_eq!(spans_of(&opened.store, 99).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_beginning_of_a_frame_that_was_written_again_elsewhere_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(small(dir.path())).unwrap().store;
    fill(&store).await;
    drop(store);
    let (_, path) = segment::list(&dir.path().join("log")).unwrap().remove(0);
    let whole = std::fs::read(&path).unwrap();
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;

    let mut bytes = whole.clone();
    bytes[end - 9] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let said = refused(dir.path());
    assert!(said.contains("is damaged at byte"), "the frame held records: {said}");

    bytes = whole[..end].to_vec();
    bytes.extend_from_slice(&whole[40..140]);
    std::fs::write(&path, &bytes).unwrap();
    let opened = open_with(small(dir.path())).unwrap();
    assert_eq!(rows(&opened.store, Table::Spans), REQUESTS * 5);
    assert_eq!(opened.report.replay.cut_bytes, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_newest_edit_its_files_are_not_taken_for_leftovers() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(small(dir.path())).unwrap().store;
    fill(&store).await;
    store.shutdown().await;
    drop(store);
    // A start that finds nothing to do writes no edit; its log begins behind what is in files.
    let edit = dir.path().join("manifest").join(format!("{:020}.json", 1));
    let aside = dir.path().join("edit");
    std::fs::rename(&edit, &aside).unwrap();
    let said = refused(dir.path());
    assert!(said.contains("records 1 to") && said.contains("an edit of the manifest or a log segment"), "{said}");
    let fsck = crate::fsck::fsck(dir.path(), None).unwrap();
    assert!(fsck.findings.iter().any(|finding| finding.is_error), "{fsck:?}");
    assert!(fsck.findings.iter().any(|finding| finding.advice.starts_with("keep it")), "{fsck:?}");

    // Nor where the log is gone too.
    let log = dir.path().join("log");
    std::fs::rename(&log, dir.path().join("elsewhere")).unwrap();
    assert!(refused(dir.path()).contains("names no file"));
    std::fs::remove_dir(&log).unwrap();
    std::fs::rename(dir.path().join("elsewhere"), &log).unwrap();

    std::fs::rename(&aside, &edit).unwrap();
    let opened = open_with(small(dir.path())).unwrap();
    assert_eq!((opened.report.orphans, rows(&opened.store, Table::Spans)), (0, REQUESTS * 5));
}
