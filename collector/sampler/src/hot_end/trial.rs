//! Some of the hour's rows as a plan would leave them, so that real bytes correct what it costs.
//!
//! Owns the count of what was tried. Never corrects anything itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use spanlake_schemas::sampling::{Trial, Verdicts};
use spanlake_schemas::tables::Table;

use super::memory_file::MemoryFile;
use super::verdicts::{HourVerdicts, Keep};
use super::weights::Lengths;
use crate::cost::HotBytes;
use crate::summary::TraceIdBytes;

/// Rows from which enough is learnt: some full pages of each column.
const ROWS_WANTED: f64 = 40_960.0;
/// Of an hour with more rows, this part is enough.
const SHARE_MIN: f64 = 1.0 / 16.0;

/// The trial of one plan.
pub(super) struct HourTrial {
    verdicts: HourVerdicts,
    lengths: [Arc<Lengths>; 2],
    share: f64,
    /// Lengths of rows that were tried.
    spans: AtomicU64,
    logs: AtomicU64,
}

impl HourTrial {
    #[expect(clippy::cast_precision_loss, reason = "rows of an hour")]
    pub(super) fn new(
        kept: HashMap<TraceIdBytes, Keep>,
        memories: Vec<Arc<MemoryFile>>,
        lengths: [Arc<Lengths>; 2],
        kept_rows: u64,
    ) -> Self {
        let share = (ROWS_WANTED / kept_rows.max(1) as f64).clamp(SHARE_MIN, 1.0);
        let verdicts = HourVerdicts { kept, memories };
        Self { verdicts, lengths, share, spans: AtomicU64::new(0), logs: AtomicU64::new(0) }
    }

    /// Lengths of what was tried.
    pub(super) fn tried(&self) -> HotBytes {
        HotBytes { spans: self.spans.load(Relaxed), logs: self.logs.load(Relaxed) }
    }
}

impl Trial for HourTrial {
    fn share(&self) -> f64 {
        self.share
    }

    fn revise(&self, table: Table, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let kept = self.verdicts.revise(table, batch)?;
        let [spans, logs] = &self.lengths;
        match table {
            Table::Spans => drop(self.spans.fetch_add(spans.sum(&kept)?, Relaxed)),
            Table::Logs => drop(self.logs.fetch_add(logs.sum(&kept)?, Relaxed)),
            _ => {}
        }
        Ok(kept)
    }
}
