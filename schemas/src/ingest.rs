//! The seam between the doors (receiver, sources) and the store: what a request is once it is decoded,
//! and what the store answers.
//!
//! Owns types and one trait. The store implements the trait, the assembly hands it to the doors; neither
//! knows the other.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, AsArray, TimestampNanosecondArray};
use arrow::datatypes::TimestampNanosecondType;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;

use crate::door::DoorThresholds;
use crate::tables::Table;

/// The time of a receipt, in nanoseconds, in whole microseconds: what is finer says nothing, and as a column of its own in cold
/// files it took as many bytes as the rest of the time.
#[must_use]
pub const fn receipt(now_nanos: i64) -> i64 {
    now_nanos / 1_000 * 1_000
}

/// The three OTLP signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Signal {
    Traces = 1,
    Metrics = 2,
    Logs = 3,
}

impl Signal {
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// `traces`, `metrics` or `logs`, as in OTLP's paths.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// What one item is called in answers and metrics.
    #[must_use]
    pub const fn items(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "data points",
            Self::Logs => "log records",
        }
    }
}

/// How a request's body is written once it is inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Encoding {
    Protobuf = 1,
    Json = 2,
}

/// How the bytes of [`Request::body`] are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Compression {
    None = 0,
    Gzip = 1,
    Zstd = 2,
}

/// The hour under which a row is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Filing {
    /// Its own where that is near its receipt, else that of its receipt: clocks of clients are wrong.
    #[default]
    Receipt = 0,
    /// Its own, whatever that is: an import. Its time of receipt is its own time too, as if it had come then.
    OwnTime = 1,
}

/// What the decoder may take before it refuses or shortens, and how it files rows. Logged with each request, so that a
/// replay accepts, refuses and files just as was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Attributes kept per item; what is over is dropped and counted in `dropped_attributes_count`.
    pub attributes_per_item_max: u32,
    /// Nesting of arrays and key-value lists in one value; an item with deeper ones is rejected.
    pub value_depth_max: u32,
    /// Size of the body once inflated, in bytes.
    pub inflated_bytes_max: u64,
    pub filing: Filing,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            attributes_per_item_max: 4096,
            value_depth_max: 32,
            inflated_bytes_max: 64 << 20,
            filing: Filing::Receipt,
        }
    }
}

/// Rows of one request, by table; at most one batch a table, never an empty one.
#[derive(Clone, Debug, Default)]
pub struct Batches {
    pub tables: Vec<(Table, RecordBatch)>,
}

impl Batches {
    /// Bytes of all buffers.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.tables.iter().map(|(_, batch)| batch.get_array_memory_size()).sum()
    }

    /// Makes the time of receipt of every row its own time, where it has one.
    ///
    /// # Errors
    /// Where a batch is none of its table.
    pub(crate) fn received_when_they_happened(&mut self) -> Result<(), ArrowError> {
        for (table, batch) in self.tables.iter_mut().filter(|(table, _)| !table.is_dimension()) {
            let Ok(receipt) = batch.schema_ref().index_of("received_time") else { continue };
            let times = batch.column(batch.schema_ref().index_of(table.time_column())?);
            let times = times.as_primitive::<TimestampNanosecondType>().values();
            let received = batch.column(receipt).as_primitive::<TimestampNanosecondType>();
            let own =
                times.iter().zip(received.values()).map(|(time, received)| if *time > 0 { *time } else { *received });
            let own = TimestampNanosecondArray::from_iter_values(own).with_data_type(received.data_type().clone());
            let mut columns = batch.columns().to_vec();
            columns[receipt] = Arc::new(own);
            *batch = RecordBatch::try_new(batch.schema(), columns)?;
        }
        Ok(())
    }

    /// The batch of a table.
    #[must_use]
    pub fn get(&self, table: Table) -> Option<&RecordBatch> {
        self.tables.iter().find(|(of, _)| *of == table).map(|(_, batch)| batch)
    }
}

/// What came of decoding one request.
#[derive(Clone, Debug, Default)]
pub struct Decoded {
    pub batches: Batches,
    /// Spans, log records or data points taken.
    pub accepted: u64,
    /// Items refused, for `rejected_*` of the partial success.
    pub rejected: u64,
    /// English, for the partial success: why items were rejected, or (with none rejected) what was changed.
    pub message: Option<String>,
    /// Fields that this version does not know, skipped as OTLP asks, and counted.
    pub unknown_fields: u64,
    /// Points that went to the overflow series of their metric, and their own series, sorted. MUST be logged with the request.
    pub overflowed_points: u64,
    pub overflowed_series: Vec<[u8; 16]>,
}

