//! Second names of MySQL's metrics: those that `mysqld_exporter` gives them, so that its dashboards and rules work.
//!
//! Pure. The metrics are stored once, under the names of the OpenTelemetry Collector's receiver; which status variable
//! each is stands here. What the exporter has no name for has none here.

/// Points of one variable each: the metric, its attribute, and the variable's name before and after the attribute's value.
const BY_VALUE: &[(&str, &str, &str, &str)] = &[
    ("mysql.threads", "kind", "threads_", ""),
    ("mysql.buffer_pool.operations", "operation", "innodb_buffer_pool_", ""),
    ("mysql.double_writes", "kind", "innodb_dblwr_", ""),
    ("mysql.log_operations", "operation", "innodb_log_", ""),
    ("mysql.operations", "operation", "innodb_data_", ""),
    ("mysql.page_operations", "operation", "innodb_pages_", ""),
    ("mysql.row_locks", "kind", "innodb_row_lock_", ""),
    ("mysql.locks", "kind", "table_locks_", ""),
    ("mysql.sorts", "kind", "sort_", ""),
    ("mysql.tmp_resources", "resource", "created_tmp_", ""),
    ("mysql.mysqlx_connections", "status", "mysqlx_connections_", ""),
    ("mysql.client.network.io", "kind", "bytes_", ""),
];

/// Points whose attribute stays a label: the metric, its attribute, the exporter's name and label, and what the value begins with.
const BY_LABEL: &[(&str, &str, &str, &str, &str)] = &[
    ("mysql.commands", "command", "commands_total", "command", ""),
    ("mysql.prepared_statements", "command", "commands_total", "command", "stmt_"),
    ("mysql.handlers", "kind", "handlers_total", "handler", ""),
    ("mysql.row_operations", "operation", "innodb_row_ops_total", "operation", ""),
    ("mysql.buffer_pool.pages", "kind", "buffer_pool_pages", "state", ""),
    ("mysql.connection.errors", "error", "connection_errors_total", "error", ""),
];

/// Points that go by a variable's name: the metric, its attribute's value, and the variable.
const BY_NAME: &[(&str, &str, &str)] = &[
    ("mysql.uptime", "", "uptime"),
    ("mysql.connection.count", "", "connections"),
    ("mysql.max_used_connections", "", "max_used_connections"),
    ("mysql.query.count", "", "queries"),
    ("mysql.query.client.count", "", "questions"),
    ("mysql.query.slow.count", "", "slow_queries"),
    ("mysql.qcache.hits", "", "qcache_hits"),
    ("mysql.qcache.not.cached", "", "qcache_not_cached"),
    ("mysql.qcache.queries", "", "qcache_queries_in_cache"),
    ("mysql.buffer_pool.usage", "dirty", "innodb_buffer_pool_bytes_dirty"),
    ("mysql.connection.errors", "aborted", "aborted_connects"),
    ("mysql.connection.errors", "aborted_clients", "aborted_clients"),
    ("mysql.connection.errors", "locked", "locked_connects"),
    ("mysql.opened_resources", "file", "opened_files"),
    ("mysql.opened_resources", "table_definition", "opened_table_definitions"),
    ("mysql.opened_resources", "table", "opened_tables"),
    ("mysql.joins", "full", "select_full_join"),
    ("mysql.joins", "full_range", "select_full_range_join"),
    ("mysql.joins", "range", "select_range"),
    ("mysql.joins", "range_check", "select_range_check"),
    ("mysql.joins", "scan", "select_scan"),
    ("mysql.table_open_cache", "hit", "table_open_cache_hits"),
    ("mysql.table_open_cache", "miss", "table_open_cache_misses"),
    ("mysql.table_open_cache", "overflow", "table_open_cache_overflows"),
    ("mysql.mysqlx_worker_threads", "available", "mysqlx_worker_threads"),
    ("mysql.mysqlx_worker_threads", "active", "mysqlx_worker_threads_active"),
];

/// Keys of attributes, and the labels that they become.
type Renamed = &'static [(&'static str, &'static str)];

