//! Stored points as Prometheus's samples: floats, buckets, quantiles, native histograms.
//!
//! Pure. Formulas: the specification's sections on histograms, exponential histograms and summaries; bucket `i` of OTLP
//! is bucket `i + 1` of Prometheus, whose index is that of the upper bound.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, Float64Type, Int32Type, Int64Type, UInt64Type};
use arrow::record_batch::RecordBatch;
use spanlake_promql::histogram::{BucketSide, CUSTOM_BUCKETS_SCHEMA, Histogram, ResetHint, SCHEMA_MAX, SCHEMA_MIN};
use spanlake_promql::number::{format_plain, stale_nan};
use spanlake_promql::source::Samples;
use spanlake_schemas::tables::Table;

use crate::index::{Metric, View};
use crate::reading::{Place, Points};

/// Samples of one stored series in one view; by the value of its own label where it has one.
#[derive(Debug, Default)]
pub(crate) struct Expanded {
    pub(crate) floats: BTreeMap<String, Samples<f64>>,
    pub(crate) histograms: Samples<Arc<Histogram>>,
}

/// What a series' points are in a view.
pub(crate) fn expand(metric: &Metric, view: View, points: &Points, places: &[Place]) -> Expanded {
    let mut expanded = Expanded::default();
    for place in places {
        let batch = &points.batches[place.batch];
        match view {
            View::Native => {
                if let Some(mut histogram) = native(metric, batch, place) {
                    if metric.form.is_gauge {
                        histogram.reset_hint = ResetHint::Gauge;
                    }
                    push(&mut expanded.histograms, place, Arc::new(histogram));
                }
            }
            View::Bucket => buckets(&mut expanded.floats, batch, place),
            View::Quantile => quantiles(&mut expanded.floats, batch, place),
            View::Value | View::Sum | View::Count => {
                if let Some(value) = float(view, batch, place) {
                    push(expanded.floats.entry(String::new()).or_default(), place, value);
                }
            }
        }
    }
    expanded
}

/// The numbers of a series' points.
pub(crate) fn numbers_of(points: &Points, places: &[Place]) -> Samples<f64> {
    let mut samples = Samples::default();
    for place in places {
        if let Some(value) = float(View::Value, &points.batches[place.batch], place) {
            push(&mut samples, place, value);
        }
    }
    samples
}

fn push<V>(samples: &mut Samples<V>, place: &Place, value: V) {
    samples.times_ms.push(place.time_ms);
    samples.start_times_ms.push(place.start_ms);
    samples.values.push(value);
}

fn number<T: ArrowPrimitiveType>(batch: &RecordBatch, name: &str, row: usize) -> Option<T::Native> {
    let column = batch.column_by_name(name)?.as_primitive_opt::<T>()?;
    column.is_valid(row).then(|| column.value(row))
}

fn list(batch: &RecordBatch, name: &str, row: usize) -> Option<ArrayRef> {
    let column = batch.column_by_name(name)?.as_list_opt::<i32>()?;
    column.is_valid(row).then(|| column.value(row))
}

fn numbers<T: ArrowPrimitiveType>(batch: &RecordBatch, name: &str, row: usize) -> Vec<T::Native> {
    let list = list(batch, name, row);
    let values = list.as_ref().and_then(|list| list.as_any().downcast_ref::<PrimitiveArray<T>>());
    values.map(|values| values.values().to_vec()).unwrap_or_default()
}

fn float(view: View, batch: &RecordBatch, place: &Place) -> Option<f64> {
    if place.is_end {
        return Some(stale_nan());
    }
    let row = place.row;
    match view {
        View::Sum => number::<Float64Type>(batch, "sum", row),
        View::Count => number::<UInt64Type>(batch, "count", row).map(|count| count as f64),
        _ => number::<Float64Type>(batch, "value_double", row)
            .or_else(|| number::<Int64Type>(batch, "value_int", row).map(|value| value as f64)),
    }
}

/// A sample of each bucket, counts summed up to its bound. A series that ends ends in every bucket that it had.
fn buckets(floats: &mut BTreeMap<String, Samples<f64>>, batch: &RecordBatch, place: &Place) {
    if place.is_end {
        floats.values_mut().for_each(|samples| push(samples, place, stale_nan()));
        return;
    }
    let counts = numbers::<UInt64Type>(batch, "bucket_counts", place.row);
    let bounds = numbers::<Float64Type>(batch, "explicit_bounds", place.row);
    let mut sum = 0;
    for (bound, count) in bounds.iter().zip(&counts) {
        sum += count;
        push(floats.entry(format_plain(*bound)).or_default(), place, sum as f64);
    }
    let count = number::<UInt64Type>(batch, "count", place.row).unwrap_or(sum);
    push(floats.entry("+Inf".to_owned()).or_default(), place, count as f64);
}

