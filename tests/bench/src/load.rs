//! Sends requests over keep-alive connections, one thread each, as fast as they are acknowledged.
//!
//! Owns the plan of who sends what and the record of what was acknowledged. Never looks at what it sends.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::corpus::{metrics, remote_write, traces};
use crate::http::{Connection, post_head};
use crate::random::{Random, mix};
use crate::template::{Round, Template};

/// The content type of everything that is sent.
pub const PROTOBUF: &str = "application/x-protobuf";

/// Where a round's times lie.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// Just before the round is sent.
    Now,
    /// Collections of metrics at even distances, the last one about this time, nanoseconds since 1970, or about now.
    Collections(Option<u64>),
    /// One after the other over so much time before now, nanoseconds: as a day's traffic lies, of which a load is a few minutes.
    /// Templates are made for [`round_micros`] of it.
    Over(u64),
}

/// How a request goes over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// OTLP as it is.
    Plain,
    /// OTLP compressed.
    Gzip,
    /// Prometheus's remote write 1.0.
    RemoteWrite,
}

/// What to send.
#[derive(Clone, Debug)]
pub struct Plan {
    pub target: SocketAddr,
    pub path: &'static str,
    pub requests: usize,
    pub connections: usize,
    pub form: Form,
    /// Whether requests are made before the clock runs, all of them in memory.
    pub is_prepared: bool,
    pub clock: Clock,
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub items: u64,
    pub body_bytes: u64,
    /// Answers that asked to come again later.
    pub refusals: u64,
    pub elapsed: Duration,
}

/// The rounds of a plan; the first connection to begin one sets its time.
pub struct Rounds {
    seed: u64,
    clock: Clock,
    bases: Vec<OnceLock<u64>>,
    created: u64,
}

/// How long one of a load's rounds is where they lie over so much time, so that no time is left between them; at most an hour, as
/// templates have no room for more.
#[must_use]
pub fn round_micros(over_nanos: u64, requests: usize, templates: usize) -> u64 {
    let rounds = requests.div_ceil(templates.max(1)).max(1);
    (over_nanos / 1000 / u64::try_from(rounds).expect("a count fits")).min(3_600_000_000)
}

// === impl Rounds ===

impl Rounds {
    fn new(plan: &Plan, templates: usize) -> Self {
        let count = plan.requests.div_ceil(templates.max(1));
        let bases = (0..count).map(|_| OnceLock::new()).collect();
        Self { seed: plan.seed, clock: plan.clock, bases, created: crate::now_nanos() }
    }

    /// A round by its number.
    ///
    /// # Panics
    /// Where the plan has fewer.
    #[must_use]
    pub fn get(&self, number: usize) -> Round {
        let behind = u64::try_from(self.bases.len() - number).expect("a count fits");
        let base_time = *self.bases[number].get_or_init(|| match self.clock {
            Clock::Now => crate::now_nanos() - traces::ROUND_LEAD_NANOS,
            Clock::Collections(until) => until.unwrap_or(self.created) - behind * metrics::COLLECTION_NANOS,
            Clock::Over(nanos) => {
                let step = nanos / u64::try_from(self.bases.len()).expect("a count fits").max(1);
                self.created - traces::ROUND_LEAD_NANOS - behind * step
            }
        });
        Round { seed: mix(self.seed, u64::try_from(number).expect("a number fits")), base_time }
    }
}

/// One connection's share of the work.
struct Share {
    connection: Connection,
    /// Requests by number: the templates to make fresh, or what was prepared.
    work: Work,
    outcome: Outcome,
}

enum Work {
    Fresh { templates: Vec<(usize, String, Template)>, round_length: usize, requests: usize },
    Prepared(Vec<Prepared>),
}

struct Prepared {
    head: String,
    body: Vec<u8>,
    items: u32,
}

/// A plan with everything prepared that can be: what runs when the clock runs is only sending.
pub struct Load {
    plan: Plan,
    pub rounds: Rounds,
    shares: Vec<Share>,
}

// === impl Load ===

impl Load {
    /// Connects, and compresses where that is asked for.
    ///
    /// # Errors
    /// When the target does not take connections.
    pub fn prepare(plan: Plan, templates: &[Template]) -> anyhow::Result<Self> {
        let rounds = Rounds::new(&plan, templates.len());
        let mut shares = Vec::with_capacity(plan.connections);
        for index in 0..plan.connections {
            let own = templates.iter().enumerate().skip(index).step_by(plan.connections);
            let own: Vec<(usize, String, Template)> = own
                .map(|(number, template)| {
                    (
                        number,
                        post_head(plan.target, plan.path, PROTOBUF, None, template.bytes().len()),
                        template.clone(),
                    )
                })
                .collect();
            let fresh = Work::Fresh { templates: own, round_length: templates.len(), requests: plan.requests };
            let work = if plan.is_prepared { made_ready(fresh, &plan, &rounds)? } else { fresh };
            let connection = Connection::open(plan.target).context("cannot connect to the server's port")?;
            let outcome = Outcome { items: 0, body_bytes: 0, refusals: 0, elapsed: Duration::ZERO };
            shares.push(Share { connection, work, outcome });
        }
        Ok(Self { plan, rounds, shares })
    }

