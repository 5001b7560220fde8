//! Trees to text, in one line.
//!
//! Owns the canonical form: what is printed parses to the same tree, and equal trees print alike. Parentheses stand only
//! where the tree needs them.

use std::fmt::{self, Display, Formatter};

use super::literal::{Literal, quote};
use super::operator::{BinaryOperator, binding};
use super::tree::{
    Aggregate, Body, Compare, FieldExpr, Hint, Metrics, MetricsFunction, MetricsSeries, Pipeline, Query, ScalarExpr,
    SecondStage, SpansetExpr, Stage,
};

/// Stronger than every operator.
const OPERAND: u8 = u8::MAX;

/// Larger whole numbers are written with a point, as they may have lost digits.
const WHOLE_NUMBER_MAX: f64 = 1e15;

impl Display for Query {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.body {
            Body::Spans(pipeline) => pipeline.fmt(out)?,
            Body::Metrics(metrics) => metrics.fmt(out)?,
        }
        if self.hints.is_empty() {
            return Ok(());
        }
        write!(out, " with({})", joined(&self.hints))
    }
}

impl Display for Hint {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}={}", self.name, self.value)
    }
}

impl Display for Pipeline {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for (index, stage) in self.stages.iter().enumerate() {
            if index > 0 {
                out.write_str(" | ")?;
            }
            stage.fmt(out)?;
        }
        Ok(())
    }
}

impl Display for Stage {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spanset(spanset) => spanset.fmt(out),
            Self::Scalar(filter) => {
                write!(out, "{} {} {}", filter.left, filter.operator.as_str(), filter.right)
            }
            Self::By(operand) => write!(out, "by({operand})"),
            Self::Select(fields) => write!(out, "select({})", joined(fields)),
            Self::Coalesce => out.write_str("coalesce()"),
        }
    }
}

// === sets of spans ===

impl Display for SpansetExpr {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter(FieldExpr::Literal(Literal::Bool(true), _)) => out.write_str("{ }"),
            Self::Filter(filter) => write!(out, "{{ {filter} }}"),
            Self::Pipeline(pipeline) => write!(out, "({pipeline})"),
            Self::Binary(binary) => {
                let own = binary.operator.binding();
                let of = |side: &Self| if let Self::Binary(inner) = side { inner.operator.binding() } else { OPERAND };
                parenthesised(&binary.left, of(&binary.left) < own, out)?;
                write!(out, " {} ", binary.operator.as_str())?;
                parenthesised(&binary.right, of(&binary.right) <= own, out)
            }
        }
    }
}

fn parenthesised(inner: &impl Display, is_needed: bool, out: &mut Formatter<'_>) -> fmt::Result {
    if is_needed { write!(out, "({inner})") } else { inner.fmt(out) }
}

// === expressions over one span ===

impl Display for FieldExpr {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal, _) => literal.fmt(out),
            Self::Field(field, _) => field.fmt(out),
            Self::Negate(operand, _) => {
                // A sign before a literal would become a part of it.
                let is_needed = matches!(operand.as_ref(), Self::Literal(..)) || field_binding(operand) < OPERAND;
                out.write_str("-")?;
                parenthesised(operand.as_ref(), is_needed, out)
            }
            Self::Not(operand, _) => {
                out.write_str("!")?;
                let is_needed = field_binding(operand) < OPERAND && !matches!(operand.as_ref(), Self::Not(..));
                parenthesised(operand.as_ref(), is_needed, out)
            }
            Self::Binary(binary) => fmt_binary(binary.operator, &binary.left, &binary.right, out),
            Self::Matches(matches) => {
                fmt_left(&matches.operand, binding::COMPARISON, out)?;
                let sign = if matches.is_negated { "!~" } else { "=~" };
                write!(out, " {sign} {}", quote(matches.pattern.as_str()))
            }
            Self::Exists { operand, is_negated, .. } => {
                fmt_left(operand, binding::COMPARISON, out)?;
                write!(out, " {} nil", if *is_negated { "=" } else { "!=" })
            }
            Self::Cidr(cidr) => {
                write!(out, "cidr({}", cidr.operand)?;
                for network in &cidr.networks {
                    write!(out, ", {}", quote(&network.to_string()))?;
                }
                out.write_str(")")
            }
            Self::Missing(_) => out.write_str("nil"),
        }
    }
}

fn fmt_binary(operator: BinaryOperator, left: &FieldExpr, right: &FieldExpr, out: &mut Formatter<'_>) -> fmt::Result {
    let own = operator.binding();
    if operator == BinaryOperator::Power {
        // Powers go from the right.
        parenthesised(left, field_binding(left) <= own || has_sign(left), out)?;
    } else {
        fmt_left(left, own, out)?;
    }
    write!(out, " {} ", operator.as_str())?;
    let is_right_power = operator == BinaryOperator::Power && field_binding(right) == own;
    let binds_weaker = field_binding(right) <= own && !is_right_power;
    // Behind a sign everything that binds stronger would belong to the sign.
    parenthesised(right, binds_weaker || (has_sign(right) && operator.is_arithmetic()), out)
}

