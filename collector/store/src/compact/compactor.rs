//! The compactor: the one thread that merges files and lets old ones go, after seals and every few seconds.
//!
//! Owns the order of a merge: file durable, manifest edit (the commit point), version swapped, inputs retired. A
//! crash before the edit leaves an orphan that the next start removes. A file that cannot be read is left alone and
//! said; everything else goes on. Never touches the log.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{Job, Merge, pick};
use crate::keeper::Command;
use crate::manifest::{Manifest, ManifestError};
use crate::retention::checked::Checked;
use crate::retention::expired;
use crate::seal::SealError;
use crate::store::Inner;
use crate::version::{DataFile, TableFile};

/// Looks again even if nothing is sealed: hours come to their end.
const TICK: Duration = Duration::from_secs(10);
/// Looks again while ingest is busy.
const LULL: Duration = Duration::from_secs(1);
/// So many files are merged however busy ingest is, lest queries open ever more.
const WAITING_MAX: usize = 64;
/// Pause after a merge that failed for want of space or the like.
const RETRY: Duration = Duration::from_secs(30);

/// The compactor's state.
pub struct Compactor {
    pub inner: Arc<Inner>,
    pub manifest: Arc<Mutex<Manifest>>,
    /// Paths of files that could not be read.
    pub barred: HashSet<String>,
    pub merges: u64,
    /// Files that hold no row of a service whose time is over.
    pub checked: Checked,
    /// The way to the keeper, which draws the line where something is to be forgotten.
    pub commands: Sender<Command>,
    /// The mover ends when this is dropped.
    pub _mover: SyncSender<()>,
}

/// Why files stay as they are.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Files(#[from] SealError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

impl Compactor {
    /// Merges until the sealer, which wakes it, is gone.
    pub fn run(mut self, seals: &Receiver<()>) {
        // Of this thread alone, as Linux has it: merging can wait; whoever sends or asks cannot.
        let _ = rustix::process::setpriority_process(None, 10);
        let mut wait = Duration::ZERO;
        loop {
            match seals.recv_timeout(wait) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            wait = self.forget().unwrap_or(TICK);
            if let Err(error) = self.expire() {
                self.failed(&error.into());
            }
            if let Err(failure) = self.expire_services() {
                self.failed(&failure);
            }
            while let Some(job) = self.next_job() {
                if self.is_busy() && job.waiting < WAITING_MAX {
                    self.release(&job);
                    wait = LULL;
                    break;
                }
                let merged = self.merge(&job);
                self.release(&job);
                if let Err(failure) = merged {
                    self.note(&failure, &job);
                    wait = RETRY;
                    break;
                }
                if self.inner.is_stopping() {
                    return;
                }
            }
        }
    }

    /// While much waits to be sealed, cores and memory are the seal's.
    fn is_busy(&self) -> bool {
        self.inner.metrics.unsealed_bytes.load(Ordering::Acquire) > self.inner.config.seal_bytes / 2
    }

    /// The edit, which is the commit point; then the version; what is removed goes once nobody reads it.
    pub(crate) fn swap(&self, removed: &[TableFile], added: &[TableFile]) -> Result<(), ManifestError> {
        let adds = added.iter().map(|(_, file)| file.entry.clone()).collect();
        let removes = removed.iter().map(|(_, file)| file.entry.path.clone()).collect();
        self.manifest.lock().replace(adds, removes)?;
        self.inner.read.replace_files(removed, added, &self.inner.metrics);
        removed.iter().for_each(|(_, file)| file.retire());
        Ok(())
    }

