//! One data directory and its seeds, one after the other.
//!
//! Owns the server, what clients know of every request, and the order of a seed: feed, strike, fsck, start, check.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use spanlake_bench::load::PROTOBUF;
use spanlake_bench::random::{Random, mix};
use spanlake_test_s3::{Mode, S3Double};
use spanlake_tests::checker;
use spanlake_tests::corpus::Signal;
use spanlake_tests::feeder::{Body, Fed, Feeder, Outcome, Progress, Sent, StopOnDrop};
use spanlake_tests::server::{self, PATIENCE, Setup, TestServer, borrowed};
use spanlake_tests::settings::{
    BUSY_SEALS, COLD_URL, HOT_BYTES_MAX, LOG_DURABILITY, QUERY_MEMORY_BYTES_MAX, RETENTION_LOGS,
};

use super::damage::damage_a_copy;
use super::injection;
use super::place::Place;
use super::plan::{Abilities, ITEMS_BEFORE_FAULT, Plan, Scenario, draw};
use super::power::Power;
use super::under_load::{Hands, Met, strike, tail};
use spanlake_tests::clock::Clock;

const ITEMS_PER_REQUEST: usize = 128;
const LANES: [Signal; 4] = [Signal::Spans, Signal::Logs, Signal::Points, Signal::Spans];
/// Event times lie this long before they are sent, and a bit.
const TIME_SLACK: Duration = Duration::from_secs(10);

/// A group that runs.
pub struct Group {
    pub place: Place,
    clock: Option<Clock>,
    power: Option<Power>,
    bucket: Option<S3Double>,
    /// What leads the server, and fsck, to the cold tier.
    environment: Vec<(String, String)>,
    server: TestServer,
    feeder: Feeder,
    sent: Vec<Sent>,
    abilities: Abilities,
}

/// What is special about a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Old log records come in and are forgotten all the time.
    Forgets,
    /// Its clock can be moved; so it forgets nothing. Hours leave for a cold folder all the time.
    MovesClock,
    /// Hours leave for a bucket all the time.
    MovesToBucket,
    /// What its servers do not sync may be lost, in the cold folder too.
    CutsPower,
    /// The same, with servers that acknowledge before their log is synced: to show that it is noticed.
    CutsPowerUnsynced,
}

/// What a seed did.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    pub scenario: Scenario,
    pub met: Met,
    pub items_acknowledged: u64,
}

/// A request of which only the first half was sent.
struct Half {
    _stream: TcpStream,
    body: Body,
    items: u32,
}

// === impl Group ===

impl Group {
    /// With a server that is ready.
    pub fn start(seed: u64, injects: bool, kind: Kind) -> Self {
        let place = Place::new();
        let clock = if kind == Kind::MovesClock { Clock::build(place.path()) } else { None };
        let cuts_power = matches!(kind, Kind::CutsPower | Kind::CutsPowerUnsynced);
        let power = if cuts_power { Power::build(place.path()) } else { None };
        let bucket = (kind == Kind::MovesToBucket).then(S3Double::start_blocking);
        let environment = environment(kind, bucket.as_ref());
        let mut setup = Setup::default().env(BUSY_SEALS).data_dir(&place.data_dir()).env(&borrowed(&environment));
        if kind == Kind::CutsPowerUnsynced {
            setup = setup.env(&[(LOG_DURABILITY, "os")]);
        }
        let loaded = [clock.as_ref().map(Clock::environment), power.as_ref().map(Power::environment)];
        for (name, value) in loaded.iter().flatten().flatten() {
            setup = setup.env(&[(name, value)]);
        }
        let mut lanes = LANES.to_vec();
        let moves_cold = kind != Kind::Forgets;
        if !moves_cold {
            setup = setup.env(&[(RETENTION_LOGS, "1h")]);
            lanes.push(Signal::OldLogs);
        }
        let abilities = Abilities {
            injects,
            fills_disk: place.is_mounted(),
            moves_clock: clock.is_some(),
            cuts_power: power.is_some(),
            moves_cold,
            has_bucket: bucket.is_some(),
        };
        let feeder = Feeder::new(seed, &lanes, ITEMS_PER_REQUEST);
        Self { server: setup.start(), bucket, environment, feeder, place, clock, power, sent: Vec::new(), abilities }
    }

    /// Runs a seed.
    pub fn run(&mut self, seed: u64) -> Result<Done, String> {
        let mut random = Random::new(mix(seed, 0));
        let plan = draw(&mut random, self.abilities);
        self.run_plan(plan, &mut random).map_err(|wrong| format!("{plan:?}: {wrong}"))
    }

