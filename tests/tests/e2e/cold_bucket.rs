//! A bucket as the cold tier: its good days, each of its bad ones, and what the server says of them.

use std::time::{Duration, Instant};

use serde_json::Value;
use spanlake_test_s3::{Lie, Mode, S3Double};
use spanlake_tests::requests::{TRACES, some_spans};
use spanlake_tests::server::{self, PATIENCE, Setup, TestServer, borrowed, eventually};
use spanlake_tests::settings::{COLD_URL, HOT_BYTES_MAX, NO_SEALS};

/// A server whose hours leave for this bucket as soon as they are sealed.
fn setup(s3: &S3Double) -> Setup {
    Setup::default().env(NO_SEALS).env(&borrowed(&s3.env())).env(&[(COLD_URL, &s3.url()), (HOT_BYTES_MAX, "0")])
}

fn cold(server: &TestServer) -> Value {
    server.get("/api/status").json()["cold"].clone()
}

/// Waits until what the server says of its cold tier is so.
fn wait_until(server: &TestServer, what: &str, is_so: impl Fn(&Value) -> bool) {
    let began = Instant::now();
    loop {
        let cold = cold(server);
        if is_so(&cold) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: but {cold}\n{}", server.output());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn wait_ready(server: &TestServer) {
    wait_until(server, "the cold tier is ready, and all of it is there", |cold| {
        cold["state"] == "ready" && cold["waiting_bytes"] == 0
    });
}

/// Waits until the server says of its cold tier what contains all of these.
fn wait_says(server: &TestServer, state: &str, parts: &[&str]) {
    wait_until(server, &format!("{state}: {parts:?}"), |cold| {
        let message = cold["message"].as_str().unwrap_or_default();
        cold["state"] == state && parts.iter().all(|part| message.contains(part))
    });
    let ready = server.get("/readyz");
    assert_eq!(ready.status, 200, "hot data waits, requests are taken");
    assert!(ready.text().contains("degraded") && ready.text().contains(parts[0]), "{}", ready.text());
    let secret = spanlake_test_s3::SECRET_KEY;
    assert!(!server.output().contains(secret) && !ready.text().contains(secret), "a secret is shown");
}

fn send(server: &TestServer, requests: std::ops::RangeInclusive<u64>) {
    for request in requests {
        server.send(TRACES, &some_spans(request.into(), 5));
    }
    server.seal();
}

/// Scenario: hours move to a bucket; the server is killed and starts again.
/// Guarantee: every answer is as before, the hot files are gone, other clients find Delta tables, fsck is content.
#[test]
fn a_bucket_holds_what_left() {
    let s3 = S3Double::start_blocking();
    let mut server = setup(&s3).start();
    send(&server, 1..=10);
    wait_ready(&server);
    let query = "select name, count(*), sum(duration) from spans group by 1 order by 1";
    let before = server.rows(query);
    assert_eq!(server.count("select count(*) from spans"), 50);
    let keys: Vec<String> = s3.objects().into_keys().collect();
    assert!(keys.iter().any(|key| key.starts_with("spans/date=")), "{keys:?}");
    // Written behind the commit, which alone says what is cold.
    eventually("the Delta table of the spans is there", || {
        s3.objects().keys().any(|key| key.contains("spans/_delta_log/00000000000000000000.json"))
    });
    server.kill();
    server.restart();
    assert_eq!(server.rows(query), before);
    let trace = server.value("select trace_id from spans limit 1");
    let found = server.trace(trace.as_str().expect("an id")).json()["spans"].as_array().map_or(0, Vec::len);
    assert!(found > 0, "a trace is found by its id in the bucket");
    send(&server, 11..=12);
    wait_ready(&server);
    assert_eq!(server.count("select count(*) from spans"), 60);
    let status = server.stop();
    assert_eq!(status.code(), Some(0));
    let environment = s3.env();
    let mut environment = borrowed(&environment);
    let url = s3.url();
    environment.push((COLD_URL, &url));
    let fsck = server::run(&["fsck", "--data-dir", &server.data_dir().display().to_string()], &environment);
    assert_eq!(fsck.status.code(), Some(0), "{}", server::said(&fsck));
    assert_eq!(s3.open_uploads(), 0);
}

/// Scenario: the bucket's server is away from the start, then comes.
/// Guarantee: requests are taken and answered meanwhile, the page is told why nothing moves, and it moves by itself.
#[test]
fn an_unreachable_bucket_costs_nothing() {
    let s3 = S3Double::start_blocking();
    s3.set_mode(Mode::unreachable());
    let server = setup(&s3).start();
    send(&server, 1..=4);
    wait_says(&server, "failing", &["cannot be reached", "s3://"]);
    assert_eq!(server.count("select count(*) from spans"), 20);
    assert!(cold(&server)["waiting_bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{}", cold(&server));
    s3.set_mode(Mode::healthy());
    wait_ready(&server);
    assert_eq!(server.count("select count(*) from spans"), 20);
}

/// Scenario: no such bucket, a bucket that may only be read, credentials that have expired or are wrong.
/// Guarantee: each is said in words that name what to do; once it is mended, everything moves without a restart.
#[test]
fn what_a_bucket_refuses_is_said() {
    let refusals = [
        (Mode::no_such_bucket(), "there is no such bucket"),
        (Mode::read_only(), "the credentials do not allow it"),
        (Mode::expired_credentials(), "the credentials have expired"),
    ];
    let s3 = S3Double::start_blocking();
    let server = setup(&s3).start();
    for (number, (mode, said)) in refusals.into_iter().enumerate() {
        let first = number as u64 * 2 + 1;
        s3.set_mode(mode);
        send(&server, first..=first + 1);
        wait_says(&server, "failing", &[said]);
        s3.set_mode(Mode::healthy());
        wait_ready(&server);
        assert_eq!(server.count("select count(*) from spans"), (first + 1) * 5);
    }
}

/// Scenario: credentials that no store knows.
/// Guarantee: said as such.
#[test]
fn wrong_credentials_are_said() {
    let s3 = S3Double::start_blocking();
    let server = setup(&s3).env(&[("AWS_ACCESS_KEY_ID", "somebody-else")]).start();
    wait_says(&server, "failing", &["the credentials are wrong"]);
}

/// Scenario: the store does not know conditional puts, as some do that call themselves compatible.
/// Guarantee: nothing is ever moved there, and it is said why.
#[test]
fn a_store_without_conditional_puts_is_refused() {
    for lie in [Lie::IgnoresConditions, Lie::SaysCreated] {
        let s3 = S3Double::start_blocking();
        s3.set_mode(Mode::lying(lie));
        let server = setup(&s3).start();
        send(&server, 1..=2);
        wait_says(&server, "failing", &["does not keep to conditional puts"]);
        assert_eq!(server.count("select count(*) from spans"), 10);
        assert!(!s3.objects().keys().any(|key| key.starts_with("spans/date=")), "nothing was moved");
    }
}

/// Scenario: two servers, one bucket.
/// Guarantee: the second moves nothing and says what to do; the first goes on undisturbed.
#[test]
fn a_bucket_has_one_writer() {
    let s3 = S3Double::start_blocking();
    let first = setup(&s3).start();
    send(&first, 1..=2);
    wait_ready(&first);
    let second = setup(&s3).start();
    send(&second, 3..=4);
    wait_says(&second, "lost", &["another installation", "--adopt-cold"]);
    assert_eq!(second.count("select count(*) from spans"), 10, "its own, hot");
    send(&first, 5..=6);
    wait_ready(&first);
    assert_eq!(first.count("select count(*) from spans"), 20);
}

/// Scenario: a server is gone for good; another takes its bucket over while the first comes back.
/// Guarantee: the new one has all rows; the old one notices, stops moving and says so; nobody's rows are doubled.
#[test]
fn a_bucket_is_taken_over() {
    let s3 = S3Double::start_blocking();
    let mut first = setup(&s3).start();
    send(&first, 1..=4);
    wait_ready(&first);
    first.kill();
    let second = setup(&s3).arguments(&["--adopt-cold"]).start();
    wait_ready(&second);
    eventually("the other's rows are there", || second.count("select count(*) from spans") == 20);
    send(&second, 5..=6);
    wait_ready(&second);
    first.restart();
    send(&first, 7..=8);
    wait_says(&first, "lost", &["another"]);
    assert_eq!(second.count("select count(*) from spans"), 30);
}

/// Scenario: answers to requests that were done are lost, half of all; and others fail.
/// Guarantee: each row is there once, whatever was tried again.
#[test]
fn lost_answers_double_nothing() {
    let s3 = S3Double::start_blocking();
    let server = setup(&s3).start();
    for round in 0..3 {
        s3.set_mode(Mode::losing_answers(500, round));
        send(&server, round * 4 + 1..=round * 4 + 2);
        std::thread::sleep(Duration::from_millis(500));
        s3.set_mode(Mode::failing(500, round));
        send(&server, round * 4 + 3..=round * 4 + 4);
        std::thread::sleep(Duration::from_millis(500));
    }
    s3.set_mode(Mode::healthy());
    wait_ready(&server);
    assert_eq!(server.count("select count(*) from spans"), 60);
    assert_eq!(server.count("select count(distinct trace_id) from spans"), 12);
}

/// Scenario: the bucket goes away while its rows are asked for.
/// Guarantee: the statement fails and says why, no row is silently left out; the server lives and recovers.
#[test]
fn a_question_that_cannot_be_answered_fails() {
    let s3 = S3Double::start_blocking();
    let server = setup(&s3).env(&[("SPANLAKE_COLD_CACHE_BYTES_MAX", "0")]).start();
    send(&server, 1..=4);
    wait_ready(&server);
    s3.set_mode(Mode::unreachable());
    let answer = server.post_sql(&serde_json::json!({ "query": "select sum(duration) from spans" }));
    assert!(answer.status >= 500, "{} {}", answer.status, answer.text());
    s3.set_mode(Mode::healthy());
    assert_eq!(server.count("select count(*) from spans"), 20);
}

/// All pages of three traces each, and the cost that was told.
fn pages(server: &TestServer, parameters: &str) -> (Vec<Vec<String>>, Vec<Value>) {
    let (mut pages, mut costs, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let answer = server.get(&format!("/api/traces?{parameters}&limit=3{cursor}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let list = answer.json();
        let ids = list["traces"].as_array().expect("a list").iter();
        pages.push(ids.map(|trace| trace["trace_id"].to_string()).collect());
        match list["next_cursor"].as_str() {
            Some(text) => cursor = format!("&cursor={text}"),
            None => return (pages, costs),
        }
        costs.push(list);
    }
}

/// Scenario: traces are listed page by page in memory, from the bucket, and after a restart over it.
/// Guarantee: the same pages by every filter; what it cost is told, and no more files are read than there are.
#[test]
fn searches_of_a_bucket_give_the_same_pages() {
    let s3 = S3Double::start_blocking();
    let mut server = setup(&s3).start();
    for request in 1..=8_u64 {
        server.send(TRACES, &some_spans(request.into(), 5));
    }
    let name = server.value("select name from spans order by name limit 1");
    let queries = [
        String::new(),
        "min_duration=1ns".to_owned(),
        format!("filter={}", server::encoded(&format!("{{ name = {name} }}"))),
        format!("filter={}", server::encoded("{ } >> { }")),
    ];
    let all = |server: &TestServer| queries.each_ref().map(|query| pages(server, query).0);
    let in_memory = all(&server);
    assert!(in_memory[0].len() > 2, "{in_memory:?}");
    server.seal();
    // Nothing waits before the first look at what is to move, either.
    wait_until(&server, "all of it is in the bucket", |cold| {
        cold["rows"].as_u64() > Some(0) && cold["waiting_bytes"] == 0
    });
    assert_eq!(all(&server), in_memory, "in the bucket");
    let costs = pages(&server, "").1;
    let number = |cost: &Value, name: &str| cost[name].as_u64().unwrap_or_else(|| panic!("{name} of {cost}"));
    assert!(costs.iter().all(|cost| number(cost, "files_read") <= number(cost, "files_total")), "{costs:?}");
    assert!(costs.iter().any(|cost| number(cost, "files_total") > 0 && number(cost, "bytes_scanned") > 0), "{costs:?}");
    assert!(costs.iter().any(|cost| number(cost, "cache_hits") > 0), "{costs:?}");
    server.kill();
    server.restart();
    assert_eq!(all(&server), in_memory, "after a restart");
}
