//! Asking the sampler which rows of an hour are worth keeping, before they move.
//!
//! Owns the order of it: what was decided is durable before the first row moves, so that a move after a crash keeps what
//! it kept before. Reads rows and hands them on; never decides itself.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arrow::array::{Array, RecordBatch};
use arrow::error::ArrowError;
use spanlake_schemas::sampling::{COLUMNS, Decided, HotEnd, HourInQuestion, MovedHour, Part, Verdicts};
use spanlake_schemas::tables::Table;

use super::decisions::{self, Neighbourhood};
use super::pick::Move;
use super::place::{Place, PlaceError};
use super::scratch::ScratchFile;
use super::write::{Names, Unsent, WriteError};
use crate::compact::{Revision, open_columns, open_runs};
use crate::read::ReadHalf;
use crate::seal::SealError;
use crate::seal::order::{NANOS_PER_HOUR, times};
use crate::version::{DataFile, FileEntry, Version};

/// Tables whose rows a decision is made from, and on.
pub const DECIDED: [Table; 2] = [Table::Spans, Table::Logs];
const STATE: &str = "sampling.json";
/// From this part of an hour's rows it is learnt how long rows are.
const WEIGHED_SHARE: f64 = 1.0 / 64.0;
/// A trace that goes on beyond its hour is looked at as a whole up to here: what comes later has its say no more.
const LOOKS_AHEAD: i64 = 600 * 1_000_000_000;

/// The sampler and the memory of its decisions.
pub struct Judge {
    hot_end: Arc<dyn HotEnd>,
    dir: Place,
}

/// Rows as a decision leaves them, counted on their way.
pub struct Sampled {
    verdicts: Arc<dyn Verdicts>,
    log_rows: AtomicU64,
    trace_log_rows: AtomicU64,
}

impl Judge {
    /// With what earlier moves left below `dir`. A damaged state is said and begun anew: it holds what was learnt of
    /// sizes, not which traces were kept.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(dir: &Path, hot_end: Arc<dyn HotEnd>) -> Result<Self, PlaceError> {
        let dir = Place::folder(dir.to_path_buf());
        if let Some(state) = dir.read(STATE)?
            && let Err(error) = hot_end.restore(&state)
        {
            tracing::warn!(error, "the sampler's state is damaged; budget and costs are learnt anew");
        }
        Ok(Self { hot_end, dir })
    }

    /// Decides on an hour that is about to move; the decision is durable when this returns. The files of its spans and
    /// logs come with it where they had to be written to see what they take.
    ///
    /// # Errors
    /// When rows or what is remembered cannot be read, or the decision or its files cannot be written.
    pub fn decide(
        &self,
        data_dir: &Path,
        read: &ReadHalf,
        job: &Move,
        names: &mut Names,
        stops: impl Fn() -> bool,
    ) -> Result<(Arc<Sampled>, Option<Unsent>), WriteError> {
        let Neighbourhood { decisions: earlier, next } = decisions::around(&self.dir, job.hour)?;
        let damaged = |reason: String| WriteError::Sampler { reason };
        let mut hour =
            self.hot_end.begin(job.hour, passed(job.hour), &earlier, ScratchFile::below(data_dir)).map_err(damaged)?;
        let mut viewer = Viewer::of(&mut *hour, read, &*self.hot_end, &stops);
        let of_traces = || job.files.iter().filter(|(table, _)| DECIDED.contains(table));
        for (table, file) in of_traces() {
            viewer.weigh_file(*table, file)?;
        }
        for (table, file) in of_traces() {
            viewer.show_file(Part::OfHour, *table, file, i64::MAX)?;
        }
        let is_leaving = |file: &DataFile| job.files.iter().any(|(_, leaving)| leaving.entry.path == file.entry.path);
        viewer.show_neighbours(&read.pin(), job.hour, is_leaving)?;
        let mut written = None;
        while written.is_none()
            && let Some(verdicts) = hour.proposal().map_err(no_scratch)?
        {
            let proposal = Arc::new(Sampled::by(verdicts));
            let revision = Arc::clone(&proposal) as Arc<dyn Revision>;
            let files = Unsent::write(data_dir, job, &DECIDED, names, &revision, &stops)?;
            if hour.proposed(&proposal.taken(job.hour, files.entries())).map_err(no_scratch)? {
                written = Some((proposal, files));
            }
        }
        let Decided { memory, verdicts } = hour.decide().map_err(no_scratch)?;
        if let Some(memory) = memory {
            decisions::put(&self.dir, job.hour, next, &*memory)?;
        }
        let (proposal, files) = written.unzip();
        let sampled = Sampled::by(verdicts);
        if let Some(proposal) = proposal {
            sampled.count(&proposal);
        }
        Ok((Arc::new(sampled), files))
    }

    /// The hour's files are committed: the sampler learns what they took. A failure costs what would be learnt.
    pub fn moved(&self, hour: i64, sampled: &Sampled, adds: &[FileEntry]) {
        let state = self.hot_end.moved(sampled.taken(hour, adds));
        if let Err(error) = self.dir.replace(STATE, &state).and_then(|()| decisions::forget_old(&self.dir)) {
            tracing::warn!(error = &error as &dyn std::error::Error, "the sampler's state could not be kept");
        }
    }
}

