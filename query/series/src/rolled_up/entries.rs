//! Rows of rollups as entries that stand for samples.
//!
//! Owns which rows of a stretch a function needs, and of which series a file's rollups do not say enough.

use std::collections::{BTreeSet, HashMap};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, FixedSizeBinaryArray, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, Float64Type, Int64Type, UInt32Type};
use arrow::record_batch::RecordBatch;
use spanlake_promql::number::stale_nan;
use spanlake_promql::source::SelectHints;
use spanlake_store::rollup::{NOT_ROLLED_UP, stretch_end, tail_ms};

use super::{Asked, Id};

/// What is needed of the samples of a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// The last one; markers too.
    Latest,
    First,
    Least,
    Greatest,
    Count,
    /// And the count.
    Sum,
    /// The first and the last, and those around falls; and the count.
    Falls,
    /// The first and the last, and the count; falls do not matter.
    Ends,
}

impl Need {
    /// As [`spanlake_promql::source::SelectRequest::period_ms`] says; `None` where all samples are needed.
    pub(super) fn of(hints: &SelectHints) -> Option<Self> {
        if hints.range_ms == 0 {
            return Some(Self::Latest);
        }
        Some(match hints.function.as_str() {
            "last_over_time" | "present_over_time" | "absent_over_time" => Self::Latest,
            "first_over_time" => Self::First,
            "min_over_time" => Self::Least,
            "max_over_time" => Self::Greatest,
            "count_over_time" => Self::Count,
            "sum_over_time" | "avg_over_time" => Self::Sum,
            "rate" | "increase" => Self::Falls,
            "delta" => Self::Ends,
            _ => return None,
        })
    }

    /// Whether entries say how many samples they stand for.
    pub(super) const fn counts(self) -> bool {
        matches!(self, Self::Count | Self::Sum | Self::Falls | Self::Ends)
    }
}

/// A sample, or what stands for some.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) time_ms: i64,
    pub(super) start_ms: i64,
    pub(super) value: f64,
    pub(super) stands_for: u32,
    /// It is a point as it was read.
    pub(super) is_point: bool,
}

/// Columns of a batch of rollups.
struct Columns<'a> {
    series: &'a FixedSizeBinaryArray,
    level: &'a PrimitiveArray<UInt32Type>,
    time: &'a PrimitiveArray<Int64Type>,
    start: &'a PrimitiveArray<Int64Type>,
    value: &'a PrimitiveArray<Float64Type>,
    count: &'a PrimitiveArray<UInt32Type>,
    is_end: &'a BooleanArray,
    is_last: &'a BooleanArray,
    min: &'a PrimitiveArray<Float64Type>,
    max: &'a PrimitiveArray<Float64Type>,
    sum: &'a PrimitiveArray<Float64Type>,
    sum_lost: &'a PrimitiveArray<Float64Type>,
    has_falls: &'a BooleanArray,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Self> {
        fn numbers<T: ArrowPrimitiveType>(column: &ArrayRef) -> Option<&PrimitiveArray<T>> {
            column.as_primitive_opt::<T>()
        }
        let column = |name: &str| batch.column_by_name(name);
        Some(Self {
            series: column("series_id")?.as_fixed_size_binary_opt()?,
            level: numbers(column("level")?)?,
            time: numbers(column("time")?)?,
            start: numbers(column("start")?)?,
            value: numbers(column("value")?)?,
            count: numbers(column("count")?)?,
            is_end: column("is_end")?.as_boolean_opt()?,
            is_last: column("is_last")?.as_boolean_opt()?,
            min: numbers(column("min")?)?,
            max: numbers(column("max")?)?,
            sum: numbers(column("sum")?)?,
            sum_lost: numbers(column("sum_lost")?)?,
            has_falls: column("has_falls")?.as_boolean_opt()?,
        })
    }
}

/// What a file says of a series at one level.
#[derive(Default)]
struct Level {
    entries: Vec<Entry>,
    stretch: Stretch,
    has_falls: bool,
}

/// The stretch that is read.
#[derive(Default)]
struct Stretch {
    kept: Vec<Entry>,
    /// Of its body.
    min: Option<f64>,
    max: Option<f64>,
    sum: Option<f64>,
    lost: Option<f64>,
}