    pub fn run_plan(&mut self, plan: Plan, random: &mut Random) -> Result<Done, String> {
        let first = self.feeder.next_request();
        let since = (chrono::Utc::now() - TIME_SLACK).to_rfc3339_opts(chrono::SecondsFormat::Nanos, true);
        let half = if plan.holds_half_a_request { Some(self.begin_half()) } else { None };
        let (met, mut fed) = self.feed_and_strike(plan.scenario)?;
        if let Scenario::ClockJump { comes_back: true, .. } = plan.scenario {
            self.jump_clock(0);
        }
        let items_acknowledged = acknowledged(&fed.sent);
        if let Some(power) = self.power.as_ref().filter(|_| plan.cuts_power) {
            power.cut(&self.place.data_dir(), random);
        }
        let is_troubled = matches!(plan.scenario, Scenario::BadBucket { outlives_server: true, .. });
        if !is_troubled {
            self.fsck("after the fault")?;
        }
        if let Scenario::Damage { kind, damage } = plan.scenario {
            let known: Vec<Sent> = self.sent.iter().chain(&fed.sent).copied().collect();
            damage_a_copy(&self.place, kind, damage, &known, random)?;
        }
        self.start_again(plan, random)?;
        self.heal_bucket();
        if is_troubled {
            self.cold_gets_ready()?;
        }
        if let Some(half) = half {
            self.finish_half(half, &mut fed)?;
        }
        if plan.sends_again {
            self.send_again(&mut fed)?;
        }
        checker::check(&self.server, &fed.sent, first, Some(&since)).map_err(|wrong| self.with_output(&wrong))?;
        checker::check_traces(&self.server, &fed, random).map_err(|wrong| self.with_output(&wrong))?;
        self.jump_clock(0);
        self.sent.extend(fed.sent);
        Ok(Done { scenario: plan.scenario, met, items_acknowledged })
    }

    /// Everything of all seeds once more: before and after it is all in files, and once the server is gone.
    pub fn finish(&mut self) -> Result<(), String> {
        checker::check(&self.server, &self.sent, 0, None).map_err(|wrong| format!("at the end: {wrong}"))?;
        self.server.seal();
        checker::check(&self.server, &self.sent, 0, None).map_err(|wrong| format!("at the end, sealed: {wrong}"))?;
        if self.abilities.moves_cold {
            self.cold_gets_ready()?;
            checker::check(&self.server, &self.sent, 0, None).map_err(|wrong| format!("at the end, cold: {wrong}"))?;
        }
        let status = self.server.stop();
        if status.code() != Some(0) {
            return Err(format!("the last stop ended with {status}\n{}", tail(&self.server)));
        }
        self.fsck("at the end")
    }

    /// Leaves the server down after a kill at a random moment, and what it took with it unresolved.
    pub fn kill_under_load(&mut self) -> Result<(), String> {
        let (_, fed) = self.feed_and_strike(Scenario::Kill { after_micros: 100_000 })?;
        self.sent.extend(fed.sent);
        Ok(())
    }

    /// Starts the server in the original, which nobody damaged.
    pub fn start_plainly(&mut self) {
        self.server.restart();
    }

    /// What clients know of every request so far.
    pub fn sent(&self) -> &[Sent] {
        &self.sent
    }

