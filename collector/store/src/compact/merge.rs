//! One merge: rows of many sorted files, streamed into one in the table's order.
//!
//! Owns the buffers: a batch an input; where inputs have time buckets of different lengths, the rows of one bucket of
//! the longest. Never holds a whole file.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use parquet::errors::ParquetError;
use spanlake_schemas::red::RollUp;
use spanlake_schemas::tables::Table;

use super::Job;
use super::open::{RowReader, open_rows};
use crate::attribute_columns::AttributeNote;
use crate::columns::schema_subset;
use crate::seal::SealError;
use crate::seal::gather::Gather;
use crate::seal::order::{SortedRow, bucket_seconds, has_buckets, rows_of};
use crate::seal::properties::Effort;
use crate::seal::writer::{FileWriter, ROW_GROUP_ROWS};
use crate::version::{DataFile, FileEntry};

/// Buffered bytes at which rows are written though their bucket may not be complete: it is then sorted in parts.
const BUFFER_BYTES_MAX: usize = 32 << 20;

/// Rows that are rolled up at once.
const ROLLED_ROWS: usize = 8_192;

/// A merge under way.
pub struct Merge {
    table: Table,
    schema: SchemaRef,
    /// What is in the attributes of all inputs.
    note: Option<AttributeNote>,
    bucket_seconds: u32,
    order: Order,
    inputs: Vec<Input>,
    is_sampled: bool,
    last_lsn: u64,
    revision: Option<Arc<dyn Revision>>,
    roll_up: Option<Box<dyn RollUp>>,
}

/// What becomes of rows on their way into a merged file. Gets batches in the table's own form, with a subset of its
/// columns; may leave rows out and set columns, never change the order nor what rows are sorted by.
pub trait Revision: Send + Sync {
    /// Columns of the table's schema that it sets, beside those that the inputs have.
    fn sets(&self, table: Table) -> &[&'static str];

    /// The rows that stay, as they stay.
    ///
    /// # Errors
    /// When a column that it needs is not there, or the like.
    fn revise(&self, table: Table, batch: &RecordBatch) -> Result<RecordBatch, ArrowError>;
}

/// What the inputs have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Rows of each are in the order of the output.
    Whole,
    /// Only their buckets are: rows of a bucket are sorted once it has been read from all.
    Buckets,
}

/// A file that is read, and its rows that wait.
struct Input {
    file: Arc<DataFile>,
    rows: RowReader,
    waiting: VecDeque<Waiting>,
    at_end: bool,
}

/// Rows of a batch from `taken` on.
struct Waiting {
    batch: RecordBatch,
    rows: Vec<SortedRow>,
    taken: usize,
}

