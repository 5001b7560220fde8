//! The engine's own threads, so that a heavy statement never takes ingest's.
//!
//! Owns a tokio runtime. Never runs anything but statements.

use tokio::runtime::{Builder, Handle, Runtime};

use crate::EngineError;

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
            .thread_name("spanlake-query")
            .enable_time()
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
