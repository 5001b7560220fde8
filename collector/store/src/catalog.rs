//! The dimension tables in memory: every resource, scope and metric series once, found by its id.
//!
//! Owns rows that fact tables point to. Only grows while the process lives. Never decides what is stored.

use std::collections::HashMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use parking_lot::RwLock;
use spanlake_schemas::ingest::KnownSeries;
use spanlake_schemas::otlp::{DimensionLookup, DimensionRow};
use spanlake_schemas::tables::Table;

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

    /// Number of rows; also a version of the content, since rows are only added.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.read().by_id.len()
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
        ids.iter().map(|id| rows.by_id.get(&wide_id(*id)).copied()).collect()
    }

    /// The row of an Int64 id, as a batch of one row.
    #[must_use]
    pub fn row_of_int64(&self, id: i64) -> Option<RecordBatch> {
        self.row(&wide_id(id)).map(|found| found.batch.slice(found.row, 1))
    }

    fn row(&self, id: &[u8; 16]) -> Option<DimensionRow> {
        let rows = self.rows.read();
        let position = usize::try_from(*rows.by_id.get(id)?).ok()?;
        let number = rows.starts.partition_point(|start| *start <= position).checked_sub(1)?;
        let (batch, row) = (rows.batches.get(number)?, position - rows.starts[number]);
        (row < batch.num_rows()).then(|| DimensionRow { batch: batch.clone(), row })
    }

    /// All rows in order of arrival, with the whole physical schema.
    #[must_use]
    pub fn batches(&self) -> Vec<RecordBatch> {
        self.rows.read().batches.clone()
    }

    /// Adds what is not there yet and returns just those rows (`None`: nothing new).
    pub(crate) fn insert_new(&self, batch: &RecordBatch) -> Result<Option<RecordBatch>, arrow::error::ArrowError> {
        let ids = self.ids(batch);
        let mut rows = self.rows.write();
        let mut position = rows.by_id.len();
        let mut fresh = Vec::new();
        for (row, id) in ids.iter().enumerate() {
            if let std::collections::hash_map::Entry::Vacant(entry) = rows.by_id.entry(*id) {
                entry.insert(u32::try_from(position).expect("fewer than 2^32 dimension rows"));
                position += 1;
                fresh.push(u64::try_from(row).expect("rows fit u64"));
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
        Ok(Some(new))
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

impl KnownSeries for Catalog {
    fn is_known(&self, series_id: &[u8; 16]) -> bool {
        self.series.rows.read().by_id.contains_key(series_id)
    }
}
