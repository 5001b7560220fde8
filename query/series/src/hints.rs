//! What is known of counter resets between the histograms of one series.
//!
//! Owns the rule of Prometheus's storage, on which results and annotations depend: histograms lie in chunks; a chunk
//! begins where a counter is reset, where the layout changes, or where a float stands between; within a chunk each
//! histogram but the first is known not to be a reset. Of a chunk's first nothing is known, whatever was sent.

use std::sync::Arc;

use spanlake_promql::histogram::{Histogram, ResetHint};
use spanlake_promql::source::Series;

/// Sets the hints of a series' histograms. Those that are gauges stay gauges.
pub(crate) fn hint(series: &mut Series) {
    let (histograms, floats) = (&mut series.histograms, &series.floats.times_ms);
    let mut float = 0;
    let mut previous: Option<Arc<Histogram>> = None;
    for (time, histogram) in histograms.times_ms.iter().zip(&mut histograms.values) {
        let before = float;
        float += floats[float..].partition_point(|of_float| of_float < time);
        if float > before {
            previous = None;
        }
        if histogram.reset_hint != ResetHint::Gauge {
            let continues = previous.is_some_and(|previous| continues_chunk(&previous, histogram));
            let known = if continues { ResetHint::NotReset } else { ResetHint::Unknown };
            Arc::make_mut(histogram).reset_hint = known;
        }
        previous = Some(Arc::clone(histogram));
    }
}

fn continues_chunk(previous: &Histogram, next: &Histogram) -> bool {
    let same_layout = previous.schema == next.schema
        && previous.zero_threshold == next.zero_threshold
        && (!next.uses_custom_buckets() || previous.custom_bounds == next.custom_bounds);
    previous.reset_hint != ResetHint::Gauge
        && previous.is_stale() == next.is_stale()
        && same_layout
        && !next.is_reset_since(previous)
}
