//! What the store counts about itself.
//!
//! Owns atomics that the write half sets and `/metrics` reads. Never formats.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the sync-time buckets: powers of two from 64 µs, then everything.
const BUCKETS: usize = 20;

/// Durations in power-of-two buckets.
#[derive(Debug, Default)]
pub struct DurationBuckets {
    counts: [AtomicU64; BUCKETS],
    sum_micros: AtomicU64,
}

impl DurationBuckets {
    /// Counts one.
    pub fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = (0..BUCKETS - 1).find(|bucket| micros <= Self::bound_micros(*bucket)).unwrap_or(BUCKETS - 1);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// The upper bound of a bucket in microseconds.
    #[must_use]
    pub const fn bound_micros(bucket: usize) -> u64 {
        64 << bucket
    }

    /// Counts by bucket (the last one has no bound) and the sum in seconds.
    #[must_use]
    pub fn read(&self) -> (Vec<u64>, f64) {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        #[allow(clippy::cast_precision_loss, reason = "a sum of microseconds needs no 64 bits of precision")]
        let seconds = self.sum_micros.load(Ordering::Relaxed) as f64 / 1e6;
        (counts, seconds)
    }

    /// The bound below which this share of durations lies.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let (counts, _) = self.read();
        let total: u64 = counts.iter().sum();
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank"
        )]
        let rank = (total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in counts.iter().enumerate() {
            seen += count;
            if total > 0 && seen >= rank {
                return Duration::from_micros(Self::bound_micros(bucket));
            }
        }
        Duration::ZERO
    }
}

/// Counters and gauges of the store.
#[derive(Debug, Default)]
pub struct StoreMetrics {
    pub log_written_bytes: AtomicU64,
    pub log_disk_bytes: AtomicU64,
    pub log_groups: AtomicU64,
    pub log_requests: AtomicU64,
    pub duplicate_requests: AtomicU64,
    pub sync_seconds: DurationBuckets,
    pub unsealed_rows: AtomicU64,
    pub unsealed_bytes: AtomicU64,
    pub in_flight_bytes: AtomicU64,
    /// Receive time of the oldest unsealed row, nanoseconds; 0: there is none.
    pub oldest_unsealed: AtomicI64,
    pub seals: AtomicU64,
    pub seal_failures: AtomicU64,
    pub sealed_rows: AtomicU64,
    pub sealed_bytes: AtomicU64,
    /// How long the last seal took, microseconds.
    pub last_seal_micros: AtomicU64,
    pub merges: AtomicU64,
    pub merge_failures: AtomicU64,
    /// Files that merges have replaced.
    pub merged_files: AtomicU64,
    pub merged_rows: AtomicU64,
    pub merged_bytes_read: AtomicU64,
    pub merged_bytes_written: AtomicU64,
    /// Files and their bytes that retention has removed.
    pub expired_files: AtomicU64,
    pub expired_bytes: AtomicU64,
    /// Files that were rewritten without some of their rows, and those rows: forgotten, or their service's time is over.
    pub revised_files: AtomicU64,
    pub revised_rows: AtomicU64,
    /// Bytes of hot files.
    pub hot_file_bytes: AtomicU64,
    /// Hours moved to the cold tier, and their rows.
    pub cold_moves: AtomicU64,
    pub cold_moved_rows: AtomicU64,
    /// Rows of traces that sampling did not keep.
    pub cold_dropped_rows: AtomicU64,
    pub cold_merges: AtomicU64,
    pub refused_memory: AtomicU64,
    pub refused_disk_full: AtomicU64,
    pub disk_full: AtomicU64,
    pub spans: AtomicU64,
    pub logs: AtomicU64,
    pub points: AtomicU64,
    /// Points among these that went to overflow series.
    pub overflowed_points: AtomicU64,
}
