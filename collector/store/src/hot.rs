//! The hot tier: publishing unsealed batches and swapping them for files.
//!
//! Owns the only ways in which a [`Version`] changes. Small batches are joined as they pile up, so that
//! many tiny requests cost no more memory than few large ones. Never writes a file.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use spanlake_schemas::tables::Table;

use crate::columns::{pad_to_schema, schema_subset};
use crate::last_points::LastPoints;
use crate::metrics::StoreMetrics;
use crate::read::ReadHalf;
use crate::seal::{SealedFiles, times};
use crate::version::{DataFile, HotBatch, TableFile, Version};

/// A batch of this many rows is left as it is.
const SMALL_ROWS: usize = 256;
/// Joining stops here.
const JOINED_ROWS_MAX: usize = 4096;

impl HotBatch {
    /// Measures a batch of a table.
    ///
    /// # Errors
    /// When it lacks its time column.
    pub(crate) fn new(table: Table, batch: RecordBatch, generation: u64) -> Result<Self, ArrowError> {
        let event = times(&batch, table.time_column())?;
        let range = (event.iter().copied().min().unwrap_or(0), event.iter().copied().max().unwrap_or(0));
        let received_min = times(&batch, "received_time")?.iter().copied().min().unwrap_or(0);
        let bytes = batch.get_array_memory_size();
        Ok(Self { time_min: range.0, time_max: range.1, bytes, generation, received_min, batch })
    }
}

impl ReadHalf {
    /// Makes rows visible, all tables at once. Dimensions that are there already are dropped.
    ///
    /// # Errors
    /// When a batch does not fit its table: a mistake of ours.
    pub(crate) fn append(
        &self,
        batches: impl IntoIterator<Item = (Table, RecordBatch)>,
        generation: u64,
        metrics: &StoreMetrics,
    ) -> Result<(), ArrowError> {
        let _turn = self.inner.publishing.lock();
        let mut next = Version::clone(&self.inner.current.load());
        let mut come = Vec::new();
        for (table, batch) in batches {
            let batch = match self.inner.catalog.dimension(table) {
                Some(dimension) => match dimension.insert_new(&batch)? {
                    Some(fresh) => fresh,
                    None => continue,
                },
                None => batch,
            };
            come.push((table, batch.num_rows()));
            let hot = HotBatch::new(table, batch, generation)?;
            push_joined(&mut next.tables[table as usize].hot, table, hot)?;
        }
        self.publish(next, metrics);
        self.inner.arrivals.send_modify(|arrivals| come.iter().for_each(|(table, rows)| arrivals.add(*table, *rows)));
        Ok(())
    }

    /// Replaces the batches up to a generation by the files that hold their rows, in one swap.
    pub(crate) fn replace_sealed(&self, generation: u64, sealed: &SealedFiles, metrics: &StoreMetrics) {
        let SealedFiles { files, last_points } = sealed;
        let _turn = self.inner.publishing.lock();
        let mut next = Version::clone(&self.inner.current.load());
        for table in Table::ALL {
            let of = &mut next.tables[table as usize];
            of.hot.retain(|batch| batch.generation > generation);
            let fresh: Vec<_> = files.iter().filter(|(to, _)| *to == table).map(|(_, file)| Arc::clone(file)).collect();
            if !fresh.is_empty() {
                of.files = Arc::new(of.files.iter().cloned().chain(fresh).collect());
            }
        }
        let of_points = files.iter().filter(|(table, _)| *table == Table::Points);
        if let Some(received_max) = of_points.map(|(_, file)| file.entry.received_max).max() {
            next.last_points = Arc::new(next.last_points.with(last_points, received_max));
        }
        self.publish(next, metrics);
    }