fn fmt_left(left: &FieldExpr, own: u8, out: &mut Formatter<'_>) -> fmt::Result {
    let is_arithmetic = own >= binding::SUM;
    parenthesised(left, field_binding(left) < own || (has_sign(left) && is_arithmetic), out)
}

/// Whether it begins with `-` or `!`.
fn has_sign(expr: &FieldExpr) -> bool {
    match expr {
        FieldExpr::Literal(literal, _) => literal.has_sign(),
        FieldExpr::Negate(..) | FieldExpr::Not(..) => true,
        _ => false,
    }
}

fn field_binding(expr: &FieldExpr) -> u8 {
    match expr {
        FieldExpr::Binary(binary) => binary.operator.binding(),
        FieldExpr::Matches(_) | FieldExpr::Exists { .. } => binding::COMPARISON,
        // As the operand of another sign it stands in parentheses, elsewhere `has_sign` decides.
        _ => OPERAND,
    }
}

// === numbers of sets ===

impl Display for ScalarExpr {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal, _) => literal.fmt(out),
            Self::Aggregate(aggregate) => aggregate.fmt(out),
            Self::Binary(binary) => {
                let own = binary.operator.binding();
                let is_power = binary.operator == BinaryOperator::Power;
                let left = scalar_binding(&binary.left);
                let right = scalar_binding(&binary.right);
                parenthesised(&binary.left, left < own || (is_power && left == own), out)?;
                write!(out, " {} ", binary.operator.as_str())?;
                parenthesised(&binary.right, right < own || (!is_power && right == own), out)
            }
        }
    }
}

impl Display for Aggregate {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.operand {
            Some(operand) => write!(out, "{}({operand})", self.function.as_str()),
            None => write!(out, "{}()", self.function.as_str()),
        }
    }
}

fn scalar_binding(expr: &ScalarExpr) -> u8 {
    if let ScalarExpr::Binary(binary) = expr { binary.operator.binding() } else { OPERAND }
}

// === series ===

impl Display for Metrics {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Series(series) => series.fmt(out),
            Self::Staged { input, stage } => match stage {
                SecondStage::TopK(limit) => write!(out, "{input} | topk({limit})"),
                SecondStage::BottomK(limit) => write!(out, "{input} | bottomk({limit})"),
                SecondStage::Filter(operator, value) => {
                    write!(out, "{input} {} {}", operator.as_str(), format_number(*value))
                }
            },
            Self::Binary { operator, left, right } => {
                parenthesised(left, metrics_binding(left) < operator.binding(), out)?;
                write!(out, " {} ", operator.as_str())?;
                parenthesised(right, metrics_binding(right) <= operator.binding(), out)
            }
            Self::WithNumber { operator, input, number, number_is_left: true } => {
                write!(out, "{} {} ", format_number(*number), operator.as_str())?;
                parenthesised(input, metrics_binding(input) <= operator.binding(), out)
            }
            Self::WithNumber { operator, input, number, number_is_left: false } => {
                parenthesised(input, metrics_binding(input) < operator.binding(), out)?;
                write!(out, " {} {}", operator.as_str(), format_number(*number))
            }
        }
    }
}

/// Series stand in parentheses wherever something is done with them.
fn metrics_binding(metrics: &Metrics) -> u8 {
    match metrics {
        Metrics::Series(_) | Metrics::Staged { .. } => 0,
        Metrics::Binary { operator, .. } | Metrics::WithNumber { operator, .. } => operator.binding(),
    }
}

impl Display for MetricsSeries {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{} | {}", self.pipeline, self.function)?;
        if !self.by.is_empty() {
            write!(out, " by({})", joined(&self.by))?;
        }
        Ok(())
    }
}

impl Display for MetricsFunction {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare(compare) => compare.fmt(out),
            Self::QuantileOverTime(field, quantiles) => {
                let numbers: Vec<String> = quantiles.iter().map(|quantile| format_number(*quantile)).collect();
                write!(out, "{}({field}, {})", self.as_str(), numbers.join(", "))
            }
            other => match other.field() {
                Some(field) => write!(out, "{}({field})", self.as_str()),
                None => write!(out, "{}()", self.as_str()),
            },
        }
    }
}

impl Display for Compare {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let selection = SpansetExpr::Filter(self.selection.clone());
        write!(out, "compare({selection}, {}", self.top)?;
        if let Some((start, end)) = self.range {
            write!(out, ", {start}, {end}")?;
        }
        out.write_str(")")
    }
}

fn format_number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < WHOLE_NUMBER_MAX && !(value == 0.0 && value.is_sign_negative()) {
        format!("{value:.0}")
    } else {
        format!("{value:?}")
    }
}

fn joined(items: &[impl Display]) -> String {
    let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
