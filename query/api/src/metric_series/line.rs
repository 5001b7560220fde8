//! One series as a line: a number for each step of a grid.
//!
//! What a growing sum grew between two points is spread evenly over the time between them, so that points which
//! come more rarely than steps, or not quite regularly, still make a smooth rate.

use serde_json::Number;

/// What a point of the line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// How fast a sum grows a second. Cumulative unless `is_delta`.
    Rate { is_delta: bool },
    /// The mean of what a distribution counted.
    Mean { is_delta: bool },
    /// The last value.
    Value,
}

impl Shape {
    pub(super) fn of(kind: &str, temporality: Option<&str>, is_monotonic: Option<bool>) -> Self {
        let is_delta = temporality == Some("delta");
        match kind {
            "histogram" | "exponential_histogram" | "summary" => Self::Mean { is_delta },
            "sum" if is_monotonic == Some(true) => Self::Rate { is_delta },
            _ => Self::Value,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rate { .. } => "rate",
            Self::Mean { .. } => "mean",
            Self::Value => "value",
        }
    }
}

/// The steps of a chart, aligned to multiples of their length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    first: i64,
    pub(super) step: i64,
    steps: usize,
}

impl Grid {
    pub(super) fn new(start: i64, end: i64, step: i64) -> Self {
        let first = start.div_euclid(step) * step;
        let steps = (end - first).div_euclid(step) + i64::from((end - first).rem_euclid(step) != 0);
        Self { first, step, steps: usize::try_from(steps).unwrap_or(0) }
    }

    /// The step of a moment.
    fn step_of(&self, time: i64) -> Option<usize> {
        let step = usize::try_from((time - self.first).div_euclid(self.step)).ok()?;
        (step < self.steps).then_some(step)
    }
}

/// A measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) time: i64,
    /// Since when it has been counted.
    pub(super) start: Option<i64>,
    /// A number, or the sum of a distribution; `None`: not recorded.
    pub(super) value: Option<f64>,
    /// Of a distribution.
    pub(super) count: f64,
}

/// A line under construction; points come in order of time.
pub(super) struct Line {
    shape: Shape,
    grid: Grid,
    /// What was added up in a step, and over how much: nanoseconds for a rate, measurements for a mean.
    steps: Vec<(f64, f64)>,
    last: Option<Point>,
}

impl Line {
    pub(super) fn new(shape: Shape, grid: Grid) -> Self {
        Self { shape, grid, steps: vec![(0.0, 0.0); grid.steps], last: None }
    }

    pub(super) fn add(&mut self, point: &Point) {
        let Some(value) = point.value else {
            self.last = None;
            return;
        };
        match self.shape {
            Shape::Value => {
                if let Some(step) = self.grid.step_of(point.time) {
                    self.steps[step] = (value, 1.0);
                }
            }
            Shape::Rate { is_delta: true } => self.add_delta(point, value),
            Shape::Rate { is_delta: false } => self.add_cumulative(point, value),
            Shape::Mean { is_delta } => self.add_distribution(point, value, is_delta),
        }
        self.last = Some(*point);
    }

    fn add_delta(&mut self, point: &Point, value: f64) {
        let from = point.start.filter(|start| *start < point.time).or(self.last.map(|last| last.time));
        self.spread(from.unwrap_or(point.time - self.grid.step), point.time, value);
    }

    fn add_cumulative(&mut self, point: &Point, value: f64) {
        match self.last {
            Some(last) if !is_reset(&last, point, last.value.unwrap_or(0.0), value) => {
                self.spread(last.time, point.time, value - last.value.unwrap_or(0.0));
            }
            last => {
                // It began anew, from zero; when, the point itself says best. Without either, nothing can be said.
                let began = self.began(point).filter(|start| last.is_none_or(|last| *start >= last.time));
                if let Some(from) = began.or(last.map(|last| last.time)) {
                    self.spread(from, point.time, value);
                }
            }
        }
    }

    /// Since when a first point counts, where that is not so long ago that it tells of other times than the chart's.
    fn began(&self, point: &Point) -> Option<i64> {
        point.start.filter(|start| *start < point.time && *start >= self.grid.first - 2 * self.grid.step)
    }

    fn add_distribution(&mut self, point: &Point, sum: f64, is_delta: bool) {
        let Some(step) = self.grid.step_of(point.time) else { return };
        let grown = match self.last {
            _ if is_delta => Some((sum, point.count)),
            Some(last) if !is_reset(&last, point, last.count, point.count) => {
                Some((sum - last.value.unwrap_or(0.0), point.count - last.count))
            }
            Some(_) => Some((sum, point.count)),
            None => self.began(point).map(|_| (sum, point.count)),
        };
        let (sum, count) = grown.unwrap_or_default();
        self.steps[step].0 += sum;
        self.steps[step].1 += count;
    }

    /// An amount, evenly over a time.
    fn spread(&mut self, from: i64, to: i64, amount: f64) {
        let grid = self.grid;
        if to <= from {
            return;
        }
        let length = (to - from) as f64;
        let last = (to - 1 - grid.first).div_euclid(grid.step).min(i64::try_from(grid.steps).unwrap_or(i64::MAX) - 1);
        let first = (from - grid.first).div_euclid(grid.step).max(0);
        for step in first..=last {
            let begin = grid.first + step * grid.step;
            let covered = (to.min(begin + grid.step) - from.max(begin)) as f64;
            if let Some(sum) = usize::try_from(step).ok().and_then(|step| self.steps.get_mut(step)) {
                sum.0 += amount * (covered / length);
                sum.1 += covered;
            }
        }
    }

    /// Milliseconds and numbers, from the first to the last step that has one.
    pub(super) fn points(&self) -> Vec<(i64, Option<Number>)> {
        let has = |step: &(f64, f64)| step.1 > 0.0;
        let Some(first) = self.steps.iter().position(has) else { return Vec::new() };
        let last = self.steps.iter().rposition(has).unwrap_or(first);
        let second = if matches!(self.shape, Shape::Rate { .. }) { 1e9 } else { 1.0 };
        let points = self.steps[first..=last].iter().zip(first..);
        points
            .map(|((sum, over), step)| {
                let begin = self.grid.first + i64::try_from(step).unwrap_or(0) * self.grid.step;
                let value = (*over > 0.0).then(|| sum / (over / second)).and_then(Number::from_f64);
                (begin / 1_000_000, value)
            })
            .collect()
    }
}

/// Whether a cumulative count began anew between two points.
fn is_reset(last: &Point, point: &Point, before: f64, after: f64) -> bool {
    after < before || point.start.is_some_and(|start| start > last.time)
}
