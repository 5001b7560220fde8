//! Text in lists and ranges beside an id: `trace_id IN ('5b8e…')`. Plain comparisons are read while planning.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{Between, InList};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

use crate::ids::literal_of;

/// The rule.
#[derive(Debug)]
pub(super) struct IdLiterals;

impl AnalyzerRule for IdLiterals {
    fn name(&self) -> &str {
        "id_literals"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(rewrite_node)?.data)
    }
}

fn rewrite_node(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let rewritten = expr.transform_up(|expr| rewrite(expr, &schema))?;
        Ok(rewritten.update_data(|expr| name.restore(expr)))
    })
}

fn rewrite(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::InList(InList { expr, list, negated }) if list.iter().any(is_text) => {
            let Ok(beside) = expr.get_type(schema) else {
                return Ok(Transformed::no(Expr::InList(InList { expr, list, negated })));
            };
            let list = list.into_iter().map(|item| Ok(literal_of(&item, &beside)?.unwrap_or(item)));
            Ok(Transformed::yes(Expr::InList(InList { expr, list: list.collect::<Result<_>>()?, negated })))
        }
        Expr::Between(Between { expr, negated, low, high }) if is_text(&low) || is_text(&high) => {
            let Ok(beside) = expr.get_type(schema) else {
                return Ok(Transformed::no(Expr::Between(Between { expr, negated, low, high })));
            };
            let low = literal_of(&low, &beside)?.map_or(low, Box::new);
            let high = literal_of(&high, &beside)?.map_or(high, Box::new);
            Ok(Transformed::yes(Expr::Between(Between { expr, negated, low, high })))
        }
        other => Ok(Transformed::no(other)),
    }
}

fn is_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(value, _) if value.data_type().is_string())
}
