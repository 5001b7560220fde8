//! RED sums as rows and as plain columns.
//!
//! Owns the shape in which sketches leave for the table `span_red` and come back. Never names a file format.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::red::histogram::ExponentialHistogram;
use crate::red::{RedKey, RedSums};
use crate::span::{SpanKind, StatusCode};

/// One series in one rollup.
#[derive(Clone, Debug, PartialEq)]
pub struct RedRow {
    /// Start of the rollup, seconds since the epoch, a multiple of the resolution.
    pub time_seconds: i64,
    /// 10, 60 or 3,600.
    pub resolution_seconds: u32,
    pub key: RedKey,
    pub sums: RedSums,
}

/// Rows as columns, all of one length; the columns of `span_red`. Durations are nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RedColumns {
    pub time_seconds: Vec<i64>,
    pub resolution_seconds: Vec<u32>,
    pub service_name: Vec<String>,
    pub name: Vec<String>,
    pub kind: Vec<SpanKind>,
    pub status_code: Vec<StatusCode>,
    pub extra: Vec<Vec<String>>,
    /// Adjusted: sums of 1/p.
    pub count: Vec<f64>,
    pub error_count: Vec<f64>,
    pub spans: Vec<u64>,
    pub spans_scaled: Vec<u64>,
    pub spans_unknown: Vec<u64>,
    pub duration_sum: Vec<f64>,
    pub duration_min: Vec<i64>,
    pub duration_max: Vec<i64>,
    pub scale: Vec<i32>,
    pub zero_count: Vec<f64>,
    pub bucket_offset: Vec<i32>,
    pub bucket_counts: Vec<Vec<f64>>,
}

impl RedColumns {
    /// The rows in their order.
    #[must_use]
    pub fn from_rows(rows: &[RedRow]) -> Self {
        let mut columns = Self::default();
        rows.iter().for_each(|row| columns.push(row));
        columns
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.time_seconds.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time_seconds.is_empty()
    }

    /// Appends a row.
    pub fn push(&mut self, row: &RedRow) {
        self.time_seconds.push(row.time_seconds);
        self.resolution_seconds.push(row.resolution_seconds);
        self.service_name.push(row.key.service.to_string());
        self.name.push(row.key.operation.to_string());
        self.kind.push(row.key.kind);
        self.status_code.push(row.key.status);
        self.extra.push(row.key.extra.iter().map(ToString::to_string).collect());
        self.count.push(row.sums.count);
        self.error_count.push(row.sums.error_count);
        self.spans.push(row.sums.spans);
        self.spans_scaled.push(row.sums.spans_scaled);
        self.spans_unknown.push(row.sums.spans_unknown);
        let durations = &row.sums.durations;
        self.duration_sum.push(durations.sum);
        self.duration_min.push(durations.min);
        self.duration_max.push(durations.max);
        self.scale.push(durations.scale);
        self.zero_count.push(durations.zero_count);
        self.bucket_offset.push(durations.offset);
        self.bucket_counts.push(durations.buckets.clone());
    }

    /// The row at that position; `None` past the end, and where columns differ in length.
    #[must_use]
    pub fn row(&self, at: usize) -> Option<RedRow> {
        let count = *self.count.get(at)?;
        let durations = ExponentialHistogram {
            scale: *self.scale.get(at)?,
            zero_count: *self.zero_count.get(at)?,
            offset: *self.bucket_offset.get(at)?,
            buckets: self.bucket_counts.get(at)?.clone(),
            count,
            sum: *self.duration_sum.get(at)?,
            min: *self.duration_min.get(at)?,
            max: *self.duration_max.get(at)?,
        };
        let key = RedKey {
            service: self.service_name.get(at)?.as_str().into(),
            operation: self.name.get(at)?.as_str().into(),
            kind: *self.kind.get(at)?,
            status: *self.status_code.get(at)?,
            extra: self.extra.get(at)?.iter().map(|value| Arc::from(value.as_str())).collect(),
        };
        let sums = RedSums {
            count,
            error_count: *self.error_count.get(at)?,
            spans: *self.spans.get(at)?,
            spans_scaled: *self.spans_scaled.get(at)?,
            spans_unknown: *self.spans_unknown.get(at)?,
            durations,
        };
        let resolution_seconds = *self.resolution_seconds.get(at)?;
        Some(RedRow { time_seconds: *self.time_seconds.get(at)?, resolution_seconds, key, sums })
    }
}
