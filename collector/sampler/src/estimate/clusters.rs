//! Sums by trace, exact while they fit and a linear sketch beyond.
//!
//! Owns [`ClusterSums`]: for each trace and each of a few columns, `z = sum of sqrt(1 - p) y / p` over its rows. The
//! variance of an estimated total is the sum of `z^2` over traces; of anything linear in the columns (a ratio's residual,
//! a regression's), the sum of the squares of the same combination of `z`. Spans of one trace with different `p` (some
//! sampled before) give slightly more than the true variance.
//!
//! # The bound
//!
//! Up to [`EXACT_TRACES_MAX`] traces, sums are exact. Beyond, a state is a sketch of [`SKETCH_CELLS`] cells a column:
//! each trace adds its `z`, with a sign from its hash, to one cell. The sum of squared cells is an unbiased estimate of the
//! sum of `z^2` with a relative standard deviation of at most `sqrt(2 / 4096)` = 2.2 %, so of a width 1.1 % (Alon,
//! Matias, Szegedy, JCSS 58, 1999; one cell an update: Thorup, Zhang, SIAM J. Comput. 41, 2012). Being linear, it merges by
//! addition and takes combinations of columns afterwards. So a state never passes `8192 * (16 + 8 * columns)` bytes and
//! hash table, some 400 KiB for two columns.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::TraceId;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Traces whose sums are kept apart.
pub const EXACT_TRACES_MAX: usize = 8_192;
/// Cells a column of the sketch.
pub const SKETCH_CELLS: usize = 4_096;
const SEED: u64 = 0x636c_7573_7465_7273;

/// Sums by trace, of a fixed number of columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterSums {
    columns: usize,
    form: Form,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Form {
    /// Place of each trace's hash in `sums`, which holds `columns` numbers a trace.
    Exact { places: HashMap<u64, u32>, sums: Vec<f64> },
    /// `columns` numbers a cell, and a lower bound of the number of traces.
    Sketch { cells: Vec<f64>, traces: u64 },
}

/// Moments of a residual over traces.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// Sum of squares: the variance.
    pub second: f64,
    /// Sum of cubes; zero where it is not known.
    pub third: f64,
    /// Sum of fourth powers; zero where it is not known.
    pub fourth: f64,
    /// Distinct traces.
    pub traces: u64,
}

impl Moments {
    /// Adds one trace's residual.
    pub fn add(&mut self, residual: f64) {
        let square = residual * residual;
        self.second += square;
        self.third += square * residual;
        self.fourth += square * square;
    }
}

/// The number by which a trace is known in states.
#[must_use]
pub fn trace_hash(trace: TraceId) -> u64 {
    xxh3_64_with_seed(&trace.0, SEED)
}

