//! Number points of a metric's series where rollups say as much: of long ranges, a few rows instead of many points.
//!
//! Owns when rollups are asked, and puts together what they say and the points of times that they do not tell of. The
//! answer is that of all points: what [`SelectRequest::period_ms`] allows is left out, nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampNanosecondType;
use futures::StreamExt;
use spanlake_engine::{EngineError, StoredRows};
use spanlake_promql::number::is_stale_nan;
use spanlake_promql::source::{Samples, SelectRequest};
use spanlake_schemas::tables::Table;
use spanlake_store::rollup::{LEVELS, tail_ms};
use spanlake_store::{DataFile, HotBatch};

use crate::numbers::read_numbers;
use crate::reading::Window;

mod entries;
mod plan;

use entries::{Entry, Need, add_rollups};
use plan::{Part, ReadPlan, apart};

const ID_BYTES: usize = 16;
/// Files whose rollups are read while those of the one before are looked at.
const FILES_AHEAD: usize = 3;

type Id = [u8; ID_BYTES];

/// What a query needs of the samples of a stretch, and of which length a stretch may be.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    need: Need,
    /// Seconds, ascending; at least one.
    levels: Vec<u32>,
}

impl Asked {
    /// `None` where all points are needed.
    pub(crate) fn of(request: &SelectRequest<'_>) -> Option<Self> {
        let need = Need::of(request.hints)?;
        // Ranges end with a stretch, and begin with one or in a tail.
        let fits = |level: &u32| {
            let length = i64::from(*level) * 1_000;
            request.period_ms > 0
                && request.period_ms % length == 0
                && request.hints.range_ms % length <= tail_ms(*level)
        };
        let levels: Vec<u32> = LEVELS.into_iter().filter(fits).collect();
        (!levels.is_empty()).then_some(Self { need, levels })
    }

    fn longest(&self) -> u32 {
        self.levels.last().copied().unwrap_or(1)
    }
}

/// Samples of these series of one metric, by position among them, or entries that stand for them; `None` where no rollup
/// has a part in it. No two of the series may have one label set.
pub(crate) async fn read_rolled_up(
    rows: &StoredRows,
    ids: &[Id],
    window: Window,
    asked: Asked,
    rows_max: usize,
) -> Result<Option<Vec<Samples<f64>>>, EngineError> {
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(None) };
    let sources = Sources::of(rows, (first, last), window, asked.longest());
    let plan = ReadPlan::of(&sources.parts, window, asked.longest());
    if sources.rolled_up.is_empty() || plan.is_all_points {
        return Ok(None);
    }
    let positions: HashMap<Id, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let mut found: Vec<Vec<Entry>> = vec![Vec::new(); ids.len()];
    let is_too_much = |found: &[Vec<Entry>]| found.iter().map(Vec::len).sum::<usize>() > rows_max;
    // Series of which files say too little, and when: mostly the same in all files.
    let mut not_told: BTreeMap<BTreeSet<usize>, Vec<Window>> = BTreeMap::new();
    let is_asked = |parts: &[Part]| parts.iter().any(|part| !plan.is_mixed(*part));
    let asked_for = sources.rolled_up.iter().filter(|(_, parts)| is_asked(parts));
    let reads = asked_for.map(|(file, parts)| async move { (rows.rollups(file, (first, last)).await, parts) });
    let mut reads = futures::stream::iter(reads).buffered(FILES_AHEAD);
    while let Some((batches, parts)) = reads.next().await {
        let batches = batches?;
        let is_meant = |time_ms: i64| plan.asks_rollups_at(time_ms);
        let others = add_rollups(&batches, &positions, &asked, is_meant, &mut found);
        if !others.is_empty() {
            let within = parts.iter().filter_map(|part| part.within(window));
            not_told.entry(others).or_default().extend(within);
        }
        if is_too_much(&found) {
            break;
        }
    }
    for (others, windows) in not_told {
        for window in apart(windows, &sources.parts) {
            add_points(rows, ids, &others, window, rows_max, &mut found).await?;
        }
    }
    let all: BTreeSet<usize> = (0..ids.len()).collect();
    for points in &plan.points {
        if is_too_much(&found) {
            break;
        }
        add_points(rows, ids, &all, *points, rows_max, &mut found).await?;
    }
    Ok(Some(found.into_iter().map(|entries| in_order(entries, asked.need)).collect()))
}

