//! The engine's own threads, so that a heavy statement never takes ingest's.
//!
//! Owns a tokio runtime. Never runs anything but what questions need.

use tokio::runtime::{Builder, Handle, Runtime};

use crate::EngineError;

/// Plans are walked recursively, and not all of DataFusion grows its stack as it goes: this holds the deepest
/// plan that [`crate::statement`] lets pass. Memory that is not touched is not used.
const STACK_BYTES: usize = 64 << 20;
/// What these threads let go before them where all cores are busy: who sends is answered first, as it may have nowhere to keep
/// what it sends; a question gets every core that is idle, and a seventh of one that is not. Merging and moving give way to both.
const NICE: i32 = 8;

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
            .on_thread_start(give_way)
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

fn give_way() {
    // On Linux of the calling thread alone. Where it is refused, statements run as everything else does.
    let _ = rustix::process::setpriority_process(None, NICE);
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
