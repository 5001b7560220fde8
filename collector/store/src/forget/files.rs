//! Requests to forget, and their outcomes, as files below `<data_dir>/forget`.
//!
//! Owns three kinds: `<id>.json` is a request that is under way, and the only place that names what is to be forgotten;
//! `<id>.ids-<n>.json` are ids of resources, scopes and series that left the catalog for it; `<id>.done.json` is the
//! outcome, which stays. Each is written once, as manifest edits are. Never decides anything.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::to_hex;

use super::subject::{Subject, SubjectIds};
use super::{ForgetReport, ForgetRequest};
use crate::durable::{self, create_dirs, create_new, sync_dir};
use crate::manifest::{decoded, encoded};

const FOLDER: &str = "forget";
const FORMAT: u32 = 1;
const ID_BYTES: usize = 8;

/// Why a request cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ForgetFileError {
    #[error("cannot {action} {path}")]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{path} is damaged ({reason}); remove it and ask again, so that what it was about to delete does not stay")]
    Damaged { path: PathBuf, reason: String },
    #[error("{path} was written by a newer version of Spanlake; start that one")]
    Newer { path: PathBuf },
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ForgetFileError {
    let path = path.to_path_buf();
    move |source| ForgetFileError::Io { action, path, source }
}

/// A request as it is saved.
#[derive(Clone, Serialize, Deserialize)]
pub struct Request {
    format: u32,
    pub id: String,
    /// When it was accepted, nanoseconds since the epoch.
    pub at: i64,
    traces: Vec<[u8; 16]>,
    attributes: Vec<(String, String)>,
}

/// What it names is said nowhere.
impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Request").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Request {
    /// Without ids of the catalog.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject::new(self.traces.iter().copied(), &self.attributes)
    }
}

/// The folder.
#[derive(Clone, Debug)]
pub struct ForgetDir {
    dir: PathBuf,
}

impl ForgetDir {
    /// Made when the first request comes.
    #[must_use]
    pub fn below(data_dir: &Path) -> Self {
        Self { dir: data_dir.join(FOLDER) }
    }

    /// Makes a request durable.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(&self, request: &ForgetRequest, at: i64) -> Result<Request, ForgetFileError> {
        create_dirs(&self.dir).map_err(|(path, source)| io("create", &path)(source))?;
        let saved = Request {
            format: FORMAT,
            id: new_id().map_err(io("draw a name in", &self.dir))?,
            at,
            traces: request.traces.iter().map(|id| id.0).collect(),
            attributes: request.attributes.clone(),
        };
        self.write(&format!("{}.json", saved.id), &saved)?;
        Ok(saved)
    }

    /// Makes ids that left the catalog durable, under a number of their own.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn save_ids(&self, id: &str, number: u64, ids: &SubjectIds) -> Result<(), ForgetFileError> {
        self.write(&format!("{id}.ids-{number}.json"), ids)
    }

    /// Puts the outcome in the place of the request.
    ///
    /// # Errors
    /// When a file cannot be written or removed; it may be called again.
    pub fn end(&self, id: &str, outcome: &ForgetReport) -> Result<(), ForgetFileError> {
        self.write(&format!("{id}.done.json"), outcome)?;
        self.remove_request(id)
    }

    /// Requests that are under way, oldest first, each with the ids that were saved for it.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn pending(&self) -> Result<Vec<(Request, SubjectIds)>, ForgetFileError> {
        let mut pending = Vec::new();
        for (name, path) in self.files()? {
            if name.ends_with(".tmp") {
                std::fs::remove_file(&path).map_err(io("remove", &path))?;
            }
            let Some(id) = name.strip_suffix(".json").filter(|id| is_id(id)) else { continue };
            if self.outcome(id).is_some() {
                self.remove_request(id)?;
                continue;
            }
            let request: Request = read(&path)?;
            if request.format > FORMAT {
                return Err(ForgetFileError::Newer { path });
            }
            let mut ids = SubjectIds::default();
            for (_, path) in self.ids_of(id)? {
                let saved: SubjectIds = read(&path)?;
                ids.resources.extend(saved.resources);
                ids.scopes.extend(saved.scopes);
                ids.series.extend(saved.series);
            }
            pending.push((request, ids));
        }
        pending.sort_by(|left, right| (left.0.at, &left.0.id).cmp(&(right.0.at, &right.0.id)));
        Ok(pending)
    }

    /// What became of a request that is done.
    #[must_use]
    pub fn outcome(&self, id: &str) -> Option<ForgetReport> {
        if !is_id(id) {
            return None;
        }
        read(&self.dir.join(format!("{id}.done.json"))).ok()
    }

    fn remove_request(&self, id: &str) -> Result<(), ForgetFileError> {
        let own = self.dir.join(format!("{id}.json"));
        // The request goes last: without it nobody would look for the ids.
        let paths = self.ids_of(id)?.into_iter().map(|(_, path)| path).chain([own]);
        for path in paths {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io("remove", &path)(error)),
                _ => {}
            }
        }
        sync_dir(&self.dir).map_err(io("sync", &self.dir))
    }

    fn ids_of(&self, id: &str) -> Result<Vec<(String, PathBuf)>, ForgetFileError> {
        let start = format!("{id}.ids-");
        Ok(self.files()?.into_iter().filter(|(name, _)| name.starts_with(&start) && name.ends_with(".json")).collect())
    }

    fn files(&self) -> Result<Vec<(String, PathBuf)>, ForgetFileError> {
        let files = durable::files_below(&self.dir).map_err(|(path, source)| io("list", &path)(source))?;
        let named = |path: PathBuf| Some((path.file_name()?.to_str()?.to_owned(), path));
        Ok(files.into_iter().filter_map(|(path, _)| named(path)).collect())
    }

    /// One that is there already is the same: names are drawn, or come from a start's own number.
    fn write<T: Serialize>(&self, name: &str, content: &T) -> Result<(), ForgetFileError> {
        let path = self.dir.join(name);
        create_new(&path, &encoded(content)).map(drop).map_err(|(action, source)| io(action, &path)(source))
    }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, ForgetFileError> {
    let text = std::fs::read(path).map_err(io("read", path))?;
    decoded(&text).map_err(|reason| ForgetFileError::Damaged { path: path.to_path_buf(), reason })
}

fn is_id(text: &str) -> bool {
    text.len() == ID_BYTES * 2 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn new_id() -> std::io::Result<String> {
    let mut bytes = [0; ID_BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(to_hex(&bytes))
}
