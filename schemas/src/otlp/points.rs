//! Number points and exemplars: from the wire to `points` and `exemplars`, and what starts every kind of point.
//!
//! Knows no series: ids are handed in.

use std::ops::Range;

use arrow::datatypes::{Float64Type, Int64Type, TimestampNanosecondType, UInt32Type};

use super::attributes::AttributeColumns;
use super::columns::{Assembler, ColumnError, Ids, Numbers, SparseIds, SparseNumbers, fields_of};
use super::envelope::Shared;
use super::logs::optional_id;
use super::notes::Change;
use super::wire::{Reader, Wire};
use crate::ingest::Batches;
use crate::tables::Table;

/// What every point has.
#[derive(Clone, Copy, Default)]
pub(super) struct PointStart {
    pub start_time: u64,
    pub time: u64,
    pub flags: u32,
}

impl PointStart {
    /// Whether the times are nanoseconds that a timestamp can hold.
    #[inline(always)]
    pub(super) fn in_range(&self) -> bool {
        (self.start_time | self.time) >> 63 == 0
    }
}

/// The columns that start every table of points.
#[derive(Default)]
pub(super) struct PointColumns {
    pub rows: usize,
    series_id: Ids<16>,
    time: Numbers<TimestampNanosecondType>,
    start_time: SparseNumbers<TimestampNanosecondType>,
    flags: Numbers<UInt32Type>,
}

impl PointColumns {
    pub(super) fn reserve(&mut self, rows: usize) {
        self.series_id.reserve(rows);
        self.time.reserve(rows);
        self.flags.reserve(rows);
    }

    /// Writes the row; its number is what it answers.
    #[inline(always)]
    pub(super) fn push(&mut self, series_id: &[u8; 16], start: &PointStart) -> usize {
        let row = self.rows;
        self.series_id.push(series_id);
        self.time.push(start.time.cast_signed());
        if start.start_time != 0 {
            self.start_time.set(row, start.start_time.cast_signed());
        }
        self.flags.push(start.flags);
        self.rows += 1;
        row
    }

    pub(super) fn add_to(self, batch: &mut Assembler<'_>, received_at: i64) -> Result<(), ColumnError> {
        batch.add("series_id", self.series_id)?;
        batch.add("time", self.time)?;
        batch.add("start_time", self.start_time)?;
        batch.add("flags", self.flags)?;
        batch.add("received_time", Numbers::<TimestampNanosecondType>::constant(received_at, self.rows))
    }
}

/// A number of either type, or none.
#[derive(Clone, Copy, Default)]
enum Number {
    #[default]
    Missing,
    Double(f64),
    Integer(i64),
}

#[derive(Default)]
struct NumberColumns {
    value_double: SparseNumbers<Float64Type>,
    value_int: SparseNumbers<Int64Type>,
}

impl NumberColumns {
    #[inline(always)]
    fn push(&mut self, row: usize, number: Number) {
        match number {
            Number::Missing => {}
            Number::Double(double) => self.value_double.set(row, double),
            Number::Integer(integer) => self.value_int.set(row, integer),
        }
    }

    fn add_to(self, batch: &mut Assembler<'_>) -> Result<(), ColumnError> {
        batch.add("value_double", self.value_double)?;
        batch.add("value_int", self.value_int)
    }
}

/// Points of gauges and sums.
#[derive(Default)]
pub(super) struct NumberRows<'a> {
    start: PointColumns,
    values: NumberColumns,
    /// The value of the point that was read last.
    value: Number,
    /// The exemplars of the point that was read last, as on the wire.
    pub exemplars: Vec<&'a [u8]>,
}

impl<'a> NumberRows<'a> {
    pub(super) fn reserve(&mut self, rows: usize) {
        self.start.reserve(rows);
    }

    #[inline]
    pub(super) fn read(&mut self, shared: &mut Shared<'a>, message: &'a [u8]) -> Wire<PointStart> {
        let mut start = PointStart::default();
        let mut value = Number::Missing;
        self.exemplars.clear();
        let mut reader = Reader::new(message);
        while let Some(key) = reader.key()? {
            match key {
                0x11 => start.start_time = reader.fixed64()?,
                0x19 => start.time = reader.fixed64()?,
                0x21 => value = Number::Double(reader.double()?),
                0x2a => self.exemplars.push(reader.bytes()?),
                0x31 => value = Number::Integer(reader.fixed64()?.cast_signed()),
                0x3a => shared.list.read(&mut shared.scan, shared.limits, reader.bytes()?)?,
                0x40 => start.flags = reader.varint()? as u32,
                other => shared.scan.skip(&mut reader, other, 0b1_1111_1100)?,
            }
        }
        self.value = value;
        Ok(start)
    }

    #[inline]
    pub(super) fn push(&mut self, series_id: &[u8; 16], start: &PointStart) {
        let row = self.start.push(series_id, start);
        self.values.push(row, self.value);
    }

