//! Log records: a row of `logs` as a `LogRecord` message.
//!
//! A time that the record did not have does not come back, though the row has one to be sorted by.

use arrow::datatypes::{Int32Type, TimestampNanosecondType, UInt32Type};

use super::attributes::{AttributeColumns, put_stored};
use super::columns::{Columns, FlagColumn, IdColumn, NumberColumn, TextColumn};
use super::items::ItemColumns;
use super::{EncodeError, Tally};
use crate::otlp::wire_writer::{
    close, open, put_non_default_bytes, put_non_default_fixed32, put_non_default_fixed64, put_non_default_int32,
    put_non_default_varint,
};
use crate::tables::promoted;

pub(super) struct LogColumns<'b> {
    time: NumberColumn<'b, TimestampNanosecondType>,
    time_missing: FlagColumn<'b>,
    observed_time: NumberColumn<'b, TimestampNanosecondType>,
    trace_id: IdColumn<'b, 16>,
    span_id: IdColumn<'b, 8>,
    severity_number: NumberColumn<'b, Int32Type>,
    severity_text: TextColumn<'b>,
    event_name: TextColumn<'b>,
    body: TextColumn<'b>,
    body_type: TextColumn<'b>,
    flags: NumberColumn<'b, UInt32Type>,
    dropped_attributes_count: NumberColumn<'b, UInt32Type>,
    attributes: AttributeColumns<'b>,
}

impl<'b> ItemColumns<'b> for LogColumns<'b> {
    fn new(columns: &Columns<'b>) -> Result<Self, EncodeError> {
        Ok(Self {
            time: columns.numbers("time")?,
            time_missing: columns.flags("time_missing")?,
            observed_time: columns.numbers("observed_time")?,
            trace_id: columns.ids("trace_id")?,
            span_id: columns.ids("span_id")?,
            severity_number: columns.numbers("severity_number")?,
            severity_text: columns.text("severity_text")?,
            event_name: columns.text("event_name")?,
            body: columns.text("body")?,
            body_type: columns.text("body_type")?,
            flags: columns.numbers("flags")?,
            dropped_attributes_count: columns.numbers("dropped_attributes_count")?,
            attributes: AttributeColumns::with_promoted(columns, promoted::LOG)?,
        })
    }

    fn put(&self, out: &mut Vec<u8>, row: usize, tally: &mut Tally) {
        if !self.time_missing.is_set(row) {
            put_non_default_fixed64(out, 1, self.time.or_zero(row).cast_unsigned());
        }
        put_non_default_int32(out, 2, self.severity_number.or_zero(row));
        put_non_default_bytes(out, 3, self.severity_text.bytes(row));
        self.put_body(out, row, tally);
        self.attributes.put(out, 6, row, tally);
        put_non_default_varint(out, 7, u64::from(self.dropped_attributes_count.or_zero(row)));
        put_non_default_fixed32(out, 8, self.flags.or_zero(row));
        put_non_default_bytes(out, 9, self.trace_id.bytes(row));
        put_non_default_bytes(out, 10, self.span_id.bytes(row));
        put_non_default_fixed64(out, 11, self.observed_time.or_zero(row).cast_unsigned());
        put_non_default_bytes(out, 12, self.event_name.bytes(row));
    }
}

impl LogColumns<'_> {
    /// A record without a body has neither text nor type; one whose body says nothing has a type.
    fn put_body(&self, out: &mut Vec<u8>, row: usize, tally: &mut Tally) {
        let (text, body_type) = (self.body.get(row), self.body_type.bytes(row));
        if text.is_none() && body_type.is_empty() {
            return;
        }
        let body = open(out, 5);
        put_stored(out, text, body_type.first().copied().unwrap_or(b's'), tally);
        close(out, body);
    }
}
