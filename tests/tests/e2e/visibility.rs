//! What readers see while writers write and seals run.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use spanlake_tests::feeder::{Feeder, Progress, StopOnDrop};
use spanlake_tests::requests::{TRACES, some_spans};
use spanlake_tests::server::{Setup, TestServer};
use spanlake_tests::settings::BUSY_SEALS;

/// Scenario: an export returns, and a statement follows at once, two hundred times.
/// Guarantee: the statement sees it, in the count, by trace id in SQL and by the lookup.
#[test]
fn an_acknowledged_span_is_visible_at_once() {
    let server = Setup::default().env(BUSY_SEALS).start();
    for request in 1..=200_u64 {
        server.send(TRACES, &some_spans(u128::from(request), 4));
        assert_eq!(server.count("select count(*) from spans"), request * 4);
        if request.is_multiple_of(10) {
            let id = format!("{request:032x}");
            assert_eq!(server.count(&format!("select count(*) from spans where trace_id = '{id}'")), 4);
            assert_eq!(server.trace(&id).json()["spans"].as_array().map(Vec::len), Some(4));
        }
    }
}

/// Scenario: four clients send, seals run all the time, a reader counts in a loop.
/// Guarantee: the count never falls, is at least what was acknowledged before it was asked for, at most what was sent.
#[test]
fn counts_are_exact_while_seals_run() {
    let server = Setup::default().env(BUSY_SEALS).start();
    let mut feeder = Feeder::of_spans(11, 4, 64);
    let progress = Progress::default();
    let target = server.ports().otlp_http;
    std::thread::scope(|scope| {
        let feeding = scope.spawn(|| feeder.feed(target, &progress));
        let stop = StopOnDrop(&progress);
        let began = Instant::now();
        let mut last = 0;
        let mut counts = 0;
        while began.elapsed() < Duration::from_secs(6)
            || (server.metric("spanlake_seals_total") < 5.0 && began.elapsed() < Duration::from_secs(60))
        {
            last = check_count(&server, &progress, last);
            counts += 1;
        }
        drop(stop);
        let fed = feeding.join().expect("feeding does not panic");
        let sent: u64 = fed.sent.iter().map(|sent| u64::from(sent.items)).sum();
        assert!(fed.unanswered.is_empty(), "{}", server.output());
        assert_eq!(server.count("select count(*) from spans"), sent);
        assert!(server.metric("spanlake_seals_total") >= 5.0, "{counts} counts, too few seals");
        assert!(counts >= 10, "{counts} counts");
    });
}

fn check_count(server: &TestServer, progress: &Progress, last: u64) -> u64 {
    let least = progress.items_acknowledged.load(Ordering::Acquire).max(last);
    let rows = server.rows("select count(*), count(distinct span_id), (select count(*) from spans) from spans");
    let most = progress.items_sent.load(Ordering::Acquire);
    let counts: Vec<u64> = rows[0].iter().map(|value| value.as_u64().expect("a count")).collect();
    assert!((least..=most).contains(&counts[0]), "{} is not from {least} to {most}", counts[0]);
    assert_eq!(counts[1], counts[0], "a span is seen twice");
    assert_eq!(counts[2], counts[0], "one statement sees two versions");
    counts[0]
}
