//! The plan of an hour: everything that decides a trace by itself.
//!
//! Owns the three passes over the summaries, the order in which classes may spend, and the record of what was decided.
//! Serialisable, so that it can be committed before the first cold file is written. Never keeps a summary.

use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::TraceId;

use crate::decide::counts::TraceCounts;
use crate::decide::cut::PriorityCut;
use crate::decide::score::{Score, operation_weights, score};
use crate::decide::settings::ImportanceSettings;
use crate::decide::strata::{Strata, StrataCounter};
use crate::decide::{DecisionInput, Reason, SummarySource, TraceDecision};
use crate::randomness;
use crate::rules::RULES_MAX;
use crate::summary::TraceSummary;
use crate::threshold::Threshold;

/// Pins, then one class a rule that keeps.
const KEEP_CLASSES: usize = RULES_MAX + 1;
/// What is left to traces that no rule keeps, however much the rules want.
const REST_SHARE: f64 = 0.05;
/// What each class of rules has for sure, together.
const GUARANTEED_SHARE: f64 = 0.10;
/// What floors may take of the rest's bytes: at-least rules, links, rare operations, rare shapes; then all together.
const FLOOR_SHARES: [f64; 4] = [0.80, 0.25, 0.50, 0.10];
const FLOORS_SHARE: f64 = 0.80;
/// No class has probability zero.
const PROBABILITY_MIN: f64 = 1.0 / (1_u64 << 32) as f64;
/// Weights and floors are on a grid of eight steps an octave, so that an hour has few different probabilities.
const STEPS_AN_OCTAVE: f64 = 8.0;
/// An operation or shape with at most so many traces in the hour is called rare.
const RARE_TRACES: u32 = 50;

/// What one hour decided, and by what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HourPlan {
    pub epoch: u64,
    pub hashes_unflagged_ids: bool,
    pub budget_bytes: f64,
    /// Of all traces, those that rules drop not counted.
    pub offered_bytes: f64,
    /// What pins and rules that keep would take with probability one.
    pub wanted_by_rules_bytes: f64,
    /// Predicted for what is kept.
    pub kept_bytes: f64,
    /// Probability of pins, then of each rule that keeps; below one where they exceed the budget.
    pub keep_probabilities: Vec<f64>,
    /// Factors on the four kinds of floors; below one where they exceed their share.
    pub floor_factors: [f64; 4],
    /// Multiplies every other trace's weight; `f64::MAX` where all are kept.
    pub lambda: f64,
    /// Traces that rules drop by name; they are in no estimate.
    pub dropped_by_rules: u64,
    /// Traces whose id was hashed, as it does not look random.
    pub hashed_ids: u64,
    pub counts: TraceCounts,
    /// [`operation_weights`].
    pub operation_weights: Vec<f64>,
    pub strata: Strata,
}

/// A trace on its way to a decision.
struct Candidate {
    class: Class,
    cost: f64,
    /// The least probability that keeps it.
    randomness: f64,
    /// Of what already happened before it came.
    arrived: Threshold,
}

#[derive(Clone, Copy, PartialEq)]
enum Class {
    Dropped(u8),
    /// Zero for pins, else one more than the rule's index.
    Kept(usize),
    Rest {
        at_least: Option<(u8, f64)>,
    },
}

/// What is known of a trace of the rest besides its cost.
struct Wish {
    /// `sqrt(v / c)`, on the grid.
    weight: f64,
    floors: [f64; 4],
    reason: Reason,
}

// === impl HourPlan ===

