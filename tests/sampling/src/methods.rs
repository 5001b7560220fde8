//! The three ways to sample one hour on equal bytes: ours, EMA dynamic sampling, uniform.
//!
//! Owns the feeding of the sampler as the store does it (sketches over all that was received, summaries folded in parts
//! with late spans merged in), and the turning of the other two until they take the same bytes. Never estimates.

use std::collections::BTreeMap;

use spanlake_sampler::cost::CostModel;
use spanlake_sampler::decide::settings::ImportanceSettings;
use spanlake_sampler::decide::{DecisionInput, decide};
use spanlake_sampler::profile::OperationProfiles;
use spanlake_sampler::red::rollup::{Resolution, roll_up};
use spanlake_sampler::red::rows::RedRow;
use spanlake_sampler::red::{Arrived, RedLimits, RedSketches, RedSpan};
use spanlake_sampler::rules::RuleSet;
use spanlake_sampler::span::{SpanKind, StatusCode};
use spanlake_sampler::summary::{NoAttributes, SpanFacts, TraceSummary};
use spanlake_sampler::threshold::{Randomness, Threshold};
use spanlake_schemas::ids::TraceId;

use crate::ema;
use crate::traffic::{HOUR_SECONDS, Hour, Span, Trace};

/// Intervals of the EMA sampler in the hour: with some hundred traces each, as at real rates in 15 s.
const EMA_INTERVALS: usize = 20;

/// Ways to sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    Spanlake,
    Ema,
    Uniform,
}

impl Method {
    pub const ALL: [Self; 3] = [Self::Spanlake, Self::Ema, Self::Uniform];

    /// For tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spanlake => "Spanlake",
            Self::Ema => "EMA dynamic",
            Self::Uniform => "uniform",
        }
    }
}

/// What a method decided: the total probability of each trace and whether it was kept, in the hour's order.
pub type Sample = Vec<Choice>;

/// One trace's part in a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    pub probability: f64,
    pub is_kept: bool,
}

/// An hour with its sketches, and what each method kept of it.
pub struct Sampled {
    pub rows: Vec<RedRow>,
    pub samples: BTreeMap<Method, Sample>,
    pub budget_bytes: f64,
    pub kept_bytes: f64,
}

/// Samples the hour in all three ways.
#[must_use]
pub fn sample(hour: &Hour) -> Sampled {
    let rows = red_rows(hour);
    let offered: f64 = hour.traces.iter().filter(|trace| trace.is_received).map(bytes_of).sum();
    let budget_bytes = offered * hour.budget_share;
    let ours = spanlake(hour, &rows, budget_bytes);
    let kept_bytes =
        hour.traces.iter().zip(&ours).filter(|(_, choice)| choice.is_kept).map(|(trace, _)| bytes_of(trace)).sum();
    let samples = [
        (Method::Ema, ema_dynamic(hour, kept_bytes)),
        (Method::Uniform, by_probabilities(hour, |_| kept_bytes / offered)),
        (Method::Spanlake, ours),
    ];
    Sampled { rows, samples: samples.into(), budget_bytes, kept_bytes }
}

/// Hot bytes of a trace.
#[must_use]
pub fn bytes_of(trace: &Trace) -> f64 {
    trace.spans.iter().map(|span| f64::from(span.hot_bytes)).sum()
}

/// RED rows of all that was received, what came late added as rows of its own.
#[must_use]
pub fn red_rows(hour: &Hour) -> Vec<RedRow> {
    let mut sketches = RedSketches::new(RedLimits::default());
    let mut rows = Vec::new();
    for late in [false, true] {
        for trace in hour.traces.iter().filter(|trace| trace.is_received) {
            for span in trace.spans.iter().filter(|span| span.is_late == late) {
                sketches.add(&red_span(hour, trace, span));
            }
        }
        rows.extend(sketches.take_rows());
    }
    roll_up(rows, Resolution::TenSeconds)
}

fn status(span: &Span) -> StatusCode {
    if span.is_error { StatusCode::Error } else { StatusCode::Unset }
}

fn red_span<'a>(hour: &'a Hour, trace: &Trace, span: &Span) -> RedSpan<'a> {
    let (service, operation) = &hour.operations[usize::from(span.operation)];
    RedSpan {
        service,
        operation,
        kind: SpanKind::Server,
        status: status(span),
        is_root: false,
        extra: &[],
        start_time: span.start_time,
        duration: span.duration,
        arrived: if trace.door == Threshold::KEEP_ALL { Arrived::Whole } else { Arrived::Sampled(trace.door) },
    }
}

