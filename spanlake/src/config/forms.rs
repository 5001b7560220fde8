//! How the values of settings are written: sizes, durations, addresses and so on.
//!
//! Each form is a function of its own name from what was written to a value, or to the end of a sentence that starts
//! with the key. Messages never repeat what may hold a password.

mod sampling;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use spanlake_rules::RuleFiles;
use spanlake_sources::mysql::{MysqlSource, MysqlUrl};
use spanlake_sources::scrape::ScrapeConfig;

use super::document::{Node, Value};
use super::values::{Durability, Secret, SelfTelemetryMode};

pub(super) use sampling::{sampling_door, sampling_head, sampling_rules};

type Range = Option<(&'static str, &'static str)>;

/// What the documentation says of a form.
pub(super) fn describe(form: &str) -> &'static str {
    match form {
        "path" | "optional_path" | "scrape_config" => "path",
        "address" => "`host:port`",
        "boolean" => "`true` or `false`",
        "words" => "list",
        "rule_files" => "list of paths",
        "bytes" => "size: `64MiB`, `20GB`",
        "optional_bytes" => "size: `64GiB`, `2TB`; empty for no end",
        "optional_duration" => "duration: `12h`, `90d`; empty for ever",
        "duration" => "duration: `150ms`, `30s`, `5m`",
        "count" => "whole number",
        "service_durations" => "map of services to durations: `{checkout: 30d}`; elsewhere `checkout=30d, cart=12h`",
        "durability" => "`fsync` or `os`",
        "self_telemetry_mode" => "`self`, `off` or `otlp`",
        "endpoint" => "URL",
        "mysql_sources" => "list of URLs",
        "sampling_rules" => "list of rules",
        "sampling_head" => {
            "map of services to a probability, or to `{\"*\": 0.5, \"GET /health\": 0.01}` by operation; `*` for all others; elsewhere the same as JSON"
        }
        "sampling_door" => {
            "map of services to `0.25` or `2MB/s`, `*` for all others; elsewhere `*=0.5, checkout=2MB/s`"
        }
        "options" => "list of `name=value`",
        "text" => "path or URL",
        _ => "text",
    }
}

pub(super) fn path(node: &Node, _: Range) -> Result<PathBuf, String> {
    optional_path(node, None)?.ok_or_else(|| "a path may not be empty".to_owned())
}

pub(super) fn optional_path(node: &Node, _: Range) -> Result<Option<PathBuf>, String> {
    let text = scalar(node)?;
    Ok((!text.is_empty()).then(|| PathBuf::from(text)))
}

/// `localhost` is the one name that is taken: no names are looked up before the server runs.
pub(super) fn address(node: &Node, _: Range) -> Result<SocketAddr, String> {
    let text = scalar(node)?;
    let parsed = match text.strip_prefix("localhost:").map(str::parse) {
        Some(Ok(port)) => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        Some(Err(_)) => None,
        None => text.parse().ok(),
    };
    parsed.ok_or_else(|| {
        format!(
            "{text:?} is not an address and a port, such as 127.0.0.1:4300, 0.0.0.0:4300, [::]:4300 or localhost:4300"
        )
    })
}

pub(super) fn boolean(node: &Node, _: Range) -> Result<bool, String> {
    match scalar(node)? {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(format!("{other:?} is neither true nor false")),
    }
}

/// A list, or one text with commas between.
pub(super) fn words(node: &Node, _: Range) -> Result<Vec<String>, String> {
    match &node.value {
        Value::List(items) => items.iter().map(|item| scalar(item).map(str::to_owned)).collect(),
        _ => Ok(scalar(node)?.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()),
    }
}

/// Read and checked here, so that what is wrong in it is told before any port opens.
pub(super) fn scrape_config(node: &Node, _: Range) -> Result<Option<ScrapeConfig>, String> {
    let path = optional_path(node, None)?;
    path.map(|path| ScrapeConfig::load(&path).map_err(|error| error.to_string())).transpose()
}

/// Read and checked here too.
pub(super) fn rule_files(node: &Node, _: Range) -> Result<RuleFiles, String> {
    RuleFiles::load(&words(node, None)?).map_err(|error| error.to_string())
}

