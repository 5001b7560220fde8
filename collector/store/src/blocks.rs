//! Checksums of a file's blocks, so that no reader is given bytes that the disk changed.
//!
//! Owns their place in a file, behind the last row group and before Parquet's indexes, where other readers see nothing of them;
//! their making; and readers that check what they read. Never mends, never judges a file as a whole: that is `fsck`'s.

mod reader;
mod summed;

use std::ops::Range;
use std::sync::Arc;

use parquet::errors::ParquetError;
use serde::{Deserialize, Serialize};

use crate::kept_files::KeptFiles;

pub use reader::{CheckedFile, CheckedReader};
pub(crate) use summed::SummedFile;

/// Unit of what is checked. A page of a narrow column is a few kilobytes, and what is read around it costs its time.
const BLOCK_BYTES: u64 = 16 << 10;
const SUM_BYTES: usize = 4;

/// Where the checksums of a file's blocks lie in it: CRC-32C, little endian, one of each 16 KiB before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlocksPlace {
    /// From the beginning of the file.
    pub offset: u64,
    /// CRC-32C of everything from there to the file's end: themselves, Parquet's indexes and its footer.
    pub checksum: u32,
}

/// Bytes that checksums of files may take together: of files of 64 GB.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// Checksums of files that were read lately.
pub type KeptBlocks = KeptFiles<Arc<Blocks>, KEPT_BYTES_MAX>;

/// The checksums of a file's blocks, in memory.
#[derive(Debug)]
pub struct Blocks {
    place: BlocksPlace,
    sums: Vec<u32>,
}

impl Blocks {
    /// From what lies behind the blocks, up to the file's end.
    ///
    /// # Errors
    /// When that is damaged.
    pub(crate) fn parse(place: BlocksPlace, behind: &[u8]) -> Result<Self, ParquetError> {
        let end = place.offset + behind.len() as u64;
        let found = crc32c::crc32c(behind);
        if found != place.checksum {
            return Err(damaged(&(place.offset..end), found, place.checksum));
        }
        let blocks = usize::try_from(place.offset.div_ceil(BLOCK_BYTES)).unwrap_or(usize::MAX);
        let sums: Vec<u32> =
            behind.as_chunks::<SUM_BYTES>().0.iter().take(blocks).map(|sum| u32::from_le_bytes(*sum)).collect();
        if sums.len() < blocks {
            return Err(ParquetError::General(format!("the file has checksums of {} blocks of {blocks}", sums.len())));
        }
        Ok(Self { place, sums })
    }

    /// What has to be read, so that a range can be checked: the blocks that it touches. What lies behind them was looked at when
    /// they were loaded.
    fn around(&self, range: &Range<u64>) -> Range<u64> {
        let end_of_blocks = self.place.offset;
        if range.start >= end_of_blocks || range.is_empty() {
            return range.clone();
        }
        let start = range.start - range.start % BLOCK_BYTES;
        start..range.end.max(range.end.next_multiple_of(BLOCK_BYTES).min(end_of_blocks))
    }

    /// Looks at what was read from [`Self::around`] a range.
    fn check(&self, start: u64, bytes: &[u8]) -> Result<(), ParquetError> {
        let in_blocks = usize::try_from(self.place.offset.saturating_sub(start)).unwrap_or(usize::MAX).min(bytes.len());
        let first = start / BLOCK_BYTES;
        for (block, bytes) in (first..).zip(bytes[..in_blocks].chunks(BLOCK_BYTES as usize)) {
            let (found, expected) = (crc32c::crc32c(bytes), self.sums[usize::try_from(block).unwrap_or(usize::MAX)]);
            if found != expected {
                let start = block * BLOCK_BYTES;
                return Err(damaged(&(start..start + bytes.len() as u64), found, expected));
            }
        }
        Ok(())
    }

    fn memory_bytes(&self) -> usize {
        self.sums.len() * SUM_BYTES
    }
}

fn damaged(range: &Range<u64>, found: u32, expected: u32) -> ParquetError {
    ParquetError::General(format!(
        "bytes {} to {} have the checksum {found:08x} instead of {expected:08x}",
        range.start, range.end
    ))
}

#[cfg(test)]
mod tests;
