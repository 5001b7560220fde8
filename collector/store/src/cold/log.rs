//! The cold tier's own log of commits: numbered edits beside the data, each created only if absent.
//!
//! Owns which cold files are data. A copy of every edit lies under the data directory, so that a start needs no
//! network. Whoever finds another's edit where its own should go has lost the tier to that one and stops. Never
//! touches a data file.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::delta::DeltaHead;
use super::place::{Place, PlaceError, Put};
use crate::manifest::{decoded, encoded};
use crate::version::FileEntry;

const FORMAT: u32 = 1;
/// Edits between two checkpoints.
const CHECKPOINT_EVERY: u64 = 64;
const FOLDER: &str = "_spanlake/log";

/// Why the log cannot be read or extended.
#[derive(Debug, thiserror::Error)]
pub enum ColdLogError {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("{key} in {place} is damaged ({reason}); restore it from a copy, the data files themselves are whole")]
    Damaged { place: String, key: String, reason: String },
    #[error("edit {missing} is missing from {place}; restore it from a copy")]
    Gap { place: String, missing: u64 },
    #[error("{place} was written by a newer version of Spanlake (format {format}); start that one")]
    Newer { place: String, format: u32 },
    #[error(
        "{place} is written to by another server (installation {installation}); stop one of the two, or give each a \
         `cold.url` of its own"
    )]
    Fenced { place: String, installation: String },
    #[error(
        "{place} holds the data of another installation ({installation}, last commit {edit}); if that server is gone \
         for good, take its data over by starting once with --adopt-cold, else choose another `cold.url`"
    )]
    Foreign { place: String, installation: String, edit: u64 },
}

/// One atomic change of all cold tables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColdEdit {
    pub format: u32,
    pub number: u64,
    /// Which data directory wrote it, and which of its starts.
    pub installation: String,
    pub epoch: u64,
    /// When, nanoseconds since the epoch.
    pub at: i64,
    #[serde(default)]
    pub adds: Vec<FileEntry>,
    /// Cold files that are data no more. They stay for readers of the Delta table until they are swept.
    #[serde(default)]
    pub removes: Vec<FileEntry>,
    /// Hot files of that installation whose rows are in `adds`.
    #[serde(default)]
    pub retires: Vec<String>,
    /// Removed files that are gone.
    #[serde(default)]
    pub swept: Vec<String>,
    /// By table: the commit of its Delta table that is its part of the change.
    #[serde(default)]
    pub delta: BTreeMap<String, DeltaHead>,
    /// Whether rows were added or went for good, as opposed to being moved between cold files.
    #[serde(default)]
    pub is_data_change: bool,
}

/// The state after all edits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColdState {
    pub format: u32,
    pub number: u64,
    pub installation: String,
    pub epoch: u64,
    /// Live files by key.
    pub files: BTreeMap<String, FileEntry>,
    /// Removed files that are still there, and since when, nanoseconds.
    #[serde(default)]
    pub removed: BTreeMap<String, i64>,
    /// By table: the newest commit of its Delta table.
    #[serde(default)]
    pub delta: BTreeMap<String, DeltaHead>,
}

impl ColdState {
    fn apply(&mut self, edit: &ColdEdit) {
        self.number = edit.number;
        self.format = edit.format;
        self.installation.clone_from(&edit.installation);
        self.epoch = edit.epoch;
        for entry in &edit.removes {
            self.files.remove(&entry.path);
            self.removed.insert(entry.path.clone(), edit.at);
        }
        for key in &edit.swept {
            self.removed.remove(key);
        }
        self.files.extend(edit.adds.iter().map(|entry| (entry.path.clone(), entry.clone())));
        self.delta.extend(edit.delta.iter().map(|(table, head)| (table.clone(), head.clone())));
    }
}

/// The log, open for writing.
pub struct ColdLog {
    place: Place,
    /// The copy under the data directory.
    copy: Place,
    state: ColdState,
    installation: String,
    /// Ours, once the log was claimed.
    epoch: Option<u64>,
}

