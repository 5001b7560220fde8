//! State that is no telemetry: dashboards, and pins of traces. One file, `state.redb` in the data directory.
//!
//! Owns that file. Every change is one transaction, durable when the call returns. Calls block for as long as a sync
//! takes; they belong on threads of their own. Never reads a document: what is in one is its writer's.

mod pins;

use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

pub use pins::{KeptPin, PINS_MAX};

#[cfg(test)]
mod tests;

/// Longest document, bytes.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;
/// Documents at most.
pub const DOCUMENTS_MAX: usize = 10_000;
/// Pages of the file held in memory; what is in it is small.
const CACHE_BYTES: usize = 4 << 20;
/// Earlier states of a document that are kept.
pub const VERSIONS_KEPT: u64 = 50;

/// Name to its newest version.
const NEWEST: TableDefinition<'_, &str, u64> = TableDefinition::new("boards");
/// Name and version to when it was written, nanoseconds since the epoch, and what.
const VERSIONS: TableDefinition<'_, (&str, u64), (i64, &str)> = TableDefinition::new("board_versions");

/// Why something could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("{path} cannot be used: {reason}; restore it from a copy, or move it away to begin without dashboards")]
    File { path: PathBuf, reason: String },
    #[error(
        "{name:?} is no name of a dashboard: up to 100 letters, digits, dots, dashes and underscores, a letter or digit first"
    )]
    Name { name: String },
    #[error("the document has {bytes} bytes; at most {DOCUMENT_BYTES_MAX} are kept")]
    TooLarge { bytes: usize },
    #[error("there are {DOCUMENTS_MAX} dashboards already; remove one first")]
    TooMany,
    #[error("{name:?} has changed since: it is at version {found}")]
    Changed { name: String, found: u64 },
    #[error("there is no dashboard {name:?}")]
    Missing { name: String },
    #[error("there are {} pins already; remove one first", pins::PINS_MAX)]
    TooManyPins,
    #[error("there is no pin {id}")]
    MissingPin { id: u64 },
}

/// A dashboard as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    pub name: String,
    /// Counts from 1; grows with every change, and goes on where one was removed and comes again.
    pub version: u64,
    /// When it was written, nanoseconds since the epoch.
    pub at: i64,
    pub document: String,
}

/// What a change expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Anything,
    Nothing,
    Version(u64),
}

/// The file.
#[derive(Debug)]
pub struct StateFile {
    database: Database,
    path: PathBuf,
}

