//! Counting spans and their values by labels and intervals.
//!
//! Owns the functions but `compare()`. Spans without a value count nowhere; durations are in seconds.

use std::collections::BTreeMap;

use crate::eval::operand::Operand;
use crate::syntax::tree::{MetricsFunction, MetricsSeries};

use super::Observed;
use super::grid::Grid;
use super::quantile::{Histogram, bucket_of};
use super::series::{Exemplar, Labels, Series, key_of};

/// The label of a histogram's bucket: its upper border.
pub const BUCKET_LABEL: &str = "__bucket";
/// The label of a quantile.
pub const QUANTILE_LABEL: &str = "p";

/// Spans of one interval, one set of labels and one bucket that were counted elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// One for each field of `by (…)`, in its order; nil where it is missing.
    pub labels: Vec<Operand<'static>>,
    pub interval: usize,
    pub count: u64,
    /// Of the spans' values, durations in seconds; NaN where spans themselves are counted.
    pub sum: f64,
    pub min: f64,
    pub max: f64,
    /// The upper border of the values' bucket; NaN where the function has none.
    pub bucket: f64,
}

/// The series of what was counted elsewhere, without exemplars. `compare()` cannot be made of counts: it gives none.
#[must_use]
pub fn series_of_counts(series: &MetricsSeries, grid: &Grid, counts: impl IntoIterator<Item = Counted>) -> Vec<Series> {
    let mut table = Table::new(series, grid, 0);
    for counted in counts {
        table.add_counted(counted);
    }
    table.series()
}

/// All series while they are counted.
pub(super) struct Table<'q> {
    series: &'q MetricsSeries,
    grid: &'q Grid,
    exemplars_max: usize,
    rows: BTreeMap<String, Row>,
}

/// One series while it is counted.
struct Row {
    labels: Labels,
    cells: Vec<Cell>,
    exemplars: BTreeMap<usize, Exemplar>,
}

/// One interval of one series.
#[derive(Clone, Default)]
struct Cell {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    histogram: Histogram,
}

impl<'q> Table<'q> {
    pub(super) fn new(series: &'q MetricsSeries, grid: &'q Grid, exemplars_max: usize) -> Self {
        let mut table = Self { series, grid, exemplars_max, rows: BTreeMap::new() };
        if series.by.is_empty() && matches!(series.function, MetricsFunction::Rate | MetricsFunction::CountOverTime) {
            // Without labels there is one series, also where it counts nothing.
            table.row(Vec::new());
        }
        table
    }

    fn row(&mut self, labels: Labels) -> &mut Row {
        let intervals = self.grid.len();
        self.rows.entry(key_of(&labels)).or_insert_with(|| Row {
            labels,
            cells: vec![Cell::default(); intervals],
            exemplars: BTreeMap::new(),
        })
    }

    pub(super) fn add(&mut self, observed: &Observed<'_, '_>) {
        let values = self.series.by.iter().map(|field| observed.view.value(observed.span, field).into_owned());
        let mut labels = self.labels(values);
        let value = self.series.function.field().map(|field| observed.view.value(observed.span, field));
        let (sample, bucket) = match (&self.series.function, &value) {
            (_, None) => (f64::NAN, f64::NAN),
            (MetricsFunction::HistogramOverTime(_) | MetricsFunction::QuantileOverTime(..), Some(value)) => {
                let Some(bucket) = bucket_of(value) else { return };
                (value.as_sample().unwrap_or(f64::NAN), bucket)
            }
            (_, Some(value)) => {
                let Some(sample) = value.as_sample() else { return };
                (sample, f64::NAN)
            }
        };
        if matches!(self.series.function, MetricsFunction::HistogramOverTime(_)) {
            labels.push((BUCKET_LABEL.to_owned(), Operand::Float(bucket)));
        }
        let row = self.row(labels);
        let (count, sum, min, max) = (1, sample, sample, sample);
        row.cells[observed.interval].add(&Counted { labels: Vec::new(), interval: 0, count, sum, min, max, bucket });
        row.note(observed, sample);
    }

