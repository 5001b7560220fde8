//! Columns of a physical batch by name and type, each of which may be missing.
//!
//! Never copies and never panics: a column that is not there reads as null in every row, one of another type is an
//! error that says which.

use std::ops::Range;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, FixedSizeBinaryArray, ListArray, MapArray,
    PrimitiveArray, StringArray, StructArray,
};
use arrow::datatypes::{DataType, Fields};
use arrow::record_batch::RecordBatch;

use super::EncodeError;
use crate::tables::Table;

/// The columns of a batch, or the fields of a list's structs.
#[derive(Clone, Copy)]
pub(super) struct Columns<'b> {
    /// For errors.
    table: Table,
    fields: &'b Fields,
    arrays: &'b [ArrayRef],
}

impl<'b> Columns<'b> {
    pub(super) fn of_batch(table: Table, batch: &'b RecordBatch) -> Self {
        Self { table, fields: batch.schema_ref().fields(), arrays: batch.columns() }
    }

    fn of_struct(table: Table, array: &'b StructArray) -> Self {
        Self { table, fields: array.fields(), arrays: array.columns() }
    }

    fn find(&self, name: &str) -> Option<&'b ArrayRef> {
        let position = self.fields.iter().position(|field| field.name() == name)?;
        self.arrays.get(position).filter(|array| array.data_type() != &DataType::Null)
    }

    fn typed<A: Array + 'static>(&self, name: &str) -> Result<Option<&'b A>, EncodeError> {
        let Some(array) = self.find(name) else {
            return Ok(None);
        };
        array.as_any().downcast_ref().map(Some).ok_or_else(|| self.wrong_type(name, array))
    }

    fn wrong_type(&self, name: &str, array: &ArrayRef) -> EncodeError {
        EncodeError::ColumnType {
            table: self.table.name(),
            column: name.to_owned(),
            found: array.data_type().to_string(),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<TextColumn<'b>, EncodeError> {
        self.typed(name).map(TextColumn)
    }

    pub(super) fn numbers<T: ArrowPrimitiveType>(&self, name: &str) -> Result<NumberColumn<'b, T>, EncodeError> {
        self.typed(name).map(NumberColumn)
    }

    pub(super) fn flags(&self, name: &str) -> Result<FlagColumn<'b>, EncodeError> {
        self.typed(name).map(FlagColumn)
    }

    /// Ids of `N` bytes.
    pub(super) fn ids<const N: usize>(&self, name: &str) -> Result<IdColumn<'b, N>, EncodeError> {
        let ids: Option<&FixedSizeBinaryArray> = self.typed(name)?;
        match (ids, self.find(name)) {
            (Some(ids), Some(array)) if usize::try_from(ids.value_length()) != Ok(N) => {
                Err(self.wrong_type(name, array))
            }
            _ => Ok(IdColumn(ids)),
        }
    }

    pub(super) fn number_lists<T: ArrowPrimitiveType>(
        &self,
        name: &str,
    ) -> Result<NumberListColumn<'b, T>, EncodeError> {
        let Some(lists) = self.typed::<ListArray>(name)? else {
            return Ok(NumberListColumn(None));
        };
        match lists.values().as_primitive_opt::<T>() {
            Some(items) => Ok(NumberListColumn(Some((lists, items)))),
            None => Err(self.wrong_type(name, lists.values())),
        }
    }

    /// A column of lists of structs, and the structs' fields.
    pub(super) fn struct_lists(&self, name: &str) -> Result<Option<(StructListColumn<'b>, Self)>, EncodeError> {
        let Some(lists) = self.typed::<ListArray>(name)? else {
            return Ok(None);
        };
        match lists.values().as_struct_opt() {
            Some(items) => Ok(Some((StructListColumn(lists), Self::of_struct(self.table, items)))),
            None => Err(self.wrong_type(name, lists.values())),
        }
    }

    /// A column of attribute maps: their entries' keys and values.
    pub(super) fn maps(&self, name: &str) -> Result<Option<MapColumn<'b>>, EncodeError> {
        let Some(maps) = self.typed::<MapArray>(name)? else {
            return Ok(None);
        };
        match (maps.keys().as_string_opt(), maps.values().as_string_opt()) {
            (Some(keys), Some(values)) => Ok(Some(MapColumn { maps, keys, values })),
            _ => Err(self.wrong_type(name, maps.values())),
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct TextColumn<'b>(Option<&'b StringArray>);

