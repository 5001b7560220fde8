//! What the three signals' requests share: resources, in them scopes, in them items; and the rows of the first two.
//!
//! Fields come in any order on the wire, so each message is first passed over lightly, to find resource, scope
//! and schema url, and its items are read after that. What an item is, is the signal's business.

use std::collections::{BTreeSet, HashSet};

use arrow::datatypes::{Int64Type, TimestampNanosecondType, UInt32Type};

use super::attributes::{Attribute, AttributeColumns, AttributeLimits, AttributeList, Scan, Value};
use super::canonical::{PartsHash, attributes_hash};
use super::columns::{Assembler, ColumnError, Numbers, SparseText, Text, fields_of};
use super::notes::{Change, Notes};
use super::value_text::write_json_string;
use super::wire::{Reader, Singular, Wire};
use crate::ingest::Batches;
use crate::tables::Table;

const UNKNOWN_SERVICE: &[u8] = b"unknown_service";

/// Bytes that the rows of one request may take beyond its own text: fixed columns, and what repeats with each row.
/// A few bytes on the wire can ask for a whole row, and a row repeats its service's name.
const EXPANSION_BYTES_MAX: u64 = 256 << 20;
/// The fixed columns of a row, roughly.
const ROW_BYTES: u64 = 64;

/// What all of a request's items are read with.
pub(super) struct Shared<'a> {
    pub scan: Scan,
    pub notes: Notes,
    pub limits: AttributeLimits,
    pub received_at: i64,
    /// Attributes of the item that is being read.
    pub list: AttributeList<'a>,
    pub scratch: Vec<u8>,
    pub room: Room,
    pub overflowed: Overflowed,
}

/// What went to overflow series instead of its own.
#[derive(Default)]
pub(super) struct Overflowed {
    pub points: u64,
    pub series: BTreeSet<[u8; 16]>,
}

impl Shared<'_> {
    pub(super) fn new(limits: AttributeLimits, received_at: i64, notes: Notes) -> Self {
        Self {
            scan: Scan::default(),
            notes,
            limits,
            received_at,
            list: AttributeList::default(),
            scratch: Vec::new(),
            room: Room { bytes_left: EXPANSION_BYTES_MAX },
            overflowed: Overflowed::default(),
        }
    }
}

/// Room for rows; see [`EXPANSION_BYTES_MAX`].
pub(super) struct Room {
    bytes_left: u64,
}

impl Room {
    /// Takes room for one row and the bytes that it repeats; `false` once there is none left.
    #[inline(always)]
    pub(super) fn take(&mut self, repeated_bytes: usize) -> bool {
        match self.bytes_left.checked_sub(ROW_BYTES + repeated_bytes as u64) {
            Some(left) => {
                self.bytes_left = left;
                true
            }
            None => false,
        }
    }
}

/// Where items come from.
pub(super) struct Origin<'a> {
    pub resource_id: i64,
    pub scope_id: i64,
    pub service_name: &'a [u8],
}

/// The rows of one signal.
pub(super) trait SignalRows<'a> {
    /// Told before the items of a scope are read.
    fn reserve(&mut self, items: usize);

    /// Reads one item; one that is refused is noted and leaves no row.
    fn read_item(&mut self, shared: &mut Shared<'a>, origin: &Origin<'a>, message: &'a [u8]) -> Wire<()>;

    /// Told after the items of a scope were read.
    fn end_scope(&mut self, origin: &Origin<'a>);

    /// Items taken so far.
    fn accepted(&self) -> u64;

    /// Turns the rows into batches.
    fn finish(self, received_at: i64, batches: &mut Batches) -> Result<(), ColumnError>;
}

/// Reads a whole request: `Export*ServiceRequest`, the same shape for every signal.
pub(super) fn read_request<'a, S: SignalRows<'a>>(
    body: &'a [u8],
    shared: &mut Shared<'a>,
    rows: &mut S,
    dimensions: &mut Dimensions,
) -> Wire<()> {
    let mut reader = Reader::new(body);
    while let Some(key) = reader.key()? {
        match key {
            0x0a => read_resource_items(reader.bytes()?, shared, rows, dimensions)?,
            other => shared.scan.skip(&mut reader, other, 0b10)?,
        }
    }
    Ok(())
}

/// A message's parts by role: the described (1), the contained (2) and the schema url (3).
#[derive(Default)]
struct Level<'a> {
    described: Singular<'a>,
    contained: Vec<&'a [u8]>,
    schema_url: &'a [u8],
}

