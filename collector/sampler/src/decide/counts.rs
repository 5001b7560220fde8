//! How many traces of the hour have an operation, a shape, or are linked to.
//!
//! Owns the bounded counters of the first pass. Operations are bounded by the profiles, shapes by a sketch that may
//! count too many and never too few, links by a cap. Never knows a probability.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::profile::OperationProfiles;
use crate::summary::{TraceIdBytes, TraceSummary};

/// Traces linked to beyond are not remembered: 65,536 ids of 16 bytes.
const LINK_TARGETS_MAX: usize = 65_536;
const ROW_CELLS: usize = 65_536;

/// What the first pass counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TraceCounts {
    /// By position of the operation's profile.
    by_operation: Vec<u32>,
    shapes: ShapeSketch,
    link_targets: BTreeSet<TraceIdBytes>,
}

impl TraceCounts {
    /// Counts a trace. `is_kept_by_rule`: its links make their targets important.
    pub fn add(&mut self, summary: &TraceSummary, profiles: &OperationProfiles, is_kept_by_rule: bool) {
        self.by_operation.resize(profiles.len(), 0);
        for part in &summary.operations {
            if let Some((operation, _)) = profiles.get(part.operation) {
                self.by_operation[operation] += 1;
            }
        }
        self.shapes.add(summary.shape_hash());
        if is_kept_by_rule {
            self.link_targets.extend(&summary.links);
            // The smallest ids stay, so that the order of the traces does not matter.
            while self.link_targets.len() > LINK_TARGETS_MAX {
                self.link_targets.pop_last();
            }
        }
    }

    /// Traces with the operation of that profile; a trace with several operations of the overflow counts as several.
    #[must_use]
    pub fn of_operation(&self, operation: usize) -> u32 {
        self.by_operation.get(operation).copied().unwrap_or(0)
    }

    /// Traces of this shape, or more.
    #[must_use]
    pub fn of_shape(&self, shape: u64) -> u32 {
        self.shapes.count(shape)
    }

    /// Whether a trace that a rule keeps links to it.
    #[must_use]
    pub fn is_linked(&self, trace: &TraceIdBytes) -> bool {
        self.link_targets.contains(trace)
    }
}

/// A count-min sketch of two rows (Cormode, Muthukrishnan, J. Algorithms 55, 2005): 512 KiB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ShapeSketch {
    rows: [Vec<u32>; 2],
}

impl Default for ShapeSketch {
    fn default() -> Self {
        Self { rows: [vec![0; ROW_CELLS], vec![0; ROW_CELLS]] }
    }
}

impl ShapeSketch {
    fn add(&mut self, shape: u64) {
        for (row, cell) in self.rows.iter_mut().zip(cells(shape)) {
            row[cell] = row[cell].saturating_add(1);
        }
    }

    fn count(&self, shape: u64) -> u32 {
        self.rows.iter().zip(cells(shape)).map(|(row, cell)| row[cell]).min().unwrap_or(0)
    }
}

fn cells(shape: u64) -> [usize; 2] {
    let mixed = shape.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = mixed ^ (mixed >> 29);
    [mixed, mixed >> 32].map(|bits| usize::try_from(bits & 0xffff).unwrap_or(0))
}
