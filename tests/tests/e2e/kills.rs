//! `kill -9` under load, again and again on one data directory.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use spanlake_bench::corpus::traces::REQUEST_ATTRIBUTE;
use spanlake_bench::random::Random;
use spanlake_bench::template::request_value;
use spanlake_tests::feeder::{Fed, Feeder, Progress, Sent};
use spanlake_tests::requests::TRACES;
use spanlake_tests::server::{PATIENCE, Setup, TestServer};
use spanlake_tests::settings::BUSY_SEALS;

/// Acknowledged before each kill.
const SPANS_BEFORE_KILL: u64 = 20_000;
const SPANS_PER_REQUEST: usize = 128;
const CONNECTIONS: usize = 4;
/// Times of a round lie this long before it is sent, and a bit.
const TIME_SLACK: Duration = Duration::from_secs(10);

/// What is stored of a request: rows, and different span ids among them.
type Stored = HashMap<u64, (u64, u64)>;

fn variable(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")))
}

/// Scenario: the server is killed at random points of log, seal and restart while four clients send.
/// Guarantee: each acknowledged span is found exactly once; a request without an answer is there whole or not at all.
#[test]
fn a_hundred_kills_lose_nothing_and_double_nothing() {
    let kills = variable("SPANLAKE_KILLS", 100);
    let seed = variable("SPANLAKE_SEED", spanlake_bench::now_nanos() % 1_000_000);
    eprintln!("SPANLAKE_SEED={seed} SPANLAKE_KILLS={kills}");
    let mut random = Random::new(seed);
    let mut feeder = Feeder::new(seed, CONNECTIONS, SPANS_PER_REQUEST);
    let mut server = Setup::default().env(BUSY_SEALS).start();
    let mut all: Vec<Sent> = Vec::new();
    for kill in 0..kills {
        let label = format!("SPANLAKE_SEED={seed}, kill {kill}");
        let first = feeder.next_request();
        let began = chrono::Utc::now();
        let mut fed = feed_and_kill(&mut server, &mut feeder, &mut random, &label);
        while random.chance(250) {
            // Another one while it starts: manifest, dimensions or replay.
            server.spawn_again();
            std::thread::sleep(Duration::from_millis(random.below(150)));
            server.kill();
        }
        server.restart();
        if random.chance(500) {
            send_again(&server, &mut fed);
        }
        let since = (began - TIME_SLACK).to_rfc3339_opts(chrono::SecondsFormat::Nanos, true);
        let stored = stored_by_request(&server, &format!("where start_time >= '{since}'"), true);
        check(&fed.sent, &stored, first, &label);
        check_traces(&server, &fed, &mut random, &label);
        all.extend(fed.sent);
    }
    let label = format!("SPANLAKE_SEED={seed}, at the end");
    check(&all, &stored_by_request(&server, "", false), 0, &label);
    server.seal();
    check(&all, &stored_by_request(&server, "", false), 0, &format!("{label}, sealed"));
    let acknowledged: u64 = all.iter().filter(|sent| sent.is_acknowledged).map(|sent| u64::from(sent.spans)).sum();
    eprintln!("{kills} kills, {acknowledged} spans acknowledged, {} requests", all.len());
}

