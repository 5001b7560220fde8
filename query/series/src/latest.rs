//! The latest number of each series, for instant queries: from memory, or newest rows first.
//!
//! Owns how far back is looked at a time. The store knows the last sealed number of each series, so that no file is read
//! for the newest ones. Where it does not, series that report are told by the rows of the last seconds; only for those
//! without one there older rows are read. The answer is that of reading all at once, since before its latest sample nothing
//! of a series counts.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::TimestampNanosecondType;
use foldhash::{HashMap, HashSet};
use spanlake_engine::{EngineError, StoredRows};
use spanlake_promql::labels::Labels;
use spanlake_promql::number::stale_nan;
use spanlake_promql::source::Samples;
use spanlake_schemas::tables::Table;
use spanlake_store::{HotBatch, Numbers, Version, milli};

use crate::numbers::read_numbers;
use crate::reading::Window;

/// From the end of the window back: the usual intervals of ten seconds and of a minute, with some delay.
const LOOKS_BACK_MS: [i64; 2] = [15_000, 75_000];

type Id = [u8; 16];

/// Samples of these series of one metric, by position among them: its latest ones, of each label set. Of several series with
/// one label set those that have none while another has are left empty.
pub(crate) async fn read_latest(
    rows: &StoredRows,
    series: &[(Id, &Labels)],
    window: Window,
    rows_max: usize,
) -> Result<Vec<Samples<f64>>, EngineError> {
    let ids: Vec<Id> = series.iter().map(|(id, _)| *id).collect();
    let (mut found, mut missing) = known_latest(&rows.version(), &ids, window);
    for part in newest_first(window) {
        if missing.is_empty() {
            break;
        }
        let ids: Vec<Id> = missing.iter().map(|at| series[*at].0).collect();
        for (at, samples) in missing.iter().zip(read_numbers(rows, &ids, part, rows_max).await?) {
            found[*at] = samples;
        }
        let are_there = missing.iter().filter(|at| !found[**at].is_empty());
        let there: HashSet<&Labels> = are_there.map(|at| series[*at].1).collect();
        missing.retain(|at| !there.contains(series[*at].1));
    }
    Ok(found)
}

/// The parts of a window, without gap or overlap.
fn newest_first(window: Window) -> impl Iterator<Item = Window> {
    let starts = LOOKS_BACK_MS.map(|back| window.end_ms.saturating_sub(back).saturating_add(1).max(window.start_ms));
    let mut end_ms = window.end_ms;
    starts.into_iter().chain([window.start_ms]).filter_map(move |start_ms| {
        let part = Window { start_ms, end_ms };
        end_ms = start_ms.saturating_sub(1);
        (part.start_ms <= part.end_ms).then_some(part)
    })
}

/// What memory knows: samples by position among the series, and the positions of those that it does not know of.
fn known_latest(version: &Version, ids: &[Id], window: Window) -> (Vec<Samples<f64>>, Vec<usize>) {
    let sealed = version.last_points();
    let (start, end) = window.nanos();
    let mut found = vec![Samples::default(); ids.len()];
    if !sealed.knows(start, end.saturating_sub(1)) {
        return (found, (0..ids.len()).collect());
    }
    let mut latest: Vec<Option<Latest>> = vec![None; ids.len()];
    let mut missing = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        match sealed.of(id) {
            // What was before it is in files alone.
            Some(point) if point.time_ms > window.end_ms => missing.push(at),
            Some(point) if point.time_ms >= window.start_ms => {
                let (time_ms, start_ms) = (point.time_ms, point.start_ms);
                latest[at] = Some(Latest { time_ms, start_ms, value: point.value, received: i64::MIN });
            }
            _ => {}
        }
    }
    let positions: HashMap<Id, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    if let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) {
        let in_window = |batch: &&Arc<HotBatch>| batch.time_max >= start && batch.time_min < end;
        for batch in version.hot(Table::Points).iter().filter(in_window) {
            add_unsealed(batch, &positions, first..=last, window, &mut latest);
        }
    }
    for (samples, latest) in found.iter_mut().zip(latest) {
        if let Some(latest) = latest {
            samples.times_ms.push(latest.time_ms);
            samples.start_times_ms.push(latest.start_ms);
            samples.values.push(latest.value.unwrap_or_else(stale_nan));
        }
    }
    missing.iter().for_each(|at| found[*at] = Samples::default());
    (found, missing)
}

/// The latest point of a series so far.
#[derive(Clone, Copy)]
struct Latest {
    time_ms: i64,
    start_ms: i64,
    /// `None`: the series ends here.
    value: Option<f64>,
    /// Nanoseconds; of a sealed point, which was received before any that is not, the least.
    received: i64,
}

fn add_unsealed(
    batch: &HotBatch,
    positions: &HashMap<Id, usize>,
    ids: RangeInclusive<&Id>,
    window: Window,
    latest: &mut [Option<Latest>],
) {
    let batch = &batch.batch;
    let times = |name: &str| {
        let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>());
        column.map(|column| column.values())
    };
    let series = batch.column_by_name("series_id").and_then(|column| column.as_fixed_size_binary_opt());
    let (Some(series), Some(time)) = (series, times("time")) else { return };
    let (received, numbers) = (times("received_time"), Numbers::of(batch));
    for (row, time) in time.iter().enumerate() {
        let id: &Id = series.value(row).try_into().expect("a series id has 16 bytes");
        let time_ms = milli(*time);
        if !ids.contains(&id) || time_ms < window.start_ms || time_ms > window.end_ms {
            continue;
        }
        let Some(latest) = positions.get(id).map(|at| &mut latest[*at]) else { continue };
        let received = received.map_or(0, |received| received[row]);
        if latest.is_some_and(|known| (known.time_ms, known.received) > (time_ms, received)) {
            continue;
        }
        if let Some((start_ms, value)) = numbers.number(row) {
            *latest = Some(Latest { time_ms, start_ms, value, received });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(start_ms: i64, end_ms: i64) -> Vec<(i64, i64)> {
        newest_first(Window { start_ms, end_ms }).map(|part| (part.start_ms, part.end_ms)).collect()
    }

    #[test]
    fn parts_cover_the_window_once_from_its_end() {
        assert_eq!(parts(700_001, 1_000_000), [(985_001, 1_000_000), (925_001, 985_000), (700_001, 925_000)]);
        assert_eq!(parts(980_000, 1_000_000), [(985_001, 1_000_000), (980_000, 985_000)]);
        assert_eq!(parts(990_000, 1_000_000), [(990_000, 1_000_000)]);
        assert_eq!(parts(5, 5), [(5, 5)]);
    }
}
