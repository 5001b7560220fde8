//! Traces of an hour while their rows come: summaries of as many as fit in memory, those of the others in scratch.
//!
//! Owns which of them are where. In memory are at most [`TRACES_MAX`]. Never decides, and never keeps a row.

use std::collections::hash_map::Entry;
use std::io;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::sampling::{Part, Scratch};

use super::traces::{Extent, Traces, TracesOfPart, put};
use crate::memory;
use crate::summary::{TraceIdBytes, TraceSummary};

/// Traces of which summaries are in memory: some 400 bytes each, so 50 MB.
const TRACES_MAX: usize = 131_072;
/// Parts of what is in scratch, by a hash of the trace's id: thirty million traces are parts as large as what is in memory.
const PARTITIONS: u32 = 256;

/// What is known of a trace of the hour.
pub(super) enum Known {
    Undecided(Box<Gathering>),
    KeptEarlier,
    DroppedEarlier,
    /// Somebody brought it back on purpose: it stays, outside of the budget.
    Imported,
}

/// A trace of which more may come.
#[derive(Serialize, Deserialize)]
pub(super) struct Gathering {
    pub summary: TraceSummary,
    /// It has rows in the hour: only then do its neighbours matter.
    is_of_hour: bool,
}

/// As it lies in scratch, or is about to.
#[derive(Serialize, Deserialize)]
enum Spilled {
    Undecided(Box<Gathering>),
    Imported(TraceIdBytes),
}

/// Traces while their rows come.
pub(super) struct Gathered {
    traces: HashMap<TraceIdBytes, Known>,
    traces_max: usize,
    scratch: Arc<dyn Scratch>,
    /// Of each partition; none where all traces are in memory.
    spilled: Vec<Vec<Extent>>,
}

impl Gathered {
    pub(super) fn new(scratch: Arc<dyn Scratch>) -> Self {
        Self { traces: HashMap::new(), traces_max: TRACES_MAX, scratch, spilled: Vec::new() }
    }

    /// With little memory.
    #[cfg(test)]
    pub(super) fn at_most(traces_max: usize, scratch: Arc<dyn Scratch>) -> Self {
        Self { traces_max, ..Self::new(scratch) }
    }

    /// What is known of a trace, `first` where nothing is yet; `None` for a neighbour that has no row in the hour.
    ///
    /// # Errors
    /// When the scratch cannot be written.
    pub(super) fn known(
        &mut self,
        part: Part,
        trace: TraceId,
        first: impl FnOnce() -> io::Result<First>,
    ) -> io::Result<Option<&mut Known>> {
        self.make_room_for(trace)?;
        let is_of_hour = part == Part::OfHour;
        match self.traces.entry(trace.0) {
            Entry::Occupied(known) => {
                let known = known.into_mut();
                if let Known::Undecided(gathering) = known {
                    gathering.is_of_hour |= is_of_hour;
                }
                Ok(Some(known))
            }
            // Of a trace in scratch, nobody knows here whether it has rows in the hour.
            Entry::Vacant(_) if !is_of_hour && self.spilled.is_empty() => Ok(None),
            Entry::Vacant(place) => Ok(Some(place.insert(match first()? {
                First::KeptEarlier => Known::KeptEarlier,
                First::DroppedEarlier => Known::DroppedEarlier,
                First::Undecided { is_pinned } => {
                    let summary = TraceSummary { is_pinned, ..TraceSummary::new(trace) };
                    Known::Undecided(Box::new(Gathering { summary, is_of_hour }))
                }
            }))),
        }
    }

    /// Somebody imported the trace, whatever was seen of it.
    ///
    /// # Errors
    /// When the scratch cannot be written.
    pub(super) fn import(&mut self, trace: TraceId) -> io::Result<()> {
        self.make_room_for(trace)?;
        self.traces.insert(trace.0, Known::Imported);
        Ok(())
    }

    fn make_room_for(&mut self, trace: TraceId) -> io::Result<()> {
        let is_full = self.traces.len() >= self.traces_max && !self.traces.contains_key(&trace.0);
        if is_full { self.spill() } else { Ok(()) }
    }

    /// Of a trace that is in memory.
    pub(super) fn summary_of(&self, trace: TraceId) -> Option<&TraceSummary> {
        match self.traces.get(&trace.0) {
            Some(Known::Undecided(gathering)) => Some(&gathering.summary),
            _ => None,
        }
    }

