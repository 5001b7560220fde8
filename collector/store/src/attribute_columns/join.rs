//! From columns back to the map.
//!
//! Owns the order: what had columns comes first, in the order of the note, then what was left.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, MapArray, StringArray, StringBuilder, StructArray, new_empty_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::count::{entries, letter_at};
use super::{AttributeNote, MAP, TEXT, TYPES};

/// A map and the letters of its values' types.
pub struct Joined {
    pub map: ArrayRef,
    pub types: ArrayRef,
}

impl Joined {
    /// Of what is left in the map and columns with the key and letter of each.
    ///
    /// # Errors
    /// When a column is no text.
    pub fn of(
        rest: &MapArray,
        rest_types: Option<&StringArray>,
        columns: &[(&str, char, &StringArray)],
    ) -> Result<Self, ArrowError> {
        let keys = rest.keys().as_string::<i32>();
        let values = rest.values().as_string::<i32>();
        let mut parts = MapParts::default();
        for row in 0..rest.len() {
            for (key, letter, column) in columns {
                if column.is_valid(row) {
                    parts.append(key, Some(column.value(row)), u8::try_from(*letter).unwrap_or(TEXT as u8));
                }
            }
            for (place, entry) in entries(rest, row).enumerate() {
                let value = values.is_valid(entry).then(|| values.value(entry));
                parts.append(keys.value(entry), value, letter_at(rest_types, row, place));
            }
            parts.end_row();
        }
        let DataType::Map(field, _) = rest.data_type() else { unreachable!("a map array is a map") };
        let (map, letters) = parts.finish(field)?;
        Ok(Self { map, types: Arc::new(letters) })
    }
}

/// Rows as the table has them. `table` is the table's schema, `note` the file's.
///
/// # Errors
/// When a column of the note is no text.
pub fn join(batch: &RecordBatch, table: &SchemaRef, note: &AttributeNote) -> Result<RecordBatch, ArrowError> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let mut fields = Vec::with_capacity(table.fields().len());
    let mut columns = Vec::with_capacity(table.fields().len());
    let joined = joined_columns(batch, table, note)?;
    for field in table.fields() {
        let column = match (&joined, field.name().as_str()) {
            (Some(joined), MAP) => Some(&joined.map),
            (Some(joined), TYPES) => Some(&joined.types),
            (_, name) => batch.column_by_name(name),
        };
        if let Some(column) = column {
            // Of a list only some leaves may have been read.
            let is_whole = column.data_type() == field.data_type();
            let part = || Arc::new(field.as_ref().clone().with_data_type(column.data_type().clone()));
            fields.push(if is_whole { Arc::clone(field) } else { part() });
            columns.push(Arc::clone(column));
        }
    }
    RecordBatch::try_new_with_options(Arc::new(arrow::datatypes::Schema::new(fields)), columns, &options)
}

fn joined_columns(batch: &RecordBatch, table: &SchemaRef, note: &AttributeNote) -> Result<Option<Joined>, ArrowError> {
    if note.columns().next().is_none() {
        return Ok(None);
    }
    let empty = || empty_maps(table, batch.num_rows());
    let has_some = || note.columns().any(|noted| batch.column_by_name(&noted.column()).is_some());
    let rest = match batch.column_by_name(MAP) {
        Some(map) => map.as_map_opt().cloned(),
        // Of some keys only the columns were read.
        None if has_some() => empty(),
        None => None,
    };
    let Some(rest) = rest else { return Ok(None) };
    let types = batch.column_by_name(TYPES).and_then(|types| types.as_string_opt::<i32>());
    let mut columns = Vec::new();
    for noted in note.columns() {
        let Some(column) = batch.column_by_name(&noted.column()) else { continue };
        let text = column.as_string_opt::<i32>();
        let text = text.ok_or_else(|| ArrowError::SchemaError(format!("{} is no text", noted.column())))?;
        columns.push((noted.key.as_str(), noted.letter.unwrap_or(TEXT), text));
    }
    Joined::of(&rest, types, &columns).map(Some)
}

/// Maps without an entry, as the table has them.
fn empty_maps(table: &SchemaRef, rows: usize) -> Option<MapArray> {
    let DataType::Map(entries, is_sorted) = table.field_with_name(MAP).ok()?.data_type() else { return None };
    let DataType::Struct(pair) = entries.data_type() else { return None };
    let none = pair.iter().map(|field| new_empty_array(field.data_type())).collect();
    let none = StructArray::try_new(pair.clone(), none, None).ok()?;
    MapArray::try_new(Arc::clone(entries), OffsetBuffer::new_zeroed(rows), none, None, *is_sorted).ok()
}

/// Entries of a map, row by row.
#[derive(Default)]
pub(super) struct MapParts {
    keys: StringBuilder,
    values: StringBuilder,
    offsets: Vec<i32>,
    letters: StringBuilder,
    row_letters: String,
}

impl MapParts {
    pub(super) fn append(&mut self, key: &str, value: Option<&str>, letter: u8) {
        self.keys.append_value(key);
        self.values.append_option(value);
        self.row_letters.push(char::from(letter));
    }

    pub(super) fn end_row(&mut self) {
        let is_text = self.row_letters.bytes().all(|letter| letter == TEXT as u8);
        self.letters.append_option((!is_text).then_some(&self.row_letters));
        self.row_letters.clear();
        self.offsets.push(i32::try_from(self.keys.len()).unwrap_or(i32::MAX));
    }

    /// The map, with the names that `entries` gives its parts, and the letters.
    pub(super) fn finish(mut self, entries: &FieldRef) -> Result<(ArrayRef, StringArray), ArrowError> {
        let DataType::Struct(pair) = entries.data_type() else {
            return Err(ArrowError::SchemaError("a map's entries are no struct".to_owned()));
        };
        self.offsets.insert(0, 0);
        let parts: Vec<ArrayRef> = vec![Arc::new(self.keys.finish()), Arc::new(self.values.finish())];
        let rows = StructArray::try_new(pair.clone(), parts, None)?;
        let offsets = OffsetBuffer::new(self.offsets.into());
        let map = MapArray::try_new(Arc::clone(entries), offsets, rows, None, false)?;
        Ok((Arc::new(map), self.letters.finish()))
    }
}
