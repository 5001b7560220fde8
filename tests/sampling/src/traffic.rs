//! Realistic traffic of one hour: services that call each other, skewed durations, bursts, storms, late spans.
//!
//! Owns what happens, by seed. Never samples, but for the overload's threshold at the door, which is a part of what
//! happens.

use spanlake_sampler::threshold::Threshold;

use crate::random::Random;

/// Seconds of the hour.
pub const HOUR_SECONDS: f64 = 3_600.0;
pub const REGIONS: usize = 3;
pub const TENANTS: usize = 12;

/// What is special about the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    Steady,
    /// One kind of trace comes ten times as often for some minutes.
    Burst,
    /// Kinds of traces that nobody saw begin within the hour.
    NewOperations,
    /// One operation fails for some minutes.
    ErrorStorm,
    /// The door held back a part of what came.
    Overload,
}

impl Scenario {
    /// All of them; the seed chooses one in turn.
    pub const ALL: [Self; 5] = [Self::Steady, Self::Burst, Self::NewOperations, Self::ErrorStorm, Self::Overload];
}

/// One span.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub operation: u16,
    /// Nanoseconds from the hour's start.
    pub start_time: i64,
    pub duration: i64,
    pub is_error: bool,
    pub hot_bytes: u32,
    /// Came after the others, within the hot time.
    pub is_late: bool,
}

/// One trace with all of its spans, the root first.
#[derive(Clone, Debug)]
pub struct Trace {
    pub id: [u8; 16],
    pub kind: u16,
    pub region: u8,
    pub tenant: u8,
    pub spans: Vec<Span>,
    /// Of the door when it came.
    pub door: Threshold,
    /// Whether it passed the door.
    pub is_received: bool,
}

/// An hour.
#[derive(Clone, Debug)]
pub struct Hour {
    pub seed: u64,
    pub scenario: Scenario,
    /// Names by number: service, then operation.
    pub operations: Vec<(String, String)>,
    pub traces: Vec<Trace>,
    /// Bytes for the cold tier, as a share of all.
    pub budget_share: f64,
}

struct Kind {
    /// Operations below the root, each with a mean number of repetitions.
    parts: Vec<(u16, f64)>,
    root: u16,
    /// Of the root's duration, log of nanoseconds.
    log_duration: f64,
    spread: f64,
    error_rate: f64,
    weight: f64,
    begins_at: f64,
}

/// The hour of that seed, with about so many traces.
#[must_use]
pub fn hour(seed: u64, traces: usize) -> Hour {
    let mut random = Random::new(seed);
    let scenario = Scenario::ALL[usize::try_from(seed).unwrap_or(0) % Scenario::ALL.len()];
    let (operations, kinds) = world(&mut random, scenario);
    let special = usize::try_from(random.below(3)).unwrap_or(0);
    let from = HOUR_SECONDS * (0.2 + 0.4 * random.unit());
    let until = from + 240.0 + 240.0 * random.unit();
    let door = Threshold::from_probability(0.2 + 0.5 * random.unit());
    let mut hour = Hour { seed, scenario, operations, traces: Vec::with_capacity(traces), budget_share: 0.0 };
    let cumulative: Vec<f64> = kinds
        .iter()
        .scan(0.0, |sum, kind| {
            *sum += kind.weight;
            Some(*sum)
        })
        .collect();
    while hour.traces.len() < traces {
        let mut second = random.unit() * HOUR_SECONDS;
        let mut kind = random.weighted(&cumulative);
        if scenario == Scenario::Burst && random.chance(0.3) {
            (second, kind) = (from + random.unit() * (until - from), special);
        }
        if second < kinds[kind].begins_at {
            continue;
        }
        let is_special = (from..until).contains(&second);
        let storm = scenario == Scenario::ErrorStorm && kind == special && is_special;
        let mut trace = make_trace(&mut random, &kinds[kind], kind, second, storm);
        if scenario == Scenario::Overload && is_special {
            trace.door = door;
            let randomness = spanlake_sampler::threshold::Randomness::from_low_bits(u64::from_be_bytes(
                trace.id[8..].try_into().expect("eight bytes of sixteen"),
            ));
            trace.is_received = door.keeps(randomness);
        }
        hour.traces.push(trace);
    }
    hour.budget_share = 0.08 * (4.0_f64).powf(random.unit());
    hour
}

