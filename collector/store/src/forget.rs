//! Forgetting: traces, or everything with an attribute, are deleted from all that the store holds, and proven gone.
//!
//! Owns requests from their acceptance to their outcome. A request is durable before it is answered; then
//! 1. the keeper draws the line ([`Active::cut`]): what it has taken so far is meant, what comes later is not. The log
//!    goes on in a new segment, a seal empties memory, resources, scopes and series leave the catalog;
//! 2. the compactor rewrites hot files of before the line ([`hot`]), while nothing is merged or moved;
//! 3. the mover rewrites cold files, copies of dimensions among them ([`crate::cold::forget`]);
//! 4. once no reader holds a replaced file any more, the outcome takes the request's place.
//!
//! A file is done with when it was read after the line and nothing was found; what was rewritten is read again. That is
//! the proof. A kill in between costs nothing: the next start draws a new line and goes on, so that what came in between
//! goes as well. Never logs a value.

pub(crate) mod files;
mod hot;
pub(crate) mod preview;
pub(crate) mod scan;
pub(crate) mod subject;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::atomic::Ordering::Acquire;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::tables::Table;

use crate::catalog::{Catalog, wide_id};
use crate::keeper::Command;
use crate::log::LogSequence;
use crate::store::Inner;
use crate::version::DataFile;
use files::{ForgetDir, Request};
use scan::Found;
use subject::{Subject, SubjectIds};

/// Traces and attributes that one request may name.
pub const NAMED_MAX: usize = 10_000;
/// Requests under way at once.
const ACTIVE_MAX: usize = 64;

/// What is to be forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForgetRequest {
    pub traces: Vec<TraceId>,
    /// Keys and values as text. Everything goes that has one of them.
    pub attributes: Vec<(String, String)>,
}

/// Why a request is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    #[error("{0}")]
    Invalid(String),
    #[error("{ACTIVE_MAX} requests to forget are under way already; ask again when some are done")]
    Busy,
    #[error("{0}")]
    Failed(String),
}

/// How far a request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForgetStage {
    /// Accepted; waits for the cold tier's first answer since the start.
    #[default]
    Waiting,
    /// What is in memory is being sealed.
    Sealing,
    HotFiles,
    ColdFiles,
    /// Statements that began before still hold replaced files.
    Readers,
    Done,
}

impl ForgetStage {
    /// The word in the API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sealing => "sealing",
            Self::HotFiles => "hot_files",
            Self::ColdFiles => "cold_files",
            Self::Readers => "readers",
            Self::Done => "done",
        }
    }
}

/// What has become of a request; names nothing of what is forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetReport {
    pub id: String,
    /// Nanoseconds since the epoch.
    pub accepted_at: i64,
    pub finished_at: Option<i64>,
    pub stage: ForgetStage,
    /// What holds it up, and what to do.
    pub message: Option<String>,
    /// Rows that went, by table. After a restart in between only those since.
    pub rows: BTreeMap<String, u64>,
    /// Links that went from rows that stay.
    pub links: u64,
    pub files_rewritten: u64,
    /// Files of which no row was left.
    pub files_removed: u64,
    /// Files that were read after the line was drawn and hold nothing of it, and their rows: the proof.
    pub proven_files: u64,
    pub proven_rows: u64,
    /// When the last replaced file leaves the cold tier, nanoseconds since the epoch; until then readers of its Delta
    /// tables may hold it. `None` where there is none.
    pub old_copies_until: Option<i64>,
    /// Files that were set aside, which no part of the server reads or changes, and which may hold it.
    #[serde(default)]
    pub set_aside: Vec<String>,
}

/// Rows that a request would delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForgetPreview {
    /// By table; tables without a row are left out.
    pub rows: BTreeMap<String, u64>,
    pub links: u64,
    /// Files that would be rewritten or removed.
    pub files: u64,
}

