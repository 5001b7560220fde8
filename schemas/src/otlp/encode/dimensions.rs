//! What rows point to: the way from an id to its resource, scope or series, and the first two as messages.
//!
//! Asks for each id once. Never fails for an id that nobody knows: it is counted and stands for an empty message.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, UInt32Type};
use arrow::record_batch::RecordBatch;

use super::attributes::AttributeColumns;
use super::columns::Columns;
use super::{EncodeError, Tally};
use crate::otlp::descriptors;
use crate::otlp::json;
use crate::otlp::wire_writer::{close, open, put_non_default_bytes, put_non_default_varint};
use crate::tables::Table;

/// One row of a dimension table.
#[derive(Clone, Debug)]
pub struct DimensionRow {
    pub batch: RecordBatch,
    pub row: usize,
}

/// Finds the rows that facts point to. Each id is asked for once an `encode`, so that answering may take a lock.
///
/// The rows MUST be of the physical tables `resources`, `scopes` and `series`; `None` is an id that is not known.
pub trait DimensionLookup {
    fn resource(&self, resource_id: i64) -> Option<DimensionRow>;
    fn scope(&self, scope_id: i64) -> Option<DimensionRow>;
    fn series(&self, series_id: &[u8; 16]) -> Option<DimensionRow>;
}

/// A lookup over batches at hand, such as those that a request was decoded to.
#[derive(Clone, Debug, Default)]
pub struct DimensionBatches {
    batches: Vec<RecordBatch>,
    resources: HashMap<i64, Place>,
    scopes: HashMap<i64, Place>,
    series: HashMap<[u8; 16], Place>,
}

/// Batch and row.
type Place = (usize, usize);

impl DimensionBatches {
    /// Takes the dimension rows among these batches; other tables are passed over. Of rows with one id the first is
    /// kept.
    #[must_use]
    pub fn new(tables: &[(Table, RecordBatch)]) -> Self {
        let mut lookup = Self::default();
        for (table, batch) in tables.iter().filter(|(table, _)| table.is_dimension()) {
            let position = lookup.batches.len();
            match table {
                Table::Resources => add_rows(&mut lookup.resources, batch, "resource_id", position),
                Table::Scopes => add_rows(&mut lookup.scopes, batch, "scope_id", position),
                _ => add_series(&mut lookup.series, batch, position),
            }
            lookup.batches.push(batch.clone());
        }
        lookup
    }

    fn row(&self, place: Option<&Place>) -> Option<DimensionRow> {
        let (batch, row) = *place?;
        Some(DimensionRow { batch: self.batches[batch].clone(), row })
    }
}

fn add_rows(places: &mut HashMap<i64, Place>, batch: &RecordBatch, id_column: &str, position: usize) {
    let Some(ids) = batch.column_by_name(id_column).and_then(|ids| ids.as_primitive_opt::<Int64Type>()) else {
        return;
    };
    for row in (0..ids.len()).filter(|row| ids.is_valid(*row)) {
        places.entry(ids.value(row)).or_insert((position, row));
    }
}

fn add_series(places: &mut HashMap<[u8; 16], Place>, batch: &RecordBatch, position: usize) {
    let Some(ids) = batch.column_by_name("series_id").and_then(|ids| ids.as_fixed_size_binary_opt()) else {
        return;
    };
    for row in (0..ids.len()).filter(|row| ids.is_valid(*row)) {
        if let Ok(id) = ids.value(row).try_into() {
            places.entry(id).or_insert((position, row));
        }
    }
}

impl DimensionLookup for DimensionBatches {
    fn resource(&self, resource_id: i64) -> Option<DimensionRow> {
        self.row(self.resources.get(&resource_id))
    }

    fn scope(&self, scope_id: i64) -> Option<DimensionRow> {
        self.row(self.scopes.get(&scope_id))
    }

    fn series(&self, series_id: &[u8; 16]) -> Option<DimensionRow> {
        self.row(self.series.get(series_id))
    }
}

/// The numbers in `ResourceSpans`, `ScopeSpans` and their likes of the other signals, which are all the same.
const DESCRIBED: u32 = 1;
const SCHEMA_URL: u32 = 3;

/// The fields of resource and scope levels besides their items, each written once.
pub(super) struct Headers<'l> {
    pub lookup: &'l dyn DimensionLookup,
    resources: HashMap<Option<i64>, Rc<[u8]>>,
    scopes: HashMap<Option<i64>, Rc<[u8]>>,
}

