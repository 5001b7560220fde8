//! Column builders over plain vectors: what a request's values are appended to, and how they become Arrow arrays.
//!
//! Text is taken as raw bytes and validated once a column, by Arrow, when the column is finished. Sparse columns
//! are padded with nulls only where a value follows, and leave no array if none ever came. Knows no OTLP.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, FixedSizeBinaryArray, ListArray, PrimitiveArray, StringArray,
    StructArray,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{ArrowNativeType, DataType, FieldRef, Fields, Schema};
use arrow::record_batch::RecordBatch;

use crate::tables::Table;

/// Why columns did not become arrays.
#[derive(Debug)]
pub(super) enum ColumnError {
    /// A client sent text that is not UTF-8.
    InvalidUtf8,
    /// More than 2 GiB of text in one column.
    TooLarge,
    /// The builders disagree with the schema.
    Shape(String),
}

pub(super) type Finished = Result<Option<ArrayRef>, ColumnError>;

/// What can become one column of a batch.
pub(super) trait Column {
    /// The array of `rows` rows, or `None` where all of it is null.
    fn finish(self, rows: usize, data_type: &DataType) -> Finished;
}

/// One bit a row, set where there is a value; rows never set are null.
#[derive(Default)]
struct Validity {
    bits: Vec<u8>,
}

impl Validity {
    #[inline]
    fn set(&mut self, row: usize) {
        if self.bits.len() <= row >> 3 {
            self.bits.resize((row >> 3) + 1, 0);
        }
        self.bits[row >> 3] |= 1 << (row & 7);
    }

    fn finish(mut self, rows: usize) -> Option<NullBuffer> {
        self.bits.resize(rows.div_ceil(8), 0);
        let nulls = NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(self.bits), 0, rows));
        (nulls.null_count() > 0).then_some(nulls)
    }
}

fn offset_buffer(offsets: Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(offsets))
}

// === Text: a value in every row ===

/// Text without nulls.
pub(super) struct Text {
    values: Vec<u8>,
    offsets: Vec<i32>,
}

impl Default for Text {
    fn default() -> Self {
        Self { values: Vec::new(), offsets: vec![0] }
    }
}

impl Text {
    pub(super) fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { values: Vec::with_capacity(bytes), offsets }
    }

    #[inline(always)]
    pub(super) fn push(&mut self, value: &[u8]) {
        self.values.extend_from_slice(value);
        self.end_value();
    }

    /// Where to write the next value; [`Self::end_value`] closes it.
    #[inline(always)]
    pub(super) fn open(&mut self) -> &mut Vec<u8> {
        &mut self.values
    }

    /// Closes the value that was written. A column over 2 GiB wraps here and is refused when it is finished.
    #[inline(always)]
    pub(super) fn end_value(&mut self) {
        self.offsets.push(self.values.len() as i32);
    }

    pub(super) fn push_n(&mut self, value: &[u8], rows: usize) {
        self.values.reserve(value.len() * rows);
        self.offsets.reserve(rows);
        for _ in 0..rows {
            self.push(value);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn pad(&mut self, rows: usize) {
        let last = self.values.len() as i32;
        self.offsets.resize(rows + 1, last);
    }

    pub(super) fn into_array(self, nulls: Option<NullBuffer>) -> Result<StringArray, ColumnError> {
        if i32::try_from(self.values.len()).is_err() {
            return Err(ColumnError::TooLarge);
        }
        // The offsets are right by construction, so that text is all that can be wrong.
        StringArray::try_new(offset_buffer(self.offsets), Buffer::from_vec(self.values), nulls)
            .map_err(|_| ColumnError::InvalidUtf8)
    }
}

impl Column for Text {
    fn finish(self, _rows: usize, _data_type: &DataType) -> Finished {
        Ok(Some(Arc::new(self.into_array(None)?)))
    }
}

// === SparseText: mostly null ===

/// Text with nulls wherever nothing was set.
#[derive(Default)]
pub(super) struct SparseText {
    text: Text,
    validity: Validity,
}

impl SparseText {
    #[inline(always)]
    pub(super) fn set(&mut self, row: usize, value: &[u8]) {
        self.open(row).extend_from_slice(value);
        self.text.end_value();
    }

    /// Sets the value unless it is empty.
    #[inline(always)]
    pub(super) fn set_non_empty(&mut self, row: usize, value: &[u8]) {
        if !value.is_empty() {
            self.set(row, value);
        }
    }

    /// Where to write the row's value; [`Self::end_value`] closes it.
    #[inline(always)]
    pub(super) fn open(&mut self, row: usize) -> &mut Vec<u8> {
        if self.text.len() < row {
            self.text.pad(row);
        }
        self.validity.set(row);
        self.text.open()
    }

    #[inline(always)]
    pub(super) fn end_value(&mut self) {
        self.text.end_value();
    }

    /// Whether the row has its value.
    #[inline(always)]
    pub(super) fn has(&self, row: usize) -> bool {
        self.text.len() > row
    }

    fn into_array(mut self, rows: usize) -> Result<Option<StringArray>, ColumnError> {
        if self.text.len() == 0 {
            return Ok(None);
        }
        self.text.pad(rows);
        self.text.into_array(self.validity.finish(rows)).map(Some)
    }
}

impl Column for SparseText {
    fn finish(self, rows: usize, _data_type: &DataType) -> Finished {
        Ok(self.into_array(rows)?.map(|array| Arc::new(array) as ArrayRef))
    }
}

// === Numbers ===

/// Numbers without nulls.
pub(super) struct Numbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
}

