//! The write half: the doors' [`Ingest`], and the handle by which the assembly seals and stops the store.
//!
//! Owns admission and the hand-over to the keeper. Never writes itself.

use std::collections::HashSet;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use spanlake_schemas::ingest::{Ingest, KnownSeries, Permit, Refusal, Request, Signal, Waiting};
use spanlake_schemas::sampling::HotEnd;
use tokio::sync::oneshot;
use xxhash_rust::xxh3::Xxh3;

use crate::cold::pick::due;
use crate::cold::place::Place;
use crate::cold::sampling::show_hot_hours;
use crate::cold::status::{ColdStatus, SharedStatus};
use crate::cold::write::WriteError;
use crate::config::StoreConfig;
use crate::forget::{self, ForgetError, ForgetPreview, ForgetReport, ForgetRequest, Forgetting};
use crate::keeper::{Append, Command};
use crate::log::frame::RecordHeader;
use crate::log::payload;
use crate::memory::{MemoryAccount, Room};
use crate::metrics::StoreMetrics;
use crate::read::ReadHalf;
use crate::reserve::Reserve;
use crate::series_guard::{SeriesGuard, SeriesLimits};

/// How long a request waits for room before it is refused: several seals, and less than a client's patience.
const ROOM_PATIENCE: Duration = Duration::from_secs(5);

/// Hot files that one thread works on: no other may replace them meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Claims(HashSet<String>);

impl Claims {
    pub(crate) fn holds(&self, path: &str) -> bool {
        self.0.contains(path)
    }

    pub(crate) fn take(&mut self, paths: impl IntoIterator<Item = String>) {
        self.0.extend(paths);
    }

    pub(crate) fn release<'a>(&mut self, paths: impl IntoIterator<Item = &'a String>) {
        for path in paths {
            self.0.remove(path);
        }
    }
}

/// What the store's threads share.
pub(crate) struct Inner {
    pub(crate) config: StoreConfig,
    pub(crate) read: ReadHalf,
    pub(crate) memory: MemoryAccount,
    pub(crate) metrics: Arc<StoreMetrics>,
    pub(crate) stopping: AtomicBool,
    pub(crate) claims: Mutex<Claims>,
    /// Of the cold tier, where there is one.
    pub(crate) cold: Option<SharedStatus>,
    /// Where it is.
    pub(crate) place: Option<Place>,
    /// Whether all that it has of dimensions is in the catalog; true where there is none.
    pub(crate) is_cold_known: AtomicBool,
    pub(crate) forgetting: Forgetting,
    pub(crate) series: SeriesGuard,
    /// What requests leave free for moving data there.
    pub(crate) reserve: Option<Reserve>,
    /// Held for as long as the process uses the data directory.
    pub(crate) _lock: crate::open::DataDirLock,
}

impl Inner {
    pub(crate) fn log_dir(&self) -> PathBuf {
        self.config.data_dir.join("log")
    }

    /// No more is taken; the log keeps what cannot be sealed, and a merge is left off.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// The store. Cheap to clone. When the last clone is dropped without [`Store::shutdown`], the threads stop
/// where they are, as if the process had been killed: the log keeps what is not sealed.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
    pub(crate) keeper: Arc<KeeperHandle>,
}

/// The way to the keeper.
pub(crate) struct KeeperHandle {
    pub(crate) commands: Sender<Command>,
    pub(crate) inner: Arc<Inner>,
}

impl Drop for KeeperHandle {
    fn drop(&mut self) {
        self.inner.stopping.store(true, Ordering::Release);
        let _ = self.commands.send(Command::Stop);
    }
}

impl Store {
    /// The read half.
    #[must_use]
    pub fn read(&self) -> ReadHalf {
        self.inner.read.clone()
    }

    /// Counters and gauges.
    #[must_use]
    pub fn metrics(&self) -> Arc<StoreMetrics> {
        Arc::clone(&self.inner.metrics)
    }

    /// How the cold tier is; `None` where there is none.
    #[must_use]
    pub fn cold_status(&self) -> Option<ColdStatus> {
        let mut status = self.inner.cold.as_ref().map(SharedStatus::get)?;
        let config = self.inner.config.cold.as_ref()?;
        let version = self.inner.read.pin();
        (_, status.waiting_bytes) =
            due(&version, crate::now_nanos(), config.hot_age_max, config.hot_bytes_max, |_| false);
        Some(status)
    }

