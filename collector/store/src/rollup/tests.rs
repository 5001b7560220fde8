//! What is kept of a stretch, which levels a series gets, and the way into a file and out again.

use super::stretch::{Sample, Stretch, Totals};
use super::*;

fn sample(time_ms: i64, value: f64) -> Sample {
    Sample { time_ms, start_ms: 7, value, is_end: false }
}

fn kept(samples: &[Sample]) -> (Vec<(i64, u32)>, Option<Totals>) {
    let mut stretch = Stretch::default();
    samples.iter().for_each(|sample| stretch.add(*sample));
    let (kept, totals) = stretch.finish();
    (kept.iter().map(|row| (row.sample.time_ms, row.count)).collect(), totals)
}

#[test]
fn a_stretch_ends_with_a_multiple_of_its_length() {
    let ends = [-60_001, -60_000, -59_999, 0, 1, 60_000, 60_001].map(|time| stretch_end(time, 60));
    assert_eq!(ends, [-60_000, -60_000, 0, 0, 60_000, 60_000, 120_000]);
    assert_eq!(stretch_end(i64::MAX, 3_600), i64::MAX);
}

#[test]
fn of_a_counter_the_ends_are_kept_and_what_lies_around_a_fall() {
    let rising: Vec<Sample> = (0..30).map(|at| sample(at, at as f64)).collect();
    let totals = Totals { min: 0.0, max: 29.0, sum: 435.0, lost: 0.0, has_falls: false };
    assert_eq!(kept(&rising), (vec![(0, 1), (29, 29)], Some(totals)));
    let mut falls = rising.clone();
    falls[10].value = 0.0;
    assert_eq!(kept(&falls).0, [(0, 1), (9, 9), (10, 1), (29, 19)]);
    falls[1].value = -1.0;
    assert_eq!(kept(&falls).0, [(0, 1), (1, 1), (9, 8), (10, 1), (29, 19)]);
    falls[29].value = 0.0;
    let (rows, totals) = kept(&falls);
    assert_eq!(rows, [(0, 1), (1, 1), (9, 8), (10, 1), (29, 19)]);
    assert!(totals.unwrap().has_falls, "a third fall is said, not kept");
}

#[test]
fn another_start_is_a_fall() {
    let later = |time_ms| Sample { start_ms: 8, ..sample(time_ms, 9.0) };
    assert_eq!(
        kept(&[sample(1, 5.0), sample(2, 6.0), sample(3, 7.0), later(4), later(5)]).0,
        [(1, 1), (3, 2), (4, 1), (5, 1)]
    );
}

#[test]
fn a_marker_is_kept_where_it_is_the_last_and_counts_for_nothing() {
    let end = |time_ms| Sample { time_ms, start_ms: 7, value: 0.0, is_end: true };
    assert_eq!(kept(&[sample(1, 5.0), end(2), sample(3, 4.0), end(4)]).0, [(1, 1), (3, 1), (4, 0)]);
    assert_eq!(kept(&[end(4)]), (vec![(4, 0)], None));
    assert_eq!(kept(&[]), (Vec::new(), None));
}

#[test]
fn sums_say_what_they_lost() {
    let samples = [(1, 1e100), (2, 1.0), (3, -1e100)].map(|(time, value)| sample(time, value));
    let totals = kept(&samples).1.unwrap();
    assert_eq!(totals.sum + totals.lost, 1.0);
}
