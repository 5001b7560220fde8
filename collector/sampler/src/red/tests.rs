//! Sketches against exact sums and sorted durations.

use proptest::prelude::*;

use super::columns::{record_batch, rows_of};
use super::histogram::{BUCKETS_MAX, ExponentialHistogram};
use super::rolled::RolledUp;
use super::rollup::{Resolution, roll_up};
use super::*;
use spanlake_schemas::red::RollUp;

fn span<'a>(service: &'a str, operation: &'a str, second: i64, duration: i64) -> RedSpan<'a> {
    RedSpan {
        service,
        operation,
        kind: SpanKind::Server,
        status: if duration % 5 == 0 { StatusCode::Error } else { StatusCode::Unset },
        is_root: false,
        extra: &[],
        start_time: second * NANOS,
        duration,
        arrived: Arrived::Whole,
    }
}

#[test]
fn late_spans_add_up_to_the_same_rows() {
    let mut at_once = RedSketches::new(RedLimits::default());
    let mut late = RedSketches::new(RedLimits::default());
    let spans: Vec<(i64, i64)> = (0..500).map(|at| (at % 300, 1_000 + at * 7_919 % 50_000)).collect();
    for (second, duration) in &spans {
        at_once.add(&span("shop", "buy", *second, *duration));
    }
    let mut rows = Vec::new();
    for part in spans.chunks(170) {
        for (second, duration) in part {
            late.add(&span("shop", "buy", *second, *duration));
        }
        rows.extend(late.take_rows());
    }
    let merged = roll_up(rows, Resolution::TenSeconds);
    assert_eq!(merged, roll_up(at_once.take_rows(), Resolution::TenSeconds));
    let hours = roll_up(roll_up(merged.clone(), Resolution::Minute), Resolution::Hour);
    assert_eq!(hours, roll_up(merged, Resolution::Hour), "two steps are as good as one");
    assert_eq!(hours.len(), 2, "one a status");
    assert!((hours.iter().map(|row| row.sums.count).sum::<f64>() - 500.0).abs() < f64::EPSILON);
    assert!((hours.iter().map(|row| row.sums.error_count).sum::<f64>() - 100.0).abs() < f64::EPSILON);
    assert_eq!(rows_of(&record_batch(&hours, 7).unwrap()).unwrap(), (hours, 7));
}

#[test]
fn extra_dimensions_are_counted_apart_and_survive_a_file() {
    let limits = RedLimits { extra_dimensions: vec!["http.route".into(), "app.tenant".into()], ..RedLimits::default() };
    let mut sketches = RedSketches::new(limits);
    for at in 0..12_i64 {
        let extra = [["/buy", "a"], ["/buy", ""], ["", "a"], ["", ""]][at as usize % 4];
        sketches.add(&RedSpan { extra: &extra, ..span("shop", "buy", 5, 1 + at * 5) });
    }
    let rows = sketches.take_rows();
    let said: Vec<String> = rows
        .iter()
        .map(|row| row.key.extra.iter().map(|(name, value)| format!("{name}={value} ")).collect::<String>())
        .collect();
    assert_eq!(rows.iter().map(|row| row.sums.spans).collect::<Vec<_>>(), [3; 4]);
    assert!(said.contains(&"http.route=/buy app.tenant=a ".to_owned()) && said.contains(&String::new()), "{said:?}");
    assert_eq!(rows_of(&record_batch(&rows, 7).unwrap()).unwrap().0, rows);
    assert!(record_batch(&rows[..0], 7).unwrap().column_by_name("dimensions").is_none());
}

