//! Steps of ten times on a simulated clock, and an overload that comes and goes.

use super::overload::{OverloadController, OverloadState};
use super::*;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / 2.0_f64.powi(53)
    }
}

/// Traces a second of 400 to 1,600 bytes; returns the bytes that passed.
fn second(controller: &mut DoorController, random: &mut Random, traces: f64) -> f64 {
    let noisy = traces * (0.9 + 0.2 * random.unit());
    let mut passed = 0.0;
    for _ in 0..noisy as u64 {
        let bytes = 400 + random.next() % 1_200;
        let randomness = Randomness::from_low_bits(random.next());
        if controller.admit("shop", randomness, Threshold::KEEP_ALL, bytes).is_some() {
            passed += bytes as f64;
        }
    }
    controller.tick(1.0);
    passed
}

#[test]
fn ten_times_more_or_less_is_met_within_ten_seconds() {
    const TARGET: f64 = 2e6;
    for seed in 0..3 {
        let mut random = Random(seed);
        let mut controller = DoorController::new(&DoorSettings {
            services: [("shop".to_owned(), DoorSetting::BytesPerSecond(TARGET))].into(),
            ..DoorSettings::default()
        });
        for traces in [5_000.0, 50_000.0, 5_000.0, 15_000.0] {
            let passed: Vec<f64> = (0..600).map(|_| second(&mut controller, &mut random, traces)).collect();
            let after: f64 = passed[10..20].iter().sum();
            assert!((after / (10.0 * TARGET) - 1.0).abs() < 0.10, "{seed} {traces} {after}");
            let worst = passed[10..].windows(10).map(|ten| (ten.iter().sum::<f64>() / (10.0 * TARGET) - 1.0).abs());
            assert!(worst.fold(0.0, f64::max) < 0.10, "{seed} {traces}");
            let ten_minutes: f64 = passed.iter().sum();
            assert!(
                (ten_minutes / (600.0 * TARGET) - 1.0).abs() < 0.02,
                "{seed} {traces} {}",
                ten_minutes / (600.0 * TARGET)
            );
        }
        assert_eq!(controller.threshold("other"), Threshold::KEEP_ALL);
    }
}

#[test]
fn less_than_the_target_passes_whole() {
    let mut random = Random(1);
    let mut controller = DoorController::new(&DoorSettings {
        default: Some(DoorSetting::BytesPerSecond(1e9)),
        ..DoorSettings::default()
    });
    (0..100).for_each(|_| {
        second(&mut controller, &mut random, 100.0);
    });
    assert_eq!(controller.threshold("shop"), Threshold::KEEP_ALL);
}

#[test]
fn what_arrives_sampled_is_not_sampled_twice() {
    let tenth = Threshold::from_probability(0.1);
    let setting = DoorSetting::Probability(0.5);
    let mut controller = DoorController::new(&DoorSettings { default: Some(setting), ..DoorSettings::default() });
    let kept = Randomness::from_low_bits(u64::MAX);
    assert_eq!(controller.admit("shop", kept, tenth, 10), Some(tenth));
    assert_eq!(controller.admit("shop", kept, Threshold::KEEP_ALL, 10), Some(Threshold::from_probability(0.5)));
}

#[test]
fn overload_raises_the_threshold_and_calm_lowers_it() {
    let mut controller = OverloadController::default();
    assert_eq!(controller.tick(3.0, 1.0), None, "a moment is none");
    let mut offered = 5.0;
    let mut highest: f64 = 0.0;
    for at in 0..600 {
        if at == 120 {
            offered = 0.5;
        }
        let load = offered * controller.threshold().probability();
        controller.tick(load, 1.0);
        if (10..120).contains(&at) {
            highest = highest.max(load);
            assert_eq!(controller.state(), OverloadState::Shedding);
        }
    }
    assert!(highest <= 1.2, "{highest}");
    assert_eq!((controller.state(), controller.threshold()), (OverloadState::Calm, Threshold::KEEP_ALL));
}
