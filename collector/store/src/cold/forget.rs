//! The mover's part of forgetting: cold files without it, and nothing of the old ones left on this machine.
//!
//! Owns which cold files are still to be read: all that were there when hot files were done, and what takes their place.
//! What moves from then on holds nothing of it, so moves go on meanwhile; merges wait. Files are rewritten a few at a
//! time and committed together. Replaced files are swept when readers of the Delta tables had their time, as others are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use spanlake_schemas::errors::with_causes;
use spanlake_schemas::tables::Table;

use super::log::ColdEdit;
use super::mover::{Failure, Mover, data_file};
use super::place::{self, Place};
use super::write::{WriteError, scratch, upload};
use crate::compact::{Job, Merge, Revision};
use crate::forget::scan::{Found, scan};
use crate::forget::subject::Subject;
use crate::forget::{Active, ForgetStage};
use crate::seal::SealError;
use crate::version::{COLD_LEVEL, DataFile, FileEntry};

/// After so long something else has its turn.
const PATIENCE: Duration = Duration::from_secs(20);
/// Files of one commit.
const COMMIT_FILES_MAX: usize = 16;

/// A file and what takes its place.
struct Revised {
    table: Table,
    old: FileEntry,
    new: Option<FileEntry>,
    found: Found,
}

impl Mover {
    /// Goes on with what hot files are done with.
    pub(super) fn forget(&mut self) -> Result<(), Failure> {
        for active in self.inner.forgetting.active() {
            let (subject, is_due) = {
                let state = active.state.lock();
                (state.line.clone(), state.is_hot_done && !state.is_cold_done)
            };
            let Some((_, subject)) = subject.filter(|_| is_due) else { continue };
            let forgotten = self.forget_cold(&active, &subject);
            if let Err(failure) = &forgotten {
                active.say(Some(format!("cold files wait: {}", with_causes(failure))));
            }
            forgotten?;
        }
        Ok(())
    }

    fn forget_cold(&mut self, active: &Active, subject: &Arc<Subject>) -> Result<(), Failure> {
        let began = Instant::now();
        {
            let all = self.log.state().files.keys();
            active.state.lock().cold.get_or_insert_with(|| all.cloned().collect());
        }
        let mut revised = Vec::new();
        let mut unreadable = None;
        for entry in self.to_read(active) {
            if began.elapsed() > PATIENCE || self.inner.is_stopping() {
                break;
            }
            match self.forget_in(active, &entry, subject) {
                Ok(one) => revised.extend(one),
                Err(WriteError::Files(error @ (SealError::Parquet { .. } | SealError::Arrow { .. }))) => {
                    unreadable = Some(format!("a cold file cannot be read: {}", with_causes(&error)));
                }
                Err(other) => return Err(other.into()),
            }
            if revised.len() >= COMMIT_FILES_MAX {
                self.commit_revised(active, std::mem::take(&mut revised))?;
            }
        }
        self.commit_revised(active, revised)?;
        active.say(unreadable);
        if self.to_read(active).is_empty() {
            self.end_cold(active);
        }
        Ok(())
    }

    /// Files that are still data and were not read yet, dimensions last: their ids tell which rows are meant.
    fn to_read(&self, active: &Active) -> Vec<FileEntry> {
        let files = &self.log.state().files;
        let mut state = active.state.lock();
        let cold = state.cold.get_or_insert_default();
        cold.retain(|key| files.contains_key(key));
        let mut entries: Vec<FileEntry> = cold.iter().filter_map(|key| files.get(key)).cloned().collect();
        let is_dimension = |entry: &FileEntry| Table::by_name(&entry.table).is_some_and(Table::is_dimension);
        entries.sort_by(|left, right| (is_dimension(left), &left.path).cmp(&(is_dimension(right), &right.path)));
        entries
    }

    /// Reads a file; where something of it is there, writes and uploads one without.
    fn forget_in(
        &mut self,
        active: &Active,
        entry: &FileEntry,
        subject: &Arc<Subject>,
    ) -> Result<Option<Revised>, WriteError> {
        let table = Table::by_name(&entry.table);
        let file = data_file(&self.place, entry);
        let (Some(table), Some(file)) = (table, file) else {
            self.done_with(active, entry);
            return Ok(None);
        };
        let damaged = |error| SealError::Parquet {
            path: file.path.clone(),
            source: parquet::errors::ParquetError::General(with_causes(&error)),
        };
        let found = scan(&file, table, subject.as_ref(), Some(&self.place)).map_err(damaged)?;
        if found.is_none() {
            self.done_with(active, entry);
            return Ok(None);
        }
        let new = self.revise(table, entry, Arc::clone(subject) as Arc<dyn Revision>)?;
        Ok(Some(Revised { table, old: entry.clone(), new, found }))
    }

