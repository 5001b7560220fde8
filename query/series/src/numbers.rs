//! Number points of a metric's series, read straight into samples.
//!
//! Owns the way that nearly all queries take: rows of one series lie together, in order of time, and become samples a run at
//! a time. What is out of order is sorted once at the end; of points of one series and millisecond the last received counts.
//! Everything else than numbers goes through [`crate::reading`], whose rules are the same.

use std::collections::HashMap;
use std::ops::Range;

use arrow::array::{AsArray, PrimitiveArray};
use arrow::datatypes::TimestampNanosecondType;
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use spanlake_engine::{EngineError, StoredRows};
use spanlake_promql::eval::parallel;
use spanlake_promql::number::stale_nan;
use spanlake_promql::source::Samples;
use spanlake_store::{Numbers, NumbersOfRun};

use crate::reading::{Window, milli};

const ID_BYTES: usize = 16;

/// Samples of one series as they were read, and when each was received, where that was read.
#[derive(Debug, Default)]
struct Read {
    samples: Samples<f64>,
    received: Vec<i64>,
    /// Where runs of ascending times of one batch begin: files and batches come in any order, and what goes on well with a
    /// batch before may be of a later file, while rows of the earlier one are still to come.
    runs: Vec<usize>,
    /// The batch that the last of them is of.
    batch: usize,
}

/// Runs of rows by their first times; those that lie between each other together.
type Clusters = Vec<Vec<Range<usize>>>;

/// Reads the points of these series of one metric; by position among them. Stops where there are more than `rows_max`.
pub(crate) async fn read_numbers(
    rows: &StoredRows,
    ids: &[[u8; ID_BYTES]],
    window: Window,
    rows_max: usize,
) -> Result<Vec<Samples<f64>>, EngineError> {
    let mut found = read_points(rows, ids, window, rows_max, false).await?;
    // Seldom, so that it is read only then, and of these alone: of points of one time the last received counts.
    let twice: Vec<usize> = (0..found.len()).filter(|at| found[*at].has_a_time_twice()).collect();
    if !twice.is_empty() {
        let of_twice: Vec<[u8; ID_BYTES]> = twice.iter().map(|at| ids[*at]).collect();
        for (at, read) in twice.iter().zip(read_points(rows, &of_twice, window, rows_max, true).await?) {
            found[*at] = read;
        }
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    parallel::map(threads, found, |read| Ok(read.in_order()))
}

async fn read_points(
    rows: &StoredRows,
    ids: &[[u8; ID_BYTES]],
    window: Window,
    rows_max: usize,
    with_received: bool,
) -> Result<Vec<Read>, EngineError> {
    let mut found: Vec<Read> = ids.iter().map(|_| Read::default()).collect();
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(found) };
    let positions: HashMap<[u8; ID_BYTES], usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let (start, end) = window.nanos();
    let mut answer = rows.numbers((first, last), start, end, with_received).await?;
    let (mut count, mut number) = (0, 0);
    while let Some(batch) = answer.batches.next().await {
        number += 1;
        count += add(&mut found, (number, &batch?), &positions);
        if count > rows_max {
            break;
        }
    }
    Ok(found)
}

/// Adds a batch, a run of rows of one series at a time; gives how many rows were taken.
fn add(
    found: &mut [Read],
    (number, batch): (usize, &RecordBatch),
    positions: &HashMap<[u8; ID_BYTES], usize>,
) -> usize {
    let series = batch.column_by_name("series_id").and_then(|column| column.as_fixed_size_binary_opt());
    let times =
        |name: &str| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>());
    let (Some(series), Some(time)) = (series, times("time")) else { return 0 };
    let (ids, _) = series.value_data().as_chunks::<ID_BYTES>();
    let (times, received) = (time.values(), times("received_time"));
    let columns = Columns { number, times, received, numbers: Numbers::of(batch) };
    let mut count = 0;
    let mut from = 0;
    while from < batch.num_rows() {
        let id = &ids[from];
        let to = from + ids[from..].iter().take_while(|other| *other == id).count();
        if let Some(at) = positions.get(id) {
            count += columns.add_run(&mut found[*at], from, to);
        }
        from = to;
    }
    count
}

struct Columns<'a> {
    /// Of the batch.
    number: usize,
    times: &'a [i64],
    received: Option<&'a PrimitiveArray<TimestampNanosecondType>>,
    numbers: Numbers<'a>,
}

