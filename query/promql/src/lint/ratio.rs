//! Divisions: a part by its whole, series by series; and by limits that are 0 where there is none.

use super::{Finding, Kind, bare, replaced, text};
use crate::labels::METRIC_NAME;
use crate::matcher::{MatchOperator, Matcher};
use crate::syntax::Expr;
use crate::syntax::tree::{AggregateOperator, Binary, BinaryOperator, Cardinality, VectorSelector};

/// Parts of names of limits for which 0 stands for none.
const LIMIT_WORDS: [&str; 5] = ["max", "limit", "quota", "maxmemory", "hard"];
/// Limits that are never 0.
const NEVER_ZERO: [&str; 3] =
    ["mysql_global_variables_max_connections", "node_filefd_maximum", "node_nf_conntrack_entries_limit"];

pub(super) fn look(query: &str, expr: &Expr, findings: &mut Vec<Finding>) {
    let Expr::Binary(binary) = expr else { return };
    if binary.operator != BinaryOperator::Divide {
        return;
    }
    of_itself(query, binary, findings);
    limit(query, binary, findings);
}

fn of_itself(query: &str, binary: &Binary, findings: &mut Vec<Finding>) {
    let matching = &binary.matching;
    let is_plain = !matching.on && matching.labels.is_empty() && matching.cardinality == Cardinality::OneToOne;
    let (left, right) = (bare(&binary.left), bare(&binary.right));
    let Some(extra) = extra_matchers(left, right) else { return };
    if !is_plain || extra.is_empty() {
        return;
    }
    let filtered: Vec<String> = extra.iter().map(ToString::to_string).collect();
    let names: Vec<&str> = extra.iter().map(|matcher| matcher.name.as_str()).collect();
    let (reason, better) = match (left, right) {
        (Expr::Aggregate(left), Expr::Aggregate(right)) => {
            // Groups that keep the label hold the same series on both sides.
            let keeps_all = |grouping: &[String], without: bool| {
                names.iter().all(|name| without != grouping.iter().any(|label| label == name))
            };
            if !keeps_all(&left.grouping, left.without) || !keeps_all(&right.grouping, right.without) {
                return;
            }
            let reason = format!(
                "both sides are grouped by {}, so that each group of {} is divided by itself: always 1, or NaN",
                names.join(", "),
                filtered.join(", ")
            );
            (reason, None)
        }
        _ => {
            let reason = format!(
                "series are matched by all their labels, so that each series of {} is divided by itself: always 1, or NaN",
                filtered.join(", ")
            );
            let sum = |expr: &Expr| format!("sum({})", text(query, expr.span()));
            (reason, Some(format!("{} / {}", sum(left), sum(right))))
        }
    };
    let span = binary.left.span().to(binary.right.span());
    let better = better.and_then(|better| replaced(query, span, &better));
    findings.push(Finding { kind: Kind::RatioOfItself, span: binary.operator_span, reason, better });
}

/// Matchers that the left side has beyond those of the right, where the two are the same else.
fn extra_matchers<'a>(left: &'a Expr, right: &'a Expr) -> Option<Vec<&'a Matcher>> {
    let (part, whole) = (only_selector(left)?, only_selector(right)?);
    let (mut without_left, mut without_right) = (left.clone(), right.clone());
    forget_matchers(&mut without_left);
    forget_matchers(&mut without_right);
    let is_same = without_left.without_positions() == without_right.without_positions();
    let has_all = whole.matchers.iter().all(|matcher| part.matchers.contains(matcher));
    let extra = part.matchers.iter().filter(|matcher| !whole.matchers.contains(matcher)).collect();
    (is_same && has_all && part.name == whole.name).then_some(extra)
}

fn only_selector(expr: &Expr) -> Option<&VectorSelector> {
    match bare(expr) {
        Expr::Selector(selector) => Some(selector),
        Expr::Matrix(matrix) => Some(&matrix.selector),
        Expr::Call(call) => call.args.iter().find_map(only_selector),
        Expr::Aggregate(aggregate) if of_each(aggregate.operator) => only_selector(&aggregate.expr),
        _ => None,
    }
}

fn of_each(operator: AggregateOperator) -> bool {
    matches!(operator, AggregateOperator::Sum | AggregateOperator::Avg | AggregateOperator::Count)
}

/// All but that of the name.
fn forget_matchers(expr: &mut Expr) {
    match expr {
        Expr::Selector(selector) => selector.matchers.retain(|matcher| matcher.name == METRIC_NAME),
        Expr::Matrix(matrix) => matrix.selector.matchers.retain(|matcher| matcher.name == METRIC_NAME),
        _ => {}
    }
    expr.children_mut().into_iter().for_each(forget_matchers);
}

fn limit(query: &str, binary: &Binary, findings: &mut Vec<Finding>) {
    let Expr::Selector(selector) = bare(&binary.right) else { return };
    let exact = |matcher: &&Matcher| matcher.name == METRIC_NAME && matcher.operator == MatchOperator::Equal;
    let named = selector.matchers.iter().find(exact).map(|matcher| matcher.value.as_str());
    let Some(name) = selector.name.as_deref().or(named) else { return };
    let is_limit = name.split(['_', ':', '.']).any(|word| LIMIT_WORDS.contains(&word));
    if !is_limit || NEVER_ZERO.contains(&name) {
        return;
    }
    let divisor = text(query, selector.span);
    let better = replaced(query, binary.right.span(), &format!("({divisor} > 0)"));
    let reason = format!("{name} may be 0, which stands for no limit: the result is then +Inf, above every threshold");
    findings.push(Finding { kind: Kind::LimitMayBeZero, span: selector.span, reason, better });
}
