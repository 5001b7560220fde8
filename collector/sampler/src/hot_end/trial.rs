//! Some of the hour's rows as a plan would leave them, so that real bytes correct what it costs.
//!
//! Owns the count of what was tried. Never corrects anything itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use spanlake_schemas::sampling::{Trial, TrialBytes, Verdicts};
use spanlake_schemas::tables::Table;

use super::verdicts::HourVerdicts;
use super::weights::Lengths;

/// Rows from which enough is learnt: some full pages of each column.
const ROWS_WANTED: f64 = 24_576.0;
/// Of an hour with more rows, this part is enough.
const SHARE_MIN: f64 = 1.0 / 16.0;

/// One trial of a plan.
pub(super) struct HourTrial {
    verdicts: Arc<HourVerdicts>,
    lengths: [Arc<Lengths>; 2],
    share: f64,
    /// Lengths of rows that were tried.
    spans: AtomicU64,
    logs: AtomicU64,
}

/// What a trial of a part of the hour took: of spans, and of logs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tried {
    pub share: f64,
    pub lengths: [u64; 2],
    pub written: [TrialBytes; 2],
}

impl HourTrial {
    #[expect(clippy::cast_precision_loss, reason = "rows of an hour")]
    pub(super) fn new(verdicts: HourVerdicts, lengths: [Arc<Lengths>; 2], kept_rows: u64) -> Self {
        let share = (ROWS_WANTED / kept_rows.max(1) as f64).clamp(SHARE_MIN, 1.0);
        Self { verdicts: Arc::new(verdicts), lengths, share, spans: AtomicU64::new(0), logs: AtomicU64::new(0) }
    }

    /// The same of half as many rows: how bytes a row change with their number.
    pub(super) fn halved(&self) -> Self {
        Self {
            verdicts: Arc::clone(&self.verdicts),
            lengths: self.lengths.clone(),
            share: self.share / 2.0,
            spans: AtomicU64::new(0),
            logs: AtomicU64::new(0),
        }
    }

    /// What was tried, as it was written.
    pub(super) fn tried(&self, written: [TrialBytes; 2]) -> Tried {
        Tried { share: self.share, lengths: [self.spans.load(Relaxed), self.logs.load(Relaxed)], written }
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