    pub(super) fn finish(self, received_at: i64, batches: &mut Batches) -> Result<(), ColumnError> {
        if self.start.rows == 0 {
            return Ok(());
        }
        let fields = fields_of(Table::Points);
        let mut batch = Assembler::new(self.start.rows, &fields);
        self.start.add_to(&mut batch, received_at)?;
        self.values.add_to(&mut batch)?;
        batches.tables.push((Table::Points, batch.into_batch()?));
        Ok(())
    }
}

/// An exemplar that was read; its attributes lie in `Shared::list`.
struct Exemplar<'a> {
    time: i64,
    value: Number,
    trace_id: &'a [u8],
    span_id: &'a [u8],
    attributes: Range<usize>,
    over_limit: u32,
}

/// Exemplars of every kind of point.
#[derive(Default)]
pub(super) struct ExemplarRows<'a> {
    rows: usize,
    read: Vec<Exemplar<'a>>,
    /// Of the point that was read last: exemplars whose time is out of range.
    out_of_range: u32,
    /// Of the point that was read last: attributes nested too deep.
    too_deep: u32,
    series_id: Ids<16>,
    time: Numbers<TimestampNanosecondType>,
    point_time: Numbers<TimestampNanosecondType>,
    values: NumberColumns,
    trace_id: SparseIds<16>,
    span_id: SparseIds<8>,
    attributes: AttributeColumns,
}

impl<'a> ExemplarRows<'a> {
    /// Reads the exemplars of a point, to be pushed or forgotten with it.
    #[inline]
    pub(super) fn read(&mut self, shared: &mut Shared<'a>, messages: &[&'a [u8]]) -> Wire<()> {
        self.read.clear();
        self.out_of_range = 0;
        if messages.is_empty() {
            return Ok(());
        }
        let too_deep_before = shared.list.too_deep;
        for message in messages {
            match read_exemplar(shared, message)? {
                Some(exemplar) => self.read.push(exemplar),
                None => self.out_of_range += 1,
            }
        }
        self.too_deep = shared.list.too_deep - too_deep_before;
        Ok(())
    }

    /// Stores what was read last.
    #[inline]
    pub(super) fn push(&mut self, shared: &mut Shared<'a>, series_id: &[u8; 16], point: &PointStart) {
        if self.out_of_range > 0 {
            shared.notes.change(Change::ExemplarsDropped, self.out_of_range);
        }
        if self.read.is_empty() {
            return;
        }
        shared.notes.change(Change::AttributesTooDeep, self.too_deep);
        for exemplar in self.read.drain(..) {
            if !shared.room.take(0) {
                shared.notes.change(Change::ExemplarsDropped, 1);
                continue;
            }
            shared.notes.change(Change::AttributesOverLimit, exemplar.over_limit);
            self.series_id.push(series_id);
            self.time.push(exemplar.time);
            self.point_time.push(point.time.cast_signed());
            self.values.push(self.rows, exemplar.value);
            if let Some(trace_id) = optional_id(&mut shared.notes, exemplar.trace_id) {
                self.trace_id.set(self.rows, trace_id);
            }
            if let Some(span_id) = optional_id(&mut shared.notes, exemplar.span_id) {
                self.span_id.set(self.rows, span_id);
            }
            self.attributes.push_row(&shared.list.entries[exemplar.attributes]);
            self.rows += 1;
        }
    }

    pub(super) fn finish(self, received_at: i64, batches: &mut Batches) -> Result<(), ColumnError> {
        if self.rows == 0 {
            return Ok(());
        }
        let fields = fields_of(Table::Exemplars);
        let mut batch = Assembler::new(self.rows, &fields);
        batch.add("series_id", self.series_id)?;
        batch.add("time", self.time)?;
        batch.add("point_time", self.point_time)?;
        batch.add("received_time", Numbers::<TimestampNanosecondType>::constant(received_at, self.rows))?;
        self.values.add_to(&mut batch)?;
        batch.add("trace_id", self.trace_id)?;
        batch.add("span_id", self.span_id)?;
        let (map, types) = self.attributes.into_columns();
        batch.add("attributes", map)?;
        batch.add("attribute_types", types)?;
        batches.tables.push((Table::Exemplars, batch.into_batch()?));
        Ok(())
    }
}

/// Reads an exemplar; `None` where its time is out of range.
fn read_exemplar<'a>(shared: &mut Shared<'a>, message: &'a [u8]) -> Wire<Option<Exemplar<'a>>> {
    let mut time = 0;
    let mut value = Number::Missing;
    let (mut trace_id, mut span_id): (&[u8], &[u8]) = (&[], &[]);
    shared.list.begin();
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x11 => time = reader.fixed64()?,
            0x19 => value = Number::Double(reader.double()?),
            0x22 => span_id = reader.bytes()?,
            0x2a => trace_id = reader.bytes()?,
            0x31 => value = Number::Integer(reader.fixed64()?.cast_signed()),
            0x3a => shared.list.read(&mut shared.scan, shared.limits, reader.bytes()?)?,
            other => shared.scan.skip(&mut reader, other, 0b1111_1100)?,
        }
    }
    let attributes = shared.list.part();
    let over_limit = shared.list.over_limit;
    Ok(i64::try_from(time).ok().map(|time| Exemplar { time, value, trace_id, span_id, attributes, over_limit }))
}
