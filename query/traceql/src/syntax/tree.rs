//! The tree of a query.
//!
//! Owns the nodes and where in the text they stand. Equal trees say the same, wherever they stand. Never evaluates.

use crate::position::{Place, TextRange};

use super::field::Field;
use super::literal::{Literal, ValueType};
use super::operator::{BinaryOperator, SpansetOperator};
use super::pattern::{Network, Pattern};

/// A whole query.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub body: Body,
    /// What stands in `with(…)`.
    pub hints: Vec<Hint>,
}

/// What a query gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Sets of spans, by trace.
    Spans(Pipeline),
    /// Series over time.
    Metrics(Metrics),
}

/// A wish about how the query is run.
#[derive(Clone, Debug, PartialEq)]
pub struct Hint {
    pub name: String,
    pub value: Literal,
    pub place: Place,
}

/// Stages, each working on what the one before it left.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// At least one.
    pub stages: Vec<Stage>,
}

/// A step of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    Spanset(SpansetExpr),
    /// `count() > 2`: keeps or drops whole sets.
    Scalar(ScalarFilter),
    /// `by(…)`: a set for each value.
    By(FieldExpr),
    /// `select(…)`: more of each span in the answer.
    Select(Vec<Field>),
    /// `coalesce()`: one set again.
    Coalesce,
}

/// Sets of spans and what they are to each other.
#[derive(Clone, Debug, PartialEq)]
pub enum SpansetExpr {
    /// `{ … }`.
    Filter(FieldExpr),
    Binary(Box<SpansetBinary>),
    /// A pipeline in parentheses.
    Pipeline(Box<Pipeline>),
}

/// Two sets of spans and the operator between them.
#[derive(Clone, Debug, PartialEq)]
pub struct SpansetBinary {
    pub operator: SpansetOperator,
    pub left: SpansetExpr,
    pub right: SpansetExpr,
}

/// What is asked of one span.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldExpr {
    Literal(Literal, Place),
    Field(Field, Place),
    /// `-x`.
    Negate(Box<FieldExpr>, Place),
    /// `!x`.
    Not(Box<FieldExpr>, Place),
    Binary(Box<Binary>),
    /// `x =~ "…"` and `x !~ "…"`.
    Matches(Box<Matches>),
    /// `x != nil` and, negated, `x = nil`.
    Exists {
        operand: Box<FieldExpr>,
        is_negated: bool,
        place: Place,
    },
    /// `cidr(x, "10.0.0.0/8", …)`.
    Cidr(Box<Cidr>),
    /// `nil` where it compares with nothing, and holes of a text with errors. Never in a query without errors.
    Missing(Place),
}

/// Two values of a span and the operator between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Binary {
    pub operator: BinaryOperator,
    pub left: FieldExpr,
    pub right: FieldExpr,
    /// Of the operator.
    pub place: Place,
}

/// A text and a regular expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Matches {
    pub operand: FieldExpr,
    pub is_negated: bool,
    pub pattern: Pattern,
    pub place: Place,
}

/// An address and the networks in which it may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Cidr {
    pub operand: FieldExpr,
    pub networks: Vec<Network>,
    pub place: Place,
}

/// A comparison of two numbers of a set of spans.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalarFilter {
    pub operator: BinaryOperator,
    pub left: ScalarExpr,
    pub right: ScalarExpr,
    pub place: Place,
}

/// A number of a set of spans.
#[derive(Clone, Debug, PartialEq)]
pub enum ScalarExpr {
    Literal(Literal, Place),
    Aggregate(Box<Aggregate>),
    Binary(Box<ScalarBinary>),
}

/// Two numbers of a set of spans and the operator between them.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalarBinary {
    pub operator: BinaryOperator,
    pub left: ScalarExpr,
    pub right: ScalarExpr,
    pub place: Place,
}

/// `max(duration)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    pub function: AggregateFunction,
    /// Nothing for `count()`.
    pub operand: Option<FieldExpr>,
    pub place: Place,
}

/// How the values of a set become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateFunction {
    Count,
    Sum,
    Avg,
    Min,
    Max,
}

/// Series over time.
#[derive(Clone, Debug, PartialEq)]
pub enum Metrics {
    /// A pipeline and what is counted of its spans.
    Series(Box<MetricsSeries>),
    /// `topk(…)`, `> 10`.
    Staged { input: Box<Metrics>, stage: SecondStage },
    /// Two sets of series, by label.
    Binary { operator: BinaryOperator, left: Box<Metrics>, right: Box<Metrics> },
    /// Every value with a number.
    WithNumber { operator: BinaryOperator, input: Box<Metrics>, number: f64, number_is_left: bool },
}

/// A pipeline and what is counted of its spans.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsSeries {
    pub pipeline: Pipeline,
    pub function: MetricsFunction,
    pub by: Vec<Field>,
    pub place: Place,
}

/// What is counted.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricsFunction {
    Rate,
    CountOverTime,
    SumOverTime(Field),
    MinOverTime(Field),
    MaxOverTime(Field),
    AvgOverTime(Field),
    HistogramOverTime(Field),
    QuantileOverTime(Field, Vec<f64>),
    Compare(Box<Compare>),
}

