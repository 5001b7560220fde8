//! Log records of a trace as JSON with OTLP's names.

use arrow::datatypes::{Int32Type, Int64Type, TimestampNanosecondType, UInt32Type};
use arrow::record_batch::RecordBatch;
use spanlake_schemas::tables::promoted;

use super::attributes::{ItemAttributes, push_value};
use super::span_json::{push_name, push_or};
use crate::columns::{Ids, Numbers, Texts};
use crate::origins::OriginTexts;
use crate::render::{push_hex_string, push_int_string, push_integer, push_string};

/// The columns of a batch of log records.
pub(super) struct Logs<'a> {
    time: Numbers<'a, TimestampNanosecondType>,
    observed_time: Numbers<'a, TimestampNanosecondType>,
    trace_id: Ids<'a>,
    span_id: Ids<'a>,
    severity_number: Numbers<'a, Int32Type>,
    severity_text: Texts<'a>,
    event_name: Texts<'a>,
    body: Texts<'a>,
    body_type: Texts<'a>,
    flags: Numbers<'a, UInt32Type>,
    dropped_attributes_count: Numbers<'a, UInt32Type>,
    service_name: Texts<'a>,
    resource_id: Numbers<'a, Int64Type>,
    scope_id: Numbers<'a, Int64Type>,
    attributes: ItemAttributes<'a>,
}

impl<'a> Logs<'a> {
    pub(super) fn of(batch: &'a RecordBatch) -> Self {
        Self {
            time: Numbers::of(batch, "time"),
            observed_time: Numbers::of(batch, "observed_time"),
            trace_id: Ids::of(batch, "trace_id"),
            span_id: Ids::of(batch, "span_id"),
            severity_number: Numbers::of(batch, "severity_number"),
            severity_text: Texts::of(batch, "severity_text"),
            event_name: Texts::of(batch, "event_name"),
            body: Texts::of(batch, "body"),
            body_type: Texts::of(batch, "body_type"),
            flags: Numbers::of(batch, "flags"),
            dropped_attributes_count: Numbers::of(batch, "dropped_attributes_count"),
            service_name: Texts::of(batch, "service_name"),
            resource_id: Numbers::of(batch, "resource_id"),
            scope_id: Numbers::of(batch, "scope_id"),
            attributes: ItemAttributes::of(batch, promoted::LOG),
        }
    }

    pub(super) fn push(&self, row: usize, origins: &OriginTexts, out: &mut Vec<u8>) {
        out.push(b'{');
        push_name(out, "time");
        push_int_string(out, self.time.or_zero(row));
        push_name(out, "observed_time");
        push_int_string(out, self.observed_time.or_zero(row));
        push_name(out, "severity_number");
        push_integer(out, self.severity_number.or_zero(row).into());
        for (name, texts) in [("severity_text", &self.severity_text), ("event_name", &self.event_name)] {
            push_name(out, name);
            push_string(out, texts.or_empty(row));
        }
        push_name(out, "body");
        let tag = self.body_type.at(row).and_then(|text| text.chars().next()).unwrap_or('s');
        push_value(out, self.body.at(row), tag);
        for (name, ids) in [("trace_id", &self.trace_id), ("span_id", &self.span_id)] {
            push_name(out, name);
            push_hex_string(out, ids.or_empty(row));
        }
        push_name(out, "flags");
        push_integer(out, self.flags.or_zero(row).into());
        push_name(out, "service_name");
        push_string(out, self.service_name.or_empty(row));
        push_name(out, "attributes");
        self.attributes.push(out, row);
        let resource = origins.resources.get(&self.resource_id.or_zero(row));
        let scope = origins.scopes.get(&self.scope_id.or_zero(row));
        push_or(out, "resource_attributes", resource.map(|resource| &resource.attributes), "{}");
        push_or(out, "scope_name", scope.map(|scope| &scope.name), "\"\"");
        push_name(out, "dropped_attributes_count");
        push_integer(out, self.dropped_attributes_count.or_zero(row).into());
        out.push(b'}');
    }
}