/// Adds what these rollups of a file say of the series, at times that are meant. Gives the series of which the file has
/// points and its rollups do not say what is needed.
pub(super) fn add_rollups(
    batches: &[RecordBatch],
    positions: &HashMap<Id, usize>,
    asked: &Asked,
    is_meant: impl Fn(i64) -> bool,
    into: &mut [Vec<Entry>],
) -> BTreeSet<usize> {
    // In the order of the file, where all rows of a series follow one another.
    let mut series: Vec<(usize, Vec<(u32, Level)>)> = Vec::new();
    let mut current: Option<(Id, bool)> = None;
    for columns in batches.iter().filter_map(Columns::of) {
        for row in 0..columns.series.len() {
            let id = columns.series.value(row);
            if current.is_none_or(|(known, _)| known != id) {
                let id: Id = id.try_into().expect("a series id has 16 bytes");
                let at = positions.get(&id);
                series.extend(at.map(|at| (*at, Vec::new())));
                current = Some((id, at.is_some()));
            }
            let Some((_, levels)) = series.last_mut().filter(|_| current.is_some_and(|(_, is_asked)| is_asked)) else {
                continue;
            };
            let level = columns.level.value(row);
            let place = levels.iter().position(|(known, _)| *known == level).unwrap_or_else(|| {
                levels.push((level, Level::default()));
                levels.len() - 1
            });
            if asked.levels.contains(&level) {
                levels[place].1.add(&columns, row, asked.need);
            }
        }
    }
    let mut others = BTreeSet::new();
    for (at, levels) in series {
        let is_whole = levels.iter().all(|(level, _)| *level != NOT_ROLLED_UP);
        // Of a counter that begins anew every few minutes, a short stretch still tells all falls.
        let is_enough = |(level, known): &(u32, Level)| {
            is_whole && asked.levels.contains(level) && !(asked.need == Need::Falls && known.has_falls)
        };
        match levels.into_iter().filter(is_enough).max_by_key(|(level, _)| *level) {
            Some((_, known)) => into[at].extend(known.entries.into_iter().filter(|entry| is_meant(entry.time_ms))),
            None => {
                others.insert(at);
            }
        }
    }
    others
}

impl Level {
    fn add(&mut self, columns: &Columns<'_>, row: usize, need: Need) {
        let is_end = columns.is_end.value(row);
        let value = if is_end { stale_nan() } else { columns.value.value(row) };
        let (time_ms, start_ms, stands_for) =
            (columns.time.value(row), columns.start.value(row), columns.count.value(row));
        if self.stretch.kept.is_empty() {
            let told = |column: &PrimitiveArray<Float64Type>| column.is_valid(row).then(|| column.value(row));
            let [min, max, sum, lost] = [columns.min, columns.max, columns.sum, columns.sum_lost].map(told);
            self.stretch = Stretch { kept: Vec::new(), min, max, sum, lost };
        }
        self.stretch.kept.push(Entry { time_ms, start_ms, value, stands_for, is_point: false });
        self.has_falls |= columns.has_falls.value(row);
        if columns.is_last.value(row) {
            let body_until = stretch_end(time_ms, columns.level.value(row)) - tail_ms(columns.level.value(row));
            std::mem::take(&mut self.stretch).add_to(&mut self.entries, need, body_until, is_end);
        }
    }
}

impl Stretch {
    /// Adds what is needed of it; its last is a marker where it says so.
    fn add_to(self, entries: &mut Vec<Entry>, need: Need, body_until: i64, has_marker: bool) {
        let (samples, _) = self.kept.split_at(self.kept.len() - usize::from(has_marker));
        let (body, tail) = samples.split_at(samples.partition_point(|sample| sample.time_ms <= body_until));
        let count: u32 = body.iter().map(|sample| sample.stands_for).sum();
        let of_body = |value: f64| body.first().map(|first| Entry { value, stands_for: count, ..*first });
        let first = body.first().map_or(0.0, |first| first.value);
        match need {
            // The last that is no marker too, for functions that do not see markers.
            Need::Latest => {
                entries.extend(&self.kept[self.kept.len().saturating_sub(1 + usize::from(has_marker))..]);
                return;
            }
            Need::First => entries.extend(body.first()),
            Need::Least => entries.extend(of_body(self.min.unwrap_or(first))),
            Need::Greatest => entries.extend(of_body(self.max.unwrap_or(first))),
            Need::Sum => {
                let lost = self.lost.and_then(of_body).map(|lost| Entry { stands_for: 0, ..lost });
                entries.extend(lost);
                entries.extend(of_body(self.sum.unwrap_or(0.0)));
            }
            Need::Count | Need::Falls | Need::Ends => entries.extend(body),
        }
        entries.extend(tail);
    }
}
