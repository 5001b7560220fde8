//! Rejection thresholds and probabilities, as OpenTelemetry's consistent probability sampling defines them.
//!
//! Owns the arithmetic between the two. Never decides what a threshold should be.
//!
//! Source: OpenTelemetry specification, "TraceState: Probability Sampling": with 56 bits of randomness `R` and a
//! threshold `T`, a trace is kept if and only if `R >= T`; the probability is `(2^56 - T) / 2^56`, the adjusted count
//! its inverse. Whoever samples later may only raise `T`.

use serde::{Deserialize, Serialize};

/// 2^56: one past the largest randomness value, and the number of randomness values.
pub const RANGE: u64 = 1 << 56;
#[expect(clippy::cast_precision_loss, reason = "2^56 is a power of two, so it has an exact double")]
const RANGE_AS_DOUBLE: f64 = RANGE as f64;

/// 56 bits that all spans of a trace share, uniform over traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Randomness(u64);

/// A rejection threshold below 2^56; zero keeps everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Threshold(u64);

impl Randomness {
    /// The low 56 bits.
    #[must_use]
    pub const fn from_low_bits(bits: u64) -> Self {
        Self(bits & (RANGE - 1))
    }

    /// The 56 bits.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The share of randomness values that are at least this one, in (0, 1]: a trace is kept by every probability
    /// from this one up.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the last three bits of 56 do not matter to a comparison of ranks")]
    pub fn least_keeping_probability(self) -> f64 {
        (RANGE - self.0) as f64 / RANGE_AS_DOUBLE
    }
}

impl Threshold {
    /// Keeps everything.
    pub const KEEP_ALL: Self = Self(0);
    /// The threshold that keeps least: one of 2^56.
    pub const KEEP_LEAST: Self = Self(RANGE - 1);

    /// The threshold of these 56 bits; `None` where they are no threshold.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Option<Self> {
        if bits < RANGE { Some(Self(bits)) } else { None }
    }

    /// The 56 bits.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The nearest threshold: `T = (1 - p) * 2^56`. What is not above zero becomes the smallest probability that can
    /// be written, because a probability of zero has no weight.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=2^56 before")]
    pub fn from_probability(probability: f64) -> Self {
        // Rounding the kept part, not the rejected one, keeps small probabilities precise.
        let kept = (probability * RANGE_AS_DOUBLE).round().clamp(1.0, RANGE_AS_DOUBLE) as u64;
        Self(RANGE - kept)
    }

    /// `(2^56 - T) / 2^56`, in (0, 1].
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a relative error of 2^-53")]
    pub fn probability(self) -> f64 {
        (RANGE - self.0) as f64 / RANGE_AS_DOUBLE
    }

    /// How many spans one kept span stands for: `2^56 / (2^56 - T)`.
    #[must_use]
    pub fn adjusted_count(self) -> f64 {
        1.0 / self.probability()
    }

    /// `R >= T`.
    #[must_use]
    pub const fn keeps(self, randomness: Randomness) -> bool {
        randomness.0 >= self.0
    }

    /// What holds after both decisions, made on one randomness: the larger threshold ("equalizing" composition).
    #[must_use]
    pub fn and_then(self, later: Self) -> Self {
        self.max(later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_and_thresholds_are_inverse() {
        for (probability, bits) in [(1.0, 0), (0.5, 1 << 55), (0.25, 3 << 54), (0.0, RANGE - 1)] {
            assert_eq!(Threshold::from_probability(probability).bits(), bits, "{probability}");
        }
        for probability in [1e-12, 3e-5, 0.1, 0.3, 0.999] {
            let back = Threshold::from_probability(probability).probability();
            assert!((back / probability - 1.0).abs() < 1e-4, "{probability} {back}");
        }
    }

    #[test]
    fn a_trace_is_kept_by_exactly_the_probabilities_from_its_own_up() {
        let randomness = Randomness::from_low_bits(3 << 54);
        assert!((randomness.least_keeping_probability() - 0.25).abs() < 1e-15);
        assert!(Threshold::from_probability(0.25).keeps(randomness));
        assert!(!Threshold::from_probability(0.2499).keeps(randomness));
        assert!(Threshold::KEEP_LEAST.keeps(Randomness::from_low_bits(u64::MAX)));
    }

    #[test]
    fn later_samplers_only_raise() {
        let half = Threshold::from_probability(0.5);
        let tenth = Threshold::from_probability(0.1);
        assert_eq!(half.and_then(tenth), tenth);
        assert_eq!(tenth.and_then(half), tenth);
    }
}
