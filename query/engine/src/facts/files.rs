//! Sealed files as a plan: stock Parquet scans over files that were pruned before.
//!
//! Owns the choice whether filters run inside the Parquet reader. Never opens a file.

use std::path::{Component, Path};
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DataFusionError, Result, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::physical_expr::{PhysicalExpr, conjunction};
use datafusion::physical_plan::ExecutionPlan;
use object_store::path::Path as ObjectPath;
use spanlake_store::DataFile;

use super::counted_footers::CountedFooters;
use super::file_columns::FileColumns;
use super::value_filters::{self, WantedValue};
use super::{FilterPlace, Scan};

/// With more columns than this beside those in filters, rows that fail are better never decoded.
const NARROW_COLUMNS_MAX: usize = 6;
/// The end of a file that holds its footer, mostly in one read.
const FOOTER_BYTES: usize = 256 << 10;

/// Where the cold tier's bucket is registered.
pub(crate) const BUCKET: &str = "spanlake-cold://bucket";

/// What statements demand of rows, as far as files can leave some out by it.
pub(super) struct Asked {
    /// By columns of files, where they have them.
    pub(super) predicates: Vec<Arc<dyn PhysicalExpr>>,
    pub(super) values: Vec<WantedValue>,
    /// Whether some predicates ask for attributes: where those are columns the reader compares them as they are stored,
    /// above it they are texts.
    pub(super) by_attributes: bool,
}

/// A scan of files, where there are any; files of the cold tier's bucket have one of their own.
pub(super) async fn exec(
    scan: &Scan<'_>,
    files: Vec<Arc<DataFile>>,
    asked: &Asked,
    state: &dyn Session,
) -> Result<Vec<Arc<dyn ExecutionPlan>>> {
    scan.facts.reading.add_sampled(files.iter().filter(|file| file.entry.is_sampled).count());
    let (bucket, local): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.object.is_some());
    let mut plans = Vec::new();
    for (files, url) in [(local, ObjectStoreUrl::local_filesystem()), (bucket, ObjectStoreUrl::parse(BUCKET)?)] {
        if !files.is_empty() {
            plans.extend(exec_one(scan, &files, url, asked, state).await?);
        }
    }
    Ok(plans)
}

async fn exec_one(
    scan: &Scan<'_>,
    files: &[Arc<DataFile>],
    url: ObjectStoreUrl,
    asked: &Asked,
    state: &dyn Session,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let runtime = state.runtime_env();
    let reading = &scan.facts.reading;
    let bucket = files.iter().any(|file| file.object.is_some());
    let counting = bucket.then(|| scan.facts.store.bucket_counting(&reading.blocks)).flatten();
    let store = counting.map_or_else(|| runtime.object_store(&url), Ok)?;
    let footers = runtime.cache_manager.get_file_metadata_cache();
    let reader = CountedFooters::new(store, footers, Arc::clone(reading), scan.facts.store.clone());
    let reader: Arc<dyn ParquetFileReaderFactory> = Arc::new(reader);
    let parts = files.iter().map(|file| partitioned(scan, file)).collect::<Result<_>>()?;
    let parts = value_filters::narrowed(parts, &asked.values, &reader, reading).await;
    if parts.is_empty() {
        return Ok(None);
    }
    let mut source = ParquetSource::new(Arc::clone(scan.schema))
        .with_parquet_file_reader_factory(reader)
        .with_metadata_size_hint(FOOTER_BYTES)
        .with_reorder_filters(true)
        .with_pushdown_filters(asked.by_attributes || filters_run_in_reader(scan));
    if !asked.predicates.is_empty() {
        source = source.with_predicate(conjunction(asked.predicates.iter().cloned()));
    }
    let statistics = total(scan, files);
    let partitions = state.config().target_partitions().clamp(1, parts.len());
    let mut groups = vec![Vec::new(); partitions];
    for (index, part) in parts.into_iter().enumerate() {
        groups[index % partitions].push(part);
    }
    let config = FileScanConfigBuilder::new(url, Arc::new(source))
        .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
        .with_statistics(statistics)
        .with_limit(scan.limit)
        .with_projection_indices(Some(scan.projection.clone()))?
        .with_expr_adapter(Some(Arc::new(FileColumns)))
        .build();
    Ok(Some(DataSourceExec::from_data_source(config)))
}