impl ColdLog {
    /// Opens what the copy knows; asks nobody.
    ///
    /// # Errors
    /// When the copy is damaged or was written by a newer version.
    pub fn open_copy(place: Place, copy_dir: &Path, installation: &str) -> Result<Self, ColdLogError> {
        let copy = Place::folder(copy_dir.to_path_buf());
        let mut state = ColdState::default();
        read_on(&copy, &mut state)?;
        Ok(Self { place, copy, state, installation: installation.to_owned(), epoch: None })
    }

    /// The state after the last edit that is known.
    #[must_use]
    pub fn state(&self) -> &ColdState {
        &self.state
    }

    /// Reads what was committed since, and refuses another installation's data unless it is to be adopted.
    ///
    /// # Errors
    /// When the place cannot be read.
    pub fn catch_up(&mut self, adopt: bool) -> Result<(), ColdLogError> {
        let before = self.state.clone();
        let edits = read_on(&self.place, &mut self.state)?;
        let is_foreign = self.state.number > 0 && self.state.installation != self.installation;
        if is_foreign && !adopt && self.epoch.is_none() {
            let (installation, edit) = (self.state.installation.clone(), self.state.number);
            self.state = before;
            return Err(ColdLogError::Foreign { place: self.place.to_string(), installation, edit });
        }
        if self.state.number > before.number {
            self.keep_copy(&edits)?;
        }
        Ok(())
    }

    /// The edit that would come next.
    #[must_use]
    pub fn draft(&self, at: i64) -> ColdEdit {
        ColdEdit {
            format: FORMAT,
            number: self.state.number + 1,
            installation: self.installation.clone(),
            epoch: self.epoch.unwrap_or(self.state.epoch + 1),
            at,
            ..ColdEdit::default()
        }
    }

    /// Makes this start the one that writes. Also finds out whether the place keeps to conditional puts.
    ///
    /// # Errors
    /// When it could not be written, or another was faster.
    pub fn claim(&mut self, at: i64) -> Result<(), ColdLogError> {
        let claim = self.draft(at);
        self.commit(&claim)?;
        let other = ColdEdit { at: at + 1, ..claim.clone() };
        // A place that takes a second claim of the same number would take a second server's commit as well.
        let again = self.place.create(&edit_key(claim.number), &encoded(&other));
        if matches!(again, Ok(Put::Created)) {
            let what = "an object that is there was replaced by a put that asked for `If-None-Match: *`";
            return Err(PlaceError::Unconditional { place: self.place.to_string(), what }.into());
        }
        self.epoch = Some(claim.epoch);
        Ok(())
    }

    /// Makes one change durable. The very same edit may be committed again until it is known what became of it: an
    /// error says nothing about that, except [`ColdLogError::Fenced`], which says that it will never be.
    ///
    /// # Errors
    /// When the place could not be written or read, or belongs to another.
    pub fn commit(&mut self, edit: &ColdEdit) -> Result<(), ColdLogError> {
        if edit.number <= self.state.number {
            return self.was_ours(edit);
        }
        match self.place.create(&edit_key(edit.number), &encoded(edit))? {
            Put::Created => {}
            Put::Taken => {
                self.catch_up(true)?;
                return self.was_ours(edit);
            }
        }
        self.state.apply(edit);
        self.keep_copy(std::slice::from_ref(edit))?;
        if edit.number.is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoint();
        }
        Ok(())
    }

    /// Of an edit whose number is taken: whether by itself.
    fn was_ours(&self, edit: &ColdEdit) -> Result<(), ColdLogError> {
        let there = read_edit(&self.place, edit.number)?;
        match there {
            Some(there) if there == *edit => Ok(()),
            // Folded into a checkpoint since; no other start writes while this one holds the data directory.
            None if self.state.installation == self.installation && self.state.epoch == edit.epoch => Ok(()),
            _ => {
                let installation = self.state.installation.clone();
                Err(ColdLogError::Fenced { place: self.place.to_string(), installation })
            }
        }
    }

    fn keep_copy(&self, edits: &[ColdEdit]) -> Result<(), ColdLogError> {
        let newest = newest_number(&self.copy)?;
        if edits.first().is_none_or(|edit| edit.number != newest + 1) {
            self.copy.create(&checkpoint_key(self.state.number), &encoded(&self.state))?;
            return Ok(());
        }
        for edit in edits {
            self.copy.create(&edit_key(edit.number), &encoded(edit))?;
        }
        Ok(())
    }

    /// A checkpoint only saves time at a start, so a failure is no failure of the edit.
    fn checkpoint(&self) {
        let number = self.state.number;
        for place in [&self.copy, &self.place] {
            if place.create(&checkpoint_key(number), &encoded(&self.state)).is_err() {
                continue;
            }
            for (old, key, _) in listed(place).unwrap_or_default() {
                if old + CHECKPOINT_EVERY < number {
                    let _ = place.remove(&key);
                }
            }
        }
    }
}

