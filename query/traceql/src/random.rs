//! Traces and queries at random, by seed.
//!
//! Owns the generator for the tests of whoever implements the language: the same seed gives the same traces and queries
//! everywhere. Few names and few values, so that queries find something. Never used where a user is served.

mod query;
mod trace;

pub use query::{random_metrics_query, random_query};
pub use trace::{random_trace, random_traces};

/// A small generator of good quality (SplitMix64), so that tests need no other crate.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below this one, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.bits() % limit).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Keys of attributes that both traces and queries have.
pub(crate) const KEYS: [&str; 6] = ["a", "b", "http.route", "size", "service.name", "odd name"];
/// Texts that both have.
pub(crate) const TEXTS: [&str; 6] = ["cart", "checkout", "GET", "10.1.2.3", "a\"b\\c\nd", ""];
/// Whole numbers that both have.
pub(crate) const INTS: [i64; 7] = [-3, 0, 1, 2, 5, 200, i64::MAX];
/// Floats that both have.
pub(crate) const FLOATS: [f64; 5] = [-0.5, 0.0, 1.0, 2.5, 1e12];
/// Durations that both have, nanoseconds.
pub(crate) const DURATIONS: [i64; 7] = [-1_000_000, 0, 1, 1_000_000, 1_500_000, 20_000_000, 3_600_000_000_000];
/// Names of spans and events that both have.
pub(crate) const NAMES: [&str; 4] = ["GET", "cart", "exception", "POST /checkout"];
/// Ids that both have, by their last byte.
pub(crate) const IDS: [u8; 6] = [1, 2, 3, 4, 5, 6];
