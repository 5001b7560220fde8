//! A running statement's answer: its schema, its batches as they come, and what it cost.

use std::pin::Pin;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::{MetricValue, MetricsSet};
use futures::Stream;

use crate::EngineError;
use crate::facts::Reading;

/// What a statement read, known in full once the stream has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryStats {
    /// Files that were opened.
    pub files_read: u64,
    /// Files of the tables that the statement names.
    pub files_total: u64,
    /// Bytes read from files.
    pub bytes_scanned: u64,
    /// Row groups of these files that statistics and filters of values left out.
    pub row_groups_pruned: u64,
    /// Footers that were in memory, and blocks of the bucket's files that were on the local disk.
    pub cache_hits: u64,
    /// Those that had to be read or fetched.
    pub cache_misses: u64,
    /// Files (and batches that are in none yet), of those that the statement could not leave out by time, from which
    /// sampling left rows out: plain
    /// counts and sums over them are too small. None where the statement weighs rows itself.
    pub sampled_files: u64,
}

impl QueryStats {
    /// With what a later statement over the same files read.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        Self {
            files_read: self.files_read + later.files_read,
            files_total: self.files_total.max(later.files_total),
            bytes_scanned: self.bytes_scanned + later.bytes_scanned,
            row_groups_pruned: self.row_groups_pruned + later.row_groups_pruned,
            cache_hits: self.cache_hits + later.cache_hits,
            cache_misses: self.cache_misses + later.cache_misses,
            sampled_files: self.sampled_files.max(later.sampled_files),
        }
    }
}

/// The answer of one statement.
pub struct QueryAnswer {
    pub schema: SchemaRef,
    /// Batches in order; an error ends the stream.
    pub batches: Pin<Box<dyn Stream<Item = Result<RecordBatch, EngineError>> + Send>>,
    pub(crate) cost: Arc<Cost>,
}

impl QueryAnswer {
    /// What has been read so far.
    #[must_use]
    pub fn stats(&self) -> QueryStats {
        self.cost.stats()
    }

    /// A handle by which the cost can be asked once `batches` was moved elsewhere.
    #[must_use]
    pub fn cost(&self) -> Arc<Cost> {
        Arc::clone(&self.cost)
    }
}

/// Where the figures of a statement are read from, while it runs and after.
pub struct Cost {
    pub(crate) plan: Arc<dyn ExecutionPlan>,
    pub(crate) reading: Arc<Reading>,
    /// The statement takes into account that rows may be sampled.
    pub(crate) weighs: bool,
}

impl Cost {
    /// What has been read so far.
    #[must_use]
    pub fn stats(&self) -> QueryStats {
        let mut stats = self.reading.stats();
        add_plan(self.plan.as_ref(), &mut stats);
        // A table that is scanned twice has the same files.
        stats.files_read = stats.files_read.min(stats.files_total);
        if self.weighs {
            stats.sampled_files = 0;
        }
        stats
    }
}

/// By statistics, by filters of values, or as there were enough rows before them.
fn is_about_row_groups(metric: &str) -> bool {
    matches!(metric, "row_groups_pruned_statistics" | "row_groups_pruned_bloom_filter" | "limit_pruned_row_groups")
}

fn add_plan(plan: &dyn ExecutionPlan, stats: &mut QueryStats) {
    for metric in plan.metrics().iter().flat_map(MetricsSet::iter) {
        match metric.value() {
            // A file that is left out while the statement runs counts as pruned here, and is not read.
            MetricValue::PruningMetrics { name, pruning_metrics } if name == "files_ranges_pruned_statistics" => {
                stats.files_read += pruning_metrics.matched() as u64;
            }
            MetricValue::PruningMetrics { name, pruning_metrics } if is_about_row_groups(name) => {
                stats.row_groups_pruned += pruning_metrics.pruned() as u64;
            }
            MetricValue::Count { name, count } if name == "row_groups_pruned_dynamic_filter" => {
                stats.row_groups_pruned += count.value() as u64;
            }
            MetricValue::Count { name, count } if name == "bytes_scanned" => {
                stats.bytes_scanned += count.value() as u64
            }
            _ => {}
        }
    }
    for child in plan.children() {
        add_plan(child.as_ref(), stats);
    }
}
