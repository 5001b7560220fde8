//! Spans: from the wire to the `spans` table.
//!
//! Owns what makes a span acceptable and how its fields become columns.

use arrow::datatypes::{Int64Type, TimestampNanosecondType, UInt32Type};

use super::attributes::{AttributeColumns, Scan};
use super::columns::{Assembler, ColumnError, Ids, Numbers, SparseIds, SparseText, Text, fields_of};
use super::envelope::{Origin, OriginColumns, Shared, SignalRows};
use super::notes::{Change, Rejection};
use super::promotion::{self, PromotedColumns};
use super::span_parts::{EventColumns, LinkColumns};
use super::value_text::write_integer;
use super::wire::{Reader, Singular, Wire};
use crate::ingest::Batches;
use crate::tables::Table;

/// Attributes of a span that room is made for.
const ATTRIBUTES_EXPECTED: usize = 4;
/// The fixed columns of an event or a link, roughly.
const PART_BYTES: usize = 32;

pub(super) struct SpanRows<'a> {
    rows: usize,
    trace_id: Ids<16>,
    span_id: Ids<8>,
    parent_span_id: SparseIds<8>,
    start_time: Numbers<TimestampNanosecondType>,
    duration: Numbers<Int64Type>,
    name: Text,
    kind: Text,
    status_code: Text,
    status_message: SparseText,
    trace_state: SparseText,
    flags: Numbers<UInt32Type>,
    dropped_attributes_count: Numbers<UInt32Type>,
    dropped_events_count: Numbers<UInt32Type>,
    dropped_links_count: Numbers<UInt32Type>,
    origin: OriginColumns,
    promoted: PromotedColumns,
    attributes: AttributeColumns,
    events: EventColumns<'a>,
    links: LinkColumns<'a>,
}

/// A span's fields, not copied; its attributes are in `Shared::list`, events and links in their columns' lists.
#[derive(Default)]
struct Span<'a> {
    trace_id: &'a [u8],
    span_id: &'a [u8],
    trace_state: &'a [u8],
    parent_span_id: &'a [u8],
    flags: u32,
    name: &'a [u8],
    kind: i32,
    start_time: u64,
    end_time: u64,
    dropped_attributes_count: u32,
    dropped_events_count: u32,
    dropped_links_count: u32,
    status: Singular<'a>,
}

#[derive(Default)]
struct Status<'a> {
    message: &'a [u8],
    code: i32,
}

/// A span's fields once they are known to be good.
struct Checked<'a> {
    trace_id: &'a [u8; 16],
    span_id: &'a [u8; 8],
    parent_span_id: Option<&'a [u8; 8]>,
    start_time: i64,
    duration: i64,
}

/// The bytes of an id that is there: of the right length and not all zero.
#[inline(always)]
pub(super) fn valid_id<const N: usize>(bytes: &[u8]) -> Option<&[u8; N]> {
    bytes.try_into().ok().filter(|id: &&[u8; N]| id.iter().any(|byte| *byte != 0))
}

impl<'a> Span<'a> {
    fn check(&self) -> Result<Checked<'a>, Rejection> {
        let trace_id = valid_id(self.trace_id).ok_or(Rejection::TraceId)?;
        let span_id = valid_id(self.span_id).ok_or(Rejection::SpanId)?;
        let parent_span_id = match self.parent_span_id.len() {
            0 => None,
            8 => valid_id(self.parent_span_id),
            _ => return Err(Rejection::ParentSpanId),
        };
        let start_time = i64::try_from(self.start_time).map_err(|_| Rejection::Time)?;
        let end_time = i64::try_from(self.end_time).map_err(|_| Rejection::Time)?;
        // Both are positive, so that the difference fits.
        Ok(Checked { trace_id, span_id, parent_span_id, start_time, duration: end_time - start_time })
    }
}

fn read_status<'a>(scan: &mut Scan, parts: &[&'a [u8]]) -> Wire<Status<'a>> {
    let mut status = Status::default();
    for part in parts {
        let mut reader = Reader::new(part);
        while let Some(key) = reader.key()? {
            match key {
                0x12 => status.message = reader.bytes()?,
                0x18 => status.code = reader.varint()? as i32,
                other => scan.skip(&mut reader, other, 0b1100)?,
            }
        }
    }
    Ok(status)
}

