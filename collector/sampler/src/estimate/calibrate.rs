//! Calibration of an estimate to totals that RED sketches know exactly.
//!
//! Owns the generalised regression estimator (Särndal, Swensson, Wretman, "Model Assisted Survey Sampling", 6.4; Deville,
//! Särndal, JASA 87, 1992), by cells: a cell is a series of the sketches (service, operation, kind, status) over the
//! rollups that the question covers. In each cell, what is asked is regressed on one and on the duration, whose totals are
//! known: `Y = Y_ht + B0 (N - N_ht) + B1 (D - D_ht)`. Only the residuals `y - B0 - B1 d` are uncertain. A question that the
//! sketches answer by themselves (a count of the whole cell) has residuals of zero, and its answer is exact.
//!
//! Never guesses: rows of a cell whose totals are not known, or known only by estimate, are estimated as they are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::estimate::clusters::{ClusterSums, Moments, trace_hash};
use crate::estimate::{Estimate, FEW_TRACES, Kept, interval};

/// Cells at most; rows of others are estimated without calibration.
pub const CELLS_MAX: usize = 64;
/// Fewer traces in a cell set no slope: only the count is used.
const TRACES_FOR_SLOPE: u64 = 60;
/// Fewer traces in a cell are not calibrated: the ratio of two small numbers is biased.
const TRACES_FOR_RATIO: u64 = 5;

/// Number of a cell within one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellId(pub u64);

/// What is known of a cell, over just the rollups that the question covers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellTotals {
    pub count: f64,
    /// Nanoseconds, or whatever unit the rows' durations are given in.
    pub duration_sum: f64,
    /// The totals of `a` and `b` themselves, where the question takes all rows of the cell and asks what its sketches
    /// know: a count, a sum of durations, errors. The cell is then certain, also if none of its rows was kept.
    pub answers: Option<[f64; 2]>,
}

/// Whether the question takes rows that no cell covers: a range of time that cuts rollups at its ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ends {
    /// The range ends where rollups do.
    None,
    /// Some rollups are cut.
    Cut,
    /// Some rollups are cut, of which the sketches know what `a` can be there at most.
    AtMost(f64),
}

/// A ratio or total whose rows are known by cell. With `b` of one, the total of `a` is a sum or a count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CalibratedState {
    cells: BTreeMap<CellId, Cell>,
    other: Cell,
}

/// Sums of one cell: of `a`, `b`, one and the duration `d`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Cell {
    totals: [f64; 4],
    /// Weighted sums of `d^2`, `a d`, `b d`.
    products: [f64; 3],
    sampled_rows: u64,
    clusters: ClusterSums,
}

impl Default for Cell {
    fn default() -> Self {
        Self { totals: [0.0; 4], products: [0.0; 3], sampled_rows: 0, clusters: ClusterSums::new(4) }
    }
}

/// The linearised answer: residuals by trace, and what one more trace would add.
struct Linear {
    totals: [f64; 2],
    residuals: ClusterSums,
    /// A typical trace's part without calibration.
    typical: f64,
    sampled_rows: u64,
}

/// Calibrated totals of `a` and `b`, and how each trace's four sums make their residuals.
struct Calibrated {
    totals: [f64; 2],
    residuals: [[f64; 4]; 2],
}

impl CalibratedState {
    /// Adds a row of the question. `is_in_question` is whether the filter, beyond the cell, takes it: rows of the cell
    /// that it does not take MUST be added too, with `false`, as they show how far off the cell's totals are.
    pub fn add(&mut self, kept: Kept, cell: Option<CellId>, is_in_question: bool, a: f64, b: f64, duration: f64) {
        if !a.is_finite() || !b.is_finite() || !duration.is_finite() {
            return;
        }
        let asked = if is_in_question { 1.0 } else { 0.0 };
        let place = self.place_of(cell);
        place.add(kept, [asked * a, asked * b, 1.0, duration]);
    }

