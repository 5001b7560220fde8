//! Deleting for good: by command and by HTTP, on disk and in a bucket, through kills.

use std::path::{Path, PathBuf};
use std::process::Output;

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Value, json};
use spanlake_bench::corpus::text;
use spanlake_test_s3::S3Double;
use spanlake_tests::requests::{LOGS, METRICS, TRACES, gauge, log, logs, span, traces};
use spanlake_tests::server::{self, Setup, TestServer, borrowed, eventually};
use spanlake_tests::settings::{COLD_URL, HOT_BYTES_MAX, NO_SEALS};

const PERSON: &str = "jane.roe@example.com";
const REMOVED_KEPT: &str = "SPANLAKE_COLD_REMOVED_KEPT";

fn spanlake(server: &TestServer, arguments: &[&str]) -> Output {
    let url = format!("http://{}", server.ports().listen);
    server::run(&[arguments, &["--url", &url]].concat(), &[])
}

/// Traces 1 to 4, of which the even ones have a span of the person; a log record of each; a metric of two services.
fn send(server: &TestServer) {
    for trace in 1..=4_u128 {
        let now = spanlake_bench::now_nanos();
        let user = if trace % 2 == 0 { PERSON } else { "john.doe@example.com" };
        let asked = Span { attributes: vec![text("user.id", user)], ..span(trace, 1, 0, "ask", now) };
        server.send(TRACES, &traces("shop", vec![asked, span(trace, 2, 1, "answer", now)]));
        server.send(LOGS, &logs("shop", vec![log(trace, 1, "asked", now)]));
        server.send(METRICS, &gauge(if trace < 3 { "shop" } else { "laptop" }, "queue", "1", &[(now, 1.5)]));
        if trace == 2 {
            server.seal();
        }
    }
}

fn counts(server: &TestServer) -> [u64; 4] {
    ["spans", "logs", "metrics", "series"]
        .map(|table| server.count(&format!("select count(*) from {table} where service_name in ('shop', 'laptop')")))
}

fn post(server: &TestServer, body: &Value) -> server::Answer {
    let host = server.ports().listen;
    let head = format!("POST /api/forget HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json");
    server.raw(&head, body.to_string().as_bytes())
}

