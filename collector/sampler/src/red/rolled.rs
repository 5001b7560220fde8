//! Coarser rollups of a stream of rows, of which one service's rows of one rollup are held at a time.
//!
//! Owns those rows. Never decides when a rollup is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use spanlake_schemas::red::RollUp;

use crate::red::columns::{record_batch, rows_of};
use crate::red::rollup::rollup_of;
use crate::red::rows::RedRow;
use crate::red::{RedKey, RedSums};

/// The stream. Rows that are coarser already stay as they are.
#[derive(Debug)]
pub struct RolledUp {
    resolution_seconds: u32,
    service: Arc<str>,
    /// By start and length of the rollup.
    sums: BTreeMap<(i64, u32, RedKey), RedSums>,
    /// When the last row was received, nanoseconds since the epoch.
    received: i64,
}

impl RolledUp {
    /// To rollups of so many seconds.
    #[must_use]
    pub fn new(resolution_seconds: u32) -> Self {
        Self { resolution_seconds, service: "".into(), sums: BTreeMap::new(), received: i64::MIN }
    }

    fn take(&mut self) -> impl Iterator<Item = RedRow> + use<> {
        let sums = std::mem::take(&mut self.sums);
        sums.into_iter().map(|((time_seconds, resolution_seconds, key), sums)| RedRow {
            time_seconds,
            resolution_seconds,
            key,
            sums,
        })
    }
}

impl RollUp for RolledUp {
    fn push(&mut self, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let (rows, received) = rows_of(rows)?;
        self.received = self.received.max(received);
        let mut complete = Vec::new();
        for row in rows {
            let (time, resolution) = rollup_of(&row, self.resolution_seconds);
            let is_new = self.sums.keys().next().is_some_and(|(first, ..)| *first < time);
            if is_new || self.service != row.key.service {
                complete.extend(self.take());
                self.service = Arc::clone(&row.key.service);
            }
            self.sums.entry((time, resolution, row.key)).or_default().merge(&row.sums);
        }
        record_batch(&complete, self.received)
    }

    fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let rest: Vec<RedRow> = self.take().collect();
        record_batch(&rest, self.received)
    }
}