impl StateFile {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When it is damaged or cannot be written.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let failed = |reason: String| StateError::File { path: path.to_owned(), reason };
        let created = Database::builder().set_cache_size(CACHE_BYTES).create(path);
        let database = created.map_err(|error| failed(error.to_string()))?;
        let this = Self { database, path: path.to_owned() };
        // Readers need not ask whether a table is there yet.
        this.write(|_, _| Ok(()))?;
        this.write_pins(|_| Ok(()))?;
        Ok(this)
    }

    /// The newest version of every dashboard, by name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn boards(&self) -> Result<Vec<Board>, StateError> {
        self.read(|newest, versions| {
            let mut boards = Vec::new();
            for entry in newest.iter()? {
                let (name, version) = entry?;
                boards.extend(board_at(&versions, name.value(), version.value())?);
            }
            Ok(boards)
        })
    }

    /// The newest version, or the one that is asked for.
    ///
    /// # Errors
    /// [`StateError::Missing`] where there is none; when the file cannot be read.
    pub fn board(&self, name: &str, version: Option<u64>) -> Result<Board, StateError> {
        let found = self.read(|newest, versions| {
            let last = newest.get(name)?.map(|version| version.value());
            let wanted = last.map(|last| version.unwrap_or(last));
            wanted.map_or(Ok(None), |wanted| board_at(&versions, name, wanted))
        })?;
        found.ok_or_else(|| StateError::Missing { name: name.to_owned() })
    }

    /// Versions that are kept, newest first: number and when it was written.
    ///
    /// # Errors
    /// As [`StateFile::board`].
    pub fn history(&self, name: &str) -> Result<Vec<(u64, i64)>, StateError> {
        let found = self.read(|newest, versions| {
            if newest.get(name)?.is_none() {
                return Ok(Vec::new());
            }
            let mut found = Vec::new();
            for entry in versions.range((name, 0)..=(name, u64::MAX))?.rev() {
                let (key, value) = entry?;
                found.push((key.value().1, value.value().0));
            }
            Ok(found)
        })?;
        if found.is_empty() { Err(StateError::Missing { name: name.to_owned() }) } else { Ok(found) }
    }

    /// Keeps a document; gives its version.
    ///
    /// # Errors
    /// When the name is none, the document too large, what is there not what is expected; when it cannot be written.
    pub fn put(&self, name: &str, document: &str, expected: Expected, at: i64) -> Result<u64, StateError> {
        check_name(name)?;
        if document.len() > DOCUMENT_BYTES_MAX {
            return Err(StateError::TooLarge { bytes: document.len() });
        }
        self.write(|newest, versions| {
            let before = newest.get(name)?.map(|version| version.value());
            if let Some(refusal) = refusal(name, before, expected) {
                return Ok(Err(refusal));
            }
            let count = usize::try_from(redb::ReadableTableMetadata::len(newest)?).unwrap_or(usize::MAX);
            if before.is_none() && count >= DOCUMENTS_MAX {
                return Ok(Err(StateError::TooMany));
            }
            // Of one that was removed and comes again, versions go on: nobody's old etag fits.
            let last = versions.range((name, 0)..=(name, u64::MAX))?.next_back().transpose()?;
            let version = last.map_or(0, |(key, _)| key.value().1) + 1;
            newest.insert(name, version)?;
            versions.insert((name, version), (at, document))?;
            if let Some(old) = version.checked_sub(VERSIONS_KEPT) {
                versions.retain_in((name, 0)..=(name, old), |_, _| false)?;
            }
            Ok(Ok(version))
        })?
    }

    /// Removes a dashboard. A mark of its last version stays.
    ///
    /// # Errors
    /// When it is not there or not as expected; when it cannot be written.
    pub fn remove(&self, name: &str, expected: Expected, at: i64) -> Result<(), StateError> {
        self.write(|newest, versions| {
            let Some(before) = newest.get(name)?.map(|version| version.value()) else {
                return Ok(Err(StateError::Missing { name: name.to_owned() }));
            };
            if let Some(refusal) = refusal(name, Some(before), expected) {
                return Ok(Err(refusal));
            }
            newest.remove(name)?;
            versions.retain_in((name, 0)..=(name, u64::MAX), |_, _| false)?;
            versions.insert((name, before + 1), (at, ""))?;
            Ok(Ok(()))
        })?
    }

    fn read<T>(&self, ask: impl FnOnce(Newest<'_>, Versions<'_>) -> Result<T, redb::Error>) -> Result<T, StateError> {
        let answer = || {
            let transaction = self.database.begin_read()?;
            let (newest, versions) = (transaction.open_table(NEWEST)?, transaction.open_table(VERSIONS)?);
            ask(&newest, &versions)
        };
        answer().map_err(|error| self.failed(&error))
    }

    fn write<T>(
        &self,
        change: impl FnOnce(
            &mut redb::Table<'_, &'static str, u64>,
            &mut redb::Table<'_, (&'static str, u64), (i64, &'static str)>,
        ) -> Result<T, redb::Error>,
    ) -> Result<T, StateError> {
        let done = || {
            let transaction = self.database.begin_write()?;
            let (mut newest, mut versions) = (transaction.open_table(NEWEST)?, transaction.open_table(VERSIONS)?);
            let answer = change(&mut newest, &mut versions)?;
            drop((newest, versions));
            transaction.commit()?;
            Ok(answer)
        };
        done().map_err(|error: redb::Error| self.failed(&error))
    }

    fn failed(&self, error: &redb::Error) -> StateError {
        StateError::File { path: self.path.clone(), reason: error.to_string() }
    }
}

type Newest<'a> = &'a redb::ReadOnlyTable<&'static str, u64>;
type Versions<'a> = &'a redb::ReadOnlyTable<(&'static str, u64), (i64, &'static str)>;

fn board_at(versions: &Versions<'_>, name: &str, version: u64) -> Result<Option<Board>, redb::Error> {
    Ok(versions.get((name, version))?.map(|found| {
        let (at, document) = found.value();
        Board { name: name.to_owned(), version, at, document: document.to_owned() }
    }))
}

fn refusal(name: &str, found: Option<u64>, expected: Expected) -> Option<StateError> {
    let fits = match expected {
        Expected::Anything => true,
        Expected::Nothing => found.is_none(),
        Expected::Version(version) => found == Some(version),
    };
    (!fits).then(|| match found {
        Some(found) => StateError::Changed { name: name.to_owned(), found },
        None => StateError::Missing { name: name.to_owned() },
    })
}

/// Whether a dashboard may be called so: 1 to 100 letters, digits, dots, hyphens and underscores, with a letter or digit first.
#[must_use]
pub fn is_board_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    (1..=100).contains(&name.len())
        && name.bytes().all(is_plain)
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
}

fn check_name(name: &str) -> Result<(), StateError> {
    if is_board_name(name) { Ok(()) } else { Err(StateError::Name { name: name.chars().take(100).collect() }) }
}