    /// All of them, to be gone through: as many in memory as before.
    ///
    /// # Errors
    /// When the scratch cannot be written or read.
    pub(super) fn finish(mut self) -> io::Result<Traces> {
        let mut traces = Traces::new(Arc::clone(&self.scratch));
        let mut waiting = self.leave();
        if self.spilled.is_empty() {
            let mut merging = Merging::default();
            waiting.into_iter().for_each(|(_, spilled)| merging.add(spilled));
            traces.push_in_memory(merging.finish());
            return Ok(traces);
        }
        // Of the last partition first, so that each leaves the end of the list as it is merged.
        waiting.reverse();
        for (partition, extents) in self.spilled.iter().enumerate() {
            let mut merging = Merging::default();
            for extent in extents {
                super::traces::each(&*self.scratch, *extent, |spilled| {
                    merging.add(spilled);
                    Ok(())
                })?;
            }
            while let Some((_, spilled)) = waiting.pop_if(|(of, _)| *of == partition) {
                merging.add(spilled);
            }
            traces.push(merging.finish(), self.traces_max.saturating_sub(waiting.len()))?;
        }
        Ok(traces)
    }

    /// Puts all that is in memory aside.
    fn spill(&mut self) -> io::Result<()> {
        self.spilled.resize_with(PARTITIONS as usize, Vec::new);
        let mut leaving = self.leave().into_iter().peekable();
        let mut bytes = Vec::new();
        while let Some((partition, spilled)) = leaving.next() {
            put(&mut bytes, &spilled)?;
            if leaving.peek().is_none_or(|(next, _)| *next != partition) {
                self.spilled[partition].push(Extent { at: self.scratch.append(&bytes)?, length: bytes.len() });
                bytes.clear();
            }
        }
        Ok(())
    }

    /// All that is in memory, in order of partitions. What was decided earlier is asked for again.
    fn leave(&mut self) -> Vec<(usize, Spilled)> {
        let leaving = std::mem::take(&mut self.traces).into_iter().filter_map(|(trace, known)| {
            let spilled = match known {
                Known::Undecided(gathering) => Spilled::Undecided(gathering),
                Known::Imported => Spilled::Imported(trace),
                Known::KeptEarlier | Known::DroppedEarlier => return None,
            };
            Some((memory::partition_of(memory::hash_of(&trace), PARTITIONS) as usize, spilled))
        });
        let mut leaving: Vec<(usize, Spilled)> = leaving.collect();
        leaving.sort_unstable_by_key(|(partition, _)| *partition);
        leaving
    }
}

/// What a trace is when it is seen first.
pub(super) enum First {
    KeptEarlier,
    DroppedEarlier,
    Undecided { is_pinned: bool },
}

/// Traces of which parts come from several places.
#[derive(Default)]
struct Merging {
    undecided: HashMap<TraceIdBytes, Box<Gathering>>,
    imported: Vec<TraceIdBytes>,
}

impl Merging {
    fn add(&mut self, spilled: Spilled) {
        match spilled {
            Spilled::Imported(trace) => self.imported.push(trace),
            Spilled::Undecided(more) => match self.undecided.entry(more.summary.trace_id) {
                Entry::Vacant(place) => drop(place.insert(more)),
                Entry::Occupied(mut known) => {
                    known.get_mut().summary.merge(&more.summary);
                    known.get_mut().is_of_hour |= more.is_of_hour;
                }
            },
        }
    }

    /// Each once: without neighbours that have no row in the hour.
    fn finish(self) -> TracesOfPart {
        let mut imported = self.imported;
        imported.sort_unstable();
        imported.dedup();
        let is_there = |gathering: &Gathering| {
            gathering.is_of_hour && imported.binary_search(&gathering.summary.trace_id).is_err()
        };
        let undecided = self.undecided.into_values().filter(|gathering| is_there(gathering));
        let mut summaries: Vec<TraceSummary> = undecided.map(|gathering| gathering.summary).collect();
        summaries.shrink_to_fit();
        summaries.sort_unstable_by_key(|summary| summary.trace_id);
        TracesOfPart { summaries, imported }
    }
}

#[cfg(test)]
mod tests {
    use spanlake_schemas::sampling::{Readable, ScratchInMemory};

