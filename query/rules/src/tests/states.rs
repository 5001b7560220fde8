use std::collections::BTreeMap;
use std::time::Duration;

use spanlake_promql::labels::Labels;

use crate::alerts::{Alert, AlertState, Alerts, Patience};
use crate::run::next_due;

const MINUTE: i64 = 60_000;

fn patience(hold: u64, keep: u64) -> Patience {
    Patience { hold: Duration::from_secs(hold), keep_firing_for: Duration::from_secs(keep), limit: 0 }
}

/// The state after each minute, of an alert that the query gives or not.
fn walk(patience: Patience, given: &[bool]) -> Vec<Option<AlertState>> {
    let mut alerts = Alerts::default();
    let labels = Labels::new([("alertname", "a")]);
    let states = given.iter().enumerate().map(|(at, given)| {
        let now = at as i64 * MINUTE;
        let found = given.then(|| (labels.clone(), Alert::new(labels.clone(), Vec::new(), 1.0, now)));
        alerts.advance(found.into_iter().collect::<BTreeMap<_, _>>(), patience, now).unwrap();
        alerts.active().next().map(|alert| alert.state)
    });
    states.collect()
}

#[test]
fn states_are_those_of_prometheus() {
    let (pending, firing) = (Some(AlertState::Pending), Some(AlertState::Firing));
    assert_eq!(walk(patience(0, 0), &[true, false, true]), [firing, None, firing]);
    assert_eq!(walk(patience(120, 0), &[true, true, true, true]), [pending, pending, firing, firing]);
    assert_eq!(walk(patience(120, 0), &[true, true, false, true, true]), [pending, pending, None, pending, pending]);
    assert_eq!(walk(patience(0, 120), &[true, false, false, false]), [firing, firing, firing, None]);
    assert_eq!(walk(patience(0, 120), &[true, false, true, false, false]), [firing; 5]);
}

#[test]
fn beyond_the_limit_no_alert_is_known() {
    let mut alerts = Alerts::default();
    let found = |count: usize| {
        let one = |at: usize| Labels::new([("a", at.to_string())]);
        (0..count).map(|at| (one(at), Alert::new(one(at), Vec::new(), 1.0, 0))).collect::<BTreeMap<_, _>>()
    };
    let patience = Patience { limit: 2, ..patience(0, 0) };
    assert!(alerts.advance(found(2), patience, 0).is_ok());
    assert_eq!(alerts.advance(found(3), patience, 0).unwrap_err(), "exceeded limit of 2 with 3 alerts");
    assert_eq!(alerts.active().count(), 0);
}

#[test]
fn evaluations_are_at_the_same_times_after_a_restart() {
    let interval = Duration::from_secs(60);
    let due = next_due(1_000_000, interval, 12_345);
    assert!(due > 1_000_000 && due <= 1_060_000);
    assert_eq!(due % MINUTE, 12_345);
    assert_eq!(next_due(due, interval, 12_345), due + MINUTE);
}