/// Shows every hour of the hot tier's files to somebody who only wants to know what would become of it: nothing is
/// remembered and nothing moves. Rows that are in no file yet are not shown.
///
/// # Errors
/// When rows cannot be read, or `stops` said so.
pub fn show_hot_hours(
    data_dir: &Path,
    read: &ReadHalf,
    hot_end: &dyn HotEnd,
    stops: &dyn Fn() -> bool,
) -> Result<(), WriteError> {
    let version = read.pin();
    let hot = |table: Table| version.files(table).iter().filter(|file| !file.is_cold()).map(move |file| (table, file));
    let hours: BTreeSet<i64> = DECIDED.into_iter().flat_map(hot).map(|(_, file)| file.entry.first_hour()).collect();
    for hour in hours {
        let of_hour = |file: &DataFile| file.entry.first_hour() == hour;
        let mut shown = hot_end
            .begin(hour, passed(hour), &[], ScratchFile::below(data_dir))
            .map_err(|reason| WriteError::Sampler { reason })?;
        let mut viewer = Viewer::of(&mut *shown, read, hot_end, stops);
        let files = || DECIDED.into_iter().flat_map(hot).filter(|(_, file)| of_hour(file));
        for (table, file) in files() {
            viewer.weigh_file(table, file)?;
        }
        for (table, file) in files() {
            viewer.show_file(Part::OfHour, table, file, i64::MAX)?;
        }
        viewer.show_neighbours(&version, hour, of_hour)?;
        let _ = shown.decide().map_err(no_scratch)?;
        let moved = MovedHour { hour, span_bytes: 0, log_bytes: 0, log_rows: 0, trace_log_rows: 0 };
        let _ = hot_end.moved(moved);
    }
    Ok(())
}

fn no_scratch(error: std::io::Error) -> WriteError {
    WriteError::Sampler { reason: format!("summaries of its traces cannot be put aside: {error}") }
}

/// How much of an hour has passed, from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds of an hour")]
fn passed(hour: i64) -> f64 {
    let since = crate::now_nanos().saturating_sub(hour.saturating_mul(NANOS_PER_HOUR));
    since.clamp(0, NANOS_PER_HOUR) as f64 / NANOS_PER_HOUR as f64
}

/// Shows rows to an hour in question.
struct Viewer<'a> {
    hour: &'a mut dyn HourInQuestion,
    read: &'a ReadHalf,
    stops: &'a dyn Fn() -> bool,
    /// What is read of every row, by table.
    columns: [Vec<&'static str>; DECIDED.len()],
}

impl<'a> Viewer<'a> {
    fn of(
        hour: &'a mut dyn HourInQuestion,
        read: &'a ReadHalf,
        hot_end: &dyn HotEnd,
        stops: &'a dyn Fn() -> bool,
    ) -> Self {
        Self { hour, read, stops, columns: DECIDED.map(|table| hot_end.columns(table)) }
    }

    /// Some rows of a file, whole.
    fn weigh_file(&mut self, table: Table, file: &DataFile) -> Result<(), WriteError> {
        for batch in open_runs(table, file, WEIGHED_SHARE)? {
            let batch = batch.map_err(|source| SealError::Arrow { table: table.name(), source })?;
            self.hour.weigh(table, &batch).map_err(|source| SealError::Arrow { table: table.name(), source })?;
        }
        Ok(())
    }