impl<T: ArrowPrimitiveType> Default for Numbers<T> {
    fn default() -> Self {
        Self { values: Vec::new() }
    }
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { values: Vec::with_capacity(rows) }
    }

    pub(super) fn reserve(&mut self, rows: usize) {
        self.values.reserve(rows);
    }

    #[inline(always)]
    pub(super) fn push(&mut self, value: T::Native) {
        self.values.push(value);
    }

    pub(super) fn push_n(&mut self, value: T::Native, rows: usize) {
        self.values.resize(self.values.len() + rows, value);
    }

    /// The same value in every row.
    pub(super) fn constant(value: T::Native, rows: usize) -> Self {
        Self { values: vec![value; rows] }
    }
}

impl<T: ArrowPrimitiveType> Column for Numbers<T> {
    fn finish(self, _rows: usize, data_type: &DataType) -> Finished {
        let array = PrimitiveArray::<T>::new(ScalarBuffer::from(self.values), None);
        Ok(Some(Arc::new(array.with_data_type(data_type.clone()))))
    }
}

/// Numbers with nulls wherever nothing was set.
pub(super) struct SparseNumbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    validity: Validity,
}

impl<T: ArrowPrimitiveType> Default for SparseNumbers<T> {
    fn default() -> Self {
        Self { values: Vec::new(), validity: Validity::default() }
    }
}

impl<T: ArrowPrimitiveType> SparseNumbers<T> {
    #[inline(always)]
    pub(super) fn set(&mut self, row: usize, value: T::Native) {
        if self.values.len() < row {
            self.values.resize(row, T::Native::usize_as(0));
        }
        self.validity.set(row);
        self.values.push(value);
    }

    #[inline(always)]
    pub(super) fn set_some(&mut self, row: usize, value: Option<T::Native>) {
        if let Some(value) = value {
            self.set(row, value);
        }
    }

    #[inline(always)]
    pub(super) fn has(&self, row: usize) -> bool {
        self.values.len() > row
    }
}

impl<T: ArrowPrimitiveType> Column for SparseNumbers<T> {
    fn finish(mut self, rows: usize, data_type: &DataType) -> Finished {
        if self.values.is_empty() {
            return Ok(None);
        }
        self.values.resize(rows, T::Native::usize_as(0));
        let array = PrimitiveArray::<T>::new(ScalarBuffer::from(self.values), self.validity.finish(rows));
        Ok(Some(Arc::new(array.with_data_type(data_type.clone()))))
    }
}

