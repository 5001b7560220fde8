//! The dimension tables in memory: every resource, scope and metric series once, found by its id.
//!
//! Owns rows that fact tables point to. Positions of rows never change while the process lives: a row that is forgotten
//! leaves a blank in its place, which no id leads to. Never decides what is stored.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use foldhash::HashMap;
use parking_lot::RwLock;
use spanlake_schemas::ingest::KnownSeries;
use spanlake_schemas::otlp::{DimensionLookup, DimensionRow};
use spanlake_schemas::tables::Table;

use crate::seal::times;
use crate::series_guard::{ActiveSeries, hour_of};

/// So many batches of one size at the end are made one, which is at most so large: what requests bring comes in small
/// batches with room to spare, and each has its own thirty arrays.
const ALIKE_MAX: usize = 16;
const JOINED_ROWS_MAX: usize = 16_384;

/// All three dimension tables.
#[derive(Debug)]
pub struct Catalog {
    pub resources: Dimension,
    pub scopes: Dimension,
    pub series: Dimension,
}

/// One dimension table. Ids are widened to 16 bytes (an Int64 id is its little-endian bytes, then zeros).
#[derive(Debug)]
pub struct Dimension {
    table: Table,
    rows: RwLock<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    by_id: HashMap<[u8; 16], u32>,
    /// In order of arrival, each with the table's whole physical schema.
    batches: Vec<RecordBatch>,
    /// The position of each batch's first row.
    starts: Vec<usize>,
    /// Positions of forgotten rows.
    blanks: Arc<HashSet<u32>>,
    /// Grows with every change.
    changes: u64,
    /// Of series only.
    active: ActiveSeries,
}

/// All rows of a dimension at one moment.
#[derive(Clone, Debug)]
pub struct DimensionRows {
    /// In order of arrival, with the whole physical schema; a forgotten row is blank.
    pub batches: Vec<RecordBatch>,
    /// Positions of forgotten rows, in the concatenation of the batches. Never fewer later on.
    pub blanks: Arc<HashSet<u32>>,
    /// As [`Dimension::changes`] says at that moment.
    pub changes: u64,
}

impl Default for Catalog {
    fn default() -> Self {
        Self {
            resources: Dimension::new(Table::Resources),
            scopes: Dimension::new(Table::Scopes),
            series: Dimension::new(Table::Series),
        }
    }
}

impl Catalog {
    /// The dimension of a table.
    #[must_use]
    pub fn dimension(&self, table: Table) -> Option<&Dimension> {
        match table {
            Table::Resources => Some(&self.resources),
            Table::Scopes => Some(&self.scopes),
            Table::Series => Some(&self.series),
            _ => None,
        }
    }
}

impl DimensionLookup for Catalog {
    fn resource(&self, resource_id: i64) -> Option<DimensionRow> {
        self.resources.row(&wide_id(resource_id))
    }

    fn scope(&self, scope_id: i64) -> Option<DimensionRow> {
        self.scopes.row(&wide_id(scope_id))
    }

    fn series(&self, series_id: &[u8; 16]) -> Option<DimensionRow> {
        self.series.row(series_id)
    }
}

/// The 16-byte form of an Int64 id.
#[must_use]
pub fn wide_id(id: i64) -> [u8; 16] {
    let mut wide = [0; 16];
    wide[..8].copy_from_slice(&id.to_le_bytes());
    wide
}

impl Dimension {
    fn new(table: Table) -> Self {
        Self { table, rows: RwLock::default() }
    }

