//! From what discovery found to what is scraped: default labels, relabelling, the URL.
//!
//! Pure. The rules are those of Prometheus's `scrape/target.go` (`PopulateLabels`).

use std::time::Duration;

use url::Url;

use super::config::Job;
use super::relabel::{Labels, apply};
use super::units;

const ADDRESS: &str = "__address__";
const SCHEME: &str = "__scheme__";
const PATH: &str = "__metrics_path__";
const INTERVAL: &str = "__scrape_interval__";
const TIMEOUT: &str = "__scrape_timeout__";
const PARAM: &str = "__param_";

/// What is scraped, and how often.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) url: Url,
    /// Of all its samples.
    pub(super) labels: Labels,
    /// Before relabelling.
    pub(super) discovered: Labels,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
}

/// What came of one discovered target.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Populated {
    Target(Box<Target>),
    /// Relabelling dropped it.
    Dropped(Labels),
    /// It cannot be scraped.
    Unfit {
        discovered: Labels,
        reason: String,
    },
}

/// Makes a target of an address and the labels that discovery gives it.
pub(super) fn populate(job: &Job, address: &str, found: &Labels) -> Populated {
    let mut labels = found.clone();
    labels.insert(ADDRESS.to_owned(), address.to_owned());
    let defaults = [
        ("job", job.name.clone()),
        (INTERVAL, units::written(job.interval)),
        (TIMEOUT, units::written(job.timeout)),
        (PATH, job.metrics_path.clone()),
        (SCHEME, job.scheme.clone()),
    ];
    for (name, value) in defaults {
        labels.entry(name.to_owned()).or_insert(value);
    }
    for (name, values) in &job.params {
        if let Some(first) = values.first() {
            labels.entry(format!("{PARAM}{name}")).or_insert_with(|| first.clone());
        }
    }
    let discovered = labels.clone();
    if !apply(&job.relabel, &mut labels) {
        return Populated::Dropped(discovered);
    }
    match finished(job, labels) {
        Ok((url, labels, interval, timeout)) => {
            Populated::Target(Box::new(Target { url, labels, discovered, interval, timeout }))
        }
        Err(reason) => Populated::Unfit { discovered, reason },
    }
}

type Finished = (Url, Labels, Duration, Duration);

fn finished(job: &Job, mut labels: Labels) -> Result<Finished, String> {
    let get = |labels: &Labels, name: &str| labels.get(name).cloned().unwrap_or_default();
    let address = get(&labels, ADDRESS);
    if address.is_empty() {
        return Err("no address".to_owned());
    }
    if address.contains(['/', '@', '?', '#']) {
        return Err(format!("{address:?} is no address of the form host:port"));
    }
    let time = |name: &str| units::duration(&get(&labels, name)).map_err(|fault| format!("{name}: {fault}"));
    let (interval, timeout) = (time(INTERVAL)?, time(TIMEOUT)?);
    if interval < Duration::from_millis(10) || timeout.is_zero() {
        return Err("scrape interval or timeout cannot be 0".to_owned());
    }
    if timeout > interval {
        return Err("the scrape timeout is longer than the interval".to_owned());
    }
    let url = url_of(job, &labels, &address)?;
    if get(&labels, "instance").is_empty() {
        labels.insert("instance".to_owned(), address);
    }
    labels.retain(|name, value| !name.starts_with("__") && !value.is_empty());
    Ok((url, labels, interval, timeout))
}

fn url_of(job: &Job, labels: &Labels, address: &str) -> Result<Url, String> {
    let get = |name: &str| labels.get(name).map_or("", String::as_str);
    let (scheme, path) = (get(SCHEME), get(PATH));
    if !matches!(scheme, "http" | "https") {
        return Err(format!("scheme {scheme:?} is neither http nor https"));
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut url = Url::parse(&format!("{scheme}://{address}{slash}{path}"))
        .map_err(|error| format!("{address:?} is no address: {error}"))?;
    let own = labels.iter().filter_map(|(name, value)| Some((name.strip_prefix(PARAM)?, value)));
    let own: Labels = own.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    if own.is_empty() && job.params.is_empty() {
        return Ok(url);
    }
    let mut pairs = url.query_pairs_mut();
    for (name, values) in &job.params {
        // Relabelling has the first value of each.
        for (at, value) in values.iter().enumerate() {
            let first = own.get(name).filter(|_| at == 0);
            pairs.append_pair(name, first.unwrap_or(value));
        }
    }
    for (name, value) in own.iter().filter(|(name, _)| !job.params.contains_key(*name)) {
        pairs.append_pair(name, value);
    }
    drop(pairs);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::config::ScrapeConfig;
    use super::*;

    fn job(settings: &str) -> Job {
        let text = format!("scrape_configs:\n  - job_name: j\n    {settings}\n");
        ScrapeConfig::parse(&text, Path::new("/")).unwrap().jobs.remove(0)
    }

    fn target(settings: &str, address: &str, labels: &[(&str, &str)]) -> Target {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        match populate(&job(settings), address, &labels) {
            Populated::Target(target) => *target,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_address_becomes_a_target() {
        let plain = target("scrape_interval: 5s", "host:9100", &[("zone", "a"), ("__meta_x", "y")]);
        assert_eq!(plain.url.as_str(), "http://host:9100/metrics");
        let labels: Vec<String> = plain.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(labels, ["instance=host:9100", "job=j", "zone=a"]);
        assert_eq!((plain.interval, plain.timeout), (Duration::from_secs(5), Duration::from_secs(5)));
        assert_eq!(plain.discovered["__meta_x"], "y");
        let probe = "params: {module: [http, x]}\n    metrics_path: /probe\n    relabel_configs: [{source_labels: [__address__], target_label: __param_target}, {target_label: __address__, replacement: 'exporter:9115'}, {target_label: __scrape_timeout__, replacement: 3s}]";
        let probe = target(probe, "example.org", &[]);
        assert_eq!(probe.url.as_str(), "http://exporter:9115/probe?module=http&module=x&target=example.org");
        assert_eq!((probe.labels["instance"].as_str(), probe.timeout), ("exporter:9115", Duration::from_secs(3)));
        assert_eq!(target("scheme: https", "[::1]:9", &[]).url.as_str(), "https://[::1]:9/metrics");
    }

    #[test]
    fn what_cannot_be_scraped_says_why() {
        let populated = |settings, address| populate(&job(settings), address, &Labels::new());
        let dropped = "relabel_configs: [{source_labels: [__address__], regex: 'a.*', action: drop}]";
        assert!(matches!(populated(dropped, "abc:1"), Populated::Dropped(_)));
        for (settings, address, said) in [
            ("honor_labels: true", "a/b", "is no address"),
            ("honor_labels: true", "a:99999", "is no address"),
            ("relabel_configs: [{target_label: __scheme__, replacement: ftp}]", "a:1", "neither http nor https"),
            ("relabel_configs: [{target_label: __address__, replacement: ''}]", "a:1", "no address"),
            (
                "relabel_configs: [{target_label: __scrape_interval__, replacement: 1s}]",
                "a:1",
                "longer than the interval",
            ),
        ] {
            match populated(settings, address) {
                Populated::Unfit { reason, .. } => assert!(reason.contains(said), "{reason}"),
                other => panic!("{settings}: {other:?}"),
            }
        }
    }
}
