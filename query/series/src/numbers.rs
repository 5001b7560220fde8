//! Number points of a metric's series, read straight into samples.
//!
//! Owns the way that nearly all queries take: what files and unsealed rows have of a series comes in runs, which mostly follow one
//! another and are copied. Of points of one series and millisecond the last received counts: where there are such, the series is
//! read again through [`crate::reading`], whose rule that is, with the times at which points were received.

use std::ops::Range;
use std::sync::Arc;

use futures::StreamExt;
use spanlake_engine::{EngineError, StoredRows};
use spanlake_promql::eval::parallel;
use spanlake_promql::source::Samples;
use spanlake_schemas::tables::Table;
use spanlake_store::{PointBlock, PointRun, points_of_batch};

use crate::expand::numbers_of;
use crate::reading::{Window, read};

type Id = [u8; 16];

/// Some points of a series.
#[derive(Debug)]
struct Piece {
    block: Arc<PointBlock>,
    run: usize,
    rows: Range<usize>,
}

impl Piece {
    fn run(&self) -> PointRun<'_> {
        self.block.run(self.run)
    }

    fn first_ms(&self) -> i64 {
        self.run().time_ms(self.rows.start)
    }

    fn last_ms(&self) -> i64 {
        self.run().time_ms(self.rows.end - 1)
    }
}

/// Reads the points of these series of one metric; by position among them. Stops where there are more than `rows_max`.
pub(crate) async fn read_numbers(
    rows: &StoredRows,
    ids: &[Id],
    window: Window,
    rows_max: usize,
) -> Result<Vec<Samples<f64>>, EngineError> {
    let pieces = gather(rows, ids, window, rows_max).await?;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let joined: Vec<Option<Samples<f64>>> =
        parallel::map(threads, pieces, |pieces| Ok::<_, EngineError>(joined(pieces)))?;
    let twice: Vec<usize> = (0..joined.len()).filter(|at| joined[*at].is_none()).collect();
    let mut found: Vec<Samples<f64>> = joined.into_iter().map(Option::unwrap_or_default).collect();
    if !twice.is_empty() {
        let of_twice: Vec<Id> = twice.iter().map(|at| ids[*at]).collect();
        let points = read(rows, Table::Points, &of_twice, window, rows_max).await?;
        for (at, places) in twice.iter().zip(&points.places) {
            found[*at] = numbers_of(&points, places);
        }
    }
    Ok(found)
}

/// What files and unsealed rows have of each series, in any order.
async fn gather(
    rows: &StoredRows,
    ids: &[Id],
    window: Window,
    rows_max: usize,
) -> Result<Vec<Vec<Piece>>, EngineError> {
    let mut gathered = Gathered::of(ids, window);
    let (Some((first, _)), Some((last, _))) = (gathered.sorted.first(), gathered.sorted.last()) else {
        return Ok(gathered.pieces);
    };
    let (first, last) = (*first, *last);
    let (start, end) = window.nanos();
    let mut blocks = std::pin::pin!(rows.point_blocks((&first, &last), start, end).await?);
    while let Some(of_file) = blocks.next().await {
        of_file?.iter().for_each(|block| gathered.add(block));
        if gathered.rows > rows_max {
            return Ok(gathered.pieces);
        }
    }
    for batch in rows.version().hot(Table::Points) {
        if batch.time_max < start || batch.time_min >= end {
            continue;
        }
        let is_wanted = |id: &Id| *id >= first && *id <= last && gathered.has(id);
        let block = points_of_batch(&batch.batch, is_wanted, (start, end));
        let failed =
            |error: &dyn std::fmt::Display| EngineError::Failed { message: format!("unsealed points: {error}") };
        gathered.add(&Arc::new(block.map_err(|error| failed(&error))?));
        if gathered.rows > rows_max {
            break;
        }
    }
    Ok(gathered.pieces)
}

struct Gathered {
    /// With their positions, ascending.
    sorted: Vec<(Id, usize)>,
    window: Window,
    /// By position.
    pieces: Vec<Vec<Piece>>,
    rows: usize,
}

impl Gathered {
    fn of(ids: &[Id], window: Window) -> Self {
        let mut sorted: Vec<(Id, usize)> = ids.iter().copied().zip(0..).collect();
        sorted.sort_unstable();
        Self { sorted, window, pieces: ids.iter().map(|_| Vec::new()).collect(), rows: 0 }
    }

    fn has(&self, id: &Id) -> bool {
        self.sorted.binary_search_by(|(other, _)| other.cmp(id)).is_ok()
    }

    /// Adds what a block has of the series in the window.
    fn add(&mut self, block: &Arc<PointBlock>) {
        let Some((first, _)) = self.sorted.first() else { return };
        let mut wanted = self.sorted.as_slice();
        for at in block.first_from(first)..block.len() {
            let run = block.run(at);
            // Both ascend.
            let before = wanted.iter().take_while(|(id, _)| id < run.series_id()).count();
            wanted = &wanted[before..];
            let Some((id, position)) = wanted.first() else { break };
            let rows = run.within(self.window.start_ms, self.window.end_ms);
            if id == run.series_id() && !rows.is_empty() {
                self.rows += rows.len();
                self.pieces[*position].push(Piece { block: Arc::clone(block), run: at, rows });
            }
        }
    }
}

/// The samples of one series, ascending in time; `None` where it may have two at one.
fn joined(mut pieces: Vec<Piece>) -> Option<Samples<f64>> {
    if pieces.iter().any(|piece| !piece.run().is_ascending()) {
        return None;
    }
    pieces.sort_unstable_by_key(Piece::first_ms);
    let count = pieces.iter().map(|piece| piece.rows.len()).sum();
    let mut samples = Samples {
        times_ms: Vec::with_capacity(count),
        values: Vec::with_capacity(count),
        start_times_ms: Vec::with_capacity(count),
        stands_for: Vec::new(),
    };
    for piece in &pieces {
        let run = piece.run();
        run.copy_times(piece.rows.clone(), &mut samples.times_ms);
        run.copy_values(piece.rows.clone(), &mut samples.values);
        run.copy_starts(piece.rows.clone(), &mut samples.start_times_ms);
    }
    if pieces.windows(2).all(|two| two[0].last_ms() < two[1].first_ms()) { Some(samples) } else { in_order(&samples) }
}

/// The same ascending in time; `None` where two are at one.
fn in_order(samples: &Samples<f64>) -> Option<Samples<f64>> {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    // Runs that ascend, which are merged.
    order.sort_by_key(|at| samples.times_ms[*at]);
    let is_twice = |two: &[usize]| samples.times_ms[two[0]] == samples.times_ms[two[1]];
    if order.windows(2).any(is_twice) {
        return None;
    }
    Some(Samples {
        times_ms: order.iter().map(|at| samples.times_ms[*at]).collect(),
        values: order.iter().map(|at| samples.values[*at]).collect(),
        start_times_ms: order.iter().map(|at| samples.start_times_ms[*at]).collect(),
        stands_for: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
