//! `fsck`: reads everything that is kept and says what is wrong, and what to do.
//!
//! Owns the checks: manifest, every data file's length, checksum, footer and rows, the log's frames and numbers. Never
//! changes a byte of them.

mod cold;

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::checksum::checksum_of;
use crate::cold::ColdConfig;
use crate::log::segment::{self, Found, SEGMENT_HEADER_BYTES, SegmentReader};
use crate::log::{LogError, LogSequence};
use crate::manifest::Manifest;
use crate::open::{DataDirLock, OpenError, orphans};
use crate::version::FileEntry;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether data is lost or cannot be read; otherwise the next start puts it right by itself.
    pub is_error: bool,
    pub path: PathBuf,
    pub what: String,
    pub advice: &'static str,
}

/// What was read, and what was found.
#[derive(Clone, Debug, Default)]
pub struct FsckReport {
    pub files: u64,
    pub rows: u64,
    pub bytes: u64,
    pub log_segments: u64,
    /// Requests in the log that are in no file yet.
    pub log_requests: u64,
    /// The same of the cold tier, where there is one.
    pub cold_files: u64,
    pub cold_rows: u64,
    pub cold_bytes: u64,
    pub findings: Vec<Finding>,
}

const RESTORE: &str = "restore it from a copy; all other files are as they were";
const SALVAGE: &str = "spanlake salvage-log keeps every record that is whole";
const KEEP: &str = "keep it until the errors are put right: it may be what is missing";
const NEXT_START: &str = "nothing; the next start puts it right";

/// Checks a data directory that no server uses, and its cold tier.
///
/// # Errors
/// When it is in use, is no data directory, or a manifest or the cold tier cannot be read.
pub fn fsck(data_dir: &Path, cold_config: Option<&ColdConfig>) -> Result<FsckReport, OpenError> {
    let manifest_dir = data_dir.join("manifest");
    if !manifest_dir.is_dir() {
        return Err(OpenError::NotADataDir { path: data_dir.to_path_buf() });
    }
    let _lock = DataDirLock::take(data_dir)?;
    let manifest = Manifest::open(&manifest_dir)?;
    let mut report = FsckReport::default();
    for entry in manifest.state().files.values() {
        report.files += 1;
        report.rows += entry.rows;
        report.bytes += entry.bytes;
        let path = data_dir.join(&entry.path);
        if let Err(what) = check_file(&path, entry) {
            report.findings.push(Finding { is_error: true, path, what, advice: RESTORE });
        }
    }
    // Without the folder every file was missed above.
    let orphans = if data_dir.join("hot").is_dir() { orphans(data_dir, manifest.state())? } else { Vec::new() };
    check_log(&data_dir.join("log"), manifest.state().flushed_lsn, &mut report)?;
    let has_manifest = manifest.state().number > 0 || report.log_requests > 0 || orphans.is_empty();
    if !has_manifest {
        let what = "names no file, and nothing in the log tells of those that are there".to_owned();
        report.findings.push(Finding { is_error: true, path: manifest_dir, what, advice: RESTORE });
    }
    let is_whole = report.findings.iter().all(|finding| !finding.is_error);
    for path in orphans {
        let what = "is not in the manifest: left by a seal or merge that did not end".to_owned();
        let advice = if is_whole { NEXT_START } else { KEEP };
        report.findings.push(Finding { is_error: false, path, what, advice });
    }
    if let Some(config) = cold_config {
        cold::check(data_dir, config, manifest.state(), &mut report)?;
    }
    Ok(report)
}

fn check_file(path: &Path, entry: &FileEntry) -> Result<(), String> {
    let mut file = File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    let bytes = file.metadata().map_err(|error| format!("cannot be read: {error}"))?.len();
    if bytes != entry.bytes {
        return Err(format!("is {bytes} bytes long instead of {}", entry.bytes));
    }
    if let Some(expected) = entry.checksum {
        let found = checksum_of(&mut file).map_err(|error| format!("cannot be read: {error}"))?;
        if found != expected {
            return Err(format!("has the checksum {found:08x} instead of {expected:08x}"));
        }
    }
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| format!("has a damaged footer: {error}"))?;
    let rows = builder.metadata().file_metadata().num_rows();
    if u64::try_from(rows) != Ok(entry.rows) {
        return Err(format!("has {rows} rows instead of {}", entry.rows));
    }
    if entry.checksum.is_none() {
        // Written before there were checksums: whatever can be decoded is whole.
        let batches = builder.build().map_err(|error| format!("cannot be read: {error}"))?;
        for batch in batches {
            batch.map_err(|error| format!("cannot be decoded: {error}"))?;
        }
    }
    Ok(())
}

fn check_log(log_dir: &Path, flushed: LogSequence, report: &mut FsckReport) -> Result<(), LogError> {
    let mut next = None;
    for (_, path) in segment::list(log_dir)? {
        report.log_segments += 1;
        let reader = SegmentReader::open(&path)?;
        if let Some(finding) = check_segment(&reader, flushed, &mut next, report)? {
            report.findings.push(finding);
        }
    }
    Ok(())
}

/// Follows the frames of a segment; `next` is the number that the next record should have.
fn check_segment(
    reader: &SegmentReader,
    flushed: LogSequence,
    next: &mut Option<LogSequence>,
    report: &mut FsckReport,
) -> Result<Option<Finding>, LogError> {
    let path = reader.path.clone();
    let damage = |at: u64| Finding {
        is_error: true,
        path: path.clone(),
        what: format!("is damaged at byte {at}, and whole records follow"),
        advice: SALVAGE,
    };
    let torn = |at: u64, bytes: u64| Finding {
        is_error: false,
        path: path.clone(),
        what: format!("ends at byte {at} in {bytes} bytes of a record that was never acknowledged"),
        advice: NEXT_START,
    };
    let mut position = if reader.header_is_valid() { SEGMENT_HEADER_BYTES } else { 0 };
    loop {
        match reader.frame_at(position)? {
            Found::Frame { first_lsn, records, body, next: behind } => {
                let expected = next.unwrap_or(0).max(flushed + 1);
                if first_lsn > expected {
                    let last = first_lsn - 1;
                    let what = format!("begins a frame with record {first_lsn}; {expected} to {last} are missing");
                    report.findings.push(Finding { is_error: true, path: path.clone(), what, advice: RESTORE });
                }
                let end = first_lsn + u64::from(records);
                // One without a body stands for records that salvage-log gave up.
                if !body.is_empty() {
                    report.log_requests += end.saturating_sub(first_lsn.max(flushed + 1));
                }
                *next = Some(end);
                position = behind;
            }
            Found::End => return Ok(None),
            Found::Broken => {
                return Ok(Some(match reader.next_valid_frame(position)? {
                    Some(_) => damage(position),
                    None => {
                        let end = reader.last_nonzero_after(position)?.unwrap_or(position);
                        torn(position, end - position)
                    }
                }));
            }
        }
    }
}
