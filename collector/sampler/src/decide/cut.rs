//! Where a budget of bytes ends along an order of priorities, in bounded memory.
//!
//! Owns [`PriorityCut`]: bytes by priority in narrow bins. The cut lies at the lower edge of the bin that no longer
//! fits as a whole. So it depends on nothing about the traces before it but their bytes, which is what keeps weights
//! honest (see [`crate::decide`]). Never holds a trace.

/// How finely priorities are told apart, and over which range; what lies outside counts as at its end.
#[derive(Clone, Copy, Debug)]
struct Grid {
    /// Bits of a double's mantissa that make a bin.
    mantissa_bits: u32,
    /// Biased exponent of the least priority.
    least_exponent: u64,
    exponents: usize,
}

/// For the one cut of all traces that no rule keeps: bins 0.02 % wide from 2^-96 to 2^96, 6 MiB.
const FINE: Grid = Grid { mantissa_bits: 12, least_exponent: 1023 - 96, exponents: 192 };
/// For the cut of each rule, of which there may be 65 at once: bins 0.2 % wide from 2^-56 to 1, 230 KiB.
const COARSE: Grid = Grid { mantissa_bits: 9, least_exponent: 1023 - 56, exponents: 57 };

/// Bytes by priority.
#[derive(Clone, Debug)]
pub struct PriorityCut {
    grid: Grid,
    /// Of traces that are kept whatever the cut.
    sure_bytes: f64,
    bins: Vec<f64>,
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
    /// For priorities of any size.
    #[must_use]
    pub const fn fine() -> Self {
        Self { grid: FINE, sure_bytes: 0.0, bins: Vec::new() }
    }

    /// For priorities up to one, in little memory.
    #[must_use]
    pub const fn coarse() -> Self {
        Self { grid: COARSE, sure_bytes: 0.0, bins: Vec::new() }
    }

    /// Adds a trace that is kept whatever the cut.
    pub fn add_sure(&mut self, bytes: f64) {
        self.sure_bytes += bytes;
    }

    /// Adds a trace; the smaller its priority value, the sooner it is kept.
    pub fn add(&mut self, priority: f64, bytes: f64) {
        if self.bins.is_empty() {
            self.bins = vec![0.0; self.grid.bins()];
        }
        self.bins[self.grid.bin_of(priority)] += bytes;
    }

    /// The cut for so many bytes. Traces that are kept whatever the cut count first, even where they alone are more.
    #[must_use]
    pub fn cut(&self, budget_bytes: f64) -> Cut {
        let mut kept_bytes = self.sure_bytes;
        for (bin, bytes) in self.bins.iter().enumerate() {
            if *bytes > 0.0 {
                if kept_bytes + bytes > budget_bytes {
                    return Cut { lambda: self.grid.lower_edge(bin), kept_bytes };
                }
                kept_bytes += bytes;
            }
        }
        Cut { lambda: f64::INFINITY, kept_bytes }
    }
}

impl Grid {
    const fn bins(&self) -> usize {
        self.exponents << self.mantissa_bits
    }

    /// Bits of a double below a bin.
    const fn shift(&self) -> u32 {
        52 - self.mantissa_bits
    }

    fn bin_of(&self, priority: f64) -> usize {
        let first = self.least_exponent << self.mantissa_bits;
        let bin = (priority.to_bits() >> self.shift()).saturating_sub(first);
        usize::try_from(bin).map_or(self.bins() - 1, |bin| bin.min(self.bins() - 1))
    }

    const fn lower_edge(&self, bin: usize) -> f64 {
        f64::from_bits(((self.least_exponent << self.mantissa_bits) + bin as u64) << self.shift())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_fits_in_order() {
        let mut cut = PriorityCut::fine();
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
