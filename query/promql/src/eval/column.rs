//! What a node of the query gives: values of each series at each step.
//!
//! Owns the columns. A column has a place for every step; a step without a value holds a mark that no sample can hold.
//! Never knows the times of the steps.

use std::sync::Arc;

use crate::histogram::Histogram;
use crate::labels::Labels;

use super::budget::Charge;

/// The mark of a step without a float: a NaN that arithmetic does not bring forth. Samples that hold it are made plain
/// NaN when they are set.
const ABSENT_BITS: u64 = 0x7ff8_5350_4e4c_4b00;

/// A sample's value.
#[derive(Clone, Debug)]
pub enum Point {
    Float(f64),
    Histogram(Arc<Histogram>),
}

/// One series' values, one place for each step.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    floats: Vec<f64>,
    /// As long as the floats, or empty where the series has no histogram at any step.
    histograms: Vec<Option<Arc<Histogram>>>,
}

/// A series with its values at the steps.
#[derive(Clone, Debug)]
pub(crate) struct StepSeries {
    pub labels: Labels,
    /// The metric's name no longer fits, but may still be asked for; it is dropped at the end.
    pub drop_name: bool,
    pub column: Column,
}

/// An instant vector at every step.
#[derive(Debug, Default)]
pub(crate) struct StepVector {
    pub series: Vec<StepSeries>,
    /// The memory it takes, given back when it goes.
    pub charge: Charge,
}

/// What a node gives.
#[derive(Debug)]
pub(crate) enum Value {
    Scalar(Vec<f64>),
    Vector(StepVector),
    Text(String),
}

// === impl Column ===

fn absent() -> f64 {
    f64::from_bits(ABSENT_BITS)
}

fn is_absent(value: f64) -> bool {
    value.to_bits() == ABSENT_BITS
}

impl Column {
    pub(crate) fn empty(steps: usize) -> Self {
        Self { floats: vec![absent(); steps], histograms: Vec::new() }
    }

    pub(crate) fn steps(&self) -> usize {
        self.floats.len()
    }

    pub(crate) fn float(&self, step: usize) -> Option<f64> {
        Some(self.floats[step]).filter(|value| !is_absent(*value))
    }

    pub(crate) fn histogram(&self, step: usize) -> Option<&Arc<Histogram>> {
        self.histograms.get(step).and_then(Option::as_ref)
    }

    pub(crate) fn point(&self, step: usize) -> Option<Point> {
        match self.float(step) {
            Some(value) => Some(Point::Float(value)),
            None => self.histogram(step).map(|histogram| Point::Histogram(Arc::clone(histogram))),
        }
    }

    pub(crate) fn is_present(&self, step: usize) -> bool {
        !is_absent(self.floats[step]) || self.histogram(step).is_some()
    }

    pub(crate) fn is_all_absent(&self) -> bool {
        self.floats.iter().all(|value| is_absent(*value)) && self.histograms.iter().all(Option::is_none)
    }

    pub(crate) fn has_floats(&self) -> bool {
        self.floats.iter().any(|value| !is_absent(*value))
    }

    pub(crate) fn has_histograms(&self) -> bool {
        self.histograms.iter().any(Option::is_some)
    }

    pub(crate) fn set_float(&mut self, step: usize, value: f64) {
        self.floats[step] = if is_absent(value) { f64::NAN } else { value };
    }

    pub(crate) fn set_histogram(&mut self, step: usize, histogram: Arc<Histogram>) {
        if self.histograms.is_empty() {
            self.histograms.resize(self.floats.len(), None);
        }
        self.histograms[step] = Some(histogram);
    }

    pub(crate) fn set(&mut self, step: usize, point: Point) {
        match point {
            Point::Float(value) => self.set_float(step, value),
            Point::Histogram(histogram) => self.set_histogram(step, histogram),
        }
    }

    pub(crate) fn clear(&mut self, step: usize) {
        self.floats[step] = absent();
        if let Some(place) = self.histograms.get_mut(step) {
            *place = None;
        }
    }

    /// Changes each float; histograms go.
    pub(crate) fn map_floats(&mut self, change: impl Fn(f64) -> f64) {
        self.histograms = Vec::new();
        for value in &mut self.floats {
            if !is_absent(*value) {
                let changed = change(*value);
                *value = if is_absent(changed) { f64::NAN } else { changed };
            }
        }
    }

    /// The one value at every one of so many steps.
    pub(crate) fn repeated(&self, steps: usize) -> Self {
        let mut column = Self::empty(steps);
        if let Some(point) = self.point(0) {
            for step in 0..steps {
                column.set(step, point.clone());
            }
        }
        column
    }

    /// Takes over the other's values where this one has none; false where both have one.
    pub(crate) fn absorb(&mut self, other: &Column) -> bool {
        for step in 0..self.steps() {
            if let Some(point) = other.point(step) {
                if self.is_present(step) {
                    return false;
                }
                self.set(step, point);
            }
        }
        true
    }

    pub(crate) fn size_bytes(&self) -> usize {
        let held: usize = self.histograms.iter().flatten().map(|histogram| histogram.size_bytes()).sum();
        8 * (self.floats.len() + self.histograms.len()) + held
    }
}

impl StepVector {
    /// Counts the memory of the series against the query's limit.
    pub(crate) fn new(series: Vec<StepSeries>, budget: &Arc<super::budget::Budget>) -> Result<Self, super::EvalError> {
        let bytes = series.iter().map(|series| size_of::<StepSeries>() + series.column.size_bytes()).sum();
        Ok(Self { charge: budget.charge(bytes)?, series })
    }
}
