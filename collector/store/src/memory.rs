//! The account of bytes: requests in flight plus unsealed rows, against one cap.
//!
//! Owns the arithmetic of admission. Never measures; it adds what it is told.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use spanlake_schemas::ingest::{Permit, Refusal};

use crate::metrics::StoreMetrics;

/// The account.
#[derive(Debug)]
pub struct MemoryAccount {
    cap: u64,
    metrics: Arc<StoreMetrics>,
}

/// Bytes of one request in flight.
#[derive(Debug)]
pub struct InFlight {
    bytes: u64,
    metrics: Arc<StoreMetrics>,
}

impl Permit for InFlight {}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.metrics.in_flight_bytes.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

impl MemoryAccount {
    /// An account with a cap in bytes.
    #[must_use]
    pub fn new(cap: u64, metrics: Arc<StoreMetrics>) -> Self {
        Self { cap, metrics }
    }

    /// Bytes held now.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.metrics.in_flight_bytes.load(Ordering::Acquire) + self.metrics.unsealed_bytes.load(Ordering::Acquire)
    }

    /// Whether appends should wait for a seal rather than run into the cap.
    #[must_use]
    pub fn is_tight(&self) -> bool {
        self.metrics.unsealed_bytes.load(Ordering::Acquire) > self.cap / 4 * 3
    }

    /// Sets bytes aside. One request is always let in where nothing is held, whatever its size.
    ///
    /// # Errors
    /// [`Refusal::Memory`] at the cap.
    pub fn admit(&self, bytes: u64) -> Result<InFlight, Refusal> {
        let before = self.metrics.in_flight_bytes.fetch_add(bytes, Ordering::AcqRel);
        let permit = InFlight { bytes, metrics: Arc::clone(&self.metrics) };
        let held = before + self.metrics.unsealed_bytes.load(Ordering::Acquire);
        if held > 0 && held + bytes > self.cap {
            self.metrics.refused_memory.fetch_add(1, Ordering::Relaxed);
            return Err(Refusal::Memory { held, cap: self.cap });
        }
        Ok(permit)
    }
}