/// Pushes the word of an enum's number, or the number where there is no word.
#[inline]
pub(super) fn push_word(column: &mut Text, words: &[&str], number: i32) {
    match usize::try_from(number).ok().and_then(|index| words.get(index)) {
        Some(word) => column.push(word.as_bytes()),
        None => {
            write_integer(column.open(), i64::from(number));
            column.end_value();
        }
    }
}

pub(super) const KINDS: [&str; 6] = ["unspecified", "internal", "server", "client", "producer", "consumer"];
pub(super) const STATUS_CODES: [&str; 3] = ["unset", "ok", "error"];

impl<'a> SpanRows<'a> {
    pub(super) fn new() -> Self {
        Self {
            rows: 0,
            trace_id: Ids::default(),
            span_id: Ids::default(),
            parent_span_id: SparseIds::default(),
            start_time: Numbers::default(),
            duration: Numbers::default(),
            name: Text::default(),
            kind: Text::default(),
            status_code: Text::default(),
            status_message: SparseText::default(),
            trace_state: SparseText::default(),
            flags: Numbers::default(),
            dropped_attributes_count: Numbers::default(),
            dropped_events_count: Numbers::default(),
            dropped_links_count: Numbers::default(),
            origin: OriginColumns::default(),
            promoted: PromotedColumns::new(&promotion::SPAN),
            attributes: AttributeColumns::default(),
            events: EventColumns::default(),
            links: LinkColumns::default(),
        }
    }

    fn read_span(&mut self, shared: &mut Shared<'a>, message: &'a [u8]) -> Wire<Span<'a>> {
        let mut span = Span::default();
        shared.list.clear();
        self.events.messages.clear();
        self.links.messages.clear();
        let mut reader = Reader::new(message);
        while let Some(key) = reader.key()? {
            match key {
                0x0a => span.trace_id = reader.bytes()?,
                0x12 => span.span_id = reader.bytes()?,
                0x1a => span.trace_state = reader.bytes()?,
                0x22 => span.parent_span_id = reader.bytes()?,
                0x2a => span.name = reader.bytes()?,
                0x30 => span.kind = reader.varint()? as i32,
                0x39 => span.start_time = reader.fixed64()?,
                0x41 => span.end_time = reader.fixed64()?,
                0x4a => shared.list.read(&mut shared.scan, shared.limits, reader.bytes()?)?,
                0x50 => span.dropped_attributes_count = reader.varint()? as u32,
                0x5a => self.events.messages.push(reader.bytes()?),
                0x60 => span.dropped_events_count = reader.varint()? as u32,
                0x6a => self.links.messages.push(reader.bytes()?),
                0x70 => span.dropped_links_count = reader.varint()? as u32,
                0x7a => span.status.push(reader.bytes()?),
                0x85 => span.flags = reader.fixed32()?,
                other => shared.scan.skip(&mut reader, other, 0x1_fffe)?,
            }
        }
        Ok(span)
    }

    fn push(&mut self, span: &Span<'a>, checked: &Checked<'a>, status: &Status<'a>) {
        let row = self.rows;
        self.trace_id.push(checked.trace_id);
        self.span_id.push(checked.span_id);
        if let Some(parent) = checked.parent_span_id {
            self.parent_span_id.set(row, parent);
        }
        self.start_time.push(checked.start_time);
        self.duration.push(checked.duration);
        self.name.push(span.name);
        push_word(&mut self.kind, &KINDS, span.kind);
        push_word(&mut self.status_code, &STATUS_CODES, status.code);
        self.status_message.set_non_empty(row, status.message);
        self.trace_state.set_non_empty(row, span.trace_state);
        self.flags.push(span.flags);
        self.dropped_attributes_count.push(span.dropped_attributes_count);
        self.dropped_events_count.push(span.dropped_events_count);
        self.dropped_links_count.push(span.dropped_links_count);
    }
}