/// Filtering while decoding pays where few rows pass and much else would be decoded; on narrow scans it costs.
fn filters_run_in_reader(scan: &Scan<'_>) -> bool {
    match scan.facts.filters {
        FilterPlace::Chosen => {}
        #[cfg(test)]
        FilterPlace::Reader => return true,
        #[cfg(test)]
        FilterPlace::Plan => return false,
    }
    let beside = scan.projection.iter().map(|index| scan.schema.field(*index));
    let beside: Vec<_> = beside.filter(|field| !scan.filter_columns.contains(field.name())).collect();
    // Ids of traces are random: reading them costs more than anything else of a narrow scan.
    let has_ids = beside.iter().any(|field| matches!(field.data_type(), DataType::FixedSizeBinary(_)));
    beside.len() > NARROW_COLUMNS_MAX
        || (scan.is_selective && has_ids)
        || beside.iter().any(|field| field.data_type().is_nested() || field.name() == "body")
}

fn partitioned(scan: &Scan<'_>, file: &Arc<DataFile>) -> Result<PartitionedFile> {
    let mut part = PartitionedFile::new(String::new(), file.entry.bytes);
    part.object_meta.location = match &file.object {
        Some(object) => object.clone(),
        None => location(&file.path)?,
    };
    let part = part.with_statistics(Arc::new(statistics(scan, &[file.as_ref()])));
    Ok(part.with_extension(Arc::clone(file)))
}

fn location(path: &Path) -> Result<ObjectPath> {
    // `..` is no part of an object's path, and what it means depends on links.
    let climbs = path.components().any(|part| part == Component::ParentDir);
    let absolute = if climbs { path.canonicalize()? } else { std::path::absolute(path)? };
    ObjectPath::from_absolute_path(absolute).map_err(|error| DataFusionError::External(Box::new(error)))
}

fn total(scan: &Scan<'_>, files: &[Arc<DataFile>]) -> Statistics {
    let files: Vec<&DataFile> = files.iter().map(Arc::as_ref).collect();
    statistics(scan, &files)
}

fn statistics(scan: &Scan<'_>, files: &[&DataFile]) -> Statistics {
    let mut statistics = Statistics::new_unknown(scan.schema);
    let count = |value: u64| Precision::Exact(usize::try_from(value).unwrap_or(usize::MAX));
    statistics.num_rows = count(files.iter().map(|file| file.entry.rows).sum());
    statistics.total_byte_size = count(files.iter().map(|file| file.entry.bytes).sum()).to_inexact();
    let time = |value: Option<i64>| match value {
        Some(value) => Precision::Exact(ScalarValue::TimestampNanosecond(Some(value), Some("UTC".into()))),
        None => Precision::Absent,
    };
    let mut know = |column: &str, min: Option<i64>, max: Option<i64>| {
        if let Ok(index) = scan.schema.index_of(column) {
            statistics.column_statistics[index] = ColumnStatistics::new_unknown()
                .with_min_value(time(min))
                .with_max_value(time(max))
                .with_null_count(Precision::Exact(0));
        }
    };
    let entries = || files.iter().map(|file| &file.entry);
    know(
        "received_time",
        entries().map(|entry| entry.received_min).min(),
        entries().map(|entry| entry.received_max).max(),
    );
    let column = scan.table.time_column();
    know(column, entries().map(|entry| entry.time_min).min(), entries().map(|entry| entry.time_max).max());
    statistics
}
