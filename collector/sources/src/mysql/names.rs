//! Which status variable is which metric. Names, attributes and units are those of the OpenTelemetry Collector's
//! `mysqlreceiver`; what it has no name for is `mysql.global_status.<variable>`.
//!
//! Two of its oddities are kept, since dashboards rely on them: `mysql.threads{kind=created}` and
//! `mysql.row_locks{kind=time}` are counters among other things. Both are sent under their own name as well.

/// How the values of a metric behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A cumulative sum that only grows.
    Counter,
    /// A cumulative sum that goes up and down.
    UpDown,
    Gauge,
}

/// A metric as the Collector describes it.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) unit: &'static str,
    pub(super) description: &'static str,
    /// Key of the attribute that tells its points apart.
    pub(super) key: Option<&'static str>,
    pub(super) points: &'static [Point],
}

/// One status variable within a metric.
#[derive(Debug)]
pub(super) struct Point {
    /// In lower case: MySQL does not agree with itself.
    pub(super) variable: &'static str,
    /// Value of the metric's attribute.
    pub(super) value: &'static str,
}

macro_rules! metrics {
    ($($kind:ident $name:literal [$unit:literal] $description:literal $(by $key:literal)? { $($variable:literal $(=> $value:literal)?),+ $(,)? })+) => {
        pub(super) const METRICS: &[Metric] = &[$(Metric {
            name: $name,
            kind: Kind::$kind,
            unit: $unit,
            description: $description,
            key: metrics!(@key $($key)?),
            points: &[$(Point { variable: $variable, value: metrics!(@value $($value)?) }),+],
        }),+];
    };
    (@key) => { None };
    (@key $key:literal) => { Some($key) };
    (@value) => { "" };
    (@value $value:literal) => { $value };
}