impl Merge {
    /// Opens the inputs.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn open(job: &Job) -> Result<Self, SealError> {
        let mut inputs = Vec::with_capacity(job.inputs.len());
        for file in &job.inputs {
            let rows = open_rows(job.table, file)?;
            inputs.push(Input { file: Arc::clone(file), rows, waiting: VecDeque::new(), at_end: false });
        }
        let notes = inputs.iter().map(|input| input.rows.note().cloned());
        let note = job.table.has_attribute_columns().then(|| AttributeNote::merged(notes));
        let entries = || job.inputs.iter().map(|file| &file.entry);
        let rows: u64 = entries().map(|entry| entry.rows).sum();
        let time_min = entries().map(|entry| entry.time_min).min().unwrap_or(0);
        let time_max = entries().map(|entry| entry.time_max).max().unwrap_or(0);
        // Whole buckets of every input must fit into one of the output: lengths are powers of two.
        let longest = entries().map(|entry| entry.bucket_seconds).max().unwrap_or(1);
        let is_same = entries().all(|entry| entry.bucket_seconds == longest);
        let order = if is_same || !has_buckets(job.table) { Order::Whole } else { Order::Buckets };
        let best = bucket_seconds(rows, time_min, time_max).max(longest);
        Ok(Self {
            table: job.table,
            schema: schema_subset(&job.table.schema(), |name| inputs.iter().any(|input| input.rows.gives(name))),
            note: note.map(|note| note.with_columns(rows)),
            bucket_seconds: if order == Order::Whole { longest } else { best },
            order,
            inputs,
            is_sampled: entries().any(|entry| entry.is_sampled),
            last_lsn: entries().map(|entry| entry.last_lsn).max().unwrap_or(0),
            revision: None,
            roll_up: None,
        })
    }

    /// With rows revised on their way. The result may then have fewer rows than the inputs, down to none: its entry
    /// says so, and the caller is not to show a file without a row.
    #[must_use]
    pub fn revised(mut self, revision: Arc<dyn Revision>) -> Self {
        let sets = revision.sets(self.table);
        let has = |name: &str| self.schema.field_with_name(name).is_ok() || sets.contains(&name);
        self.schema = schema_subset(&self.table.schema(), has);
        self.revision = Some(revision);
        self
    }

    /// With rows summed further on their way; the result has fewer.
    #[must_use]
    pub fn rolled_up(mut self, roll_up: Box<dyn RollUp>) -> Self {
        self.schema = self.table.schema();
        self.roll_up = Some(roll_up);
        self
    }

    /// Writes the merged file, durable when this returns; `None` where `stops` said so.
    ///
    /// # Errors
    /// When an input cannot be read or the file cannot be written; nothing is left of it then.
    pub fn run(
        mut self,
        data_dir: &Path,
        relative: &str,
        level: u8,
        stops: impl Fn() -> bool,
    ) -> Result<Option<FileEntry>, SealError> {
        let effort = Effort { level, bucket_seconds: self.bucket_seconds, traces_max: ROW_GROUP_ROWS };
        let schema = Arc::clone(&self.schema);
        let mut file = FileWriter::create(data_dir, relative, self.table, schema, self.note.as_ref(), effort)?;
        while self.fill()? {
            if stops() {
                return Ok(None);
            }
            self.write_complete(&mut file)?;
        }
        if let Some(mut roll_up) = self.roll_up.take() {
            self.write_rolled(&mut file, &roll_up.finish().map_err(|source| self.arrow_error(source))?)?;
        }
        Ok(Some(FileEntry { last_lsn: self.last_lsn, is_sampled: self.is_sampled, ..file.finish()? }))
    }

    /// Reads on where nothing waits, and where an input holds all others up; false when all rows are written.
    fn fill(&mut self) -> Result<bool, SealError> {
        let frontier = self.frontier();
        let is_stuck = self.inputs.iter().all(|input| input.complete(self.order, frontier) == 0);
        for input in &mut self.inputs {
            if input.waiting.is_empty() || is_stuck && input.holds_up(self.order, frontier) {
                input.read(self.table, self.bucket_seconds, self.revision.as_deref())?;
            }
        }
        Ok(self.inputs.iter().any(|input| !input.waiting.is_empty()))
    }

    /// The place up to which every input has been read; `None`: to the end.
    fn frontier(&self) -> Option<SortedRow> {
        let open = self.inputs.iter().filter(|input| !input.at_end);
        open.filter_map(Input::last).min_by(|left, right| self.order.compare(left, right))
    }

    fn write_complete(&mut self, file: &mut FileWriter) -> Result<(), SealError> {
        let frontier = if self.buffered_bytes() > BUFFER_BYTES_MAX { None } else { self.frontier() };
        let mut batches: Vec<RecordBatch> = Vec::new();
        let mut rows: Vec<SortedRow> = Vec::new();
        for input in &mut self.inputs {
            input.take(self.order, frontier, &mut batches, &mut rows);
        }
        if rows.is_empty() {
            return Ok(());
        }
        // Not by hours first: files of several would no longer be in the table's order.
        rows.sort_unstable_by_key(|row| (row.place(), row.batch, row.row));
        let batches: Vec<&RecordBatch> = batches.iter().collect();
        let gather = Gather::with_schema(Arc::clone(&self.schema), &batches);
        let Some(mut roll_up) = self.roll_up.take() else { return file.write(&gather, &rows) };
        for slice in rows.chunks(ROLLED_ROWS) {
            let fewer = gather.take(slice).and_then(|batch| roll_up.push(&batch));
            self.write_rolled(file, &fewer.map_err(|source| self.arrow_error(source))?)?;
        }
        self.roll_up = Some(roll_up);
        Ok(())
    }

    fn write_rolled(&self, file: &mut FileWriter, batch: &RecordBatch) -> Result<(), SealError> {
        let rows = rows_of(self.table, batch, self.bucket_seconds).map_err(|source| self.arrow_error(source))?;
        file.write(&Gather::with_schema(Arc::clone(&self.schema), &[batch]), &rows)
    }

    fn arrow_error(&self, source: ArrowError) -> SealError {
        SealError::Arrow { table: self.table.name(), source }
    }

    fn buffered_bytes(&self) -> usize {
        let waiting = self.inputs.iter().flat_map(|input| &input.waiting);
        waiting.map(|waiting| waiting.batch.get_array_memory_size()).sum()
    }
}