    /// Lets go what retention no longer keeps.
    fn expire(&self) -> Result<(), ManifestError> {
        // Cold files are the mover's.
        let claims = self.inner.claims.lock();
        let gone = expired(&self.inner.read.pin(), crate::now_nanos(), &self.inner.config.retention);
        let gone: Vec<TableFile> =
            gone.into_iter().filter(|(_, file)| !file.is_cold() && !claims.holds(&file.entry.path)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.swap(&gone, &[])?;
        let bytes: u64 = gone.iter().map(|(_, file)| file.entry.bytes).sum();
        self.inner.metrics.expired_files.fetch_add(gone.len() as u64, Ordering::Relaxed);
        self.inner.metrics.expired_bytes.fetch_add(bytes, Ordering::Relaxed);
        tracing::info!(files = gone.len(), bytes, "removed what is older, or more, than retention keeps");
        Ok(())
    }

    fn next_job(&self) -> Option<Job> {
        // A merge of rows from before and after a line would have to be forgotten in part.
        if !self.inner.config.compaction || self.inner.forgetting.holds_hot() {
            return None;
        }
        let mut claims = self.inner.claims.lock();
        let version = self.inner.read.pin();
        let is_barred = |file: &DataFile| self.barred.contains(&file.entry.path) || claims.holds(&file.entry.path);
        let job = pick(&version, crate::now_nanos(), is_barred);
        claims.take(job.iter().flat_map(|job| &job.inputs).map(|file| file.entry.path.clone()));
        job
    }

    fn release(&self, job: &Job) {
        self.inner.claims.lock().release(job.inputs.iter().map(|file| &file.entry.path));
    }

    fn merge(&mut self, job: &Job) -> Result<(), Failure> {
        let began = Instant::now();
        let span = tracing::info_span!(
            "merge",
            otel.name = format!("merge {}", job.table.name()),
            files = job.inputs.len(),
            rows = tracing::field::Empty
        );
        let _entered = span.enter();
        self.merges += 1;
        let epoch = self.manifest.lock().state().epoch;
        let folder = job.inputs[0].entry.partition();
        let relative = format!("{folder}/{epoch:06}-merged-{:09}.parquet", self.merges);
        let inner = Arc::clone(&self.inner);
        let merged = Merge::open(job)?.run(&inner.config.data_dir, &relative, 1, || inner.is_stopping())?;
        let Some(entry) = merged else { return Ok(()) };
        let output = Arc::new(DataFile::new(entry, inner.config.data_dir.join(&relative)));
        let expected: u64 = job.inputs.iter().map(|file| file.entry.rows).sum();
        if output.entry.rows != expected {
            crate::fatal(&format!("merging {folder} made {} rows of {expected}", output.entry.rows));
        }
        let removed: Vec<TableFile> = job.inputs.iter().map(|file| (job.table, Arc::clone(file))).collect();
        if let Err(error) = self.swap(&removed, &[(job.table, Arc::clone(&output))]) {
            output.retire();
            return Err(error.into());
        }
        span.record("rows", expected);
        self.count(job, &output, began);
        Ok(())
    }

    fn count(&self, job: &Job, output: &DataFile, began: Instant) {
        let metrics = &self.inner.metrics;
        let bytes: u64 = job.inputs.iter().map(|file| file.entry.bytes).sum();
        metrics.merges.fetch_add(1, Ordering::Relaxed);
        metrics.merged_files.fetch_add(job.inputs.len() as u64, Ordering::Relaxed);
        metrics.merged_rows.fetch_add(output.entry.rows, Ordering::Relaxed);
        metrics.merged_bytes_read.fetch_add(bytes, Ordering::Relaxed);
        metrics.merged_bytes_written.fetch_add(output.entry.bytes, Ordering::Relaxed);
        tracing::debug!(
            table = job.table.name(),
            files = job.inputs.len(),
            rows = output.entry.rows,
            bytes,
            bytes_after = output.entry.bytes,
            seconds = began.elapsed().as_secs_f64(),
            "merged"
        );
    }

    /// A file that cannot be read would fail each time: it is left alone. Anything else is tried again.
    fn note(&mut self, failure: &Failure, job: &Job) {
        self.inner.metrics.merge_failures.fetch_add(1, Ordering::Relaxed);
        let unreadable = match failure {
            Failure::Files(SealError::Parquet { path, .. } | SealError::Io { path, .. }) => {
                job.inputs.iter().find(|file| file.path == *path)
            }
            _ => None,
        };
        let Some(file) = unreadable else { return self.failed(failure) };
        self.barred.insert(file.entry.path.clone());
        let error = failure as &dyn std::error::Error;
        tracing::error!(error, "a file cannot be read and is left out of merges; the rest goes on");
    }

    pub(crate) fn failed(&self, failure: &Failure) {
        if matches!(failure, Failure::Manifest(ManifestError::Conflict { .. })) {
            crate::fatal(&failure.to_string());
        }
        let error = failure as &dyn std::error::Error;
        tracing::error!(error, "tidying files failed; trying again soon");
    }
}
