//! `approx_count()`, `approx_sum(x)`, `approx_avg(x)`, `approx_ratio(a, b)`, `approx_quantile(x, q)`: numbers over spans
//! and logs that may be sampled, each with its 95 % interval.
//!
//! Owns how they are called: each also takes a row's trace and the probability with which it was kept, which the
//! statement need not write. What they compute is the sampler's. Never reads rows itself.

mod accumulator;
mod arguments;
mod sketched;

pub(crate) use arguments::{needs_weights, weighs, with_weights};
pub(crate) use sketched::SKETCHED;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::expr::AggregateFunctionParams;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility, udaf_default_schema_name,
};

use accumulator::{State, Weighted, quantile_of};

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Count,
    Sum,
    Avg,
    Ratio,
    Quantile,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Count, Self::Sum, Self::Avg, Self::Ratio, Self::Quantile];

    fn name(self) -> &'static str {
        match self {
            Self::Count => "approx_count",
            Self::Sum => "approx_sum",
            Self::Avg => "approx_avg",
            Self::Ratio => "approx_ratio",
            Self::Quantile => "approx_quantile",
        }
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// Arguments that a statement writes.
    pub(crate) fn written(self) -> usize {
        match self {
            Self::Count => 0,
            Self::Sum | Self::Avg => 1,
            Self::Ratio | Self::Quantile => 2,
        }
    }
}

/// All of them.
pub(crate) fn functions() -> Vec<AggregateUDF> {
    let written = Kind::ALL.into_iter().map(|kind| AggregateUDF::new_from_impl(Approx::new(kind)));
    written.chain(sketched::functions()).collect()
}

/// What each of them answers.
pub(super) fn answer_fields() -> Fields {
    Fields::from(vec![
        Field::new("value", DataType::Float64, true),
        Field::new("low", DataType::Float64, true),
        Field::new("high", DataType::Float64, true),
        Field::new("is_exact", DataType::Boolean, true),
        Field::new("kept_traces", DataType::Int64, true),
    ])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Approx {
    kind: Kind,
    signature: Signature,
}

impl Approx {
    fn new(kind: Kind) -> Self {
        Self { kind, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Approx {
    fn name(&self) -> &str {
        self.kind.name()
    }

    /// As it is written: without the trace and its probability.
    fn schema_name(&self, params: &AggregateFunctionParams) -> Result<String> {
        let mut written = params.clone();
        written.args.truncate(self.kind.written());
        udaf_default_schema_name(self, &written)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let written = self.kind.written();
        let (with_weights, over_sample) = (written + 2, written + 3);
        if given.len() != with_weights && !(given.len() == over_sample && given[with_weights] == DataType::Boolean) {
            let s = if written == 1 { "" } else { "s" };
            return plan_err!("{} takes {written} argument{s}", self.kind.name());
        }
        if let Some(other) = given[..written].iter().find(|given| !is_a_number(given)) {
            return plan_err!("{} takes numbers, and conditions as 0 and 1, not {other}", self.kind.name());
        }
        let mut wanted = vec![DataType::Float64; written];
        wanted.extend([given[written].clone(), DataType::Float64]);
        wanted.extend(given.get(with_weights).cloned());
        Ok(wanted)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(answer_fields()))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![state_field(&args)])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let quantile = match self.kind {
            Kind::Quantile => quantile_of(args.exprs.get(1))?,
            _ => 0.0,
        };
        let over_sample = args.exprs.len() > self.kind.written() + 2;
        Ok(Box::new(Weighted::new(State::of(self.kind), quantile, over_sample)))
    }
}

/// A state as bytes.
fn state_field(args: &StateFieldsArgs<'_>) -> FieldRef {
    Arc::new(Field::new(format_state_name(args.name, "state"), DataType::Binary, true))
}

fn is_a_number(given: &DataType) -> bool {
    given.is_numeric() || matches!(given, DataType::Boolean | DataType::Null)
}
