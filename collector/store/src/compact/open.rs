//! Opening a file for its rows: all of them, some of their columns, or some runs of them.
//!
//! Owns how much is read at once, and the look at a file's checksum. Never changes a row.

use std::fs::File;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;

use spanlake_schemas::tables::Table;

use crate::attribute_columns::AttributeNote;
use crate::checksum::checksum_of;
use crate::seal::SealError;
use crate::stored_form::StoredForm;
use crate::version::DataFile;

const BATCH_ROWS: usize = 1024;
/// Where few columns are read, larger batches cost less.
const NARROW_BATCH_ROWS: usize = 8_192;
/// Shorter runs of a row group are not worth their pages.
const RUN_ROWS_MIN: usize = 2_048;

/// Rows of a file as the table has them, a batch at a time.
pub struct RowReader {
    physical: SchemaRef,
    form: StoredForm,
    reader: ParquetRecordBatchReader,
}

impl RowReader {
    fn of(
        builder: ParquetRecordBatchReaderBuilder<File>,
        form: StoredForm,
        file: &DataFile,
    ) -> Result<Self, SealError> {
        let physical = Arc::clone(builder.schema());
        Ok(Self { physical, form, reader: builder.build().map_err(error_of(file))? })
    }

    /// Whether rows of the file may have this column of the table.
    pub fn gives(&self, name: &str) -> bool {
        self.form.gives(&self.physical, name)
    }

    /// What is in the attributes of the file.
    pub fn note(&self) -> Option<&AttributeNote> {
        self.form.note()
    }
}

impl Iterator for RowReader {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.reader.next()?.and_then(|batch| self.form.restore(batch)))
    }
}

/// All rows of a file, whose checksum is looked at first.
///
/// # Errors
/// When it cannot be read or is damaged.
pub fn open_rows(table: Table, file: &DataFile) -> Result<RowReader, SealError> {
    check(file)?;
    let builder = builder(file, PageIndexPolicy::Skip)?;
    let form = StoredForm::of(file, table, builder.schema());
    RowReader::of(builder.with_batch_size(BATCH_ROWS), form, file)
}

/// These columns of all rows; of `links`, only the ids. The checksum is looked at first.
///
/// # Errors
/// As [`open_rows`].
pub fn open_columns(table: Table, file: &DataFile, names: &[&str]) -> Result<RowReader, SealError> {
    check(file)?;
    let builder = builder(file, PageIndexPolicy::Skip)?;
    let form = StoredForm::of(file, table, builder.schema());
    let needed = form.needed(names);
    let leaves = builder.parquet_schema().columns().iter().enumerate().filter(|(_, leaf)| {
        let path = leaf.path().parts();
        let is_wanted = path.first().is_some_and(|column| needed.contains(column));
        is_wanted && (path[0] != "links" || path.last().is_some_and(|part| part == "trace_id"))
    });
    let mask = ProjectionMask::leaves(builder.parquet_schema(), leaves.map(|(index, _)| index).collect::<Vec<_>>());
    RowReader::of(builder.with_projection(mask).with_batch_size(NARROW_BATCH_ROWS), form, file)
}

/// A run of rows of each row group, from its middle, that is such a part of it. Whoever reads the file whole looks at its
/// checksum.
///
/// # Errors
/// When it cannot be read.
pub fn open_runs(table: Table, file: &DataFile, share: f64) -> Result<RowReader, SealError> {
    let builder = builder(file, PageIndexPolicy::Optional)?;
    let form = StoredForm::of(file, table, builder.schema());
    let mut selectors = Vec::new();
    for group in builder.metadata().row_groups() {
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let run = run_of(rows, share);
        let before = (rows - run) / 2;
        selectors.extend([RowSelector::skip(before), RowSelector::select(run), RowSelector::skip(rows - run - before)]);
    }
    let builder = builder.with_row_selection(RowSelection::from(selectors));
    RowReader::of(builder.with_batch_size(BATCH_ROWS), form, file)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rows of a group"
)]
fn run_of(rows: usize, share: f64) -> usize {
    ((rows as f64 * share).ceil() as usize).max(RUN_ROWS_MIN).min(rows)
}

fn check(file: &DataFile) -> Result<(), SealError> {
    let Some(expected) = file.entry.checksum else { return Ok(()) };
    let mut handle = File::open(&file.path).map_err(SealError::io("open", &file.path))?;
    // Damage that decodes would get a new checksum, and nobody could tell any more. The bytes are read next anyway.
    let found = checksum_of(&mut handle).map_err(SealError::io("read", &file.path))?;
    if found == expected {
        return Ok(());
    }
    let said = format!("the file has the checksum {found:08x} instead of {expected:08x}");
    Err(error_of(file)(ParquetError::General(said)))
}

fn builder(file: &DataFile, index: PageIndexPolicy) -> Result<ParquetRecordBatchReaderBuilder<File>, SealError> {
    let handle = File::open(&file.path).map_err(SealError::io("open", &file.path))?;
    let options = ArrowReaderOptions::new().with_page_index_policy(index);
    ParquetRecordBatchReaderBuilder::try_new_with_options(handle, options).map_err(error_of(file))
}

fn error_of(file: &DataFile) -> impl FnOnce(ParquetError) -> SealError {
    let path = file.path.clone();
    move |source| SealError::Parquet { path, source }
}
