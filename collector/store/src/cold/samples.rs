//! Rows of every table for tests: every column, nulls where they may be.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, FixedSizeBinaryArray, Float64Array, Int32Array, Int64Array, ListArray, MapArray,
    StringArray, StructArray, TimestampNanosecondArray, UInt32Array, UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Fields};
use arrow::record_batch::RecordBatch;
use spanlake_schemas::tables::Table;

const ROWS: usize = 3;

/// A batch of each.
pub fn every_table() -> Vec<(Table, RecordBatch)> {
    Table::ALL.into_iter().map(|table| (table, sample(table))).collect()
}

/// A batch of one.
pub fn sample(table: Table) -> RecordBatch {
    let schema = table.schema();
    let columns = schema.fields().iter().map(|field| column(field.data_type(), field.is_nullable(), ROWS)).collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

fn column(data_type: &DataType, nullable: bool, rows: usize) -> ArrayRef {
    let is_there = |row: usize| !nullable || row % 3 != 1;
    let number = |row: usize| is_there(row).then_some(row as i64 * 1_000_000_007 + 123);
    match data_type {
        DataType::Boolean => {
            Arc::new((0..rows).map(|row| is_there(row).then_some(row % 2 == 0)).collect::<BooleanArray>())
        }
        DataType::Int32 => {
            Arc::new((0..rows).map(|row| is_there(row).then_some(-(row as i32))).collect::<Int32Array>())
        }
        DataType::Int64 => Arc::new((0..rows).map(number).collect::<Int64Array>()),
        DataType::UInt32 => {
            Arc::new((0..rows).map(|row| is_there(row).then_some(u32::MAX - row as u32)).collect::<UInt32Array>())
        }
        DataType::UInt64 => {
            Arc::new((0..rows).map(|row| is_there(row).then_some(u64::MAX - row as u64)).collect::<UInt64Array>())
        }
        DataType::Float64 => {
            Arc::new((0..rows).map(|row| is_there(row).then_some(row as f64 / 3.0)).collect::<Float64Array>())
        }
        DataType::Utf8 => {
            Arc::new((0..rows).map(|row| is_there(row).then(|| format!("text {row}"))).collect::<StringArray>())
        }
        DataType::Timestamp(_, _) => {
            Arc::new((0..rows).map(number).collect::<TimestampNanosecondArray>().with_timezone("UTC"))
        }
        DataType::FixedSizeBinary(width) => {
            let ids = (0..rows).map(|row| is_there(row).then(|| vec![row as u8; *width as usize]));
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids, *width).unwrap())
        }
        DataType::List(item) => {
            let values = column(item.data_type(), item.is_nullable(), rows * 2);
            let nulls = (0..rows).map(is_there).collect();
            let offsets = OffsetBuffer::from_lengths(vec![2; rows]);
            Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, nullable.then_some(nulls)).unwrap())
        }
        DataType::Struct(fields) => Arc::new(structs(fields, rows)),
        DataType::Map(entries, _) => {
            let DataType::Struct(pair) = entries.data_type() else { panic!("a map") };
            let offsets = OffsetBuffer::from_lengths(vec![2; rows]);
            Arc::new(MapArray::try_new(Arc::clone(entries), offsets, structs(pair, rows * 2), None, false).unwrap())
        }
        other => panic!("{other}"),
    }
}

fn structs(fields: &Fields, rows: usize) -> StructArray {
    let columns = fields.iter().map(|field| column(field.data_type(), field.is_nullable(), rows)).collect();
    StructArray::try_new(fields.clone(), columns, None).unwrap()
}
