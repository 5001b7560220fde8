//! One connection: logging in, the few statements that are asked, and their time limits.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};

use super::address::MysqlUrl;

/// Marked in the server's own views as ours.
const STATUS: &str = "SELECT /* spanlake */ VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.global_status";
/// The performance schema leaves out the statement counters.
const COMMANDS: &str = r"SHOW GLOBAL STATUS LIKE 'Com\_%'";
/// Where there is no performance schema, and in MariaDB.
const STATUS_FALLBACK: &str = "SHOW GLOBAL STATUS";
const IDENTITY_REFRESH: Duration = Duration::from_secs(60);
const LOCK_WAIT_TIMEOUT_SECONDS: u32 = 2;

/// What a server says of itself, in variables that seldom change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) version: String,
    pub(super) server_uuid: Option<String>,
    pub(super) buffer_pool_bytes: Option<i64>,
}

/// Why there are no readings. Texts name neither user nor password.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("no answer within {milliseconds} ms")]
    Late { milliseconds: u128 },
    #[error("the server refuses: {message} ({state}, {code})")]
    Refused { code: u16, state: String, message: String },
    #[error("{0}")]
    Connection(String),
}

/// An open connection with its limits set.
pub(super) struct Session {
    connection: Conn,
    /// For all statements of one poll.
    poll_timeout: Duration,
    has_performance_schema: bool,
    identity: Identity,
    identity_read: Instant,
}

impl Session {
    pub(super) async fn open(url: &MysqlUrl, interval: Duration, timeout: Duration) -> Result<Self, SessionError> {
        let poll_timeout = interval * 9 / 10;
        let opening = async {
            let mut connection = Conn::new(url.options().stmt_cache_size(0)).await?;
            limit(&mut connection, interval * 8 / 10).await;
            let identity = identify(&mut connection).await?;
            Ok::<_, mysql_async::Error>((connection, identity))
        };
        let (connection, identity) = in_time(timeout, opening).await?;
        Ok(Self { connection, poll_timeout, has_performance_schema: true, identity, identity_read: Instant::now() })
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Name and value of each status variable.
    pub(super) async fn global_status(&mut self) -> Result<Vec<(String, String)>, SessionError> {
        in_time(self.poll_timeout, async {
            if self.identity_read.elapsed() >= IDENTITY_REFRESH {
                self.identity = identify(&mut self.connection).await?;
                self.identity_read = Instant::now();
            }
            if self.has_performance_schema {
                match pairs(&mut self.connection, STATUS).await {
                    Ok(mut readings) if !readings.is_empty() => {
                        readings.extend(pairs(&mut self.connection, COMMANDS).await?);
                        return Ok(readings);
                    }
                    // Absent, empty (switched off) or not granted: the plain statement needs no right at all.
                    Ok(_) | Err(mysql_async::Error::Server(_)) => self.has_performance_schema = false,
                    Err(error) => return Err(error),
                }
            }
            pairs(&mut self.connection, STATUS_FALLBACK).await
        })
        .await
    }

    pub(super) async fn close(self) {
        let _ = self.connection.disconnect().await;
    }
}

/// Limits of this session. Servers that do not know one of the variables (MariaDB, old ones) go without it.
async fn limit(connection: &mut Conn, statement_timeout: Duration) {
    let milliseconds = statement_timeout.as_millis().max(1);
    let seconds = statement_timeout.as_secs_f64();
    let statements = [
        format!("SET SESSION lock_wait_timeout = {LOCK_WAIT_TIMEOUT_SECONDS}"),
        format!("SET SESSION max_execution_time = {milliseconds}"),
        format!("SET SESSION max_statement_time = {seconds}"),
    ];
    for statement in statements {
        if let Err(error) = connection.query_drop(&statement).await {
            tracing::trace!(%error, statement, "a limit that this server does not have");
        }
    }
}

async fn identify(connection: &mut Conn) -> Result<Identity, mysql_async::Error> {
    let names = "'version', 'server_uuid', 'innodb_buffer_pool_size'";
    let readings = pairs(connection, &format!("SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})")).await?;
    let mut identity = Identity::default();
    for (name, value) in readings {
        match name.as_str() {
            "version" => identity.version = value,
            "server_uuid" => identity.server_uuid = Some(value).filter(|uuid| !uuid.is_empty()),
            "innodb_buffer_pool_size" => identity.buffer_pool_bytes = value.parse().ok(),
            _ => {}
        }
    }
    Ok(identity)
}

async fn pairs(connection: &mut Conn, statement: &str) -> Result<Vec<(String, String)>, mysql_async::Error> {
    let rows: Vec<Row> = connection.query(statement).await?;
    Ok(rows.iter().map(|row| (text(row, 0), text(row, 1))).collect())
}

fn text(row: &Row, column: usize) -> String {
    match row.as_ref(column) {
        Some(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        None | Some(Value::NULL) => String::new(),
        Some(value) => value.as_sql(true).trim_matches('\'').to_owned(),
    }
}

async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, mysql_async::Error>>,
) -> Result<T, SessionError> {
    match tokio::time::timeout(limit, work).await {
        Err(_) => Err(SessionError::Late { milliseconds: limit.as_millis() }),
        Ok(result) => result.map_err(|error| match error {
            mysql_async::Error::Server(server) if server.code == 1045 => SessionError::Refused {
                code: server.code,
                state: server.state,
                message: "the user or the password is wrong".to_owned(),
            },
            mysql_async::Error::Server(server) => {
                SessionError::Refused { code: server.code, state: server.state, message: server.message }
            }
            other => SessionError::Connection(other.to_string()),
        }),
    }
}
