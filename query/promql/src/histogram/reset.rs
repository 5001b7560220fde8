//! Whether a counter histogram started anew between two samples.
//!
//! Owns the comparison where no hint tells it. Never trusts a sum: it may go down without a reset.

use super::arithmetic::common_bounds;
use super::{BucketSide, Histogram, ResetHint};

impl Histogram {
    /// Whether some count is lower than before, or the layout changed in a way that only a reset allows: finer buckets,
    /// a narrower zero bucket, custom instead of exponential ones. The hint decides where it is known.
    #[must_use]
    pub fn is_reset_since(&self, previous: &Histogram) -> bool {
        match self.reset_hint {
            ResetHint::Reset => return true,
            ResetHint::NotReset => return false,
            ResetHint::Unknown | ResetHint::Gauge => {}
        }
        if self.count < previous.count {
            return true;
        }
        if self.uses_custom_buckets() {
            return !previous.uses_custom_buckets() || self.custom_buckets_decreased(previous);
        }
        if self.schema > previous.schema || self.zero_threshold < previous.zero_threshold {
            return true;
        }
        if previous.uses_custom_buckets() {
            return true;
        }
        let (previous_zero_count, threshold) = previous.zero_count_within(self.zero_threshold);
        if threshold != self.zero_threshold || self.zero_count < previous_zero_count {
            return true;
        }
        let outside_zero = |side: &BucketSide, schema: i32| {
            let mut side = side.in_coarser_schema(schema, self.schema);
            let inside = side
                .indexes
                .iter()
                .take_while(|index| super::exponential_bound(**index, self.schema) <= self.zero_threshold)
                .count();
            side.indexes.drain(..inside);
            side.counts.drain(..inside);
            side
        };
        [(&self.positive, &previous.positive), (&self.negative, &previous.negative)]
            .into_iter()
            .any(|(now, before)| decreased(&outside_zero(now, self.schema), &outside_zero(before, previous.schema)))
    }

    /// Compares in the buckets that both layouts have.
    fn custom_buckets_decreased(&self, previous: &Histogram) -> bool {
        if self.custom_bounds == previous.custom_bounds {
            return decreased(&self.positive, &previous.positive);
        }
        let common = common_bounds(&self.custom_bounds, &previous.custom_bounds);
        let in_common = |histogram: &Histogram| {
            let mut counts = vec![0.0; common.len() + 1];
            for (index, count) in histogram.positive.iter() {
                let bound = histogram.custom_bounds.get(index as usize);
                let place = bound.map_or(common.len(), |bound| common.partition_point(|other| other < bound));
                counts[place] += count;
            }
            counts
        };
        in_common(self).iter().zip(in_common(previous)).any(|(now, before)| *now < before)
    }
}

/// Whether any populated bucket of before holds less now, or is not there.
fn decreased(now: &BucketSide, before: &BucketSide) -> bool {
    before.iter().filter(|(_, count)| *count != 0.0).any(|(index, count)| match now.indexes.binary_search(&index) {
        Ok(position) => now.counts[position] < count,
        Err(_) => true,
    })
}
