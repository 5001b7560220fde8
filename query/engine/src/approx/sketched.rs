//! What `approx_count()` and its like become where RED sketches know the most: see [`crate::sketched`].
//!
//! Owns how rows of spans and of sketches reach the sampler's states. Nobody writes these calls.

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Float64Array};
use arrow::datatypes::{DataType, FieldRef, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use spanlake_sampler::estimate::Estimate;
use spanlake_sampler::estimate::sketched::{Part, SketchedQuantile, SketchedTotals};
use spanlake_sampler::red::histogram::ExponentialHistogram;

use super::accumulator::{answer_of, constant, kept_of, quantile_of, read, written};
use super::{answer_fields, state_field};

/// Their names: of a total, of a ratio of two, of a quantile.
pub(crate) const SKETCHED: [&str; 3] = ["sketched_total", "sketched_ratio", "sketched_quantile"];

/// Arguments of each: values; part, trace and probability at the end.
const ARGUMENTS: [usize; 3] = [4, 5, 13];
/// Position of a sketch's bucket counts among a quantile's arguments.
const BUCKET_COUNTS: usize = 6;

/// All of them.
pub(crate) fn functions() -> Vec<AggregateUDF> {
    (0..SKETCHED.len()).map(|which| AggregateUDF::new_from_impl(Sketched::new(which))).collect()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sketched {
    which: usize,
    signature: Signature,
}

impl Sketched {
    fn new(which: usize) -> Self {
        Self { which, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Sketched {
    fn name(&self) -> &str {
        SKETCHED[self.which]
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if given.len() != ARGUMENTS[self.which] {
            return plan_err!("{} takes {} arguments", self.name(), ARGUMENTS[self.which]);
        }
        let mut wanted = vec![DataType::Float64; given.len()];
        let end = given.len();
        wanted[end - 3] = DataType::Int64;
        wanted[end - 2] = given[end - 2].clone();
        if self.which == 2 {
            wanted[BUCKET_COUNTS] = given[BUCKET_COUNTS].clone();
        }
        Ok(wanted)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(answer_fields()))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![state_field(&args)])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let state = match self.which {
            0 => State::Total(SketchedTotals::default()),
            1 => State::Ratio(SketchedTotals::default()),
            _ => {
                let factor = constant(args.exprs.get(2)).filter(|factor| *factor > 0.0);
                let factor =
                    factor.ok_or_else(|| exec_datafusion_err!("durations are multiplied by a number above 0"))?;
                State::Quantile {
                    state: SketchedQuantile::default(),
                    quantile: quantile_of(args.exprs.get(1))?,
                    factor,
                }
            }
        };
        Ok(Box::new(Parts { state }))
    }
}

#[derive(Debug)]
enum State {
    Total(SketchedTotals),
    Ratio(SketchedTotals),
    Quantile { state: SketchedQuantile, quantile: f64, factor: f64 },
}

#[derive(Debug)]
struct Parts {
    state: State,
}

impl Accumulator for Parts {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values @ .., parts, traces, probabilities] = values else {
            return Err(exec_datafusion_err!("the part, the trace and its probability are missing"));
        };
        let kept = kept_of(traces, probabilities);
        let parts = parts.as_primitive::<Int64Type>();
        for row in 0..parts.len() {
            let part = usize::try_from(parts.value(row)).ok().and_then(Part::of_code);
            let part = part.ok_or_else(|| exec_datafusion_err!("there is no part {}", parts.value(row)))?;
            match &mut self.state {
                State::Total(state) => {
                    if let Some(value) = number(&values[0], row) {
                        state.add(part, kept(row), [value, 1.0]);
                    }
                }
                State::Ratio(state) => {
                    if let (Some(a), Some(b)) = (number(&values[0], row), number(&values[1], row)) {
                        state.add(part, kept(row), [a, b]);
                    }
                }
                State::Quantile { state, .. } if matches!(part, Part::Whole | Part::Cut) => {
                    state.add_sketch(part, &durations(values, row));
                }
                State::Quantile { state, .. } => {
                    if let Some(duration) = number(&values[0], row) {
                        state.add_span(part, kept(row), duration);
                    }
                }
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let answer = match &self.state {
            State::Total(state) => Some(state.finish_total()),
            State::Ratio(state) => state.finish_ratio(),
            State::Quantile { state, quantile, factor } => state.finish(*quantile).map(|answer| Estimate {
                value: answer.value * factor,
                low: answer.low * factor,
                high: answer.high * factor,
                ..answer
            }),
        };
        answer_of(answer.as_ref())
    }

    fn size(&self) -> usize {
        size_of::<Self>()
            + match &self.state {
                State::Total(state) | State::Ratio(state) => state.byte_len(),
                State::Quantile { state, .. } => state.byte_len(),
            }
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let bytes = match &self.state {
            State::Total(state) | State::Ratio(state) => written(state)?,
            State::Quantile { state, .. } => written(state)?,
        };
        Ok(vec![ScalarValue::Binary(Some(bytes))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let states: &BinaryArray = states
            .first()
            .and_then(|states| states.as_binary_opt::<i32>())
            .ok_or_else(|| exec_datafusion_err!("a state is no bytes"))?;
        states.iter().flatten().try_for_each(|bytes| {
            match &mut self.state {
                State::Total(state) | State::Ratio(state) => state.merge(&read(bytes)?),
                State::Quantile { state, .. } => state.merge(&read(bytes)?),
            }
            Ok(())
        })
    }
}

fn number(values: &ArrayRef, row: usize) -> Option<f64> {
    let values: &Float64Array = values.as_primitive_opt::<Float64Type>()?;
    values.is_valid(row).then(|| values.value(row))
}

/// A sketch's histogram, of the columns that a quantile takes after `x`, `q` and the factor.
fn durations(values: &[ArrayRef], row: usize) -> ExponentialHistogram {
    let or_zero = |column: usize| number(&values[column], row).unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, reason = "small whole numbers, and durations below 2^53 ns")]
    let whole = |column: usize| or_zero(column) as i64;
    let small = |column: usize| i32::try_from(whole(column)).unwrap_or_default();
    let counts = values[BUCKET_COUNTS].as_list_opt::<i32>().filter(|lists| lists.is_valid(row));
    let counts = counts.map(|lists| lists.value(row));
    let buckets = counts.and_then(|counts| Some(counts.as_primitive_opt::<Float64Type>()?.values().to_vec()));
    ExponentialHistogram {
        scale: small(3),
        zero_count: or_zero(4),
        offset: small(5),
        buckets: buckets.unwrap_or_default(),
        count: or_zero(7),
        sum: 0.0,
        min: whole(8),
        max: whole(9),
    }
}
