//! Who may run: a fixed number of statements at once, a short wait for one more.
//!
//! Owns the count. Never looks at a statement.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::EngineError;

/// The gate before planning.
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    concurrency: usize,
    queue_wait: Duration,
}

impl Admission {
    pub(crate) fn new(concurrency: usize, queue_wait: Duration) -> Self {
        let concurrency = concurrency.max(1);
        Self { places: Arc::new(Semaphore::new(concurrency)), concurrency, queue_wait }
    }

    /// A place, held until the statement ends or is dropped.
    pub(crate) async fn enter(&self) -> Result<OwnedSemaphorePermit, EngineError> {
        let place = Arc::clone(&self.places).acquire_owned();
        match tokio::time::timeout(self.queue_wait, place).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(EngineError::Busy { running: self.concurrency }),
        }
    }
}
