//! How sampling is written: rules, what the door lets pass, what clients are told.
//!
//! Owns no meaning: rules are checked by the sampler.

use std::collections::BTreeMap;

use spanlake_sampler::door::{DoorSetting, DoorSettings};
use spanlake_sampler::rules::Rule;

use super::{Range, parse_bytes, scalar, words};
use crate::config::document::{Node, Value};
use crate::config::values::HeadSetting;

/// Every service that is not named.
const OTHERS: &str = "*";
/// Longer names are no services'.
const SERVICE_BYTES_MAX: usize = 1024;

/// `{service: probability or bytes a second}`, or a list or one text with commas of `service=…`; `*` is all others.
pub(in crate::config) fn sampling_door(node: &Node, _: Range) -> Result<DoorSettings, String> {
    let pairs: Vec<(String, String)> = match &node.value {
        Value::Map(entries) => entries
            .iter()
            .map(|(name, node)| {
                Ok((name.clone(), scalar(node).map_err(|error| format!("{name}: {error}"))?.to_owned()))
            })
            .collect::<Result<_, String>>()?,
        _ => {
            let pair = |word: &String| match word.rsplit_once('=') {
                Some((name, text)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), text.trim().to_owned())),
                _ => Err(format!("{word:?} is not a service and what passes of it, such as checkout=0.25")),
            };
            words(node, None)?.iter().map(pair).collect::<Result<_, _>>()?
        }
    };
    let mut door = DoorSettings::default();
    for (name, text) in pairs {
        let setting = door_setting(&text).map_err(|error| format!("{name}: {error}"))?;
        if name.len() > SERVICE_BYTES_MAX {
            return Err(format!("a service's name is longer than {SERVICE_BYTES_MAX} bytes"));
        }
        let is_twice = match name.as_str() {
            OTHERS => door.default.replace(setting).is_some(),
            _ => door.services.insert(name.clone(), setting).is_some(),
        };
        if is_twice {
            return Err(format!("{name} stands here twice"));
        }
    }
    Ok(door)
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a second")]
fn door_setting(text: &str) -> Result<DoorSetting, String> {
    let wrong = || format!("{text:?} is neither a probability above 0 up to 1, such as 0.25, nor a rate such as 2MB/s");
    if let Some(bytes) = text.strip_suffix("/s") {
        let bytes = parse_bytes(bytes.trim()).map_err(|_| wrong())?;
        return if bytes > 0 { Ok(DoorSetting::BytesPerSecond(bytes as f64)) } else { Err(wrong()) };
    }
    let probability = text.parse::<f64>().map_err(|_| wrong())?;
    if probability > 0.0 && probability <= 1.0 { Ok(DoorSetting::Probability(probability)) } else { Err(wrong()) }
}

/// `{service: probability}` or `{service: {operation: probability}}`, or the same as JSON.
pub(in crate::config) fn sampling_head(node: &Node, _: Range) -> Result<BTreeMap<String, HeadSetting>, String> {
    let value = match &node.value {
        Value::Text(text) if text.trim().is_empty() => return Ok(BTreeMap::new()),
        Value::Text(text) => {
            serde_json::from_str(text).map_err(|error| format!("is no map of services to probabilities: {error}"))?
        }
        Value::Map(_) => rule_value("", node),
        Value::Nothing | Value::List(_) => return scalar(node).map(|_| BTreeMap::new()),
    };
    let serde_json::Value::Object(services) = value else {
        return Err("is no map of services to probabilities, such as {\"*\": 0.5}".to_owned());
    };
    let of = |(name, value): (String, serde_json::Value)| {
        let setting = head_setting(&value).map_err(|error| format!("{name}: {error}"))?;
        Ok((name, setting))
    };
    services.into_iter().map(of).collect()
}

fn head_setting(value: &serde_json::Value) -> Result<HeadSetting, String> {
    let serde_json::Value::Object(operations) = value else {
        return Ok(HeadSetting { probability: head_probability(value)?, operations: BTreeMap::new() });
    };
    let mut setting = HeadSetting { probability: 1.0, operations: BTreeMap::new() };
    for (operation, value) in operations {
        let probability = head_probability(value).map_err(|error| format!("{operation}: {error}"))?;
        if operation == OTHERS {
            setting.probability = probability;
        } else {
            setting.operations.insert(operation.clone(), probability);
        }
    }
    Ok(setting)
}

fn head_probability(value: &serde_json::Value) -> Result<f64, String> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number
        .filter(|probability| (0.0..=1.0).contains(probability))
        .ok_or_else(|| format!("{value} is no probability from 0 to 1, such as 0.25"))
}

/// A list of rules, or the same as JSON.
pub(in crate::config) fn sampling_rules(node: &Node, _: Range) -> Result<Vec<Rule>, String> {
    match &node.value {
        Value::Text(text) if text.trim().is_empty() => Ok(Vec::new()),
        Value::Text(text) => serde_json::from_str(text).map_err(|error| format!("is no list of rules: {error}")),
        Value::List(items) => items.iter().map(sampling_rule).collect(),
        Value::Map(_) => Ok(vec![sampling_rule(node)?]),
        Value::Nothing => scalar(node).map(|_| Vec::new()),
    }
}

fn sampling_rule(node: &Node) -> Result<Rule, String> {
    serde_json::from_value(rule_value("", node)).map_err(|error| format!("{error} (line {})", node.line))
}

/// As the rule's own form has it: lists where one word would do, numbers where texts look like them.
fn rule_value(key: &str, node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Nothing => serde_json::Value::Null,
        Value::Text(text) if key.ends_with("_ms") || key == "at_least" => {
            text.parse::<f64>().map_or_else(|_| text.as_str().into(), serde_json::Value::from)
        }
        Value::Text(text) if matches!(key, "services" | "operations") => vec![text.as_str()].into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(|item| rule_value("", item)).collect(),
        Value::Map(entries) => entries
            .iter()
            .map(|(key, node)| (key.clone(), rule_value(key, node)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}
