//! Histograms, exponential histograms and summaries: from the wire to their tables.
//!
//! Each reads one point into itself and stores it once `metrics` has taken it.

use arrow::datatypes::{Float64Type, Int32Type, UInt64Type};

use super::attributes::Scan;
use super::columns::{Assembler, ColumnError, NumberLists, Numbers, SparseNumbers, fields_of};
use super::envelope::Shared;
use super::points::{PointColumns, PointStart};
use super::wire::{Reader, Singular, Wire, unzigzag};
use crate::ingest::Batches;
use crate::tables::Table;

/// Count, sum, minimum and maximum.
#[derive(Clone, Copy, Default)]
struct Totals {
    count: u64,
    sum: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

#[derive(Default)]
struct TotalColumns {
    count: Numbers<UInt64Type>,
    sum: SparseNumbers<Float64Type>,
    min: SparseNumbers<Float64Type>,
    max: SparseNumbers<Float64Type>,
}

impl TotalColumns {
    fn push(&mut self, row: usize, totals: Totals) {
        self.count.push(totals.count);
        self.sum.set_some(row, totals.sum);
        self.min.set_some(row, totals.min);
        self.max.set_some(row, totals.max);
    }

    fn add_to(self, batch: &mut Assembler<'_>) -> Result<(), ColumnError> {
        batch.add("count", self.count)?;
        batch.add("sum", self.sum)?;
        batch.add("min", self.min)?;
        batch.add("max", self.max)
    }
}

/// Reads a packed list of 64-bit numbers.
fn read_packed_fixed64(reader: &mut Reader<'_>, mut take: impl FnMut(u64)) -> Wire<()> {
    let mut packed = Reader::new(reader.bytes()?);
    while !packed.is_empty() {
        take(packed.fixed64()?);
    }
    Ok(())
}

// === Histograms ===

#[derive(Default)]
pub(super) struct HistogramRows<'a> {
    start: PointColumns,
    totals: TotalColumns,
    bucket_counts: NumberLists<UInt64Type>,
    explicit_bounds: NumberLists<Float64Type>,
    read_totals: Totals,
    read_counts: Vec<u64>,
    read_bounds: Vec<f64>,
    /// The exemplars of the point that was read last, as on the wire.
    pub exemplars: Vec<&'a [u8]>,
}

impl<'a> HistogramRows<'a> {
    pub(super) fn read(&mut self, shared: &mut Shared<'a>, message: &'a [u8]) -> Wire<PointStart> {
        let mut start = PointStart::default();
        let mut totals = Totals::default();
        self.read_counts.clear();
        self.read_bounds.clear();
        self.exemplars.clear();
        let mut reader = Reader::new(message);
        while let Some(key) = reader.key()? {
            match key {
                0x11 => start.start_time = reader.fixed64()?,
                0x19 => start.time = reader.fixed64()?,
                0x21 => totals.count = reader.fixed64()?,
                0x29 => totals.sum = Some(reader.double()?),
                0x31 => self.read_counts.push(reader.fixed64()?),
                0x32 => read_packed_fixed64(&mut reader, |count| self.read_counts.push(count))?,
                0x39 => self.read_bounds.push(reader.double()?),
                0x3a => read_packed_fixed64(&mut reader, |bits| self.read_bounds.push(f64::from_bits(bits)))?,
                0x42 => self.exemplars.push(reader.bytes()?),
                0x4a => shared.list.read(&mut shared.scan, shared.limits, reader.bytes()?)?,
                0x50 => start.flags = reader.varint()? as u32,
                0x59 => totals.min = Some(reader.double()?),
                0x61 => totals.max = Some(reader.double()?),
                other => shared.scan.skip(&mut reader, other, 0b1_1111_1111_1100)?,
            }
        }
        self.read_totals = totals;
        Ok(start)
    }

    /// Whether the last point read has one bucket more than bounds, or neither.
    pub(super) fn buckets_fit(&self) -> bool {
        let (counts, bounds) = (self.read_counts.len(), self.read_bounds.len());
        counts == bounds + 1 || (counts == 0 && bounds == 0)
    }

