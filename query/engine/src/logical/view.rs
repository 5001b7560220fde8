//! A table that is a plan over others. DataFusion puts the plan in the table's place when a statement names it.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableType};
use datafusion::physical_plan::ExecutionPlan;

use crate::output::plain_schema;

/// The view.
#[derive(Debug)]
pub(crate) struct LogicalView {
    plan: LogicalPlan,
    /// With the types that clients see: what DESCRIBE and `information_schema` show.
    schema: SchemaRef,
}

impl LogicalView {
    pub(crate) fn new(plan: LogicalPlan) -> Self {
        let schema = plain_schema(plan.schema().as_arrow());
        Self { plan, schema }
    }
}

#[async_trait]
impl TableProvider for LogicalView {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        Some(Cow::Borrowed(&self.plan))
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut plan = LogicalPlanBuilder::from(self.plan.clone());
        if let Some(projection) = projection {
            plan = plan.select(projection.iter().copied())?;
        }
        state.create_physical_plan(&plan.build()?).await
    }
}
