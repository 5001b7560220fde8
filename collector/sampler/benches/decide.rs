//! How many spans a second of one core are decided from summaries: three passes for the plan, one for the decisions.
//!
//! Owns the traffic: 200,000 traces of ten spans over 300 operations, a budget of a tenth. Prints; judges nothing.

use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use spanlake_sampler::cost::CostModel;
use spanlake_sampler::decide::settings::ImportanceSettings;
use spanlake_sampler::decide::{DecisionInput, decide};
use spanlake_sampler::profile::OperationProfiles;
use spanlake_sampler::red::{Arrived, RedLimits, RedSketches, RedSpan};
use spanlake_sampler::rules::{Rule, RuleAction, RuleSet};
use spanlake_sampler::span::{SpanKind, StatusCode};
use spanlake_sampler::summary::{NoAttributes, SpanFacts, TraceSummary};
use spanlake_sampler::threshold::Threshold;
use spanlake_schemas::ids::TraceId;

const TRACES: u64 = 200_000;
const SPANS_A_TRACE: u64 = 10;
const OPERATIONS: u64 = 300;

fn mix(value: u64) -> u64 {
    let mixed = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn report(what: &str, spans: u64, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    let per_second = spans as f64 / seconds / 1e6;
    let _ = writeln!(std::io::stdout(), "{what}: {per_second:.2} million spans a second ({seconds:.3} s)");
}

fn main() {
    let names: Vec<String> = (0..OPERATIONS).map(|number| format!("GET /resource/{number}")).collect();
    let mut keep = Rule::new("payments", RuleAction::Keep);
    keep.operations = vec!["GET /resource/299".into()];
    keep.status = Some(StatusCode::Error);
    let rules = RuleSet::new(vec![keep, Rule::new("all", RuleAction::AtLeast(0.001))]);
    let mut sketches = RedSketches::new(RedLimits::default());
    let spans = TRACES * SPANS_A_TRACE;
    let started = Instant::now();
    for number in 0..spans {
        let bits = mix(number);
        sketches.add(&RedSpan {
            service: "shop",
            operation: &names[usize::try_from(bits % OPERATIONS).unwrap_or(0)],
            kind: SpanKind::Server,
            status: if bits.is_multiple_of(97) { StatusCode::Error } else { StatusCode::Unset },
            is_root: false,
            extra: &[],
            start_time: i64::try_from(number / 600).unwrap_or(0) * 1_000_000_000,
            duration: i64::try_from(bits >> 40).unwrap_or(0),
            arrived: Arrived::Whole,
        });
    }
    report("RED sketches", spans, started);
    let rows = sketches.take_rows();
    let started = Instant::now();
    let summaries: Vec<TraceSummary> = (0..TRACES).map(|trace| summary(trace, &names, &rules)).collect();
    report("summaries folded", spans, started);
    let started = Instant::now();
    let profiles = OperationProfiles::from_rows(&rows);
    report("profiles from rows", spans, started);
    let input = DecisionInput {
        profiles: &profiles,
        rules: &rules,
        cost: &CostModel::default(),
        settings: &ImportanceSettings::default(),
        budget_bytes: spans as f64 * 12.0,
        epoch: 1,
        hashes_unflagged_ids: false,
    };
    for _ in 0..3 {
        let started = Instant::now();
        let (plan, decisions) = decide(&summaries, &input);
        report("decided", spans, started);
        black_box((plan.lambda, decisions.len()));
    }
}

fn summary(trace: u64, names: &[String], rules: &RuleSet) -> TraceSummary {
    let mut id = [0_u8; 16];
    id[..8].copy_from_slice(&mix(trace ^ 0xabcd).to_be_bytes());
    id[8..].copy_from_slice(&mix(trace ^ 0xef01_0000).to_be_bytes());
    let mut summary = TraceSummary::new(TraceId(id));
    for at in 0..SPANS_A_TRACE {
        let bits = mix(trace * SPANS_A_TRACE + at);
        let facts = SpanFacts {
            span_id: bits.to_be_bytes(),
            is_root: at == 0,
            service: "shop",
            operation: &names[usize::try_from(bits % OPERATIONS).unwrap_or(0)],
            status: if bits.is_multiple_of(97) { StatusCode::Error } else { StatusCode::Unset },
            start_time: i64::try_from(trace).unwrap_or(0),
            duration: i64::try_from(bits >> 40).unwrap_or(0),
            flags: 3,
            trace_state: "",
            is_sampling_unknown: false,
            door_threshold: Threshold::KEEP_ALL,
            hot_bytes: 120,
            links: &[],
            attributes: &NoAttributes,
        };
        summary.add_span(&facts, rules);
    }
    summary
}
