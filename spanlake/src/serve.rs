//! `spanlake serve`: the rooms put together, in the order in which data goes through them.
//!
//! Owns start, ports and the clean stop. Only wires: nothing here touches a row.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use spanlake_api::{ApiConfig, ApiState};
use spanlake_engine::{Engine, EngineLimits};
use spanlake_receiver::{Doors, ReceiverConfig, ReceiverMetrics};
use spanlake_rules::{RuleStates, SharedSeries};
use spanlake_sampler::door::gate::DoorGate;
use spanlake_sampler::hot_end::HotEndSampler;
use spanlake_sampler::red::RedLimits;
use spanlake_sampler::red::seal::SealedSpanSums;
use spanlake_schemas::ingest::{DecodeLimits, Filing, Ingest};
use spanlake_sources::mysql::{Checkpoints, MysqlServers};
use spanlake_sources::scrape::ScrapeStates;
use spanlake_state::StateFile;
use spanlake_store::{ColdConfig, DataDirLock, Durability, Opened, Retention, SeriesLimits, Store, StoreConfig};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::checkpoints::CheckpointFile;
use crate::config::{self, Config, SelfTelemetryMode};
use crate::mysql_live::LiveServers;
use crate::sampling::SamplingRoom;
use crate::status::ServerStatus;
use crate::telemetry::{SelfTelemetry, Telemetry, instruments};

/// The three sockets, bound before anything else, so that a port in use is said at once.
struct Ports {
    otlp_grpc: TcpListener,
    otlp_http: TcpListener,
    listen: TcpListener,
}

/// Where the server can be reached.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Addresses {
    pub otlp_grpc: SocketAddr,
    pub otlp_http: SocketAddr,
    pub listen: SocketAddr,
}

/// Runs the server until SIGTERM or SIGINT.
///
/// # Errors
/// When a port, the data directory or a room cannot be set up.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let began = Instant::now();
    let stop = CancellationToken::new();
    let rooms = TaskTracker::new();
    let ports = bind(&config).await?;
    let addresses = ports.addresses()?;
    let telemetry = Telemetry::start(self_telemetry(&config, &addresses).as_ref())?;
    let sampler = crate::sampling::sampler(&config)?;
    let door = crate::door::build(&config);
    let lock = DataDirLock::take(&config.data_dir)?;
    let state = open_state(&config);
    crate::sampling::restore_pins(sampler.as_ref(), &state);
    let store = open_store(&config, lock, sampler.clone(), Arc::clone(&door))?;
    let receiver_metrics = Arc::new(ReceiverMetrics::default());
    let doors = Arc::new(build_doors(&config, &store, &receiver_metrics).with_door(Arc::clone(&door) as _));
    serve_doors(&doors, ports.otlp_grpc, ports.otlp_http, &rooms, &stop);
    rooms.spawn(crate::door::watch(Arc::clone(&door), store.clone(), config.clone(), stop.clone()));
    let (scrapes, mysql) = build_sources(&config, &store, &rooms, &stop);
    let engine = build_engine(&config, &store)?;
    let sampling = SamplingRoom { sampler: sampler.clone(), store: store.clone(), settings: config.sampling.clone() };
    let status = Arc::new(ServerStatus::new(&config, &addresses, store.clone(), doors, sampler, door, scrapes));
    let rules = build_rules(&config, &store, &engine, &rooms, &stop);
    let seams = ApiSeams { status: Arc::clone(&status), sampling: Arc::new(sampling), state, mysql, rules };
    build_api(&config, &store, engine, seams, ports.listen, &rooms, &stop)?;
    instruments::register(&store.metrics(), &receiver_metrics);
    write_ports_file(&config.data_dir, &addresses)?;
    status.set_ready();
    tracing::info!(
        "ready in {:.1?}: page and API on http://{}, OTLP/gRPC on {}, OTLP/HTTP on {}",
        began.elapsed(),
        addresses.listen,
        addresses.otlp_grpc,
        addresses.otlp_http
    );
    wait_for_signal().await?;
    tracing::info!("stopping: finishing requests, then sealing");
    status.set_stopping();
    tokio::task::spawn_blocking(move || telemetry.stop()).await.context("stopping own telemetry")?;
    stop.cancel();
    rooms.close();
    if tokio::time::timeout(Duration::from_secs(15), rooms.wait()).await.is_err() {
        tracing::warn!("some requests did not end within 15 s; what was acknowledged is in the log");
    }
    store.shutdown().await;
    let _ = std::fs::remove_file(config.data_dir.join("ports.json"));
    tracing::info!("stopped");
    Ok(())
}

