//! What does not change from step to step.
//!
//! Owns the search for the largest such parts, which are then evaluated once for all steps.

use crate::syntax::functions::FunctionName;

use super::{Node, NodeKind};

/// Whether a part gives the same at every step, and whether evaluating it once is worth a node of its own.
#[derive(Clone, Copy)]
pub(super) struct Invariance {
    invariant: bool,
    pub(super) wrap: bool,
}

pub(super) fn wrap(node: &mut Node) {
    let empty = Node { kind: NodeKind::Number(0.0), span: node.span, value_type: node.value_type };
    let inner = std::mem::replace(node, empty);
    node.kind = NodeKind::Invariant(Box::new(inner));
}

/// Wraps the largest parts that do not change below this node, which the caller may wrap itself.
pub(super) fn mark_invariant(node: &mut Node) -> Invariance {
    let both = |value: bool| Invariance { invariant: value, wrap: value };
    match &mut node.kind {
        NodeKind::Number(_) | NodeKind::Text(_) => Invariance { invariant: true, wrap: false },
        NodeKind::Selector(selector) => both(selector.shift.at_ms.is_some()),
        NodeKind::Matrix { selector, .. } => Invariance { invariant: selector.shift.at_ms.is_some(), wrap: false },
        NodeKind::Subquery(subquery) => {
            if mark_invariant(&mut subquery.inner).invariant {
                wrap(&mut subquery.inner);
            }
            Invariance { invariant: subquery.shift.at_ms.is_some(), wrap: false }
        }
        NodeKind::Negate(inner) => mark_invariant(inner),
        NodeKind::Aggregate(aggregate) => {
            let inner = mark_invariant(&mut aggregate.inner);
            // A parameter may change where the vector does not.
            let parameter = aggregate.parameter.as_mut().map_or(both(true), mark_invariant);
            if inner.invariant && parameter.invariant {
                return inner;
            }
            if inner.wrap {
                wrap(&mut aggregate.inner);
            }
            both(false)
        }
        NodeKind::Binary(binary) => {
            let sides = [mark_invariant(&mut binary.left), mark_invariant(&mut binary.right)];
            if sides.iter().all(|side| side.invariant) {
                return both(true);
            }
            for (side, node) in sides.into_iter().zip([&mut binary.left, &mut binary.right]) {
                if side.wrap {
                    wrap(node);
                }
            }
            both(false)
        }
        NodeKind::Call { function, args } => mark_call(function.id, args),
        NodeKind::Invariant(_) => both(true),
    }
}

fn mark_call(function: FunctionName, args: &mut [Node]) -> Invariance {
    let marks: Vec<Invariance> = args.iter_mut().map(mark_invariant).collect();
    let all_args = marks.iter().all(|mark| mark.invariant);
    // The time of a selector's samples is fixed with the selector; that of any other vector is the step's.
    let fixed_timestamp =
        function == FunctionName::Timestamp && args.iter().all(|arg| matches!(arg.kind, NodeKind::Selector(_)));
    if all_args && (fixed_timestamp || !depends_on_step_time(function)) {
        return Invariance { invariant: true, wrap: true };
    }
    for (mark, arg) in marks.iter().zip(args) {
        if mark.wrap {
            wrap(arg);
        }
    }
    Invariance { invariant: false, wrap: false }
}

fn depends_on_step_time(function: FunctionName) -> bool {
    use FunctionName as F;
    matches!(
        function,
        F::DaysInMonth | F::DayOfMonth | F::DayOfWeek | F::DayOfYear | F::Hour | F::Minute | F::Month | F::Year
    ) || matches!(function, F::PredictLinear | F::Time | F::Timestamp | F::Start | F::End | F::Step | F::Range)
}
