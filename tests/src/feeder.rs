//! Load that remembers what was acknowledged and what was under way when the server vanished.
//!
//! Owns the numbering of requests: each span carries its request's number, so that one statement shows which
//! requests are stored, whole or in part. Never judges.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use spanlake_bench::corpus::traces::{self, TraceCorpus};
use spanlake_bench::http::{Connection, post_head};
use spanlake_bench::load::PROTOBUF;
use spanlake_bench::random::{Random, mix};
use spanlake_bench::template::{Round, Template};

use crate::requests::TRACES;

/// A request that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    pub request: u64,
    pub spans: u32,
    pub is_acknowledged: bool,
}

/// A request whose answer never came, to be sent again.
#[derive(Clone, Debug)]
pub struct Unanswered {
    pub request: u64,
    pub body: Vec<u8>,
}

/// What one time of feeding left.
#[derive(Clone, Debug, Default)]
pub struct Fed {
    pub sent: Vec<Sent>,
    pub unanswered: Vec<Unanswered>,
    /// Traces whose spans of one acknowledged request are known: id and least number of spans.
    pub traces: Vec<[u8; 16]>,
}

/// What a running load tells who watches it.
#[derive(Debug, Default)]
pub struct Progress {
    pub stop: AtomicBool,
    /// Spans of requests that were begun; counted before the first byte is written.
    pub spans_sent: AtomicU64,
    /// Spans of acknowledged requests; counted after the answer was read.
    pub spans_acknowledged: AtomicU64,
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

/// Templates by connection, and the next numbers.
pub struct Feeder {
    lanes: Vec<Lane>,
    next_request: AtomicU64,
    next_round: AtomicU64,
    seed: u64,
}

struct Lane {
    templates: Vec<Template>,
    next: usize,
    round: Round,
}

// === impl Feeder ===

impl Feeder {
    /// So many connections, with requests of so many spans.
    #[must_use]
    pub fn new(seed: u64, connections: usize, spans_per_request: usize) -> Self {
        let corpus = TraceCorpus { seed, spans_per_request, numbers_requests: true, ..TraceCorpus::default() };
        let templates = traces::templates(&corpus);
        let lanes = (0..connections)
            .map(|lane| Lane {
                templates: templates.iter().skip(lane).step_by(connections).cloned().collect(),
                next: 0,
                round: Round { seed: 0, base_time: 0 },
            })
            .collect();
        Self { lanes, next_request: AtomicU64::new(0), next_round: AtomicU64::new(0), seed }
    }

    /// The number that the next request will have.
    #[must_use]
    pub fn next_request(&self) -> u64 {
        self.next_request.load(Ordering::Acquire)
    }

    /// Sends until told to stop or until the server is gone.
    pub fn feed(&mut self, target: SocketAddr, progress: &Progress) -> Fed {
        let (next_request, next_round, seed) = (&self.next_request, &self.next_round, self.seed);
        let fed: Vec<Fed> = std::thread::scope(|scope| {
            let start = move |lane: &mut Lane| lane.feed(target, progress, next_request, next_round, seed);
            let threads: Vec<_> = self.lanes.iter_mut().map(|lane| scope.spawn(move || start(lane))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a feeding thread does not panic")).collect()
        });
        fed.into_iter().fold(Fed::default(), |mut all, one| {
            all.sent.extend(one.sent);
            all.unanswered.extend(one.unanswered);
            all.traces.extend(one.traces);
            all
        })
    }
}

impl Lane {
    fn feed(
        &mut self,
        target: SocketAddr,
        progress: &Progress,
        next_request: &AtomicU64,
        next_round: &AtomicU64,
        seed: u64,
    ) -> Fed {
        let mut fed = Fed::default();
        let mut random = Random::new(seed);
        let Ok(mut connection) = Connection::open(target) else { return fed };
        while !progress.stop.load(Ordering::Acquire) {
            if self.next == 0 {
                self.round.seed = mix(seed, next_round.fetch_add(1, Ordering::AcqRel));
            }
            self.round.base_time = spanlake_bench::now_nanos() - traces::ROUND_LEAD_NANOS;
            let index = self.next;
            self.next = (index + 1) % self.templates.len();
            let template = &mut self.templates[index];
            let request = next_request.fetch_add(1, Ordering::AcqRel);
            template.freshen(&self.round, request, &mut random);
            progress.spans_sent.fetch_add(u64::from(template.items), Ordering::AcqRel);
            let is_acknowledged = deliver(&mut connection, target, template, progress);
            fed.sent.push(Sent { request, spans: template.items, is_acknowledged });
            if !is_acknowledged {
                fed.unanswered.push(Unanswered { request, body: template.bytes().to_vec() });
                break;
            }
            progress.spans_acknowledged.fetch_add(u64::from(template.items), Ordering::AcqRel);
            if request.is_multiple_of(16) {
                fed.traces.extend(template.trace_slots().next().map(|slot| self.round.trace_id(slot)));
            }
        }
        fed
    }
}

/// Sends until it is acknowledged; false where the server was gone before its answer came.
fn deliver(connection: &mut Connection, target: SocketAddr, template: &Template, progress: &Progress) -> bool {
    let head = post_head(target, TRACES, PROTOBUF, None, template.bytes().len());
    loop {
        match connection.exchange(head.as_bytes(), template.bytes()) {
            Ok(200) => {
                assert!(
                    connection.body().is_empty(),
                    "spans were rejected: {}",
                    String::from_utf8_lossy(connection.body())
                );
                return true;
            }
            Ok(429 | 503) => {
                progress.refusals.fetch_add(1, Ordering::AcqRel);
                if progress.stop.load(Ordering::Acquire) {
                    return false;
                }
                std::thread::sleep(std::time::Duration::from_millis(20));
                let closes = connection.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
                if closes {
                    match Connection::open(target) {
                        Ok(again) => *connection = again,
                        Err(_) => return false,
                    }
                }
            }
            Ok(status) => panic!("the server answered {status}: {}", String::from_utf8_lossy(connection.body())),
            Err(_) => return false,
        }
    }
}
