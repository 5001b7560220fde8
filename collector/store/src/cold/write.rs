//! Rows of hot files as cold ones: merged, in the form of Delta's types, uploaded.
//!
//! Owns sizes and names. What it uploads is an orphan until an edit names it. Never commits.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use spanlake_schemas::red::{RollUp, SpanSums};
use spanlake_schemas::tables::Table;

use super::log::ColdLogError;
use super::merge::ColdMerge;
use super::pick::Move;
use super::place::{Place, PlaceError};
use crate::compact::{Job, Merge, Revision};
use crate::seal::SealError;
use crate::seal::order::date_and_hour;
use crate::version::{COLD_LEVEL, DataFile, FileEntry, TableFile};

/// Files that are written before they are uploaded.
pub const SCRATCH: &str = "moving";
/// Inputs of one file: each takes buffers while it is read.
const INPUTS_MAX: usize = 10;
/// About the size of a cold file, in bytes of its inputs.
const FILE_BYTES: u64 = 768 << 20;

/// Why files were not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Files(#[from] SealError),
    #[error(transparent)]
    Log(#[from] ColdLogError),
    #[error("the hour's traces cannot be decided on: {reason}")]
    Sampler { reason: String },
    #[error("the server stops")]
    Stopping,
}

impl From<PlaceError> for WriteError {
    fn from(error: PlaceError) -> Self {
        Self::Log(error.into())
    }
}

/// Makes names that no other file has had or will have.
#[derive(Debug)]
pub struct Names {
    prefix: String,
    next: u64,
}

impl Names {
    /// Of one start of one installation.
    #[must_use]
    pub fn of(installation: &str, epoch: u64) -> Self {
        Self { prefix: format!("{}-{epoch:06}", owner(installation)), next: 0 }
    }

    pub(super) fn next(&mut self) -> String {
        self.next += 1;
        format!("{}-{:06}.parquet", self.prefix, self.next)
    }
}

/// How the names of an installation's files begin.
pub fn owner(installation: &str) -> &str {
    installation.get(..8).unwrap_or(installation)
}

/// Folder of an hour in the cold tier.
pub fn hour_folder(table: Table, hour: i64) -> String {
    let (date, hour) = date_and_hour(hour);
    format!("{}/date={date}/hour={hour:02}", table.name())
}

/// Writes and uploads the rows of files of one table, as the revision leaves them; gives what the log is to say.
///
/// # Errors
/// When a file could not be read, written or uploaded. What was uploaded already is then an orphan.
pub fn write_cold(
    data_dir: &Path,
    place: &Place,
    folder: &str,
    files: &[TableFile],
    names: &mut Names,
    revision: Option<&Arc<dyn Revision>>,
    stops: impl Fn() -> bool,
) -> Result<Vec<FileEntry>, WriteError> {
    let change = || revision.map_or(Change::None, Change::Revised);
    let mut write = |files| {
        let key = format!("{folder}/{}", names.next());
        let entry = write_one(data_dir, &key, files, change(), &stops)?;
        entry.map(|entry| Ok(upload(data_dir, place, entry)?)).transpose()
    };
    groups(files).into_iter().filter_map(|files| write(files).transpose()).collect()
}

/// Files that are written and not uploaded; they are removed unless they are.
#[must_use]
pub struct Unsent {
    data_dir: PathBuf,
    /// Paths are those of [`scratch`].
    entries: Vec<FileEntry>,
}

impl Unsent {
    /// Writes the rows of files of some tables and an hour, as the revision leaves them.
    ///
    /// # Errors
    /// When a file could not be read or written; nothing is left of them then.
    pub fn write(
        data_dir: &Path,
        job: &Move,
        tables: &[Table],
        names: &mut Names,
        revision: &Arc<dyn Revision>,
        stops: impl Fn() -> bool,
    ) -> Result<Self, WriteError> {
        let mut written = Self { data_dir: data_dir.to_path_buf(), entries: Vec::new() };
        for table in tables {
            for group in groups(&job.files_of(*table)) {
                let key = format!("{}/{}", hour_folder(*table, job.hour), names.next());
                written.entries.extend(write_one(data_dir, &key, group, Change::Revised(revision), &stops)?);
            }
        }
        Ok(written)
    }

    /// What was written.
    pub fn entries(&self) -> &[FileEntry] {
        &self.entries
    }

    /// Uploads all; gives what the log is to say.
    ///
    /// # Errors
    /// When one could not be uploaded. Those that were are then orphans.
    pub fn upload(mut self, place: &Place) -> Result<Vec<FileEntry>, PlaceError> {
        let entries = std::mem::take(&mut self.entries);
        entries.into_iter().map(|entry| upload(&self.data_dir, place, entry)).collect()
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        for entry in &self.entries {
            let _ = std::fs::remove_file(self.data_dir.join(&entry.path));
        }
    }
}

