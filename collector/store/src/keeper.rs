//! The keeper: the one thread that appends to the log and to the hot tier, and says when to seal.
//!
//! Owns the open log segment, sequence numbers, generations and the memory of recent requests. Everyone
//! else sends it a [`Command`]. Its loop: take what waits, write one frame, sync, publish, wake. It never
//! decodes and never writes a data file.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use bytes::Bytes;
use spanlake_schemas::ingest::{Batches, Refusal};
use spanlake_schemas::tables::Table;
use tokio::sync::oneshot;

use crate::forget::Active;
use crate::log::LogSequence;
use crate::log::frame::{FrameBuilder, RecordHeader};
use crate::log::recent::{RecentRequests, Seen};
use crate::log::segment::{self, SegmentWriter};
use crate::sealer::SealTask;
use crate::store::Inner;

/// Bytes of records after which a group is closed.
const GROUP_BYTES_MAX: usize = 8 << 20;
const TICK: Duration = Duration::from_millis(100);
/// No request waits so long between its decoding and its turn.
const DECODED_LONG_AGO: Duration = Duration::from_secs(600);

/// What the keeper is asked.
pub enum Command {
    Append(Box<Append>),
    /// Seal what is there now; answered when it is in files.
    Seal(oneshot::Sender<()>),
    /// Draw the line before which something is to be forgotten.
    Cut(Arc<Active>),
    /// A seal ended; everything up to this record is in files.
    Sealed {
        last_lsn: LogSequence,
    },
    /// Seal and stop; answered when done.
    Shutdown(oneshot::Sender<()>),
    /// Stop at once, sealing nothing.
    Stop,
}

/// One request to store.
pub struct Append {
    pub header: RecordHeader,
    pub payload: Bytes,
    pub batches: Batches,
    pub reply: oneshot::Sender<Result<(), Refusal>>,
}

/// The keeper's state.
pub struct Keeper {
    pub inner: Arc<Inner>,
    pub log_dir: PathBuf,
    pub epoch: u64,
    pub segment: Option<SegmentWriter>,
    pub next_lsn: LogSequence,
    pub recent: RecentRequests,
    pub generation: u64,
    /// Requests of this generation, for when their records leave the log.
    pub generation_digests: Vec<Seen>,
    pub generation_began: Option<Instant>,
    pub sealing: bool,
    pub seal_waiters: Vec<oneshot::Sender<()>>,
    /// Lines that wait to be drawn.
    pub cuts: Vec<Arc<Active>>,
    /// When the last one was.
    pub last_cut: Option<Instant>,
    pub shutdown: Option<oneshot::Sender<()>>,
    pub stopped: bool,
    pub sealer: SyncSender<SealTask>,
    pub frame: FrameBuilder,
}

