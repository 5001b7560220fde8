//! Since when each counter counts: the server's start, or a later reset that only that counter had.

use std::collections::HashMap;
use std::sync::Arc;

use super::words::Words;

/// A start that comes out this much later than the one known is a restart; less is rounding of the uptime, or a
/// clock that was set.
const RESTART_SECONDS: i64 = 5;
/// The same after an outage, which is what a restart looks like: only the uptime's rounding remains.
const RESTART_SECONDS_AFTER_OUTAGE: i64 = 2;
const NANOSECONDS: i64 = 1_000_000_000;

/// Start times of counters across polls.
#[derive(Debug, Default)]
pub(super) struct Counters {
    server_start: Option<i64>,
    last_uptime: i64,
    had_outage: bool,
    last_time: i64,
    /// Of counters and of others, by variable.
    series: HashMap<Arc<str>, Series>,
    words: Arc<Words>,
    restarts: u64,
}

#[derive(Debug)]
struct Series {
    /// As it was read last.
    value: f64,
    start: i64,
}

impl Counters {
    /// None yet; names of variables are these words.
    pub(super) fn of(words: &Arc<Words>) -> Self {
        Self { words: Arc::clone(words), ..Self::default() }
    }

    /// Notes the uptime of a poll, before its counters are asked for.
    pub(super) fn poll(&mut self, time: i64, uptime_seconds: Option<i64>) {
        let uptime = uptime_seconds.unwrap_or(self.last_uptime);
        let start = time.saturating_sub(uptime.saturating_mul(NANOSECONDS));
        let restarted = self.server_start.is_none_or(|known| {
            let tolerance = if self.had_outage { RESTART_SECONDS_AFTER_OUTAGE } else { RESTART_SECONDS };
            uptime < self.last_uptime || start.saturating_sub(known) > tolerance * NANOSECONDS
        });
        self.had_outage = false;
        if restarted {
            self.restarts += u64::from(self.server_start.is_some());
            self.server_start = Some(start);
            self.series.clear();
        }
        self.last_uptime = uptime;
    }

    /// Restarts of the server that were seen.
    pub(super) fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Notes a value that was read, and says whether it is not the one before. A counter that fell was reset since the last
    /// poll (`FLUSH STATUS`).
    pub(super) fn is_news(&mut self, variable: &str, value: f64) -> bool {
        let server_start = self.server_start();
        let Some(series) = self.series.get_mut(variable) else {
            self.series.insert(self.words.word(variable), Series { value, start: server_start });
            return true;
        };
        if value < series.value {
            series.start = self.last_time.max(server_start);
        }
        std::mem::replace(&mut series.value, value) != value
    }

    /// Notes that the server could not be asked.
    pub(super) fn outage(&mut self) {
        self.had_outage = true;
    }

    pub(super) fn server_start(&self) -> i64 {
        self.server_start.unwrap_or_default()
    }

    /// Start time of a counter whose value was noted.
    pub(super) fn start_of(&self, variable: &str) -> i64 {
        self.series.get(variable).map_or(self.server_start(), |series| series.start)
    }

    /// Closes a poll.
    pub(super) fn polled(&mut self, time: i64) {
        self.last_time = time;
    }
}
