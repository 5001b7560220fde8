//! The account of bytes: requests in flight plus unsealed rows, against one cap; and who may be decoded now.
//!
//! Owns the arithmetic of admission. Never measures; it adds what it is told. A request that waits for room is held as it
//! came: decoded ones that wait, three times as large, are what would go beyond the cap.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use spanlake_schemas::ingest::{Permit, Refusal};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::metrics::StoreMetrics;

/// Rows take up to so many times what the request took that brought them: spans of OTLP's protobuf 1.6 times.
const ROWS_PER_BODY: u64 = 2;

/// The account.
#[derive(Debug)]
pub struct MemoryAccount {
    cap: u64,
    metrics: Arc<StoreMetrics>,
    expected: Arc<Expected>,
}

/// Rows of the requests that are being decoded, as large as they may become.
#[derive(Debug, Default)]
struct Expected {
    bytes: AtomicU64,
    /// There may be room for one more, or for all.
    changed: Notify,
}

/// Room for the rows of one request, until they are among the unsealed ones.
#[derive(Debug)]
pub struct Room {
    bytes: u64,
    expected: Arc<Expected>,
}

impl Permit for Room {}

impl Drop for Room {
    fn drop(&mut self) {
        self.expected.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
        self.expected.changed.notify_one();
    }
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
        Self { cap, metrics, expected: Arc::default() }
    }

    /// Bytes held now.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.metrics.in_flight_bytes.load(Ordering::Acquire) + self.metrics.unsealed_bytes.load(Ordering::Acquire)
    }

    /// Room for the rows of a body of so many bytes, if there is; one is always let in where no others are.
    #[must_use]
    pub fn room_now(&self, body_bytes: u64) -> Option<Room> {
        let bytes = body_bytes.saturating_mul(ROWS_PER_BODY);
        let before = self.expected.bytes.fetch_add(bytes, Ordering::AcqRel);
        let others = before + self.metrics.unsealed_bytes.load(Ordering::Acquire);
        if others > 0 && others.saturating_add(bytes) > self.cap / 4 * 3 {
            self.expected.bytes.fetch_sub(bytes, Ordering::AcqRel);
            return None;
        }
        Some(Room { bytes, expected: Arc::clone(&self.expected) })
    }

    /// The same, waiting until then for room.
    ///
    /// # Errors
    /// [`Refusal::Memory`] when there was none.
    pub async fn room(&self, body_bytes: u64, until: Instant) -> Result<Room, Refusal> {
        loop {
            let changed = self.expected.changed.notified();
            if let Some(room) = self.room_now(body_bytes) {
                return Ok(room);
            }
            if timeout_at(until, changed).await.is_err() {
                return Err(self.refusal(self.held()));
            }
        }
    }

    /// Rows were sealed: all who wait for room look again.
    pub fn sealed(&self) {
        self.expected.changed.notify_waiters();
    }

    fn refusal(&self, held: u64) -> Refusal {
        self.metrics.refused_memory.fetch_add(1, Ordering::Relaxed);
        Refusal::Memory { held, cap: self.cap }
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
            return Err(self.refusal(held));
        }
        Ok(permit)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const CAP: u64 = 4000;

    fn account() -> (MemoryAccount, Arc<StoreMetrics>) {
        let metrics = Arc::new(StoreMetrics::default());
        (MemoryAccount::new(CAP, Arc::clone(&metrics)), metrics)
    }

    fn in_a_moment() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    #[tokio::test]
    async fn there_is_room_for_rows_up_to_three_quarters_of_the_cap() {
        let (account, metrics) = account();
        let alone = account.room_now(100_000).expect("one alone is let in, whatever its size");
        assert!(account.room_now(1).is_none(), "beside it nothing is");
        drop(alone);
        metrics.unsealed_bytes.store(2000, Ordering::Release);
        let first = account.room_now(500).expect("2000 and 1000 are three quarters");
        assert!(matches!(account.room(1, in_a_moment()).await, Err(Refusal::Memory { held: 2000, cap: CAP })));
        assert_eq!(metrics.refused_memory.load(Ordering::Relaxed), 1);
        drop(first);
        assert!(account.room_now(500).is_some());
    }

    #[tokio::test]
    async fn who_waits_goes_on_when_another_is_stored_and_all_do_after_a_seal() {
        let (account, metrics) = account();
        let account = Arc::new(account);
        let waits = |bytes: u64| {
            let account = Arc::clone(&account);
            tokio::spawn(async move { account.room(bytes, Instant::now() + Duration::from_secs(10)).await.map(drop) })
        };
        let first = account.room_now(1500).expect("nothing else is there");
        let second = waits(1500);
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(!second.is_finished());
        drop(first);
        second.await.unwrap().expect("there is room now");
        metrics.unsealed_bytes.store(CAP, Ordering::Release);
        let waiting = [waits(10), waits(20), waits(30)];
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(waiting.iter().all(|one| !one.is_finished()));
        metrics.unsealed_bytes.store(0, Ordering::Release);
        account.sealed();
        for one in waiting {
            one.await.unwrap().expect("there is room now");
        }
    }
}
