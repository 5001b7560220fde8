//! Numbers and quoted strings as Prometheus reads and writes them.
//!
//! Owns the notations that come from Go: integers with a base prefix, hexadecimal floats, `%g`, quoting. Messages and
//! label values depend on them to the letter. Never knows what a number means.

use std::fmt::Write as _;

/// The sample value that says "this series ended": a NaN with a payload of its own.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// The staleness marker.
#[must_use]
pub fn stale_nan() -> f64 {
    f64::from_bits(STALE_NAN_BITS)
}

/// Whether a value is the staleness marker and not just any NaN.
#[must_use]
pub fn is_stale_nan(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

/// Why a number could not be read; the text is Go's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("strconv.ParseFloat: parsing {quoted}: {reason}", quoted = quote(.text))]
pub struct NumberError {
    pub text: String,
    pub reason: &'static str,
}

/// Reads a number literal: an integer in any base (`0x1f`, `0755`, `0b1`), or else a float (`1e3`, `0x1p-2`, `Inf`).
pub fn parse_number(text: &str) -> Result<f64, NumberError> {
    match parse_integer(text) {
        Some(integer) => Ok(integer),
        None => parse_float(text),
    }
}

/// Reads a float as label values hold it (`+Inf`, `1e3`, `0x1p-2`); no base prefixes of integers.
pub fn parse_float(text: &str) -> Result<f64, NumberError> {
    let syntax = || NumberError { text: text.to_owned(), reason: "invalid syntax" };
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    let magnitude = match lower.as_str() {
        "inf" | "infinity" => f64::INFINITY,
        "nan" => f64::NAN,
        _ if lower.starts_with("0x") => hexadecimal_float(&lower[2..]).ok_or_else(syntax)?,
        // Rust reads words that were handled above, and nothing else that Go does not.
        _ if lower.starts_with(|c: char| c.is_ascii_digit() || c == '.') => lower.parse().map_err(|_| syntax())?,
        _ => return Err(syntax()),
    };
    if magnitude.is_infinite() && !lower.starts_with("inf") {
        return Err(NumberError { text: text.to_owned(), reason: "value out of range" });
    }
    Ok(if text.starts_with('-') { -magnitude } else { magnitude })
}

/// An integer as Go's `ParseInt` with base 0 reads it, with underscores between digits; none where it is no i64.
fn parse_integer(text: &str) -> Option<f64> {
    let negative = text.starts_with('-');
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = digits.to_ascii_lowercase();
    let (radix, body) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    let body = body.strip_prefix('_').filter(|_| body.len() < lower.len()).unwrap_or(body);
    if body.is_empty() || body.starts_with(['_', '+', '-']) || body.ends_with('_') || body.contains("__") {
        return None;
    }
    let magnitude = i128::from_str_radix(&body.replace('_', ""), radix).ok()?;
    let value = if negative { -magnitude } else { magnitude };
    i64::try_from(value).ok().map(|value| value as f64)
}

/// Mantissa and exponent behind `0x`; Go demands the `p`.
fn hexadecimal_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut value = 0.0;
    for digit in whole.chars() {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let mut scale = 1.0 / 16.0;
    for digit in fraction.chars() {
        value += f64::from(digit.to_digit(16)?) * scale;
        scale /= 16.0;
    }
    (!mantissa.is_empty() && mantissa != ".").then(|| value * f64::from(exponent).exp2())
}

/// The shortest decimal that reads back as the same value, without an exponent: `0.1`, `100000000`, `+Inf`, `NaN`.
#[must_use]
pub fn format_plain(value: f64) -> String {
    match special(value) {
        Some(word) => word.to_owned(),
        None => format!("{value}"),
    }
}

/// The shortest form, with an exponent for very small and for large values: `0.1`, `1e+08`.
#[must_use]
pub fn format_general(value: f64) -> String {
    if let Some(word) = special(value) {
        return word.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // The shortest form changes to an exponent where six digits before the point would not do.
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    } else {
        format!("{value}")
    }
}

/// As OpenMetrics writes bounds and quantiles: always with a point or an exponent, so `1.0` and not `1`.
#[must_use]
pub fn format_open_metrics(value: f64) -> String {
    let text = format_general(value);
    if text.contains(['e', '.']) || !value.is_finite() { text } else { format!("{text}.0") }
}

/// Two significant digits, for differences in messages (`%.2g`).
#[must_use]
pub fn format_two_digits(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return format_general(value);
    }
    let rounded: f64 = format!("{value:.1e}").parse().unwrap_or(value);
    let exponent = rounded.abs().log10().floor() as i32;
    if !(-4..2).contains(&exponent) {
        let scientific = format!("{rounded:e}");
        let (mantissa, _) = scientific.split_once('e').unwrap_or((&scientific, ""));
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    } else {
        format!("{rounded}")
    }
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("+Inf")
    } else if value == f64::NEG_INFINITY {
        Some("-Inf")
    } else {
        None
    }
}

/// A double-quoted literal that reads back as the same text.
#[must_use]
pub fn quote(text: &str) -> String {
    quote_bytes(text.as_bytes())
}

/// A double-quoted literal of bytes that need not be UTF-8.
#[must_use]
pub fn quote_bytes(bytes: &[u8]) -> String {
    let mut quoted = String::with_capacity(bytes.len() + 2);
    quoted.push('"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_escaped(&mut quoted, character);
        }
        for byte in chunk.invalid() {
            let _ = write!(quoted, "\\x{byte:02x}");
        }
    }
    quoted.push('"');
    quoted
}

fn push_escaped(quoted: &mut String, character: char) {
    match character {
        '"' => quoted.push_str("\\\""),
        '\\' => quoted.push_str("\\\\"),
        '\x07' => quoted.push_str("\\a"),
        '\x08' => quoted.push_str("\\b"),
        '\x0c' => quoted.push_str("\\f"),
        '\n' => quoted.push_str("\\n"),
        '\r' => quoted.push_str("\\r"),
        '\t' => quoted.push_str("\\t"),
        '\x0b' => quoted.push_str("\\v"),
        control if control.is_control() && (control as u32) < 0x80 => {
            let _ = write!(quoted, "\\x{:02x}", control as u32);
        }
        // Spaces other than the plain one and invisible marks are not printable to Go.
        odd if odd.is_control()
            || (odd.is_whitespace() && odd != ' ')
            || matches!(odd as u32, 0x200b..=0x200f | 0xfeff) =>
        {
            let _ = write!(quoted, "\\u{:04x}", odd as u32);
        }
        plain => quoted.push(plain),
    }
}

/// A character as Go's `%q` of a rune writes it.
#[must_use]
pub fn quote_character(character: char) -> String {
    match character {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        other => {
            let mut text = String::new();
            push_escaped(&mut text, other);
            format!("'{text}'")
        }
    }
}

#[cfg(test)]
mod tests;