/// The attribute of overflow series, a boolean that is true, as the OpenTelemetry specification names it ("Metrics SDK",
/// "Overflow attribute").
pub const OVERFLOW_KEY: &str = "otel.metric.overflow";

/// Series that a request has described so far: those that are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewSeries {
    /// Of the metric's name.
    pub of_metric: u32,
    pub all: u32,
}

/// A label of a series that is not known, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewLabel {
    /// Hash of the attribute's key.
    pub key: u64,
    /// Hash of key and value.
    pub value: u64,
}

/// Series that are stored already, so that the decoder need not describe them again, and whether there may be more.
pub trait KnownSeries: Sync {
    /// `true` MUST only be said of a series whose row is durable and visible.
    fn is_known(&self, series_id: &[u8; 16]) -> bool;

    /// Whether points of a series that is not known go to the overflow series of its metric, resource and scope, because there
    /// are too many series, or too many values of one of its labels. The first four bytes of an id are those of its metric's
    /// name.
    ///
    /// What it says depends on the moment: [`Decoded::overflowed_series`] keeps it, and at the log's replay the same MUST
    /// be said of the same series.
    fn overflows(&self, _series_id: &[u8; 16], _new: NewSeries, _labels: &mut dyn Iterator<Item = NewLabel>) -> bool {
        false
    }
}

/// Nothing is known: every series is described.
pub struct NoKnownSeries;

impl KnownSeries for NoKnownSeries {
    fn is_known(&self, _series_id: &[u8; 16]) -> bool {
        false
    }
}

/// One request, received whole and decoded.
#[derive(Debug)]
pub struct Request {
    pub signal: Signal,
    pub encoding: Encoding,
    pub compression: Compression,
    /// The body as it came from the wire, still compressed where it was. This is what the log keeps.
    pub body: Bytes,
    /// Nanoseconds since the epoch, taken once, when the body had arrived.
    pub received_at: i64,
    pub limits: DecodeLimits,
    /// What held back a part of its rows, which are not in `decoded` any more.
    pub door: DoorThresholds,
    pub decoded: Decoded,
}

/// Why the store takes nothing now. Every one of these is worth a retry: 503 or UNAVAILABLE.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the server holds as much unsealed data as it may ({held} of {cap} bytes); retry")]
    Memory { held: u64, cap: u64 },
    #[error("the disk is full; ingest resumes when there is space")]
    DiskFull,
    #[error("the server is shutting down")]
    ShuttingDown,
    #[error("the write-ahead log could not be written: {reason}")]
    Log { reason: String },
    #[error("series of this request were forgotten while it was read; retry")]
    Forgotten,
}

impl Refusal {
    /// When to try again.
    #[must_use]
    pub const fn retry_after(&self) -> Duration {
        match self {
            Self::Memory { .. } | Self::ShuttingDown | Self::Forgotten => Duration::from_secs(1),
            Self::DiskFull | Self::Log { .. } => Duration::from_secs(5),
        }
    }

    /// A short word for the metric that counts refusals by reason.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Memory { .. } => "memory",
            Self::DiskFull => "disk_full",
            Self::ShuttingDown => "shutting_down",
            Self::Log { .. } => "log",
            Self::Forgotten => "forgotten",
        }
    }
}

/// Bytes set aside for one request; given back when dropped.
pub trait Permit: Send + Sync {}

/// Nothing is set aside.
impl Permit for () {}

/// Until there is room for a request's rows, or is none.
pub type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Permit>, Refusal>> + Send + 'a>>;

/// What the doors need of the store.
pub trait Ingest: Send + Sync + 'static {
    /// Asked before a body is read, with the bytes it may take (inflated, as far as is known).
    /// `Err` MUST be answered without reading the body.
    fn admit(&self, bytes: u64) -> Result<Box<dyn Permit>, Refusal>;

    /// Asked before a body of so many inflated bytes is decoded: waits a moment until its rows have room beside those that are
    /// not sealed yet. What it gives is held until the request is stored.
    fn room(&self, _bytes: u64) -> Waiting<'_> {
        Box::pin(async { Ok(Box::new(()) as Box<dyn Permit>) })
    }

    /// Series that need no description.
    fn known_series(&self) -> &dyn KnownSeries;

    /// Resolves once the request is durable and visible to queries; only then may it be acknowledged.
    /// A byte-equal request within ten minutes resolves `Ok` and is not stored twice.
    fn store(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send + '_>>;
}
