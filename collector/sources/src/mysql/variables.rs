//! Global variables and the sizes of tables: what changes by somebody's hand, or slowly.
//!
//! Owns what becomes an event: a change since the last reading, which the server's state keeps. Values of variables that
//! hold secrets are never kept.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;
use spanlake_schemas::mysql::TableSize;

use super::message::{self, text};
use super::names::Kind;
use super::records;
use super::session::{Cells, Session, SessionError};
use super::slow::Found;
use super::state::ServerState;

/// Tables that are shown; the metrics have fewer.
const TABLES_MAX: usize = 2000;
const TABLES_AS_METRICS_MAX: usize = 100;

/// Variables that change by themselves.
const RESTLESS: &[&str] = &[
    "gtid_",
    "timestamp",
    "rand_seed",
    "wsrep_last",
    "insert_id",
    "last_insert_id",
    "error_count",
    "warning_count",
    "pseudo_",
];

/// Names and values of all global variables.
pub(super) async fn ask(
    session: &mut Session,
    state: &ServerState,
    time: i64,
    found: &mut Found,
) -> Result<(), SessionError> {
    let now = session.pairs("SHOW /* spanlake */ GLOBAL VARIABLES").await?;
    let shown = now.iter().map(|(name, value)| match is_secret(name) && !value.is_empty() {
        true => (name.as_str(), "(not shown)"),
        false => (name.as_str(), value.as_str()),
    });
    let now: Vec<(Arc<str>, Arc<str>)> =
        shown.map(|(name, value)| (state.words.word(name), state.words.word(value))).collect();
    let before = state.variables();
    let before: HashMap<&str, &Arc<str>> = before.iter().map(|(name, value)| (&**name, value)).collect();
    for (name, after) in now.iter().filter(|(name, _)| !RESTLESS.iter().any(|prefix| name.starts_with(prefix))) {
        let Some(before) = before.get(&**name).filter(|before| **before != after) else { continue };
        let title = format!("{name} was set from {before} to {after}");
        let detail = json!({"name": **name, "before": ***before, "after": **after});
        found.records.push(records::event(time, "variable_change", &title, &detail));
    }
    for (name, value) in &now {
        if let Some(value) = number(value) {
            let name = format!("mysql.global_variables.{name}");
            found.metrics.push(message::number((&name, "", ""), (Kind::Gauge, None), time, [(Vec::new(), value)]));
        }
    }
    state.set_variables(now.into());
    Ok(())
}

fn is_secret(name: &str) -> bool {
    ["password", "secret", "auth_string"].iter().any(|word| name.contains(word))
        && !name.starts_with("validate_password")
}

/// Numbers, and truth as one.
fn number(value: &str) -> Option<f64> {
    match value {
        "ON" | "YES" => Some(1.0),
        "OFF" | "NO" => Some(0.0),
        value => value.parse().ok().filter(|number: &f64| number.is_finite()),
    }
}

/// Sizes of all tables that the user may see, largest first.
pub(super) async fn ask_tables(
    session: &mut Session,
    state: &ServerState,
    time: i64,
    found: &mut Found,
) -> Result<(), SessionError> {
    const SYSTEM: &str = "('mysql', 'information_schema', 'performance_schema', 'sys')";
    let statement = format!(
        "SELECT /* spanlake */ TABLE_SCHEMA, TABLE_NAME, TABLE_ROWS, DATA_LENGTH, INDEX_LENGTH, AUTO_INCREMENT FROM information_schema.TABLES \
         WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA NOT IN {SYSTEM} ORDER BY DATA_LENGTH + INDEX_LENGTH DESC LIMIT {TABLES_MAX}"
    );
    let rows = session.rows(&statement).await?;
    let statement = format!(
        "SELECT /* spanlake */ TABLE_SCHEMA, TABLE_NAME, COLUMN_TYPE FROM information_schema.COLUMNS \
         WHERE EXTRA LIKE '%auto_increment%' AND TABLE_SCHEMA NOT IN {SYSTEM}"
    );
    let columns = session.rows(&statement).await?;
    let types: HashMap<(String, String), String> =
        columns.iter().map(|row| ((Cells(row).text(0), Cells(row).text(1)), Cells(row).text(2))).collect();
    let tables: Vec<TableSize> = rows
        .iter()
        .map(|row| {
            let cells = Cells(row);
            let (schema, table) = (cells.text(0), cells.text(1));
            let limit = types.get(&(schema.clone(), table.clone())).and_then(|kind| limit_of(kind));
            let used = cells.number(5).zip(limit).map(|(next, limit)| ((next - 1.0) / limit).clamp(0.0, 1.0));
            TableSize {
                rows: cells.integer(2),
                data_bytes: cells.integer(3),
                index_bytes: cells.integer(4),
                auto_increment_used_ratio: used,
                schema,
                table,
            }
        })
        .collect();
    found.metrics.extend(table_metrics(time, &tables));
    state.set_tables(tables);
    Ok(())
}

/// The largest value of an integer column.
fn limit_of(kind: &str) -> Option<f64> {
    let bits = match kind.split([' ', '(']).next()? {
        "tinyint" => 8,
        "smallint" => 16,
        "mediumint" => 24,
        "int" => 32,
        "bigint" => 64,
        _ => return None,
    };
    let bits = if kind.contains("unsigned") { bits } else { bits - 1 };
    Some(f64::from(bits).exp2() - 1.0)
}

#[allow(clippy::cast_precision_loss, reason = "sizes of tables")]
fn table_metrics(time: i64, tables: &[TableSize]) -> Vec<opentelemetry_proto::tonic::metrics::v1::Metric> {
    if tables.is_empty() {
        return Vec::new();
    }
    let shown = &tables[..tables.len().min(TABLES_AS_METRICS_MAX)];
    let of = |table: &TableSize| vec![text("schema", &table.schema), text("table", &table.table)];
    let with = |table: &TableSize, kind| [of(table), vec![text("kind", kind)]].concat();
    let rows = shown.iter().map(|table| (of(table), table.rows as f64));
    let sizes = shown.iter().flat_map(|table| {
        [(with(table, "data"), table.data_bytes as f64), (with(table, "index"), table.index_bytes as f64)]
    });
    let gauge = (Kind::UpDown, None);
    vec![
        message::number(("mysql.table.rows", "1", "Rows of a table, as estimated."), gauge, time, rows),
        message::number(("mysql.table.size", "By", "Bytes of a table."), gauge, time, sizes),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_limits_and_secrets() {
        assert_eq!(
            (number("ON"), number("OFF"), number("151"), number("utf8mb4")),
            (Some(1.0), Some(0.0), Some(151.0), None)
        );
        assert_eq!(
            (limit_of("int(11)"), limit_of("tinyint unsigned"), limit_of("varchar(3)")),
            (Some(2_147_483_647.0), Some(255.0), None)
        );
        assert!(
            is_secret("wsrep_sst_auth_string")
                && is_secret("replication_password")
                && !is_secret("validate_password.length")
        );
    }
}