metrics! {
    UpDown "mysql.buffer_pool.pages" ["1"] "Pages in the InnoDB buffer pool." by "kind" {
        "innodb_buffer_pool_pages_data" => "data", "innodb_buffer_pool_pages_free" => "free",
        "innodb_buffer_pool_pages_misc" => "misc",
    }
    UpDown "mysql.buffer_pool.data_pages" ["1"] "Data pages in the InnoDB buffer pool." by "status" {
        "innodb_buffer_pool_pages_dirty" => "dirty", "spanlake_buffer_pool_pages_clean" => "clean",
    }
    UpDown "mysql.buffer_pool.usage" ["By"] "Bytes of data in the InnoDB buffer pool." by "status" {
        "innodb_buffer_pool_bytes_dirty" => "dirty", "spanlake_buffer_pool_bytes_clean" => "clean",
    }
    UpDown "mysql.buffer_pool.limit" ["By"] "Configured size of the InnoDB buffer pool." {
        "spanlake_buffer_pool_size",
    }
    Counter "mysql.buffer_pool.page_flushes" ["1"] "Requests to flush pages from the InnoDB buffer pool." {
        "innodb_buffer_pool_pages_flushed",
    }
    Counter "mysql.buffer_pool.operations" ["1"] "Operations on the InnoDB buffer pool." by "operation" {
        "innodb_buffer_pool_read_ahead_rnd" => "read_ahead_rnd", "innodb_buffer_pool_read_ahead" => "read_ahead",
        "innodb_buffer_pool_read_ahead_evicted" => "read_ahead_evicted",
        "innodb_buffer_pool_read_requests" => "read_requests", "innodb_buffer_pool_reads" => "reads",
        "innodb_buffer_pool_wait_free" => "wait_free", "innodb_buffer_pool_write_requests" => "write_requests",
    }
    Counter "mysql.prepared_statements" ["1"] "Prepared statement commands." by "command" {
        "com_stmt_execute" => "execute", "com_stmt_close" => "close", "com_stmt_fetch" => "fetch",
        "com_stmt_prepare" => "prepare", "com_stmt_reset" => "reset", "com_stmt_send_long_data" => "send_long_data",
    }
    Counter "mysql.handlers" ["1"] "Requests to the storage engines' handlers." by "kind" {
        "handler_commit" => "commit", "handler_delete" => "delete", "handler_discover" => "discover",
        "handler_external_lock" => "external_lock", "handler_mrr_init" => "mrr_init", "handler_prepare" => "prepare",
        "handler_read_first" => "read_first", "handler_read_key" => "read_key", "handler_read_last" => "read_last",
        "handler_read_next" => "read_next", "handler_read_prev" => "read_prev", "handler_read_rnd" => "read_rnd",
        "handler_read_rnd_next" => "read_rnd_next", "handler_rollback" => "rollback",
        "handler_savepoint" => "savepoint", "handler_savepoint_rollback" => "savepoint_rollback",
        "handler_update" => "update", "handler_write" => "write",
    }
    Counter "mysql.double_writes" ["1"] "Writes to the InnoDB doublewrite buffer." by "kind" {
        "innodb_dblwr_pages_written" => "pages_written", "innodb_dblwr_writes" => "writes",
    }
    Counter "mysql.log_operations" ["1"] "InnoDB log operations." by "operation" {
        "innodb_log_waits" => "waits", "innodb_log_write_requests" => "write_requests", "innodb_log_writes" => "writes",
    }
    Counter "mysql.operations" ["1"] "InnoDB data operations." by "operation" {
        "innodb_data_fsyncs" => "fsyncs", "innodb_data_reads" => "reads", "innodb_data_writes" => "writes",
    }
    Counter "mysql.page_operations" ["1"] "InnoDB page operations." by "operation" {
        "innodb_pages_created" => "created", "innodb_pages_read" => "read", "innodb_pages_written" => "written",
    }
    Counter "mysql.row_locks" ["1"] "InnoDB row locks: how often one was waited for, and the milliseconds of that." by "kind" {
        "innodb_row_lock_waits" => "waits", "innodb_row_lock_time" => "time",
    }
    Counter "mysql.row_operations" ["1"] "InnoDB row operations." by "operation" {
        "innodb_rows_deleted" => "deleted", "innodb_rows_inserted" => "inserted", "innodb_rows_read" => "read",
        "innodb_rows_updated" => "updated",
    }
    Counter "mysql.locks" ["1"] "Table locks." by "kind" {
        "table_locks_immediate" => "immediate", "table_locks_waited" => "waited",
    }
    Counter "mysql.sorts" ["1"] "Sorts." by "kind" {
        "sort_merge_passes" => "merge_passes", "sort_range" => "range", "sort_rows" => "rows", "sort_scan" => "scan",
    }
    UpDown "mysql.threads" ["1"] "State of the server's threads." by "kind" {
        "threads_cached" => "cached", "threads_connected" => "connected", "threads_created" => "created",
        "threads_running" => "running",
    }
    Counter "mysql.opened_resources" ["1"] "Opened resources." by "kind" {
        "opened_files" => "file", "opened_table_definitions" => "table_definition", "opened_tables" => "table",
    }
    Counter "mysql.tmp_resources" ["1"] "Created temporary resources." by "resource" {
        "created_tmp_disk_tables" => "disk_tables", "created_tmp_files" => "files", "created_tmp_tables" => "tables",
    }
    Counter "mysql.mysqlx_connections" ["1"] "X Protocol connections." by "status" {
        "mysqlx_connections_accepted" => "accepted", "mysqlx_connections_closed" => "closed",
        "mysqlx_connections_rejected" => "rejected",
    }
    UpDown "mysql.mysqlx_worker_threads" ["1"] "X Protocol worker threads." by "kind" {
        "mysqlx_worker_threads" => "available", "mysqlx_worker_threads_active" => "active",
    }
    Counter "mysql.uptime" ["s"] "Seconds that the server is up." { "uptime" }
    Counter "mysql.client.network.io" ["By"] "Bytes between server and clients." by "kind" {
        "bytes_received" => "received", "bytes_sent" => "sent",
    }
    Counter "mysql.connection.count" ["1"] "Attempts to connect, successful or not." { "connections" }
    Counter "mysql.connection.errors" ["1"] "Errors while connecting." by "error" {
        "connection_errors_accept" => "accept", "connection_errors_internal" => "internal",
        "connection_errors_max_connections" => "max_connections", "connection_errors_peer_address" => "peer_address",
        "connection_errors_select" => "select", "connection_errors_tcpwrap" => "tcpwrap",
        "aborted_connects" => "aborted", "aborted_clients" => "aborted_clients", "locked_connects" => "locked",
    }
    UpDown "mysql.max_used_connections" ["1"] "Most connections in use at one time." { "max_used_connections" }
    Counter "mysql.query.count" ["1"] "Statements executed, those within stored programs included." { "queries" }
    Counter "mysql.query.client.count" ["1"] "Statements sent by clients." { "questions" }
    Counter "mysql.query.slow.count" ["1"] "Slow queries." { "slow_queries" }
    Counter "mysql.joins" ["1"] "Joins that scan." by "kind" {
        "select_full_join" => "full", "select_full_range_join" => "full_range", "select_range" => "range",
        "select_range_check" => "range_check", "select_scan" => "scan",
    }
    Counter "mysql.table_open_cache" ["1"] "Look-ups in the cache of open tables." by "status" {
        "table_open_cache_hits" => "hit", "table_open_cache_misses" => "miss", "table_open_cache_overflows" => "overflow",
    }
    Counter "mysql.qcache.hits" ["1"] "Query cache hits." { "qcache_hits" }
    Counter "mysql.qcache.not.cached" ["1"] "Queries that the query cache did not take." { "qcache_not_cached" }
    UpDown "mysql.qcache.queries" ["1"] "Queries in the query cache." { "qcache_queries_in_cache" }
}

