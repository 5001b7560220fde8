//! Spans with their events and links: a row of `spans` as a `Span` message.

use arrow::datatypes::{Int64Type, TimestampNanosecondType, UInt32Type};

use super::attributes::AttributeColumns;
use super::columns::{Columns, IdColumn, NumberColumn, StructListColumn, TextColumn};
use super::items::ItemColumns;
use super::{EncodeError, Tally, number_of_word};
use crate::otlp::traces::{KINDS, STATUS_CODES};
use crate::otlp::wire_writer::{
    close, open, put_non_default_bytes, put_non_default_fixed32, put_non_default_fixed64, put_non_default_int32,
    put_non_default_varint,
};
use crate::tables::promoted;

pub(super) struct SpanColumns<'b> {
    trace_id: IdColumn<'b, 16>,
    span_id: IdColumn<'b, 8>,
    parent_span_id: IdColumn<'b, 8>,
    start_time: NumberColumn<'b, TimestampNanosecondType>,
    duration: NumberColumn<'b, Int64Type>,
    name: TextColumn<'b>,
    kind: TextColumn<'b>,
    status_code: TextColumn<'b>,
    status_message: TextColumn<'b>,
    trace_state: TextColumn<'b>,
    flags: NumberColumn<'b, UInt32Type>,
    dropped_attributes_count: NumberColumn<'b, UInt32Type>,
    dropped_events_count: NumberColumn<'b, UInt32Type>,
    dropped_links_count: NumberColumn<'b, UInt32Type>,
    attributes: AttributeColumns<'b>,
    events: Option<(StructListColumn<'b>, EventColumns<'b>)>,
    links: Option<(StructListColumn<'b>, LinkColumns<'b>)>,
}

impl<'b> ItemColumns<'b> for SpanColumns<'b> {
    fn new(columns: &Columns<'b>) -> Result<Self, EncodeError> {
        let events = match columns.struct_lists("events")? {
            Some((lists, items)) => Some((lists, EventColumns::new(&items)?)),
            None => None,
        };
        let links = match columns.struct_lists("links")? {
            Some((lists, items)) => Some((lists, LinkColumns::new(&items)?)),
            None => None,
        };
        Ok(Self {
            trace_id: columns.ids("trace_id")?,
            span_id: columns.ids("span_id")?,
            parent_span_id: columns.ids("parent_span_id")?,
            start_time: columns.numbers("start_time")?,
            duration: columns.numbers("duration")?,
            name: columns.text("name")?,
            kind: columns.text("kind")?,
            status_code: columns.text("status_code")?,
            status_message: columns.text("status_message")?,
            trace_state: columns.text("trace_state")?,
            flags: columns.numbers("flags")?,
            dropped_attributes_count: columns.numbers("dropped_attributes_count")?,
            dropped_events_count: columns.numbers("dropped_events_count")?,
            dropped_links_count: columns.numbers("dropped_links_count")?,
            attributes: AttributeColumns::with_promoted(columns, promoted::SPAN)?,
            events,
            links,
        })
    }

    fn put(&self, out: &mut Vec<u8>, row: usize, tally: &mut Tally) {
        let start_time = self.start_time.or_zero(row);
        let end_time = start_time.wrapping_add(self.duration.or_zero(row));
        put_non_default_bytes(out, 1, self.trace_id.bytes(row));
        put_non_default_bytes(out, 2, self.span_id.bytes(row));
        put_non_default_bytes(out, 3, self.trace_state.bytes(row));
        put_non_default_bytes(out, 4, self.parent_span_id.bytes(row));
        put_non_default_bytes(out, 5, self.name.bytes(row));
        let kind = self.kind.get(row).map_or(0, |kind| number_of_word(&KINDS, kind, tally));
        put_non_default_int32(out, 6, kind);
        put_non_default_fixed64(out, 7, start_time.cast_unsigned());
        put_non_default_fixed64(out, 8, end_time.cast_unsigned());
        self.attributes.put(out, 9, row, tally);
        put_non_default_varint(out, 10, u64::from(self.dropped_attributes_count.or_zero(row)));
        if let Some((lists, events)) = &self.events {
            lists.range(row).for_each(|event| events.put(out, event, tally));
        }
        put_non_default_varint(out, 12, u64::from(self.dropped_events_count.or_zero(row)));
        if let Some((lists, links)) = &self.links {
            lists.range(row).for_each(|link| links.put(out, link, tally));
        }
        put_non_default_varint(out, 14, u64::from(self.dropped_links_count.or_zero(row)));
        self.put_status(out, row, tally);
        put_non_default_fixed32(out, 16, self.flags.or_zero(row));
    }
}

impl SpanColumns<'_> {
    fn put_status(&self, out: &mut Vec<u8>, row: usize, tally: &mut Tally) {
        let message = self.status_message.bytes(row);
        let code = self.status_code.get(row).map_or(0, |code| number_of_word(&STATUS_CODES, code, tally));
        if message.is_empty() && code == 0 {
            return;
        }
        let status = open(out, 15);
        put_non_default_bytes(out, 2, message);
        put_non_default_int32(out, 3, code);
        close(out, status);
    }
}

struct EventColumns<'b> {
    time: NumberColumn<'b, TimestampNanosecondType>,
    name: TextColumn<'b>,
    attributes: AttributeColumns<'b>,
    dropped_attributes_count: NumberColumn<'b, UInt32Type>,
}

impl<'b> EventColumns<'b> {
    fn new(columns: &Columns<'b>) -> Result<Self, EncodeError> {
        Ok(Self {
            time: columns.numbers("time")?,
            name: columns.text("name")?,
            attributes: AttributeColumns::new(columns)?,
            dropped_attributes_count: columns.numbers("dropped_attributes_count")?,
        })
    }

    fn put(&self, out: &mut Vec<u8>, row: usize, tally: &mut Tally) {
        let event = open(out, 11);
        put_non_default_fixed64(out, 1, self.time.or_zero(row).cast_unsigned());
        put_non_default_bytes(out, 2, self.name.bytes(row));
        self.attributes.put(out, 3, row, tally);
        put_non_default_varint(out, 4, u64::from(self.dropped_attributes_count.or_zero(row)));
        close(out, event);
    }
}

struct LinkColumns<'b> {
    trace_id: IdColumn<'b, 16>,
    span_id: IdColumn<'b, 8>,
    trace_state: TextColumn<'b>,
    flags: NumberColumn<'b, UInt32Type>,
    attributes: AttributeColumns<'b>,
    dropped_attributes_count: NumberColumn<'b, UInt32Type>,
}

impl<'b> LinkColumns<'b> {
    fn new(columns: &Columns<'b>) -> Result<Self, EncodeError> {
        Ok(Self {
            trace_id: columns.ids("trace_id")?,
            span_id: columns.ids("span_id")?,
            trace_state: columns.text("trace_state")?,
            flags: columns.numbers("flags")?,
            attributes: AttributeColumns::new(columns)?,
            dropped_attributes_count: columns.numbers("dropped_attributes_count")?,
        })
    }

    fn put(&self, out: &mut Vec<u8>, row: usize, tally: &mut Tally) {
        let link = open(out, 13);
        put_non_default_bytes(out, 1, self.trace_id.bytes(row));
        put_non_default_bytes(out, 2, self.span_id.bytes(row));
        put_non_default_bytes(out, 3, self.trace_state.bytes(row));
        self.attributes.put(out, 4, row, tally);
        put_non_default_varint(out, 5, u64::from(self.dropped_attributes_count.or_zero(row)));
        put_non_default_fixed32(out, 6, self.flags.or_zero(row));
        close(out, link);
    }
}