    /// Bytes held now: requests in flight and unsealed rows.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.inner.memory.held()
    }

    /// Seals all rows that are there now; returns when they are in files (or the store stops).
    pub async fn seal(&self) {
        let (done, wait) = oneshot::channel();
        if self.keeper.commands.send(Command::Seal(done)).is_ok() {
            let _ = wait.await;
        }
    }

    /// Shows every hour of the hot tier's files to somebody who wants to know what would become of it under another policy;
    /// nothing moves. Blocks for as long as that takes to read.
    ///
    /// # Errors
    /// When rows cannot be read, or the store stops.
    pub fn show_hot_hours(&self, hot_end: &dyn HotEnd) -> Result<(), WriteError> {
        show_hot_hours(&self.inner.config.data_dir, &self.inner.read, hot_end, &|| self.inner.is_stopping())
    }

    /// Deletes what a request names, and everything that points to it, from all that is kept. It is durable when this
    /// returns its id: what was acknowledged before is meant, and goes even if the server is killed meanwhile. Blocks
    /// for a few syncs.
    ///
    /// # Errors
    /// When it names nothing, or cannot be written.
    pub fn forget(&self, request: &ForgetRequest) -> Result<String, ForgetError> {
        let accepted = self.inner.forgetting.accept(request)?;
        accepted.ask_for_line(&self.inner, &self.keeper.commands);
        Ok(accepted.id().to_owned())
    }

    /// What has become of a request; `None` where there was none of that id.
    #[must_use]
    pub fn forget_report(&self, id: &str) -> Option<ForgetReport> {
        self.inner.forgetting.report(id)
    }

    /// Counts what a request would delete. Blocks for as long as that takes to read.
    ///
    /// # Errors
    /// When it names nothing, or something cannot be read.
    pub fn forget_preview(&self, request: &ForgetRequest) -> Result<ForgetPreview, ForgetError> {
        forget::preview::preview(&self.inner.read, self.inner.place.as_ref(), request)
    }

    /// Refuses new requests, finishes those accepted, seals and stops the threads.
    pub async fn shutdown(&self) {
        self.inner.stopping.store(true, Ordering::Release);
        let (done, wait) = oneshot::channel();
        if self.keeper.commands.send(Command::Shutdown(done)).is_ok() {
            let _ = wait.await;
        }
    }

    /// Files that wait for the cold tier, and the log, take all that they may, or all that the disk has.
    fn is_at_disk_cap(&self) -> bool {
        if self.inner.reserve.as_ref().is_some_and(Reserve::is_short) {
            return true;
        }
        let Some(max) = self.inner.config.disk_bytes_max else { return false };
        let metrics = &self.inner.metrics;
        metrics.hot_file_bytes.load(Ordering::Relaxed) + metrics.log_disk_bytes.load(Ordering::Relaxed) > max
    }

    /// Waits until the rows of a body have room, and sees to it that some is made.
    async fn room_for(&self, body_bytes: u64) -> Result<Room, Refusal> {
        let Inner { memory, metrics, config, .. } = &*self.inner;
        if let Some(room) = memory.room_now(body_bytes) {
            return Ok(room);
        }
        if metrics.unsealed_bytes.load(Ordering::Acquire) < config.unsealed_bytes_full() {
            // So large a body that fewer rows are too many beside it.
            let (done, _) = oneshot::channel();
            let _ = self.keeper.commands.send(Command::Seal(done));
        }
        memory.room(body_bytes, tokio::time::Instant::now() + ROOM_PATIENCE).await
    }

    async fn append(&self, request: Request) -> Result<(), Refusal> {
        if request.decoded.batches.tables.is_empty() {
            return Ok(());
        }
        let header_digest = digest(&request);
        let (codec, packed) = payload::pack(request.compression, &request.body);
        let payload = match packed {
            std::borrow::Cow::Borrowed(_) => request.body.clone(),
            std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
        };
        let header = RecordHeader {
            signal: request.signal,
            encoding: request.encoding,
            codec,
            limits: request.limits,
            door: request.door,
            overflowed: request.decoded.overflowed_series,
            received_at: request.received_at,
            digest: header_digest,
        };
        let (accepted, overflowed) = (request.decoded.accepted, request.decoded.overflowed_points);
        let (reply, answer) = oneshot::channel();
        let append = Append { header, payload, batches: request.decoded.batches, reply };
        drop(request.body);
        self.keeper.commands.send(Command::Append(Box::new(append))).map_err(|_| Refusal::ShuttingDown)?;
        answer.await.unwrap_or(Err(Refusal::ShuttingDown))?;
        let counter = match request.signal {
            Signal::Traces => &self.inner.metrics.spans,
            Signal::Metrics => &self.inner.metrics.points,
            Signal::Logs => &self.inner.metrics.logs,
        };
        counter.fetch_add(accepted, Ordering::Relaxed);
        self.note_overflow(overflowed);
        Ok(())
    }

    /// Counts points that went to overflow series; the first ones of this process are told.
    fn note_overflow(&self, points: u64) {
        if points > 0 && self.inner.metrics.overflowed_points.fetch_add(points, Ordering::Relaxed) == 0 {
            let SeriesLimits { all_max, per_metric_max, values_per_label_max } = self.inner.config.series_limits;
            tracing::warn!(
                series_max = all_max,
                series_per_metric_max = per_metric_max,
                values_per_label_max,
                "more metric series are active, or values of a label new, than metrics.series_max, metrics.series_per_metric_max or \
                 metrics.values_per_label_max allow: points of new series go to series with otel.metric.overflow=true; /prometheus/api/v1/status/tsdb names the metrics"
            );
        }
    }
}

impl Ingest for Store {
    fn admit(&self, bytes: u64) -> Result<Box<dyn Permit>, Refusal> {
        if self.inner.is_stopping() {
            return Err(Refusal::ShuttingDown);
        }
        if self.inner.metrics.disk_full.load(Ordering::Acquire) == 1 || self.is_at_disk_cap() {
            self.inner.metrics.refused_disk_full.fetch_add(1, Ordering::Relaxed);
            return Err(Refusal::DiskFull);
        }
        Ok(Box::new(self.inner.memory.admit(bytes)?))
    }

    fn room(&self, bytes: u64) -> Waiting<'_> {
        Box::pin(async move { Ok(Box::new(self.room_for(bytes).await?) as Box<dyn Permit>) })
    }

    fn known_series(&self) -> &dyn KnownSeries {
        self.inner.series.at(crate::now_nanos())
    }

    fn store(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send + '_>> {
        Box::pin(self.append(request))
    }
}

/// Of the bytes as received and what they are.
fn digest(request: &Request) -> u128 {
    let mut hasher = Xxh3::with_seed(u64::from_le_bytes([
        request.signal as u8,
        request.encoding as u8,
        request.compression as u8,
        // An import of what came by the door is meant.
        request.limits.filing as u8,
        0,
        0,
        0,
        0,
    ]));
    hasher.update(&request.body);
    hasher.digest128()
}

#[cfg(test)]
mod tests;
