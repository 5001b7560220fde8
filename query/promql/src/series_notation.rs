//! Series in one line, as Prometheus's test scripts and unit tests of rules write them: `up{job="a"} 1 2+3x4 _ stale`.
//!
//! Owns the notation of sequences and of histograms in double braces. Never knows at what times the values are.

use std::collections::HashMap;

use crate::histogram::{BucketSide, Histogram, ResetHint};
use crate::labels::Labels;
use crate::matcher::MatchOperator;
use crate::number::{parse_number, stale_nan};
use crate::syntax::parse_selector;

/// One place in a sequence.
#[derive(Clone, Debug)]
pub enum SequenceValue {
    /// No sample.
    Omitted,
    Float(f64),
    Histogram {
        value: Histogram,
        /// Whether the notation says what is known of a reset; tests compare it only then.
        hint_is_given: bool,
    },
}

/// Values of one sequence may repeat no more often than this.
const REPETITIONS_MAX: u64 = 1_000_000;

/// Labels and values of a line.
pub fn parse_series(line: &str) -> Result<(Labels, Vec<SequenceValue>), String> {
    let line = line.trim();
    let end = end_of_metric(line);
    let labels = parse_labels(&line[..end])?;
    let mut values = Vec::new();
    let mut rest = line[end..].trim_start();
    while !rest.is_empty() {
        let (item, tail) = split_item(rest)?;
        parse_item(item, &mut values)?;
        rest = tail.trim_start();
    }
    Ok((labels, values))
}

/// Labels of a metric written as a selector with equalities only.
pub fn parse_labels(text: &str) -> Result<Labels, String> {
    let matchers = parse_selector(text).map_err(|error| error.to_string())?;
    if matchers.iter().any(|matcher| matcher.operator != MatchOperator::Equal) {
        return Err(format!("labels of a series must be given by '=': {text}"));
    }
    Ok(Labels::new(matchers.into_iter().map(|matcher| (matcher.name, matcher.value))))
}

/// Where the metric ends: behind its braces, or at the first space.
fn end_of_metric(line: &str) -> usize {
    let (mut in_braces, mut quotation, mut escaped) = (false, None, false);
    for (index, character) in line.char_indices() {
        match (quotation, character) {
            (Some(_), _) if escaped => escaped = false,
            (Some(mark), '\\') if mark != '`' => escaped = true,
            (Some(mark), other) if mark == other => quotation = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quotation = Some(character),
            (None, '{') => in_braces = true,
            (None, '}') => return index + 1,
            (None, ' ' | '\t') if !in_braces => return index,
            _ => {}
        }
    }
    line.len()
}

/// The first item of a sequence; histograms hold spaces.
fn split_item(text: &str) -> Result<(&str, &str), String> {
    let mut end = 0;
    while text[end..].starts_with("{{") || text[end..].starts_with("+{{") || text[end..].starts_with("-{{") {
        let close = text[end..].find("}}").ok_or_else(|| format!("histogram without end: {text}"))?;
        end += close + 2;
    }
    end += text[end..].find([' ', '\t']).unwrap_or(text.len() - end);
    Ok(text.split_at(end))
}

fn parse_item(item: &str, values: &mut Vec<SequenceValue>) -> Result<(), String> {
    if item.starts_with("{{") {
        return parse_histogram_item(item, values);
    }
    if let Some(count) = item.strip_prefix('_') {
        let count = if count.is_empty() { 1 } else { repetitions(count)? };
        values.extend((0..count).map(|_| SequenceValue::Omitted));
        return Ok(());
    }
    if let Some(rest) = item.strip_prefix("stale") {
        let more = if rest.is_empty() { 0 } else { repetitions(rest)? };
        values.extend((0..=more).map(|_| SequenceValue::Float(stale_nan())));
        return Ok(());
    }
    let (mut value, rest) = take_number(item)?;
    let (delta, rest) = if rest.starts_with(['+', '-']) { take_number(rest)? } else { (0.0, rest) };
    let more = if rest.is_empty() { 0 } else { repetitions(rest)? };
    for _ in 0..=more {
        values.push(SequenceValue::Float(value));
        value += delta;
    }
    Ok(())
}

/// The number behind an `x`.
fn repetitions(text: &str) -> Result<u64, String> {
    let count = text.strip_prefix('x').and_then(|count| count.parse().ok());
    count
        .filter(|count| *count <= REPETITIONS_MAX)
        .ok_or_else(|| format!("invalid repetition in series values: {text}"))
}

/// A number from the start of a text, with its sign, and the rest.
fn take_number(text: &str) -> Result<(f64, &str), String> {
    let unsigned = text.trim_start_matches(['+', '-']);
    let sign = text.len() - unsigned.len();
    let word = unsigned.get(..3).map(str::to_ascii_lowercase);
    let length = match word.as_deref() {
        Some("inf" | "nan") => 3,
        _ => {
            let bytes = unsigned.as_bytes();
            let is_part = |index: usize| match bytes[index] {
                b'0'..=b'9' | b'.' | b'_' | b'e' | b'E' => true,
                b'+' | b'-' => index > 0 && matches!(bytes[index - 1], b'e' | b'E'),
                _ => false,
            };
            (0..bytes.len()).find(|index| !is_part(*index)).unwrap_or(bytes.len())
        }
    };
    let (number, rest) = text.split_at(sign + length);
    let value = parse_number(number).map_err(|error| format!("error parsing number: {error}"))?;
    Ok((value, rest))
}

// === histograms ===