impl<'b> TextColumn<'b> {
    pub(super) fn get(&self, row: usize) -> Option<&'b str> {
        self.0.filter(|array| array.is_valid(row)).map(|array| array.value(row))
    }

    /// The text, empty where there is none.
    pub(super) fn bytes(&self, row: usize) -> &'b [u8] {
        self.get(row).unwrap_or_default().as_bytes()
    }

    pub(super) fn is_missing(&self) -> bool {
        self.0.is_none()
    }
}

#[derive(Clone, Copy)]
pub(super) struct NumberColumn<'b, T: ArrowPrimitiveType>(Option<&'b PrimitiveArray<T>>);

impl<T: ArrowPrimitiveType> NumberColumn<'_, T> {
    pub(super) fn get(&self, row: usize) -> Option<T::Native> {
        self.0.filter(|array| array.is_valid(row)).map(|array| array.value(row))
    }

    /// The number, zero where there is none.
    pub(super) fn or_zero(&self, row: usize) -> T::Native {
        self.get(row).unwrap_or_default()
    }

    pub(super) fn is_missing(&self) -> bool {
        self.0.is_none()
    }
}

#[derive(Clone, Copy)]
pub(super) struct FlagColumn<'b>(Option<&'b BooleanArray>);

impl FlagColumn<'_> {
    /// Whether the row says `true`.
    pub(super) fn is_set(&self, row: usize) -> bool {
        self.0.is_some_and(|array| array.is_valid(row) && array.value(row))
    }
}

#[derive(Clone, Copy)]
pub(super) struct IdColumn<'b, const N: usize>(Option<&'b FixedSizeBinaryArray>);

impl<'b, const N: usize> IdColumn<'b, N> {
    pub(super) fn get(&self, row: usize) -> Option<&'b [u8; N]> {
        self.0.filter(|array| array.is_valid(row)).and_then(|array| array.value(row).try_into().ok())
    }

    /// The id, empty where there is none.
    pub(super) fn bytes(&self, row: usize) -> &'b [u8] {
        self.get(row).map_or(&[], |id| id)
    }
}

#[derive(Clone, Copy)]
pub(super) struct NumberListColumn<'b, T: ArrowPrimitiveType>(Option<(&'b ListArray, &'b PrimitiveArray<T>)>);

impl<'b, T: ArrowPrimitiveType> NumberListColumn<'b, T> {
    /// The row's numbers, none where there is no list.
    pub(super) fn get(&self, row: usize) -> &'b [T::Native] {
        match self.0 {
            Some((lists, items)) if lists.is_valid(row) => {
                items.values().get(range(lists.value_offsets(), row)).unwrap_or_default()
            }
            _ => &[],
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct StructListColumn<'b>(&'b ListArray);

impl StructListColumn<'_> {
    /// Where the row's structs lie.
    pub(super) fn range(&self, row: usize) -> Range<usize> {
        if self.0.is_valid(row) { range(self.0.value_offsets(), row) } else { 0..0 }
    }
}

#[derive(Clone, Copy)]
pub(super) struct MapColumn<'b> {
    maps: &'b MapArray,
    keys: &'b StringArray,
    values: &'b StringArray,
}

impl<'b> MapColumn<'b> {
    /// The row's keys and values, in order.
    pub(super) fn entries(&self, row: usize) -> impl Iterator<Item = (&'b str, Option<&'b str>)> + use<'b> {
        let range = if self.maps.is_valid(row) { range(self.maps.value_offsets(), row) } else { 0..0 };
        let (keys, values) = (self.keys, self.values);
        range.map(move |entry| (keys.value(entry), values.is_valid(entry).then(|| values.value(entry))))
    }
}

/// Offsets are never negative and never fall, or Arrow would not have built the array.
fn range(offsets: &[i32], row: usize) -> Range<usize> {
    offsets[row] as usize..offsets[row + 1] as usize
}
