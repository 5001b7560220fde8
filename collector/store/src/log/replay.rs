//! Reading the log back at start: every record after what is sealed, in order.
//!
//! Owns the judgement between a torn tail (cut, and said) and damage (refused, with the way out), and that no
//! record is missing between what is in files and what is in the log, nor within it. Holds one frame in memory
//! at a time. Never decodes a payload.

use std::fs::OpenOptions;
use std::path::Path;

use super::frame::{self, RecordHeader};
use super::segment::{self, Found, SEGMENT_HEADER_BYTES, SegmentReader};
use super::{LogError, LogSequence};

/// What the log held.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ReplayReport {
    pub records: u64,
    pub bytes: u64,
    /// Bytes of a torn tail that were cut.
    pub cut_bytes: u64,
    /// The sequence number that the next record gets.
    pub next_lsn: LogSequence,
}

/// Refuses where records between what is in files and the beginning of the log are in neither. To be asked before
/// anything is removed that the manifest does not name: it may be the manifest that is not whole. Gives the number
/// of the first record of the log.
///
/// # Errors
/// The records that are missing, or an unreadable disk.
pub fn check_beginning(log_dir: &Path, data_dir: &Path, flushed: LogSequence) -> Result<Option<LogSequence>, LogError> {
    for (first_lsn, path) in segment::list(log_dir)? {
        match SegmentReader::open(&path)?.frame_at(SEGMENT_HEADER_BYTES)? {
            Found::Frame { first_lsn, .. } => {
                check_number(first_lsn, flushed + 1, data_dir)?;
                return Ok(Some(first_lsn));
            }
            // Replay judges that.
            Found::Broken => return Ok(Some(first_lsn)),
            Found::End => {}
        }
    }
    Ok(None)
}

fn check_number(first_lsn: LogSequence, expected: LogSequence, data_dir: &Path) -> Result<(), LogError> {
    if first_lsn <= expected {
        return Ok(());
    }
    Err(LogError::Missing { first: expected, last: first_lsn - 1, data_dir: data_dir.to_path_buf() })
}

/// Calls `each` with every record whose number is past `flushed`, in order.
///
/// # Errors
/// Damage with valid records behind it, records that are missing, an unreadable disk, or what `each` says.
pub fn replay(
    log_dir: &Path,
    data_dir: &Path,
    flushed: LogSequence,
    mut each: impl FnMut(LogSequence, &RecordHeader, &[u8], &Path) -> Result<(), LogError>,
) -> Result<ReplayReport, LogError> {
    let segments = segment::list(log_dir)?;
    let mut report = ReplayReport { next_lsn: flushed + 1, ..ReplayReport::default() };
    for (index, (_, path)) in segments.iter().enumerate() {
        let reader = SegmentReader::open(path)?;
        let damaged = |offset| LogError::Damaged { path: path.clone(), offset, data_dir: data_dir.to_path_buf() };
        let later = &segments[index + 1..];
        if !reader.header_is_valid() {
            if is_missed(&reader, 0, report.next_lsn, later)? {
                return Err(damaged(0));
            }
            report.cut_bytes += reader.last_nonzero_after(0)?.unwrap_or(0);
            std::fs::remove_file(path).map_err(LogError::io("remove", path))?;
            continue;
        }
        let mut position = SEGMENT_HEADER_BYTES;
        let replayed_before = report.records;
        loop {
            match reader.frame_at(position)? {
                Found::Frame { first_lsn, records, body, next } => {
                    check_number(first_lsn, report.next_lsn, data_dir)?;
                    let after = first_lsn + u64::from(records);
                    if after > flushed + 1 {
                        replay_frame(first_lsn, &body, flushed, path, data_dir, &mut report, &mut each)?;
                    }
                    report.next_lsn = report.next_lsn.max(after);
                    position = next;
                }
                Found::End => break,
                Found::Broken if is_missed(&reader, position, report.next_lsn, later)? => {
                    return Err(damaged(position));
                }
                Found::Broken => {
                    report.cut_bytes += cut(&reader, position)?;
                    break;
                }
            }
        }
        if report.records > replayed_before {
            // A process that was killed may have written them and not synced. From here on they are visible, who sends them again
            // is told that they are kept, and what comes next lies behind them: so the disk must have them first.
            reader.sync()?;
        }
    }
    Ok(report)
}

fn replay_frame(
    first_lsn: LogSequence,
    body: &[u8],
    flushed: LogSequence,
    path: &Path,
    data_dir: &Path,
    report: &mut ReplayReport,
    each: &mut impl FnMut(LogSequence, &RecordHeader, &[u8], &Path) -> Result<(), LogError>,
) -> Result<(), LogError> {
    for (lsn, record) in (first_lsn..).zip(frame::records(body)) {
        let Some((header, payload)) = record else {
            let reason = format!("record {lsn} has an unknown form; it may come from a newer version");
            return Err(LogError::Undecodable { path: path.to_path_buf(), reason, data_dir: data_dir.to_path_buf() });
        };
        if lsn > flushed {
            report.records += 1;
            report.bytes += u64::try_from(payload.len()).expect("fits");
            each(lsn, &header, payload, path)?;
        }
    }
    Ok(())
}

/// Whether what is broken at `position` held records. It did not where the next whole frame goes on with `next_lsn`: a
/// frame that could not be written was written again in another segment, and a power cut undid the wiping of its beginning.
fn is_missed(
    reader: &SegmentReader,
    position: u64,
    next_lsn: LogSequence,
    later: &[(LogSequence, std::path::PathBuf)],
) -> Result<bool, LogError> {
    if reader.next_valid_frame(position)?.is_some() {
        return Ok(true);
    }
    for (_, path) in later {
        let reader = SegmentReader::open(path)?;
        if let Some(place) = reader.next_valid_frame(0)?
            && let Found::Frame { first_lsn, .. } = reader.frame_at(place)?
        {
            return Ok(first_lsn > next_lsn);
        }
    }
    Ok(false)
}

fn cut(reader: &SegmentReader, position: u64) -> Result<u64, LogError> {
    let end = reader.last_nonzero_after(position)?.unwrap_or(position);
    let file = OpenOptions::new().write(true).open(&reader.path).map_err(LogError::io("open", &reader.path))?;
    file.set_len(position).map_err(LogError::io("cut", &reader.path))?;
    file.sync_all().map_err(LogError::io("sync", &reader.path))?;
    Ok(end - position)
}
