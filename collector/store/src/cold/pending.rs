//! The one edit of the cold log that may or may not have been committed.
//!
//! Owns a file under the data directory, written before the commit is tried and removed when every consequence of it
//! is durable. After a crash the very same edit is tried again, so it happens once. Never decides anything.

use std::path::Path;

use super::log::{ColdEdit, ColdLogError};
use super::place::{Place, PlaceError};
use crate::manifest::{decoded, encoded};

const NAME: &str = "pending.json";

/// The file.
#[derive(Clone)]
pub struct PendingFile {
    dir: Place,
}

impl PendingFile {
    /// In a folder that is made when need be.
    #[must_use]
    pub fn below(dir: &Path) -> Self {
        Self { dir: Place::folder(dir.to_path_buf()) }
    }

    /// The edit, if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> Result<Option<ColdEdit>, ColdLogError> {
        let Some(text) = self.dir.read(NAME)? else { return Ok(None) };
        decoded(&text).map(Some).map_err(|reason| ColdLogError::Damaged {
            place: self.dir.to_string(),
            key: NAME.to_owned(),
            reason,
        })
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, edit: &ColdEdit) -> Result<(), PlaceError> {
        self.dir.replace(NAME, &encoded(edit))
    }

    /// Every consequence is durable.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self) -> Result<(), PlaceError> {
        self.dir.remove(NAME)
    }
}
