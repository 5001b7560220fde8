//! Where the time of a trace went: each row's own time, and the path that decides when its root ends.
//!
//! A child counts only inside its parent, so work that outlives the parent (asynchronous, or a skewed clock) makes
//! nobody wait. Along one root, critical times add up to the root's duration.

use super::TraceRow;

/// Fills in `self_time` and `critical_time`.
pub(super) fn measure(rows: &mut [TraceRow]) {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
    for (index, row) in rows.iter().enumerate() {
        if let Some(parent) = row.parent_row {
            children[parent].push(index);
        }
    }
    // The part of a row that is on the critical path: parents set it before their children are met.
    let mut windows: Vec<Option<(i64, i64)>> = vec![None; rows.len()];
    for index in 0..rows.len() {
        let (start, end) = (rows[index].start_time, rows[index].end_time);
        if rows[index].parent_row.is_none() {
            windows[index] = Some((start, end));
        }
        rows[index].self_time = self_time((start, end), rows, &children[index]);
        if let Some(window) = windows[index] {
            rows[index].critical_time = follow(window, rows, &mut children[index], &mut windows);
        }
    }
}

/// What is left of a row once its children are laid over it. Children come by start time.
fn self_time((start, end): (i64, i64), rows: &[TraceRow], children: &[usize]) -> i64 {
    let mut left = end.saturating_sub(start);
    let mut covered_to = start;
    for child in children {
        let from = rows[*child].start_time.clamp(covered_to, end);
        let to = rows[*child].end_time.clamp(from, end);
        left = left.saturating_sub(to.saturating_sub(from));
        covered_to = covered_to.max(to);
    }
    left.max(0)
}

/// Walks back from the end of a window: whoever finished last before is what was waited for.
fn follow(
    (start, end): (i64, i64),
    rows: &[TraceRow],
    children: &mut [usize],
    windows: &mut [Option<(i64, i64)>],
) -> i64 {
    let clipped = |child: usize| {
        let from = rows[child].start_time.clamp(start, end);
        (from, rows[child].end_time.clamp(from, end))
    };
    children.sort_by_key(|child| std::cmp::Reverse((clipped(*child).1, *child)));
    let (mut own, mut until) = (0_i64, end);
    for child in children.iter().copied() {
        let (from, to) = clipped(child);
        if to <= until && from < to {
            own = own.saturating_add(until.saturating_sub(to));
            windows[child] = Some((from, to));
            until = from;
        }
    }
    own.saturating_add(until.saturating_sub(start))
}
