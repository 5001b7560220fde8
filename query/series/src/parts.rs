//! How many series are read at once, so that neither their points fill the memory nor each file is opened too often.
//!
//! Owns the reckoning. What one series has of points is not known before it is read: it is estimated from what files and
//! unsealed rows have of all series, and then taken from what was read.

use spanlake_engine::StoredRows;
use spanlake_schemas::tables::Table;

use crate::reading::Window;

/// Points of a part, about: some 30 MB while they are read and put in order. What files have of them mostly stays in memory.
const PART_POINTS: u64 = 1_000_000;
/// Fewer series than this are not worth opening all files again.
const PART_SERIES_MIN: usize = 64;

/// So many series of so many points each, about, make a part, where a query may have so many samples at most.
pub(crate) fn series_of_a_part(points_each: u64, samples_max: usize) -> usize {
    let points = PART_POINTS.min(samples_max as u64);
    usize::try_from(points / points_each.max(1)).unwrap_or(usize::MAX).max(PART_SERIES_MIN)
}

/// Points that one of these many stored series has in the window, as if all had the same.
pub(crate) fn points_each(rows: &StoredRows, window: Window, stored_series: usize) -> u64 {
    let (start, end) = window.nanos();
    let version = rows.version();
    let of_files =
        version.files(Table::Points).iter().map(|file| (file.entry.rows, file.entry.time_min, file.entry.time_max));
    let of_batches =
        version.hot(Table::Points).iter().map(|batch| (batch.batch.num_rows() as u64, batch.time_min, batch.time_max));
    let points: f64 =
        of_files.chain(of_batches).map(|(rows, min, max)| rows as f64 * share((min, max), (start, end))).sum();
    (points / stored_series.max(1) as f64) as u64
}

/// How much of a time lies in another, of 1.
fn share((min, max): (i64, i64), (start, end): (i64, i64)) -> f64 {
    let length = |from: i64, to: i64| to.saturating_sub(from).saturating_add(1).max(0) as f64;
    length(min.max(start), max.min(end)) / length(min, max).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_points_make_small_parts_and_few_make_one() {
        assert_eq!(series_of_a_part(1_000_000, usize::MAX), PART_SERIES_MIN);
        assert_eq!(series_of_a_part(1_000, usize::MAX), 1_000);
        assert_eq!(series_of_a_part(3_000, 600_000), 200);
        assert_eq!(series_of_a_part(0, usize::MAX), 1_000_000);
    }

    #[test]
    fn what_lies_outside_is_no_part_of_it() {
        assert!((share((0, 99), (50, 200)) - 0.5).abs() < 1e-9);
        assert!((share((0, 100), (200, 300))).abs() < 1e-9);
        assert!((share((60, 60), (0, 100)) - 1.0).abs() < 1e-9);
        assert!((share((60, 90), (0, 100)) - 1.0).abs() < 1e-9);
    }
}
