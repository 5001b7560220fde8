//! What a statement reads of files, as far as plans do not count it themselves.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use spanlake_schemas::tables::Table;
use spanlake_store::cold::BlockReads;
use spanlake_store::{TraceRows, Version};

use crate::QueryStats;

/// Shared by a statement's tables, for as long as it runs.
pub(crate) struct Reading {
    /// Plans name files by their paths; they stay where they are while a version with them is held.
    version: Arc<Version>,
    seen: Mutex<Seen>,
    /// Of the bucket's files.
    pub(super) blocks: Arc<BlockReads>,
}

#[derive(Debug, Default)]
struct Seen {
    files: HashMap<Table, usize>,
    looked_up: u64,
    sampled: u64,
    row_groups_pruned: u64,
    footers_kept: u64,
    footers_read: u64,
}

impl Reading {
    pub(crate) fn of(version: Arc<Version>) -> Self {
        Self { version, seen: Mutex::default(), blocks: Arc::default() }
    }

    /// Whether sampling left out spans of some file.
    pub(crate) fn has_sampled_spans(&self) -> bool {
        self.has_sampled_spans_in(i64::MIN, i64::MAX)
    }

    /// Whether sampling left out spans of some file with spans that began from `start` up to but not including `end`,
    /// nanoseconds.
    pub(crate) fn has_sampled_spans_in(&self, start: i64, end: i64) -> bool {
        self.version.has_sampled_files(Table::Spans, start, end)
    }

    /// Spans of files that lie in this range as a whole, nanoseconds.
    pub(crate) fn sealed_spans_in(&self, start: i64, end: i64) -> u64 {
        let files = self.version.files(Table::Spans).iter().map(|file| &file.entry);
        files.filter(|file| file.time_min >= start && file.time_max < end).map(|file| file.rows).sum()
    }

    /// A table is counted once, however often the statement names it.
    pub(crate) fn count_files(&self, table: Table, files: usize) {
        self.seen.lock().files.insert(table, files);
    }

    /// Of files, or batches that are in none yet.
    pub(super) fn add_sampled(&self, files: usize) {
        self.seen.lock().sampled += files as u64;
    }

    pub(super) fn add_lookup(&self, found: &TraceRows) {
        self.seen.lock().looked_up += found.files_read as u64;
    }

    /// Row groups that a scan leaves out before it begins.
    pub(super) fn add_pruned_row_groups(&self, count: usize) {
        self.seen.lock().row_groups_pruned += count as u64;
    }

    /// A footer is asked for, which is in memory or not.
    pub(super) fn add_footer(&self, is_kept: bool) {
        let mut seen = self.seen.lock();
        *if is_kept { &mut seen.footers_kept } else { &mut seen.footers_read } += 1;
    }

    pub(crate) fn stats(&self) -> QueryStats {
        let seen = self.seen.lock();
        QueryStats {
            files_read: seen.looked_up,
            files_total: seen.files.values().map(|files| *files as u64).sum(),
            bytes_scanned: 0,
            row_groups_pruned: seen.row_groups_pruned,
            cache_hits: seen.footers_kept + self.blocks.hits(),
            cache_misses: seen.footers_read + self.blocks.misses(),
            sampled_files: seen.sampled,
        }
    }
}
