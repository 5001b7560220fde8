//! The read half: pins versions and finds the rows of a trace without SQL.
//!
//! Owns the resident parts of files (footers, page indexes, blooms, points). Never writes, never plans.

mod lookup;
pub(crate) mod object;
mod point_blocks;
mod resident;

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use object_store::ObjectStore;
use parking_lot::Mutex;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::async_reader::AsyncFileReader;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::tables::Table;
use tokio::sync::watch;

use crate::arrivals::Arrivals;
use crate::blocks::{CheckedFile, CheckedReader, KeptBlocks};
use crate::catalog::Catalog;
use crate::cold::cache::{BlockReads, ReadCache};
use crate::columns::pick_columns;
use crate::points::PointBlock;
use crate::rollup::read_rollups;
use crate::version::{DataFile, Version};
use point_blocks::KeptPoints;
use resident::ResidentFiles;

/// Fewer traces than this are looked up by one thread, and more by so many at most, each with so many files at least.
const IDS_APART_MIN: usize = 16;
const THREADS_MAX: usize = 8;
const FILES_OF_PART_MIN: usize = 4;

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot read the Parquet file {path}")]
    Parquet {
        path: String,
        #[source]
        source: parquet::errors::ParquetError,
    },
    #[error("cannot assemble rows")]
    Arrow(#[from] arrow::error::ArrowError),
    #[error("the reading task ended early: {0}")]
    Task(String),
}

impl ReadError {
    pub(crate) fn parquet(file: &DataFile, source: parquet::errors::ParquetError) -> Self {
        Self::Parquet { path: file.path.display().to_string(), source }
    }
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
    /// Held by whoever makes the next version.
    pub(crate) publishing: Mutex<()>,
    pub(crate) arrivals: watch::Sender<Arrivals>,
    resident: ResidentFiles,
    points: KeptPoints,
    blocks: Arc<KeptBlocks>,
    /// Of the cold tier, where that is a bucket.
    bucket: Option<Arc<dyn ObjectStore>>,
    /// What the bucket is read through.
    cache: Option<ReadCache>,
}

impl ReadHalf {
    pub(crate) fn new(version: Version, catalog: Catalog, cache: Option<ReadCache>) -> Self {
        Self {
            inner: Arc::new(ReadInner {
                current: arc_swap::ArcSwap::from_pointee(version),
                catalog: Arc::new(catalog),
                publishing: Mutex::new(()),
                arrivals: watch::Sender::default(),
                resident: ResidentFiles::default(),
                points: KeptPoints::default(),
                blocks: Arc::default(),
                bucket: cache.clone().map(|cache| Arc::new(cache) as Arc<dyn ObjectStore>),
                cache,
            }),
        }
    }

    /// The newest version. A statement pins one and reads every table through it.
    #[must_use]
    pub fn pin(&self) -> Arc<Version> {
        self.inner.current.load_full()
    }

