//! Load that remembers what was acknowledged, what was refused, and what was under way when the server vanished.
//!
//! Owns the numbering of requests: each item carries its request's number, so that one statement a table shows which
//! requests are stored, whole or in part. Never judges; `checker` does.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use spanlake_bench::corpus::traces;
use spanlake_bench::http::{Connection, post_head};
use spanlake_bench::load::PROTOBUF;
use spanlake_bench::random::{Random, mix};
use spanlake_bench::template::{Round, Template};

use crate::corpus::{OLD_LOGS_NANOS, Signal};

/// What a client knows of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Acknowledged,
    /// The last answer asked to come later, and it did not come again.
    Refused,
    /// No answer came.
    Unanswered,
}

/// A request that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    pub request: u64,
    pub signal: Signal,
    pub items: u32,
    pub outcome: Outcome,
}

/// A request with its bytes, to be sent again.
#[derive(Clone, Debug)]
pub struct Body {
    pub request: u64,
    pub signal: Signal,
    pub bytes: Vec<u8>,
}

/// What one time of feeding left.
#[derive(Clone, Debug, Default)]
pub struct Fed {
    pub sent: Vec<Sent>,
    pub unanswered: Vec<Body>,
    /// The last request of each lane that was acknowledged.
    pub acknowledged: Vec<Body>,
    /// Traces that an acknowledged request has spans of.
    pub traces: Vec<[u8; 16]>,
}

/// What a running load tells who watches it.
#[derive(Debug, Default)]
pub struct Progress {
    pub stop: AtomicBool,
    /// Items of requests that were begun; counted before the first byte is written.
    pub items_sent: AtomicU64,
    /// Items of acknowledged requests; counted after the answer was read.
    pub items_acknowledged: AtomicU64,
    /// Answers that asked to come later.
    pub refusals: AtomicU64,
}

/// Tells a running load to stop, at the latest when whoever watches it fails.
pub struct StopOnDrop<'a>(pub &'a Progress);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Release);
    }
}

/// A lane a connection, and the next numbers.
pub struct Feeder {
    lanes: Vec<Lane>,
    next_request: AtomicU64,
    next_round: AtomicU64,
    seed: u64,
}

struct Lane {
    signal: Signal,
    templates: Vec<Template>,
    next: usize,
    round: Round,
}

/// What lanes share while they feed.
#[derive(Clone, Copy)]
struct Shared<'a> {
    target: SocketAddr,
    progress: &'a Progress,
    next_request: &'a AtomicU64,
    next_round: &'a AtomicU64,
    seed: u64,
}

// === impl Feeder ===

impl Feeder {
    /// So many connections, with requests of so many spans.
    #[must_use]
    pub fn of_spans(seed: u64, connections: usize, spans_per_request: usize) -> Self {
        Self::new(seed, &vec![Signal::Spans; connections], spans_per_request)
    }

    /// A connection for each of these, with requests of so many items.
    #[must_use]
    pub fn new(seed: u64, signals: &[Signal], items_per_request: usize) -> Self {
        let lane = |(index, signal): (usize, &Signal)| {
            // Lanes of one signal share its round of requests.
            let before = signals[..index].iter().filter(|other| *other == signal).count();
            let all = signals.iter().filter(|other| *other == signal).count();
            Lane {
                signal: *signal,
                templates: signal.templates(seed, items_per_request).into_iter().skip(before).step_by(all).collect(),
                next: 0,
                round: Round { seed: 0, base_time: 0 },
            }
        };
        Self {
            lanes: signals.iter().enumerate().map(lane).collect(),
            next_request: AtomicU64::new(0),
            next_round: AtomicU64::new(0),
            seed,
        }
    }

    /// The number that the next request will have.
    #[must_use]
    pub fn next_request(&self) -> u64 {
        self.next_request.load(Ordering::Acquire)
    }

    /// A request that somebody else will send.
    pub fn prepare(&mut self) -> (Body, u32) {
        let shared = Shared {
            target: SocketAddr::from(([127, 0, 0, 1], 0)),
            progress: &Progress::default(),
            next_request: &self.next_request,
            next_round: &self.next_round,
            seed: self.seed,
        };
        let lane = self.lanes.first_mut().expect("a feeder has lanes");
        let (request, index) = lane.fresh(shared, &mut Random::new(self.seed));
        let template = &lane.templates[index];
        (Body { request, signal: lane.signal, bytes: template.bytes().to_vec() }, template.items)
    }