impl Input {
    /// The next rows that stay, if there are any.
    fn read(&mut self, table: Table, bucket_seconds: u32, revision: Option<&dyn Revision>) -> Result<(), SealError> {
        let arrow_error = |source| SealError::Arrow { table: table.name(), source };
        let batch = loop {
            let Some(batch) = self.rows.next() else {
                self.at_end = true;
                return Ok(());
            };
            let parquet_error = |source| SealError::Parquet { path: self.file.path.clone(), source };
            let batch = batch.map_err(|error| parquet_error(ParquetError::ArrowError(error.to_string())))?;
            let Some(revision) = revision else { break batch };
            let revised = revision.revise(table, &batch).map_err(arrow_error)?;
            if revised.num_rows() > 0 {
                break revised;
            }
        };
        let rows = rows_of(table, &batch, bucket_seconds).map_err(arrow_error)?;
        self.waiting.push_back(Waiting { batch, rows, taken: 0 });
        Ok(())
    }

    fn last(&self) -> Option<SortedRow> {
        self.waiting.back().and_then(|waiting| waiting.rows.last().copied())
    }

    /// Whether more rows are complete once this input is read on.
    fn holds_up(&self, order: Order, frontier: Option<SortedRow>) -> bool {
        let (Some(last), Some(frontier)) = (self.last(), frontier) else { return false };
        !self.at_end && order.compare(&last, &frontier).is_le()
    }

    /// How many rows of the first batch that waits are complete.
    fn complete(&self, order: Order, frontier: Option<SortedRow>) -> usize {
        self.waiting.front().map_or(0, |waiting| waiting.complete(order, frontier))
    }

    /// Moves the complete rows to those that are written.
    fn take(
        &mut self,
        order: Order,
        frontier: Option<SortedRow>,
        batches: &mut Vec<RecordBatch>,
        rows: &mut Vec<SortedRow>,
    ) {
        while let Some(waiting) = self.waiting.front_mut() {
            let complete = waiting.complete(order, frontier);
            let number = u32::try_from(batches.len()).expect("few batches wait");
            let from = waiting.taken;
            rows.extend(waiting.rows[from..from + complete].iter().map(|row| row.in_batch(number)));
            batches.push(waiting.batch.clone());
            waiting.taken += complete;
            if waiting.taken < waiting.rows.len() {
                return;
            }
            self.waiting.pop_front();
        }
    }
}

impl Waiting {
    fn complete(&self, order: Order, frontier: Option<SortedRow>) -> usize {
        let rest = &self.rows[self.taken..];
        let Some(frontier) = frontier else { return rest.len() };
        // Of a bucket, rows with any key may still come; of a key, only later ones.
        let bound = if order == Order::Buckets { Ordering::Less } else { Ordering::Equal };
        rest.partition_point(|row| order.compare(row, &frontier) <= bound)
    }
}

impl Order {
    fn compare(self, left: &SortedRow, right: &SortedRow) -> Ordering {
        match self {
            Self::Whole => left.place().cmp(&right.place()),
            Self::Buckets => left.bucket.cmp(&right.bucket),
        }
    }
}