    /// Takes files away and shows others, in one swap.
    pub(crate) fn replace_files(&self, removed: &[TableFile], added: &[TableFile], metrics: &StoreMetrics) {
        let _turn = self.inner.publishing.lock();
        let mut next = Version::clone(&self.inner.current.load());
        for table in Table::ALL {
            let is_gone =
                |file: &Arc<DataFile>| removed.iter().any(|(of, gone)| *of == table && Arc::ptr_eq(gone, file));
            let fresh: Vec<_> = added.iter().filter(|(to, _)| *to == table).map(|(_, file)| file).collect();
            let files = &mut next.tables[table as usize].files;
            if !fresh.is_empty() || files.iter().any(is_gone) {
                let kept = files.iter().filter(|file| !is_gone(file));
                *files = Arc::new(kept.chain(fresh).cloned().collect());
            }
        }
        if changes_points(removed, added, &next) {
            next.last_points = Arc::new(LastPoints::without(next.files(Table::Points)));
        }
        self.publish(next, metrics);
    }

    fn publish(&self, mut next: Version, metrics: &StoreMetrics) {
        next.sequence += 1;
        let all = || next.tables.iter().flat_map(|table| &table.hot);
        let bytes: usize = all().map(|batch| batch.bytes).sum();
        let rows: usize = all().map(|batch| batch.batch.num_rows()).sum();
        let oldest = all().map(|batch| batch.received_min).min().unwrap_or(0);
        metrics.unsealed_bytes.store(u64::try_from(bytes).expect("fits"), Ordering::Release);
        metrics.unsealed_rows.store(u64::try_from(rows).expect("fits"), Ordering::Release);
        metrics.oldest_unsealed.store(oldest, Ordering::Release);
        let before = self.inner.current.load();
        let is_same =
            |table: &Table| Arc::ptr_eq(&before.tables[*table as usize].files, &next.tables[*table as usize].files);
        if !Table::ALL.iter().all(is_same) {
            metrics.hot_file_bytes.store(next.hot_file_bytes(), Ordering::Relaxed);
        }
        self.inner.current.store(Arc::new(next));
    }
}

/// Whether points came or went otherwise than by a seal that may be the last of their series.
fn changes_points(removed: &[TableFile], added: &[TableFile], version: &Version) -> bool {
    let of_points = |files: &[TableFile]| -> u64 {
        files.iter().filter(|(table, _)| *table == Table::Points).map(|(_, file)| file.entry.rows).sum()
    };
    let may_be_last = |(table, file): &TableFile| *table == Table::Points && !version.last_points.is_later_than(file);
    of_points(removed) != of_points(added) && removed.iter().chain(added).any(may_be_last)
}

/// Appends a batch; while the two last ones are small and alike in size they become one, so that every row is
/// copied a bounded number of times.
fn push_joined(hot: &mut Vec<Arc<HotBatch>>, table: Table, batch: HotBatch) -> Result<(), ArrowError> {
    hot.push(Arc::new(batch));
    while let [.., left, right] = hot.as_slice() {
        let (left_rows, right_rows) = (left.batch.num_rows(), right.batch.num_rows());
        let join = left.generation == right.generation
            && right_rows < SMALL_ROWS.max(left_rows)
            && left_rows < right_rows * 2
            && left_rows + right_rows <= JOINED_ROWS_MAX
            || left.generation == right.generation
                && left_rows < SMALL_ROWS
                && right_rows < SMALL_ROWS
                && left_rows <= right_rows;
        if !join {
            return Ok(());
        }
        let joined = join_two(table, &left.batch, &right.batch)?;
        let joined = HotBatch::new(table, joined, right.generation)?;
        hot.truncate(hot.len() - 2);
        hot.push(Arc::new(joined));
    }
    Ok(())
}

fn join_two(table: Table, left: &RecordBatch, right: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let has = |batch: &RecordBatch, name: &str| batch.column_by_name(name).is_some();
    let schema: SchemaRef = schema_subset(&table.schema(), |name| has(left, name) || has(right, name));
    concat_batches(&schema, &[pad_to_schema(left, &schema)?, pad_to_schema(right, &schema)?])
}
