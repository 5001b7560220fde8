//! Summaries of an hour's traces: as many as fit in memory, the others in scratch.
//!
//! Owns which of them are where, and the passes over all. In memory are at most [`TRACES_MAX`] while rows come, and one
//! part of [`PARTITIONS`] while they are gone through. Never decides, and never keeps a row.

use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::io;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::sampling::{Part, Scratch};

use crate::decide::SummarySource;
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

/// As it lies in scratch.
#[derive(Serialize, Deserialize)]
enum Spilled {
    Undecided(Gathering),
    Imported(TraceIdBytes),
}

/// Where bytes lie in scratch.
#[derive(Clone, Copy, Debug)]
struct Extent {
    at: u64,
    length: usize,
}

/// Traces while their rows come.
pub(super) struct Gathered {
    traces: HashMap<TraceIdBytes, Known>,
    traces_max: usize,
    scratch: Arc<dyn Scratch>,
    /// Of each partition; none where all traces are in memory.
    spilled: Vec<Vec<Extent>>,
}

/// All traces of the hour that nobody decided on yet, each once and whole.
pub(super) struct Traces {
    place: TracesPlace,
    pub count: u64,
    pub imported: u64,
}

enum TracesPlace {
    Memory(Merged),
    Scratch {
        scratch: Arc<dyn Scratch>,
        partitions: Vec<Aside>,
        /// Why a pass ended early.
        failed: RefCell<Option<io::Error>>,
    },
}

/// Where the traces of one partition lie: summaries, and ids of imported ones.
struct Aside {
    summaries: Extent,
    imported: Extent,
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

    /// All of them, to be gone through.
    ///
    /// # Errors
    /// When the scratch cannot be written or read.
    pub(super) fn finish(mut self) -> io::Result<Traces> {
        if self.spilled.is_empty() {
            return Ok(Traces::in_memory(self.traces.into_iter()));
        }
        self.spill()?;
        let (mut count, mut imported) = (0, 0);
        let mut partitions = Vec::with_capacity(PARTITIONS as usize);
        for extents in &self.spilled {
            let whole = merged(&*self.scratch, extents)?;
            count += whole.summaries.len() as u64;
            imported += whole.imported.len() as u64;
            let summaries = put_aside(&*self.scratch, &whole.summaries)?;
            partitions.push(Aside { summaries, imported: put_aside(&*self.scratch, &whole.imported)? });
        }
        let place = TracesPlace::Scratch { scratch: self.scratch, partitions, failed: RefCell::default() };
        Ok(Traces { place, count, imported })
    }

    /// Puts all that is in memory aside. What was decided earlier is asked for again.
    fn spill(&mut self) -> io::Result<()> {
        self.spilled.resize_with(PARTITIONS as usize, Vec::new);
        let mut leaving: Vec<(usize, TraceIdBytes, Known)> =
            self.traces.drain().map(|(trace, known)| (partition_of(&trace), trace, known)).collect();
        leaving.sort_unstable_by_key(|(partition, ..)| *partition);
        let mut leaving = leaving.into_iter().peekable();
        let mut bytes = Vec::new();
        while let Some((partition, trace, known)) = leaving.next() {
            match known {
                Known::Undecided(gathering) => put(&mut bytes, &Spilled::Undecided(*gathering))?,
                Known::Imported => put(&mut bytes, &Spilled::Imported(trace))?,
                Known::KeptEarlier | Known::DroppedEarlier => {}
            }
            if leaving.peek().is_none_or(|(next, ..)| *next != partition) && !bytes.is_empty() {
                self.spilled[partition].push(Extent { at: self.scratch.append(&bytes)?, length: bytes.len() });
                bytes.clear();
            }
        }
        Ok(())
    }
}

/// What a trace is when it is seen first.
pub(super) enum First {
    KeptEarlier,
    DroppedEarlier,
    Undecided { is_pinned: bool },
}

impl Traces {
    fn in_memory(known: impl Iterator<Item = (TraceIdBytes, Known)>) -> Self {
        let (mut summaries, mut imported) = (Vec::new(), Vec::new());
        for (trace, known) in known {
            match known {
                Known::Undecided(gathering) => summaries.push(gathering.summary),
                Known::Imported => imported.push(trace),
                Known::KeptEarlier | Known::DroppedEarlier => {}
            }
        }
        summaries.sort_unstable_by_key(|summary| summary.trace_id);
        imported.sort_unstable();
        let (count, of_imported) = (summaries.len() as u64, imported.len() as u64);
        Self { count, place: TracesPlace::Memory(Merged { summaries, imported }), imported: of_imported }
    }

    /// In so many parts they are gone through: one, or one for each partition by [`memory::partition_of`].
    pub(super) fn parts(&self) -> u32 {
        match &self.place {
            TracesPlace::Memory(_) => 1,
            TracesPlace::Scratch { .. } => PARTITIONS,
        }
    }

