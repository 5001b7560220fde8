//! The write-ahead log: checksummed frames in preallocated segment files.
//!
//! Owns `<data-dir>/log`. A frame is one group commit, written and synced as a whole, so after a power cut
//! at most the last frame is torn and nothing valid can follow it. Never knows what a payload means beyond
//! its label; the decoder reads it again at replay.

mod door;
pub mod frame;
mod overflow;
pub mod payload;
pub mod recent;
pub mod replay;
pub mod salvage;
pub mod segment;

use std::path::PathBuf;

/// Why the log cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("cannot {action} {path}")]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "{path} is damaged at byte {offset} and valid records follow, so nothing was cut. \
         To keep what can be read and set the damaged file aside: spanlake salvage-log --data-dir {data_dir}"
    )]
    Damaged { path: PathBuf, offset: u64, data_dir: PathBuf },
    #[error(
        "records {first} to {last} are in no file that the manifest names, and not in the log below {data_dir}: \
         an edit of the manifest or a log segment is missing. Restore it from a copy; \
         to go on without these records: spanlake salvage-log --data-dir {data_dir}"
    )]
    Missing { first: LogSequence, last: LogSequence, data_dir: PathBuf },
    #[error(
        "a record of {path} cannot be decoded ({reason}). To set it aside: spanlake salvage-log --data-dir {data_dir}"
    )]
    Undecodable { path: PathBuf, reason: String, data_dir: PathBuf },
}

impl LogError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

/// Position of a record: 1 for the first ever, then without gaps.
pub type LogSequence = u64;
