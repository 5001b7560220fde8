//! Takes the top rows before their columns are computed: `SELECT * … ORDER BY start_time DESC LIMIT 20` builds
//! twenty maps of attributes, not one for every row that was looked at.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, Sort, SortExpr, SubqueryAlias};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

/// The rule: a sort that keeps few rows goes below a projection that computes.
#[derive(Debug)]
pub(super) struct TopRowsBeforeColumns;

impl OptimizerRule for TopRowsBeforeColumns {
    fn name(&self) -> &str {
        "top_rows_before_columns"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match &plan {
            LogicalPlan::Sort(sort) => match lowered(sort)? {
                Some(lower) => Ok(Transformed::yes(lower)),
                None => Ok(Transformed::no(plan)),
            },
            _ => Ok(Transformed::no(plan)),
        }
    }
}

fn lowered(sort: &Sort) -> Result<Option<LogicalPlan>> {
    let Some(fetch) = sort.fetch else { return Ok(None) };
    below(&sort.expr, fetch, &sort.input)
}

/// The plan with the sort under its lowest projection that computes; `None` where there is none, or where a key
/// is computed itself.
fn below(keys: &[SortExpr], fetch: usize, plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => {
            let inner = |column: &Column| {
                let index = alias.schema.maybe_index_of_column(column)?;
                Some(Column::from(alias.input.schema().qualified_field(index)))
            };
            let Some(keys) = renamed(keys, inner) else { return Ok(None) };
            let Some(lower) = below(&keys, fetch, &alias.input)? else { return Ok(None) };
            let upper = SubqueryAlias::try_new(Arc::new(lower), alias.alias.clone())?;
            Ok(Some(LogicalPlan::SubqueryAlias(upper)))
        }
        LogicalPlan::Projection(projection) => below_projection(keys, fetch, projection),
        _ => Ok(None),
    }
}

fn below_projection(keys: &[SortExpr], fetch: usize, projection: &Projection) -> Result<Option<LogicalPlan>> {
    if projection.expr.iter().any(Expr::is_volatile) {
        return Ok(None);
    }
    let inner = |column: &Column| {
        let index = projection.schema.maybe_index_of_column(column)?;
        match bare(&projection.expr[index]) {
            Expr::Column(inner) => Some(inner.clone()),
            _ => None,
        }
    };
    let Some(keys) = renamed(keys, inner) else { return Ok(None) };
    let computes = projection.expr.iter().any(|expr| !matches!(bare(expr), Expr::Column(_)));
    let lower = match below(&keys, fetch, &projection.input)? {
        Some(lower) => lower,
        None if computes => {
            LogicalPlan::Sort(Sort { expr: keys, input: Arc::clone(&projection.input), fetch: Some(fetch) })
        }
        None => return Ok(None),
    };
    let schema = Arc::clone(&projection.schema);
    let upper = Projection::try_new_with_schema(projection.expr.clone(), Arc::new(lower), schema)?;
    Ok(Some(LogicalPlan::Projection(upper)))
}

/// The keys with their columns as they are called below.
fn renamed(keys: &[SortExpr], inner: impl Fn(&Column) -> Option<Column>) -> Option<Vec<SortExpr>> {
    let rename = |key: &SortExpr| {
        let Expr::Column(column) = &key.expr else { return None };
        Some(SortExpr { expr: Expr::Column(inner(column)?), ..key.clone() })
    };
    keys.iter().map(rename).collect()
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}
