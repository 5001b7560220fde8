//! Which files to merge next: pure, of one version and the time.
//!
//! Owns the policy. An hour that still fills is merged whenever more than [`FRESH_MAX`] files came from the seal;
//! one that is over, until little is left to gain. A larger file joins only if what is merged with it is not much
//! smaller, so each row is rewritten a bounded number of times.

use std::collections::BTreeMap;
use std::sync::Arc;

use spanlake_schemas::tables::Table;

use crate::version::{DataFile, Version};

/// Files fresh from the seal that a table and hour may have.
pub const FRESH_MAX: usize = 8;
/// Files of this size are left alone.
const FULL_BYTES: u64 = 128 << 20;
/// A merged file is about this large at most.
const MERGED_BYTES_MAX: u64 = 256 << 20;
/// Inputs of one merge: each holds some 6 MB of readers, a zstd context for each column among them, and a batch.
const INPUTS_MAX: usize = FRESH_MAX + 2;
/// Of an hour that is over a file joins what is this much smaller: at best one file is left, in which no query meets points
/// between those of another.
const QUIET_RATIO: u64 = 16;
/// An hour counts as over when nothing came for it for this long.
const QUIET: i64 = 600 * 1_000_000_000;

/// A merge worth doing.
#[derive(Debug)]
pub struct Job {
    pub table: Table,
    /// Smallest first; all of one folder.
    pub inputs: Vec<Arc<DataFile>>,
    /// Files of the folder that are not full, these among them.
    pub waiting: usize,
}

/// The most useful merge, if any is; `is_barred` leaves files out that could not be read.
pub fn pick(version: &Version, now: i64, is_barred: impl Fn(&DataFile) -> bool) -> Option<Job> {
    let mut best: Option<((String, usize), Job)> = None;
    for table in Table::ALL {
        for (folder, files) in folders(version, table) {
            let files: Vec<_> = files.into_iter().filter(|file| !is_barred(file)).collect();
            let waiting = files.len();
            let Some(inputs) = inputs(files, now) else { continue };
            // The leading edge first, where queries look; then where most files go.
            let hour = folder.split_once("/date=").map_or("", |(_, hour)| hour);
            let rank = (hour.to_owned(), inputs.len());
            if best.as_ref().is_none_or(|(other, _)| *other < rank) {
                best = Some((rank, Job { table, inputs, waiting }));
            }
        }
    }
    best.map(|(_, job)| job)
}

fn folders(version: &Version, table: Table) -> BTreeMap<String, Vec<Arc<DataFile>>> {
    let mut folders: BTreeMap<String, Vec<Arc<DataFile>>> = BTreeMap::new();
    for file in version.files(table).iter().filter(|file| !file.is_cold() && file.entry.bytes < FULL_BYTES) {
        folders.entry(file.entry.partition().to_owned()).or_default().push(Arc::clone(file));
    }
    folders
}

/// What to merge of the files of one folder that are not full.
fn inputs(mut files: Vec<Arc<DataFile>>, now: i64) -> Option<Vec<Arc<DataFile>>> {
    let fresh = files.iter().filter(|file| file.entry.level == 0).count();
    let newest = files.iter().map(|file| file.entry.received_max).max()?;
    let is_quiet = newest < now.saturating_sub(QUIET);
    if fresh <= FRESH_MAX && !is_quiet {
        return None;
    }
    // How much larger than all that it is merged with a file may be.
    let ratio = if is_quiet { QUIET_RATIO } else { 1 };
    // Smallest first; of about the same size, the newest, so that what is merged lies side by side in time.
    let rank = |file: &DataFile| (file.entry.bytes.max(1).ilog2(), std::cmp::Reverse(file.entry.time_max));
    files.sort_by(|left, right| rank(left).cmp(&rank(right)).then_with(|| left.entry.path.cmp(&right.entry.path)));
    let joins = |file: &DataFile, bytes: u64| file.entry.level == 0 && !is_quiet || file.entry.bytes <= bytes * ratio;
    let mut by_bucket: BTreeMap<u32, Vec<Arc<DataFile>>> = BTreeMap::new();
    for file in &files {
        by_bucket.entry(file.entry.bucket_seconds).or_default().push(Arc::clone(file));
    }
    // Of one length of buckets first: they are merged as streams, in order whatever they hold.
    let alike = by_bucket.values().filter_map(|files| longest_chain(files, &joins)).max_by_key(Vec::len);
    alike.or_else(|| longest_chain(&files, &joins))
}

/// The most of them that are worth one merge, of two at least.
fn longest_chain(files: &[Arc<DataFile>], joins: &impl Fn(&DataFile, u64) -> bool) -> Option<Vec<Arc<DataFile>>> {
    // From each on, as a file much smaller than all others, such as the last of an hour, is no reason to leave those alone.
    let chains = (0..files.len()).map(|from| chain(&files[from..], joins));
    chains.rev().max_by_key(Vec::len).filter(|longest| longest.len() > 1)
}

