//! Where targets come from: static lists, files, HTTP and DNS; and the target groups that files and HTTP answers hold.

use std::path::Path;
use std::time::Duration;

use super::fields::{HTTP_KEYS, HttpFields, interval, number, path, unknown};
use super::{Discovery, DnsRecord, TargetGroup};
use crate::scrape::yaml::{Node, YamlError};

/// The keys of discovery, all of which end so.
pub(super) const SUFFIX: &str = "_sd_configs";
pub(super) const KEYS: [&str; 4] = ["static_configs", "file_sd_configs", "http_sd_configs", "dns_sd_configs"];

/// Takes one of [`KEYS`].
pub(super) fn read(key: &str, node: &Node, folder: &Path) -> Result<Vec<Discovery>, YamlError> {
    match key {
        "static_configs" => Ok(vec![Discovery::Static(groups(node)?)]),
        "file_sd_configs" => node.items()?.iter().map(|item| file(item, folder)).collect(),
        "http_sd_configs" => node.items()?.iter().map(|item| http(item, folder)).collect(),
        _ => node.items()?.iter().map(dns).collect(),
    }
}

/// Groups of targets: the form of static lists, of files and of answers over HTTP.
pub(super) fn groups(node: &Node) -> Result<Vec<TargetGroup>, YamlError> {
    node.items()?.iter().map(group).collect()
}

fn group(node: &Node) -> Result<TargetGroup, YamlError> {
    let mut group = TargetGroup::default();
    for (key, value) in node.entries()? {
        match key.as_str() {
            "targets" => {
                group.targets = value.texts()?;
                if let Some(wrong) = group.targets.iter().find(|target| target.contains('/')) {
                    return Err(value
                        .fault(format!("{wrong:?} is no address; a target is host:port, the path is metrics_path")));
                }
            }
            "labels" => {
                for (name, text) in value.entries()? {
                    if name.is_empty() {
                        return Err(text.fault("a label without a name"));
                    }
                    group.labels.insert(name.clone(), text.text()?.to_owned());
                }
            }
            other => return Err(unknown(other, value, &["targets", "labels"])),
        }
    }
    Ok(group)
}

fn file(node: &Node, folder: &Path) -> Result<Discovery, YamlError> {
    let (mut patterns, mut refresh) = (Vec::new(), Duration::from_secs(300));
    for (key, value) in node.entries()? {
        match key.as_str() {
            "files" => {
                for item in value.items()? {
                    let pattern = path(item, folder)?;
                    let ending = pattern.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
                    if !matches!(ending, "json" | "yml" | "yaml") {
                        return Err(item.fault("the file's name must end in .json, .yml or .yaml"));
                    }
                    if pattern.parent().is_some_and(|parent| parent.to_string_lossy().contains('*')) {
                        return Err(item.fault("a * may only stand in the last part of the path"));
                    }
                    patterns.push(pattern);
                }
            }
            "refresh_interval" => refresh = interval(value)?,
            other => return Err(unknown(other, value, &["files", "refresh_interval"])),
        }
    }
    if patterns.is_empty() {
        return Err(node.fault("files is missing"));
    }
    Ok(Discovery::File { patterns, refresh })
}

fn http(node: &Node, folder: &Path) -> Result<Discovery, YamlError> {
    let (mut url, mut refresh, mut fields) = (None, Duration::from_secs(60), HttpFields::default());
    for (key, value) in node.entries()? {
        match key.as_str() {
            "url" => {
                let parsed =
                    url::Url::parse(value.text()?).map_err(|error| value.fault(format!("is no URL: {error}")))?;
                if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
                    return Err(value.fault("is no URL with http:// or https://"));
                }
                if !parsed.username().is_empty() || parsed.password().is_some() {
                    return Err(value.fault("has credentials in it; they belong in basic_auth"));
                }
                url = Some(parsed);
            }
            "refresh_interval" => refresh = interval(value)?,
            other if fields.take(other, value, folder)? => {}
            other => return Err(unknown(other, value, &[&["url", "refresh_interval"], &HTTP_KEYS[..]].concat())),
        }
    }
    let url = url.ok_or_else(|| node.fault("url is missing"))?;
    Ok(Discovery::Http { url, http: Box::new(fields.finish()), refresh })
}

fn dns(node: &Node) -> Result<Discovery, YamlError> {
    let (mut names, mut record, mut port, mut refresh) = (Vec::new(), DnsRecord::Srv, None, Duration::from_secs(30));
    for (key, value) in node.entries()? {
        match key.as_str() {
            "names" => names = value.texts()?,
            "type" => {
                record = match value.text()?.to_ascii_uppercase().as_str() {
                    "SRV" => DnsRecord::Srv,
                    "A" => DnsRecord::A,
                    "AAAA" => DnsRecord::Aaaa,
                    other => {
                        return Err(value.fault(format!("{other:?} is not looked up here; there are SRV, A and AAAA")));
                    }
                }
            }
            "port" => port = Some(number(value)?),
            "refresh_interval" => refresh = interval(value)?,
            other => return Err(unknown(other, value, &["names", "type", "port", "refresh_interval"])),
        }
    }
    if names.is_empty() {
        return Err(node.fault("names is missing"));
    }
    if record != DnsRecord::Srv && port.is_none() {
        return Err(node.fault("a port is wanted, as records of this type have none"));
    }
    Ok(Discovery::Dns { names, record, port, refresh })
}
