//! Sealing: unsealed batches become sorted Parquet files, by table and filing hour.
//!
//! Owns what a file's rows, order and properties are. Never publishes and never commits: it gives back what
//! the manifest is to say.

mod few_words;
pub(crate) mod gather;
pub(crate) mod order;
pub(crate) mod properties;
mod time_parts;
pub(crate) mod tried;
pub(crate) mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use spanlake_schemas::tables::Table;

use crate::attribute_columns::note_of_batches;
use crate::last_points::{LastPoint, last_points};
use crate::version::{DataFile, FileEntry, HotBatch, TableFile, says_sampled};

use gather::Gather;
use order::HourBefore;
pub(crate) use order::times;
use properties::Effort;
use writer::FileWriter;

/// Why a seal did not happen. The rows stay in memory and in the log.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("cannot {action} {path}")]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("cannot write {path}")]
    Parquet {
        path: PathBuf,
        #[source]
        source: parquet::errors::ParquetError,
    },
    #[error("cannot order the rows of {table}")]
    Arrow {
        table: &'static str,
        #[source]
        source: arrow::error::ArrowError,
    },
}

impl SealError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }
}

/// What makes the names of a seal's files unique and the same at every attempt.
#[derive(Clone, Copy, Debug)]
pub struct SealName {
    pub epoch: u64,
    pub last_lsn: u64,
}

/// What a seal wrote.
#[derive(Debug, Default)]
pub struct SealedFiles {
    pub files: Vec<TableFile>,
    /// The last number of each series in them.
    pub last_points: Vec<LastPoint>,
}

impl SealedFiles {
    fn of(table: Table, files: Vec<Arc<DataFile>>) -> Self {
        let files = files.into_iter().map(|file| (table, file)).collect();
        Self { files, last_points: Vec::new() }
    }

    pub(crate) fn add(&mut self, more: Self) {
        self.files.extend(more.files);
        self.last_points.extend(more.last_points);
    }
}

/// Writes the batches of one table, a file an hour, each durable when this returns; `before` are the table's files.
///
/// # Errors
/// When a file cannot be written; files already written are then orphans that the next start removes.
pub fn seal_table(
    data_dir: &Path,
    table: Table,
    batches: &[Arc<HotBatch>],
    (name, before): (SealName, &[Arc<DataFile>]),
) -> Result<SealedFiles, SealError> {
    let batches: Vec<&RecordBatch> = batches.iter().map(|hot| &hot.batch).collect();
    seal_rows(data_dir, table, &batches, (name, before))
}

/// The same of batches that were never visible.
///
/// # Errors
/// As [`seal_table`].
pub fn seal_rows(
    data_dir: &Path,
    table: Table,
    batches: &[&RecordBatch],
    (name, before): (SealName, &[Arc<DataFile>]),
) -> Result<SealedFiles, SealError> {
    let known = |hour| hour_before(before, hour);
    let arrow_error = |source| SealError::Arrow { table: table.name(), source };
    let rows = order::sorted_rows(table, batches, &known).map_err(arrow_error)?;
    let gather = Gather::new(table, batches);
    let note = if table.has_attribute_columns() { note_of_batches(batches) } else { None };
    let is_sampled = batches.iter().any(|batch| says_sampled(batch));
    let mut files = Vec::new();
    for hour in rows.chunk_by(|left, right| left.hour == right.hour) {
        let relative = file_path(table, hour[0].hour, name);
        let traces_max = hour.chunk_by(|left, right| left.same_key(right)).count();
        let effort = Effort { level: 0, bucket_seconds: order::bucket_seconds_of(hour, &known), traces_max };
        let note = note.clone().map(|note| note.with_columns(hour.len() as u64));
        let schema = Arc::clone(&gather.schema);
        let mut file = FileWriter::create(data_dir, &relative, table, schema, note.as_ref(), effort)?;
        file.write(&gather, hour)?;
        let entry = FileEntry { last_lsn: name.last_lsn, is_sampled, ..file.finish()? };
        files.push(Arc::new(DataFile::new(entry.clone(), data_dir.join(&entry.path))));
    }
    Ok(SealedFiles { last_points: last_points(table, &rows, batches), ..SealedFiles::of(table, files) })
}

/// What files of the hot tier hold of an hour.
fn hour_before(files: &[Arc<DataFile>], hour: i64) -> Option<HourBefore> {
    let of_hour = files.iter().filter(|file| !file.is_cold() && file.entry.first_hour() == hour);
    let mut newest = 0;
    of_hour.map(|file| &file.entry).fold(None, |found: Option<HourBefore>, entry| {
        let found = found.unwrap_or(HourBefore {
            rows: 0,
            time_min: i64::MAX,
            time_max: i64::MIN,
            bucket_seconds: entry.bucket_seconds,
        });
        let is_newer = entry.last_lsn >= newest;
        newest = newest.max(entry.last_lsn);
        Some(HourBefore {
            rows: found.rows + entry.rows,
            time_min: found.time_min.min(entry.time_min),
            time_max: found.time_max.max(entry.time_max),
            bucket_seconds: if is_newer { entry.bucket_seconds } else { found.bucket_seconds },
        })
    })
}

fn file_path(table: Table, hour: i64, name: SealName) -> String {
    let (date, hour) = order::date_and_hour(hour);
    format!("hot/{}/date={date}/hour={hour:02}/{:06}-{:012}.parquet", table.name(), name.epoch, name.last_lsn)
}

/// The entry of a file without a row.
fn entry(relative: &str, table: Table, effort: Effort) -> FileEntry {
    FileEntry {
        path: relative.to_owned(),
        table: table.name().to_owned(),
        rows: 0,
        bytes: 0,
        time_min: i64::MAX,
        time_max: i64::MIN,
        time_parts: Vec::new(),
        received_min: i64::MAX,
        received_max: i64::MIN,
        series_min: None,
        series_max: None,
        last_lsn: 0,
        checksum: None,
        blocks: None,
        level: effort.level,
        is_sampled: false,
        bucket_seconds: effort.bucket_seconds,
        rollups: None,
    }
}