    /// Sends until told to stop or until the server is gone.
    pub fn feed(&mut self, target: SocketAddr, progress: &Progress) -> Fed {
        let (next_request, next_round, seed) = (&self.next_request, &self.next_round, self.seed);
        let shared = Shared { target, progress, next_request, next_round, seed };
        let fed: Vec<Fed> = std::thread::scope(|scope| {
            let threads: Vec<_> = self.lanes.iter_mut().map(|lane| scope.spawn(move || lane.feed(shared))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a feeding thread does not panic")).collect()
        });
        fed.into_iter().fold(Fed::default(), |mut all, one| {
            all.sent.extend(one.sent);
            all.unanswered.extend(one.unanswered);
            all.acknowledged.extend(one.acknowledged);
            all.traces.extend(one.traces);
            all
        })
    }
}

// === impl Lane ===

impl Lane {
    /// Gives the next template new numbers; its request's, and which one it is.
    fn fresh(&mut self, shared: Shared, random: &mut Random) -> (u64, usize) {
        if self.next == 0 {
            self.round.seed = mix(shared.seed, shared.next_round.fetch_add(1, Ordering::AcqRel));
        }
        let age = if self.signal == Signal::OldLogs { OLD_LOGS_NANOS } else { traces::ROUND_LEAD_NANOS };
        self.round.base_time = spanlake_bench::now_nanos() - age;
        let index = self.next;
        self.next = (index + 1) % self.templates.len();
        let request = shared.next_request.fetch_add(1, Ordering::AcqRel);
        self.templates[index].freshen(&self.round, request, random);
        (request, index)
    }

    fn feed(&mut self, shared: Shared) -> Fed {
        let mut fed = Fed::default();
        let mut last = None;
        let mut random = Random::new(shared.seed);
        let Ok(mut connection) = Connection::open(shared.target) else { return fed };
        let signal = self.signal;
        while !shared.progress.stop.load(Ordering::Acquire) {
            let (request, index) = self.fresh(shared, &mut random);
            let template = &self.templates[index];
            let items = template.items;
            shared.progress.items_sent.fetch_add(u64::from(items), Ordering::AcqRel);
            let outcome = deliver(&mut connection, shared, signal, template.bytes());
            if signal == Signal::OldLogs {
                if outcome == Outcome::Unanswered {
                    break;
                }
                // A little is enough, and retention is to take more than one file.
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            fed.sent.push(Sent { request, signal, items, outcome });
            let body = || Body { request, signal, bytes: template.bytes().to_vec() };
            match outcome {
                Outcome::Acknowledged => {}
                Outcome::Refused => break,
                Outcome::Unanswered => {
                    fed.unanswered.push(body());
                    break;
                }
            }
            last = Some(body());
            shared.progress.items_acknowledged.fetch_add(u64::from(items), Ordering::AcqRel);
            if request.is_multiple_of(16) {
                let slot = template.trace_slots().next();
                fed.traces.extend(slot.map(|slot| self.round.trace_id(slot)));
            }
        }
        fed.acknowledged.extend(last);
        fed
    }
}

/// Sends until it is acknowledged, the server is gone, or nobody wants it any more.
fn deliver(connection: &mut Connection, shared: Shared, signal: Signal, bytes: &[u8]) -> Outcome {
    let head = post_head(shared.target, signal.path(), PROTOBUF, None, bytes.len());
    loop {
        match connection.exchange(head.as_bytes(), bytes) {
            Ok(200) => {
                let said = String::from_utf8_lossy(connection.body());
                assert!(said.is_empty(), "items were rejected: {said}");
                return Outcome::Acknowledged;
            }
            Ok(429 | 503) => {
                shared.progress.refusals.fetch_add(1, Ordering::AcqRel);
                if shared.progress.stop.load(Ordering::Acquire) {
                    return Outcome::Refused;
                }
                std::thread::sleep(Duration::from_millis(20));
                let closes = connection.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
                if closes {
                    match Connection::open(shared.target) {
                        Ok(again) => *connection = again,
                        Err(_) => return Outcome::Refused,
                    }
                }
            }
            Ok(status) => panic!("the server answered {status}: {}", String::from_utf8_lossy(connection.body())),
            Err(_) => return Outcome::Unanswered,
        }
    }
}
