//! Versions count, changes of others are noticed, and all is there after a restart.

use super::*;

#[test]
fn what_was_put_is_there_after_a_restart_with_its_versions() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.redb");
    let state = StateFile::open(&path).unwrap();
    assert_eq!(state.boards().unwrap(), []);
    assert_eq!(state.put("shop", "one", Expected::Nothing, 10).unwrap(), 1);
    assert_eq!(state.put("shop", "two", Expected::Version(1), 20).unwrap(), 2);
    assert_eq!(state.put("other", "x", Expected::Anything, 30).unwrap(), 1);
    drop(state);
    let state = StateFile::open(&path).unwrap();
    let names: Vec<(String, u64)> = state.boards().unwrap().into_iter().map(|one| (one.name, one.version)).collect();
    assert_eq!(names, [("other".to_owned(), 1), ("shop".to_owned(), 2)]);
    assert_eq!(state.board("shop", None).unwrap().document, "two");
    assert_eq!(state.board("shop", Some(1)).unwrap().document, "one");
    assert_eq!(state.history("shop").unwrap(), [(2, 20), (1, 10)]);
}

#[test]
fn a_change_in_between_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateFile::open(&dir.path().join("state.redb")).unwrap();
    state.put("a", "one", Expected::Nothing, 1).unwrap();
    assert!(matches!(state.put("a", "x", Expected::Nothing, 2), Err(StateError::Changed { found: 1, .. })));
    assert!(matches!(state.put("a", "x", Expected::Version(7), 2), Err(StateError::Changed { found: 1, .. })));
    assert!(matches!(state.put("b", "x", Expected::Version(1), 2), Err(StateError::Missing { .. })));
    assert!(matches!(state.remove("a", Expected::Version(2), 3), Err(StateError::Changed { .. })));
    state.remove("a", Expected::Version(1), 3).unwrap();
    assert!(matches!(state.board("a", None), Err(StateError::Missing { .. })));
    assert!(matches!(state.remove("a", Expected::Anything, 3), Err(StateError::Missing { .. })));
    // An etag of the one that was removed fits nothing any more.
    assert_eq!(state.put("a", "again", Expected::Nothing, 4).unwrap(), 3);
    assert_eq!(state.board("a", None).unwrap().document, "again");
}

#[test]
fn old_versions_go() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateFile::open(&dir.path().join("state.redb")).unwrap();
    for version in 1..=VERSIONS_KEPT + 10 {
        assert_eq!(state.put("a", &version.to_string(), Expected::Anything, 0).unwrap(), version);
    }
    let history = state.history("a").unwrap();
    assert_eq!(history.len() as u64, VERSIONS_KEPT);
    assert_eq!(history[0].0, VERSIONS_KEPT + 10);
}

#[test]
fn bad_names_large_documents_and_damaged_files_are_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.redb");
    let state = StateFile::open(&path).unwrap();
    for name in ["", "../x", ".x", "a/b", "a b", &"x".repeat(101)] {
        assert!(matches!(state.put(name, "{}", Expected::Anything, 0), Err(StateError::Name { .. })), "{name}");
    }
    let large = "x".repeat(DOCUMENT_BYTES_MAX + 1);
    assert!(matches!(state.put("a", &large, Expected::Anything, 0), Err(StateError::TooLarge { .. })));
    drop(state);
    std::fs::write(&path, b"no database at all").unwrap();
    let said = StateFile::open(&path).unwrap_err().to_string();
    assert!(said.contains("state.redb") && said.contains("restore it from a copy"), "{said}");
}

#[test]
fn pins_are_there_after_a_restart_and_numbers_are_never_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.redb");
    let state = StateFile::open(&path).unwrap();
    assert_eq!(state.pins().unwrap(), []);
    assert_eq!(state.add_pin("one", 10).unwrap(), 1);
    assert_eq!(state.add_pin("two", 20).unwrap(), 2);
    state.remove_pin(2).unwrap();
    assert!(matches!(state.remove_pin(2), Err(StateError::MissingPin { id: 2 })));
    assert!(matches!(state.remove_pin(0), Err(StateError::MissingPin { id: 0 })));
    drop(state);
    let state = StateFile::open(&path).unwrap();
    assert_eq!(state.pins().unwrap(), [KeptPin { id: 1, at: 10, document: "one".to_owned() }]);
    assert_eq!(state.add_pin("three", 30).unwrap(), 3);
}