pub(super) fn text(node: &Node, _: Range) -> Result<String, String> {
    Ok(scalar(node)?.to_owned())
}

/// `name=value`, of which only the name may be repeated in a message.
pub(super) fn options(node: &Node, _: Range) -> Result<Vec<(String, Secret)>, String> {
    let pairs = words(node, None)?.into_iter().enumerate().map(|(index, word)| {
        let (name, value) = word
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| format!("is no list of name=value: there is no `=` in part {}", index + 1))?;
        Ok((name.trim().to_lowercase(), Secret::new(value.trim().to_owned())))
    });
    pairs.collect()
}

pub(super) fn bytes(node: &Node, range: Range) -> Result<u64, String> {
    within(scalar(node)?, range, parse_bytes)
}

pub(super) fn duration(node: &Node, range: Range) -> Result<Duration, String> {
    within(scalar(node)?, range, parse_duration)
}

pub(super) fn optional_bytes(node: &Node, range: Range) -> Result<Option<u64>, String> {
    if scalar(node)?.is_empty() { Ok(None) } else { bytes(node, range).map(Some) }
}

pub(super) fn optional_duration(node: &Node, range: Range) -> Result<Option<Duration>, String> {
    if scalar(node)?.is_empty() { Ok(None) } else { duration(node, range).map(Some) }
}

/// `{service: duration}`, or a list or one text with commas of `service=duration`.
pub(super) fn service_durations(node: &Node, range: Range) -> Result<BTreeMap<String, Duration>, String> {
    let of = |name: &str, node: &Node| {
        let named = |error: String| format!("{name}: {error}");
        duration(node, range).map(|duration| (name.to_owned(), duration)).map_err(named)
    };
    let pairs: Vec<(String, Duration)> = match &node.value {
        Value::Map(entries) => entries.iter().map(|(name, node)| of(name, node)).collect::<Result<_, _>>()?,
        _ => {
            let pair = |word: &String| match word.rsplit_once('=') {
                Some((name, text)) if !name.trim().is_empty() => of(name.trim(), &Node::text(text)),
                _ => Err(format!("{word:?} is not a service and a duration, such as checkout=30d")),
            };
            words(node, None)?.iter().map(pair).collect::<Result<_, _>>()?
        }
    };
    let mut services = BTreeMap::new();
    for (name, duration) in pairs {
        if services.insert(name.clone(), duration).is_some() {
            return Err(format!("{name} stands here twice"));
        }
    }
    Ok(services)
}

/// A whole number of whatever width the setting has; its range fits.
pub(super) fn count<T: TryFrom<u64>>(node: &Node, range: Range) -> Result<T, String> {
    let parse = |text: &str| text.parse::<u64>().map_err(|_| format!("{text:?} is not a whole number"));
    let number = within(scalar(node)?, range, parse)?;
    T::try_from(number).map_err(|_| format!("{number} is too large"))
}

pub(super) fn durability(node: &Node, _: Range) -> Result<Durability, String> {
    match scalar(node)? {
        "fsync" => Ok(Durability::Fsync),
        "os" => Ok(Durability::Os),
        other => Err(format!("{other:?} is neither fsync nor os")),
    }
}

pub(super) fn self_telemetry_mode(node: &Node, _: Range) -> Result<SelfTelemetryMode, String> {
    match scalar(node)? {
        "self" => Ok(SelfTelemetryMode::ToItself),
        "off" => Ok(SelfTelemetryMode::Off),
        "otlp" => Ok(SelfTelemetryMode::Otlp),
        other => Err(format!("{other:?} is none of self, off and otlp")),
    }
}

