//! The seam between the store, which moves hours to the cold tier, and whoever decides which traces are worth it.
//!
//! Owns the words in which the two speak: what is shown of an hour, what is decided, what is remembered. The store does
//! all I/O; the other side is a function of what it was shown, so that a move after a crash decides as before.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::ids::TraceId;
use crate::otlp::DimensionLookup;
use crate::tables::Table;

/// Columns of spans and logs that a decision sets.
pub const COLUMNS: [&str; 4] = ["sampling_probability", "sampling_threshold", "sampling_stratum", "sampling_reason"];

/// Traces that somebody wants kept, whatever the budget says: those that are named, and those with a span that meets all
/// conditions that are set. Without any condition, only the named ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pin {
    pub traces: Vec<TraceId>,
    pub service: Option<String>,
    /// Start of the span, nanoseconds since the epoch.
    pub from: Option<i64>,
    /// Before this one.
    pub to: Option<i64>,
}

/// Decides at the hot end, an hour at a time.
pub trait HotEnd: Send + Sync {
    /// Takes up what [`HotEnd::moved`] gave last; never called where there is nothing yet.
    ///
    /// # Errors
    /// With what is wrong with the text. What is left is then what a first start has.
    fn restore(&self, state: &[u8]) -> Result<(), String>;

    /// Columns of spans or logs, by their physical names, that a decision needs of every row; in `links`, the ids only.
    fn columns(&self, table: Table) -> Vec<&'static str>;

    /// Begins to look at an hour, of which so much has passed: below 1 while it lasts, as files may leave early for want
    /// of space. `earlier`: what was remembered of decisions on this hour and those beside it. What does not fit in memory
    /// goes to `scratch`.
    ///
    /// # Errors
    /// With what is wrong with a memory.
    fn begin(
        &self,
        hour: i64,
        passed: f64,
        earlier: &[Remembered],
        scratch: Arc<dyn Scratch>,
    ) -> Result<Box<dyn HourInQuestion>, String>;

    /// The hour's files are committed and took so many bytes; gives the state to be kept for the next start.
    fn moved(&self, moved: MovedHour) -> Vec<u8>;
}

/// Bytes that are read by their place, wherever they lie.
pub trait Readable: Send + Sync {
    /// How many there are.
    fn byte_len(&self) -> u64;

    /// Some of them.
    ///
    /// # Errors
    /// When they cannot be read, or there are not so many.
    fn read(&self, at: u64, length: usize) -> io::Result<Vec<u8>>;
}

impl Readable for Vec<u8> {
    fn byte_len(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let from = usize::try_from(at).map_err(io::Error::other)?;
        let bytes = from.checked_add(length).and_then(|to| self.get(from..to));
        bytes.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// Bytes that are put aside for as long as an hour is looked at and its rows move, and gone with it.
pub trait Scratch: Readable {
    /// Puts bytes behind those before; gives where they begin.
    ///
    /// # Errors
    /// When they cannot be written.
    fn append(&self, bytes: &[u8]) -> io::Result<u64>;
}

/// A scratch in memory, for hours that fit.
#[derive(Debug, Default)]
pub struct ScratchInMemory(Mutex<Vec<u8>>);

impl Readable for ScratchInMemory {
    fn byte_len(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).byte_len()
    }

    fn read(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).read(at, length)
    }
}

impl Scratch for ScratchInMemory {
    fn append(&self, bytes: &[u8]) -> io::Result<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.byte_len();
        all.extend_from_slice(bytes);
        Ok(at)
    }
}

/// What was remembered of one decision.
#[derive(Clone)]
pub struct Remembered {
    /// Hours since the epoch.
    pub hour: i64,
    /// [`Decided::memory`].
    pub bytes: Arc<dyn Readable>,
}

/// Where shown rows stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// They leave now.
    OfHour,
    /// They stay hot yet; only those of traces that have rows in the hour matter. Shown after the hour's own.
    Neighbour,
}

/// An hour that is being looked at.
pub trait HourInQuestion {
    /// Shows rows of the hour with all of their columns, some from everywhere in it and before any by `show`: what they are
    /// long is what others like them are taken to be.
    ///
    /// # Errors
    /// When a batch lacks a column that its table always has.
    fn weigh(&mut self, table: Table, batch: &RecordBatch) -> Result<(), ArrowError>;

    /// Shows spans or logs, in any order, with at least [`HotEnd::columns`]; each row once. `bytes`: what the batch takes compressed in the hot tier.
    ///
    /// # Errors
    /// When a batch lacks a column that its table always has.
    fn show(
        &mut self,
        part: Part,
        table: Table,
        batch: &RecordBatch,
        bytes: f64,
        dimensions: &dyn DimensionLookup,
    ) -> Result<(), ArrowError>;

    /// After all was shown: the decision as it would be made now. Its spans and logs are to be written, so that real bytes
    /// meet the hour's part; `None` where nothing depends on them. [`HourInQuestion::proposed`] MUST follow.
    ///
    /// # Errors
    /// When the scratch fails.
    fn proposal(&mut self) -> io::Result<Option<Arc<dyn Verdicts>>>;

    /// What the rows of the last proposal took. True: it stands, and [`HourInQuestion::decide`] makes it. False: another one
    /// is to be asked for.
    ///
    /// # Errors
    /// When the scratch fails.
    fn proposed(&mut self, taken: &MovedHour) -> io::Result<bool>;

    /// Decides on every trace that was shown.
    ///
    /// # Errors
    /// When the scratch fails.
    fn decide(self: Box<Self>) -> io::Result<Decided>;
}

/// The decision on an hour.
pub struct Decided {
    /// To be durable before the first row moves; comes back as [`Remembered`]. `None` where nothing was decided that was not
    /// before.
    pub memory: Option<Arc<dyn Readable>>,
    pub verdicts: Arc<dyn Verdicts>,
}

/// Which rows stay, and what is written on them.
pub trait Verdicts: Send + Sync {
    /// The rows of kept traces and those without a trace, with [`COLUMNS`] set where a trace was decided.
    ///
    /// # Errors
    /// When a batch lacks a column that its table always has.
    fn revise(&self, table: Table, batch: &RecordBatch) -> Result<RecordBatch, ArrowError>;
}

/// What a move took, or would take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MovedHour {
    /// Hours since the epoch.
    pub hour: i64,
    /// Bytes of the cold files of spans, as written.
    pub span_bytes: u64,
    /// Bytes of the cold files of logs, all of them, and how many of their rows belong to traces.
    pub log_bytes: u64,
    pub log_rows: u64,
    pub trace_log_rows: u64,
}
