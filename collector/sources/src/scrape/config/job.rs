//! The file as a whole: `global` as defaults, and each entry of `scrape_configs`.

use std::path::Path;
use std::time::Duration;

use super::fields::{HTTP_KEYS, HttpFields, boolean, bytes, interval, number, unknown};
use super::{Job, Limits, rules, sd};
use crate::scrape::yaml::{Node, YamlError};

/// Sections of a Prometheus configuration that are another program's business here.
const OTHER_SECTIONS: [&str; 8] =
    ["alerting", "rule_files", "remote_write", "remote_read", "storage", "tracing", "otlp", "runtime"];
/// Settings of a job that change nothing here: histograms are kept as they come.
const WITHOUT_MEANING: [&str; 10] = [
    "fallback_scrape_protocol",
    "convert_classic_histograms_to_nhcb",
    "native_histogram_bucket_limit",
    "native_histogram_min_bucket_factor",
    "metric_name_validation_scheme",
    "metric_name_escaping_scheme",
    "keep_dropped_targets",
    "enable_http2",
    "extra_scrape_metrics",
    "scrape_failure_log_file",
];
/// Settings that would change what is asked of whom, and are not done.
const NOT_DONE: [&str; 8] = [
    "oauth2",
    "sigv4",
    "azuread",
    "proxy_url",
    "proxy_from_environment",
    "proxy_connect_header",
    "no_proxy",
    "http_headers",
];
const LIMITS: [&str; 6] = [
    "sample_limit",
    "label_limit",
    "label_name_length_limit",
    "label_value_length_limit",
    "target_limit",
    "body_size_limit",
];
const JOB_KEYS: [&str; 16] = [
    "job_name",
    "scrape_interval",
    "scrape_timeout",
    "metrics_path",
    "scheme",
    "params",
    "honor_labels",
    "honor_timestamps",
    "track_timestamps_staleness",
    "enable_compression",
    "scrape_protocols",
    "scrape_native_histograms",
    "always_scrape_classic_histograms",
    "relabel_configs",
    "metric_relabel_configs",
    "static_configs",
];

struct Defaults {
    interval: Duration,
    timeout: Duration,
    limits: Limits,
    native_histograms: bool,
    classic_histograms: bool,
}

/// Which formats are asked for: text always, protobuf where it is named, as Prometheus does.
fn has_protobuf(node: &Node) -> Result<bool, YamlError> {
    const KNOWN: [&str; 5] = [
        "PrometheusProto",
        "OpenMetricsText0.0.1",
        "OpenMetricsText1.0.0",
        "PrometheusText0.0.4",
        "PrometheusText1.0.0",
    ];
    for item in node.items()? {
        let protocol = item.text()?;
        if !KNOWN.contains(&protocol) {
            return Err(item.fault(format!("{protocol:?} is no protocol; there are {}", KNOWN.join(", "))));
        }
    }
    Ok(node.texts()?.iter().any(|protocol| protocol == KNOWN[0]))
}

