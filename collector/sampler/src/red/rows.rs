//! RED sums as rows.
//!
//! Owns the shape in which sketches leave for the table `span_red` and come back. Never names a file format.

use crate::red::{RedKey, RedSums};

/// One series in one rollup.
#[derive(Clone, Debug, PartialEq)]
pub struct RedRow {
    /// Start of the rollup, seconds since the epoch, a multiple of the resolution.
    pub time_seconds: i64,
    /// 10, 60 or 3,600.
    pub resolution_seconds: u32,
    pub key: RedKey,
    pub sums: RedSums,
}