impl Columns<'_> {
    fn add_run(&self, into: &mut Read, from: usize, to: usize) -> usize {
        let before = into.samples.len();
        into.samples.times_ms.reserve(to - from);
        into.samples.values.reserve(to - from);
        into.samples.start_times_ms.reserve(to - from);
        let goes_on = into.batch == self.number;
        let mut last = into.samples.times_ms.last().copied().filter(|_| goes_on).unwrap_or(i64::MAX);
        into.batch = self.number;
        if let Some((starts, numbers)) = self.numbers.run(from..to) {
            self.add_whole_run(into, (from, to), last, starts, numbers);
            return to - from;
        }
        for row in from..to {
            let Some((start_ms, value)) = self.numbers.number(row) else { continue };
            let time = milli(self.times[row]);
            if time <= last {
                into.runs.push(into.samples.len());
            }
            last = time;
            into.samples.times_ms.push(time);
            into.samples.values.push(value.unwrap_or_else(stale_nan));
            into.samples.start_times_ms.push(start_ms);
            if let Some(received) = self.received {
                into.received.push(received.values()[row]);
            }
        }
        into.samples.len() - before
    }

    /// The same where nothing has to be looked at row by row.
    fn add_whole_run(
        &self,
        into: &mut Read,
        (from, to): (usize, usize),
        mut last: i64,
        starts: Option<&[i64]>,
        numbers: NumbersOfRun<'_>,
    ) {
        let before = into.samples.len();
        into.samples.times_ms.extend(self.times[from..to].iter().map(|time| milli(*time)));
        for (at, time) in into.samples.times_ms[before..].iter().enumerate() {
            if *time <= last {
                into.runs.push(before + at);
            }
            last = *time;
        }
        match numbers {
            NumbersOfRun::Doubles(doubles) => into.samples.values.extend_from_slice(doubles),
            NumbersOfRun::Integers(integers) => {
                into.samples.values.extend(integers.iter().map(|integer| *integer as f64));
            }
        }
        match starts {
            Some(starts) => into.samples.start_times_ms.extend(starts.iter().map(|start| milli(*start))),
            None => into.samples.start_times_ms.resize(before + to - from, 0),
        }
        if let Some(received) = self.received {
            into.received.extend_from_slice(&received.values()[from..to]);
        }
    }
}

impl Read {
    /// Its runs by their first times; those that lie between each other together.
    fn clusters(&self) -> Clusters {
        let times = &self.samples.times_ms;
        let ends = self.runs.iter().skip(1).copied().chain([times.len()]);
        let mut runs: Vec<Range<usize>> = self.runs.iter().copied().zip(ends).map(|(from, to)| from..to).collect();
        runs.sort_by_key(|run| times[run.start]);
        let mut clusters = Clusters::new();
        let mut reach = i64::MIN;
        for run in runs {
            let (first, last) = (times[run.start], times[run.end - 1]);
            match clusters.last_mut() {
                Some(cluster) if first <= reach => cluster.push(run),
                _ => clusters.push(vec![run]),
            }
            reach = reach.max(last);
        }
        clusters
    }

    fn has_a_time_twice(&self) -> bool {
        if self.runs.len() < 2 {
            return false;
        }
        let clusters = self.clusters();
        let has_twice = |cluster: &Vec<Range<usize>>| {
            let times = cluster.iter().flat_map(|run| &self.samples.times_ms[run.clone()]);
            let mut times: Vec<i64> = times.copied().collect();
            times.sort_unstable();
            times.windows(2).any(|two| two[0] == two[1])
        };
        clusters.iter().filter(|cluster| cluster.len() > 1).any(has_twice)
    }

    /// Ascending in time, no time twice; of equal times the last received stays.
    fn in_order(self) -> Samples<f64> {
        let clusters = self.clusters();
        let is_in_order = |two: &[Vec<Range<usize>>]| two[0][0].end == two[1][0].start;
        if clusters.iter().all(|cluster| cluster.len() == 1) && clusters.windows(2).all(is_in_order) {
            return self.samples;
        }
        let count = self.samples.len();
        let mut sorted = Samples {
            times_ms: Vec::with_capacity(count),
            values: Vec::with_capacity(count),
            start_times_ms: Vec::with_capacity(count),
            stands_for: Vec::new(),
        };
        for cluster in clusters {
            match cluster.as_slice() {
                [run] => {
                    sorted.times_ms.extend_from_slice(&self.samples.times_ms[run.clone()]);
                    sorted.values.extend_from_slice(&self.samples.values[run.clone()]);
                    sorted.start_times_ms.extend_from_slice(&self.samples.start_times_ms[run.clone()]);
                }
                _ => self.add_sorted(cluster, &mut sorted),
            }
        }
        sorted
    }

