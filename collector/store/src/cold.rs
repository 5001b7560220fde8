//! The cold tier: what leaves the hot one, as Parquet in a folder or a bucket that others can open as Delta tables.
//!
//! Owns the move: files written and uploaded, one commit in the cold log (the commit point) that adds them and retires
//! the hot ones, then the local manifest, the version, the Delta mirror. While the place cannot be reached, hot files
//! wait. Never deletes a hot file before its rows are committed cold.

pub(crate) mod bucket;
pub(crate) mod cache;
mod decisions;
pub(crate) mod delta;
pub(crate) mod dimensions;
pub(crate) mod forget;
pub mod form;
pub(crate) mod log;
pub(crate) mod merge;
pub(crate) mod mover;
pub(crate) mod pending;
pub(crate) mod pick;
pub(crate) mod place;
mod retention;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod sampling;
mod scratch;
pub mod status;
pub(crate) mod tier;
pub(crate) mod write;

pub use cache::BlockReads;
pub use log::ColdLogError;
pub use place::PlaceError;
pub use status::{ColdCondition, ColdStatus};
pub use write::WriteError;

use std::sync::Arc;
use std::time::Duration;

use spanlake_schemas::sampling::HotEnd;

/// What the cold tier is told at its start.
#[derive(Clone)]
pub struct ColdConfig {
    /// A path, `s3://bucket/prefix`, `gs://…` or `az://…`.
    pub url: String,
    /// The client's own options, which go before the environment's. May hold secrets.
    pub options: Vec<(String, String)>,
    /// Whether another installation's data is taken over.
    pub adopt: bool,
    /// How long rows stay hot after their receipt.
    pub hot_age_max: Duration,
    /// Bytes of hot files above which the oldest hours leave early.
    pub hot_bytes_max: u64,
    /// How long a file that a commit removed stays for readers of the Delta table.
    pub sweep_after: Duration,
    /// Bytes of a bucket's files that are kept on the local disk once they were read.
    pub cache_bytes_max: u64,
    /// Decides which traces move; `None`: all do.
    pub sampling: Option<Arc<dyn HotEnd>>,
}

impl std::fmt::Debug for ColdConfig {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.options.iter().map(|(name, _)| name.as_str()).collect();
        formatter
            .debug_struct("ColdConfig")
            .field("url", &bucket::without_secrets(&self.url))
            .field("options", &names)
            .field("adopt", &self.adopt)
            .field("hot_age_max", &self.hot_age_max)
            .field("hot_bytes_max", &self.hot_bytes_max)
            .field("is_sampled", &self.sampling.is_some())
            .finish_non_exhaustive()
    }
}
