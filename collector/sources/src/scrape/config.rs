//! `scrape_configs` as Prometheus writes them: read, checked and told with line and column where something is wrong.
//!
//! Owns every rule about what may stand there. What is known of Prometheus and not done here is refused by name, so
//! that nothing is left out silently; what has no meaning here (alerting, rules, remote write) is listed as ignored.

mod fields;
mod job;
mod rules;
mod sd;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::relabel::{Labels, Rule};
use super::yaml::{self, YamlError};

/// Larger files are no configuration.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(pub(super) String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// A secret of the configuration, or the file that holds it, which is read whenever it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SecretSource {
    Inline(Secret),
    File(PathBuf),
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Authorization {
    Basic {
        username: String,
        password: SecretSource,
    },
    /// `Bearer`, mostly.
    Scheme {
        scheme: String,
        credentials: SecretSource,
    },
}

/// How a TLS connection is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TlsSettings {
    pub(super) ca_file: Option<PathBuf>,
    pub(super) cert_file: Option<PathBuf>,
    pub(super) key_file: Option<PathBuf>,
    pub(super) server_name: Option<String>,
    pub(super) insecure_skip_verify: bool,
}

/// What both scrapes and discovery over HTTP are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HttpSettings {
    pub(super) authorization: Option<Authorization>,
    pub(super) tls: TlsSettings,
    pub(super) follow_redirects: bool,
}

/// Bounds of one scrape; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) sample_limit: u64,
    pub(super) label_limit: u64,
    pub(super) label_name_length_limit: u64,
    pub(super) label_value_length_limit: u64,
    pub(super) target_limit: u64,
    pub(super) body_size_limit: u64,
}

/// Targets with the labels that they share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TargetGroup {
    pub(super) targets: Vec<String>,
    pub(super) labels: Labels,
}

/// Target groups of a file or an answer over HTTP.
pub(super) fn read_groups(text: &str) -> Result<Vec<TargetGroup>, YamlError> {
    sd::groups(&yaml::read(text)?)
}

/// Where targets come from.
#[derive(Clone, Debug)]
pub(super) enum Discovery {
    Static(Vec<TargetGroup>),
    /// A `*` may stand in a pattern's last part.
    File {
        patterns: Vec<PathBuf>,
        refresh: Duration,
    },
    Http {
        url: url::Url,
        http: Box<HttpSettings>,
        refresh: Duration,
    },
    Dns {
        names: Vec<String>,
        record: DnsRecord,
        port: Option<u16>,
        refresh: Duration,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DnsRecord {
    Srv,
    A,
    Aaaa,
}

/// One entry of `scrape_configs`.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    pub(super) metrics_path: String,
    pub(super) scheme: String,
    pub(super) params: BTreeMap<String, Vec<String>>,
    pub(super) honor_labels: bool,
    pub(super) honor_timestamps: bool,
    pub(super) track_timestamps_staleness: bool,
    pub(super) enable_compression: bool,
    /// Whether protobuf is asked for, which alone has them.
    pub(super) native_histograms: bool,
    /// Classic buckets also where there are native ones.
    pub(super) classic_histograms: bool,
    pub(super) http: HttpSettings,
    pub(super) limits: Limits,
    pub(super) discovery: Vec<Discovery>,
    pub(super) relabel: Vec<Rule>,
    pub(super) metric_relabel: Vec<Rule>,
}

/// A checked configuration. Secrets in it are never printed.
#[derive(Clone, Debug)]
pub struct ScrapeConfig {
    pub(super) jobs: Vec<Job>,
    ignored: Vec<String>,
}

/// Why a configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScrapeConfigError {
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("{}, {error}", path.display())]
    Wrong { path: PathBuf, error: YamlError },
}

impl ScrapeConfig {
    /// Reads and checks a file. Relative paths in it are relative to its folder.
    ///
    /// # Errors
    /// At the first thing that is wrong, with its line and column.
    pub fn load(path: &Path) -> Result<Self, ScrapeConfigError> {
        let unreadable = |reason: String| ScrapeConfigError::Unreadable { path: path.to_owned(), reason };
        let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
        if size > FILE_BYTES_MAX {
            return Err(unreadable(format!("{size} bytes are no configuration")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder).map_err(|error| ScrapeConfigError::Wrong { path: path.to_owned(), error })
    }

    pub(super) fn parse(text: &str, folder: &Path) -> Result<Self, YamlError> {
        let root = yaml::read(text)?;
        let (jobs, ignored) = job::read_all(&root, folder)?;
        Ok(Self { jobs, ignored })
    }

    /// Settings that have no meaning here, as they stand in the file.
    #[must_use]
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Names of the jobs.
    pub fn jobs(&self) -> impl Iterator<Item = &str> {
        self.jobs.iter().map(|job| job.name.as_str())
    }
}