/// All statement counters that have no other place are points of this one, by the name after `com_`.
pub(super) const COMMANDS: Metric = Metric {
    name: "mysql.commands",
    kind: Kind::Counter,
    unit: "1",
    description: "Statements executed, by command.",
    key: Some("command"),
    points: &[],
};

/// Variables that are points of a metric of the Collector and sent under their own name too.
pub(super) const TWICE: &[&str] = &["threads_created", "innodb_row_lock_time"];

/// Kind and unit of a variable that goes by its own name.
pub(super) fn of_variable(variable: &str) -> (Kind, &'static str) {
    let kind = if is_counter(variable) { Kind::Counter } else { Kind::Gauge };
    (kind, unit(variable))
}

fn unit(variable: &str) -> &'static str {
    const BYTES: &[&str] = &[
        "innodb_data_read",
        "innodb_data_written",
        "innodb_os_log_written",
        "innodb_page_size",
        "error_log_buffered_bytes",
        "global_connection_memory",
        "qcache_free_memory",
        "memory_used",
        "innodb_redo_log_logical_size",
        "innodb_redo_log_physical_size",
        "innodb_redo_log_capacity_resized",
        "innodb_buffer_pool_bytes_data",
        "mysqlx_bytes_received",
        "mysqlx_bytes_sent",
        "tc_log_page_size",
    ];
    match variable {
        "uptime_since_flush_status" => "s",
        "innodb_row_lock_time" | "innodb_row_lock_time_avg" | "innodb_row_lock_time_max" => "ms",
        _ if BYTES.contains(&variable) => "By",
        _ => "1",
    }
}

