//! The way out of a damaged log: keep every frame that is whole, set the damaged file aside.
//!
//! Owns nothing between runs. Never deletes a byte: the damaged segment stays beside as `*.damaged`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::LogError;
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
}

/// Rewrites every damaged segment of a log with the frames of it that are whole.
///
/// # Errors
/// When a file cannot be read or written; what was not finished is as it was.
pub fn salvage(log_dir: &Path) -> Result<Vec<Salvaged>, LogError> {
    let mut done = Vec::new();
    for (_, path) in segment::list(log_dir)? {
        let reader = SegmentReader::open(&path)?;
        let (frames, lost_bytes) = whole_frames(&reader)?;
        if lost_bytes == 0 {
            continue;
        }
        done.push(rewrite(&path, &reader, &frames, lost_bytes)?);
    }
    Ok(done)
}

struct WholeFrame {
    first_lsn: u64,
    body: Vec<u8>,
}

fn whole_frames(reader: &SegmentReader) -> Result<(Vec<WholeFrame>, u64), LogError> {
    let mut frames = Vec::new();
    let mut lost = 0;
    let mut position = SEGMENT_HEADER_BYTES;
    loop {
        match reader.frame_at(position)? {
            Found::Frame { first_lsn, body, next, .. } => {
                if frame::records(&body).all(|record| record.is_some()) {
                    frames.push(WholeFrame { first_lsn, body });
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
    for whole in frames {
        let mut builder = FrameBuilder::default();
        builder.clear();
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
    Ok(Salvaged { segment: path.to_path_buf(), set_aside, kept_records, lost_bytes })
}
