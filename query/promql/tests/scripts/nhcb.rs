//! `load_with_nhcb`: classic histograms loaded once more as native ones with custom buckets.
//!
//! Owns the gathering of `_bucket`, `_count` and `_sum` series by base name and time.

use std::collections::BTreeMap;

use spanlake_promql::histogram::{BucketSide, CUSTOM_BUCKETS_SCHEMA, Histogram};
use spanlake_promql::labels::{BUCKET_BOUND, Labels, METRIC_NAME};
use spanlake_promql::number::parse_float;
use spanlake_promql::series_notation::SequenceValue;

use crate::commands::Load;

/// Samples by label set.
pub type BySeries = BTreeMap<Labels, Vec<(i64, SequenceValue)>>;

#[derive(Default)]
struct Classic {
    /// Bound and cumulative count.
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
}

/// Native histograms of all classic ones in a `load`: series and samples with their times.
pub fn of(load: &Load) -> Result<BySeries, String> {
    let mut gathered: BTreeMap<(Labels, i64), Classic> = BTreeMap::new();
    for series in &load.series {
        let name = series.labels.metric_name();
        let Some((base, suffix)) =
            ["_bucket", "_count", "_sum"].iter().find_map(|suffix| Some((name.strip_suffix(suffix)?, *suffix)))
        else {
            continue;
        };
        let bound = parse_float(series.labels.get(BUCKET_BOUND));
        if suffix == "_bucket" && !bound.as_ref().is_ok_and(|bound| !bound.is_nan()) {
            continue;
        }
        let labels = series.labels.to_builder().set(METRIC_NAME, base).remove(BUCKET_BOUND).build();
        for (index, value) in series.values.iter().enumerate() {
            let SequenceValue::Float(value) = value else { continue };
            let classic = gathered.entry((labels.clone(), index as i64 * load.step_ms)).or_default();
            match (suffix, &bound) {
                ("_bucket", Ok(bound)) => classic.buckets.push((*bound, *value)),
                ("_count", _) => classic.count = Some(*value),
                _ => classic.sum = *value,
            }
        }
    }
    let mut by_series = BySeries::new();
    for ((labels, time_ms), classic) in gathered {
        let value = SequenceValue::Histogram { value: classic.into_native()?, hint_is_given: false };
        by_series.entry(labels).or_default().push((time_ms, value));
    }
    Ok(by_series)
}

impl Classic {
    fn into_native(mut self) -> Result<Histogram, String> {
        self.buckets.sort_by(|left, right| left.0.total_cmp(&right.0));
        self.buckets.dedup_by(|next, kept| next.0 == kept.0);
        let highest = self.buckets.last().map_or(0.0, |bucket| bucket.1);
        let count = self.count.unwrap_or(highest);
        if self.buckets.last().is_none_or(|bucket| bucket.0 != f64::INFINITY) {
            self.buckets.push((f64::INFINITY, count));
        }
        if self.buckets.windows(2).any(|pair| pair[1].1 < pair[0].1) {
            return Err("count is not cumulative".to_owned());
        }
        if self.buckets.last().is_some_and(|bucket| bucket.1 != count) {
            return Err("count mismatch".to_owned());
        }
        let mut before = 0.0;
        let mut counts = Vec::new();
        for (_, cumulative) in &self.buckets {
            counts.push(cumulative - before);
            before = *cumulative;
        }
        let bounds: Vec<f64> = self.buckets.iter().map(|bucket| bucket.0).filter(|bound| bound.is_finite()).collect();
        let mut histogram = Histogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            count,
            sum: self.sum,
            positive: BucketSide::dense(0, counts),
            custom_bounds: bounds.into(),
            ..Histogram::default()
        };
        histogram.compact();
        histogram.validate().map_err(|error| error.to_string())?;
        Ok(histogram)
    }
}
