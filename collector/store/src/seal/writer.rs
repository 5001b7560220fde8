//! One Parquet file: its properties, its rows a slice at a time, and the rename that makes it real.
//!
//! Owns the order of these steps. Never holds more than one slice of gathered rows, or of a file whose encodings are tried
//! the first of them.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use spanlake_schemas::ids::to_hex;
use spanlake_schemas::tables::Table;

use super::SealError;
use super::gather::Gather;
use super::order::{SortedRow, has_buckets};
use super::properties::{Effort, first_rows, properties};
use super::time_parts::TimeParts;
use crate::attribute_columns::{AttributeNote, Splitter};
use crate::blocks::SummedFile;
use crate::cold::form::{cold_schema, to_cold};
use crate::durable::{create_dirs, sync_dir};
use crate::rollup::RollupBuilder;
use crate::version::{COLD_LEVEL, FileEntry};

pub const ROW_GROUP_ROWS: usize = 131_072;
/// Rows gathered at once: small enough to stay in the second-level cache, a column at a time.
const SLICE_ROWS: usize = 8_192;

/// A file that is being written: under another name until it is whole.
pub struct FileWriter {
    table: Table,
    path: PathBuf,
    aside: PathBuf,
    schema: SchemaRef,
    effort: Effort,
    rows: Rows,
    entry: FileEntry,
    /// `None` where the table has no attributes.
    splitter: Option<Splitter>,
    /// Of merged points.
    rollups: Option<RollupBuilder>,
    /// Of points: rollups are asked where no other file has any.
    time_parts: Option<TimeParts>,
    is_cold: bool,
}

/// Where the rows go: how they are written depends on the first of them.
enum Rows {
    /// Too few came yet.
    Awaited(Summed, Vec<RecordBatch>),
    Written(Box<ArrowWriter<Summed>>),
    /// To nowhere: the file is finished, or could not be begun.
    Ended,
}

type Summed = SummedFile<BufWriter<File>>;

impl FileWriter {
    /// Begins a file; `relative` to the data directory. `note` says what is in the attributes of its rows.
    pub fn create(
        data_dir: &Path,
        relative: &str,
        table: Table,
        schema: SchemaRef,
        note: Option<&AttributeNote>,
        effort: Effort,
    ) -> Result<Self, SealError> {
        let path = data_dir.join(relative);
        create_dirs(path.parent().expect("a data file lies in a folder"))
            .map_err(|(dir, error)| SealError::io("create", &dir)(error))?;
        let aside = path.with_extension("tmp");
        let file = File::create(&aside).map_err(SealError::io("create", &aside))?;
        let is_cold = effort.level >= COLD_LEVEL;
        let schema = if is_cold { cold_schema(&schema) } else { schema };
        let splitter = note.map(|note| Splitter::new(note, &schema, is_cold));
        let schema = splitter.as_ref().map_or(schema, |splitter| Arc::clone(splitter.schema()));
        let entry = super::entry(relative, table, effort);
        // What comes fresh from the seal is merged soon, and would have few samples of a stretch.
        let rollups = (table == Table::Points && effort.level > 0).then(|| RollupBuilder::new(&aside, is_cold));
        let time_parts = (table == Table::Points).then(TimeParts::default);
        let rows = Rows::Awaited(SummedFile::new(BufWriter::with_capacity(1 << 18, file)), Vec::new());
        Ok(Self { table, path, aside, schema, effort, rows, entry, splitter, rollups, time_parts, is_cold })
    }

    /// Rows as they lie in the file: kept as long as they are too few to say how they are written.
    fn push(&mut self, batch: RecordBatch) -> Result<(), SealError> {
        match &mut self.rows {
            Rows::Awaited(_, first) => {
                first.push(batch);
                let so_far: usize = first.iter().map(RecordBatch::num_rows).sum();
                if so_far >= first_rows(self.table, self.effort) { self.begin() } else { Ok(()) }
            }
            Rows::Written(writer) => {
                writer.write(&batch).map_err(|source| SealError::Parquet { path: self.aside.clone(), source })
            }
            Rows::Ended => unreachable!("ended by what takes it"),
        }
    }

