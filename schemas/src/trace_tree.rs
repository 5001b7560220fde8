//! The shape of a trace: who is whose child, in which order rows are drawn, what is wrong with it, where its time went.
//!
//! Owns the rules for odd traces, so that the page, the terminal and the API draw the same tree. Never trusts its
//! input and never recurses: missing parents, cycles, several roots, repeated ids, and spans that end before they
//! start are drawn and said. Linear in the number of spans, sorting aside.

mod order;
mod timing;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::ids::SpanId;

/// What the tree needs of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanShape {
    pub span_id: SpanId,
    /// `None`, or all zero, for a root.
    pub parent_span_id: Option<SpanId>,
    /// Nanoseconds since the epoch.
    pub start_time: i64,
    /// Nanoseconds; a negative one is drawn as zero and counted.
    pub duration: i64,
    pub is_error: bool,
}

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOf {
    /// The span at this index of the input.
    Span(usize),
    /// A parent that was named and never arrived; it spans its children.
    MissingParent(SpanId),
}

/// One row of the waterfall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceRow {
    pub of: RowOf,
    /// Zero for a root.
    pub depth: u32,
    /// Index of the parent's row, always smaller than this row's own.
    pub parent_row: Option<usize>,
    pub children: u32,
    /// Rows below, at any depth; they follow this row without a gap.
    pub descendants: u32,
    /// Spans in error below, at any depth, without this one.
    pub errors_below: u32,
    pub is_last_child: bool,
    pub start_time: i64,
    /// Never before `start_time`.
    pub end_time: i64,
    /// Nanoseconds in which no child ran.
    pub self_time: i64,
    /// Nanoseconds of the trace's critical path that are spent in this row itself; zero when it is off the path.
    pub critical_time: i64,
    /// Its parent is one of its own descendants; the cycle is cut here.
    pub cuts_cycle: bool,
    /// Another span had this id first, and has the children.
    pub repeats_id: bool,
}

/// What is odd about a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceFaults {
    pub missing_parents: u32,
    pub cycles: u32,
    pub repeated_ids: u32,
    pub negative_durations: u32,
}

/// A trace as rows from top to bottom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceTree {
    pub rows: Vec<TraceRow>,
    /// Rows of depth zero: roots, missing parents and cut cycles.
    pub roots: u32,
    pub depth_max: u32,
    /// Earliest start and latest end, both zero for an empty trace.
    pub start_time: i64,
    pub end_time: i64,
    pub faults: TraceFaults,
}

impl TraceTree {
    /// Every span in exactly one row, parents before children, siblings by start time.
    #[must_use]
    pub fn build(spans: &[SpanShape]) -> Self {
        let graph = Graph::link(spans);
        let order = order::walk(&graph);
        let mut tree = order::rows(&graph, &order, spans);
        timing::measure(&mut tree.rows);
        tree
    }
}

/// Nodes are the spans in input order, then the missing parents.
struct Graph {
    parents: Vec<Option<usize>>,
    starts: Vec<i64>,
    ends: Vec<i64>,
    missing: Vec<SpanId>,
    repeats_id: Vec<bool>,
    negative_durations: u32,
}

impl Graph {
    fn link(spans: &[SpanShape]) -> Self {
        let mut node_of = HashMap::with_capacity(spans.len());
        let mut repeats_id = vec![false; spans.len()];
        for (node, span) in spans.iter().enumerate() {
            match node_of.entry(span.span_id) {
                std::collections::hash_map::Entry::Occupied(_) => repeats_id[node] = true,
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(node);
                }
            }
        }
        let mut missing = Vec::new();
        let mut parents = Vec::with_capacity(spans.len());
        for span in spans {
            let named = span.parent_span_id.filter(|parent| parent.0 != [0; 8]);
            parents.push(named.map(|parent| {
                *node_of.entry(parent).or_insert_with(|| {
                    missing.push(parent);
                    spans.len() + missing.len() - 1
                })
            }));
        }
        let mut graph = Self {
            parents,
            starts: spans.iter().map(|span| span.start_time).collect(),
            ends: spans.iter().map(|span| span.start_time.saturating_add(span.duration.max(0))).collect(),
            negative_durations: spans.iter().map(|span| u32::from(span.duration < 0)).sum(),
            missing,
            repeats_id,
        };
        graph.place_missing();
        graph
    }

    /// A missing parent spans the children that name it.
    fn place_missing(&mut self) {
        let spans = self.parents.len();
        self.starts.resize(spans + self.missing.len(), i64::MAX);
        self.ends.resize(spans + self.missing.len(), i64::MIN);
        for node in 0..spans {
            if let Some(parent) = self.parents[node].filter(|parent| *parent >= spans) {
                self.starts[parent] = self.starts[parent].min(self.starts[node]);
                self.ends[parent] = self.ends[parent].max(self.ends[node]);
            }
        }
        self.parents.resize(spans + self.missing.len(), None);
        self.repeats_id.resize(spans + self.missing.len(), false);
    }

    fn len(&self) -> usize {
        self.parents.len()
    }

    /// Nodes by start time, those that start together in the order they came in.
    fn by_start(&self) -> Vec<usize> {
        let mut nodes: Vec<usize> = (0..self.len()).collect();
        nodes.sort_by_key(|node| (self.starts[*node], *node));
        nodes
    }
}
