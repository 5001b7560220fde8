//! The memory of an hour's decisions: which traces were kept, exactly, and which were dropped, nearly.
//!
//! Owns the form of a partition: a block of bytes with the kept ids in order and a filter of the dropped ones, read in
//! place. Never does I/O. An hour is cut into partitions of some [`PARTITION_TRACES`] by a hash of the trace's id, so that
//! whoever asks needs only the few kilobytes of one partition, whatever the hour holds.
//!
//! A late span asks for its trace: *kept* (with the place of its verdict), *dropped*, or *unknown*: never seen in that
//! hour. A kept or dropped trace is never called unknown; an unknown one is called dropped once in 2^16 times.

pub mod xor_filter;

#[cfg(test)]
mod tests;

use spanlake_schemas::ids::TraceId;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::memory::xor_filter::{XorFilter, XorFilterRef};
use crate::summary::TraceIdBytes;

/// Traces of a partition, about: some ten kilobytes if all are kept.
const PARTITION_TRACES: u64 = 512;
const HEADER_BYTES: usize = 4;
/// Id, then the place of the verdict.
const KEPT_BYTES: usize = 20;
const SEED: u64 = 0x6d65_6d6f_7279;

/// What is known of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// With the place of its verdict.
    Kept(u32),
    Dropped,
    Unknown,
}

/// Why bytes are no memory of decisions.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    #[error("this is no memory of decisions, or one of another version")]
    Unknown,
    #[error("the memory of decisions is cut off: {found} bytes where {expected} are announced")]
    CutOff { found: u64, expected: u64 },
    #[error("the memory of decisions cannot be read: {0}")]
    Read(#[from] std::io::Error),
}

/// How many partitions an hour of so many traces needs, a power of two. To be kept with the hour.
#[must_use]
pub fn partitions_for(traces: u64) -> u32 {
    let wanted = traces.div_ceil(PARTITION_TRACES).next_power_of_two();
    u32::try_from(wanted).unwrap_or(1 << 31)
}

/// The hash by which a trace has its place.
#[must_use]
pub fn hash_of(trace: &TraceIdBytes) -> u64 {
    xxh3_64_with_seed(trace, SEED)
}

/// The partition of a trace among so many, a power of two. Ascends with the hash, so that a partition of few is a run of
/// partitions of more.
#[must_use]
pub fn partition_of(hash: u64, partitions: u32) -> u32 {
    let upper = (hash >> 32) * u64::from(partitions.max(1));
    u32::try_from(upper >> 32).unwrap_or(0)
}

/// Appends the bytes of one partition: its kept traces in any order, each once, and the hashes of its dropped ones.
pub fn build(bytes: &mut Vec<u8>, kept: &mut [(TraceIdBytes, u32)], dropped: &mut Vec<u64>) {
    kept.sort_unstable();
    dropped.sort_unstable();
    dropped.dedup();
    let filter = XorFilter::build(dropped);
    bytes.reserve(HEADER_BYTES + kept.len() * KEPT_BYTES + filter.byte_len());
    bytes.extend(u32::try_from(kept.len()).unwrap_or(u32::MAX).to_le_bytes());
    for (trace, place) in kept {
        bytes.extend(*trace);
        bytes.extend(place.to_le_bytes());
    }
    filter.write(bytes);
}

/// A partition, read in place.
#[derive(Clone, Copy, Debug)]
pub struct Partition<'a> {
    kept: &'a [[u8; KEPT_BYTES]],
    dropped: XorFilterRef<'a>,
}

impl<'a> Partition<'a> {
    /// Reads what [`build`] made; `None` where bytes are missing or left over.
    #[must_use]
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        let (count, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
        let length = (u32::from_le_bytes(*count) as usize).checked_mul(KEPT_BYTES)?;
        let (kept, filter) = rest.split_at_checked(length)?;
        let (kept, _) = kept.as_chunks();
        Some(Self { kept, dropped: XorFilterRef::open(filter)? })
    }

    /// What was decided on that trace.
    #[must_use]
    pub fn ask(&self, trace: TraceId) -> Remembered {
        let wanted = u128::from_be_bytes(trace.0);
        let id_of = |kept: &[u8; KEPT_BYTES]| kept.first_chunk().map_or(0, |id| u128::from_be_bytes(*id));
        let found = self.kept.binary_search_by_key(&wanted, id_of);
        match found.ok().and_then(|at| self.kept[at].last_chunk()) {
            Some(place) => Remembered::Kept(u32::from_le_bytes(*place)),
            None if self.dropped.contains(hash_of(&trace.0)) => Remembered::Dropped,
            None => Remembered::Unknown,
        }
    }
}