impl<'a> SignalRows<'a> for SpanRows<'a> {
    fn reserve(&mut self, items: usize) {
        if self.rows > 0 || items == 0 {
            return;
        }
        self.trace_id = Ids::with_capacity(items);
        self.span_id = Ids::with_capacity(items);
        self.start_time = Numbers::with_capacity(items);
        self.duration = Numbers::with_capacity(items);
        self.name = Text::with_capacity(items, items * 16);
        self.kind = Text::with_capacity(items, items * 8);
        self.status_code = Text::with_capacity(items, items * 5);
        self.flags = Numbers::with_capacity(items);
        self.dropped_attributes_count = Numbers::with_capacity(items);
        self.dropped_events_count = Numbers::with_capacity(items);
        self.dropped_links_count = Numbers::with_capacity(items);
        self.attributes = AttributeColumns::with_capacity(items, ATTRIBUTES_EXPECTED);
    }

    fn read_item(&mut self, shared: &mut Shared<'a>, origin: &Origin<'a>, message: &'a [u8]) -> Wire<()> {
        let mut span = self.read_span(shared, message)?;
        let status = read_status(&mut shared.scan, span.status.parts())?;
        let own = shared.list.part();
        let own_over_limit = shared.list.over_limit;
        let events_in_time = self.events.read(shared)?;
        let bad_links = self.links.read(shared)?;
        let parts_bytes = PART_BYTES * (self.events.messages.len() + self.links.messages.len());
        let refused = match span.check() {
            Err(rejection) => Some(rejection),
            Ok(_) if !events_in_time => Some(Rejection::Time),
            Ok(_) if shared.list.too_deep > 0 => Some(Rejection::Depth),
            Ok(_) if !shared.room.take(origin.service_name.len() + parts_bytes) => Some(Rejection::Expansion),
            Ok(checked) => {
                span.dropped_attributes_count = span.dropped_attributes_count.saturating_add(own_over_limit);
                span.dropped_links_count = span.dropped_links_count.saturating_add(bad_links);
                shared.notes.change(Change::AttributesOverLimit, own_over_limit);
                shared.notes.change(Change::LinksDropped, bad_links);
                self.push(&span, &checked, &status);
                None
            }
        };
        if let Some(rejection) = refused {
            shared.notes.reject(rejection, span.name);
            return Ok(());
        }
        self.promoted.push_row(self.rows, &shared.list.entries[own], &mut self.attributes);
        self.events.push_row(self.rows, shared);
        self.links.push_row(self.rows, shared);
        self.rows += 1;
        Ok(())
    }

    fn end_scope(&mut self, origin: &Origin<'a>) {
        self.origin.fill(origin, self.rows);
    }

    fn accepted(&self) -> u64 {
        self.rows as u64
    }

    fn finish(self, received_at: i64, batches: &mut Batches) -> Result<(), ColumnError> {
        if self.rows == 0 {
            return Ok(());
        }
        let fields = fields_of(Table::Spans);
        let mut batch = Assembler::new(self.rows, &fields);
        batch.add("trace_id", self.trace_id)?;
        batch.add("span_id", self.span_id)?;
        batch.add("parent_span_id", self.parent_span_id)?;
        batch.add("start_time", self.start_time)?;
        batch.add("duration", self.duration)?;
        batch.add("name", self.name)?;
        batch.add("kind", self.kind)?;
        batch.add("status_code", self.status_code)?;
        batch.add("status_message", self.status_message)?;
        batch.add("trace_state", self.trace_state)?;
        batch.add("flags", self.flags)?;
        batch.add("dropped_attributes_count", self.dropped_attributes_count)?;
        batch.add("dropped_events_count", self.dropped_events_count)?;
        batch.add("dropped_links_count", self.dropped_links_count)?;
        self.origin.add_to(&mut batch, received_at)?;
        self.promoted.add_to(&mut batch)?;
        let (map, types) = self.attributes.into_columns();
        batch.add("attributes", map)?;
        batch.add("attribute_types", types)?;
        batch.add("events", self.events)?;
        batch.add("links", self.links)?;
        batches.tables.push((Table::Spans, batch.into_batch()?));
        Ok(())
    }
}