impl ClusterSums {
    /// Without any trace.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self { columns, form: Form::Exact { places: HashMap::new(), sums: Vec::new() } }
    }

    /// Adds a row's values, one a column, with its probability in (0, 1].
    pub fn add(&mut self, trace: u64, probability: f64, values: &[f64]) {
        let scale = (1.0 - probability).max(0.0).sqrt() / probability;
        self.add_scaled(trace, |column| scale * values[column]);
    }

    /// Adds another state of the same columns.
    pub fn merge(&mut self, other: &Self) {
        match &other.form {
            Form::Exact { places, sums } => {
                for (trace, place) in places {
                    let from = *place as usize * other.columns;
                    self.add_scaled(*trace, |column| sums[from + column]);
                }
            }
            Form::Sketch { cells, traces } => {
                self.become_sketch();
                if let Form::Sketch { cells: mine, traces: my_traces } = &mut self.form {
                    mine.iter_mut().zip(cells).for_each(|(mine, theirs)| *mine += theirs);
                    *my_traces = (*my_traces).max(*traces);
                }
            }
        }
    }

    /// Bytes held, about.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        match &self.form {
            Form::Exact { places, sums } => places.capacity() * 16 + sums.capacity() * 8,
            Form::Sketch { cells, .. } => cells.capacity() * 8,
        }
    }

    /// Distinct traces; a lower bound once they are no longer kept apart.
    #[must_use]
    pub fn traces(&self) -> u64 {
        match &self.form {
            Form::Exact { places, .. } => places.len() as u64,
            Form::Sketch { traces, .. } => *traces,
        }
    }

    /// Moments of `sum over columns of coefficient * z` over traces.
    #[must_use]
    pub fn moments(&self, coefficients: &[f64]) -> Moments {
        let mut moments = Moments { traces: self.traces(), ..Moments::default() };
        match &self.form {
            Form::Exact { sums, .. } => {
                sums.chunks_exact(self.columns).for_each(|sums| moments.add(dot(sums, coefficients)));
            }
            Form::Sketch { cells, .. } => {
                let squares = cells.chunks_exact(self.columns).map(|cell| dot(cell, coefficients).powi(2));
                moments.second = squares.sum();
            }
        }
        moments
    }

    /// Of one column: the sum of absolute values over traces, or over cells of a sketch.
    #[must_use]
    pub fn absolute_sum(&self) -> f64 {
        match &self.form {
            Form::Exact { sums, .. } => sums.iter().map(|sum| sum.abs()).sum(),
            Form::Sketch { cells, .. } => cells.iter().map(|cell| cell.abs()).sum(),
        }
    }

    /// Of one column: traces (or cells) with an absolute value above this one.
    #[must_use]
    pub fn traces_above(&self, least: f64) -> u64 {
        let numbers = match &self.form {
            Form::Exact { sums, .. } => sums,
            Form::Sketch { cells, .. } => cells,
        };
        numbers.iter().filter(|number| number.abs() > least).count() as u64
    }

    /// Folds the columns to one, by these coefficients: residuals of several states can then be merged.
    #[must_use]
    pub fn combined(&self, coefficients: &[f64]) -> Self {
        let fold = |numbers: &[f64]| numbers.chunks_exact(self.columns).map(|one| dot(one, coefficients)).collect();
        let form = match &self.form {
            Form::Exact { places, sums } => Form::Exact { places: places.clone(), sums: fold(sums) },
            Form::Sketch { cells, traces } => Form::Sketch { cells: fold(cells), traces: *traces },
        };
        Self { columns: 1, form }
    }

    fn add_scaled(&mut self, trace: u64, value: impl Fn(usize) -> f64) {
        let columns = self.columns;
        let is_full = match &mut self.form {
            Form::Exact { places, sums } => {
                let next = places.len();
                let is_new = !places.contains_key(&trace);
                if is_new && next >= EXACT_TRACES_MAX {
                    true
                } else {
                    let place = *places.entry(trace).or_insert(u32::try_from(next).unwrap_or(u32::MAX)) as usize;
                    sums.resize(sums.len().max((place + 1) * columns), 0.0);
                    (0..columns).for_each(|column| sums[place * columns + column] += value(column));
                    false
                }
            }
            Form::Sketch { cells, .. } => {
                add_to_cell(cells, columns, trace, &value);
                false
            }
        };
        if is_full {
            self.become_sketch();
            self.add_scaled(trace, value);
        }
    }

    fn become_sketch(&mut self) {
        if let Form::Exact { places, sums } = &self.form {
            let mut cells = vec![0.0; SKETCH_CELLS * self.columns];
            for (trace, place) in places {
                let from = *place as usize * self.columns;
                add_to_cell(&mut cells, self.columns, *trace, &|column| sums[from + column]);
            }
            self.form = Form::Sketch { cells, traces: places.len() as u64 };
        }
    }
}

fn add_to_cell(cells: &mut [f64], columns: usize, trace: u64, value: &impl Fn(usize) -> f64) {
    let cell = usize::try_from(trace % SKETCH_CELLS as u64).unwrap_or(0);
    let sign = if trace >> 63 == 0 { 1.0 } else { -1.0 };
    for column in 0..columns {
        cells[cell * columns + column] += sign * value(column);
    }
}

fn dot(numbers: &[f64], coefficients: &[f64]) -> f64 {
    numbers.iter().zip(coefficients).map(|(number, coefficient)| number * coefficient).sum()
}