    fn add_sorted(&self, cluster: Vec<Range<usize>>, into: &mut Samples<f64>) {
        let Self { samples, received, .. } = self;
        let mut order: Vec<usize> = cluster.into_iter().flatten().collect();
        order.sort_by_key(|at| (samples.times_ms[*at], received.get(*at).copied().unwrap_or(0)));
        for (place, at) in order.iter().enumerate() {
            let is_last = order.get(place + 1).is_none_or(|next| samples.times_ms[*next] != samples.times_ms[*at]);
            if is_last {
                into.times_ms.push(samples.times_ms[*at]);
                into.values.push(samples.values[*at]);
                into.start_times_ms.push(samples.start_times_ms[*at]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, FixedSizeBinaryArray, Float64Array, Int64Array, TimestampNanosecondArray, UInt32Array,
    };

    use super::*;

    /// Series, time, value as double, as integer, flags, received.
    type Row = (u8, i64, Option<f64>, Option<i64>, u32, i64);

    fn batch(rows: &[Row]) -> RecordBatch {
        let ids = FixedSizeBinaryArray::try_from_iter(rows.iter().map(|row| [row.0; ID_BYTES])).unwrap();
        let times =
            |of: fn(&Row) -> i64| Arc::new(TimestampNanosecondArray::from_iter_values(rows.iter().map(of))) as ArrayRef;
        RecordBatch::try_from_iter([
            ("series_id", Arc::new(ids) as ArrayRef),
            ("time", times(|row| row.1)),
            ("flags", Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.4)))),
            ("received_time", times(|row| row.5)),
            ("value_double", Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.2)))),
            ("value_int", Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.3)))),
        ])
        .unwrap()
    }

    fn read(batches: &[RecordBatch], ids: &[u8]) -> Vec<Vec<(i64, String)>> {
        let positions = ids.iter().enumerate().map(|(at, id)| ([*id; ID_BYTES], at)).collect();
        let mut found: Vec<Read> = ids.iter().map(|_| Read::default()).collect();
        for batch in batches.iter().enumerate() {
            add(&mut found, (batch.0 + 1, batch.1), &positions);
        }
        let written = |samples: Samples<f64>| {
            assert_eq!(samples.times_ms.len(), samples.start_times_ms.len());
            samples.times_ms.into_iter().zip(samples.values.iter().map(f64::to_string)).collect()
        };
        found.into_iter().map(|one| written(one.in_order())).collect()
    }

    #[test]
    fn runs_become_samples_of_their_series() {
        let milli = 1_000_000;
        let rows = batch(&[
            (1, milli, Some(1.5), None, 0, 9),
            (1, 2 * milli, None, Some(7), 0, 9),
            (2, milli, Some(3.0), None, 0, 9),
            (3, milli, None, None, 0, 9),
            (1, 3 * milli, None, None, 1, 9),
        ]);
        let text = |values: &[(i64, &str)]| values.iter().map(|(time, value)| (*time, (*value).to_owned())).collect();
        let expected: Vec<Vec<(i64, String)>> = vec![text(&[(1, "1.5"), (2, "7"), (3, "NaN")]), Vec::new(), Vec::new()];
        // The second series was not asked for; the third has a point without a value, the ninth has none.
        assert_eq!(read(&[rows], &[1, 3, 9]), expected);
    }

    #[test]
    fn what_comes_late_or_twice_is_put_in_order_and_the_last_received_stays() {
        let milli = 1_000_000;
        let first = batch(&[(1, 5 * milli, Some(5.0), None, 0, 10), (1, 6 * milli, Some(6.0), None, 0, 11)]);
        let late = batch(&[
            (1, 2 * milli, Some(2.0), None, 0, 12),
            (1, 6 * milli + 999_999, Some(6.5), None, 0, 13),
            (1, 5 * milli, Some(4.5), None, 0, 9),
        ]);
        let expected = vec![vec![(2, "2".to_owned()), (5, "5".to_owned()), (6, "6.5".to_owned())]];
        assert_eq!(read(&[first, late], &[1]), expected);
    }
}
