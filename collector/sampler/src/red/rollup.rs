//! Coarser rollups of RED rows, and how long each is kept.
//!
//! Owns the ages. Never decides when a rollup is made; making it twice from the same rows gives the same rows.

use std::collections::BTreeMap;

use crate::red::rows::RedRow;
use crate::red::{RedKey, RedSums};

/// The lengths of rollups, finest first, with the age in seconds up to which each is kept.
pub const AGES: [(Resolution, i64); 3] =
    [(Resolution::TenSeconds, 2 * 86_400), (Resolution::Minute, 30 * 86_400), (Resolution::Hour, i64::MAX)];

/// Length of a rollup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resolution {
    TenSeconds,
    Minute,
    Hour,
}

impl Resolution {
    /// In seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        match self {
            Self::TenSeconds => 10,
            Self::Minute => 60,
            Self::Hour => 3_600,
        }
    }

    /// The resolution in which rows of that age are to be kept.
    #[must_use]
    pub fn for_age(age_seconds: i64) -> Self {
        AGES.into_iter().find(|(_, limit)| age_seconds < *limit).map_or(Self::Hour, |(resolution, _)| resolution)
    }
}

/// Start and length, in seconds, of the rollup of at least that length in which a row lies.
pub(crate) fn rollup_of(row: &RedRow, resolution_seconds: u32) -> (i64, u32) {
    let resolution = row.resolution_seconds.max(resolution_seconds);
    (row.time_seconds.div_euclid(i64::from(resolution)) * i64::from(resolution), resolution)
}

/// Sums rows of one series and time at this resolution. Rows that are coarser already stay as they are, so the same
/// call also merges what late spans added. Ordered by time, resolution and key.
#[must_use]
pub fn roll_up(rows: impl IntoIterator<Item = RedRow>, to: Resolution) -> Vec<RedRow> {
    let mut sums: BTreeMap<(i64, u32, RedKey), RedSums> = BTreeMap::new();
    for row in rows {
        let (time, resolution) = rollup_of(&row, to.seconds());
        sums.entry((time, resolution, row.key)).or_default().merge(&row.sums);
    }
    sums.into_iter()
        .map(|((time_seconds, resolution_seconds, key), sums)| RedRow { time_seconds, resolution_seconds, key, sums })
        .collect()
}
