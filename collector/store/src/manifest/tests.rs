//! Edits are whole or absent, and a state read back is the state that was written.

use spanlake_schemas::tables::Table;

use super::*;

fn entry(path: &str) -> FileEntry {
    FileEntry {
        rows: 3,
        time_min: 1,
        time_max: 2,
        received_min: 1,
        received_max: 2,
        last_lsn: 7,
        ..FileEntry::sample(path, Table::Spans, 100)
    }
}

#[test]
fn a_reopened_manifest_has_the_state_of_all_edits_across_checkpoints() {
    let dir = tempfile::tempdir().unwrap();
    let mut manifest = Manifest::open(dir.path()).unwrap();
    for number in 0..200_u64 {
        let removes = if number >= 10 { vec![format!("f{}", number - 10)] } else { Vec::new() };
        manifest.commit(vec![entry(&format!("f{number}"))], removes, number).unwrap();
    }
    let again = Manifest::open(dir.path()).unwrap();
    assert_eq!(again.state().files, manifest.state().files);
    assert_eq!(again.state().flushed_lsn, 199);
    assert_eq!(again.state().epoch, manifest.state().epoch + 1);
    assert!(std::fs::read_dir(dir.path()).unwrap().count() < 140, "old edits go");
}

#[test]
fn a_second_writer_loses_and_a_flipped_bit_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Manifest::open(dir.path()).unwrap();
    let mut second = Manifest::open(dir.path()).unwrap();
    first.commit(vec![entry("a")], Vec::new(), 1).unwrap();
    assert!(matches!(second.commit(vec![entry("b")], Vec::new(), 1), Err(ManifestError::Conflict { .. })));
    let path = edit_path(dir.path(), 1);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(Manifest::open(dir.path()), Err(ManifestError::Damaged { .. })));
}
