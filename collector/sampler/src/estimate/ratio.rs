//! `approx_ratio` and `approx_avg`.
//!
//! Owns the state of a ratio of two estimated totals; a mean is the ratio of a sum and a count. Never knows what is
//! divided.

use serde::{Deserialize, Serialize};

use crate::estimate::clusters::{ClusterSums, trace_hash};
use crate::estimate::{Estimate, Kept, interval};

/// An estimated ratio of the totals of `a` and `b`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RatioState {
    a: f64,
    b: f64,
    rows: u64,
    sampled_rows: u64,
    /// Sum of weights and of their squares: how many equal rows the rows are worth.
    weights: f64,
    squared_weights: f64,
    /// Every `a` lies between zero and its `b`: the ratio is a proportion.
    is_proportion: bool,
    clusters: ClusterSums,
}

impl Default for RatioState {
    fn default() -> Self {
        Self {
            a: 0.0,
            b: 0.0,
            rows: 0,
            sampled_rows: 0,
            weights: 0.0,
            squared_weights: 0.0,
            is_proportion: true,
            clusters: ClusterSums::new(2),
        }
    }
}

impl RatioState {
    /// Adds a row of a mean: its value over one.
    pub fn add_for_mean(&mut self, kept: Kept, value: f64) {
        self.add(kept, value, 1.0);
    }

    /// Adds a row. Where one of the two is no number, the row is left out.
    pub fn add(&mut self, kept: Kept, a: f64, b: f64) {
        if !a.is_finite() || !b.is_finite() {
            return;
        }
        let probability = kept.probability();
        self.a += a / probability;
        self.b += b / probability;
        self.rows += 1;
        self.sampled_rows += u64::from(probability < 1.0);
        self.weights += b / probability;
        self.squared_weights += b * b / (probability * probability);
        self.is_proportion &= (0.0..=b).contains(&a);
        self.clusters.add(trace_hash(kept.trace_id), probability, &[a, b]);
    }

    /// Bytes held, about.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.clusters.byte_len()
    }

    /// Adds another state.
    pub fn merge(&mut self, other: &Self) {
        self.a += other.a;
        self.b += other.b;
        self.rows += other.rows;
        self.sampled_rows += other.sampled_rows;
        self.weights += other.weights;
        self.squared_weights += other.squared_weights;
        self.is_proportion &= other.is_proportion;
        self.clusters.merge(&other.clusters);
    }

    /// The ratio with its interval, linearised: residuals `(a - R b) / B`. `None` where nothing divides.
    ///
    /// A ratio of two estimates errs by about its relative variance; Beale's estimator takes that off (Beale, Industrial
    /// Organization 31, 1962; Tin, JASA 60, 1965): `R (1 + cov(a, b) / (A B)) / (1 + var(b) / B^2)`.
    #[must_use]
    pub fn finish(&self) -> Option<Estimate> {
        if self.rows == 0 || self.b == 0.0 {
            return None;
        }
        let ratio = self.a / self.b;
        let moments = self.clusters.moments(&[1.0 / self.b, -ratio / self.b]);
        if self.sampled_rows == 0 {
            return Some(Estimate::exact(ratio, moments.traces));
        }
        let (below, above) = interval::score(&moments);
        let ratio = self.without_bias(ratio);
        let (mut low, mut high) = (ratio + below, ratio + above);
        if self.is_proportion {
            let (least, most) = self.bounds_of_extremes(ratio);
            (low, high) = (low.min(least).max(0.0), high.max(most).min(1.0));
        }
        Some(Estimate::sampled(ratio, (low, high), moments.traces))
    }

    fn without_bias(&self, ratio: f64) -> f64 {
        if self.a == 0.0 {
            return ratio;
        }
        let variance = |a: f64, b: f64| self.clusters.moments(&[a, b]).second;
        let (of_a, of_b) = (variance(1.0 / self.a, 0.0), variance(0.0, 1.0 / self.b));
        // From the variance of the difference; both relative.
        let covariance = (of_a + of_b - variance(1.0 / self.a, -1.0 / self.b)) / 2.0;
        let corrected = ratio * (1.0 + covariance) / (1.0 + of_b);
        if self.is_proportion { corrected.min(1.0) } else { corrected }
    }

    /// A proportion of none or all among so many: the rest may have been missed (Clopper, Pearson, Biometrika 26, 1934,
    /// with Kish's effective number of rows).
    fn bounds_of_extremes(&self, ratio: f64) -> (f64, f64) {
        let effective = (self.weights * self.weights / self.squared_weights).max(1.0);
        let missed = 1.0 - 0.025_f64.powf(1.0 / effective);
        if ratio <= 0.0 {
            (0.0, missed)
        } else if ratio >= 1.0 {
            (1.0 - missed, 1.0)
        } else {
            (ratio, ratio)
        }
    }
}