/// The summary as the store folds it: what came in time, then what came late.
#[must_use]
pub fn summary(hour: &Hour, trace: &Trace, rules: &RuleSet) -> TraceSummary {
    let mut parts = [TraceSummary::new(TraceId(trace.id)), TraceSummary::new(TraceId(trace.id))];
    for (number, span) in trace.spans.iter().enumerate() {
        let (service, operation) = &hour.operations[usize::from(span.operation)];
        let facts = SpanFacts {
            span_id: (number as u64).to_be_bytes(),
            is_root: number == 0,
            service,
            operation,
            status: status(span),
            start_time: span.start_time,
            duration: span.duration,
            flags: 0x3,
            trace_state: "",
            is_sampling_unknown: false,
            door_threshold: trace.door,
            hot_bytes: u64::from(span.hot_bytes),
            links: &[],
            attributes: &NoAttributes,
        };
        parts[usize::from(span.is_late)].add_span(&facts, rules);
    }
    let [mut summary, late] = parts;
    summary.merge(&late);
    summary
}

fn spanlake(hour: &Hour, rows: &[RedRow], budget_bytes: f64) -> Sample {
    let rules = RuleSet::default();
    let received: Vec<usize> = (0..hour.traces.len()).filter(|at| hour.traces[*at].is_received).collect();
    let summaries: Vec<TraceSummary> = received.iter().map(|at| summary(hour, &hour.traces[*at], &rules)).collect();
    let profiles = OperationProfiles::from_rows(rows);
    let input = DecisionInput {
        profiles: &profiles,
        rules: &rules,
        cost: &CostModel::default(),
        settings: &ImportanceSettings::default(),
        budget_bytes,
        epoch: hour.seed,
        hashes_unflagged_ids: false,
    };
    let (_, decisions) = decide(&summaries, &input);
    let mut sample: Sample =
        hour.traces.iter().map(|trace| Choice { probability: trace.door.probability(), is_kept: false }).collect();
    for (at, decision) in received.iter().zip(&decisions) {
        sample[*at] = Choice { probability: decision.probability, is_kept: decision.is_kept };
    }
    sample
}

/// Keeps received traces by a probability given that they were received.
fn by_probabilities(hour: &Hour, probability: impl Fn(usize) -> f64) -> Sample {
    let decide = |(at, trace): (usize, &Trace)| {
        let total = Threshold::from_probability(probability(at).min(1.0) * trace.door.probability());
        let bits = u64::from_be_bytes(trace.id[8..].try_into().expect("eight bytes of sixteen"));
        let is_kept = trace.is_received && total.keeps(Randomness::from_low_bits(bits));
        Choice { probability: total.probability(), is_kept }
    };
    hour.traces.iter().enumerate().map(decide).collect()
}

fn ema_dynamic(hour: &Hour, bytes: f64) -> Sample {
    let key_of = |trace: &Trace| u32::from(trace.kind) * 2 + u32::from(trace.spans.iter().any(|span| span.is_error));
    let interval_of = |trace: &Trace| {
        let second = trace.spans[0].start_time as f64 / 1e9;
        ((second / HOUR_SECONDS * EMA_INTERVALS as f64) as usize).min(EMA_INTERVALS - 1)
    };
    let mut counts = vec![ema::Interval::new(); EMA_INTERVALS];
    let mut bytes_by_key = vec![ema::Interval::new(); EMA_INTERVALS];
    for trace in hour.traces.iter().filter(|trace| trace.is_received) {
        *counts[interval_of(trace)].entry(key_of(trace)).or_default() += 1.0;
        *bytes_by_key[interval_of(trace)].entry(key_of(trace)).or_default() += bytes_of(trace);
    }
    let expected = |rates: &[BTreeMap<u32, f64>]| -> f64 {
        let of_interval = |(bytes, rates): (&ema::Interval, &BTreeMap<u32, f64>)| -> f64 {
            bytes.iter().map(|(key, bytes)| bytes / rates.get(key).copied().unwrap_or(1.0)).sum()
        };
        bytes_by_key.iter().zip(rates).map(of_interval).sum()
    };
    // A first interval without learnt rates would keep everything: it is run in, as a sampler that runs for hours is.
    let with_run_in = |goal: f64| {
        let mut run_in = vec![counts[0].clone(); 4];
        run_in.extend(counts.iter().cloned());
        ema::rates(&run_in, goal).split_off(4)
    };
    let (mut low, mut high) = (1.0_f64, 1e5_f64);
    for _ in 0..22 {
        let middle = (low * high).sqrt();
        if expected(&with_run_in(middle)) > bytes { low = middle } else { high = middle }
    }
    let rates = with_run_in(high);
    by_probabilities(hour, |at| {
        let trace = &hour.traces[at];
        1.0 / rates[interval_of(trace)].get(&key_of(trace)).copied().unwrap_or(1.0)
    })
}
