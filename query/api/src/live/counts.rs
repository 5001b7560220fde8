//! What live views cost and what they were spared.
//!
//! Owns atomics and their text form for `/metrics`, and the places of connections.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct LiveCounts {
    connections: Arc<AtomicUsize>,
    pub(super) refused: AtomicU64,
    pub(super) frames: AtomicU64,
    /// Frames that a client took longer to read than the least time between two.
    pub(super) late: AtomicU64,
    /// Clients that were sent away because they did not read or did not answer.
    pub(super) dropped: AtomicU64,
    pub(super) evaluations: AtomicU64,
}

/// A place among the connections; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl LiveCounts {
    /// A place, where there are fewer than so many.
    pub(super) fn enter(&self, most: usize) -> Option<Place> {
        let next = |taken: usize| (taken < most).then_some(taken + 1);
        if self.connections.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(Place(Arc::clone(&self.connections)))
    }

    /// Appends everything in Prometheus's text format. Writing to memory does not fail.
    pub(crate) fn write(&self, out: &mut String) {
        let name = "spanlake_live_connections";
        let connections = self.connections.load(Ordering::Acquire);
        let _ =
            writeln!(out, "# HELP {name} Live views that are connected.\n# TYPE {name} gauge\n{name} {connections}");
        for (name, help, count) in [
            ("spanlake_live_refused_total", "Live views that found no place.", &self.refused),
            ("spanlake_live_frames_total", "Frames that were sent to live views.", &self.frames),
            ("spanlake_live_late_frames_total", "Frames that a slow client delayed.", &self.late),
            ("spanlake_live_dropped_total", "Live views that did not read and were sent away.", &self.dropped),
            ("spanlake_live_evaluations_total", "Queries that were evaluated for live views.", &self.evaluations),
        ] {
            let count = count.load(Ordering::Relaxed);
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {count}");
        }
    }
}