    pub(super) fn push(&mut self, series_id: &[u8; 16], start: &PointStart) {
        let row = self.start.push(series_id, start);
        self.totals.push(row, self.read_totals);
        self.bucket_counts.push_list(&self.read_counts);
        self.explicit_bounds.push_list(&self.read_bounds);
    }

    pub(super) fn finish(self, received_at: i64, batches: &mut Batches) -> Result<(), ColumnError> {
        if self.start.rows == 0 {
            return Ok(());
        }
        let fields = fields_of(Table::Histograms);
        let mut batch = Assembler::new(self.start.rows, &fields);
        self.start.add_to(&mut batch, received_at)?;
        self.totals.add_to(&mut batch)?;
        batch.add("bucket_counts", self.bucket_counts)?;
        batch.add("explicit_bounds", self.explicit_bounds)?;
        batches.tables.push((Table::Histograms, batch.into_batch()?));
        Ok(())
    }
}

// === Exponential histograms ===

/// One side of an exponential histogram.
#[derive(Default)]
struct Buckets {
    offset: SparseNumbers<Int32Type>,
    counts: NumberLists<UInt64Type>,
    read_offset: Option<i32>,
    read_counts: Vec<u64>,
}

impl Buckets {
    fn read(&mut self, scan: &mut Scan, parts: &Singular<'_>) -> Wire<()> {
        self.read_offset = parts.is_present().then_some(0);
        self.read_counts.clear();
        for part in parts.parts() {
            let mut reader = Reader::new(part);
            while let Some(key) = reader.key()? {
                match key {
                    0x08 => self.read_offset = Some(unzigzag(reader.varint()?)),
                    0x10 => self.read_counts.push(reader.varint()?),
                    0x12 => {
                        let mut packed = Reader::new(reader.bytes()?);
                        while !packed.is_empty() {
                            self.read_counts.push(packed.varint()?);
                        }
                    }
                    other => scan.skip(&mut reader, other, 0b110)?,
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, row: usize) {
        self.offset.set_some(row, self.read_offset);
        self.counts.push_list(&self.read_counts);
    }
}

#[derive(Default)]
pub(super) struct ExpHistogramRows<'a> {
    start: PointColumns,
    totals: TotalColumns,
    scale: Numbers<Int32Type>,
    zero_count: Numbers<UInt64Type>,
    zero_threshold: Numbers<Float64Type>,
    positive: Buckets,
    negative: Buckets,
    read_totals: Totals,
    read_scale: i32,
    read_zero_count: u64,
    read_zero_threshold: f64,
    /// The exemplars of the point that was read last, as on the wire.
    pub exemplars: Vec<&'a [u8]>,
}

impl<'a> ExpHistogramRows<'a> {
    pub(super) fn read(&mut self, shared: &mut Shared<'a>, message: &'a [u8]) -> Wire<PointStart> {
        let mut start = PointStart::default();
        let mut totals = Totals::default();
        let (mut positive, mut negative) = (Singular::default(), Singular::default());
        (self.read_scale, self.read_zero_count, self.read_zero_threshold) = (0, 0, 0.0);
        self.exemplars.clear();
        let mut reader = Reader::new(message);
        while let Some(key) = reader.key()? {
            match key {
                0x0a => shared.list.read(&mut shared.scan, shared.limits, reader.bytes()?)?,
                0x11 => start.start_time = reader.fixed64()?,
                0x19 => start.time = reader.fixed64()?,
                0x21 => totals.count = reader.fixed64()?,
                0x29 => totals.sum = Some(reader.double()?),
                0x30 => self.read_scale = unzigzag(reader.varint()?),
                0x39 => self.read_zero_count = reader.fixed64()?,
                0x42 => positive.push(reader.bytes()?),
                0x4a => negative.push(reader.bytes()?),
                0x50 => start.flags = reader.varint()? as u32,
                0x5a => self.exemplars.push(reader.bytes()?),
                0x61 => totals.min = Some(reader.double()?),
                0x69 => totals.max = Some(reader.double()?),
                0x71 => self.read_zero_threshold = reader.double()?,
                other => shared.scan.skip(&mut reader, other, 0x7ffe)?,
            }
        }
        self.read_totals = totals;
        self.positive.read(&mut shared.scan, &positive)?;
        self.negative.read(&mut shared.scan, &negative)?;
        Ok(start)
    }

    pub(super) fn push(&mut self, series_id: &[u8; 16], start: &PointStart) {
        let row = self.start.push(series_id, start);
        self.totals.push(row, self.read_totals);
        self.scale.push(self.read_scale);
        self.zero_count.push(self.read_zero_count);
        self.zero_threshold.push(self.read_zero_threshold);
        self.positive.push(row);
        self.negative.push(row);
    }

    pub(super) fn finish(self, received_at: i64, batches: &mut Batches) -> Result<(), ColumnError> {
        if self.start.rows == 0 {
            return Ok(());
        }
        let fields = fields_of(Table::ExpHistograms);
        let mut batch = Assembler::new(self.start.rows, &fields);
        self.start.add_to(&mut batch, received_at)?;
        self.totals.add_to(&mut batch)?;
        batch.add("scale", self.scale)?;
        batch.add("zero_count", self.zero_count)?;
        batch.add("zero_threshold", self.zero_threshold)?;
        batch.add("positive_offset", self.positive.offset)?;
        batch.add("positive_bucket_counts", self.positive.counts)?;
        batch.add("negative_offset", self.negative.offset)?;
        batch.add("negative_bucket_counts", self.negative.counts)?;
        batches.tables.push((Table::ExpHistograms, batch.into_batch()?));
        Ok(())
    }
}

// === Summaries ===

#[derive(Default)]
pub(super) struct SummaryRows {
    start: PointColumns,
    count: Numbers<UInt64Type>,
    sum: Numbers<Float64Type>,
    quantiles: NumberLists<Float64Type>,
    quantile_values: NumberLists<Float64Type>,
    read_count: u64,
    read_sum: f64,
    read_quantiles: Vec<f64>,
    read_quantile_values: Vec<f64>,
}

impl SummaryRows {
    pub(super) fn read<'a>(&mut self, shared: &mut Shared<'a>, message: &'a [u8]) -> Wire<PointStart> {
        let mut start = PointStart::default();
        (self.read_count, self.read_sum) = (0, 0.0);
        self.read_quantiles.clear();
        self.read_quantile_values.clear();
        let mut reader = Reader::new(message);
        while let Some(key) = reader.key()? {
            match key {
                0x11 => start.start_time = reader.fixed64()?,
                0x19 => start.time = reader.fixed64()?,
                0x21 => self.read_count = reader.fixed64()?,
                0x29 => self.read_sum = reader.double()?,
                0x32 => self.read_quantile(&mut shared.scan, reader.bytes()?)?,
                0x3a => shared.list.read(&mut shared.scan, shared.limits, reader.bytes()?)?,
                0x40 => start.flags = reader.varint()? as u32,
                other => shared.scan.skip(&mut reader, other, 0b1_1111_1100)?,
            }
        }
        Ok(start)
    }

    fn read_quantile(&mut self, scan: &mut Scan, message: &[u8]) -> Wire<()> {
        let (mut quantile, mut value) = (0.0, 0.0);
        let mut reader = Reader::new(message);
        while let Some(key) = reader.key()? {
            match key {
                0x09 => quantile = reader.double()?,
                0x11 => value = reader.double()?,
                other => scan.skip(&mut reader, other, 0b110)?,
            }
        }
        self.read_quantiles.push(quantile);
        self.read_quantile_values.push(value);
        Ok(())
    }

    pub(super) fn push(&mut self, series_id: &[u8; 16], start: &PointStart) {
        self.start.push(series_id, start);
        self.count.push(self.read_count);
        self.sum.push(self.read_sum);
        self.quantiles.push_list(&self.read_quantiles);
        self.quantile_values.push_list(&self.read_quantile_values);
    }

    pub(super) fn finish(self, received_at: i64, batches: &mut Batches) -> Result<(), ColumnError> {
        if self.start.rows == 0 {
            return Ok(());
        }
        let fields = fields_of(Table::Summaries);
        let mut batch = Assembler::new(self.start.rows, &fields);
        self.start.add_to(&mut batch, received_at)?;
        batch.add("count", self.count)?;
        batch.add("sum", self.sum)?;
        batch.add("quantiles", self.quantiles)?;
        batch.add("quantile_values", self.quantile_values)?;
        batches.tables.push((Table::Summaries, batch.into_batch()?));
        Ok(())
    }
}
