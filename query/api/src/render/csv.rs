//! CSV as RFC 4180 has it: a null is empty, an empty text is `""`, what is made of values is JSON in quotes.

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;

use super::cells::Cells;

/// A batch to be written as lines.
pub(crate) struct CsvBatch<'a> {
    columns: Vec<Cells<'a>>,
    rows: usize,
}

impl<'a> CsvBatch<'a> {
    pub(crate) fn of(batch: &'a RecordBatch) -> Self {
        Self {
            columns: batch.columns().iter().map(|column| Cells::of(column.as_ref())).collect(),
            rows: batch.num_rows(),
        }
    }

    /// The line of names.
    pub(crate) fn push_header(schema: &Schema, out: &mut Vec<u8>) {
        for (position, field) in schema.fields().iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            push_text(out, field.name().as_bytes());
        }
        out.push(b'\n');
    }

    pub(crate) fn push_lines(&self, out: &mut Vec<u8>) {
        let mut cell = Vec::new();
        for row in 0..self.rows {
            for (position, column) in self.columns.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                if column.is_null(row) {
                    continue;
                }
                if let Some(text) = column.text(row) {
                    push_text(out, text.as_bytes());
                    continue;
                }
                cell.clear();
                column.push_json(row, &mut cell);
                push_json_cell(out, &cell);
            }
            out.push(b'\n');
        }
    }
}

/// Ids, times and other strings that need no escaping lose their quotes; the rest of JSON is text.
fn push_json_cell(out: &mut Vec<u8>, json: &[u8]) {
    match json {
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => push_text(out, inner),
        b"null" => {}
        other => push_text(out, other),
    }
}

fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    let needs_quotes = text.is_empty()
        || text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
        || text.first() == Some(&b' ')
        || text.last() == Some(&b' ');
    if !needs_quotes {
        return out.extend_from_slice(text);
    }
    out.push(b'"');
    for byte in text {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}
