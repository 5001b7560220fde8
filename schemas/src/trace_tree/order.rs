//! From a graph to rows: a walk from the roots down that opens each cycle at its earliest span.

use super::{Graph, RowOf, SpanShape, TraceFaults, TraceRow, TraceTree};

/// Nodes from top to bottom, with what the walk found out about them.
pub(super) struct Order {
    nodes: Vec<usize>,
    /// By node.
    depths: Vec<u32>,
    cuts_cycle: Vec<bool>,
}

/// Children by node, in order of their start, as one array and the ranges into it.
struct Children {
    nodes: Vec<usize>,
    first: Vec<usize>,
}

impl Children {
    fn of(graph: &Graph, by_start: &[usize]) -> Self {
        let mut first = vec![0; graph.len() + 1];
        for parent in graph.parents.iter().flatten() {
            first[parent + 1] += 1;
        }
        for node in 0..graph.len() {
            first[node + 1] += first[node];
        }
        let mut next = first.clone();
        let mut nodes = vec![0; first[graph.len()]];
        for node in by_start {
            if let Some(parent) = graph.parents[*node] {
                nodes[next[parent]] = *node;
                next[parent] += 1;
            }
        }
        Self { nodes, first }
    }

    fn below(&self, node: usize) -> &[usize] {
        &self.nodes[self.first[node]..self.first[node + 1]]
    }
}

/// Orders every node exactly once: first what roots reach, then the cycles that nothing reaches.
pub(super) fn walk(graph: &Graph) -> Order {
    let by_start = graph.by_start();
    let children = Children::of(graph, &by_start);
    let mut order = Order {
        nodes: Vec::with_capacity(graph.len()),
        depths: vec![0; graph.len()],
        cuts_cycle: vec![false; graph.len()],
    };
    let mut reached = vec![false; graph.len()];
    for node in by_start.iter().copied().filter(|node| graph.parents[*node].is_none()) {
        walk_down(node, &children, &mut order, &mut reached);
    }
    for node in by_start {
        if !reached[node] {
            let head = cycle_head(node, graph);
            order.cuts_cycle[head] = true;
            walk_down(head, &children, &mut order, &mut reached);
        }
    }
    order
}

fn walk_down(root: usize, children: &Children, order: &mut Order, reached: &mut [bool]) {
    let mut waiting = vec![root];
    reached[root] = true;
    while let Some(node) = waiting.pop() {
        order.nodes.push(node);
        for child in children.below(node).iter().rev() {
            // Only the head of a cycle is met again, from its own descendant.
            if !std::mem::replace(&mut reached[*child], true) {
                order.depths[*child] = order.depths[node] + 1;
                waiting.push(*child);
            }
        }
    }
}

/// From a node that no root reaches up into its cycle, and there the span that starts first.
fn cycle_head(from: usize, graph: &Graph) -> usize {
    let up = |node: usize| graph.parents[node].expect("what no root reaches has a parent");
    // Brent's tortoise and hare, so that a long tail costs no memory.
    let (mut power, mut steps, mut tortoise, mut hare) = (1_usize, 1_usize, from, up(from));
    while tortoise != hare {
        if power == steps {
            (tortoise, power, steps) = (hare, power * 2, 0);
        }
        hare = up(hare);
        steps += 1;
    }
    let (mut head, mut node) = (hare, up(hare));
    while node != hare {
        head = if (graph.starts[node], node) < (graph.starts[head], head) { node } else { head };
        node = up(node);
    }
    head
}

/// Rows without their timing.
pub(super) fn rows(graph: &Graph, order: &Order, spans: &[SpanShape]) -> TraceTree {
    let mut row_of = vec![0; graph.len()];
    for (row, node) in order.nodes.iter().enumerate() {
        row_of[*node] = row;
    }
    let mut rows: Vec<TraceRow> = Vec::with_capacity(graph.len());
    for node in order.nodes.iter().copied() {
        let parent = graph.parents[node].filter(|_| !order.cuts_cycle[node]);
        rows.push(TraceRow {
            of: match node.checked_sub(spans.len()) {
                None => RowOf::Span(node),
                Some(missing) => RowOf::MissingParent(graph.missing[missing]),
            },
            depth: order.depths[node],
            parent_row: parent.map(|parent| row_of[parent]),
            children: 0,
            descendants: 0,
            errors_below: 0,
            is_last_child: false,
            start_time: graph.starts[node],
            end_time: graph.ends[node],
            self_time: 0,
            critical_time: 0,
            cuts_cycle: order.cuts_cycle[node],
            repeats_id: graph.repeats_id[node],
        });
    }
    sum_up(&mut rows, spans);
    let count =
        |this: fn(&TraceRow) -> bool| u32::try_from(rows.iter().filter(|row| this(row)).count()).unwrap_or(u32::MAX);
    TraceTree {
        roots: count(|row| row.parent_row.is_none()),
        depth_max: rows.iter().map(|row| row.depth).max().unwrap_or(0),
        start_time: rows.iter().map(|row| row.start_time).min().unwrap_or(0),
        end_time: rows.iter().map(|row| row.end_time).max().unwrap_or(0),
        faults: TraceFaults {
            missing_parents: count(|row| matches!(row.of, RowOf::MissingParent(_))),
            cycles: count(|row| row.cuts_cycle),
            repeated_ids: count(|row| row.repeats_id),
            negative_durations: graph.negative_durations,
        },
        rows,
    }
}

/// Rows come after their parents, so one pass from the bottom sums every subtree.
fn sum_up(rows: &mut [TraceRow], spans: &[SpanShape]) {
    for index in (0..rows.len()).rev() {
        let row = &rows[index];
        let Some(parent) = row.parent_row else {
            continue;
        };
        let is_error = matches!(row.of, RowOf::Span(span) if spans[span].is_error);
        let (descendants, errors) = (row.descendants + 1, row.errors_below + u32::from(is_error));
        rows[index].is_last_child = rows[parent].children == 0;
        rows[parent].children += 1;
        rows[parent].descendants += descendants;
        rows[parent].errors_below += errors;
    }
}