fn wait_done(server: &TestServer, id: &str) -> Value {
    let path = format!("/api/forget/{id}");
    eventually("it is done", || server.get(&path).json()["state"] == "done");
    server.get(&path).json()
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Scenario: `spanlake forget`, without a terminal, as a dry run, and for good; then a restart.
/// Guarantee: nothing goes unasked; what it says is what goes; lists and answers no longer know it, other rows are there.
#[test]
fn a_command_counts_and_deletes() {
    let mut server = Setup::default().env(NO_SEALS).start();
    send(&server);
    assert_eq!(counts(&server), [8, 4, 4, 2]);
    assert_eq!(server.count(&format!("select count(*) from spans where attributes['user.id'] = '{PERSON}'")), 2);
    let asked = ["forget", "--attribute", &format!("user.id={PERSON}"), "--attribute", "service.name=laptop"];
    let trace = ["--trace-id", "00000000000000000000000000000001"];
    let all = [asked.as_slice(), &trace].concat();
    let dry = spanlake(&server, &[all.as_slice(), &["--dry-run"]].concat());
    assert_eq!(dry.status.code(), Some(0), "{}", server::said(&dry));
    for line in ["4  spans", "1  logs", "2  metrics", "1  series"] {
        let line = line.replace("metrics", "points");
        assert!(server::said(&dry).contains(&line), "{line}: {}", server::said(&dry));
    }
    let unasked = spanlake(&server, &all);
    assert_eq!(unasked.status.code(), Some(64), "{}", server::said(&unasked));
    assert_eq!(counts(&server), [8, 4, 4, 2], "nothing was deleted");
    let forgotten = spanlake(&server, &[all.as_slice(), &["--yes"]].concat());
    assert_eq!(forgotten.status.code(), Some(0), "{}", server::said(&forgotten));
    let said = server::said(&forgotten);
    assert!(said.contains("4  spans") && said.contains("hold nothing of it") && !said.contains(PERSON), "{said}");
    for _ in 0..2 {
        assert_eq!(counts(&server), [4, 3, 2, 1]);
        assert_eq!(server.trace("1").status, 404);
        let values = server.get("/prometheus/api/v1/label/job/values").text();
        assert!(values.contains("shop") && !values.contains("laptop"), "{values}");
        let services = server.get("/api/services").text();
        assert!(services.contains("shop") && !services.contains("laptop"), "{services}");
        for path in files_below(server.data_dir()) {
            let bytes = std::fs::read(&path).unwrap_or_default();
            let is_there = bytes.windows(PERSON.len()).any(|window| window == PERSON.as_bytes());
            assert!(!is_there, "{} holds it", path.display());
        }
        server.kill();
        server.restart();
    }
    let again = spanlake(&server, &[all.as_slice(), &["--dry-run"]].concat());
    assert!(server::said(&again).contains("Nothing that is kept has any of it."), "{}", server::said(&again));
}

/// Scenario: rows in a bucket, read before, so that blocks of theirs are on the local disk; then forgotten.
/// Guarantee: live rows are without it, replaced objects are removed, no block of them stays; a restart, fsck and
/// another reader's questions find all else.
#[test]
fn a_person_is_forgotten_in_a_bucket() {
    let s3 = S3Double::start_blocking();
    let environment = s3.env();
    let url = s3.url();
    let mut server = Setup::default()
        .env(NO_SEALS)
        .env(&borrowed(&environment))
        .env(&[(COLD_URL, &url), (HOT_BYTES_MAX, "0"), (REMOVED_KEPT, "0s")])
        .start();
    send(&server);
    server.seal();
    let cold = |server: &TestServer| server.get("/api/status").json()["cold"].clone();
    eventually("all of it is cold", || cold(&server)["waiting_bytes"] == 0 && cold(&server)["state"] == "ready");
    assert_eq!(server.count(&format!("select count(*) from spans where attributes['user.id'] = '{PERSON}'")), 2);
    let data = |s3: &S3Double| -> Vec<String> {
        s3.objects()
            .into_keys()
            .filter(|key| key.starts_with("spans/date=") || key.starts_with("resources/date="))
            .collect()
    };
    let before = data(&s3);
    assert!(!files_below(&server.data_dir().join("cold-cache")).is_empty(), "blocks are kept");
    let asked = json!({"attributes": {"user.id": PERSON, "service.name": "laptop"}});
    let answer = post(&server, &asked);
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = answer.json()["id"].as_str().expect("an id").to_owned();
    let report = wait_done(&server, &id);
    assert_eq!((&report["rows"]["spans"], &report["proof"]["found"]), (&json!(2), &json!(0)), "{report}");
    eventually("replaced objects are gone", || {
        let now = data(&s3);
        // Of both tables files were rewritten, and one resource's row with them.
        now.iter().all(|key| !before.contains(key) || key.starts_with("resources/")) && now != before
    });
    for _ in 0..2 {
        eventually("the bucket is known", || cold(&server)["state"] == "ready");
        assert_eq!(counts(&server), [6, 4, 2, 1]);
        assert_eq!(server.count(&format!("select count(*) from spans where attributes['user.id'] = '{PERSON}'")), 0);
        server.kill();
        server.restart();
    }
    server.stop();
    let mut environment = borrowed(&environment);
    environment.push((COLD_URL, &url));
    let fsck = server::run(&["fsck", "--data-dir", &server.data_dir().display().to_string()], &environment);
    assert_eq!(fsck.status.code(), Some(0), "{}", server::said(&fsck));
}

/// Scenario: the server is killed right after it said 202, and again while it works.
/// Guarantee: it goes on by itself; in the end it is gone, and all else is there once.
#[test]
fn a_kill_only_delays_it() {
    for cold in ["none", ""] {
        let mut server = Setup::default().env(NO_SEALS).env(&[(COLD_URL, cold), (HOT_BYTES_MAX, "0")]).start();
        send(&server);
        let answer = post(&server, &json!({"attributes": {"user.id": PERSON}}));
        assert_eq!(answer.status, 202, "{}", answer.text());
        let id = answer.json()["id"].as_str().expect("an id").to_owned();
        for _ in 0..3 {
            server.kill();
            server.restart();
        }
        let report = wait_done(&server, &id);
        assert!(cold == "none" && report["old_copies_until"].is_null() || cold.is_empty(), "{report}");
        assert_eq!(counts(&server), [6, 4, 4, 2]);
        assert_eq!(files_below(&server.data_dir().join("forget")).len(), 1, "only the outcome is left");
    }
}

/// Scenario: a server with a token.
/// Guarantee: without it nobody deletes or looks; with it the command does.
#[test]
fn a_token_is_wanted() {
    let dir = tempfile::tempdir().expect("a folder");
    let token = dir.path().join("token");
    std::fs::write(&token, "secret-token\n").expect("written");
    let path = token.display().to_string();
    let server = Setup::default().env(NO_SEALS).arguments(&["--token-file", &path]).start();
    assert_eq!(post(&server, &json!({"trace_ids": ["1"]})).status, 401);
    assert_eq!(server.get("/api/forget/0123456789abcdef").status, 401);
    let refused = spanlake(&server, &["forget", "--trace-id", "1", "--yes"]);
    assert_eq!(refused.status.code(), Some(77), "{}", server::said(&refused));
    let done = spanlake(&server, &["forget", "--trace-id", "1", "--yes", "--token-file", &path]);
    assert_eq!(done.status.code(), Some(0), "{}", server::said(&done));
    assert!(server::said(&done).contains("Nothing that is kept had any of it."), "{}", server::said(&done));
}
