//! What must hold besides answers: the door's rate through steps, rare operations, the speed of a decision.
//!
//! Owns the simulated clock of the door and the hours with a rare operation. Speed alone is measured, not simulated.

use std::time::Instant;

use spanlake_sampler::cost::CostModel;
use spanlake_sampler::decide::settings::ImportanceSettings;
use spanlake_sampler::decide::{DecisionInput, decide};
use spanlake_sampler::door::{DoorController, DoorSetting, DoorSettings};
use spanlake_sampler::profile::OperationProfiles;
use spanlake_sampler::rules::RuleSet;
use spanlake_sampler::summary::TraceSummary;
use spanlake_sampler::threshold::{Randomness, Threshold};

use crate::methods;
use crate::random::Random;
use crate::report::Check;
use crate::traffic::{self, Hour};

const TARGET_BYTES: f64 = 1e6;
/// Hours with an operation that is in ten of 10,000 traces: of the whole study, and of its fast version.
const RARE_HOURS: u64 = 200;
const RARE_HOURS_FAST: u64 = 10;
const RARE_TRACES: usize = 10;
const TRACES: usize = 10_000;

/// All of them; the fast version has fewer hours, and no speed, which depends on the machine.
#[must_use]
pub fn checks(seed: u64, is_fast: bool) -> Vec<Check> {
    let mut checks = door(seed);
    checks.push(rare_operations(seed, if is_fast { RARE_HOURS_FAST } else { RARE_HOURS }));
    if !is_fast {
        checks.push(speed(seed));
    }
    checks
}

/// Steps of ten times up and down, every second a tenth off; traces of 400 to 1,600 bytes.
fn door(seed: u64) -> Vec<Check> {
    let setting = DoorSetting::BytesPerSecond(TARGET_BYTES);
    let mut door = DoorController::new(&DoorSettings { default: Some(setting), ..DoorSettings::default() });
    let mut random = Random::new(seed ^ 0xd00d);
    let (mut ten_seconds_worst, mut ten_minutes_worst): (f64, f64) = (0.0, 0.0);
    for traces in [2_500.0, 25_000.0, 2_500.0, 8_000.0, 25_000.0] {
        let passed: Vec<f64> = (0..600).map(|_| second(&mut door, &mut random, traces)).collect();
        let off = |bytes: &[f64]| (bytes.iter().sum::<f64>() / (bytes.len() as f64 * TARGET_BYTES) - 1.0).abs();
        ten_seconds_worst = passed[10..].windows(10).map(off).fold(ten_seconds_worst, f64::max);
        ten_minutes_worst = ten_minutes_worst.max(off(&passed));
    }
    vec![
        Check {
            what: "the door's bytes within 10 % of its rate, ten seconds after steps of ten times".to_owned(),
            found: format!("worst {:.2} %", ten_seconds_worst * 100.0),
            holds: ten_seconds_worst <= 0.10,
        },
        Check {
            what: "the door's bytes within 2 % of its rate over ten minutes, steps included".to_owned(),
            found: format!("worst {:.2} %", ten_minutes_worst * 100.0),
            holds: ten_minutes_worst <= 0.02,
        },
    ]
}

fn second(door: &mut DoorController, random: &mut Random, traces: f64) -> f64 {
    let noisy = traces * (0.9 + 0.2 * random.unit());
    let mut passed = 0.0;
    for _ in 0..noisy as u64 {
        let bytes = 400 + random.below(1_200);
        if door.admit("shop", Randomness::from_low_bits(random.bits()), Threshold::KEEP_ALL, bytes).is_some() {
            passed += bytes as f64;
        }
    }
    door.tick(1.0);
    passed
}

/// Hours of which ten traces have an operation that no other has, on a budget of a tenth.
fn rare_operations(seed: u64, hours: u64) -> Check {
    let mut with_one = 0;
    for number in 0..hours {
        let mut hour = traffic::hour(seed + number * 5, TRACES);
        let rare = u16::try_from(hour.operations.len()).unwrap_or(0);
        hour.operations.push(("cron".to_owned(), "once in a while".to_owned()));
        let step = TRACES / RARE_TRACES;
        for trace in hour.traces.iter_mut().step_by(step) {
            trace.spans[0].operation = rare;
        }
        let kept = Offered::of(&hour).kept(0.1);
        let is_kept = kept.iter().step_by(step).any(|is_kept| *is_kept);
        with_one += u64::from(is_kept);
    }
    Check {
        what: format!("an operation in {RARE_TRACES} of {TRACES} traces has one that is kept, in 99 % of hours"),
        found: format!("{with_one} of {hours}"),
        holds: with_one as f64 >= 0.99 * hours as f64,
    }
}

/// What a decision is made from.
struct Offered {
    summaries: Vec<TraceSummary>,
    profiles: OperationProfiles,
}

impl Offered {
    fn of(hour: &Hour) -> Self {
        let rules = RuleSet::default();
        let summaries = hour.traces.iter().map(|trace| methods::summary(hour, trace, &rules)).collect();
        Self { summaries, profiles: OperationProfiles::from_rows(&methods::red_rows(hour)) }
    }

    /// Which traces are kept on that share of the bytes.
    fn kept(&self, share: f64) -> Vec<bool> {
        let (rules, cost, settings) = (RuleSet::default(), CostModel::default(), ImportanceSettings::default());
        let offered: f64 = self.summaries.iter().map(|summary| cost.bytes_of(summary)).sum();
        let input = DecisionInput {
            profiles: &self.profiles,
            rules: &rules,
            cost: &cost,
            settings: &settings,
            budget_bytes: offered * share,
            epoch: 0,
            hashes_unflagged_ids: false,
        };
        decide(&self.summaries, &input).1.into_iter().map(|decision| decision.is_kept).collect()
    }
}

fn speed(seed: u64) -> Check {
    let hour = traffic::hour(seed - seed % 5, 50_000);
    let spans: usize = hour.traces.iter().map(|trace| trace.spans.len()).sum();
    let offered = Offered::of(&hour);
    let began = Instant::now();
    let traces = offered.kept(0.1).len();
    let a_second = spans as f64 / began.elapsed().as_secs_f64();
    Check {
        what: "a million spans decided a second of one core, from summaries".to_owned(),
        found: format!("{:.1} million, of {traces} traces", a_second / 1e6),
        holds: a_second >= 1e6,
    }
}
