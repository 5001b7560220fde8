//! Rows of points, made into blocks.
//!
//! Owns what of a row is kept, and in which of the forms. A row without a number that ends nothing only carries exemplars: it is
//! left out.

use std::mem::take;

use arrow::array::{AsArray, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::TimestampNanosecondType;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use spanlake_schemas::prometheus::STALE_NAN_BITS;

use super::{Id, PointBlock, Run, Starts, Values, as_double};
use crate::last_points::{Numbers, NumbersOfRun};
use crate::seal::order::milli;

/// Of a point of a file; its series come with it.
pub const COLUMNS: [&str; 6] = ["series_id", "time", "start_time", "flags", "value_double", "value_int"];

/// Series and times, nanoseconds since 1970, of rows that have both.
fn ids_and_times(batch: &RecordBatch) -> Option<(&[Id], &[i64])> {
    let series = batch.column_by_name("series_id")?.as_fixed_size_binary_opt()?;
    let times = batch.column_by_name("time")?.as_primitive_opt::<TimestampNanosecondType>()?;
    Some((series.value_data().as_chunks().0, times.values()))
}

/// Takes rows in the order of files: by series, then by time.
#[derive(Debug, Default)]
pub struct PointBlockBuilder {
    block: PointBlock,
    /// Of the run that goes on.
    series_id: Id,
    times: Vec<i64>,
    values: Vec<f64>,
    starts: Vec<i64>,
}

impl PointBlockBuilder {
    /// Adds rows; a batch without ids or times has none.
    pub fn add(&mut self, batch: &RecordBatch) {
        let Some((ids, times)) = ids_and_times(batch) else { return };
        let numbers = Numbers::of(batch);
        let mut from = 0;
        while from < batch.num_rows() {
            let id = &ids[from];
            let to = from + ids[from..batch.num_rows()].iter().take_while(|other| *other == id).count();
            if self.series_id != *id {
                self.end_run();
                self.series_id = *id;
            }
            self.add_rows(&times[from..to], from, &numbers);
            from = to;
        }
    }

    /// The block of all rows that were added.
    #[must_use]
    pub fn finish(mut self) -> PointBlock {
        self.end_run();
        let PointBlock { runs, offsets, doubles, integers, starts } = &mut self.block;
        runs.shrink_to_fit();
        offsets.shrink_to_fit();
        doubles.shrink_to_fit();
        integers.shrink_to_fit();
        starts.shrink_to_fit();
        self.block
    }

    /// Rows of one series, of which the first is at `from` in its batch.
    fn add_rows(&mut self, times: &[i64], from: usize, numbers: &Numbers<'_>) {
        let Some((starts, values)) = numbers.run(from..from + times.len()) else {
            for (at, time) in times.iter().enumerate() {
                if let Some((start_ms, value)) = numbers.number(from + at) {
                    self.times.push(milli(*time));
                    self.starts.push(start_ms);
                    self.values.push(value.unwrap_or_else(|| f64::from_bits(STALE_NAN_BITS)));
                }
            }
            return;
        };
        self.times.extend(times.iter().map(|time| milli(*time)));
        match starts {
            Some(starts) => self.starts.extend(starts.iter().map(|start| milli(*start))),
            None => self.starts.resize(self.times.len(), 0),
        }
        match values {
            NumbersOfRun::Doubles(doubles) => self.values.extend_from_slice(doubles),
            NumbersOfRun::Integers(integers) => self.values.extend(integers.iter().map(|integer| as_double(*integer))),
        }
    }

    /// Of one series; more than one run where times fall, or are further apart than offsets can say.
    fn end_run(&mut self) {
        let (times, values, starts) = (take(&mut self.times), take(&mut self.values), take(&mut self.starts));
        let mut from = 0;
        while let Some(first) = times.get(from) {
            let may_follow = |two: &&[i64]| two[0] <= two[1] && two[1] - first <= i64::from(u32::MAX);
            let to = from + 1 + times[from..].windows(2).take_while(may_follow).count();
            self.push_run(&times[from..to], &values[from..to], &starts[from..to]);
            from = to;
        }
        // Their room is for the next.
        (self.times, self.values, self.starts) = (times, values, starts);
        self.times.clear();
        self.values.clear();
        self.starts.clear();
    }

    fn push_run(&mut self, times: &[i64], values: &[f64], starts: &[i64]) {
        let run = Run {
            series_id: self.series_id,
            first_ms: times[0],
            rows: times.len(),
            offsets: self.push_times(times),
            values: self.push_values(values),
            starts: self.push_starts(starts),
            is_ascending: times.windows(2).all(|two| two[0] < two[1]),
        };
        self.block.runs.push(run);
    }

    /// Where the offsets of these times begin: those of the run before, where they are the same.
    fn push_times(&mut self, times: &[i64]) -> usize {
        let offsets = times.iter().map(|time| u32::try_from(time - times[0]).unwrap_or(u32::MAX));
        if let Some(before) = self.block.runs.last().filter(|before| before.rows == times.len())
            && offsets.clone().eq(self.block.offsets[before.offsets..before.offsets + before.rows].iter().copied())
        {
            return before.offsets;
        }
        self.block.offsets.extend(offsets);
        self.block.offsets.len() - times.len()
    }

    fn push_values(&mut self, values: &[f64]) -> Values {
        let at = self.block.integers.len();
        if let Some(first) = integer(values[0]) {
            let difference = |value: &f64| i32::try_from(integer(*value)?.checked_sub(first)?).ok();
            self.block.integers.reserve(values.len());
            if values.iter().all(|value| difference(value).map(|known| self.block.integers.push(known)).is_some()) {
                return Values::Integers(at, first);
            }
            self.block.integers.truncate(at);
        }
        self.block.doubles.extend_from_slice(values);
        Values::Doubles(self.block.doubles.len() - values.len())
    }

    fn push_starts(&mut self, starts: &[i64]) -> Starts {
        if starts.iter().all(|start| *start == starts[0]) {
            return Starts::One(starts[0]);
        }
        self.block.starts.extend_from_slice(starts);
        Starts::Each(self.block.starts.len() - starts.len())
    }
}

/// A double as the integer that gives it back bit by bit.
#[expect(clippy::cast_possible_truncation, reason = "what is truncated does not give the double back")]
fn integer(value: f64) -> Option<i64> {
    let integer = value as i64;
    (as_double(integer).to_bits() == value.to_bits()).then_some(integer)
}

/// The points of some series of rows in any order, from `start` up to but not including `end`, nanoseconds since 1970.
///
/// # Errors
/// Never for rows of points.
pub fn points_of_batch(
    batch: &RecordBatch,
    is_wanted: impl Fn(&Id) -> bool,
    (start, end): (i64, i64),
) -> Result<PointBlock, ArrowError> {
    let mut builder = PointBlockBuilder::default();
    let Some((ids, times)) = ids_and_times(batch) else { return Ok(builder.finish()) };
    let rows = ids.iter().zip(times).zip(0..);
    let wanted = rows.filter(|((id, time), _)| (start..end).contains(*time) && is_wanted(id));
    let mut wanted: Vec<(&Id, i64, u32)> = wanted.map(|((id, time), row)| (id, *time, row)).collect();
    if wanted.is_empty() {
        return Ok(builder.finish());
    }
    wanted.sort_unstable();
    let order = UInt32Array::from_iter_values(wanted.iter().map(|(_, _, row)| *row));
    let columns: Vec<usize> = COLUMNS.iter().filter_map(|name| batch.schema().index_of(name).ok()).collect();
    builder.add(&take_record_batch(&batch.project(&columns)?, &order)?);
    Ok(builder.finish())
}
