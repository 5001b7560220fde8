//! Comparisons that no value, or every value, passes: by the range that values can have.

use super::{Finding, Kind, bare};
use crate::syntax::Expr;
use crate::syntax::functions::FunctionName as F;
use crate::syntax::tree::{AggregateOperator, Binary, BinaryOperator};

/// Least and greatest value, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Interval {
    least: f64,
    greatest: f64,
}

const ANY: Interval = Interval { least: f64::NEG_INFINITY, greatest: f64::INFINITY };
const POSITIVE: Interval = Interval { least: 0.0, greatest: f64::INFINITY };
const UNIT: Interval = Interval { least: 0.0, greatest: 1.0 };

/// Names that only 0 and 1 have.
const FLAGS: [&str; 3] = ["up", "mysql_up", "redis_up"];
/// Endings of names that are never below 0.
const POSITIVE_ENDINGS: [&str; 5] = ["_total", "_count", "_bucket", "_bytes", "_seconds_sum"];

pub(super) fn look(expr: &Expr, findings: &mut Vec<Finding>) {
    let Expr::Binary(binary) = expr else { return };
    let (left, right) = (of(&binary.left), of(&binary.right));
    let is_known = |interval: Interval| interval != ANY;
    if !binary.operator.is_comparison() || !is_known(left) || !is_known(right) {
        return;
    }
    // Two numbers are a switch that somebody set.
    if matches!((bare(&binary.left), bare(&binary.right)), (Expr::Number(_), Expr::Number(_))) {
        return;
    }
    let (never, always) = judged(binary.operator, left, right);
    let sides = format!("the left side is {}, the right side {}", shown(left), shown(right));
    let span = binary.operator_span;
    if never {
        let reason = format!("never true: {sides}");
        findings.push(Finding { kind: Kind::NeverTrue, span, reason, better: None });
    } else if always && !binary.return_bool {
        let reason = format!("always true: {sides}");
        findings.push(Finding { kind: Kind::AlwaysTrue, span, reason, better: None });
    }
}

/// Whether a comparison is never, and whether it is always true.
fn judged(operator: BinaryOperator, left: Interval, right: Interval) -> (bool, bool) {
    use BinaryOperator as O;
    let apart = left.greatest < right.least || right.greatest < left.least;
    let one = left.least == left.greatest && left == right;
    match operator {
        O::Equal => (apart, one),
        O::NotEqual => (one, apart),
        O::Greater => (left.greatest <= right.least, left.least > right.greatest),
        O::GreaterOrEqual => (left.greatest < right.least, left.least >= right.greatest),
        O::Less => (left.least >= right.greatest, left.greatest < right.least),
        _ => (left.least > right.greatest, left.greatest <= right.least),
    }
}

fn shown(interval: Interval) -> String {
    match interval {
        Interval { least, greatest } if least == greatest => format!("always {least}"),
        Interval { least, greatest: f64::INFINITY } => format!("at least {least}"),
        Interval { least: f64::NEG_INFINITY, greatest } => format!("at most {greatest}"),
        Interval { least, greatest } => format!("from {least} to {greatest}"),
    }
}

fn exactly(value: f64) -> Interval {
    Interval { least: value, greatest: value }
}

/// What values of an expression can be; NaN is beside it, as it passes no comparison.
fn of(expr: &Expr) -> Interval {
    match expr {
        Expr::Number(number) if !number.value.is_nan() => exactly(number.value),
        Expr::Paren(paren) => of(&paren.expr),
        Expr::Unary(unary) => {
            let inner = of(&unary.expr);
            let negative = Interval { least: -inner.greatest, greatest: -inner.least };
            if unary.is_minus { negative } else { inner }
        }
        Expr::Selector(selector) => selector.name.as_deref().map_or(ANY, of_name),
        Expr::Matrix(matrix) => matrix.selector.name.as_deref().map_or(ANY, of_name),
        Expr::Aggregate(aggregate) => of_aggregate(aggregate.operator, &aggregate.expr),
        Expr::Call(call) => of_call(call.function.id, &call.args),
        Expr::Binary(binary) => of_binary(binary),
        _ => ANY,
    }
}

