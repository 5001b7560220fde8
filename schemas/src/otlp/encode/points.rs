//! Points of every kind: a row of `points`, `histograms`, `exp_histograms` or `summaries` as its message.
//!
//! Knows no series: a point's attributes are written before it comes here.

use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampNanosecondType, UInt32Type, UInt64Type};

use super::columns::{Columns, IdColumn, NumberColumn, NumberListColumn};
use super::exemplars::{Exemplars, PointKey};
use super::{EncodeError, Tally};
use crate::otlp::wire::WIRE_LENGTH;
use crate::otlp::wire_writer::{
    close, open, put_fixed64, put_key, put_non_default_fixed64, put_non_default_sint32, put_non_default_varint,
    put_varint,
};
use crate::tables::Table;

/// A batch of points of one kind.
pub(super) struct PointBatch<'b> {
    pub start: StartColumns<'b>,
    rest: Rest<'b>,
}

/// What the kinds do not share.
enum Rest<'b> {
    Number(NumberColumns<'b>),
    Histogram(HistogramColumns<'b>),
    Exponential(Box<ExponentialColumns<'b>>),
    Summary(SummaryColumns<'b>),
}

impl<'b> PointBatch<'b> {
    /// The columns of a table of points; `None` for any other table.
    pub(super) fn new(table: Table, columns: &Columns<'b>) -> Result<Option<Self>, EncodeError> {
        let rest = match table {
            Table::Points => Rest::Number(NumberColumns::new(columns)?),
            Table::Histograms => Rest::Histogram(HistogramColumns::new(columns)?),
            Table::ExpHistograms => Rest::Exponential(Box::new(ExponentialColumns::new(columns)?)),
            Table::Summaries => Rest::Summary(SummaryColumns::new(columns)?),
            _ => return Ok(None),
        };
        Ok(Some(Self { start: StartColumns::new(columns)?, rest }))
    }

    /// Writes the row's fields besides its attributes, which are written already.
    pub(super) fn put(&self, out: &mut Vec<u8>, row: usize, exemplars: &mut Exemplars<'_>, tally: &mut Tally) {
        // In every kind the times have the same numbers.
        put_non_default_fixed64(out, 2, self.start.start_time.or_zero(row).cast_unsigned());
        put_non_default_fixed64(out, 3, self.start.time.or_zero(row).cast_unsigned());
        let (flags_number, exemplars_number) = match &self.rest {
            Rest::Number(columns) => {
                columns.put(out, row);
                (8, Some(5))
            }
            Rest::Histogram(columns) => {
                columns.put(out, row);
                (10, Some(8))
            }
            Rest::Exponential(columns) => {
                columns.put(out, row);
                (10, Some(11))
            }
            Rest::Summary(columns) => {
                columns.put(out, row);
                (8, None)
            }
        };
        put_non_default_varint(out, flags_number, u64::from(self.start.flags.or_zero(row)));
        if let Some(number) = exemplars_number {
            exemplars.put(out, number, self.start.key(row), tally);
        }
    }
}

/// The columns that start every table of points.
pub(super) struct StartColumns<'b> {
    pub series_id: IdColumn<'b, 16>,
    time: NumberColumn<'b, TimestampNanosecondType>,
    start_time: NumberColumn<'b, TimestampNanosecondType>,
    flags: NumberColumn<'b, UInt32Type>,
}

impl<'b> StartColumns<'b> {
    fn new(columns: &Columns<'b>) -> Result<Self, EncodeError> {
        Ok(Self {
            series_id: columns.ids("series_id")?,
            time: columns.numbers("time")?,
            start_time: columns.numbers("start_time")?,
            flags: columns.numbers("flags")?,
        })
    }

    fn key(&self, row: usize) -> PointKey {
        (self.series_id.get(row).copied(), self.time.or_zero(row))
    }
}

/// A double that may be missing, which is not the same as zero.
fn put_some_double(out: &mut Vec<u8>, number: u32, double: Option<f64>) {
    if let Some(double) = double {
        put_fixed64(out, number, double.to_bits());
    }
}

/// A double whose absence is zero; minus zero is not.
fn put_double(out: &mut Vec<u8>, number: u32, double: f64) {
    put_non_default_fixed64(out, number, double.to_bits());
}

/// A packed list of 64-bit numbers.
fn put_packed(out: &mut Vec<u8>, number: u32, values: impl ExactSizeIterator<Item = u64>) {
    if values.len() == 0 {
        return;
    }
    put_key(out, number, WIRE_LENGTH);
    put_varint(out, values.len() as u64 * 8);
    values.for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
}

// === Numbers ===

struct NumberColumns<'b> {
    value_double: NumberColumn<'b, Float64Type>,
    value_int: NumberColumn<'b, Int64Type>,
}

impl<'b> NumberColumns<'b> {
    fn new(columns: &Columns<'b>) -> Result<Self, EncodeError> {
        Ok(Self { value_double: columns.numbers("value_double")?, value_int: columns.numbers("value_int")? })
    }

    /// A point without a value has neither: its flags say so.
    fn put(&self, out: &mut Vec<u8>, row: usize) {
        if let Some(double) = self.value_double.get(row) {
            put_fixed64(out, 4, double.to_bits());
        } else if let Some(integer) = self.value_int.get(row) {
            put_fixed64(out, 6, integer.cast_unsigned());
        }
    }
}

// === Histograms ===

struct TotalColumns<'b> {
    count: NumberColumn<'b, UInt64Type>,
    sum: NumberColumn<'b, Float64Type>,
    min: NumberColumn<'b, Float64Type>,
    max: NumberColumn<'b, Float64Type>,
}

