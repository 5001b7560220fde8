//! The query engine: the only crate that names DataFusion.
//!
//! Owns sessions, table providers over the store's read half, functions and limits. Never speaks HTTP or
//! JSON, never writes.

mod error;
mod stream;

pub use error::{EngineError, Position};
pub use stream::{QueryAnswer, QueryStats};

use std::time::Duration;

use spanlake_store::ReadHalf;

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
    pub spill_dir: std::path::PathBuf,
    pub spill_bytes_max: u64,
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    _store: ReadHalf,
}

impl Engine {
    /// Builds the session template and the engine's threads.
    ///
    /// # Errors
    /// When a table or the runtime cannot be set up.
    pub fn new(store: ReadHalf, _limits: EngineLimits) -> Result<Self, EngineError> {
        Ok(Self { _store: store })
    }

    /// Plans one read-only statement and starts it. Dropping the answer cancels it.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn query(&self, _sql: &str) -> Result<QueryAnswer, EngineError> {
        Err(EngineError::Unsupported { message: "no tables".into() })
    }
}
