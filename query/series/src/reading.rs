//! Points of a metric's series, read and sorted.
//!
//! Owns which rows are read: of one metric, whose series lie together in every file. Of points of one series and
//! millisecond the last received counts.

use std::collections::HashMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{TimestampNanosecondType, UInt32Type};
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use spanlake_engine::{EngineError, StoredRows};
use spanlake_schemas::tables::Table;
use spanlake_store::{NANOS_PER_MILLI, milli};

/// Times of a selection, milliseconds since 1970, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
}

impl Window {
    /// Its start and the end behind it, which is not included, in nanoseconds.
    pub(crate) fn nanos(self) -> (i64, i64) {
        let start = self.start_ms.saturating_mul(NANOS_PER_MILLI);
        (start, self.end_ms.saturating_add(1).saturating_mul(NANOS_PER_MILLI))
    }
}

/// Where a point is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) time_ms: i64,
    /// 0 where it is not known.
    pub(crate) start_ms: i64,
    received: i64,
    /// The series ends here: OTLP's flag for no recorded value.
    pub(crate) is_end: bool,
    pub(crate) batch: usize,
    pub(crate) row: usize,
}

/// Rows of a metric and where each series' points are in them.
#[derive(Debug, Default)]
pub(crate) struct Points {
    pub(crate) batches: Vec<RecordBatch>,
    /// By position among the series that were asked for; ascending in time, no time twice.
    pub(crate) places: Vec<Vec<Place>>,
}

/// Reads the points of these series of one metric. Stops where there are more rows than `rows_max`.
pub(crate) async fn read(
    rows: &StoredRows,
    table: Table,
    ids: &[[u8; 16]],
    window: Window,
    rows_max: usize,
) -> Result<Points, EngineError> {
    let mut points = Points { batches: Vec::new(), places: vec![Vec::new(); ids.len()] };
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(points) };
    let positions: HashMap<[u8; 16], usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let (start, end) = window.nanos();
    let mut answer = rows.series(table, (first, last), start, end).await?;
    let mut count = 0;
    while let Some(batch) = answer.batches.next().await {
        let batch = batch?;
        let taken = add(&mut points.places, &batch, points.batches.len(), &positions);
        // What has none of the series is not held.
        if taken > 0 {
            points.batches.push(batch);
        }
        count += taken;
        if count > rows_max {
            break;
        }
    }
    for places in &mut points.places {
        places.sort_by_key(|place| (place.time_ms, place.received));
        // Of equal times the last one stays.
        places.reverse();
        places.dedup_by_key(|place| place.time_ms);
        places.reverse();
    }
    Ok(points)
}

fn add(places: &mut [Vec<Place>], batch: &RecordBatch, number: usize, positions: &HashMap<[u8; 16], usize>) -> usize {
    let times =
        |name: &str| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>());
    let series = batch.column_by_name("series_id").and_then(|column| column.as_fixed_size_binary_opt());
    let flags = batch.column_by_name("flags").and_then(|column| column.as_primitive_opt::<UInt32Type>());
    let (Some(series), Some(time)) = (series, times("time")) else { return 0 };
    let (start, received) = (times("start_time"), times("received_time"));
    let numbers: Vec<_> = ["value_double", "value_int"].iter().filter_map(|name| batch.column_by_name(name)).collect();
    let mut count = 0;
    for row in 0..batch.num_rows() {
        let id: [u8; 16] = series.value(row).try_into().expect("a series id has 16 bytes");
        let Some(at) = positions.get(&id) else { continue };
        let is_end = flags.is_some_and(|flags| flags.value(row) & 1 == 1);
        // A point without a value that ends nothing only carries exemplars.
        if !is_end && !numbers.is_empty() && numbers.iter().all(|column| column.is_null(row)) {
            continue;
        }
        let start = start.filter(|start| start.is_valid(row)).map_or(0, |start| start.value(row));
        places[*at].push(Place {
            time_ms: milli(time.value(row)),
            start_ms: milli(start),
            received: received.map_or(0, |received| received.value(row)),
            is_end,
            batch: number,
            row,
        });
        count += 1;
    }
    count
}
