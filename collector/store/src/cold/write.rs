//! Rows of hot files as cold ones: merged, in the form of Delta's types, uploaded.
//!
//! Owns sizes and names. What it uploads is an orphan until an edit names it. Never commits.

use std::path::Path;
use std::sync::Arc;

use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use parquet::file::reader::{FileReader, SerializedFileReader};
use spanlake_schemas::red::{RollUp, SpanSums};
use spanlake_schemas::sampling::{COLUMNS, Trial, TrialBytes};
use spanlake_schemas::tables::Table;

use super::log::ColdLogError;
use super::merge::ColdMerge;
use super::pick::Move;
use super::place::{Place, PlaceError};
use crate::compact::{Job, Merge, Revision, open_runs};
use crate::seal::SealError;
use crate::seal::order::date_and_hour;
use crate::version::{COLD_LEVEL, DataFile, FileEntry, TableFile};

/// Files that are written before they are uploaded.
pub const SCRATCH: &str = "moving";
/// The one file of a trial.
const TRIAL: &str = "moving/trial.parquet";
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
    let write = |files| write_one(data_dir, place, folder, files, names, change(), &stops).transpose();
    groups(files).into_iter().filter_map(write).collect()
}

/// What becomes of rows on their way.
enum Change<'a> {
    None,
    Revised(&'a Arc<dyn Revision>),
    RolledUp(Box<dyn RollUp>),
}

fn write_one(
    data_dir: &Path,
    place: &Place,
    folder: &str,
    files: Vec<TableFile>,
    names: &mut Names,
    change: Change<'_>,
    stops: impl Fn() -> bool,
) -> Result<Option<FileEntry>, WriteError> {
    let key = format!("{folder}/{}", names.next());
    let scratch = scratch(&key);
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
        crate::fatal(&format!("moving {folder} made {} rows of {rows}", entry.rows));
    }
    if entry.rows == 0 {
        // A file without a row says nothing.
        let path = data_dir.join(&scratch);
        std::fs::remove_file(&path).map_err(SealError::io("remove", &path))?;
        return Ok(None);
    }
    let is_sampled = was_sampled || entry.rows < rows && !is_rolled_up;
    Ok(Some(upload(data_dir, place, FileEntry { is_sampled, ..entry })?))
}

/// Writes some rows of an hour as cold files, of which nothing is left; gives what those of spans and of logs took.
///
/// # Errors
/// As [`write_cold`].
pub fn try_out(
    data_dir: &Path,
    job: &Move,
    trial: Arc<dyn Trial>,
    stops: &dyn Fn() -> bool,
) -> Result<[TrialBytes; 2], WriteError> {
    let mut taken = [TrialBytes::default(); 2];
    let share = trial.share();
    let revision: Arc<dyn Revision> = Arc::new(Tried(trial));
    for (taken, table) in taken.iter_mut().zip([Table::Spans, Table::Logs]) {
        let files: Vec<TableFile> = job.files.iter().filter(|(of, _)| *of == table).cloned().collect();
        for group in groups(&files) {
            let inputs = group.into_iter().map(|(_, file)| file).collect();
            let merge =
                Merge::open_by(&Job { table, inputs, waiting: 0 }, |table, file| open_runs(table, file, share))?;
            let merge = merge.revised(Arc::clone(&revision));
            let entry = merge.run(data_dir, TRIAL, COLD_LEVEL, stops)?.ok_or(WriteError::Stopping)?;
            let path = data_dir.join(&entry.path);
            let data = bytes_of_pages(&path)?;
            std::fs::remove_file(&path).map_err(SealError::io("remove", &path))?;
            if entry.rows > 0 {
                taken.data += data;
                taken.fixed += entry.bytes.saturating_sub(data);
                taken.files += 1;
            }
        }
    }
    Ok(taken)
}

/// Bytes of a file's pages but for dictionaries, which a few rows fill as much as many.
fn bytes_of_pages(path: &Path) -> Result<u64, SealError> {
    let parquet_error = |source| SealError::Parquet { path: path.to_path_buf(), source };
    let file = std::fs::File::open(path).map_err(SealError::io("open", path))?;
    let reader = SerializedFileReader::new(file).map_err(parquet_error)?;
    let columns = reader.metadata().row_groups().iter().flat_map(|group| group.columns());
    let bytes = columns.map(|column| {
        let dictionary = column.dictionary_page_offset().map_or(0, |at| column.data_page_offset() - at);
        column.compressed_size() - dictionary
    });
    Ok(u64::try_from(bytes.sum::<i64>()).unwrap_or(0))
}

/// A trial as the merge asks it.
struct Tried(Arc<dyn Trial>);

impl Revision for Tried {
    fn sets(&self, _table: Table) -> &[&'static str] {
        &COLUMNS
    }

    fn revise(&self, table: Table, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        self.0.revise(table, batch)
    }
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
    let merged = write_one(data_dir, place, &merge.folder, inputs, names, change, stops);
    // There where the place is a bucket.
    let _ = std::fs::remove_dir_all(&scratch);
    Ok(merged?.expect("every row of inputs that are not empty is in the result"))
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
