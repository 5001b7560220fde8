//! One connection: logging in, limits, one statement at a time within its time, and what all that costs.
//!
//! Owns the account of its own statements, so that they can be left out of figures. A connection that did not answer in
//! time is closed at once and never waited for: whatever it had in flight is lost. Never decides what is asked.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, IoError, Row, Value};
use parking_lot::Mutex;

use super::address::MysqlUrl;
use super::text::canonical;

const LOCK_WAIT_TIMEOUT_SECONDS: u32 = 2;
/// Statements of ours that are remembered by their form.
const FORMS_MAX: usize = 1000;
/// A digest's text is cut at `max_digest_length`, 1024 bytes by default, without a sign: what is this long may be cut.
const CUT_LENGTH_MIN: usize = 400;

/// Why there is no answer. Texts name neither user nor password.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("no answer within {milliseconds} ms")]
    Late { milliseconds: u128 },
    #[error("the server refuses: {message} ({state}, {code})")]
    Refused { code: u16, state: String, message: String },
    #[error("TLS fails: {0}; see require_ssl, verify_ca, verify_identity and tls_ca in docs/mysql.md")]
    Tls(String),
    #[error("the host is not known ({0}): check its name in the address")]
    UnknownHost(String),
    #[error("nothing listens at its port ({0}): check the port, and that the server runs and listens on that address")]
    NothingListens(String),
    #[error("{0}")]
    Connection(String),
}

impl SessionError {
    /// Whether the connection can still be used: the server answered, if only with a no.
    pub(super) fn is_answer(&self) -> bool {
        // Shutting down, killed, or thrown out for idleness.
        matches!(self, Self::Refused { code, .. } if ![1053, 1927, 3168, 4031].contains(code))
    }
}

/// What a server's two connections have asked, together.
#[derive(Debug, Default)]
pub(super) struct OwnStatements {
    count: AtomicU64,
    /// Nanoseconds from sending to the whole answer.
    waited: AtomicU64,
    /// Ids of the connections; zero is none.
    connections: [AtomicU32; 2],
    forms: Mutex<Forms>,
}

/// What statements of ours look like.
#[derive(Debug, Default)]
struct Forms {
    /// Without literals, comments and spaces.
    canonical: HashSet<String>,
    /// [`shape_of`] those that led there: the same few statements are asked all day.
    shapes: HashSet<u64>,
}

impl OwnStatements {
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited.load(Ordering::Relaxed))
    }

    pub(super) fn connections(&self) -> impl Iterator<Item = u64> + '_ {
        self.connections.iter().map(|id| u64::from(id.load(Ordering::Relaxed))).filter(|id| *id > 0)
    }

    /// Whether a digest's text is of a statement of ours.
    pub(super) fn is_own(&self, digest_text: &str) -> bool {
        let (form, forms) = (canonical(digest_text), &self.forms.lock().canonical);
        forms.contains(&form) || (form.len() >= CUT_LENGTH_MIN && forms.iter().any(|known| known.starts_with(&form)))
    }

    fn asked(&self, statement: &str, waited: Duration) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.waited.fetch_add(u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let mut forms = self.forms.lock();
        if forms.shapes.len() >= FORMS_MAX {
            forms.shapes.clear();
        }
        if forms.canonical.len() < FORMS_MAX && forms.shapes.insert(shape_of(statement)) {
            forms.canonical.insert(canonical(statement));
        }
    }
}

/// A hash of a statement's text in which whole numbers are alike: statements that agree in it have one form. Digits in
/// names count.
fn shape_of(statement: &str) -> u64 {
    const BETWEEN: [char; 4] = [' ', ',', '(', ')'];
    let mut hasher = DefaultHasher::new();
    for piece in statement.split_inclusive(BETWEEN) {
        let word = piece.trim_end_matches(BETWEEN);
        let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        hasher.write(if is_number { b"0" } else { word.as_bytes() });
        hasher.write(&piece.as_bytes()[word.len()..]);
    }
    hasher.finish()
}

/// Which of a server's connections it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Fast = 0,
    Slow = 1,
}

/// An open connection with its limits set.
pub(super) struct Session {
    connection: Option<Conn>,
    timeout: Duration,
    lane: Lane,
    own: std::sync::Arc<OwnStatements>,
}

