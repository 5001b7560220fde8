//! Who is whose descendant, child and sibling, in time linear in the spans.
//!
//! Owns the numbering of nested sets and the rules for odd traces, which are those of the waterfall: of spans that share
//! an id the first has the children, a cycle is opened at its earliest span. Never recurses.

use std::collections::{HashMap, HashSet};

use crate::model::{SpanId, Trace};
use crate::syntax::operator::{Relation, StructuralForm};

/// `nestedSetParent` of a root.
pub const PARENT_OF_ROOT: i64 = -1;
/// `nestedSetParent` where the parent is named and not there, or would close a cycle.
pub const PARENT_UNKNOWN: i64 = 0;

/// What the tree needs of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub span_id: SpanId,
    pub parent_span_id: Option<SpanId>,
    /// Nanoseconds since the epoch; siblings are numbered by it.
    pub start_time: i64,
}

/// The relations between the spans of one trace, by their index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Structure {
    parents: Vec<Option<usize>>,
    /// Spans of one number are siblings.
    families: Vec<usize>,
    family_count: usize,
    is_root: Vec<bool>,
    child_counts: Vec<i64>,
    /// Parents stand before their children.
    order: Vec<usize>,
    left: Vec<i64>,
    right: Vec<i64>,
}

impl Structure {
    /// The structure of a trace.
    #[must_use]
    pub fn of(trace: &Trace) -> Self {
        let shapes: Vec<Shape> = trace
            .spans
            .iter()
            .map(|span| Shape { span_id: span.span_id, parent_span_id: span.parent(), start_time: span.start_time })
            .collect();
        Self::build(&shapes)
    }

    /// The structure of spans; equal starts keep the order in which they came.
    #[must_use]
    pub fn build(shapes: &[Shape]) -> Self {
        let mut by_start: Vec<usize> = (0..shapes.len()).collect();
        by_start.sort_by_key(|index| (shapes[*index].start_time, *index));
        let mut structure = Self::link(shapes);
        let children = Children::of(&structure.parents, &by_start);
        structure.number(&children, &by_start);
        structure.join_families(shapes);
        structure
    }

    fn link(shapes: &[Shape]) -> Self {
        let mut first_of = HashMap::with_capacity(shapes.len());
        for (index, shape) in shapes.iter().enumerate() {
            first_of.entry(shape.span_id).or_insert(index);
        }
        let parents: Vec<Option<usize>> =
            shapes.iter().map(|shape| shape.parent_span_id.and_then(|parent| first_of.get(&parent).copied())).collect();
        Self {
            parents,
            is_root: shapes.iter().map(|shape| shape.parent_span_id.is_none()).collect(),
            left: vec![0; shapes.len()],
            right: vec![0; shapes.len()],
            order: Vec::with_capacity(shapes.len()),
            ..Self::default()
        }
    }

    /// Walks down from what has no parent, then from the heads of cycles, which lose theirs.
    fn number(&mut self, children: &Children, by_start: &[usize]) {
        let mut bound = 1;
        for index in by_start {
            if self.parents[*index].is_none() {
                self.walk_down(*index, children, &mut bound);
            }
        }
        let mut rank = vec![0; by_start.len()];
        for (place, index) in by_start.iter().enumerate() {
            rank[*index] = place;
        }
        for index in by_start {
            if self.left[*index] == 0 {
                let head = self.cycle_head(*index, &rank);
                self.walk_down(head, children, &mut bound);
                self.parents[head] = None;
            }
        }
        let mut child_counts = vec![0; self.parents.len()];
        for parent in self.parents.iter().flatten() {
            child_counts[*parent] += 1;
        }
        self.child_counts = child_counts;
    }

    fn walk_down(&mut self, root: usize, children: &Children, bound: &mut i64) {
        let mut next = || {
            *bound += 1;
            *bound - 1
        };
        self.left[root] = next();
        self.order.push(root);
        // A span and how many of its children are visited.
        let mut path = vec![(root, 0)];
        while let Some((span, visited)) = path.last_mut() {
            let span = *span;
            let Some(child) = children.below(span).get(*visited).copied() else {
                self.right[span] = next();
                path.pop();
                continue;
            };
            *visited += 1;
            // Only the head of a cycle is met again, from its own descendant.
            if self.left[child] == 0 {
                self.left[child] = next();
                self.order.push(child);
                path.push((child, 0));
            }
        }
    }

    /// The earliest span of the cycle that is above a span.
    fn cycle_head(&self, from: usize, rank: &[usize]) -> usize {
        let mut inside = from;
        let mut seen = HashSet::new();
        while seen.insert(inside) {
            let Some(parent) = self.parents[inside] else { return inside };
            inside = parent;
        }
        let mut head = inside;
        let mut next = self.parents[inside];
        while let Some(span) = next.filter(|span| *span != inside) {
            if rank[span] < rank[head] {
                head = span;
            }
            next = self.parents[span];
        }
        head
    }

