//! Runs a script's commands against a source of series.
//!
//! Owns what each `eval` goes through: an instant query also with every selector fixed to its time by `@`, evaluated at
//! other times, and each of these as the middle step of a range query.

use std::sync::Arc;

use spanlake_promql::eval::{
    EvalError, EvalOptions, Limits, Point, QueryResult, QueryValue, VectorSample, evaluate_instant, evaluate_range,
};
use spanlake_promql::source::SeriesSource;
use spanlake_promql::syntax::functions::FunctionName;
use spanlake_promql::syntax::tree::At;
use spanlake_promql::syntax::{Expr, parse_expression};

use crate::commands::{Command, Eval, Kind, Load, parse};
use crate::compare;

/// What holds the series that scripts load. The runner of another crate brings its own.
pub trait Subject {
    fn clear(&mut self);
    fn load(&mut self, load: &Load) -> Result<(), String>;
    /// The series as this query sees them.
    fn source(&self, expr: &Expr) -> Box<dyn SeriesSource + '_>;
}

pub struct Outcome {
    pub evals: usize,
    pub failures: Vec<Failure>,
}

pub struct Failure {
    pub line: usize,
    pub message: String,
}

pub fn run(script: &str, subject: &mut impl Subject) -> Outcome {
    let mut outcome = Outcome { evals: 0, failures: Vec::new() };
    for command in parse(script) {
        let (line, result) = match &command {
            Command::Clear => {
                subject.clear();
                continue;
            }
            Command::Load(load) => (load.line, subject.load(load)),
            Command::Broken { line, message } => {
                outcome.evals += 1;
                (*line, Err(message.clone()))
            }
            Command::Eval(eval) => {
                outcome.evals += 1;
                (eval.line, run_eval(subject, eval).map_err(|message| format!("{}: {message}", eval.expr)))
            }
        };
        if let Err(message) = result {
            outcome.failures.push(Failure { line, message });
        }
    }
    outcome
}

fn options() -> EvalOptions {
    EvalOptions { limits: Limits { samples_max: 10_000, ..Limits::default() }, threads: 2, ..EvalOptions::default() }
}

fn instant(subject: &impl Subject, expr: &str, time_ms: i64) -> Result<QueryResult, EvalError> {
    let expr = parse_expression(expr)?;
    evaluate_instant(&*subject.source(&expr), &expr, time_ms, &options())
}

fn range(subject: &impl Subject, expr: &str, start: i64, end: i64, step: i64) -> Result<QueryResult, EvalError> {
    let expr = parse_expression(expr)?;
    evaluate_range(&*subject.source(&expr), &expr, start, end, step, &options())
}

fn run_eval(subject: &impl Subject, eval: &Eval) -> Result<(), String> {
    round_trip(&eval.expr)?;
    if eval.is_range {
        let result = range(subject, &eval.expr, eval.start_ms, eval.end_ms, eval.step_ms);
        return check(eval, &eval.expr, result).map(|_| ());
    }
    let mut queries = vec![(eval.expr.clone(), eval.time_ms)];
    queries.extend(with_fixed_time(&eval.expr, eval.time_ms)?);
    for (expr, time_ms) in queries {
        let in_query = |message: String| format!("as {expr} at {time_ms}: {message}");
        let Some(result) = check(eval, &expr, instant(subject, &expr, time_ms)).map_err(in_query)? else { continue };
        let uses_range = ["start()", "end()", "range()", "step()"].iter().any(|call| expr.contains(call));
        if !eval.only_instant && !uses_range {
            as_range(subject, eval, &expr, time_ms, &result).map_err(in_query)?;
        }
    }
    Ok(())
}

/// What is printed must parse to the same tree.
fn round_trip(expr: &str) -> Result<(), String> {
    let tree = parse_expression(expr).map_err(|error| error.to_string())?;
    let printed = tree.to_string();
    let again = parse_expression(&printed).map_err(|error| format!("printed as {printed}: {error}"))?;
    if again.to_string() == printed { Ok(()) } else { Err(format!("{printed} prints as {again} when parsed again")) }
}

