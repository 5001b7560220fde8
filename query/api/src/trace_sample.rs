//! Whole traces that stand for all, where there are more spans than an answer can look at in time.
//!
//! Owns which traces those are: the same ones wherever their spans lie and whichever statement reads them, as their ids
//! decide. Ids of a range lie together in files, so that reading them costs no more than their share. A range is a fair
//! sample where ids begin with random bits, which not all do (those of AWS X-Ray begin with a time, 64-bit ids with
//! zeros): a look at some of the spans tells, service by service. Where it is not, ids are taken by their last byte,
//! which is random in all of these but costs a look at every id. Never counts what it is asked for.

use arrow::datatypes::Int64Type;
use spanlake_engine::PinnedEngine;
use spanlake_schemas::tables::Table;
use spanlake_store::Version;

use crate::columns::Numbers;
use crate::error::ApiError;
use crate::parameters::sql_window;
use crate::query;
use crate::state::Shared;

/// Different last bytes.
const LAST_BYTES: u64 = 256;
/// Leading bits of an id that a range is told by.
const RANGE_BITS: u32 = 16;
/// Slices of time in which ids are looked at, and about so many spans of each.
const SLICES: usize = 3;
const SLICE_SPANS: u64 = 50_000;
/// Spans of one service in one trace that are thought usual: by so many one trace more or less changes a number.
const SPANS_A_TRACE: f64 = 8.0;
/// A service's ids may be off by this many standard deviations: with a thousand services chance does so once in 3,000 answers.
const DEVIATIONS_MAX: f64 = 5.0;

/// Which traces are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TraceSample {
    /// All of them.
    #[default]
    All,
    /// One in so many, a power of two: those with the least ids.
    Range(u64),
    /// One in so many, by the last byte of their ids.
    LastByte(u64),
}

impl TraceSample {
    /// A sample that leaves at most about `spans_max` spans that start from `start` and before `end`; all traces where there are no
    /// more.
    pub(crate) async fn of(
        shared: &Shared,
        engine: &PinnedEngine,
        (start, end): (i64, i64),
        spans_max: u64,
    ) -> Result<Self, ApiError> {
        let pieces = Piece::all(engine.version(), start, end);
        let parts = parts(pieces.iter().map(|piece| piece.spans).sum(), spans_max);
        if parts == 1 {
            return Ok(Self::All);
        }
        let is_fair = are_ids_random(shared, engine, &slices(pieces)).await?;
        Ok(if is_fair { Self::Range(parts.min(1 << RANGE_BITS)) } else { Self::LastByte(parts.min(LAST_BYTES)) })
    }

    /// What holds for the ids of its traces, with an `AND` before it; empty for all.
    pub(crate) fn condition(self) -> String {
        match self {
            Self::All => String::new(),
            Self::Range(parts) => format!(" AND trace_id < '{:04x}{:028}'", (1 << RANGE_BITS) / parts, 0),
            Self::LastByte(parts) => format!(" AND last_byte(trace_id) < {}", LAST_BYTES / parts),
        }
    }

    /// How many traces each of them stands for.
    pub(crate) const fn weight(self) -> u64 {
        match self {
            Self::All => 1,
            Self::Range(parts) | Self::LastByte(parts) => parts,
        }
    }
}

/// The least power of two into which so many spans are divided.
fn parts(spans: u64, spans_max: u64) -> u64 {
    spans.max(1).div_ceil(spans_max.max(1)).next_power_of_two()
}

/// Spans that lie together, as far as they may be in the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    spans: u64,
    /// From, and before; nanoseconds.
    start: i64,
    end: i64,
}

impl Piece {
    /// Files and unsealed batches, cut at the ends of the range as if their spans were spread evenly.
    fn all(version: &Version, start: i64, end: i64) -> Vec<Self> {
        let files = version.files(Table::Spans).iter().map(|file| &file.entry);
        let files = files.map(|entry| (entry.rows, entry.time_min, entry.time_max));
        let hot = version.hot(Table::Spans).iter();
        let hot = hot.map(|batch| (batch.batch.num_rows() as u64, batch.time_min, batch.time_max));
        files.chain(hot).filter_map(|(spans, min, max)| Self::within(spans, min, max, start, end)).collect()
    }

    fn within(spans: u64, min: i64, max: i64, start: i64, end: i64) -> Option<Self> {
        let whole = max.saturating_sub(min).saturating_add(1) as f64;
        let (start, end) = (start.max(min), end.min(max.saturating_add(1)));
        let share = end.saturating_sub(start) as f64 / whole;
        (start < end).then_some(Self { spans: ((spans as f64 * share).ceil()) as u64, start, end })
    }

