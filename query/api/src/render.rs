//! Arrow values as text: JSON for answers, CSV for downloads.
//!
//! Owns how each Arrow type is written (see `docs/api.md`). Writes straight into a byte buffer, a cell at a time;
//! never builds a tree of values.

mod cells;
mod csv;
mod nested;
mod text;
pub(crate) mod time_text;

pub(crate) use cells::Cells;
pub(crate) use csv::CsvBatch;
pub(crate) use text::{push_double, push_hex_string, push_int_string, push_integer, push_string};

use arrow::record_batch::RecordBatch;

/// Appends the rows of a batch as JSON arrays, each with a comma before it unless it is the first of all.
pub(crate) fn push_rows(batch: &RecordBatch, is_first: bool, out: &mut Vec<u8>) {
    let columns: Vec<Cells<'_>> = batch.columns().iter().map(|column| Cells::of(column.as_ref())).collect();
    for row in 0..batch.num_rows() {
        if row > 0 || !is_first {
            out.push(b',');
        }
        out.push(b'[');
        for (position, column) in columns.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            column.push_json(row, out);
        }
        out.push(b']');
    }
}

#[cfg(test)]
mod tests;