    /// Bytes held, about.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        let cells = self.cells.values().chain([&self.other]);
        cells.map(|cell| size_of::<Cell>() + cell.clusters.byte_len()).sum()
    }

    /// Adds another state.
    pub fn merge(&mut self, other: &Self) {
        for (id, cell) in &other.cells {
            self.place_of(Some(*id)).merge(cell);
        }
        self.other.merge(&other.other);
    }

    /// The total of `a` over the rows in question.
    #[must_use]
    pub fn finish_total(&self, known: &BTreeMap<CellId, CellTotals>, ends: Ends) -> Estimate {
        let linear = self.linear(known, |_| [1.0, 0.0]);
        let (total, traces) = (linear.totals[0], linear.residuals.traces());
        if linear.sampled_rows == 0 {
            return Estimate::exact(total, traces);
        }
        let (below, above) = linear.distances(ends);
        let (low, high) = (total + below, total + above);
        let is_certain_inside =
            self.cells.keys().all(|cell| known.get(cell).is_some_and(|known| known.answers.is_some()));
        if is_certain_inside && ends == Ends::None && self.other.totals[2] == 0.0 {
            return Estimate::exact(total, traces);
        }
        let Ends::AtMost(most) = ends else {
            return Estimate::sampled(total, (low, high), traces);
        };
        if !is_certain_inside {
            return Estimate::sampled(total, (low, high), traces);
        }
        // Only the ends are uncertain, and between nothing and all of the cut rollups they are certain.
        let inside = total - self.other.totals[0];
        let value = total.clamp(inside, inside + most);
        if linear.is_thin() {
            return Estimate::sampled(value, (inside, inside + most), traces);
        }
        Estimate::sampled(value, (low.max(inside), high.min(inside + most)), traces)
    }

    /// The ratio of the totals of `a` and `b`; `None` where nothing divides.
    #[must_use]
    pub fn finish_ratio(&self, known: &BTreeMap<CellId, CellTotals>, ends: Ends) -> Option<Estimate> {
        let linear = self.linear(known, |totals| [1.0 / totals[1], -totals[0] / (totals[1] * totals[1])]);
        let (totals, traces) = (linear.totals, linear.residuals.traces());
        if totals[1] == 0.0 {
            return None;
        }
        let ratio = totals[0] / totals[1];
        if linear.sampled_rows == 0 {
            return Some(Estimate::exact(ratio, traces));
        }
        let (below, above) = linear.distances(ends);
        Some(Estimate::sampled(ratio, (ratio + below, ratio + above), traces))
    }

    fn place_of(&mut self, cell: Option<CellId>) -> &mut Cell {
        let has_room = self.cells.len() < CELLS_MAX;
        match cell {
            Some(id) if has_room || self.cells.contains_key(&id) => self.cells.entry(id).or_default(),
            _ => &mut self.other,
        }
    }

    /// Calibrated totals, and the residuals of `factors` of them by trace over all cells.
    fn linear(&self, known: &BTreeMap<CellId, CellTotals>, factors: impl Fn([f64; 2]) -> [f64; 2]) -> Linear {
        let parts: Vec<(&Cell, Calibrated)> = self
            .cells
            .iter()
            .map(|(id, cell)| (cell, cell.calibrated(known.get(id))))
            .chain([(&self.other, self.other.calibrated(None))])
            .collect();
        let unseen = known.iter().filter(|(id, _)| !self.cells.contains_key(id)).filter_map(|(_, known)| known.answers);
        let of_unseen = unseen.fold([0.0; 2], |sums, answers| [sums[0] + answers[0], sums[1] + answers[1]]);
        let total = |which: usize| of_unseen[which] + parts.iter().map(|(_, part)| part.totals[which]).sum::<f64>();
        let totals = [total(0), total(1)];
        let factors = factors(totals);
        let mut residuals = ClusterSums::new(1);
        let mut plain = Moments::default();
        let mut plain_sum = 0.0;
        for (cell, part) in &parts {
            let of_both =
                |column: usize| factors[0] * part.residuals[0][column] + factors[1] * part.residuals[1][column];
            residuals.merge(&cell.clusters.combined(&[of_both(0), of_both(1), of_both(2), of_both(3)]));
            let plain_of_cell = cell.clusters.combined(&[factors[0], factors[1], 0.0, 0.0]);
            plain.second += plain_of_cell.moments(&[1.0]).second;
            plain_sum += plain_of_cell.absolute_sum();
        }
        let typical = if plain_sum > 0.0 { plain.second / plain_sum } else { 0.0 };
        let sampled_rows = parts.iter().map(|(cell, _)| cell.sampled_rows).sum();
        Linear { totals, residuals, typical, sampled_rows }
    }
}