fn parse_histogram_item(item: &str, values: &mut Vec<SequenceValue>) -> Result<(), String> {
    let (first, first_hint, rest) = take_histogram(item)?;
    let sign = rest.chars().next();
    if !matches!(sign, Some('+' | '-')) {
        let more = if rest.is_empty() { 0 } else { repetitions(rest)? };
        let value = SequenceValue::Histogram { value: first, hint_is_given: first_hint };
        values.extend(std::iter::repeat_n(value, more as usize + 1));
        return Ok(());
    }
    let (addend, hint_is_given, rest) = take_histogram(&rest[1..])?;
    let more = repetitions(rest)?;
    let mut value = first;
    for index in 0..=more {
        if index > 0 {
            if value.schema > addend.schema {
                let schemas = format!("{} to {}", addend.schema, value.schema);
                return Err(format!("error combining histograms: cannot merge from schema {schemas}"));
            }
            let combined = if sign == Some('+') { value.add(&addend) } else { value.subtract(&addend) };
            combined.map_err(|error| error.to_string())?;
        }
        values.push(SequenceValue::Histogram { value: value.clone(), hint_is_given });
    }
    Ok(())
}

/// A histogram from the start of a text, whether its hint is given, and the rest.
fn take_histogram(text: &str) -> Result<(Histogram, bool, &str), String> {
    let inner = text.strip_prefix("{{").ok_or_else(|| format!("expected a histogram: {text}"))?;
    let (inner, rest) = inner.split_once("}}").ok_or_else(|| format!("histogram without end: {text}"))?;
    let fields = parse_fields(inner)?;
    let number = |key: &str| match fields.get(key).map(Vec::as_slice) {
        None => Ok(0.0),
        Some([one]) => parse_number(one).map_err(|error| error.to_string()),
        Some(_) => Err(format!("{key} must be one number")),
    };
    let list = |key: &str| -> Result<Vec<f64>, String> {
        let texts = fields.get(key).map_or(&[][..], Vec::as_slice);
        texts.iter().map(|text| parse_number(text).map_err(|error| error.to_string())).collect()
    };
    let hint = fields.get("counter_reset_hint").and_then(|hint| hint.first()).map(String::as_str);
    let histogram = Histogram {
        reset_hint: match hint {
            None | Some("unknown") => ResetHint::Unknown,
            Some("reset") => ResetHint::Reset,
            Some("not_reset") => ResetHint::NotReset,
            Some("gauge") => ResetHint::Gauge,
            Some(other) => return Err(format!("bad histogram descriptor found: \"{other}\"")),
        },
        schema: number("schema")? as i32,
        zero_threshold: number("z_bucket_w")?,
        zero_count: number("z_bucket")?,
        count: number("count")?,
        sum: number("sum")?,
        positive: BucketSide::dense(number("offset")? as i32, list("buckets")?),
        negative: BucketSide::dense(number("n_offset")? as i32, list("n_buckets")?),
        custom_bounds: list("custom_values")?.into(),
    };
    Ok((histogram, hint.is_some(), rest))
}

const KEYS: [&str; 11] = [
    "sum",
    "count",
    "schema",
    "offset",
    "n_offset",
    "buckets",
    "n_buckets",
    "z_bucket",
    "z_bucket_w",
    "custom_values",
    "counter_reset_hint",
];

/// `key:value` and `key:[value value]`, separated by spaces.
fn parse_fields(text: &str) -> Result<HashMap<&str, Vec<String>>, String> {
    let mut fields = HashMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, tail) = rest.split_once(':').ok_or("missing `:` for histogram descriptor")?;
        if !KEYS.contains(&key) {
            return Err(format!("bad histogram descriptor found: \"{key}\""));
        }
        let (value, tail) = match tail.strip_prefix('[') {
            Some(list) => list.split_once(']').ok_or("list without end in histogram")?,
            None => tail.split_at(tail.find([' ', '\t']).unwrap_or(tail.len())),
        };
        let values = value.split_whitespace().map(str::to_owned).collect();
        if fields.insert(key, values).is_some() {
            return Err(format!("duplicate key \"{key}\" in histogram"));
        }
        rest = tail.trim_start();
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(line: &str) -> Vec<Option<f64>> {
        let (_, values) = parse_series(line).expect("the line is valid");
        let float = |value: &SequenceValue| match value {
            SequenceValue::Float(value) => Some(*value),
            _ => None,
        };
        values.iter().map(float).collect()
    }

    #[test]
    fn sequences_repeat_and_step() {
        assert_eq!(
            floats("a 1 2+3x2 _ -1-2x1"),
            [Some(1.0), Some(2.0), Some(5.0), Some(8.0), None, Some(-1.0), Some(-3.0)]
        );
        assert_eq!(floats("a{b=\"} c\"} 1x2"), [Some(1.0); 3]);
        assert_eq!(floats("{} _x2 1e-6"), [None, None, Some(1e-6)]);
        assert!(floats("a NaNx1").iter().all(|value| value.is_some_and(f64::is_nan)));
        assert_eq!(floats("a Inf -Inf+1x0"), [Some(f64::INFINITY), Some(f64::NEG_INFINITY)]);
        assert!(parse_series("a 1x").is_err());
    }

    #[test]
    fn histograms_have_fields() {
        let line =
            "a {{schema:1 count:3 sum:2.5 buckets:[1 2] offset:-1 counter_reset_hint:gauge}}+{{schema:1 count:1}}x1";
        let (labels, values) = parse_series(line).expect("the line is valid");
        assert_eq!(labels.metric_name(), "a");
        let [_, SequenceValue::Histogram { value, hint_is_given }] = values.as_slice() else {
            panic!("two histograms")
        };
        assert_eq!(
            value.to_notation(),
            "{{schema:1 count:4 sum:2.5 counter_reset_hint:gauge offset:-1 buckets:[1 2]}}"
        );
        assert!(!hint_is_given, "the hint of the addend counts");
        assert!(parse_series("a {{nonsense:1}}").is_err());
    }
}
