//! Whether a result is what a script expects.
//!
//! Owns the tolerance: floats may differ by a millionth of their sum.

use std::collections::BTreeMap;
use std::sync::Arc;

use spanlake_promql::eval::{MatrixSeries, Point, QueryResult, QueryValue, VectorSample};
use spanlake_promql::histogram::quantile::is_almost_equal;
use spanlake_promql::histogram::{Bucket, Histogram};
use spanlake_promql::series_notation::SequenceValue;

use crate::commands::{Eval, Expected, Kind};

const EPSILON: f64 = 1e-6;

pub fn annotations(eval: &Eval, expr: &str, result: &QueryResult) -> Result<(), String> {
    let (warnings, infos) = (result.annotations.warnings(expr), result.annotations.infos(expr));
    for (kind, unwanted, found) in [(Kind::Warn, Kind::NoWarn, &warnings), (Kind::Info, Kind::NoInfo, &infos)] {
        let wanted: Vec<_> =
            eval.expectations.iter().filter(|(other, _)| *other == kind).map(|(_, text)| text).collect();
        for text in &wanted {
            if !found.iter().any(|message| text.matches(message)) {
                return Err(format!("expected {kind:?} {}, found {found:?}", text.describe()));
            }
        }
        if !wanted.is_empty()
            && let Some(message) = found.iter().find(|message| !wanted.iter().any(|text| text.matches(message)))
        {
            return Err(format!("unexpected {kind:?} {message:?}"));
        }
        if !found.is_empty() && eval.expectations.iter().any(|(other, _)| *other == unwanted) {
            return Err(format!("unexpected {kind:?} {found:?}"));
        }
    }
    Ok(())
}

pub fn value(eval: &Eval, value: &QueryValue) -> Result<(), String> {
    match value {
        QueryValue::Scalar { value, .. } => match eval.scalar {
            Some(expected) if is_almost_equal(expected, *value, EPSILON) => Ok(()),
            expected => Err(format!("expected scalar {expected:?} but got {value}")),
        },
        QueryValue::Text { value, .. } => {
            let expected = eval.string.as_deref().unwrap_or("");
            if expected == value { Ok(()) } else { Err(format!("expected string {expected:?} but got {value:?}")) }
        }
        QueryValue::Vector(samples) => vector(eval, samples),
        QueryValue::Matrix(series) => matrix(eval, series),
    }
}

fn by_labels(eval: &Eval) -> BTreeMap<String, &Expected> {
    eval.expected.iter().map(|expected| (expected.labels.to_string(), expected)).collect()
}

pub fn vector(eval: &Eval, samples: &[VectorSample]) -> Result<(), String> {
    if eval.scalar.is_some() {
        return Err("expected a scalar but got a vector".to_owned());
    }
    let mut expected = by_labels(eval);
    for (position, sample) in samples.iter().enumerate() {
        let labels = sample.labels.to_string();
        let Some(wanted) = expected.remove(&labels) else {
            return Err(format!("unexpected metric {labels} in result, has {}", shown(&sample.value)));
        };
        if eval.ordered && wanted.position != position + 1 {
            return Err(format!("expected {labels} at position {} but it is at {}", wanted.position, position + 1));
        }
        let first = wanted.values.first().ok_or("expected value missing")?;
        point(first, &sample.value).map_err(|reason| format!("{labels}: {reason}"))?;
    }
    match expected.keys().next() {
        Some(labels) => Err(format!("expected metric {labels} not found")),
        None => Ok(()),
    }
}

fn matrix(eval: &Eval, series: &[MatrixSeries]) -> Result<(), String> {
    if eval.ordered || eval.scalar.is_some() {
        return Err("got a matrix".to_owned());
    }
    if series.windows(2).any(|pair| pair[0].labels > pair[1].labels) {
        return Err("matrix is not sorted by labels".to_owned());
    }
    let mut expected = by_labels(eval);
    for one in series {
        let labels = one.labels.to_string();
        let Some(wanted) = expected.remove(&labels) else {
            return Err(format!("unexpected metric {labels} in result, has {:?}", one.floats));
        };
        let mut points: BTreeMap<i64, Point> = BTreeMap::new();
        points.extend(one.floats.iter().map(|(time, value)| (*time, Point::Float(*value))));
        points.extend(one.histograms.iter().map(|(time, value)| (*time, Point::Histogram(Arc::clone(value)))));
        let found = points.len();
        let wanted_points: Vec<_> = wanted
            .values
            .iter()
            .enumerate()
            .filter(|(_, value)| !matches!(value, SequenceValue::Omitted))
            .map(|(index, value)| (eval.start_ms + index as i64 * eval.step_ms, value))
            .collect();
        if wanted_points.len() != found {
            return Err(format!("{labels}: expected {} points, got {found}: {points:?}", wanted_points.len()));
        }
        for (time, value) in wanted_points {
            let Some(got) = points.get(&time) else { return Err(format!("{labels}: no point at {time}: {points:?}")) };
            point(value, got).map_err(|reason| format!("{labels} at {time}: {reason}"))?;
        }
    }
    match expected.keys().next() {
        Some(labels) => Err(format!("expected metric {labels} not found")),
        None => Ok(()),
    }
}

fn shown(point: &Point) -> String {
    match point {
        Point::Float(value) => value.to_string(),
        Point::Histogram(histogram) => histogram.to_notation(),
    }
}

fn point(expected: &SequenceValue, found: &Point) -> Result<(), String> {
    let is_equal = match (expected, found) {
        (SequenceValue::Float(expected), Point::Float(found)) => is_almost_equal(*expected, *found, EPSILON),
        (SequenceValue::Histogram { value, hint_is_given }, Point::Histogram(found)) => {
            histograms_are_equal(value, found) && (!hint_is_given || value.reset_hint == found.reset_hint)
        }
        _ => false,
    };
    let expected = match expected {
        SequenceValue::Omitted => "nothing".to_owned(),
        SequenceValue::Float(value) => value.to_string(),
        SequenceValue::Histogram { value, .. } => value.to_notation(),
    };
    if is_equal { Ok(()) } else { Err(format!("expected {expected} but got {}", shown(found))) }
}

fn histograms_are_equal(expected: &Histogram, found: &Histogram) -> bool {
    let close = |left: f64, right: f64| is_almost_equal(left, right, EPSILON);
    let buckets = |histogram: &Histogram| {
        let mut histogram = histogram.clone();
        histogram.compact();
        let all: Vec<Bucket> = histogram.negative_buckets().chain(histogram.positive_buckets()).collect();
        all
    };
    let (left, right) = (buckets(expected), buckets(found));
    expected.schema == found.schema
        && (!expected.uses_custom_buckets() || expected.custom_bounds == found.custom_bounds)
        && expected.zero_threshold == found.zero_threshold
        && close(expected.count, found.count)
        && close(expected.sum, found.sum)
        && close(expected.zero_count, found.zero_count)
        && left.len() == right.len()
        && left.iter().zip(&right).all(|(left, right)| {
            left.lower == right.lower && left.upper == right.upper && close(left.count, right.count)
        })
}
