//! The memory of one decision as one block of bytes: what was decided in all, then the partitions of traces.
//!
//! Owns that form. Never does I/O.

use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::TraceId;

use super::kept_traces::KeptTraces;
use super::report::StratumReport;
use crate::memory::{MemoryError, Partition, Remembered, build, partition_of, partitions_for};
use crate::threshold::Threshold;

const MAGIC: [u8; 4] = *b"SLD1";

/// What one decision decided in all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryHeader {
    /// Hours since the epoch.
    pub hour: i64,
    pub epoch: u64,
    pub allotted_bytes: f64,
    pub offered_bytes: f64,
    /// As predicted.
    pub kept_bytes: f64,
    /// `None` until the move is done.
    #[serde(default)]
    pub written_bytes: Option<f64>,
    pub traces: u64,
    pub kept_traces: u64,
    pub dropped_by_rules: u64,
    /// Traces whose ids did not look random and were hashed.
    pub hashed_ids: u64,
    pub malformed_trace_states: u64,
    /// Bytes an hour that always-keep rules wanted, as predicted.
    pub wanted_by_rules_bytes: f64,
    /// Groups by bytes, the greatest first.
    pub strata: Vec<StratumReport>,
}

/// A memory, opened.
pub(super) struct MemoryFile {
    bytes: Vec<u8>,
    /// Where each partition begins and ends.
    partitions: Vec<(usize, usize)>,
}

/// The bytes of a memory.
pub(super) fn write(header: &MemoryHeader, kept: &KeptTraces, mut dropped: Vec<TraceId>) -> Vec<u8> {
    let count = partitions_for((kept.thresholds().count() + dropped.len()) as u64);
    let partition = |trace: &TraceId| partition_of(*trace, count);
    dropped.sort_unstable_by_key(partition);
    let mut kept: Vec<(TraceId, Threshold)> = kept.thresholds().collect();
    kept.sort_unstable_by_key(|(trace, _)| partition(trace));
    let (mut kept, mut dropped) = (kept.as_slice(), dropped.as_slice());
    let text = serde_json::to_vec(header).unwrap_or_default();
    let mut bytes = MAGIC.to_vec();
    put(&mut bytes, &text);
    bytes.extend(count.to_le_bytes());
    for number in 0..count {
        let (of_kept, more_kept) = kept.split_at(kept.partition_point(|(trace, _)| partition(trace) <= number));
        let (of_dropped, more_dropped) = dropped.split_at(dropped.partition_point(|trace| partition(trace) <= number));
        put(&mut bytes, &build(of_kept, of_dropped));
        (kept, dropped) = (more_kept, more_dropped);
    }
    bytes
}

fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(part);
}

impl MemoryFile {
    /// Reads what [`write`] made.
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, MemoryError> {
        if bytes.get(..4) != Some(&MAGIC) {
            return Err(MemoryError::NotAPartition);
        }
        let (_, header_end) = part(&bytes, 4)?;
        let count = number(&bytes, header_end)?;
        let mut at = header_end + 4;
        let mut partitions = Vec::new();
        for _ in 0..count {
            let (from, to) = part(&bytes, at)?;
            Partition::open(&bytes[from..to])?;
            partitions.push((from, to));
            at = to;
        }
        Ok(Self { bytes, partitions })
    }

    /// What was decided in all.
    pub(super) fn header(&self) -> Option<MemoryHeader> {
        let (from, to) = part(&self.bytes, 4).ok()?;
        serde_json::from_slice(&self.bytes[from..to]).ok()
    }

    /// What was decided on that trace.
    pub(super) fn ask(&self, trace: TraceId) -> Remembered {
        let count = u32::try_from(self.partitions.len()).unwrap_or(1);
        let place = self.partitions.get(partition_of(trace, count) as usize);
        let partition = place.and_then(|(from, to)| Partition::open(&self.bytes[*from..*to]).ok());
        partition.map_or(Remembered::Unknown, |partition| partition.ask(trace))
    }
}

fn number(bytes: &[u8], at: usize) -> Result<u32, MemoryError> {
    let digits = bytes.get(at..at + 4).and_then(|digits| digits.try_into().ok());
    digits.map(u32::from_le_bytes).ok_or(MemoryError::CutOff { found: bytes.len(), expected: at + 4 })
}

/// Where a part with its length before it begins and ends.
fn part(bytes: &[u8], at: usize) -> Result<(usize, usize), MemoryError> {
    let from = at + 4;
    let to = from.saturating_add(number(bytes, at)? as usize);
    if to > bytes.len() { Err(MemoryError::CutOff { found: bytes.len(), expected: to }) } else { Ok((from, to)) }
}
