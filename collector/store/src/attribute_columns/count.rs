//! Counting the keys of maps of attributes.
//!
//! Owns no rows. Looks at every entry once; a key at the place where the row before had it costs a comparison.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, MapArray, StringArray};
use arrow::record_batch::RecordBatch;

use super::{AttributeNote, MAP, NotedKey, TEXT, TYPES};

/// With more different keys than this, later ones are not counted.
const COUNTED_MAX: usize = 4096;

/// What is in the maps of these batches of one table; `None` where it has no map.
#[must_use]
pub fn note_of_batches(batches: &[&RecordBatch]) -> Option<AttributeNote> {
    let mut counts = Counts { complete: true, ..Counts::default() };
    let mut has_map = false;
    for batch in batches {
        if let Some(map) = batch.column_by_name(MAP) {
            has_map = true;
            let types = batch.column_by_name(TYPES);
            counts.add(map.as_map_opt()?, types.and_then(|types| types.as_string_opt::<i32>()));
        }
    }
    has_map.then(|| counts.note())
}

#[derive(Default)]
struct Counts {
    complete: bool,
    by_key: HashMap<String, usize>,
    counts: Vec<Count>,
    row: u64,
}

struct Count {
    key: String,
    rows: u64,
    letter: u8,
    is_uniform: bool,
    /// The last row that had it.
    row: u64,
}

impl Counts {
    fn add(&mut self, map: &MapArray, types: Option<&StringArray>) {
        let keys = map.keys().as_string::<i32>();
        let values = map.values().as_string::<i32>();
        let mut before = RowBefore::default();
        for row in 0..map.len() {
            self.row += 1;
            for (place, entry) in entries(map, row).enumerate() {
                let Some(slot) = before.known(place, keys.value(entry), |key| self.slot(key)) else { continue };
                let (letter, row) = (letter_at(types, row, place), self.row);
                self.counts[slot].see(letter, row, values.is_valid(entry));
            }
        }
    }

    fn slot(&mut self, key: &str) -> Option<usize> {
        if let Some(slot) = self.by_key.get(key) {
            return Some(*slot);
        }
        if self.counts.len() >= COUNTED_MAX {
            self.complete = false;
            return None;
        }
        let slot = self.counts.len();
        self.by_key.insert(key.to_owned(), slot);
        self.counts.push(Count { key: key.to_owned(), rows: 0, letter: 0, is_uniform: true, row: 0 });
        Some(slot)
    }

    fn note(self) -> AttributeNote {
        let noted = |count: Count| NotedKey {
            key: count.key,
            rows: count.rows,
            letter: count.is_uniform.then_some(char::from(count.letter)),
            has_column: false,
        };
        AttributeNote { complete: self.complete, keys: self.counts.into_iter().map(noted).collect() }.bounded()
    }
}

impl Count {
    fn see(&mut self, letter: u8, row: u64, has_value: bool) {
        let is_first = self.rows == 0;
        self.is_uniform &= has_value && self.row != row && (is_first || self.letter == letter);
        self.letter = letter;
        self.rows += u64::from(self.row != row);
        self.row = row;
    }
}

/// What was found for the keys of the row before: rows mostly have the same keys at the same places.
#[derive(Default)]
pub(super) struct RowBefore<'a>(Vec<(&'a str, Option<usize>)>);

impl<'a> RowBefore<'a> {
    /// What belongs to the key at that place, looked up only where the row before had another there.
    pub(super) fn known(
        &mut self,
        place: usize,
        key: &'a str,
        look_up: impl FnOnce(&str) -> Option<usize>,
    ) -> Option<usize> {
        match self.0.get(place) {
            Some((known, found)) if *known == key => *found,
            _ => {
                let found = look_up(key);
                self.0.truncate(place);
                self.0.push((key, found));
                found
            }
        }
    }
}

/// Positions of a row's entries among all keys and values.
pub(super) fn entries(map: &MapArray, row: usize) -> std::ops::Range<usize> {
    if map.is_null(row) {
        return 0..0;
    }
    let offsets = map.value_offsets();
    let position = |offset: i32| usize::try_from(offset).expect("offsets are not negative");
    position(offsets[row])..position(offsets[row + 1])
}

/// The letter of the type of a row's entry.
pub(super) fn letter_at(types: Option<&StringArray>, row: usize, place: usize) -> u8 {
    let letters = types.filter(|types| types.is_valid(row)).map(|types| types.value(row).as_bytes());
    letters.and_then(|letters| letters.get(place)).copied().unwrap_or(TEXT as u8)
}
