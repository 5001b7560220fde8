//! The form that rows have in one file, and the way from it to the table's own.
//!
//! Owns which columns of the file are needed for which of the table. Never opens a file.

use std::collections::BTreeSet;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use spanlake_schemas::tables::{Table, key_of_column};

use crate::attribute_columns::{AttributeNote, MAP, TEXT, TYPES, join};
use crate::cold::form::{from_cold, nanos_column};
use crate::version::DataFile;

/// How a file holds rows of its table.
pub struct StoredForm {
    table: SchemaRef,
    note: Option<AttributeNote>,
    is_cold: bool,
}

impl StoredForm {
    /// Of a file with these columns.
    #[must_use]
    pub fn of(file: &DataFile, table: Table, physical: &Schema) -> Self {
        Self { table: table.schema(), note: AttributeNote::of_schema(physical), is_cold: file.is_cold() }
    }

    /// What its map of attributes holds, as far as it says so.
    #[must_use]
    pub fn note(&self) -> Option<&AttributeNote> {
        self.note.as_ref()
    }

    /// Whether restored rows may have this column of the table, of a file with these.
    #[must_use]
    pub fn gives(&self, physical: &Schema, name: &str) -> bool {
        let has_letters = || self.note.iter().flat_map(AttributeNote::columns).any(|noted| noted.letter != Some(TEXT));
        physical.column_with_name(name).is_some() || name == TYPES && !self.is_cold && has_letters()
    }

    /// The columns of the file that are needed for these of the table; a name such as `attributes['k']` asks for a map that has this key
    /// as rows have it, and of others what is not in the way.
    #[must_use]
    pub fn needed(&self, names: &[&str]) -> BTreeSet<String> {
        let mut needed: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let keys: Vec<&str> = names.iter().filter_map(|name| key_of_column(name)).collect();
        let with_map = names.contains(&MAP) || names.contains(&TYPES);
        if self.is_cold {
            needed.extend(names.iter().map(|name| nanos_column(name)));
        } else if with_map {
            needed.extend(self.note.iter().flat_map(AttributeNote::columns).map(|noted| noted.column()));
        }
        if with_map || keys.iter().any(|key| self.may_be_in_map(key)) {
            needed.extend([MAP.to_owned(), TYPES.to_owned()]);
        }
        needed
    }

    /// Whether values of the key may lie in the file's map.
    fn may_be_in_map(&self, key: &str) -> bool {
        let is_beside = |note: &AttributeNote| note.lacks(key) || note.key(key).is_some_and(|noted| noted.has_column);
        self.is_cold || !self.note.as_ref().is_some_and(is_beside)
    }

    /// Rows of the file, or some of their columns, as the table has them.
    ///
    /// # Errors
    /// When a column has not the type that it should have.
    pub fn restore(&self, batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
        match &self.note {
            _ if self.is_cold => from_cold(&batch, &self.table),
            Some(note) => join(&batch, &self.table, note),
            None => Ok(batch),
        }
    }
}
