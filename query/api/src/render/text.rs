//! The scalars of JSON, appended to bytes. Writing to memory does not fail.

use serde::Serialize;

/// Integers beyond this are no longer exact where all numbers are doubles.
const EXACT_MAX: u64 = 1 << 53;

fn push(out: &mut Vec<u8>, value: impl Serialize) {
    let _ = serde_json::to_writer(out, &value);
}

/// A string, quoted and escaped.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    push(out, text);
}

/// A number up to 2^53, a string beyond.
pub(crate) fn push_integer(out: &mut Vec<u8>, value: i64) {
    if value.unsigned_abs() > EXACT_MAX { push_int_string(out, value) } else { push(out, value) }
}

/// As [`push_integer`], without a sign.
pub(crate) fn push_unsigned(out: &mut Vec<u8>, value: u64) {
    if value > EXACT_MAX {
        out.push(b'"');
        push(out, value);
        out.push(b'"');
    } else {
        push(out, value);
    }
}

/// An integer as a string, as times in nanoseconds are.
pub(crate) fn push_int_string(out: &mut Vec<u8>, value: i64) {
    out.push(b'"');
    push(out, value);
    out.push(b'"');
}

/// A number, or the string for what JSON has no number for.
pub(crate) fn push_double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() { push(out, value) } else { out.extend_from_slice(not_finite(value)) }
}

/// As [`push_double`], with no more digits than a single has.
pub(crate) fn push_single(out: &mut Vec<u8>, value: f32) {
    if value.is_finite() { push(out, value) } else { out.extend_from_slice(not_finite(value.into())) }
}

fn not_finite(value: f64) -> &'static [u8] {
    if value.is_nan() {
        b"\"NaN\""
    } else if value > 0.0 {
        b"\"Infinity\""
    } else {
        b"\"-Infinity\""
    }
}

/// Lower-case hex in quotes.
pub(crate) fn push_hex_string(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
    out.push(b'"');
}

/// Base64 in quotes.
pub(crate) fn push_base64_string(out: &mut Vec<u8>, bytes: &[u8]) {
    use base64::Engine as _;
    let mut text = String::new();
    base64::engine::general_purpose::STANDARD.encode_string(bytes, &mut text);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// What needs no escaping, in quotes.
pub(crate) fn push_plain_string(out: &mut Vec<u8>, text: impl std::fmt::Display) {
    use std::io::Write;
    let _ = write!(out, "\"{text}\"");
}
