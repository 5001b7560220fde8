//! From moments of residuals to a 95 % interval that holds for skewed data too.
//!
//! Owns the two forms. Never sees data.
//!
//! *Score form*, for totals and ratios. An estimate and its estimated variance move together: by chance many kept
//! traces, a large total and a large variance. Wald's interval therefore ends too low. The regression of the variance on
//! the estimate has the slope `b = m3 / m2` (third by second moment of the residuals), so solve
//! `(d)^2 = k^2 (m2 + b d)` for the distance `d` from the estimate to the truth: for a count kept with one probability
//! this is the score interval of a Poisson mean, for a proportion Wilson's (JASA 22, 1927). What remains of the
//! variance's own error, `m4 - m3^2 / m2`, sets Student's degrees of freedom `2 m2^2 / (m4 - m3^2 / m2)`
//! (Satterthwaite, Biometrics Bulletin 2, 1946), which is infinite for a count and small where few traces dominate.
//!
//! *Null form*, for ranks of a quantile, where the truth is given and the estimate varies around it: `k` standard
//! deviations, moved by `(k^2 - 1) / 6` times the skewness (Cornish, Fisher, 1937).

use crate::estimate::clusters::Moments;

/// 97.5 % of the normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;
/// Below so many degrees of freedom nothing is learnt from a variance.
const DEGREES_MIN: f64 = 3.0;

/// Distances to the lower (negative) and the upper (positive) end around an estimate.
#[must_use]
pub fn score(moments: &Moments) -> (f64, f64) {
    if moments.second <= 0.0 {
        return (0.0, 0.0);
    }
    let k = student(degrees_of_freedom(moments));
    let half = k * k * moments.third / moments.second / 2.0;
    let root = (half * half + k * k * moments.second).sqrt();
    (half - root, half + root)
}

/// Distances where the residuals of few traces are left: both ends as if the next trace added or took `typical`. Without
/// any trace, the upper end is that of a Poisson mean of which none was seen.
#[must_use]
pub fn thin(moments: &Moments, typical: f64) -> (f64, f64) {
    let half = NORMAL * NORMAL * typical.abs() / 2.0;
    let root = (half * half + NORMAL * NORMAL * moments.second).sqrt();
    (-half - root, half + root)
}

/// Distances from a true value to the ends between which its estimate falls.
#[must_use]
pub fn null(moments: &Moments) -> (f64, f64) {
    if moments.second <= 0.0 {
        return (0.0, 0.0);
    }
    let k = student(degrees_of_freedom(moments));
    let shift = (k * k - 1.0) / 6.0 * moments.third / moments.second;
    let spread = k * moments.second.sqrt();
    (shift - spread, shift + spread)
}

fn degrees_of_freedom(moments: &Moments) -> f64 {
    let unexplained = moments.fourth - moments.third * moments.third / moments.second;
    // A rest of rounding is no uncertainty.
    if unexplained <= moments.second * moments.second * 1e-9 {
        return f64::INFINITY;
    }
    (2.0 * moments.second * moments.second / unexplained).max(DEGREES_MIN)
}

/// 97.5 % of Student's distribution, by Fisher's expansion around the normal (Abramowitz, Stegun, 26.7.5): from three
/// degrees of freedom within 0.4 %.
#[must_use]
pub fn student(degrees: f64) -> f64 {
    if !degrees.is_finite() {
        return NORMAL;
    }
    let z = NORMAL;
    let (z3, z5, z7, z9) = (z.powi(3), z.powi(5), z.powi(7), z.powi(9));
    let terms = [
        (z3 + z) / 4.0,
        (5.0 * z5 + 16.0 * z3 + 3.0 * z) / 96.0,
        (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / 384.0,
        (79.0 * z9 + 776.0 * z7 + 1482.0 * z5 - 1920.0 * z3 - 945.0 * z) / 92_160.0,
    ];
    terms.iter().zip(1..).fold(z, |sum, (term, power)| sum + term / degrees.powi(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_s_quantiles_are_those_of_the_tables() {
        for (degrees, expected) in [(3.0, 3.182), (5.0, 2.571), (10.0, 2.228), (30.0, 2.042), (f64::INFINITY, 1.960)] {
            assert!((student(degrees) / expected - 1.0_f64).abs() < 5e-3, "{degrees} {}", student(degrees));
        }
    }

    #[test]
    fn a_count_has_the_score_interval_of_a_poisson_mean() {
        let mut moments = Moments::default();
        (0..36).for_each(|_| moments.add(1.0));
        let (low, high) = score(&moments);
        let half = NORMAL * NORMAL / 2.0;
        assert!((high - (half + (half * half + 36.0 * NORMAL * NORMAL).sqrt())).abs() < 1e-9);
        assert!(low < 0.0 && -low < high);
    }
}
