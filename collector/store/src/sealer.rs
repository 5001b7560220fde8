//! The sealer: turns one generation of unsealed rows into files, commits them and swaps them in.
//!
//! Shares the manifest with the compactor. One seal at a time. Order: files durable, digests saved, manifest edit (the commit
//! point), version swapped, log released. A crash before the edit leaves orphans that the next start removes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, SyncSender};
use std::time::{Duration, Instant};

use arrow::record_batch::RecordBatch;
use parking_lot::Mutex;
use spanlake_schemas::tables::Table;
use tokio::sync::oneshot;
use tracing::field::Empty;

use crate::keeper::Command;
use crate::log::recent::{self, Seen};
use crate::log::{LogError, LogSequence};
use crate::manifest::{Manifest, ManifestError};
use crate::seal::{SealError, SealName, SealedFiles, seal_rows, seal_table};
use crate::store::Inner;
use crate::version::{HotBatch, TableFile};

/// Pause after a seal that failed.
const RETRY: Duration = Duration::from_secs(1);

/// A generation to seal.
pub struct SealTask {
    pub generation: u64,
    pub last_lsn: LogSequence,
    pub digests: Vec<Seen>,
    pub waiters: Vec<oneshot::Sender<()>>,
}

/// Why a seal failed.
#[derive(Debug, thiserror::Error)]
pub enum SealFailure {
    #[error(transparent)]
    Files(#[from] SealError),
    #[error(transparent)]
    Digests(#[from] LogError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// The sealer's state.
pub struct Sealer {
    pub inner: Arc<Inner>,
    pub manifest: Arc<Mutex<Manifest>>,
}

impl Sealer {
    /// Seals what it is sent until the keeper is gone. A failure is tried again: the rows stay in memory and
    /// in the log, and requests are refused once the memory cap is reached.
    pub fn run(mut self, tasks: &Receiver<SealTask>, keeper: &Sender<Command>, compactor: &SyncSender<()>) {
        while let Ok(task) = tasks.recv() {
            while let Err(error) = self.seal(task.generation, task.last_lsn, &task.digests) {
                self.inner.metrics.seal_failures.fetch_add(1, Ordering::Relaxed);
                if matches!(error, SealFailure::Manifest(ManifestError::Conflict { .. })) {
                    crate::fatal(&error.to_string());
                }
                tracing::error!(error = &error as &dyn std::error::Error, "sealing failed; trying again");
                if self.inner.is_stopping() {
                    break;
                }
                std::thread::sleep(RETRY);
            }
            // One that is awake already looks again before it sleeps.
            let _ = compactor.try_send(());
            for waiter in task.waiters {
                let _ = waiter.send(());
            }
            if keeper.send(Command::Sealed { last_lsn: self.flushed_lsn() }).is_err() {
                return;
            }
        }
    }

    /// Every log record up to this one is in files.
    pub fn flushed_lsn(&self) -> LogSequence {
        self.manifest.lock().state().flushed_lsn
    }

    /// Seals every unsealed row up to a generation.
    ///
    /// # Errors
    /// When something could not be written; nothing has changed then.
    pub fn seal(&mut self, generation: u64, last_lsn: LogSequence, digests: &[Seen]) -> Result<(), SealFailure> {
        let began = Instant::now();
        let span = tracing::info_span!("seal", rows = Empty, size = Empty, files = Empty, otel.status_code = Empty);
        let _entered = span.enter();
        let sealed = self.seal_generation(generation, last_lsn, digests);
        let (rows, bytes, files) = sealed.inspect_err(|_| {
            span.record("otel.status_code", "ERROR");
        })?;
        span.record("rows", rows).record("size", bytes).record("files", files);
        let metrics = &self.inner.metrics;
        metrics.seals.fetch_add(1, Ordering::Relaxed);
        metrics.sealed_rows.fetch_add(rows, Ordering::Relaxed);
        metrics.sealed_bytes.fetch_add(bytes, Ordering::Relaxed);
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        metrics.last_seal_micros.store(micros, Ordering::Relaxed);
        tracing::debug!(rows, bytes, files, micros, "sealed");
        Ok(())
    }

    /// Rows, bytes and number of the files that are visible now.
    fn seal_generation(
        &mut self,
        generation: u64,
        last_lsn: LogSequence,
        digests: &[Seen],
    ) -> Result<(u64, u64, usize), SealFailure> {
        let sealed = self.write_files(generation, last_lsn)?;
        let files = &sealed.files;
        // A seal of nothing has the number of the one before, whose file is not to be lost.
        if !digests.is_empty() {
            recent::save(&self.inner.log_dir(), last_lsn, digests)?;
        }
        let adds = files.iter().map(|(_, file)| file.entry.clone()).collect();
        if let Err(error) = self.manifest.lock().commit(adds, Vec::new(), last_lsn) {
            remove(files);
            return Err(error.into());
        }
        self.inner.read.replace_sealed(generation, &sealed, &self.inner.metrics);
        self.inner.memory.sealed();
        let rows = files.iter().map(|(_, file)| file.entry.rows).sum();
        let bytes = files.iter().map(|(_, file)| file.entry.bytes).sum();
        Ok((rows, bytes, files.len()))
    }

    fn write_files(&self, generation: u64, last_lsn: LogSequence) -> Result<SealedFiles, SealError> {
        let version = self.inner.read.pin();
        let name = SealName { epoch: self.manifest.lock().state().epoch, last_lsn };
        let mut sealed = SealedFiles::default();
        for table in Table::ALL {
            let batches: Vec<Arc<HotBatch>> =
                version.hot(table).iter().filter(|batch| batch.generation <= generation).cloned().collect();
            if batches.is_empty() {
                continue;
            }
            let rows: usize = batches.iter().map(|batch| batch.batch.num_rows()).sum();
            let _span = tracing::info_span!("write", otel.name = format!("write {}", table.name()), rows).entered();
            match seal_table(&self.inner.config.data_dir, table, &batches, (name, version.files(table))) {
                Ok(written) => sealed.add(written),
                Err(error) => {
                    remove(&sealed.files);
                    return Err(error);
                }
            }
        }
        match self.write_sums(&version, generation, name) {
            Ok(written) => sealed.add(written),
            Err(error) => {
                remove(&sealed.files);
                return Err(error);
            }
        }
        Ok(sealed)
    }

    /// The sums of the spans that are sealed: in the same edit, so that each is counted once.
    fn write_sums(&self, version: &crate::Version, generation: u64, name: SealName) -> Result<SealedFiles, SealError> {
        let Some(sums) = &self.inner.config.span_sums else { return Ok(SealedFiles::default()) };
        let sealed = version.hot(Table::Spans).iter().filter(|batch| batch.generation <= generation);
        let spans: Vec<&RecordBatch> = sealed.map(|batch| &batch.batch).collect();
        if spans.is_empty() {
            return Ok(SealedFiles::default());
        }
        let table = Table::SpanRed;
        let _span = tracing::info_span!("write", otel.name = format!("write {}", table.name())).entered();
        let rows = sums.sum(&spans).map_err(|source| SealError::Arrow { table: table.name(), source })?;
        seal_rows(&self.inner.config.data_dir, table, &[&rows], (name, version.files(table)))
    }
}

fn remove(files: &[TableFile]) {
    for (_, file) in files {
        let _ = std::fs::remove_file(&file.path);
    }
}
