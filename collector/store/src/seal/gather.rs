//! Picking rows out of many batches into one, in a given order.
//!
//! Owns the copy. A column that no batch has is left out; never sorts.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryArray, new_null_array};
use arrow::buffer::{Buffer, MutableBuffer, NullBuffer};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use spanlake_schemas::tables::Table;

use super::order::SortedRow;
use crate::columns::schema_subset;

/// The columns of many batches side by side.
pub struct Gather {
    pub schema: SchemaRef,
    columns: Vec<Column>,
}

struct Column {
    /// One array a batch; where a batch lacks the column, a single null at the end stands in.
    arrays: Vec<ArrayRef>,
    /// By batch: the array to take from, or `None` for null.
    source: Vec<Option<usize>>,
}

impl Gather {
    /// Over batches of one table.
    pub fn new(table: Table, batches: &[&RecordBatch]) -> Self {
        let schema =
            schema_subset(&table.schema(), |name| batches.iter().any(|batch| batch.column_by_name(name).is_some()));
        Self::with_schema(schema, batches)
    }

    /// With these columns, whether a batch has them or not.
    pub fn with_schema(schema: SchemaRef, batches: &[&RecordBatch]) -> Self {
        let columns = schema
            .fields()
            .iter()
            .map(|field| {
                let mut arrays = Vec::new();
                let source = batches
                    .iter()
                    .map(|batch| {
                        let array = batch.column_by_name(field.name())?;
                        arrays.push(Arc::clone(array));
                        Some(arrays.len() - 1)
                    })
                    .collect();
                arrays.push(new_null_array(field.data_type(), 1));
                Column { arrays, source }
            })
            .collect();
        Self { schema, columns }
    }

    /// The rows in the order given.
    pub fn take(&self, rows: &[SortedRow]) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter().map(|column| column.take(rows)).collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
    }
}

impl Column {
    fn take(&self, rows: &[SortedRow]) -> Result<ArrayRef, ArrowError> {
        let null = (self.arrays.len() - 1, 0);
        let indices: Vec<(usize, usize)> = rows
            .iter()
            .map(|row| match self.source[row.batch as usize] {
                Some(array) => (array, row.row as usize),
                None => null,
            })
            .collect();
        match self.arrays[0].data_type() {
            DataType::FixedSizeBinary(width) => self.take_fixed(usize::try_from(*width).expect("a width"), &indices),
            _ => {
                let arrays: Vec<&dyn Array> = self.arrays.iter().map(AsRef::as_ref).collect();
                interleave(&arrays, &indices)
            }
        }
    }

    /// arrow's `interleave` has no fast path for fixed-size binary, and three of a span's columns are that.
    fn take_fixed(&self, width: usize, indices: &[(usize, usize)]) -> Result<ArrayRef, ArrowError> {
        let arrays: Vec<&FixedSizeBinaryArray> = self.arrays.iter().map(|array| array.as_fixed_size_binary()).collect();
        let mut bytes = MutableBuffer::with_capacity(indices.len() * width);
        for (array, row) in indices {
            bytes.extend_from_slice(arrays[*array].value(*row));
        }
        let nullable = arrays.iter().any(|array| array.null_count() > 0);
        let nulls = nullable
            .then(|| indices.iter().map(|(array, row)| arrays[*array].is_valid(*row)).collect::<NullBuffer>())
            .filter(|nulls| nulls.null_count() > 0);
        let width = i32::try_from(width).expect("ids are 8 or 16 bytes");
        Ok(Arc::new(FixedSizeBinaryArray::try_new(width, Buffer::from(bytes), nulls)?))
    }
}
