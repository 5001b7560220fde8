//! Log records: from the wire to the `logs` table.
//!
//! A record is refused only for times out of range and values nested too deep; ids of a wrong length are left out.

use arrow::datatypes::{Int32Type, TimestampNanosecondType, UInt32Type};

use super::attributes::{AttributeColumns, Value, read_bounded_value};
use super::columns::{Assembler, ColumnError, Numbers, SparseFlags, SparseIds, SparseNumbers, SparseText, fields_of};
use super::envelope::{Origin, OriginColumns, Shared, SignalRows};
use super::notes::{Change, Notes, Rejection};
use super::promotion::{self, PromotedColumns};
use super::traces::valid_id;
use super::value_text::write_text;
use super::wire::{Reader, Singular, Wire};
use crate::ingest::Batches;
use crate::tables::Table;

/// Attributes of a record that room is made for.
const ATTRIBUTES_EXPECTED: usize = 4;

pub(super) struct LogRows {
    rows: usize,
    time: Numbers<TimestampNanosecondType>,
    time_missing: SparseFlags,
    observed_time: SparseNumbers<TimestampNanosecondType>,
    trace_id: SparseIds<16>,
    span_id: SparseIds<8>,
    severity_number: Numbers<Int32Type>,
    severity_text: SparseText,
    event_name: SparseText,
    body: SparseText,
    body_type: SparseText,
    flags: Numbers<UInt32Type>,
    dropped_attributes_count: Numbers<UInt32Type>,
    origin: OriginColumns,
    promoted: PromotedColumns,
    attributes: AttributeColumns,
}

/// A record's fields, not copied; its attributes are in `Shared::list`.
#[derive(Default)]
struct LogRecord<'a> {
    time: u64,
    observed_time: u64,
    severity_number: i32,
    severity_text: &'a [u8],
    body: Singular<'a>,
    dropped_attributes_count: u32,
    flags: u32,
    trace_id: &'a [u8],
    span_id: &'a [u8],
    event_name: &'a [u8],
}

fn read_record<'a>(shared: &mut Shared<'a>, message: &'a [u8]) -> Wire<LogRecord<'a>> {
    let mut record = LogRecord::default();
    shared.list.clear();
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x09 => record.time = reader.fixed64()?,
            0x10 => record.severity_number = reader.varint()? as i32,
            0x1a => record.severity_text = reader.bytes()?,
            0x2a => record.body.push(reader.bytes()?),
            0x32 => shared.list.read(&mut shared.scan, shared.limits, reader.bytes()?)?,
            0x38 => record.dropped_attributes_count = reader.varint()? as u32,
            0x45 => record.flags = reader.fixed32()?,
            0x4a => record.trace_id = reader.bytes()?,
            0x52 => record.span_id = reader.bytes()?,
            0x59 => record.observed_time = reader.fixed64()?,
            0x62 => record.event_name = reader.bytes()?,
            other => shared.scan.skip(&mut reader, other, 0b1_1111_1110_1110)?,
        }
    }
    Ok(record)
}

/// The bytes of an id that may be missing; one of the wrong length is left out and noted.
#[inline]
pub(super) fn optional_id<'a, const N: usize>(notes: &mut Notes, bytes: &'a [u8]) -> Option<&'a [u8; N]> {
    if !bytes.is_empty() && bytes.len() != N {
        notes.change(Change::IdsCleared, 1);
    }
    valid_id(bytes)
}

impl LogRows {
    pub(super) fn new() -> Self {
        Self {
            rows: 0,
            time: Numbers::default(),
            time_missing: SparseFlags::default(),
            observed_time: SparseNumbers::default(),
            trace_id: SparseIds::default(),
            span_id: SparseIds::default(),
            severity_number: Numbers::default(),
            severity_text: SparseText::default(),
            event_name: SparseText::default(),
            body: SparseText::default(),
            body_type: SparseText::default(),
            flags: Numbers::default(),
            dropped_attributes_count: Numbers::default(),
            origin: OriginColumns::default(),
            promoted: PromotedColumns::new(&promotion::LOG),
            attributes: AttributeColumns::default(),
        }
    }

