//! From two readings of the status to the numbers that are shown, and how soon the next reading is due.
//!
//! Pure. A rate is over the time between the two readings; after a restart there is none until the next. The poller's own
//! statements are left out.

use std::collections::HashMap;
use std::time::Duration;

use spanlake_schemas::mysql::{Figure, Figures};

use super::fast::PERFORMANCE_SCHEMA_PREFIX;

/// What the figures and the figures' metrics need, in lower case: asked each time, the rest more seldom.
pub(super) const FAST_VARIABLES: &[&str] = &[
    "uptime",
    "questions",
    "queries",
    "threads_connected",
    "threads_running",
    "threads_cached",
    "threads_created",
    "max_used_connections",
    "connections",
    "aborted_connects",
    "aborted_clients",
    "connection_errors_max_connections",
    "slow_queries",
    "bytes_received",
    "bytes_sent",
    "com_commit",
    "com_rollback",
    "created_tmp_tables",
    "created_tmp_disk_tables",
    "innodb_buffer_pool_reads",
    "innodb_buffer_pool_read_requests",
    "innodb_buffer_pool_pages_data",
    "innodb_buffer_pool_pages_dirty",
    "innodb_buffer_pool_pages_free",
    "innodb_buffer_pool_pages_misc",
    "innodb_buffer_pool_pages_total",
    "innodb_buffer_pool_bytes_data",
    "innodb_buffer_pool_bytes_dirty",
    "innodb_buffer_pool_wait_free",
    "innodb_data_reads",
    "innodb_data_writes",
    "innodb_data_fsyncs",
    "innodb_log_waits",
    "innodb_row_lock_current_waits",
    "innodb_row_lock_waits",
    "innodb_row_lock_time",
    "innodb_rows_read",
    "innodb_rows_inserted",
    "innodb_rows_updated",
    "innodb_rows_deleted",
    "innodb_deadlocks",
    "innodb_history_list_length",
    "open_files",
    "open_tables",
    "select_full_join",
    "select_scan",
    "sort_merge_passes",
    "table_locks_waited",
];

/// One reading of the status.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// Nanoseconds since the epoch.
    pub(super) time: i64,
    /// Those of [`FAST_VARIABLES`] and of performance schema's counts, by lower-case name.
    pub(super) values: HashMap<String, f64>,
    /// Statements that the poller itself has asked so far.
    pub(super) own_statements: u64,
}

impl Reading {
    pub(super) fn of(time: i64, pairs: &[(String, String)], own_statements: u64) -> Self {
        let is_of_use = |name: &str| FAST_VARIABLES.contains(&name) || name.starts_with(PERFORMANCE_SCHEMA_PREFIX);
        let number = |(name, value): &(String, String)| {
            let name = name.to_ascii_lowercase();
            if is_of_use(&name) { Some((name, value.parse().ok()?)) } else { None }
        };
        Self { time, values: pairs.iter().filter_map(number).collect(), own_statements }
    }

    pub(super) fn get(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }
}

/// What the status does not say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beside {
    pub(super) connections_max: Option<f64>,
    pub(super) lock_waits_now: Option<usize>,
    /// MySQL's `innodb_metrics`: the list's length, and deadlocks a second.
    pub(super) history_list_length: Option<f64>,
    pub(super) deadlocks_per_second: Option<f64>,
    pub(super) replication_lag_seconds: Option<f64>,
    pub(super) ping: Option<Duration>,
}

/// The figures of a reading; rates only where there was one before, of the same run of the server.
pub(super) fn figures(before: Option<&Reading>, now: &Reading, beside: &Beside) -> Figures {
    let mut figures = Figures::default();
    let restarted = before.is_some_and(|before| now.get("uptime") < before.get("uptime"));
    let before = before.filter(|before| !restarted && now.time > before.time);
    #[allow(clippy::cast_precision_loss, reason = "a length of time")]
    let seconds = before.map(|before| (now.time - before.time) as f64 / 1e9);
    let grown = |name: &str| Some((now.get(name)? - before?.get(name)?).max(0.0));
    let rate = |names: &[&str]| {
        let known: Vec<f64> = names.iter().filter_map(|name| grown(name)).collect();
        (!known.is_empty()).then_some(known.iter().sum::<f64>() / seconds?)
    };
    let own = before.map_or(0, |before| now.own_statements.saturating_sub(before.own_statements));
    #[allow(clippy::cast_precision_loss, reason = "a small count")]
    let qps = grown("questions").zip(seconds).map(|(asked, seconds)| (asked - own as f64).max(0.0) / seconds);
    let connections = now.get("threads_connected");
    let share = |part: Option<f64>, whole: Option<f64>| Some(part? / whole.filter(|whole| *whole > 0.0)?);
    let pages = |kind: &str| now.get(&format!("innodb_buffer_pool_pages_{kind}"));
    figures.set(Figure::Qps, qps);
    figures.set(Figure::Tps, rate(&["ps_commit", "ps_rollback"]).or(rate(&["com_commit", "com_rollback"])));
    figures.set(Figure::Connections, connections);
    figures.set(Figure::ConnectionsRunning, now.get("threads_running"));
    figures.set(Figure::ConnectionsMax, beside.connections_max);
    figures.set(Figure::ConnectionsUsage, share(connections, beside.connections_max));
    figures.set(Figure::AbortedPerSecond, rate(&["aborted_connects", "aborted_clients"]));
    figures.set(Figure::SlowPerSecond, rate(&["slow_queries"]));
    let (reads, requests) = (grown("innodb_buffer_pool_reads"), grown("innodb_buffer_pool_read_requests"));
    figures.set(Figure::BufferPoolHitRatio, share(reads, requests).map(|missed| (1.0 - missed).clamp(0.0, 1.0)));
    figures.set(Figure::BufferPoolUsage, share(pages("free"), pages("total")).map(|free| 1.0 - free));
    figures.set(Figure::RowLockWaitsPerSecond, rate(&["innodb_row_lock_waits"]));
    figures.set(Figure::RowLockTimePerSecond, rate(&["innodb_row_lock_time"]));
    #[allow(clippy::cast_precision_loss, reason = "a small count")]
    let waits = beside.lock_waits_now.map(|waits| waits as f64);
    figures.set(Figure::LockWaitsNow, waits.or(now.get("innodb_row_lock_current_waits")));
    figures.set(Figure::DeadlocksPerSecond, rate(&["innodb_deadlocks"]).or(beside.deadlocks_per_second));
    figures.set(Figure::BytesReceivedPerSecond, rate(&["bytes_received"]));
    figures.set(Figure::BytesSentPerSecond, rate(&["bytes_sent"]));
    figures.set(Figure::RowsReadPerSecond, rate(&["innodb_rows_read"]));
    figures.set(
        Figure::RowsWrittenPerSecond,
        rate(&["innodb_rows_inserted", "innodb_rows_updated", "innodb_rows_deleted"]),
    );
    figures.set(Figure::TmpDiskTablesPerSecond, rate(&["created_tmp_disk_tables"]));
    figures.set(Figure::HistoryListLength, now.get("innodb_history_list_length").or(beside.history_list_length));
    figures.set(Figure::ReplicationLagSeconds, beside.replication_lag_seconds);
    figures.set(Figure::PingMs, beside.ping.map(|ping| ping.as_secs_f64() * 1e3));
    figures
}

