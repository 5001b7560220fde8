//! Which files were looked through for rows of services whose time is over, so that nobody reads years of them again.
//!
//! Owns one small file below the data directory, best effort: what is not remembered is looked at once more. Never
//! says that a file was looked at which was not.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::manifest::{decoded, encoded};

/// Marks by the files' paths.
#[derive(Debug, Default)]
pub struct Checked {
    path: PathBuf,
    marks: HashMap<String, u64>,
    is_changed: bool,
}

impl Checked {
    /// What an earlier start remembered.
    #[must_use]
    pub fn open(data_dir: &Path, name: &str) -> Self {
        let path = data_dir.join(name);
        let marks = std::fs::read(&path).ok().and_then(|text| decoded(&text).ok()).unwrap_or_default();
        Self { path, marks, is_changed: false }
    }

    /// Whether the file was looked at for this.
    #[must_use]
    pub fn has(&self, file: &str, mark: u64) -> bool {
        self.marks.get(file) == Some(&mark)
    }

    /// It was.
    pub fn note(&mut self, file: &str, mark: u64) {
        self.is_changed |= self.marks.insert(file.to_owned(), mark) != Some(mark);
    }

    /// Saves it, without files that are data no more.
    pub fn save(&mut self, is_data: impl Fn(&str) -> bool) {
        if !std::mem::take(&mut self.is_changed) {
            return;
        }
        self.marks.retain(|file, _| is_data(file));
        let aside = self.path.with_extension("tmp");
        let written = std::fs::write(&aside, encoded(&self.marks)).and_then(|()| std::fs::rename(&aside, &self.path));
        if let Err(error) = written {
            tracing::debug!(%error, path = %self.path.display(), "what retention looked at is not remembered");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_is_remembered_while_it_is_data() {
        let dir = tempfile::tempdir().unwrap();
        let mut checked = Checked::open(dir.path(), "checked.json");
        checked.note("a", 1);
        checked.note("b", 1);
        checked.save(|file| file == "a");
        let checked = Checked::open(dir.path(), "checked.json");
        assert!(checked.has("a", 1) && !checked.has("a", 2) && !checked.has("b", 1));
        std::fs::write(dir.path().join("checked.json"), b"crc32c=00000000\n{}").unwrap();
        assert!(!Checked::open(dir.path(), "checked.json").has("a", 1), "damage is forgotten");
    }
}
