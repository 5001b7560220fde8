//! `target_info`: a gauge of 1 with the attributes of a resource, as the specification's "Resource Attributes" has it.
//!
//! Owns at which times there is a sample. It is not stored: a resource is there when any of its series has a point. Not all
//! points are read for that. Prometheus's OTLP receiver writes a sample each half of the lookback, so samples here may be as
//! far apart: series are read metric by metric, first those that tell of the most resources, until of every resource no two
//! samples are further apart, or nothing is left to read. Whether there is one in a lookback of five minutes is therefore exact.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{TimestampNanosecondType, UInt32Type};
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use spanlake_engine::StoredRows;
use spanlake_promql::source::{Samples, SourceError};
use spanlake_schemas::tables::Table;
use spanlake_store::milli;

use crate::index::{OfResources, SeriesIndex};
use crate::labels::ResourceLabels;
use crate::reading::Window;

/// Its name.
pub(crate) const TARGET_INFO: &str = "target_info";

/// Half of the lookback: of more than that without a sample, all series have to say that there is none.
const GAP_MS: i64 = 150_000;
/// So many metrics are read one by one; what is not known then is read of all others at once.
const READ_ALONE: usize = 4;

/// Samples of the `target_info` of these resources; by position among them.
///
/// # Errors
/// When points cannot be read, or more than `rows_max` would have to be.
pub(crate) async fn read_target_info(
    rows: &StoredRows,
    index: &SeriesIndex,
    resources: &[&Arc<ResourceLabels>],
    window: Window,
    rows_max: usize,
) -> Result<Vec<Samples<f64>>, SourceError> {
    let positions = resources.iter().enumerate().map(|(at, resource)| (Arc::as_ptr(resource), at)).collect();
    let mut seen = Seen { window, rows_left: rows_max, times: vec![Vec::new(); resources.len()] };
    for part in in_turn(index.of_resources(&positions)) {
        let open: Vec<bool> = seen.times.iter().map(|times| !is_known(times, window)).collect();
        let asked: HashMap<[u8; 16], usize> = part.series.into_iter().filter(|(_, at)| open[*at]).collect();
        if !asked.is_empty() {
            seen.read(rows, part.table, &asked).await?;
        }
    }
    Ok(seen.times.into_iter().map(as_samples).collect())
}

fn as_samples(times_ms: Vec<i64>) -> Samples<f64> {
    let count = times_ms.len();
    Samples { times_ms, values: vec![1.0; count], start_times_ms: vec![0; count], ..Samples::default() }
}

/// In which order series are read: metrics that tell of many resources with few series first, then what is left, by table.
fn in_turn(mut metrics: Vec<OfResources>) -> Vec<OfResources> {
    let worth = |metric: &OfResources| {
        let mut resources: Vec<usize> = metric.series.iter().map(|(_, at)| *at).collect();
        resources.sort_unstable();
        resources.dedup();
        resources.len() * resources.len() / metric.series.len()
    };
    metrics.sort_by_cached_key(|metric| std::cmp::Reverse(worth(metric)));
    let rest = metrics.split_off(metrics.len().min(READ_ALONE));
    let alone = metrics.len();
    for OfResources { table, series } in rest {
        match metrics[alone..].iter_mut().find(|known| known.table == table) {
            Some(known) => known.series.extend(series),
            None => metrics.push(OfResources { table, series }),
        }
    }
    metrics
}

/// Whether nowhere in the window more than a gap is without a sample.
fn is_known(times_ms: &[i64], window: Window) -> bool {
    let ends = times_ms.iter().copied().chain([window.end_ms]);
    let starts = [window.start_ms].into_iter().chain(times_ms.iter().copied());
    starts.zip(ends).all(|(start, end)| end.saturating_sub(start) <= GAP_MS)
}

/// What is known by now.
struct Seen {
    window: Window,
    rows_left: usize,
    /// Of each resource, ascending, no time twice.
    times: Vec<Vec<i64>>,
}

impl Seen {
    async fn read(
        &mut self,
        rows: &StoredRows,
        table: Table,
        asked: &HashMap<[u8; 16], usize>,
    ) -> Result<(), SourceError> {
        let failed = |error: spanlake_engine::EngineError| SourceError(error.to_string());
        let (Some(first), Some(last)) = (asked.keys().min(), asked.keys().max()) else { return Ok(()) };
        let (start, end) = self.window.nanos();
        let mut answer = rows.series_times(table, (first, last), start, end).await.map_err(failed)?;
        while let Some(batch) = answer.batches.next().await {
            let count = self.add(&batch.map_err(failed)?, asked);
            self.rows_left = self.rows_left.checked_sub(count).ok_or_else(too_much)?;
        }
        for at in asked.values() {
            // Sorted once: of what is sorted already nothing is moved.
            self.times[*at].sort_unstable();
            self.times[*at].dedup();
        }
        Ok(())
    }

    /// Adds the times of a batch's points; gives how many there were.
    fn add(&mut self, batch: &RecordBatch, asked: &HashMap<[u8; 16], usize>) -> usize {
        let series = batch.column_by_name("series_id").and_then(|column| column.as_fixed_size_binary_opt());
        let time = batch.column_by_name("time").and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>());
        let flags = batch.column_by_name("flags").and_then(|column| column.as_primitive_opt::<UInt32Type>());
        let (Some(series), Some(time), Some(flags)) = (series, time, flags) else { return 0 };
        let mut count = 0;
        for row in 0..batch.num_rows() {
            let id: &[u8; 16] = series.value(row).try_into().expect("a series id has 16 bytes");
            // The flag for no recorded value says that a series ends.
            if let Some(at) = asked.get(id).filter(|_| flags.value(row) & 1 == 0) {
                self.times[*at].push(milli(time.value(row)));
                count += 1;
            }
        }
        count
    }
}

fn too_much() -> SourceError {
    let message = "target_info: too many points would have to be read to see when each resource was there; \
                   name fewer resources (job, instance) or ask for a shorter time";
    SourceError(message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(table: Table, resources: &[usize]) -> OfResources {
        OfResources { table, series: resources.iter().map(|at| ([*at as u8; 16], *at)).collect() }
    }

    #[test]
    fn metrics_that_tell_of_many_resources_with_few_series_come_first_and_the_last_ones_together() {
        let few = metric(Table::Points, &[0, 1]);
        let many = metric(Table::Histograms, &[0, 1, 2, 3]);
        let wide = metric(Table::Points, &[0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3]);
        let single = || metric(Table::Points, &[3]);
        let of_other = metric(Table::Summaries, &[2]);
        let sizes: Vec<(Table, usize)> = in_turn(vec![single(), few, wide, many, single(), single(), of_other])
            .iter()
            .map(|part| (part.table, part.series.len()))
            .collect();
        let expected = [
            (Table::Histograms, 4),
            (Table::Points, 2),
            (Table::Points, 1),
            (Table::Points, 16),
            (Table::Points, 2),
            (Table::Summaries, 1),
        ];
        assert_eq!(sizes, expected);
    }

    #[test]
    fn a_gap_is_looked_into() {
        let window = Window { start_ms: 0, end_ms: 600_000 };
        assert!(!is_known(&[], window));
        assert!(is_known(&[], Window { start_ms: 0, end_ms: GAP_MS }));
        assert!(is_known(&[150_000, 300_000, 450_000], window));
        assert!(!is_known(&[151_000, 300_000, 450_000], window), "nothing at the beginning");
        assert!(!is_known(&[150_000, 301_000, 450_000], window), "nothing between");
        assert!(!is_known(&[150_000, 300_000, 449_000], window), "nothing at the end");
    }
}
