//! The values of an attribute over a batch of spans, wherever it is: in a column of its own, in the map, or in both.
//!
//! Owns nothing but the look. Never reads attributes of resources.

use std::borrow::Cow;

use arrow::array::{Array, AsArray, Int64Array, MapArray, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use spanlake_schemas::tables::promoted::SPAN;

/// One attribute of the spans of a batch.
pub struct Dimension<'a> {
    key: &'a str,
    texts: Option<&'a StringArray>,
    integers: Option<&'a Int64Array>,
    map: Option<&'a MapArray>,
}

impl<'a> Dimension<'a> {
    /// The attribute of that key.
    pub fn of(batch: &'a RecordBatch, key: &'a str) -> Self {
        let promoted = SPAN.iter().find(|promoted| promoted.key == key);
        let own = promoted.and_then(|promoted| batch.column_by_name(promoted.column));
        Self {
            key,
            texts: own.and_then(|own| own.as_string_opt()),
            integers: own.and_then(|own| own.as_primitive_opt::<Int64Type>()),
            map: batch.column_by_name("attributes").and_then(|map| map.as_map_opt()),
        }
    }

    /// Its value as text; none is empty.
    pub fn value(&self, row: usize) -> Cow<'a, str> {
        if let Some(texts) = self.texts.filter(|texts| texts.is_valid(row)) {
            return Cow::Borrowed(texts.value(row));
        }
        if let Some(integers) = self.integers.filter(|integers| integers.is_valid(row)) {
            return Cow::Owned(integers.value(row).to_string());
        }
        self.map.and_then(|map| self.in_map(map, row)).map_or(Cow::Borrowed(""), Cow::Borrowed)
    }

    fn in_map(&self, map: &'a MapArray, row: usize) -> Option<&'a str> {
        if map.is_null(row) {
            return None;
        }
        let (keys, values) = (map.keys().as_string::<i32>(), map.values().as_string::<i32>());
        let offset = |at: usize| usize::try_from(map.value_offsets()[at]).unwrap_or(0);
        let at = (offset(row)..offset(row + 1)).find(|at| keys.value(*at) == self.key)?;
        values.is_valid(at).then(|| values.value(at))
    }
}
