//! Since when each counter counts: the server's start, or a later reset that only that counter had.

use std::collections::HashMap;

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
    series: HashMap<String, Series>,
    /// Values as they were told last, of counters and of others.
    told: HashMap<String, f64>,
    restarts: u64,
}

#[derive(Debug)]
struct Series {
    value: f64,
    start: i64,
}

impl Counters {
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
            self.told.clear();
            self.server_start = Some(start);
            self.series.clear();
        }
        self.last_uptime = uptime;
    }

    /// Restarts of the server that were seen.
    pub(super) fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Whether a value is not the one that was told last; it counts as told now.
    pub(super) fn is_news(&mut self, variable: &str, value: f64) -> bool {
        match self.told.get_mut(variable) {
            Some(told) => std::mem::replace(told, value) != value,
            None => self.told.insert(variable.to_owned(), value).is_none(),
        }
    }

    /// Notes that the server could not be asked.
    pub(super) fn outage(&mut self) {
        self.had_outage = true;
    }

    pub(super) fn server_start(&self) -> i64 {
        self.server_start.unwrap_or_default()
    }

    /// Start time of a counter that now has this value. One that fell was reset since the last poll (`FLUSH STATUS`).
    pub(super) fn start_of(&mut self, variable: &str, value: f64) -> i64 {
        let server_start = self.server_start();
        let Some(series) = self.series.get_mut(variable) else {
            self.series.insert(variable.to_owned(), Series { value, start: server_start });
            return server_start;
        };
        if value < series.value {
            series.start = self.last_time.max(server_start);
        }
        series.value = value;
        series.start
    }

    /// Closes a poll.
    pub(super) fn polled(&mut self, time: i64) {
        self.last_time = time;
    }
}