impl HourPlan {
    /// Makes the plan in three passes over the summaries.
    #[must_use]
    pub fn make<S: SummarySource + ?Sized>(source: &S, input: &DecisionInput<'_>) -> Self {
        let mut plan = Self {
            epoch: input.epoch,
            hashes_unflagged_ids: input.hashes_unflagged_ids,
            budget_bytes: input.budget_bytes,
            offered_bytes: 0.0,
            wanted_by_rules_bytes: 0.0,
            kept_bytes: 0.0,
            keep_probabilities: Vec::new(),
            floor_factors: [1.0; 4],
            lambda: f64::MAX,
            dropped_by_rules: 0,
            hashed_ids: 0,
            counts: TraceCounts::default(),
            operation_weights: operation_weights(input.profiles, input.settings),
            strata: StrataCounter::default().into_strata(),
        };
        let wanted = plan.count(source, input);
        let shares = share_out(&wanted, plan.offered_bytes, input.budget_bytes);
        let rest_budget = input.budget_bytes - shares.iter().sum::<f64>();
        plan.fit_floors(source, input, rest_budget);
        plan.cut(source, input, &wanted, &shares);
        plan
    }

    /// Decides one trace.
    #[must_use]
    pub fn decide(&self, summary: &TraceSummary, input: &DecisionInput<'_>) -> TraceDecision {
        let candidate = Candidate::of(summary, input);
        let (probability, reason) = match candidate.class {
            Class::Dropped(rule) => return self.dropped(summary, rule),
            Class::Kept(class) => {
                let probability = self.keep_probabilities.get(class).copied().unwrap_or(1.0);
                let rule = u8::try_from(class.saturating_sub(1)).unwrap_or(u8::MAX);
                (probability, if class == 0 { Reason::Pin } else { Reason::RuleKeeps(rule) })
            }
            Class::Rest { at_least } => {
                let wish = self.wish(summary, input, candidate.cost, at_least);
                let probability = self.floor_of(&wish).max(wish.weight * self.lambda);
                (probability.min(1.0), wish.reason)
            }
        };
        let threshold = candidate.arrived.and_then(Threshold::from_probability(probability));
        TraceDecision {
            is_kept: candidate.randomness <= threshold.probability(),
            threshold,
            probability: threshold.probability(),
            stratum: self.strata.id_of((summary.root_operation(), reason)),
            reason,
        }
    }

    /// Adds a decision to the strata's sums, for the report.
    pub fn record(&mut self, decision: &TraceDecision, bytes: f64) {
        self.strata.record(decision, bytes);
    }

    fn dropped(&self, summary: &TraceSummary, rule: u8) -> TraceDecision {
        let reason = Reason::RuleDrops(rule);
        let stratum = self.strata.id_of((summary.root_operation(), reason));
        TraceDecision { is_kept: false, threshold: Threshold::KEEP_LEAST, probability: 0.0, stratum, reason }
    }

    /// First pass: what each class wants, and how frequent operations and shapes are.
    fn count<S: SummarySource + ?Sized>(&mut self, source: &S, input: &DecisionInput<'_>) -> Vec<f64> {
        let mut wanted = vec![0.0; KEEP_CLASSES];
        source.for_each(&mut |summary| {
            let candidate = Candidate::of(summary, input);
            let source = randomness_of(summary, input).1;
            self.hashed_ids += u64::from(source == randomness::RandomnessSource::HashOfTraceId);
            if let Class::Dropped(_) = candidate.class {
                self.dropped_by_rules += 1;
                return;
            }
            self.offered_bytes += candidate.cost;
            if let Class::Kept(class) = candidate.class {
                wanted[class] += candidate.cost;
            }
            self.counts.add(summary, input.profiles, matches!(candidate.class, Class::Kept(_)));
        });
        self.wanted_by_rules_bytes = wanted.iter().sum();
        wanted
    }

