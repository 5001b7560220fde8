//! What Prometheus's storage records of counter resets.
//!
//! The scripts' results were made with a storage that puts histograms into chunks: a chunk begins where a counter is
//! reset, where the layout changes, or where a float stands between; within a chunk every histogram but the first is known
//! not to be a reset. Of a chunk's first nothing is known, whatever was loaded.

use std::sync::Arc;

use spanlake_promql::histogram::{Histogram, ResetHint};
use spanlake_promql::series_notation::SequenceValue;

/// The histograms of a sequence with the hints that they have when they are read back.
pub fn as_stored(values: &[SequenceValue]) -> Vec<Option<Arc<Histogram>>> {
    let mut previous: Option<&Histogram> = None;
    let mut stored = Vec::with_capacity(values.len());
    for value in values {
        let SequenceValue::Histogram { value, .. } = value else {
            if matches!(value, SequenceValue::Float(_)) {
                previous = None;
            }
            stored.push(None);
            continue;
        };
        let mut read_back = value.clone();
        if value.reset_hint != ResetHint::Gauge {
            let continues = previous.is_some_and(|previous| continues_chunk(previous, value));
            read_back.reset_hint = if continues { ResetHint::NotReset } else { ResetHint::Unknown };
        }
        stored.push(Some(Arc::new(read_back)));
        previous = Some(value);
    }
    stored
}

fn continues_chunk(previous: &Histogram, next: &Histogram) -> bool {
    let mut unhinted = next.clone();
    unhinted.reset_hint = ResetHint::Unknown;
    let same_layout = previous.schema == next.schema
        && previous.zero_threshold == next.zero_threshold
        && (!next.uses_custom_buckets() || previous.custom_bounds == next.custom_bounds);
    previous.reset_hint != ResetHint::Gauge
        && next.reset_hint != ResetHint::Reset
        && previous.is_stale() == next.is_stale()
        && same_layout
        && !unhinted.is_reset_since(previous)
}
