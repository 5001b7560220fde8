//! What stays in memory of a file: its footer with the page index, and the blooms of its trace ids.
//!
//! Owns what is loaded of a file, and how much of it stays.

use std::sync::Arc;

use object_store::ObjectStore;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;

use super::ReadError;
use super::object::{ObjectReader, object_of};
use crate::blocks::{CheckedFile, CheckedReader, KeptBlocks};
use crate::kept_files::KeptFiles;
use crate::version::DataFile;

/// Bytes that footers and blooms may take together.
const BYTES_MAX: usize = 64 << 20;

/// A file as lookups need it.
#[derive(Clone)]
pub struct ResidentFile {
    pub metadata: ArrowReaderMetadata,
    /// By row group; `None` where there is no bloom.
    pub trace_blooms: Arc<Vec<Option<Sbbf>>>,
    /// How to read on, where it is no local file.
    pub object: Option<CheckedReader<ObjectReader>>,
}

/// The cache.
#[derive(Default)]
pub struct ResidentFiles {
    kept: KeptFiles<ResidentFile, BYTES_MAX>,
}

impl ResidentFiles {
    /// The resident parts of a file, read if they are not there.
    pub fn get(
        &self,
        file: &Arc<DataFile>,
        bucket: Option<&Arc<dyn ObjectStore>>,
        blocks: &Arc<KeptBlocks>,
    ) -> Result<ResidentFile, ReadError> {
        if let Some(found) = self.kept(file) {
            return Ok(found);
        }
        let (resident, bytes) = load(file, bucket, blocks)?;
        self.kept.keep(&file.entry.path, resident.clone(), bytes);
        Ok(resident)
    }

    /// The same, where they are there.
    pub fn kept(&self, file: &DataFile) -> Option<ResidentFile> {
        self.kept.get(&file.entry.path)
    }

    /// Lets a file go: footers and indexes hold ids of its rows.
    pub fn forget(&self, path: &str) {
        self.kept.forget(path);
    }
}

/// With the bytes that it takes.
fn load(
    file: &Arc<DataFile>,
    bucket: Option<&Arc<dyn ObjectStore>>,
    blocks: &Arc<KeptBlocks>,
) -> Result<(ResidentFile, usize), ReadError> {
    let parquet_error = |source| ReadError::parquet(file, source);
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let (metadata, trace_blooms, object) = match object_of(file, bucket, Some(blocks)) {
        Some(object) => {
            let load = load_object(object.clone(), options);
            let (metadata, blooms) = tokio::runtime::Handle::current().block_on(load).map_err(parquet_error)?;
            (metadata, blooms, Some(object))
        }
        None => {
            let handle = CheckedFile::open(file, Some(blocks)).map_err(parquet_error)?;
            let metadata = ArrowReaderMetadata::load(&handle, options).map_err(parquet_error)?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(handle, metadata.clone());
            let column = trace_column(&metadata);
            let groups = 0..metadata.metadata().num_row_groups();
            let bloom = |group| match column {
                Some(column) => builder.get_row_group_column_bloom_filter(group, column),
                None => Ok(None),
            };
            let blooms = groups.map(bloom).collect::<Result<Vec<_>, _>>().map_err(parquet_error)?;
            (metadata, blooms, None)
        }
    };
    let bytes = metadata.metadata().memory_size() + bloom_bytes(&metadata);
    Ok((ResidentFile { metadata, trace_blooms: Arc::new(trace_blooms), object }, bytes))
}

async fn load_object(
    mut object: CheckedReader<ObjectReader>,
    options: ArrowReaderOptions,
) -> Result<(ArrowReaderMetadata, Vec<Option<Sbbf>>), ParquetError> {
    let metadata = ArrowReaderMetadata::load_async(&mut object, options).await?;
    let mut builder = ParquetRecordBatchStreamBuilder::new_with_metadata(object, metadata.clone());
    let mut blooms = Vec::new();
    for group in 0..metadata.metadata().num_row_groups() {
        blooms.push(match trace_column(&metadata) {
            Some(column) => builder.get_row_group_column_bloom_filter(group, column).await?,
            None => None,
        });
    }
    Ok((metadata, blooms))
}

fn trace_column(metadata: &ArrowReaderMetadata) -> Option<usize> {
    metadata.parquet_schema().columns().iter().position(|column| column.path().parts() == ["trace_id"])
}

fn bloom_bytes(metadata: &ArrowReaderMetadata) -> usize {
    let Some(column) = trace_column(metadata) else { return 0 };
    let lengths =
        metadata.metadata().row_groups().iter().filter_map(|group| group.column(column).bloom_filter_length());
    lengths.filter_map(|length| usize::try_from(length).ok()).sum()
}