/// Adds points of some of the series.
async fn add_points(
    rows: &StoredRows,
    ids: &[Id],
    which: &BTreeSet<usize>,
    window: Window,
    rows_max: usize,
    into: &mut [Vec<Entry>],
) -> Result<(), EngineError> {
    let some: Vec<Id> = which.iter().map(|at| ids[*at]).collect();
    for (at, samples) in which.iter().zip(read_numbers(rows, &some, window, rows_max).await?) {
        let triples = samples.times_ms.into_iter().zip(samples.start_times_ms).zip(samples.values);
        into[*at].extend(triples.map(|((time_ms, start_ms), value)| Entry {
            time_ms,
            start_ms,
            value,
            stands_for: u32::from(!is_stale_nan(value)),
            is_point: true,
        }));
    }
    Ok(())
}

/// Entries as samples, ascending in time. A point that was read twice is there once.
fn in_order(mut entries: Vec<Entry>, need: Need) -> Samples<f64> {
    entries.sort_by_key(|entry| entry.time_ms);
    entries.dedup_by(|next, kept| next.is_point && kept.is_point && next.time_ms == kept.time_ms);
    let stands_for = if need.counts() { entries.iter().map(|entry| entry.stands_for).collect() } else { Vec::new() };
    Samples {
        times_ms: entries.iter().map(|entry| entry.time_ms).collect(),
        values: entries.iter().map(|entry| entry.value).collect(),
        start_times_ms: entries.iter().map(|entry| entry.start_ms).collect(),
        stands_for,
    }
}

/// What has points of the series in the window.
#[derive(Default)]
struct Sources {
    parts: Vec<Part>,
    /// With their parts in the window.
    rolled_up: Vec<(Arc<DataFile>, Vec<Part>)>,
}

impl Sources {
    /// With rollups of stretches of so many seconds at most.
    fn of(rows: &StoredRows, (first, last): (&Id, &Id), window: Window, level: u32) -> Self {
        let mut sources = Self::default();
        let version = rows.version();
        for file in version.files(Table::Points) {
            let entry = &file.entry;
            let is_rolled_up = entry.rollups.is_some_and(|rollups| rollups.level_min <= level);
            let parts = entry.parts().map(|part| Part::of(part, is_rolled_up));
            let parts: Vec<Part> = parts.filter(|part| part.meets(window)).collect();
            if parts.is_empty() || !entry.may_have_series(first, last) {
                continue;
            }
            sources.parts.extend(&parts);
            if is_rolled_up {
                sources.rolled_up.push((Arc::clone(file), parts));
            }
        }
        let files: Vec<Part> = sources.rolled_up.iter().flat_map(|(_, parts)| parts).copied().collect();
        for batch in version.hot(Table::Points) {
            let whole = Part::of((batch.time_min, batch.time_max), false);
            // Late points of another series are no reason to read more of these.
            let is_beside = files.iter().all(|file| !file.overlaps(whole));
            let own = if is_beside { Some(whole) } else { part_of_series(batch, first, last) };
            sources.parts.extend(own.filter(|part| part.meets(window)));
        }
        sources
    }
}

/// From the first to the last point of series of a batch; `None` where it has none.
fn part_of_series(batch: &HotBatch, first: &Id, last: &Id) -> Option<Part> {
    let series = batch.batch.column_by_name("series_id")?.as_fixed_size_binary_opt()?;
    let times = batch.batch.column_by_name("time")?.as_primitive_opt::<TimestampNanosecondType>()?.values();
    let own = (0..series.len()).filter(|row| (first.as_slice()..=last.as_slice()).contains(&series.value(*row)));
    let bounds = own.fold(None, |bounds: Option<(i64, i64)>, row| {
        let (min, max) = bounds.unwrap_or((i64::MAX, i64::MIN));
        Some((min.min(times[row]), max.max(times[row])))
    });
    bounds.map(|bounds| Part::of(bounds, false))
}