/// Booleans with nulls wherever nothing was set.
#[derive(Default)]
pub(super) struct SparseFlags {
    truth: Validity,
    validity: Validity,
}

impl SparseFlags {
    #[inline(always)]
    pub(super) fn set(&mut self, row: usize, value: bool) {
        self.validity.set(row);
        if value {
            self.truth.set(row);
        }
    }
}

impl Column for SparseFlags {
    fn finish(mut self, rows: usize, _data_type: &DataType) -> Finished {
        if self.validity.bits.is_empty() {
            return Ok(None);
        }
        self.truth.bits.resize(rows.div_ceil(8), 0);
        let truth = BooleanBuffer::new(Buffer::from_vec(self.truth.bits), 0, rows);
        Ok(Some(Arc::new(BooleanArray::new(truth, self.validity.finish(rows)))))
    }
}

// === Ids ===

/// Ids of `N` bytes without nulls.
#[derive(Default)]
pub(super) struct Ids<const N: usize> {
    values: Vec<u8>,
}

impl<const N: usize> Ids<N> {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { values: Vec::with_capacity(rows * N) }
    }

    pub(super) fn reserve(&mut self, rows: usize) {
        self.values.reserve(rows * N);
    }

    #[inline(always)]
    pub(super) fn push(&mut self, id: &[u8; N]) {
        self.values.extend_from_slice(id);
    }
}

fn id_array<const N: usize>(values: Vec<u8>, nulls: Option<NullBuffer>) -> Finished {
    FixedSizeBinaryArray::try_new(N as i32, Buffer::from_vec(values), nulls)
        .map(|array| Some(Arc::new(array) as ArrayRef))
        .map_err(|error| ColumnError::Shape(error.to_string()))
}

impl<const N: usize> Column for Ids<N> {
    fn finish(self, _rows: usize, _data_type: &DataType) -> Finished {
        id_array::<N>(self.values, None)
    }
}

/// Ids of `N` bytes, null wherever nothing was set.
#[derive(Default)]
pub(super) struct SparseIds<const N: usize> {
    values: Vec<u8>,
    validity: Validity,
}

impl<const N: usize> SparseIds<N> {
    #[inline(always)]
    pub(super) fn set(&mut self, row: usize, id: &[u8; N]) {
        if self.values.len() < row * N {
            self.values.resize(row * N, 0);
        }
        self.validity.set(row);
        self.values.extend_from_slice(id);
    }
}

impl<const N: usize> Column for SparseIds<N> {
    fn finish(mut self, rows: usize, _data_type: &DataType) -> Finished {
        if self.values.is_empty() {
            return Ok(None);
        }
        self.values.resize(rows * N, 0);
        id_array::<N>(self.values, self.validity.finish(rows))
    }
}

// === Lists ===

/// Where each row's list ends among its items; rows never closed are null (or empty, see [`ListEnds::finish_all`]).
#[derive(Default)]
pub(super) struct ListEnds {
    offsets: Vec<i32>,
    validity: Validity,
}

impl ListEnds {
    /// Closes the row's list after `items` items of the whole column.
    #[inline(always)]
    pub(super) fn close(&mut self, row: usize, items: usize) {
        let last = self.offsets.last().copied().unwrap_or(0);
        self.offsets.resize(row + 1, last);
        self.validity.set(row);
        self.offsets.push(items as i32);
    }

    /// Rows that were not closed are null.
    pub(super) fn finish(mut self, rows: usize, items: ArrayRef, item: &FieldRef) -> Finished {
        if self.offsets.is_empty() {
            return Ok(None);
        }
        let last = self.offsets.last().copied().unwrap_or(0);
        self.offsets.resize(rows + 1, last);
        list(self.offsets, self.validity.finish(rows), items, item)
    }
}