    /// Number of rows that an id leads to.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.read().by_id.len()
    }

    /// Grows whenever a row is added or forgotten: a version of the content.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.rows.read().changes
    }

    /// How many rows were forgotten.
    #[must_use]
    pub fn blanks(&self) -> usize {
        self.rows.read().blanks.len()
    }

    /// All rows as they are now, and which of them are blank.
    #[must_use]
    pub fn rows(&self) -> DimensionRows {
        let rows = self.rows.read();
        DimensionRows { batches: rows.batches.clone(), blanks: Arc::clone(&rows.blanks), changes: rows.changes }
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of an id: its position in the concatenation of [`Self::batches`].
    #[must_use]
    pub fn row_of(&self, id: &[u8; 16]) -> Option<u32> {
        self.rows.read().by_id.get(id).copied()
    }

    /// The rows of many Int64 ids under one lock.
    #[must_use]
    pub fn rows_of_int64(&self, ids: &[i64]) -> Vec<Option<u32>> {
        let rows = self.rows.read();
        let mut last: Option<(i64, Option<u32>)> = None;
        let mut row_of = |id: i64| match last {
            Some((known, row)) if known == id => row,
            _ => {
                let row = rows.by_id.get(&wide_id(id)).copied();
                last = Some((id, row));
                row
            }
        };
        ids.iter().map(|id| row_of(*id)).collect()
    }

    /// The row of an Int64 id, as a batch of one row.
    #[must_use]
    pub fn row_of_int64(&self, id: i64) -> Option<RecordBatch> {
        self.row(&wide_id(id)).map(|found| found.batch.slice(found.row, 1))
    }

    /// Whether there is a row of that id, which is seen by that.
    pub(crate) fn see(&self, id: &[u8; 16], hour: u32) -> bool {
        let rows = self.rows.read();
        let position = rows.by_id.get(id);
        if let Some(position) = position {
            rows.active.see(*position, hour);
        }
        position.is_some()
    }

    /// Active series: of the metric of this one, and all.
    pub(crate) fn active(&self, series_id: &[u8; 16], hour: u32) -> (u32, u32) {
        if let Some(counts) = self.rows.read().active.counts(series_id, hour) {
            return counts;
        }
        let mut rows = self.rows.write();
        let Rows { by_id, active, .. } = &mut *rows;
        active.recount(by_id, hour);
        active.counts(series_id, hour).unwrap_or_default()
    }

    fn row(&self, id: &[u8; 16]) -> Option<DimensionRow> {
        let rows = self.rows.read();
        let position = usize::try_from(*rows.by_id.get(id)?).ok()?;
        let number = rows.starts.partition_point(|start| *start <= position).checked_sub(1)?;
        let (batch, row) = (rows.batches.get(number)?, position - rows.starts[number]);
        (row < batch.num_rows()).then(|| DimensionRow { batch: batch.clone(), row })
    }

    /// All rows in order of arrival, with the whole physical schema; forgotten ones are blank.
    #[must_use]
    pub fn batches(&self) -> Vec<RecordBatch> {
        self.rows.read().batches.clone()
    }

    /// Adds what is not there yet and returns just those rows (`None`: nothing new).
    pub(crate) fn insert_new(&self, batch: &RecordBatch) -> Result<Option<RecordBatch>, arrow::error::ArrowError> {
        let ids = self.ids(batch);
        let received = times(batch, "received_time")?;
        let mut rows = self.rows.write();
        let mut position = rows.positions();
        let mut fresh = Vec::new();
        for (row, id) in ids.iter().enumerate() {
            if let std::collections::hash_map::Entry::Vacant(entry) = rows.by_id.entry(*id) {
                entry.insert(u32::try_from(position).expect("fewer than 2^32 dimension rows"));
                position += 1;
                fresh.push(u64::try_from(row).expect("rows fit u64"));
                if self.table == Table::Series {
                    rows.active.push(id, hour_of(received[row]));
                }
            }
        }
        if fresh.is_empty() {
            return Ok(None);
        }
        let new = if fresh.len() == batch.num_rows() {
            batch.clone()
        } else {
            arrow::compute::take_record_batch(batch, &arrow::array::UInt64Array::from(fresh))?
        };
        rows.starts.push(position - new.num_rows());
        rows.batches.push(crate::columns::pad_to_schema(&new, &self.table.schema())?);
        rows.changes += 1;
        rows.join_last()?;
        Ok(Some(new))
    }

    /// Makes the rows of these ids blank: no id leads there any more, and what they said is no longer in memory. A row
    /// with the same id that comes later is a new one.
    pub(crate) fn forget(&self, ids: &[[u8; 16]]) -> Result<(), arrow::error::ArrowError> {
        let mut rows = self.rows.write();
        let gone: HashSet<u32> = ids.iter().filter_map(|id| rows.by_id.remove(id)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        gone.iter().for_each(|position| rows.active.forget(*position));
        let blank = crate::columns::blank_row(&self.table.schema());
        for number in 0..rows.batches.len() {
            let first = rows.starts[number];
            let batch = &rows.batches[number];
            let last = u64::try_from(batch.num_rows()).expect("rows fit u64");
            let is_gone = |row: u64| {
                usize::try_from(row).is_ok_and(|row| u32::try_from(first + row).is_ok_and(|at| gone.contains(&at)))
            };
            if (0..last).any(is_gone) {
                let from: arrow::array::UInt64Array =
                    (0..last).map(|row| Some(if is_gone(row) { last } else { row })).collect();
                let both = arrow::compute::concat_batches(&batch.schema(), [batch, &blank])?;
                rows.batches[number] = arrow::compute::take_record_batch(&both, &from)?;
            }
        }
        rows.blanks = Arc::new(rows.blanks.union(&gone).copied().collect());
        rows.changes += 1;
        Ok(())
    }

    /// The ids of rows, widened.
    pub(crate) fn ids(&self, batch: &RecordBatch) -> Vec<[u8; 16]> {
        let column = batch.column(0);
        if let Some(ids) = column.as_primitive_opt::<Int64Type>() {
            return ids.values().iter().map(|id| wide_id(*id)).collect();
        }
        let ids = column.as_fixed_size_binary();
        (0..ids.len()).map(|row| ids.value(row).try_into().expect("a series id has 16 bytes")).collect()
    }
}

impl Rows {
    /// How many positions are taken, blanks among them.
    fn positions(&self) -> usize {
        self.starts.last().zip(self.batches.last()).map_or(0, |(start, batch)| start + batch.num_rows())
    }

    /// Makes one batch of the last ones if there are many of a size: each row is copied once for each sixteenfold of size.
    /// Positions stay as they are.
    fn join_last(&mut self) -> Result<(), arrow::error::ArrowError> {
        let size = |batch: &RecordBatch| batch.num_rows().max(1).ilog2() / ALIKE_MAX.ilog2();
        while let Some(first) = self.batches.len().checked_sub(ALIKE_MAX) {
            let last = &self.batches[first..];
            let rows: usize = last.iter().map(RecordBatch::num_rows).sum();
            if rows > JOINED_ROWS_MAX || last.iter().any(|batch| size(batch) > size(&last[ALIKE_MAX - 1])) {
                break;
            }
            let joined = arrow::compute::concat_batches(&last[0].schema(), last)?;
            self.batches.truncate(first);
            self.starts.truncate(first + 1);
            self.batches.push(joined);
        }
        Ok(())
    }
}

impl KnownSeries for Catalog {
    fn is_known(&self, series_id: &[u8; 16]) -> bool {
        self.series.rows.read().by_id.contains_key(series_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(dimension: &Dimension, ids: &[[u8; 16]]) -> Vec<Option<u32>> {
        ids.iter().map(|id| dimension.row_of(id)).collect()
    }

    #[test]
    fn small_batches_are_joined_and_positions_stay() {
        let catalog = Catalog::default();
        let sample = crate::cold::samples::sample(Table::Series).slice(0, 1);
        let count = 1000_u64;
        let id = |number: u64| wide_id(i64::try_from(number).unwrap());
        for number in 0..count {
            let mut columns = sample.columns().to_vec();
            let ids = arrow::array::FixedSizeBinaryArray::try_from_iter([id(number)].into_iter()).unwrap();
            columns[0] = Arc::new(ids);
            let batch = RecordBatch::try_new(sample.schema(), columns).unwrap();
            catalog.series.insert_new(&batch).unwrap();
        }
        let rows = catalog.series.rows();
        assert!(rows.batches.len() < 50, "{}", rows.batches.len());
        assert_eq!(rows.batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 1000);
        for number in 0..count {
            assert_eq!(catalog.series.row_of(&id(number)), u32::try_from(number).ok());
            let found = catalog.series.row(&id(number)).unwrap();
            assert_eq!(found.batch.column(0).as_fixed_size_binary().value(found.row), id(number));
        }
    }

    #[test]
    fn a_forgotten_row_is_blank_keeps_its_position_and_comes_in_anew() {
        for table in [Table::Resources, Table::Scopes, Table::Series] {
            let catalog = Catalog::default();
            let dimension = catalog.dimension(table).unwrap();
            let batch = crate::cold::samples::sample(table);
            let ids = dimension.ids(&batch);
            dimension.insert_new(&batch).unwrap();
            assert_eq!(positions(dimension, &ids), [Some(0), Some(1), Some(2)]);
            dimension.forget(&ids[1..2]).unwrap();
            let rows = dimension.rows();
            assert_eq!(positions(dimension, &ids), [Some(0), None, Some(2)]);
            assert_eq!((dimension.len(), rows.batches[0].num_rows()), (2, 3));
            assert_eq!(*rows.blanks, HashSet::from([1]));
            assert_eq!(rows.batches[0].slice(0, 1), batch.slice(0, 1), "others are as they were");
            assert_eq!(rows.batches[0].slice(1, 1), crate::columns::blank_row(&table.schema()));
            let again = dimension.insert_new(&batch).unwrap().unwrap();
            assert_eq!(again.num_rows(), 1, "only what is missing");
            assert_eq!(positions(dimension, &ids), [Some(0), Some(3), Some(2)]);
            assert!(dimension.rows().changes > rows.changes);
        }
    }
}
