//! What the store is told at its start. Plain values, validated by the assembly.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use spanlake_schemas::door::Door;
use spanlake_schemas::red::SpanSums;

use crate::cold::ColdConfig;
use crate::retention::Retention;
use crate::series_guard::SeriesLimits;

/// What an acknowledgement survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A power cut: the log is synced before each acknowledgement.
    Fsync,
    /// A killed process, not a power cut: the operating system writes when it likes.
    Os,
}

/// Settings of the store.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    pub data_dir: PathBuf,
    pub durability: Durability,
    /// Size of a preallocated log segment.
    pub log_segment_bytes: u64,
    /// Requests in flight and unsealed rows together; at the cap requests are refused.
    pub memory_bytes_max: u64,
    /// Unsealed bytes that start a seal.
    pub seal_bytes: u64,
    /// Age of the oldest unsealed row that starts a seal.
    pub seal_interval: Duration,
    /// Whether small files are merged.
    pub compaction: bool,
    /// What is kept for how long.
    pub retention: Retention,
    /// Bytes of hot files and the log at which requests are refused; `None`: what the disk has.
    pub disk_bytes_max: Option<u64>,
    /// Where hot data goes in the end; `None`: it stays.
    pub cold: Option<ColdConfig>,
    /// Who sums all spans that are sealed; `None`: nobody.
    pub span_sums: Option<Arc<dyn SpanSums>>,
    /// Who held back a part of the traces of logged requests, and does it again when the log is replayed.
    pub door: Option<Arc<dyn Door>>,
    /// How many metric series may be active.
    pub series_limits: SeriesLimits,
}

impl StoreConfig {
    /// Unsealed bytes that start a seal, before requests wait for room.
    #[must_use]
    pub const fn unsealed_bytes_full(&self) -> u64 {
        let half = self.memory_bytes_max / 2;
        if self.seal_bytes < half { self.seal_bytes } else { half }
    }

    /// The defaults, in a folder.
    #[must_use]
    pub fn in_dir(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            durability: Durability::Fsync,
            log_segment_bytes: 64 << 20,
            memory_bytes_max: 128 << 20,
            seal_bytes: 48 << 20,
            seal_interval: Duration::from_secs(30),
            compaction: true,
            retention: Retention::default(),
            disk_bytes_max: None,
            cold: None,
            span_sums: None,
            door: None,
            series_limits: SeriesLimits::default(),
        }
    }
}
