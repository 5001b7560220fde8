//! A file that sums up what is written to it.
//!
//! Owns the checksums of its blocks, of the whole and of what lies behind the blocks. Never seeks.

use std::fs::File;
use std::io::Write;

use super::{BLOCK_BYTES, BlocksPlace, SUM_BYTES};

/// A file that is written from its beginning to its end.
pub(crate) struct SummedFile<W = File> {
    file: W,
    whole: u32,
    block: u32,
    block_bytes: u64,
    sums: Vec<u8>,
    behind: Option<BlocksPlace>,
    bytes: u64,
}

impl<W: Write> SummedFile<W> {
    pub(crate) fn new(file: W) -> Self {
        Self { file, whole: 0, block: 0, block_bytes: 0, sums: Vec::new(), behind: None, bytes: 0 }
    }

    /// What is written from now on lies behind the blocks; their checksums, which come first.
    pub(crate) fn end_blocks(&mut self) -> Vec<u8> {
        if self.block_bytes > 0 {
            self.end_block();
        }
        self.behind = Some(BlocksPlace { offset: self.bytes, checksum: 0 });
        std::mem::take(&mut self.sums)
    }

    /// The file, the checksum of all of it, and the place of its blocks' where they were ended.
    pub(crate) fn finish(self) -> (W, u32, Option<BlocksPlace>) {
        (self.file, self.whole, self.behind)
    }

    fn end_block(&mut self) {
        let sum: [u8; SUM_BYTES] = self.block.to_le_bytes();
        self.sums.extend(sum);
        (self.block, self.block_bytes) = (0, 0);
    }

    fn add(&mut self, mut bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.whole = crc32c::crc32c_append(self.whole, bytes);
        if let Some(behind) = &mut self.behind {
            behind.checksum = crc32c::crc32c_append(behind.checksum, bytes);
            return;
        }
        while !bytes.is_empty() {
            let room = usize::try_from(BLOCK_BYTES - self.block_bytes).unwrap_or(usize::MAX);
            let (of_block, rest) = bytes.split_at(room.min(bytes.len()));
            self.block = crc32c::crc32c_append(self.block, of_block);
            self.block_bytes += of_block.len() as u64;
            if self.block_bytes == BLOCK_BYTES {
                self.end_block();
            }
            bytes = rest;
        }
    }
}

impl<W: Write> Write for SummedFile<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.add(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}
