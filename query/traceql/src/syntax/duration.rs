//! Durations as text.
//!
//! Owns the units and exact conversion to nanoseconds. Never reads signs; they are operators.

const NANOSECONDS: i128 = 1;
const MICROSECONDS: i128 = 1_000;
const MILLISECONDS: i128 = 1_000_000;
const SECONDS: i128 = 1_000_000_000;
const MINUTES: i128 = 60 * SECONDS;
const HOURS: i128 = 60 * MINUTES;
const DAYS: i128 = 24 * HOURS;

/// Units as they are written, and their nanoseconds. Longer names stand before those that they begin with.
const UNITS: [(&str, i128); 11] = [
    ("ns", NANOSECONDS),
    ("us", MICROSECONDS),
    // The micro sign and the Greek letter look alike.
    ("µs", MICROSECONDS),
    ("μs", MICROSECONDS),
    ("ms", MILLISECONDS),
    ("s", SECONDS),
    ("m", MINUTES),
    ("h", HOURS),
    ("d", DAYS),
    ("w", 7 * DAYS),
    ("y", 365 * DAYS),
];

/// Digits behind the point that are read; more cannot change a nanosecond.
const FRACTION_DIGITS_MAX: u32 = 18;

/// What is wrong with a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    #[error("not a duration; write a number and a unit (ns, us, ms, s, m, h, d, w, y), such as 150ms or 1h30m")]
    Malformed,
    #[error("the duration is too long; the limit is about 292 years")]
    TooLong,
}

/// Nanoseconds of a text such as `1.5s`, `1h30m` or `2d`.
pub fn parse_duration(text: &str) -> Result<i64, DurationError> {
    let mut rest = text;
    let mut total: i128 = 0;
    if rest.is_empty() {
        return Err(DurationError::Malformed);
    }
    while !rest.is_empty() {
        let number_length = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (number, behind) = rest.split_at(number_length);
        let (unit, nanoseconds) = UNITS
            .into_iter()
            .filter(|(unit, _)| behind.starts_with(unit))
            .max_by_key(|(unit, _)| unit.len())
            .ok_or(DurationError::Malformed)?;
        total = total.saturating_add(scale(number, nanoseconds)?);
        rest = &behind[unit.len()..];
    }
    i64::try_from(total).map_err(|_| DurationError::TooLong)
}

/// A decimal number times a unit, cut to whole nanoseconds.
fn scale(number: &str, unit: i128) -> Result<i128, DurationError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return Err(DurationError::Malformed);
    }
    let digits = |text: &str| -> Result<i128, DurationError> {
        if text.is_empty() { Ok(0) } else { text.parse().map_err(|_| DurationError::TooLong) }
    };
    let whole = digits(whole)?.checked_mul(unit).ok_or(DurationError::TooLong)?;
    let fraction = &fraction[..fraction.len().min(FRACTION_DIGITS_MAX as usize)];
    let behind_point = digits(fraction)? * unit / 10_i128.pow(fraction.len() as u32);
    whole.checked_add(behind_point).ok_or(DurationError::TooLong)
}

/// The shortest text of one unit that says exactly this, such as `1500ms`.
#[must_use]
pub fn format_duration(nanoseconds: i64) -> String {
    let units = [("h", HOURS), ("m", MINUTES), ("s", SECONDS), ("ms", MILLISECONDS), ("us", MICROSECONDS)];
    let value = i128::from(nanoseconds);
    if value == 0 {
        return "0s".to_owned();
    }
    match units.into_iter().find(|(_, unit)| value % unit == 0) {
        Some((name, unit)) => format!("{}{name}", value / unit),
        None => format!("{value}ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact() {
        assert_eq!(parse_duration("1.5s"), Ok(1_500_000_000));
        assert_eq!(parse_duration("1h30m"), Ok(5_400_000_000_000));
        assert_eq!(parse_duration("100us"), parse_duration("100µs"));
        assert_eq!(parse_duration("100μs"), Ok(100_000));
        assert_eq!(parse_duration("0.1ms"), Ok(100_000));
        assert_eq!(parse_duration("2d"), Ok(172_800_000_000_000));
        assert_eq!(parse_duration("1.0000000000000000000000000000001ns"), Ok(1));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "5", "5x", "s", "1..5s", "1.5.s", "."] {
            assert_eq!(parse_duration(text), Err(DurationError::Malformed), "{text}");
        }
        assert_eq!(parse_duration("300y"), Err(DurationError::TooLong));
        assert_eq!(parse_duration(&format!("{}s", "9".repeat(60))), Err(DurationError::TooLong));
    }

    #[test]
    fn what_is_written_reads_back() {
        for value in [0, 1, 999, 1_500_000, 1_500_000_000, 3_600_000_000_000, 90_000_000_000, i64::MAX] {
            assert_eq!(parse_duration(&format_duration(value)), Ok(value));
        }
        assert_eq!(format_duration(1_500_000_000), "1500ms");
        assert_eq!(format_duration(-2_000_000_000), "-2s");
    }
}
