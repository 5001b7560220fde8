//! Quantiles and shares of histograms, native and classic.
//!
//! Owns how series of buckets become classic histograms: by all labels but `le`. Where a classic and a native histogram of
//! the same labels meet at one step, neither counts.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::annotations::{Annotation, Annotations};
use crate::histogram::Histogram;
use crate::histogram::fraction::classic_fraction;
use crate::histogram::quantile::{ClassicBucket, QuantileNote, classic_quantile};
use crate::labels::{BUCKET_BOUND, Labels};
use crate::number::{format_open_metrics, parse_float};
use crate::position::Span;
use crate::syntax::functions::FunctionName;

use super::column::{Column, StepSeries, StepVector, Value};
use super::plan::Node;
use super::{EvalError, Evaluator, Grid};

/// What is asked of each histogram.
enum Question {
    Quantile(Vec<f64>),
    Fraction(Vec<f64>, Vec<f64>),
}

/// Series that are one histogram: the buckets of a classic one, or a native one, or both by turns.
struct Family {
    /// Without `le`.
    labels: Labels,
    /// Bounds and the series that hold their counts.
    buckets: Vec<(f64, StepSeries)>,
    native: Option<StepSeries>,
}

impl Evaluator<'_> {
    pub(crate) fn bucket_function(
        &self,
        function: FunctionName,
        args: &[Node],
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<StepVector, EvalError> {
        match function {
            FunctionName::HistogramQuantile => {
                let quantiles = self.quantiles(&args[0], grid, notes)?;
                let families = self.families(&args[1], grid, notes)?;
                let answers = answer(&families, &Question::Quantile(quantiles), args[1].span, grid, notes);
                self.vector(answers)
            }
            FunctionName::HistogramFraction => {
                let lower = self.eval_scalar(&args[0], grid, notes)?;
                let upper = self.eval_scalar(&args[1], grid, notes)?;
                let families = self.families(&args[2], grid, notes)?;
                let answers = answer(&families, &Question::Fraction(lower, upper), args[2].span, grid, notes);
                self.vector(answers)
            }
            _ => self.several_quantiles(args, grid, notes),
        }
    }

    /// `histogram_quantiles(v, label, q…)`: a series for each quantile, told apart by the label.
    fn several_quantiles(&self, args: &[Node], grid: &Grid, notes: &mut Annotations) -> Result<StepVector, EvalError> {
        let Value::Text(label) = self.eval(&args[1], grid, notes)? else {
            return Err(EvalError::Execution("expected a label name".to_owned()));
        };
        let mut all_quantiles = Vec::new();
        for arg in &args[2..] {
            all_quantiles.push(self.quantiles(arg, grid, notes)?);
        }
        let families = self.families(&args[0], grid, notes)?;
        let mut answers = Vec::new();
        for quantiles in all_quantiles {
            let series = answer(&families, &Question::Quantile(quantiles.clone()), args[0].span, grid, notes);
            for one in series {
                push_by_quantile(&mut answers, &one, &label, &quantiles);
            }
        }
        self.vector(super::merge_same_labels(answers)?)
    }

    fn quantiles(&self, arg: &Node, grid: &Grid, notes: &mut Annotations) -> Result<Vec<f64>, EvalError> {
        let quantiles = self.eval_scalar(arg, grid, notes)?;
        for q in quantiles.iter().filter(|q| !(0.0..=1.0).contains(*q)) {
            notes.add(Annotation::invalid_quantile(*q, arg.span));
        }
        Ok(quantiles)
    }

    fn families(&self, arg: &Node, grid: &Grid, notes: &mut Annotations) -> Result<Vec<Family>, EvalError> {
        let vector = self.eval_vector(arg, grid, notes)?;
        let mut places: HashMap<Labels, usize> = HashMap::new();
        let mut families: Vec<Family> = Vec::new();
        let mut place_of = |labels: Labels, families: &mut Vec<Family>| {
            *places.entry(labels.clone()).or_insert_with(|| {
                families.push(Family { labels, buckets: Vec::new(), native: None });
                families.len() - 1
            })
        };
        for series in vector.series {
            if series.column.has_histograms() {
                let place = place_of(series.labels.clone(), &mut families);
                families[place].native = Some(series.clone());
            }
            if !series.column.has_floats() {
                continue;
            }
            let bound = series.labels.get(BUCKET_BOUND);
            match parse_float(bound) {
                Ok(bound) => {
                    let place = place_of(series.labels.without(&[BUCKET_BOUND.to_owned()]), &mut families);
                    families[place].buckets.push((bound, series));
                }
                Err(_) => notes.add(Annotation::bad_bucket_label(series.labels.metric_name(), bound, arg.span)),
            }
        }
        // A family that is both comes with its native labels first, as native results do.
        families.sort_by_key(|family| family.native.is_none());
        Ok(families)
    }
}

