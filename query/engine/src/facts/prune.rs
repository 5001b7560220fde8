//! Leaves out batches and files by what is known of them without reading: times, and the series of metrics.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, FixedSizeBinaryArray, TimestampNanosecondArray, UInt64Array};
use arrow::datatypes::SchemaRef;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use spanlake_schemas::tables::Table;
use spanlake_store::{DataFile, HotBatch, Version};

use super::narrow::Narrowed;

/// What a scan has to read, newest first: who looks at telemetry mostly wants the newest.
pub(super) struct Pruned {
    pub(super) hot: Vec<Arc<HotBatch>>,
    pub(super) files: Vec<Arc<DataFile>>,
}

/// Keeps what may hold rows that pass.
pub(super) fn prune(
    version: &Version,
    table: Table,
    schema: &SchemaRef,
    predicate: Arc<dyn PhysicalExpr>,
    narrowed: &Narrowed,
) -> Result<Pruned> {
    let mut hot = version.hot(table).to_vec();
    let mut files = version.files(table).to_vec();
    if let Some(series) = &narrowed.series {
        files.retain(|file| may_hold(file, series));
    }
    let predicate = PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema)).try_build(predicate)?;
    if !predicate.always_true() {
        let spans = hot.iter().map(|batch| Known::of_batch(batch)).collect();
        keep(&mut hot, &predicate.prune(&Containers { table, known: spans })?);
        let spans = files.iter().map(|file| Known::of_file(file)).collect();
        keep(&mut files, &predicate.prune(&Containers { table, known: spans })?);
    }
    hot.reverse();
    files.sort_by_key(|file| std::cmp::Reverse(file.entry.time_max));
    Ok(Pruned { hot, files })
}

fn keep<T>(all: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    all.retain(|_| kept.next().copied().unwrap_or(true));
}

/// Whether one of the series, ascending, lies in the file's range.
fn may_hold(file: &DataFile, series: &[[u8; 16]]) -> bool {
    let Some((least, greatest)) = series_range(file) else { return true };
    let next = series.partition_point(|id| *id < least);
    series.get(next).is_some_and(|id| *id <= greatest)
}

fn series_range(file: &DataFile) -> Option<([u8; 16], [u8; 16])> {
    let read = |text: &Option<String>| spanlake_schemas::ids::TraceId::parse_any(text.as_deref()?).ok().map(|id| id.0);
    Some((read(&file.entry.series_min)?, read(&file.entry.series_max)?))
}

struct Known {
    time: (i64, i64),
    received: Option<(i64, i64)>,
    series: Option<([u8; 16], [u8; 16])>,
    rows: u64,
}

impl Known {
    fn of_batch(batch: &HotBatch) -> Self {
        let time = (batch.time_min, batch.time_max);
        Self { time, received: None, series: None, rows: batch.batch.num_rows() as u64 }
    }

    fn of_file(file: &DataFile) -> Self {
        let entry = &file.entry;
        Self {
            time: (entry.time_min, entry.time_max),
            received: Some((entry.received_min, entry.received_max)),
            series: series_range(file),
            rows: entry.rows,
        }
    }
}

struct Containers {
    table: Table,
    known: Vec<Known>,
}

impl Containers {
    fn bound(
        &self,
        column: &Column,
        pick: impl Fn((i64, i64)) -> i64,
        id: impl Fn(&([u8; 16], [u8; 16])) -> [u8; 16],
    ) -> Option<ArrayRef> {
        let times = |values: TimestampNanosecondArray| Some(Arc::new(values.with_timezone("UTC")) as ArrayRef);
        match column.name.as_str() {
            name if name == self.table.time_column() => {
                times(self.known.iter().map(|known| Some(pick(known.time))).collect())
            }
            "received_time" => times(self.known.iter().map(|known| known.received.map(&pick)).collect()),
            "series_id" => {
                let ids = self.known.iter().map(|known| known.series.as_ref().map(&id));
                let ids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids, 16).ok()?;
                Some(Arc::new(ids))
            }
            _ => None,
        }
    }
}

impl PruningStatistics for Containers {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bound(column, |range| range.0, |range| range.0)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bound(column, |range| range.1, |range| range.1)
    }

    fn num_containers(&self) -> usize {
        self.known.len()
    }

    fn null_counts(&self, _column: &Column) -> Option<ArrayRef> {
        None
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from_iter_values(self.known.iter().map(|known| known.rows))))
    }

    fn contained(&self, _column: &Column, _values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
