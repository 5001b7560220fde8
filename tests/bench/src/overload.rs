//! Far more load than a server can take, from senders that neither wait nor give up: what it holds, refuses and keeps.
//!
//! Owns those senders and the record of what was acknowledged. A request that was refused is sent again as it is, at once; how
//! long it was told to wait does not matter to them. Never looks at what it sends.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use prost::Message;

use crate::corpus::traces::{self, TraceCorpus};
use crate::http::{Connection, post_head};
use crate::load::PROTOBUF;
use crate::measure::seal;
use crate::process::{Server, ServerOptions, memory_bytes};
use crate::queries;
use crate::random::{Random, mix};
use crate::template::{Round, Template};

const START_PATIENCE: Duration = Duration::from_secs(60);
const STOP_PATIENCE: Duration = Duration::from_secs(60);
const PATH: &str = "/v1/traces";
/// So many refusals are told in full where they are not as they should be.
const MALFORMED_TOLD: usize = 3;

/// How much is offered to what.
#[derive(Clone, Debug)]
pub struct Overload {
    pub binary: PathBuf,
    pub work_dir: PathBuf,
    /// `hot.memory_bytes_max`.
    pub memory_bytes_max: u64,
    pub senders: usize,
    pub lasts: Duration,
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Endured {
    pub lasted: Duration,
    /// Spans, each time that they were sent.
    pub offered: u64,
    pub acknowledged: u64,
    /// Spans of the requests whose connection broke without an answer: each may be stored or not.
    pub unanswered: u64,
    pub stored: u64,
    pub refusals: u64,
    /// Refusals that are not as OTLP/HTTP wants them: 503 with `Retry-After` and a `google.rpc.Status`.
    pub malformed: Vec<String>,
    pub idle_rss_bytes: u64,
    pub peak_rss_bytes: u64,
}

/// `google.rpc.Status`, as far as OTLP uses it.
#[derive(Clone, PartialEq, Eq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// What one sender saw.
#[derive(Default)]
struct Seen {
    offered: u64,
    acknowledged: u64,
    unanswered: u64,
    refusals: u64,
    malformed: Vec<String>,
}

/// Starts a server, overloads it, and counts what it stored.
///
/// # Errors
/// When the server does not start, ends, or answers with anything but success and refusal.
pub fn run(overload: &Overload) -> anyhow::Result<Endured> {
    let folder = tempfile::Builder::new().prefix("spanlake-bench-").tempdir_in(&overload.work_dir)?;
    let mut server = started(overload, folder.path())?;
    let ports = server.wait_ready(START_PATIENCE)?;
    std::thread::sleep(Duration::from_secs(5));
    let idle_rss_bytes = memory_bytes(server.id(), "VmRSS")?;
    let templates = traces::templates(&TraceCorpus { seed: overload.seed, ..TraceCorpus::default() });
    let began = Instant::now();
    let until = began + overload.lasts;
    let seen: Vec<anyhow::Result<Seen>> = std::thread::scope(|scope| {
        let templates = &templates;
        let senders: Vec<_> = (0..overload.senders)
            .map(|number| {
                let template = templates[number % templates.len()].clone();
                let seed = mix(overload.seed, number as u64);
                scope.spawn(move || send(ports.otlp_http, template, seed, until))
            })
            .collect();
        senders.into_iter().map(|sender| sender.join().unwrap_or_else(|_| anyhow::bail!("a sender panicked"))).collect()
    });
    let mut endured = Endured { lasted: began.elapsed(), idle_rss_bytes, ..Endured::default() };
    for seen in seen {
        endured.add(seen?);
    }
    seal(ports.listen)?;
    endured.peak_rss_bytes = memory_bytes(server.id(), "VmHWM")?;
    endured.stored = queries::number(&mut Connection::open(ports.listen)?, "select count(*) from spans")?;
    let status = server.terminate(STOP_PATIENCE)?;
    ensure!(status.success(), "the server ended with {status}:\n{}", server.output());
    Ok(endured)
}

fn started(overload: &Overload, folder: &Path) -> anyhow::Result<Server> {
    Server::spawn(ServerOptions {
        binary: overload.binary.clone(),
        wrapper: Vec::new(),
        data_dir: folder.join("data"),
        arguments: Vec::new(),
        environment: vec![("SPANLAKE_HOT_MEMORY_BYTES_MAX".to_owned(), overload.memory_bytes_max.to_string())],
        output: folder.join("server.log"),
    })
}

/// Sends request after request until the time is over.
fn send(target: SocketAddr, mut template: Template, seed: u64, until: Instant) -> anyhow::Result<Seen> {
    let head = post_head(target, PATH, PROTOBUF, None, template.bytes().len());
    let mut random = Random::new(seed);
    let mut connection = Connection::open(target).context("cannot connect to the server's port")?;
    let mut seen = Seen::default();
    let items = u64::from(template.items);
    for request in 0.. {
        let round = Round { seed: mix(seed, request), base_time: crate::now_nanos() - traces::ROUND_LEAD_NANOS };
        template.freshen(&round, request, &mut random);
        loop {
            if Instant::now() >= until {
                return Ok(seen);
            }
            seen.offered += items;
            let Ok(status) = connection.exchange(head.as_bytes(), template.bytes()) else {
                seen.unanswered += items;
                connection = Connection::open(target).context("the server takes no connection any more")?;
                // Whether it is stored nobody knows; the next one is another.
                break;
            };
            match status {
                200 if connection.body().is_empty() => {
                    seen.acknowledged += items;
                    break;
                }
                429 | 503 => seen.refused(status, &connection),
                _ => anyhow::bail!("the server answered {status}: {}", String::from_utf8_lossy(connection.body())),
            }
            if connection.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
                connection = Connection::open(target).context("the server takes no connection any more")?;
            }
        }
    }
    Ok(seen)
}

impl Seen {
    fn refused(&mut self, status: u16, connection: &Connection) {
        self.refusals += 1;
        let says_when = connection.retry_after().is_some_and(|delay| !delay.is_zero());
        let is_protobuf = connection.header("content-type") == Some(PROTOBUF);
        let says_why = Status::decode(connection.body()).is_ok_and(|status| !status.message.is_empty());
        if !(says_when && is_protobuf && says_why) && self.malformed.len() < MALFORMED_TOLD {
            let text = String::from_utf8_lossy(connection.body());
            self.malformed.push(format!("{status}, Retry-After {:?}: {text}", connection.header("retry-after")));
        }
    }
}

impl Endured {
    fn add(&mut self, seen: Seen) {
        self.offered += seen.offered;
        self.acknowledged += seen.acknowledged;
        self.unanswered += seen.unanswered;
        self.refusals += seen.refusals;
        self.malformed.extend(seen.malformed);
    }

    /// Whether everything acknowledged is stored once, and nothing else but what was never answered.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.stored >= self.acknowledged && self.stored <= self.acknowledged + self.unanswered
    }
}
