//! Where a budget of bytes ends along an order of priorities, in bounded memory.
//!
//! Owns [`PriorityCut`]: bytes by priority in bins 0.02 % wide. The cut lies at the lower edge of the bin that no longer
//! fits as a whole. So it depends on nothing about the traces before it but their bytes, which is what keeps weights
//! honest (see [`crate::decide`]). Never holds a trace.

/// Bits of the double below a bin: 12 bits of mantissa stay.
const SHIFT: u32 = 40;
/// Priorities from 2^-96 to 2^96; what lies outside counts as at the end.
const LEAST_EXPONENT: u64 = 1023 - 96;
const EXPONENTS: usize = 192;
const BINS: usize = EXPONENTS << 12;

/// Bytes by priority.
#[derive(Clone, Debug, Default)]
pub struct PriorityCut {
    /// Of traces that are kept whatever the cut.
    sure_bytes: f64,
    bins: Vec<f64>,
    total_bytes: f64,
}

/// The outcome of a cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// Traces with a priority below are kept; infinite where all are.
    pub lambda: f64,
    /// Bytes of the traces that are kept.
    pub kept_bytes: f64,
}

impl PriorityCut {
    /// Adds a trace that is kept whatever the cut.
    pub fn add_sure(&mut self, bytes: f64) {
        self.sure_bytes += bytes;
        self.total_bytes += bytes;
    }

    /// Adds a trace; the smaller its priority value, the sooner it is kept.
    pub fn add(&mut self, priority: f64, bytes: f64) {
        if self.bins.is_empty() {
            self.bins = vec![0.0; BINS];
        }
        self.bins[bin_of(priority)] += bytes;
        self.total_bytes += bytes;
    }

    /// Of all traces.
    #[must_use]
    pub const fn total_bytes(&self) -> f64 {
        self.total_bytes
    }

    /// The cut for so many bytes. Traces that are kept whatever the cut count first, even where they alone are more.
    #[must_use]
    pub fn cut(&self, budget_bytes: f64) -> Cut {
        let mut kept_bytes = self.sure_bytes;
        for (bin, bytes) in self.bins.iter().enumerate() {
            if *bytes > 0.0 {
                if kept_bytes + bytes > budget_bytes {
                    return Cut { lambda: lower_edge(bin), kept_bytes };
                }
                kept_bytes += bytes;
            }
        }
        Cut { lambda: f64::INFINITY, kept_bytes }
    }
}

fn bin_of(priority: f64) -> usize {
    let first = LEAST_EXPONENT << 12;
    let bin = (priority.to_bits() >> SHIFT).saturating_sub(first);
    usize::try_from(bin).map_or(BINS - 1, |bin| bin.min(BINS - 1))
}

fn lower_edge(bin: usize) -> f64 {
    f64::from_bits(((LEAST_EXPONENT << 12) + bin as u64) << SHIFT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_fits_in_order() {
        let mut cut = PriorityCut::default();
        cut.add_sure(10.0);
        for (priority, bytes) in [(0.5, 20.0), (3.0, 30.0), (1e-9, 5.0), (700.0, 1.0)] {
            cut.add(priority, bytes);
        }
        assert_eq!(cut.cut(1_000.0), Cut { lambda: f64::INFINITY, kept_bytes: 66.0 });
        let some = cut.cut(64.0);
        assert_eq!(some.kept_bytes, 35.0);
        assert!(some.lambda <= 3.0 && some.lambda > 2.99);
        assert_eq!(cut.cut(3.0).kept_bytes, 10.0);
    }
}