#[test]
fn a_stream_of_rows_is_rolled_up_as_all_of_them_at_once() {
    let mut sketches = RedSketches::new(RedLimits::default());
    for at in 0..3_000_i64 {
        let (service, operation) = (["cart", "pay", "shop"][at as usize % 3], ["buy", "see"][at as usize % 2]);
        sketches.add(&span(service, operation, at * 7 % 7_300, 1_000 + at * 7_919 % 50_000));
    }
    let mut rows = sketches.take_rows();
    rows.sort_by(|left, right| (&left.key.service, left.time_seconds).cmp(&(&right.key.service, right.time_seconds)));
    let mut rolled = Vec::new();
    let mut stream = RolledUp::new(60);
    for part in rows.chunks(37) {
        rolled.extend(rows_of(&stream.push(&record_batch(part, 9).unwrap()).unwrap()).unwrap().0);
    }
    rolled.extend(rows_of(&stream.finish().unwrap()).unwrap().0);
    let place = |row: &RedRow| (Arc::clone(&row.key.service), row.time_seconds);
    assert!(rolled.is_sorted_by_key(place), "in the order of the table");
    let mut at_once = roll_up(rows, Resolution::Minute);
    at_once.sort_by(|left, right| (place(left), &left.key).cmp(&(place(right), &right.key)));
    assert_eq!(rolled, at_once);
}

#[test]
fn series_past_the_cap_share_the_overflow_until_others_are_idle() {
    let mut sketches = RedSketches::new(RedLimits { series_max: 2, idle_seconds: 60, extra_dimensions: Vec::new() });
    for operation in ["a", "b", "c", "d", "a"] {
        sketches.add(&span("shop", operation, 5, 1));
    }
    let rows = sketches.take_rows();
    let overflow: Vec<&RedRow> = rows.iter().filter(|row| row.key.is_overflow()).collect();
    assert_eq!((rows.len(), overflow.len(), overflow[0].sums.spans), (3, 1, 2));
    assert_eq!((sketches.series_count(), sketches.spans_in_overflow()), (2, 2));
    sketches.add(&span("shop", "b", 100, 1));
    assert_eq!(sketches.take_rows().len(), 1);
    assert_eq!(sketches.series_count(), 1, "a was idle");
    sketches.add(&span("shop", "c", 101, 1));
    assert!(!sketches.take_rows()[0].key.is_overflow());
}

#[test]
fn what_was_sampled_before_stands_for_more_and_is_no_longer_exact() {
    let mut sums = RedSums::default();
    sums.add(StatusCode::Error, 10, Arrived::Sampled(Threshold::KEEP_ALL));
    assert!(sums.is_exact());
    sums.add(StatusCode::Unset, 10, Arrived::Sampled(Threshold::from_probability(0.25)));
    assert_eq!((sums.count, sums.error_count, sums.spans, sums.spans_scaled), (5.0, 1.0, 2, 1));
    assert!(!sums.is_exact());
    sums.add(StatusCode::Unset, 10, Arrived::Unknown);
    assert_eq!((sums.count, sums.spans_unknown), (6.0, 1));
}

proptest! {
    #[test]
    fn quantiles_and_ranks_are_within_a_bucket(
        mut durations in prop::collection::vec((0_u32..40, 0_u32..1000), 1..400), q in 0.0_f64..1.0,
    ) {
        let mut durations: Vec<i64> = durations.drain(..).map(|(octave, part)| {
            if octave == 0 { 0 } else { (1_i64 << octave) + (1_i64 << octave) * i64::from(part) / 1000 }
        }).collect();
        let mut parts = [ExponentialHistogram::default(), ExponentialHistogram::default()];
        for (at, duration) in durations.iter().enumerate() {
            parts[at % 2].add(*duration, 1.0);
        }
        let [mut histogram, other] = parts;
        histogram.merge(&other);
        prop_assert!(histogram.buckets.len() <= BUCKETS_MAX);
        let in_buckets = histogram.buckets.iter().sum::<f64>() + histogram.zero_count;
        prop_assert_eq!(in_buckets, histogram.count);
        durations.sort_unstable();
        let position = ((q * durations.len() as f64).ceil() as usize).clamp(1, durations.len()) - 1;
        let exact = durations[position] as f64;
        let (low, high) = histogram.quantile_bounds(q).unwrap();
        prop_assert!(low <= exact * (1.0 + 1e-9) && exact <= high * (1.0 + 1e-9), "{} {} {}", low, exact, high);
        let quantile = histogram.quantile(q).unwrap();
        prop_assert!(quantile >= low * (1.0 - 1e-9) && quantile <= high * (1.0 + 1e-9));
        prop_assert!((histogram.rank(*durations.last().unwrap()) - 1.0).abs() < 1e-12);
    }
}
