//! Sums over seeds from which the figures are made.
//!
//! Owns means with standard errors, coverage, and widths. Seeds are the independent units: groups of one hour share
//! traces. Never decides whether a figure is good.

use std::collections::BTreeMap;

use crate::answers::{Grouping, Measure};
use crate::methods::Method;

/// A mean over seeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mean {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Mean {
    /// Adds a number.
    pub fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    /// Their mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { f64::NAN }
    }

    /// Standard error of the mean.
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        if self.count < 2.0 {
            return f64::INFINITY;
        }
        let variance = (self.squares / self.count - self.mean().powi(2)).max(0.0) / (self.count - 1.0);
        variance.sqrt()
    }

    /// How many.
    #[must_use]
    pub const fn count(&self) -> f64 {
        self.count
    }
}

/// Which groups count towards a mean error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chosen {
    /// Of which at least 30 traces were expected to be kept.
    Beforehand,
    /// Of which at least 30 traces happened to be kept.
    ByOutcome,
}

/// A kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    pub method: Method,
    pub grouping: Grouping,
    pub measure: Measure,
}

/// What is known of one kind of question.
#[derive(Clone, Copy, Debug, Default)]
pub struct KindFigures {
    /// Mean relative error of a seed's answers from at least 30 kept traces.
    pub error: Mean,
    /// The same of groups of which at least 30 traces were *expected* to be kept: chosen without looking at the outcome.
    pub expected_error: Mean,
    /// Of all answers from at least 30 kept traces together: the sum of their errors over the sum of their truths.
    pub error_sum: f64,
    pub truth_sum: f64,
    pub covered: f64,
    pub answers: f64,
    pub truth_below: f64,
    pub truth_above: f64,
}

/// Everything over all seeds.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub seeds: u64,
    pub kinds: BTreeMap<Kind, KindFigures>,
    /// Our mean relative error of a seed over all groupings: of groups chosen by what was kept, and beforehand.
    pub errors: BTreeMap<(Measure, Chosen), Mean>,
    /// Relative widths of questions that all methods answer from enough traces.
    pub common_widths: BTreeMap<(Method, Measure), Mean>,
    pub common_width: BTreeMap<Method, Mean>,
    /// Share of all questions that are answered from enough traces.
    pub answered: BTreeMap<Method, Mean>,
    /// Bytes kept over those that we kept.
    pub bytes: BTreeMap<Method, Mean>,
    /// Our bytes over the budget.
    pub budget: Mean,
    /// Calibrated answers: by whether sketches cover the question.
    pub calibrated: BTreeMap<(bool, Measure), CalibratedFigures>,
}

/// Calibrated against plain.
#[derive(Clone, Copy, Debug, Default)]
pub struct CalibratedFigures {
    pub answers: f64,
    pub error: Mean,
    pub covered: f64,
    pub plain_covered: f64,
    pub plain_width: f64,
    pub calibrated_width: f64,
}

impl Figures {
    /// Pooled coverage of a method over all kinds, or of some of them.
    #[must_use]
    pub fn coverage(&self, takes: impl Fn(&Kind) -> bool) -> (f64, f64) {
        let taken = self.kinds.iter().filter(|(kind, _)| takes(kind)).map(|(_, figures)| figures);
        let (covered, answers) =
            taken.fold((0.0, 0.0), |sums, figures| (sums.0 + figures.covered, sums.1 + figures.answers));
        (covered / answers, answers)
    }
}