fn limit(limits: &mut Limits, key: &str, node: &Node) -> Result<bool, YamlError> {
    match key {
        "sample_limit" => limits.sample_limit = number(node)?,
        "label_limit" => limits.label_limit = number(node)?,
        "label_name_length_limit" => limits.label_name_length_limit = number(node)?,
        "label_value_length_limit" => limits.label_value_length_limit = number(node)?,
        "target_limit" => limits.target_limit = number(node)?,
        "body_size_limit" => limits.body_size_limit = bytes(node)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Every job, and the names of what was passed over.
pub(super) fn read_all(root: &Node, folder: &Path) -> Result<(Vec<Job>, Vec<String>), YamlError> {
    let (mut ignored, mut jobs): (Vec<String>, Vec<Job>) = (Vec::new(), Vec::new());
    let mut defaults = Defaults {
        interval: Duration::from_secs(60),
        timeout: Duration::from_secs(10),
        limits: Limits::default(),
        native_histograms: false,
        classic_histograms: false,
    };
    let entries = root.entries()?;
    if let Some((_, global)) = entries.iter().find(|(key, _)| key == "global") {
        read_global(global, &mut defaults, &mut ignored)?;
    }
    for (key, node) in entries.iter().filter(|(key, _)| key != "global") {
        match key.as_str() {
            "scrape_configs" => {
                for item in node.items()? {
                    let job = read_job(item, &defaults, folder, &mut ignored)?;
                    if jobs.iter().any(|known| known.name == job.name) {
                        return Err(item.fault(format!("job_name {:?} is there twice", job.name)));
                    }
                    jobs.push(job);
                }
            }
            "scrape_config_files" => {
                return Err(node.fault("scrape_config_files is not read; put the jobs into this file"));
            }
            other if OTHER_SECTIONS.contains(&other) => ignored.push(other.to_owned()),
            other => return Err(unknown(other, node, &["global", "scrape_configs"])),
        }
    }
    Ok((jobs, ignored))
}

fn read_global(node: &Node, defaults: &mut Defaults, ignored: &mut Vec<String>) -> Result<(), YamlError> {
    const IGNORED: [&str; 5] =
        ["evaluation_interval", "rule_query_offset", "external_labels", "query_log_file", "keep_dropped_targets"];
    let mut timeout = None;
    for (key, value) in node.entries()? {
        match key.as_str() {
            "scrape_interval" => defaults.interval = interval(value)?,
            "scrape_timeout" => timeout = Some((interval(value)?, value)),
            "scrape_protocols" => defaults.native_histograms |= has_protobuf(value)?,
            "scrape_native_histograms" => defaults.native_histograms |= boolean(value)?,
            "always_scrape_classic_histograms" => defaults.classic_histograms = boolean(value)?,
            other if limit(&mut defaults.limits, other, value)? => {}
            other if IGNORED.contains(&other) || WITHOUT_MEANING.contains(&other) => {
                ignored.push(format!("global.{other}"));
            }
            other => {
                return Err(unknown(other, value, &[&["scrape_interval", "scrape_timeout"], &LIMITS[..]].concat()));
            }
        }
    }
    defaults.timeout = match timeout {
        Some((timeout, node)) if timeout > defaults.interval => {
            return Err(node.fault("scrape_timeout is longer than scrape_interval"));
        }
        Some((timeout, _)) => timeout,
        None => defaults.timeout.min(defaults.interval),
    };
    Ok(())
}

fn blank(defaults: &Defaults) -> Job {
    Job {
        name: String::new(),
        interval: defaults.interval,
        timeout: defaults.timeout,
        metrics_path: "/metrics".to_owned(),
        scheme: "http".to_owned(),
        params: std::collections::BTreeMap::new(),
        honor_labels: false,
        honor_timestamps: true,
        track_timestamps_staleness: false,
        enable_compression: true,
        native_histograms: defaults.native_histograms,
        classic_histograms: defaults.classic_histograms,
        http: HttpFields::default().finish(),
        limits: defaults.limits,
        discovery: Vec::new(),
        relabel: Vec::new(),
        metric_relabel: Vec::new(),
    }
}

fn read_job(node: &Node, defaults: &Defaults, folder: &Path, ignored: &mut Vec<String>) -> Result<Job, YamlError> {
    let (mut job, mut fields, mut timeout) = (blank(defaults), HttpFields::default(), None);
    for (key, value) in node.entries()? {
        match key.as_str() {
            "job_name" => job.name = value.text()?.to_owned(),
            "scrape_interval" => job.interval = interval(value)?,
            "scrape_timeout" => timeout = Some((interval(value)?, value)),
            other => read_setting(&mut job, &mut fields, (other, value), folder, ignored)?,
        }
    }
    if job.name.is_empty() {
        return Err(node.fault("job_name is missing"));
    }
    job.timeout = match timeout {
        Some((timeout, node)) if timeout > job.interval => {
            return Err(node.fault("scrape_timeout is longer than scrape_interval"));
        }
        Some((timeout, _)) => timeout,
        None => defaults.timeout.min(job.interval),
    };
    job.http = fields.finish();
    Ok(job)
}

fn read_setting(
    job: &mut Job,
    fields: &mut HttpFields,
    (key, value): (&str, &Node),
    folder: &Path,
    ignored: &mut Vec<String>,
) -> Result<(), YamlError> {
    match key {
        "metrics_path" => {
            job.metrics_path = value.text()?.to_owned();
            if !job.metrics_path.starts_with('/') {
                return Err(value.fault("a path begins with /"));
            }
        }
        "scheme" => match value.text()? {
            scheme @ ("http" | "https") => job.scheme = scheme.to_owned(),
            other => return Err(value.fault(format!("{other:?} is neither http nor https"))),
        },
        "params" => {
            for (name, values) in value.entries()? {
                job.params.insert(name.clone(), values.texts()?);
            }
        }
        "honor_labels" => job.honor_labels = boolean(value)?,
        "honor_timestamps" => job.honor_timestamps = boolean(value)?,
        "track_timestamps_staleness" => job.track_timestamps_staleness = boolean(value)?,
        "enable_compression" => job.enable_compression = boolean(value)?,
        "scrape_protocols" => job.native_histograms |= has_protobuf(value)?,
        "scrape_native_histograms" => job.native_histograms = boolean(value)?,
        "always_scrape_classic_histograms" | "scrape_classic_histograms" => job.classic_histograms = boolean(value)?,
        "relabel_configs" => job.relabel = rules::read(value)?,
        "metric_relabel_configs" => job.metric_relabel = rules::read(value)?,
        key if sd::KEYS.contains(&key) => job.discovery.extend(sd::read(key, value, folder)?),
        key if limit(&mut job.limits, key, value)? || fields.take(key, value, folder)? => {}
        key if WITHOUT_MEANING.contains(&key) => ignored.push(key.to_owned()),
        key if NOT_DONE.contains(&key) => return Err(value.fault(format!("{key} is not done here"))),
        key if key.ends_with(sd::SUFFIX) => {
            let message = format!("{key} is not done here; there are {}", sd::KEYS.join(", "));
            return Err(value.fault(message));
        }
        key => return Err(unknown(key, value, &[&JOB_KEYS[..], &sd::KEYS[1..], &LIMITS[..], &HTTP_KEYS[..]].concat())),
    }
    Ok(())
}
