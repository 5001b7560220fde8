//! The store: a write-ahead log, a hot tier in memory, sealed Parquet files and the manifest that names them.
//!
//! Owns every byte under the data directory. It has a write half ([`Store`], the doors' [`Ingest`]) and a
//! read half ([`ReadHalf`]): who reads pins one [`Version`] and sees each acknowledged row exactly once,
//! whatever is sealed meanwhile. Never speaks HTTP, never plans a query, never decides what is worth keeping.
//!
//! The life of a request: [`Store`] packs it -> the keeper appends it to the log, syncs, shows it and
//! acknowledges -> the sealer sorts it into files, commits them to the manifest and releases the log ->
//! the compactor merges those files into larger ones.
//!
//! [`Ingest`]: spanlake_schemas::ingest::Ingest

mod arrivals;
pub mod attribute_columns;
pub mod blocks;
pub mod catalog;
mod checksum;
pub mod cold;
pub mod columns;
mod compact;
pub mod config;
mod durable;
pub mod forget;
pub mod fsck;
mod hot;
mod keeper;
mod kept_files;
mod last_points;
pub mod log;
pub mod manifest;
pub mod memory;
pub mod metrics;
pub mod open;
mod points;
pub mod read;
mod reserve;
pub mod retention;
pub mod rollup;
pub mod seal;
mod sealer;
mod series_guard;
pub mod store;
pub mod stored_form;
pub mod version;

pub use arrivals::Arrivals;
pub use catalog::{Catalog, Dimension, DimensionRows};
pub use cold::{ColdCondition, ColdConfig, ColdStatus};
pub use config::{Durability, StoreConfig};
pub use forget::{ForgetError, ForgetPreview, ForgetReport, ForgetRequest, ForgetStage};
pub use last_points::{LastPoint, LastPoints, Numbers};
pub use metrics::StoreMetrics;
pub use open::{DataDirLock, OpenError, OpenReport, Opened};
pub use points::{PointBlock, PointRun, points_of_batch};
pub use read::{ReadError, ReadHalf, TraceRows};
pub use retention::Retention;
pub use seal::order::{NANOS_PER_MILLI, milli};
pub use series_guard::SeriesLimits;
pub use store::Store;
pub use version::{DataFile, FileEntry, HotBatch, Version};

/// Now, in nanoseconds since the epoch.
#[must_use]
pub fn now_nanos() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Ends the process: going on could acknowledge what is not durable. Exit code 74, as sysexits' `EX_IOERR`.
pub(crate) fn fatal(message: &str) -> ! {
    tracing::error!("fatal: {message}; the process ends, a restart replays the log");
    std::process::exit(74)
}