impl Session {
    /// Logs in within `connect_timeout`; each statement then has `timeout`.
    pub(super) async fn open(
        url: &MysqlUrl,
        (lane, own): (Lane, std::sync::Arc<OwnStatements>),
        timeout: Duration,
        connect_timeout: Duration,
    ) -> Result<Self, SessionError> {
        let options = url.options().stmt_cache_size(0);
        // Its own task: one that is given up is dropped where no runtime would try to say goodbye to a dead server.
        let mut opening = Box::pin(Conn::new(options));
        let connection = match tokio::time::timeout(connect_timeout, &mut opening).await {
            Ok(result) => result.map_err(explained)?,
            Err(_) => {
                off_the_runtime(opening);
                return Err(SessionError::Late { milliseconds: connect_timeout.as_millis() });
            }
        };
        own.connections[lane as usize].store(connection.id(), Ordering::Relaxed);
        let mut session = Self { connection: Some(connection), timeout, lane, own };
        session.limit().await?;
        Ok(session)
    }

    pub(super) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Limits of this session. Servers that do not know one of the variables (MariaDB, old ones) go without it.
    async fn limit(&mut self) -> Result<(), SessionError> {
        let (milliseconds, seconds) = (self.timeout.as_millis().max(1), self.timeout.as_secs_f64());
        let statements = [
            format!("SET SESSION lock_wait_timeout = {LOCK_WAIT_TIMEOUT_SECONDS}"),
            format!("SET SESSION max_execution_time = {milliseconds}"),
            format!("SET SESSION max_statement_time = {seconds}"),
            "SET SESSION TRANSACTION READ ONLY".to_owned(),
            "SET SESSION autocommit = 1, time_zone = '+00:00'".to_owned(),
            // What is slow here is no slow query of the server's users.
            "SET SESSION long_query_time = 3600".to_owned(),
        ];
        for statement in statements {
            match self.rows(&statement).await {
                Ok(_) => {}
                Err(error) if error.is_answer() => {
                    tracing::trace!(%error, statement, "a limit that this server does not have");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// All rows of one statement.
    pub(super) async fn rows(&mut self, statement: &str) -> Result<Vec<Row>, SessionError> {
        let connection = self.connection.as_mut().ok_or_else(gone)?;
        let started = Instant::now();
        let answer = tokio::time::timeout(self.timeout, connection.query::<Row, _>(statement)).await;
        self.own.asked(statement, started.elapsed());
        match answer {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => Err(explained(error)),
            Err(_) => {
                self.abandon();
                Err(SessionError::Late { milliseconds: self.timeout.as_millis() })
            }
        }
    }

    /// First and second column of each row.
    pub(super) async fn pairs(&mut self, statement: &str) -> Result<Vec<(String, String)>, SessionError> {
        let rows = self.rows(statement).await?;
        Ok(rows.iter().map(|row| (Cells(row).text(0), Cells(row).text(1))).collect())
    }

    pub(super) async fn ping(&mut self) -> Result<(), SessionError> {
        let connection = self.connection.as_mut().ok_or_else(gone)?;
        match tokio::time::timeout(self.timeout, connection.ping()).await {
            Ok(result) => result.map_err(explained),
            Err(_) => {
                self.abandon();
                Err(SessionError::Late { milliseconds: self.timeout.as_millis() })
            }
        }
    }

    pub(super) async fn close(mut self) {
        self.own.connections[self.lane as usize].store(0, Ordering::Relaxed);
        if let Some(connection) = self.connection.take() {
            let _ = connection.disconnect().await;
        }
    }

    fn abandon(&mut self) {
        self.own.connections[self.lane as usize].store(0, Ordering::Relaxed);
        if let Some(connection) = self.connection.take() {
            off_the_runtime(connection);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// Dropped on a runtime's thread, a connection would first read what is still to come, for as long as a hanging server
/// hangs; elsewhere its socket is closed. That is waited for, some tens of microseconds: the next connection is opened when
/// this one is gone, and never beside it.
fn off_the_runtime<T: Send + 'static>(value: T) {
    let closing = std::thread::Builder::new().name("mysql-close".to_owned()).spawn(move || drop(value));
    match closing {
        Ok(closing) => _ = closing.join(),
        Err(error) => tracing::debug!(%error, "a connection could not be closed aside"),
    }
}

fn gone() -> SessionError {
    SessionError::Connection("the connection is closed".to_owned())
}

/// In words that help and name no secret.
fn explained(error: mysql_async::Error) -> SessionError {
    match error {
        mysql_async::Error::Server(server) if server.code == 1045 => SessionError::Refused {
            code: server.code,
            state: server.state,
            message: "the user or the password is wrong".to_owned(),
        },
        mysql_async::Error::Server(server) => {
            SessionError::Refused { code: server.code, state: server.state, message: server.message }
        }
        mysql_async::Error::Io(IoError::Tls(error)) => SessionError::Tls(error.to_string()),
        // Of a user that it does not know, a server may ask for anything.
        mysql_async::Error::Driver(DriverError::UnknownAuthPlugin { name }) => SessionError::Refused {
            code: 1045,
            state: "28000".to_owned(),
            message: format!("the user or the password is wrong, or logs in by {name}, which is not supported"),
        },
        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            SessionError::Tls("the server offers none".to_owned())
        }
        mysql_async::Error::Io(IoError::Io(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            SessionError::NothingListens(error.to_string())
        }
        mysql_async::Error::Io(IoError::Io(error)) if error.to_string().contains("lookup address") => {
            SessionError::UnknownHost(error.to_string())
        }
        // rustls' errors come as those of the socket.
        mysql_async::Error::Io(IoError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
            SessionError::Tls(error.to_string())
        }
        other => SessionError::Connection(other.to_string()),
    }
}

/// Columns of a row by position, in the text protocol. What is not valid UTF-8 is replaced.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a>(pub(super) &'a Row);

impl<'a> Cells<'a> {
    /// As it came, where that is text: most cells are only looked at.
    fn cell(self, column: usize) -> Option<Cow<'a, str>> {
        match self.0.as_ref(column) {
            Some(Value::Bytes(bytes)) => Some(String::from_utf8_lossy(bytes)),
            None | Some(Value::NULL) => None,
            Some(value) => Some(Cow::Owned(value.as_sql(true).trim_matches('\'').to_owned())),
        }
    }

    pub(super) fn optional(self, column: usize) -> Option<String> {
        self.cell(column).map(Cow::into_owned)
    }

    /// Empty for null.
    pub(super) fn text(self, column: usize) -> String {
        self.optional(column).unwrap_or_default()
    }

    pub(super) fn number(self, column: usize) -> Option<f64> {
        self.cell(column)?.parse().ok()
    }

    /// Zero for null; what is larger than fits is the largest.
    pub(super) fn integer(self, column: usize) -> i64 {
        let Some(text) = self.cell(column) else { return 0 };
        let wide = text.parse::<i128>().ok().or_else(|| text.parse::<f64>().ok().map(|number| number as i128));
        i64::try_from(wide.unwrap_or(0)).unwrap_or(i64::MAX)
    }

    /// A column by its name, whatever its case.
    pub(super) fn named(self, name: &str) -> Option<String> {
        let position = self.0.columns_ref().iter().position(|column| column.name_str().eq_ignore_ascii_case(name))?;
        self.optional(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_of_ours_is_known_by_its_form_whatever_its_numbers() {
        let own = OwnStatements::default();
        for since in [17, 18, 19] {
            own.asked(
                &format!("SELECT /* spanlake */ a FROM t1 WHERE id NOT IN ({since}, 2) AND b > {since}"),
                Duration::ZERO,
            );
        }
        own.asked("SELECT a FROM t2 WHERE id NOT IN (1, 2) AND b > 3", Duration::ZERO);
        let known = |of: fn(&Forms) -> usize| of(&own.forms.lock());
        assert_eq!((known(|forms| forms.shapes.len()), known(|forms| forms.canonical.len())), (2, 2));
        assert!(own.is_own("SELECT `a` FROM `t1` WHERE `id` NOT IN (...) AND `b` > ?"));
        assert!(own.is_own("SELECT `a` FROM `t2` WHERE `id` NOT IN (...) AND `b` > ?"));
        assert!(!own.is_own("SELECT `a` FROM `t3` WHERE `id` NOT IN (...) AND `b` > ?"));
    }
}
