//! What stays in memory of a file: its footer with the page index, and the blooms of its trace ids.
//!
//! Owns a bounded cache. Files never change, so nothing is ever stale.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

use parking_lot::Mutex;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::PageIndexPolicy;

use super::ReadError;
use crate::version::DataFile;

/// Bytes that footers and blooms may take together.
const BYTES_MAX: usize = 64 << 20;

/// A file as lookups need it.
#[derive(Clone)]
pub struct ResidentFile {
    pub metadata: ArrowReaderMetadata,
    /// By row group; `None` where there is no bloom.
    pub trace_blooms: Arc<Vec<Option<Sbbf>>>,
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
    pub fn get(&self, file: &DataFile) -> Result<ResidentFile, ReadError> {
        if let Some(found) = self.touch(&file.entry.path) {
            return Ok(found);
        }
        let resident = load(file)?;
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

fn load(file: &DataFile) -> Result<ResidentFile, ReadError> {
    let path = || file.path.display().to_string();
    let parquet_error = |source| ReadError::Parquet { path: path(), source };
    let handle = File::open(&file.path).map_err(|source| ReadError::Io { path: path(), source })?;
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let metadata = ArrowReaderMetadata::load(&handle, options).map_err(parquet_error)?;
    let trace_column =
        metadata.parquet_schema().columns().iter().position(|column| column.path().parts() == ["trace_id"]);
    let groups = metadata.metadata().num_row_groups();
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(handle, metadata.clone());
    let mut trace_blooms = Vec::with_capacity(groups);
    let mut bytes = metadata.metadata().memory_size();
    for group in 0..groups {
        let bloom = match trace_column {
            Some(column) => builder.get_row_group_column_bloom_filter(group, column).map_err(parquet_error)?,
            None => None,
        };
        let length = trace_column
            .and_then(|column| metadata.metadata().row_group(group).column(column).bloom_filter_length())
            .and_then(|length| usize::try_from(length).ok());
        bytes += length.unwrap_or(0);
        trace_blooms.push(bloom);
    }
    Ok(ResidentFile { metadata, trace_blooms: Arc::new(trace_blooms), bytes })
}
