//! Rows reach a sort that keeps few of them as soon as they are found.
//!
//! Owns how long filters below such a sort hold rows back. By default one waits for thousands; where few rows match, that is for
//! the end, and the sort never learns in time that older files cannot hold what it keeps. Changes no answer.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions};

/// Rows that a filter waits for.
const ROWS: usize = 16;

/// The filters that sources were given by the sort stay the same.
const SAME: ReplaceChildrenOptions = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep);

/// The rule.
#[derive(Debug)]
pub(super) struct EarlyRows;

impl PhysicalOptimizerRule for EarlyRows {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let early = plan.transform_up(|plan| {
            if plan.downcast_ref::<SortExec>().is_none_or(|sort| sort.fetch().is_none()) {
                return Ok(Transformed::no(plan));
            }
            let inputs = plan.children().into_iter().map(|input| hurried(Arc::clone(input))).collect::<Result<_>>()?;
            Ok(Transformed::yes(plan.replace_children(inputs, SAME)?))
        });
        Ok(early?.data)
    }

    fn name(&self) -> &str {
        "early_rows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The plan with filters that wait for few rows, down to where rows are read or made anew.
fn hurried(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let filter = plan.downcast_ref::<FilterExec>();
    if filter.is_none() && !plan.is::<ProjectionExec>() && !plan.is::<UnionExec>() {
        return Ok(plan);
    }
    let hurrying = filter.map(|filter| filter.with_batch_size(ROWS)).transpose()?;
    let inputs = plan.children().into_iter().map(|input| hurried(Arc::clone(input))).collect::<Result<_>>()?;
    let plan = hurrying.map_or(plan, |filter| Arc::new(filter) as Arc<dyn ExecutionPlan>);
    plan.replace_children(inputs, SAME)
}
