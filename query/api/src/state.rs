//! What the API is given by the assembly: rooms, settings, and the two seams to what is no query.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use parking_lot::RwLock;
use serde::Serialize;
use spanlake_engine::Engine;
use spanlake_rules::RuleStates;
use spanlake_schemas::ingest::{Compression, Encoding, Signal};
use spanlake_series::SeriesIndex;
use spanlake_state::StateFile;
use spanlake_store::{ReadHalf, SeriesLimits};
use tokio::sync::Semaphore;

use crate::forget::Forget;
use crate::mysql::MysqlLive;
use crate::origins::Origins;
use crate::own_metrics::OwnMetrics;
use crate::prometheus::ScrapedTargets;
use crate::sampling::Sampling;

/// The service name of Spanlake's own telemetry, hidden from lists until asked for.
pub(crate) const OWN_SERVICE: &str = "spanlake";

/// Settings, validated by the assembly.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Where the port listens; a request may name it as its host.
    pub listen: SocketAddr,
    /// Wanted as `Authorization: Bearer …` by `/api` and `/metrics` where it is set.
    pub token: Option<String>,
    /// Names that requests may use as their host beside loopback and `listen`, with or without a port.
    pub allowed_hosts: Vec<String>,
    /// Origins whose pages may show this server's page in a frame, as `https://wiki.example`.
    pub frame_ancestors: Vec<String>,
    /// Folder of dashboards that are files.
    pub dashboard_dir: Option<PathBuf>,
    /// Most rows of a JSON answer.
    pub json_rows_max: usize,
    /// Largest body of an import, as received.
    pub import_bytes_max: usize,
    /// Of a PromQL query.
    pub query_timeout: Duration,
    pub query_memory_bytes_max: usize,
    /// How many metric series may be active.
    pub series_limits: SeriesLimits,
}

impl ApiConfig {
    /// The defaults, at an address.
    #[must_use]
    pub fn at(listen: SocketAddr) -> Self {
        Self {
            listen,
            token: None,
            allowed_hosts: Vec::new(),
            frame_ancestors: Vec::new(),
            dashboard_dir: None,
            json_rows_max: 100_000,
            import_bytes_max: 64 << 20,
            query_timeout: Duration::from_secs(30),
            query_memory_bytes_max: 256 << 20,
            series_limits: SeriesLimits::default(),
        }
    }
}

/// Rooms and settings. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    pub engine: Engine,
    pub store: ReadHalf,
    pub config: ApiConfig,
    pub status: Arc<dyn StatusSource>,
    pub admin: Arc<dyn Admin>,
    /// Dashboards; what is wrong with their file where it cannot be used.
    pub state: Result<Arc<StateFile>, String>,
    pub forget: Arc<dyn Forget>,
    pub sampling: Arc<dyn Sampling>,
    pub mysql: Arc<dyn MysqlLive>,
    /// Metrics as Prometheus sees them; rules read the same.
    pub series: Arc<RwLock<SeriesIndex>>,
    pub rules: Arc<RuleStates>,
}

/// Items acknowledged since the start.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Accepted {
    pub spans: u64,
    pub logs: u64,
    pub points: u64,
}

/// What `GET /api/status` tells of other rooms.
#[derive(Clone, Debug, Serialize)]
pub struct StatusReport {
    pub uptime_seconds: u64,
    pub otlp_grpc: SocketAddr,
    pub otlp_http: SocketAddr,
    pub data_dir: PathBuf,
    pub accepted: Accepted,
    /// Unsealed rows in memory.
    pub hot_bytes: u64,
    pub log_bytes: u64,
    /// Files of the hot tier.
    pub hot_file_bytes: u64,
    /// `None` where there is no cold tier.
    pub cold: Option<ColdReport>,
}

/// How the cold tier is.
#[derive(Clone, Debug, Serialize)]
pub struct ColdReport {
    /// Without secrets.
    pub url: String,
    /// `ready`; `starting` before the place has answered; `failing` while it is tried again; `lost` to another server.
    pub state: &'static str,
    /// What is wrong and what to do.
    pub message: Option<String>,
    /// Since when, RFC 3339.
    pub since: String,
    pub files: u64,
    pub bytes: u64,
    pub rows: u64,
    /// Bytes that should have left the hot tier already.
    pub waiting_bytes: u64,
}

