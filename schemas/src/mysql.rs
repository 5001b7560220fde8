//! What is known of a MySQL server at this moment: the seam between whoever polls it and whoever shows it.
//!
//! Owns plain types. Times are nanoseconds since the epoch by this machine's clock, durations nanoseconds, ratios 0 to 1,
//! rates a second. Texts of statements have their literals replaced already. Never asks a server.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::ids::to_hex;

macro_rules! figures {
    ($($variant:ident $name:literal,)+) => {
        /// A number that is shown of a server each second.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Figure { $($variant),+ }

        impl Figure {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As the API and documents call it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

figures! {
    Qps "qps",
    Tps "tps",
    Connections "connections",
    ConnectionsRunning "connections_running",
    ConnectionsMax "connections_max",
    ConnectionsUsage "connections_usage",
    AbortedPerSecond "aborted_per_second",
    SlowPerSecond "slow_per_second",
    BufferPoolHitRatio "buffer_pool_hit_ratio",
    BufferPoolUsage "buffer_pool_usage",
    RowLockWaitsPerSecond "row_lock_waits_per_second",
    RowLockTimePerSecond "row_lock_time_ms_per_second",
    LockWaitsNow "lock_waits_now",
    DeadlocksPerSecond "deadlocks_per_second",
    BytesReceivedPerSecond "bytes_received_per_second",
    BytesSentPerSecond "bytes_sent_per_second",
    RowsReadPerSecond "rows_read_per_second",
    RowsWrittenPerSecond "rows_written_per_second",
    TmpDiskTablesPerSecond "tmp_disk_tables_per_second",
    HistoryListLength "history_list_length",
    ReplicationLagSeconds "replication_lag_seconds",
    PingMs "ping_ms",
}

const FIGURES: usize = Figure::ALL.len();

/// The figures of one moment; what is unknown is not there.
#[derive(Clone, Copy, Debug)]
pub struct Figures([f64; FIGURES]);

impl Default for Figures {
    fn default() -> Self {
        Self([f64::NAN; FIGURES])
    }
}

impl Figures {
    #[must_use]
    pub fn get(&self, figure: Figure) -> Option<f64> {
        Some(self.0[figure as usize]).filter(|value| !value.is_nan())
    }

    /// Sets one; what is no finite number is unknown.
    pub fn set(&mut self, figure: Figure, value: Option<f64>) {
        self.0[figure as usize] = value.filter(|value| value.is_finite()).unwrap_or(f64::NAN);
    }

    /// Those that are known, by name.
    pub fn known(&self) -> impl Iterator<Item = (&'static str, f64)> + '_ {
        Figure::ALL.iter().filter_map(|figure| Some((figure.name(), self.get(*figure)?)))
    }
}

/// What kind of server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavor {
    #[default]
    Unknown,
    Mysql,
    Mariadb,
}

impl Flavor {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Mysql => "mysql",
            Self::Mariadb => "mariadb",
        }
    }
}

/// How a server is, at a glance. The order is that of badness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Light {
    #[default]
    Green,
    Yellow,
    Red,
}

impl Light {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }
}

/// Why a light is not green.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub code: &'static str,
    pub text: String,
}

/// A server as lists show it.
#[derive(Clone, Debug, Default)]
pub struct ServerPicture {
    /// `host:port`.
    pub name: String,
    pub flavor: Flavor,
    /// Empty until it has answered once.
    pub version: String,
    pub up: bool,
    pub light: Light,
    pub reasons: Vec<Reason>,
    /// Since when the light is as it is.
    pub since: i64,
    pub uptime_seconds: Option<i64>,
    /// From one reading of the status to the next, as it is now.
    pub interval_ms: u64,
    pub figures: Figures,
    pub replication: Vec<Replica>,
    pub missing: Vec<Missing>,
    pub cost: Cost,
}

/// A source that a server replicates from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replica {
    pub channel: String,
    pub source: String,
    pub io: String,
    pub sql: String,
    pub lag_seconds: Option<f64>,
    pub error: String,
}

/// What is not collected, and what would mend that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// `grant` or `setting`.
    pub what: &'static str,
    pub name: String,
    pub text: String,
}

/// What polling costs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// By the server's own accounting where it has one, else as waited for here.
    pub server_ms_per_second: f64,
    pub statements_per_second: f64,
    /// Of one core of this machine.
    pub own_cpu_ratio: f64,
    /// Polls left out because the one before took too long.
    pub skipped: u64,
}

/// Figures of a moment.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub seq: u64,
    pub time: i64,
    pub figures: Figures,
}

/// A statement that runs, or the last one of a thread that holds a lock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    /// The id of its connection.
    pub thread: u64,
    pub user: String,
    pub host: String,
    pub schema: String,
    pub command: String,
    pub state: String,
    pub text: String,
    pub digest: Option<String>,
    pub duration_ns: i64,
    pub lock_time_ns: i64,
    pub rows_examined: i64,
    pub rows_sent: i64,
    pub context: Option<TraceContext>,
    pub transaction_started: Option<i64>,
    /// When it ended, or the last moment at which it was seen to run, by this machine's clock; `None` where it is not known.
    pub ran_until: Option<i64>,
}

/// Which span sent a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
}

