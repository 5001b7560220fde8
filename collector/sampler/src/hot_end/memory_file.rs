//! The memory of one decision as one block of bytes: the partitions of its traces, then what was decided in all.
//!
//! Owns that form: partitions one behind the other, where each ends (eight bytes), [`Summed`] as JSON, and a trailer of
//! fixed length. Reads one partition for each trace that is asked for, unless all bytes are in memory. Never writes.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::sampling::Readable;

use super::report::StratumReport;
use crate::decide::strata::StratumId;
use crate::memory::{MemoryError, Partition, Remembered, hash_of, partition_of};
use crate::threshold::Threshold;

pub(super) const MAGIC: [u8; 4] = *b"SLD2";
/// Where the ends of partitions begin, how many they are, the length of the text, [`MAGIC`].
const TRAILER_BYTES: usize = 20;
/// Bytes of a decision that is being made which stay in memory, and of all earlier ones that are asked.
pub(super) const RESIDENT_MAX: usize = 8 << 20;

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

/// What is written on the rows of a kept trace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Keep {
    pub threshold: Threshold,
    pub stratum: StratumId,
    #[serde(serialize_with = "text", deserialize_with = "shared_text")]
    pub reason: Arc<str>,
}

fn text<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

fn shared_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    String::deserialize(deserializer).map(Into::into)
}

/// What a memory says of all its traces.
#[derive(Serialize, Deserialize)]
pub(super) struct Summed {
    pub decision: MemoryHeader,
    /// Many traces share few verdicts.
    pub keeps: Vec<Keep>,
}

/// A memory, opened.
pub(super) struct MemoryFile {
    pub bytes: Arc<dyn Readable>,
    /// The same bytes, where they are few.
    pub resident: Option<Arc<Vec<u8>>>,
    pub summed: Summed,
    /// Where each partition ends.
    pub ends: Vec<u64>,
}

impl MemoryFile {
    /// Opens what a [`super::memory_writer::MemoryWriter`] wrote. All of it is read if it takes no more than `room`, which it
    /// then takes from.
    pub(super) fn open(bytes: Arc<dyn Readable>, room: &mut usize) -> Result<Self, MemoryError> {
        let (directory_at, partitions, text_length) = trailer(&*bytes)?;
        let ends_length = partitions as usize * 8;
        let text_at = directory_at.saturating_add(ends_length as u64);
        let expected = text_at.saturating_add((text_length as usize + TRAILER_BYTES) as u64);
        if expected != bytes.byte_len() {
            return Err(MemoryError::CutOff { found: bytes.byte_len(), expected });
        }
        let ends = bytes.read(directory_at, ends_length)?;
        let (ends, _) = ends.as_chunks();
        let ends: Vec<u64> = ends.iter().map(|end| u64::from_le_bytes(*end)).collect();
        if !ends.is_sorted() || ends.last() != Some(&directory_at) {
            return Err(MemoryError::Unknown);
        }
        let text = bytes.read(text_at, text_length as usize)?;
        let summed = serde_json::from_slice(&text).map_err(|_| MemoryError::Unknown)?;
        let length = usize::try_from(bytes.byte_len()).unwrap_or(usize::MAX);
        let resident = (length <= *room).then(|| bytes.read(0, length)).transpose()?;
        *room -= resident.as_ref().map_or(0, Vec::len);
        Ok(Self { bytes, resident: resident.map(Arc::new), summed, ends })
    }

    /// What was decided on that trace.
    pub(super) fn ask(&self, trace: TraceId) -> Result<Remembered, MemoryError> {
        let count = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        let place = partition_of(hash_of(&trace.0), count) as usize;
        let from = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        let length = usize::try_from(self.ends[place] - from).unwrap_or(usize::MAX);
        let ask = |bytes: &[u8]| Partition::open(bytes).map(|partition| partition.ask(trace));
        let answer = match &self.resident {
            Some(bytes) => {
                let from = usize::try_from(from).unwrap_or(usize::MAX);
                ask(&bytes[from..from + length])
            }
            None => ask(&self.bytes.read(from, length)?),
        };
        answer.ok_or(MemoryError::Unknown)
    }

