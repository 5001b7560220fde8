//! A source of rows in memory: unsealed batches, and rows that the trace index found.
//!
//! Only the columns that are asked for are given their type in SQL, when the batch is read.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, Result, ScalarValue, Statistics};
use datafusion::datasource::source::{DataSource, DataSourceExec};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::coop::cooperative;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayFormatType, ExecutionPlan, Partitioning};
use futures::stream;
use spanlake_store::HotBatch;

use super::Scan;

/// Fewer rows than this are read by one task.
const ROWS_A_PARTITION: usize = 65_536;

/// Unsealed batches as a plan; `None` where there is none.
pub(super) fn exec(
    scan: &Scan<'_>,
    hot: Vec<Arc<HotBatch>>,
    partitions_max: usize,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if hot.is_empty() {
        return Ok(None);
    }
    scan.facts.reading.add_sampled(hot.iter().filter(|batch| batch.is_sampled()).count());
    let schema = scan.output()?;
    let range = (hot.iter().map(|batch| batch.time_min).min(), hot.iter().map(|batch| batch.time_max).max());
    let rows: usize = hot.iter().map(|batch| batch.batch.num_rows()).sum();
    let partitions = (rows / ROWS_A_PARTITION + 1).min(partitions_max).max(1);
    let mut parts = vec![Vec::new(); partitions];
    for (index, batch) in hot.into_iter().enumerate() {
        parts[index % partitions].push(batch.batch.clone());
    }
    let mut source = RowsInMemory::new(parts, schema);
    if let (Some(min), Some(max)) = range {
        source.know_times(scan.table.time_column(), min, max);
    }
    Ok(Some(Arc::new(DataSourceExec::new(Arc::new(source)))))
}

/// Batches with a subset of the columns as a plan.
pub(super) fn rows(batches: Vec<RecordBatch>, schema: &SchemaRef) -> Result<Arc<dyn ExecutionPlan>> {
    Ok(Arc::new(DataSourceExec::new(Arc::new(RowsInMemory::new(vec![batches], Arc::clone(schema))))))
}

/// The source.
#[derive(Clone)]
struct RowsInMemory {
    parts: Arc<Vec<Vec<RecordBatch>>>,
    schema: SchemaRef,
    statistics: Arc<Statistics>,
}

impl RowsInMemory {
    fn new(parts: Vec<Vec<RecordBatch>>, schema: SchemaRef) -> Self {
        let mut statistics = Statistics::new_unknown(&schema);
        statistics.num_rows = Precision::Exact(parts.iter().flatten().map(RecordBatch::num_rows).sum());
        Self { parts: Arc::new(parts), schema, statistics: Arc::new(statistics) }
    }

    fn know_times(&mut self, column: &str, min: i64, max: i64) {
        let Ok(index) = self.schema.index_of(column) else { return };
        let time = |value| Precision::Exact(ScalarValue::TimestampNanosecond(Some(value), Some("UTC".into())));
        let known = ColumnStatistics::new_unknown()
            .with_min_value(time(min))
            .with_max_value(time(max))
            .with_null_count(Precision::Exact(0));
        Arc::make_mut(&mut self.statistics).column_statistics[index] = known;
    }

    fn rows_of(&self, partition: usize) -> usize {
        self.parts[partition].iter().map(RecordBatch::num_rows).sum()
    }
}

impl fmt::Debug for RowsInMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RowsInMemory").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}

/// The columns of `schema`, with its types; a missing one is null.
fn fit(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let rows = batch.num_rows();
    let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
        Some(column) => cast(column, field.data_type()),
        None => Ok(new_null_array(field.data_type(), rows)),
    });
    let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
    RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &RecordBatchOptions::new().with_row_count(Some(rows)),
    )
}

impl DataSource for RowsInMemory {
    fn open(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (parts, schema) = (Arc::clone(&self.parts), Arc::clone(&self.schema));
        let batches = (0..parts[partition].len()).map(move |index| Ok(fit(&parts[partition][index], &schema)?));
        let rows = RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream::iter(batches));
        Ok(Box::pin(cooperative(rows)))
    }

    fn fmt_as(&self, _format: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let batches: usize = self.parts.iter().map(Vec::len).sum();
        let rows: usize = (0..self.parts.len()).map(|part| self.rows_of(part)).sum();
        write!(out, "memory, parts={}, batches={batches}, rows={rows}", self.parts.len())
    }

    fn output_partitioning(&self) -> Partitioning {
        Partitioning::UnknownPartitioning(self.parts.len())
    }

    fn eq_properties(&self) -> EquivalenceProperties {
        EquivalenceProperties::new(Arc::clone(&self.schema))
    }

    fn scheduling_type(&self) -> datafusion::physical_plan::execution_plan::SchedulingType {
        datafusion::physical_plan::execution_plan::SchedulingType::Cooperative
    }

    fn partition_statistics(&self, partition: Option<usize>) -> Result<Arc<Statistics>> {
        let Some(partition) = partition else { return Ok(Arc::clone(&self.statistics)) };
        let mut one = Statistics::clone(&self.statistics).to_inexact();
        one.num_rows = Precision::Exact(self.rows_of(partition));
        Ok(Arc::new(one))
    }

    fn with_fetch(&self, _limit: Option<usize>) -> Option<Arc<dyn DataSource>> {
        None
    }

    fn fetch(&self) -> Option<usize> {
        None
    }

    fn try_swapping_with_projection(&self, _projection: &ProjectionExprs) -> Result<Option<Arc<dyn DataSource>>> {
        Ok(None)
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }
}
