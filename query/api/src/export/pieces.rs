//! Batches of stored rows as pieces of an export's body.
//!
//! Owns the encoding, off the runtime's threads, and the tally of what did not fit together. An exemplar goes with the
//! first of its points, once. Never reads.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::TimestampNanosecondType;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use spanlake_schemas::ingest::Signal;
use spanlake_schemas::otlp::{Encoded, Tally, encode, protobuf_to_json};
use spanlake_schemas::tables::Table;
use spanlake_store::Catalog;

use super::Format;
use crate::error::ApiError;

/// Bytes of protobuf in one request; what reads a line reads it whole.
const REQUEST_BYTES_MAX: usize = 1 << 20;

/// Makes pieces; remembers what it met.
pub(super) struct Pieces {
    signal: Signal,
    format: Format,
    catalog: Arc<Catalog>,
    exemplars: Vec<RecordBatch>,
    tally: Tally,
}

impl Pieces {
    pub(super) fn new(signal: Signal, format: Format, catalog: Arc<Catalog>) -> Self {
        Self { signal, format, catalog, exemplars: Vec::new(), tally: Tally::default() }
    }

    /// Exemplars of the points that follow, in place of those that were left.
    pub(super) fn exemplars(&mut self, exemplars: Vec<RecordBatch>) {
        let left: usize = self.exemplars.iter().map(RecordBatch::num_rows).sum();
        self.tally.exemplars_without_point += left as u64;
        self.exemplars = exemplars;
    }

    /// Rows as pieces.
    pub(super) async fn of(&mut self, mut rows: Vec<(Table, RecordBatch)>) -> Result<Vec<Bytes>, ApiError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        if !self.exemplars.is_empty() {
            let exemplars = self.take_exemplars_of(&rows)?;
            rows.extend(exemplars.into_iter().map(|batch| (Table::Exemplars, batch)));
        }
        let (signal, format, catalog) = (self.signal, self.format, Arc::clone(&self.catalog));
        let encoding = tokio::task::spawn_blocking(move || {
            let encoded = encode(signal, &rows, catalog.as_ref(), Some(REQUEST_BYTES_MAX))?;
            Ok::<_, spanlake_schemas::otlp::EncodeError>((written(signal, format, &encoded), encoded.tally))
        });
        let encoded = encoding.await.map_err(|error| ApiError::internal(format!("an export was stopped: {error}")))?;
        let (pieces, tally) = encoded.map_err(|error| ApiError::internal(error.to_string()))?;
        add(&mut self.tally, tally);
        pieces
    }

    fn take_exemplars_of(&mut self, rows: &[(Table, RecordBatch)]) -> Result<Vec<RecordBatch>, ApiError> {
        let points: HashSet<([u8; 16], i64)> = rows.iter().flat_map(|(_, batch)| places(batch)).collect();
        let mut taken = Vec::new();
        let mut left = Vec::new();
        for batch in std::mem::take(&mut self.exemplars) {
            let is_theirs: BooleanArray = places(&batch).map(|place| Some(points.contains(&place))).collect();
            let theirs = filter_record_batch(&batch, &is_theirs)?;
            if theirs.num_rows() == 0 {
                left.push(batch);
                continue;
            }
            let others: BooleanArray = is_theirs.iter().map(|is| is.map(|is| !is)).collect();
            let others = filter_record_batch(&batch, &others)?;
            taken.push(theirs);
            left.extend((others.num_rows() > 0).then_some(others));
        }
        self.exemplars = left;
        Ok(taken)
    }

    /// Says in the log what was left out or stands alone.
    pub(super) fn note_what_did_not_fit(mut self) {
        self.exemplars(Vec::new());
        if self.tally != Tally::default() {
            tracing::warn!(tally = ?self.tally, "an export met rows that do not fit together");
        }
    }
}

/// Series and time of each point, or of each exemplar's point.
fn places(batch: &RecordBatch) -> impl Iterator<Item = ([u8; 16], i64)> {
    let column = |name: &str| batch.column_by_name(name).cloned();
    let (series, times) = (column("series_id"), column("point_time").or_else(|| column("time")));
    let rows = if series.is_some() && times.is_some() { batch.num_rows() } else { 0 };
    (0..rows).filter_map(move |row| {
        let series = series.as_ref()?.as_fixed_size_binary_opt()?;
        let time = times.as_ref()?.as_primitive_opt::<TimestampNanosecondType>()?.value(row);
        series.is_valid(row).then(|| series.value(row).try_into().ok()).flatten().map(|id| (id, time))
    })
}

fn written(signal: Signal, format: Format, encoded: &Encoded) -> Result<Vec<Bytes>, ApiError> {
    let piece = |request: &Vec<u8>| match format {
        Format::Json => {
            let mut line = protobuf_to_json(signal, request).map_err(|error| ApiError::internal(error.to_string()))?;
            line.push(b'\n');
            Ok(Bytes::from(line))
        }
        Format::Protobuf => {
            let length = u32::try_from(request.len()).map_err(|_| ApiError::internal("a request of over 4 GiB"))?;
            Ok(Bytes::from([&length.to_be_bytes()[..], request].concat()))
        }
    };
    encoded.requests.iter().map(piece).collect()
}

fn add(tally: &mut Tally, more: Tally) {
    tally.unknown_resources += more.unknown_resources;
    tally.unknown_scopes += more.unknown_scopes;
    tally.unknown_series += more.unknown_series;
    tally.malformed_values += more.malformed_values;
    tally.exemplars_without_point += more.exemplars_without_point;
}
