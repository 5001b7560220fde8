//! Durations as Prometheus reads and writes them: `1h30m`, `5m`, `1w`.
//!
//! Owns the units and their order. Never knows about expressions of durations; those are in [`crate::syntax`].

use crate::number::quote;

const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Durations are kept as signed nanoseconds by Prometheus; what does not fit is refused here too.
const MILLISECONDS_MAX: u64 = (i64::MAX / 1_000_000) as u64;

/// Why a duration could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    #[error("empty duration string")]
    Empty,
    #[error("not a valid duration string: {}", quote(.0))]
    Invalid(String),
    #[error("unknown unit {} in duration {}", quote(.unit), quote(.text))]
    UnknownUnit { unit: String, text: String },
    #[error("duration out of range")]
    OutOfRange,
}

/// Milliseconds of a duration such as `1h30m`; units from large to small, each at most once. `0` needs no unit.
pub fn parse_duration(text: &str) -> Result<i64, DurationError> {
    match text {
        "" => return Err(DurationError::Empty),
        "0" => return Ok(0),
        _ => {}
    }
    let invalid = || DurationError::Invalid(text.to_owned());
    let (mut rest, mut total, mut next_unit) = (text, 0u64, 0);
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (amount, tail) = rest.split_at(digits);
        let amount: u64 = match amount {
            "" => return Err(invalid()),
            digits => digits.parse().map_err(|_| DurationError::OutOfRange)?,
        };
        let letters = tail.len() - tail.trim_start_matches(|c: char| !c.is_ascii_digit()).len();
        let (unit, tail) = tail.split_at(letters);
        let index = UNITS.iter().position(|(name, _)| *name == unit).ok_or_else(|| match unit {
            "" => invalid(),
            unit => DurationError::UnknownUnit { unit: unit.to_owned(), text: text.to_owned() },
        })?;
        if index < next_unit {
            return Err(invalid());
        }
        next_unit = index + 1;
        total = amount
            .checked_mul(UNITS[index].1)
            .and_then(|part| total.checked_add(part))
            .ok_or(DurationError::OutOfRange)?;
        rest = tail;
    }
    if total > MILLISECONDS_MAX { Err(DurationError::OutOfRange) } else { Ok(total as i64) }
}

/// The shortest text of a duration; years, weeks and days only where nothing smaller remains.
#[must_use]
pub fn format_duration(milliseconds: i64) -> String {
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    let mut rest = milliseconds.unsigned_abs();
    let mut text = if milliseconds < 0 { "-".to_owned() } else { String::new() };
    for (index, (name, size)) in UNITS.iter().enumerate() {
        let only_if_exact = index < 3;
        if rest >= *size && (!only_if_exact || rest.is_multiple_of(*size)) {
            text.push_str(&format!("{}{name}", rest / size));
            rest %= size;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        for (text, milliseconds, written) in [
            ("0", 0, "0s"),
            ("5m", 300_000, "5m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("90m", 5_400_000, "1h30m"),
            ("1d", 86_400_000, "1d"),
            ("25h", 90_000_000, "25h"),
            ("7d", 604_800_000, "1w"),
            ("1y", 31_536_000_000, "1y"),
            ("1s500ms", 1_500, "1s500ms"),
        ] {
            assert_eq!(parse_duration(text), Ok(milliseconds), "{text}");
            assert_eq!(format_duration(milliseconds), written);
        }
        assert_eq!(format_duration(-60_000), "-1m");
    }

    #[test]
    fn wrong_durations_say_what_is_wrong() {
        let message = |text| parse_duration(text).map_err(|error| error.to_string());
        assert_eq!(message(""), Err("empty duration string".to_owned()));
        assert_eq!(message("5m1h"), Err("not a valid duration string: \"5m1h\"".to_owned()));
        assert_eq!(message("5m1m"), Err("not a valid duration string: \"5m1m\"".to_owned()));
        assert_eq!(message("5y1hs"), Err("unknown unit \"hs\" in duration \"5y1hs\"".to_owned()));
        assert_eq!(message("300000y"), Err("duration out of range".to_owned()));
    }
}
