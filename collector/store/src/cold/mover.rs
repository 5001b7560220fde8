//! The mover: the one thread that commits to the cold tier: hours that leave the hot one, files that are too old.
//!
//! Owns the cold log and the order of a change: files uploaded, edit pending, edit committed, local manifest, version,
//! Delta mirror, pending no more. Each step can be done again, so after a crash or an outage it goes on where it was.
//! Hot files of a change that is under way are claimed: nobody merges or expires them. Never blocks a seal.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use spanlake_schemas::errors::with_causes;
use spanlake_schemas::tables::Table;

use super::delta;
use super::dimensions::{Copied, Copying};
use super::log::{ColdEdit, ColdLog, ColdLogError};
use super::merge::pick;
use super::pending::PendingFile;
use super::pick::{Move, due};
use super::place::Place;
use super::sampling::{DECIDED, Judge, Sampled};
use super::status::{ColdCondition, SharedStatus, condition_of};
use super::write::{Names, WriteError, hour_folder, merge_cold, owner, write_cold};
use super::{ColdConfig, place};
use crate::compact::Revision;
use crate::manifest::{Manifest, ManifestError};
use crate::retention::checked::Checked;
use crate::retention::expired;
use crate::seal::SealError;
use crate::store::{Claims, Inner};
use crate::version::{DataFile, FileEntry, TableFile};

/// Looks again.
const TICK: Duration = Duration::from_secs(2);
/// Pause after something failed, doubled each time up to the longest.
const RETRY: Duration = Duration::from_secs(2);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// Why a turn ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Log(#[from] ColdLogError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

impl From<place::PlaceError> for Failure {
    fn from(error: place::PlaceError) -> Self {
        Self::Log(error.into())
    }
}

/// The mover's state.
pub struct Mover {
    pub inner: Arc<Inner>,
    pub manifest: Arc<Mutex<Manifest>>,
    pub config: ColdConfig,
    pub place: Place,
    pub log: ColdLog,
    pub pending: PendingFile,
    /// Where copies of dimension files are kept.
    pub copies: PathBuf,
    pub status: SharedStatus,
    /// Set once the log is claimed.
    pub writing: Option<Writing>,
    /// Keys of files that could not be merged.
    pub barred: HashSet<String>,
    /// Decides what moves, where not everything does.
    pub judge: Option<Judge>,
    /// Files that hold no row of a service whose time is over.
    pub checked: Checked,
    /// Turns in a row that failed.
    pub failures: u32,
}

/// What this start may write with.
pub struct Writing {
    names: Names,
    copied: Copied,
}