fn list(offsets: Vec<i32>, nulls: Option<NullBuffer>, items: ArrayRef, item: &FieldRef) -> Finished {
    if i32::try_from(items.len()).is_err() {
        return Err(ColumnError::TooLarge);
    }
    ListArray::try_new(Arc::clone(item), offset_buffer(offsets), items, nulls)
        .map(|array| Some(Arc::new(array) as ArrayRef))
        .map_err(|error| ColumnError::Shape(error.to_string()))
}

/// A list of numbers in every row, empty ones included.
pub(super) struct NumberLists<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    offsets: Vec<i32>,
}

impl<T: ArrowPrimitiveType> Default for NumberLists<T> {
    fn default() -> Self {
        Self { values: Vec::new(), offsets: vec![0] }
    }
}

impl<T: ArrowPrimitiveType> NumberLists<T> {
    pub(super) fn push_list(&mut self, values: &[T::Native]) {
        self.values.extend_from_slice(values);
        self.offsets.push(self.values.len() as i32);
    }
}

impl<T: ArrowPrimitiveType> Column for NumberLists<T> {
    fn finish(self, _rows: usize, data_type: &DataType) -> Finished {
        let items = PrimitiveArray::<T>::new(ScalarBuffer::from(self.values), None);
        list(self.offsets, None, Arc::new(items), item_field(data_type)?)
    }
}

/// The item of a list type.
pub(super) fn item_field(data_type: &DataType) -> Result<&FieldRef, ColumnError> {
    match data_type {
        DataType::List(item) => Ok(item),
        other => Err(ColumnError::Shape(format!("{other} is no list"))),
    }
}

// === Batches ===

/// Puts finished columns together in the order of the schema, leaving out those that are all null.
pub(super) struct Assembler<'s> {
    rows: usize,
    schema: &'s [FieldRef],
    fields: Vec<FieldRef>,
    arrays: Vec<ArrayRef>,
}

impl<'s> Assembler<'s> {
    pub(super) fn new(rows: usize, schema: &'s Fields) -> Self {
        Self { rows, schema, fields: Vec::with_capacity(schema.len()), arrays: Vec::with_capacity(schema.len()) }
    }

    /// Adds a column. Columns MUST come in the schema's order.
    pub(super) fn add(&mut self, name: &str, column: impl Column) -> Result<(), ColumnError> {
        let Some(position) = self.schema.iter().position(|field| field.name() == name) else {
            return Err(ColumnError::Shape(format!("no column {name} is left in the schema")));
        };
        let field = &self.schema[position];
        self.schema = &self.schema[position + 1..];
        match column.finish(self.rows, field.data_type())? {
            Some(array) => {
                self.fields.push(Arc::clone(field));
                self.arrays.push(array);
            }
            None if field.is_nullable() => {}
            None => return Err(ColumnError::Shape(format!("column {name} has no values"))),
        }
        Ok(())
    }

    pub(super) fn into_batch(self) -> Result<RecordBatch, ColumnError> {
        RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)
            .map_err(|error| ColumnError::Shape(error.to_string()))
    }

    /// The columns as one struct: every field is there, null ones too.
    pub(super) fn into_struct(self, fields: &Fields) -> Result<StructArray, ColumnError> {
        let mut built = self.fields.iter().zip(self.arrays).peekable();
        let arrays = fields
            .iter()
            .map(|field| match built.next_if(|(of, _)| of.name() == field.name()) {
                Some((_, array)) => array,
                None => arrow::array::new_null_array(field.data_type(), self.rows),
            })
            .collect();
        StructArray::try_new(fields.clone(), arrays, None).map_err(|error| ColumnError::Shape(error.to_string()))
    }
}

/// The fields of a physical table.
pub(super) fn fields_of(table: Table) -> Fields {
    table.schema().fields().clone()
}