async fn bind(config: &Config) -> anyhow::Result<Ports> {
    Ok(Ports {
        otlp_grpc: listen_on("otlp_grpc", &config.otlp_grpc).await?,
        otlp_http: listen_on("otlp_http", &config.otlp_http).await?,
        listen: listen_on("listen", &config.listen).await?,
    })
}

async fn listen_on(setting: &str, address: &SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; another process may use the port: choose another with `{setting}`")
    })
}

impl Ports {
    fn addresses(&self) -> anyhow::Result<Addresses> {
        Ok(Addresses {
            otlp_grpc: self.otlp_grpc.local_addr()?,
            otlp_http: self.otlp_http.local_addr()?,
            listen: self.listen.local_addr()?,
        })
    }
}

fn open_store(
    config: &Config,
    lock: DataDirLock,
    sampler: Option<HotEndSampler>,
    door: Arc<DoorGate>,
) -> anyhow::Result<Store> {
    // Of the process before, which is gone; whoever waits for the file waits for this one's ports.
    let _ = std::fs::remove_file(config.data_dir.join("ports.json"));
    let red_limits = RedLimits { extra_dimensions: config.sampling.red_dimensions.clone(), ..RedLimits::default() };
    let config_of_store = StoreConfig {
        data_dir: config.data_dir.clone(),
        durability: match config.log.durability {
            config::Durability::Fsync => Durability::Fsync,
            config::Durability::Os => Durability::Os,
        },
        log_segment_bytes: config.log.segment_bytes,
        memory_bytes_max: config.hot.rows_bytes_max(),
        seal_bytes: config.hot.seal_bytes,
        seal_interval: config.hot.seal_interval,
        compaction: config.hot.compaction,
        retention: Retention {
            spans: config.retention.spans,
            logs: config.retention.logs,
            metrics: config.retention.metrics,
            bytes_max: config.retention.bytes_max,
            services: config.retention.services.clone(),
        },
        disk_bytes_max: config.hot.disk_bytes_max,
        cold: cold_config(config)
            .map(|cold| ColdConfig { sampling: sampler.map(|sampler| Arc::new(sampler) as _), ..cold }),
        span_sums: Some(Arc::new(SealedSpanSums::new(red_limits))),
        door: Some(door),
        series_limits: series_limits(config),
    };
    let Opened { store, report } = Store::open_locked(config_of_store, lock)?;
    tracing::info!(
        files = report.files,
        replayed_requests = report.replay.records,
        replayed_bytes = report.replay.bytes,
        orphans_removed = report.orphans,
        "data directory {} is open",
        config.data_dir.display()
    );
    if report.replay.cut_bytes > 0 {
        tracing::warn!(
            "the log ended in a torn record that was never acknowledged: {} bytes were cut",
            report.replay.cut_bytes
        );
    }
    Ok(store)
}

/// Dashboards. A file that cannot be used is said by their routes; nothing else needs it.
fn open_state(config: &Config) -> Result<Arc<StateFile>, String> {
    let opened = StateFile::open(&config.data_dir.join("state.redb"));
    opened.map(Arc::new).map_err(|error| {
        tracing::error!("dashboards cannot be kept: {error}");
        error.to_string()
    })
}

fn series_limits(config: &Config) -> SeriesLimits {
    let metrics = &config.metrics;
    SeriesLimits {
        all_max: metrics.series_max,
        per_metric_max: metrics.series_per_metric_max,
        values_per_label_max: metrics.values_per_label_max,
    }
}

/// Half of the free disk is left to whatever else lives there.
const HOT_BYTES_MAX: u64 = 20_000_000_000;

