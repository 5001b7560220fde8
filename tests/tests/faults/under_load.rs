//! The worst of each scenario, done while clients send.
//!
//! Owns the moment. Leaves the server down, except where it says otherwise; never looks at what is stored.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use spanlake_test_s3::{Lie, Mode, S3Double};
use spanlake_tests::feeder::Progress;
use spanlake_tests::server::{PATIENCE, TestServer};

use super::injection::{Injection, Instead};
use super::place::Place;
use super::plan::{Aim, Scenario, Thread, Trouble};
use spanlake_tests::clock::Clock;

/// How long a call is waited for that a thread may not make.
const AIM_PATIENCE: Duration = Duration::from_secs(2);
/// What the server ends with when it cannot know what is durable, as sysexits has it.
const EXIT_IO: i32 = 74;

/// What a scenario needs at hand.
pub struct Hands<'a> {
    pub server: &'a mut TestServer,
    pub progress: &'a Progress,
    pub place: &'a Place,
    pub clock: Option<&'a Clock>,
    pub bucket: Option<&'a S3Double>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    Hit,
    /// The call that was waited for did not come.
    Missed,
}

/// Does it; clients have sent enough.
pub fn strike(scenario: Scenario, hands: &mut Hands) -> Result<Met, String> {
    match scenario {
        Scenario::Kill { after_micros } => {
            std::thread::sleep(Duration::from_micros(after_micros));
            hands.server.kill();
            Ok(Met::Hit)
        }
        Scenario::KillAt(aim) => kill_at(aim, hands),
        Scenario::Fail { aim, error, times } => fail(aim, error, times, hands),
        Scenario::FullDisk { killed_while_full } => fill_disk(killed_while_full, hands),
        Scenario::ClockJump { seconds, .. } => {
            hands.clock.expect("drawn only where there is one").jump(seconds);
            goes_on(hands)?;
            hands.server.kill();
            Ok(Met::Hit)
        }
        Scenario::BadBucket { trouble, outlives_server } => trouble_bucket(trouble, outlives_server, hands),
        Scenario::Stop => {
            let status = hands.server.stop();
            if status.code() == Some(0) { Ok(Met::Hit) } else { Err(format!("a stop under load ended with {status}")) }
        }
        Scenario::FailAtStart { .. } | Scenario::Damage { .. } => {
            hands.server.kill();
            Ok(Met::Hit)
        }
    }
}

/// Merges wait for a lull.
fn calm_down_for(thread: Thread, hands: &Hands) {
    if thread == Thread::Merge {
        hands.progress.stop.store(true, Ordering::Release);
    }
}

