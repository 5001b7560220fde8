//! Rows of rollups as entries that stand for samples.
//!
//! Owns which rows of a stretch a function needs, and of which series a file's rollups do not say enough.

use std::collections::{BTreeSet, HashMap};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, FixedSizeBinaryArray, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, Float64Type, Int64Type, UInt32Type};
use arrow::record_batch::RecordBatch;
use spanlake_promql::number::stale_nan;
use spanlake_promql::source::SelectHints;
use spanlake_store::rollup::NOT_ROLLED_UP;

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
    /// The first and the last, and the count.
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
    /// Kept samples of the stretch that is read.
    stretch: Vec<Entry>,
    has_falls: bool,
}

/// Adds what these rollups of a file say of the series, at times that are meant. Gives the series of which the file has
/// points and its rollups do not say what is needed.
pub(super) fn add_rollups(
    batches: &[RecordBatch],
    positions: &HashMap<Id, usize>,
    asked: Asked,
    is_meant: impl Fn(i64) -> bool,
    into: &mut [Vec<Entry>],
) -> BTreeSet<usize> {
    let mut series: HashMap<usize, HashMap<u32, Level>> = HashMap::new();
    for columns in batches.iter().filter_map(Columns::of) {
        for row in 0..columns.series.len() {
            let id: &[u8; 16] = columns.series.value(row).try_into().expect("a series id has 16 bytes");
            let Some(at) = positions.get(id) else { continue };
            let level = columns.level.value(row);
            let known = series.entry(*at).or_default().entry(level).or_default();
            if level != NOT_ROLLED_UP && level <= asked.level {
                known.add(&columns, row, asked.need);
            }
        }
    }
    let mut others = BTreeSet::new();
    for (at, levels) in series {
        let is_whole = !levels.contains_key(&NOT_ROLLED_UP);
        // Of a counter that begins anew every few minutes, a short stretch still tells all falls.
        let is_enough = |(level, known): &(u32, Level)| {
            is_whole && *level <= asked.level && !(asked.need == Need::Falls && known.has_falls)
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
        self.stretch.push(Entry { time_ms, start_ms, value, stands_for, is_point: false });
        if !columns.is_last.value(row) {
            return;
        }
        let stretch = std::mem::take(&mut self.stretch);
        self.has_falls |= columns.has_falls.value(row);
        if need == Need::Latest {
            // The last that is no marker too, for functions that do not see markers.
            let from = stretch.len().saturating_sub(1 + usize::from(is_end));
            self.entries.extend(&stretch[from..]);
            return;
        }
        let samples = &stretch[..stretch.len() - usize::from(is_end)];
        let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return };
        let told = |column: &PrimitiveArray<Float64Type>| column.is_valid(row).then(|| column.value(row));
        let count: u32 = samples.iter().map(|sample| sample.stands_for).sum();
        let at_last = |value: f64| Entry { value, stands_for: count, ..*last };
        match need {
            Need::Latest | Need::Falls => self.entries.extend(samples),
            Need::First => self.entries.push(*first),
            Need::Least => self.entries.push(at_last(told(columns.min).unwrap_or(first.value))),
            Need::Greatest => self.entries.push(at_last(told(columns.max).unwrap_or(last.value))),
            Need::Count => self.entries.push(at_last(last.value)),
            Need::Sum => {
                let lost = told(columns.sum_lost).map(|value| Entry { value, stands_for: 0, ..*first });
                self.entries.extend(lost);
                self.entries.push(at_last(told(columns.sum).unwrap_or(0.0)));
            }
            Need::Ends if samples.len() > 1 => {
                self.entries.push(*first);
                self.entries.push(Entry { stands_for: count - first.stands_for, ..*last });
            }
            Need::Ends => self.entries.push(*first),
        }
    }
}