/// Every request that is under way.
#[derive(Debug)]
pub(crate) struct Forgetting {
    dir: ForgetDir,
    active: Mutex<Vec<Arc<Active>>>,
}

/// One request under way.
#[derive(Debug)]
pub(crate) struct Active {
    request: Request,
    pub(crate) state: Mutex<Progress>,
}

/// What has been done of it since the start.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) report: ForgetReport,
    /// The last record that is meant, and all that is meant; once the line is drawn.
    pub(crate) line: Option<(LogSequence, Arc<Subject>)>,
    /// The keeper was asked for it.
    is_asked: bool,
    /// Found when it was drawn, to be saved.
    ids: SubjectIds,
    /// Hot files without it, by path.
    proven: HashSet<String>,
    pub(crate) is_hot_done: bool,
    /// Cold files that are still to be read, by key; once they are known.
    pub(crate) cold: Option<HashSet<String>>,
    pub(crate) is_cold_done: bool,
    /// Replaced files that readers may hold.
    pub(crate) leaving: Vec<Weak<DataFile>>,
}

impl Forgetting {
    /// Reads what a stop or crash left unfinished.
    ///
    /// # Errors
    /// When a request's file cannot be read.
    pub(crate) fn open(data_dir: &Path) -> Result<Self, files::ForgetFileError> {
        let dir = ForgetDir::below(data_dir);
        let pending = dir.pending()?;
        let active = pending.into_iter().map(|(request, ids)| Arc::new(Active::new(request, ids))).collect();
        Ok(Self { dir, active: Mutex::new(active) })
    }

    /// Makes a request durable.
    pub(crate) fn accept(&self, request: &ForgetRequest) -> Result<Arc<Active>, ForgetError> {
        check(request)?;
        let failed = |error: files::ForgetFileError| ForgetError::Failed(spanlake_schemas::errors::with_causes(&error));
        let mut active = self.active.lock();
        if active.len() >= ACTIVE_MAX {
            return Err(ForgetError::Busy);
        }
        let saved = self.dir.create(request, crate::now_nanos()).map_err(failed)?;
        let accepted = Arc::new(Active::new(saved, SubjectIds::default()));
        active.push(Arc::clone(&accepted));
        Ok(accepted)
    }

    /// Every request under way, oldest first.
    pub(crate) fn active(&self) -> Vec<Arc<Active>> {
        self.active.lock().clone()
    }

    /// Whether hot files must not be merged.
    pub(crate) fn holds_hot(&self) -> bool {
        self.active.lock().iter().any(|active| !active.state.lock().is_hot_done)
    }

    /// Whether nothing may move to the cold tier: a row of after the line would be looked for there.
    pub(crate) fn holds_moves(&self) -> bool {
        let is_held = |state: &Progress| !state.is_hot_done || state.cold.is_none();
        self.active.lock().iter().any(|active| is_held(&active.state.lock()))
    }

    /// Whether cold files must not be merged.
    pub(crate) fn holds_cold(&self) -> bool {
        self.active.lock().iter().any(|active| !active.state.lock().is_cold_done)
    }

    /// What has become of a request; `None` where there was none of that id.
    pub(crate) fn report(&self, id: &str) -> Option<ForgetReport> {
        let active = self.active().into_iter().find(|active| active.request.id == id);
        active.map(|active| active.state.lock().report.clone()).or_else(|| self.dir.outcome(id))
    }

    /// Cold files that others took the place of: whoever had to read the one has to read the other.
    pub(crate) fn replaced_cold(&self, removed: &str, added: Option<&str>) {
        for active in self.active() {
            let mut state = active.state.lock();
            let Some(cold) = &mut state.cold else { continue };
            if cold.remove(removed) {
                cold.extend(added.map(str::to_owned));
            }
        }
    }

    fn end(&self, active: &Active, report: ForgetReport) -> Result<(), files::ForgetFileError> {
        self.dir.end(&active.request.id, &report)?;
        self.active.lock().retain(|other| other.request.id != active.request.id);
        Ok(())
    }
}

