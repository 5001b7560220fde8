//! Rows reach a sort that keeps few of them as soon as they are found, those first that it may keep.
//!
//! Owns how long filters below such a sort hold rows back: by default one waits for thousands; where few rows match, that is for
//! the end, and the sort never learns in time that older files cannot hold what it keeps. And in which order a file's row groups are
//! read: DataFusion tells its scans of a sort that stands right above them, but not through filters and unions. Changes no answer.

use std::sync::Arc;

use arrow::compute::SortOptions;
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::datasource::physical_plan::{FileScanConfig, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_expr::PhysicalSortExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions, SortOrderPushdownResult,
};

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
            let Some(sort) = plan.downcast_ref::<SortExec>().filter(|sort| sort.fetch().is_some()) else {
                return Ok(Transformed::no(plan));
            };
            let input = hurried(Arc::clone(sort.input()), Key::of(sort))?;
            Ok(Transformed::yes(plan.replace_children(vec![input], SAME)?))
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

/// A column by which is sorted before all others.
#[derive(Clone, Copy)]
struct Key {
    /// Its place in the plan that is looked at.
    index: usize,
    options: SortOptions,
}

impl Key {
    fn of(sort: &SortExec) -> Option<Self> {
        let first = sort.expr().first();
        Some(Self { index: first.expr.downcast_ref::<Column>()?.index(), options: first.options })
    }

    /// The same in the plan below; `None` where that computes it, or is none that rows just pass through.
    fn below(self, plan: &dyn ExecutionPlan) -> Option<Self> {
        let index = if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
            projection.expr().get(self.index)?.expr.downcast_ref::<Column>()?.index()
        } else if let Some(filter) = plan.downcast_ref::<FilterExec>() {
            filter.projection().as_ref().map_or(Some(self.index), |places| places.get(self.index).copied())?
        } else {
            self.index
        };
        Some(Self { index, ..self })
    }
}

/// The plan with filters that wait for few rows, and scans that know the order, down to where rows are read or made anew.
fn hurried(plan: Arc<dyn ExecutionPlan>, key: Option<Key>) -> Result<Arc<dyn ExecutionPlan>> {
    if let (Some(scan), Some(key)) = (plan.downcast_ref::<DataSourceExec>(), key) {
        return Ok(ordered(scan, key)?.unwrap_or(plan));
    }
    let filter = plan.downcast_ref::<FilterExec>();
    if filter.is_none() && !plan.is::<ProjectionExec>() && !plan.is::<UnionExec>() {
        return Ok(plan);
    }
    let key = key.and_then(|key| key.below(plan.as_ref()));
    let hurrying = filter.map(|filter| filter.with_batch_size(ROWS)).transpose()?;
    let inputs = plan.children().into_iter().map(|input| hurried(Arc::clone(input), key)).collect::<Result<_>>()?;
    let plan = hurrying.map_or(plan, |filter| Arc::new(filter) as Arc<dyn ExecutionPlan>);
    plan.replace_children(inputs, SAME)
}

/// Columns, beside those of times, of which files know the bounds of each page.
const INDEXED: [&str; 2] = ["trace_id", "series_id"];

/// The scan without a look at pages where that could only tell their times: those of a bucket all have the bucket's. Pages that are
/// picked, even if it is all of them, fix the order of row groups, and none is left out any more that comes too late for the sort.
fn by_row_groups(scan: Arc<dyn ExecutionPlan>, key: &str) -> Arc<dyn ExecutionPlan> {
    let config =
        scan.downcast_ref::<DataSourceExec>().and_then(|scan| scan.data_source().downcast_ref::<FileScanConfig>());
    let Some(config) = config else { return scan };
    let source = config.file_source();
    // Logs of a bucket lie by service.
    let is_indexed = |name: &str| INDEXED.contains(&name) || name == "service_name" && key == "time";
    let asked = source.filter().map(|filter| collect_columns(&filter)).unwrap_or_default();
    match source.downcast_ref::<ParquetSource>() {
        Some(source) if !asked.iter().any(|column| is_indexed(column.name())) => {
            let source = source.clone().with_enable_page_index(false);
            let config = FileScanConfigBuilder::from(config.clone()).with_source(Arc::new(source)).build();
            DataSourceExec::from_data_source(config)
        }
        _ => scan,
    }
}

/// A scan of files that reads row groups, and files, in the order of the key, as far as their statistics tell; `None` for others.
fn ordered(scan: &DataSourceExec, key: Key) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(config) = scan.data_source().downcast_ref::<FileScanConfig>() else { return Ok(None) };
    // By the name that the column has in files, whatever the statement calls it.
    let name = match config.file_source().projection() {
        Some(projection) => {
            projection.as_ref().get(key.index).and_then(|one| one.expr.downcast_ref::<Column>()).map(Column::name)
        }
        None => None,
    };
    let Some(name) = name else { return Ok(None) };
    let order = PhysicalSortExpr { expr: Arc::new(Column::new(name, key.index)), options: key.options };
    match scan.try_pushdown_sort(&[order])? {
        SortOrderPushdownResult::Inexact { inner } => Ok(Some(by_row_groups(inner, name))),
        // The sort stays where it is.
        SortOrderPushdownResult::Exact { .. } | SortOrderPushdownResult::Unsupported => Ok(None),
    }
}
