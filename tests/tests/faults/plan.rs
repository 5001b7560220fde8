//! What a seed does: drawn from the seed alone and from what the machine permits.
//!
//! Pure. Owns the mix of scenarios.

use spanlake_bench::random::Random;

/// Acknowledged, of all signals together, before each fault.
pub const ITEMS_BEFORE_FAULT: u64 = 20_000;
/// Seeds that share a data directory.
pub const GROUP_SEEDS: u64 = 10;

/// What this machine permits.
#[derive(Clone, Copy, Debug)]
pub struct Abilities {
    /// System calls of a process can be changed on their way.
    pub injects: bool,
    /// The data directory has a file system of its own, which can be filled.
    pub fills_disk: bool,
    /// The server's clock can be moved.
    pub moves_clock: bool,
    /// What no sync made durable can be taken away.
    pub cuts_power: bool,
    /// Hours leave for the cold tier while clients send.
    pub moves_cold: bool,
    /// The cold tier is a bucket, which can have bad days.
    pub has_bucket: bool,
}

/// The thread that a fault meets, as the server names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    Log,
    Seal,
    Merge,
    Cold,
}

impl Thread {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "spanlake-log",
            Self::Seal => "spanlake-seal",
            Self::Merge => "spanlake-merge",
            Self::Cold => "spanlake-cold",
        }
    }

    /// What it does on its way to a durable change.
    const fn calls(self) -> &'static [&'static str] {
        match self {
            Self::Log => &["pwrite64", "fdatasync", "fallocate", "fsync", "openat", "unlink"],
            Self::Seal => &["openat", "write", "fsync", "rename", "linkat", "unlink"],
            Self::Merge | Self::Cold => &["openat", "write", "fsync", "rename", "linkat", "unlink"],
        }
    }
}

/// Where a call is met.
#[derive(Clone, Copy, Debug)]
pub struct Aim {
    pub thread: Thread,
    pub call: &'static str,
    /// The first of these calls from now on is 1.
    pub nth: u64,
}

/// How a damaged file differs from what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    FlippedBit,
    CutShort,
    Zeroed,
    Removed,
}

/// Every kind of file that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    LogSegment,
    LogTail,
    Edit,
    NewestEdit,
    Checkpoint,
    Data,
    Digests,
    ColdData,
    /// Of the log beside the cold data.
    ColdEdit,
    /// Of the copy of that log, or what is pending.
    ColdState,
}

impl Damage {
    pub const ALL: [Self; 4] = [Self::FlippedBit, Self::CutShort, Self::Zeroed, Self::Removed];
}

impl Kind {
    pub const ALL: [Self; 10] = [
        Self::LogSegment,
        Self::LogTail,
        Self::Edit,
        Self::NewestEdit,
        Self::Checkpoint,
        Self::Data,
        Self::Digests,
        Self::ColdData,
        Self::ColdEdit,
        Self::ColdState,
    ];
}

/// What a bucket does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Unreachable,
    Slow,
    /// Of three requests one fails.
    Failing,
    /// Of three requests one is done, and not answered.
    LosingAnswers,
    /// Says that an object exists which this very request created.
    SaysExists,
    ReadOnly,
    Expired,
}

impl Trouble {
    const ALL: [Self; 7] = [
        Self::Unreachable,
        Self::Slow,
        Self::Failing,
        Self::LosingAnswers,
        Self::SaysExists,
        Self::ReadOnly,
        Self::Expired,
    ];
}

/// What happens.
#[derive(Clone, Copy, Debug)]
pub enum Scenario {
    /// SIGKILL at a random moment.
    Kill { after_micros: u64 },
    /// SIGKILL as a thread is about to make a certain call.
    KillAt(Aim),
    /// A call fails, once or some times; then the server goes on, or has ended by itself.
    Fail { aim: Aim, error: &'static str, times: u64 },
    /// A call fails while the server starts, replays and seals what it replays.
    FailAtStart { call: &'static str, error: &'static str, nth: u64 },
    /// The file system is full for a while; writes are cut short.
    FullDisk { killed_while_full: bool },
    /// The clock jumps under load; it may have jumped back when the server starts again.
    ClockJump { seconds: i64, comes_back: bool },
    /// The bucket of the cold tier has a bad day, which the server may not live to see the end of.
    BadBucket { trouble: Trouble, outlives_server: bool },
    /// SIGTERM under load.
    Stop,
    /// A kill, and then damage in a copy of what is left.
    Damage { kind: Kind, damage: Damage },
}

impl Scenario {
    /// In a word or two, to be counted by.
    pub fn kind(&self) -> String {
        let name = match self {
            Self::Kill { .. } => "kill",
            Self::KillAt(aim) => return format!("kill at a call of {}", aim.thread.name()),
            Self::Fail { aim, .. } => return format!("failing call of {}", aim.thread.name()),
            Self::FailAtStart { .. } => "failing call at start",
            Self::FullDisk { .. } => "full disk",
            Self::ClockJump { .. } => "clock jump",
            Self::BadBucket { trouble, .. } => return format!("bucket: {trouble:?}"),
            Self::Stop => "stop",
            Self::Damage { .. } => "damage",
        };
        name.to_owned()
    }
}

/// A scenario and what surrounds it.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub scenario: Scenario,
    /// A client is in the middle of its request when the fault comes.
    pub holds_half_a_request: bool,
    /// Once the server is down, what it did not sync is lost too.
    pub cuts_power: bool,
    /// Kills while the server starts again.
    pub kills_at_start: u64,
    /// Clients send again what got no answer, and the last request that did.
    pub sends_again: bool,
}

