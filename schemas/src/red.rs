//! The seam between the store, which seals spans, and whoever sums all of them before any is sampled out.
//!
//! Owns one word of theirs. The store commits the sums in the same edit as the spans that they count.

use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

/// Sums spans as they are sealed.
pub trait SpanSums: Send + Sync + std::fmt::Debug {
    /// Rows of [`Table::SpanRed`](crate::tables::Table::SpanRed) for these spans; none for no spans. A seal that failed
    /// asks again for the same ones.
    ///
    /// # Errors
    /// When a batch lacks a column that spans always have.
    fn sum(&self, spans: &[&RecordBatch]) -> Result<RecordBatch, ArrowError>;
}
