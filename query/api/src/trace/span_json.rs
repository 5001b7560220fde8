//! Spans as JSON with OTLP's names.

use arrow::array::{Array, AsArray, ListArray};
use arrow::datatypes::{Int64Type, TimestampNanosecondType, UInt32Type};
use arrow::record_batch::RecordBatch;
use spanlake_schemas::tables::promoted;

use super::attributes::{ItemAttributes, push_attributes};
use crate::columns::{Ids, Maps, Named, Numbers, Texts};
use crate::origins::OriginTexts;
use crate::render::{push_hex_string, push_int_string, push_string};

type Times<'a> = Numbers<'a, TimestampNanosecondType>;
type Counts<'a> = Numbers<'a, UInt32Type>;

/// Appends `,"name":` or, where an object has just begun, `"name":`.
pub(super) fn push_name(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// The object written by a closure, where there is one; otherwise what stands for its absence.
pub(super) fn push_or(out: &mut Vec<u8>, name: &str, text: Option<&Vec<u8>>, absent: &str) {
    push_name(out, name);
    match text.filter(|text| !text.is_empty()) {
        Some(text) => out.extend_from_slice(text),
        None => out.extend_from_slice(absent.as_bytes()),
    }
}

fn push_count(out: &mut Vec<u8>, name: &str, counts: &Counts<'_>, row: usize) {
    push_name(out, name);
    crate::render::push_integer(out, counts.or_zero(row).into());
}

fn push_text(out: &mut Vec<u8>, name: &str, text: &str) {
    push_name(out, name);
    push_string(out, text);
}

fn push_time(out: &mut Vec<u8>, name: &str, nanos: i64) {
    push_name(out, name);
    push_int_string(out, nanos);
}

fn push_id(out: &mut Vec<u8>, name: &str, id: &[u8]) {
    push_name(out, name);
    push_hex_string(out, id);
}

/// The columns of a batch of spans.
pub(super) struct Spans<'a> {
    trace_id: Ids<'a>,
    span_id: Ids<'a>,
    parent_span_id: Ids<'a>,
    texts: [(&'static str, Texts<'a>); 5],
    status_message: Texts<'a>,
    service_name: Texts<'a>,
    start_time: Times<'a>,
    received_time: Times<'a>,
    duration: Numbers<'a, Int64Type>,
    flags: Counts<'a>,
    dropped: [(&'static str, Counts<'a>); 3],
    resource_id: Numbers<'a, Int64Type>,
    scope_id: Numbers<'a, Int64Type>,
    attributes: ItemAttributes<'a>,
    events: Option<&'a ListArray>,
    links: Option<&'a ListArray>,
}

const TRACE_STATE: usize = 0;
const NAME: usize = 1;
const KIND: usize = 2;
const STATUS_CODE: usize = 3;

impl<'a> Spans<'a> {
    pub(super) fn of(batch: &'a RecordBatch) -> Self {
        let texts =
            ["trace_state", "name", "kind", "status_code", "service_name"].map(|name| (name, Texts::of(batch, name)));
        let dropped = ["dropped_attributes_count", "dropped_events_count", "dropped_links_count"];
        let list = |name: &str| batch.named(name).and_then(|column| column.as_list_opt::<i32>());
        Self {
            trace_id: Ids::of(batch, "trace_id"),
            span_id: Ids::of(batch, "span_id"),
            parent_span_id: Ids::of(batch, "parent_span_id"),
            texts,
            status_message: Texts::of(batch, "status_message"),
            service_name: Texts::of(batch, "service_name"),
            start_time: Numbers::of(batch, "start_time"),
            received_time: Numbers::of(batch, "received_time"),
            duration: Numbers::of(batch, "duration"),
            flags: Numbers::of(batch, "flags"),
            dropped: dropped.map(|name| (name, Numbers::of(batch, name))),
            resource_id: Numbers::of(batch, "resource_id"),
            scope_id: Numbers::of(batch, "scope_id"),
            attributes: ItemAttributes::of(batch, promoted::SPAN),
            events: list("events"),
            links: list("links"),
        }
    }

