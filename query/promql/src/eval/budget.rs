//! What a query may use.
//!
//! Owns the limits and counts against them: samples loaded, bytes held, and whether someone wants the query to end.
//! Never reads a clock: a deadline is the caller's cancel callback.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::EvalError;

/// Limits of one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Samples that all selectors together may load; a histogram counts as one sample for each 16 bytes.
    pub samples_max: usize,
    /// Bytes that loaded series and results of nodes may take at one time, about.
    pub memory_bytes_max: usize,
    /// Steps of a range query.
    pub steps_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { samples_max: 50_000_000, memory_bytes_max: 1 << 30, steps_max: 11_000 }
    }
}

/// Asked now and then whether to go on; an answer ends the query with that reason.
pub type CancelCheck = dyn Fn() -> Option<String> + Send + Sync;

/// A query's counts.
pub(crate) struct Budget {
    limits: Limits,
    samples: AtomicUsize,
    bytes: AtomicUsize,
    bytes_peak: AtomicUsize,
    cancel: Option<Arc<CancelCheck>>,
}

/// Bytes that are given back when this goes.
#[derive(Default)]
pub(crate) struct Charge {
    bytes: usize,
    budget: Option<Arc<Budget>>,
}

// === impl Budget ===

impl Budget {
    pub(crate) fn new(limits: Limits, cancel: Option<Arc<CancelCheck>>) -> Arc<Self> {
        let zero = || AtomicUsize::new(0);
        Arc::new(Self { limits, samples: zero(), bytes: zero(), bytes_peak: zero(), cancel })
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn samples(&self) -> usize {
        self.samples.load(Ordering::Relaxed)
    }

    pub(crate) fn bytes_peak(&self) -> usize {
        self.bytes_peak.load(Ordering::Relaxed)
    }

    pub(crate) fn count_samples(&self, count: usize) -> Result<(), EvalError> {
        let total = self.samples.fetch_add(count, Ordering::Relaxed) + count;
        let limit = self.limits.samples_max;
        if total > limit { Err(EvalError::TooManySamples { total, limit }) } else { Ok(()) }
    }

    pub(crate) fn charge(self: &Arc<Self>, bytes: usize) -> Result<Charge, EvalError> {
        // Capped, so that no sum of charges overflows.
        let bytes = bytes.min(usize::MAX >> 8);
        let total = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let charge = Charge { bytes, budget: Some(Arc::clone(self)) };
        self.bytes_peak.fetch_max(total, Ordering::Relaxed);
        let limit = self.limits.memory_bytes_max;
        if total > limit { Err(EvalError::TooMuchMemory { total, limit }) } else { Ok(charge) }
    }

    /// An error if the query shall end.
    pub(crate) fn check_cancelled(&self) -> Result<(), EvalError> {
        match self.cancel.as_ref().and_then(|cancel| cancel()) {
            Some(reason) => Err(EvalError::Cancelled(reason)),
            None => Ok(()),
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes", self.bytes)
    }
}