pub(super) fn endpoint(node: &Node, _: Range) -> Result<Option<String>, String> {
    let text = scalar(node)?;
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || "not a URL such as http://collector:4318".to_owned();
    let url = url::Url::parse(text).map_err(|_| wrong())?;
    if url.scheme() != "http" || !url.has_host() || !url.username().is_empty() || url.query().is_some() {
        return Err(wrong());
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

/// A list of URLs or of `{url, interval}`, or one text with commas or spaces between URLs.
pub(super) fn mysql_sources(node: &Node, _: Range) -> Result<Vec<MysqlSource>, String> {
    match &node.value {
        Value::List(items) => items.iter().map(mysql_source).collect(),
        Value::Map(_) => Ok(vec![mysql_source(node)?]),
        Value::Text(text) => text
            .split([',', ' ', '\n', '\t'])
            .filter(|url| !url.is_empty())
            .map(|url| mysql_source(&Node { value: Value::Text(url.to_owned()), line: node.line }))
            .collect(),
        Value::Nothing => scalar(node).map(|_| Vec::new()),
    }
}

fn mysql_source(node: &Node) -> Result<MysqlSource, String> {
    let at = |message: String| if node.line > 0 { format!("{message} (line {})", node.line) } else { message };
    let parse_url = |text: &str| MysqlUrl::parse(text).map_err(|error| at(error.to_string()));
    let mut interval = Duration::from_secs(1);
    let entries = match &node.value {
        Value::Map(entries) => entries,
        _ => return Ok(MysqlSource { interval, ..MysqlSource::at(parse_url(scalar(node)?)?) }),
    };
    let (mut url, mut slow_log, mut error_log) = (None, None, None);
    for (key, value) in entries {
        match key.as_str() {
            "slow_log" => slow_log = Some(PathBuf::from(scalar(value)?)),
            "error_log" => error_log = Some(PathBuf::from(scalar(value)?)),
            "url" => url = Some(parse_url(scalar(value)?)?),
            "interval" => {
                interval = duration(value, Some(("100ms", "1h"))).map_err(|error| at(format!("interval: {error}")))?
            }
            other => {
                return Err(at(format!("{other:?} is unknown here, expected url, interval, slow_log and error_log")));
            }
        }
    }
    let url = url.ok_or_else(|| at("an entry has no url".to_owned()))?;
    Ok(MysqlSource { interval, slow_log, error_log, ..MysqlSource::at(url) })
}

fn scalar(node: &Node) -> Result<&str, String> {
    match &node.value {
        Value::Text(text) => Ok(text.trim()),
        Value::Nothing => Err("has no value; leave the line out for the default".to_owned()),
        Value::List(_) => Err("is one value, not a list".to_owned()),
        Value::Map(_) => Err("is one value, not a group".to_owned()),
    }
}

fn within<T: PartialOrd>(text: &str, range: Range, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
    let value = parse(text)?;
    if let Some((least, most)) = range
        && (value < parse(least)? || value > parse(most)?)
    {
        return Err(format!("{text} is not between {least} and {most}"));
    }
    Ok(value)
}

/// A size in bytes, with its unit.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    const UNITS: &[(&str, u64)] = &[
        ("", 1),
        ("b", 1),
        ("kb", 1000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000),
        ("tb", 1_000_000_000_000),
        ("kib", 1 << 10),
        ("mib", 1 << 20),
        ("gib", 1 << 30),
        ("tib", 1 << 40),
    ];
    let wrong = || format!("{text:?} is not a size in bytes, such as 64MiB, 20GB or 4096");
    let (number, unit) = split_unit(text).ok_or_else(wrong)?;
    let unit = unit.to_ascii_lowercase();
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    scaled(number, *factor).ok_or_else(wrong)
}

pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    const UNITS: &[(&str, u64)] = &[
        ("ns", 1),
        ("us", 1000),
        ("µs", 1000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("min", 60_000_000_000),
        ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000),
    ];
    let wrong = || format!("{text:?} is not a duration, such as 150ms, 30s, 5m or 1h");
    let (number, unit) = split_unit(text).ok_or_else(wrong)?;
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    scaled(number, *factor).map(Duration::from_nanos).ok_or_else(wrong)
}

fn split_unit(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (!number.is_empty()).then_some((number, unit.trim_start()))
}

/// `1.5` times a factor, exactly, in whole units.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.parse::<u64>().ok()?.checked_mul(factor)?;
    if fraction.is_empty() {
        return (!number.ends_with('.')).then_some(whole);
    }
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 9)?;
    let parts = u128::from(fraction.parse::<u64>().ok()?) * u128::from(factor) / 10_u128.pow(digits);
    whole.checked_add(u64::try_from(parts).ok()?)
}