/// Where hot data goes in the end.
pub fn cold_config(config: &Config) -> Option<ColdConfig> {
    let cold = &config.cold;
    let url = match cold.url.as_str() {
        "none" => return None,
        "" => config.data_dir.join("cold").display().to_string(),
        url => url.to_owned(),
    };
    let half = || rustix::fs::statvfs(&config.data_dir).map_or(HOT_BYTES_MAX, |disk| disk.f_bavail * disk.f_frsize / 2);
    Some(ColdConfig {
        url,
        options: cold.options.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect(),
        adopt: cold.adopt,
        hot_age_max: config.hot.age_max,
        hot_bytes_max: config.hot.bytes_max.unwrap_or_else(|| half().min(HOT_BYTES_MAX)),
        sweep_after: cold.removed_kept,
        cache_bytes_max: cold.cache_bytes_max,
        sampling: None,
    })
}

fn build_doors(config: &Config, store: &Store, metrics: &Arc<ReceiverMetrics>) -> Doors {
    let receiver = &config.receiver;
    let settings = ReceiverConfig {
        http_body_bytes_max: receiver.http_body_bytes_max,
        grpc_message_bytes_max: receiver.grpc_message_bytes_max,
        body_read_timeout: receiver.body_timeout,
        cors_allowed_origins: receiver.cors_allowed_origins.clone(),
        decode_limits: DecodeLimits {
            attributes_per_item_max: receiver.attributes_per_item_max,
            value_depth_max: receiver.value_depth_max,
            inflated_bytes_max: receiver.http_body_bytes_max,
            filing: Filing::Receipt,
        },
        ..ReceiverConfig::default()
    };
    let ingest: Arc<dyn Ingest> = Arc::new(store.clone());
    Doors::new(ingest, settings, Arc::clone(metrics))
}

fn serve_doors(
    doors: &Arc<Doors>,
    grpc: TcpListener,
    http: TcpListener,
    rooms: &TaskTracker,
    stop: &CancellationToken,
) {
    let (http_doors, http_stop) = (Arc::clone(doors), stop.clone());
    rooms.spawn(async move {
        if let Err(error) = spanlake_receiver::serve_http(http, http_doors, http_stop).await {
            tracing::error!(%error, "the OTLP/HTTP door closed");
        }
    });
    let (grpc_doors, grpc_stop) = (Arc::clone(doors), stop.clone());
    rooms.spawn(async move {
        if let Err(error) = spanlake_receiver::serve_grpc(grpc, grpc_doors, grpc_stop).await {
            tracing::error!(%error, "the OTLP/gRPC door closed");
        }
    });
}

fn build_engine(config: &Config, store: &Store) -> anyhow::Result<Engine> {
    let query = &config.query;
    let spill_dir = config.data_dir.join("spill");
    let limits = EngineLimits {
        memory_bytes_max: usize::try_from(query.memory_bytes_max).unwrap_or(usize::MAX),
        timeout: query.timeout,
        concurrency: query.concurrency,
        queue_wait: Duration::from_secs(5),
        threads: query.threads,
        spill_dir,
        spill_bytes_max: 4 << 30,
    };
    Engine::new(store.read(), limits).context("starting the query engine")
}

/// Starts what is pulled; gives the states of what is scraped and of what is polled.
fn build_sources(
    config: &Config,
    store: &Store,
    rooms: &TaskTracker,
    stop: &CancellationToken,
) -> (Arc<ScrapeStates>, MysqlServers) {
    let servers = MysqlServers::default();
    let checkpoints: Arc<dyn Checkpoints> = Arc::new(CheckpointFile::open(&config.data_dir));
    for source in &config.mysql {
        let ingest: Arc<dyn Ingest> = Arc::new(store.clone());
        let of = (source.clone(), servers.add(&source.url));
        rooms.spawn(spanlake_sources::mysql::poll(of, ingest, Arc::clone(&checkpoints), stop.clone()));
    }
    let states = Arc::<ScrapeStates>::default();
    if let Some(scrapes) = &config.scrape_config_file {
        if !scrapes.ignored().is_empty() {
            let ignored = scrapes.ignored().join(", ");
            tracing::info!(ignored, "settings of the scrape configuration that have no meaning here");
        }
        let ingest: Arc<dyn Ingest> = Arc::new(store.clone());
        let scraping = spanlake_sources::scrape::scrape(scrapes.clone(), ingest, Arc::clone(&states), stop.clone());
        rooms.spawn(scraping);
    }
    (states, servers)
}

/// The series that queries and rules see, and what came of the rules.
struct Rules {
    series: Arc<SharedSeries>,
    states: Arc<RuleStates>,
}