impl<'l> Headers<'l> {
    pub(super) fn new(lookup: &'l dyn DimensionLookup) -> Self {
        Self { lookup, resources: HashMap::new(), scopes: HashMap::new() }
    }

    /// Of a level whose resource or scope nobody knows: the message is there, and empty.
    pub(super) fn unknown() -> Rc<[u8]> {
        let mut header = Vec::new();
        put_unknown(&mut header);
        header.into()
    }

    /// Resource and schema URL. A row without an id is one more id that is not known.
    pub(super) fn resource(&mut self, id: Option<i64>, tally: &mut Tally) -> Result<Rc<[u8]>, EncodeError> {
        let entry = match self.resources.entry(id) {
            Entry::Occupied(header) => return Ok(Rc::clone(header.get())),
            Entry::Vacant(entry) => entry,
        };
        let mut header = Vec::new();
        match existing(id.and_then(|id| self.lookup.resource(id))) {
            Some(found) => put_resource(&mut header, &found, tally)?,
            None => {
                tally.unknown_resources += 1;
                put_unknown(&mut header);
            }
        }
        Ok(Rc::clone(entry.insert(header.into())))
    }

    /// Scope and schema URL.
    pub(super) fn scope(&mut self, id: Option<i64>, tally: &mut Tally) -> Result<Rc<[u8]>, EncodeError> {
        let entry = match self.scopes.entry(id) {
            Entry::Occupied(header) => return Ok(Rc::clone(header.get())),
            Entry::Vacant(entry) => entry,
        };
        let mut header = Vec::new();
        match existing(id.and_then(|id| self.lookup.scope(id))) {
            Some(found) => put_scope(&mut header, &found, tally)?,
            None => {
                tally.unknown_scopes += 1;
                put_unknown(&mut header);
            }
        }
        Ok(Rc::clone(entry.insert(header.into())))
    }
}

/// The row, if the batch has it.
pub(super) fn existing(found: Option<DimensionRow>) -> Option<DimensionRow> {
    found.filter(|found| found.row < found.batch.num_rows())
}

fn put_unknown(out: &mut Vec<u8>) {
    let described = open(out, DESCRIBED);
    close(out, described);
}

fn put_resource(out: &mut Vec<u8>, found: &DimensionRow, tally: &mut Tally) -> Result<(), EncodeError> {
    let columns = Columns::of_batch(Table::Resources, &found.batch);
    let row = found.row;
    let resource = open(out, DESCRIBED);
    AttributeColumns::new(&columns)?.put(out, 1, row, tally);
    let dropped = columns.numbers::<UInt32Type>("dropped_attributes_count")?.or_zero(row);
    put_non_default_varint(out, 2, u64::from(dropped));
    if let Some(refs) = columns.text("entity_refs")?.get(row) {
        put_entity_refs(out, refs, tally);
    }
    close(out, resource);
    put_non_default_bytes(out, SCHEMA_URL, columns.text("schema_url")?.bytes(row));
    Ok(())
}

/// Entity references are stored with OTLP/JSON's names, so that the transcoder makes messages of them.
fn put_entity_refs(out: &mut Vec<u8>, refs: &str, tally: &mut Tally) {
    let resource = format!("{{\"entityRefs\":{refs}}}");
    match json::transcode_message(&descriptors::RESOURCE, resource.as_bytes()) {
        Ok(transcoded) => out.extend_from_slice(&transcoded.protobuf),
        Err(_) => tally.malformed_values += 1,
    }
}

fn put_scope(out: &mut Vec<u8>, found: &DimensionRow, tally: &mut Tally) -> Result<(), EncodeError> {
    let columns = Columns::of_batch(Table::Scopes, &found.batch);
    let row = found.row;
    let scope = open(out, DESCRIBED);
    put_non_default_bytes(out, 1, columns.text("name")?.bytes(row));
    put_non_default_bytes(out, 2, columns.text("version")?.bytes(row));
    AttributeColumns::new(&columns)?.put(out, 3, row, tally);
    let dropped = columns.numbers::<UInt32Type>("dropped_attributes_count")?.or_zero(row);
    put_non_default_varint(out, 4, u64::from(dropped));
    close(out, scope);
    put_non_default_bytes(out, SCHEMA_URL, columns.text("schema_url")?.bytes(row));
    Ok(())
}