    /// Sends everything and gives what came of it.
    ///
    /// # Errors
    /// On the first answer that is neither a success nor a request to come later.
    pub fn run(&mut self) -> anyhow::Result<Outcome> {
        let (plan, rounds) = (&self.plan, &self.rounds);
        let began = Instant::now();
        let results: Vec<anyhow::Result<()>> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                self.shares.iter_mut().map(|share| scope.spawn(move || share.run(rounds, plan))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| bail!("a sending thread panicked")))
                .collect()
        });
        let elapsed = began.elapsed();
        for result in results {
            result?;
        }
        let sum = |of: fn(&Outcome) -> u64| self.shares.iter().map(|share| of(&share.outcome)).sum();
        Ok(Outcome {
            items: sum(|outcome| outcome.items),
            body_bytes: sum(|outcome| outcome.body_bytes),
            refusals: sum(|outcome| outcome.refusals),
            elapsed,
        })
    }
}

// === impl Share ===

impl Share {
    fn run(&mut self, rounds: &Rounds, plan: &Plan) -> anyhow::Result<()> {
        match &mut self.work {
            Work::Fresh { templates, round_length, requests } => {
                let mut random = Random::new(plan.seed);
                for number in 0..requests.div_ceil(*round_length) {
                    let round = rounds.get(number);
                    for (index, head, template) in templates.iter_mut() {
                        let request = number * *round_length + *index;
                        if request >= *requests {
                            break;
                        }
                        template.freshen(&round, u64::try_from(request)?, &mut random);
                        let (connection, outcome) = (&mut self.connection, &mut self.outcome);
                        match plan.form {
                            Form::Plain => deliver(connection, head, template.bytes(), template.items, outcome)?,
                            _ => {
                                let Prepared { head, body, items } = prepared(template, plan)?;
                                deliver(connection, &head, &body, items, outcome)?;
                            }
                        }
                    }
                }
            }
            Work::Prepared(prepared) => {
                for Prepared { head, body, items } in prepared {
                    deliver(&mut self.connection, head, body, *items, &mut self.outcome)?;
                }
            }
        }
        Ok(())
    }
}

/// Sends one request until it is acknowledged.
fn deliver(
    connection: &mut Connection,
    head: &str,
    body: &[u8],
    items: u32,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    loop {
        match connection.exchange(head.as_bytes(), body).context("the server broke the connection")? {
            200 | 204 if connection.body().is_empty() => {
                outcome.items += u64::from(items);
                outcome.body_bytes += u64::try_from(body.len())?;
                return Ok(());
            }
            200 => bail!("items were rejected: {}", String::from_utf8_lossy(connection.body())),
            429 | 503 => {
                outcome.refusals += 1;
                // The bench measures what the server takes at its best, so it asks again sooner than it was told.
                std::thread::sleep(connection.retry_after().unwrap_or_default().min(Duration::from_millis(20)));
            }
            status => bail!("the server answered {status}: {}", String::from_utf8_lossy(connection.body())),
        }
    }
}

/// Compressing costs more than everything else of the generator, so it is done before the clock runs.
fn made_ready(work: Work, plan: &Plan, rounds: &Rounds) -> anyhow::Result<Work> {
    let Work::Fresh { mut templates, round_length, requests } = work else { return Ok(work) };
    let mut random = Random::new(plan.seed);
    let mut all = Vec::new();
    for number in 0..requests.div_ceil(round_length) {
        let round = rounds.get(number);
        for (index, _, template) in &mut templates {
            let request = number * round_length + *index;
            if request >= requests {
                break;
            }
            template.freshen(&round, u64::try_from(request)?, &mut random);
            all.push(prepared(template, plan)?);
        }
    }
    Ok(Work::Prepared(all))
}

fn prepared(template: &Template, plan: &Plan) -> anyhow::Result<Prepared> {
    let (body, encoding) = match plan.form {
        Form::Plain => (template.bytes().to_vec(), None),
        Form::Gzip => (gzip(template.bytes())?, Some("gzip")),
        Form::RemoteWrite => (remote_write::body(template.bytes())?, Some("snappy")),
    };
    let head = post_head(plan.target, plan.path, PROTOBUF, encoding, body.len());
    Ok(Prepared { head, body, items: template.items })
}

/// At the fastest level, as SDKs do.
///
/// # Errors
/// Never in practice: it writes to memory.
pub fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes)?;
    encoder.finish()
}
