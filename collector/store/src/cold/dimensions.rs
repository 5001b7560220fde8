//! Copies of resources, scopes and series in the cold tier, so that it can be read without this machine.
//!
//! Owns which rows are there already. Hot dimension files stay: they are what a start reads. Never forgets a row.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use spanlake_schemas::errors::with_causes;
use spanlake_schemas::tables::Table;

use super::form::from_cold;
use super::log::{ColdLogError, ColdState};
use super::place::Place;
use super::write::{Names, WriteError, hour_folder, scratch, upload};
use crate::catalog::{Catalog, DimensionRows};
use crate::checksum::checksum_of;
use crate::read::whole_file;
use crate::seal::SealError;
use crate::seal::gather::Gather;
use crate::seal::order::{hour_of, sorted_rows};
use crate::seal::properties::Effort;
use crate::seal::writer::FileWriter;
use crate::version::{COLD_LEVEL, DataFile, FileEntry};

pub const TABLES: [Table; 3] = [Table::Resources, Table::Scopes, Table::Series];

/// Which rows of the catalog are cold, by position.
#[derive(Debug, Default)]
pub struct Copied {
    rows: [Vec<bool>; 3],
}

/// Rows that a commit would add, to be noted once it has happened.
#[derive(Debug, Default)]
pub struct Copying {
    pub entries: Vec<FileEntry>,
    counts: [usize; 3],
}

impl Copied {
    /// Reads the cold copies: rows that this machine does not know (another installation's) join the catalog. Files
    /// are kept below `copies`, so that the next start needs no network.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read(place: &Place, state: &ColdState, copies: &Path, catalog: &Catalog) -> Result<Self, ColdLogError> {
        let mut this = Self::default();
        for entry in state.files.values() {
            let Some(table) = Table::by_name(&entry.table).filter(|table| table.is_dimension()) else { continue };
            let damaged =
                |reason: String| ColdLogError::Damaged { place: place.to_string(), key: entry.path.clone(), reason };
            let path = local_copy(place, entry, copies)?;
            let dimension = catalog.dimension(table).expect("it is a dimension");
            for batch in
                whole_file(&DataFile::new(entry.clone(), path)).map_err(|error| damaged(with_causes(&error)))?
            {
                let batch = from_cold(&batch, &table.schema()).map_err(|error| damaged(error.to_string()))?;
                dimension.insert_new(&batch).map_err(|error| damaged(error.to_string()))?;
                for id in dimension.ids(&batch) {
                    this.mark(table, dimension.row_of(&id));
                }
            }
        }
        Ok(this)
    }

    fn mark(&mut self, table: Table, row: Option<u32>) {
        let Some(row) = row.and_then(|row| usize::try_from(row).ok()) else { return };
        let rows = &mut self.rows[table as usize];
        if rows.len() <= row {
            rows.resize(row + 1, false);
        }
        rows[row] = true;
    }

    /// Writes and uploads the rows that are not cold yet, a file a table.
    ///
    /// # Errors
    /// As [`super::write::write_cold`].
    pub fn write_new(
        &self,
        data_dir: &Path,
        place: &Place,
        catalog: &Catalog,
        names: &mut Names,
        now: i64,
    ) -> Result<Copying, WriteError> {
        let mut copying = Copying::default();
        for table in TABLES {
            let DimensionRows { batches, blanks, .. } = catalog.dimension(table).expect("it is a dimension").rows();
            let known = &self.rows[table as usize];
            let is_blank = |row: usize| u32::try_from(row).is_ok_and(|row| blanks.contains(&row));
            let mut position = 0;
            let mut fresh: Vec<RecordBatch> = Vec::new();
            for batch in &batches {
                let mask: BooleanArray = (position..position + batch.num_rows())
                    .map(|row| Some(!known.get(row).copied().unwrap_or(false) && !is_blank(row)))
                    .collect();
                position += batch.num_rows();
                if mask.true_count() > 0 {
                    let rows = filter_record_batch(batch, &mask);
                    fresh.push(rows.map_err(|source| SealError::Arrow { table: table.name(), source })?);
                }
            }
            copying.counts[table as usize] = position;
            if !fresh.is_empty() {
                let key = format!("{}/{}", hour_folder(table, hour_of(now)), names.next());
                copying.entries.push(write_rows(data_dir, place, table, &key, &fresh)?);
            }
        }
        Ok(copying)
    }

    /// They are committed.
    pub fn note(&mut self, copying: &Copying) {
        for (rows, count) in self.rows.iter_mut().zip(copying.counts) {
            rows.clear();
            rows.resize(count, true);
        }
    }
}

fn write_rows(
    data_dir: &Path,
    place: &Place,
    table: Table,
    key: &str,
    batches: &[RecordBatch],
) -> Result<FileEntry, WriteError> {
    let arrow_error = |source| SealError::Arrow { table: table.name(), source };
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    let rows = sorted_rows(table, &batches, &|_| None).map_err(arrow_error)?;
    let gather = Gather::new(table, &batches);
    let scratch = scratch(key);
    let effort = Effort { level: COLD_LEVEL, bucket_seconds: 1, traces_max: 1 };
    let mut file = FileWriter::create(data_dir, &scratch, table, Arc::clone(&gather.schema), None, effort)?;
    file.write(&gather, &rows)?;
    Ok(upload(data_dir, place, file.finish()?)?)
}

/// Where the file can be opened: where it is, or as a copy made now.
fn is_whole(path: &Path, entry: &FileEntry) -> bool {
    let Ok(mut file) = File::open(path) else { return false };
    let is_long_enough = file.metadata().is_ok_and(|metadata| metadata.len() == entry.bytes);
    is_long_enough && entry.checksum.is_none_or(|expected| checksum_of(&mut file).is_ok_and(|found| found == expected))
}

fn local_copy(place: &Place, entry: &FileEntry, copies: &Path) -> Result<PathBuf, ColdLogError> {
    if let Some(path) = place.local_path(&entry.path) {
        return Ok(path);
    }
    let there = Place::folder(copies.to_path_buf());
    let path = copies.join(&entry.path);
    // Nobody synced it: a power failure may have left it as long as it was, and empty.
    if is_whole(&path, entry) {
        return Ok(path);
    }
    let content = place.read(&entry.path)?.ok_or_else(|| ColdLogError::Damaged {
        place: place.to_string(),
        key: entry.path.clone(),
        reason: "it is gone".to_owned(),
    })?;
    there.replace(&entry.path, &content)?;
    Ok(path)
}
