//! `attributes['key']` without the map: the promoted column and the stored map, or a column of what the row
//! points to.
//!
//! Holds wherever the map comes straight from one of our tables, by whatever alias. Elsewhere the map is
//! built and looked into, with the same answer.

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, ScalarUDF};
use datafusion::optimizer::AnalyzerRule;

use crate::attributes::{Attribute, MergeAttributes, PromotedValue};
use crate::dimensions::OfDimension;
use crate::logical::Origins;

/// The rule.
#[derive(Debug)]
pub(super) struct AttributeAccess;

impl AnalyzerRule for AttributeAccess {
    fn name(&self) -> &str {
        "attribute_access"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(rewrite_node)?.data)
    }
}

fn rewrite_node(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    if !has_access(&plan)? {
        return Ok(Transformed::no(plan));
    }
    let inputs: Vec<LogicalPlan> = plan.inputs().into_iter().cloned().collect();
    let origins = Origins::of(&inputs.iter().collect::<Vec<_>>());
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let rewritten = expr.transform_up(|expr| Ok(rewrite(expr, &origins)))?;
        Ok(rewritten.update_data(|expr| name.restore(expr)))
    })
}

fn has_access(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_expressions(|expr| {
        found = found || expr.exists(|expr| Ok(access(expr).is_some()))?;
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

/// The column and the key of an access.
fn access(expr: &Expr) -> Option<(&datafusion::common::Column, &Expr)> {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = expr else { return None };
    func.inner().downcast_ref::<Attribute>()?;
    match args.as_slice() {
        [Expr::Column(column), key @ Expr::Literal(..)] => Some((column, key)),
        _ => None,
    }
}

fn rewrite(expr: Expr, origins: &Origins<'_>) -> Transformed<Expr> {
    match faster(&expr, origins) {
        Some(faster) => Transformed::yes(faster),
        None => Transformed::no(expr),
    }
}

fn faster(expr: &Expr, origins: &Origins<'_>) -> Option<Expr> {
    let (column, key) = access(expr)?;
    let Expr::Literal(value, _) = key else { return None };
    let text = value.try_as_str().flatten()?;
    let Expr::ScalarFunction(ScalarFunction { func, args }) = origins.definition(column)? else { return None };
    let shown = |stored: &Expr| origins.showing(stored, column).map(Expr::Column);
    if let Some(of) = func.inner().downcast_ref::<OfDimension>() {
        return Some(of.call_key(text, shown(args.first()?)?));
    }
    let merge = func.inner().downcast_ref::<MergeAttributes>()?;
    match merge.argument_of(text) {
        Some(index) => {
            let arguments = vec![shown(args.get(index)?)?, shown(args.first()?)?, key.clone()];
            Some(ScalarUDF::new_from_impl(PromotedValue::default()).call(arguments))
        }
        None => {
            let arguments = vec![shown(args.first()?)?, key.clone()];
            Some(ScalarUDF::new_from_impl(Attribute::default()).call(arguments))
        }
    }
}
