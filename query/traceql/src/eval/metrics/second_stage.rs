//! What is done with series.
//!
//! Owns `topk`, `bottomk`, comparisons and arithmetic between series. Never sees spans.

use std::collections::HashMap;

use crate::eval::operand::Operand;
use crate::syntax::operator::BinaryOperator;
use crate::syntax::tree::SecondStage;

use super::series::Series;

/// Series after one stage.
#[must_use]
pub fn apply(stage: SecondStage, series: Vec<Series>) -> Vec<Series> {
    match stage {
        SecondStage::TopK(limit) => ranked(series, limit, |value| -value),
        SecondStage::BottomK(limit) => ranked(series, limit, |value| value),
        SecondStage::Filter(operator, limit) => filtered(series, operator, limit),
    }
}

/// Of each interval the first so many by rank, of equal ones the first by labels. The rest has no value there.
fn ranked(mut series: Vec<Series>, limit: u32, rank: impl Fn(f64) -> f64) -> Vec<Series> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    series.sort_by_cached_key(Series::key);
    let intervals = series.iter().map(|one| one.values.len()).max().unwrap_or(0);
    for interval in 0..intervals {
        let mut present: Vec<usize> =
            (0..series.len()).filter(|index| !series[*index].values[interval].is_nan()).collect();
        present.sort_by(|one, other| {
            let (one, other) = (series[*one].values[interval], series[*other].values[interval]);
            rank(one).total_cmp(&rank(other))
        });
        for index in present.into_iter().skip(limit) {
            series[index].values[interval] = f64::NAN;
        }
    }
    without_empty(series)
}

fn filtered(mut series: Vec<Series>, operator: BinaryOperator, limit: f64) -> Vec<Series> {
    let limit = Operand::Float(limit);
    let holds = |value: f64| !value.is_nan() && Operand::Float(value).compare(operator, &limit);
    for one in &mut series {
        for value in &mut one.values {
            if !holds(*value) {
                *value = f64::NAN;
            }
        }
    }
    without_empty(series)
}

/// Without what has no value any more, exemplars too.
fn without_empty(mut series: Vec<Series>) -> Vec<Series> {
    series.retain(|one| !one.is_empty());
    for one in &mut series {
        let values = &one.values;
        one.exemplars.retain(|exemplar| !values[exemplar.interval].is_nan());
    }
    series
}

/// Every value with a number.
#[must_use]
pub fn with_number(operator: BinaryOperator, series: Vec<Series>, number: f64, number_is_left: bool) -> Vec<Series> {
    let mut series = series;
    for value in series.iter_mut().flat_map(|one| one.values.iter_mut()) {
        *value = if number_is_left { count(operator, number, *value) } else { count(operator, *value, number) };
    }
    series
}

/// Series with equal labels; one without labels goes with all.
#[must_use]
pub fn combine(operator: BinaryOperator, left: &[Series], right: &[Series]) -> Vec<Series> {
    let (left_by_key, right_by_key) = (by_key(left), by_key(right));
    // The side without labels is spread over the other one.
    let target = if right_by_key.contains_key("") { left } else { right };
    let find = |sets: &HashMap<String, &Series>, key: &str| -> Option<Series> {
        sets.get(key).or_else(|| sets.get("")).map(|series| (*series).clone())
    };
    target
        .iter()
        .filter_map(|series| {
            let key = series.key();
            let (left, right) = (find(&left_by_key, &key)?, find(&right_by_key, &key)?);
            let values =
                left.values.iter().zip(&right.values).map(|(left, right)| count(operator, *left, *right)).collect();
            let exemplars = series.exemplars.clone();
            Some(Series { labels: series.labels.clone(), values, exemplars })
        })
        .collect()
}

fn by_key(series: &[Series]) -> HashMap<String, &Series> {
    series.iter().map(|one| (one.key(), one)).collect()
}

/// What is divided by zero is no number.
fn count(operator: BinaryOperator, left: f64, right: f64) -> f64 {
    match operator {
        BinaryOperator::Add => left + right,
        BinaryOperator::Subtract => left - right,
        BinaryOperator::Multiply => left * right,
        BinaryOperator::Divide if right == 0.0 => f64::NAN,
        BinaryOperator::Divide => left / right,
        _ => f64::NAN,
    }
}
