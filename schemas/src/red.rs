//! The seam between the store, which seals spans, and whoever sums all of them before any is sampled out.
//!
//! Owns two words of theirs. The store commits the sums in the same edit as the spans that they count, and says when
//! they are old enough to be summed further.

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

    /// Sums rows of the table further, to rollups of so many seconds.
    fn roll_up(&self, resolution_seconds: u32) -> Box<dyn RollUp>;
}

/// A stream of rows of [`Table::SpanRed`](crate::tables::Table::SpanRed), by service and time, that becomes fewer rows in
/// the same order.
pub trait RollUp: Send {
    /// Takes the next rows; gives those that nothing can be added to any more.
    ///
    /// # Errors
    /// When a batch lacks a column of the table.
    fn push(&mut self, rows: &RecordBatch) -> Result<RecordBatch, ArrowError>;

    /// The rest.
    ///
    /// # Errors
    /// Never for rows that came by [`RollUp::push`].
    fn finish(&mut self) -> Result<RecordBatch, ArrowError>;
}
