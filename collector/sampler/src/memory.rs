//! The memory of an hour's decisions: which traces were kept, exactly, and which were dropped, nearly.
//!
//! Owns the form of a partition: a block of bytes with the kept ids in order and a filter of the dropped ones, read in
//! place. Never does I/O. An hour is cut into as many partitions as keep each below [`PARTITION_BYTES_MAX`]; whoever
//! stores them needs only the partition of the trace that is asked for, so a fixed cache of partitions bounds the
//! memory whatever an hour holds ([`MEMORY_BYTES_MAX`]).
//!
//! A late span asks for its trace: *kept* (with its threshold), *dropped*, or *unknown*: never seen in that hour. A
//! kept or dropped trace is never called unknown; an unknown one is called dropped once in 2^16 times.

pub mod xor_filter;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::TraceId;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::memory::xor_filter::{XorFilter, XorFilterRef};
use crate::threshold::Threshold;

/// What a cache of partitions may take in all.
pub const MEMORY_BYTES_MAX: usize = 64 << 20;
/// One partition, about: 16 of them fit, one of them while it is built, which takes some 40 bytes a trace.
pub const PARTITION_BYTES_MAX: usize = 2 << 20;
/// Traces of a partition, as many as fit if all are kept.
const PARTITION_TRACES: u64 = (PARTITION_BYTES_MAX / KEPT_BYTES) as u64;

const MAGIC: [u8; 4] = *b"SLM1";
const HEADER_BYTES: usize = 8;
/// Id, then the threshold in seven bytes and one of padding.
const KEPT_BYTES: usize = 24;
const SEED: u64 = 0x6d65_6d6f_7279;

/// What is known of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remembered {
    Kept(Threshold),
    Dropped,
    Unknown,
}

/// Why bytes are no partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    #[error("the bytes do not begin as a partition of decisions does")]
    NotAPartition,
    #[error("the partition of decisions is cut off: {found} bytes where {expected} are announced")]
    CutOff { found: usize, expected: usize },
}

/// How many partitions an hour of so many traces needs, a power of two. To be kept with the hour.
#[must_use]
pub fn partitions_for(traces: u64) -> u32 {
    let wanted = traces.div_ceil(PARTITION_TRACES).next_power_of_two();
    u32::try_from(wanted).unwrap_or(1 << 31)
}

/// The partition of that trace among so many.
#[must_use]
pub fn partition_of(trace: TraceId, partitions: u32) -> u32 {
    // The upper half, as the filter takes its places from all of another hash.
    let upper = u32::try_from(hash_of(trace) >> 32).unwrap_or(0);
    upper & (partitions.max(1) - 1)
}

/// The bytes of one partition.
#[must_use]
pub fn build(kept: &[(TraceId, Threshold)], dropped: &[TraceId]) -> Vec<u8> {
    let mut kept = kept.to_vec();
    kept.sort_unstable_by_key(|(trace, _)| *trace);
    kept.dedup_by_key(|(trace, _)| *trace);
    let mut keys: Vec<u64> = dropped.iter().map(|trace| hash_of(*trace)).collect();
    keys.sort_unstable();
    keys.dedup();
    let filter = XorFilter::build(&keys);
    let mut bytes = Vec::with_capacity(HEADER_BYTES + kept.len() * KEPT_BYTES + filter.byte_len());
    bytes.extend(MAGIC);
    bytes.extend(u32::try_from(kept.len()).unwrap_or(u32::MAX).to_le_bytes());
    for (trace, threshold) in &kept {
        bytes.extend(trace.0);
        bytes.extend(threshold.bits().to_le_bytes());
    }
    filter.write(&mut bytes);
    bytes
}

/// A partition, read in place.
#[derive(Clone, Copy, Debug)]
pub struct Partition<'a> {
    kept: &'a [u8],
    dropped: XorFilterRef<'a>,
}

impl<'a> Partition<'a> {
    /// Reads what [`build`] made.
    pub fn open(bytes: &'a [u8]) -> Result<Self, MemoryError> {
        let (header, rest) = bytes.split_at_checked(HEADER_BYTES).ok_or(MemoryError::NotAPartition)?;
        let Some((magic, count)) = header.split_first_chunk::<4>() else {
            return Err(MemoryError::NotAPartition);
        };
        if *magic != MAGIC {
            return Err(MemoryError::NotAPartition);
        }
        let count = count.try_into().map_or(0, u32::from_le_bytes);
        let expected = (count as usize).saturating_mul(KEPT_BYTES);
        let cut_off = MemoryError::CutOff { found: rest.len(), expected };
        let (kept, filter) = rest.split_at_checked(expected).ok_or(cut_off)?;
        let dropped = XorFilterRef::open(filter).ok_or(cut_off)?;
        Ok(Self { kept, dropped })
    }

    /// What was decided on that trace.
    #[must_use]
    pub fn ask(&self, trace: TraceId) -> Remembered {
        if let Some(threshold) = self.kept_threshold(trace) {
            return Remembered::Kept(threshold);
        }
        if self.dropped.contains(hash_of(trace)) { Remembered::Dropped } else { Remembered::Unknown }
    }

    /// Number of kept traces.
    #[must_use]
    pub const fn kept_count(&self) -> usize {
        self.kept.len() / KEPT_BYTES
    }

    fn kept_threshold(&self, trace: TraceId) -> Option<Threshold> {
        let record = |at: usize| &self.kept[at * KEPT_BYTES..(at + 1) * KEPT_BYTES];
        let (mut low, mut high) = (0, self.kept_count());
        while low < high {
            let middle = low.midpoint(high);
            if record(middle)[..16] < trace.0[..] { low = middle + 1 } else { high = middle }
        }
        let (id, bits) = (low < self.kept_count()).then(|| record(low).split_at(16))?;
        if id != trace.0 {
            return None;
        }
        Threshold::from_bits(u64::from_le_bytes(bits.try_into().ok()?))
    }
}

fn hash_of(trace: TraceId) -> u64 {
    xxh3_64_with_seed(&trace.0, SEED)
}
