//! Numbers of spans of which each may stand for others: those that sampling kept, and those of a sample of traces that an
//! answer looks at.
//!
//! Owns the sum by Horvitz and Thompson over traces, which are kept or left out as a whole, and its 95 % interval (the
//! formulas are `spanlake_sampler`'s). Never decides what is looked at.

use arrow::datatypes::Float64Type;
use serde_json::{Value, json};
use spanlake_sampler::estimate::clusters::Moments;
use spanlake_sampler::estimate::interval;
use spanlake_schemas::tables::Table;
use spanlake_store::Version;

use crate::columns::{Named, Numbers};

/// What such an answer says of itself.
pub(crate) const FROM_KEPT: &str = "estimated from the spans that sampling kept";

/// Whether sampling left out spans of files with spans that start from `start` and before `end`, nanoseconds, or of
/// unsealed ones.
pub(crate) fn is_sampled(version: &Version, (start, end): (i64, i64)) -> bool {
    let mut hot = version.hot(Table::Spans).iter().filter(|batch| batch.is_sampled());
    version.has_sampled_files(Table::Spans, start, end)
        || hot.any(|batch| batch.time_max >= start && batch.time_min < end)
}

/// Says in the `stats` of an answer that its numbers are estimates, and of which share of the traces.
pub(crate) fn add_sample(stats: &mut Value, parts: u64, is_sampled: bool) {
    if parts > 1 || is_sampled {
        stats["sampled"] = json!(true);
    }
    if parts > 1 {
        stats["share"] = json!(1.0 / parts as f64);
    }
}

/// `count(*)` of rows, or of those that meet a condition, in which each counts as what it stands for.
pub(crate) fn weighed_count(condition: &str) -> String {
    format!(
        "CAST(round(coalesce(sum(1.0 / coalesce(sampling_probability, 1.0)) FILTER (WHERE {condition}), 0.0)) AS BIGINT)"
    )
}

/// The probabilities with which rows are looked at: kept, and one trace in `parts`.
pub(crate) struct Probabilities<'a> {
    kept: Numbers<'a, Float64Type>,
    parts: f64,
}

impl<'a> Probabilities<'a> {
    /// Of rows with `sampling_probability`, which may be missing.
    pub(crate) fn of(rows: &'a impl Named, parts: u64) -> Self {
        Self { kept: Numbers::of(rows, "sampling_probability"), parts: parts.max(1) as f64 }
    }

    pub(crate) fn at(&self, row: usize) -> f64 {
        self.kept.at(row).filter(|kept| *kept > 0.0 && *kept <= 1.0).unwrap_or(1.0) / self.parts
    }
}

/// A number of spans.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Estimate {
    total: f64,
    moments: Moments,
}

impl Estimate {
    /// So many spans of a trace that is looked at with that probability.
    pub(crate) fn add(&mut self, spans: f64, probability: f64) {
        self.total += spans / probability;
        if probability < 1.0 {
            self.moments.add((1.0 - probability).sqrt() * spans / probability);
        }
    }

    /// As a whole number.
    pub(crate) fn value(&self) -> u64 {
        whole(self.total)
    }

    /// Its bounds as they stand in answers; `None` where it is counted.
    pub(crate) fn interval(&self) -> Option<Value> {
        let (below, above) = interval::score(&self.moments);
        (self.moments.second > 0.0)
            .then(|| json!([whole(self.total + below), above.is_finite().then(|| whole(self.total + above))]))
    }
}

/// The nearest whole number that is not negative.
pub(crate) fn whole(number: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded and above zero; else saturated"
    )]
    let rounded = number.round().max(0.0) as u64;
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_at_as_a_whole_is_counted() {
        let mut estimate = Estimate::default();
        (0..10).for_each(|_| estimate.add(3.0, 1.0));
        assert_eq!((estimate.value(), estimate.interval()), (30, None));
    }

    #[test]
    fn a_kept_trace_stands_for_others() {
        let mut estimate = Estimate::default();
        (0..1000).for_each(|_| estimate.add(1.0, 0.25));
        let interval = estimate.interval().unwrap();
        let [low, high] = [0, 1].map(|end| interval[end].as_u64().unwrap());
        assert_eq!(estimate.value(), 4000);
        // Twice the root of 1000 · 0.75 · 16.
        assert!((3780..3800).contains(&low) && (4210..4230).contains(&high), "{interval}");
    }
}