/// What becomes of rows on their way.
enum Change<'a> {
    None,
    Revised(&'a Arc<dyn Revision>),
    RolledUp(Box<dyn RollUp>),
}

/// One file in its [`scratch`] place, from which [`upload`] takes it; `None` where no row is left.
fn write_one(
    data_dir: &Path,
    key: &str,
    files: Vec<TableFile>,
    change: Change<'_>,
    stops: impl Fn() -> bool,
) -> Result<Option<FileEntry>, WriteError> {
    let scratch = scratch(key);
    let rows: u64 = files.iter().map(|(_, file)| file.entry.rows).sum();
    let was_sampled = files.iter().any(|(_, file)| file.entry.is_sampled);
    let table = files[0].0;
    let job = Job { table, inputs: files.into_iter().map(|(_, file)| file).collect(), waiting: 0 };
    let merge = Merge::open(&job)?;
    let (may_be_fewer, is_rolled_up) = (!matches!(change, Change::None), matches!(change, Change::RolledUp(_)));
    let merge = match change {
        Change::None => merge,
        Change::Revised(revision) => merge.revised(Arc::clone(revision)),
        Change::RolledUp(roll_up) => merge.rolled_up(roll_up),
    };
    let entry = merge.run(data_dir, &scratch, COLD_LEVEL, stops)?.ok_or(WriteError::Stopping)?;
    if entry.rows != rows && (!may_be_fewer || entry.rows > rows) {
        crate::fatal(&format!("moving {key} made {} rows of {rows}", entry.rows));
    }
    if entry.rows == 0 {
        // A file without a row says nothing.
        let path = data_dir.join(&scratch);
        std::fs::remove_file(&path).map_err(SealError::io("remove", &path))?;
        return Ok(None);
    }
    let is_sampled = was_sampled || entry.rows < rows && !is_rolled_up;
    Ok(Some(FileEntry { is_sampled, ..entry }))
}

/// Where a file lies before it is uploaded, relative to the data directory.
pub fn scratch(key: &str) -> String {
    format!("{SCRATCH}/{key}")
}

/// Uploads a file that was written to its [`scratch`] path; gives its entry in the log.
///
/// # Errors
/// When it could not be uploaded.
pub fn upload(data_dir: &Path, place: &Place, entry: FileEntry) -> Result<FileEntry, PlaceError> {
    let path = data_dir.join(&entry.path);
    let key = entry.path.strip_prefix(SCRATCH).unwrap_or(&entry.path).trim_start_matches('/').to_owned();
    let uploaded = place.upload(&path, &key);
    // Moved already where the place is a folder of this disk.
    let _ = std::fs::remove_file(&path);
    uploaded.map(|()| FileEntry { path: key, ..entry })
}

/// Merges cold files into one, which is uploaded; their own are left as they are. `sums` rolls RED sums up.
///
/// # Errors
/// As [`write_cold`].
pub fn merge_cold(
    data_dir: &Path,
    place: &Place,
    merge: &ColdMerge,
    sums: Option<&dyn SpanSums>,
    names: &mut Names,
    stops: impl Fn() -> bool,
) -> Result<FileEntry, WriteError> {
    let scratch = data_dir.join(SCRATCH).join("inputs");
    let mut inputs = Vec::with_capacity(merge.inputs.len());
    for (number, entry) in merge.inputs.iter().enumerate() {
        let path = place.fetch(&entry.path, &scratch.join(number.to_string()))?;
        inputs.push((merge.table, Arc::new(DataFile::new(entry.clone(), path))));
    }
    let roll_up = merge.roll_up.and_then(|seconds| Some(sums?.roll_up(seconds)));
    let change = roll_up.map_or(Change::None, Change::RolledUp);
    let merged = write_one(data_dir, &format!("{}/{}", merge.folder, names.next()), inputs, change, stops);
    // There where the place is a bucket.
    let _ = std::fs::remove_dir_all(&scratch);
    let merged = merged?.expect("every row of inputs that are not empty is in the result");
    Ok(upload(data_dir, place, merged)?)
}

/// Files of one output each: by receipt, so that a row's neighbours in time stay its neighbours.
fn groups(files: &[TableFile]) -> Vec<Vec<TableFile>> {
    let mut files: Vec<&TableFile> = files.iter().collect();
    files.sort_by(|left, right| {
        let key = |file: &TableFile| (file.0, file.1.entry.received_min);
        key(left).cmp(&key(right)).then_with(|| left.1.entry.path.cmp(&right.1.entry.path))
    });
    let mut groups: Vec<Vec<TableFile>> = Vec::new();
    let mut bytes = 0;
    for file in files {
        bytes += file.1.entry.bytes;
        match groups.last_mut() {
            Some(group) if group[0].0 == file.0 && group.len() < INPUTS_MAX && bytes <= FILE_BYTES => {
                group.push(file.clone());
            }
            _ => {
                bytes = file.1.entry.bytes;
                groups.push(vec![file.clone()]);
            }
        }
    }
    groups
}
