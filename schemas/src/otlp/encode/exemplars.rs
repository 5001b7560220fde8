//! Exemplars, joined to their points by series and time of the point.
//!
//! Each is given out once: of several points of one series and time the first that is written takes them.

use std::collections::HashMap;

use arrow::datatypes::{Float64Type, Int64Type, TimestampNanosecondType};
use arrow::record_batch::RecordBatch;

use super::attributes::AttributeColumns;
use super::columns::{Columns, IdColumn, NumberColumn};
use super::{EncodeError, Tally};
use crate::otlp::wire_writer::{close, open, put_fixed64, put_non_default_bytes, put_non_default_fixed64};
use crate::tables::Table;

/// The exemplars that are still without their point.
pub(super) struct Exemplars<'b> {
    batches: Vec<ExemplarColumns<'b>>,
    /// Batch and row.
    waiting: HashMap<PointKey, Vec<(usize, usize)>>,
}

/// Series and time; neither is missing in the physical table.
pub(super) type PointKey = (Option<[u8; 16]>, i64);

struct ExemplarColumns<'b> {
    time: NumberColumn<'b, TimestampNanosecondType>,
    value_double: NumberColumn<'b, Float64Type>,
    value_int: NumberColumn<'b, Int64Type>,
    trace_id: IdColumn<'b, 16>,
    span_id: IdColumn<'b, 8>,
    attributes: AttributeColumns<'b>,
}

impl<'b> Exemplars<'b> {
    pub(super) fn new(tables: &'b [(Table, RecordBatch)]) -> Result<Self, EncodeError> {
        let mut exemplars = Self { batches: Vec::new(), waiting: HashMap::new() };
        for (_, batch) in tables.iter().filter(|(table, _)| *table == Table::Exemplars) {
            let columns = Columns::of_batch(Table::Exemplars, batch);
            let series_id: IdColumn<'_, 16> = columns.ids("series_id")?;
            let point_time: NumberColumn<'_, TimestampNanosecondType> = columns.numbers("point_time")?;
            for row in 0..batch.num_rows() {
                let point = (series_id.get(row).copied(), point_time.or_zero(row));
                exemplars.waiting.entry(point).or_default().push((exemplars.batches.len(), row));
            }
            exemplars.batches.push(ExemplarColumns::new(&columns)?);
        }
        Ok(exemplars)
    }

    /// Writes the point's exemplars as fields of this number.
    pub(super) fn put(&mut self, out: &mut Vec<u8>, number: u32, point: PointKey, tally: &mut Tally) {
        if self.waiting.is_empty() {
            return;
        }
        for (batch, row) in self.waiting.remove(&point).unwrap_or_default() {
            self.batches[batch].put(out, number, row, tally);
        }
    }

    /// How many found no point.
    pub(super) fn left(&self) -> u64 {
        self.waiting.values().map(|rows| rows.len() as u64).sum()
    }
}

impl<'b> ExemplarColumns<'b> {
    fn new(columns: &Columns<'b>) -> Result<Self, EncodeError> {
        Ok(Self {
            time: columns.numbers("time")?,
            value_double: columns.numbers("value_double")?,
            value_int: columns.numbers("value_int")?,
            trace_id: columns.ids("trace_id")?,
            span_id: columns.ids("span_id")?,
            attributes: AttributeColumns::new(columns)?,
        })
    }

    fn put(&self, out: &mut Vec<u8>, number: u32, row: usize, tally: &mut Tally) {
        let exemplar = open(out, number);
        put_non_default_fixed64(out, 2, self.time.or_zero(row).cast_unsigned());
        if let Some(double) = self.value_double.get(row) {
            put_fixed64(out, 3, double.to_bits());
        } else if let Some(integer) = self.value_int.get(row) {
            put_fixed64(out, 6, integer.cast_unsigned());
        }
        put_non_default_bytes(out, 4, self.span_id.bytes(row));
        put_non_default_bytes(out, 5, self.trace_id.bytes(row));
        self.attributes.put(out, 7, row, tally);
        close(out, exemplar);
    }
}
