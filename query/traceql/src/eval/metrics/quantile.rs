//! Histograms with a bucket for each power of two, and quantiles of them.
//!
//! Owns the buckets' borders and the interpolation, which is exponential, as in Tempo. Never sees spans.

use std::collections::BTreeMap;

use crate::eval::operand::Operand;

const NANOSECONDS_PER_SECOND: f64 = 1e9;

/// Counts by upper border. Borders are positive, so their bits order them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    counts: BTreeMap<u64, u64>,
}

impl Histogram {
    /// Counts a value under the upper border of its bucket.
    pub fn add(&mut self, border: f64) {
        self.add_count(border, 1);
    }

    /// Counts so many values.
    pub fn add_count(&mut self, border: f64, count: u64) {
        *self.counts.entry(border.to_bits()).or_default() += count;
    }

    /// Upper borders and counts, ascending.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        self.counts.iter().map(|(border, count)| (f64::from_bits(*border), *count))
    }

    /// The quantile; zero where nothing is counted.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> f64 {
        let total: u64 = self.counts.values().sum();
        if total == 0 {
            return 0.0;
        }
        // At least one value is below every quantile.
        let wanted = ((quantile * total as f64).ceil() as u64).max(1);
        let mut below = 0;
        let mut border_before = None;
        for (border, count) in self.buckets() {
            if below + count == wanted {
                return border;
            }
            if below + count > wanted {
                let share = (wanted - below) as f64 / count as f64;
                let upper = border.log2();
                let lower = border_before.map_or(upper - 1.0, f64::log2);
                return (lower + (upper - lower) * share).exp2();
            }
            below += count;
            border_before = Some(border);
        }
        border_before.unwrap_or(0.0)
    }
}

/// The upper border of a value's bucket: the next power of two, of nanoseconds for durations, which are then given in
/// seconds. Whole numbers below two, and what is not positive, are in no bucket.
#[must_use]
pub fn bucket_of(value: &Operand<'_>) -> Option<f64> {
    match value {
        Operand::Int(value) => next_power(*value),
        Operand::Duration(value) => next_power(*value).map(|border| border / NANOSECONDS_PER_SECOND),
        Operand::Float(value) if *value > 0.0 && value.is_finite() => {
            let border = value.log2().ceil().exp2();
            border.is_finite().then_some(border)
        }
        _ => None,
    }
}

fn next_power(value: i64) -> Option<f64> {
    let value = u64::try_from(value).ok().filter(|value| *value >= 2)?;
    Some(value.next_power_of_two() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_end_at_powers_of_two() {
        let border = |value: i64| bucket_of(&Operand::Int(value));
        assert_eq!((border(1), border(2), border(3), border(1025)), (None, Some(2.0), Some(4.0), Some(2048.0)));
        assert_eq!(border(-5), None);
        assert_eq!(bucket_of(&Operand::Duration(1 << 30)), Some((1_u64 << 30) as f64 / 1e9));
        assert_eq!(bucket_of(&Operand::Float(0.3)), Some(0.5));
        assert_eq!(bucket_of(&Operand::Float(f64::NAN)), None);
        assert_eq!(bucket_of(&Operand::Bool(true)), None);
        assert!(border(i64::MAX).is_some());
    }

    #[test]
    fn quantiles_lie_within_their_bucket() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), 0.0);
        for _ in 0..4 {
            histogram.add(8.0);
        }
        histogram.add(64.0);
        assert_eq!(histogram.quantile(0.8), 8.0);
        assert_eq!(histogram.quantile(1.0), 64.0);
        // Half of the first bucket, which ends at 8 and begins at 4.
        assert!((histogram.quantile(0.4) - 4.0 * 2_f64.sqrt()).abs() < 1e-12);
        assert!(histogram.quantile(0.0) > 4.0);
    }
}