    /// Second pass: how far floors must be lowered, and the strata.
    fn fit_floors<S: SummarySource + ?Sized>(&mut self, source: &S, input: &DecisionInput<'_>, rest_budget: f64) {
        let mut needed = [0.0; 4];
        let mut strata = StrataCounter::default();
        source.for_each(&mut |summary| {
            let candidate = Candidate::of(summary, input);
            let root = summary.root_operation();
            match candidate.class {
                Class::Dropped(rule) => strata.add((root, Reason::RuleDrops(rule))),
                Class::Kept(0) => strata.add((root, Reason::Pin)),
                Class::Kept(class) => {
                    strata.add((root, Reason::RuleKeeps(u8::try_from(class - 1).unwrap_or(u8::MAX))));
                }
                Class::Rest { at_least } => {
                    let wish = self.wish(summary, input, candidate.cost, at_least);
                    strata.add((root, wish.reason));
                    for (need, floor) in needed.iter_mut().zip(wish.floors) {
                        *need += (floor / candidate.arrived.probability()).min(1.0) * candidate.cost;
                    }
                }
            }
        });
        self.strata = strata.into_strata();
        let mut left = rest_budget.max(0.0) * FLOORS_SHARE;
        for ((factor, need), share) in self.floor_factors.iter_mut().zip(needed).zip(FLOOR_SHARES) {
            let allowed = left.min(rest_budget.max(0.0) * share);
            *factor = if need > allowed { allowed / need } else { 1.0 };
            left -= need.min(allowed);
        }
    }

    /// Third pass: the cuts.
    fn cut<S: SummarySource + ?Sized>(
        &mut self,
        source: &S,
        input: &DecisionInput<'_>,
        wanted: &[f64],
        shares: &[f64],
    ) {
        if self.offered_bytes <= input.budget_bytes {
            // All of it fits, whatever the order.
            self.keep_probabilities = vec![1.0; KEEP_CLASSES];
            self.kept_bytes = self.offered_bytes;
            return;
        }
        let mut of_classes: Vec<PriorityCut> = vec![PriorityCut::coarse(); KEEP_CLASSES];
        let mut of_rest = PriorityCut::fine();
        source.for_each(&mut |summary| {
            let candidate = Candidate::of(summary, input);
            match candidate.class {
                Class::Dropped(_) => {}
                Class::Kept(class) if shares[class] >= wanted[class] => of_classes[class].add_sure(candidate.cost),
                Class::Kept(class) => of_classes[class].add(candidate.randomness, candidate.cost),
                Class::Rest { at_least } => {
                    let wish = self.wish(summary, input, candidate.cost, at_least);
                    if candidate.randomness <= self.floor_of(&wish) {
                        of_rest.add_sure(candidate.cost);
                    } else {
                        of_rest.add(candidate.randomness / wish.weight, candidate.cost);
                    }
                }
            }
        });
        let mut kept_by_rules = 0.0;
        for (cut, share) in of_classes.iter().zip(shares) {
            let cut = cut.cut(*share);
            kept_by_rules += cut.kept_bytes;
            self.keep_probabilities.push(cut.lambda.clamp(PROBABILITY_MIN, 1.0));
        }
        let rest = of_rest.cut(input.budget_bytes - kept_by_rules);
        // The largest number stands for infinity, which not every format can write.
        self.lambda = rest.lambda.min(f64::MAX);
        self.kept_bytes = kept_by_rules + rest.kept_bytes;
    }

    fn floor_of(&self, wish: &Wish) -> f64 {
        let floors = wish.floors.iter().zip(self.floor_factors).map(|(floor, factor)| floor * factor);
        up_on_grid(floors.fold(PROBABILITY_MIN, f64::max)).min(1.0)
    }

    fn wish(&self, summary: &TraceSummary, input: &DecisionInput<'_>, cost: f64, at_least: Option<(u8, f64)>) -> Wish {
        let score = score(summary, input.profiles, &self.operation_weights, &self.counts, input.settings);
        let traces_of_rarest = score.traces_of_rarest;
        let traces_of_shape = self.counts.of_shape(summary.shape_hash()).max(1);
        let is_linked = self.counts.is_linked(&summary.trace_id);
        let settings: &ImportanceSettings = input.settings;
        let floors = [
            at_least.map_or(0.0, |(_, probability)| probability),
            if is_linked { settings.linked_probability } else { 0.0 },
            (settings.rare_operation_traces / f64::from(traces_of_rarest)).min(1.0),
            (settings.rare_shape_traces / f64::from(traces_of_shape)).min(1.0),
        ];
        let reason = match at_least {
            Some((rule, _)) => Reason::RuleAtLeast(rule),
            None if is_linked => Reason::Linked,
            None => reason_of(summary, score, traces_of_shape),
        };
        Wish { weight: on_grid((score.variance / cost).sqrt()), floors, reason }
    }
}