/// The first of them and those that join it, smallest first.
fn chain(files: &[Arc<DataFile>], joins: impl Fn(&DataFile, u64) -> bool) -> Vec<Arc<DataFile>> {
    let mut chosen: Vec<Arc<DataFile>> = Vec::new();
    let mut bytes = 0;
    for file in files {
        let fits = chosen.len() < INPUTS_MAX && bytes + file.entry.bytes <= MERGED_BYTES_MAX;
        let is_taken = chosen.is_empty() || fits && joins(file, bytes);
        if !is_taken {
            break;
        }
        bytes += file.entry.bytes;
        chosen.push(Arc::clone(file));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::{FileEntry, TableVersion};

    const NOW: i64 = 1_795_000_000 * 1_000_000_000;
    const MIB: u64 = 1 << 20;

    fn file(hour: u8, name: usize, level: u8, bytes: u64, received: i64) -> Arc<DataFile> {
        let path = format!("hot/spans/date=2026-11-21/hour={hour:02}/{name:06}.parquet");
        let entry = FileEntry {
            received_min: received,
            received_max: received,
            level,
            ..FileEntry::sample(&path, Table::Spans, bytes)
        };
        Arc::new(DataFile::new(entry, path.into()))
    }

    fn picked(files: Vec<Arc<DataFile>>) -> Option<Vec<String>> {
        let mut version = Version::default();
        version.tables[Table::Spans as usize] = TableVersion { hot: Vec::new(), files: Arc::new(files) };
        let job = pick(&version, NOW, |_| false)?;
        Some(job.inputs.iter().map(|file| file.entry.path.clone()).collect())
    }

    #[test]
    fn eight_fresh_files_are_let_be_and_nine_are_merged() {
        let fresh = |count| (0..count).map(|name| file(9, name, 0, 5 * MIB, NOW)).collect::<Vec<_>>();
        assert_eq!(picked(fresh(8)), None);
        assert_eq!(picked(fresh(9)).map(|files| files.len()), Some(9));
        assert_eq!(picked(fresh(100)).map(|files| files.len()), Some(INPUTS_MAX));
    }

    #[test]
    fn a_large_file_waits_until_enough_is_merged_with_it() {
        let with_merged = |bytes| {
            let mut files: Vec<_> = (0..9).map(|name| file(9, name, 0, 5 * MIB, NOW)).collect();
            files.push(file(9, 50, 1, bytes, NOW));
            picked(files).map(|files| files.len())
        };
        assert_eq!(with_merged(40 * MIB), Some(10));
        assert_eq!(with_merged(50 * MIB), Some(9));
        assert_eq!(with_merged(130 * MIB), Some(9));
    }

    #[test]
    fn an_hour_that_is_over_is_tidied_without_rewriting_much_for_little() {
        let old = NOW - 2 * QUIET;
        assert_eq!(picked(vec![file(9, 1, 0, 5 * MIB, old)]), None);
        let pair = |small| picked(vec![file(9, 1, 0, small, old), file(9, 2, 1, 20 * MIB, old)]);
        assert_eq!(pair(5 * MIB).map(|files| files.len()), Some(2));
        assert_eq!(pair(MIB), None);
        let mut files: Vec<_> = (0..12).map(|name| file(9, name, 0, 6 * MIB, old)).collect();
        files.push(file(9, 50, 0, MIB, old));
        let merged = picked(files).unwrap();
        assert_eq!(merged.len(), INPUTS_MAX, "the short end of an hour does not hold up the others");
    }

    #[test]
    fn files_that_lie_side_by_side_in_time_are_merged() {
        let old = NOW - 2 * QUIET;
        let of_hour = (0..12_u8).map(|part| {
            let whole = file(9, usize::from(part), 0, 5 * MIB + u64::from(part * 7 % 12) * 1_000, old);
            let entry = FileEntry { time_max: i64::from(part), ..whole.entry.clone() };
            Arc::new(DataFile::new(entry, whole.path.clone()))
        });
        let mut merged = picked(of_hour.collect()).unwrap();
        merged.sort();
        let newest: Vec<String> =
            (2..12).map(|name| format!("hot/spans/date=2026-11-21/hour=09/{name:06}.parquet")).collect();
        assert_eq!(merged, newest);
    }

    #[test]
    fn files_with_buckets_of_one_length_are_merged_before_others() {
        let of = |name: usize, bucket_seconds: u32| {
            let whole = file(9, name, 0, 5 * MIB, NOW);
            let entry = FileEntry { bucket_seconds, ..whole.entry.clone() };
            Arc::new(DataFile::new(entry, whole.path.clone()))
        };
        let files: Vec<_> = (0..11).map(|name| of(name, if name % 3 == 0 { 2 } else { 32 })).collect();
        let merged = picked(files).unwrap();
        assert_eq!(merged.len(), 7, "{merged:?}");
        let old = |name: usize, bucket_seconds: u32| {
            let whole = file(9, name, 0, 5 * MIB, NOW - 2 * QUIET);
            let entry = FileEntry { bucket_seconds, ..whole.entry.clone() };
            Arc::new(DataFile::new(entry, whole.path.clone()))
        };
        assert_eq!(
            picked(vec![old(1, 2), old(2, 32)]).map(|files| files.len()),
            Some(2),
            "an hour that is over becomes one"
        );
    }

    #[test]
    fn the_newest_hour_comes_first() {
        let mut files: Vec<_> = (0..20).map(|name| file(8, name, 0, MIB, NOW)).collect();
        files.extend((0..9).map(|name| file(9, name, 0, MIB, NOW)));
        let chosen = picked(files).unwrap();
        assert!(chosen.len() == 9 && chosen.iter().all(|path| path.contains("hour=09")), "{chosen:?}");
    }
}
