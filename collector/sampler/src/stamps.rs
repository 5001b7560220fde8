//! The columns of a row that say of which trace it is and with which probability it is there.
//!
//! Owns how they are written and read. Never decides what stands in them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeBinaryArray, Float64Builder, Int32Builder, Int64Array, Int64Builder,
    RecordBatch, StringBuilder,
};
use arrow::datatypes::{Field, Int64Type, Schema};
use arrow::error::ArrowError;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::sampling::COLUMNS;

use crate::decide::strata::StratumId;
use crate::threshold::Threshold;

/// What is written on one row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp<'a> {
    pub threshold: Threshold,
    /// `None` where no hour was decided yet.
    pub stratum: Option<StratumId>,
    pub reason: &'a str,
}

/// The columns of [`COLUMNS`], in their order.
#[derive(Default)]
pub(crate) struct Stamps {
    probability: Float64Builder,
    threshold: Int64Builder,
    stratum: Int32Builder,
    reason: StringBuilder,
}

impl Stamps {
    /// Of the next row; `None` for one that stands for itself alone.
    pub(crate) fn push(&mut self, stamp: Option<Stamp<'_>>) {
        self.probability.append_option(stamp.map(|stamp| stamp.threshold.probability()));
        self.threshold.append_option(stamp.and_then(|stamp| i64::try_from(stamp.threshold.bits()).ok()));
        self.stratum.append_option(stamp.and_then(|stamp| stamp.stratum).map(|stratum| i32::from(stratum.0)));
        self.reason.append_option(stamp.map(|stamp| stamp.reason));
    }

    fn finish(mut self) -> [ArrayRef; 4] {
        [
            Arc::new(self.probability.finish()),
            Arc::new(self.threshold.finish()),
            Arc::new(self.stratum.finish()),
            Arc::new(self.reason.finish()),
        ]
    }
}

/// The batch with these columns at its end, where its table has them, in place of what it had.
pub(crate) fn with_stamps(batch: &RecordBatch, stamps: Stamps) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let is_own = |name: &str| !COLUMNS.contains(&name);
    let kept = schema.fields().iter().zip(batch.columns()).filter(|(field, _)| is_own(field.name()));
    let (mut fields, mut arrays): (Vec<_>, Vec<ArrayRef>) =
        kept.map(|(field, column)| (Arc::clone(field), Arc::clone(column))).unzip();
    for (name, array) in COLUMNS.iter().zip(stamps.finish()) {
        fields.push(Arc::new(Field::new(*name, array.data_type().clone(), true)));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

/// The trace ids of a table that has them.
pub(crate) fn trace_ids(batch: &RecordBatch) -> Option<&FixedSizeBinaryArray> {
    batch.column_by_name("trace_id").map(|ids| ids.as_fixed_size_binary())
}

/// The id at that row; `None` where there is none, and for the all-zero one, which stands for none.
pub(crate) fn trace_id_at(ids: &FixedSizeBinaryArray, row: usize) -> Option<TraceId> {
    let id = ids.is_valid(row).then(|| ids.value(row).try_into().ok()).flatten().map(TraceId)?;
    (id.0 != [0; 16]).then_some(id)
}

/// The thresholds that stand on rows already.
pub(crate) fn stored_thresholds(batch: &RecordBatch) -> Option<&Int64Array> {
    batch.column_by_name(COLUMNS[1]).and_then(|bits| bits.as_primitive_opt::<Int64Type>())
}

/// That of one row.
pub(crate) fn stamped(stored: &Int64Array, row: usize) -> Threshold {
    let bits = stored.is_valid(row).then(|| u64::try_from(stored.value(row)).ok()).flatten();
    bits.and_then(Threshold::from_bits).unwrap_or_default()
}
