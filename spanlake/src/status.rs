//! What the rooms say about themselves, put together for the API.
//!
//! Owns the two flags of a start and a stop. Never asks a disk.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use spanlake_api::{
    Accepted, ActiveTarget, Admin, ColdReport, DroppedTarget, Forget, Import, ImportRefusal, Imported, ScrapedTargets,
    StatusReport, StatusSource,
};
use spanlake_receiver::{Doors, ReceiverMetrics};
use spanlake_sampler::door::gate::DoorGate;
use spanlake_sampler::hot_end::HotEndSampler;
use spanlake_schemas::ingest::Signal;
use spanlake_sources::scrape::{Health, ScrapeSnapshot, ScrapeStates, TargetState};
use spanlake_store::{ColdStatus, ForgetError, ForgetPreview, ForgetReport, ForgetRequest, Store};

use crate::config::Config;
use crate::exposition;
use crate::serve::Addresses;

/// The server as the API shows it.
pub struct ServerStatus {
    started: Instant,
    ready: AtomicBool,
    addresses: Addresses,
    data_dir: PathBuf,
    store: Store,
    receiver: Arc<ReceiverMetrics>,
    doors: Arc<Doors>,
    sampler: Option<HotEndSampler>,
    door: Arc<DoorGate>,
    scrapes: Arc<ScrapeStates>,
    flags: BTreeMap<String, String>,
}

impl ServerStatus {
    /// Not ready yet.
    pub fn new(
        config: &Config,
        addresses: &Addresses,
        store: Store,
        doors: Arc<Doors>,
        sampler: Option<HotEndSampler>,
        door: Arc<DoorGate>,
        scrapes: Arc<ScrapeStates>,
    ) -> Self {
        Self {
            started: Instant::now(),
            ready: AtomicBool::new(false),
            addresses: addresses.clone(),
            data_dir: config.data_dir.clone(),
            store,
            receiver: Arc::clone(doors.metrics()),
            doors,
            sampler,
            door,
            scrapes,
            flags: flags(config, addresses),
        }
    }

    /// The doors, whose writing routes port 4300 has as well.
    pub fn doors(&self) -> &Arc<Doors> {
        &self.doors
    }

    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    pub fn set_stopping(&self) {
        self.ready.store(false, Ordering::Release);
    }
}

impl StatusSource for ServerStatus {
    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    fn report(&self) -> StatusReport {
        let mut accepted = Accepted::default();
        for signal in self.receiver.snapshot().signals {
            match signal.signal {
                Signal::Traces => accepted.spans = signal.accepted_items,
                Signal::Logs => accepted.logs = signal.accepted_items,
                Signal::Metrics => accepted.points = signal.accepted_items,
            }
        }
        let metrics = self.store.metrics();
        StatusReport {
            uptime_seconds: self.started.elapsed().as_secs(),
            otlp_grpc: self.addresses.otlp_grpc,
            otlp_http: self.addresses.otlp_http,
            data_dir: self.data_dir.clone(),
            accepted,
            hot_bytes: metrics.unsealed_bytes.load(Ordering::Relaxed),
            log_bytes: metrics.log_disk_bytes.load(Ordering::Relaxed),
            hot_file_bytes: metrics.hot_file_bytes.load(Ordering::Relaxed),
            cold: self.store.cold_status().map(cold_report),
        }
    }

    fn sampling(&self) -> Option<serde_json::Value> {
        let report = self.sampler.as_ref()?.report();
        serde_json::to_value(report).ok()
    }

    fn door(&self) -> Option<serde_json::Value> {
        serde_json::to_value(self.door.report()).ok()
    }

    fn targets(&self) -> ScrapedTargets {
        let ScrapeSnapshot { active, dropped, dropped_counts } = self.scrapes.snapshot();
        let dropped = dropped.into_iter();
        ScrapedTargets {
            active: active.into_iter().map(active_target).collect(),
            dropped: dropped.map(|one| DroppedTarget { discovered_labels: one.discovered, pool: one.job }).collect(),
            dropped_counts,
        }
    }