fn world(random: &mut Random, scenario: Scenario) -> (Vec<(String, String)>, Vec<Kind>) {
    let services = 5 + random.below(6);
    let inner: u64 = 14 + random.below(10);
    let mut operations = Vec::new();
    for number in 0..inner {
        operations.push((format!("service-{}", number % services), format!("call-{number}")));
    }
    let kinds_count: u64 = 10 + random.below(8);
    let mut kinds = Vec::new();
    for number in 0..kinds_count {
        let root = u16::try_from(operations.len()).unwrap_or(0);
        operations.push(("gateway".to_owned(), format!("GET /{number}")));
        let parts = (0..1 + random.below(4))
            .map(|_| (u16::try_from(random.below(inner)).unwrap_or(0), 1.0 + 2.0 * random.unit()))
            .collect();
        kinds.push(Kind {
            parts,
            root,
            log_duration: (5e6_f64).ln() + 4.0 * random.unit(),
            spread: 0.4 + 0.9 * random.unit(),
            error_rate: 0.002 * (25.0_f64).powf(random.unit()),
            weight: 1.0 / (number as f64 + 1.0).powf(1.1),
            begins_at: 0.0,
        });
    }
    if scenario == Scenario::NewOperations {
        for kind in kinds.iter_mut().skip(2).step_by(3) {
            kind.begins_at = HOUR_SECONDS * (0.3 + 0.5 * random.unit());
        }
    }
    (operations, kinds)
}

fn make_trace(random: &mut Random, kind: &Kind, number: usize, second: f64, storm: bool) -> Trace {
    let mut id = [0_u8; 16];
    id[..8].copy_from_slice(&random.bits().to_be_bytes());
    id[8..].copy_from_slice(&random.bits().to_be_bytes());
    let fails = random.chance(if storm { 0.7 } else { kind.error_rate });
    // Failures are often slow: they wait for a timeout.
    let slower = if fails { 0.8 } else { 0.0 };
    let region = random.weighted(&[0.55, 0.85, 1.0]);
    let duration = (kind.log_duration + slower + 0.2 * region as f64 + kind.spread * random.normal()).exp();
    let start_time = (second * 1e9) as i64;
    let mut spans = vec![span(random, kind.root, start_time, duration, fails, false)];
    for (operation, repetitions) in &kind.parts {
        let count = 1 + (repetitions * -(1.0 - random.unit()).ln()) as usize;
        for _ in 0..count.min(20) {
            let part = duration * 0.6 * random.unit() / count as f64;
            let offset = (duration * random.unit()) as i64;
            let is_error = fails && random.chance(0.3);
            let is_late = random.chance(0.02);
            spans.push(span(random, *operation, start_time + offset, part.max(1_000.0), is_error, is_late));
        }
    }
    let tenant_weights: Vec<f64> = (0..TENANTS)
        .scan(0.0, |sum, tenant| {
            *sum += 1.0 / (tenant as f64 + 1.0);
            Some(*sum)
        })
        .collect();
    Trace {
        id,
        kind: u16::try_from(number).unwrap_or(0),
        region: u8::try_from(region).unwrap_or(0),
        tenant: u8::try_from(random.weighted(&tenant_weights)).unwrap_or(0),
        spans,
        door: Threshold::KEEP_ALL,
        is_received: true,
    }
}

fn span(random: &mut Random, operation: u16, start_time: i64, duration: f64, is_error: bool, is_late: bool) -> Span {
    let bytes = 60 + u64::from(operation) * 4 + random.below(60) + if is_error { 300 } else { 0 };
    Span {
        operation,
        start_time,
        duration: duration as i64,
        is_error,
        hot_bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        is_late,
    }
}
