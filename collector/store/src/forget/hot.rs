//! The compactor's part: the line asked for, hot files of before it rewritten, the end once nobody holds an old one.
//!
//! Owns the order. Dimension files are rewritten like all others. Files that the mover has claimed are looked at again
//! in the next turn, wherever they are then. Never touches a cold file.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use spanlake_schemas::errors::with_causes;
use spanlake_schemas::tables::Table;

use super::files::ForgetFileError;
use super::scan::scan;
use super::subject::Subject;
use super::{Active, ForgetStage};
use crate::compact::compactor::Compactor;
use crate::compact::{Failure, Job, Merge, Revision};
use crate::log::LogSequence;
use crate::read::ReadError;
use crate::version::{DataFile, TableFile};

/// Looks again while something is being forgotten.
const TICK: Duration = Duration::from_millis(200);
/// Looks again where something could not be read or written.
const RETRY: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
enum ForgetFailure {
    #[error("a file could not be rewritten: {}", with_causes(.0))]
    Revision(#[from] Failure),
    #[error("a file could not be read: {}", with_causes(.0))]
    Read(#[from] ReadError),
    #[error("{}", with_causes(.0))]
    File(#[from] ForgetFileError),
}

impl Compactor {
    /// Does what can be done for every request, and says when to look again.
    pub(crate) fn forget(&mut self) -> Option<Duration> {
        let mut wait = None;
        for active in self.inner.forgetting.active() {
            let done = self.forget_one(&active);
            let failed = done.is_err();
            if let Err(ForgetFailure::Revision(failure @ Failure::Manifest(_))) = &done {
                // Another process has the directory: nothing may be written any more.
                self.failed(failure);
            }
            if let Err(failure) = done {
                tracing::error!(request = active.id(), "forgetting: {failure}; trying again soon");
                active.say(Some(failure.to_string()));
            }
            let next = if failed { RETRY } else { TICK };
            wait = Some(wait.map_or(next, |wait: Duration| wait.min(next)));
        }
        wait
    }

    fn forget_one(&mut self, active: &Arc<Active>) -> Result<(), ForgetFailure> {
        let line = active.state.lock().line.clone();
        let Some((lsn, subject)) = line else {
            active.ask_for_line(&self.inner, &self.commands);
            return Ok(());
        };
        let (flushed, epoch) = {
            let manifest = self.manifest.lock();
            (manifest.state().flushed_lsn, manifest.state().epoch)
        };
        if flushed < lsn {
            return Ok(());
        }
        let is_hot_done = active.state.lock().is_hot_done;
        if !is_hot_done {
            let ids = std::mem::take(&mut active.state.lock().ids);
            if !ids.is_empty() {
                let saved = self.inner.forgetting.dir.save_ids(active.id(), epoch, &ids);
                saved.inspect_err(|_| active.state.lock().ids = ids)?;
            }
            active.state.lock().report.stage = ForgetStage::HotFiles;
            if !self.forget_hot(active, lsn, &subject)? {
                return Ok(());
            }
            let mut state = active.state.lock();
            state.is_hot_done = true;
            state.is_cold_done |= self.inner.cold.is_none();
            state.report.stage = ForgetStage::ColdFiles;
            state.report.message = None;
        }
        self.end_forgetting(active)
    }

    /// Whether every hot file of before the line is without it.
    fn forget_hot(&mut self, active: &Active, lsn: LogSequence, subject: &Arc<Subject>) -> Result<bool, ForgetFailure> {
        let mut is_done = true;
        let mut failure = None;
        for table in Table::ALL {
            let files = self.inner.read.pin().files(table).to_vec();
            for file in files.into_iter().filter(|file| !file.is_cold() && file.entry.last_lsn <= lsn) {
                if active.state.lock().proven.contains(&file.entry.path) {
                    continue;
                }
                is_done = false;
                if self.inner.is_stopping() {
                    return Ok(false);
                }
                if !self.claim(&file) {
                    active.say(Some("some hot files are on their way to the cold tier".to_owned()));
                    continue;
                }
                let looked = self.forget_in(active, table, &file, subject);
                self.inner.claims.lock().release([&file.entry.path]);
                failure = looked.err().or(failure);
            }
        }
        match failure {
            Some(failure) => Err(failure),
            None => Ok(is_done),
        }
    }

    /// Takes a file that is still data, and nobody's.
    pub(crate) fn claim(&self, file: &DataFile) -> bool {
        let mut claims = self.inner.claims.lock();
        let is_free =
            !claims.holds(&file.entry.path) && self.manifest.lock().state().files.contains_key(&file.entry.path);
        if is_free {
            claims.take([file.entry.path.clone()]);
        }
        is_free
    }

    fn forget_in(
        &mut self,
        active: &Active,
        table: Table,
        file: &Arc<DataFile>,
        subject: &Arc<Subject>,
    ) -> Result<(), ForgetFailure> {
        let found = scan(file, table, subject.as_ref(), None)?;
        if found.is_none() {
            active.note_proven(&file.entry);
            return Ok(());
        }
        let Some(left) = self.revise(table, file, Arc::clone(subject) as Arc<dyn Revision>)? else { return Ok(()) };
        active.note_revised(table, found, left.is_none());
        active.state.lock().leaving.push(Arc::downgrade(file));
        Ok(())
    }

    /// Puts a revised file in the place of a hot one, which nobody else works on; gives it where a row is left. `None`
    /// where the server stops.
    pub(crate) fn revise(
        &mut self,
        table: Table,
        file: &Arc<DataFile>,
        revision: Arc<dyn Revision>,
    ) -> Result<Option<Option<Arc<DataFile>>>, Failure> {
        let inner = Arc::clone(&self.inner);
        self.merges += 1;
        let epoch = self.manifest.lock().state().epoch;
        let relative = format!("{}/{epoch:06}-revised-{:09}.parquet", file.entry.partition(), self.merges);
        let job = Job { table, inputs: vec![Arc::clone(file)], waiting: 0 };
        let merge = Merge::open(&job)?.revised(revision);
        let written = merge.run(&inner.config.data_dir, &relative, file.entry.level, || inner.is_stopping())?;
        let Some(entry) = written else { return Ok(None) };
        let rows = entry.rows;
        let output = Arc::new(DataFile::new(entry, inner.config.data_dir.join(&relative)));
        let replaced: [TableFile; 1] = [(table, Arc::clone(file))];
        let added: &[TableFile] = if rows == 0 { &[] } else { &[(table, Arc::clone(&output))] };
        if rows == 0 {
            output.retire();
        }
        if let Err(error) = self.swap(&replaced, added) {
            output.retire();
            return Err(error.into());
        }
        inner.read.drop_kept(&file.entry.path, None);
        inner.metrics.revised_files.fetch_add(1, Relaxed);
        inner.metrics.revised_rows.fetch_add(file.entry.rows.saturating_sub(rows), Relaxed);
        Ok(Some((rows > 0).then_some(output)))
    }

    /// The outcome takes the request's place once both tiers are done and nobody reads an old file.
    fn end_forgetting(&self, active: &Active) -> Result<(), ForgetFailure> {
        let mut outcome = {
            let mut state = active.state.lock();
            if !state.is_cold_done {
                return Ok(());
            }
            state.leaving.retain(|file| file.strong_count() > 0);
            if !state.leaving.is_empty() {
                state.report.stage = ForgetStage::Readers;
                return Ok(());
            }
            state.report.clone()
        };
        outcome.stage = ForgetStage::Done;
        outcome.message = None;
        outcome.finished_at = Some(crate::now_nanos());
        outcome.set_aside = set_aside(&self.inner.log_dir());
        let rows: u64 = outcome.rows.values().sum();
        self.inner.forgetting.end(active, outcome)?;
        tracing::info!(request = active.id(), rows, "what was asked to be forgotten is gone");
        Ok(())
    }
}

/// Damaged segments that `salvage-log` left for whoever wants to look at them.
fn set_aside(log_dir: &std::path::Path) -> Vec<String> {
    let files = crate::durable::files_below(log_dir).unwrap_or_default();
    let damaged = files.into_iter().filter(|(path, _)| path.extension().is_some_and(|ending| ending == "damaged"));
    damaged.map(|(path, _)| path.display().to_string()).collect()
}
