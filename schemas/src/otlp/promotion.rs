//! The promoted attributes' columns, and the quick way from a key's bytes to its column.
//!
//! Never decides what is promoted: that is `tables::promoted`.

use arrow::datatypes::Int64Type;

use super::attributes::{Attribute, AttributeColumns, Value};
use super::columns::{Assembler, ColumnError, SparseNumbers, SparseText};
use crate::tables::promoted::{self, PromotedAttribute, PromotedType};

const SLOTS: usize = 256;
const VACANT: u8 = u8::MAX;

/// Open addressing over a hash of the length and four bytes, computed when this is compiled.
pub(super) struct Lookup {
    attributes: &'static [PromotedAttribute],
    slots: [u8; SLOTS],
}

pub(super) static SPAN: Lookup = Lookup::new(promoted::SPAN);
pub(super) static LOG: Lookup = Lookup::new(promoted::LOG);

#[inline(always)]
const fn slot_of(key: &[u8]) -> usize {
    let length = key.len();
    if length < 4 {
        return 0;
    }
    let tail = key[length - 1] as u32 | (key[length - 2] as u32) << 8;
    let middle = key[length / 2] as u32 | (key[0] as u32) << 8;
    let mixed = (tail ^ (middle << 16) ^ ((length as u32) << 11)).wrapping_mul(0x9E37_79B1);
    (mixed >> 24) as usize
}

impl Lookup {
    const fn new(attributes: &'static [PromotedAttribute]) -> Self {
        assert!(attributes.len() < SLOTS / 2, "so that a probe soon meets a vacant slot");
        let mut slots = [VACANT; SLOTS];
        let mut index = 0;
        while index < attributes.len() {
            let mut slot = slot_of(attributes[index].key.as_bytes());
            while slots[slot] != VACANT {
                slot = (slot + 1) % SLOTS;
            }
            slots[slot] = index as u8;
            index += 1;
        }
        Self { attributes, slots }
    }

    /// The column of a key, if the key is promoted.
    #[inline(always)]
    fn find(&self, key: &[u8]) -> Option<usize> {
        let mut slot = slot_of(key);
        loop {
            let index = self.slots[slot];
            if index == VACANT {
                return None;
            }
            if self.attributes[usize::from(index)].key.as_bytes() == key {
                return Some(usize::from(index));
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}

enum PromotedColumn {
    Text(SparseText),
    Integer(SparseNumbers<Int64Type>),
}

/// The promoted columns of one table, and the map for all else.
pub(super) struct PromotedColumns {
    lookup: &'static Lookup,
    columns: Vec<PromotedColumn>,
}

impl PromotedColumns {
    pub(super) fn new(lookup: &'static Lookup) -> Self {
        let columns = lookup
            .attributes
            .iter()
            .map(|attribute| match attribute.value_type {
                PromotedType::Text => PromotedColumn::Text(SparseText::default()),
                PromotedType::Integer => PromotedColumn::Integer(SparseNumbers::default()),
            })
            .collect();
        Self { lookup, columns }
    }

    /// Files one row's attributes: the first of a promoted key and type to its column, the others to the map.
    #[inline]
    pub(super) fn push_row(&mut self, row: usize, attributes: &[Attribute<'_>], map: &mut AttributeColumns) {
        for attribute in attributes {
            if !self.promote(row, attribute) {
                map.push(attribute);
            }
        }
        map.end_row();
    }

    #[inline(always)]
    fn promote(&mut self, row: usize, attribute: &Attribute<'_>) -> bool {
        let Some(index) = self.lookup.find(attribute.key) else {
            return false;
        };
        match (&mut self.columns[index], &attribute.value) {
            (PromotedColumn::Text(column), Value::Text(text)) if !column.has(row) => column.set(row, text),
            (PromotedColumn::Integer(column), Value::Integer(integer)) if !column.has(row) => column.set(row, *integer),
            _ => return false,
        }
        true
    }

    pub(super) fn add_to(self, batch: &mut Assembler<'_>) -> Result<(), ColumnError> {
        for (attribute, column) in self.lookup.attributes.iter().zip(self.columns) {
            match column {
                PromotedColumn::Text(column) => batch.add(attribute.column, column)?,
                PromotedColumn::Integer(column) => batch.add(attribute.column, column)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_promoted_key_finds_its_own_column_and_no_other_key_finds_one() {
        for lookup in [&SPAN, &LOG] {
            for (index, attribute) in lookup.attributes.iter().enumerate() {
                assert_eq!(lookup.find(attribute.key.as_bytes()), Some(index), "{}", attribute.key);
            }
            for key in ["", "a", "http", "http.request.methoe", "xttp.request.method", "service.name"] {
                assert_eq!(lookup.find(key.as_bytes()), None, "{key}");
            }
        }
    }
}