fn read_level<'a>(scan: &mut Scan, message: &'a [u8]) -> Wire<Level<'a>> {
    let mut level = Level::default();
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x0a => level.described.push(reader.bytes()?),
            0x12 => level.contained.push(reader.bytes()?),
            0x1a => level.schema_url = reader.bytes()?,
            other => scan.skip(&mut reader, other, 0b1110)?,
        }
    }
    Ok(level)
}

fn read_resource_items<'a, S: SignalRows<'a>>(
    message: &'a [u8],
    shared: &mut Shared<'a>,
    rows: &mut S,
    dimensions: &mut Dimensions,
) -> Wire<()> {
    let level = read_level(&mut shared.scan, message)?;
    let resource = Described::resource(shared, &level)?;
    for scope_message in level.contained {
        let level = read_level(&mut shared.scan, scope_message)?;
        let scope = Described::scope(shared, &level)?;
        let origin = Origin { resource_id: resource.id, scope_id: scope.id, service_name: resource.service_name() };
        let accepted_before = rows.accepted();
        rows.reserve(level.contained.len());
        for item in level.contained {
            rows.read_item(shared, &origin, item)?;
        }
        rows.end_scope(&origin);
        // Envelopes without items describe nothing, and are dropped.
        if rows.accepted() > accepted_before {
            dimensions.resources.push(&resource);
            dimensions.scopes.push(&scope);
        }
    }
    Ok(())
}

/// A resource or a scope.
#[derive(Default)]
struct Described<'a> {
    id: i64,
    /// Of a scope.
    name: &'a [u8],
    /// Of a scope.
    version: &'a [u8],
    attributes: Vec<Attribute<'a>>,
    dropped_attributes_count: u32,
    schema_url: &'a [u8],
    /// Of a resource: JSON, empty where there are none.
    entity_refs: Vec<u8>,
}

impl<'a> Described<'a> {
    fn resource(shared: &mut Shared<'a>, level: &Level<'a>) -> Wire<Self> {
        let mut resource = Self { schema_url: level.schema_url, ..Self::default() };
        let mut list = AttributeList::default();
        for part in level.described.parts() {
            let mut reader = Reader::new(part);
            while let Some(key) = reader.key()? {
                match key {
                    0x0a => list.read(&mut shared.scan, shared.limits, reader.bytes()?)?,
                    0x10 => resource.dropped_attributes_count = reader.varint()? as u32,
                    0x1a => write_entity_ref(&mut resource.entity_refs, &mut shared.scan, reader.bytes()?)?,
                    other => shared.scan.skip(&mut reader, other, 0b1110)?,
                }
            }
        }
        if !resource.entity_refs.is_empty() {
            resource.entity_refs.push(b']');
        }
        resource.take_attributes(shared, list);
        resource.id = PartsHash::default()
            .number(attributes_hash(&resource.attributes, &mut shared.scratch))
            .text(resource.schema_url)
            .number(u64::from(resource.dropped_attributes_count))
            .text(&resource.entity_refs)
            .finish()
            .cast_signed();
        Ok(resource)
    }