impl Mover {
    /// Works until whoever wakes it is gone.
    pub fn run(mut self, wake: &Receiver<()>) {
        // As for merges: it can wait, whoever sends or asks cannot.
        let _ = rustix::process::setpriority_process(None, 10);
        let mut wait = Duration::ZERO;
        loop {
            let until = Instant::now() + wait;
            loop {
                match wake.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(()) if self.failures > 0 => {}
                    Ok(()) | Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            if self.inner.is_stopping() {
                return;
            }
            wait = self.turn();
        }
    }

    /// Does what is due, and says when to look again.
    pub(crate) fn turn(&mut self) -> Duration {
        let worked = self.work();
        self.describe();
        match worked {
            Ok(()) => {
                self.failures = 0;
                self.status.set(ColdCondition::Ready, None);
                TICK
            }
            Err(failure) => {
                self.failures = self.failures.saturating_add(1);
                self.failed(&failure);
                RETRY.saturating_mul(1 << self.failures.min(6).saturating_sub(1)).min(RETRY_MAX)
            }
        }
    }

    fn failed(&self, failure: &Failure) {
        match failure {
            Failure::Log(error) | Failure::Write(WriteError::Log(error)) => {
                let (condition, message) = condition_of(error);
                self.status.set(condition, Some(message));
            }
            Failure::Manifest(error @ ManifestError::Conflict { .. }) => crate::fatal(&error.to_string()),
            Failure::Write(WriteError::Stopping) => {}
            other => self.status.set(ColdCondition::Failing, Some(with_causes(other))),
        }
    }

    fn work(&mut self) -> Result<(), Failure> {
        if self.writing.is_none() {
            self.begin()?;
            // What moves first may take long.
            self.describe();
            self.status.set(ColdCondition::Ready, None);
        }
        if let Some(edit) = self.pending.read()? {
            self.transact(&edit)?;
        }
        self.expire()?;
        self.expire_services()?;
        self.forget()?;
        while let Some(job) = self.next_move() {
            let claimed: Vec<String> = job.files.iter().map(|(_, file)| file.entry.path.clone()).collect();
            let moved = self.move_hour(&job);
            // An edit that may have been committed keeps its files claimed until that is known.
            if self.pending.read()?.is_none() {
                self.inner.claims.lock().release(&claimed);
            }
            moved?;
            self.describe();
        }
        if !self.inner.forgetting.holds_cold() {
            self.merge()?;
        }
        self.sweep()
    }

    /// The first talk with the place: what is there, whose it is, and that from now on it is ours.
    pub(crate) fn begin(&mut self) -> Result<(), Failure> {
        self.log.catch_up(self.config.adopt)?;
        self.place.make_durable()?;
        let copied = Copied::read(&self.place, self.log.state(), &self.copies, self.inner.read.catalog())?;
        // What may have been committed before the crash comes first: its number is taken, or free for it alone.
        if let Some(edit) = self.pending.read()? {
            self.transact(&edit)?;
        }
        self.log.claim(crate::now_nanos())?;
        let epoch = self.log.state().epoch;
        let installation = self.log.state().installation.clone();
        self.show(&[]);
        self.remove_orphans(&installation);
        self.writing = Some(Writing { names: Names::of(&installation, epoch), copied });
        self.inner.is_cold_known.store(true, Release);
        Ok(())
    }

    /// The files that have to leave next, as it stands.
    fn due(&self, claims: &Claims) -> Option<Move> {
        let (age, bytes) = (self.config.hot_age_max, self.config.hot_bytes_max);
        due(&self.inner.read.pin(), crate::now_nanos(), age, bytes, |path| claims.holds(path)).0
    }

    /// The next move, whose files are claimed.
    fn next_move(&self) -> Option<Move> {
        // Rows that are to be forgotten are looked for where they are, first in the hot tier.
        if self.inner.is_stopping() || self.inner.forgetting.holds_moves() {
            return None;
        }
        let mut claims = self.inner.claims.lock();
        let job = self.due(&claims)?;
        claims.take(job.files.iter().map(|(_, file)| file.entry.path.clone()));
        Some(job)
    }

    /// One hour, all tables: written, uploaded, committed at once.
    fn move_hour(&mut self, job: &Move) -> Result<(), Failure> {
        let began = Instant::now();
        let span = tracing::info_span!("move cold", files = job.files.len(), rows = tracing::field::Empty);
        let _entered = span.enter();
        let (inner, data_dir) = (Arc::clone(&self.inner), self.inner.config.data_dir.clone());
        let now = crate::now_nanos();
        let stops = || inner.is_stopping();
        let writing = self.writing.as_mut().expect("the log is claimed");
        let names = &mut writing.names;
        let decided =
            self.judge.as_ref().map(|judge| judge.decide(&data_dir, &inner.read, job, names, stops)).transpose()?;
        let (sampled, written) = decided.unzip();
        let revision = sampled.clone().map(|sampled: Arc<Sampled>| sampled as Arc<dyn Revision>);
        let copying =
            writing.copied.write_new(&data_dir, &self.place, inner.read.catalog(), &mut writing.names, now)?;
        let mut edit = ColdEdit { is_data_change: true, adds: copying.entries.clone(), ..self.log.draft(now) };
        let written = written.flatten();
        let is_written = |table| written.is_some() && DECIDED.contains(&table);
        let rest: Vec<Table> = Table::ALL.into_iter().filter(|table| !is_written(*table)).collect();
        edit.adds.extend(written.map(|written| written.upload(&self.place)).transpose()?.into_iter().flatten());
        for table in rest {
            let files = job.files_of(table);
            if files.is_empty() {
                continue;
            }
            let folder = hour_folder(table, job.hour);
            let names = &mut writing.names;
            edit.adds.extend(write_cold(&data_dir, &self.place, &folder, &files, names, revision.as_ref(), stops)?);
        }
        edit.retires = job.files.iter().map(|(_, file)| file.entry.path.clone()).collect();
        let rows: u64 = job.files.iter().map(|(_, file)| file.entry.rows).sum();
        let moved: Vec<FileEntry> = edit.adds[copying.entries.len()..].to_vec();
        self.propose(edit, Some(&copying))?;
        if let (Some(judge), Some(sampled)) = (&self.judge, &sampled) {
            judge.moved(job.hour, sampled, &moved);
        }
        let dropped = rows - moved.iter().map(|entry| entry.rows).sum::<u64>();
        span.record("rows", rows);
        let metrics = &self.inner.metrics;
        metrics.cold_moves.fetch_add(1, Relaxed);
        metrics.cold_moved_rows.fetch_add(rows - dropped, Relaxed);
        metrics.cold_dropped_rows.fetch_add(dropped, Relaxed);
        tracing::info!(
            files = job.files.len(),
            rows,
            dropped,
            seconds = began.elapsed().as_secs_f64(),
            "moved an hour to the cold tier"
        );
        Ok(())
    }

    /// A name that no file of this installation has had.
    pub(super) fn next_name(&mut self) -> String {
        self.writing.as_mut().expect("the log is claimed").names.next()
    }

    /// Makes an edit pending, then a fact.
    pub(super) fn propose(&mut self, mut edit: ColdEdit, copying: Option<&Copying>) -> Result<(), Failure> {
        delta::assign(&mut edit, self.log.state());
        self.pending.write(&edit)?;
        self.transact(&edit)?;
        if let (Some(writing), Some(copying)) = (&mut self.writing, copying) {
            writing.copied.note(copying);
        }
        Ok(())
    }

    /// Every step of a change from its commit on. May be called again after any error.
    fn transact(&mut self, edit: &ColdEdit) -> Result<(), Failure> {
        match self.log.commit(edit) {
            Err(error @ ColdLogError::Fenced { .. }) => {
                // It has not happened and never will: the hot files stay what they are.
                self.pending.remove()?;
                self.inner.claims.lock().release(&edit.retires);
                return Err(error.into());
            }
            other => other?,
        }
        let retired = self.retired_files(&edit.retires);
        let mut manifest = self.manifest.lock();
        let known: Vec<String> =
            edit.retires.iter().filter(|path| manifest.state().files.contains_key(*path)).cloned().collect();
        if !known.is_empty() {
            manifest.replace(Vec::new(), known)?;
        }
        drop(manifest);
        self.show(&retired);
        retired.iter().for_each(|(_, file)| file.retire());
        delta::mirror(&self.place, edit)?;
        self.pending.remove()?;
        self.inner.claims.lock().release(&edit.retires);
        delta::checkpoint(&self.place, edit, self.log.state());
        Ok(())
    }

    fn retired_files(&self, paths: &[String]) -> Vec<TableFile> {
        let paths: HashSet<&str> = paths.iter().map(String::as_str).collect();
        let version = self.inner.read.pin();
        let of = |table| version.files(table).iter().map(move |file| (table, Arc::clone(file)));
        Table::ALL.into_iter().flat_map(of).filter(|(_, file)| paths.contains(file.entry.path.as_str())).collect()
    }

    /// Makes the version show what the cold log says, and hot files of a move no more, in one swap.
    fn show(&self, retired: &[TableFile]) {
        let version = self.inner.read.pin();
        let shown: Vec<TableFile> = Table::ALL
            .into_iter()
            .flat_map(|table| version.files(table).iter().map(move |file| (table, Arc::clone(file))))
            .filter(|(_, file)| file.is_cold())
            .collect();
        let files = &self.log.state().files;
        let is_gone = |file: &TableFile| !files.contains_key(&file.1.entry.path);
        let removed: Vec<TableFile> = shown.iter().filter(|file| is_gone(file)).chain(retired).cloned().collect();
        let known: HashSet<&str> = shown.iter().map(|(_, file)| file.entry.path.as_str()).collect();
        let fresh = files.values().filter(|entry| !known.contains(entry.path.as_str()));
        let added: Vec<TableFile> = fresh.filter_map(|entry| cold_file(&self.place, entry)).collect();
        if !removed.is_empty() || !added.is_empty() {
            self.inner.read.replace_files(&removed, &added, &self.inner.metrics);
        }
    }

    /// Lets go what retention no longer keeps.
    fn expire(&mut self) -> Result<(), Failure> {
        let now = crate::now_nanos();
        let gone = expired(&self.inner.read.pin(), now, &self.inner.config.retention);
        let removes: Vec<FileEntry> =
            gone.iter().filter(|(_, file)| file.is_cold()).map(|(_, file)| file.entry.clone()).collect();
        if removes.is_empty() {
            return Ok(());
        }
        let (files, bytes) = (removes.len() as u64, removes.iter().map(|entry| entry.bytes).sum::<u64>());
        self.propose(ColdEdit { is_data_change: true, removes, ..self.log.draft(now) }, None)?;
        self.inner.metrics.expired_files.fetch_add(files, Relaxed);
        self.inner.metrics.expired_bytes.fetch_add(bytes, Relaxed);
        tracing::info!(files, bytes, "removed cold files that are older, or more, than retention keeps");
        Ok(())
    }

    /// Makes few files of many, one merge at a time while nothing has to leave the hot tier.
    fn merge(&mut self) -> Result<(), Failure> {
        let now = crate::now_nanos();
        while let Some(merge) = pick(self.log.state(), now, |key| self.barred.contains(key)) {
            let inner = Arc::clone(&self.inner);
            let span = tracing::info_span!("merge cold", files = merge.inputs.len());
            let _entered = span.enter();
            let writing = self.writing.as_mut().expect("the log is claimed");
            let stops = || inner.is_stopping();
            let (config, names) = (&inner.config, &mut writing.names);
            let sums = config.span_sums.as_deref();
            let merged = match merge_cold(&config.data_dir, &self.place, &merge, sums, names, stops) {
                Err(WriteError::Files(error @ SealError::Parquet { .. })) => {
                    tracing::error!(%error, "cold files cannot be merged and are left as they are; the rest goes on");
                    self.inner.metrics.merge_failures.fetch_add(1, Relaxed);
                    self.barred.extend(merge.inputs.into_iter().map(|entry| entry.path));
                    continue;
                }
                other => other?,
            };
            let is_data_change = merge.roll_up.is_some();
            let edit = ColdEdit { is_data_change, adds: vec![merged], removes: merge.inputs, ..self.log.draft(now) };
            self.propose(edit, None)?;
            self.inner.metrics.cold_merges.fetch_add(1, Relaxed);
            if self.due(&self.inner.claims.lock()).is_some() || inner.is_stopping() {
                break;
            }
        }
        Ok(())
    }

    /// Deletes files that were removed long enough ago for every reader to have noticed.
    fn sweep(&mut self) -> Result<(), Failure> {
        let now = crate::now_nanos();
        let oldest = now.saturating_sub(i64::try_from(self.config.sweep_after.as_nanos()).unwrap_or(i64::MAX));
        let due: Vec<String> =
            self.log.state().removed.iter().filter(|(_, at)| **at < oldest).map(|(key, _)| key.clone()).collect();
        if due.is_empty() {
            return Ok(());
        }
        for key in &due {
            self.place.remove(key)?;
            self.drop_kept(key);
        }
        self.propose(ColdEdit { swept: due, ..self.log.draft(now) }, None)
    }

    /// Uploads of ours that no edit names: of a start before this one, which ended in the middle. What cannot be
    /// removed now costs space only; the next start tries again.
    fn remove_orphans(&self, installation: &str) {
        let state = self.log.state();
        for table in Table::ALL {
            let Ok(keys) = self.place.list(table.name()) else { return };
            for (key, _) in keys {
                let name = key.rsplit('/').next().unwrap_or_default();
                let is_data = key.contains("/date=") || key.contains("/month=");
                let is_ours = is_data && name.starts_with(owner(installation));
                let is_named = state.files.contains_key(&key) || state.removed.contains_key(&key);
                if is_ours && !is_named && self.place.remove(&key).is_ok() {
                    tracing::info!(key, "removed a file that an interrupted move left in the cold tier");
                }
            }
        }
    }

    /// Brings the status up to date.
    fn describe(&self) {
        let files = &self.log.state().files;
        self.status.update(|status| {
            status.files = files.len() as u64;
            status.bytes = files.values().map(|entry| entry.bytes).sum();
            status.rows = files.values().map(|entry| entry.rows).sum();
        });
    }
}

/// A cold file as a version shows it; `None` for copies of dimensions, which the catalog holds.
pub fn cold_file(place: &Place, entry: &FileEntry) -> Option<TableFile> {
    let table = Table::by_name(&entry.table).filter(|table| !table.is_dimension())?;
    Some((table, data_file(place, entry)?))
}

/// A cold file as it is read, of whatever table.
pub fn data_file(place: &Place, entry: &FileEntry) -> Option<Arc<DataFile>> {
    let file = match (place.local_path(&entry.path), place.bucket()) {
        (Some(path), _) => DataFile::new(entry.clone(), path),
        (None, Some((_, prefix))) => {
            let object = place::location(&prefix, &entry.path);
            DataFile::in_bucket(entry.clone(), PathBuf::from(format!("{place}/{}", entry.path)), object)
        }
        (None, None) => return None,
    };
    Some(Arc::new(file))
}