    /// The middle of it, if it has more spans than are looked at.
    fn middle(self) -> (i64, i64) {
        let length = self.end - self.start;
        if self.spans <= SLICE_SPANS {
            return (self.start, self.end);
        }
        let looked_at = ((length as f64 * SLICE_SPANS as f64 / self.spans as f64) as i64).max(1);
        let from = self.start + (length - looked_at) / 2;
        (from, from + looked_at)
    }
}

/// A moment after which about so many spans of the range start, by the newest piece alone; `None` where it has fewer.
pub(crate) fn start_of_newest(version: &Version, (start, end): (i64, i64), spans: u64) -> Option<i64> {
    let newest = Piece::all(version, start, end).into_iter().max_by_key(|piece| (piece.end, piece.spans))?;
    let share = spans as f64 / newest.spans as f64;
    (share < 1.0).then(|| newest.end - ((newest.end - newest.start) as f64 * share) as i64)
}

/// Slices of time of some of the pieces, spread over them.
fn slices(mut pieces: Vec<Piece>) -> Vec<(i64, i64)> {
    pieces.sort_unstable_by_key(|piece| (piece.start, piece.end, piece.spans));
    let picked = (0..SLICES).filter_map(|slice| pieces.get((2 * slice + 1) * pieces.len() / (2 * SLICES)));
    picked.map(|piece| piece.middle()).collect()
}

/// Whether half of each service's ids in these slices begin with a zero bit.
async fn are_ids_random(shared: &Shared, engine: &PinnedEngine, slices: &[(i64, i64)]) -> Result<bool, ApiError> {
    let within: Vec<String> =
        slices.iter().map(|(start, end)| format!("({})", sql_window("start_time", *start, Some(*end)))).collect();
    let sql = format!(
        "SELECT count(*) AS spans, count(*) FILTER (WHERE trace_id < '{:032x}') AS lower FROM spans WHERE {} \
         GROUP BY service_name",
        1_u128 << 127,
        within.join(" OR ")
    );
    let (batches, _) = query::rows_at(shared, engine, &sql).await?;
    Ok(batches.iter().all(|batch| {
        let [spans, lower] = ["spans", "lower"].map(|name| Numbers::<Int64Type>::of(batch, name));
        (0..batch.num_rows()).all(|row| is_half(spans.or_zero(row), lower.or_zero(row)))
    }))
}

/// Spans come by the trace, so that their number varies by what a trace has of them; of few spans nothing can be told.
fn is_half(spans: i64, lower: i64) -> bool {
    let deviation = (SPANS_A_TRACE * spans as f64 / 4.0).sqrt();
    (lower as f64 - spans as f64 / 2.0).abs() <= DEVIATIONS_MAX * deviation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_powers_of_two() {
        assert_eq!(
            [(0, 10), (10, 10), (11, 10), (41, 10), (1, 0)].map(|(spans, max)| parts(spans, max)),
            [1, 1, 2, 8, 1]
        );
    }

    #[test]
    fn a_range_is_the_share_of_all_ids() {
        assert_eq!(TraceSample::All.condition(), "");
        assert_eq!(TraceSample::Range(2).condition(), " AND trace_id < '80000000000000000000000000000000'");
        assert_eq!(TraceSample::Range(65_536).condition(), " AND trace_id < '00010000000000000000000000000000'");
        assert_eq!(TraceSample::LastByte(256).condition(), " AND last_byte(trace_id) < 1");
        assert_eq!(TraceSample::LastByte(4).weight(), 4);
    }

    #[test]
    fn ids_that_begin_alike_are_told() {
        assert!(is_half(50_000, 25_300) && is_half(1000, 400) && is_half(30, 30) && is_half(0, 0));
        assert!(!is_half(300, 300), "ids that begin with a time, or with zeros");
        assert!(!is_half(50_000, 22_000));
    }

    #[test]
    fn pieces_are_cut_at_the_ends() {
        let piece = |spans, start, end| Some(Piece { spans, start, end });
        assert_eq!(Piece::within(1000, 0, 999, -5, 5000), piece(1000, 0, 1000));
        assert_eq!(Piece::within(1000, 0, 999, 500, 600), piece(100, 500, 600));
        assert_eq!(Piece::within(1, 7, 7, 7, 8), piece(1, 7, 8));
        assert_eq!(Piece::within(1, 7, 7, 8, 9), None);
        assert_eq!(Piece::within(5, i64::MIN, i64::MAX, 0, 1).map(|piece| piece.end), Some(1));
    }

    #[test]
    fn slices_are_spread_and_no_longer_than_needed() {
        let piece = |start| Piece { spans: 2 * SLICE_SPANS, start, end: start + 100 };
        let all: Vec<Piece> = (0..6).rev().map(|one| piece(one * 1000)).collect();
        assert_eq!(slices(all), [(1025, 1075), (3025, 3075), (5025, 5075)]);
        assert_eq!(slices(vec![Piece { spans: 3, start: 5, end: 6 }]), [(5, 6); 3]);
        assert!(slices(Vec::new()).is_empty());
    }
}
