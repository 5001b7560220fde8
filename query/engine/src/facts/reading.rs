//! What a statement reads of files, as far as plans do not count it themselves.

use std::collections::HashMap;

use parking_lot::Mutex;
use spanlake_schemas::tables::Table;
use spanlake_store::TraceRows;

use crate::QueryStats;

/// Shared by a statement's tables.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    files: HashMap<Table, usize>,
    looked_up: u64,
}

impl Reading {
    /// A table is counted once, however often the statement names it.
    pub(crate) fn count_files(&self, table: Table, files: usize) {
        self.seen.lock().files.insert(table, files);
    }

    pub(super) fn add_lookup(&self, found: &TraceRows) {
        self.seen.lock().looked_up += found.files_read as u64;
    }

    pub(crate) fn stats(&self) -> QueryStats {
        let seen = self.seen.lock();
        QueryStats {
            files_read: seen.looked_up,
            files_total: seen.files.values().map(|files| *files as u64).sum(),
            bytes_scanned: 0,
        }
    }
}
