//! Points of series that have two of one millisecond somewhere: the last received stays.
//!
//! Owns that choice. Seldom needed, so that the times at which points were received are read only here.

use std::collections::HashMap;

use arrow::array::AsArray;
use arrow::datatypes::TimestampNanosecondType;
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use spanlake_engine::{EngineError, StoredRows};
use spanlake_promql::number::stale_nan;
use spanlake_promql::source::Samples;
use spanlake_store::Numbers;

use super::Id;
use crate::reading::{Window, milli};

/// A point; of two with one time the one with the greater `received` counts.
#[derive(Clone, Copy, Debug)]
struct Point {
    time_ms: i64,
    received: i64,
    start_ms: i64,
    value: f64,
}

/// Points of these series, by position among them, ascending in time, no time twice. Stops where there are more than `rows_max`.
pub(super) async fn read_received(
    rows: &StoredRows,
    ids: &[Id],
    window: Window,
    rows_max: usize,
) -> Result<Vec<Samples<f64>>, EngineError> {
    let mut found: Vec<Vec<Point>> = ids.iter().map(|_| Vec::new()).collect();
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(Vec::new()) };
    let positions: HashMap<Id, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let (start, end) = window.nanos();
    let mut answer = rows.numbers((first, last), start, end).await?;
    let mut count = 0;
    while let Some(batch) = answer.batches.next().await {
        count += add(&mut found, &batch?, &positions);
        if count > rows_max {
            break;
        }
    }
    Ok(found.into_iter().map(last_received).collect())
}

/// Adds a batch; gives how many rows were taken.
fn add(found: &mut [Vec<Point>], batch: &RecordBatch, positions: &HashMap<Id, usize>) -> usize {
    let series = batch.column_by_name("series_id").and_then(|column| column.as_fixed_size_binary_opt());
    let times =
        |name: &str| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>());
    let (Some(series), Some(times), Some(received)) = (series, times("time"), times("received_time")) else { return 0 };
    let numbers = Numbers::of(batch);
    let mut count = 0;
    for (row, (id, (time, received))) in series.iter().zip(times.values().iter().zip(received.values())).enumerate() {
        let position = id.and_then(|id| positions.get(id));
        let Some((at, (start_ms, value))) = position.zip(numbers.number(row)) else { continue };
        let value = value.unwrap_or_else(stale_nan);
        found[*at].push(Point { time_ms: milli(*time), received: *received, start_ms, value });
        count += 1;
    }
    count
}

fn last_received(mut points: Vec<Point>) -> Samples<f64> {
    points.sort_by_key(|point| (point.time_ms, point.received));
    let next = points.iter().skip(1).map(|point| point.time_ms).chain([i64::MAX]);
    let last: Vec<&Point> =
        points.iter().zip(next).filter(|(point, next)| point.time_ms != *next).map(|(point, _)| point).collect();
    Samples {
        times_ms: last.iter().map(|point| point.time_ms).collect(),
        values: last.iter().map(|point| point.value).collect(),
        start_times_ms: last.iter().map(|point| point.start_ms).collect(),
        stands_for: Vec::new(),
    }
}
