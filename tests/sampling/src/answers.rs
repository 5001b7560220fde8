//! The questions asked of an hour, their true answers, and the estimated ones.
//!
//! Owns which groups and measures are asked: each operation, each operation in each region (an attribute that no sketch
//! knows), each tenant's requests; and calibrated against plain answers. The truth is over all that was sent, also what
//! an overloaded door held back. Never judges an answer.

use std::collections::BTreeMap;

use spanlake_sampler::estimate::calibrate::{CalibratedState, CellId, CellTotals, Ends};
use spanlake_sampler::estimate::quantile::QuantileState;
use spanlake_sampler::estimate::ratio::RatioState;
use spanlake_sampler::estimate::total::TotalState;
use spanlake_sampler::estimate::{Estimate, Kept};
use spanlake_sampler::red::rows::RedRow;
use spanlake_sampler::span::StatusCode;
use spanlake_schemas::ids::TraceId;

use crate::methods::Sample;
use crate::random::Random;
use crate::traffic::{Hour, REGIONS, Span, TENANTS, Trace};

/// What is asked of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    Count,
    Sum,
    ErrorRatio,
    Average,
    P50,
    P95,
    P99,
}

impl Measure {
    pub const ALL: [Self; 7] =
        [Self::Count, Self::Sum, Self::ErrorRatio, Self::Average, Self::P50, Self::P95, Self::P99];
}

/// What rows are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grouping {
    Operation,
    OperationAndRegion,
    Tenant,
}

/// A question, its truth, and how many traces were kept of the group.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub grouping: Grouping,
    pub measure: Measure,
    pub truth: f64,
    /// Traces of the group that were expected to be kept: the sum of their probabilities.
    pub expected_traces: f64,
    /// `None` where no row was kept.
    pub estimate: Option<Estimate>,
}

/// A calibrated answer beside the plain one.
#[derive(Clone, Copy, Debug)]
pub struct CalibratedAnswer {
    /// Whether the sketches know all but the ends of the range; else the filter is one they do not know.
    pub is_covered_by_sketches: bool,
    pub measure: Measure,
    pub truth: f64,
    pub plain: Estimate,
    pub calibrated: Estimate,
}

#[derive(Default)]
struct Population {
    errors: f64,
    sum: f64,
    durations: Vec<i64>,
}

#[derive(Default)]
struct States {
    count: TotalState,
    sum: TotalState,
    errors: RatioState,
    average: RatioState,
    values: QuantileState,
}

/// The true answers of an hour, in the order in which [`answers`] gives estimates.
pub struct Truth {
    groups: Vec<(Grouping, Population)>,
}

fn group_count(hour: &Hour) -> usize {
    hour.operations.len() * (1 + REGIONS) + TENANTS
}

fn groups_of(hour: &Hour, trace: &Trace, span: &Span, is_root: bool) -> impl Iterator<Item = usize> {
    let operation = usize::from(span.operation);
    let operations = hour.operations.len();
    let in_region = operations + operation * REGIONS + usize::from(trace.region);
    let of_tenant = is_root.then_some(operations * (1 + REGIONS) + usize::from(trace.tenant));
    [operation, in_region].into_iter().chain(of_tenant)
}

fn grouping_of(hour: &Hour, group: usize) -> Grouping {
    let operations = hour.operations.len();
    if group < operations {
        Grouping::Operation
    } else if group < operations * (1 + REGIONS) {
        Grouping::OperationAndRegion
    } else {
        Grouping::Tenant
    }
}

impl Truth {
    /// Of all that was sent.
    #[must_use]
    pub fn of(hour: &Hour) -> Self {
        let mut groups: Vec<(Grouping, Population)> =
            (0..group_count(hour)).map(|group| (grouping_of(hour, group), Population::default())).collect();
        for trace in &hour.traces {
            for (number, span) in trace.spans.iter().enumerate() {
                for group in groups_of(hour, trace, span, number == 0) {
                    let population = &mut groups[group].1;
                    population.errors += f64::from(u8::from(span.is_error));
                    population.sum += span.duration as f64;
                    population.durations.push(span.duration);
                }
            }
        }
        groups.iter_mut().for_each(|(_, population)| population.durations.sort_unstable());
        Self { groups }
    }
}

impl Population {
    fn answer(&self, measure: Measure) -> f64 {
        let count = self.durations.len() as f64;
        let quantile = |q: f64| {
            let position = ((q * count).ceil() as usize).clamp(1, self.durations.len()) - 1;
            self.durations[position] as f64
        };
        match measure {
            Measure::Count => count,
            Measure::Sum => self.sum,
            Measure::ErrorRatio => self.errors / count,
            Measure::Average => self.sum / count,
            Measure::P50 => quantile(0.50),
            Measure::P95 => quantile(0.95),
            Measure::P99 => quantile(0.99),
        }
    }
}

