//! Which hour leaves the hot tier next; pure, of one version and the time.
//!
//! Owns the rule: an hour leaves when it is over for as long as rows stay hot, with those of its files whose rows are
//! all that old; sooner, oldest first, while hot files take more than they may. Never leaves a part of a file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use spanlake_schemas::tables::Table;

use crate::seal::order::hour_of;
use crate::version::{TableFile, Version};

/// An hour that leaves.
#[derive(Debug)]
pub struct Move {
    /// Hours since the epoch.
    pub hour: i64,
    pub files: Vec<TableFile>,
}

impl Move {
    /// Those of one table.
    pub fn files_of(&self, table: Table) -> Vec<TableFile> {
        self.files.iter().filter(|(of, _)| *of == table).cloned().collect()
    }
}

/// What is to leave first, and the bytes of all that should have left.
pub fn due(
    version: &Version,
    now: i64,
    age_max: Duration,
    bytes_max: u64,
    is_claimed: impl Fn(&str) -> bool,
) -> (Option<Move>, u64) {
    let mut hours: BTreeMap<i64, Vec<TableFile>> = BTreeMap::new();
    let mut bytes = 0;
    for table in Table::ALL {
        for file in version.files(table).iter().filter(|file| !file.is_cold()) {
            bytes += file.entry.bytes;
            // What describes rows is copied with them, and stays.
            if !table.is_dimension() {
                hours.entry(file.entry.first_hour()).or_default().push((table, Arc::clone(file)));
            }
        }
    }
    let oldest = now.saturating_sub(i64::try_from(age_max.as_nanos()).unwrap_or(i64::MAX));
    let mut over = bytes.saturating_sub(bytes_max);
    let mut waiting = 0;
    let mut first = None;
    for (hour, files) in hours {
        let is_old = hour < hour_of(oldest);
        let leaves = |file: &TableFile| over > 0 || is_old && file.1.entry.received_max < oldest;
        let leaving: Vec<TableFile> = files.into_iter().filter(leaves).collect();
        let size: u64 = leaving.iter().map(|(_, file)| file.entry.bytes).sum();
        over = over.saturating_sub(size);
        waiting += size;
        if first.is_none() {
            let files: Vec<TableFile> = leaving.into_iter().filter(|(_, file)| !is_claimed(&file.entry.path)).collect();
            first = (!files.is_empty()).then_some(Move { hour, files });
        }
    }
    (first, waiting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::{DataFile, FileEntry, TableVersion};

    const HOUR: i64 = 3600 * 1_000_000_000;
    /// 2026-11-21, 10:30.
    const NOW: i64 = 1_795_257_000 * 1_000_000_000;

    /// A file of an hour of that day, received so many hours ago.
    fn file(table: Table, hour: u8, name: &str, hours_ago: i64) -> TableFile {
        let path = format!("hot/{}/date=2026-11-21/hour={hour:02}/{name}.parquet", table.name());
        let entry = FileEntry { received_max: NOW - hours_ago * HOUR, ..FileEntry::sample(&path, table, 100) };
        (table, Arc::new(DataFile::new(entry, path.into())))
    }

    fn picked(files: &[TableFile], bytes_max: u64) -> (Vec<String>, u64) {
        let mut version = Version::default();
        for table in Table::ALL {
            let of = files.iter().filter(|(of, _)| *of == table).map(|(_, file)| Arc::clone(file)).collect();
            version.tables[table as usize] = TableVersion { hot: Vec::new(), files: Arc::new(of) };
        }
        let (first, waiting) =
            due(&version, NOW, Duration::from_secs(3 * 3600), bytes_max, |path| path.contains("busy"));
        let paths = first.map(|job| job.files.iter().map(|(_, file)| file.entry.path.clone()).collect());
        (paths.unwrap_or_default(), waiting)
    }

    #[test]
    fn an_hour_leaves_with_all_tables_once_it_is_old_enough_late_rows_later() {
        let spans = file(Table::Spans, 5, "a", 5);
        let logs = file(Table::Logs, 5, "a", 4);
        let late = file(Table::Spans, 5, "late", 1);
        let resources = file(Table::Resources, 5, "a", 5);
        let recent = file(Table::Spans, 7, "a", 3);
        let (left, waiting) = picked(&[spans, logs, late, resources, recent], u64::MAX);
        assert_eq!(left.len(), 2);
        assert!(left.iter().all(|path| path.contains("hour=05/a")), "{left:?}");
        assert_eq!(waiting, 200);
    }

    #[test]
    fn more_than_is_kept_leaves_oldest_first_whatever_its_age() {
        let files: Vec<TableFile> = (6..=10).map(|hour| file(Table::Spans, hour, "a", 0)).collect();
        assert_eq!(picked(&files, 500), (Vec::new(), 0));
        let (left, waiting) = picked(&files, 350);
        assert!(left.len() == 1 && left[0].contains("hour=06"), "{left:?}");
        assert_eq!(waiting, 200);
    }

    #[test]
    fn what_is_being_merged_is_left_for_the_next_time() {
        let (left, _) = picked(&[file(Table::Spans, 5, "busy", 5), file(Table::Spans, 6, "a", 5)], u64::MAX);
        assert!(left.len() == 1 && left[0].contains("hour=06"), "{left:?}");
    }
}
