//! `and`, `or`, `unless`: which series of one vector are in the other.
//!
//! Owns membership, which is decided anew at each step. Values are never looked at.

use foldhash::{HashMap, HashMapExt};

use crate::labels::Labels;
use crate::syntax::tree::{BinaryOperator, Matching};

use super::super::Grid;
use super::super::column::{Column, StepSeries};

pub(super) fn combine(
    operator: BinaryOperator,
    left: Vec<StepSeries>,
    right: Vec<StepSeries>,
    matching: &Matching,
    grid: &Grid,
) -> Vec<StepSeries> {
    match operator {
        BinaryOperator::And => filter(left, &presence(&right, matching, grid), matching, true),
        BinaryOperator::Unless => filter(left, &presence(&right, matching, grid), matching, false),
        _ => {
            let on_the_left = presence(&left, matching, grid);
            union(left, filter(right, &on_the_left, matching, false))
        }
    }
}

/// At which steps there is a series with the labels that matching compares.
type Presence = HashMap<Labels, Vec<bool>>;

fn presence(series: &[StepSeries], matching: &Matching, grid: &Grid) -> Presence {
    let mut presence = Presence::new();
    for one in series {
        let key = one.labels.matching(matching.on, &matching.labels);
        let steps = presence.entry(key).or_insert_with(|| vec![false; grid.steps]);
        for (step, is_present) in steps.iter_mut().enumerate() {
            *is_present |= one.column.is_present(step);
        }
    }
    presence
}

/// The values at steps where the other side has, or has not, a matching series.
fn filter(series: Vec<StepSeries>, other: &Presence, matching: &Matching, keep_present: bool) -> Vec<StepSeries> {
    let keep = |mut one: StepSeries| {
        let other = other.get(&one.labels.matching(matching.on, &matching.labels));
        for step in 0..one.column.steps() {
            if other.is_some_and(|steps| steps[step]) != keep_present {
                one.column.clear(step);
            }
        }
        (!one.column.is_all_absent()).then_some(one)
    };
    series.into_iter().filter_map(keep).collect()
}

/// Series of both sides; those with equal labels become one where they do not meet.
fn union(left: Vec<StepSeries>, right: Vec<StepSeries>) -> Vec<StepSeries> {
    let mut series = left;
    let places: HashMap<Labels, usize> =
        series.iter().enumerate().map(|(index, one)| (one.labels.clone(), index)).collect();
    for one in right {
        let place = places.get(&one.labels).filter(|place| series[**place].drop_name == one.drop_name);
        let is_free =
            |column: &Column| (0..column.steps()).all(|step| !(column.is_present(step) && one.column.is_present(step)));
        match place {
            Some(place) if is_free(&series[*place].column) => {
                series[*place].column.absorb(&one.column);
            }
            _ => series.push(one),
        }
    }
    series
}
