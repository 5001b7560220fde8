//! Histograms: bounds, sums, resets, quantiles, cutting.

use super::quantile::{ClassicBucket, classic_quantile};
use super::trim::Keep;
use super::*;
use crate::series_notation::{SequenceValue, parse_series};

fn histogram(notation: &str) -> Histogram {
    let (_, mut values) = parse_series(&format!("a {notation}")).expect("the notation is valid");
    match values.pop() {
        Some(SequenceValue::Histogram { value, .. }) => value,
        _ => panic!("a histogram"),
    }
}

#[test]
fn bounds_are_powers_of_the_schemas_base() {
    assert_eq!(exponential_bound(0, 0), 1.0);
    assert_eq!(exponential_bound(3, 0), 8.0);
    assert_eq!(exponential_bound(-1, 0), 0.5);
    assert_eq!(exponential_bound(1, -4), 65_536.0);
    assert_eq!(exponential_bound(8, 3), 2.0);
    assert!((exponential_bound(1, 1) - 2f64.sqrt()).abs() < 1e-15);
    assert_eq!(exponential_bound(1024, 0), f64::MAX, "the last bucket of finite numbers");
    assert_eq!(exponential_bound(1025, 0), f64::INFINITY);
    assert_eq!(exponential_bound(64, -4), f64::MAX);
    assert_eq!(exponential_bound(-1074, 0), f64::from_bits(1), "the least positive number");
}

#[test]
fn sums_meet_in_the_coarser_schema() {
    let mut fine = histogram("{{schema:1 count:4 sum:10 buckets:[1 1 1 1]}}");
    let coarse = histogram("{{schema:0 count:2 sum:3 buckets:[1 1]}}");
    let combined = fine.add(&coarse).expect("both are exponential");
    assert_eq!(combined, Combined::default());
    assert_eq!(fine.to_notation(), "{{count:6 sum:13 buckets:[2 3 1]}}");
    fine.subtract(&coarse).expect("both are exponential");
    fine.compact();
    assert_eq!(fine.to_notation(), "{{count:4 sum:10 buckets:[1 2 1]}}");
}

#[test]
fn sums_take_the_wider_zero_bucket() {
    let mut narrow = histogram("{{count:7 sum:9 z_bucket:1 z_bucket_w:0.1 buckets:[1 2 3] offset:-1}}");
    let wide = histogram("{{count:1 z_bucket:1 z_bucket_w:1}}");
    narrow.add(&wide).expect("both are exponential");
    assert_eq!(narrow.to_notation(), "{{count:8 sum:9 z_bucket:5 z_bucket_w:1 offset:1 buckets:[3]}}");
}

#[test]
fn custom_bounds_meet_in_the_common_ones() {
    let mut left = histogram("{{schema:-53 count:6 custom_values:[1 2 3] buckets:[1 2 3]}}");
    let right = histogram("{{schema:-53 count:3 custom_values:[2 4] buckets:[1 1 1]}}");
    let combined = left.add(&right).expect("both are custom");
    assert!(combined.bounds_reconciled);
    assert_eq!(left.to_notation(), "{{schema:-53 count:9 custom_values:[2] buckets:[4 5]}}");
    assert_eq!(left.add(&histogram("{{count:1 buckets:[1]}}")), Err(IncompatibleSchemas));
}

#[test]
fn small_addends_are_not_lost() {
    let mut sum = HistogramSum::new(histogram("{{count:1e16 sum:1e16 buckets:[1e16]}}"));
    for _ in 0..10 {
        sum.add(&histogram("{{count:1 sum:1 buckets:[1]}}")).expect("both are exponential");
    }
    sum.add(&histogram("{{count:-1e16 sum:-1e16 buckets:[-1e16]}}")).expect("both are exponential");
    let sum = sum.finish();
    assert_eq!((sum.count, sum.sum, sum.positive.counts[0]), (10.0, 10.0, 10.0));
}