/// Variables that only grow and are in no metric above.
const COUNTERS: &[&str] = &[
    "binlog_cache_disk_use",
    "binlog_cache_use",
    "binlog_stmt_cache_disk_use",
    "binlog_stmt_cache_use",
    "binlog_bytes_written",
    "binlog_commits",
    "binlog_group_commits",
    "count_hit_query_past_connection_memory_status_limit",
    "count_hit_query_past_global_connection_memory_status_limit",
    "count_hit_tmp_table_size",
    "temptable_count_hit_max_ram",
    "delayed_errors",
    "delayed_writes",
    "deprecated_use_i_s_processlist_count",
    "deprecated_use_fk_on_non_standard_key_count",
    "error_log_expired_events",
    "flush_commands",
    "innodb_data_read",
    "innodb_data_written",
    "innodb_os_log_fsyncs",
    "innodb_os_log_written",
    "innodb_row_lock_time",
    "innodb_sampled_pages_read",
    "innodb_sampled_pages_skipped",
    "innodb_truncated_status_writes",
    "innodb_redo_log_current_lsn",
    "innodb_redo_log_checkpoint_lsn",
    "innodb_redo_log_flushed_to_disk_lsn",
    "innodb_deadlocks",
    "key_read_requests",
    "key_reads",
    "key_write_requests",
    "key_writes",
    "max_execution_time_exceeded",
    "max_execution_time_set",
    "max_execution_time_set_failed",
    "max_statement_time_exceeded",
    "qcache_inserts",
    "qcache_lowmem_prunes",
    "secondary_engine_execution_count",
    "slow_launch_threads",
    "ssl_accept_renegotiates",
    "ssl_accepts",
    "ssl_callback_cache_hits",
    "ssl_client_connects",
    "ssl_connect_renegotiates",
    "ssl_finished_accepts",
    "ssl_finished_connects",
    "ssl_session_cache_hits",
    "ssl_session_cache_misses",
    "ssl_session_cache_overflows",
    "ssl_session_cache_timeouts",
    "ssl_sessions_reused",
    "table_open_cache_triggers_hits",
    "table_open_cache_triggers_misses",
    "table_open_cache_triggers_overflows",
    "tc_log_page_waits",
    "threads_created",
    "rows_read",
    "rows_sent",
    "rows_tmp_read",
    "access_denied_errors",
    "empty_queries",
    "syncs",
    "wsrep_replicated",
    "wsrep_replicated_bytes",
    "wsrep_received",
    "wsrep_received_bytes",
    "wsrep_local_commits",
    "wsrep_local_cert_failures",
    "wsrep_local_bf_aborts",
];

/// And all whose names begin so.
const COUNTER_PREFIXES: &[&str] =
    &["com_", "handler_", "innodb_system_rows_", "mysqlx_stmt_", "mysqlx_crud_", "feature_"];

/// Whether a variable only grows while the server runs. What is not known to is a gauge: a rate of a gauge is
/// nonsense that one sees, a counter that falls looks like a restart.
fn is_counter(variable: &str) -> bool {
    COUNTERS.contains(&variable)
        || COUNTER_PREFIXES.iter().any(|prefix| variable.starts_with(prefix))
        || (variable.starts_with("performance_schema_") && variable.ends_with("_lost"))
        || (variable.starts_with("mysqlx_") && is_mysqlx_counter(&variable["mysqlx_".len()..]))
}

fn is_mysqlx_counter(rest: &str) -> bool {
    const EXACT: &[&str] = &[
        "bytes_received",
        "bytes_sent",
        "connection_accept_errors",
        "connection_errors",
        "errors_sent",
        "errors_unknown_message_type",
        "expect_close",
        "expect_open",
        "init_error",
        "notice_global_sent",
        "notice_other_sent",
        "notice_warning_sent",
        "rows_sent",
        "sessions_accepted",
        "sessions_closed",
        "sessions_fatal_error",
        "sessions_killed",
        "sessions_rejected",
        "ssl_accepts",
        "ssl_finished_accepts",
        "cursor_close",
        "cursor_fetch",
        "cursor_open",
        "prep_deallocate",
        "prep_execute",
        "prep_prepare",
        "messages_sent",
        "aborted_clients",
    ];
    EXACT.contains(&rest)
}
