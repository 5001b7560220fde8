//! The compactor's part of retention by service: hot files without rows whose service's time is over.
//!
//! Owns no rule. A few seconds a turn, so that merges are not held up. Never touches a cold file.

use std::sync::Arc;
use std::time::{Duration, Instant};

use spanlake_schemas::tables::Table;

use super::services::{Over, OverCache, OverRows};
use crate::compact::compactor::Compactor;
use crate::compact::{Failure, Revision};
use crate::forget::scan::scan;
use crate::version::{DataFile, TableFile};

/// Time of a turn.
const PATIENCE: Duration = Duration::from_secs(5);

impl Compactor {
    /// Lets go rows of services whose time is over.
    pub(crate) fn expire_services(&mut self) -> Result<(), Failure> {
        let inner = Arc::clone(&self.inner);
        let retention = &inner.config.retention;
        if retention.services.is_empty() {
            return Ok(());
        }
        let (began, now) = (Instant::now(), crate::now_nanos());
        let version = inner.read.pin();
        let of = |table| version.files(table).iter().map(move |file| (table, Arc::clone(file)));
        let hot: Vec<TableFile> = Table::ALL.into_iter().flat_map(of).filter(|(_, file)| !file.is_cold()).collect();
        drop(version);
        let mut cache = OverCache::default();
        for (table, file) in hot {
            let Some(over) = Over::of(retention, table, file.entry.last_hour(), now) else { continue };
            if self.checked.has(&file.entry.path, over.mark()) {
                continue;
            }
            if began.elapsed() > PATIENCE || inner.is_stopping() {
                break;
            }
            if !self.claim(&file) {
                continue;
            }
            let rows = cache.rows(&over, inner.read.catalog());
            let left = self.expire_in(table, &file, rows);
            inner.claims.lock().release([&file.entry.path]);
            if let Some(left) = left? {
                self.checked.note(&left.entry.path, over.mark());
            }
        }
        let manifest = self.manifest.lock();
        self.checked.save(|path| manifest.state().files.contains_key(path));
        Ok(())
    }

    /// The file as it is afterwards, where it is known and there is one.
    fn expire_in(
        &mut self,
        table: Table,
        file: &Arc<DataFile>,
        rows: Arc<OverRows>,
    ) -> Result<Option<Arc<DataFile>>, Failure> {
        match scan(file, table, rows.as_ref(), None) {
            Ok(found) if found.is_none() => Ok(Some(Arc::clone(file))),
            Ok(_) => Ok(self.revise(table, file, rows as Arc<dyn Revision>)?.flatten()),
            Err(error) => {
                // It will be whole again, or go when everybody's time is over.
                tracing::warn!(%error, "a file cannot be read and keeps rows whose service's time is over");
                Ok(None)
            }
        }
    }
}
