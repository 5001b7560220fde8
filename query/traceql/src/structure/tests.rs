//! Relations in ordinary and in odd traces.

use super::*;

/// Spans as `(id, parent)`, a parent of zero being none; they start in this order.
fn structure(spans: &[(u8, u8)]) -> Structure {
    let id = |number: u8| SpanId([0, 0, 0, 0, 0, 0, 0, number]);
    let shapes: Vec<Shape> = spans
        .iter()
        .enumerate()
        .map(|(index, (own, parent))| Shape {
            span_id: id(*own),
            parent_span_id: (*parent != 0).then(|| id(*parent)),
            start_time: i64::try_from(index).expect("small"),
        })
        .collect();
    Structure::build(&shapes)
}

fn marked(count: usize, spans: &[usize]) -> Vec<bool> {
    (0..count).map(|span| spans.contains(&span)).collect()
}

fn check(
    spans: &[(u8, u8)],
    left: &[usize],
    relation: Relation,
    form: StructuralForm,
    right: &[usize],
    expected: &[usize],
) {
    let structure = structure(spans);
    let count = spans.len();
    let found = structure.related(relation, form, &marked(count, left), &marked(count, right));
    assert_eq!(found, marked(count, expected), "{spans:?} {left:?} {relation:?} {form:?} {right:?}");
}

/// 0 has the children 1 and 2, 1 has 3 and 4, 4 has 5.
const TREE: [(u8, u8); 6] = [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2), (6, 5)];

#[test]
fn numbers_enclose_descendants() {
    let tree = structure(&TREE);
    let numbers: Vec<(i64, i64, i64)> = (0..6)
        .map(|span| (tree.nested_set_left(span), tree.nested_set_right(span), tree.nested_set_parent(span)))
        .collect();
    assert_eq!(numbers, [(1, 12, -1), (2, 9, 1), (10, 11, 1), (3, 4, 2), (5, 8, 2), (6, 7, 5)]);
    assert_eq!((0..6).map(|span| tree.child_count(span)).collect::<Vec<_>>(), [2, 2, 0, 0, 1, 0]);
}

#[test]
fn each_relation_in_each_form() {
    use Relation::{Ancestor, Child, Descendant, Parent, Sibling};
    use StructuralForm::{Negated, Plain, Union};
    let all = [0, 1, 2, 3, 4, 5];
    check(&TREE, &[1], Descendant, Plain, &all, &[3, 4, 5]);
    check(&TREE, &[1], Descendant, Negated, &all, &[0, 1, 2]);
    check(&TREE, &[1, 2], Descendant, Union, &[5], &[1, 5]);
    check(&TREE, &[1], Child, Plain, &all, &[3, 4]);
    check(&TREE, &[], Child, Negated, &[0, 5], &[0, 5]);
    check(&TREE, &[0, 4], Child, Union, &[1, 3], &[0, 1]);
    check(&TREE, &[5], Ancestor, Plain, &all, &[0, 1, 4]);
    check(&TREE, &[5], Ancestor, Negated, &all, &[2, 3, 5]);
    check(&TREE, &[5, 2], Ancestor, Union, &[4, 3], &[4, 5]);
    check(&TREE, &[5, 2], Parent, Plain, &all, &[0, 4]);
    check(&TREE, &all, Parent, Negated, &all, &[2, 3, 5]);
    check(&TREE, &[3], Parent, Union, &[1, 2], &[1, 3]);
    check(&TREE, &[1], Sibling, Plain, &all, &[2]);
    check(&TREE, &[1, 2], Sibling, Plain, &all, &[1, 2]);
    check(&TREE, &[1], Sibling, Negated, &all, &[0, 1, 3, 4, 5]);
    check(&TREE, &[3], Sibling, Union, &[4, 5], &[3, 4]);
}

#[test]
fn odd_traces_have_their_structure_too() {
    use Relation::{Ancestor, Descendant, Sibling};
    use StructuralForm::Plain;
    // The parent 9 is missing: its children are siblings, and what is below them is their descendant.
    let missing = [(1, 9), (2, 9), (3, 1)];
    check(&missing, &[0], Sibling, Plain, &[0, 1, 2], &[1]);
    check(&missing, &[0], Descendant, Plain, &[0, 1, 2], &[2]);
    assert_eq!(structure(&missing).nested_set_parent(0), PARENT_UNKNOWN);
    // Two roots are siblings, as in Tempo.
    check(&[(1, 0), (2, 0)], &[0], Sibling, Plain, &[0, 1], &[1]);
    // The cycle 2 → 3 → 2 is opened at its earlier span; 4 hangs on it.
    let cycle = [(1, 0), (2, 3), (3, 2), (4, 3)];
    check(&cycle, &[1], Descendant, Plain, &[0, 1, 2, 3], &[2, 3]);
    check(&cycle, &[3], Ancestor, Plain, &[0, 1, 2, 3], &[1, 2]);
    // A span that is its own parent.
    check(&[(1, 1), (2, 1)], &[0], Descendant, Plain, &[0, 1], &[1]);
    // Of two spans with one id the first has the children.
    let repeated = [(1, 0), (2, 1), (2, 1), (3, 2)];
    check(&repeated, &[1], Descendant, Plain, &[0, 1, 2, 3], &[3]);
    check(&repeated, &[2], Descendant, Plain, &[0, 1, 2, 3], &[]);
}

/// Every relation, found by walking up from each span.
#[test]
fn numbers_agree_with_walking() {
    let mut random = crate::random::Random::new(7);
    for _ in 0..2_000 {
        let trace = crate::random::random_trace(&mut random);
        let structure = Structure::of(&trace);
        let count = trace.spans.len();
        let left: Vec<bool> = (0..count).map(|_| random.percent(40)).collect();
        let all = vec![true; count];
        let found = structure.related(Relation::Descendant, StructuralForm::Plain, &left, &all);
        for (span, is_found) in found.iter().enumerate() {
            let mut above = structure.parent(span);
            let mut is_below = false;
            while let Some(parent) = above {
                is_below |= left[parent];
                assert!(structure.nested_set_left(parent) < structure.nested_set_left(span));
                assert!(structure.nested_set_right(parent) > structure.nested_set_right(span));
                above = structure.parent(parent);
            }
            assert_eq!(*is_found, is_below);
        }
        let up = structure.related(Relation::Ancestor, StructuralForm::Plain, &all, &left);
        for span in (0..count).filter(|span| left[*span]) {
            assert_eq!(up[span], structure.child_count(span) > 0);
        }
    }
}

#[test]
fn a_million_spans_and_a_deep_chain_take_no_time_and_no_stack() {
    let id = |number: u64| SpanId(number.to_be_bytes());
    let shapes: Vec<Shape> = (1..=1_000_000_u64)
        .map(|number| Shape { span_id: id(number), parent_span_id: Some(id(number - 1)), start_time: 0 })
        .collect();
    let structure = Structure::build(&shapes);
    let all = vec![true; shapes.len()];
    let found = structure.related(Relation::Descendant, StructuralForm::Union, &all, &all);
    assert_eq!(found.iter().filter(|is_in| **is_in).count(), 1_000_000);
    // Half a million cycles of two.
    let pairs: Vec<Shape> = (0..1_000_000_u64)
        .map(|number| Shape { span_id: id(number + 1), parent_span_id: Some(id((number ^ 1) + 1)), start_time: 0 })
        .collect();
    assert_eq!(Structure::build(&pairs).child_count(0), 1);
}