fn feed_and_kill(server: &mut TestServer, feeder: &mut Feeder, random: &mut Random, label: &str) -> Fed {
    let progress = Progress::default();
    let target = server.ports().otlp_http;
    let pause = Duration::from_micros(random.below(400_000));
    std::thread::scope(|scope| {
        let feeding = scope.spawn(|| feeder.feed(target, &progress));
        let began = Instant::now();
        while progress.spans_acknowledged.load(Ordering::Acquire) < SPANS_BEFORE_KILL {
            let stuck = began.elapsed() > PATIENCE || feeding.is_finished();
            assert!(!stuck, "{label}: {progress:?} after {:?}\n{}", began.elapsed(), server.output());
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(pause);
        server.kill();
        feeding.join().unwrap_or_else(|_| panic!("{label}: feeding failed"))
    })
}

/// What a client does that got no answer: the same bytes once more.
fn send_again(server: &TestServer, fed: &mut Fed) {
    for unanswered in &fed.unanswered {
        server.send(TRACES, &unanswered.body);
        let sent = fed.sent.iter_mut().find(|sent| sent.request == unanswered.request);
        sent.expect("what got no answer was sent").is_acknowledged = true;
    }
}

fn stored_by_request(server: &TestServer, filter: &str, counts_ids: bool) -> Stored {
    let ids = if counts_ids { "count(distinct span_id)" } else { "count(*)" };
    let query =
        format!("select attributes['{REQUEST_ATTRIBUTE}'] as request, count(*), {ids} from spans {filter} group by 1");
    let answer = server.post_sql(&serde_json::json!({ "query": query, "format": "csv" }));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    let parse = |line: &str| {
        let mut numbers = line.split(',').map(|field| field.trim().trim_matches('"').parse::<u64>());
        let mut next = || numbers.next().and_then(Result::ok).unwrap_or_else(|| panic!("{query} answers {line:?}"));
        (next() - request_value(0), (next(), next()))
    };
    answer.text().lines().skip(1).filter(|line| !line.is_empty()).map(parse).collect()
}

fn check(sent: &[Sent], stored: &Stored, first: u64, label: &str) {
    let wrong = wrongs(sent, stored, first);
    let some = wrong[..wrong.len().min(10)].join("\n");
    assert!(wrong.is_empty(), "{label}: {} of {} requests are wrong, such as\n{some}", wrong.len(), sent.len());
}

/// What is stored and should not be, or the other way round; requests before `first` are none of this check's.
fn wrongs(sent: &[Sent], stored: &Stored, first: u64) -> Vec<String> {
    let mut known = HashSet::new();
    let mut wrong = Vec::new();
    for Sent { request, spans, is_acknowledged } in sent {
        known.insert(*request);
        let whole = (u64::from(*spans), u64::from(*spans));
        match stored.get(request) {
            Some(rows_and_ids) if *rows_and_ids == whole => {}
            None if !is_acknowledged => {}
            other => wrong.push(format!(
                "request {request} of {spans} spans, acknowledged: {is_acknowledged}, stored (rows, ids): {other:?}"
            )),
        }
    }
    let strangers = stored.keys().filter(|request| **request >= first && !known.contains(*request));
    wrong.extend(strangers.map(|request| format!("request {request} was never sent")));
    wrong
}

/// Scenario: answers with a request that is missing, doubled, in part, or unknown.
/// Guarantee: the check of the test above notices each of them.
#[test]
fn the_check_notices_what_is_lost_or_doubled() {
    let sent = |request, is_acknowledged| Sent { request, spans: 4, is_acknowledged };
    let both = [sent(7, true), sent(8, false)];
    let found = |stored: &[(u64, (u64, u64))]| wrongs(&both, &stored.iter().copied().collect(), 7).len();
    assert_eq!(found(&[(7, (4, 4))]), 0);
    assert_eq!(
        found(&[(7, (4, 4)), (8, (4, 4)), (3, (1, 1))]),
        0,
        "unanswered may be there; earlier ones do not matter"
    );
    assert_eq!(found(&[]), 1, "lost");
    assert_eq!(found(&[(7, (8, 4))]), 1, "doubled");
    assert_eq!(found(&[(7, (3, 3))]), 1, "in part");
    assert_eq!(found(&[(7, (4, 4)), (8, (2, 2))]), 1, "unanswered and in part");
    assert_eq!(found(&[(7, (4, 4)), (9, (4, 4))]), 1, "never sent");
}

/// The lookup by id must tell of as many spans as SQL does.
fn check_traces(server: &TestServer, fed: &Fed, random: &mut Random, label: &str) {
    for _ in 0..3.min(fed.traces.len()) {
        let trace: [u8; 16] = *random.pick(&fed.traces);
        let id = spanlake_bench::queries::hex(&trace);
        let counted = server.count(&format!("select count(*) from spans where trace_id = '{id}'"));
        let answer = server.trace(&id);
        assert_eq!(answer.status, 200, "{label}: trace {id} of an acknowledged span: {}", answer.text());
        let found = answer.json()["spans"].as_array().map_or(0, Vec::len);
        assert_eq!((found > 0, u64::try_from(found).expect("few")), (true, counted), "{label}: trace {id}");
    }
}
