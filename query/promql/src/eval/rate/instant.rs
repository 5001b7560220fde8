//! Rates and differences between the last two samples of a range.
//!
//! Owns `irate` and `idelta`. Nothing is extrapolated.

use std::sync::Arc;

use crate::annotations::{Annotation, Annotations, HistogramOperation};
use crate::histogram::{Histogram, ResetHint};
use crate::source::Temporality;

use super::super::column::Point;
use super::super::window::Window;
use super::{Outcome, add_noting, is_start_reset};

pub(crate) fn irate(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    Ok(between_last_two(window, true, notes))
}

pub(crate) fn idelta(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    Ok(between_last_two(window, false, notes))
}

struct Sample<'a> {
    time: i64,
    start: i64,
    float: f64,
    histogram: Option<&'a Arc<Histogram>>,
}

/// The last two samples of either kind, in order of time.
fn last_two<'a>(window: &Window<'a>) -> Option<[Sample<'a>; 2]> {
    let mut samples = Vec::with_capacity(4);
    let (floats, histograms) = (&window.floats, &window.histograms);
    for index in floats.len().saturating_sub(2)..floats.len() {
        let (time, start) = (floats.times[index], floats.start(index));
        samples.push(Sample { time, start, float: floats.values[index], histogram: None });
    }
    for index in histograms.len().saturating_sub(2)..histograms.len() {
        let (time, start) = (histograms.times[index], histograms.start(index));
        samples.push(Sample { time, start, float: 0.0, histogram: Some(&histograms.values[index]) });
    }
    samples.sort_by_key(|sample| sample.time);
    let last = samples.pop()?;
    Some([samples.pop()?, last])
}

fn between_last_two(window: &Window<'_>, is_rate: bool, notes: &mut Annotations) -> Option<Point> {
    let [before, last] = last_two(window)?;
    let interval_ms = last.time - before.time;
    if interval_ms == 0 {
        return None;
    }
    let is_delta = window.temporality == Temporality::Delta;
    let start_reset = is_delta || is_start_reset(before.start, before.time, last.start, last.time);
    let divisor = if is_rate { interval_ms as f64 / 1000.0 } else { 1.0 };
    match (before.histogram, last.histogram) {
        (None, None) => {
            let is_reset = is_rate && (last.float < before.float || start_reset);
            let difference = if is_reset { last.float } else { last.float - before.float };
            Some(Point::Float(difference / divisor))
        }
        (Some(before), Some(last)) => {
            let gauges = [before, last].iter().filter(|one| one.reset_hint == ResetHint::Gauge).count();
            if is_rate && gauges > 0 {
                notes.add(Annotation::native_not_counter(window.metric(), window.span));
            } else if !is_rate && gauges < 2 {
                notes.add(Annotation::native_not_gauge(window.metric(), window.span));
            }
            let mut difference = Histogram::clone(last);
            if !is_rate || !(start_reset || last.is_reset_since(before)) {
                add_noting(&mut difference, before, HistogramOperation::Subtraction, window, notes)?;
            }
            difference.reset_hint = ResetHint::Gauge;
            difference.compact();
            if is_rate {
                difference.divide(divisor);
            }
            Some(Point::Histogram(Arc::new(difference)))
        }
        _ => {
            notes.add(Annotation::mixed_floats_histograms(window.metric(), window.span));
            None
        }
    }
}