impl Linear {
    /// Whether calibration leaves so few traces uncertain that they cannot show their own variance.
    fn is_thin(&self) -> bool {
        self.residuals.traces_above(self.typical * 1e-6) < FEW_TRACES
    }

    /// Ends of the interval. Where calibration leaves but a few traces uncertain (those at the ends of a range), they
    /// are too few to show their own variance: one that was missed would have added what a typical trace adds.
    fn distances(&self, ends: Ends) -> (f64, f64) {
        let moments = self.residuals.moments(&[1.0]);
        let (below, above) = interval::score(&moments);
        if ends == Ends::None || !self.is_thin() {
            return (below, above);
        }
        let (thin_below, thin_above) = interval::thin(&moments, self.typical);
        (below.min(thin_below), above.max(thin_above))
    }
}

impl Cell {
    fn add(&mut self, kept: Kept, values: [f64; 4]) {
        let probability = kept.probability();
        let [a, b, _, duration] = values;
        self.totals.iter_mut().zip(values).for_each(|(total, value)| *total += value / probability);
        let products = [duration * duration, a * duration, b * duration];
        self.products.iter_mut().zip(products).for_each(|(sum, product)| *sum += product / probability);
        self.sampled_rows += u64::from(probability < 1.0);
        self.clusters.add(trace_hash(kept.trace_id), probability, &values);
    }

    fn merge(&mut self, other: &Self) {
        self.totals.iter_mut().zip(other.totals).for_each(|(mine, theirs)| *mine += theirs);
        self.products.iter_mut().zip(other.products).for_each(|(mine, theirs)| *mine += theirs);
        self.sampled_rows += other.sampled_rows;
        self.clusters.merge(&other.clusters);
    }

    fn calibrated(&self, known: Option<&CellTotals>) -> Calibrated {
        let [a, b, count, duration] = self.totals;
        let uncalibrated = Calibrated { totals: [a, b], residuals: [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]] };
        if let Some(totals) = known.and_then(|known| known.answers) {
            return Calibrated { totals, residuals: [[0.0; 4]; 2] };
        }
        let traces = self.clusters.traces();
        let Some(known) = known.filter(|_| traces >= TRACES_FOR_RATIO && count > 0.0) else {
            return uncalibrated;
        };
        let (missing_count, missing_duration) = (known.count - count, known.duration_sum - duration);
        let mut calibrated = uncalibrated;
        for (which, (total, product)) in [(a, self.products[1]), (b, self.products[2])].into_iter().enumerate() {
            let [level, slope] = self.regression(total, product, traces);
            calibrated.totals[which] += level * missing_count + slope * missing_duration;
            calibrated.residuals[which][2] = -level;
            calibrated.residuals[which][3] = -slope;
            // The weights after calibration, on average: residuals count by them (ibid. 6.6).
            let factor = (known.count / count).clamp(0.5, 2.0);
            calibrated.residuals[which].iter_mut().for_each(|coefficient| *coefficient *= factor);
        }
        calibrated
    }

    /// Weighted least squares of a variable on one and the duration: `[B0, B1]`.
    fn regression(&self, total: f64, product: f64, traces: u64) -> [f64; 2] {
        let [_, _, count, duration] = self.totals;
        let determinant = count * self.products[0] - duration * duration;
        let has_slope = traces >= TRACES_FOR_SLOPE && determinant > 1e-9 * count * self.products[0];
        if !has_slope {
            return [total / count, 0.0];
        }
        let slope = (count * product - duration * total) / determinant;
        [(total - slope * duration) / count, slope]
    }
}
