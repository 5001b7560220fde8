//! Labels that are asked for after an aggregation has dropped them.

use std::collections::BTreeSet;

use super::{Finding, Kind, bare, replaced, text};
use crate::labels::BUCKET_BOUND;
use crate::position::Span;
use crate::syntax::Expr;
use crate::syntax::functions::FunctionName as F;
use crate::syntax::tree::{Aggregate, AggregateOperator, Cardinality, VectorSelector};

/// The labels that results have at the most; `None` where they may have any.
pub(super) fn of(expr: &Expr) -> Option<BTreeSet<String>> {
    match expr {
        Expr::Paren(paren) => of(&paren.expr),
        Expr::Unary(unary) => of(&unary.expr),
        Expr::Subquery(subquery) => of(&subquery.expr),
        Expr::Aggregate(aggregate) => of_aggregate(aggregate),
        Expr::Call(call) => match call.function.id {
            F::LabelReplace | F::LabelJoin => {
                let mut labels = of(call.args.first()?)?;
                if let Some(Expr::String(target)) = call.args.get(1) {
                    labels.insert(target.value.clone());
                }
                Some(labels)
            }
            F::Info | F::Absent | F::AbsentOverTime => None,
            F::Vector | F::Time => Some(BTreeSet::new()),
            F::HistogramQuantile | F::HistogramFraction => {
                let vector = call.args.iter().find(|arg| !matches!(bare(arg), Expr::Number(_)))?;
                let mut labels = of(vector)?;
                labels.remove(BUCKET_BOUND);
                Some(labels)
            }
            _ => of(call.args.iter().find(|arg| !matches!(arg, Expr::Number(_) | Expr::String(_)))?),
        },
        Expr::Binary(binary) => {
            let of_left = || of(&binary.left);
            match (&binary.left, &binary.right, binary.matching.cardinality) {
                (left, right, _) if is_scalar(right) => of(left),
                (left, right, _) if is_scalar(left) => of(right),
                (_, _, Cardinality::ManyToOne) => {
                    let mut labels = of_left()?;
                    labels.extend(binary.matching.include.iter().cloned());
                    Some(labels)
                }
                (_, _, Cardinality::OneToMany) => {
                    let mut labels = of(&binary.right)?;
                    labels.extend(binary.matching.include.iter().cloned());
                    Some(labels)
                }
                _ if binary.operator.is_set_operator() => None,
                _ if binary.matching.on && !binary.operator.is_comparison() => {
                    Some(binary.matching.labels.iter().cloned().collect())
                }
                _ => of_left(),
            }
        }
        _ => None,
    }
}

fn is_scalar(expr: &Expr) -> bool {
    expr.value_type() == crate::syntax::ValueType::Scalar
}

fn of_aggregate(aggregate: &Aggregate) -> Option<BTreeSet<String>> {
    use AggregateOperator as A;
    let inner = of(&aggregate.expr);
    if matches!(aggregate.operator, A::Topk | A::Bottomk | A::Limitk | A::LimitRatio) {
        return inner;
    }
    let mut labels: BTreeSet<String> = match (inner, aggregate.without) {
        (Some(inner), true) => inner.into_iter().filter(|label| !aggregate.grouping.contains(label)).collect(),
        (None, true) => return None,
        (Some(inner), false) => aggregate.grouping.iter().filter(|label| inner.contains(*label)).cloned().collect(),
        (None, false) => aggregate.grouping.iter().cloned().collect(),
    };
    if let (A::CountValues, Some(Expr::String(label))) = (aggregate.operator, &aggregate.parameter) {
        labels.insert(label.value.clone());
    }
    Some(labels)
}

pub(super) fn look(query: &str, expr: &Expr, findings: &mut Vec<Finding>) {
    match expr {
        Expr::Aggregate(aggregate) if !aggregate.without => {
            aggregate.grouping.iter().for_each(|label| ask(query, label, &aggregate.expr, expr.span(), findings));
        }
        Expr::Call(call) => match call.function.id {
            F::HistogramQuantile => quantile(query, call.args.get(1), call.span, findings),
            F::LabelReplace => {
                if let (Some(inner), Some(Expr::String(source))) = (call.args.first(), call.args.get(3)) {
                    ask(query, &source.value, inner, source.span, findings);
                }
            }
            _ => {}
        },
        Expr::Binary(binary) if binary.matching.on => {
            for label in &binary.matching.labels {
                for side in [&binary.left, &binary.right] {
                    ask(query, label, side, binary.operator_span, findings);
                }
            }
        }
        _ => {}
    }
}

/// Notes a label that an expression cannot have any more.
fn ask(query: &str, label: &str, inner: &Expr, span: Span, findings: &mut Vec<Finding>) {
    let is_dropped = of(inner).is_some_and(|labels| !labels.contains(label));
    let Some(aggregate) = is_dropped.then(|| first_aggregate(inner)).flatten() else { return };
    let reason = format!("the label {label} is asked for, but `{}` has dropped it", shown(query, aggregate));
    let better = kept(query, aggregate, label);
    findings.push(Finding { kind: Kind::DroppedLabel, span, reason, better });
}

/// `histogram_quantile` over buckets of which `le` is gone.
fn quantile(query: &str, argument: Option<&Expr>, span: Span, findings: &mut Vec<Finding>) {
    let Some(argument) = argument else { return };
    let is_dropped = of(argument).is_some_and(|labels| !labels.contains(BUCKET_BOUND));
    let mut is_classic = false;
    argument.visit(&mut |expr| is_classic |= selector(expr).is_some_and(is_bucket));
    let Some(aggregate) = (is_dropped && is_classic).then(|| first_aggregate(argument)).flatten() else { return };
    let dropped = shown(query, aggregate);
    let reason = format!("histogram_quantile needs the label le, but `{dropped}` has dropped it: there is no result");
    let better = kept(query, aggregate, BUCKET_BOUND);
    findings.push(Finding { kind: Kind::DroppedLabel, span, reason, better });
}

fn selector(expr: &Expr) -> Option<&VectorSelector> {
    match expr {
        Expr::Selector(selector) => Some(selector),
        Expr::Matrix(matrix) => Some(&matrix.selector),
        _ => None,
    }
}

fn is_bucket(selector: &VectorSelector) -> bool {
    selector.name.as_deref().is_some_and(|name| name.ends_with("_bucket"))
}

fn first_aggregate(expr: &Expr) -> Option<&Aggregate> {
    match expr {
        Expr::Aggregate(aggregate) => Some(aggregate),
        other => other.children().into_iter().find_map(first_aggregate),
    }
}

/// The operator with its labels.
fn shown(query: &str, aggregate: &Aggregate) -> String {
    let whole = text(query, aggregate.span);
    let operator = whole.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(whole.len());
    let how = if aggregate.without { "without" } else { "by" };
    format!("{} {how} ({})", &whole[..operator], aggregate.grouping.join(", "))
}

/// The query with an aggregation that keeps the label.
fn kept(query: &str, aggregate: &Aggregate, label: &str) -> Option<String> {
    let mut changed = aggregate.clone();
    match aggregate.without {
        true => changed.grouping.retain(|known| known != label),
        false => changed.grouping.push(label.to_owned()),
    }
    replaced(query, aggregate.span, &Expr::Aggregate(Box::new(changed)).to_string())
}
