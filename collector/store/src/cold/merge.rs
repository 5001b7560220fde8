//! Small cold files become a day's, and small days a month's, so that years are few files.
//!
//! Owns which are merged and when: nothing before late rows have had their time, newest first. A merge changes no row
//! and no answer, but that RED sums get coarser with age; readers of the Delta table keep the old files for a while.

use std::collections::BTreeMap;

use spanlake_schemas::tables::Table;

use super::log::ColdState;
use crate::seal::order::{date_and_hour, hour_of};
use crate::version::FileEntry;

/// Files of fewer bytes are small.
const SMALL_BYTES: u64 = 64 << 20;
/// About the size of a merged file, in bytes of its inputs.
const MERGED_BYTES: u64 = 768 << 20;
/// Inputs at once: each takes buffers while it is read.
const INPUTS_MAX: usize = 12;
/// Hours that rows may come late, and then stay hot.
const LATE_HOURS: i64 = 36;

/// How coarse RED sums of a day become, and how long after it is over: seconds, and hours.
const RED_OF_DAY: (u32, i64) = (60, 48);
/// The same of a month.
const RED_OF_MONTH: (u32, i64) = (3_600, 30 * 24);

/// Files of one table that become one.
#[derive(Debug, PartialEq)]
pub struct ColdMerge {
    pub table: Table,
    /// Of the result, below `cold.url`.
    pub folder: String,
    pub inputs: Vec<FileEntry>,
    /// Seconds of the rollups that RED sums become.
    pub roll_up: Option<u32>,
}

/// Where files may go, and when.
#[derive(Debug)]
struct Target {
    folder: String,
    last_hour: i64,
    /// After the last hour.
    wait_hours: i64,
    roll_up: Option<u32>,
}

/// A folder's candidates.
type Group<'a> = (Target, Vec<&'a FileEntry>);

/// The most useful merge, if there is one; `is_barred` leaves files out that could not be read.
pub fn pick(state: &ColdState, now: i64, is_barred: impl Fn(&str) -> bool) -> Option<ColdMerge> {
    let mut groups: BTreeMap<(Table, String), Group<'_>> = BTreeMap::new();
    for entry in state.files.values().filter(|entry| !is_barred(&entry.path)) {
        let Some(table) = Table::by_name(&entry.table) else { continue };
        for target in targets(table, entry) {
            let is_wanted = entry.bytes < SMALL_BYTES || target.roll_up.is_some();
            if is_wanted && target.last_hour.saturating_add(target.wait_hours) < hour_of(now) {
                groups.entry((table, target.folder.clone())).or_insert((target, Vec::new())).1.push(entry);
            }
        }
    }
    let useful = groups.into_iter().filter_map(|((table, folder), (target, files))| {
        let inputs = inputs(files);
        let is_finer = target.roll_up.is_some() && inputs.iter().any(|entry| entry.partition() != folder);
        let merge = ColdMerge { table, folder, inputs, roll_up: target.roll_up };
        (merge.inputs.len() > 1 || is_finer).then_some((target.last_hour, merge))
    });
    useful.max_by_key(|(last_hour, merge)| (*last_hour, merge.inputs.len())).map(|(_, merge)| merge)
}

/// Where a file may go: an hour's to its day, a day's to its day or its month, a month's to its month.
fn targets(table: Table, entry: &FileEntry) -> Vec<Target> {
    let target = |folder: String, last_hour: i64, (seconds, red_hours): (u32, i64)| {
        let is_red = table == Table::SpanRed;
        let wait_hours = if is_red { red_hours } else { LATE_HOURS };
        Target { folder, last_hour, wait_hours, roll_up: is_red.then_some(seconds) }
    };
    let (date, _) = date_and_hour(entry.first_hour());
    let day_end = entry.first_hour().div_euclid(24) * 24 + 23;
    let day = target(format!("{}/date={date}", table.name()), day_end, RED_OF_DAY);
    let month = format!("{}/month={}", table.name(), &date[..7]);
    let month_end = crate::seal::order::hours_of_folder(&month).map_or(i64::MAX, |(_, last)| last);
    let month = target(month, month_end, RED_OF_MONTH);
    match entry.last_hour() - entry.first_hour() {
        0 => vec![day],
        ..24 => vec![day, month],
        _ => vec![month],
    }
}