/// Starts the groups of rules.
fn build_rules(
    config: &Config,
    store: &Store,
    engine: &Engine,
    rooms: &TaskTracker,
    stop: &CancellationToken,
) -> Rules {
    let rules = Rules { series: Arc::default(), states: Arc::default() };
    if config.rule_files.is_empty() {
        return rules;
    }
    let of_rules = spanlake_rules::Store {
        engine: engine.clone(),
        read: store.read(),
        index: Arc::clone(&rules.series),
        ingest: Arc::new(store.clone()),
        timeout: config.query.timeout,
        memory_bytes_max: usize::try_from(config.query.memory_bytes_max).unwrap_or(usize::MAX),
    };
    let (files, interval) = (config.rule_files.clone(), config.rule_interval);
    for warning in files.warnings(&()) {
        tracing::warn!("{warning}");
    }
    rooms.spawn(spanlake_rules::run(files, interval, of_rules, Arc::clone(&rules.states), stop.clone()));
    rules
}

fn self_telemetry(config: &Config, addresses: &Addresses) -> Option<SelfTelemetry> {
    let settings = &config.self_telemetry;
    let (endpoint, to_itself) = match settings.mode {
        SelfTelemetryMode::Off => return None,
        SelfTelemetryMode::ToItself => (format!("http://{}", reachable(addresses.otlp_http)), true),
        SelfTelemetryMode::Otlp => (settings.endpoint.clone()?, false),
    };
    Some(SelfTelemetry { endpoint, interval: settings.interval, to_itself, token: None })
}

/// An address of this machine to call for one that listens everywhere.
fn reachable(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    let loopback: std::net::IpAddr =
        if address.is_ipv4() { std::net::Ipv4Addr::LOCALHOST.into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
    SocketAddr::new(loopback, address.port())
}

/// What the API is given beside the engine and the store's read half.
struct ApiSeams {
    status: Arc<ServerStatus>,
    sampling: Arc<SamplingRoom>,
    state: Result<Arc<StateFile>, String>,
    mysql: MysqlServers,
    rules: Rules,
}

fn build_api(
    config: &Config,
    store: &Store,
    engine: Engine,
    seams: ApiSeams,
    listener: TcpListener,
    rooms: &TaskTracker,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let settings = ApiConfig {
        listen: listener.local_addr()?,
        token: config.token.as_ref().map(|token| token.expose().to_owned()),
        allowed_hosts: config.allowed_hosts.clone(),
        frame_ancestors: config.frame_ancestors.clone(),
        dashboard_dir: config.dashboard_dir.clone(),
        json_rows_max: config.query.rows_max,
        query_timeout: config.query.timeout,
        query_memory_bytes_max: usize::try_from(config.query.memory_bytes_max).unwrap_or(usize::MAX),
        import_bytes_max: usize::try_from(config.receiver.http_body_bytes_max).unwrap_or(usize::MAX),
        series_limits: series_limits(config),
    };
    let ApiSeams { status, sampling, state, mysql, rules } = seams;
    let Rules { series, states: rules } = rules;
    let (source, admin, forget) = (Arc::clone(&status), Arc::clone(&status), Arc::clone(&status));
    let store = store.read();
    let mysql = Arc::new(LiveServers(mysql));
    let state = ApiState {
        engine,
        store,
        config: settings,
        status: source,
        admin,
        state,
        forget,
        sampling,
        mysql,
        series,
        rules,
    };
    let writing = spanlake_receiver::writing_router(Arc::clone(status.doors()));
    let (router, stop) = (spanlake_api::routes_with(state, writing), stop.clone());
    rooms.spawn(async move {
        if let Err(error) = spanlake_api::serve(listener, router, stop).await {
            tracing::error!(%error, "port 4300 closed");
        }
    });
    Ok(())
}

fn write_ports_file(data_dir: &Path, addresses: &Addresses) -> anyhow::Result<()> {
    let path: PathBuf = data_dir.join("ports.json");
    let aside = data_dir.join("ports.json.tmp");
    std::fs::write(&aside, serde_json::to_vec(addresses)?)
        .and_then(|()| std::fs::rename(&aside, &path))
        .with_context(|| format!("cannot write {}", path.display()))
}

async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