    use super::super::traces::Visited;
    use super::*;
    use crate::decide::SummarySource;
    use crate::rules::RuleSet;
    use crate::span::StatusCode;
    use crate::summary::{NoAttributes, SpanFacts};
    use crate::threshold::Threshold;

    fn id(trace: u64) -> TraceId {
        TraceId(xxhash_rust::xxh3::xxh3_128(&trace.to_le_bytes()).to_le_bytes())
    }

    fn add(gathered: &mut Gathered, part: Part, trace: u64, operation: &str) {
        let first = || Ok(First::Undecided { is_pinned: false });
        let Some(Known::Undecided(gathering)) = gathered.known(part, id(trace), first).unwrap() else { return };
        let start_time = i64::try_from(trace).unwrap();
        let facts = SpanFacts {
            span_id: [0; 8],
            is_root: operation == "0",
            service: "shop",
            operation,
            status: StatusCode::Unset,
            start_time,
            duration: start_time * 7,
            flags: 0,
            trace_state: "",
            is_sampling_unknown: false,
            door_threshold: Threshold::KEEP_ALL,
            hot_bytes: 10,
            links: &[],
            attributes: &NoAttributes,
        };
        gathering.summary.add_span(&facts, &RuleSet::default());
    }

    /// Spans of 500 traces in three rounds, late ones of some and of others, and one trace in fifty imported.
    fn gather(traces_max: usize) -> Traces {
        let mut gathered = Gathered::at_most(traces_max, Arc::new(ScratchInMemory::default()));
        for operation in ["0", "1", "2"] {
            (0..500).for_each(|trace| add(&mut gathered, Part::OfHour, trace, operation));
            (0..500).step_by(50).for_each(|trace| gathered.import(id(trace)).unwrap());
        }
        (400..700).for_each(|trace| add(&mut gathered, Part::Neighbour, trace, "late"));
        gathered.finish().unwrap()
    }

    fn all(traces: &Traces) -> Vec<TraceSummary> {
        let mut all = Vec::new();
        traces.for_each(&mut |summary| all.push(summary.clone()));
        traces.check().unwrap();
        assert_eq!(all.len() as u64, traces.count);
        let mut by_part = Vec::new();
        for part in 0..traces.parts() {
            let visited = traces.visit_part(part, |visited| {
                if let Visited::Summary(summary) = visited {
                    by_part.push(summary.clone());
                }
                Ok(())
            });
            visited.unwrap();
        }
        assert_eq!(by_part, all);
        all.sort_unstable_by_key(|summary| summary.trace_id);
        all
    }

    #[test]
    fn traces_are_whole_wherever_their_parts_lay() {
        let in_memory = gather(usize::MAX);
        assert_eq!((in_memory.count, in_memory.imported), (490, 10));
        assert_eq!(imported(&in_memory).len(), 10);
        assert!(all(&in_memory).iter().all(|summary| summary.spans >= 3));
        for traces_max in [1, 3, 100, 499] {
            let spilled = gather(traces_max);
            assert_eq!(spilled.parts(), PARTITIONS);
            assert_eq!(all(&spilled), all(&in_memory), "{traces_max}");
            assert_eq!(all(&spilled), all(&spilled), "every pass shows the same");
            assert_eq!(imported(&spilled), imported(&in_memory));
        }
    }

    fn imported(traces: &Traces) -> Vec<TraceIdBytes> {
        let mut all = Vec::new();
        for part in 0..traces.parts() {
            let visited = traces.visit_part(part, |visited| {
                if let Visited::Imported(trace) = visited {
                    all.push(trace);
                }
                Ok(())
            });
            visited.unwrap();
        }
        all.sort_unstable();
        all
    }

    #[test]
    fn a_scratch_that_fails_is_told() {
        struct Full;
        impl Scratch for Full {
            fn append(&self, _bytes: &[u8]) -> io::Result<u64> {
                Err(io::ErrorKind::StorageFull.into())
            }
        }
        impl Readable for Full {
            fn byte_len(&self) -> u64 {
                0
            }

            fn read(&self, _at: u64, _length: usize) -> io::Result<Vec<u8>> {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
        let mut gathered = Gathered::at_most(1, Arc::new(Full));
        let first = || Ok(First::Undecided { is_pinned: false });
        assert!(gathered.known(Part::OfHour, id(1), first).is_ok());
        assert!(gathered.known(Part::OfHour, id(2), first).is_err());
    }
}