/// The plan of a seed.
pub fn draw(random: &mut Random, abilities: Abilities) -> Plan {
    let scenario = loop {
        let drawn = draw_scenario(random);
        let is_possible = match drawn {
            Scenario::KillAt(aim) | Scenario::Fail { aim, .. } => {
                abilities.injects && (aim.thread != Thread::Cold || abilities.moves_cold)
            }
            Scenario::FailAtStart { .. } => abilities.injects,
            Scenario::BadBucket { .. } => abilities.has_bucket,
            // The copy would have no bucket of its own.
            Scenario::Damage { .. } => !abilities.has_bucket,
            Scenario::FullDisk { .. } => abilities.fills_disk,
            Scenario::ClockJump { .. } => abilities.moves_clock,
            Scenario::Kill { .. } | Scenario::Stop => true,
        };
        if is_possible {
            break drawn;
        }
    };
    let forgets = matches!(scenario, Scenario::ClockJump { .. });
    Plan {
        scenario,
        holds_half_a_request: random.chance(300),
        cuts_power: abilities.cuts_power && random.chance(700),
        kills_at_start: if random.chance(250) { 1 + random.below(2) } else { 0 },
        // Digests are kept by the clock, for ten minutes.
        sends_again: random.chance(500) && !forgets,
    }
}

fn draw_scenario(random: &mut Random) -> Scenario {
    match random.below(170) {
        0..=23 => Scenario::Kill { after_micros: random.below(150_000) },
        24..=43 => Scenario::KillAt(aim(random)),
        44..=63 => {
            let aim = aim(random);
            // What the thread says of its trouble is written too, and must come through.
            let times = if aim.call == "write" { 1 } else { 1 + random.below(3) };
            Scenario::Fail { aim, error: random.pick::<&str>(&["EIO", "ENOSPC", "EDQUOT", "EMFILE"]), times }
        }
        64..=67 => Scenario::FailAtStart {
            call: random.pick::<&str>(&["openat", "fsync", "rename", "linkat", "pread64", "read", "unlink"]),
            error: random.pick::<&str>(&["EIO", "ENOSPC"]),
            nth: 1 + random.below(60),
        },
        68..=73 => Scenario::FullDisk { killed_while_full: random.chance(500) },
        74..=84 => Scenario::ClockJump {
            seconds: *random.pick(&[-90_000, -3_600, -700, -20, 20, 700, 3_700, 90_000, 40_000_000]),
            comes_back: random.chance(500),
        },
        85..=88 => Scenario::Stop,
        100..=169 => Scenario::BadBucket { trouble: *random.pick(&Trouble::ALL), outlives_server: random.chance(500) },
        _ => Scenario::Damage { kind: *random.pick(&Kind::ALL), damage: *random.pick(&Damage::ALL) },
    }
}

fn aim(random: &mut Random) -> Aim {
    let threads = [Thread::Log, Thread::Log, Thread::Seal, Thread::Seal, Thread::Merge, Thread::Cold, Thread::Cold];
    let thread = *random.pick(&threads);
    let call: &'static str = random.pick::<&str>(thread.calls());
    // A seal makes a handful of files, a frame is one write and one sync; segments come and go a few times a second.
    let nth_max = match call {
        "pwrite64" | "fdatasync" => 200,
        "write" | "openat" | "fsync" | "rename" if thread == Thread::Cold => 6,
        "write" | "openat" | "fsync" | "rename" if thread != Thread::Log => 20,
        _ => 2,
    };
    Aim { thread, call, nth: 1 + random.below(nth_max) }
}