impl Keeper {
    /// Runs until a shutdown is done or every sender is gone.
    pub fn run(mut self, commands: &Receiver<Command>) {
        loop {
            match commands.recv_timeout(TICK) {
                Ok(command) => self.take_group(command, commands),
                Err(RecvTimeoutError::Timeout) => self.probe_disk(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if !self.stopped {
                self.seal_if_due();
            }
            if self.stopped || self.finish_shutdown() {
                return;
            }
        }
    }

    /// Handles a command and those that wait behind it; appends become one group.
    fn take_group(&mut self, first: Command, commands: &Receiver<Command>) {
        let mut group = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(command) = next {
            match command {
                Command::Append(append) => {
                    bytes += append.payload.len();
                    group.push(*append);
                }
                Command::Seal(waiter) => self.seal_waiters.push(waiter),
                Command::Cut(active) => self.cuts.push(active),
                Command::Sealed { last_lsn } => self.release_log(last_lsn),
                Command::Shutdown(waiter) => self.shutdown = Some(waiter),
                Command::Stop => self.stopped = true,
            }
            next = if bytes < GROUP_BYTES_MAX { commands.try_recv().ok() } else { None };
        }
        if !group.is_empty() {
            self.store_group(group);
        }
    }

    fn store_group(&mut self, group: Vec<Append>) {
        self.frame.clear();
        let mut replies = Vec::with_capacity(group.len());
        let mut batches = Vec::new();
        let mut digests: Vec<Seen> = Vec::new();
        for append in group {
            let seen = (append.header.digest, append.header.received_at);
            if self.lacks_series(&append.batches) {
                let _ = append.reply.send(Err(Refusal::Forgotten));
                continue;
            }
            if self.recent.contains(seen.0, seen.1) {
                self.inner.metrics.duplicate_requests.fetch_add(1, Ordering::Relaxed);
            } else {
                self.recent.insert(seen);
                digests.push(seen);
                self.frame.push(&append.header, &append.payload);
                batches.extend(append.batches.tables);
            }
            replies.push(append.reply);
        }
        let result = if digests.is_empty() { Ok(()) } else { self.write_frame() };
        if result.is_ok() && !digests.is_empty() {
            self.generation_began.get_or_insert_with(Instant::now);
            if let Err(error) = self.inner.read.append(batches, self.generation, &self.inner.metrics) {
                crate::fatal(&format!("rows that are durable cannot be shown: {error}"));
            }
            self.generation_digests.append(&mut digests);
        }
        for (digest, _) in digests {
            self.recent.remove(digest);
        }
        for reply in replies {
            // A client that went away does not want to know.
            let _ = reply.send(result.clone());
        }
    }

    /// Appends the frame and makes it durable.
    fn write_frame(&mut self) -> Result<(), Refusal> {
        self.make_room()?;
        let records = u64::from(self.frame.records());
        let frame = self.frame.finish(self.next_lsn);
        let frame_bytes = u64::try_from(frame.len()).expect("fits");
        let segment = self.segment.as_mut().expect("there is room, so there is a segment");
        if let Err(error) = segment.append(frame) {
            if segment.wipe_after_end().is_err() {
                crate::fatal(&format!("the log cannot be written nor cut back: {error}"));
            }
            self.segment = None;
            return Err(self.refuse(&error));
        }
        let metrics = &self.inner.metrics;
        if self.inner.config.durability == crate::config::Durability::Fsync {
            let began = Instant::now();
            if let Err(error) = segment.sync() {
                // After a failed sync nobody knows what is on the disk; only a restart reads what is.
                crate::fatal(&format!("syncing the log {} failed: {error}", segment.path.display()));
            }
            metrics.sync_seconds.record(began.elapsed());
        }
        metrics.log_written_bytes.fetch_add(frame_bytes, Ordering::Relaxed);
        metrics.log_groups.fetch_add(1, Ordering::Relaxed);
        metrics.log_requests.fetch_add(records, Ordering::Relaxed);
        self.next_lsn += records;
        Ok(())
    }

    fn make_room(&mut self) -> Result<(), Refusal> {
        let frame_bytes = u64::try_from(self.frame.byte_len()).expect("fits");
        let segment_bytes = self.inner.config.log_segment_bytes;
        let fits = self.segment.as_ref().is_some_and(|segment| segment.position + frame_bytes <= segment_bytes);
        if fits {
            return Ok(());
        }
        self.open_segment(segment_bytes.max(frame_bytes + segment::SEGMENT_HEADER_BYTES))
    }

    fn open_segment(&mut self, bytes: u64) -> Result<(), Refusal> {
        // A file of this name could only hold records that do not exist: a frame that failed, or was too large.
        self.segment = None;
        let _ = std::fs::remove_file(segment::path_of(&self.log_dir, self.next_lsn));
        match SegmentWriter::create(&self.log_dir, self.next_lsn, self.epoch, bytes) {
            Ok(segment) => {
                if self.inner.metrics.disk_full.swap(0, Ordering::AcqRel) == 1 {
                    tracing::info!("there is space on the disk again; ingest resumes");
                }
                self.inner.metrics.log_disk_bytes.fetch_add(bytes, Ordering::Relaxed);
                self.segment = Some(segment);
                Ok(())
            }
            Err(error) => Err(self.refuse(&error)),
        }
    }

    fn refuse(&self, error: &std::io::Error) -> Refusal {
        let metrics = &self.inner.metrics;
        if matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) {
            metrics.refused_disk_full.fetch_add(1, Ordering::Relaxed);
            if metrics.disk_full.swap(1, Ordering::AcqRel) == 0 {
                tracing::error!(dir = %self.log_dir.display(), "the disk is full; requests get 503 until there is space");
            }
            return Refusal::DiskFull;
        }
        tracing::error!(%error, dir = %self.log_dir.display(), "the log cannot be written");
        Refusal::Log { reason: error.to_string() }
    }

    /// While the disk is full, requests are refused at the door, so somebody else has to notice that it no longer is.
    fn probe_disk(&mut self) {
        if self.inner.metrics.disk_full.load(Ordering::Acquire) == 1 {
            let _ = self.open_segment(self.inner.config.log_segment_bytes);
        }
    }

    fn seal_if_due(&mut self) {
        if self.sealing {
            return;
        }
        let is_cut = self.draw_lines();
        let config = &self.inner.config;
        let asked = self.shutdown.is_some() || !self.seal_waiters.is_empty();
        let Some(age) = self.generation_began.map(|began| began.elapsed()).or(is_cut.then_some(Duration::ZERO)) else {
            for waiter in self.seal_waiters.drain(..) {
                let _ = waiter.send(());
            }
            return;
        };
        let full = self.inner.metrics.unsealed_bytes.load(Ordering::Acquire) >= config.unsealed_bytes_full();
        if !(is_cut || asked || full || age >= config.seal_interval) {
            return;
        }
        let task = SealTask {
            generation: self.generation,
            last_lsn: self.next_lsn - 1,
            digests: std::mem::take(&mut self.generation_digests),
            waiters: std::mem::take(&mut self.seal_waiters),
        };
        self.generation += 1;
        self.generation_began = None;
        self.sealing = self.sealer.send(task).is_ok();
    }

    /// Draws the lines that wait, here, where one generation ends and the next begins: what is meant is in files that are
    /// sealed by now or next, and in segments that go with that seal, for the log goes on in a new one.
    fn draw_lines(&mut self) -> bool {
        if self.cuts.is_empty() {
            return false;
        }
        let is_fresh = self.segment.as_ref().is_some_and(|segment| segment.first_lsn == self.next_lsn);
        // Without space for a segment the old one would stay; it is tried again.
        if !is_fresh && self.open_segment(self.inner.config.log_segment_bytes).is_err() {
            return false;
        }
        for active in self.cuts.drain(..) {
            active.cut(self.inner.read.catalog(), self.next_lsn - 1);
        }
        self.last_cut = Some(Instant::now());
        true
    }

    /// Whether points belong to a series that left the catalog after the request was decoded: its description, which the
    /// decoder left out because it was known, is nowhere any more.
    fn lacks_series(&self, batches: &Batches) -> bool {
        if self.last_cut.is_none_or(|at| at.elapsed() > DECODED_LONG_AGO) {
            return false;
        }
        let series = &self.inner.read.catalog().series;
        let own: HashSet<[u8; 16]> =
            batches.get(Table::Series).map_or_else(HashSet::new, |batch| series.ids(batch).into_iter().collect());
        let is_known = |id: &[u8]| {
            let id: Option<[u8; 16]> = id.try_into().ok();
            id.is_none_or(|id| own.contains(&id) || series.row_of(&id).is_some())
        };
        let facts = batches.tables.iter().filter(|(table, _)| !table.is_dimension());
        let mut ids = facts.filter_map(|(_, batch)| batch.column_by_name("series_id")?.as_fixed_size_binary_opt());
        !ids.all(|ids| ids.iter().flatten().all(is_known))
    }

    /// Removes segments whose every record is in files.
    fn release_log(&mut self, flushed: LogSequence) {
        self.sealing = false;
        let Ok(segments) = segment::list(&self.log_dir) else { return };
        for pair in segments.windows(2) {
            let [(_, path), (next_first, _)] = pair else { continue };
            if *next_first > flushed + 1 {
                break;
            }
            let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
            if std::fs::remove_file(path).is_ok() {
                self.inner.metrics.log_disk_bytes.fetch_sub(bytes, Ordering::Relaxed);
            }
        }
        crate::log::recent::remove_stale(&self.log_dir, crate::now_nanos());
    }

    fn finish_shutdown(&mut self) -> bool {
        if self.sealing || self.generation_began.is_some() {
            return false;
        }
        let Some(waiter) = self.shutdown.take() else { return false };
        let _ = waiter.send(());
        true
    }
}