fn quantiles(floats: &mut BTreeMap<String, Samples<f64>>, batch: &RecordBatch, place: &Place) {
    if place.is_end {
        floats.values_mut().for_each(|samples| push(samples, place, stale_nan()));
        return;
    }
    let quantiles = numbers::<Float64Type>(batch, "quantiles", place.row);
    let values = numbers::<Float64Type>(batch, "quantile_values", place.row);
    for (quantile, value) in quantiles.iter().zip(values) {
        push(floats.entry(format_plain(*quantile)).or_default(), place, value);
    }
}

fn native(metric: &Metric, batch: &RecordBatch, place: &Place) -> Option<Histogram> {
    if place.is_end {
        return Some(Histogram { sum: stale_nan(), ..Histogram::default() });
    }
    match metric.table {
        Table::Histograms => custom(batch, place.row, metric.form.is_float),
        _ => exponential(batch, place.row, metric.form.is_float),
    }
}

/// Counts of buckets, which float histograms keep as the bits of doubles.
fn counts(batch: &RecordBatch, name: &str, row: usize, is_float: bool) -> Vec<f64> {
    let counts = numbers::<UInt64Type>(batch, name, row);
    counts.into_iter().map(|count| if is_float { f64::from_bits(count) } else { count as f64 }).collect()
}

fn custom(batch: &RecordBatch, row: usize, is_float: bool) -> Option<Histogram> {
    let mut count = number::<UInt64Type>(batch, "count", row)? as f64;
    let sum = number::<Float64Type>(batch, "sum", row).unwrap_or(0.0);
    let mut counts = counts(batch, "bucket_counts", row, is_float);
    let mut bounds = numbers::<Float64Type>(batch, "explicit_bounds", row);
    if is_float {
        // Behind the buckets: the count of all.
        bounds.pop();
        count = counts.pop()?;
    }
    let is_ascending = bounds.windows(2).all(|pair| pair[0] < pair[1]) && bounds.iter().all(|bound| bound.is_finite());
    is_ascending.then(|| Histogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        count,
        sum,
        positive: BucketSide::dense(0, counts),
        custom_bounds: bounds.into(),
        ..Histogram::default()
    })
}

fn exponential(batch: &RecordBatch, row: usize, is_float: bool) -> Option<Histogram> {
    let scale = number::<Int32Type>(batch, "scale", row)?;
    // Coarser than Prometheus's coarsest cannot be shown; finer ones are brought to its finest.
    if scale < SCHEMA_MIN {
        return None;
    }
    let down = (scale - SCHEMA_MAX).max(0);
    let mut count = number::<UInt64Type>(batch, "count", row)? as f64;
    let mut zero_count = number::<UInt64Type>(batch, "zero_count", row).unwrap_or(0) as f64;
    let offset = |name: &str| number::<Int32Type>(batch, name, row).unwrap_or(0);
    let mut positive_offset = offset("positive_offset");
    let mut positive = counts(batch, "positive_bucket_counts", row, is_float);
    if is_float {
        // Before the buckets: the counts of all and of the zero bucket.
        if positive.len() < 2 {
            return None;
        }
        zero_count = positive.remove(1);
        count = positive.remove(0);
        positive_offset += 2;
    }
    Some(Histogram {
        schema: scale.min(SCHEMA_MAX),
        zero_threshold: number::<Float64Type>(batch, "zero_threshold", row).unwrap_or(0.0),
        zero_count,
        count,
        sum: number::<Float64Type>(batch, "sum", row).unwrap_or(0.0),
        positive: coarser(positive_offset, &positive, down),
        negative: coarser(offset("negative_offset"), &counts(batch, "negative_bucket_counts", row, is_float), down),
        ..Histogram::default()
    })
}

/// Buckets of a scale that is `down` steps coarser, where two neighbours become one a step.
fn coarser(offset: i32, counts: &[f64], down: i32) -> BucketSide {
    let mut merged: BTreeMap<i32, f64> = BTreeMap::new();
    for (index, count) in (i64::from(offset)..).zip(counts).filter(|(_, count)| **count != 0.0) {
        let index = i32::try_from((index >> down.min(31)) + 1).unwrap_or(i32::MAX);
        *merged.entry(index).or_default() += *count;
    }
    BucketSide::sparse(merged.into_iter().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_those_of_upper_bounds() {
        assert_eq!(
            coarser(-1, &[1.0, 2.0, 0.0, 4.0], 0),
            BucketSide::sparse(vec![(0, 1.0), (1, 2.0), (3, 4.0)]).unwrap()
        );
        assert_eq!(
            coarser(-1, &[1.0, 2.0, 0.0, 4.0], 1),
            BucketSide::sparse(vec![(0, 1.0), (1, 2.0), (2, 4.0)]).unwrap()
        );
    }
}
