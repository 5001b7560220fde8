//! What a query will ask its source, known before it is evaluated.
//!
//! Owns the list of selects, for a store that reads asynchronously: it can fetch all of them at once and answer from
//! memory then. Never reads anything.

use crate::matcher::Matcher;
use crate::source::SelectHints;
use crate::syntax::functions::FunctionName;
use crate::syntax::tree::Expr;

use super::plan::{Node, NodeKind, QueryTimes, Selector, plan};
use super::selector::needed_times;
use super::window::subquery_grid;
use super::{EvalError, EvalOptions, Grid};

/// A select that evaluation will make, as it will be made.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedSelect {
    pub matchers: Vec<Matcher>,
    /// The first time that is needed, in milliseconds since 1970.
    pub start_ms: i64,
    /// The last time that is needed.
    pub end_ms: i64,
    pub hints: SelectHints,
}

/// All selects of a query from a time to another; of an instant query both are the same and the step is 0. Series of info
/// metrics, which `info()` asks for, are not among them: which ones depends on the series that they are added to.
pub fn planned_selects(
    expr: &Expr,
    start_ms: i64,
    end_ms: i64,
    step_ms: i64,
    options: &EvalOptions,
) -> Result<Vec<PlannedSelect>, EvalError> {
    let times = QueryTimes { start_ms, end_ms, step_ms, subquery_step_ms: options.subquery_step_ms };
    let grid = Grid::of_query(&times);
    let mut selects = Vec::new();
    if grid.steps > 0 {
        collect(&plan(expr, &times)?, &grid, options.lookback_ms, &mut selects);
    }
    Ok(selects)
}

fn collect(node: &Node, grid: &Grid, lookback_ms: i64, selects: &mut Vec<PlannedSelect>) {
    let select = |selector: &Selector, range_ms: i64| {
        let (start_ms, end_ms) = needed_times(selector, grid, range_ms, lookback_ms);
        PlannedSelect { matchers: selector.matchers.clone(), start_ms, end_ms, hints: selector.hints.clone() }
    };
    let own = match &node.kind {
        NodeKind::Selector(selector) => Some(select(selector, 0)),
        NodeKind::Matrix { selector, range_ms } => Some(select(selector, *range_ms)),
        _ => None,
    };
    selects.extend(own);
    let mut inside = |nodes: &[&Node], grid: &Grid| {
        for node in nodes {
            collect(node, grid, lookback_ms, selects);
        }
    };
    match &node.kind {
        NodeKind::Number(_) | NodeKind::Text(_) | NodeKind::Selector(_) | NodeKind::Matrix { .. } => {}
        NodeKind::Subquery(subquery) => inside(&[&subquery.inner], &subquery_grid(subquery, grid)),
        NodeKind::Invariant(inner) => inside(&[inner], &Grid { steps: 1, ..*grid }),
        NodeKind::Negate(inner) => inside(&[inner], grid),
        NodeKind::Binary(binary) => inside(&[&binary.left, &binary.right], grid),
        NodeKind::Aggregate(aggregate) => {
            let both: Vec<&Node> = aggregate.parameter.iter().chain([&aggregate.inner]).collect();
            inside(&both, grid);
        }
        NodeKind::Call { function, args } => {
            let looked_at = if function.id == FunctionName::Info { &args[..1] } else { args };
            inside(&looked_at.iter().collect::<Vec<_>>(), grid);
        }
    }
}
