//! Where a trace's 56 random bits come from.
//!
//! Owns the order of sources: `rv` of tracestate, the trace id where W3C's random flag is set or the id looks random,
//! else a hash of the id, which is counted. Never draws a random number.
//!
//! A single id can look random and yet come from a counter; [`IdMonitor`] watches the top bits of many ids, and whoever
//! decides an epoch hashes all unflagged ids of it when they are not uniform. The choice must hold for a whole epoch:
//! spans of one trace may meet different judges.

use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::TraceId;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::threshold::Randomness;

/// Bit of a span's flags that says that the low 56 bits of its trace id are random (W3C Trace Context level 2).
pub const RANDOM_FLAG: u32 = 0x2;
/// Fixed for ever: nodes and restarts must agree on the randomness of a hashed id.
const HASH_SEED: u64 = 0x5370_616e_6c61_6b65;

/// Which source was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RandomnessSource {
    ExplicitValue,
    FlaggedTraceId,
    TraceIdThatLooksRandom,
    HashOfTraceId,
}

/// The randomness of a trace and its source. `hashes_unflagged_ids` is the epoch's verdict of [`IdMonitor`].
#[must_use]
pub fn of_trace(
    trace_id: TraceId,
    explicit: Option<Randomness>,
    has_random_flag: bool,
    hashes_unflagged_ids: bool,
) -> (Randomness, RandomnessSource) {
    if let Some(value) = explicit {
        return (value, RandomnessSource::ExplicitValue);
    }
    let low = Randomness::from_low_bits(low_64_bits(trace_id));
    if has_random_flag {
        return (low, RandomnessSource::FlaggedTraceId);
    }
    if !hashes_unflagged_ids && looks_random(low) {
        return (low, RandomnessSource::TraceIdThatLooksRandom);
    }
    let hash = xxh3_64_with_seed(&trace_id.0, HASH_SEED);
    (Randomness::from_low_bits(hash), RandomnessSource::HashOfTraceId)
}

fn low_64_bits(trace_id: TraceId) -> u64 {
    let [.., a, b, c, d, e, f, g, h] = trace_id.0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Whether 56 bits could be random: no run of 20 leading or trailing equal bits and at least four different bytes. A
/// truly random id fails once in some 200,000 times, and is then hashed, which is as uniform.
pub(crate) fn looks_random(bits: Randomness) -> bool {
    const RUN_MAX: u32 = 20;
    let value = bits.bits();
    let shifted = value << 8;
    let run_max = shifted
        .leading_zeros()
        .max(shifted.leading_ones())
        .max(value.trailing_zeros().min(56))
        .max(value.trailing_ones());
    let bytes = value.to_be_bytes();
    let distinct = (1..8).filter(|at| !bytes[1..*at].contains(&bytes[*at])).count();
    run_max < RUN_MAX && distinct >= 4
}

/// Watches whether ids without the random flag are uniform in the bits that thresholds look at first.
///
/// Mergeable; 16 counters. Feed it each trace once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdMonitor {
    by_top_bits: [u64; 16],
}

impl IdMonitor {
    /// Counts one id without the flag and without `rv`.
    pub fn observe(&mut self, trace_id: TraceId) {
        let top = Randomness::from_low_bits(low_64_bits(trace_id)).bits() >> 52;
        self.by_top_bits[usize::try_from(top).unwrap_or(0)] += 1;
    }

    /// Adds what another one saw.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.by_top_bits.iter_mut().zip(other.by_top_bits) {
            *mine += theirs;
        }
    }

    /// Pearson's chi-square over 16 cells above 60 (15 degrees of freedom: about 2 in 10^7 by chance), from 160 ids.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    pub fn finds_them_not_uniform(&self) -> bool {
        const CHI_SQUARE_MAX: f64 = 60.0;
        let total: u64 = self.by_top_bits.iter().sum();
        if total < 160 {
            return false;
        }
        let expected = total as f64 / 16.0;
        let chi_square: f64 = self.by_top_bits.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum();
        chi_square > CHI_SQUARE_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> TraceId {
        TraceId::parse_any(text).unwrap()
    }

    #[test]
    fn sources_come_in_order() {
        let random = id("5b8efff798038103d269b633813fc60c");
        let counter = id("00000000000000000000000000000abc");
        let explicit = Randomness::from_low_bits(7);
        assert_eq!(of_trace(counter, Some(explicit), true, true), (explicit, RandomnessSource::ExplicitValue));
        let (value, source) = of_trace(counter, None, true, true);
        assert_eq!((value.bits(), source), (0xabc, RandomnessSource::FlaggedTraceId));
        let (value, source) = of_trace(random, None, false, false);
        assert_eq!((value.bits(), source), (0x0069_b633_813f_c60c, RandomnessSource::TraceIdThatLooksRandom));
        assert_eq!(of_trace(counter, None, false, false).1, RandomnessSource::HashOfTraceId);
        assert_eq!(of_trace(random, None, false, true).1, RandomnessSource::HashOfTraceId);
    }

    #[test]
    fn a_counter_in_the_id_becomes_uniform() {
        let mut monitor = IdMonitor::default();
        for counter in 0..16_000_u64 {
            let mut bytes = [0_u8; 16];
            bytes[8..].copy_from_slice(&counter.to_be_bytes());
            let (value, source) = of_trace(TraceId(bytes), None, false, false);
            assert_eq!(source, RandomnessSource::HashOfTraceId);
            let mut seen = [0_u8; 16];
            seen[8..].copy_from_slice(&value.bits().to_be_bytes());
            monitor.observe(TraceId(seen));
        }
        assert!(!monitor.finds_them_not_uniform());
    }

    #[test]
    fn ids_with_a_clock_in_their_top_bits_are_found() {
        let mut monitor = IdMonitor::default();
        for at in 0..1_000_u64 {
            let mut bytes = [0_u8; 16];
            let mixed = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
            bytes[8..].copy_from_slice(&((0x17_u64 << 48) | mixed).to_be_bytes());
            monitor.observe(TraceId(bytes));
        }
        assert!(monitor.finds_them_not_uniform());
    }
}
