//! The way out of a damaged log: keep every frame that is whole, set the damaged file aside.
//!
//! In the place of records that are lost it leaves a frame without any that has their numbers, so that the next start
//! knows of the loss, and of no other.
//!
//! Owns nothing between runs. Never deletes a byte: the damaged segment stays beside as `*.damaged`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::LogError;
use super::LogSequence;
use super::frame::{self, FrameBuilder};
use super::segment::{self, Found, SEGMENT_HEADER_BYTES, SegmentReader};

/// What was done with one damaged segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    pub segment: PathBuf,
    /// Where the damaged original is now.
    pub set_aside: PathBuf,
    pub kept_records: u64,
    pub lost_bytes: u64,
    /// Records that are in no file and not in the log.
    pub missing_records: u64,
}

/// Rewrites every damaged segment of a log with the frames of it that are whole, and those before which records are
/// missing that are not in files either.
///
/// # Errors
/// When a file cannot be read or written; what was not finished is as it was.
pub fn salvage(log_dir: &Path, flushed: LogSequence) -> Result<Vec<Salvaged>, LogError> {
    let mut done = Vec::new();
    let mut expected = flushed + 1;
    for (_, path) in segment::list(log_dir)? {
        let reader = SegmentReader::open(&path)?;
        let (mut frames, lost_bytes) = whole_frames(&reader)?;
        let missing_records = count_missing(&mut frames, &mut expected);
        if lost_bytes + missing_records > 0 {
            done.push(rewrite(&path, &reader, &frames, lost_bytes)?);
        }
    }
    Ok(done)
}

struct WholeFrame {
    first_lsn: LogSequence,
    records: u32,
    /// Empty where it stands for records that were lost before.
    body: Vec<u8>,
    missing_before: u64,
}

/// Notes before which frames records are missing; `expected` is the number that comes next.
fn count_missing(frames: &mut [WholeFrame], expected: &mut LogSequence) -> u64 {
    let mut missing = 0;
    for frame in frames {
        frame.missing_before = frame.first_lsn.saturating_sub(*expected);
        missing += frame.missing_before;
        *expected = (*expected).max(frame.first_lsn + u64::from(frame.records));
    }
    missing
}

fn whole_frames(reader: &SegmentReader) -> Result<(Vec<WholeFrame>, u64), LogError> {
    let mut frames = Vec::new();
    let mut lost = 0;
    let mut position = SEGMENT_HEADER_BYTES;
    loop {
        match reader.frame_at(position)? {
            Found::Frame { first_lsn, records, body, next } => {
                if frame::records(&body).all(|record| record.is_some()) {
                    frames.push(WholeFrame { first_lsn, records, body, missing_before: 0 });
                } else {
                    lost += next - position;
                }
                position = next;
            }
            Found::End => return Ok((frames, lost)),
            Found::Broken => match reader.next_valid_frame(position)? {
                Some(next) => {
                    lost += next - position;
                    position = next;
                }
                None => {
                    let end = reader.last_nonzero_after(position)?.unwrap_or(position);
                    return Ok((frames, lost + (end - position)));
                }
            },
        }
    }
}

fn rewrite(path: &Path, reader: &SegmentReader, frames: &[WholeFrame], lost_bytes: u64) -> Result<Salvaged, LogError> {
    let fresh = path.with_extension("salvaged");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&fresh)
        .map_err(LogError::io("create", &fresh))?;
    let header = segment::header_for(path, reader)?;
    file.write_all(&header).map_err(LogError::io("write", &fresh))?;
    let mut kept_records = 0;
    let mut builder = FrameBuilder::default();
    for whole in frames {
        if whole.missing_before > 0 {
            builder.stand_for(u32::try_from(whole.missing_before).unwrap_or(u32::MAX));
            let first_missing = whole.first_lsn - u64::from(builder.records());
            file.write_all(builder.finish(first_missing)).map_err(LogError::io("write", &fresh))?;
        }
        builder.stand_for(if whole.body.is_empty() { whole.records } else { 0 });
        for (record, payload) in frame::records(&whole.body).flatten() {
            builder.push(&record, payload);
            kept_records += 1;
        }
        file.write_all(builder.finish(whole.first_lsn)).map_err(LogError::io("write", &fresh))?;
    }
    file.sync_all().map_err(LogError::io("sync", &fresh))?;
    let set_aside = path.with_extension("damaged");
    std::fs::rename(path, &set_aside).map_err(LogError::io("rename", path))?;
    std::fs::rename(&fresh, path).map_err(LogError::io("rename", &fresh))?;
    let missing_records = frames.iter().map(|frame| frame.missing_before).sum();
    Ok(Salvaged { segment: path.to_path_buf(), set_aside, kept_records, lost_bytes, missing_records })
}