/// What other rooms say about themselves. Every call MUST return at once: no I/O, no lock that is held long.
pub trait StatusSource: Send + Sync {
    /// Whether requests are taken: false before the start has ended and once a stop has begun.
    fn is_ready(&self) -> bool;

    fn report(&self) -> StatusReport;

    /// The budget of the cold tier and what it is spent on, as JSON; `None` where everything is kept.
    fn sampling(&self) -> Option<serde_json::Value>;

    /// What is held back before it is stored, as JSON.
    fn door(&self) -> Option<serde_json::Value> {
        None
    }

    /// What is scraped and how that goes; nothing where nothing is.
    fn targets(&self) -> ScrapedTargets {
        ScrapedTargets::default()
    }

    /// What the server was told, by the names of Prometheus's flags.
    fn flags(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// Appends metrics in Prometheus's text format, each family with its help and type.
    fn write_metrics(&self, out: &mut String);
}

/// What an operator may have done.
pub trait Admin: Send + Sync {
    /// Seals what is in memory; the future ends when it is in files.
    fn seal(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// Takes an OTLP request whose rows are filed under their own hours, however old they are.
    fn import(&self, import: Import) -> Pin<Box<dyn Future<Output = Result<Imported, ImportRefusal>> + Send + '_>>;
}

/// An OTLP request of an import.
#[derive(Clone, Debug)]
pub struct Import {
    pub signal: Signal,
    pub encoding: Encoding,
    pub compression: Compression,
    pub body: Bytes,
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Imported {
    /// Items taken.
    pub accepted: u64,
    /// Items not taken.
    pub rejected: u64,
    /// Why not, or what else should be known.
    pub message: Option<String>,
}

/// Why it was not taken.
#[derive(Clone, Debug)]
pub struct ImportRefusal {
    pub status: StatusCode,
    pub message: String,
    /// When to try again; `None` is never.
    pub retry_after: Option<Duration>,
}

/// What handlers share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) store: ReadHalf,
    pub(crate) config: ApiConfig,
    pub(crate) status: Arc<dyn StatusSource>,
    pub(crate) admin: Arc<dyn Admin>,
    pub(crate) state: Result<Arc<StateFile>, String>,
    pub(crate) forget: Arc<dyn Forget>,
    pub(crate) sampling: Arc<dyn Sampling>,
    /// Held while pins change, so that those in force are those that are kept.
    pub(crate) pins_change: Arc<parking_lot::Mutex<()>>,
    /// One simulation at once: it reads the whole hot tier.
    pub(crate) simulation_turns: Semaphore,
    pub(crate) mysql: Arc<dyn MysqlLive>,
    pub(crate) metrics: Arc<OwnMetrics>,
    pub(crate) origins: Origins,
    /// Metrics as Prometheus sees them.
    pub(crate) series: Arc<RwLock<SeriesIndex>>,
    pub(crate) rules: Arc<RuleStates>,
    /// Turns at PromQL: each query has its own memory.
    pub(crate) promql_turns: Arc<Semaphore>,
    /// Turns at exports, which last as long as their readers like.
    pub(crate) export_turns: Arc<Semaphore>,
}

/// PromQL queries that are evaluated at once.
const PROMQL_AT_ONCE: usize = 4;
/// Exports that run at once; each holds a turn of the engine.
const EXPORTS_AT_ONCE: usize = 2;

impl Shared {
    pub(crate) fn new(state: ApiState) -> Self {
        let ApiState { engine, store, config, status, admin, state, forget, sampling, mysql, series, rules } = state;
        let origins = Origins::new(Arc::clone(store.catalog()));
        Self {
            engine,
            store,
            config,
            status,
            admin,
            state,
            forget,
            sampling,
            pins_change: Arc::default(),
            simulation_turns: Semaphore::new(1),
            mysql,
            metrics: Arc::default(),
            origins,
            series,
            rules,
            promql_turns: Arc::new(Semaphore::new(PROMQL_AT_ONCE)),
            export_turns: Arc::new(Semaphore::new(EXPORTS_AT_ONCE)),
        }
    }
}