/// A statement that waits for a lock, and who holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct LockWait {
    pub waiting: Statement,
    pub blocking: Statement,
    /// `schema.table`.
    pub object: String,
    /// Empty for a lock on no index.
    pub index: String,
    pub mode: String,
    /// `row` or `metadata`.
    pub kind: &'static str,
    pub wait_ns: i64,
}

impl Statement {
    /// As it is shown and as events tell it, times as `moment` writes them.
    pub fn json(&self, moment: impl Fn(i64) -> Value) -> Value {
        json!({
            "thread": self.thread,
            "user": self.user,
            "host": self.host,
            "schema": self.schema,
            "command": self.command,
            "state": self.state,
            "text": self.text,
            "digest": self.digest,
            "duration_ns": self.duration_ns,
            "lock_time_ns": self.lock_time_ns,
            "rows_examined": self.rows_examined,
            "rows_sent": self.rows_sent,
            "trace_id": self.context.map(|context| to_hex(&context.trace_id)),
            "span_id": self.context.map(|context| to_hex(&context.span_id)),
            "transaction_started": self.transaction_started.map(moment),
        })
    }
}

impl LockWait {
    /// As [`Statement::json`].
    pub fn json(&self, moment: impl Fn(i64) -> Value) -> Value {
        json!({
            "waiting": self.waiting.json(&moment),
            "blocking": self.blocking.json(&moment),
            "object": self.object,
            "index": self.index,
            "mode": self.mode,
            "kind": self.kind,
            "wait_ns": self.wait_ns,
        })
    }
}

/// A server as it is now, and its last minutes.
#[derive(Clone, Debug)]
pub struct LivePicture {
    /// Grows with every change.
    pub seq: u64,
    pub server: ServerPicture,
    pub points: Vec<Point>,
    pub statements: Vec<Statement>,
    pub locks: Vec<LockWait>,
}

/// InnoDB, as last read.
#[derive(Clone, Debug, Default)]
pub struct InnodbPicture {
    pub buffer_pool_size_bytes: Option<i64>,
    pub buffer_pool_data_bytes: Option<i64>,
    pub buffer_pool_dirty_bytes: Option<i64>,
    pub buffer_pool_free_pages: Option<i64>,
    pub buffer_pool_hit_ratio: Option<f64>,
    pub log_checkpoint_age_bytes: Option<i64>,
    pub log_capacity_bytes: Option<i64>,
    pub history_list_length: Option<i64>,
    /// Since the server's start, by name.
    pub row_operations: Vec<(&'static str, i64)>,
    pub semaphore_waits: Option<i64>,
    pub status_text: String,
}

/// Names and values of a server's global variables, most of which its neighbours have alike.
pub type GlobalVariables = Arc<[(Arc<str>, Arc<str>)]>;

/// How large a table is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableSize {
    pub schema: String,
    pub table: String,
    pub rows: i64,
    pub data_bytes: i64,
    pub index_bytes: i64,
    pub auto_increment_used_ratio: Option<f64>,
}

/// Names of the log records that a MySQL source stores, in the column `event_name`.
pub mod events {
    /// A digest's calls since the last such record. The Collector's name.
    pub const TOP_QUERY: &str = "db.server.top_query";
    /// One statement that was seen. The Collector's name.
    pub const QUERY_SAMPLE: &str = "db.server.query_sample";
    /// The plan of a digest, when it is first seen and when it changes.
    pub const PLAN: &str = "spanlake.mysql.plan";
    /// What happens to a server: the rest of the name is the kind.
    pub const EVENT_PREFIX: &str = "spanlake.mysql.event.";
}

/// Names of attributes of those records. Counts and nanoseconds are of the record's interval.
pub mod keys {
    pub const ENDPOINT: &str = "mysql.instance.endpoint";
    pub const DIGEST: &str = "mysql.digest";
    pub const SCHEMA: &str = "db.namespace";
    pub const TEXT: &str = "db.query.text";
    pub const CALLS: &str = "mysql.digest.calls";
    pub const ERRORS: &str = "mysql.digest.errors";
    pub const TOTAL_TIME: &str = "mysql.digest.total_time_ns";
    pub const MAX_TIME: &str = "mysql.digest.max_time_ns";
    pub const LOCK_TIME: &str = "mysql.digest.lock_time_ns";
    pub const ROWS_EXAMINED: &str = "mysql.digest.rows_examined";
    pub const ROWS_SENT: &str = "mysql.digest.rows_sent";
    pub const ROWS_AFFECTED: &str = "mysql.digest.rows_affected";
    pub const TMP_DISK_TABLES: &str = "mysql.digest.tmp_disk_tables";
    pub const NO_INDEX_USED: &str = "mysql.digest.no_index_used";
    pub const PLAN_HASH: &str = "mysql.query_plan.hash";
    pub const PLAN: &str = "mysql.query_plan";
    pub const DURATION: &str = "mysql.sample.duration_ns";
    pub const SOURCE: &str = "mysql.sample.source";
    pub const THREAD: &str = "mysql.threads.thread_id";
    /// JSON.
    pub const DETAIL: &str = "mysql.event.detail";
    /// The metric of durations by digest: exponential histograms, in seconds.
    pub const DURATION_METRIC: &str = "mysql.digest.duration";
}