    /// Rows of a file up to about that time.
    fn show_file(&mut self, part: Part, table: Table, file: &DataFile, until: i64) -> Result<(), WriteError> {
        let place = DECIDED.iter().position(|of| *of == table).unwrap_or(0);
        let rows = open_columns(table, file, &self.columns[place])?;
        let bytes_a_row = ratio(file.entry.bytes, file.entry.rows);
        for batch in rows {
            if (self.stops)() {
                return Err(WriteError::Stopping);
            }
            let batch = batch.map_err(|source| SealError::Arrow { table: table.name(), source })?;
            // Rows lie in order of time buckets.
            if first_time(table, &batch)? > until {
                return Ok(());
            }
            self.show(part, table, &batch, bytes_a_row)?;
        }
        Ok(())
    }

    /// Rows that stay hot of traces that go on beyond the hour, or that came late.
    fn show_neighbours(
        &mut self,
        version: &Version,
        hour: i64,
        is_leaving: impl Fn(&DataFile) -> bool,
    ) -> Result<(), WriteError> {
        let until = (hour + 1).saturating_mul(NANOS_PER_HOUR).saturating_add(LOOKS_AHEAD);
        let since = hour.saturating_mul(NANOS_PER_HOUR);
        for table in DECIDED {
            let near = |first: i64, last: i64| first <= until && last >= since;
            let files = version.files(table).iter().filter(|file| !file.is_cold() && !is_leaving(file));
            for file in files.filter(|file| near(file.entry.time_min, file.entry.time_max)) {
                self.show_file(Part::Neighbour, table, file, until)?;
            }
            for hot in version.hot(table).iter().filter(|hot| near(hot.time_min, hot.time_max)) {
                self.show(Part::Neighbour, table, &hot.batch, 0.0)?;
            }
        }
        Ok(())
    }

    fn show(&mut self, part: Part, table: Table, batch: &RecordBatch, bytes_a_row: f64) -> Result<(), WriteError> {
        let bytes = bytes_a_row * rows_of(batch);
        let shown = self.hour.show(part, table, batch, bytes, self.read.catalog().as_ref());
        shown.map_err(|source| SealError::Arrow { table: table.name(), source }.into())
    }
}

fn first_time(table: Table, batch: &RecordBatch) -> Result<i64, SealError> {
    let times = times(batch, table.time_column());
    let times = times.map_err(|source| SealError::Arrow { table: table.name(), source })?;
    Ok(times.iter().copied().min().unwrap_or(i64::MIN))
}

#[expect(clippy::cast_precision_loss, reason = "bytes and rows of a file, below 2^53")]
fn ratio(bytes: u64, rows: u64) -> f64 {
    bytes as f64 / rows.max(1) as f64
}

#[expect(clippy::cast_precision_loss, reason = "rows of a batch")]
fn rows_of(batch: &RecordBatch) -> f64 {
    batch.num_rows() as f64
}

impl Sampled {
    const fn by(verdicts: Arc<dyn Verdicts>) -> Self {
        Self { verdicts, log_rows: AtomicU64::new(0), trace_log_rows: AtomicU64::new(0) }
    }

    /// Takes over what another one counted.
    fn count(&self, other: &Self) {
        self.log_rows.fetch_add(other.log_rows.load(Relaxed), Relaxed);
        self.trace_log_rows.fetch_add(other.trace_log_rows.load(Relaxed), Relaxed);
    }

    /// What files of its rows took.
    fn taken(&self, hour: i64, files: &[FileEntry]) -> MovedHour {
        let bytes_of =
            |table: Table| files.iter().filter(|file| file.table == table.name()).map(|file| file.bytes).sum();
        MovedHour {
            hour,
            span_bytes: bytes_of(Table::Spans),
            log_bytes: bytes_of(Table::Logs),
            log_rows: self.log_rows.load(Relaxed),
            trace_log_rows: self.trace_log_rows.load(Relaxed),
        }
    }
}

impl Revision for Sampled {
    fn sets(&self, table: Table) -> &[&'static str] {
        if DECIDED.contains(&table) { &COLUMNS } else { &[] }
    }

    fn revise(&self, table: Table, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let kept = self.verdicts.revise(table, batch)?;
        if table == Table::Logs {
            let traces = kept.column_by_name("trace_id").map_or(0, |ids| ids.len() - ids.null_count());
            self.log_rows.fetch_add(kept.num_rows() as u64, Relaxed);
            self.trace_log_rows.fetch_add(traces as u64, Relaxed);
        }
        Ok(kept)
    }
}
