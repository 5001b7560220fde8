//! The sampler's states as DataFusion's accumulators.
//!
//! Owns the way of rows in and of states between partitions. Never knows a formula.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StructArray};
use arrow::datatypes::Float64Type;
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, plan_err};
use datafusion::logical_expr::Accumulator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastExpr, Literal};
use spanlake_sampler::estimate::quantile::QuantileState;
use spanlake_sampler::estimate::ratio::RatioState;
use spanlake_sampler::estimate::total::TotalState;
use spanlake_sampler::estimate::{Estimate, Kept};
use spanlake_schemas::ids::TraceId;

use super::{Kind, answer_fields};

/// One of the sampler's states.
#[derive(Debug)]
pub(super) enum State {
    Count(TotalState),
    Sum(TotalState),
    Avg(RatioState),
    Ratio(RatioState),
    Quantile(QuantileState),
}

/// A state and what is asked of it.
#[derive(Debug)]
pub(super) struct Weighted {
    state: State,
    quantile: f64,
    /// Rows come from what sampling left of more, and whether it did is an argument more.
    over_sample: bool,
}

impl State {
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Count => Self::Count(TotalState::default()),
            Kind::Sum => Self::Sum(TotalState::default()),
            Kind::Avg => Self::Avg(RatioState::default()),
            Kind::Ratio => Self::Ratio(RatioState::default()),
            Kind::Quantile => Self::Quantile(QuantileState::default()),
        }
    }

    /// Of a row: values that are null leave it out, as SQL leaves them out.
    fn add(&mut self, kept: Kept, value: impl Fn(usize) -> Option<f64>) {
        match self {
            Self::Count(state) => state.add(kept, 1.0),
            Self::Sum(state) => value(0).into_iter().for_each(|value| state.add(kept, value)),
            Self::Avg(state) => value(0).into_iter().for_each(|value| state.add_for_mean(kept, value)),
            Self::Quantile(state) => value(0).into_iter().for_each(|value| state.add(kept, value)),
            Self::Ratio(state) => {
                if let (Some(a), Some(b)) = (value(0), value(1)) {
                    state.add(kept, a, b);
                }
            }
        }
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Count(state) | Self::Sum(state) => state.merge(&read(bytes)?),
            Self::Avg(state) | Self::Ratio(state) => state.merge(&read(bytes)?),
            Self::Quantile(state) => state.merge(&read(bytes)?),
        }
        Ok(())
    }

    fn bytes(&self) -> Result<Vec<u8>> {
        match self {
            Self::Count(state) | Self::Sum(state) => written(state),
            Self::Avg(state) | Self::Ratio(state) => written(state),
            Self::Quantile(state) => written(state),
        }
    }

    fn byte_len(&self) -> usize {
        match self {
            Self::Count(state) | Self::Sum(state) => state.byte_len(),
            Self::Avg(state) | Self::Ratio(state) => state.byte_len(),
            Self::Quantile(state) => state.byte_len(),
        }
    }

    fn finish(&self, quantile: f64) -> Option<Estimate> {
        match self {
            Self::Count(state) | Self::Sum(state) => Some(state.finish()),
            Self::Avg(state) | Self::Ratio(state) => state.finish(),
            Self::Quantile(state) => state.finish(quantile),
        }
    }
}

impl Weighted {
    pub(super) fn new(state: State, quantile: f64, over_sample: bool) -> Self {
        Self { state, quantile, over_sample }
    }
}

impl Accumulator for Weighted {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = if self.over_sample { &values[..values.len().saturating_sub(1)] } else { values };
        let [written @ .., traces, probabilities] = values else {
            return Err(exec_datafusion_err!("the trace and its probability are missing"));
        };
        let written: Vec<&Float64Array> = written.iter().map(|values| values.as_primitive::<Float64Type>()).collect();
        let kept = kept_of(traces, probabilities);
        for row in 0..traces.len() {
            self.state.add(kept(row), |column| {
                let values = written.get(column)?;
                values.is_valid(row).then(|| values.value(row))
            });
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let answer = self.state.finish(self.quantile);
        let is_exact = |answer: &Estimate| answer.is_exact && !self.over_sample;
        answer_of(answer.map(|answer| Estimate { is_exact: is_exact(&answer), ..answer }).as_ref())
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.state.byte_len()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.state.bytes()?))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let states = states.first().and_then(|states| states.as_binary_opt::<i32>());
        let states = states.ok_or_else(|| exec_datafusion_err!("a state is no bytes"))?;
        states.iter().flatten().try_for_each(|bytes| self.state.merge(bytes))
    }
}

/// The traces of rows and the probabilities with which they were kept.
pub(super) fn kept_of<'a>(traces: &'a ArrayRef, probabilities: &'a ArrayRef) -> impl Fn(usize) -> Kept + 'a {
    let traces = traces.as_fixed_size_binary();
    let probabilities = probabilities.as_primitive::<Float64Type>();
    |row| {
        // A log record may belong to no trace; nothing samples it.
        let id = if traces.is_valid(row) { traces.value(row).try_into().unwrap_or_default() } else { [0; 16] };
        let probability = if probabilities.is_valid(row) { probabilities.value(row) } else { 1.0 };
        Kept { trace_id: TraceId(id), probability }
    }
}

/// An estimate, or that there is none, as SQL has it.
pub(super) fn answer_of(answer: Option<&Estimate>) -> Result<ScalarValue> {
    let number = |of: fn(&Estimate) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from(vec![answer.map(of).filter(|number| !number.is_nan())]))
    };
    let exact = BooleanArray::from(vec![answer.map(|answer| answer.is_exact)]);
    let traces = answer.and_then(|answer| i64::try_from(answer.kept_traces).ok());
    let columns = vec![
        number(|answer| answer.value),
        number(|answer| answer.low),
        number(|answer| answer.high),
        Arc::new(exact) as ArrayRef,
        Arc::new(Int64Array::from(vec![traces])) as ArrayRef,
    ];
    Ok(ScalarValue::Struct(Arc::new(StructArray::try_new(answer_fields(), columns, None)?)))
}

/// A state between partitions.
pub(super) fn written(state: &impl serde::Serialize) -> Result<Vec<u8>> {
    postcard::to_stdvec(state).map_err(|error| exec_datafusion_err!("a state cannot be written: {error}"))
}

/// The state that was written.
pub(super) fn read<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    postcard::from_bytes(bytes).map_err(|error| exec_datafusion_err!("a state cannot be read: {error}"))
}

/// The number that an argument always is.
pub(super) fn constant(expr: Option<&Arc<dyn PhysicalExpr>>) -> Option<f64> {
    let inner = expr.and_then(|expr| expr.downcast_ref::<CastExpr>()).map(CastExpr::expr);
    let literal = inner.or(expr).and_then(|expr| expr.downcast_ref::<Literal>())?;
    match literal.value().cast_to(&arrow::datatypes::DataType::Float64) {
        Ok(ScalarValue::Float64(number)) => number,
        _ => None,
    }
}

/// The constant of `approx_quantile(x, q)`.
pub(super) fn quantile_of(expr: Option<&Arc<dyn PhysicalExpr>>) -> Result<f64> {
    match constant(expr) {
        Some(quantile) if (0.0..=1.0).contains(&quantile) => Ok(quantile),
        _ => plan_err!("approx_quantile(x, q) takes a number from 0 to 1 as q, such as 0.99"),
    }
}