    /// The event's time, else when it was observed, else when it was received.
    fn push_times(&mut self, time: i64, observed_time: i64, received_at: i64) {
        let known = [time, observed_time].into_iter().find(|time| *time != 0);
        self.time.push(known.unwrap_or(received_at));
        if time == 0 {
            self.time_missing.set(self.rows, true);
        }
        if observed_time != 0 {
            self.observed_time.set(self.rows, observed_time);
        }
    }

    fn push_body(&mut self, body: &Value<'_>) {
        if !matches!(body, Value::Empty) {
            write_text(self.body.open(self.rows), body);
            self.body.end_value();
        }
        if !matches!(body, Value::Text(_)) {
            self.body_type.set(self.rows, &[body.tag()]);
        }
    }

    fn push(&mut self, shared: &mut Shared<'_>, record: &LogRecord<'_>) {
        let row = self.rows;
        if let Some(trace_id) = optional_id(&mut shared.notes, record.trace_id) {
            self.trace_id.set(row, trace_id);
        }
        if let Some(span_id) = optional_id(&mut shared.notes, record.span_id) {
            self.span_id.set(row, span_id);
        }
        self.severity_number.push(record.severity_number);
        self.severity_text.set_non_empty(row, record.severity_text);
        self.event_name.set_non_empty(row, record.event_name);
        self.flags.push(record.flags);
        let over_limit = shared.list.over_limit;
        shared.notes.change(Change::AttributesOverLimit, over_limit);
        self.dropped_attributes_count.push(record.dropped_attributes_count.saturating_add(over_limit));
        self.promoted.push_row(row, &shared.list.entries, &mut self.attributes);
    }
}

impl<'a> SignalRows<'a> for LogRows {
    fn reserve(&mut self, items: usize) {
        if self.rows > 0 || items == 0 {
            return;
        }
        self.time = Numbers::with_capacity(items);
        self.severity_number = Numbers::with_capacity(items);
        self.flags = Numbers::with_capacity(items);
        self.dropped_attributes_count = Numbers::with_capacity(items);
        self.attributes = AttributeColumns::with_capacity(items, ATTRIBUTES_EXPECTED);
    }

    fn read_item(&mut self, shared: &mut Shared<'a>, origin: &Origin<'a>, message: &'a [u8]) -> Wire<()> {
        let record = read_record(shared, message)?;
        let body = read_bounded_value(&mut shared.scan, record.body.parts(), shared.limits.depth_max)?;
        let times = (i64::try_from(record.time), i64::try_from(record.observed_time));
        let refused = match (times, body) {
            ((Ok(_), Ok(_)), Some(_)) if shared.list.too_deep > 0 => Rejection::Depth,
            ((Ok(time), Ok(observed_time)), Some(body)) => {
                if shared.room.take(origin.service_name.len()) {
                    self.push_times(time, observed_time, shared.received_at);
                    if record.body.is_present() {
                        self.push_body(&body);
                    }
                    self.push(shared, &record);
                    self.rows += 1;
                    return Ok(());
                }
                Rejection::Expansion
            }
            (_, None) => Rejection::Depth,
            _ => Rejection::Time,
        };
        shared.notes.reject(refused, record.event_name);
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
        let fields = fields_of(Table::Logs);
        let mut batch = Assembler::new(self.rows, &fields);
        batch.add("time", self.time)?;
        batch.add("time_missing", self.time_missing)?;
        batch.add("observed_time", self.observed_time)?;
        batch.add("trace_id", self.trace_id)?;
        batch.add("span_id", self.span_id)?;
        batch.add("severity_number", self.severity_number)?;
        batch.add("severity_text", self.severity_text)?;
        batch.add("event_name", self.event_name)?;
        batch.add("body", self.body)?;
        batch.add("body_type", self.body_type)?;
        batch.add("flags", self.flags)?;
        batch.add("dropped_attributes_count", self.dropped_attributes_count)?;
        self.origin.add_to(&mut batch, received_at)?;
        self.promoted.add_to(&mut batch)?;
        let (map, types) = self.attributes.into_columns();
        batch.add("attributes", map)?;
        batch.add("attribute_types", types)?;
        batches.tables.push((Table::Logs, batch.into_batch()?));
        Ok(())
    }
}
