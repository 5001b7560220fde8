//! What a statement may use. Plain values, validated by the assembly.

use std::path::PathBuf;
use std::time::Duration;

/// What a statement may use.
#[derive(Clone, Debug)]
pub struct EngineLimits {
    /// Bytes that all running statements may hold together.
    pub memory_bytes_max: usize,
    /// Wall time of one statement, from admission to its last row.
    pub timeout: Duration,
    /// Statements that run at once; one more waits up to `queue_wait`, then is refused as busy.
    pub concurrency: usize,
    pub queue_wait: Duration,
    /// Threads of the engine's own runtime; 0: one a core.
    pub threads: usize,
    /// Where sorts and aggregates spill.
    pub spill_dir: PathBuf,
    pub spill_bytes_max: u64,
}

impl EngineLimits {
    pub(crate) fn thread_count(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            threads => threads,
        }
    }
}
