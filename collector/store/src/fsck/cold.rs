//! The cold tier's part of `fsck`: its log, its files, and whether both tiers agree.
//!
//! Of a folder every byte is read; of a bucket names and lengths, for the rest costs money and hours. Never writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Finding, FsckReport, NEXT_START, RESTORE, check_file};
use crate::cold::log::{ColdState, read_state};
use crate::cold::pending::PendingFile;
use crate::cold::place::Place;
use crate::cold::tier::STATE;
use crate::cold::{ColdConfig, ColdLogError};
use crate::manifest::State;

/// Checks the tier that belongs to a data directory; a place where nothing was ever written is whole.
pub fn check(data_dir: &Path, config: &ColdConfig, local: &State, report: &mut FsckReport) -> Result<(), ColdLogError> {
    let place = Place::open(&config.url, &config.options)?;
    let state = read_state(&place)?;
    let sizes: BTreeMap<String, u64> = place.list("")?.into_iter().collect();
    for entry in state.files.values() {
        report.cold_files += 1;
        report.cold_rows += entry.rows;
        report.cold_bytes += entry.bytes;
        let wrong = match (place.local_path(&entry.path), sizes.get(&entry.path)) {
            (Some(path), _) => check_file(&path, entry).err(),
            (None, None) => Some("is not there".to_owned()),
            (None, Some(bytes)) if *bytes != entry.bytes => {
                Some(format!("is {bytes} bytes long instead of {}", entry.bytes))
            }
            (None, Some(_)) => None,
        };
        if let Some(what) = wrong {
            report.findings.push(Finding { is_error: true, path: named(&place, &entry.path), what, advice: RESTORE });
        }
    }
    check_names(&place, &state, &sizes, report);
    check_pending(data_dir, &state, local, report)
}

/// Data files that no edit names.
fn check_names(place: &Place, state: &ColdState, sizes: &BTreeMap<String, u64>, report: &mut FsckReport) {
    let is_data = |key: &str| key.ends_with(".parquet") && !key.contains("/_delta_log/");
    let is_named = |key: &String| state.files.contains_key(key) || state.removed.contains_key(key);
    for key in sizes.keys().filter(|key| is_data(key) && !is_named(key)) {
        let what = "is in no commit: left by a move that did not end".to_owned();
        report.findings.push(Finding { is_error: false, path: named(place, key), what, advice: NEXT_START });
    }
}

/// A change that was broken off, and hot files whose rows are cold already.
fn check_pending(
    data_dir: &Path,
    state: &ColdState,
    local: &State,
    report: &mut FsckReport,
) -> Result<(), ColdLogError> {
    let Some(edit) = PendingFile::below(&data_dir.join(STATE)).read()? else { return Ok(()) };
    let path = data_dir.join(STATE).join("pending.json");
    let retired = edit.retires.iter().filter(|path| local.files.contains_key(*path)).count();
    let what = if edit.number <= state.number {
        format!("is a commit of the cold tier that was made; {retired} hot files it replaced are still named")
    } else {
        "is a commit of the cold tier that was not made".to_owned()
    };
    report.findings.push(Finding { is_error: false, path, what, advice: NEXT_START });
    Ok(())
}

fn named(place: &Place, key: &str) -> PathBuf {
    place.local_path(key).unwrap_or_else(|| PathBuf::from(format!("{place}/{key}")))
}
