//! Rollups of number points: of each stretch of a series the few samples that say as much as all of them.
//!
//! Owns their form and their place. They lie inside the file whose rows they are of, between its last row group and its
//! footer, where readers of Parquet see nothing: a file and its rollups are written, moved, checked and removed as one, and
//! can never tell different things. What they leave out is never needed by who asks for them: `query/series` says when.
//!
//! A stretch of a level of `n` seconds is what lies behind a multiple of `n` seconds since 1970 up to and with the next. Its
//! last seconds are its tail, of which every sample is kept: ranges that begin a little before a multiple, as dashboards ask
//! for (a step and an interval of scraping more), begin in one. What is before is its body. A series has rows at the levels
//! that save four of five rows, and none at others.

mod build;
mod read;
mod stretch;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

pub use build::RollupBuilder;
pub use read::read_rollups;

/// Lengths of stretches, seconds.
pub const LEVELS: [u32; 3] = [60, 300, 3_600];

/// The level of a row that says of a series only that its points in the file are not rolled up.
pub const NOT_ROLLED_UP: u32 = 0;

/// Where the rollups of a file lie in it: a Parquet file of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollupPlace {
    /// From the beginning of the file.
    pub offset: u64,
    pub bytes: u64,
    /// The shortest level that any series has there, seconds; 0 where that is not known.
    #[serde(default)]
    pub level_min: u32,
}

/// Columns of rollups. Rows are sorted by series; levels alternate, each in order of time.
///
/// - `series_id`; `level`, seconds;
/// - `time` and `value`: a sample as it is in the file, as a double; `start`, when its counting began, 0 where that is not
///   known; both in milliseconds since 1970;
/// - `count`: the samples that the row stands for: itself and those behind it up to the next row of its stretch; 0 of a
///   staleness marker, which is not among them;
/// - `is_end`: it is a staleness marker, which is kept where it is the last of its stretch;
/// - `is_last` of its stretch;
/// - of the first row of a stretch, of all samples of its body, null where it has none: `min`, null too where the first is it;
///   `max` likewise; `sum` and `sum_lost`, what the sum lost by rounding (null for nothing); `has_falls`: it fell more often
///   than rows tell.
///
/// Kept are the first and the last of a stretch, all of its tail and, as long as it does not fall often, the samples before and
/// after a fall; another start than that of the sample before is a fall.
pub(crate) fn schema() -> SchemaRef {
    let required = |name: &str, kind| Field::new(name, kind, false);
    let optional = |name: &str| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        required("series_id", DataType::FixedSizeBinary(16)),
        required("level", DataType::UInt32),
        required("time", DataType::Int64),
        required("start", DataType::Int64),
        required("value", DataType::Float64),
        required("count", DataType::UInt32),
        required("is_end", DataType::Boolean),
        required("is_last", DataType::Boolean),
        optional("min"),
        optional("max"),
        optional("sum"),
        optional("sum_lost"),
        required("has_falls", DataType::Boolean),
    ]))
}

/// How long the tail of a stretch is, milliseconds.
#[must_use]
pub const fn tail_ms(level: u32) -> i64 {
    match level {
        ..300 => 0,
        300..3_600 => 15_000,
        _ => 60_000,
    }
}

/// The end of the stretch in which a time lies, both milliseconds.
#[must_use]
pub fn stretch_end(time_ms: i64, level: u32) -> i64 {
    let length = i64::from(level.max(1)) * 1_000;
    time_ms.saturating_sub(1).div_euclid(length).saturating_add(1).saturating_mul(length)
}

#[cfg(test)]
mod tests;