/// The result, if the query was to succeed and did so as expected.
fn check(eval: &Eval, expr: &str, result: Result<QueryResult, EvalError>) -> Result<Option<QueryResult>, String> {
    let failure = eval.expectations.iter().find(|(kind, _)| *kind == Kind::Fail).map(|(_, text)| text);
    match (result, failure) {
        (Err(error), Some(text)) if text.matches(&error.to_string()) => Ok(None),
        (Err(error), Some(text)) => Err(format!("expected error {}, got: {error}", text.describe())),
        (Err(error), None) => Err(format!("error: {error}")),
        (Ok(_), Some(text)) => Err(format!("expected error {} but got none", text.describe())),
        (Ok(result), None) => {
            compare::annotations(eval, expr, &result)?;
            compare::value(eval, &result.value)?;
            Ok(Some(result))
        }
    }
}

/// The same query as the middle of three steps.
fn as_range(subject: &impl Subject, eval: &Eval, expr: &str, time_ms: i64, result: &QueryResult) -> Result<(), String> {
    let ranged = range(subject, expr, time_ms - 60_000, time_ms + 60_000, 60_000);
    let ranged = ranged.map_err(|error| format!("in range mode: error: {error}"))?;
    let QueryValue::Matrix(series) = ranged.value else { return Err("a range query gave no matrix".to_owned()) };
    if eval.ordered {
        return Ok(());
    }
    let mut samples = Vec::new();
    for one in series {
        let float = one.floats.iter().find(|(time, _)| *time == time_ms).map(|(_, value)| Point::Float(*value));
        let histogram = one.histograms.iter().find(|(time, _)| *time == time_ms);
        let value = float.or_else(|| histogram.map(|(_, value)| Point::Histogram(Arc::clone(value))));
        samples.extend(value.map(|value| VectorSample { labels: one.labels, time_ms, value }));
    }
    let compared = match (&result.value, samples.first().map(|sample| &sample.value)) {
        (QueryValue::Scalar { .. }, Some(Point::Float(value))) => {
            compare::value(eval, &QueryValue::Scalar { time_ms, value: *value })
        }
        _ => compare::vector(eval, &samples),
    };
    compared.map_err(|message| format!("in range mode: {message}"))
}

/// The query with all selectors fixed to its time, to be asked at other times; nothing where its functions look at the
/// time of the step.
fn with_fixed_time(expr: &str, time_ms: i64) -> Result<Vec<(String, i64)>, String> {
    let mut tree = parse_expression(expr).map_err(|error| error.to_string())?;
    if !fix(&mut tree, time_ms) {
        return Ok(Vec::new());
    }
    let fixed = tree.to_string();
    let times = match time_ms {
        0 => vec![-1000, 0, 1000],
        time => vec![-10 * time, 0, time / 5, time, 10 * time],
    };
    Ok(times.into_iter().map(|time| (fixed.clone(), time)).collect())
}

/// False if a function looks at the step's time. Inside of a fixed subquery nothing is changed.
fn fix(expr: &mut Expr, time_ms: i64) -> bool {
    let set = |at: &mut Option<At>| {
        if !matches!(at, Some(At::Timestamp(_))) {
            *at = Some(At::Timestamp(time_ms));
        }
    };
    match expr {
        Expr::Selector(selector) => set(&mut selector.at),
        Expr::Matrix(matrix) => set(&mut matrix.selector.at),
        Expr::Subquery(subquery) => {
            set(&mut subquery.at);
            return true;
        }
        Expr::Call(call) if looks_at_time(call.function.id) => return false,
        _ => {}
    }
    expr.children_mut().into_iter().all(|child| fix(child, time_ms))
}

fn looks_at_time(function: FunctionName) -> bool {
    use FunctionName as F;
    [F::DaysInMonth, F::DayOfMonth, F::DayOfWeek, F::DayOfYear, F::End, F::Hour, F::Minute, F::Month, F::Year]
        .iter()
        .chain(&[F::PredictLinear, F::Range, F::Start, F::Step, F::Time, F::Timestamp])
        .any(|other| *other == function)
}