/// Metrics that the exporter names in a way of their own; attributes become labels of these names.
const OTHERS: &[(&str, &str, Renamed)] = &[
    ("mysql.up", "mysql_up", &[]),
    ("mysql.innodb.deadlocks", "mysql_info_schema_innodb_metrics_lock_lock_deadlocks_total", &[]),
    ("mysql.innodb.history_list.length", "mysql_info_schema_innodb_metrics_transaction_trx_rseg_history_len", &[]),
    (
        "mysql.replica.time_behind_source",
        "mysql_slave_status_seconds_behind_master",
        &[("mysql.replica.source", "master_host"), ("mysql.replica.channel", "channel_name")],
    ),
    (
        "mysql.replica.io_running",
        "mysql_slave_status_slave_io_running",
        &[("mysql.replica.source", "master_host"), ("mysql.replica.channel", "channel_name")],
    ),
    (
        "mysql.replica.sql_running",
        "mysql_slave_status_slave_sql_running",
        &[("mysql.replica.source", "master_host"), ("mysql.replica.channel", "channel_name")],
    ),
    ("mysql.table.rows", "mysql_info_schema_table_rows", &[("schema", "schema"), ("table", "table")]),
    (
        "mysql.table.size",
        "mysql_info_schema_table_size",
        &[("schema", "schema"), ("table", "table"), ("kind", "component")],
    ),
];

/// Counts of a digest: the attribute's value, and how the exporter's name goes on.
const OF_DIGESTS: &[(&str, &str)] = &[
    ("calls", "total"),
    ("errors", "errors_total"),
    ("rows_affected", "rows_affected_total"),
    ("rows_sent", "rows_sent_total"),
    ("rows_examined", "rows_examined_total"),
    ("created_tmp_disk_tables", "tmp_disk_tables_total"),
    ("no_index_used", "no_index_used_total"),
];

/// The points that are stored under their variable's name as well.
const TWICE: &[(&str, &str)] = &[("mysql.threads", "created"), ("mysql.row_locks", "time")];

type Attributes = Vec<(String, String)>;

/// The exporter's name and labels of a series, where it has one.
pub(crate) fn second_name(name: &str, attributes: &[(String, String)]) -> Option<(String, Attributes)> {
    if !name.starts_with("mysql.") {
        return None;
    }
    let get = |key: &str| attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
    if let Some(variable) = name.strip_prefix("mysql.global_status.") {
        return Some(of_status(variable));
    }
    if let Some(variable) = name.strip_prefix("mysql.global_variables.") {
        return Some((format!("mysql_global_variables_{variable}"), Vec::new()));
    }
    if let Some((_, theirs, labels)) = OTHERS.iter().find(|(ours, ..)| *ours == name) {
        let labels = labels.iter().filter_map(|(key, label)| {
            let value = get(key)?;
            // The exporter has the columns of information_schema there.
            let value = if *label == "component" { format!("{value}_length") } else { value.to_owned() };
            Some(((*label).to_owned(), value))
        });
        return Some(((*theirs).to_owned(), labels.collect()));
    }
    let of_digest = match name {
        "mysql.statement_event.count" => {
            let kind = get("kind")?;
            Some(OF_DIGESTS.iter().find(|(known, _)| *known == kind)?.1)
        }
        "mysql.statement_event.seconds" => Some("seconds_total"),
        "mysql.statement_event.lock_seconds" => Some("lock_seconds_total"),
        _ => None,
    };
    if let Some(rest) = of_digest {
        let labels = ["schema", "digest", "digest_text"]
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), get(key)?.to_owned())));
        return Some((format!("mysql_perf_schema_events_statements_{rest}"), labels.collect()));
    }
    let only = attributes.first().map_or("", |(_, value)| value.as_str());
    if TWICE.contains(&(name, only)) {
        return None;
    }
    if let Some((.., variable)) = BY_NAME.iter().find(|(ours, value, _)| *ours == name && *value == only) {
        return Some((format!("mysql_global_status_{variable}"), Vec::new()));
    }
    if let Some((_, key, before, after)) = BY_VALUE.iter().find(|(ours, ..)| *ours == name) {
        return Some((format!("mysql_global_status_{before}{}{after}", get(key)?), Vec::new()));
    }
    if (name, only) == ("mysql.buffer_pool.data_pages", "dirty") {
        return Some(labelled("buffer_pool_pages", "state", "dirty"));
    }
    if name == "mysql.buffer_pool.page_flushes" {
        return Some(labelled("buffer_pool_page_changes_total", "operation", "flushed"));
    }
    let (_, key, theirs, label, prefix) = BY_LABEL.iter().find(|(ours, ..)| *ours == name)?;
    Some(labelled(theirs, label, &format!("{prefix}{}", get(key)?)))
}

