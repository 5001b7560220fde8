//! The tree holds for every input: proptest makes the odd traces, a few known ones are spelled out.

use proptest::prelude::*;

use super::*;

fn span(id: u8, parent: u8, start: i64, duration: i64) -> SpanShape {
    let id_of = |byte: u8| SpanId([0, 0, 0, 0, 0, 0, 0, byte]);
    SpanShape {
        span_id: id_of(id),
        parent_span_id: (parent != 0).then(|| id_of(parent)),
        start_time: start,
        duration,
        is_error: false,
    }
}

/// One line a row: indentation, id (`?` before one that never came), own and critical time, marks.
fn drawn(spans: &[SpanShape]) -> Vec<String> {
    let tree = TraceTree::build(spans);
    tree.rows
        .iter()
        .map(|row| {
            let name = match row.of {
                RowOf::Span(index) => format!("{}", spans[index].span_id.0[7]),
                RowOf::MissingParent(id) => format!("?{}", id.0[7]),
            };
            let marks = [(row.cuts_cycle, " cycle"), (row.repeats_id, " again"), (row.is_last_child, " last")];
            let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
            let indent = "  ".repeat(row.depth as usize);
            format!("{indent}{name} self={} critical={}{marks}", row.self_time, row.critical_time)
        })
        .collect()
}

#[test]
fn children_follow_their_parent_by_start_time() {
    let spans = [span(3, 1, 60, 30), span(1, 0, 0, 100), span(2, 1, 10, 40), span(4, 2, 20, 10)];
    let expected = [
        "1 self=30 critical=30",
        "  2 self=30 critical=30",
        "    4 self=10 critical=10 last",
        "  3 self=30 critical=30 last",
    ];
    assert_eq!(drawn(&spans), expected);
}

#[test]
fn a_missing_parent_is_a_row_that_spans_its_children() {
    let spans = [span(1, 9, 10, 10), span(2, 9, 30, 10)];
    let tree = TraceTree::build(&spans);
    assert_eq!(tree.rows[0].of, RowOf::MissingParent(SpanId([0, 0, 0, 0, 0, 0, 0, 9])));
    assert_eq!((tree.rows[0].start_time, tree.rows[0].end_time, tree.rows[0].descendants), (10, 40, 2));
    assert_eq!((tree.faults.missing_parents, tree.roots), (1, 1));
}

#[test]
fn cycles_are_cut_at_their_earliest_span_and_keep_their_tails() {
    let spans = [span(1, 3, 5, 1), span(2, 1, 3, 1), span(3, 2, 4, 1), span(4, 2, 9, 1), span(5, 5, 0, 1)];
    let expected = [
        "5 self=1 critical=1 cycle",
        "2 self=1 critical=1 cycle",
        "  3 self=1 critical=0",
        "    1 self=1 critical=0 last",
        "  4 self=1 critical=0 last",
    ];
    assert_eq!(drawn(&spans), expected);
    assert_eq!(TraceTree::build(&spans).faults.cycles, 2);
}

#[test]
fn a_repeated_id_is_shown_and_the_first_has_the_children() {
    let spans = [span(1, 0, 0, 10), span(1, 0, 1, 10), span(2, 1, 2, 1)];
    let expected = ["1 self=9 critical=9", "  2 self=1 critical=1 last", "1 self=10 critical=10 again"];
    assert_eq!(drawn(&spans), expected);
}

#[test]
fn an_asynchronous_child_is_not_waited_for_after_its_parent() {
    let spans = [span(1, 0, 0, 10), span(2, 1, 4, 100), span(3, 1, 20, 5)];
    assert_eq!(drawn(&spans), ["1 self=4 critical=4", "  2 self=100 critical=6", "  3 self=5 critical=0 last"]);
}

#[test]
fn depth_is_not_the_call_stack() {
    let deep: Vec<SpanShape> = (1..=200_000_u64)
        .map(|id| SpanShape {
            span_id: SpanId(id.to_be_bytes()),
            parent_span_id: Some(SpanId((id - 1).to_be_bytes())),
            start_time: 0,
            duration: 1,
            is_error: id == 200_000,
        })
        .collect();
    let tree = TraceTree::build(&deep);
    assert_eq!((tree.depth_max, tree.rows[0].errors_below, tree.rows[0].descendants), (199_999, 1, 199_999));
}

#[test]
fn an_empty_trace_is_an_empty_tree() {
    assert_eq!(TraceTree::build(&[]), TraceTree::default());
}

fn any_span() -> impl Strategy<Value = SpanShape> {
    let time = prop_oneof![0..1000_i64, Just(i64::MIN), Just(i64::MAX), any::<i64>()];
    let duration = prop_oneof![0..1000_i64, -5..5_i64, Just(i64::MIN), Just(i64::MAX)];
    (0..40_u8, 0..40_u8, time, duration, any::<bool>())
        .prop_map(|(id, parent, start, duration, is_error)| SpanShape { is_error, ..span(id, parent, start, duration) })
}

proptest! {
    #[test]
    fn every_span_is_in_exactly_one_row(spans in proptest::collection::vec(any_span(), 0..60)) {
        let tree = TraceTree::build(&spans);
        let mut seen: Vec<usize> =
            tree.rows.iter().filter_map(|row| if let RowOf::Span(span) = row.of { Some(span) } else { None }).collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..spans.len()).collect::<Vec<_>>());
        prop_assert_eq!(tree.rows.len() - spans.len(), tree.faults.missing_parents as usize);
    }

    #[test]
    fn rows_agree_with_each_other(spans in proptest::collection::vec(any_span(), 0..60)) {
        let tree = TraceTree::build(&spans);
        for (index, row) in tree.rows.iter().enumerate() {
            prop_assert!(row.end_time >= row.start_time && row.self_time >= 0 && row.critical_time >= 0);
            prop_assert!(index + row.descendants as usize <= tree.rows.len());
            let below = &tree.rows[index + 1..=index + row.descendants as usize];
            prop_assert!(below.iter().all(|row_below| row_below.depth > row.depth));
            prop_assert_eq!(below.iter().filter(|of| of.parent_row == Some(index)).count(), row.children as usize);
            let errors = below.iter().filter(|of| matches!(of.of, RowOf::Span(span) if spans[span].is_error)).count();
            prop_assert_eq!(errors, row.errors_below as usize);
            match row.parent_row {
                None => prop_assert_eq!(row.depth, 0),
                Some(parent) => prop_assert!(parent < index && tree.rows[parent].depth + 1 == row.depth),
            }
        }
    }

    #[test]
    fn critical_times_add_up_to_the_root(spans in proptest::collection::vec(any_span(), 1..60)) {
        let in_reach = |span: &SpanShape| (0..10_000).contains(&span.start_time) && span.duration < 10_000;
        let spans: Vec<SpanShape> = spans.into_iter().filter(in_reach).collect();
        let tree = TraceTree::build(&spans);
        for (index, root) in tree.rows.iter().enumerate().filter(|(_, row)| row.parent_row.is_none()) {
            let all = &tree.rows[index..=index + root.descendants as usize];
            let critical: i64 = all.iter().map(|row| row.critical_time).sum();
            prop_assert_eq!(critical, root.end_time - root.start_time);
        }
    }
}