fn ends_soon(hands: &mut Hands) -> bool {
    let began = Instant::now();
    while hands.server.ended().is_none() {
        if began.elapsed() > Duration::from_secs(5) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

fn kill_at(aim: Aim, hands: &mut Hands) -> Result<Met, String> {
    let Some(injection) = Injection::at(hands.server.id(), aim, Instead::Kill, hands.place.path()) else {
        // It may have been killed before anybody could see the tracer; a process with much memory takes a while to end.
        return if ends_soon(hands) { Ok(Met::Hit) } else { Err("the tracer cannot attach".to_owned()) };
    };
    calm_down_for(aim.thread, hands);
    let began = Instant::now();
    while began.elapsed() < AIM_PATIENCE {
        if hands.server.ended().is_some() {
            drop(injection);
            hands.server.kill();
            return Ok(Met::Hit);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    hands.server.kill();
    Ok(Met::Missed)
}

fn fail(aim: Aim, error: &'static str, times: u64, hands: &mut Hands) -> Result<Met, String> {
    let instead = Instead::Error { name: error, times };
    let injection = Injection::at(hands.server.id(), aim, instead, hands.place.path());
    let injection = injection.ok_or("the tracer cannot attach")?;
    calm_down_for(aim.thread, hands);
    let began = Instant::now();
    while began.elapsed() < AIM_PATIENCE && injection.hits() < times && hands.server.ended().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let met = if injection.hits() > 0 { Met::Hit } else { Met::Missed };
    drop(injection);
    // Merges come and go with the seals, which are not what failed.
    if aim.thread != Thread::Merge {
        goes_on_or_ends(hands)?;
    }
    hands.server.kill();
    Ok(met)
}

/// The server may say that going on could acknowledge what is not durable; then it says so and ends.
fn goes_on_or_ends(hands: &mut Hands) -> Result<(), String> {
    goes_on(hands).or_else(|wrong| {
        let code = hands.server.ended().and_then(|status| status.code());
        if code == Some(EXIT_IO) && hands.server.output().contains("fatal: ") { Ok(()) } else { Err(wrong) }
    })
}

fn fill_disk(killed_while_full: bool, hands: &mut Hands) -> Result<Met, String> {
    let ballast = hands.place.fill(300_000);
    let refused = hands.progress.refusals.load(Ordering::Acquire);
    wait("requests are refused on a full disk", hands, |progress| progress.refusals.load(Ordering::Acquire) > refused)?;
    if killed_while_full {
        hands.server.kill();
        // Who starts on a full disk may have to seal what it replays, and then cannot; it must say so.
        hands.server.spawn_again();
        if !hands.server.wait_ready_or_ended() && !tail(hands.server).contains("No space left") {
            return Err(format!("a start on a full disk does not say why it ended\n{}", tail(hands.server)));
        }
        hands.server.kill();
        drop(ballast);
    } else {
        drop(ballast);
        goes_on(hands)?;
        hands.server.kill();
    }
    Ok(Met::Hit)
}

/// Whatever a bucket does, requests are taken.
fn trouble_bucket(trouble: Trouble, outlives_server: bool, hands: &mut Hands) -> Result<Met, String> {
    let bucket = hands.bucket.expect("drawn only where there is one");
    let before = bucket.counts().requests;
    let seed = hands.progress.items_acknowledged.load(Ordering::Acquire);
    bucket.set_mode(match trouble {
        Trouble::Unreachable => Mode::unreachable(),
        Trouble::Slow => Mode::slow(300),
        Trouble::Failing => Mode::failing(333, seed),
        Trouble::LosingAnswers => Mode::losing_answers(333, seed),
        Trouble::SaysExists => Mode::lying(Lie::SaysExists),
        Trouble::ReadOnly => Mode::read_only(),
        Trouble::Expired => Mode::expired_credentials(),
    });
    goes_on(hands)?;
    if outlives_server {
        // What moves is the last to get a core; it shall meet the trouble before the end.
        hands.progress.stop.store(true, Ordering::Release);
    }
    let began = Instant::now();
    // Not so long that the small disk fills up with what waits.
    let patience = if outlives_server { 5 * AIM_PATIENCE } else { AIM_PATIENCE };
    while began.elapsed() < patience && bucket.counts().requests < before + 20 {
        std::thread::sleep(Duration::from_millis(2));
    }
    // Connections to a closed port are not counted.
    let is_met = trouble == Trouble::Unreachable || bucket.counts().requests > before;
    if !outlives_server {
        bucket.set_mode(Mode::healthy());
        goes_on(hands)?;
    }
    hands.server.kill();
    Ok(if is_met { Met::Hit } else { Met::Missed })
}

/// Ingest must resume by itself.
fn goes_on(hands: &mut Hands) -> Result<(), String> {
    let acknowledged = |progress: &Progress| progress.items_acknowledged.load(Ordering::Acquire);
    let so_far = acknowledged(hands.progress);
    wait("ingest goes on", hands, |progress| acknowledged(progress) > so_far + 2_000)
}

fn wait(what: &str, hands: &mut Hands, is_so: impl Fn(&Progress) -> bool) -> Result<(), String> {
    let began = Instant::now();
    while !is_so(hands.progress) {
        if let Some(status) = hands.server.ended() {
            return Err(format!("{what}: the server ended with {status}\n{}", tail(hands.server)));
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("{what}: not within {PATIENCE:?}\n{}", tail(hands.server)));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// The last of what the server said.
pub fn tail(server: &TestServer) -> String {
    let output = server.output();
    let lines: Vec<&str> = output.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