    /// Children of one parent, also of one that is not there, are siblings; so are roots.
    fn join_families(&mut self, shapes: &[Shape]) {
        let mut missing: HashMap<SpanId, usize> = HashMap::new();
        let roots = shapes.len();
        let mut next = roots + 1;
        self.families = (0..shapes.len())
            .map(|index| match (self.parents[index], shapes[index].parent_span_id) {
                (Some(parent), _) => parent,
                (None, None) => roots,
                (None, Some(parent)) => *missing.entry(parent).or_insert_with(|| {
                    next += 1;
                    next - 1
                }),
            })
            .collect();
        self.family_count = next;
    }

    // === what is known of a span ===

    /// The parent, if it is there.
    #[must_use]
    pub fn parent(&self, span: usize) -> Option<usize> {
        self.parents[span]
    }

    /// Direct children.
    #[must_use]
    pub fn child_count(&self, span: usize) -> i64 {
        self.child_counts[span]
    }

    /// `nestedSetLeft`: smaller than that of every descendant.
    #[must_use]
    pub fn nested_set_left(&self, span: usize) -> i64 {
        self.left[span]
    }

    /// `nestedSetRight`: larger than that of every descendant.
    #[must_use]
    pub fn nested_set_right(&self, span: usize) -> i64 {
        self.right[span]
    }

    /// `nestedSetLeft` of the parent, or why there is none.
    #[must_use]
    pub fn nested_set_parent(&self, span: usize) -> i64 {
        match self.parents[span] {
            Some(parent) => self.left[parent],
            None if self.is_root[span] => PARENT_OF_ROOT,
            None => PARENT_UNKNOWN,
        }
    }

    // === relations ===

    /// The spans that a structural operator gives. Both sides say for each span whether it is in.
    #[must_use]
    pub fn related(&self, relation: Relation, form: StructuralForm, left: &[bool], right: &[bool]) -> Vec<bool> {
        let has_relation = self.to_one_of(relation, left);
        let found = right.iter().zip(&has_relation).map(|(is_in, has)| *is_in && *has);
        match form {
            StructuralForm::Plain => found.collect(),
            StructuralForm::Negated => right.iter().zip(&has_relation).map(|(is_in, has)| *is_in && !*has).collect(),
            StructuralForm::Union => {
                // Seen from the other side, the relation is the reverse one.
                let reverse = self.to_one_of(reversed(relation), right);
                let partners = left.iter().zip(&reverse).map(|(is_in, has)| *is_in && *has);
                found.zip(partners).map(|(one, other)| one || other).collect()
            }
        }
    }

    /// For each span whether it has the relation to one of these.
    fn to_one_of(&self, relation: Relation, others: &[bool]) -> Vec<bool> {
        let mut has = vec![false; others.len()];
        match relation {
            Relation::Child => {
                for (span, parent) in self.parents.iter().enumerate() {
                    has[span] = parent.is_some_and(|parent| others[parent]);
                }
            }
            Relation::Descendant => {
                for span in &self.order {
                    has[*span] = self.parents[*span].is_some_and(|parent| others[parent] || has[parent]);
                }
            }
            Relation::Parent => {
                for (span, parent) in self.parents.iter().enumerate() {
                    if let Some(parent) = parent {
                        has[*parent] |= others[span];
                    }
                }
            }
            Relation::Ancestor => {
                for span in self.order.iter().rev() {
                    if let Some(parent) = self.parents[*span] {
                        has[parent] |= others[*span] || has[*span];
                    }
                }
            }
            Relation::Sibling => {
                let mut members = vec![0_usize; self.family_count];
                for (span, _) in others.iter().enumerate().filter(|(_, is_in)| **is_in) {
                    members[self.families[span]] += 1;
                }
                for (span, family) in self.families.iter().enumerate() {
                    has[span] = members[*family] > usize::from(others[span]);
                }
            }
        }
        has
    }
}

fn reversed(relation: Relation) -> Relation {
    match relation {
        Relation::Descendant => Relation::Ancestor,
        Relation::Child => Relation::Parent,
        Relation::Ancestor => Relation::Descendant,
        Relation::Parent => Relation::Child,
        Relation::Sibling => Relation::Sibling,
    }
}

/// Children by parent, by start, as one array and the ranges into it.
struct Children {
    spans: Vec<usize>,
    first: Vec<usize>,
}

impl Children {
    fn of(parents: &[Option<usize>], by_start: &[usize]) -> Self {
        let mut first = vec![0; parents.len() + 1];
        for parent in parents.iter().flatten() {
            first[parent + 1] += 1;
        }
        for index in 0..parents.len() {
            first[index + 1] += first[index];
        }
        let mut next = first.clone();
        let mut spans = vec![0; first[parents.len()]];
        for span in by_start {
            if let Some(parent) = parents[*span] {
                spans[next[parent]] = *span;
                next[parent] += 1;
            }
        }
        Self { spans, first }
    }

    fn below(&self, span: usize) -> &[usize] {
        &self.spans[self.first[span]..self.first[span + 1]]
    }
}

#[cfg(test)]
mod tests;
