//! Columns of a batch by name and type, where a column may be missing: then every row is null.

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeBinaryArray, MapArray, PrimitiveArray, StringArray, StructArray,
};
use arrow::datatypes::ArrowPrimitiveType;
use arrow::record_batch::RecordBatch;

/// Anything with named columns.
pub(crate) trait Named {
    fn named(&self, name: &str) -> Option<&ArrayRef>;
}

impl Named for RecordBatch {
    fn named(&self, name: &str) -> Option<&ArrayRef> {
        self.column_by_name(name)
    }
}

impl Named for StructArray {
    fn named(&self, name: &str) -> Option<&ArrayRef> {
        self.column_by_name(name)
    }
}

/// Text.
#[derive(Clone, Copy)]
pub(crate) struct Texts<'a>(Option<&'a StringArray>);

impl<'a> Texts<'a> {
    pub(crate) fn of(columns: &'a impl Named, name: &str) -> Self {
        Self(columns.named(name).and_then(|column| column.as_string_opt()))
    }

    pub(crate) fn at(&self, row: usize) -> Option<&'a str> {
        self.0.filter(|column| column.is_valid(row)).map(|column| column.value(row))
    }

    /// The text, empty for null.
    pub(crate) fn or_empty(&self, row: usize) -> &'a str {
        self.at(row).unwrap_or_default()
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.0.is_none()
    }
}

/// Numbers and times.
pub(crate) struct Numbers<'a, T: ArrowPrimitiveType>(Option<&'a PrimitiveArray<T>>);

impl<'a, T: ArrowPrimitiveType> Numbers<'a, T> {
    pub(crate) fn of(columns: &'a impl Named, name: &str) -> Self {
        Self(columns.named(name).and_then(|column| column.as_primitive_opt()))
    }

    pub(crate) fn at(&self, row: usize) -> Option<T::Native> {
        self.0.filter(|column| column.is_valid(row)).map(|column| column.value(row))
    }

    /// The number, zero for null.
    pub(crate) fn or_zero(&self, row: usize) -> T::Native {
        self.at(row).unwrap_or_default()
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.0.is_none()
    }
}

/// Truth values.
pub(crate) fn truth_at(columns: &impl Named, name: &str, row: usize) -> Option<bool> {
    let column = columns.named(name).and_then(|column| column.as_boolean_opt())?;
    column.is_valid(row).then(|| column.value(row))
}

/// Ids.
#[derive(Clone, Copy)]
pub(crate) struct Ids<'a>(Option<&'a FixedSizeBinaryArray>);

impl<'a> Ids<'a> {
    pub(crate) fn of(columns: &'a impl Named, name: &str) -> Self {
        Self(columns.named(name).and_then(|column| column.as_fixed_size_binary_opt()))
    }

    pub(crate) fn at(&self, row: usize) -> Option<&'a [u8]> {
        self.0.filter(|column| column.is_valid(row)).map(|column| column.value(row))
    }

    /// The id, empty for null.
    pub(crate) fn or_empty(&self, row: usize) -> &'a [u8] {
        self.at(row).unwrap_or_default()
    }
}

/// Attribute maps, with the types beside them.
pub(crate) struct Maps<'a> {
    map: Option<(&'a MapArray, &'a StringArray, &'a StringArray)>,
    types: Texts<'a>,
}

impl<'a> Maps<'a> {
    pub(crate) fn of(columns: &'a impl Named, name: &str, types: &str) -> Self {
        let map = columns.named(name).and_then(|column| column.as_map_opt());
        let map = map.and_then(|map| Some((map, map.keys().as_string_opt()?, map.values().as_string_opt()?)));
        Self { map, types: Texts::of(columns, types) }
    }

    /// Key, text and type letter of each entry of a row, in order.
    pub(crate) fn entries(&self, row: usize) -> impl Iterator<Item = (&'a str, Option<&'a str>, char)> + use<'a> {
        let types = self.types.at(row).unwrap_or_default();
        let map = self.map.filter(|(map, ..)| map.is_valid(row));
        let range =
            map.map_or(0..0, |(map, ..)| map.value_offsets()[row] as usize..map.value_offsets()[row + 1] as usize);
        let tags = types.chars().chain(std::iter::repeat('s'));
        map.into_iter().flat_map(move |(_, keys, values)| {
            range
                .clone()
                .zip(tags.clone())
                .map(move |(entry, tag)| (keys.value(entry), values.is_valid(entry).then(|| values.value(entry)), tag))
        })
    }
}
