//! The immutable picture of all tables that a statement pins: unsealed batches and sealed files.
//!
//! Owns what is visible. Appends and seals publish a new [`Version`] in one swap, so a row is always in
//! exactly one place; a file is unlinked when no version names it any more. Never reads or writes one.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::to_hex;
use spanlake_schemas::sampling::COLUMNS;
use spanlake_schemas::tables::Table;

use crate::blocks::BlocksPlace;
use crate::last_points::LastPoints;
use crate::rollup::RollupPlace;
use crate::seal::order::hours_of_folder;

/// Rows that are durable in the log and not yet in a file.
#[derive(Debug)]
pub struct HotBatch {
    /// Columns are a subset of the table's physical schema, in its order; a missing one is all null.
    pub batch: RecordBatch,
    /// Least and greatest value of the table's time column, nanoseconds.
    pub time_min: i64,
    pub time_max: i64,
    /// Bytes accounted for this batch.
    pub bytes: usize,
    /// Which seal will take it.
    pub(crate) generation: u64,
    /// When its oldest row was received, nanoseconds.
    pub(crate) received_min: i64,
}

impl HotBatch {
    /// Whether rows that belong to it were left out by sampling before they were stored.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        says_sampled(&self.batch)
    }
}

/// Whether some row stands for more than itself: such columns come with one.
pub(crate) fn says_sampled(batch: &RecordBatch) -> bool {
    batch.column_by_name(COLUMNS[0]).is_some()
}

/// What the manifest says of one sealed file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Hot, relative to the data directory: `hot/<table>/date=…/hour=…/<name>.parquet`. Cold, the key below `cold.url`:
    /// `<table>/date=…/hour=…/<name>.parquet`, without the hour for a whole day's.
    pub path: String,
    /// Name of the table.
    pub table: String,
    pub rows: u64,
    pub bytes: u64,
    /// Least and greatest value of the table's time column, nanoseconds.
    pub time_min: i64,
    pub time_max: i64,
    /// Of points: first and last time of each part between which there is a gap; empty where there is none, or nothing is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub time_parts: Vec<(i64, i64)>,
    /// Least and greatest receive time, nanoseconds.
    pub received_min: i64,
    pub received_max: i64,
    /// Least and greatest key of the table's second dimension, as hex: the series id of a metric table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series_min: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series_max: Option<String>,
    /// The last log sequence number whose rows may be in it.
    pub last_lsn: u64,
    /// CRC-32C of the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<u32>,
    /// Where the checksums of its blocks lie; `None` of files written before there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<BlocksPlace>,
    /// 0 as sealed, 1 merged, [`COLD_LEVEL`] and above in the form of cold files.
    #[serde(default)]
    pub level: u8,
    /// Whether rows that belong to its hours were left out by sampling, so that what is there stands for more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_sampled: bool,
    /// Length of the time buckets that its rows are sorted by, seconds; spans and logs only.
    #[serde(default = "bucket_seconds_max")]
    pub bucket_seconds: u32,
    /// Where the rollups of its points lie in it; `None` of other tables, and of files fresh from the seal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollups: Option<RollupPlace>,
}

/// Level of files of the cold tier.
pub const COLD_LEVEL: u8 = 2;

/// What a file may have that does not say.
const fn bucket_seconds_max() -> u32 {
    64
}

impl FileEntry {
    /// An entry for tests: a row, now and then overridden.
    #[cfg(test)]
    pub(crate) fn sample(path: &str, table: Table, bytes: u64) -> Self {
        Self {
            path: path.to_owned(),
            table: table.name().to_owned(),
            rows: 1,
            bytes,
            time_min: 0,
            time_max: 0,
            time_parts: Vec::new(),
            received_min: 0,
            received_max: 0,
            series_min: None,
            series_max: None,
            last_lsn: 0,
            checksum: None,
            blocks: None,
            level: 0,
            is_sampled: false,
            bucket_seconds: 1,
            rollups: None,
        }
    }

    /// First and last time of each of its parts, nanoseconds, ascending; at least one.
    pub fn parts(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        let whole = self.time_parts.is_empty().then_some((self.time_min, self.time_max));
        whole.into_iter().chain(self.time_parts.iter().copied())
    }