fn push_by_quantile(answers: &mut Vec<StepSeries>, series: &StepSeries, label: &str, quantiles: &[f64]) {
    let mut by_quantile: Vec<(u64, StepSeries)> = Vec::new();
    for (step, q) in quantiles.iter().enumerate() {
        let Some(value) = series.column.float(step) else { continue };
        let place = by_quantile.iter().position(|(bits, _)| *bits == q.to_bits()).unwrap_or_else(|| {
            let labels = series.labels.to_builder().set(label, &format_open_metrics(*q)).build();
            let column = Column::empty(quantiles.len());
            by_quantile.push((q.to_bits(), StepSeries { labels, drop_name: true, column }));
            by_quantile.len() - 1
        });
        by_quantile[place].1.column.set_float(step, value);
    }
    answers.extend(by_quantile.into_iter().map(|(_, series)| series));
}

fn answer(
    families: &[Family],
    question: &Question,
    span: Span,
    grid: &Grid,
    notes: &mut Annotations,
) -> Vec<StepSeries> {
    let mut answers = Vec::with_capacity(families.len());
    for family in families {
        let mut column = Column::empty(grid.steps);
        for step in 0..grid.steps {
            let native = family.native.as_ref().and_then(|series| series.column.histogram(step));
            let mut buckets = family.buckets_at(step);
            let value = match (native, buckets.is_empty()) {
                (Some(_), false) => {
                    notes.add(Annotation::mixed_classic_native(family.labels.metric_name(), span));
                    continue;
                }
                (Some(native), true) => question.of_native(native, step, family.labels.metric_name(), span, notes),
                (None, false) => question.of_classic(&mut buckets, step, family, span, grid, notes),
                (None, true) => continue,
            };
            column.set_float(step, value);
        }
        if !column.is_all_absent() {
            answers.push(StepSeries { labels: family.labels.clone(), drop_name: true, column });
        }
    }
    answers
}

impl Family {
    fn buckets_at(&self, step: usize) -> Vec<ClassicBucket> {
        let counts = self.buckets.iter().filter_map(|(bound, series)| Some((*bound, series.column.float(step)?)));
        counts.map(|(upper_bound, cumulative_count)| ClassicBucket { upper_bound, cumulative_count }).collect()
    }
}

impl Question {
    fn of_native(
        &self,
        histogram: &Arc<Histogram>,
        step: usize,
        metric: &str,
        span: Span,
        notes: &mut Annotations,
    ) -> f64 {
        match self {
            Self::Quantile(quantiles) => {
                let (value, note) = histogram.quantile(quantiles[step]);
                match note {
                    Some(QuantileNote::ResultIsNan) => notes.add(Annotation::quantile_is_nan(metric, span)),
                    Some(QuantileNote::SkewedByNan) => notes.add(Annotation::quantile_is_skewed(metric, span)),
                    None => {}
                }
                value
            }
            Self::Fraction(lower, upper) => {
                let (value, without_nan) = histogram.fraction(lower[step], upper[step]);
                if without_nan {
                    notes.add(Annotation::fraction_without_nan(metric, span));
                }
                value
            }
        }
    }

    fn of_classic(
        &self,
        buckets: &mut Vec<ClassicBucket>,
        step: usize,
        family: &Family,
        span: Span,
        grid: &Grid,
        notes: &mut Annotations,
    ) -> f64 {
        match self {
            Self::Quantile(quantiles) => {
                let (value, forced) = classic_quantile(quantiles[step], buckets);
                if let Some(forced) = forced {
                    let metric = family.labels.metric_name();
                    notes.add(Annotation::forced_monotonicity(metric, grid.time(step), forced, span));
                }
                value
            }
            Self::Fraction(lower, upper) => classic_fraction(lower[step], upper[step], buckets),
        }
    }
}
