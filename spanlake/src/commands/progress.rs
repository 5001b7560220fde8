//! How far a long command is, on one line of a terminal that is painted over; nothing where stderr is none.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

const REPAINT: Duration = Duration::from_millis(200);
const BAR_COLUMNS: usize = 24;

/// The line.
pub(super) struct Progress {
    verb: &'static str,
    bytes: u64,
    /// Bytes at the end, where that is known.
    total: Option<u64>,
    items: u64,
    began: Instant,
    painted: Option<Instant>,
    is_shown: bool,
}

impl Progress {
    pub(super) fn new(verb: &'static str, total: Option<u64>) -> Self {
        let is_shown = std::io::stderr().is_terminal();
        Self { verb, bytes: 0, total, items: 0, began: Instant::now(), painted: None, is_shown }
    }

    pub(super) fn add_bytes(&mut self, bytes: u64) {
        self.bytes += bytes;
        self.paint();
    }

    pub(super) fn set(&mut self, bytes: u64, items: u64) {
        (self.bytes, self.items) = (bytes, items);
        self.paint();
    }

    fn paint(&mut self) {
        if !self.is_shown || self.painted.is_some_and(|at| at.elapsed() < REPAINT) {
            return;
        }
        self.painted = Some(Instant::now());
        let line = self.line(self.began.elapsed());
        let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
    }

    fn line(&self, took: Duration) -> String {
        let mut line = String::new();
        if let Some(total) = self.total.filter(|total| *total > 0) {
            let share = (self.bytes as f64 / total as f64).min(1.0);
            let full = (share * BAR_COLUMNS as f64) as usize;
            let _ = write!(line, "[{}{}] {:3.0} %  ", "#".repeat(full), "-".repeat(BAR_COLUMNS - full), share * 100.0);
        }
        let megabytes = self.bytes as f64 / 1e6;
        let _ = write!(line, "{} {megabytes:.1} MB", self.verb);
        if self.items > 0 {
            let _ = write!(line, ", {} items", self.items);
        }
        let seconds = took.as_secs_f64();
        if seconds > 0.5 {
            let _ = write!(line, ", {:.1} MB/s", megabytes / seconds);
        }
        line
    }

    /// Takes the line away.
    pub(super) fn end(self) {
        if self.painted.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_and_how_fast() {
        let mut progress = Progress::new("imported", Some(10_000_000));
        progress.is_shown = false;
        progress.set(5_000_000, 1234);
        assert_eq!(
            progress.line(Duration::from_secs(2)),
            "[############------------]  50 %  imported 5.0 MB, 1234 items, 2.5 MB/s"
        );
        assert_eq!(Progress::new("exported", None).line(Duration::ZERO), "exported 0.0 MB");
    }
}
