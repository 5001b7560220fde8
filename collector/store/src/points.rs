//! Number points as queries read them again and again: decoded, a stretch of rows at a time, in little memory.
//!
//! Owns that form. Integers take four bytes, doubles eight; neighbouring series, which mostly are told with the same times, have
//! those once. Never reads a file, never decides which of two points of one time counts.

mod build;

use std::ops::Range;

pub use build::{COLUMNS, PointBlockBuilder, points_of_batch};

type Id = [u8; 16];

/// Points of rows that follow one another in a file, or lie in memory: runs of one series each.
#[derive(Debug, Default)]
pub struct PointBlock {
    runs: Vec<Run>,
    /// Milliseconds after the first time of a run.
    offsets: Vec<u32>,
    doubles: Vec<f64>,
    /// Differences to the first value of a run.
    integers: Vec<i32>,
    /// Milliseconds since 1970.
    starts: Vec<i64>,
}

#[derive(Debug)]
struct Run {
    series_id: Id,
    first_ms: i64,
    rows: usize,
    /// Where its offsets begin.
    offsets: usize,
    values: Values,
    starts: Starts,
    is_ascending: bool,
}

/// Where the values of a run begin.
#[derive(Clone, Copy, Debug)]
enum Values {
    Doubles(usize),
    /// With the first value.
    Integers(usize, i64),
}

/// When its points began to count, milliseconds since 1970; 0 where that is not known.
#[derive(Clone, Copy, Debug)]
enum Starts {
    One(i64),
    /// Where they begin.
    Each(usize),
}

/// A run of points of one series, whose times never fall.
#[derive(Clone, Copy, Debug)]
pub struct PointRun<'a> {
    block: &'a PointBlock,
    run: &'a Run,
}

impl PointBlock {
    /// How many runs it has; series ascend within it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Its run at a place.
    ///
    /// # Panics
    /// When there are not so many.
    #[must_use]
    pub fn run(&self, at: usize) -> PointRun<'_> {
        PointRun { block: self, run: &self.runs[at] }
    }

    /// The place of the first run whose series is not before this one.
    #[must_use]
    pub fn first_from(&self, series_id: &Id) -> usize {
        self.runs.partition_point(|run| run.series_id < *series_id)
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.runs.capacity() * size_of::<Run>()
            + self.offsets.capacity() * size_of::<u32>()
            + self.doubles.capacity() * size_of::<f64>()
            + self.integers.capacity() * size_of::<i32>()
            + self.starts.capacity() * size_of::<i64>()
    }
}

impl PointRun<'_> {
    /// The series of all its points.
    #[must_use]
    pub fn series_id(&self) -> &Id {
        &self.run.series_id
    }

    /// Whether no two of its points have one millisecond.
    #[must_use]
    pub fn is_ascending(&self) -> bool {
        self.run.is_ascending
    }

    fn offsets(&self) -> &[u32] {
        &self.block.offsets[self.run.offsets..self.run.offsets + self.run.rows]
    }

    /// Which of its points are from one time to another, both included, milliseconds since 1970.
    #[must_use]
    pub fn within(&self, start_ms: i64, end_ms: i64) -> Range<usize> {
        let offsets = self.offsets();
        let time = |offset: &u32| self.run.first_ms + i64::from(*offset);
        // Mostly all.
        let from = match offsets.first() {
            Some(first) if time(first) >= start_ms => 0,
            _ => offsets.partition_point(|offset| time(offset) < start_ms),
        };
        let to = match offsets.last() {
            Some(last) if time(last) <= end_ms => offsets.len(),
            _ => offsets.partition_point(|offset| time(offset) <= end_ms),
        };
        from..to.max(from)
    }

    /// The time of one of its points, milliseconds since 1970.
    ///
    /// # Panics
    /// When it has not so many.
    #[must_use]
    pub fn time_ms(&self, at: usize) -> i64 {
        self.run.first_ms + i64::from(self.offsets()[at])
    }

    /// Adds times, milliseconds since 1970, of some of its points.
    pub fn copy_times(&self, rows: Range<usize>, into: &mut Vec<i64>) {
        let first = self.run.first_ms;
        into.extend(self.offsets()[rows].iter().map(|offset| first + i64::from(*offset)));
    }

    /// Adds their values; where a series ends it is Prometheus's staleness marker.
    pub fn copy_values(&self, rows: Range<usize>, into: &mut Vec<f64>) {
        match self.run.values {
            Values::Doubles(at) => into.extend_from_slice(&self.block.doubles[at + rows.start..at + rows.end]),
            Values::Integers(at, first) => {
                let differences = &self.block.integers[at + rows.start..at + rows.end];
                into.extend(differences.iter().map(|difference| as_double(first + i64::from(*difference))));
            }
        }
    }

    /// Adds when they began to count, milliseconds since 1970, 0 where that is not known.
    pub fn copy_starts(&self, rows: Range<usize>, into: &mut Vec<i64>) {
        match self.run.starts {
            Starts::One(start) => into.extend(std::iter::repeat_n(start, rows.len())),
            Starts::Each(at) => into.extend_from_slice(&self.block.starts[at + rows.start..at + rows.end]),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "only integers that a double holds are kept as such")]
const fn as_double(integer: i64) -> f64 {
    integer as f64
}

#[cfg(test)]
mod tests;