fn labelled(name: &str, label: &str, value: &str) -> (String, Attributes) {
    (format!("mysql_global_status_{name}"), vec![(label.to_owned(), value.to_owned())])
}

/// A status variable that is stored under its own name.
fn of_status(variable: &str) -> (String, Attributes) {
    if let Some(operation) = variable.strip_prefix("innodb_buffer_pool_pages_").filter(|rest| *rest != "total") {
        return labelled("buffer_pool_page_changes_total", "operation", operation);
    }
    let lost = variable.strip_prefix("performance_schema_").and_then(|rest| rest.strip_suffix("_lost"));
    if let Some(instrumentation) = lost {
        return labelled("performance_schema_lost_total", "instrumentation", instrumentation);
    }
    (format!("mysql_global_status_{variable}"), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_mysqld_exporter() {
        let of = |name: &str, attributes: &[(&str, &str)]| {
            let attributes: Attributes =
                attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            second_name(name, &attributes).map(|(name, labels)| {
                let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}={value}")).collect();
                format!("{name}{{{}}}", labels.join(","))
            })
        };
        for (name, attributes, expected) in [
            ("mysql.up", &[][..], "mysql_up{}"),
            ("mysql.threads", &[("kind", "connected")], "mysql_global_status_threads_connected{}"),
            ("mysql.commands", &[("command", "select")], "mysql_global_status_commands_total{command=select}"),
            (
                "mysql.prepared_statements",
                &[("command", "execute")],
                "mysql_global_status_commands_total{command=stmt_execute}",
            ),
            ("mysql.connection.errors", &[("error", "aborted")], "mysql_global_status_aborted_connects{}"),
            (
                "mysql.connection.errors",
                &[("error", "internal")],
                "mysql_global_status_connection_errors_total{error=internal}",
            ),
            ("mysql.tmp_resources", &[("resource", "disk_tables")], "mysql_global_status_created_tmp_disk_tables{}"),
            (
                "mysql.buffer_pool.operations",
                &[("operation", "read_requests")],
                "mysql_global_status_innodb_buffer_pool_read_requests{}",
            ),
            ("mysql.global_status.innodb_page_size", &[], "mysql_global_status_innodb_page_size{}"),
            ("mysql.global_variables.max_connections", &[], "mysql_global_variables_max_connections{}"),
            (
                "mysql.table.size",
                &[("schema", "shop"), ("table", "orders"), ("kind", "data")],
                "mysql_info_schema_table_size{schema=shop,table=orders,component=data_length}",
            ),
            (
                "mysql.statement_event.count",
                &[("digest", "d"), ("digest_text", "SELECT ?"), ("kind", "calls"), ("schema", "shop")],
                "mysql_perf_schema_events_statements_total{schema=shop,digest=d,digest_text=SELECT ?}",
            ),
            (
                "mysql.statement_event.count",
                &[("digest", "d"), ("digest_text", "SELECT ?"), ("kind", "rows_examined"), ("schema", "shop")],
                "mysql_perf_schema_events_statements_rows_examined_total{schema=shop,digest=d,digest_text=SELECT ?}",
            ),
            (
                "mysql.statement_event.seconds",
                &[("digest", "d"), ("digest_text", "SELECT ?"), ("schema", "shop")],
                "mysql_perf_schema_events_statements_seconds_total{schema=shop,digest=d,digest_text=SELECT ?}",
            ),
        ] {
            assert_eq!(of(name, attributes).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(of("mysql.threads", &[("kind", "created")]), None, "stored under its own name too");
        assert_eq!(of("mysql.digest.duration", &[]), None);
        assert_eq!(of("http.server.request.duration", &[]), None);
    }
}
