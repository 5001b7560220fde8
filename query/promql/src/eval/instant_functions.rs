//! Functions of one sample at a time: arithmetic, trigonometry, calendar, clamping, and scalars.
//!
//! Owns those that look at nothing but the value and the step's time. Functions of buckets, labels and order are
//! elsewhere.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Timelike, Utc};

use crate::annotations::Annotations;
use crate::histogram::Histogram;
use crate::histogram::arithmetic::compensated_add;
use crate::labels::Labels;
use crate::source::Series;
use crate::syntax::functions::FunctionName;

use super::column::{Column, StepSeries, StepVector, Value};
use super::math::{maximum, minimum};
use super::plan::{Node, NodeKind, Selector};
use super::selector::{Latest, each_latest};
use super::{EvalError, Evaluator, Grid};

impl Evaluator<'_> {
    pub(crate) fn instant_function(
        &self,
        function: FunctionName,
        args: &[Node],
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<Value, EvalError> {
        use FunctionName as F;
        let times = || (0..grid.steps).map(|step| grid.time(step) as f64 / 1000.0);
        match function {
            F::Time => return Ok(Value::Scalar(times().collect())),
            F::Pi => return Ok(Value::Scalar(vec![std::f64::consts::PI; grid.steps])),
            F::MaxOf | F::MinOf => {
                let choose = if function == F::MaxOf { maximum } else { minimum };
                let left = self.eval_scalar(&args[0], grid, notes)?;
                let right = self.eval_scalar(&args[1], grid, notes)?;
                return Ok(Value::Scalar(
                    left.into_iter().zip(right).map(|(left, right)| choose(left, right)).collect(),
                ));
            }
            F::Scalar => {
                let vector = self.eval_vector(&args[0], grid, notes)?;
                return Ok(Value::Scalar((0..grid.steps).map(|step| only_float(&vector, step)).collect()));
            }
            F::Vector => {
                let values = self.eval_scalar(&args[0], grid, notes)?;
                return self.of_no_series(&values).map(Value::Vector);
            }
            _ => {}
        }
        if let Some(part) = calendar_part(function) {
            return self.calendar(part, args, grid, notes).map(Value::Vector);
        }
        if let Some(value_of) = histogram_value(function) {
            let vector = self.eval_vector(&args[0], grid, notes)?;
            return self.of_histograms(vector, value_of).map(Value::Vector);
        }
        let mut scalars = Vec::new();
        for arg in args.iter().skip(1) {
            scalars.push(self.eval_scalar(arg, grid, notes)?);
        }
        let vector = self.eval_vector(&args[0], grid, notes)?;
        match function {
            F::Clamp | F::ClampMin | F::ClampMax => self.clamp(function, vector, &scalars),
            F::Round => self.round(vector, scalars.first()),
            _ => match float_function(function) {
                Some(change) => self.of_floats(vector, change),
                None => Err(EvalError::Execution(format!("function {function:?} cannot be called here"))),
            },
        }
        .map(Value::Vector)
    }

    /// A vector of one series without labels.
    fn of_no_series(&self, values: &[f64]) -> Result<StepVector, EvalError> {
        let mut column = Column::empty(values.len());
        for (step, value) in values.iter().enumerate() {
            column.set_float(step, *value);
        }
        self.vector(vec![StepSeries { labels: Labels::empty(), drop_name: false, column }])
    }

    fn of_floats(&self, vector: StepVector, change: fn(f64) -> f64) -> Result<StepVector, EvalError> {
        self.each_column(vector, |column| column.map_floats(change))
    }

    fn each_column(&self, mut vector: StepVector, change: impl Fn(&mut Column)) -> Result<StepVector, EvalError> {
        for series in &mut vector.series {
            change(&mut series.column);
            series.drop_name = true;
        }
        vector.series.retain(|series| !series.column.is_all_absent());
        Ok(vector)
    }

    fn of_histograms(&self, vector: StepVector, value_of: fn(&Histogram) -> f64) -> Result<StepVector, EvalError> {
        self.each_column(vector, |column| {
            let mut values = Column::empty(column.steps());
            for step in 0..column.steps() {
                if let Some(histogram) = column.histogram(step) {
                    values.set_float(step, value_of(histogram));
                }
            }
            *column = values;
        })
    }

    fn clamp(&self, function: FunctionName, vector: StepVector, scalars: &[Vec<f64>]) -> Result<StepVector, EvalError> {
        let bounds = |step: usize| match function {
            FunctionName::ClampMin => (scalars[0][step], f64::INFINITY),
            FunctionName::ClampMax => (f64::NEG_INFINITY, scalars[0][step]),
            _ => (scalars[0][step], scalars[1][step]),
        };
        self.each_column(vector, |column| {
            column.map_floats(|value| value);
            for step in 0..column.steps() {
                let (low, high) = bounds(step);
                match column.float(step) {
                    Some(_) if high < low => column.clear(step),
                    Some(value) => column.set_float(step, maximum(low, minimum(high, value))),
                    None => {}
                }
            }
        })
    }

    fn round(&self, vector: StepVector, to: Option<&Vec<f64>>) -> Result<StepVector, EvalError> {
        self.each_column(vector, |column| {
            column.map_floats(|value| value);
            for step in 0..column.steps() {
                if let Some(value) = column.float(step) {
                    // Multiplying by the inverse rounds off less than dividing.
                    let inverse = 1.0 / to.map_or(1.0, |to| to[step]);
                    column.set_float(step, (value * inverse + 0.5).floor() / inverse);
                }
            }
        })
    }

    fn calendar(
        &self,
        part: fn(&DateTime<Utc>) -> f64,
        args: &[Node],
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<StepVector, EvalError> {
        let part_of = |seconds: f64| DateTime::from_timestamp(seconds as i64, 0).map_or(f64::NAN, |time| part(&time));
        match args.first() {
            None => {
                let seconds = (0..grid.steps).map(|step| grid.time(step).div_euclid(1000) as f64);
                self.of_no_series(&seconds.map(part_of).collect::<Vec<_>>())
            }
            Some(arg) => {
                let vector = self.eval_vector(arg, grid, notes)?;
                self.each_column(vector, |column| column.map_floats(part_of))
            }
        }
    }

    /// The time of each series' latest sample if it is a selector, else the step's time; or when its counting began.
    pub(crate) fn timestamp(
        &self,
        function: FunctionName,
        args: &[Node],
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<StepVector, EvalError> {
        let of_start = function == FunctionName::StartTimestamp;
        match &args[0].kind {
            NodeKind::Selector(selector) => return self.sample_times(selector, of_start, grid),
            NodeKind::Invariant(inner) => {
                if let NodeKind::Selector(selector) = &inner.kind {
                    return self.sample_times(selector, of_start, grid);
                }
            }
            _ => {}
        }
        let vector = self.eval_vector(&args[0], grid, notes)?;
        if of_start {
            return Ok(StepVector::default());
        }
        self.each_column(vector, |column| {
            let mut times = Column::empty(column.steps());
            for step in (0..column.steps()).filter(|step| column.is_present(*step)) {
                times.set_float(step, grid.time(step) as f64 / 1000.0);
            }
            *column = times;
        })
    }

    fn sample_times(&self, selector: &Selector, of_start: bool, grid: &Grid) -> Result<StepVector, EvalError> {
        if of_start && !self.options.use_start_times {
            return Ok(StepVector::default());
        }
        let (series, _charge) = self.load(selector, grid, 0)?;
        let column_of = |series: &Series| {
            let mut column = Column::empty(grid.steps);
            each_latest(series, selector.shift, self.options.lookback_ms, grid, |step, latest| {
                let (times, starts, index) = match latest {
                    Latest::Float(index) => (&series.floats.times_ms, &series.floats.start_times_ms, index),
                    Latest::Histogram(index) => (&series.histograms.times_ms, &series.histograms.start_times_ms, index),
                };
                let time = if of_start { starts.get(index).copied().unwrap_or(0) } else { times[index] };
                column.set_float(step, time as f64 / 1000.0);
            });
            column
        };
        let vector =
            series.iter().map(|one| StepSeries { labels: one.labels.clone(), drop_name: true, column: column_of(one) });
        self.vector(vector.filter(|series| !series.column.is_all_absent()).collect())
    }
}

/// The only float at a step; NaN where there is none or more than one.
fn only_float(vector: &StepVector, step: usize) -> f64 {
    let mut floats = vector.series.iter().filter_map(|series| series.column.float(step));
    match (floats.next(), floats.next()) {
        (Some(value), None) => value,
        _ => f64::NAN,
    }
}

fn float_function(function: FunctionName) -> Option<fn(f64) -> f64> {
    use FunctionName as F;
    Some(match function {
        F::Abs => f64::abs,
        F::Ceil => f64::ceil,
        F::Floor => f64::floor,
        F::Exp => f64::exp,
        F::Sqrt => f64::sqrt,
        F::Ln => f64::ln,
        F::Log2 => f64::log2,
        F::Log10 => f64::log10,
        F::Sin => f64::sin,
        F::Cos => f64::cos,
        F::Tan => f64::tan,
        F::Asin => f64::asin,
        F::Acos => f64::acos,
        F::Atan => f64::atan,
        F::Sinh => f64::sinh,
        F::Cosh => f64::cosh,
        F::Tanh => f64::tanh,
        F::Asinh => f64::asinh,
        F::Acosh => f64::acosh,
        F::Atanh => f64::atanh,
        F::Rad => |degrees| degrees * std::f64::consts::PI / 180.0,
        F::Deg => |radians| radians * 180.0 / std::f64::consts::PI,
        // Zero keeps its sign, NaN stays NaN.
        F::Sgn => |value| match value {
            _ if value < 0.0 => -1.0,
            _ if value > 0.0 => 1.0,
            _ => value,
        },
        _ => return None,
    })
}

fn calendar_part(function: FunctionName) -> Option<fn(&DateTime<Utc>) -> f64> {
    use FunctionName as F;
    Some(match function {
        F::Minute => |time| f64::from(time.minute()),
        F::Hour => |time| f64::from(time.hour()),
        F::DayOfWeek => |time| f64::from(time.weekday().num_days_from_sunday()),
        F::DayOfMonth => |time| f64::from(time.day()),
        F::DayOfYear => |time| f64::from(time.ordinal()),
        F::DaysInMonth => |time| f64::from(time.num_days_in_month()),
        F::Month => |time| f64::from(time.month()),
        F::Year => |time| f64::from(time.year()),
        _ => return None,
    })
}

fn histogram_value(function: FunctionName) -> Option<fn(&Histogram) -> f64> {
    use FunctionName as F;
    Some(match function {
        F::HistogramCount => |histogram| histogram.count,
        F::HistogramSum => |histogram| histogram.sum,
        F::HistogramAvg => |histogram| histogram.sum / histogram.count,
        F::HistogramStdvar => variance,
        F::HistogramStddev => |histogram| variance(histogram).sqrt(),
        _ => return None,
    })
}

/// The variance if every observation were at its bucket's middle: geometric of exponential buckets, zero of the zero
/// bucket, arithmetic of custom ones.
fn variance(histogram: &Histogram) -> f64 {
    let mean = histogram.sum / histogram.count;
    let (mut sum, mut lost) = (0.0, 0.0);
    for bucket in histogram.all_buckets().into_iter().filter(|bucket| bucket.count != 0.0) {
        let middle = if histogram.uses_custom_buckets() {
            (bucket.upper + bucket.lower) / 2.0
        } else if bucket.lower <= 0.0 && bucket.upper >= 0.0 {
            0.0
        } else {
            let middle = (bucket.upper * bucket.lower).sqrt();
            if bucket.upper < 0.0 { -middle } else { middle }
        };
        let delta = middle - mean;
        (sum, lost) = compensated_add(bucket.count * delta * delta, sum, lost);
    }
    (sum + lost) / histogram.count
}

/// A histogram shared by a column, changed for it alone.
pub(crate) fn changed(histogram: &Arc<Histogram>, change: impl FnOnce(&mut Histogram)) -> Arc<Histogram> {
    let mut copy = Histogram::clone(histogram);
    change(&mut copy);
    Arc::new(copy)
}
