//! How often a range's samples change, and how often a counter starts anew.
//!
//! Owns the comparison of each sample with the one before, floats and histograms in order of time.

use std::sync::Arc;

use crate::annotations::Annotations;
use crate::histogram::Histogram;
use crate::syntax::tree::RangeEnds;

use super::super::column::Point;
use super::super::rate::is_start_reset;
use super::super::window::Window;
use super::Outcome;

#[derive(Clone, Copy)]
struct Step<'a> {
    time: i64,
    start: i64,
    float: f64,
    histogram: Option<&'a Arc<Histogram>>,
}

/// Samples of both kinds in order of time. Of an anchored range only the last sample before it is among them; none where
/// no sample is in the range itself.
fn steps<'a>(window: &Window<'a>) -> Option<Vec<Step<'a>>> {
    let mut steps = Vec::with_capacity(window.floats.len() + window.histograms.len());
    for (index, time) in window.floats.times.iter().enumerate() {
        let (start, float) = (window.floats.start(index), window.floats.values[index]);
        steps.push(Step { time: *time, start, float, histogram: None });
    }
    for (index, time) in window.histograms.times.iter().enumerate() {
        let histogram = Some(&window.histograms.values[index]);
        steps.push(Step { time: *time, start: window.histograms.start(index), float: 0.0, histogram });
    }
    if !window.histograms.is_empty() {
        steps.sort_by_key(|step| step.time);
    }
    if window.ends == RangeEnds::Anchored {
        let before = steps.partition_point(|step| step.time <= window.start_ms);
        if before == steps.len() {
            return None;
        }
        steps.drain(..before.saturating_sub(1));
    }
    Some(steps)
}

fn count_pairs(window: &Window<'_>, differs: impl Fn(&Step<'_>, &Step<'_>) -> bool) -> Option<Point> {
    let steps = steps(window)?;
    let count = steps.windows(2).filter(|pair| differs(&pair[0], &pair[1])).count();
    Some(Point::Float(count as f64))
}

pub(super) fn changes(window: &Window<'_>, _: &mut Annotations) -> Outcome {
    Ok(count_pairs(window, |before, now| match (before.histogram, now.histogram) {
        (None, None) => before.float != now.float && !(before.float.is_nan() && now.float.is_nan()),
        (Some(before), Some(now)) => !now.is_identical(before),
        _ => true,
    }))
}

pub(super) fn resets(window: &Window<'_>, _: &mut Annotations) -> Outcome {
    Ok(count_pairs(window, |before, now| {
        let by_start = || is_start_reset(before.start, before.time, now.start, now.time);
        match (before.histogram, now.histogram) {
            (None, None) => now.float < before.float || by_start(),
            (Some(before), Some(now)) => by_start() || now.is_reset_since(before),
            _ => true,
        }
    }))
}
