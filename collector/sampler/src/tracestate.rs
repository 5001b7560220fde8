//! The `ot` member of W3C `tracestate`: the threshold `th` and the randomness `rv`.
//!
//! Owns reading and writing of these two. Everything else in the text is carried along as it came. Never fails: what is
//! malformed is ignored and said, so that it can be counted.
//!
//! Sources: OpenTelemetry specification, "TraceState Handling" (`ot=key:value;key:value`, at most 256 characters) and
//! "TraceState: Probability Sampling" (`th`: 1 to 14 hex digits, trailing zeros left out; `rv`: exactly 14).

use crate::threshold::{Randomness, Threshold};

#[cfg(test)]
mod tests;

const DIGITS: usize = 14;
/// Of the `ot` member's value (W3C: "the value is an opaque string of up to 256 characters").
const VALUE_CHARS_MAX: usize = 256;
/// Longer texts are not looked at: W3C asks only for 512 to be carried.
const TEXT_BYTES_MAX: usize = 8192;

/// What a `tracestate` says of sampling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OtelState {
    /// The threshold by which the span was already sampled; `None`: unknown.
    pub threshold: Option<Threshold>,
    /// Explicit randomness, to be taken instead of the trace id's.
    pub randomness: Option<Randomness>,
    /// Something of the `ot` member was not as the specification says, and was ignored.
    pub is_malformed: bool,
}

/// Reads the `ot` member. A text without one is well formed and says nothing.
#[must_use]
pub fn parse(text: &str) -> OtelState {
    if text.len() > TEXT_BYTES_MAX {
        return OtelState { is_malformed: true, ..OtelState::default() };
    }
    let mut members = members(text).filter(|(key, _)| *key == "ot");
    let Some((_, value)) = members.next() else {
        return OtelState::default();
    };
    // Twice the same key: W3C says that the whole is invalid; neither can be believed.
    if members.next().is_some() || value.len() > VALUE_CHARS_MAX {
        return OtelState { is_malformed: true, ..OtelState::default() };
    }
    parse_value(value)
}

/// The threshold by which a span with this state was kept before it came; what says none was kept whatever it is.
#[must_use]
pub fn threshold_of(text: &str) -> Threshold {
    if text.is_empty() { Threshold::KEEP_ALL } else { parse(text).threshold.unwrap_or(Threshold::KEEP_ALL) }
}

/// The same text with this threshold in its `ot` member, which moves to the front as W3C asks of a changed member;
/// `None` erases it, as the specification asks where the probability is no longer known. `rv` and all else stays.
#[must_use]
pub fn with_threshold(text: &str, threshold: Option<Threshold>) -> String {
    let is_readable = text.len() <= TEXT_BYTES_MAX;
    let kept_parts = members(text)
        .find(|(key, value)| is_readable && *key == "ot" && value.len() <= VALUE_CHARS_MAX)
        .map_or("", |(_, value)| value);
    let mut parts: Vec<String> =
        threshold.iter().map(|threshold| format!("th:{}", threshold_digits(*threshold))).collect();
    parts.extend(
        kept_parts
            .split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty() && !part.starts_with("th:"))
            .map(str::to_owned),
    );
    let mut written = Vec::new();
    if !parts.is_empty() {
        written.push(format!("ot={}", parts.join(";")));
    }
    written.extend(members(text).filter(|(key, _)| *key != "ot").map(|(key, value)| format!("{key}={value}")));
    written.join(",")
}

/// A threshold as `th` writes it: hex without trailing zeros, at least one digit.
#[must_use]
pub fn threshold_digits(threshold: Threshold) -> String {
    let digits = format!("{:014x}", threshold.bits());
    let trimmed = digits.trim_end_matches('0');
    if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() }
}

/// Randomness as `rv` writes it: 14 hex digits.
#[must_use]
pub fn randomness_digits(randomness: Randomness) -> String {
    format!("{:014x}", randomness.bits())
}

fn members(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(',').filter_map(|member| member.split_once('=')).map(|(key, value)| (key.trim(), value.trim()))
}

fn parse_value(value: &str) -> OtelState {
    let mut state = OtelState::default();
    let (mut seen_threshold, mut seen_randomness) = (false, false);
    for part in value.split(';') {
        match part.trim().split_once(':') {
            Some(("th", digits)) if !seen_threshold => {
                seen_threshold = true;
                state.threshold =
                    hex(digits, 1).and_then(|bits| Threshold::from_bits(bits << (4 * (DIGITS - digits.len()))));
                state.is_malformed |= state.threshold.is_none();
            }
            Some(("rv", digits)) if !seen_randomness => {
                seen_randomness = true;
                state.randomness = hex(digits, DIGITS).map(Randomness::from_low_bits);
                state.is_malformed |= state.randomness.is_none();
            }
            // A second value of one key contradicts the first: neither is believed.
            Some(("th", _)) => (state.threshold, state.is_malformed) = (None, true),
            Some(("rv", _)) => (state.randomness, state.is_malformed) = (None, true),
            Some(_) => {}
            None => state.is_malformed |= !part.trim().is_empty(),
        }
    }
    state
}

/// Lower-case hex digits, from `least` to 14 of them. Upper case is refused, as in all of W3C's trace context.
fn hex(digits: &str, least: usize) -> Option<u64> {
    let is_hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hex || digits.len() < least || digits.len() > DIGITS {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}
