//! `spanlake fsck` on folders that are whole, and on folders that are not.

use std::path::{Path, PathBuf};

use serde_json::json;
use spanlake_tests::requests::{TRACES, some_spans};
use spanlake_tests::server::{self, Setup, TestServer};
use spanlake_tests::settings::NO_SEALS;

fn fsck(data_dir: &Path) -> (Option<i32>, String) {
    let output = server::run(&["fsck", "--data-dir", &data_dir.display().to_string()], &[]);
    let said = server::said(&output);
    assert!(!said.contains("panicked"), "{said}");
    (output.status.code(), said)
}

/// Rows in files and in the log; then the process is killed.
fn a_killed_server() -> TestServer {
    let mut server = Setup::default().env(NO_SEALS).start();
    for request in 1..=10 {
        server.send(TRACES, &some_spans(request, 5));
        if request == 6 {
            server.seal();
        }
    }
    server.kill();
    server
}

fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for path in std::fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("listed").path()) {
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|is| is == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).expect("readable");
    bytes[at] ^= 1;
    std::fs::write(path, bytes).expect("writable");
}

/// Scenario: a server was killed; nothing else happened.
/// Guarantee: fsck says that nothing is lost, counts what is there, and changes nothing.
#[test]
fn a_folder_after_a_kill_is_whole() {
    let server = a_killed_server();
    let before =
        files(server.data_dir(), "log").iter().map(|path| std::fs::read(path).expect("a log")).collect::<Vec<_>>();
    let (code, said) = fsck(server.data_dir());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("4 requests that are in no file yet") && said.contains("nothing is lost"), "{said}");
    let after =
        files(server.data_dir(), "log").iter().map(|path| std::fs::read(path).expect("a log")).collect::<Vec<_>>();
    assert!(before == after, "the log was changed");
}

/// Scenario: a bit of a data file is flipped, a file is gone, one is there that nobody names.
/// Guarantee: each is named with what to do; only what is lost is an error.
#[test]
fn damaged_missing_and_left_over_files_are_named() {
    let server = a_killed_server();
    let spans = files(&server.data_dir().join("hot/spans"), "parquet").remove(0);
    let left_over = spans.with_file_name("left.parquet");
    std::fs::copy(&spans, &left_over).expect("copied");
    let (code, said) = fsck(server.data_dir());
    assert!(code == Some(0) && said.contains("note: ") && said.contains("left.parquet"), "{said}");

    let middle = std::fs::metadata(&spans).expect("there").len() / 2;
    flip(&spans, usize::try_from(middle).expect("small"));
    let (code, said) = fsck(server.data_dir());
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(&spans.display().to_string()) && said.contains("checksum") && said.contains("to do:"),
        "{said}"
    );

    std::fs::remove_file(&spans).expect("removed");
    let (code, said) = fsck(server.data_dir());
    assert!(code == Some(1) && said.contains("cannot be opened") && said.contains("1 error"), "{said}");
}

/// Scenario: damage in the log, a damaged manifest, a folder of something else, a server that runs.
/// Guarantee: a clear sentence each, and the way out.
#[test]
fn damage_in_log_and_manifest_and_wrong_folders_are_said() {
    let server = a_killed_server();
    let log = files(&server.data_dir().join("log"), "log").pop().expect("a segment");
    flip(&log, 200);
    let (code, said) = fsck(server.data_dir());
    assert!(code == Some(1) && said.contains("damaged at byte") && said.contains("salvage-log"), "{said}");

    let edit = files(&server.data_dir().join("manifest"), "json").remove(0);
    flip(&edit, 60);
    let (code, said) = fsck(server.data_dir());
    assert!(code == Some(1) && said.contains("restore it from a copy"), "{said}");

    let elsewhere = tempfile::tempdir().expect("a folder");
    let (code, said) = fsck(elsewhere.path());
    assert!(code == Some(1) && said.contains("no data directory"), "{said}");

    let running = TestServer::start();
    let (code, said) = fsck(running.data_dir());
    assert!(code == Some(1) && said.contains("in use by another spanlake process"), "{said}");
}

/// Scenario: bits of a data file change while the server runs.
/// Guarantee: no statement is answered from what changed: it fails and names the file; others, and those that come after the
/// file was restored, are answered.
#[test]
fn changed_bits_are_given_to_nobody() {
    let server = Setup::default().env(NO_SEALS).start();
    for request in 1..=100 {
        server.send(TRACES, &some_spans(request, 20));
    }
    server.seal();
    let path = files(&server.data_dir().join("hot/spans"), "parquet").remove(0);
    let whole = std::fs::read(&path).expect("readable");
    let all = "SELECT * FROM spans ORDER BY span_id, trace_id";
    let before = server.rows(all);
    for part in 1..8 {
        flip(&path, whole.len() * part / 10);
        let answer = server.post_sql(&json!({ "query": all }));
        let said = answer.text();
        assert!(answer.status >= 400, "{part}: {} {said}", answer.status);
        assert!(said.contains(&path.display().to_string()) && said.contains("damaged"), "{said}");
        assert_eq!(server.count("SELECT count(*) FROM logs"), 0);
        std::fs::write(&path, &whole).expect("writable");
        assert_eq!(server.rows(all), before);
    }
    assert!(server.output().contains("a data file is damaged"));
}
