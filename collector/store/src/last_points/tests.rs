//! The last of each series, over seals, and of which times all is known.

use arrow::array::{ArrayRef, FixedSizeBinaryArray, Float64Array, Int64Array, TimestampNanosecondArray, UInt32Array};

use super::*;
use crate::seal::order::sorted_rows;
use crate::version::FileEntry;

const MILLI: i64 = NANOS_PER_MILLI;

/// Series, time in nanoseconds, value as double, as integer, flags, received.
type Row = (u8, i64, Option<f64>, Option<i64>, u32, i64);

fn batch(rows: &[Row]) -> RecordBatch {
    let ids = FixedSizeBinaryArray::try_from_iter(rows.iter().map(|row| [row.0; 16])).unwrap();
    let times = |of: fn(&Row) -> i64| {
        let times = TimestampNanosecondArray::from_iter_values(rows.iter().map(of));
        Arc::new(times.with_timezone("UTC")) as ArrayRef
    };
    RecordBatch::try_from_iter([
        ("series_id", Arc::new(ids) as ArrayRef),
        ("time", times(|row| row.1)),
        ("flags", Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.4)))),
        ("received_time", times(|row| row.5)),
        ("value_double", Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.2)))),
        ("value_int", Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.3)))),
    ])
    .unwrap()
}

fn sealed(batches: &[&RecordBatch]) -> Vec<LastPoint> {
    let rows = sorted_rows(Table::Points, batches, &|_| None).unwrap();
    last_points(Table::Points, &rows, batches)
}

fn told(points: &[LastPoint]) -> Vec<(u8, i64, Option<f64>)> {
    points.iter().map(|point| (point.series_id[0], point.time_ms, point.value)).collect()
}

#[test]
fn a_seal_tells_the_last_number_of_each_series_whatever_came_when() {
    let first = batch(&[
        (2, 7 * MILLI, None, Some(7), 0, 1),
        (1, 9 * MILLI, Some(9.0), None, 0, 1),
        (1, 5 * MILLI, Some(5.0), None, 0, 2),
        // Carries exemplars only.
        (1, 10 * MILLI, None, None, 0, 2),
        // The series ends.
        (3, MILLI, Some(1.0), None, 0, 1),
        (3, 2 * MILLI, None, None, 1, 1),
    ]);
    // Of one millisecond the last received counts, not the greatest nanosecond.
    let second = batch(&[(2, 8 * MILLI + 9, None, Some(8), 0, 3), (2, 8 * MILLI + 1, None, Some(88), 0, 4)]);
    let expected = vec![(1, 9, Some(9.0)), (2, 8, Some(88.0)), (3, 2, None)];
    assert_eq!(told(&sealed(&[&first, &second])), expected);
    let rows = sorted_rows(Table::Points, &[&first], &|_| None).unwrap();
    assert_eq!(last_points(Table::Histograms, &rows, &[&first]), []);
}

#[test]
fn rows_of_several_hours_are_of_one_series() {
    let hour = NANOS_PER_HOUR;
    let rows = batch(&[(1, 3 * hour, Some(3.0), None, 0, 3 * hour), (1, hour, Some(1.0), None, 0, 3 * hour)]);
    assert_eq!(told(&sealed(&[&rows])), [(1, 3 * 3_600_000, Some(3.0))]);
}

#[test]
fn the_later_point_stays_and_silent_series_go_with_what_is_known_of_their_time() {
    let hour = NANOS_PER_HOUR;
    let at = |series, time: i64, value| (series, time, Some(value), None, 0, time);
    let first = LastPoints::default().with(&sealed(&[&batch(&[at(1, hour, 1.0), at(3, 2 * hour, 3.0)])]), 2 * hour);
    assert_eq!(told(&first.points), [(1, 3_600_000, Some(1.0)), (3, 7_200_000, Some(3.0))]);
    assert!(first.knows(hour, 2 * hour));
    assert!(!first.knows(hour - 1, 2 * hour), "of before, series may have been let go");
    let late = sealed(&[&batch(&[at(2, 2 * hour + 9 * MILLI, 2.0), at(3, 2 * hour - 5 * MILLI, 9.0)])]);
    let second = first.with(&late, 2 * hour + 9 * MILLI);
    assert_eq!(told(&second.points), [(2, 7_200_009, Some(2.0)), (3, 7_200_000, Some(3.0))]);
    assert_eq!(second.of(&[3; 16]).and_then(|point| point.value), Some(3.0));
    assert_eq!(second.of(&[1; 16]), None);
    assert!(!second.knows(hour + 8 * MILLI, 2 * hour) && second.knows(hour + 9 * MILLI, 2 * hour));
    // A clock that goes back makes nothing known again.
    assert!(!second.with(&[], hour).knows(hour, hour));
}

#[test]
fn nothing_is_known_of_files_from_elsewhere() {
    let mut entry = FileEntry::sample("hot/points/a.parquet", Table::Points, 1);
    (entry.time_min, entry.time_max, entry.time_parts) = (10, 40, vec![(10, 20), (30, 40)]);
    let known = LastPoints::without(&[Arc::new(DataFile::new(entry, "a.parquet".into()))]);
    let windows = [(0, 9), (0, 10), (20, 25), (21, 29), (35, 36), (41, 50)];
    assert_eq!(windows.map(|(start, end)| known.knows(start, end)), [true, false, false, true, false, true]);
}
