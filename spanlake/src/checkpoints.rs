//! `checkpoints.json` below the data directory: how far log files of others have been read.
//!
//! Owns that file alone. It is replaced whole; one that cannot be read is as if there were none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use spanlake_sources::mysql::Checkpoints;

/// The file, and what is in it.
pub struct CheckpointFile {
    path: PathBuf,
    known: Mutex<BTreeMap<String, String>>,
}

impl CheckpointFile {
    /// Of a data directory.
    pub fn open(data_dir: &Path) -> Self {
        let path = data_dir.join("checkpoints.json");
        let known = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { path, known: Mutex::new(known.unwrap_or_default()) }
    }

    fn write(&self, known: &BTreeMap<String, String>) -> std::io::Result<()> {
        let aside = self.path.with_extension("json.tmp");
        std::fs::write(&aside, serde_json::to_vec(known)?)?;
        std::fs::File::open(&aside)?.sync_all()?;
        std::fs::rename(&aside, &self.path)
    }
}

impl Checkpoints for CheckpointFile {
    fn load(&self, key: &str) -> Option<String> {
        self.known.lock().ok()?.get(key).cloned()
    }

    fn save(&self, key: &str, value: &str) {
        let Ok(mut known) = self.known.lock() else { return };
        known.insert(key.to_owned(), value.to_owned());
        if let Err(error) = self.write(&known) {
            tracing::warn!(path = %self.path.display(), %error, "how far logs have been read cannot be kept");
        }
    }
}
