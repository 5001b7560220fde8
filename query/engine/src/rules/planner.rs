//! What DataFusion asks while it reads expressions: text beside an id, and access to a map of attributes.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess, ScalarUDF, lit};

use crate::attributes::{Attribute, is_attribute_map};
use crate::ids::literal_of;

/// Comes before DataFusion's own.
#[derive(Debug)]
pub(super) struct SpanlakePlanner;

impl ExprPlanner for SpanlakePlanner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = expr;
        let beside = |other: &Expr| other.get_type(schema).unwrap_or(DataType::Null);
        let (left, right) = match (&left, &right) {
            (Expr::Literal(..), _) => (literal_of(&left, &beside(&right))?.unwrap_or(left), right),
            (_, Expr::Literal(..)) => {
                let right = literal_of(&right, &beside(&left))?.unwrap_or(right);
                (left, right)
            }
            _ => (left, right),
        };
        Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
    }

    fn plan_field_access(
        &self,
        expr: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        if !is_attribute_map(&expr.expr.get_type(schema)?) {
            return Ok(PlannerResult::Original(expr));
        }
        let key = match &expr.field_access {
            GetFieldAccess::NamedStructField { name } => lit(name.clone()),
            GetFieldAccess::ListIndex { key } => key.as_ref().clone(),
            GetFieldAccess::ListRange { .. } => return Ok(PlannerResult::Original(expr)),
        };
        Ok(PlannerResult::Planned(ScalarUDF::new_from_impl(Attribute::default()).call(vec![expr.expr, key])))
    }
}
