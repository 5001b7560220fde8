//! Exactness, merging, bounds, and what calibration does. Coverage is shown by the simulation under `tests/sampling`.

use std::collections::BTreeMap;

use super::calibrate::{CalibratedState, CellId, CellTotals, Ends};
use super::clusters::{ClusterSums, EXACT_TRACES_MAX};
use super::quantile::{QuantileState, VALUES_MAX};
use super::ratio::RatioState;
use super::total::TotalState;
use super::*;

fn kept(number: u64, probability: f64) -> Kept {
    let mut bytes = [0_u8; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    Kept { trace_id: TraceId(bytes), probability }
}

#[test]
fn with_probability_one_everything_is_exact() {
    let (mut total, mut ratio, mut quantile) = (TotalState::default(), RatioState::default(), QuantileState::default());
    for number in 0..1_000_u64 {
        let value = (number % 100) as f64;
        total.add(kept(number, 1.0), value);
        ratio.add_for_mean(kept(number, 1.0), value);
        quantile.add(kept(number, 1.0), value);
    }
    assert_eq!(total.finish(), Estimate::exact(49_500.0, 1_000));
    assert_eq!(ratio.finish(), Some(Estimate::exact(49.5, 1_000)));
    assert_eq!(quantile.finish(0.95), Some(Estimate::exact(94.0, 1_000)));
    assert_eq!(quantile.finish(0.0), Some(Estimate::exact(0.0, 1_000)));
}

#[test]
fn nothing_kept_says_nothing() {
    assert!(TotalState::default().finish().high.is_infinite());
    assert_eq!(RatioState::default().finish(), None);
    assert_eq!(QuantileState::default().finish(0.5), None);
}

#[test]
fn a_state_in_parts_is_the_same_state() {
    let mut whole = (TotalState::default(), RatioState::default(), QuantileState::default());
    let mut parts: [(TotalState, RatioState, QuantileState); 3] = Default::default();
    for number in 0..3_000_u64 {
        let kept = kept(number / 3, if number / 3 % 5 == 0 { 1.0 } else { 0.1 });
        let value = (number * 7 % 311) as f64;
        for state in [&mut whole, &mut parts[usize::try_from(number % 3).unwrap()]] {
            state.0.add(kept, value);
            state.1.add(kept, value, 1.0 + value);
            state.2.add(kept, value);
        }
    }
    let [mut merged, second, third] = parts;
    for part in [third, second] {
        merged.0.merge(&part.0);
        merged.1.merge(&part.1);
        merged.2.merge(&part.2);
    }
    let close = |a: Estimate, b: Estimate| {
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
        near(a.value, b.value) && near(a.low, b.low) && near(a.high, b.high) && a.kept_traces == b.kept_traces
    };
    assert!(close(whole.0.finish(), merged.0.finish()));
    assert!(close(whole.1.finish().unwrap(), merged.1.finish().unwrap()));
    assert!(close(whole.2.finish(0.5).unwrap(), merged.2.finish(0.5).unwrap()));
    let text = serde_json::to_string(&whole.0).unwrap();
    assert_eq!(serde_json::from_str::<TotalState>(&text).unwrap(), whole.0);
}

#[test]
fn variances_are_summed_by_trace() {
    let mut by_trace = TotalState::default();
    let mut by_span = TotalState::default();
    for number in 0..900_u64 {
        by_trace.add(kept(number / 9, 0.2), 1.0);
        by_span.add(kept(number, 0.2), 1.0);
    }
    let ratio = by_trace.finish().width() / by_span.finish().width();
    assert!((ratio - 3.0).abs() < 0.05, "nine spans a trace are worth one: {ratio}");
    assert!((by_trace.finish().value - 4_500.0).abs() < 1e-6);
}

#[test]
fn past_the_bound_sums_become_a_sketch_of_the_same_variance() {
    let mut sums = ClusterSums::new(2);
    let mut exact = 0.0;
    let traces = EXACT_TRACES_MAX as u64 * 4;
    for number in 0..traces {
        let values = [1.0 + (number % 13) as f64, (number % 7) as f64];
        let hash = clusters::trace_hash(kept(number, 1.0).trace_id);
        sums.add(hash, 0.25, &values);
        exact += (0.75_f64.sqrt() / 0.25 * (values[0] - 2.0 * values[1])).powi(2);
    }
    let sketched = sums.moments(&[1.0, -2.0]).second;
    assert!((sketched / exact - 1.0).abs() < 0.08, "{sketched} {exact}");
    assert!(sums.traces() >= EXACT_TRACES_MAX as u64);
    assert!(serde_json::to_string(&sums).unwrap().len() < 400_000);
}

#[test]
fn past_the_bound_quantiles_keep_fewer_traces_and_say_so() {
    let mut parts = [QuantileState::default(), QuantileState::default()];
    let rows = VALUES_MAX as u64 * 5;
    for number in 0..rows {
        let value = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / 2.0_f64.powi(53);
        parts[usize::try_from(number % 2).unwrap()].add(kept(number / 4, 1.0), value);
    }
    let [mut merged, other] = parts;
    merged.merge(&other);
    let median = merged.finish(0.5).unwrap();
    assert!((median.value - 0.5).abs() < 0.01 && !median.is_exact);
    assert!(median.low <= 0.5 && median.high >= 0.5 && median.width() < 0.02, "{median:?}");
}

#[test]
fn a_quantile_beyond_the_kept_values_has_no_upper_bound() {
    let mut state = QuantileState::default();
    (0..40).for_each(|number| state.add(kept(number, 0.1), number as f64));
    let tail = state.finish(0.99).unwrap();
    assert!(tail.high.is_infinite() && tail.low > 20.0, "{tail:?}");
    assert!(state.finish(0.5).unwrap().high < 30.0);
}

#[test]
fn what_the_sketches_know_is_exact_after_calibration() {
    let mut state = CalibratedState::default();
    for number in 0..200_u64 {
        let cell = Some(CellId(number % 2));
        state.add(kept(number, 0.1), cell, true, 1.0, 1.0, (number % 17) as f64);
    }
    let known: BTreeMap<CellId, CellTotals> = [(0, 1_040.0), (1, 930.0)]
        .map(|(cell, count)| (CellId(cell), CellTotals { count, duration_sum: count * 8.2, answers: None }))
        .into();
    let calibrated = state.finish_total(&known, Ends::None);
    assert!((calibrated.value - 1_970.0).abs() < 1e-6 && calibrated.width() < 1e-6, "{calibrated:?}");
    let plain = state.finish_total(&BTreeMap::new(), Ends::None);
    assert!((plain.value - 2_000.0).abs() < 1e-6 && plain.width() > 400.0);
}

#[test]
fn only_the_ends_of_a_range_are_uncertain() {
    let mut state = CalibratedState::default();
    for number in 0..100_u64 {
        state.add(kept(number, 0.1), Some(CellId(0)), true, 1.0, 1.0, 3.0);
    }
    (100..103).for_each(|number| state.add(kept(number, 0.1), None, true, 1.0, 1.0, 3.0));
    let certain = |count: f64| CellTotals { count, duration_sum: 3.0 * count, answers: Some([count, count]) };
    // No row of the second cell was kept.
    let known = [(CellId(0), certain(1_100.0)), (CellId(1), certain(4.0))].into();
    let counted = state.finish_total(&known, Ends::AtMost(50.0));
    assert_eq!((counted.value, counted.low, counted.high), (1_134.0, 1_104.0, 1_154.0));
    let whole = CalibratedState::default().finish_total(&known, Ends::None);
    assert_eq!(whole, Estimate::exact(1_104.0, 0));
}

#[test]
fn calibration_narrows_what_is_like_the_known() {
    let mut state = CalibratedState::default();
    for number in 0..1_000_u64 {
        // 95 % of the cell is asked for.
        state.add(kept(number, 0.1), Some(CellId(1)), number % 20 != 0, 1.0, 1.0, 1.0 + (number % 17) as f64);
    }
    let known = [(CellId(1), CellTotals { count: 10_300.0, duration_sum: 93_000.0, answers: None })].into();
    let (plain, calibrated) =
        (state.finish_total(&BTreeMap::new(), Ends::None), state.finish_total(&known, Ends::None));
    assert!(calibrated.width() * 3.0 < plain.width(), "{calibrated:?} {plain:?}");
    assert!((calibrated.value / (10_300.0 * 0.95) - 1.0).abs() < 0.01);
}
