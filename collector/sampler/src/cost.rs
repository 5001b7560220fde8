//! What keeping a trace costs, in bytes of the cold tier.
//!
//! Owns the factors from measured hot bytes to cold bytes and their learning. Hot bytes are what the trace's rows take
//! compressed in the hot tier's files, shared out by row; cold files are compressed harder and hold other neighbours.
//! Never measures anything itself.

use serde::{Deserialize, Serialize};
use spanlake_schemas::sampling::MovedHour;

use crate::summary::TraceSummary;

/// Factors from hot to cold bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostModel {
    pub cold_bytes_per_hot_span_byte: f64,
    pub cold_bytes_per_hot_log_byte: f64,
}

/// Compressed bytes in the hot tier's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HotBytes {
    pub spans: u64,
    pub logs: u64,
}

/// Bytes in cold files, as predicted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ColdBytes {
    pub spans: f64,
    pub logs: f64,
}

impl ColdBytes {
    /// Of what a move took: of logs, the part of those that belong to traces.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "bytes and rows of an hour, below 2^53")]
    pub fn written(moved: &MovedHour) -> Self {
        let share = moved.trace_log_rows as f64 / moved.log_rows.max(1) as f64;
        Self { spans: moved.span_bytes as f64, logs: moved.log_bytes as f64 * share }
    }

    /// Of both.
    #[must_use]
    pub const fn sum(self) -> f64 {
        self.spans + self.logs
    }
}

/// How much of the observed error one hour corrects: most of it, as the noise of a ratio over an hour is small.
const GAIN: f64 = 0.75;
/// Factors outside of this are a fault of what was measured.
const FACTOR_RANGE: (f64, f64) = (0.01, 20.0);

impl Default for CostModel {
    fn default() -> Self {
        Self { cold_bytes_per_hot_span_byte: 1.0, cold_bytes_per_hot_log_byte: 1.0 }
    }
}

impl CostModel {
    /// Cold bytes that the trace will take, spans and logs; at least one.
    #[must_use]
    pub fn bytes_of(&self, summary: &TraceSummary) -> f64 {
        self.cold_bytes(&summary.hot_bytes()).sum().max(1.0)
    }

    /// What rows that take so much in the hot tier's files will take in cold ones.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "bytes of an hour, below 2^53")]
    pub fn cold_bytes(&self, hot: &HotBytes) -> ColdBytes {
        ColdBytes {
            spans: hot.spans as f64 * self.cold_bytes_per_hot_span_byte,
            logs: hot.logs as f64 * self.cold_bytes_per_hot_log_byte,
        }
    }

    /// For hot bytes that are told in other units: so many hot bytes are one of them.
    #[must_use]
    pub fn in_units(self, span_bytes_a_unit: f64, log_bytes_a_unit: f64) -> Self {
        Self {
            cold_bytes_per_hot_span_byte: self.cold_bytes_per_hot_span_byte * span_bytes_a_unit,
            cold_bytes_per_hot_log_byte: self.cold_bytes_per_hot_log_byte * log_bytes_a_unit,
        }
    }

    /// Learns from a finished hour: predicted against written bytes of spans and of logs.
    pub fn learn(&mut self, spans: Observed, logs: Observed) {
        adjust(&mut self.cold_bytes_per_hot_span_byte, spans, GAIN);
        adjust(&mut self.cold_bytes_per_hot_log_byte, logs, GAIN);
    }

    /// Takes over what a proposal showed: the hour's kept rows, written before its thresholds are committed. It
    /// sees what no past hour can, such as a new kind of traffic, so it corrects in full.
    #[must_use]
    pub fn after_proposal(mut self, spans: Observed, logs: Observed) -> Self {
        adjust(&mut self.cold_bytes_per_hot_span_byte, spans, 1.0);
        adjust(&mut self.cold_bytes_per_hot_log_byte, logs, 1.0);
        self
    }
}

/// Bytes as predicted and as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    pub predicted_bytes: f64,
    pub written_bytes: f64,
}

fn adjust(factor: &mut f64, observed: Observed, gain: f64) {
    // Some kilobytes are mostly headers and footers, from which nothing can be learnt.
    const LEAST_BYTES: f64 = 65_536.0;
    if observed.predicted_bytes >= LEAST_BYTES && observed.written_bytes > 0.0 {
        let error = observed.written_bytes / observed.predicted_bytes;
        *factor = (*factor * error.powf(gain)).clamp(FACTOR_RANGE.0, FACTOR_RANGE.1);
    }
}
