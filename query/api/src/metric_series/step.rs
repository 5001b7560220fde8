//! How far apart the points of a line are.

use crate::parameters::SECOND;

const NICE: [i64; 20] =
    [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/// A length that people count in, so long that there are not too many points and that most hold a measurement.
pub(super) fn step(length: i64, points_max: usize, interval: i64) -> i64 {
    let points_max = i64::try_from(points_max).unwrap_or(i64::MAX).max(1);
    let least = (length / points_max + i64::from(length % points_max != 0)).max(interval);
    let nice = NICE.iter().map(|seconds| seconds * SECOND).find(|nice| *nice >= least);
    nice.unwrap_or_else(|| (least / (86_400 * SECOND) + 1).saturating_mul(86_400 * SECOND))
}