fn of_name(name: &str) -> Interval {
    if FLAGS.contains(&name) {
        return UNIT;
    }
    if POSITIVE_ENDINGS.iter().any(|ending| name.ends_with(ending)) { POSITIVE } else { ANY }
}

fn of_aggregate(operator: AggregateOperator, expr: &Expr) -> Interval {
    use AggregateOperator as A;
    let inner = of(expr);
    match operator {
        A::Avg | A::Min | A::Max | A::Topk | A::Bottomk | A::Limitk | A::LimitRatio => inner,
        A::Sum if inner.least >= 0.0 => POSITIVE,
        A::Count | A::CountValues => Interval { least: 1.0, greatest: f64::INFINITY },
        A::Group => exactly(1.0),
        A::Stddev | A::Stdvar => POSITIVE,
        _ => ANY,
    }
}

fn of_call(function: F, args: &[Expr]) -> Interval {
    let between = |least: f64, greatest: f64| Interval { least, greatest };
    let inner = || args.iter().find(|arg| !matches!(arg, Expr::Number(_))).map_or(ANY, of);
    match function {
        F::Absent | F::AbsentOverTime | F::PresentOverTime => exactly(1.0),
        F::Rate | F::Increase | F::Irate | F::Changes | F::Resets | F::Sqrt | F::Exp => POSITIVE,
        F::StddevOverTime | F::StdvarOverTime | F::CountOverTime => POSITIVE,
        F::Abs => POSITIVE,
        F::AvgOverTime | F::MinOverTime | F::MaxOverTime | F::LastOverTime | F::Scalar | F::Sort | F::SortDesc => {
            inner()
        }
        F::HistogramFraction => UNIT,
        F::Hour => between(0.0, 23.0),
        F::Minute => between(0.0, 59.0),
        F::Month => between(1.0, 12.0),
        F::DayOfMonth => between(1.0, 31.0),
        F::DayOfWeek => between(0.0, 6.0),
        F::DayOfYear => between(1.0, 366.0),
        F::DaysInMonth => between(28.0, 31.0),
        F::Vector => args.first().map_or(ANY, of),
        _ => ANY,
    }
}

fn of_binary(binary: &Binary) -> Interval {
    use BinaryOperator as O;
    let (left, right) = (of(&binary.left), of(&binary.right));
    let raw = match binary.operator {
        O::Add => (left.least + right.least, left.greatest + right.greatest),
        O::Subtract => (left.least - right.greatest, left.greatest - right.least),
        O::Multiply => products(left, right),
        O::Divide if right.least > 0.0 && right.greatest.is_finite() => {
            products(left, Interval { least: 1.0 / right.greatest, greatest: 1.0 / right.least })
        }
        O::Divide if left.least >= 0.0 && right.least >= 0.0 => (0.0, f64::INFINITY),
        operator if operator.is_comparison() => {
            return if binary.return_bool { UNIT } else { left };
        }
        O::And | O::Unless => return left,
        _ => return ANY,
    };
    match raw {
        (least, greatest) if least.is_nan() || greatest.is_nan() => ANY,
        (least, greatest) => Interval { least, greatest },
    }
}

fn products(left: Interval, right: Interval) -> (f64, f64) {
    let ends = [
        left.least * right.least,
        left.least * right.greatest,
        left.greatest * right.least,
        left.greatest * right.greatest,
    ];
    // Zero times infinity: the end that is zero counts.
    let ends = ends.map(|end| if end.is_nan() { 0.0 } else { end });
    (ends.into_iter().fold(f64::INFINITY, f64::min), ends.into_iter().fold(f64::NEG_INFINITY, f64::max))
}
