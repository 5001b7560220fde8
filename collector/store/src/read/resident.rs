//! What stays in memory of a file: its footer with the page index, and the blooms of its trace ids.
//!
//! Owns a bounded cache. Files never change, so nothing is ever stale.

use std::collections::HashMap;
use std::sync::Arc;

use object_store::ObjectStore;
use parking_lot::Mutex;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;

use super::ReadError;
use super::object::ObjectReader;
use crate::blocks::{CheckedFile, CheckedReader, KeptBlocks};
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
    bytes: usize,
}

#[derive(Default)]
struct Cache {
    files: HashMap<String, (ResidentFile, u64)>,
    bytes: usize,
    clock: u64,
}

/// The cache.
#[derive(Default)]
pub struct ResidentFiles {
    cache: Mutex<Cache>,
}

impl ResidentFiles {
    /// The resident parts of a file, read if they are not there.
    pub fn get(
        &self,
        file: &Arc<DataFile>,
        bucket: Option<&Arc<dyn ObjectStore>>,
        blocks: &Arc<KeptBlocks>,
    ) -> Result<ResidentFile, ReadError> {
        if let Some(found) = self.touch(&file.entry.path) {
            return Ok(found);
        }
        let resident = load(file, bucket, blocks)?;
        let mut cache = self.cache.lock();
        cache.clock += 1;
        let clock = cache.clock;
        cache.bytes += resident.bytes;
        if let Some((old, _)) = cache.files.insert(file.entry.path.clone(), (resident.clone(), clock)) {
            cache.bytes -= old.bytes;
        }
        cache.shrink();
        Ok(resident)
    }

    /// Lets a file go: footers and indexes hold ids of its rows.
    pub fn forget(&self, path: &str) {
        let mut cache = self.cache.lock();
        if let Some((resident, _)) = cache.files.remove(path) {
            cache.bytes -= resident.bytes;
        }
    }

    fn touch(&self, path: &str) -> Option<ResidentFile> {
        let mut cache = self.cache.lock();
        cache.clock += 1;
        let clock = cache.clock;
        let (resident, used) = cache.files.get_mut(path)?;
        *used = clock;
        Some(resident.clone())
    }
}

impl Cache {
    fn shrink(&mut self) {
        while self.bytes > BYTES_MAX && self.files.len() > 1 {
            let oldest = self.files.iter().min_by_key(|(_, (_, used))| *used).map(|(path, _)| path.clone());
            let Some((resident, _)) = oldest.and_then(|path| self.files.remove(&path)) else { return };
            self.bytes -= resident.bytes;
        }
    }
}

fn load(
    file: &Arc<DataFile>,
    bucket: Option<&Arc<dyn ObjectStore>>,
    blocks: &Arc<KeptBlocks>,
) -> Result<ResidentFile, ReadError> {
    let parquet_error = |source| ReadError::parquet(file, source);
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let (metadata, trace_blooms, object) = match (&file.object, bucket) {
        (Some(location), Some(store)) => {
            let object = ObjectReader::new(Arc::clone(store), location.clone(), file.entry.bytes);
            let object = CheckedReader::new(object, Arc::clone(file), Some(Arc::clone(blocks)));
            let load = load_object(object.clone(), options);
            let (metadata, blooms) = tokio::runtime::Handle::current().block_on(load).map_err(parquet_error)?;
            (metadata, blooms, Some(object))
        }
        _ => {
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
    Ok(ResidentFile { metadata, trace_blooms: Arc::new(trace_blooms), object, bytes })
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
