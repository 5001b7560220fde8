//! Resources, scopes and metric series: what fact rows point to, as columns beside every row and as tables.
//!
//! Owns snapshots of the store's catalog in the shape that SQL sees. A snapshot is made when a statement
//! first needs it and kept until the catalog has changed. Never holds facts.

mod column;
mod shape;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use parking_lot::Mutex;
use spanlake_schemas::tables::Table;
use spanlake_store::Catalog;

use crate::attributes::values_of_key;

pub(crate) use column::OfDimension;

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Dimension {
    Resources,
    Scopes,
    Series,
}

impl Dimension {
    pub(crate) const ALL: [Self; 3] = [Self::Resources, Self::Scopes, Self::Series];

    pub(crate) fn table(self) -> Table {
        match self {
            Self::Resources => Table::Resources,
            Self::Scopes => Table::Scopes,
            Self::Series => Table::Series,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.table().name()
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.name() == name)
    }

    /// The column by which facts point to it.
    pub(crate) fn id_column(self) -> &'static str {
        match self {
            Self::Resources => "resource_id",
            Self::Scopes => "scope_id",
            Self::Series => "series_id",
        }
    }
}

/// All rows of a dimension at one moment, in the catalog's order.
#[derive(Debug)]
pub(crate) struct Snapshot {
    rows: RecordBatch,
    /// Positions of rows that were forgotten.
    blanks: Arc<HashSet<u32>>,
    /// Which state of the catalog it shows.
    changes: u64,
    /// Values of attributes that statements asked for, by column and key.
    by_key: Mutex<HashMap<(usize, String), ArrayRef>>,
}

impl Snapshot {
    /// By position; forgotten rows are blank.
    pub(crate) fn rows(&self) -> &RecordBatch {
        &self.rows
    }

    /// Without blanks, as a table lists them.
    pub(crate) fn listed(&self) -> Result<RecordBatch> {
        if self.blanks.is_empty() {
            return Ok(self.rows.clone());
        }
        let rows = u32::try_from(self.rows.num_rows()).unwrap_or(u32::MAX);
        let stays: BooleanArray = (0..rows).map(|row| Some(!self.blanks.contains(&row))).collect();
        Ok(filter_record_batch(&self.rows, &stays)?)
    }

    /// A column, or the values of one key of a column of maps.
    fn values(&self, column: usize, key: Option<&str>) -> Result<ArrayRef> {
        let whole = self.rows.column(column);
        let Some(key) = key else { return Ok(Arc::clone(whole)) };
        let mut known = self.by_key.lock();
        if let Some(values) = known.get(&(column, key.to_owned())) {
            return Ok(Arc::clone(values));
        }
        let values: ArrayRef = Arc::new(values_of_key(whole.as_map(), key)?);
        known.insert((column, key.to_owned()), Arc::clone(&values));
        Ok(values)
    }
}

/// The newest snapshots, shared by statements.
#[derive(Debug)]
pub(crate) struct DimensionCache {
    catalog: Arc<Catalog>,
    newest: [Mutex<Option<Arc<Snapshot>>>; 3],
}

impl DimensionCache {
    pub(crate) fn new(catalog: Arc<Catalog>) -> Self {
        Self { catalog, newest: Default::default() }
    }

    fn snapshot(&self, dimension: Dimension) -> Result<Arc<Snapshot>> {
        // Series show their resource and scope, so those come first: a lock is never taken twice.
        let (resources, scopes) = match dimension {
            Dimension::Series => (Some(self.snapshot(Dimension::Resources)?), Some(self.snapshot(Dimension::Scopes)?)),
            _ => (None, None),
        };
        let mut newest = self.newest[dimension as usize].lock();
        let stored = self.catalog.dimension(dimension.table()).expect("a dimension has rows in the catalog");
        if let Some(snapshot) = newest.as_ref().filter(|snapshot| snapshot.changes == stored.changes()) {
            return Ok(Arc::clone(snapshot));
        }
        let stored = stored.rows();
        let rows = shape::rows(&self.catalog, dimension, &stored, resources.as_deref(), scopes.as_deref())?;
        let (blanks, changes) = (stored.blanks, stored.changes);
        let snapshot = Arc::new(Snapshot { rows, blanks, changes, by_key: Mutex::default() });
        *newest = Some(Arc::clone(&snapshot));
        Ok(snapshot)
    }
}

/// The snapshots that one statement sees, each made at its first use.
#[derive(Debug)]
pub(crate) struct StatementDimensions {
    cache: Arc<DimensionCache>,
    taken: [OnceLock<Arc<Snapshot>>; 3],
}

impl StatementDimensions {
    pub(crate) fn new(cache: Arc<DimensionCache>) -> Self {
        Self { cache, taken: Default::default() }
    }

    pub(crate) fn snapshot(&self, dimension: Dimension) -> Result<Arc<Snapshot>> {
        let cell = &self.taken[dimension as usize];
        if let Some(snapshot) = cell.get() {
            return Ok(Arc::clone(snapshot));
        }
        let fresh = self.cache.snapshot(dimension)?;
        Ok(Arc::clone(cell.get_or_init(|| fresh)))
    }

    fn catalog(&self) -> &Catalog {
        &self.cache.catalog
    }
}

/// The position of a column of a dimension as SQL sees it.
fn column_index(dimension: Dimension, column: &str) -> usize {
    shape::schema(dimension).index_of(column).expect("a dimension's columns are named in its shape")
}