/// The smallest of them, as many as make one file.
fn inputs(mut files: Vec<&FileEntry>) -> Vec<FileEntry> {
    files.sort_by(|left, right| (left.bytes, &left.path).cmp(&(right.bytes, &right.path)));
    let mut bytes = 0;
    let fits = |file: &&&FileEntry| {
        bytes += file.bytes;
        bytes <= MERGED_BYTES
    };
    files.iter().take_while(fits).take(INPUTS_MAX).map(|file| (*file).clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21, 10:30.
    const NOW: i64 = 1_795_257_000 * 1_000_000_000;
    const MIB: u64 = 1 << 20;

    fn state(table: Table, files: &[(&str, u64)]) -> ColdState {
        let entry = |(path, bytes): &(&str, u64)| {
            let path = format!("{}/{path}.parquet", table.name());
            (path.clone(), FileEntry::sample(&path, table, *bytes))
        };
        ColdState { files: files.iter().map(entry).collect(), ..ColdState::default() }
    }

    fn picked(files: &[(&str, u64)]) -> Option<(String, usize)> {
        pick(&state(Table::Spans, files), NOW, |_| false).map(|merge| (merge.folder, merge.inputs.len()))
    }

    fn rolled(files: &[(&str, u64)]) -> Option<(String, u32)> {
        let merge = pick(&state(Table::SpanRed, files), NOW, |_| false)?;
        Some((merge.folder, merge.roll_up.expect("RED sums")))
    }

    #[test]
    fn red_sums_get_coarser_after_two_days_and_after_thirty_each_file_once() {
        assert_eq!(rolled(&[("date=2026-11-19/hour=09/a", MIB)]), None, "not two days old");
        let day = Some(("span_red/date=2026-11-18".to_owned(), 60));
        assert_eq!(rolled(&[("date=2026-11-18/hour=09/a", 70 * MIB)]), day);
        assert_eq!(rolled(&[("date=2026-11-18/hour=09/a", MIB), ("date=2026-11-18/b", MIB)]), day, "it came late");
        assert_eq!(rolled(&[("date=2026-11-18/a", MIB)]), None);
        assert_eq!(rolled(&[("date=2026-10-18/a", MIB)]), None, "the month ended three weeks ago");
        assert_eq!(rolled(&[("date=2026-09-18/a", MIB)]), Some(("span_red/month=2026-09".to_owned(), 3_600)));
        assert_eq!(rolled(&[("month=2026-09/a", MIB)]), None);
    }

    #[test]
    fn small_hours_of_a_day_that_is_over_become_one() {
        let hours = [("date=2026-11-18/hour=09/a", MIB), ("date=2026-11-18/hour=10/b", MIB)];
        assert_eq!(picked(&hours), Some(("spans/date=2026-11-18".into(), 2)));
        assert_eq!(picked(&hours[..1]), None);
        assert_eq!(picked(&[("date=2026-11-20/hour=09/a", MIB), ("date=2026-11-20/hour=10/b", MIB)]), None);
        assert_eq!(picked(&[("date=2026-11-18/hour=09/a", 70 * MIB), ("date=2026-11-18/hour=10/b", MIB)]), None);
    }

    #[test]
    fn late_rows_join_their_day_and_days_their_month() {
        let late = [("date=2026-11-18/a", 5 * MIB), ("date=2026-11-18/hour=10/b", MIB)];
        assert_eq!(picked(&late), Some(("spans/date=2026-11-18".into(), 2)));
        let days = [("date=2026-10-18/a", 5 * MIB), ("date=2026-10-19/b", MIB), ("month=2026-10/c", MIB)];
        assert_eq!(picked(&days), Some(("spans/month=2026-10".into(), 3)));
        assert_eq!(picked(&[("date=2026-11-10/a", MIB), ("date=2026-11-11/b", MIB)]), None, "the month is not over");
    }

    #[test]
    fn newer_days_come_first_and_not_too_many_at_once() {
        let names: Vec<String> = (0..24).map(|hour| format!("date=2026-11-17/hour={hour:02}/a")).collect();
        let mut files: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), MIB)).collect();
        files.extend([("date=2026-11-18/hour=01/a", MIB), ("date=2026-11-18/hour=02/a", MIB)]);
        assert_eq!(picked(&files), Some(("spans/date=2026-11-18".into(), 2)));
        assert_eq!(picked(&files[..24]), Some(("spans/date=2026-11-17".into(), INPUTS_MAX)));
    }
}