    /// Whether it may have points of series whose ids lie between two, both included.
    #[must_use]
    pub fn may_have_series(&self, first: &[u8; 16], last: &[u8; 16]) -> bool {
        self.series_min.as_ref().is_none_or(|min| *min <= to_hex(last))
            && self.series_max.as_ref().is_none_or(|max| *max >= to_hex(first))
    }

    /// The folder of its table and hour, relative to the data directory.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The first hour, since the epoch, under which its rows are filed.
    #[must_use]
    pub fn first_hour(&self) -> i64 {
        hours_of_folder(self.partition()).map_or(0, |(first, _)| first)
    }

    /// The last such hour.
    #[must_use]
    pub fn last_hour(&self) -> i64 {
        hours_of_folder(self.partition()).map_or(i64::MAX, |(_, last)| last)
    }
}

/// A sealed, immutable Parquet file. Its columns are a subset of the table's physical schema, in its order.
#[derive(Debug)]
pub struct DataFile {
    pub entry: FileEntry,
    /// Absolute path; of an object in a bucket its URL, for messages.
    pub path: PathBuf,
    /// Where it lies in the cold tier's bucket; `None` for what can be opened as a file.
    pub object: Option<object_store::path::Path>,
    is_retired: AtomicBool,
}

impl DataFile {
    /// A file that the manifest names, or is about to.
    #[must_use]
    pub fn new(entry: FileEntry, path: PathBuf) -> Self {
        Self { entry, path, object: None, is_retired: AtomicBool::new(false) }
    }

    /// An object of the cold tier's bucket.
    #[must_use]
    pub fn in_bucket(entry: FileEntry, path: PathBuf, object: object_store::path::Path) -> Self {
        Self { entry, path, object: Some(object), is_retired: AtomicBool::new(false) }
    }

    /// Whether its columns have the form of cold files, and the cold log names it.
    #[must_use]
    pub fn is_cold(&self) -> bool {
        self.entry.level >= COLD_LEVEL
    }

    /// The manifest names it no more: it goes when the last version that shows it does.
    pub(crate) fn retire(&self) {
        self.is_retired.store(true, Ordering::Release);
    }
}

/// A file and the table whose rows it holds.
pub type TableFile = (Table, Arc<DataFile>);

impl Drop for DataFile {
    fn drop(&mut self) {
        // What cannot be removed now is an orphan, which the next start removes.
        if *self.is_retired.get_mut() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// What one table shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableVersion {
    pub(crate) hot: Vec<Arc<HotBatch>>,
    pub(crate) files: Arc<Vec<Arc<DataFile>>>,
}

/// One picture of all tables.
#[derive(Clone, Debug, Default)]
pub struct Version {
    pub(crate) sequence: u64,
    pub(crate) tables: [TableVersion; Table::COUNT],
    pub(crate) last_points: Arc<LastPoints>,
}

impl Version {
    /// Grows with every change.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Unsealed batches in order of arrival.
    #[must_use]
    pub fn hot(&self, table: Table) -> &[Arc<HotBatch>] {
        &self.tables[table as usize].hot
    }

    /// The last number of each series in files, as far as it is known without reading one.
    #[must_use]
    pub fn last_points(&self) -> &LastPoints {
        &self.last_points
    }

    pub(crate) fn hot_file_bytes(&self) -> u64 {
        let hot = self.tables.iter().flat_map(|table| table.files.iter()).filter(|file| !file.is_cold());
        hot.map(|file| file.entry.bytes).sum()
    }

    /// Sealed files, oldest first.
    #[must_use]
    pub fn files(&self, table: Table) -> &[Arc<DataFile>] {
        &self.tables[table as usize].files
    }

    /// Whether sampling left rows out of some file with rows from `start` up to but not including `end`, nanoseconds.
    #[must_use]
    pub fn has_sampled_files(&self, table: Table, start: i64, end: i64) -> bool {
        let entries = self.files(table).iter().map(|file| &file.entry);
        entries.filter(|entry| entry.is_sampled).any(|entry| entry.time_max >= start && entry.time_min < end)
    }
}
