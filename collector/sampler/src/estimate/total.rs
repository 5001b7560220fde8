//! `approx_count` and `approx_sum`.
//!
//! Owns the state of an estimated total. Never knows what is summed.

use serde::{Deserialize, Serialize};

use crate::estimate::clusters::{ClusterSums, trace_hash};
use crate::estimate::{Estimate, Kept, interval};

/// An estimated total; a count is the total of ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TotalState {
    total: f64,
    rows: u64,
    sampled_rows: u64,
    has_negative: bool,
    clusters: ClusterSums,
}

impl Default for TotalState {
    fn default() -> Self {
        Self { total: 0.0, rows: 0, sampled_rows: 0, has_negative: false, clusters: ClusterSums::new(1) }
    }
}

impl TotalState {
    /// Adds a row. Values that are no number are left out, as SQL leaves out null.
    pub fn add(&mut self, kept: Kept, value: f64) {
        if !value.is_finite() {
            return;
        }
        let probability = kept.probability();
        self.total += value / probability;
        self.rows += 1;
        self.sampled_rows += u64::from(probability < 1.0);
        self.has_negative |= value < 0.0;
        self.clusters.add(trace_hash(kept.trace_id), probability, &[value]);
    }

    /// Bytes held, about.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.clusters.byte_len()
    }

    /// Adds another state.
    pub fn merge(&mut self, other: &Self) {
        self.total += other.total;
        self.rows += other.rows;
        self.sampled_rows += other.sampled_rows;
        self.has_negative |= other.has_negative;
        self.clusters.merge(&other.clusters);
    }

    /// The total with its interval: Horvitz-Thompson, with the score form of [`interval`].
    #[must_use]
    pub fn finish(&self) -> Estimate {
        if self.rows == 0 {
            return Estimate::nothing_kept();
        }
        let moments = self.clusters.moments(&[1.0]);
        if self.sampled_rows == 0 {
            return Estimate::exact(self.total, moments.traces);
        }
        let (below, above) = interval::score(&moments);
        let low = self.total + below;
        let low = if self.has_negative { low } else { low.max(0.0) };
        Estimate::sampled(self.total, (low, self.total + above), moments.traces)
    }
}
