//! From the map to columns.
//!
//! Owns which key goes where. A value that its column cannot hold is an error: the note has counted every row.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, MapArray, StringArray, StringBuilder};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::count::{RowBefore, entries, letter_at};
use super::join::MapParts;
use super::{AttributeNote, MAP, TYPES};

/// Takes the keys of a note that have columns out of maps, or copies them.
pub struct Splitter {
    schema: SchemaRef,
    by_key: HashMap<String, usize>,
    letters: Vec<u8>,
    /// Whether the map stays as it is.
    copies: bool,
}

/// A column under construction, of which rows without a value are added when the next has one.
#[derive(Default)]
struct Column {
    values: StringBuilder,
    rows: usize,
}

impl Splitter {
    /// Into the columns of [`AttributeNote::file_schema`] over rows with the columns of `rows`.
    #[must_use]
    pub fn new(note: &AttributeNote, rows: &SchemaRef, copies: bool) -> Self {
        let columns: Vec<_> = note.columns().collect();
        let by_key = columns.iter().enumerate().map(|(index, noted)| (noted.key.clone(), index)).collect();
        let letters = columns.iter().filter_map(|noted| u8::try_from(noted.letter?).ok()).collect();
        Self { schema: note.file_schema(rows), by_key, letters, copies }
    }

    /// The columns that come out.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The batch with its columns.
    ///
    /// # Errors
    /// When the batch has other columns than `rows`, or a row has a key twice, without a value or of another type than
    /// the note says.
    pub fn split(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let mut columns = batch.columns().to_vec();
        let map_index = batch.schema_ref().index_of(MAP);
        if let (false, Ok(map_index)) = (self.by_key.is_empty(), map_index) {
            let types_index = batch.schema_ref().index_of(TYPES).ok();
            let types = types_index.map(|index| Arc::clone(batch.column(index)));
            let types = types.as_ref().map(|types| types.as_string::<i32>());
            let map = batch.column(map_index).as_map();
            let (own, rest) = self.take(map, types)?;
            if let Some(rest) = rest {
                let DataType::Map(entries, _) = map.data_type() else { unreachable!("a map array is a map") };
                let (rest, letters) = rest.finish(entries)?;
                columns[map_index] = rest;
                if let Some(index) = types_index {
                    columns[index] = Arc::new(letters);
                }
            }
            columns.extend(own);
        }
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }

    /// The columns, and what is left in the map where that does not stay as it is.
    fn take(
        &self,
        map: &MapArray,
        types: Option<&StringArray>,
    ) -> Result<(Vec<ArrayRef>, Option<MapParts>), ArrowError> {
        let keys = map.keys().as_string::<i32>();
        let values = map.values().as_string::<i32>();
        let mut columns: Vec<Column> = self.letters.iter().map(|_| Column::default()).collect();
        let mut rest = (!self.copies).then(MapParts::default);
        let mut before = RowBefore::default();
        for row in 0..map.len() {
            for (place, entry) in entries(map, row).enumerate() {
                let key = keys.value(entry);
                let column = before.known(place, key, |key| self.by_key.get(key).copied());
                let letter = letter_at(types, row, place);
                if let Some(column) = column {
                    let fits = letter == self.letters[column] && values.is_valid(entry) && columns[column].rows <= row;
                    if !fits {
                        return Err(ArrowError::InvalidArgumentError(format!(
                            "a row has the attribute {key:?} otherwise than was counted"
                        )));
                    }
                    columns[column].append(row, values.value(entry));
                } else if let Some(rest) = &mut rest {
                    rest.append(key, values.is_valid(entry).then(|| values.value(entry)), letter);
                }
            }
            rest.iter_mut().for_each(MapParts::end_row);
        }
        Ok((columns.into_iter().map(|column| column.finish(map.len())).collect(), rest))
    }
}

impl Column {
    fn append(&mut self, row: usize, value: &str) {
        self.values.append_nulls(row - self.rows);
        self.values.append_value(value);
        self.rows = row + 1;
    }

    fn finish(mut self, rows: usize) -> ArrayRef {
        self.values.append_nulls(rows - self.rows);
        Arc::new(self.values.finish())
    }
}
