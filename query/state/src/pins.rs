//! Pins of traces, numbered.
//!
//! Owns their numbers, which are never given twice. Never reads what a pin says.

use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};

use crate::{DOCUMENT_BYTES_MAX, StateError, StateFile};

/// Pins at most.
pub const PINS_MAX: u64 = 1_000;

/// Number to when it was made, nanoseconds since the epoch, and what it says. Under zero stands the last number given.
const PINS: TableDefinition<'_, u64, (i64, &str)> = TableDefinition::new("pins");
const LAST: u64 = 0;

/// A pin as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPin {
    /// Counts from 1.
    pub id: u64,
    /// When it was made, nanoseconds since the epoch.
    pub at: i64,
    pub document: String,
}

impl StateFile {
    /// All pins, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn pins(&self) -> Result<Vec<KeptPin>, StateError> {
        let read = || {
            let table = self.database.begin_read()?.open_table(PINS)?;
            let mut pins = Vec::new();
            for entry in table.range(LAST + 1..)? {
                let (id, value) = entry?;
                let (at, document) = value.value();
                pins.push(KeptPin { id: id.value(), at, document: document.to_owned() });
            }
            Ok(pins)
        };
        read().map_err(|error: redb::Error| self.failed(&error))
    }

    /// Keeps a pin; gives its number.
    ///
    /// # Errors
    /// When there are too many or it is too long; when it cannot be written.
    pub fn add_pin(&self, document: &str, at: i64) -> Result<u64, StateError> {
        if document.len() > DOCUMENT_BYTES_MAX {
            return Err(StateError::TooLarge { bytes: document.len() });
        }
        self.write_pins(|pins| {
            let last = pins.get(LAST)?.map(|value| value.value().0);
            let others = pins.len()?.saturating_sub(u64::from(last.is_some()));
            if others >= PINS_MAX {
                return Ok(Err(StateError::TooManyPins));
            }
            let next = last.unwrap_or(0) + 1;
            let id = u64::try_from(next).unwrap_or(1);
            pins.insert(LAST, (next, ""))?;
            pins.insert(id, (at, document))?;
            Ok(Ok(id))
        })?
    }

    /// Removes a pin.
    ///
    /// # Errors
    /// When it is not there; when it cannot be written.
    pub fn remove_pin(&self, id: u64) -> Result<(), StateError> {
        self.write_pins(|pins| {
            let was_there = id != LAST && pins.remove(id)?.is_some();
            Ok(if was_there { Ok(()) } else { Err(StateError::MissingPin { id }) })
        })?
    }

    pub(crate) fn write_pins<T>(
        &self,
        change: impl FnOnce(&mut redb::Table<'_, u64, (i64, &'static str)>) -> Result<T, redb::Error>,
    ) -> Result<T, StateError> {
        let done = || {
            let transaction = self.database.begin_write()?;
            let mut pins = transaction.open_table(PINS)?;
            let answer = change(&mut pins)?;
            drop(pins);
            transaction.commit()?;
            Ok(answer)
        };
        done().map_err(|error: redb::Error| self.failed(&error))
    }
}
