//! Durations and sizes as Prometheus writes them. Pure.

use std::time::Duration;

/// `1h30m`, `15s`, `500ms`, `0`: units in falling order, each once.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, u64); 7] = [
        ("y", 365 * 86_400_000),
        ("w", 7 * 86_400_000),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("ms", 1),
    ];
    let wrong = || format!("{text:?} is not a duration such as 15s, 1m or 1h30m");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let (mut rest, mut total, mut units) = (text, 0_u64, &UNITS[..]);
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
        let end = rest[digits..].find(|letter: char| letter.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let at = units.iter().position(|(unit, _)| *unit == &rest[digits..end]).ok_or_else(wrong)?;
        total = number.checked_mul(units[at].1).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        units = &units[at + 1..];
        rest = &rest[end..];
    }
    if text.is_empty() { Err(wrong()) } else { Ok(Duration::from_millis(total)) }
}

/// `1m30s`, as a label shows it.
pub(super) fn written(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    if !milliseconds.is_multiple_of(1000) {
        return format!("{milliseconds}ms");
    }
    let (mut seconds, mut text) = (milliseconds / 1000, String::new());
    for (unit, length) in [("h", 3600), ("m", 60), ("s", 1)] {
        if seconds >= length {
            text.push_str(&format!("{}{unit}", seconds / length));
            seconds %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// `10MB`, `1GiB`, `512KB`, `1024`: powers of 1024 with either spelling, as in Prometheus.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a size such as 10MB or 512KB");
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().map_err(|_| wrong())?;
    let power = match text[digits..].trim() {
        "" | "B" => 0,
        "KB" | "KiB" => 1,
        "MB" | "MiB" => 2,
        "GB" | "GiB" => 3,
        "TB" | "TiB" => 4,
        _ => return Err(wrong()),
    };
    Ok((number * 1024_f64.powi(power)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_prometheus_own() {
        for (text, milliseconds) in
            [("15s", 15_000), ("1h30m", 5_400_000), ("500ms", 500), ("1d", 86_400_000), ("0", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "15", "s", "1m1h", "1s1s", "-1s", "1.5s", "99999999999999999999s", "9999999999999y"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(
            ["15s", "1m30s", "1h", "250ms"].map(|text| written(duration(text).unwrap())),
            ["15s", "1m30s", "1h", "250ms"]
        );
        assert_eq!((bytes("10MB"), bytes("512KiB"), bytes("7")), (Ok(10 << 20), Ok(512 << 10), Ok(7)));
        assert!(bytes("10 parsecs").is_err() && bytes("").is_err());
    }
}
