//! Writing the memory of one decision while it is made, a part of its traces after the other.
//!
//! Owns what of it is in memory meanwhile: the traces of one part, and [`RESIDENT_MAX`] bytes of what was written; the
//! rest is in scratch. Never decides.

use std::collections::HashMap;
use std::io;
use std::mem::take;
use std::sync::Arc;

use spanlake_schemas::ids::TraceId;
use spanlake_schemas::sampling::{Readable, Scratch};

use super::memory_file::{Keep, MAGIC, MemoryFile, MemoryHeader, RESIDENT_MAX, Summed};
use crate::memory::{build, hash_of, partition_of, partitions_for};
use crate::summary::TraceIdBytes;

/// A memory of which traces are yet to come.
pub(super) struct MemoryWriter {
    written: Written,
    /// Where each partition ends.
    ends: Vec<u64>,
    partitions: u32,
    /// Of the present part, with the partition before each.
    kept: Vec<(u32, TraceIdBytes, u32)>,
    dropped: Vec<(u32, u64)>,
    keeps: Vec<Keep>,
    places: HashMap<Keep, u32>,
}

/// Bytes in memory, and from [`RESIDENT_MAX`] on in scratch.
struct Written {
    scratch: Arc<dyn Scratch>,
    buffer: Vec<u8>,
    /// Where they begin in scratch, once they do.
    begin: Option<u64>,
    /// Of those in scratch.
    length: u64,
}

/// Where all bytes of a memory are.
enum WholeMemory {
    Resident(Arc<Vec<u8>>),
    Aside(Region),
}

/// Bytes of a scratch.
struct Region {
    scratch: Arc<dyn Scratch>,
    begin: u64,
    length: u64,
}

impl MemoryWriter {
    /// Of so many traces, which come in so many parts: a part is the traces of one partition, if there were so many.
    pub(super) fn new(traces: u64, parts: u32, scratch: Arc<dyn Scratch>) -> Self {
        let written = Written { scratch, buffer: Vec::new(), begin: None, length: 0 };
        Self {
            written,
            ends: Vec::new(),
            partitions: partitions_for(traces).max(parts),
            kept: Vec::new(),
            dropped: Vec::new(),
            keeps: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// A trace that stays, and was not added yet.
    pub(super) fn keep(&mut self, trace: TraceIdBytes, keep: Keep) {
        let next = u32::try_from(self.keeps.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(keep).or_insert_with_key(|keep| {
            self.keeps.push(keep.clone());
            next
        });
        self.kept.push((partition_of(hash_of(&trace), self.partitions), trace, place));
    }

    /// A trace that goes.
    pub(super) fn drop(&mut self, trace: TraceId) {
        let hash = hash_of(&trace.0);
        self.dropped.push((partition_of(hash, self.partitions), hash));
    }

    /// The last trace of the next part was added; there are so many parts.
    ///
    /// # Errors
    /// When the scratch cannot be written.
    pub(super) fn end_part(&mut self, parts: u32) -> io::Result<()> {
        let (mut kept, mut dropped) = (take(&mut self.kept), take(&mut self.dropped));
        kept.sort_unstable_by_key(|(partition, ..)| *partition);
        dropped.sort_unstable_by_key(|(partition, _)| *partition);
        let (mut kept, mut dropped) = (kept.into_iter().peekable(), dropped.into_iter().peekable());
        let (mut kept_here, mut dropped_here) = (Vec::new(), Vec::new());
        for _ in 0..self.partitions / parts.max(1) {
            let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
            kept_here.clear();
            dropped_here.clear();
            while let Some((_, trace, place)) = kept.next_if(|(partition, ..)| *partition == number) {
                kept_here.push((trace, place));
            }
            while let Some((_, hash)) = dropped.next_if(|(partition, _)| *partition == number) {
                dropped_here.push(hash);
            }
            build(&mut self.written.buffer, &mut kept_here, &mut dropped_here);
            self.ends.push(self.written.end());
            if self.written.buffer.len() > RESIDENT_MAX {
                self.written.put_aside()?;
            }
        }
        Ok(())
    }

    /// After the last part: what was decided in all.
    ///
    /// # Errors
    /// When the scratch cannot be written.
    pub(super) fn finish(mut self, decision: MemoryHeader) -> io::Result<MemoryFile> {
        let written = &mut self.written;
        let directory_at = written.end();
        self.ends.iter().for_each(|end| written.buffer.extend(end.to_le_bytes()));
        let summed = Summed { decision, keeps: self.keeps };
        let text = serde_json::to_vec(&summed)?;
        let text_length = u32::try_from(text.len()).map_err(io::Error::other)?;
        written.buffer.extend(text);
        written.buffer.extend(directory_at.to_le_bytes());
        written.buffer.extend(self.partitions.to_le_bytes());
        written.buffer.extend(text_length.to_le_bytes());
        written.buffer.extend(MAGIC);
        let (bytes, resident): (Arc<dyn Readable>, _) = match self.written.finish()? {
            WholeMemory::Resident(bytes) => (Arc::clone(&bytes) as Arc<dyn Readable>, Some(bytes)),
            WholeMemory::Aside(region) => (Arc::new(region), None),
        };
        Ok(MemoryFile { bytes, resident, summed, ends: self.ends })
    }
}

impl Written {
    fn end(&self) -> u64 {
        self.length + self.buffer.len() as u64
    }

    fn put_aside(&mut self) -> io::Result<()> {
        let at = self.scratch.append(&self.buffer)?;
        let begin = *self.begin.get_or_insert(at);
        if at != begin + self.length {
            return Err(io::Error::other("something else was put aside while a memory of decisions was written"));
        }
        self.length += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<WholeMemory> {
        let Some(begin) = self.begin else {
            self.buffer.shrink_to_fit();
            return Ok(WholeMemory::Resident(Arc::new(self.buffer)));
        };
        self.put_aside()?;
        Ok(WholeMemory::Aside(Region { scratch: self.scratch, begin, length: self.length }))
    }
}

impl Readable for Region {
    fn byte_len(&self) -> u64 {
        self.length
    }

    fn read(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        if at.checked_add(length as u64).is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.scratch.read(self.begin + at, length)
    }
}
