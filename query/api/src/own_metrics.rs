//! What this room counts about itself: statements by outcome and time, requests that the guard refused.
//!
//! Owns atomics and their text form for `/metrics`. A statement whose answer is dropped counts as cancelled.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use spanlake_engine::EngineError;

use crate::live::LiveCounts;

/// Upper bounds of the time buckets, in milliseconds.
const BOUNDS_MS: [u64; 14] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 60_000];

/// How a statement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Outcome {
    Done,
    Invalid,
    Timeout,
    Busy,
    OutOfMemory,
    Failed,
    Cancelled,
}

impl Outcome {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Done, "done"),
        (Self::Invalid, "invalid"),
        (Self::Timeout, "timeout"),
        (Self::Busy, "busy"),
        (Self::OutOfMemory, "out_of_memory"),
        (Self::Failed, "failed"),
        (Self::Cancelled, "cancelled"),
    ];

    pub(crate) fn of(error: &EngineError) -> Self {
        match error {
            EngineError::InvalidQuery { .. } | EngineError::Unsupported { .. } => Self::Invalid,
            EngineError::Timeout { .. } => Self::Timeout,
            EngineError::Busy { .. } => Self::Busy,
            EngineError::OutOfMemory { .. } => Self::OutOfMemory,
            EngineError::Failed { .. } => Self::Failed,
        }
    }
}

/// Why the guard refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Refusal {
    Host,
    Origin,
    Token,
}

const REFUSALS: [&str; 3] = ["host", "origin", "token"];

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct OwnMetrics {
    queries: [AtomicU64; Outcome::ALL.len()],
    buckets: [AtomicU64; BOUNDS_MS.len() + 1],
    micros: AtomicU64,
    running: AtomicI64,
    refused: [AtomicU64; REFUSALS.len()],
    pub(crate) live: LiveCounts,
}

/// A statement that runs. Counted when it is dropped, as cancelled if nothing else was said.
pub(crate) struct Running {
    metrics: Arc<OwnMetrics>,
    began: Instant,
    outcome: Outcome,
}

impl Running {
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let elapsed = self.began.elapsed();
        let metrics = &self.metrics;
        metrics.running.fetch_sub(1, Ordering::Relaxed);
        metrics.queries[self.outcome as usize].fetch_add(1, Ordering::Relaxed);
        let bucket =
            BOUNDS_MS.iter().position(|bound| elapsed <= Duration::from_millis(*bound)).unwrap_or(BOUNDS_MS.len());
        metrics.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        metrics.micros.fetch_add(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl OwnMetrics {
    pub(crate) fn start(self: &Arc<Self>) -> Running {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running { metrics: Arc::clone(self), began: Instant::now(), outcome: Outcome::Cancelled }
    }

    pub(crate) fn refused(&self, refusal: Refusal) {
        self.refused[refusal as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count(&self, outcome: Outcome) -> u64 {
        self.queries[outcome as usize].load(Ordering::Relaxed)
    }

    /// Appends everything in Prometheus's text format. Writing to memory does not fail.
    pub(crate) fn write(&self, out: &mut String) {
        let name = "spanlake_queries_total";
        let _ = writeln!(out, "# HELP {name} Statements by how they ended.\n# TYPE {name} counter");
        for (outcome, label) in Outcome::ALL {
            let _ = writeln!(out, "{name}{{outcome=\"{label}\"}} {}", self.count(outcome));
        }
        let name = "spanlake_queries_running";
        let running = self.running.load(Ordering::Relaxed);
        let _ = writeln!(out, "# HELP {name} Statements that run now.\n# TYPE {name} gauge\n{name} {running}");
        let name = "spanlake_api_refused_requests_total";
        let _ = writeln!(out, "# HELP {name} Requests that the guard of the API refused.\n# TYPE {name} counter");
        for (label, count) in REFUSALS.iter().zip(&self.refused) {
            let _ = writeln!(out, "{name}{{reason=\"{label}\"}} {}", count.load(Ordering::Relaxed));
        }
        self.write_times(out);
        self.live.write(out);
    }

    fn write_times(&self, out: &mut String) {
        let name = "spanlake_query_seconds";
        let _ =
            writeln!(out, "# HELP {name} Time of a statement, until its last row is sent.\n# TYPE {name} histogram");
        let mut seen = 0;
        for (bound, count) in BOUNDS_MS.iter().zip(&self.buckets) {
            seen += count.load(Ordering::Relaxed);
            let _ = writeln!(out, "{name}_bucket{{le=\"{}\"}} {seen}", *bound as f64 / 1e3);
        }
        seen += self.buckets[BOUNDS_MS.len()].load(Ordering::Relaxed);
        let seconds = self.micros.load(Ordering::Relaxed) as f64 / 1e6;
        let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {seen}\n{name}_sum {seconds}\n{name}_count {seen}");
    }
}
