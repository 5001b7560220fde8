//! Start times in `load` blocks: `metric{…}@st -30s-1mx2 _ 0s`.
//!
//! Owns the notation: durations relative to the samples' times.

use spanlake_promql::duration::parse_duration;

/// Whether a line gives start times for the series of the line below.
pub fn is_start_time_line(line: &str) -> bool {
    line.split_whitespace().next().is_some_and(|metric| metric.ends_with("@st"))
}

pub fn parse_start_times(line: &str) -> Result<Vec<Option<i64>>, String> {
    let mut times = Vec::new();
    for item in line.split_whitespace().skip(1) {
        parse_item(item, &mut times)?;
    }
    Ok(times)
}

fn parse_item(item: &str, times: &mut Vec<Option<i64>>) -> Result<(), String> {
    let count = |text: &str| text.strip_prefix('x').and_then(|count| count.parse::<usize>().ok());
    let invalid = || format!("invalid start time {item}");
    if let Some(rest) = item.strip_prefix('_') {
        let repeated = if rest.is_empty() { 1 } else { count(rest).ok_or_else(invalid)? };
        times.extend(std::iter::repeat_n(None, repeated));
        return Ok(());
    }
    let (mut offset, rest) = take_duration(item)?;
    let (delta, rest) = if rest.starts_with(['+', '-']) { take_duration(rest)? } else { (0, rest) };
    let more = if rest.is_empty() { 0 } else { count(rest).ok_or_else(invalid)? };
    for _ in 0..=more {
        times.push(Some(offset));
        offset += delta;
    }
    Ok(())
}

/// A signed duration of one unit from the start of a text, and the rest.
fn take_duration(text: &str) -> Result<(i64, &str), String> {
    let unsigned = text.trim_start_matches(['+', '-']);
    let digits = unsigned.len() - unsigned.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let unit =
        unsigned[digits..].find(|c: char| !c.is_ascii_alphabetic() || c == 'x').unwrap_or(unsigned.len() - digits);
    let (duration, rest) = unsigned.split_at(digits + unit);
    let magnitude = parse_duration(duration).map_err(|error| error.to_string())?;
    Ok((if text.starts_with('-') { -magnitude } else { magnitude }, rest))
}