    fn flags(&self) -> BTreeMap<String, String> {
        self.flags.clone()
    }

    fn write_metrics(&self, out: &mut String) {
        exposition::write(out, &self.store.metrics(), &self.receiver);
        exposition::write_door(out, &self.door.counts(), self.door.overload_probability());
        if let Some(cold) = self.store.cold_status() {
            exposition::write_cold(out, &cold);
        }
    }
}

/// What of the settings has a flag in Prometheus. Secrets have none.
fn flags(config: &Config, addresses: &Addresses) -> BTreeMap<String, String> {
    let seconds = |duration: std::time::Duration| format!("{}s", duration.as_secs_f64());
    let retention = config.retention.metrics.map_or_else(|| "0s".to_owned(), seconds);
    let pairs = [
        ("query.lookback-delta", "5m".to_owned()),
        ("query.max-concurrency", config.query.concurrency.to_string()),
        ("query.max-samples", "50000000".to_owned()),
        ("query.timeout", seconds(config.query.timeout)),
        ("storage.tsdb.path", config.data_dir.display().to_string()),
        ("storage.tsdb.retention.time", retention),
        ("web.enable-otlp-receiver", "true".to_owned()),
        ("web.enable-remote-write-receiver", "true".to_owned()),
        ("web.listen-address", addresses.listen.to_string()),
        ("web.route-prefix", "/prometheus".to_owned()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn active_target(state: TargetState) -> ActiveTarget {
    ActiveTarget {
        discovered_labels: state.discovered,
        labels: state.labels,
        pool: state.job,
        url: state.url,
        last_error: state.last_error,
        last_scrape: state.last_scrape,
        last_scrape_duration: state.last_duration,
        health: match state.health {
            Health::Unknown => "unknown",
            Health::Up => "up",
            Health::Down => "down",
        },
        interval: state.interval,
        timeout: state.timeout,
    }
}

fn cold_report(status: ColdStatus) -> ColdReport {
    let since: chrono::DateTime<chrono::Utc> = status.since.into();
    ColdReport {
        url: status.place,
        state: status.condition.word(),
        message: status.message,
        since: since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        files: status.files,
        bytes: status.bytes,
        rows: status.rows,
        waiting_bytes: status.waiting_bytes,
    }
}

impl Admin for ServerStatus {
    fn seal(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.store.seal())
    }

    fn import(&self, import: Import) -> Pin<Box<dyn Future<Output = Result<Imported, ImportRefusal>> + Send + '_>> {
        let Import { signal, encoding, compression, body } = import;
        let import = spanlake_receiver::Import { signal, encoding, compression, body };
        Box::pin(async move {
            let imported = spanlake_receiver::import(&self.doors, import).await;
            imported
                .map(|spanlake_receiver::Imported { accepted, rejected, message }| Imported {
                    accepted,
                    rejected,
                    message,
                })
                .map_err(|refusal| ImportRefusal {
                    status: refusal.status,
                    message: refusal.message,
                    retry_after: refusal.retry_after,
                })
        })
    }
}

type Forgotten<'a, T> = Pin<Box<dyn Future<Output = Result<T, ForgetError>> + Send + 'a>>;

impl Forget for ServerStatus {
    fn forget(&self, request: ForgetRequest) -> Forgotten<'_, String> {
        let store = self.store.clone();
        Box::pin(blocking(move || store.forget(&request)))
    }

    fn preview(&self, request: ForgetRequest) -> Forgotten<'_, ForgetPreview> {
        let store = self.store.clone();
        Box::pin(blocking(move || store.forget_preview(&request)))
    }

    fn report(&self, id: &str) -> Option<ForgetReport> {
        self.store.forget_report(id)
    }
}

/// Where it may sync and read.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ForgetError> + Send + 'static,
) -> Result<T, ForgetError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(ForgetError::Failed(error.to_string())))
}
