//! Numbers with their units, as short as they can be read: UCUM as OTLP sends it, and `ratio`.
//!
//! Pure. A unit that nobody knows stands behind the number as it is.

const STEPS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];

/// A value in its unit.
pub(super) fn write(value: f64, unit: &str) -> String {
    if value.is_nan() {
        return "–".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "−∞" }.to_owned();
    }
    if value < 0.0 {
        return format!("−{}", write(-value, unit));
    }
    match unit.rsplit_once('/') {
        Some((of, per @ ("s" | "min" | "h"))) => format!("{}/{per}", without_rate(value, of)),
        _ => without_rate(value, unit),
    }
}

fn without_rate(value: f64, unit: &str) -> String {
    let seconds = match unit {
        "ns" => 1e-9,
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => 0.0,
    };
    let bytes = match unit {
        "By" => 1.0,
        "KBy" | "kBy" => 1e3,
        "MBy" => 1e6,
        "GBy" => 1e9,
        "KiBy" => 1024.0,
        "MiBy" => 1024.0 * 1024.0,
        "GiBy" => 1024.0 * 1024.0 * 1024.0,
        _ => 0.0,
    };
    match unit {
        "ratio" => format!("{} %", digits(value * 100.0)),
        "%" => format!("{} %", digits(value)),
        _ if seconds > 0.0 && value == 0.0 => format!("0 {unit}"),
        _ if seconds > 0.0 => duration(value * seconds),
        _ if bytes > 0.0 => scaled(value * bytes, " ", "B"),
        _ => {
            let noun = if unit == "1" || unit.starts_with('{') { "" } else { unit };
            let number = scaled(value, "", "");
            if noun.is_empty() { number } else { format!("{number} {noun}") }
        }
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        _ if seconds >= 2.0 * 86_400.0 => format!("{} d", digits(seconds / 86_400.0)),
        _ if seconds >= 2.0 * 3600.0 => format!("{} h", digits(seconds / 3600.0)),
        _ if seconds >= 120.0 => format!("{} min", digits(seconds / 60.0)),
        _ if seconds >= 0.9995 => format!("{} s", digits(seconds)),
        _ if seconds >= 0.000_999_5 => format!("{} ms", digits(seconds * 1e3)),
        _ if seconds >= 0.000_000_999_5 => format!("{} µs", digits(seconds * 1e6)),
        _ => format!("{} ns", digits(seconds * 1e9)),
    }
}

fn scaled(value: f64, gap: &str, unit: &str) -> String {
    let mut rest = value;
    let mut step = 0;
    while rest >= 999.5 && step < STEPS.len() - 1 {
        rest /= 1000.0;
        step += 1;
    }
    format!("{}{gap}{}{unit}", digits(rest), STEPS[step])
}

/// Three significant digits.
fn digits(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e6).contains(&value) {
        return format!("{value:.2e}");
    }
    let whole = value.log10().floor();
    let decimals = (2.0 - whole).max(0.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
