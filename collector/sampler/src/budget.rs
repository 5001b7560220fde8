//! The byte budget of a rolling day, shared out to hours.
//!
//! Owns each hour's allotment and the record of what hours took. Bytes of spans with events and links, and of logs with
//! a trace id, as written to the cold tier. Never looks at a clock: hours are numbers since the epoch.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

const HOURS_A_DAY: i64 = 24;
const HOURS_A_DAY_AS_DOUBLE: f64 = 24.0;
/// Over how many hours an error is made up for.
const SPREAD_HOURS: f64 = 6.0;
/// However much was overspent, an hour is never left without anything: no class may have probability zero.
const LEAST_SHARE: f64 = 0.05;

/// The budget, as set by the user.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetSettings {
    /// Bytes by which the cold tier may grow in any 24 hours.
    pub day_bytes: u64,
}

/// What one hour was given and took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HourRecord {
    /// Hours since the epoch.
    pub hour: i64,
    pub allotted_bytes: f64,
    /// The day's level at that hour: [`BudgetLedger::level`].
    pub level_bytes: f64,
    /// What all traces together would have cost.
    pub offered_bytes: f64,
    pub written_bytes: f64,
}

/// The last day's hours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BudgetLedger {
    hours: VecDeque<HourRecord>,
}

impl BudgetLedger {
    /// The bytes that this hour may take: the day's level, plus or minus a part of the errors of the 23 hours before;
    /// never so much that the sum of 24 hours would pass the budget.
    #[must_use]
    pub fn allotment(&self, hour: i64, settings: &BudgetSettings) -> f64 {
        let day = day_bytes(settings);
        let level = self.level(hour, settings);
        let (mut written, mut owed) = (0.0, 0.0);
        for record in self.before(hour) {
            written += record.written_bytes;
            owed += record.level_bytes.min(record.offered_bytes) - record.written_bytes;
        }
        (level + owed / SPREAD_HOURS).min(day - written).max(day / HOURS_A_DAY_AS_DOUBLE * LEAST_SHARE)
    }

    /// The height up to which each of 24 hours may be filled so that their sum is the budget, if they offer what the
    /// same hours offered a day ago: an even share where all offer enough; more where nights offer less.
    #[must_use]
    pub fn level(&self, hour: i64, settings: &BudgetSettings) -> f64 {
        let mut offered: Vec<f64> = self.before(hour).map(|record| record.offered_bytes).collect();
        // The hour itself, a day ago; hours that nobody knows offer enough.
        offered.extend(
            self.hours.iter().find(|record| record.hour == hour - HOURS_A_DAY).map(|day_ago| day_ago.offered_bytes),
        );
        offered.sort_unstable_by(f64::total_cmp);
        let mut left = day_bytes(settings);
        let mut hours = HOURS_A_DAY_AS_DOUBLE;
        for bytes in offered {
            if bytes >= left / hours {
                break;
            }
            left -= bytes;
            hours -= 1.0;
        }
        if hours >= 1.0 { left / hours } else { left }
    }

    fn before(&self, hour: i64) -> impl Iterator<Item = &HourRecord> {
        self.hours.iter().filter(move |record| record.hour < hour && record.hour > hour - HOURS_A_DAY)
    }

    /// Notes a finished hour; a second note of one hour replaces the first. Older than two days is forgotten.
    pub fn record(&mut self, record: HourRecord) {
        self.hours.retain(|known| known.hour != record.hour && known.hour > record.hour - 2 * HOURS_A_DAY);
        let place = self.hours.partition_point(|known| known.hour < record.hour);
        self.hours.insert(place, record);
    }

    /// The hours that are known, oldest first.
    pub fn hours(&self) -> impl Iterator<Item = &HourRecord> {
        self.hours.iter()
    }

    /// Bytes written in the 24 hours that end with this one.
    #[must_use]
    pub fn day_written(&self, hour: i64) -> f64 {
        let within = self.hours.iter().filter(|record| record.hour <= hour && record.hour > hour - HOURS_A_DAY);
        within.map(|record| record.written_bytes).sum()
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a day, below 2^53")]
fn day_bytes(settings: &BudgetSettings) -> f64 {
    settings.day_bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: BudgetSettings = BudgetSettings { day_bytes: 24_000_000 };

    fn run(ledger: &mut BudgetLedger, hour: i64, offered_bytes: f64, error: f64) -> f64 {
        let allotted_bytes = ledger.allotment(hour, &SETTINGS);
        let written_bytes = allotted_bytes.min(offered_bytes) * (1.0 + error);
        let level_bytes = ledger.level(hour, &SETTINGS);
        ledger.record(HourRecord { hour, allotted_bytes, level_bytes, offered_bytes, written_bytes });
        written_bytes
    }

    #[test]
    fn what_the_night_leaves_the_day_may_take_and_no_day_passes_the_budget() {
        let mut ledger = BudgetLedger::default();
        for hour in 0..240 {
            let offered = if hour % 24 < 8 { 1e5 } else { 1e8 };
            run(&mut ledger, hour, offered, 0.0);
            if hour >= 24 {
                let day = ledger.day_written(hour);
                assert!(day <= 24e6 * 1.0001, "{hour} {day}");
                assert!(hour < 48 || day > 24e6 * 0.99, "{hour} {day}");
            }
        }
    }

    #[test]
    fn errors_of_single_hours_do_not_add_up() {
        let mut ledger = BudgetLedger::default();
        for hour in 0..240_i64 {
            let error = if hour.rem_euclid(5) < 2 { 0.02 } else { -0.012 };
            run(&mut ledger, hour, 1e9, error);
            if hour >= 24 {
                assert!((ledger.day_written(hour) / 24e6 - 1.0).abs() < 0.01, "{hour}");
            }
        }
    }
}
