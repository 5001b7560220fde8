//! The last number of each series that is in a file, in memory.
//!
//! Owns what an instant query needs of sealed points: the seal, which has them in order, tells the last of each series, and
//! whoever asks for the newest number reads no file. It says of which times it knows everything: not of files that were
//! there before it began, nor of series that were silent for long. Never reads a file, never holds an unsealed row.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, AsArray, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, Float64Type, Int64Type, TimestampNanosecondType, UInt32Type};
use arrow::record_batch::RecordBatch;
use spanlake_schemas::tables::Table;

use crate::seal::order::{NANOS_PER_HOUR, NANOS_PER_MILLI, SortedRow, milli};
use crate::version::DataFile;

/// Series without a point for so long before the last seal are let go.
const KEPT: i64 = NANOS_PER_HOUR;

/// A point as queries of numbers see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LastPoint {
    pub series_id: [u8; 16],
    /// Milliseconds since 1970.
    pub time_ms: i64,
    /// The same of the point's start; 0 where it has none.
    pub start_ms: i64,
    /// `None`: no recorded value, the series ends here.
    pub value: Option<f64>,
    /// Nanoseconds since 1970.
    received: i64,
}

impl LastPoint {
    /// Of two of one series the greater counts.
    fn place(&self) -> (i64, i64) {
        (self.time_ms, self.received)
    }
}

/// The last points of series as of one seal.
#[derive(Clone, Debug)]
pub struct LastPoints {
    /// Ascending by series.
    points: Vec<LastPoint>,
    /// Times, first and last, of files that were not sealed while this was kept.
    unknown: Arc<[(i64, i64)]>,
    /// Of times before this series may be missing.
    since: i64,
}

impl Default for LastPoints {
    fn default() -> Self {
        Self { points: Vec::new(), unknown: Arc::from([]), since: i64::MIN }
    }
}

impl LastPoints {
    /// Nothing is known of these files.
    pub(crate) fn without(files: &[Arc<DataFile>]) -> Self {
        Self { unknown: files.iter().flat_map(|file| file.entry.parts()).collect(), ..Self::default() }
    }

    /// Whether a series that has sealed points between two times, nanoseconds, both included, has its last point here.
    #[must_use]
    pub fn knows(&self, start: i64, end: i64) -> bool {
        start >= self.since && self.unknown.iter().all(|(first, last)| *last < start || *first > end)
    }

    /// The last sealed point of a series.
    #[must_use]
    pub fn of(&self, series_id: &[u8; 16]) -> Option<&LastPoint> {
        self.points.binary_search_by(|point| point.series_id.cmp(series_id)).ok().map(|at| &self.points[at])
    }

    /// With those of one more seal, ascending by series too, whose newest row was received then.
    pub(crate) fn with(&self, sealed: &[LastPoint], received_max: i64) -> Self {
        let since = self.since.max(received_max.saturating_sub(KEPT));
        let both = self.points.iter().chain(sealed).copied().collect();
        let mut points = last_of_each(both);
        points.retain(|point| point.time_ms.saturating_mul(NANOS_PER_MILLI) >= since);
        // Room was made for both sides, which mostly are of the same series; kept for as long as the next seal takes.
        points.shrink_to_fit();
        Self { points, unknown: Arc::clone(&self.unknown), since }
    }

    /// Whether nothing here can be of a file: it has only older rows.
    pub(crate) fn is_later_than(&self, file: &DataFile) -> bool {
        file.entry.time_max < self.since
    }
}

/// Of each series the later point, of one time the last received; ascending by series.
fn last_of_each(mut points: Vec<LastPoint>) -> Vec<LastPoint> {
    // Mostly two runs that ascend, which are merged.
    points.sort_by_key(|point| point.series_id);
    points.dedup_by(|next, kept| {
        let is_same = next.series_id == kept.series_id;
        if is_same && next.place() >= kept.place() {
            *kept = *next;
        }
        is_same
    });
    points
}

/// The last number of each series of rows in the order of their files; ascending by series. Of other tables nothing.
pub(crate) fn last_points(table: Table, rows: &[SortedRow], batches: &[&RecordBatch]) -> Vec<LastPoint> {
    if table != Table::Points {
        return Vec::new();
    }
    let columns: Vec<Numbers<'_>> = batches.iter().map(|batch| Numbers::of(batch)).collect();
    let runs = rows.chunk_by(|left, right| left.hour == right.hour && left.same_key(right));
    // An hour after the other: a series may be in several.
    last_of_each(runs.filter_map(|run| last_of(run, &columns)).collect())
}