/// `compare({ … }, 10, start, end)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Compare {
    pub selection: FieldExpr,
    /// Values of each attribute that are told apart.
    pub top: u32,
    /// Nanoseconds since the epoch, open on the left: only spans that start there are selected.
    pub range: Option<(i64, i64)>,
}

/// What happens to series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SecondStage {
    TopK(u32),
    BottomK(u32),
    /// Durations as seconds.
    Filter(BinaryOperator, f64),
}

// === impl Query ===

impl Query {
    /// The value of a hint; of one given twice the first.
    #[must_use]
    pub fn hint(&self, name: &str) -> Option<&Literal> {
        self.hints.iter().find(|hint| hint.name == name).map(|hint| &hint.value)
    }

    /// A query of one filter.
    #[must_use]
    pub fn of_filter(filter: FieldExpr) -> Self {
        let stages = vec![Stage::Spanset(SpansetExpr::Filter(filter))];
        Self { body: Body::Spans(Pipeline { stages }), hints: Vec::new() }
    }
}

// === impl FieldExpr ===

impl FieldExpr {
    /// A literal of no place.
    #[must_use]
    pub fn literal(literal: Literal) -> Self {
        Self::Literal(literal, Place::default())
    }

    /// A field of no place.
    #[must_use]
    pub fn field(field: Field) -> Self {
        Self::Field(field, Place::default())
    }

    /// An operator of no place.
    #[must_use]
    pub fn binary(operator: BinaryOperator, left: Self, right: Self) -> Self {
        Self::Binary(Box::new(Binary { operator, left, right, place: Place::default() }))
    }

    /// The bytes of the whole expression.
    #[must_use]
    pub fn range(&self) -> TextRange {
        match self {
            Self::Literal(_, place) | Self::Field(_, place) | Self::Missing(place) => place.0,
            Self::Negate(operand, place) | Self::Not(operand, place) => place.0.to(operand.range()),
            Self::Binary(binary) => binary.left.range().to(binary.right.range()),
            Self::Matches(matches) => matches.operand.range().to(matches.place.0),
            Self::Exists { place, .. } => place.0,
            Self::Cidr(cidr) => cidr.place.0,
        }
    }

    /// What is known of its values' type.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Literal(literal, _) => literal.value_type(),
            Self::Field(field, _) => field.value_type(),
            Self::Negate(operand, _) => operand.value_type(),
            Self::Not(..) | Self::Matches(_) | Self::Exists { .. } | Self::Cidr(_) => ValueType::Bool,
            Self::Binary(binary) if binary.operator.is_arithmetic() => match binary.left.value_type() {
                ValueType::Unknown => binary.right.value_type(),
                known => known,
            },
            Self::Binary(_) => ValueType::Bool,
            Self::Missing(_) => ValueType::Unknown,
        }
    }

    /// Each expression directly in this one.
    pub fn operands(&self) -> impl Iterator<Item = &Self> {
        let (first, second) = match self {
            Self::Literal(..) | Self::Field(..) | Self::Missing(_) => (None, None),
            Self::Negate(operand, _) | Self::Not(operand, _) | Self::Exists { operand, .. } => {
                (Some(operand.as_ref()), None)
            }
            Self::Binary(binary) => (Some(&binary.left), Some(&binary.right)),
            Self::Matches(matches) => (Some(&matches.operand), None),
            Self::Cidr(cidr) => (Some(&cidr.operand), None),
        };
        first.into_iter().chain(second)
    }

    /// Calls for every field that is asked for, in the order of the text.
    pub fn for_each_field<'a>(&'a self, visit: &mut impl FnMut(&'a Field)) {
        if let Self::Field(field, _) = self {
            visit(field);
        }
        for operand in self.operands() {
            operand.for_each_field(visit);
        }
    }

    /// Whether its value can differ from span to span.
    #[must_use]
    pub fn references_span(&self) -> bool {
        let mut found = false;
        self.for_each_field(&mut |_| found = true);
        found
    }
}

// === impl AggregateFunction, MetricsFunction ===

impl AggregateFunction {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Count, Self::Sum, Self::Avg, Self::Min, Self::Max];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    /// The function of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.as_str() == name)
    }
}

impl MetricsFunction {
    /// Names of all of them.
    pub const NAMES: [&'static str; 9] = [
        "rate",
        "count_over_time",
        "sum_over_time",
        "min_over_time",
        "max_over_time",
        "avg_over_time",
        "histogram_over_time",
        "quantile_over_time",
        "compare",
    ];

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::CountOverTime => "count_over_time",
            Self::SumOverTime(_) => "sum_over_time",
            Self::MinOverTime(_) => "min_over_time",
            Self::MaxOverTime(_) => "max_over_time",
            Self::AvgOverTime(_) => "avg_over_time",
            Self::HistogramOverTime(_) => "histogram_over_time",
            Self::QuantileOverTime(..) => "quantile_over_time",
            Self::Compare(_) => "compare",
        }
    }

    /// Whose values are counted; nothing where spans themselves are.
    #[must_use]
    pub fn field(&self) -> Option<&Field> {
        match self {
            Self::Rate | Self::CountOverTime | Self::Compare(_) => None,
            Self::SumOverTime(field)
            | Self::MinOverTime(field)
            | Self::MaxOverTime(field)
            | Self::AvgOverTime(field)
            | Self::HistogramOverTime(field)
            | Self::QuantileOverTime(field, _) => Some(field),
        }
    }
}
