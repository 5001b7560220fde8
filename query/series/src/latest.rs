//! The latest number of each series, for instant queries: newest rows first.
//!
//! Owns how far back is looked at a time. Series that report are told by the rows of the last seconds, most of which are still in
//! memory; only for those without one there older rows are read, in files. The answer is that of reading all at once, since
//! before its latest sample nothing of a series counts.

use std::collections::HashSet;

use spanlake_engine::{EngineError, StoredRows};
use spanlake_promql::labels::Labels;
use spanlake_promql::source::Samples;

use crate::numbers::read_numbers;
use crate::reading::Window;

/// From the end of the window back: the usual intervals of ten seconds and of a minute, with some delay.
const LOOKS_BACK_MS: [i64; 2] = [15_000, 75_000];

/// Samples of these series of one metric, by position among them: its latest ones, of each label set. Of several series with
/// one label set those that have none while another has are left empty.
pub(crate) async fn read_latest(
    rows: &StoredRows,
    series: &[([u8; 16], &Labels)],
    window: Window,
    rows_max: usize,
) -> Result<Vec<Samples<f64>>, EngineError> {
    let mut found = vec![Samples::default(); series.len()];
    let mut missing: Vec<usize> = (0..series.len()).collect();
    for part in newest_first(window) {
        let ids: Vec<[u8; 16]> = missing.iter().map(|at| series[*at].0).collect();
        for (at, samples) in missing.iter().zip(read_numbers(rows, &ids, part, rows_max).await?) {
            found[*at] = samples;
        }
        let are_there = missing.iter().filter(|at| !found[**at].is_empty());
        let there: HashSet<&Labels> = are_there.map(|at| series[*at].1).collect();
        missing.retain(|at| !there.contains(series[*at].1));
        if missing.is_empty() {
            break;
        }
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
