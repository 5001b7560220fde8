//! All traces of an hour, each once and whole, to be gone through again and again.
//!
//! Owns the order of a pass, and where each part of them lies: in memory, or in scratch as postcard writes it. Never
//! decides.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use spanlake_schemas::sampling::Scratch;

use crate::decide::SummarySource;
use crate::summary::{TraceIdBytes, TraceSummary};

/// Where bytes lie in scratch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub at: u64,
    pub length: usize,
}

/// All traces of the hour that nobody decided on yet, and the ids of imported ones.
pub(super) struct Traces {
    scratch: Arc<dyn Scratch>,
    parts: Vec<Place>,
    /// Traces of the parts in memory.
    in_memory: usize,
    /// Of those that nobody decided on yet.
    pub count: u64,
    pub imported: u64,
    /// Why a pass ended early.
    failed: RefCell<Option<io::Error>>,
}

/// The traces of one part, in order of their ids.
pub(super) struct TracesOfPart {
    pub summaries: Vec<TraceSummary>,
    pub imported: Vec<TraceIdBytes>,
}

enum Place {
    Memory(TracesOfPart),
    Scratch { summaries: Extent, imported: Extent },
}

/// A trace as it is gone through.
pub(super) enum Visited<'a> {
    Imported(TraceIdBytes),
    Summary(&'a TraceSummary),
}

impl Traces {
    pub(super) const fn new(scratch: Arc<dyn Scratch>) -> Self {
        Self { scratch, parts: Vec::new(), in_memory: 0, count: 0, imported: 0, failed: RefCell::new(None) }
    }

    pub(super) fn push_in_memory(&mut self, part: TracesOfPart) {
        self.in_memory += part.summaries.len() + part.imported.len();
        self.count += part.summaries.len() as u64;
        self.imported += part.imported.len() as u64;
        self.parts.push(Place::Memory(part));
    }

    /// The next part, in memory if not more than `traces_max` are there with it.
    ///
    /// # Errors
    /// When the scratch cannot be written.
    pub(super) fn push(&mut self, part: TracesOfPart, traces_max: usize) -> io::Result<()> {
        let TracesOfPart { summaries, imported } = &part;
        if self.in_memory + summaries.len() + imported.len() <= traces_max {
            self.push_in_memory(part);
            return Ok(());
        }
        self.count += summaries.len() as u64;
        self.imported += imported.len() as u64;
        let summaries = put_aside(&*self.scratch, summaries)?;
        self.parts.push(Place::Scratch { summaries, imported: put_aside(&*self.scratch, imported)? });
        Ok(())
    }

    /// In so many parts they are gone through, by [`crate::memory::partition_of`].
    pub(super) fn parts(&self) -> u32 {
        u32::try_from(self.parts.len()).unwrap_or(u32::MAX)
    }

    /// Goes through the traces of one part in order of their ids, imported ones first.
    ///
    /// # Errors
    /// When the scratch cannot be read.
    pub(super) fn visit_part(&self, part: u32, mut visit: impl FnMut(Visited<'_>) -> io::Result<()>) -> io::Result<()> {
        match self.parts.get(part as usize) {
            None => Ok(()),
            Some(Place::Memory(TracesOfPart { summaries, imported })) => {
                imported.iter().try_for_each(|trace| visit(Visited::Imported(*trace)))?;
                summaries.iter().try_for_each(|summary| visit(Visited::Summary(summary)))
            }
            Some(Place::Scratch { summaries, imported }) => {
                each(&*self.scratch, *imported, |trace| visit(Visited::Imported(trace)))?;
                each(&*self.scratch, *summaries, |summary| visit(Visited::Summary(&summary)))
            }
        }
    }

    /// Why a pass did not go through all of them, if one did not.
    ///
    /// # Errors
    /// When the scratch could not be read.
    pub(super) fn check(&self) -> io::Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }
}

/// Each pass in the same order: by part, then by id. After the last one, [`Traces::check`] tells whether all came.
impl SummarySource for Traces {
    fn for_each(&self, visit: &mut dyn FnMut(&TraceSummary)) {
        for place in &self.parts {
            let visited = match place {
                Place::Memory(part) => {
                    part.summaries.iter().for_each(&mut *visit);
                    Ok(())
                }
                Place::Scratch { summaries, .. } => each(&*self.scratch, *summaries, |summary: TraceSummary| {
                    visit(&summary);
                    Ok(())
                }),
            };
            if let Err(error) = visited {
                self.failed.borrow_mut().get_or_insert(error);
                return;
            }
        }
    }
}

/// Reads what lies there one by one.
///
/// # Errors
/// When the scratch cannot be read, and those of `take`.
pub(super) fn each<T: for<'a> Deserialize<'a>>(
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

/// Puts one behind others that [`each`] will read.
///
/// # Errors
/// When it has no form.
pub(super) fn put(bytes: &mut Vec<u8>, one: &impl Serialize) -> io::Result<()> {
    *bytes = postcard::to_extend(one, std::mem::take(bytes)).map_err(io::Error::other)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use spanlake_schemas::ids::TraceId;
    use spanlake_schemas::sampling::{Readable, ScratchInMemory};

    use super::*;

    fn part(traces: std::ops::Range<u8>) -> TracesOfPart {
        let summaries = traces.map(|trace| TraceSummary::new(TraceId([trace; 16]))).collect();
        TracesOfPart { summaries, imported: vec![[255; 16]] }
    }

    fn ids(traces: &Traces) -> Vec<u8> {
        let mut ids = Vec::new();
        traces.for_each(&mut |summary| ids.push(summary.trace_id[0]));
        traces.check().unwrap();
        ids
    }

    #[test]
    fn parts_stay_in_memory_as_long_as_there_is_room() {
        let scratch = Arc::new(ScratchInMemory::default());
        let mut traces = Traces::new(Arc::clone(&scratch) as Arc<dyn Scratch>);
        traces.push(part(0..9), 10).unwrap();
        assert_eq!(scratch.byte_len(), 0);
        traces.push(part(9..11), 12).unwrap();
        assert!(scratch.byte_len() > 0);
        let in_scratch = scratch.byte_len();
        traces.push(part(11..15), 15).unwrap();
        assert_eq!((scratch.byte_len(), traces.in_memory), (in_scratch, 15));
        assert_eq!((traces.count, traces.imported, traces.parts()), (15, 3, 3));
        assert_eq!(ids(&traces), (0..15).collect::<Vec<_>>());
    }

    /// Takes bytes and loses them.
    struct Lost;
    impl Scratch for Lost {
        fn append(&self, _bytes: &[u8]) -> io::Result<u64> {
            Ok(0)
        }
    }
    impl Readable for Lost {
        fn byte_len(&self) -> u64 {
            0
        }

        fn read(&self, _at: u64, _length: usize) -> io::Result<Vec<u8>> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    #[test]
    fn a_pass_that_ends_early_is_told_once() {
        let mut traces = Traces::new(Arc::new(Lost));
        traces.push(part(0..2), 0).unwrap();
        traces.for_each(&mut |_| {});
        assert!(traces.check().is_err() && traces.check().is_ok());
        assert!(traces.visit_part(0, |_| Ok(())).is_err());
    }
}
