//! The settings as plain values.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use spanlake_rules::RuleFiles;
use spanlake_sampler::door::DoorSettings;
use spanlake_sampler::rules::Rule;
use spanlake_sources::mysql::MysqlSource;
use spanlake_sources::scrape::ScrapeConfig;

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub otlp_grpc: SocketAddr,
    pub otlp_http: SocketAddr,
    pub token_file: Option<PathBuf>,
    /// What stands in `token_file`.
    pub token: Option<Secret>,
    pub insecure: bool,
    pub allowed_hosts: Vec<String>,
    pub frame_ancestors: Vec<String>,
    pub receiver: ReceiverSettings,
    pub log: LogSettings,
    pub hot: HotSettings,
    pub cold: ColdSettings,
    pub sampling: SamplingSettings,
    pub metrics: MetricsSettings,
    pub retention: RetentionSettings,
    pub query: QuerySettings,
    pub self_telemetry: SelfTelemetrySettings,
    pub mysql: Vec<MysqlSource>,
    pub scrape_config_file: Option<ScrapeConfig>,
    pub rule_files: RuleFiles,
    pub rule_interval: Duration,
    pub dashboard_dir: Option<PathBuf>,
}

#[derive(Clone, Debug, Default)]
pub struct ReceiverSettings {
    pub http_body_bytes_max: u64,
    pub grpc_message_bytes_max: u64,
    pub cors_allowed_origins: Vec<String>,
    pub attributes_per_item_max: u32,
    pub value_depth_max: u32,
    pub body_timeout: Duration,
}

#[derive(Clone, Debug, Default)]
pub struct LogSettings {
    pub durability: Durability,
    pub segment_bytes: u64,
}

/// What an acknowledgement survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    #[default]
    Fsync,
    Os,
}

#[derive(Clone, Debug, Default)]
pub struct HotSettings {
    pub memory_bytes_max: u64,
    pub seal_bytes: u64,
    pub seal_interval: Duration,
    pub compaction: bool,
    pub age_max: Duration,
    /// `None` for what the disk allows.
    pub bytes_max: Option<u64>,
    pub disk_bytes_max: Option<u64>,
}

#[derive(Clone, Debug, Default)]
pub struct ColdSettings {
    pub url: String,
    pub options: Vec<(String, Secret)>,
    pub adopt: bool,
    pub removed_kept: Duration,
    pub cache_bytes_max: u64,
}

#[derive(Clone, Debug, Default)]
pub struct SamplingSettings {
    /// `None` for no end.
    pub day_bytes: Option<u64>,
    pub rules: Vec<Rule>,
    pub door: DoorSettings,
    /// What clients are told, by service; `*` for those that are not named. Empty: nothing.
    pub head: BTreeMap<String, HeadSetting>,
    /// Zero for no end.
    pub overload_cpu_percent: u32,
    /// `None` for no end.
    pub overload_memory_bytes: Option<u64>,
    /// Attributes by which RED sums count apart as well.
    pub red_dimensions: Vec<String>,
}

/// Probabilities for the clients of a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeadSetting {
    pub probability: f64,
    /// Of operations that have one of their own.
    pub operations: BTreeMap<String, f64>,
}

/// Active series.
#[derive(Clone, Debug, Default)]
pub struct MetricsSettings {
    pub series_max: u32,
    pub series_per_metric_max: u32,
    pub values_per_label_max: u32,
}

/// `None` keeps for ever.
#[derive(Clone, Debug, Default)]
pub struct RetentionSettings {
    pub spans: Option<Duration>,
    pub logs: Option<Duration>,
    pub metrics: Option<Duration>,
    pub bytes_max: Option<u64>,
    /// Instead of these, for rows of a service.
    pub services: BTreeMap<String, Duration>,
}

#[derive(Clone, Debug, Default)]
pub struct QuerySettings {
    pub memory_bytes_max: u64,
    pub timeout: Duration,
    pub rows_max: usize,
    pub concurrency: usize,
    /// Zero for one a core.
    pub threads: usize,
}

#[derive(Clone, Debug, Default)]
pub struct SelfTelemetrySettings {
    pub mode: SelfTelemetryMode,
    /// Set whenever `mode` is `Otlp`; without a slash at its end.
    pub endpoint: Option<String>,
    pub interval: Duration,
}

/// Where the server's own telemetry goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelfTelemetryMode {
    #[default]
    ToItself,
    Off,
    Otlp,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl HotSettings {
    /// Of the memory, what unsealed rows and requests in flight may take. To seal them takes half as much again: rows that are
    /// sorted and written, and pages that the allocator has not given back.
    #[must_use]
    pub const fn rows_bytes_max(&self) -> u64 {
        self.memory_bytes_max / 3 * 2
    }
}

impl Secret {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl Config {
    /// Before the defaults of the table are put in; never handed out.
    pub(super) fn blank() -> Self {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            data_dir: PathBuf::new(),
            listen: nowhere,
            otlp_grpc: nowhere,
            otlp_http: nowhere,
            token_file: None,
            token: None,
            insecure: false,
            allowed_hosts: Vec::new(),
            frame_ancestors: Vec::new(),
            receiver: ReceiverSettings::default(),
            log: LogSettings::default(),
            hot: HotSettings::default(),
            cold: ColdSettings::default(),
            sampling: SamplingSettings::default(),
            metrics: MetricsSettings::default(),
            retention: RetentionSettings::default(),
            query: QuerySettings::default(),
            self_telemetry: SelfTelemetrySettings::default(),
            mysql: Vec::new(),
            scrape_config_file: None,
            rule_files: RuleFiles::default(),
            rule_interval: Duration::ZERO,
            dashboard_dir: None,
        }
    }
}
