//! The engine's own threads, so that a heavy statement never takes ingest's.
//!
//! Owns a tokio runtime. Never runs anything but statements.

use tokio::runtime::{Builder, Handle, Runtime};

use crate::EngineError;

/// Plans are walked recursively, and not all of DataFusion grows its stack as it goes: this holds the deepest
/// plan that [`crate::statement`] lets pass. Memory that is not touched is not used.
const STACK_BYTES: usize = 64 << 20;

/// A runtime that may be dropped from within another one.
pub(crate) struct Threads {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Threads {
    pub(crate) fn start(count: usize) -> Result<Self, EngineError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(count)
            .max_blocking_threads(count * 4 + 8)
            .thread_stack_size(STACK_BYTES)
            .thread_name("spanlake-query")
            // The cold tier may be in a bucket, which is read over the network.
            .enable_all()
            .build()
            .map_err(|error| EngineError::Failed { message: format!("cannot start query threads: {error}") })?;
        let handle = runtime.handle().clone();
        Ok(Self { runtime: Some(runtime), handle })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