impl<'b> TotalColumns<'b> {
    fn new(columns: &Columns<'b>) -> Result<Self, EncodeError> {
        Ok(Self {
            count: columns.numbers("count")?,
            sum: columns.numbers("sum")?,
            min: columns.numbers("min")?,
            max: columns.numbers("max")?,
        })
    }

    /// Count and sum have the same numbers in both kinds of histogram, minimum and maximum have not.
    fn put(&self, out: &mut Vec<u8>, row: usize, min_number: u32) {
        put_non_default_fixed64(out, 4, self.count.or_zero(row));
        put_some_double(out, 5, self.sum.get(row));
        put_some_double(out, min_number, self.min.get(row));
        put_some_double(out, min_number + 1, self.max.get(row));
    }
}

struct HistogramColumns<'b> {
    totals: TotalColumns<'b>,
    bucket_counts: NumberListColumn<'b, UInt64Type>,
    explicit_bounds: NumberListColumn<'b, Float64Type>,
}

impl<'b> HistogramColumns<'b> {
    fn new(columns: &Columns<'b>) -> Result<Self, EncodeError> {
        Ok(Self {
            totals: TotalColumns::new(columns)?,
            bucket_counts: columns.number_lists("bucket_counts")?,
            explicit_bounds: columns.number_lists("explicit_bounds")?,
        })
    }

    fn put(&self, out: &mut Vec<u8>, row: usize) {
        self.totals.put(out, row, 11);
        put_packed(out, 6, self.bucket_counts.get(row).iter().copied());
        put_packed(out, 7, self.explicit_bounds.get(row).iter().map(|bound| bound.to_bits()));
    }
}

// === Exponential histograms ===

struct ExponentialColumns<'b> {
    totals: TotalColumns<'b>,
    scale: NumberColumn<'b, Int32Type>,
    zero_count: NumberColumn<'b, UInt64Type>,
    zero_threshold: NumberColumn<'b, Float64Type>,
    positive: BucketColumns<'b>,
    negative: BucketColumns<'b>,
}

impl<'b> ExponentialColumns<'b> {
    fn new(columns: &Columns<'b>) -> Result<Self, EncodeError> {
        Ok(Self {
            totals: TotalColumns::new(columns)?,
            scale: columns.numbers("scale")?,
            zero_count: columns.numbers("zero_count")?,
            zero_threshold: columns.numbers("zero_threshold")?,
            positive: BucketColumns::new(columns, "positive_offset", "positive_bucket_counts")?,
            negative: BucketColumns::new(columns, "negative_offset", "negative_bucket_counts")?,
        })
    }

    fn put(&self, out: &mut Vec<u8>, row: usize) {
        self.totals.put(out, row, 12);
        put_non_default_sint32(out, 6, self.scale.or_zero(row));
        put_non_default_fixed64(out, 7, self.zero_count.or_zero(row));
        self.positive.put(out, 8, row);
        self.negative.put(out, 9, row);
        put_double(out, 14, self.zero_threshold.or_zero(row));
    }
}

/// One side of an exponential histogram.
struct BucketColumns<'b> {
    offset: NumberColumn<'b, Int32Type>,
    counts: NumberListColumn<'b, UInt64Type>,
}

impl<'b> BucketColumns<'b> {
    fn new(columns: &Columns<'b>, offset: &str, counts: &str) -> Result<Self, EncodeError> {
        Ok(Self { offset: columns.numbers(offset)?, counts: columns.number_lists(counts)? })
    }

    /// A side that the point did not have has no offset.
    fn put(&self, out: &mut Vec<u8>, number: u32, row: usize) {
        let (offset, counts) = (self.offset.get(row), self.counts.get(row));
        if offset.is_none() && counts.is_empty() {
            return;
        }
        let buckets = open(out, number);
        put_non_default_sint32(out, 1, offset.unwrap_or_default());
        if !counts.is_empty() {
            let packed = open(out, 2);
            counts.iter().for_each(|count| put_varint(out, *count));
            close(out, packed);
        }
        close(out, buckets);
    }
}

// === Summaries ===

struct SummaryColumns<'b> {
    count: NumberColumn<'b, UInt64Type>,
    sum: NumberColumn<'b, Float64Type>,
    quantiles: NumberListColumn<'b, Float64Type>,
    quantile_values: NumberListColumn<'b, Float64Type>,
}

impl<'b> SummaryColumns<'b> {
    fn new(columns: &Columns<'b>) -> Result<Self, EncodeError> {
        Ok(Self {
            count: columns.numbers("count")?,
            sum: columns.numbers("sum")?,
            quantiles: columns.number_lists("quantiles")?,
            quantile_values: columns.number_lists("quantile_values")?,
        })
    }

    fn put(&self, out: &mut Vec<u8>, row: usize) {
        put_non_default_fixed64(out, 4, self.count.or_zero(row));
        put_double(out, 5, self.sum.or_zero(row));
        for (quantile, value) in self.quantiles.get(row).iter().zip(self.quantile_values.get(row)) {
            let at_quantile = open(out, 6);
            put_double(out, 1, *quantile);
            put_double(out, 2, *value);
            close(out, at_quantile);
        }
    }
}