impl Active {
    fn new(request: Request, ids: SubjectIds) -> Self {
        let report = ForgetReport { id: request.id.clone(), accepted_at: request.at, ..ForgetReport::default() };
        let state = Progress { report, ids, ..Progress::default() };
        Self { request, state: Mutex::new(state) }
    }

    /// The request's own id.
    pub(crate) fn id(&self) -> &str {
        &self.request.id
    }

    /// Asks the keeper for the line, once. Not before the cold tier has told what it has: rows of its dimensions join the
    /// catalog then.
    pub(crate) fn ask_for_line(self: &Arc<Self>, inner: &Inner, commands: &Sender<Command>) {
        if !inner.is_cold_known.load(Acquire) {
            return self.say(Some("the cold tier has not answered since the server's start".to_owned()));
        }
        let mut state = self.state.lock();
        if !std::mem::replace(&mut state.is_asked, true) {
            state.report.message = None;
            let _ = commands.send(Command::Cut(Arc::clone(self)));
        }
    }

    /// Draws the line: called by the keeper, between two requests that it takes, with the last record that is meant.
    /// From now on nothing of it is in the catalog; the same resource, scope or series that comes later is a new one.
    pub(crate) fn cut(&self, catalog: &Catalog, last_lsn: LogSequence) {
        let mut state = self.state.lock();
        if state.line.is_some() {
            return;
        }
        let mut subject = self.request.subject();
        subject.add(&state.ids);
        let found = subject.resolve(catalog);
        let wide = |ids: &[i64]| ids.iter().map(|id| wide_id(*id)).collect::<Vec<_>>();
        let forgotten = [
            catalog.resources.forget(&wide(&found.resources)),
            catalog.scopes.forget(&wide(&found.scopes)),
            catalog.series.forget(&found.series),
        ];
        if let Some(error) = forgotten.into_iter().find_map(Result::err) {
            crate::fatal(&format!("rows of the catalog cannot be made blank: {error}"));
        }
        state.ids = found;
        state.line = Some((last_lsn, Arc::new(subject)));
        state.report.stage = ForgetStage::Sealing;
    }

    /// Notes a file that was read and holds nothing of it.
    pub(crate) fn note_proven(&self, file: &crate::version::FileEntry) {
        let mut state = self.state.lock();
        state.report.proven_files += 1;
        state.report.proven_rows += file.rows;
        if file.level < crate::version::COLD_LEVEL {
            state.proven.insert(file.path.clone());
        }
    }

    /// Notes a file that was rewritten, or removed where no row was left.
    pub(crate) fn note_revised(&self, table: Table, found: Found, is_removed: bool) {
        let report = &mut self.state.lock().report;
        if found.rows > 0 {
            *report.rows.entry(table.name().to_owned()).or_default() += found.rows;
        }
        report.links += found.links;
        if is_removed {
            report.files_removed += 1;
        } else {
            report.files_rewritten += 1;
        }
    }

    /// Says what holds it up, or that nothing does.
    pub(crate) fn say(&self, message: Option<String>) {
        self.state.lock().report.message = message;
    }
}

fn check(request: &ForgetRequest) -> Result<(), ForgetError> {
    let named = request.traces.len() + request.attributes.len();
    let wrong = |reason: &str| Err(ForgetError::Invalid(reason.to_owned()));
    if named == 0 {
        return wrong("nothing is named to be forgotten: give trace ids, attributes, or both");
    }
    if named > NAMED_MAX {
        return Err(ForgetError::Invalid(format!("{named} traces and attributes are named; {NAMED_MAX} go at once")));
    }
    if request.traces.iter().any(|id| id.0 == [0; 16]) {
        return wrong("a trace id of zeros is no trace");
    }
    if request.attributes.iter().any(|(key, _)| key.is_empty()) {
        return wrong("an attribute has no key");
    }
    Ok(())
}