#[test]
fn hints_win_over_comparison() {
    let before = histogram("{{count:3 buckets:[1 2]}}");
    for (now, is_reset) in [
        ("{{count:4 buckets:[2 2]}}", false),
        ("{{count:4 buckets:[0 4]}}", true),
        ("{{count:2 buckets:[1 1]}}", true),
        ("{{count:4 buckets:[4]}}", true),
        ("{{schema:-1 count:4 buckets:[1 3]}}", false),
        ("{{schema:1 count:4 buckets:[1 1 1 1]}}", true),
        ("{{count:1 counter_reset_hint:not_reset buckets:[1]}}", false),
        ("{{count:9 counter_reset_hint:reset buckets:[4 5]}}", true),
        ("{{schema:-53 count:4 custom_values:[1] buckets:[4]}}", true),
    ] {
        assert_eq!(histogram(now).is_reset_since(&before), is_reset, "{now}");
    }
}

#[test]
fn quantiles_are_interpolated() {
    let exponential = histogram("{{count:4 sum:10 buckets:[2 2]}}");
    assert!((exponential.quantile(0.75).0 - 2f64.sqrt()).abs() < 1e-12, "half way into (1,2] by ratio");
    let custom = histogram("{{schema:-53 count:4 sum:10 custom_values:[1 3] buckets:[2 2]}}");
    assert_eq!(custom.quantile(0.75).0, 2.0, "half way into (1,3] by distance");
    assert!(histogram("{{}}").quantile(0.5).0.is_nan());
    assert_eq!(exponential.quantile(1.5).0, f64::INFINITY);
    let mut buckets: Vec<ClassicBucket> = [(1.0, 1.0), (2.0, 3.0), (f64::INFINITY, 4.0)]
        .map(|(upper_bound, cumulative_count)| ClassicBucket { upper_bound, cumulative_count })
        .to_vec();
    assert_eq!(classic_quantile(0.5, &mut buckets).0, 1.5);
    assert_eq!(exponential.fraction(1.0, 2.0).0, 0.5);
    assert_eq!(exponential.fraction(f64::NEG_INFINITY, f64::INFINITY).0, 1.0);
}

#[test]
fn cutting_keeps_what_lies_on_one_side() {
    let mut below = histogram("{{schema:-53 count:6 sum:9 custom_values:[1 2 3] buckets:[1 2 3]}}");
    let mut above = below.clone();
    below.trim(Keep::Below, 2.5);
    assert_eq!((below.count, below.positive.counts.clone()), (4.5, vec![1.0, 2.0, 1.5]));
    above.trim(Keep::Above, 2.5);
    assert_eq!((above.count, above.positive.counts.clone()), (1.5, vec![1.5]));
    let mut whole = above.clone();
    whole.trim(Keep::Below, 100.0);
    assert!(whole.is_identical(&above), "nothing was cut, so nothing is estimated");
}

#[test]
fn what_is_no_histogram_is_refused() {
    assert_eq!(histogram("{{count:1 buckets:[1]}}").validate(), Ok(()));
    assert_eq!(histogram("{{schema:9}}").validate(), Err(InvalidHistogram::UnknownSchema(9)));
    assert_eq!(histogram("{{count:-1}}").validate(), Err(InvalidHistogram::NegativeCount));
    let unordered = histogram("{{schema:-53 custom_values:[2 1]}}");
    assert_eq!(unordered.validate(), Err(InvalidHistogram::BoundsOutOfOrder));
    let unbound = histogram("{{schema:-53 count:3 custom_values:[1] buckets:[1 1 1]}}");
    assert_eq!(unbound.validate(), Err(InvalidHistogram::BucketWithoutBound));
    assert_eq!(BucketSide::sparse(vec![(2, 1.0), (1, 1.0)]), None);
}

#[test]
fn text_shows_bounds() {
    let histogram = histogram("{{count:5 sum:-1 z_bucket:1 z_bucket_w:0.5 buckets:[1 0 2] n_buckets:[1]}}");
    assert_eq!(histogram.to_string(), "{count:5, sum:-1, [-1,-0.5):1, [-0.5,0.5]:1, (0.5,1]:1, (2,4]:2}");
}