/// The state of a place that nobody writes to, for who only reads.
///
/// # Errors
/// When it cannot be read.
pub fn read_state(place: &Place) -> Result<ColdState, ColdLogError> {
    let mut state = ColdState::default();
    read_on(place, &mut state)?;
    Ok(state)
}

fn edit_key(number: u64) -> String {
    format!("{FOLDER}/{number:020}.json")
}

fn checkpoint_key(number: u64) -> String {
    format!("{FOLDER}/{number:020}.checkpoint.json")
}

/// Number, key and whether it is a checkpoint, ascending.
fn listed(place: &Place) -> Result<Vec<(u64, String, bool)>, PlaceError> {
    let keys = place.list(FOLDER)?.into_iter().filter_map(|(key, _)| {
        let stem = key.rsplit('/').next()?.strip_suffix(".json")?;
        let (digits, is_checkpoint) = match stem.strip_suffix(".checkpoint") {
            Some(digits) => (digits, true),
            None => (stem, false),
        };
        Some((digits.parse().ok()?, key, is_checkpoint))
    });
    let mut keys: Vec<_> = keys.collect();
    keys.sort();
    Ok(keys)
}

fn newest_number(place: &Place) -> Result<u64, PlaceError> {
    Ok(listed(place)?.last().map_or(0, |(number, _, _)| *number))
}

/// Reads the newest checkpoint, if it is news, and every edit after it; gives those edits.
fn read_on(place: &Place, state: &mut ColdState) -> Result<Vec<ColdEdit>, ColdLogError> {
    let keys = listed(place)?;
    let checkpoint = keys.iter().rev().find(|(number, _, is_checkpoint)| *is_checkpoint && *number > state.number);
    let is_whole = keys.iter().any(|(number, _, is_checkpoint)| !is_checkpoint && *number == state.number + 1);
    if let (Some((_, key, _)), false) = (checkpoint, is_whole) {
        *state = read(place, key)?;
        check_format(place, state.format)?;
    }
    let mut edits = Vec::new();
    for (number, key, is_checkpoint) in keys {
        if is_checkpoint || number <= state.number {
            continue;
        }
        if number != state.number + 1 {
            return Err(ColdLogError::Gap { place: place.to_string(), missing: state.number + 1 });
        }
        let edit: ColdEdit = read(place, &key)?;
        check_format(place, edit.format)?;
        state.apply(&edit);
        edits.push(edit);
    }
    Ok(edits)
}

fn check_format(place: &Place, format: u32) -> Result<(), ColdLogError> {
    if format <= FORMAT { Ok(()) } else { Err(ColdLogError::Newer { place: place.to_string(), format }) }
}

fn read_edit(place: &Place, number: u64) -> Result<Option<ColdEdit>, ColdLogError> {
    let key = edit_key(number);
    match place.read(&key)? {
        Some(text) => decoded(&text).map(Some).map_err(|reason| damaged(place, &key, reason)),
        None => Ok(None),
    }
}

fn read<T: for<'de> Deserialize<'de>>(place: &Place, key: &str) -> Result<T, ColdLogError> {
    let text = place.read(key)?.ok_or_else(|| damaged(place, key, "it is gone".to_owned()))?;
    decoded(&text).map_err(|reason| damaged(place, key, reason))
}

fn damaged(place: &Place, key: &str, reason: String) -> ColdLogError {
    ColdLogError::Damaged { place: place.to_string(), key: key.to_owned(), reason }
}

#[cfg(test)]
mod tests;
