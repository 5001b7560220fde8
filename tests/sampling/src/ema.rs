//! EMA dynamic sampling, as Honeycomb's dynsampler-go does it (`EMASampleRate`), to compare with.
//!
//! Owns the formula: per key and interval, `EMA <- a n + (1 - a) EMA`; the goal of kept traces is shared out by
//! `log10 EMA`; the rate is the ceiling of `EMA / goal`, one for a key not seen before. The key is root service, root
//! operation and whether the trace failed, as its users are advised. Never sees a byte: whoever calls it turns the goal
//! until the bytes are equal.

use std::collections::BTreeMap;

const ALPHA: f64 = 0.5;
/// Keys with a smaller mean are forgotten.
const AGE_OUT: f64 = 0.5;

/// Counts of one interval, by key.
pub type Interval = BTreeMap<u32, f64>;

/// The rates in force in each interval, by key: an interval is sampled by what was learnt before it.
#[must_use]
pub fn rates(intervals: &[Interval], goal_rate: f64) -> Vec<BTreeMap<u32, f64>> {
    let mut means: BTreeMap<u32, f64> = BTreeMap::new();
    let mut current: BTreeMap<u32, f64> = BTreeMap::new();
    let mut all = Vec::with_capacity(intervals.len());
    for counts in intervals {
        all.push(current.clone());
        for (key, mean) in &mut means {
            *mean = ALPHA * counts.get(key).copied().unwrap_or(0.0) + (1.0 - ALPHA) * *mean;
        }
        for (key, count) in counts {
            means.entry(*key).or_insert(ALPHA * count);
        }
        means.retain(|_, mean| *mean >= AGE_OUT);
        current = rates_of(&means, goal_rate);
    }
    all
}

fn rates_of(means: &BTreeMap<u32, f64>, goal_rate: f64) -> BTreeMap<u32, f64> {
    let total: f64 = means.values().sum();
    let logs: f64 = means.values().map(|mean| mean.max(1.0).log10()).sum();
    let ratio = if logs > 0.0 { total / goal_rate / logs } else { 0.0 };
    let mut left_over = 0.0;
    let mut keys_left = means.len() as f64;
    let mut rates = BTreeMap::new();
    for (key, mean) in means {
        let mean = mean.max(1.0);
        let share = left_over / keys_left;
        let goal = (ratio * mean.log10()).max(1.0) + share;
        left_over -= share;
        keys_left -= 1.0;
        if mean <= goal {
            left_over += goal - mean;
            rates.insert(*key, 1.0);
        } else {
            let rate = (mean / goal).ceil();
            left_over += goal - mean / rate;
            rates.insert(*key, rate);
        }
    }
    rates
}
