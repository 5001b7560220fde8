//! Stored rows back to OTLP: from the physical tables to the protobuf of export requests, in one pass of its own.
//!
//! The inverse of [`decode`](super::decode), for answers in OTLP (a trace as `TracesData` is the same bytes) and for
//! exports. Pure as the decoder is; knows no query and no file, and asks for resources, scopes and series by a trait.
//! `json_writer` makes OTLP/JSON of the result.
//!
//! All that the tables hold comes back. What the decoder did not keep cannot, and nothing here pretends to it:
//! - the order of attributes whose keys have columns of their own: they come first (the others keep their order);
//! - grouping: one message a resource, scope and metric, in order of their first rows. Empty ones are not there;
//! - whether a message or value was absent or empty: resource and scope are always there, a `KeyValue` always has a
//!   value, a status that says nothing is left out; ids of zeros are absent;
//! - what a metric's later requests said of its description and metadata: the first said is kept for each series;
//! - which of several points of one series and time an exemplar belonged to: the first of them gets it;
//! - payloads of NaN inside attributes, unknown fields, and what the decoder refused, shortened or repaired. What it
//!   left out of an item is in that item's dropped counts, as if the sender had dropped it;
//! - when it was received, which OTLP has no field for.

mod attributes;
mod columns;
mod dimensions;
mod exemplars;
mod items;
mod logs;
mod metrics;
mod points;
mod spans;
mod tree;

use arrow::record_batch::RecordBatch;

pub use self::dimensions::{DimensionBatches, DimensionLookup, DimensionRow};
use self::tree::Written;
use crate::ingest::Signal;
use crate::tables::Table;

/// Requests, and what was noticed while they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// `Export{Trace,Metrics,Logs}ServiceRequest`s; none where there were no rows, else each with an item.
    pub requests: Vec<Vec<u8>>,
    /// Spans, log records or data points written.
    pub items: u64,
    /// Requests larger than the limit, because one item alone is.
    pub oversized_requests: u64,
    pub tally: Tally,
}

/// What does not fit together in the rows, each counted and none of it fatal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Ids without a row; their items are below an empty resource.
    pub unknown_resources: u64,
    /// Ids without a row; their items are below an empty scope.
    pub unknown_scopes: u64,
    /// Ids without a row; their points are in a metric without name, one for each id, below an empty resource.
    pub unknown_series: u64,
    /// Values that are not what their type says: attributes come back as text, others as if they were absent.
    pub malformed_values: u64,
    /// Exemplars whose point is not among the rows; they are left out.
    pub exemplars_without_point: u64,
}

/// Why rows could not be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    #[error("column {column} of {table} is {found}, which is not its type in the physical table")]
    ColumnType { table: &'static str, column: String, found: String },
}

/// Writes rows as requests of one signal.
///
/// Takes the batches of the signal's tables (of metrics: points of every kind and exemplars), any number of each,
/// and passes over those of other tables, so that a request's own [`Batches`](crate::ingest::Batches) can be given
/// whole. A request is at most `request_bytes_max` long; only an item that is longer by itself gets a longer one.
///
/// # Errors
/// Where a column has another type than its physical table says.
pub fn encode(
    signal: Signal,
    tables: &[(Table, RecordBatch)],
    lookup: &dyn DimensionLookup,
    request_bytes_max: Option<usize>,
) -> Result<Encoded, EncodeError> {
    let mut tally = Tally::default();
    let written = match signal {
        Signal::Traces => {
            items::write::<spans::SpanColumns<'_>>(Table::Spans, tables, lookup, request_bytes_max, &mut tally)
        }
        Signal::Logs => {
            items::write::<logs::LogColumns<'_>>(Table::Logs, tables, lookup, request_bytes_max, &mut tally)
        }
        Signal::Metrics => metrics::write(tables, lookup, request_bytes_max, &mut tally),
    };
    let Written { requests, items, oversized_requests } = written?;
    Ok(Encoded { requests, items, oversized_requests, tally })
}

/// The number of an enum's word; the decoder writes a number that has no word as digits.
fn number_of_word(words: &[&str], word: &str, tally: &mut Tally) -> i32 {
    if let Some(number) = words.iter().position(|known| *known == word) {
        return i32::try_from(number).unwrap_or_default();
    }
    word.parse().unwrap_or_else(|_| {
        tally.malformed_values += 1;
        0
    })
}