    fn text(&self, which: usize, row: usize) -> &'a str {
        self.texts[which].1.or_empty(row)
    }

    pub(super) fn push(&self, row: usize, origins: &OriginTexts, out: &mut Vec<u8>) {
        out.push(b'{');
        push_id(out, "trace_id", self.trace_id.or_empty(row));
        push_id(out, "span_id", self.span_id.or_empty(row));
        push_id(out, "parent_span_id", self.parent_span_id.or_empty(row));
        push_text(out, "trace_state", self.text(TRACE_STATE, row));
        push_count(out, "flags", &self.flags, row);
        push_text(out, "name", self.text(NAME, row));
        push_text(out, "kind", self.text(KIND, row));
        let (start, duration) = (self.start_time.or_zero(row), self.duration.or_zero(row));
        push_time(out, "start_time", start);
        push_time(out, "end_time", start.saturating_add(duration));
        push_time(out, "duration", duration);
        push_name(out, "status");
        out.push(b'{');
        push_text(out, "code", self.text(STATUS_CODE, row));
        push_text(out, "message", self.status_message.or_empty(row));
        out.push(b'}');
        push_text(out, "service_name", self.service_name.or_empty(row));
        push_name(out, "attributes");
        self.attributes.push(out, row);
        self.push_origin(row, origins, out);
        self.push_events(row, out);
        self.push_links(row, out);
        for (name, counts) in &self.dropped {
            push_count(out, name, counts, row);
        }
        let resource = origins.resources.get(&self.resource_id.or_zero(row));
        let scope = origins.scopes.get(&self.scope_id.or_zero(row));
        push_or(out, "resource_schema_url", resource.map(|resource| &resource.schema_url), "\"\"");
        push_or(out, "scope_schema_url", scope.map(|scope| &scope.schema_url), "\"\"");
        push_time(out, "received_time", self.received_time.or_zero(row));
        out.push(b'}');
    }

    fn push_origin(&self, row: usize, origins: &OriginTexts, out: &mut Vec<u8>) {
        let resource = origins.resources.get(&self.resource_id.or_zero(row));
        let scope = origins.scopes.get(&self.scope_id.or_zero(row));
        push_or(out, "resource_attributes", resource.map(|resource| &resource.attributes), "{}");
        push_or(out, "scope_name", scope.map(|scope| &scope.name), "\"\"");
        push_or(out, "scope_version", scope.map(|scope| &scope.version), "\"\"");
        push_or(out, "scope_attributes", scope.map(|scope| &scope.attributes), "{}");
    }

    fn push_events(&self, row: usize, out: &mut Vec<u8>) {
        push_name(out, "events");
        push_list(self.events, row, out, |events, entry, out| {
            push_time(out, "time", Times::of(events, "time").or_zero(entry));
            push_text(out, "name", Texts::of(events, "name").or_empty(entry));
            push_name(out, "attributes");
            push_attributes(out, &Maps::of(events, "attributes", "attribute_types"), entry);
            push_count(out, "dropped_attributes_count", &Counts::of(events, "dropped_attributes_count"), entry);
        });
    }

    fn push_links(&self, row: usize, out: &mut Vec<u8>) {
        push_name(out, "links");
        push_list(self.links, row, out, |links, entry, out| {
            push_id(out, "trace_id", Ids::of(links, "trace_id").or_empty(entry));
            push_id(out, "span_id", Ids::of(links, "span_id").or_empty(entry));
            push_text(out, "trace_state", Texts::of(links, "trace_state").or_empty(entry));
            push_count(out, "flags", &Counts::of(links, "flags"), entry);
            push_name(out, "attributes");
            push_attributes(out, &Maps::of(links, "attributes", "attribute_types"), entry);
            push_count(out, "dropped_attributes_count", &Counts::of(links, "dropped_attributes_count"), entry);
        });
    }
}

/// A list of structs as an array of objects.
fn push_list(
    list: Option<&ListArray>,
    row: usize,
    out: &mut Vec<u8>,
    push: impl Fn(&arrow::array::StructArray, usize, &mut Vec<u8>),
) {
    out.push(b'[');
    if let Some(list) = list.filter(|list| list.is_valid(row)) {
        let entries = list.values().as_struct();
        let range = list.value_offsets()[row] as usize..list.value_offsets()[row + 1] as usize;
        for (position, entry) in range.enumerate() {
            if position > 0 {
                out.push(b',');
            }
            out.push(b'{');
            push(entries, entry, out);
            out.push(b'}');
        }
    }
    out.push(b']');
}
