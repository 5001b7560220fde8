//! Exponential histograms, merged, and their quantiles.

use std::collections::BTreeMap;

/// Counts of buckets at one scale: the coarsest that was added.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    scale: Option<i32>,
    counts: BTreeMap<i32, u64>,
}

impl Buckets {
    /// Adds buckets that begin at an index.
    pub(super) fn add(&mut self, scale: i32, offset: i32, counts: &[u64]) {
        let own = *self.scale.get_or_insert(scale);
        if scale < own {
            let finer = std::mem::take(&mut self.counts);
            for (index, count) in finer {
                *self.counts.entry(index >> (own - scale)).or_default() += count;
            }
            self.scale = Some(scale);
        }
        let shift = (scale - own).max(0);
        for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let index = offset.saturating_add(i32::try_from(at).unwrap_or(i32::MAX));
            *self.counts.entry(index >> shift).or_default() += count;
        }
    }

    /// A quantile of seconds, in nanoseconds: the geometric middle of its bucket.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "durations of statements")]
    pub(super) fn quantile(&self, quantile: f64) -> Option<i64> {
        let total: u64 = self.counts.values().sum();
        let wanted = (total as f64 * quantile).ceil().max(1.0);
        let mut seen = 0;
        let (index, _) = self.counts.iter().find(|(_, count)| {
            seen += **count;
            seen as f64 >= wanted
        })?;
        let base = f64::from(-self.scale?).exp2();
        Some(((f64::from(*index) + 0.5) * base).exp2().mul_add(1e9, 0.0) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_merged_histograms() {
        let mut buckets = Buckets::default();
        assert_eq!(buckets.quantile(0.5), None);
        // At scale 4, index 0 is from 1 s to 1.044 s.
        buckets.add(4, 0, &[90]);
        buckets.add(4, 16, &[10]);
        let median = buckets.quantile(0.5).unwrap();
        assert!((1_000_000_000..1_045_000_000).contains(&median), "{median}");
        let p95 = buckets.quantile(0.95).unwrap();
        assert!((2_000_000_000..2_090_000_000).contains(&p95), "{p95}");
        // Scale 3 has half the buckets.
        buckets.add(3, 8, &[1000]);
        let p95 = buckets.quantile(0.95).unwrap();
        assert!((2_000_000_000..2_190_000_000).contains(&p95), "{p95}");
    }
}
