//! Which labels a query names.
//!
//! Owns the list only. What a source does with it is the source's.

use super::tree::Expr;

/// The labels that a query names: to group, to match, to rewrite. An attribute of a resource is a label of its series
/// wherever it is named.
#[must_use]
pub fn named_labels(expr: &Expr) -> Vec<String> {
    let mut named = Vec::new();
    expr.visit(&mut |expr| match expr {
        Expr::Aggregate(aggregate) => named.extend(aggregate.grouping.iter().cloned()),
        Expr::Binary(binary) => named.extend(binary.matching.labels.iter().chain(&binary.matching.include).cloned()),
        Expr::Call(call) => named.extend(call.args.iter().filter_map(|argument| match argument {
            Expr::String(text) => Some(text.value.clone()),
            _ => None,
        })),
        _ => {}
    });
    named.sort();
    named.dedup();
    named
}
