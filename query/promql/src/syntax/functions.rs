//! The functions: names and signatures.
//!
//! Owns what may be called with what; the type check and an editor read it. What a function computes is in
//! [`crate::eval`]. Never evaluates.

use super::tree::ValueType;

use ValueType::{Matrix, Scalar, String as Text, Vector};

/// Which function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionName {
    Abs,
    Absent,
    AbsentOverTime,
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atanh,
    AvgOverTime,
    BandHighOverTime,
    BandLowOverTime,
    Ceil,
    Changes,
    Clamp,
    ClampMax,
    ClampMin,
    Cos,
    Cosh,
    CountOverTime,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    DaysInMonth,
    Deg,
    Delta,
    Deriv,
    DoubleExponentialSmoothing,
    End,
    Exp,
    FirstOverTime,
    Floor,
    HistogramAvg,
    HistogramCount,
    HistogramFraction,
    HistogramQuantile,
    HistogramQuantiles,
    HistogramStddev,
    HistogramStdvar,
    HistogramSum,
    Hour,
    Idelta,
    Increase,
    Info,
    Irate,
    LabelJoin,
    LabelReplace,
    LastOverTime,
    Ln,
    Log10,
    Log2,
    MadOverTime,
    MaxOf,
    MaxOverTime,
    MinOf,
    MinOverTime,
    Minute,
    Month,
    Pi,
    PredictHoltWinters,
    PredictLinear,
    PresentOverTime,
    QuantileOverTime,
    Rad,
    Range,
    Rate,
    Resets,
    Round,
    Scalar,
    SeasonalHighOverTime,
    SeasonalLowOverTime,
    Sgn,
    Sin,
    Sinh,
    Sort,
    SortByLabel,
    SortByLabelDesc,
    SortDesc,
    Sqrt,
    Start,
    StartTimestamp,
    StddevOverTime,
    StdvarOverTime,
    Step,
    SumOverTime,
    Tan,
    Tanh,
    Time,
    Timestamp,
    TsOfFirstOverTime,
    TsOfLastOverTime,
    TsOfMaxOverTime,
    TsOfMinOverTime,
    Vector,
    Year,
}

/// How many arguments may come in place of the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variadic {
    /// Exactly as many as there are types.
    No,
    /// The last argument may be left out, or come at most so many times.
    UpTo(usize),
    /// The last argument may be left out, or come any number of times.
    Any,
}

/// A function's signature.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub id: FunctionName,
    pub name: &'static str,
    pub args: &'static [ValueType],
    pub variadic: Variadic,
    pub returns: ValueType,
    /// Whether Prometheus calls it experimental, or does not have it; here it is always available.
    pub is_experimental: bool,
}

/// The function of this name; names are case sensitive.
#[must_use]
pub fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok().map(|index| &FUNCTIONS[index])
}

const fn stable(id: FunctionName, name: &'static str, args: &'static [ValueType], returns: ValueType) -> Function {
    Function { id, name, args, variadic: Variadic::No, returns, is_experimental: false }
}

const fn experimental(
    id: FunctionName,
    name: &'static str,
    args: &'static [ValueType],
    returns: ValueType,
) -> Function {
    Function { id, name, args, variadic: Variadic::No, returns, is_experimental: true }
}

impl Function {
    const fn variadic(mut self, variadic: Variadic) -> Self {
        self.variadic = variadic;
        self
    }
}

