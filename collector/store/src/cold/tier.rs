//! Opening the cold tier beside the hot one: what a start knows without asking anybody, and the first talk.
//!
//! Owns the installation's name and the folder of the tier's own state below the data directory. Never moves a file.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use spanlake_schemas::errors::with_causes;

use super::ColdConfig;
use super::cache::ReadCache;
use super::log::{ColdLog, ColdLogError};
use super::mover::{Mover, cold_file};
use super::pending::PendingFile;
use super::place::{Place, PlaceError};
use super::sampling::Judge;
use super::status::SharedStatus;
use super::write::SCRATCH;
use crate::manifest::{Manifest, ManifestError};
use crate::open::OpenError;
use crate::retention::checked::Checked;
use crate::store::Inner;
use crate::version::Version;

/// Folder of the tier's own state below the data directory.
pub const STATE: &str = "cold-state";
/// Folder of what was read from a bucket.
const CACHE: &str = "cold-cache";
const INSTALLATION: &str = "installation";

/// The tier as far as this machine knows it.
pub struct ColdTier {
    config: ColdConfig,
    place: Place,
    log: ColdLog,
    pending: PendingFile,
    dir: PathBuf,
    cache_dir: PathBuf,
    pub status: SharedStatus,
}

impl ColdTier {
    /// Reads the local copy of the cold log.
    ///
    /// # Errors
    /// When the setting names no place, or the copy is damaged.
    pub fn open(data_dir: &Path, config: &ColdConfig) -> Result<Self, ColdLogError> {
        let dir = data_dir.join(STATE);
        let place = Place::open(&config.url, &config.options)?;
        let installation = installation(&dir)?;
        let scratch = data_dir.join(SCRATCH);
        // Files that a crash left before they were uploaded; nothing names them.
        if let Err(source) = std::fs::remove_dir_all(&scratch)
            && source.kind() != std::io::ErrorKind::NotFound
        {
            return Err(PlaceError::Io { action: "remove", path: scratch, source }.into());
        }
        let log = ColdLog::open_copy(place.clone(), &dir, &installation)?;
        let status = SharedStatus::starting(place.to_string());
        Ok(Self {
            config: config.clone(),
            place,
            log,
            pending: PendingFile::below(&dir),
            dir,
            cache_dir: data_dir.join(CACHE),
            status,
        })
    }

    /// What reads objects, where the place is a bucket.
    #[must_use]
    pub fn bucket(&self) -> Option<ReadCache> {
        let (bucket, _) = self.place.bucket()?;
        Some(ReadCache::open(bucket, self.cache_dir.clone(), self.config.cache_bytes_max))
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The local part of a change that was committed cold before a crash: its hot files are data no more.
    ///
    /// # Errors
    /// When the manifest cannot be written.
    pub fn finish_local(&self, manifest: &mut Manifest) -> Result<(), OpenError> {
        let Some(edit) = self.pending.read()? else { return Ok(()) };
        if edit.number > self.log.state().number {
            return Ok(());
        }
        let gone: Vec<String> =
            edit.retires.into_iter().filter(|path| manifest.state().files.contains_key(path)).collect();
        if !gone.is_empty() {
            manifest.replace(Vec::new(), gone).map_err(|error: ManifestError| OpenError::Manifest(error))?;
        }
        Ok(())
    }

    /// Adds the cold files that are known.
    pub fn show(&self, version: &mut Version) {
        for (table, file) in self.log.state().files.values().filter_map(|entry| cold_file(&self.place, entry)) {
            Arc::make_mut(&mut version.tables[table as usize].files).push(file);
        }
    }

    /// The thread's state. A folder is talked to now; a bucket by the thread, for it may not answer.
    ///
    /// # Errors
    /// When a folder cannot be used or is another installation's.
    pub fn into_mover(self, inner: &Arc<Inner>, manifest: Arc<Mutex<Manifest>>) -> Result<Mover, OpenError> {
        if let Some(edit) = self.pending.read()? {
            inner.claims.lock().take(edit.retires);
        }
        let judge = self.config.sampling.clone().map(|hot_end| Judge::open(&self.dir, hot_end)).transpose();
        let judge = judge.map_err(ColdLogError::from)?;
        let is_folder = self.place.bucket().is_none();
        let mut mover = Mover {
            inner: Arc::clone(inner),
            manifest,
            config: self.config,
            place: self.place,
            log: self.log,
            pending: self.pending,
            copies: self.dir,
            status: self.status,
            writing: None,
            barred: HashSet::new(),
            judge,
            checked: Checked::open(&inner.config.data_dir, "retention-cold.json"),
            failures: 0,
        };
        if is_folder {
            mover.begin().map_err(|error| OpenError::ColdTier(with_causes(&error)))?;
        }
        Ok(mover)
    }
}

/// This data directory's name for itself, drawn at its first start.
fn installation(dir: &Path) -> Result<String, PlaceError> {
    let place = Place::folder(dir.to_path_buf());
    if let Some(text) = place.read(INSTALLATION)? {
        let name = String::from_utf8_lossy(&text).trim().to_owned();
        if name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(name);
        }
    }
    let mut bytes = [0; 16];
    let drawn = File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes));
    drawn.map_err(|source| PlaceError::Io { action: "draw a name for", path: dir.to_path_buf(), source })?;
    let name = spanlake_schemas::ids::to_hex(&bytes);
    place.replace(INSTALLATION, name.as_bytes())?;
    Ok(name)
}
