//! How an attribute's value is written as text, losslessly together with its type letter.
//!
//! `attribute_value` reads it back. Scalars are written plainly, arrays and key-value lists as JSON in which
//! integers have no point or exponent and doubles always do.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::attributes::{Attribute, Scan, Value, read_key_value, read_value};
use super::wire::{Reader, Singular};

/// Objects of one member with such a name stand for something else than a key-value list of one entry.
pub(super) const DOUBLE_WRAPPER: &str = "doubleValue";
pub(super) const BYTES_WRAPPER: &str = "bytesValue";
pub(super) const KEY_VALUES_WRAPPER: &str = "kvlistValue";

/// Whether a key-value list of this one key must be wrapped.
pub(super) fn is_wrapper(key: &[u8]) -> bool {
    [DOUBLE_WRAPPER, BYTES_WRAPPER, KEY_VALUES_WRAPPER].iter().any(|wrapper| wrapper.as_bytes() == key)
}

/// Writes the text of a value; nothing for an empty one.
pub(super) fn write_text(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Text(text) => out.extend_from_slice(text),
        Value::Empty => {}
        Value::Double(double) => write_double(out, *double),
        Value::Bytes(bytes) => write_base64(out, bytes),
        Value::Bool(_) | Value::Integer(_) | Value::Array(_) | Value::KeyValues(_) => write_json(out, value),
    }
}

/// Writes a decimal integer.
#[inline]
pub(super) fn write_integer(out: &mut Vec<u8>, integer: i64) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    let mut rest = integer.unsigned_abs();
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if integer < 0 {
        start -= 1;
        digits[start] = b'-';
    }
    out.extend_from_slice(&digits[start..]);
}

/// Writes the shortest text that reads back as the same double, always with a point or an exponent.
pub(super) fn write_double(out: &mut Vec<u8>, double: f64) {
    if double.is_finite() {
        // Writing to memory does not fail.
        let _ = write!(out, "{double:?}");
    } else if double.is_nan() {
        out.extend_from_slice(b"NaN");
    } else {
        out.extend_from_slice(if double > 0.0 { b"Infinity" } else { b"-Infinity" });
    }
}

/// Writes base64 with padding.
pub(super) fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    let length = base64::encoded_len(bytes.len(), true).unwrap_or(0);
    out.resize(start + length, 0);
    if STANDARD.encode_slice(bytes, &mut out[start..]).is_err() {
        debug_assert!(false, "the length was computed");
        out.truncate(start);
    }
}

/// Writes a value as JSON.
fn write_json(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Empty => out.extend_from_slice(b"null"),
        Value::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Integer(integer) => write_integer(out, *integer),
        Value::Double(double) if double.is_finite() => write_double(out, *double),
        Value::Double(double) => {
            out.extend_from_slice(b"{\"doubleValue\":\"");
            write_double(out, *double);
            out.extend_from_slice(b"\"}");
        }
        Value::Text(text) => write_json_string(out, text),
        Value::Bytes(bytes) => {
            out.extend_from_slice(b"{\"bytesValue\":\"");
            write_base64(out, bytes);
            out.extend_from_slice(b"\"}");
        }
        Value::Array(parts) => write_array(out, parts),
        Value::KeyValues(parts) => write_key_values(out, parts),
    }
}

fn write_array(out: &mut Vec<u8>, parts: &Singular<'_>) {
    out.push(b'[');
    let mut first = true;
    for_each_element(parts, |element| {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        if let Ok(value) = read_value(&mut Scan::default(), &[element], 0) {
            write_json(out, &value);
        }
    });
    out.push(b']');
}

fn write_key_values(out: &mut Vec<u8>, parts: &Singular<'_>) {
    let mut entries: Vec<Attribute<'_>> = Vec::new();
    for_each_element(parts, |element| {
        if let Ok(attribute) = read_key_value(&mut Scan::default(), element, 0) {
            entries.push(attribute);
        }
    });
    let wrapped = matches!(&entries[..], [only] if is_wrapper(only.key));
    if wrapped {
        out.extend_from_slice(b"{\"kvlistValue\":");
    }
    out.push(b'{');
    for (position, entry) in entries.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_json_string(out, entry.key);
        out.push(b':');
        write_json(out, &entry.value);
    }
    out.push(b'}');
    if wrapped {
        out.push(b'}');
    }
}

/// The elements of lists that were checked when their item was read, so that nothing here is malformed.
fn for_each_element<'a>(parts: &Singular<'a>, mut visit: impl FnMut(&'a [u8])) {
    for part in parts.parts() {
        let mut reader = Reader::new(part);
        while let Ok(Some(key)) = reader.key() {
            if key != 0x0a {
                if reader.skip(key, 0b10).is_err() {
                    return;
                }
                continue;
            }
            match reader.bytes() {
                Ok(element) => visit(element),
                Err(_) => return,
            }
        }
    }
}

/// Writes a JSON string of bytes that are meant to be UTF-8; the column that they go to validates them.
pub(super) fn write_json_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut plain = 0;
    for (position, byte) in text.iter().enumerate() {
        if *byte >= b' ' && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&text[plain..position]);
        plain = position + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(DIGITS[usize::from(control >> 4)]);
                out.push(DIGITS[usize::from(control & 15)]);
            }
        }
    }
    out.extend_from_slice(&text[plain..]);
    out.push(b'"');
}
