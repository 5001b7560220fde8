//! Readers of files that say whether the footer was in memory, and that check what they read.
//!
//! Owns nothing but that count: reading and keeping are DataFusion's, checksums are the store's.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use object_store::ObjectStore;
use parquet::arrow::async_reader::AsyncFileReader;

use spanlake_store::{DataFile, ReadHalf};

use super::Reading;

/// Makes such readers for one statement.
pub(super) struct CountedFooters {
    readers: CachedParquetFileReaderFactory,
    footers: Arc<FileMetadataCache>,
    reading: Arc<Reading>,
    checks: ReadHalf,
}

impl CountedFooters {
    pub(super) fn new(
        store: Arc<dyn ObjectStore>,
        footers: Arc<FileMetadataCache>,
        reading: Arc<Reading>,
        checks: ReadHalf,
    ) -> Self {
        let readers = CachedParquetFileReaderFactory::new(store, Arc::clone(&footers));
        Self { readers, footers, reading, checks }
    }
}

impl std::fmt::Debug for CountedFooters {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CountedFooters").field("readers", &self.readers).finish_non_exhaustive()
    }
}

impl ParquetFileReaderFactory for CountedFooters {
    fn create_reader(
        &self,
        partition_index: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        self.reading.add_footer(self.footers.contains_key(&file.object_meta.location));
        let of = file.extension::<Arc<DataFile>>().cloned();
        let reader: Box<dyn AsyncFileReader> =
            self.readers.create_reader(partition_index, file, metadata_size_hint, metrics)?;
        Ok(match of {
            Some(of) => Box::new(self.checks.checked(reader, &of)),
            None => Box::new(reader),
        })
    }
}
