//! Start, stop, a second process, retries.

use std::sync::atomic::Ordering;
use std::time::Duration;

use spanlake_tests::feeder::{Feeder, Outcome, Progress};
use spanlake_tests::requests::{LOGS, METRICS, TRACES, gauge, log, logs, some_spans};
use spanlake_tests::server::{self, Setup, TestServer};
use spanlake_tests::settings::{BUSY_SEALS, NO_SEALS};

/// Scenario: a second server is started on a data directory in use.
/// Guarantee: it ends at once with one clear sentence, and the first one does not notice.
#[test]
fn a_second_process_on_the_same_folder_is_told_so() {
    let server = TestServer::start();
    server.send(TRACES, &some_spans(1, 3));
    let data_dir = server.data_dir().display().to_string();
    let ports = std::fs::read_to_string(server.data_dir().join("ports.json")).expect("the first one wrote its ports");
    let second = server::run(
        &[
            "serve",
            "--data-dir",
            &data_dir,
            "--otlp-grpc",
            "127.0.0.1:0",
            "--otlp-http",
            "127.0.0.1:0",
            "--listen",
            "127.0.0.1:0",
        ],
        &[],
    );
    let said = server::said(&second);
    assert!(!second.status.success(), "{said}");
    assert!(said.contains("in use by another spanlake process") && said.contains(&data_dir), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(
        std::fs::read_to_string(server.data_dir().join("ports.json")).ok(),
        Some(ports),
        "the first one's ports are still told"
    );
    server.send(TRACES, &some_spans(2, 3));
    assert_eq!(server.count("select count(*) from spans"), 6);
}

/// Scenario: a client that got no answer sends the same bytes again, also after a crash and after a seal.
/// Guarantee: acknowledged each time, stored once.
#[test]
fn a_retry_of_the_same_bytes_is_stored_once() {
    let mut server = Setup::default().env(NO_SEALS).start();
    let now = spanlake_bench::now_nanos();
    let requests = [
        (TRACES, some_spans(7, 10)),
        (LOGS, logs("e2e", vec![log(7, 1, "hello", now)])),
        (METRICS, gauge("e2e", "queue.length", "1", &[(now, 4.0)])),
    ];
    let check = |server: &TestServer, when: &str| {
        for (path, body) in &requests {
            server.send(path, body);
        }
        let counts = ["spans", "logs", "metrics"].map(|table| server.count(&format!("select count(*) from {table}")));
        assert_eq!(counts, [10, 1, 1], "{when}");
    };
    check(&server, "first");
    check(&server, "again");
    assert!(server.metric("spanlake_duplicate_requests_total") >= 3.0);
    server.kill();
    server.restart();
    check(&server, "after a crash");
    server.seal();
    check(&server, "after a seal");
    server.kill();
    server.restart();
    check(&server, "after a seal and a crash");
    assert!(server.stop().success());
    server.restart();
    check(&server, "after a clean stop");
}

/// Scenario: SIGTERM while four clients send.
/// Guarantee: exit code 0 in time, everything acknowledged is in files, and a start has nothing to replay.
#[test]
fn a_clean_stop_under_load_seals_everything() {
    let mut server = Setup::default().env(BUSY_SEALS).start();
    let mut feeder = Feeder::of_spans(5, 4, 128);
    let progress = Progress::default();
    let target = server.ports().otlp_http;
    let fed = std::thread::scope(|scope| {
        let feeding = scope.spawn(|| feeder.feed(target, &progress));
        while progress.items_acknowledged.load(Ordering::Acquire) < 10_000 {
            assert!(!feeding.is_finished(), "{}", server.output());
            std::thread::sleep(Duration::from_millis(2));
        }
        let stopping = scope.spawn(|| server.stop());
        std::thread::sleep(Duration::from_secs(1));
        progress.stop.store(true, Ordering::Release);
        let status = stopping.join().expect("stopping does not panic");
        assert_eq!(status.code(), Some(0));
        feeding.join().expect("feeding does not panic")
    });
    let spans = |all: bool| -> u64 {
        fed.sent
            .iter()
            .filter(|sent| all || sent.outcome == Outcome::Acknowledged)
            .map(|sent| u64::from(sent.items))
            .sum()
    };
    server.restart();
    let rows = server.metric("spanlake_unsealed_rows");
    assert!(rows.abs() < 0.5, "{rows} rows were replayed after a clean stop");
    let stored = server.count("select count(*) from spans");
    assert!(
        (spans(false)..=spans(true)).contains(&stored),
        "{stored} of {} acknowledged and {} sent",
        spans(false),
        spans(true)
    );
    assert!(!server.output().contains("panicked"), "{}", server.output());
}

/// Scenario: a wrong setting, in the environment, on the command line and in a file.
/// Guarantee: exit code 64 and one sentence that names it, before any port opens.
#[test]
fn a_wrong_setting_is_one_sentence_and_64() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("spanlake.yaml");
    std::fs::write(&file, "hot:\n  seal_bites: 3MiB\n").expect("a file can be written");
    let data_dir = folder.path().join("data").display().to_string();
    let base = [
        "serve",
        "--data-dir",
        &data_dir,
        "--otlp-grpc",
        "127.0.0.1:0",
        "--otlp-http",
        "127.0.0.1:0",
        "--listen",
        "127.0.0.1:0",
    ];
    let config = file.display().to_string();
    type Case<'a> = (Vec<&'a str>, Vec<(&'a str, &'a str)>, &'a str);
    let cases: [Case<'_>; 4] = [
        (vec!["--config", &config], vec![], "seal_bites"),
        (vec![], vec![(spanlake_tests::settings::SEAL_BYTES, "many")], "seal_bytes"),
        (vec![], vec![("SPANLAKE_HOT_SEAL_BITES", "3MiB")], "SPANLAKE_HOT_SEAL_BITES"),
        (vec!["--listen", "0.0.0.0:0"], vec![], "--token-file"),
    ];
    for (arguments, environment, named) in cases {
        // The last `--listen` would be given twice.
        let base = if arguments.contains(&"--listen") { &base[..7] } else { &base[..] };
        let output = server::run(&[base, &arguments].concat(), &environment);
        let said = server::said(&output);
        assert_eq!(output.status.code(), Some(64), "{named}: {said}");
        assert!(said.to_lowercase().contains(&named.to_lowercase()), "{named}: {said}");
        assert!(!std::path::Path::new(&data_dir).exists(), "nothing is touched");
    }
}