impl States {
    fn add(&mut self, kept: Kept, span: &Span) {
        let duration = span.duration as f64;
        self.count.add(kept, 1.0);
        self.sum.add(kept, duration);
        self.errors.add(kept, f64::from(u8::from(span.is_error)), 1.0);
        self.average.add_for_mean(kept, duration);
        self.values.add(kept, duration);
    }

    fn answer(&self, measure: Measure) -> Option<Estimate> {
        let total = |state: &TotalState| Some(state.finish()).filter(|estimate| estimate.kept_traces > 0);
        match measure {
            Measure::Count => total(&self.count),
            Measure::Sum => total(&self.sum),
            Measure::ErrorRatio => self.errors.finish(),
            Measure::Average => self.average.finish(),
            Measure::P50 => self.values.finish(0.50),
            Measure::P95 => self.values.finish(0.95),
            Measure::P99 => self.values.finish(0.99),
        }
    }
}

fn kept_spans<'a>(hour: &'a Hour, sample: &'a Sample) -> impl Iterator<Item = (&'a Trace, usize, &'a Span, Kept)> {
    let kept = hour.traces.iter().zip(sample).filter(|(_, choice)| choice.is_kept);
    kept.flat_map(|(trace, choice)| {
        let kept = Kept { trace_id: TraceId(trace.id), probability: choice.probability };
        trace.spans.iter().enumerate().map(move |(number, span)| (trace, number, span, kept))
    })
}

/// For each group, the sum of the probabilities of its traces. Traces that the door held back have what they would have
/// had at the least.
fn expected_traces(hour: &Hour, sample: &Sample) -> Vec<f64> {
    let mut expected = vec![0.0; group_count(hour)];
    let mut last_trace = vec![usize::MAX; group_count(hour)];
    for (number, (trace, choice)) in
        hour.traces.iter().zip(sample).enumerate().filter(|(_, (trace, _))| trace.is_received)
    {
        for (position, span) in trace.spans.iter().enumerate() {
            for group in groups_of(hour, trace, span, position == 0) {
                if last_trace[group] != number {
                    last_trace[group] = number;
                    // Given that it was received.
                    expected[group] += choice.probability / trace.door.probability();
                }
            }
        }
    }
    expected
}

/// All questions, always in one order.
#[must_use]
pub fn answers(hour: &Hour, truth: &Truth, sample: &Sample) -> Vec<Answer> {
    let mut states: Vec<States> = (0..group_count(hour)).map(|_| States::default()).collect();
    for (trace, number, span, kept) in kept_spans(hour, sample) {
        for group in groups_of(hour, trace, span, number == 0) {
            states[group].add(kept, span);
        }
    }
    let expected = expected_traces(hour, sample);
    let mut answers = Vec::new();
    for (((grouping, population), states), expected) in truth.groups.iter().zip(&states).zip(expected) {
        if population.durations.is_empty() {
            continue;
        }
        for measure in Measure::ALL {
            let (truth, estimate) = (population.answer(measure), states.answer(measure));
            answers.push(Answer { grouping: *grouping, measure, truth, expected_traces: expected, estimate });
        }
    }
    answers
}

/// Questions that RED totals calibrate, of the kept spans.
#[must_use]
pub fn calibrated_answers(hour: &Hour, rows: &[RedRow], sample: &Sample) -> Vec<CalibratedAnswer> {
    let mut random = Random::new(hour.seed ^ 0xca11);
    let from = 600.0 * random.unit();
    let until = 3_600.0 - 600.0 * random.unit();
    let mut answers = Vec::new();
    for operation in (0..hour.operations.len()).step_by(3) {
        let range = Range { operation, from, until };
        answers.extend(range.answers(hour, rows, sample));
    }
    answers
}

/// One operation over a range of time that does not end where rollups do.
struct Range {
    operation: usize,
    from: f64,
    until: f64,
}

impl Range {
    fn inside(&self, start_time: i64) -> bool {
        let second = start_time as f64 / 1e9;
        self.from <= second && second < self.until
    }

    /// Seconds of the rollups that lie wholly within.
    fn rollups(&self) -> (i64, i64) {
        ((self.from / 10.0).ceil() as i64 * 10, (self.until / 10.0).floor() as i64 * 10)
    }

    fn is_in_rollups(&self, start_time: i64) -> bool {
        let (first, end) = self.rollups();
        (first * 1_000_000_000..end * 1_000_000_000).contains(&start_time)
    }