    fn scope(shared: &mut Shared<'a>, level: &Level<'a>) -> Wire<Self> {
        let mut scope = Self { schema_url: level.schema_url, ..Self::default() };
        let mut list = AttributeList::default();
        for part in level.described.parts() {
            let mut reader = Reader::new(part);
            while let Some(key) = reader.key()? {
                match key {
                    0x0a => scope.name = reader.bytes()?,
                    0x12 => scope.version = reader.bytes()?,
                    0x1a => list.read(&mut shared.scan, shared.limits, reader.bytes()?)?,
                    0x20 => scope.dropped_attributes_count = reader.varint()? as u32,
                    other => shared.scan.skip(&mut reader, other, 0b1_1110)?,
                }
            }
        }
        scope.take_attributes(shared, list);
        scope.id = PartsHash::default()
            .text(scope.name)
            .text(scope.version)
            .number(attributes_hash(&scope.attributes, &mut shared.scratch))
            .text(scope.schema_url)
            .number(u64::from(scope.dropped_attributes_count))
            .finish()
            .cast_signed();
        Ok(scope)
    }

    fn take_attributes(&mut self, shared: &mut Shared<'a>, list: AttributeList<'a>) {
        shared.notes.change(Change::AttributesOverLimit, list.over_limit);
        shared.notes.change(Change::AttributesTooDeep, list.too_deep);
        self.dropped_attributes_count =
            self.dropped_attributes_count.saturating_add(list.over_limit).saturating_add(list.too_deep);
        self.attributes = list.entries;
    }

    fn service_name(&self) -> &'a [u8] {
        let named = self.attributes.iter().find_map(|attribute| match attribute.value {
            Value::Text(name) if attribute.key == b"service.name" && !name.is_empty() => Some(name),
            _ => None,
        });
        named.unwrap_or(UNKNOWN_SERVICE)
    }
}

/// Appends an `EntityRef` to a JSON array that is still open, with OTLP/JSON's names.
fn write_entity_ref(out: &mut Vec<u8>, scan: &mut Scan, message: &[u8]) -> Wire<()> {
    let (mut schema_url, mut kind): (&[u8], &[u8]) = (&[], &[]);
    let (mut id_keys, mut description_keys) = (Vec::new(), Vec::new());
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x0a => schema_url = reader.bytes()?,
            0x12 => kind = reader.bytes()?,
            0x1a => id_keys.push(reader.bytes()?),
            0x22 => description_keys.push(reader.bytes()?),
            other => scan.skip(&mut reader, other, 0b1_1110)?,
        }
    }
    out.push(if out.is_empty() { b'[' } else { b',' });
    out.extend_from_slice(b"{\"schemaUrl\":");
    write_json_string(out, schema_url);
    out.extend_from_slice(b",\"type\":");
    write_json_string(out, kind);
    for (name, keys) in [("idKeys", id_keys), ("descriptionKeys", description_keys)] {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":[");
        for (position, key) in keys.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            write_json_string(out, key);
        }
        out.push(b']');
    }
    out.push(b'}');
    Ok(())
}

/// The resources and scopes of a request, once each.
#[derive(Default)]
pub(super) struct Dimensions {
    resources: ResourceRows,
    scopes: ScopeRows,
}

impl Dimensions {
    pub(super) fn finish(self, received_at: i64, batches: &mut Batches) -> Result<(), ColumnError> {
        self.resources.finish(received_at, batches)?;
        self.scopes.finish(received_at, batches)
    }
}

#[derive(Default)]
struct ResourceRows {
    seen: HashSet<i64>,
    resource_id: Numbers<Int64Type>,
    service_name: Text,
    attributes: AttributeColumns,
    dropped_attributes_count: Numbers<UInt32Type>,
    schema_url: SparseText,
    entity_refs: SparseText,
}

impl ResourceRows {
    fn push(&mut self, resource: &Described<'_>) {
        let row = self.seen.len();
        if !self.seen.insert(resource.id) {
            return;
        }
        self.resource_id.push(resource.id);
        self.service_name.push(resource.service_name());
        self.attributes.push_row(&resource.attributes);
        self.dropped_attributes_count.push(resource.dropped_attributes_count);
        self.schema_url.set_non_empty(row, resource.schema_url);
        self.entity_refs.set_non_empty(row, &resource.entity_refs);
    }

