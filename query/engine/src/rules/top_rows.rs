//! Takes the top rows before their columns are computed: `SELECT * … ORDER BY start_time DESC LIMIT 20` builds
//! twenty maps of attributes, not one for every row that was looked at.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, Sort, SortExpr};
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
    let (Some(_), LogicalPlan::Projection(projection)) = (sort.fetch, sort.input.as_ref()) else { return Ok(None) };
    let computes = projection.expr.iter().any(|expr| !matches!(bare(expr), Expr::Column(_)));
    if !computes || projection.expr.iter().any(Expr::is_volatile) {
        return Ok(None);
    }
    let keys: Option<Vec<SortExpr>> = sort.expr.iter().map(|key| below(key, projection)).collect();
    let Some(keys) = keys else { return Ok(None) };
    let lower = Sort { expr: keys, input: Arc::clone(&projection.input), fetch: sort.fetch };
    let columns = projection.expr.clone();
    let schema = Arc::clone(&projection.schema);
    let upper = Projection::try_new_with_schema(columns, Arc::new(LogicalPlan::Sort(lower)), schema)?;
    Ok(Some(LogicalPlan::Projection(upper)))
}

/// The key over the projection's input, where it is a plain column there.
fn below(key: &SortExpr, projection: &Projection) -> Option<SortExpr> {
    let Expr::Column(column) = &key.expr else { return None };
    let index = projection.schema.maybe_index_of_column(column)?;
    match bare(&projection.expr[index]) {
        inner @ Expr::Column(_) => Some(SortExpr { expr: inner.clone(), ..key.clone() }),
        _ => None,
    }
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}
