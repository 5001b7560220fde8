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
    /// When the earliest of the spans begins; none where nobody asked.
    pub first: Option<i64>,
}

/// A span that was counted elsewhere and may be an exemplar.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// As those of [`Counted`].
    pub labels: Vec<Operand<'static>>,
    pub bucket: f64,
    pub exemplar: Exemplar,
}

/// Which spans are the exemplars of what was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exemplary {
    /// When they begin.
    pub moments: Vec<i64>,
    /// Of each series at most.
    pub of_series: usize,
}

/// The exemplars that series of these counts have, so many in all, shared by all series alike.
#[must_use]
pub fn exemplary(series: &MetricsSeries, grid: &Grid, counts: &[Counted], wanted: usize) -> Exemplary {
    let table = Table::new(series, grid, 0);
    let mut firsts: BTreeMap<String, BTreeMap<usize, i64>> = BTreeMap::new();
    for counted in counts {
        let Some(first) = counted.first else { continue };
        let labels = table.labels_of(counted.labels.iter().cloned(), counted.bucket);
        let of_series = firsts.entry(key_of(&labels)).or_default();
        of_series.entry(counted.interval).and_modify(|known| *known = first.min(*known)).or_insert(first);
    }
    let of_series = wanted.div_ceil(firsts.len().max(1));
    // An exemplar goes to the nearest quantile, which only its value tells: all intervals are looked at.
    let intervals = match series.function {
        MetricsFunction::QuantileOverTime(..) => usize::MAX,
        _ => of_series,
    };
    let mut moments: Vec<i64> =
        firsts.into_values().flat_map(|firsts| firsts.into_values().take(intervals)).take(wanted).collect();
    moments.sort_unstable();
    moments.dedup();
    Exemplary { moments, of_series }
}

/// The series of what was counted elsewhere. `compare()` cannot be made of counts: it gives none.
#[must_use]
pub fn series_of_counts(
    series: &MetricsSeries,
    grid: &Grid,
    counts: impl IntoIterator<Item = Counted>,
    exemplars_max: usize,
    examples: impl IntoIterator<Item = Example>,
) -> Vec<Series> {
    let mut table = Table::new(series, grid, exemplars_max);
    for counted in counts {
        table.add_counted(counted);
    }
    for example in examples {
        let labels = table.labels_of(example.labels.into_iter(), example.bucket);
        table.row(labels).note(example.exemplar);
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
        let values: Vec<Operand<'static>> = values.collect();
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
        let row = self.row(self.labels_of(values.into_iter(), bucket));
        let (count, sum, min, max) = (1, sample, sample, sample);
        let labels = Vec::new();
        row.cells[observed.interval].add(&Counted { labels, interval: 0, count, sum, min, max, bucket, first: None });
        row.note(observed.exemplar(sample));
    }

    fn add_counted(&mut self, mut counted: Counted) {
        let labels = self.labels_of(std::mem::take(&mut counted.labels).into_iter(), counted.bucket);
        if let Some(cell) = self.row(labels).cells.get_mut(counted.interval) {
            cell.add(&counted);
        }
    }

    /// The same with the bucket, where it is one.
    fn labels_of(&self, values: impl Iterator<Item = Operand<'static>>, bucket: f64) -> Labels {
        let mut labels = self.labels(values);
        if matches!(self.series.function, MetricsFunction::HistogramOverTime(_)) {
            labels.push((BUCKET_LABEL.to_owned(), Operand::Float(bucket)));
        }
        labels
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
    fn note(&mut self, exemplar: Exemplar) {
        let order = |one: &Exemplar| (one.timestamp, one.trace_id, one.span_id);
        let kept = self.exemplars.entry(exemplar.interval).or_insert(exemplar);
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