    /// Goes through the traces of one part in order of their ids, imported ones first.
    ///
    /// # Errors
    /// When the scratch cannot be read.
    pub(super) fn visit_part(&self, part: u32, mut visit: impl FnMut(Visited<'_>) -> io::Result<()>) -> io::Result<()> {
        match &self.place {
            TracesPlace::Memory(Merged { summaries, imported }) => {
                imported.iter().try_for_each(|trace| visit(Visited::Imported(*trace)))?;
                summaries.iter().try_for_each(|summary| visit(Visited::Summary(summary)))
            }
            TracesPlace::Scratch { scratch, partitions, .. } => {
                let Some(aside) = partitions.get(part as usize) else { return Ok(()) };
                each(&**scratch, aside.imported, |trace| visit(Visited::Imported(trace)))?;
                each(&**scratch, aside.summaries, |summary| visit(Visited::Summary(&summary)))
            }
        }
    }

    /// Why a pass did not go through all of them, if one did not.
    ///
    /// # Errors
    /// When the scratch could not be read.
    pub(super) fn check(&self) -> io::Result<()> {
        match &self.place {
            TracesPlace::Memory(_) => Ok(()),
            TracesPlace::Scratch { failed, .. } => failed.take().map_or(Ok(()), Err),
        }
    }
}

/// Each pass in the same order: by partition, then by id. After the last one, [`Traces::check`] tells whether all came.
impl SummarySource for Traces {
    fn for_each(&self, visit: &mut dyn FnMut(&TraceSummary)) {
        match &self.place {
            TracesPlace::Memory(whole) => whole.summaries.iter().for_each(visit),
            TracesPlace::Scratch { scratch, partitions, failed } => {
                for aside in partitions {
                    let visited = each(&**scratch, aside.summaries, |summary: TraceSummary| {
                        visit(&summary);
                        Ok(())
                    });
                    if let Err(error) = visited {
                        failed.borrow_mut().get_or_insert(error);
                        return;
                    }
                }
            }
        }
    }
}

/// The traces of one partition, in order of their ids.
struct Merged {
    summaries: Vec<TraceSummary>,
    imported: Vec<TraceIdBytes>,
}

/// A trace as it is gone through.
pub(super) enum Visited<'a> {
    Imported(TraceIdBytes),
    Summary(&'a TraceSummary),
}

fn merged(scratch: &dyn Scratch, extents: &[Extent]) -> io::Result<Merged> {
    let mut undecided: HashMap<TraceIdBytes, Gathering> = HashMap::new();
    let mut imported: Vec<TraceIdBytes> = Vec::new();
    for extent in extents {
        each(scratch, *extent, |spilled| {
            match spilled {
                Spilled::Imported(trace) => imported.push(trace),
                Spilled::Undecided(more) => match undecided.entry(more.summary.trace_id) {
                    Entry::Vacant(place) => drop(place.insert(more)),
                    Entry::Occupied(mut known) => {
                        known.get_mut().summary.merge(&more.summary);
                        known.get_mut().is_of_hour |= more.is_of_hour;
                    }
                },
            }
            Ok(())
        })?;
    }
    imported.sort_unstable();
    imported.dedup();
    let is_there =
        |gathering: &Gathering| gathering.is_of_hour && imported.binary_search(&gathering.summary.trace_id).is_err();
    let mut summaries: Vec<TraceSummary> =
        undecided.into_values().filter(is_there).map(|gathering| gathering.summary).collect();
    summaries.sort_unstable_by_key(|summary| summary.trace_id);
    Ok(Merged { summaries, imported })
}

fn each<T: for<'a> Deserialize<'a>>(
    scratch: &dyn Scratch,
    extent: Extent,
    mut take: impl FnMut(T) -> io::Result<()>,
) -> io::Result<()> {
    let bytes = scratch.read(extent.at, extent.length)?;
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let (one, after) = postcard::take_from_bytes(rest).map_err(io::Error::other)?;
        rest = after;
        take(one)?;
    }
    Ok(())
}

fn put_aside(scratch: &dyn Scratch, all: &[impl Serialize]) -> io::Result<Extent> {
    let mut bytes = Vec::new();
    all.iter().try_for_each(|one| put(&mut bytes, one))?;
    Ok(Extent { at: scratch.append(&bytes)?, length: bytes.len() })
}

fn put(bytes: &mut Vec<u8>, one: &impl Serialize) -> io::Result<()> {
    *bytes = postcard::to_extend(one, std::mem::take(bytes)).map_err(io::Error::other)?;
    Ok(())
}

fn partition_of(trace: &TraceIdBytes) -> usize {
    memory::partition_of(memory::hash_of(trace), PARTITIONS) as usize
}

#[cfg(test)]
mod tests {
    use spanlake_schemas::sampling::{Readable, ScratchInMemory};

    use super::*;
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
            assert!(matches!(spilled.place, TracesPlace::Scratch { .. }));
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
        let place = TracesPlace::Scratch {
            scratch: Arc::new(Full),
            partitions: vec![Aside { summaries: Extent { at: 0, length: 1 }, imported: Extent { at: 1, length: 0 } }],
            failed: RefCell::default(),
        };
        let traces = Traces { place, count: 1, imported: 0 };
        traces.for_each(&mut |_| {});
        assert!(traces.check().is_err() && traces.check().is_ok());
    }
}
