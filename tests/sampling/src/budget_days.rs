//! Ten days of hours on a budget: steps of ten times, storms, nights, and files that compress otherwise than hoped.
//!
//! Owns the simulated writing: what the cold files take is the kept hot bytes times a factor that wanders, jumps with
//! storms, and depends on the share that is kept. Never looks into the sampler.

use spanlake_sampler::budget::{BudgetLedger, BudgetSettings, HourRecord};
use spanlake_sampler::cost::{CostModel, Observed};
use spanlake_sampler::decide::settings::ImportanceSettings;
use spanlake_sampler::decide::{DecisionInput, decide};
use spanlake_sampler::profile::OperationProfiles;
use spanlake_sampler::red::rows::RedRow;
use spanlake_sampler::rules::RuleSet;
use spanlake_sampler::summary::TraceSummary;

use crate::methods;
use crate::random::Random;
use crate::report::Check;
use crate::traffic;

const HOURS: i64 = 10 * 24;

/// The worst hour against its allotment and the worst day against the budget.
#[must_use]
pub fn checks(seed: u64) -> Vec<Check> {
    let mut hour_worst: f64 = 0.0;
    let mut day_worst: f64 = 0.0;
    let mut random = Random::new(seed ^ 0xb0d6);
    let hours = Supply::new(seed);
    let settings = BudgetSettings { day_bytes: 24 * 220_000 };
    let mut ledger = BudgetLedger::default();
    let mut cost = CostModel::default();
    let mut wander = 0.7;
    for hour in 0..HOURS {
        wander *= (0.01 * random.normal()).exp();
        let supply = hours.at(hour);
        let budget_bytes = ledger.allotment(hour, &settings);
        let written = supply.write(&mut cost, budget_bytes, wander);
        let allotted = budget_bytes.min(written.offered_bytes);
        if hour >= 24 {
            hour_worst = hour_worst.max((written.bytes / allotted - 1.0).abs());
        }
        ledger.record(HourRecord {
            hour,
            allotted_bytes: budget_bytes,
            level_bytes: ledger.level(hour, &settings),
            offered_bytes: written.offered_bytes,
            written_bytes: written.bytes,
        });
        if hour >= 48 {
            day_worst = day_worst.max((ledger.day_written(hour) / (24.0 * 220_000.0) - 1.0).abs());
        }
    }
    vec![
        Check {
            what: "each hour's bytes within 2 % of its allotment".to_owned(),
            found: format!("worst {:.2} %", hour_worst * 100.0),
            holds: hour_worst <= 0.02,
        },
        Check {
            what: "each rolling day's bytes within 1 %".to_owned(),
            found: format!("worst {:.2} %", day_worst * 100.0),
            holds: day_worst <= 0.01,
        },
    ]
}

struct Written {
    bytes: f64,
    offered_bytes: f64,
}

/// Hours of different kinds, made once.
struct Supply {
    hours: Vec<(Vec<TraceSummary>, Vec<RedRow>)>,
}

struct SupplyOfHour<'a> {
    summaries: &'a [TraceSummary],
    rows: &'a [RedRow],
    is_storm: bool,
}

impl Supply {
    fn new(seed: u64) -> Self {
        let make = |(number, traces): (u64, usize)| {
            let hour = traffic::hour((seed * 5 + number) * 5 + number % 4, traces);
            let rows = methods::red_rows(&hour);
            let summaries = hour.traces.iter().map(|trace| methods::summary(&hour, trace, &RuleSet::default()));
            (summaries.collect(), rows)
        };
        Self { hours: (0..).zip([2_500, 2_500, 4_000, 25_000]).map(make).collect() }
    }

    /// Nights of a tenth of the days, and every few days hours of ten times the traffic.
    fn at(&self, hour: i64) -> SupplyOfHour<'_> {
        let is_step = (hour / 3) % 19 == 7;
        let which = if is_step { 3 } else { usize::try_from(hour % 3).unwrap_or(0) };
        let (summaries, rows) = &self.hours[which];
        SupplyOfHour { summaries, rows, is_storm: hour % 37 == 5 }
    }
}

impl SupplyOfHour<'_> {
    /// Decides, writes, learns. What does not take what it was foreseen to is decided again, up to three times.
    fn write(&self, cost: &mut CostModel, budget_bytes: f64, wander: f64) -> Written {
        let profiles = OperationProfiles::from_rows(self.rows);
        // A storm's spans repeat themselves, so they compress better; a thinner sample compresses worse.
        let storm = if self.is_storm { 0.8 } else { 1.0 };
        let kept_of = |cost: &CostModel, hour_budget: f64| {
            let input = DecisionInput {
                profiles: &profiles,
                rules: &RuleSet::default(),
                cost,
                settings: &ImportanceSettings::default(),
                budget_bytes: hour_budget,
                epoch: 0,
                hashes_unflagged_ids: false,
            };
            let (_, decisions) = decide(self.summaries, &input);
            let kept = self.summaries.iter().zip(&decisions).filter(|(_, decision)| decision.is_kept);
            kept.map(|(summary, _)| summary.span_bytes as f64).sum::<f64>()
        };
        let all_hot: f64 = self.summaries.iter().map(|summary| summary.span_bytes as f64).sum();
        let factor = |hot: f64| wander * storm * (hot / all_hot).powf(-0.03);
        let mut proposals = 0;
        let (observed, bytes) = loop {
            let hot = kept_of(cost, budget_bytes);
            let predicted_bytes = hot * cost.cold_bytes_per_hot_span_byte;
            let bytes = hot * factor(hot);
            let observed = Observed { predicted_bytes, written_bytes: bytes };
            proposals += 1;
            if proposals == 3 || (bytes / predicted_bytes - 1.0).abs() <= 0.005 {
                break (observed, bytes);
            }
            *cost = cost.after_proposal(observed, Observed::default());
        };
        cost.learn(observed, Observed::default());
        Written { bytes, offered_bytes: all_hot * factor(all_hot) }
    }
}
