//! The traces that a decision keeps, and what is written on their rows.
//!
//! Owns their order and their size: 20 bytes a trace, as many traces share few verdicts. Never decides.

use std::collections::HashMap;
use std::sync::Arc;

use spanlake_schemas::ids::TraceId;

use crate::decide::strata::StratumId;
use crate::summary::TraceIdBytes;
use crate::threshold::Threshold;

/// What is written on the rows of a kept trace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Keep {
    pub threshold: Threshold,
    pub stratum: StratumId,
    pub reason: Arc<str>,
}

/// A kept trace and its verdict's place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    trace: TraceIdBytes,
    /// Little-endian, so that the whole needs no padding.
    keep: [u8; 4],
}

/// Kept traces, of which more may come.
#[derive(Default)]
pub(super) struct KeptTracesBuilder {
    traces: Vec<Kept>,
    keeps: Vec<Keep>,
    places: HashMap<Keep, u32>,
}

/// Kept traces, in order of their ids.
pub(super) struct KeptTraces {
    traces: Vec<Kept>,
    keeps: Vec<Keep>,
}

impl KeptTracesBuilder {
    /// Adds a trace that was not added yet.
    pub(super) fn add(&mut self, trace: TraceIdBytes, keep: Keep) {
        let next = u32::try_from(self.keeps.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(keep).or_insert_with_key(|keep| {
            self.keeps.push(keep.clone());
            next
        });
        self.traces.push(Kept { trace, keep: place.to_le_bytes() });
    }

    pub(super) fn finish(mut self) -> KeptTraces {
        self.traces.sort_unstable();
        self.traces.shrink_to_fit();
        KeptTraces { traces: self.traces, keeps: self.keeps }
    }
}

impl KeptTraces {
    /// The verdict on a trace that is kept.
    pub(super) fn get(&self, trace: &TraceIdBytes) -> Option<&Keep> {
        let at = self.traces.binary_search_by(|kept| kept.trace.cmp(trace)).ok()?;
        self.keep_of(&self.traces[at])
    }

    /// All of them with their thresholds.
    pub(super) fn thresholds(&self) -> impl Iterator<Item = (TraceId, Threshold)> + '_ {
        self.traces.iter().filter_map(|kept| Some((TraceId(kept.trace), self.keep_of(kept)?.threshold)))
    }

    fn keep_of(&self, kept: &Kept) -> Option<&Keep> {
        self.keeps.get(u32::from_le_bytes(kept.keep) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trace_has_its_own_verdict_and_equal_ones_are_kept_once() {
        let keep = |number: u64| Keep {
            threshold: Threshold::from_probability(1.0 / (1 + number % 5) as f64),
            stratum: StratumId(u16::try_from(number % 3).unwrap()),
            reason: if number.is_multiple_of(2) { "error" } else { "slow" }.into(),
        };
        let id = |number: u64| (u128::from(number) * 0x9e37_79b9_7f4a_7c15_1234_5678).to_be_bytes();
        let mut builder = KeptTracesBuilder::default();
        (0..1000).rev().for_each(|number| builder.add(id(number), keep(number)));
        let kept = builder.finish();
        assert_eq!((size_of::<Kept>(), kept.keeps.len()), (20, 30));
        assert!((0..1000).all(|number| kept.get(&id(number)) == Some(&keep(number))));
        assert!((1000..2000).all(|number| kept.get(&id(number)).is_none()));
        assert_eq!(kept.thresholds().count(), 1000);
        assert!(kept.thresholds().is_sorted());
    }
}
