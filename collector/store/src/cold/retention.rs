//! The mover's part of retention by service: cold files without rows whose service's time is over.
//!
//! Owns no rule. Files are rewritten a few at a time and committed together; replaced ones are swept as others are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use spanlake_schemas::errors::with_causes;
use spanlake_schemas::tables::Table;

use super::mover::{Failure, Mover, data_file};
use super::write::WriteError;
use crate::compact::Revision;
use crate::forget::scan::scan;
use crate::retention::services::{Over, OverCache, OverRows};
use crate::seal::SealError;
use crate::version::FileEntry;

/// After so long something else has its turn.
const PATIENCE: Duration = Duration::from_secs(20);
/// Files of one commit.
const COMMIT_FILES_MAX: usize = 16;

/// A file, what takes its place, and for what it was looked at.
type Revised = (FileEntry, Option<FileEntry>, u64);

impl Mover {
    /// Lets go rows of services whose time is over.
    pub(super) fn expire_services(&mut self) -> Result<(), Failure> {
        let inner = Arc::clone(&self.inner);
        let retention = &inner.config.retention;
        if retention.services.is_empty() {
            return Ok(());
        }
        let (began, now) = (Instant::now(), crate::now_nanos());
        let mut cache = OverCache::default();
        let mut revised: Vec<Revised> = Vec::new();
        for entry in self.log.state().files.values().cloned().collect::<Vec<_>>() {
            let Some(table) = Table::by_name(&entry.table) else { continue };
            let Some(over) = Over::of(retention, table, entry.last_hour(), now) else { continue };
            if self.checked.has(&entry.path, over.mark()) {
                continue;
            }
            if began.elapsed() > PATIENCE || inner.is_stopping() {
                break;
            }
            let rows = cache.rows(&over, inner.read.catalog());
            match self.expire_in(table, &entry, rows) {
                Ok(None) => self.checked.note(&entry.path, over.mark()),
                Ok(Some(new)) => revised.push((entry, new, over.mark())),
                Err(WriteError::Files(error @ (SealError::Parquet { .. } | SealError::Arrow { .. }))) => {
                    // It is not read again before something changes.
                    self.checked.note(&entry.path, over.mark());
                    let error = with_causes(&error);
                    tracing::warn!(error, "a cold file cannot be read and keeps rows whose service's time is over");
                }
                Err(other) => return Err(other.into()),
            }
            if revised.len() >= COMMIT_FILES_MAX {
                self.commit_expired(std::mem::take(&mut revised))?;
            }
        }
        self.commit_expired(revised)?;
        let files = &self.log.state().files;
        self.checked.save(|key| files.contains_key(key));
        Ok(())
    }

    /// `None` where nothing goes; else what takes the file's place.
    fn expire_in(
        &mut self,
        table: Table,
        entry: &FileEntry,
        rows: Arc<OverRows>,
    ) -> Result<Option<Option<FileEntry>>, WriteError> {
        let Some(file) = data_file(&self.place, entry) else { return Ok(None) };
        let damaged = |error| SealError::Parquet {
            path: file.path.clone(),
            source: parquet::errors::ParquetError::General(with_causes(&error)),
        };
        let found = scan(&file, table, rows.as_ref(), Some(&self.place)).map_err(damaged)?;
        if found.is_none() {
            return Ok(None);
        }
        self.revise(table, entry, rows as Arc<dyn Revision>).map(Some)
    }

    fn commit_expired(&mut self, revised: Vec<Revised>) -> Result<(), Failure> {
        if revised.is_empty() {
            return Ok(());
        }
        self.replace_cold(revised.iter().map(|(old, new, _)| (old.clone(), new.clone())).collect())?;
        for (_, new, mark) in revised {
            if let Some(new) = new {
                self.checked.note(&new.path, mark);
            }
        }
        Ok(())
    }
}