    fn finish(self, received_at: i64, batches: &mut Batches) -> Result<(), ColumnError> {
        let rows = self.seen.len();
        if rows == 0 {
            return Ok(());
        }
        let fields = fields_of(Table::Resources);
        let mut batch = Assembler::new(rows, &fields);
        batch.add("resource_id", self.resource_id)?;
        batch.add("service_name", self.service_name)?;
        let (map, types) = self.attributes.into_columns();
        batch.add("attributes", map)?;
        batch.add("attribute_types", types)?;
        batch.add("dropped_attributes_count", self.dropped_attributes_count)?;
        batch.add("schema_url", self.schema_url)?;
        batch.add("entity_refs", self.entity_refs)?;
        batch.add("received_time", Numbers::<TimestampNanosecondType>::constant(received_at, rows))?;
        batches.tables.push((Table::Resources, batch.into_batch()?));
        Ok(())
    }
}

#[derive(Default)]
struct ScopeRows {
    seen: HashSet<i64>,
    scope_id: Numbers<Int64Type>,
    name: Text,
    version: Text,
    attributes: AttributeColumns,
    dropped_attributes_count: Numbers<UInt32Type>,
    schema_url: SparseText,
}

impl ScopeRows {
    fn push(&mut self, scope: &Described<'_>) {
        let row = self.seen.len();
        if !self.seen.insert(scope.id) {
            return;
        }
        self.scope_id.push(scope.id);
        self.name.push(scope.name);
        self.version.push(scope.version);
        self.attributes.push_row(&scope.attributes);
        self.dropped_attributes_count.push(scope.dropped_attributes_count);
        self.schema_url.set_non_empty(row, scope.schema_url);
    }

    fn finish(self, received_at: i64, batches: &mut Batches) -> Result<(), ColumnError> {
        let rows = self.seen.len();
        if rows == 0 {
            return Ok(());
        }
        let fields = fields_of(Table::Scopes);
        let mut batch = Assembler::new(rows, &fields);
        batch.add("scope_id", self.scope_id)?;
        batch.add("name", self.name)?;
        batch.add("version", self.version)?;
        let (map, types) = self.attributes.into_columns();
        batch.add("attributes", map)?;
        batch.add("attribute_types", types)?;
        batch.add("dropped_attributes_count", self.dropped_attributes_count)?;
        batch.add("schema_url", self.schema_url)?;
        batch.add("received_time", Numbers::<TimestampNanosecondType>::constant(received_at, rows))?;
        batches.tables.push((Table::Scopes, batch.into_batch()?));
        Ok(())
    }
}

/// The four columns by which spans and log records say where they come from; written once a scope.
#[derive(Default)]
pub(super) struct OriginColumns {
    rows: usize,
    resource_id: Numbers<Int64Type>,
    scope_id: Numbers<Int64Type>,
    service_name: Text,
}

impl OriginColumns {
    /// Fills the columns up to the table's number of rows.
    pub(super) fn fill(&mut self, origin: &Origin<'_>, rows: usize) {
        let added = rows - self.rows;
        self.rows = rows;
        self.resource_id.push_n(origin.resource_id, added);
        self.scope_id.push_n(origin.scope_id, added);
        self.service_name.push_n(origin.service_name, added);
    }

    pub(super) fn add_to(self, batch: &mut Assembler<'_>, received_at: i64) -> Result<(), ColumnError> {
        batch.add("resource_id", self.resource_id)?;
        batch.add("scope_id", self.scope_id)?;
        batch.add("service_name", self.service_name)?;
        batch.add("received_time", Numbers::<TimestampNanosecondType>::constant(received_at, self.rows))
    }
}