    /// Writes what was kept, where nothing is written yet.
    fn begin(&mut self) -> Result<(), SealError> {
        let (file, first) = match std::mem::replace(&mut self.rows, Rows::Ended) {
            Rows::Awaited(file, first) => (file, first),
            begun => {
                self.rows = begun;
                return Ok(());
            }
        };
        let parquet_error = |source| SealError::Parquet { path: self.aside.clone(), source };
        let properties = properties(self.table, &self.schema, &first, self.effort);
        let mut writer =
            ArrowWriter::try_new(file, Arc::clone(&self.schema), Some(properties)).map_err(parquet_error)?;
        for batch in &first {
            writer.write(batch).map_err(parquet_error)?;
        }
        self.rows = Rows::Written(Box::new(writer));
        Ok(())
    }

    /// Appends rows in the order given.
    pub fn write(&mut self, gather: &Gather, rows: &[SortedRow]) -> Result<(), SealError> {
        for slice in rows.chunks(SLICE_ROWS) {
            let arrow_error = |source| SealError::Arrow { table: self.table.name(), source };
            let batch = gather.take(slice).map_err(arrow_error)?;
            if let Some(rollups) = &mut self.rollups {
                rollups.push(&batch)?;
            }
            let batch = if self.is_cold { to_cold(&batch).map_err(arrow_error)? } else { batch };
            let batch = match &self.splitter {
                Some(splitter) => splitter.split(&batch).map_err(arrow_error)?,
                None => batch,
            };
            self.push(batch)?;
        }
        widen(&mut self.entry, self.table, rows);
        if let Some(parts) = &mut self.time_parts {
            rows.iter().for_each(|row| parts.add(row.time));
        }
        Ok(())
    }

    fn take_rows(&mut self) -> Result<Box<ArrowWriter<Summed>>, SealError> {
        self.begin()?;
        let Rows::Written(writer) = std::mem::replace(&mut self.rows, Rows::Ended) else { unreachable!("begun") };
        Ok(writer)
    }

    /// The checksums of the blocks behind the last of them.
    fn write_sums(&self, writer: &mut ArrowWriter<Summed>) -> Result<(), SealError> {
        writer.flush().map_err(|source| SealError::Parquet { path: self.aside.clone(), source })?;
        let io = |error| SealError::io("write", &self.aside)(error);
        // What the writer still holds belongs to the blocks.
        writer.sync().map_err(io)?;
        let sums = writer.inner_mut().end_blocks();
        writer.write_all(&sums).map_err(io)
    }

    /// Syncs and renames: afterwards the file is whole under its name.
    pub fn finish(mut self) -> Result<FileEntry, SealError> {
        let mut writer = self.take_rows()?;
        if let Some(rollups) = self.rollups.take() {
            self.entry.rollups = rollups.append_to(&mut writer)?;
        }
        self.entry.time_parts = self.time_parts.take().map(TimeParts::finish).unwrap_or_default();
        self.write_sums(&mut writer)?;
        let summed = writer.into_inner().map_err(|source| SealError::Parquet { path: self.aside.clone(), source })?;
        let (buffered, checksum, blocks) = summed.finish();
        let file = buffered.into_inner().map_err(|error| SealError::io("write", &self.aside)(error.into_error()))?;
        file.sync_all().map_err(SealError::io("sync", &self.aside))?;
        self.entry.checksum = Some(checksum);
        self.entry.blocks = blocks;
        self.entry.bytes = file.metadata().map_err(SealError::io("stat", &self.aside))?.len();
        std::fs::rename(&self.aside, &self.path).map_err(SealError::io("rename", &self.aside))?;
        let dir = self.path.parent().expect("a data file lies in a folder");
        sync_dir(dir).map_err(SealError::io("sync", dir))?;
        Ok(self.entry.clone())
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        // Gone already where the file was finished.
        let _ = std::fs::remove_file(&self.aside);
    }
}

/// Widens the entry's ranges to more rows.
fn widen(entry: &mut FileEntry, table: Table, rows: &[SortedRow]) {
    entry.rows += rows.len() as u64;
    for row in rows {
        entry.time_min = entry.time_min.min(row.time);
        entry.time_max = entry.time_max.max(row.time);
        entry.received_min = entry.received_min.min(row.received);
        entry.received_max = entry.received_max.max(row.received);
    }
    let by_series = !table.is_dimension() && !has_buckets(table) && table != Table::SpanRed;
    if let (true, Some(first), Some(last)) = (by_series, rows.first(), rows.last()) {
        entry.series_min.get_or_insert_with(|| to_hex(&first.key_bytes()));
        entry.series_max = Some(to_hex(&last.key_bytes()));
    }
}