    fn done_with(&self, active: &Active, entry: &FileEntry) {
        active.note_proven(entry);
        if let Some(cold) = &mut active.state.lock().cold {
            cold.remove(&entry.path);
        }
    }

    /// Uploads a cold file with its rows revised; `None` where no row is left. The old one stays what it is.
    pub(super) fn revise(
        &mut self,
        table: Table,
        entry: &FileEntry,
        revision: Arc<dyn Revision>,
    ) -> Result<Option<FileEntry>, WriteError> {
        let (inner, data_dir) = (Arc::clone(&self.inner), self.inner.config.data_dir.clone());
        let inputs = data_dir.join(super::write::SCRATCH).join("inputs");
        let path = self.place.fetch(&entry.path, &inputs.join("0"))?;
        let input = Arc::new(DataFile::new(entry.clone(), path));
        let key = format!("{}/{}", entry.partition(), self.next_name());
        let job = Job { table, inputs: vec![input], waiting: 0 };
        let merge = Merge::open(&job)?.revised(revision);
        let written = merge.run(&data_dir, &scratch(&key), COLD_LEVEL, || inner.is_stopping());
        // There where the place is a bucket.
        let _ = std::fs::remove_dir_all(&inputs);
        let written = written?.ok_or(WriteError::Stopping)?;
        if written.rows == 0 {
            let _ = std::fs::remove_file(data_dir.join(&written.path));
            return Ok(None);
        }
        Ok(Some(upload(&data_dir, &self.place, written)?))
    }

    fn commit_revised(&mut self, active: &Active, revised: Vec<Revised>) -> Result<(), Failure> {
        if revised.is_empty() {
            return Ok(());
        }
        self.replace_cold(revised.iter().map(|one| (one.old.clone(), one.new.clone())).collect())?;
        for one in revised {
            active.note_revised(one.table, one.found, one.new.is_none());
        }
        Ok(())
    }

    /// Commits files that take the place of others, with fewer rows, and lets go what is kept of those.
    pub(super) fn replace_cold(&mut self, pairs: Vec<(FileEntry, Option<FileEntry>)>) -> Result<(), Failure> {
        let mut edit = ColdEdit { is_data_change: true, ..self.log.draft(crate::now_nanos()) };
        edit.adds = pairs.iter().filter_map(|(_, new)| new.clone()).collect();
        edit.removes = pairs.iter().map(|(old, _)| old.clone()).collect();
        self.propose(edit, None)?;
        let metrics = &self.inner.metrics;
        for (old, new) in &pairs {
            let left = new.as_ref().map_or(0, |new| new.rows);
            metrics.revised_files.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            metrics.revised_rows.fetch_add(old.rows.saturating_sub(left), std::sync::atomic::Ordering::Relaxed);
            self.inner.forgetting.replaced_cold(&old.path, new.as_ref().map(|new| new.path.as_str()));
            self.drop_kept(&old.path);
        }
        Ok(())
    }

    /// What this machine keeps of a cold file: parts in memory, blocks on the disk, a copy of a dimension.
    pub(super) fn drop_kept(&self, key: &str) {
        let object = self.place.bucket().map(|(_, prefix)| place::location(&prefix, key));
        self.inner.read.drop_kept(key, object.as_ref());
        if object.is_some() {
            // One that cannot be removed now is tried again when the file is swept.
            let _ = Place::folder(self.copies.clone()).remove(key);
        }
    }

    fn end_cold(&self, active: &Active) {
        let after = i64::try_from(self.config.sweep_after.as_nanos()).unwrap_or(i64::MAX);
        // Files that went before it was asked may have held it as well.
        let last = self.log.state().removed.values().max().map(|at| at.saturating_add(after));
        let mut state = active.state.lock();
        state.is_cold_done = true;
        state.report.old_copies_until = last;
        state.report.stage = ForgetStage::Readers;
    }
}
