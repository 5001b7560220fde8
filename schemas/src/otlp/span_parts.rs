//! Events and links: lists of structs inside a span's row.
//!
//! Read before the span is accepted, stored after it; whether the span is accepted is decided in `traces`.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, TimestampNanosecondType, UInt32Type};

use super::attributes::AttributeColumns;
use super::columns::{Assembler, Column, Finished, Ids, ListEnds, Numbers, SparseText, Text, item_field};
use super::envelope::Shared;
use super::notes::Change;
use super::traces::valid_id;
use super::wire::{Reader, Wire};
use crate::tables;

/// An event or a link that was read; its attributes lie in `Shared::list`.
struct Event<'a> {
    time: i64,
    name: &'a [u8],
    attributes: Range<usize>,
    over_limit: u32,
    dropped_attributes_count: u32,
}

#[derive(Default)]
pub(super) struct EventColumns<'a> {
    /// The current span's events, as on the wire.
    pub messages: Vec<&'a [u8]>,
    read: Vec<Event<'a>>,
    count: usize,
    ends: ListEnds,
    time: Numbers<TimestampNanosecondType>,
    name: Text,
    attributes: AttributeColumns,
    dropped_attributes_count: Numbers<UInt32Type>,
}

impl<'a> EventColumns<'a> {
    /// Reads the messages; `false` where an event's time is out of range.
    #[inline]
    pub(super) fn read(&mut self, shared: &mut Shared<'a>) -> Wire<bool> {
        self.read.clear();
        let mut in_range = true;
        for message in &self.messages {
            let mut time = 0;
            let mut name: &[u8] = &[];
            let mut dropped_attributes_count = 0;
            shared.list.begin();
            let mut reader = Reader::new(message);
            while let Some(key) = reader.key()? {
                match key {
                    0x09 => time = reader.fixed64()?,
                    0x12 => name = reader.bytes()?,
                    0x1a => shared.list.read(&mut shared.scan, shared.limits, reader.bytes()?)?,
                    0x20 => dropped_attributes_count = reader.varint()? as u32,
                    other => shared.scan.skip(&mut reader, other, 0b1_1110)?,
                }
            }
            in_range &= i64::try_from(time).is_ok();
            self.read.push(Event {
                time: time.cast_signed(),
                name,
                attributes: shared.list.part(),
                over_limit: shared.list.over_limit,
                dropped_attributes_count,
            });
        }
        Ok(in_range)
    }

    /// Stores what was read as the list of `row`.
    #[inline]
    pub(super) fn push_row(&mut self, row: usize, shared: &mut Shared<'a>) {
        if self.read.is_empty() {
            return;
        }
        for event in self.read.drain(..) {
            self.time.push(event.time);
            self.name.push(event.name);
            self.attributes.push_row(&shared.list.entries[event.attributes]);
            shared.notes.change(Change::AttributesOverLimit, event.over_limit);
            self.dropped_attributes_count.push(event.dropped_attributes_count.saturating_add(event.over_limit));
            self.count += 1;
        }
        self.ends.close(row, self.count);
    }
}

impl Column for EventColumns<'_> {
    fn finish(self, rows: usize, data_type: &DataType) -> Finished {
        if self.count == 0 {
            return Ok(None);
        }
        let item = item_field(data_type)?;
        let fields = tables::event_fields();
        let mut events = Assembler::new(self.count, &fields);
        events.add("time", self.time)?;
        events.add("name", self.name)?;
        let (map, types) = self.attributes.into_columns();
        events.add("attributes", map)?;
        events.add("attribute_types", types)?;
        events.add("dropped_attributes_count", self.dropped_attributes_count)?;
        let items: ArrayRef = Arc::new(events.into_struct(&fields)?);
        self.ends.finish(rows, items, item)
    }
}

struct Link<'a> {
    trace_id: &'a [u8; 16],
    span_id: &'a [u8; 8],
    trace_state: &'a [u8],
    flags: u32,
    attributes: Range<usize>,
    over_limit: u32,
    dropped_attributes_count: u32,
}

#[derive(Default)]
pub(super) struct LinkColumns<'a> {
    /// The current span's links, as on the wire.
    pub messages: Vec<&'a [u8]>,
    read: Vec<Link<'a>>,
    count: usize,
    ends: ListEnds,
    trace_id: Ids<16>,
    span_id: Ids<8>,
    trace_state: SparseText,
    flags: Numbers<UInt32Type>,
    attributes: AttributeColumns,
    dropped_attributes_count: Numbers<UInt32Type>,
}

impl<'a> LinkColumns<'a> {
    /// Reads the messages; answers how many links have bad ids and are left out.
    #[inline]
    pub(super) fn read(&mut self, shared: &mut Shared<'a>) -> Wire<u32> {
        self.read.clear();
        let mut bad = 0;
        for message in &self.messages {
            match read_link(message, shared)? {
                Some(link) => self.read.push(link),
                None => bad += 1,
            }
        }
        Ok(bad)
    }

    /// Stores what was read as the list of `row`.
    #[inline]
    pub(super) fn push_row(&mut self, row: usize, shared: &mut Shared<'a>) {
        if self.read.is_empty() {
            return;
        }
        for link in self.read.drain(..) {
            self.trace_id.push(link.trace_id);
            self.span_id.push(link.span_id);
            self.trace_state.set_non_empty(self.count, link.trace_state);
            self.flags.push(link.flags);
            self.attributes.push_row(&shared.list.entries[link.attributes]);
            shared.notes.change(Change::AttributesOverLimit, link.over_limit);
            self.dropped_attributes_count.push(link.dropped_attributes_count.saturating_add(link.over_limit));
            self.count += 1;
        }
        self.ends.close(row, self.count);
    }
}

fn read_link<'a>(message: &'a [u8], shared: &mut Shared<'a>) -> Wire<Option<Link<'a>>> {
    let (mut trace_id, mut span_id, mut trace_state): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
    let (mut flags, mut dropped_attributes_count) = (0, 0);
    shared.list.begin();
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x0a => trace_id = reader.bytes()?,
            0x12 => span_id = reader.bytes()?,
            0x1a => trace_state = reader.bytes()?,
            0x22 => shared.list.read(&mut shared.scan, shared.limits, reader.bytes()?)?,
            0x28 => dropped_attributes_count = reader.varint()? as u32,
            0x35 => flags = reader.fixed32()?,
            other => shared.scan.skip(&mut reader, other, 0b111_1110)?,
        }
    }
    let (Some(trace_id), Some(span_id)) = (valid_id(trace_id), valid_id(span_id)) else {
        return Ok(None);
    };
    let attributes = shared.list.part();
    let over_limit = shared.list.over_limit;
    Ok(Some(Link { trace_id, span_id, trace_state, flags, attributes, over_limit, dropped_attributes_count }))
}

impl Column for LinkColumns<'_> {
    fn finish(self, rows: usize, data_type: &DataType) -> Finished {
        if self.count == 0 {
            return Ok(None);
        }
        let item = item_field(data_type)?;
        let fields = tables::link_fields();
        let mut links = Assembler::new(self.count, &fields);
        links.add("trace_id", self.trace_id)?;
        links.add("span_id", self.span_id)?;
        links.add("trace_state", self.trace_state)?;
        links.add("flags", self.flags)?;
        let (map, types) = self.attributes.into_columns();
        links.add("attributes", map)?;
        links.add("attribute_types", types)?;
        links.add("dropped_attributes_count", self.dropped_attributes_count)?;
        let items: ArrayRef = Arc::new(links.into_struct(&fields)?);
        self.ends.finish(rows, items, item)
    }
}