/// All functions, sorted by name.
#[rustfmt::skip]
pub static FUNCTIONS: &[Function] = &[
    stable(FunctionName::Abs, "abs", &[Vector], Vector),
    stable(FunctionName::Absent, "absent", &[Vector], Vector),
    stable(FunctionName::AbsentOverTime, "absent_over_time", &[Matrix], Vector),
    stable(FunctionName::Acos, "acos", &[Vector], Vector),
    stable(FunctionName::Acosh, "acosh", &[Vector], Vector),
    stable(FunctionName::Asin, "asin", &[Vector], Vector),
    stable(FunctionName::Asinh, "asinh", &[Vector], Vector),
    stable(FunctionName::Atan, "atan", &[Vector], Vector),
    stable(FunctionName::Atanh, "atanh", &[Vector], Vector),
    stable(FunctionName::AvgOverTime, "avg_over_time", &[Matrix], Vector),
    experimental(FunctionName::BandHighOverTime, "band_high_over_time", &[Matrix, Scalar], Vector),
    experimental(FunctionName::BandLowOverTime, "band_low_over_time", &[Matrix, Scalar], Vector),
    stable(FunctionName::Ceil, "ceil", &[Vector], Vector),
    stable(FunctionName::Changes, "changes", &[Matrix], Vector),
    stable(FunctionName::Clamp, "clamp", &[Vector, Scalar, Scalar], Vector),
    stable(FunctionName::ClampMax, "clamp_max", &[Vector, Scalar], Vector),
    stable(FunctionName::ClampMin, "clamp_min", &[Vector, Scalar], Vector),
    stable(FunctionName::Cos, "cos", &[Vector], Vector),
    stable(FunctionName::Cosh, "cosh", &[Vector], Vector),
    stable(FunctionName::CountOverTime, "count_over_time", &[Matrix], Vector),
    stable(FunctionName::DayOfMonth, "day_of_month", &[Vector], Vector).variadic(Variadic::UpTo(1)),
    stable(FunctionName::DayOfWeek, "day_of_week", &[Vector], Vector).variadic(Variadic::UpTo(1)),
    stable(FunctionName::DayOfYear, "day_of_year", &[Vector], Vector).variadic(Variadic::UpTo(1)),
    stable(FunctionName::DaysInMonth, "days_in_month", &[Vector], Vector).variadic(Variadic::UpTo(1)),
    stable(FunctionName::Deg, "deg", &[Vector], Vector),
    stable(FunctionName::Delta, "delta", &[Matrix], Vector),
    stable(FunctionName::Deriv, "deriv", &[Matrix], Vector),
    experimental(FunctionName::DoubleExponentialSmoothing, "double_exponential_smoothing", &[Matrix, Scalar, Scalar], Vector),
    experimental(FunctionName::End, "end", &[], Scalar),
    stable(FunctionName::Exp, "exp", &[Vector], Vector),
    stable(FunctionName::FirstOverTime, "first_over_time", &[Matrix], Vector),
    stable(FunctionName::Floor, "floor", &[Vector], Vector),
    stable(FunctionName::HistogramAvg, "histogram_avg", &[Vector], Vector),
    stable(FunctionName::HistogramCount, "histogram_count", &[Vector], Vector),
    stable(FunctionName::HistogramFraction, "histogram_fraction", &[Scalar, Scalar, Vector], Vector),
    stable(FunctionName::HistogramQuantile, "histogram_quantile", &[Scalar, Vector], Vector),
    experimental(FunctionName::HistogramQuantiles, "histogram_quantiles", &[Vector, Text, Scalar, Scalar], Vector).variadic(Variadic::UpTo(9)),
    stable(FunctionName::HistogramStddev, "histogram_stddev", &[Vector], Vector),
    stable(FunctionName::HistogramStdvar, "histogram_stdvar", &[Vector], Vector),
    stable(FunctionName::HistogramSum, "histogram_sum", &[Vector], Vector),
    stable(FunctionName::Hour, "hour", &[Vector], Vector).variadic(Variadic::UpTo(1)),
    stable(FunctionName::Idelta, "idelta", &[Matrix], Vector),
    stable(FunctionName::Increase, "increase", &[Matrix], Vector),
    experimental(FunctionName::Info, "info", &[Vector, Vector], Vector).variadic(Variadic::UpTo(1)),
    stable(FunctionName::Irate, "irate", &[Matrix], Vector),
    stable(FunctionName::LabelJoin, "label_join", &[Vector, Text, Text, Text], Vector).variadic(Variadic::Any),
    stable(FunctionName::LabelReplace, "label_replace", &[Vector, Text, Text, Text, Text], Vector),
    stable(FunctionName::LastOverTime, "last_over_time", &[Matrix], Vector),
    stable(FunctionName::Ln, "ln", &[Vector], Vector),
    stable(FunctionName::Log10, "log10", &[Vector], Vector),
    stable(FunctionName::Log2, "log2", &[Vector], Vector),
    experimental(FunctionName::MadOverTime, "mad_over_time", &[Matrix], Vector),
    experimental(FunctionName::MaxOf, "max_of", &[Scalar, Scalar], Scalar),
    stable(FunctionName::MaxOverTime, "max_over_time", &[Matrix], Vector),
    experimental(FunctionName::MinOf, "min_of", &[Scalar, Scalar], Scalar),
    stable(FunctionName::MinOverTime, "min_over_time", &[Matrix], Vector),
    stable(FunctionName::Minute, "minute", &[Vector], Vector).variadic(Variadic::UpTo(1)),
    stable(FunctionName::Month, "month", &[Vector], Vector).variadic(Variadic::UpTo(1)),
    stable(FunctionName::Pi, "pi", &[], Scalar),
    experimental(FunctionName::PredictHoltWinters, "predict_holt_winters", &[Matrix, Scalar, Scalar], Vector),
    stable(FunctionName::PredictLinear, "predict_linear", &[Matrix, Scalar], Vector),
    stable(FunctionName::PresentOverTime, "present_over_time", &[Matrix], Vector),
    stable(FunctionName::QuantileOverTime, "quantile_over_time", &[Scalar, Matrix], Vector),
    stable(FunctionName::Rad, "rad", &[Vector], Vector),
    experimental(FunctionName::Range, "range", &[], Scalar),
    stable(FunctionName::Rate, "rate", &[Matrix], Vector),
    stable(FunctionName::Resets, "resets", &[Matrix], Vector),
    stable(FunctionName::Round, "round", &[Vector, Scalar], Vector).variadic(Variadic::UpTo(1)),
    stable(FunctionName::Scalar, "scalar", &[Vector], Scalar),
    experimental(FunctionName::SeasonalHighOverTime, "seasonal_high_over_time", &[Matrix, Scalar], Vector),
    experimental(FunctionName::SeasonalLowOverTime, "seasonal_low_over_time", &[Matrix, Scalar], Vector),
    stable(FunctionName::Sgn, "sgn", &[Vector], Vector),
    stable(FunctionName::Sin, "sin", &[Vector], Vector),
    stable(FunctionName::Sinh, "sinh", &[Vector], Vector),
    stable(FunctionName::Sort, "sort", &[Vector], Vector),
    experimental(FunctionName::SortByLabel, "sort_by_label", &[Vector, Text], Vector).variadic(Variadic::Any),
    experimental(FunctionName::SortByLabelDesc, "sort_by_label_desc", &[Vector, Text], Vector).variadic(Variadic::Any),
    stable(FunctionName::SortDesc, "sort_desc", &[Vector], Vector),
    stable(FunctionName::Sqrt, "sqrt", &[Vector], Vector),
    experimental(FunctionName::Start, "start", &[], Scalar),
    experimental(FunctionName::StartTimestamp, "start_timestamp", &[Vector], Vector),
    stable(FunctionName::StddevOverTime, "stddev_over_time", &[Matrix], Vector),
    stable(FunctionName::StdvarOverTime, "stdvar_over_time", &[Matrix], Vector),
    experimental(FunctionName::Step, "step", &[], Scalar),
    stable(FunctionName::SumOverTime, "sum_over_time", &[Matrix], Vector),
    stable(FunctionName::Tan, "tan", &[Vector], Vector),
    stable(FunctionName::Tanh, "tanh", &[Vector], Vector),
    stable(FunctionName::Time, "time", &[], Scalar),
    stable(FunctionName::Timestamp, "timestamp", &[Vector], Vector),
    experimental(FunctionName::TsOfFirstOverTime, "ts_of_first_over_time", &[Matrix], Vector),
    experimental(FunctionName::TsOfLastOverTime, "ts_of_last_over_time", &[Matrix], Vector),
    experimental(FunctionName::TsOfMaxOverTime, "ts_of_max_over_time", &[Matrix], Vector),
    experimental(FunctionName::TsOfMinOverTime, "ts_of_min_over_time", &[Matrix], Vector),
    stable(FunctionName::Vector, "vector", &[Scalar], Vector),
    stable(FunctionName::Year, "year", &[Vector], Vector).variadic(Variadic::UpTo(1)),
];