    fn add_counted(&mut self, mut counted: Counted) {
        let mut labels = self.labels(std::mem::take(&mut counted.labels).into_iter());
        if matches!(self.series.function, MetricsFunction::HistogramOverTime(_)) {
            labels.push((BUCKET_LABEL.to_owned(), Operand::Float(counted.bucket)));
        }
        if let Some(cell) = self.row(labels).cells.get_mut(counted.interval) {
            cell.add(&counted);
        }
    }

    /// The labels of a series whose fields have these values.
    fn labels(&self, values: impl Iterator<Item = Operand<'static>>) -> Labels {
        let mut labels: Labels =
            self.series.by.iter().zip(values).map(|(field, value)| (field.to_string(), value)).collect();
        if labels.iter().any(|(_, value)| value.exists()) {
            labels.retain(|(_, value)| value.exists());
        } else {
            // Where all are missing, the first one says so.
            labels.truncate(1);
        }
        labels
    }

    pub(super) fn series(self) -> Vec<Series> {
        let function = &self.series.function;
        let step_seconds = self.grid.step_seconds();
        let exemplars_max = self.exemplars_max;
        let rows = self.rows.into_values();
        if let MetricsFunction::QuantileOverTime(_, quantiles) = function {
            return rows.flat_map(|row| row.quantiles(quantiles, exemplars_max)).collect();
        }
        rows.map(|row| {
            let values = row.cells.iter().map(|cell| cell.value(function, step_seconds)).collect();
            let exemplars = row.exemplars.into_values().take(exemplars_max).collect();
            Series { labels: row.labels, values, exemplars }
        })
        .collect()
    }
}

impl Row {
    /// Of each interval the earliest span is the exemplar.
    fn note(&mut self, observed: &Observed<'_, '_>, value: f64) {
        let trace = observed.view.trace();
        let exemplar = Exemplar {
            trace_id: trace.trace_id,
            span_id: trace.spans[observed.span].span_id,
            timestamp: observed.start_time(),
            interval: observed.interval,
            value,
        };
        let order = |one: &Exemplar| (one.timestamp, one.trace_id, one.span_id);
        let kept = self.exemplars.entry(observed.interval).or_insert(exemplar);
        if order(&exemplar) < order(kept) {
            *kept = exemplar;
        }
    }

    /// A series for each quantile; an exemplar belongs to the quantile that is nearest to it.
    fn quantiles(self, quantiles: &[f64], exemplars_max: usize) -> Vec<Series> {
        let mut series: Vec<Series> = quantiles
            .iter()
            .map(|quantile| {
                let mut labels = self.labels.clone();
                labels.push((QUANTILE_LABEL.to_owned(), Operand::Float(*quantile)));
                let values = self.cells.iter().map(|cell| cell.histogram.quantile(*quantile)).collect();
                Series { labels, values, exemplars: Vec::new() }
            })
            .collect();
        for exemplar in self.exemplars.into_values() {
            let distance = |one: &Series| (one.values[exemplar.interval] - exemplar.value).abs();
            let nearest = series.iter_mut().min_by(|one, other| distance(one).total_cmp(&distance(other)));
            if let Some(nearest) = nearest.filter(|nearest| nearest.exemplars.len() < exemplars_max) {
                nearest.exemplars.push(exemplar);
            }
        }
        series
    }
}

impl Cell {
    fn add(&mut self, counted: &Counted) {
        self.min = if self.count == 0 { counted.min } else { self.min.min(counted.min) };
        self.max = if self.count == 0 { counted.max } else { self.max.max(counted.max) };
        self.count += counted.count;
        self.sum += counted.sum;
        if !counted.bucket.is_nan() {
            self.histogram.add_count(counted.bucket, counted.count);
        }
    }

    fn value(&self, function: &MetricsFunction, step_seconds: f64) -> f64 {
        let count = self.count as f64;
        match function {
            MetricsFunction::Rate => count / step_seconds,
            MetricsFunction::CountOverTime | MetricsFunction::HistogramOverTime(_) => count,
            _ if self.count == 0 => f64::NAN,
            MetricsFunction::SumOverTime(_) => self.sum,
            MetricsFunction::MinOverTime(_) => self.min,
            MetricsFunction::MaxOverTime(_) => self.max,
            MetricsFunction::AvgOverTime(_) => self.sum / count,
            MetricsFunction::QuantileOverTime(..) | MetricsFunction::Compare(_) => f64::NAN,
        }
    }
}