    /// Wakes whenever rows have become visible; a reader that is slow sees the newest counts only.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arrivals> {
        self.inner.arrivals.subscribe()
    }

    /// Lets go what is kept in memory and on the disk of a file that is data no more.
    pub(crate) fn drop_kept(&self, path: &str, object: Option<&object_store::path::Path>) {
        self.inner.resident.forget(path);
        self.inner.points.forget(path);
        self.inner.blocks.forget(path);
        if let (Some(cache), Some(object)) = (&self.inner.cache, object) {
            cache.forget(object);
        }
    }

    /// Resources, scopes and series. Every id in a pinned version's rows is there, but for rows that are being forgotten.
    #[must_use]
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.inner.catalog
    }

    /// What reads the objects of files that are in a bucket.
    #[must_use]
    pub fn bucket(&self) -> Option<&Arc<dyn ObjectStore>> {
        self.inner.bucket.as_ref()
    }

    /// The same, for someone who counts what is asked through it.
    #[must_use]
    pub fn bucket_counting(&self, reads: &Arc<BlockReads>) -> Option<Arc<dyn ObjectStore>> {
        self.inner.cache.as_ref().map(|cache| Arc::new(cache.counting(reads)) as Arc<dyn ObjectStore>)
    }

    /// Rollups of a file of points, of series whose ids lie between two, both included, and of some others.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn rollups(
        &self,
        file: &Arc<DataFile>,
        ids: (&[u8; 16], &[u8; 16]),
    ) -> Result<Vec<RecordBatch>, ReadError> {
        read_rollups(file, self.bucket(), &self.inner.blocks, ids).await
    }

    /// Number points of a file, of series whose ids lie between two, both included, and of some others; from memory where they
    /// were read lately. Blocks: where the file is in a bucket, it belongs on a thread that may.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn point_blocks(
        &self,
        file: &Arc<DataFile>,
        ids: (&[u8; 16], &[u8; 16]),
    ) -> Result<Vec<Arc<PointBlock>>, ReadError> {
        let resident = self.inner.resident.get(file, self.inner.bucket.as_ref(), &self.inner.blocks)?;
        let opened = lookup::Opened { resident: &resident, file, blocks: &self.inner.blocks };
        point_blocks::read_blocks(&opened, &self.inner.points, ids)
    }

    /// The same where all of it is in memory.
    #[must_use]
    pub fn kept_point_blocks(&self, file: &DataFile, ids: (&[u8; 16], &[u8; 16])) -> Option<Vec<Arc<PointBlock>>> {
        let resident = self.inner.resident.kept(file)?;
        point_blocks::kept_blocks(&resident, file, &self.inner.points, ids)
    }

    /// Checks what a reader gives of a file.
    pub fn checked<R: AsyncFileReader>(&self, reader: R, file: &Arc<DataFile>) -> CheckedReader<R> {
        CheckedReader::new(reader, Arc::clone(file), Some(Arc::clone(&self.inner.blocks)))
    }

    /// All rows of [`Table::Spans`] or [`Table::Logs`] with one of these trace ids, from memory and files, in
    /// no promised order. `columns` are physical names (`None`: all).
    ///
    /// # Errors
    /// When a file cannot be read.
    pub async fn trace_rows(
        &self,
        version: &Arc<Version>,
        table: Table,
        ids: &[TraceId],
        columns: Option<&[&str]>,
    ) -> Result<TraceRows, ReadError> {
        let version = Arc::clone(version);
        let ids = ids.to_vec();
        let columns: Option<Vec<String>> = columns.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let parts = parts(ids.len(), version.files(table).len());
        let lookup = Arc::new(Lookup { version, table, ids, columns });
        let tasks: Vec<_> = (0..parts)
            .map(|part| {
                let (this, lookup) = (self.clone(), Arc::clone(&lookup));
                tokio::task::spawn_blocking(move || this.trace_rows_of(&lookup, part, parts))
            })
            .collect();
        let mut rows = TraceRows { files_total: lookup.version.files(table).len(), ..TraceRows::default() };
        for task in tasks {
            let of_part = task.await.map_err(|error| ReadError::Task(error.to_string()))??;
            rows.batches.extend(of_part.batches);
            rows.files_read += of_part.files_read;
        }
        Ok(rows)
    }

    /// Of every so-manieth file, the first part of memory too.
    fn trace_rows_of(&self, lookup: &Lookup, part: usize, parts: usize) -> Result<TraceRows, ReadError> {
        let Lookup { version, table, ids, columns } = lookup;
        let names: Option<Vec<&str>> = columns.as_ref().map(|names| names.iter().map(String::as_str).collect());
        let columns = names.as_deref();
        let mut rows = TraceRows::default();
        for hot in version.hot(*table).iter().filter(|_| part == 0) {
            if let Some(found) = rows_in_batch(&hot.batch, ids, columns)? {
                rows.batches.push(found);
            }
        }
        for file in version.files(*table).iter().skip(part).step_by(parts) {
            let resident = self.inner.resident.get(file, self.inner.bucket.as_ref(), &self.inner.blocks)?;
            let found = lookup::rows_in_file(&resident, file, &self.inner.blocks, ids, columns)?;
            rows.files_read += usize::from(!found.is_empty());
            rows.batches.extend(found);
        }
        Ok(rows)
    }
}

/// What is looked for.
struct Lookup {
    version: Arc<Version>,
    table: Table,
    ids: Vec<TraceId>,
    columns: Option<Vec<String>>,
}

/// In how many parts files are read side by side: one trace is there before a second thread has begun.
fn parts(ids: usize, files: usize) -> usize {
    if ids < IDS_APART_MIN {
        return 1;
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    threads.min(files / FILES_OF_PART_MIN).max(1)
}

/// A scan of the one column: a few megabytes at memory speed, so unsealed rows need no index.
fn rows_in_batch(
    batch: &RecordBatch,
    ids: &[TraceId],
    columns: Option<&[&str]>,
) -> Result<Option<RecordBatch>, ReadError> {
    let Some(mask) = trace_mask(batch, ids) else { return Ok(None) };
    let picked = pick_columns(batch, columns)?;
    Ok(Some(filter_record_batch(&picked, &mask)?))
}

/// Which rows have one of the ids; `None` where none has.
fn trace_mask(batch: &RecordBatch, ids: &[TraceId]) -> Option<BooleanArray> {
    let column = batch.column_by_name("trace_id")?.as_fixed_size_binary();
    let mut sorted: Vec<u128> = ids.iter().map(|id| u128::from_be_bytes(id.0)).collect();
    sorted.sort_unstable();
    // Rows of a trace mostly lie together.
    let mut last = None;
    let hits = BooleanBuffer::collect_bool(column.len(), |row| {
        let Some(id) = column.is_valid(row).then(|| TraceId::from_slice(column.value(row))).flatten() else {
            return false;
        };
        match last {
            Some((known, is_hit)) if known == id => is_hit,
            _ => {
                let is_hit = sorted.binary_search(&u128::from_be_bytes(id.0)).is_ok();
                last = Some((id, is_hit));
                is_hit
            }
        }
    });
    (hits.count_set_bits() > 0).then(|| BooleanArray::new(hits, None))
}

/// All rows of a file: for the small dimension tables at start.
pub(crate) fn whole_file(file: &DataFile) -> Result<Vec<RecordBatch>, ReadError> {
    let reader = CheckedFile::open(file, None)
        .and_then(ParquetRecordBatchReaderBuilder::try_new)
        .and_then(|builder| builder.with_batch_size(8192).build())
        .map_err(|source| ReadError::parquet(file, source))?;
    Ok(reader.collect::<Result<_, _>>()?)
}
