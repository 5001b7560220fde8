//! Steps, rates and means.

use super::line::{Grid, Line, Point, Shape};
use super::step::step;
use crate::parameters::SECOND;

#[test]
fn steps_are_nice_and_hold_a_point() {
    assert_eq!(step(3600 * SECOND, 600, 0), 10 * SECOND);
    assert_eq!(step(3600 * SECOND, 600, 60 * SECOND), 60 * SECOND);
    assert_eq!(step(60 * SECOND, 600, 0), SECOND);
    assert_eq!(step(60 * SECOND, 600, 10 * SECOND + 1), 15 * SECOND);
    assert_eq!(step(1000 * 86_400 * SECOND, 100, 0), 11 * 86_400 * SECOND);
}

/// Points at seconds, on a grid of ten seconds from 0 to 60.
fn values(shape: Shape, points: &[(i64, Option<i64>, Option<f64>)]) -> Vec<(i64, Option<f64>)> {
    let mut line = Line::new(shape, Grid::new(0, 60 * SECOND, 10 * SECOND));
    for (time, start, value) in points {
        line.add(&Point { time: time * SECOND, start: start.map(|start| start * SECOND), value: *value, count: 1.0 });
    }
    line.points().into_iter().map(|(millis, value)| (millis / 1000, value.and_then(|value| value.as_f64()))).collect()
}

const GROWING: Shape = Shape::Rate { is_delta: false };
const DELTA: Shape = Shape::Rate { is_delta: true };

#[test]
fn growth_is_spread_over_the_time_between_points() {
    // 20 seconds apart on steps of 10.
    let spread = values(GROWING, &[(-15, None, Some(0.0)), (5, None, Some(20.0)), (25, None, Some(60.0))]);
    assert_eq!(spread, [(0, Some(1.5)), (10, Some(2.0)), (20, Some(2.0))]);
}

#[test]
fn a_reset_counts_from_zero() {
    let by_value = values(GROWING, &[(0, None, Some(100.0)), (10, None, Some(110.0)), (20, None, Some(30.0))]);
    assert_eq!(by_value, [(0, Some(1.0)), (10, Some(3.0))]);
    // The start tells of a reset that the value hides.
    let by_start = values(GROWING, &[(0, Some(-60), Some(100.0)), (20, Some(10), Some(150.0))]);
    assert_eq!(by_start, [(10, Some(15.0))]);
}

#[test]
fn a_first_point_says_nothing_unless_it_began_in_sight() {
    assert_eq!(values(GROWING, &[(5, None, Some(100.0))]), []);
    assert_eq!(values(GROWING, &[(5, Some(-100_000), Some(100.0))]), []);
    assert_eq!(values(GROWING, &[(20, Some(10), Some(100.0))]), [(10, Some(10.0))]);
}

#[test]
fn deltas_are_their_own_growth() {
    let deltas = values(DELTA, &[(10, Some(0), Some(20.0)), (20, Some(10), Some(40.0)), (50, Some(40), Some(10.0))]);
    assert_eq!(deltas, [(0, Some(2.0)), (10, Some(4.0)), (20, None), (30, None), (40, Some(1.0))]);
}

#[test]
fn values_are_the_last_and_gaps_are_null() {
    let last = values(
        Shape::Value,
        &[
            (-5, None, Some(1.0)),
            (1, None, Some(2.0)),
            (9, None, Some(3.0)),
            (35, None, Some(4.0)),
            (99, None, Some(5.0)),
        ],
    );
    assert_eq!(last, [(0, Some(3.0)), (10, None), (20, None), (30, Some(4.0))]);
    assert_eq!(values(Shape::Value, &[(1, None, None)]), []);
    assert_eq!(values(Shape::Value, &[(1, None, Some(f64::NAN))]), [(0, None)]);
}

#[test]
fn an_unrecorded_point_breaks_the_line() {
    let broken = values(
        GROWING,
        &[
            (0, None, Some(0.0)),
            (10, None, Some(10.0)),
            (20, None, None),
            (30, None, Some(90.0)),
            (40, None, Some(100.0)),
        ],
    );
    assert_eq!(broken, [(0, Some(1.0)), (10, None), (20, None), (30, Some(1.0))]);
}

#[test]
fn kinds_choose_the_shape() {
    assert_eq!(Shape::of("sum", Some("cumulative"), Some(true)), GROWING);
    assert_eq!(Shape::of("sum", Some("delta"), Some(true)), DELTA);
    assert_eq!(Shape::of("sum", Some("cumulative"), Some(false)), Shape::Value);
    assert_eq!(Shape::of("gauge", None, None), Shape::Value);
    assert_eq!(Shape::of("exponential_histogram", Some("delta"), None), Shape::Mean { is_delta: true });
    assert_eq!(Shape::of("summary", None, None), Shape::Mean { is_delta: false });
}
