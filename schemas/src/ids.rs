//! Trace and span ids as types, and the one place that parses and prints them.
//!
//! Never guesses: what is not an id is refused with a sentence that says why.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A W3C trace id: 16 bytes, never all zero when it comes from a span.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(pub [u8; 16]);

/// A W3C span id: 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(pub [u8; 8]);

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("{kind} id is empty")]
    Empty { kind: &'static str },
    #[error("{text:?} is not a {kind} id: expected up to {digits} hex digits or base64 of {bytes} bytes")]
    Malformed { kind: &'static str, text: String, digits: usize, bytes: usize },
}

impl TraceId {
    /// Reads an id as people and tools spell it: hex of either case, shorter than 32 digits (padded on the
    /// left, as Jaeger prints 64-bit ids), with `0x` or dashes, or base64 of 16 bytes (as Tempo prints it).
    pub fn parse_any(text: &str) -> Result<Self, IdError> {
        parse_any::<16>("trace", text).map(Self)
    }

    /// The 16 bytes, where the slice has just that many.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl SpanId {
    /// Reads an id in any of the spellings of [`TraceId::parse_any`], with 8 bytes.
    pub fn parse_any(text: &str) -> Result<Self, IdError> {
        parse_any::<8>("span", text).map(Self)
    }

    /// The 8 bytes, where the slice has just that many.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// Lower-case hex of any bytes.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

fn parse_any<const N: usize>(kind: &'static str, text: &str) -> Result<[u8; N], IdError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(IdError::Empty { kind });
    }
    parse_hex::<N>(trimmed).or_else(|| parse_base64::<N>(trimmed)).ok_or_else(|| IdError::Malformed {
        kind,
        text: text.chars().take(80).collect(),
        digits: N * 2,
        bytes: N,
    })
}

fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let nibbles: Option<Vec<u8>> = digits
        .bytes()
        .filter(|byte| *byte != b'-')
        .map(|byte| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let nibbles = nibbles?;
    if nibbles.is_empty() || nibbles.len() > N * 2 {
        return None;
    }
    let mut bytes = [0_u8; N];
    for (position, nibble) in nibbles.iter().rev().enumerate() {
        bytes[N - 1 - position / 2] |= nibble << (4 * (position % 2));
    }
    Some(bytes)
}

fn parse_base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bare = text.trim_end_matches('=');
    let bytes = STANDARD_NO_PAD.decode(bare).or_else(|_| URL_SAFE_NO_PAD.decode(bare)).ok()?;
    bytes.try_into().ok()
}

impl fmt::Display for TraceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_id_is_the_same_id() {
        let id = TraceId::parse_any("5b8efff798038103d269b633813fc60c").unwrap();
        for spelling in [
            "5B8EFFF798038103D269B633813FC60C",
            " 0x5b8efff798038103d269b633813fc60c ",
            "5b8efff7-9803-8103-d269-b633813fc60c",
            "W47/95gDgQPSabYzgT/GDA==",
            "W47_95gDgQPSabYzgT_GDA",
        ] {
            assert_eq!(TraceId::parse_any(spelling), Ok(id), "{spelling}");
        }
        assert_eq!(id.to_string(), "5b8efff798038103d269b633813fc60c");
        assert_eq!(TraceId::parse_any("abc").unwrap().to_string(), "00000000000000000000000000000abc");
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        assert_eq!(TraceId::parse_any("  "), Err(IdError::Empty { kind: "trace" }));
        assert!(TraceId::parse_any("5b8efff798038103d269b633813fc60c00").is_err());
        assert!(SpanId::parse_any("zz").is_err());
    }
}
