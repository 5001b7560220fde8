//! Small arithmetic that differs from Rust's own.
//!
//! Owns minimum and maximum as Go has them, where NaN wins, and quantiles of plain numbers.

/// The smaller one; NaN if either is NaN.
pub(crate) fn minimum(left: f64, right: f64) -> f64 {
    if left.is_nan() || right.is_nan() {
        if left == f64::NEG_INFINITY || right == f64::NEG_INFINITY { f64::NEG_INFINITY } else { f64::NAN }
    } else {
        left.min(right)
    }
}

/// The larger one; NaN if either is NaN.
pub(crate) fn maximum(left: f64, right: f64) -> f64 {
    if left.is_nan() || right.is_nan() {
        if left == f64::INFINITY || right == f64::INFINITY { f64::INFINITY } else { f64::NAN }
    } else {
        left.max(right)
    }
}

/// The value at a share `q` of the sorted values, interpolated between two; NaN counts as smallest.
pub(crate) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if !(0.0..=1.0).contains(&q) {
        return if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    values.sort_by(|left, right| right.is_nan().cmp(&left.is_nan()).then(left.total_cmp(right)));
    let last = values.len() - 1;
    let rank = q * last as f64;
    let lower = (rank.floor().max(0.0) as usize).min(last);
    let upper = (lower + 1).min(last);
    let weight = rank - rank.floor();
    values[lower] * (1.0 - weight) + values[upper] * weight
}