/// The last number of a series, whose rows ascend in time.
fn last_of(run: &[SortedRow], columns: &[Numbers<'_>]) -> Option<LastPoint> {
    let mut last: Option<LastPoint> = None;
    for row in run.iter().rev() {
        let time_ms = milli(row.time);
        if last.is_some_and(|last| last.time_ms > time_ms) {
            break;
        }
        let Some((start_ms, value)) = columns[row.batch as usize].number(row.row as usize) else { continue };
        let point = LastPoint { series_id: row.key_bytes(), time_ms, start_ms, value, received: row.received };
        last = Some(last.filter(|last| last.place() >= point.place()).unwrap_or(point));
    }
    last
}

/// Numbers of rows that follow one another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum NumbersOfRun<'a> {
    Doubles(&'a [f64]),
    Integers(&'a [i64]),
}

/// Columns of points that make a number.
pub struct Numbers<'a> {
    starts: Option<&'a PrimitiveArray<TimestampNanosecondType>>,
    flags: Option<&'a PrimitiveArray<UInt32Type>>,
    doubles: Option<&'a PrimitiveArray<Float64Type>>,
    integers: Option<&'a PrimitiveArray<Int64Type>>,
}

impl<'a> Numbers<'a> {
    /// Those of a batch, which may lack some.
    #[must_use]
    pub fn of(batch: &'a RecordBatch) -> Self {
        Self {
            starts: column(batch, "start_time"),
            flags: column(batch, "flags"),
            doubles: column(batch, "value_double"),
            integers: column(batch, "value_int"),
        }
    }

    /// The numbers of a run of rows where each has one, of the same type, and none is an end: nearly always.
    pub(crate) fn run(&self, rows: Range<usize>) -> Option<(Option<&'a [i64]>, NumbersOfRun<'a>)> {
        fn whole<'a, T: ArrowPrimitiveType>(of: &'a PrimitiveArray<T>, rows: &Range<usize>) -> Option<&'a [T::Native]> {
            let is_whole = of.nulls().is_none_or(|nulls| nulls.slice(rows.start, rows.len()).null_count() == 0);
            is_whole.then(|| &of.values()[rows.clone()])
        }
        let starts = match self.starts {
            Some(starts) => Some(whole(starts, &rows)?),
            None => None,
        };
        if self.flags.is_some_and(|flags| flags.values()[rows.clone()].iter().any(|flags| flags & 1 == 1)) {
            return None;
        }
        if let Some(doubles) = self.doubles.and_then(|doubles| whole(doubles, &rows)) {
            return Some((starts, NumbersOfRun::Doubles(doubles)));
        }
        let has_no_double = |doubles: &PrimitiveArray<Float64Type>| {
            doubles.nulls().is_some_and(|nulls| nulls.slice(rows.start, rows.len()).null_count() == rows.len())
        };
        let integers = self.integers.filter(|_| self.doubles.is_none_or(has_no_double))?;
        Some((starts, NumbersOfRun::Integers(whole(integers, &rows)?)))
    }

    /// Start of a row's point in milliseconds, 0 where it has none, and its number: `None` where the series ends there.
    /// `None` at all of a row that has no number and ends nothing: it only carries exemplars.
    #[must_use]
    pub fn number(&self, row: usize) -> Option<(i64, Option<f64>)> {
        let start = self.starts.filter(|starts| starts.is_valid(row)).map_or(0, |starts| starts.value(row));
        let start_ms = milli(start);
        if self.flags.is_some_and(|flags| flags.value(row) & 1 == 1) {
            return Some((start_ms, None));
        }
        if let Some(doubles) = self.doubles.filter(|doubles| doubles.is_valid(row)) {
            return Some((start_ms, Some(doubles.value(row))));
        }
        let integers = self.integers.filter(|integers| integers.is_valid(row))?;
        Some((start_ms, Some(integers.value(row) as f64)))
    }
}

fn column<'a, T: ArrowPrimitiveType>(batch: &'a RecordBatch, name: &str) -> Option<&'a PrimitiveArray<T>> {
    batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<T>())
}

#[cfg(test)]
mod tests;
