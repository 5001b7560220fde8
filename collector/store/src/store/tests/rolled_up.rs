//! RED sums that get coarser: what the merge of cold files does with a stream that gives back fewer rows.

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray,
    new_empty_array, new_null_array,
};
use arrow::compute::{concat, concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, TimestampNanosecondType};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use spanlake_schemas::red::{RollUp, SpanSums};

use super::*;
use crate::cold::merge::ColdMerge;
use crate::cold::place::Place;
use crate::cold::write::{Names, hour_folder, merge_cold, write_cold};
use crate::seal::order::hour_of;
use crate::seal::{SealName, seal_rows};

const SECOND: i64 = 1_000_000_000;
/// An hour's beginning, of 2026-11-18.
const HOUR: i64 = 1_794_992_400;

/// Gives every other row, the last one at the end.
#[derive(Debug, Default)]
struct EveryOther {
    seen: usize,
    last: Option<RecordBatch>,
}

impl SpanSums for EveryOther {
    fn sum(&self, _: &[&RecordBatch]) -> Result<RecordBatch, ArrowError> {
        Ok(RecordBatch::new_empty(Table::SpanRed.schema()))
    }

    fn roll_up(&self, resolution_seconds: u32) -> Box<dyn RollUp> {
        assert_eq!(resolution_seconds, 60);
        Box::<Self>::default()
    }
}

impl RollUp for EveryOther {
    fn push(&mut self, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let others = (0..rows.num_rows()).map(|row| Some((self.seen + row) % 2 == 1)).collect();
        self.seen += rows.num_rows();
        let others = filter_record_batch(rows, &others)?;
        let before = self.last.replace(others).unwrap_or_else(|| RecordBatch::new_empty(rows.schema()));
        Ok(before)
    }

    fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        Ok(self.last.take().unwrap_or_else(|| RecordBatch::new_empty(Table::SpanRed.schema())))
    }
}

/// Rows of two services, ten seconds apart.
fn sums(first_second: i64, rows: usize) -> RecordBatch {
    let times: Vec<i64> = (0..rows as i64).map(|row| (first_second + row / 2 * 10) * SECOND).collect();
    let schema = Table::SpanRed.schema();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.data_type() {
            DataType::Timestamp(..) => Arc::new(TimestampNanosecondArray::from(times.clone()).with_timezone("UTC")),
            DataType::Utf8 => Arc::new(StringArray::from_iter_values((0..rows).map(|row| ["a", "b"][row % 2]))),
            DataType::Int32 => Arc::new(Int32Array::from(vec![10; rows])),
            DataType::Int64 => Arc::new(Int64Array::from(vec![1; rows])),
            DataType::Float64 => Arc::new(Float64Array::from(vec![1.0; rows])),
            other if field.is_nullable() => new_null_array(other, rows),
            other => {
                let one = new_null_array(other, 1);
                let one = if one.null_count() > 0 { empty_list(other) } else { one };
                concat(&vec![one.as_ref(); rows]).unwrap()
            }
        }
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap()
}

fn empty_list(data_type: &DataType) -> ArrayRef {
    let DataType::List(item) = data_type else { panic!("{data_type}") };
    let offsets = arrow::buffer::OffsetBuffer::from_lengths([0]);
    Arc::new(arrow::array::ListArray::new(Arc::clone(item), offsets, new_empty_array(item.data_type()), None))
}

#[test]
fn fewer_rows_come_out_in_the_order_of_the_table() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::folder(dir.path().join("cold"));
    let mut names = Names::of("0123456789", 1);
    let mut inputs = Vec::new();
    for hour in 0..3 {
        let batch = sums(HOUR + hour * 3600, 700);
        let name = SealName { epoch: 1, last_lsn: u64::try_from(hour).unwrap() };
        let files = seal_rows(dir.path(), Table::SpanRed, &[&batch], (name, &[])).unwrap().files;
        let folder = hour_folder(Table::SpanRed, hour_of((HOUR + hour * 3600) * SECOND));
        inputs.extend(write_cold(dir.path(), &place, &folder, &files, &mut names, None, || false).unwrap());
    }
    assert_eq!(inputs.len(), 3);
    let merge =
        ColdMerge { table: Table::SpanRed, folder: "span_red/date=2026-11-18".to_owned(), inputs, roll_up: Some(60) };
    let sums = EveryOther::default();
    let entry = merge_cold(dir.path(), &place, &merge, Some(&sums), &mut names, || false).unwrap();
    assert_eq!((entry.rows, entry.is_sampled), (1050, false), "summed further is not sampled");
    let file = std::fs::File::open(dir.path().join("cold").join(&entry.path)).unwrap();
    let batches: Vec<_> =
        ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().map(Result::unwrap).collect();
    let all = concat_batches(&batches[0].schema(), &batches).unwrap();
    let services = all.column_by_name("service_name").unwrap().as_string::<i32>().clone();
    let times = arrow::compute::cast(
        all.column_by_name("time").unwrap(),
        &DataType::Timestamp(arrow::datatypes::TimeUnit::Nanosecond, Some("UTC".into())),
    )
    .unwrap();
    let times = times.as_primitive::<TimestampNanosecondType>().values();
    let places: Vec<(&str, i64)> = (0..all.num_rows()).map(|row| (services.value(row), times[row])).collect();
    assert!(places.is_sorted(), "by service and time over all hours");
}