fn reason_of(summary: &TraceSummary, score: Score, traces_of_shape: u32) -> Reason {
    if summary.errors > 0 {
        Reason::Error
    } else if score.has_severe_log {
        Reason::SevereLog
    } else if score.traces_of_rarest <= RARE_TRACES {
        Reason::RareOperation
    } else if score.is_slow {
        Reason::Slow
    } else if traces_of_shape <= RARE_TRACES {
        Reason::RareShape
    } else {
        Reason::Ordinary
    }
}

// === impl Candidate ===

impl Candidate {
    fn of(summary: &TraceSummary, input: &DecisionInput<'_>) -> Self {
        let verdict = input.rules.verdict(summary);
        let class = match verdict.first {
            _ if summary.is_pinned => Class::Kept(0),
            Some((rule, true)) => Class::Kept(usize::from(rule) + 1),
            Some((rule, false)) => Class::Dropped(rule),
            None => Class::Rest { at_least: verdict.at_least },
        };
        Self {
            class,
            cost: input.cost.bytes_of(summary),
            randomness: randomness_of(summary, input).0.least_keeping_probability(),
            arrived: summary.arrived(),
        }
    }
}

fn randomness_of(
    summary: &TraceSummary,
    input: &DecisionInput<'_>,
) -> (crate::threshold::Randomness, randomness::RandomnessSource) {
    let (explicit, flagged) = (summary.explicit_randomness, summary.has_random_flag);
    // Who sampled it before took the id as it is, and so must all that come after.
    let hashes = input.hashes_unflagged_ids && summary.arrived() == Threshold::KEEP_ALL;
    randomness::of_trace(TraceId(summary.trace_id), explicit, flagged, hashes)
}

/// Bytes for pins and each rule that keeps, in their order: all that it wants where that fits, else what is left, and
/// never less than its part of the guarantee.
fn share_out(wanted: &[f64], offered_bytes: f64, budget_bytes: f64) -> Vec<f64> {
    let wanted_sum: f64 = wanted.iter().sum();
    let rest = (offered_bytes - wanted_sum).max(0.0).min(budget_bytes * REST_SHARE);
    let classes = wanted.iter().filter(|bytes| **bytes > 0.0).count();
    #[expect(clippy::cast_precision_loss, reason = "at most 65 classes")]
    let guarantee = budget_bytes * GUARANTEED_SHARE / classes.max(1) as f64;
    let guaranteed = |bytes: f64| bytes.min(guarantee);
    let mut left = budget_bytes - rest - wanted.iter().map(|bytes| guaranteed(*bytes)).sum::<f64>();
    wanted
        .iter()
        .map(|bytes| {
            let more = (bytes - guaranteed(*bytes)).min(left.max(0.0));
            left -= more;
            guaranteed(*bytes) + more
        })
        .collect()
}

/// The nearest step of the grid. Weights are on it, not probabilities: a probability that is not exactly
/// `lambda * weight` would keep traces that the cut did not count, and spoil its independence of the kept ones.
fn on_grid(value: f64) -> f64 {
    ((value.log2() * STEPS_AN_OCTAVE).round() / STEPS_AN_OCTAVE).exp2()
}

/// The next step up: a floor stays one.
fn up_on_grid(value: f64) -> f64 {
    ((value.log2() * STEPS_AN_OCTAVE).ceil() / STEPS_AN_OCTAVE).exp2()
}
