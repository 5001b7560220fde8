//! Runs seeds and gathers figures.
//!
//! Owns which answers count: those from at least 30 kept traces that are not exact, of a truth above zero (an interval
//! that begins at zero covers a true zero always, which would only flatter). Never prints.

use std::collections::BTreeMap;

use spanlake_sampler::estimate::{Estimate, FEW_TRACES};

use crate::answers::{self, Answer, CalibratedAnswer, Measure, Truth};
use crate::figures::{Chosen, Figures, Kind, Mean};
use crate::methods::{self, Method};
use crate::traffic;

/// Traces of an hour.
pub const TRACES: usize = 10_000;

/// Adds one seed.
pub fn run_seed(figures: &mut Figures, seed: u64, traces: usize) {
    let hour = traffic::hour(seed, traces);
    let sampled = methods::sample(&hour);
    let truth = Truth::of(&hour);
    let by_method: BTreeMap<Method, Vec<Answer>> =
        sampled.samples.iter().map(|(method, sample)| (*method, answers::answers(&hour, &truth, sample))).collect();
    figures.seeds += 1;
    figures.budget.add(sampled.kept_bytes / sampled.budget_bytes);
    for (method, sample) in &sampled.samples {
        let kept = hour.traces.iter().zip(sample).filter(|(_, choice)| choice.is_kept);
        let bytes: f64 = kept.map(|(trace, _)| methods::bytes_of(trace)).sum();
        figures.bytes.entry(*method).or_default().add(bytes / sampled.kept_bytes);
    }
    for (method, answers) in &by_method {
        gather(figures, *method, answers);
    }
    compare_widths(figures, &by_method);
    let calibrated = answers::calibrated_answers(&hour, &sampled.rows, &sampled.samples[&Method::Spanlake]);
    gather_calibrated(figures, &calibrated);
}

fn is_covered(estimate: &Estimate, truth: f64) -> bool {
    let slack = 1e-9 * truth.abs();
    estimate.low <= truth + slack && truth <= estimate.high + slack
}

fn counts(estimate: &Estimate, truth: f64) -> bool {
    !estimate.has_few_traces && !estimate.is_exact && truth > 0.0
}

fn gather(figures: &mut Figures, method: Method, answers: &[Answer]) {
    let mut errors: BTreeMap<Kind, Mean> = BTreeMap::new();
    let mut expected_errors: BTreeMap<Kind, Mean> = BTreeMap::new();
    let mut pooled: BTreeMap<(Measure, Chosen), Mean> = BTreeMap::new();
    let mut answered = 0.0;
    for answer in answers {
        let Some(estimate) = answer.estimate else { continue };
        answered += f64::from(u8::from(estimate.is_exact || !estimate.has_few_traces));
        if answer.expected_traces >= FEW_TRACES as f64 && !estimate.is_exact && answer.truth > 0.0 {
            let kind = Kind { method, grouping: answer.grouping, measure: answer.measure };
            expected_errors.entry(kind).or_default().add(estimate.value / answer.truth - 1.0);
            pooled.entry((kind.measure, Chosen::Beforehand)).or_default().add(estimate.value / answer.truth - 1.0);
        }
        if !counts(&estimate, answer.truth) {
            continue;
        }
        let kind = Kind { method, grouping: answer.grouping, measure: answer.measure };
        errors.entry(kind).or_default().add(estimate.value / answer.truth - 1.0);
        pooled.entry((kind.measure, Chosen::ByOutcome)).or_default().add(estimate.value / answer.truth - 1.0);
        let of_kind = figures.kinds.entry(kind).or_default();
        of_kind.answers += 1.0;
        of_kind.error_sum += estimate.value - answer.truth;
        of_kind.truth_sum += answer.truth;
        of_kind.covered += f64::from(u8::from(is_covered(&estimate, answer.truth)));
        of_kind.truth_below += f64::from(u8::from(answer.truth < estimate.low));
        of_kind.truth_above += f64::from(u8::from(answer.truth > estimate.high));
    }
    if method == Method::Spanlake {
        for (key, mean) in pooled {
            figures.errors.entry(key).or_default().add(mean.mean());
        }
    }
    figures.answered.entry(method).or_default().add(answered / answers.len() as f64);
    for (kind, mean) in errors {
        figures.kinds.entry(kind).or_default().error.add(mean.mean());
    }
    for (kind, mean) in expected_errors {
        figures.kinds.entry(kind).or_default().expected_error.add(mean.mean());
    }
}

/// Only questions that all three answer from enough traces with an interval that ends: the same for all.
fn compare_widths(figures: &mut Figures, by_method: &BTreeMap<Method, Vec<Answer>>) {
    let width = |answer: &Answer| {
        let estimate = answer.estimate.filter(|estimate| estimate.is_exact || !estimate.has_few_traces)?;
        let width = estimate.width() / answer.truth;
        (answer.truth > 0.0 && width.is_finite()).then_some(width)
    };
    let questions = by_method.values().next().map_or(0, Vec::len);
    let mut of_seed: BTreeMap<Method, Mean> = BTreeMap::new();
    let mut by_measure: BTreeMap<(Method, Measure), Mean> = BTreeMap::new();
    for question in 0..questions {
        let widths: Vec<(Method, Measure, f64)> = by_method
            .iter()
            .filter_map(|(method, answers)| {
                width(&answers[question]).map(|width| (*method, answers[question].measure, width))
            })
            .collect();
        if widths.len() < Method::ALL.len() {
            continue;
        }
        for (method, measure, width) in widths {
            of_seed.entry(method).or_default().add(width);
            by_measure.entry((method, measure)).or_default().add(width);
        }
    }
    for (method, mean) in of_seed {
        figures.common_width.entry(method).or_default().add(mean.mean());
    }
    for (key, mean) in by_measure {
        figures.common_widths.entry(key).or_default().add(mean.mean());
    }
}

fn gather_calibrated(figures: &mut Figures, answers: &[CalibratedAnswer]) {
    let mut errors: BTreeMap<(bool, Measure), Mean> = BTreeMap::new();
    for answer in answers {
        if !counts(&answer.plain, answer.truth) {
            continue;
        }
        let key = (answer.is_covered_by_sketches, answer.measure);
        errors.entry(key).or_default().add(answer.calibrated.value / answer.truth - 1.0);
        let of_kind = figures.calibrated.entry(key).or_default();
        of_kind.answers += 1.0;
        of_kind.covered += f64::from(u8::from(is_covered(&answer.calibrated, answer.truth)));
        of_kind.plain_covered += f64::from(u8::from(is_covered(&answer.plain, answer.truth)));
        of_kind.plain_width += answer.plain.width() / answer.truth;
        of_kind.calibrated_width += answer.calibrated.width() / answer.truth;
    }
    for (key, mean) in errors {
        figures.calibrated.entry(key).or_default().error.add(mean.mean());
    }
}
