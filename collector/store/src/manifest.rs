//! The manifest: a numbered log of edits that says which files are data.
//!
//! Owns `<data-dir>/manifest`. An edit is created only if its number is free (written aside, synced, then
//! hard-linked), so it is whole or absent, and two writers cannot both win. Never deletes a data file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::durable::create_new;
use crate::version::FileEntry;

/// Edits between two checkpoints.
const CHECKPOINT_EVERY: u64 = 64;
const FORMAT: u32 = 1;

/// Why the manifest cannot be read or extended.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("cannot {action} {path}")]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{path} is damaged ({reason}); restore it from a copy, the data files themselves are whole")]
    Damaged { path: PathBuf, reason: String },
    #[error("edit {missing} is missing from {dir}; restore it from a copy")]
    Gap { dir: PathBuf, missing: u64 },
    #[error("{path} exists already: another process writes to this data directory")]
    Conflict { path: PathBuf },
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ManifestError {
    let path = path.to_path_buf();
    move |source| ManifestError::Io { action, path, source }
}

/// One atomic change of all tables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    pub format: u32,
    pub number: u64,
    /// Which start of the server wrote it; an older one's late edit is ignored.
    pub epoch: u64,
    #[serde(default)]
    pub adds: Vec<FileEntry>,
    #[serde(default)]
    pub removes: Vec<String>,
    /// Every log record up to this one is in files.
    pub flushed_lsn: u64,
}

/// The state after all edits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub format: u32,
    pub number: u64,
    pub epoch: u64,
    pub flushed_lsn: u64,
    /// Live files by path.
    pub files: BTreeMap<String, FileEntry>,
}

impl State {
    fn apply(&mut self, edit: Edit) {
        self.number = edit.number;
        if edit.epoch < self.epoch {
            return;
        }
        self.epoch = edit.epoch;
        self.flushed_lsn = self.flushed_lsn.max(edit.flushed_lsn);
        for path in &edit.removes {
            self.files.remove(path);
        }
        self.files.extend(edit.adds.into_iter().map(|entry| (entry.path.clone(), entry)));
    }
}

/// The manifest, open for writing.
#[derive(Debug)]
pub struct Manifest {
    dir: PathBuf,
    state: State,
}

impl Manifest {
    /// Reads the newest checkpoint and every edit after it, and begins a new epoch.
    ///
    /// # Errors
    /// When a file is missing, damaged or cannot be read.
    pub fn open(dir: &Path) -> Result<Self, ManifestError> {
        let mut state = read_state(dir)?;
        state.format = FORMAT;
        state.epoch += 1;
        Ok(Self { dir: dir.to_path_buf(), state })
    }

    /// The state after the last edit.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Makes one change durable. When this returns, it has happened; on an error it has not. Where that cannot be
    /// known, because the folder's sync failed, the process ends.
    ///
    /// # Errors
    /// When it cannot be written or another writer took its number.
    pub fn commit(
        &mut self,
        adds: Vec<FileEntry>,
        removes: Vec<String>,
        flushed_lsn: u64,
    ) -> Result<(), ManifestError> {
        let number = self.state.number + 1;
        let edit = Edit { format: FORMAT, number, epoch: self.state.epoch, adds, removes, flushed_lsn };
        create(&edit_path(&self.dir, number), &edit)?;
        self.state.apply(edit);
        if number.is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoint();
        }
        Ok(())
    }

    /// Replaces files by others that hold the same rows, in one durable change.
    ///
    /// # Errors
    /// As [`Manifest::commit`].
    pub fn replace(&mut self, adds: Vec<FileEntry>, removes: Vec<String>) -> Result<(), ManifestError> {
        self.commit(adds, removes, self.state.flushed_lsn)
    }

    /// A checkpoint only saves time at the next start, so a failure is no failure of the edit.
    fn checkpoint(&self) {
        let number = self.state.number;
        if create(&checkpoint_path(&self.dir, number), &self.state).is_err() {
            return;
        }
        for (old, path, _) in list(&self.dir).unwrap_or_default() {
            if old + CHECKPOINT_EVERY < number {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

fn read_state(dir: &Path) -> Result<State, ManifestError> {
    let listed = list(dir)?;
    let checkpoint = listed.iter().rev().find(|(_, _, is_checkpoint)| *is_checkpoint);
    let mut state = match checkpoint {
        Some((_, path, _)) => read::<State>(path)?,
        None => State::default(),
    };
    for (number, path, is_checkpoint) in listed {
        if is_checkpoint || number <= state.number {
            continue;
        }
        if number != state.number + 1 {
            return Err(ManifestError::Gap { dir: dir.to_path_buf(), missing: state.number + 1 });
        }
        state.apply(read::<Edit>(&path)?);
    }
    Ok(state)
}

fn edit_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}.json"))
}

fn checkpoint_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}.checkpoint.json"))
}

fn list(dir: &Path) -> Result<Vec<(u64, PathBuf, bool)>, ManifestError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(io("list", dir))? {
        let path = entry.map_err(io("list", dir))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(stem) = name.strip_suffix(".json") else { continue };
        let (digits, is_checkpoint) = match stem.strip_suffix(".checkpoint") {
            Some(digits) => (digits, true),
            None => (stem, false),
        };
        if let Ok(number) = digits.parse() {
            found.push((number, path, is_checkpoint));
        }
    }
    found.sort();
    Ok(found)
}

/// As it stands in a file: the first line is the checksum of the rest.
pub(crate) fn encoded<T: Serialize>(content: &T) -> Vec<u8> {
    let json = serde_json::to_vec(content).expect("plain structs always serialise");
    let mut text = format!("crc32c={:08x}\n", crc32c::crc32c(&json)).into_bytes();
    text.extend(json);
    text
}

/// What [`encoded`] made; the error is what is wrong with it.
pub(crate) fn decoded<T: for<'de> Deserialize<'de>>(text: &[u8]) -> Result<T, String> {
    let end = text.iter().position(|byte| *byte == b'\n').ok_or("no checksum line")?;
    let (first, json) = (&text[..end], &text[end + 1..]);
    if first != format!("crc32c={:08x}", crc32c::crc32c(json)).as_bytes() {
        return Err("checksum does not match".to_owned());
    }
    serde_json::from_slice(json).map_err(|error| error.to_string())
}

fn create<T: Serialize>(path: &Path, content: &T) -> Result<(), ManifestError> {
    match create_new(path, &encoded(content)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ManifestError::Conflict { path: path.to_path_buf() }),
        Err((action, error)) => Err(io(action, path)(error)),
    }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, ManifestError> {
    let text = std::fs::read(path).map_err(io("read", path))?;
    decoded(&text).map_err(|reason| ManifestError::Damaged { path: path.to_path_buf(), reason })
}

#[cfg(test)]
mod tests;
