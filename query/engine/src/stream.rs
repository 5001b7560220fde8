//! A running statement's answer: its schema, its batches as they come, and what it cost.

use std::pin::Pin;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use futures::Stream;

use crate::EngineError;

/// What a statement read, known in full once the stream has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryStats {
    pub files_read: u64,
    pub files_total: u64,
    pub bytes_scanned: u64,
}

/// The answer of one statement.
pub struct QueryAnswer {
    pub schema: SchemaRef,
    /// Batches in order; an error ends the stream.
    pub batches: Pin<Box<dyn Stream<Item = Result<RecordBatch, EngineError>> + Send>>,
    pub(crate) stats: std::sync::Arc<parking_lot::Mutex<QueryStats>>,
}

impl QueryAnswer {
    /// What has been read so far.
    #[must_use]
    pub fn stats(&self) -> QueryStats {
        *self.stats.lock()
    }
}