    /// What is written on rows of a trace that it keeps.
    pub(super) fn keep(&self, trace: TraceId) -> Result<Option<&Keep>, MemoryError> {
        Ok(match self.ask(trace)? {
            Remembered::Kept(place) => self.summed.keeps.get(place as usize),
            Remembered::Dropped | Remembered::Unknown => None,
        })
    }
}

/// Where partitions end, how many they are, and how long the text is.
fn trailer(bytes: &dyn Readable) -> Result<(u64, u32, u32), MemoryError> {
    let at = bytes.byte_len().checked_sub(TRAILER_BYTES as u64).ok_or(MemoryError::Unknown)?;
    let trailer = bytes.read(at, TRAILER_BYTES)?;
    let (directory_at, rest) = trailer.split_first_chunk::<8>().ok_or(MemoryError::Unknown)?;
    let ([partitions, text_length, magic], []) = rest.as_chunks::<4>() else { return Err(MemoryError::Unknown) };
    let numbers =
        (u64::from_le_bytes(*directory_at), u32::from_le_bytes(*partitions), u32::from_le_bytes(*text_length));
    if *magic == MAGIC { Ok(numbers) } else { Err(MemoryError::Unknown) }
}

#[cfg(test)]
mod tests {
    use spanlake_schemas::sampling::{Scratch, ScratchInMemory};

    use super::super::memory_writer::MemoryWriter;
    use super::*;

    fn keep(number: u64) -> Keep {
        Keep {
            threshold: Threshold::from_probability(1.0 / (1 + number % 5) as f64),
            stratum: StratumId(u16::try_from(number % 3).unwrap()),
            reason: if number.is_multiple_of(2) { "error" } else { "slow" }.into(),
        }
    }

    fn id(number: u64) -> TraceId {
        TraceId((u128::from(number) * 0x9e37_79b9_7f4a_7c15_1234_5678).to_be_bytes())
    }

    /// Every third trace is dropped.
    fn written(traces: u64, parts: u32, scratch: &Arc<ScratchInMemory>) -> MemoryFile {
        let mut writer = MemoryWriter::new(traces, parts, Arc::clone(scratch) as Arc<dyn Scratch>);
        for part in 0..parts {
            for number in (0..traces).filter(|number| partition_of(hash_of(&id(*number).0), parts) == part) {
                if number % 3 == 0 { writer.drop(id(number)) } else { writer.keep(id(number).0, keep(number)) }
            }
            writer.end_part(parts).unwrap();
        }
        writer.finish(MemoryHeader { hour: 7, ..MemoryHeader::default() }).unwrap()
    }

    fn check(memory: &MemoryFile, traces: u64) {
        for number in 0..traces {
            let expected = (number % 3 != 0).then(|| keep(number));
            assert_eq!(memory.keep(id(number)).unwrap(), expected.as_ref());
            assert!(memory.ask(id(number)).unwrap() != Remembered::Unknown);
        }
        let unknown = (traces..traces + 1000).filter(|number| memory.ask(id(*number)).unwrap() == Remembered::Unknown);
        assert!(unknown.count() >= 998);
        assert_eq!(memory.summed.decision.hour, 7);
    }

    #[test]
    fn each_trace_has_its_own_verdict_and_equal_ones_are_kept_once() {
        for (traces, parts) in [(0, 1), (1, 1), (3000, 1), (3000, 2), (3000, 256)] {
            let memory = written(traces, parts, &Arc::default());
            check(&memory, traces);
            assert!(memory.summed.keeps.len() <= 30);
            for room in [usize::MAX, 0] {
                let opened = MemoryFile::open(Arc::clone(&memory.bytes), &mut room.clone()).unwrap();
                assert_eq!(opened.resident.is_some(), room > 0);
                check(&opened, traces);
            }
        }
    }

    #[test]
    fn what_does_not_stay_in_memory_is_put_aside() {
        let scratch = Arc::default();
        let traces = 1_400_000;
        let memory = written(traces, 256, &scratch);
        assert!(memory.resident.is_none() && memory.bytes.byte_len() > RESIDENT_MAX as u64);
        assert!(memory.ends.len() * 8 < 40_000);
        assert_eq!((0..traces).filter(|number| memory.keep(id(*number)).unwrap().is_some()).count(), 933_333);
        assert!(memory.bytes.read(memory.bytes.byte_len() - 1, 2).is_err());
    }
}
