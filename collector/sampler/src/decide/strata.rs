//! The groups under which decisions are reported: root operation and reason, a bounded number.
//!
//! Owns their numbering and sums. Strata never influence a probability; a trace without a stratum of its own is in the
//! overflow, number zero.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decide::{Reason, TraceDecision};
use crate::span::OperationHash;

/// Strata of an hour at most, the overflow included.
pub const STRATA_MAX: usize = 1_024;
/// Groups counted while looking for the largest; more share the overflow.
const CANDIDATES_MAX: usize = 32_768;

/// Number of a stratum within its hour; zero is the overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StratumId(pub u16);

/// One group and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stratum {
    /// `None` for the overflow.
    pub group: Option<(OperationHash, Reason)>,
    pub traces: u64,
    pub kept_traces: u64,
    pub bytes: f64,
    pub kept_bytes: f64,
    /// Of its traces: smallest and largest.
    pub probability_min: f64,
    pub probability_max: f64,
}

/// Counts groups in the second pass.
#[derive(Clone, Debug, Default)]
pub struct StrataCounter {
    groups: BTreeMap<(OperationHash, Reason), u64>,
}

/// The strata of an hour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strata {
    ids: Vec<((OperationHash, Reason), StratumId)>,
    strata: Vec<Stratum>,
}

impl StrataCounter {
    /// Counts a trace. Of too many groups, the smallest keys stay candidates, whatever the order of traces.
    pub fn add(&mut self, group: (OperationHash, Reason)) {
        *self.groups.entry(group).or_default() += 1;
        if self.groups.len() > CANDIDATES_MAX {
            self.groups.pop_last();
        }
    }

    /// The largest groups as strata; ties go by key.
    #[must_use]
    pub fn into_strata(self) -> Strata {
        let mut groups: Vec<_> = self.groups.into_iter().collect();
        groups.sort_by_key(|(group, count)| (std::cmp::Reverse(*count), *group));
        groups.truncate(STRATA_MAX - 1);
        let empty = |group| Stratum {
            group,
            traces: 0,
            kept_traces: 0,
            bytes: 0.0,
            kept_bytes: 0.0,
            probability_min: 1.0,
            probability_max: 0.0,
        };
        let strata = std::iter::once(None).chain(groups.iter().map(|(group, _)| Some(*group))).map(empty).collect();
        let numbered = groups.iter().zip(1_u16..).map(|((group, _), number)| (*group, StratumId(number)));
        let mut ids: Vec<_> = numbered.collect();
        ids.sort_unstable_by_key(|(group, _)| *group);
        Strata { ids, strata }
    }
}

impl Strata {
    /// The group's stratum, else the overflow.
    #[must_use]
    pub fn id_of(&self, group: (OperationHash, Reason)) -> StratumId {
        self.ids.binary_search_by_key(&group, |(known, _)| *known).map_or(StratumId(0), |at| self.ids[at].1)
    }

    /// Adds a decided trace to its stratum's sums.
    pub fn record(&mut self, decision: &TraceDecision, bytes: f64) {
        let Some(stratum) = self.strata.get_mut(usize::from(decision.stratum.0)) else {
            return;
        };
        stratum.traces += 1;
        stratum.bytes += bytes;
        if decision.is_kept {
            stratum.kept_traces += 1;
            stratum.kept_bytes += bytes;
        }
        stratum.probability_min = stratum.probability_min.min(decision.probability);
        stratum.probability_max = stratum.probability_max.max(decision.probability);
    }

    /// All strata; the position is the number.
    #[must_use]
    pub fn all(&self) -> &[Stratum] {
        &self.strata
    }
}
