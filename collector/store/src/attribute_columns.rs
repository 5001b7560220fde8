//! Attributes that have a column of their own in one file: which, and the way there and back.
//!
//! A key that enough rows of a file have, always once and of one type, becomes the column `attributes['key']`. In the
//! hot tier its values leave the map, which [`join`] undoes for whoever reads whole rows; in the cold tier, whose map
//! is Delta's, they stand in both. A note in the metadata of the map's field says which keys the file has at all, so
//! that a reader that wants another need not look. Owns the note and the names. Never reads or writes a file.

mod count;
mod join;
mod split;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};
use spanlake_schemas::tables::{attribute_column, key_of_column};

use crate::seal::properties::{COLD_VALUES, HOT_VALUES};

pub use count::note_of_batches;
pub use join::{Joined, join};
pub use split::Splitter;

/// The map whose keys become columns.
pub const MAP: &str = "attributes";
/// The letters of its values' types.
pub const TYPES: &str = "attribute_types";
/// The letter that is meant where there is none.
pub const TEXT: char = 's';
/// Key of the note in the field's metadata.
const NOTE: &str = "spanlake.attributes";
/// A column pays for itself where one row in so many has it.
const ROWS_PER_VALUE_MAX: u64 = 50;
const COLUMNS_MAX: usize = 64;
/// More keys than this are not noted.
const KEYS_MAX: usize = 256;
/// A longer key has no column.
const KEY_BYTES_MAX: usize = 128;

/// What a file's map holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeNote {
    /// Whether no row has a key that is not among `keys`.
    pub complete: bool,
    /// In the order in which rows have them, as far as they agree. A file may hold fewer rows than are counted here, never more.
    pub keys: Vec<NotedKey>,
}

/// A key that some rows have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotedKey {
    pub key: String,
    pub rows: u64,
    /// The letter of the type of every value; `None` where rows differ, have it twice, or have no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<char>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_column: bool,
}

impl NotedKey {
    /// The name of its column.
    #[must_use]
    pub fn column(&self) -> String {
        attribute_column(&self.key)
    }
}

/// Whether a column of a file is one of an attribute.
#[must_use]
pub fn is_attribute_column(name: &str) -> bool {
    key_of_column(name).is_some()
}

/// Whether a leaf of a file holds the values of the map, by the parts of its path.
#[must_use]
pub fn is_map_value(path: &[String]) -> bool {
    path == HOT_VALUES || path == COLD_VALUES
}

impl AttributeNote {
    /// The note of a file with this schema; `None` where it has none.
    #[must_use]
    pub fn of_schema(schema: &Schema) -> Option<Self> {
        let text = schema.field_with_name(MAP).ok()?.metadata().get(NOTE)?;
        serde_json::from_str(text).ok()
    }

    /// Of rows of several files, of which those with `None` may hold anything.
    pub fn merged(notes: impl IntoIterator<Item = Option<Self>>) -> Self {
        let mut merged = Self { complete: true, keys: Vec::new() };
        let mut places: HashMap<String, usize> = HashMap::new();
        for note in notes {
            let note = note.unwrap_or_default();
            merged.complete &= note.complete;
            for noted in note.keys {
                if let Some(place) = places.get(&noted.key) {
                    let known = &mut merged.keys[*place];
                    known.rows += noted.rows;
                    known.letter = known.letter.filter(|_| known.letter == noted.letter);
                } else {
                    places.insert(noted.key.clone(), merged.keys.len());
                    merged.keys.push(NotedKey { has_column: false, ..noted });
                }
            }
        }
        merged.bounded()
    }

    /// With columns for the keys that are worth it among so many rows. Without a complete note there are none: an
    /// unknown row may have a value of another type.
    #[must_use]
    pub fn with_columns(mut self, rows: u64) -> Self {
        let mut worth: Vec<usize> = (0..self.keys.len())
            .filter(|index| {
                let noted = &self.keys[*index];
                let is_often = noted.rows.saturating_mul(ROWS_PER_VALUE_MAX) >= rows;
                self.complete && is_often && noted.letter.is_some() && noted.key.len() <= KEY_BYTES_MAX
            })
            .collect();
        worth.sort_by_key(|index| std::cmp::Reverse(self.keys[*index].rows));
        // Some readers take names that differ only in case for one.
        let mut taken = HashSet::new();
        worth.retain(|index| taken.insert(self.keys[*index].key.to_lowercase()));
        for index in worth.into_iter().take(COLUMNS_MAX) {
            self.keys[index].has_column = true;
        }
        self
    }

    /// The keys with columns.
    pub fn columns(&self) -> impl Iterator<Item = &NotedKey> {
        self.keys.iter().filter(|noted| noted.has_column)
    }

    /// What is known of a key.
    #[must_use]
    pub fn key(&self, key: &str) -> Option<&NotedKey> {
        self.keys.iter().find(|noted| noted.key == key)
    }

    /// Whether certainly no row has the key.
    #[must_use]
    pub fn lacks(&self, key: &str) -> bool {
        self.complete && self.key(key).is_none()
    }

    /// The columns of a file: those of `rows`, the note on the map, and the columns of attributes at the end.
    #[must_use]
    pub fn file_schema(&self, rows: &SchemaRef) -> SchemaRef {
        let Ok(text) = serde_json::to_string(self) else { return Arc::clone(rows) };
        let noted = |field: &Arc<Field>| {
            if field.name() != MAP {
                return Arc::clone(field);
            }
            let metadata = std::iter::once((NOTE.to_owned(), text.clone())).collect();
            Arc::new(field.as_ref().clone().with_metadata(metadata))
        };
        let fields = rows.fields().iter().map(noted);
        let columns = self.columns().map(|noted| Arc::new(Field::new(noted.column(), DataType::Utf8, true)));
        Arc::new(Schema::new(fields.chain(columns).collect::<Vec<_>>()))
    }

    /// With no more keys than a note may hold: the most frequent.
    fn bounded(mut self) -> Self {
        if self.keys.len() > KEYS_MAX {
            self.complete = false;
            let mut rows: Vec<u64> = self.keys.iter().map(|noted| noted.rows).collect();
            rows.sort_unstable_by(|left, right| right.cmp(left));
            let least = rows[KEYS_MAX - 1];
            self.keys.retain(|noted| noted.rows >= least);
            self.keys.truncate(KEYS_MAX);
        }
        self
    }
}
