//! Resources and scopes as the rows of a trace show them: JSON, written once an id.
//!
//! Owns a copy of the catalog's list of batches, renewed when an id is asked for that it lacks, or one was forgotten.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use parking_lot::Mutex;
use spanlake_schemas::tables::Table;
use spanlake_store::{Catalog, Dimension, DimensionRows};

use crate::columns::{Maps, Texts};
use crate::render::push_string;
use crate::trace::push_attributes;

/// What spans and logs show of a resource.
#[derive(Default)]
pub(crate) struct ResourceText {
    /// An object.
    pub(crate) attributes: Vec<u8>,
    /// A string.
    pub(crate) schema_url: Vec<u8>,
}

/// What spans and logs show of a scope. All but the attributes are strings, quoted.
#[derive(Default)]
pub(crate) struct ScopeText {
    pub(crate) name: Vec<u8>,
    pub(crate) version: Vec<u8>,
    pub(crate) attributes: Vec<u8>,
    pub(crate) schema_url: Vec<u8>,
}

/// The resources and scopes of one answer.
#[derive(Default)]
pub(crate) struct OriginTexts {
    pub(crate) resources: HashMap<i64, ResourceText>,
    pub(crate) scopes: HashMap<i64, ScopeText>,
}

/// Finds rows of the catalog.
pub(crate) struct Origins {
    catalog: Arc<Catalog>,
    resources: Mutex<Arc<Batches>>,
    scopes: Mutex<Arc<Batches>>,
}

/// Batches, each with the position of its first row.
#[derive(Default)]
struct Batches {
    batches: Vec<(usize, RecordBatch)>,
    rows: usize,
    /// How many of them were forgotten.
    blanks: usize,
}

impl Batches {
    fn of(dimension: &Dimension) -> Self {
        let DimensionRows { batches, blanks, .. } = dimension.rows();
        let mut all = Self { blanks: blanks.len(), ..Self::default() };
        for batch in batches {
            let rows = batch.num_rows();
            all.batches.push((all.rows, batch));
            all.rows += rows;
        }
        all
    }

    fn row(&self, position: usize) -> Option<(&RecordBatch, usize)> {
        let after = self.batches.partition_point(|(first, _)| *first <= position);
        let (first, batch) = self.batches.get(after.checked_sub(1)?)?;
        (position - first < batch.num_rows()).then_some((batch, position - first))
    }
}

impl Origins {
    pub(crate) fn new(catalog: Arc<Catalog>) -> Self {
        Self { catalog, resources: Mutex::default(), scopes: Mutex::default() }
    }

    /// Adds the text of the ids that `texts` lacks.
    pub(crate) fn describe(
        &self,
        texts: &mut OriginTexts,
        resource_ids: impl Iterator<Item = i64>,
        scope_ids: impl Iterator<Item = i64>,
    ) {
        each_new_row(
            Table::Resources,
            &self.catalog,
            &self.resources,
            resource_ids,
            &mut texts.resources,
            resource_text,
        );
        each_new_row(Table::Scopes, &self.catalog, &self.scopes, scope_ids, &mut texts.scopes, scope_text);
    }
}

fn each_new_row<T: Default>(
    table: Table,
    catalog: &Catalog,
    known: &Mutex<Arc<Batches>>,
    ids: impl Iterator<Item = i64>,
    texts: &mut HashMap<i64, T>,
    text: impl Fn(&RecordBatch, usize) -> T,
) {
    let Some(dimension) = catalog.dimension(table) else { return };
    let mut fresh: Vec<i64> = ids.filter(|id| !texts.contains_key(id)).collect();
    fresh.sort_unstable();
    fresh.dedup();
    let positions = dimension.rows_of_int64(&fresh);
    let highest = positions.iter().flatten().max().map_or(0, |position| *position as usize + 1);
    let batches = {
        let mut known = known.lock();
        if known.rows < highest || known.blanks != dimension.blanks() {
            *known = Arc::new(Batches::of(dimension));
        }
        Arc::clone(&known)
    };
    for (id, position) in fresh.into_iter().zip(positions) {
        let row = position.and_then(|position| batches.row(position as usize));
        texts.insert(id, row.map_or_else(T::default, |(batch, row)| text(batch, row)));
    }
}

fn quoted(batch: &RecordBatch, column: &str, row: usize) -> Vec<u8> {
    let mut out = Vec::new();
    push_string(&mut out, Texts::of(batch, column).or_empty(row));
    out
}

fn attributes(batch: &RecordBatch, row: usize) -> Vec<u8> {
    let mut out = Vec::new();
    push_attributes(&mut out, &Maps::of(batch, "attributes", "attribute_types"), row);
    out
}

fn resource_text(batch: &RecordBatch, row: usize) -> ResourceText {
    ResourceText { attributes: attributes(batch, row), schema_url: quoted(batch, "schema_url", row) }
}

fn scope_text(batch: &RecordBatch, row: usize) -> ScopeText {
    ScopeText {
        name: quoted(batch, "name", row),
        version: quoted(batch, "version", row),
        attributes: attributes(batch, row),
        schema_url: quoted(batch, "schema_url", row),
    }
}