/// Above this share of its connections, or with so many statements at once, a server is busy.
const BUSY_USAGE: f64 = 0.8;
const BUSY_RUNNING: f64 = 64.0;
/// Below this share, and with so few statements a second, it is idle.
const IDLE_USAGE: f64 = 0.2;
const IDLE_QPS: f64 = 1.0;

/// From one reading to the next: half of what is configured for a busy server, five times it for an idle one that
/// nobody watches.
pub(super) fn pace(figures: &Figures, is_watched: bool, configured: Duration) -> Duration {
    let usage = figures.get(Figure::ConnectionsUsage).unwrap_or(0.0);
    let is_busy = usage > BUSY_USAGE || figures.get(Figure::ConnectionsRunning).unwrap_or(0.0) > BUSY_RUNNING;
    let is_idle = usage < IDLE_USAGE && figures.get(Figure::Qps).is_some_and(|qps| qps < IDLE_QPS);
    match (is_busy, is_idle && !is_watched) {
        (true, _) => configured / 2,
        (false, true) => configured * 5,
        (false, false) => configured,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(seconds: i64, values: &[(&str, f64)], own_statements: u64) -> Reading {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        Reading { time: seconds * 1_000_000_000, values, own_statements }
    }

    #[test]
    fn rates_leave_out_own_statements_and_restarts() {
        let before = reading(
            10,
            &[
                ("uptime", 100.0),
                ("questions", 1000.0),
                ("innodb_buffer_pool_reads", 10.0),
                ("innodb_buffer_pool_read_requests", 100.0),
            ],
            50,
        );
        let now = reading(
            12,
            &[
                ("uptime", 102.0),
                ("questions", 1106.0),
                ("threads_connected", 30.0),
                ("innodb_buffer_pool_reads", 15.0),
                ("innodb_buffer_pool_read_requests", 200.0),
            ],
            56,
        );
        let beside = Beside { connections_max: Some(150.0), ..Beside::default() };
        let shown = figures(Some(&before), &now, &beside);
        assert_eq!(shown.get(Figure::Qps), Some(50.0));
        assert_eq!(shown.get(Figure::ConnectionsUsage), Some(0.2));
        assert_eq!(shown.get(Figure::BufferPoolHitRatio), Some(0.95));
        assert_eq!(shown.get(Figure::Tps), None);
        let anew = reading(13, &[("uptime", 1.0), ("questions", 5000.0), ("threads_connected", 1.0)], 57);
        let shown = figures(Some(&now), &anew, &beside);
        assert_eq!((shown.get(Figure::Qps), shown.get(Figure::Connections)), (None, Some(1.0)));
        assert_eq!(figures(None, &now, &beside).get(Figure::Qps), None);
    }

    #[test]
    fn the_pace_follows_load_and_eyes() {
        let with = |usage, qps, running| {
            let mut figures = Figures::default();
            figures.set(Figure::ConnectionsUsage, Some(usage));
            figures.set(Figure::Qps, Some(qps));
            figures.set(Figure::ConnectionsRunning, Some(running));
            figures
        };
        let second = Duration::from_secs(1);
        assert_eq!(pace(&with(0.9, 0.0, 1.0), false, second), second / 2);
        assert_eq!(pace(&with(0.1, 5.0, 100.0), false, second), second / 2);
        assert_eq!(pace(&with(0.1, 0.0, 1.0), false, second), second * 5);
        assert_eq!(pace(&with(0.1, 0.0, 1.0), true, second), second);
        assert_eq!(pace(&with(0.1, 50.0, 1.0), false, second), second);
        assert_eq!(pace(&Figures::default(), false, second), second);
    }
}
