//! Aggregations that keep some series of each group: `topk`, `bottomk`, `limitk`, `limit_ratio`.
//!
//! Owns the choice, which is made anew at each step. Values and labels stay as they are.

use crate::annotations::{Annotation, Annotations};
use crate::number::format_plain;
use crate::position::Span;
use crate::syntax::tree::AggregateOperator;

use super::super::column::{Column, StepSeries};
use super::super::plan::AggregateNode;
use super::super::{EvalError, Grid, sort::by_value};
use super::Groups;

/// The parameter at each step, if it can be used; none where it selects nothing at any step.
pub(super) fn checked_parameter(
    node: &AggregateNode,
    parameter: Vec<f64>,
    notes: &mut Annotations,
) -> Result<Option<Vec<f64>>, EvalError> {
    let greatest = parameter.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let least = parameter.iter().copied().fold(f64::INFINITY, f64::min);
    let has_nan = parameter.iter().any(|value| value.is_nan());
    let fail = |message: String| Err(EvalError::Execution(message));
    if node.operator == AggregateOperator::LimitRatio {
        if greatest == 0.0 && least == 0.0 {
            return Ok(None);
        }
        if has_nan {
            return fail("Ratio value is NaN".to_owned());
        }
        let span = node.parameter.as_ref().map_or(node.inner.span, |parameter| parameter.span);
        if greatest > 1.0 {
            notes.add(Annotation::invalid_ratio(greatest, 1.0, span));
        }
        if least < -1.0 {
            notes.add(Annotation::invalid_ratio(least, -1.0, span));
        }
        return Ok(Some(parameter.into_iter().map(|ratio| ratio.clamp(-1.0, 1.0)).collect()));
    }
    if greatest < 1.0 && !has_nan {
        return Ok(None);
    }
    if has_nan {
        return fail("Parameter value is NaN".to_owned());
    }
    if least <= i64::MIN as f64 {
        return fail(format!("Scalar value {} underflows int64", format_plain(least)));
    }
    if greatest >= i64::MAX as f64 {
        return fail(format!("Scalar value {} overflows int64", format_plain(greatest)));
    }
    Ok(Some(parameter))
}

pub(super) fn select(
    operator: AggregateOperator,
    series: Vec<StepSeries>,
    groups: &Groups,
    parameter: &[f64],
    span: Span,
    grid: &Grid,
    notes: &mut Annotations,
) -> Vec<StepSeries> {
    let mut kept: Vec<Column> = series.iter().map(|_| Column::empty(grid.steps)).collect();
    let mut order: Vec<usize> = Vec::new();
    for members in &groups.members {
        for (step, parameter) in parameter.iter().enumerate() {
            let chosen = choose(operator, &series, members, *parameter, step, span, notes);
            for index in &chosen {
                if let Some(point) = series[*index].column.point(step) {
                    kept[*index].set(step, point);
                }
            }
            if grid.is_instant() {
                order.extend(chosen);
            }
        }
    }
    if !grid.is_instant() {
        order = (0..series.len()).collect();
    }
    let with_column = |index: usize| StepSeries { column: kept[index].clone(), ..series[index].clone() };
    order.into_iter().map(with_column).filter(|series| !series.column.is_all_absent()).collect()
}

/// The members that stay at a step, in the order of the result.
fn choose(
    operator: AggregateOperator,
    series: &[StepSeries],
    members: &[usize],
    parameter: f64,
    step: usize,
    span: Span,
    notes: &mut Annotations,
) -> Vec<usize> {
    let present = members.iter().copied().filter(|index| series[*index].column.is_present(step));
    let count = parameter.max(0.0) as usize;
    match operator {
        AggregateOperator::Limitk => present.take(count).collect(),
        AggregateOperator::LimitRatio => present.filter(|index| is_sampled(&series[*index], parameter)).collect(),
        _ if count == 0 => Vec::new(),
        _ => {
            let mut candidates = Vec::new();
            for index in present {
                match series[index].column.float(step) {
                    Some(value) => candidates.push((value, index)),
                    None => notes.add(Annotation::histogram_ignored_in_aggregation(operator.as_str(), span)),
                }
            }
            let descending = operator == AggregateOperator::Topk;
            candidates.sort_by(|left, right| by_value(left.0, right.0, descending));
            candidates.into_iter().take(count).map(|(_, index)| index).collect()
        }
    }
}

/// Whether a series' labels, taken as a number from 0 to 1, fall below the ratio; of a negative ratio above the rest, so
/// that `r` and `r - 1` together keep every series once.
fn is_sampled(series: &StepSeries, ratio: f64) -> bool {
    let offset = series.labels.sampling_hash() as f64 / u64::MAX as f64;
    if ratio >= 0.0 { offset < ratio } else { offset >= 1.0 + ratio }
}