    fn feed_and_strike(&mut self, scenario: Scenario) -> Result<(Met, Fed), String> {
        let progress = Progress::default();
        let target = self.server.ports().otlp_http;
        let (feeder, server) = (&mut self.feeder, &mut self.server);
        std::thread::scope(|scope| {
            let feeding = scope.spawn(|| feeder.feed(target, &progress));
            let stop = StopOnDrop(&progress);
            let began = Instant::now();
            while progress.items_acknowledged.load(Ordering::Acquire) < ITEMS_BEFORE_FAULT {
                if began.elapsed() > PATIENCE || feeding.is_finished() {
                    return Err(format!("{progress:?} after {:?}\n{}", began.elapsed(), tail(server)));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            let (place, clock, bucket) = (&self.place, self.clock.as_ref(), self.bucket.as_ref());
            let mut hands = Hands { server, progress: &progress, place, clock, bucket };
            let met = strike(scenario, &mut hands);
            drop(stop);
            let fed = feeding.join().map_err(|_| "feeding failed".to_owned())?;
            Ok((met?, fed))
        })
    }

    fn start_again(&mut self, plan: Plan, random: &mut Random) -> Result<(), String> {
        if let Scenario::FailAtStart { call, error, nth } = plan.scenario {
            let calls = self.place.path().join("calls.txt");
            self.server.spawn_wrapped(injection::wrapper(&calls, call, error, nth));
            let is_ready = self.server.wait_ready_or_ended();
            if !is_ready && !self.server.output().contains("cannot ") && !self.server.output().contains("fatal: ") {
                return Err(self.with_output("a start that failed does not say why"));
            }
            self.server.kill();
        }
        for _ in 0..plan.kills_at_start {
            // In the middle of manifest, dimensions or replay.
            self.server.spawn_again();
            std::thread::sleep(Duration::from_millis(random.below(100)));
            self.server.kill();
        }
        self.server.spawn_again();
        if self.server.wait_ready_or_ended() { Ok(()) } else { Err(self.with_output("it does not start again")) }
    }

    fn heal_bucket(&self) {
        if let Some(bucket) = &self.bucket {
            bucket.set_mode(Mode::healthy());
        }
    }

    /// By itself, and not without anything in it.
    fn cold_gets_ready(&self) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let is_ready = self.server.metric("spanlake_cold_ready") > 0.0;
            let waiting = self.server.metric("spanlake_cold_waiting_bytes");
            if is_ready && waiting == 0.0 && self.server.metric("spanlake_cold_rows") > 0.0 {
                return Ok(());
            }
            if began.elapsed() > 2 * PATIENCE {
                return Err(self.with_output(&format!("the cold tier is not ready, {waiting} bytes wait for it")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn jump_clock(&self, seconds: i64) {
        if let Some(clock) = &self.clock {
            clock.jump(seconds);
        }
    }

    fn begin_half(&mut self) -> Half {
        let (body, items) = self.feeder.prepare();
        let address = self.server.ports().otlp_http;
        let mut stream = TcpStream::connect(address).expect("the server takes connections");
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {PROTOBUF}\r\nContent-Length: {}\r\n\r\n",
            body.signal.path(),
            body.bytes.len()
        );
        stream.write_all(head.as_bytes()).expect("a head can be sent");
        stream.write_all(&body.bytes[..body.bytes.len() / 2]).expect("half a body can be sent");
        Half { _stream: stream, body, items }
    }

    /// The half must have left nothing; whole it is a request like any other.
    fn finish_half(&self, half: Half, fed: &mut Fed) -> Result<(), String> {
        let Body { request, signal, bytes } = half.body;
        let stored = checker::stored(&self.server, None)?;
        if let Some(found) = stored.get(&(signal, request)) {
            return Err(format!("half a request left {found:?} of {} items", half.items));
        }
        self.server.send(signal.path(), &bytes);
        fed.sent.push(Sent { request, signal, items: half.items, outcome: Outcome::Acknowledged });
        Ok(())
    }

    /// What clients do that got no answer, and what those do that lost it: the same bytes once more.
    fn send_again(&self, fed: &mut Fed) -> Result<(), String> {
        for body in fed.unanswered.iter().chain(&fed.acknowledged) {
            let answer = self.server.post_otlp(body.signal.path(), &body.bytes);
            if answer.status != 200 {
                return Err(self.with_output(&format!("sent again: {} {}", answer.status, answer.text())));
            }
            let sent = fed.sent.iter_mut().find(|sent| sent.request == body.request);
            sent.expect("what got no answer was sent").outcome = Outcome::Acknowledged;
        }
        Ok(())
    }

    fn fsck(&self, when: &str) -> Result<(), String> {
        let data_dir = self.place.data_dir().display().to_string();
        let output = server::run(&["fsck", "--data-dir", &data_dir], &borrowed(&self.environment));
        if output.status.code() == Some(0) {
            return Ok(());
        }
        Err(self.with_output(&format!("fsck {when} says {}\n{}", output.status, server::said(&output))))
    }

    fn with_output(&self, wrong: &str) -> String {
        format!("{wrong}\nthe server said:\n{}", tail(&self.server))
    }
}

/// Hours leave as soon as they are sealed, where they leave at all.
fn environment(kind: Kind, bucket: Option<&S3Double>) -> Vec<(String, String)> {
    // The checker tells all items of all seeds apart in one statement.
    let mut environment = vec![(QUERY_MEMORY_BYTES_MAX.to_owned(), "2GiB".to_owned())];
    if kind != Kind::Forgets {
        environment.push((HOT_BYTES_MAX.to_owned(), "64KiB".to_owned()));
    }
    if let Some(bucket) = bucket {
        environment.push((COLD_URL.to_owned(), bucket.url()));
        environment.extend(bucket.env());
    }
    environment
}

fn acknowledged(sent: &[Sent]) -> u64 {
    let acknowledged = sent.iter().filter(|sent| sent.outcome == Outcome::Acknowledged);
    acknowledged.map(|sent| u64::from(sent.items)).sum()
}