    /// Exact totals by status, of just these rollups. Nothing where *any* span was sampled before: a series from which the
    /// door held everything back looks as if nothing had been.
    fn known(&self, hour: &Hour, rows: &[RedRow]) -> BTreeMap<CellId, CellTotals> {
        let (service, operation) = &hour.operations[self.operation];
        let (first, end) = self.rollups();
        let within = || rows.iter().filter(|row| (first - 10..end + 10).contains(&row.time_seconds));
        if within().any(|row| !row.sums.is_exact()) {
            return BTreeMap::new();
        }
        let mut known: BTreeMap<CellId, CellTotals> = BTreeMap::new();
        let of_operation = within().filter(|row| *row.key.service == **service && *row.key.operation == **operation);
        for row in of_operation.filter(|row| (first..end).contains(&row.time_seconds)) {
            let cell = CellId(u64::from(row.key.status == StatusCode::Error));
            let nothing = CellTotals { count: 0.0, duration_sum: 0.0, answers: None };
            let totals = known.entry(cell).or_insert(nothing);
            totals.count += row.sums.count;
            totals.duration_sum += row.sums.durations.sum;
        }
        known
    }

    /// Totals of the rollups that the range cuts.
    fn cut_rollups(&self, hour: &Hour, rows: &[RedRow]) -> CellTotals {
        let (service, operation) = &hour.operations[self.operation];
        let (first, end) = self.rollups();
        let mut totals = CellTotals { count: 0.0, duration_sum: 0.0, answers: None };
        let of_operation = rows.iter().filter(|row| *row.key.service == **service && *row.key.operation == **operation);
        for row in of_operation.filter(|row| row.time_seconds == first - 10 || row.time_seconds == end) {
            totals.count += row.sums.count;
            totals.duration_sum += row.sums.durations.sum;
        }
        totals
    }

    fn answers(&self, hour: &Hour, rows: &[RedRow], sample: &Sample) -> Vec<CalibratedAnswer> {
        let known = self.known(hour, rows);
        if known.is_empty() {
            return Vec::new();
        }
        let mut answers = Vec::new();
        for (measure, region) in
            [(Measure::Count, None), (Measure::Sum, None), (Measure::ErrorRatio, None), (Measure::Count, Some(0_u8))]
        {
            let asks = |trace: &Trace, span: &Span| {
                usize::from(span.operation) == self.operation
                    && self.inside(span.start_time)
                    && region.is_none_or(|region| region == trace.region)
            };
            let value = |span: &Span| match measure {
                Measure::Sum => span.duration as f64,
                Measure::ErrorRatio => f64::from(u8::from(span.is_error)),
                _ => 1.0,
            };
            let mut state = CalibratedState::default();
            for (trace, _, span, kept) in kept_spans(hour, sample) {
                if usize::from(span.operation) != self.operation || !self.inside(span.start_time) {
                    continue;
                }
                let cell = self.is_in_rollups(span.start_time).then_some(CellId(u64::from(span.is_error)));
                state.add(kept, cell, asks(trace, span), value(span), 1.0, span.duration as f64);
            }
            let (mut total, mut count) = (0.0, 0.0);
            for trace in &hour.traces {
                for span in trace.spans.iter().filter(|span| asks(trace, span)) {
                    total += value(span);
                    count += 1.0;
                }
            }
            let is_ratio = measure == Measure::ErrorRatio;
            let finish = |known: &BTreeMap<CellId, CellTotals>, ends: Ends| {
                if is_ratio { state.finish_ratio(known, ends) } else { Some(state.finish_total(known, ends)) }
            };
            let mut known = known.clone();
            if region.is_none() {
                for (cell, totals) in &mut known {
                    let errors = if *cell == CellId(1) { totals.count } else { 0.0 };
                    totals.answers = Some(match measure {
                        Measure::Sum => [totals.duration_sum, totals.count],
                        Measure::ErrorRatio => [errors, totals.count],
                        _ => [totals.count, totals.count],
                    });
                }
            }
            let ends = if measure == Measure::Sum {
                self.cut_rollups(hour, rows).duration_sum
            } else {
                self.cut_rollups(hour, rows).count
            };
            let ends = Ends::AtMost(ends);
            if let (Some(plain), Some(calibrated)) = (finish(&BTreeMap::new(), Ends::None), finish(&known, ends)) {
                let truth = if is_ratio { total / count } else { total };
                let is_covered_by_sketches = region.is_none();
                answers.push(CalibratedAnswer { is_covered_by_sketches, measure, truth, plain, calibrated });
            }
        }
        answers
    }
}
