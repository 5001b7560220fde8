//! What is kept of a stretch, which levels a series gets, and the way into a file and out again.

use super::stretch::{Sample, Stretch, Summary, Totals};
use super::*;

fn sample(time_ms: i64, value: f64) -> Sample {
    Sample { time_ms, start_ms: 7, value, is_end: false }
}

/// Of a stretch of five minutes that ends at 300,000.
fn summary(samples: &[Sample]) -> Summary {
    let mut stretch = Stretch::until(300_000, 300);
    samples.iter().for_each(|sample| stretch.add(*sample));
    stretch.finish()
}

fn kept(samples: &[Sample]) -> Vec<(i64, u32)> {
    summary(samples).kept.iter().map(|row| (row.sample.time_ms, row.count)).collect()
}

#[test]
fn a_stretch_ends_with_a_multiple_of_its_length() {
    let ends = [-60_001, -60_000, -59_999, 0, 1, 60_000, 60_001].map(|time| stretch_end(time, 60));
    assert_eq!(ends, [-60_000, -60_000, 0, 0, 60_000, 60_000, 120_000]);
    assert_eq!(stretch_end(i64::MAX, 3_600), i64::MAX);
}

#[test]
fn of_a_counter_the_ends_are_kept_and_what_lies_around_a_fall() {
    let rising: Vec<Sample> = (0..20).map(|at| sample(at * 10_000, at as f64)).collect();
    assert_eq!(kept(&rising), [(0, 19), (190_000, 1)]);
    let totals = Totals { min: 0.0, max: 19.0, sum: 190.0, lost: 0.0 };
    assert_eq!(summary(&rising).totals, Some(totals));
    let mut falls = rising.clone();
    falls[10].value = 0.0;
    assert_eq!(kept(&falls), [(0, 9), (90_000, 1), (100_000, 9), (190_000, 1)]);
    falls[1].value = -1.0;
    assert_eq!(kept(&falls), [(0, 1), (10_000, 8), (90_000, 1), (100_000, 9), (190_000, 1)]);
    assert!(!summary(&falls).has_falls);
    falls[19].value = 0.0;
    assert_eq!(kept(&falls), [(0, 1), (10_000, 8), (90_000, 1), (100_000, 9), (190_000, 1)]);
    assert!(summary(&falls).has_falls, "a third fall is said, not kept");
}

#[test]
fn all_of_the_tail_is_kept_and_is_not_in_the_totals() {
    let rising: Vec<Sample> = (0..=30).map(|at| sample(at * 10_000, at as f64)).collect();
    assert_eq!(kept(&rising), [(0, 29), (290_000, 1), (300_000, 1)]);
    assert_eq!(summary(&rising).totals.map(|totals| totals.max), Some(28.0));
    let mut falls = rising;
    falls[29].value = 0.0;
    assert_eq!(kept(&falls), [(0, 28), (280_000, 1), (290_000, 1), (300_000, 1)]);
    assert_eq!(kept(&falls[29..]), [(290_000, 1), (300_000, 1)]);
    assert_eq!(summary(&falls[29..]).totals, None);
}

#[test]
fn another_start_is_a_fall() {
    let later = |time_ms| Sample { start_ms: 8, ..sample(time_ms, 9.0) };
    assert_eq!(
        kept(&[sample(1, 5.0), sample(2, 6.0), sample(3, 7.0), later(4), later(5)]),
        [(1, 2), (3, 1), (4, 1), (5, 1)]
    );
}

#[test]
fn a_marker_is_kept_where_it_is_the_last_and_counts_for_nothing() {
    let end = |time_ms| Sample { time_ms, start_ms: 7, value: 0.0, is_end: true };
    assert_eq!(kept(&[sample(1, 5.0), end(2), sample(3, 4.0), end(4)]), [(1, 1), (3, 1), (4, 0)]);
    assert_eq!(summary(&[end(4)]).totals, None);
    assert_eq!((kept(&[end(4)]), kept(&[])), (vec![(4, 0)], Vec::new()));
}

#[test]
fn sums_say_what_they_lost() {
    let samples = [(1, 1e100), (2, 1.0), (3, -1e100)].map(|(time, value)| sample(time, value));
    let totals = summary(&samples).totals.unwrap();
    assert_eq!(totals.sum + totals.lost, 1.0);
}
