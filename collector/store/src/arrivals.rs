//! That rows have come: what live views wait for.
//!
//! Owns a count of visible rows by table since the start, and who is woken when one grows. Rows are counted after the
//! version that shows them is there, so whoever is woken and pins one sees them. Never holds a row.

use spanlake_schemas::tables::Table;

/// Rows by table that have become visible since the start. They only grow; seals, merges and deletions do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    rows: [u64; Table::COUNT],
}

impl Arrivals {
    /// Of one table.
    #[must_use]
    pub const fn of(&self, table: Table) -> u64 {
        self.rows[table as usize]
    }

    pub(crate) fn add(&mut self, table: Table, rows: usize) {
        self.rows[table as usize] += u64::try_from(rows).unwrap_or(0);
    }
}
