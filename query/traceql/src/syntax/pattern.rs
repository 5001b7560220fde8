//! Regular expressions and networks, compiled where they are read.
//!
//! Owns the engine and its limits: time is linear in the text, a compiled pattern has a bounded size. Whole texts match,
//! never parts. Two are equal when they are written alike.

mod notation;

use std::net::IpAddr;

use regex::{Regex, RegexBuilder};

/// Bytes of a compiled pattern; larger ones are refused.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Nesting of groups in a pattern.
const PATTERN_NESTING_MAX: u32 = 50;

/// A regular expression that whole texts match.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// A range of addresses, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// What is wrong with a pattern or a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("the regular expression is not valid: {0}")]
    Syntax(String),
    #[error("the regular expression is too large when compiled; use fewer or smaller repetitions")]
    TooLarge,
    #[error("`{0}` is no network; write an address and the length of its prefix, such as 10.0.0.0/8")]
    Network(String),
}

// === impl Pattern ===

impl Pattern {
    /// Compiles a pattern.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let translated = notation::translate(text);
        // As in Tempo, a point stands for line breaks too.
        let regex = RegexBuilder::new(&format!("^(?s:{translated})$"))
            .size_limit(PATTERN_BYTES_MAX)
            .nest_limit(PATTERN_NESTING_MAX)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
                other => PatternError::Syntax(last_line(&other.to_string())),
            })?;
        // A pattern that closes our group, such as `a)(b`, must not pass as another one.
        RegexBuilder::new(&translated)
            .size_limit(PATTERN_BYTES_MAX)
            .nest_limit(PATTERN_NESTING_MAX)
            .build()
            .map_err(|error| PatternError::Syntax(last_line(&error.to_string())))?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// In the `regex` crate's notation, with its anchors: for engines that match with that crate.
    #[must_use]
    pub fn anchored(&self) -> &str {
        self.regex.as_str()
    }

    /// Whether the whole text matches.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The texts that match, where the pattern is nothing but texts with `|` between them.
    #[must_use]
    pub fn alternatives(&self) -> Option<Vec<&str>> {
        let is_plain = |text: &str| !text.contains(|c| ".+*?()[]{}^$\\".contains(c));
        let texts: Vec<&str> = self.text.split('|').collect();
        texts.iter().all(|text| is_plain(text)).then_some(texts)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// The engine draws the place in several lines; the last one says what is wrong.
fn last_line(message: &str) -> String {
    let last = message.lines().last().unwrap_or(message);
    last.trim_start_matches("error: ").to_owned()
}

// === impl Network ===

impl Network {
    /// Reads an address with the length of its prefix.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let wrong = || PatternError::Network(text.to_owned());
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u8 = if is_number { prefix.parse().map_err(|_| wrong())? } else { return Err(wrong()) };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        if prefix > bits {
            return Err(wrong());
        }
        Ok(Self { address, prefix })
    }

    /// Whether a text is an address in this network. IPv4 addresses written as IPv6 count as IPv4.
    #[must_use]
    pub fn contains(self, text: &str) -> bool {
        let Ok(address) = text.parse::<IpAddr>() else { return false };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                same_prefix(network.to_bits().into(), address.to_bits().into(), 32, self.prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same_prefix(network.to_bits(), address.to_bits(), 128, self.prefix)
            }
            _ => false,
        }
    }
}

fn same_prefix(left: u128, right: u128, bits: u32, prefix: u8) -> bool {
    let behind = bits - u32::from(prefix);
    // A shift by all 128 bits would overflow.
    behind == 128 || (left ^ right) >> behind == 0
}

impl std::fmt::Display for Network {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_texts_match() {
        let pattern = Pattern::new("GET|PUT").expect("valid");
        assert!(pattern.is_match("GET") && !pattern.is_match("GETS") && !pattern.is_match("FORGET"));
        assert!(Pattern::new("a.b").expect("valid").is_match("a\nb"));
        assert!(Pattern::new("/users/{id}.*").expect("valid").is_match("/users/{id}/cart"));
        let words = Pattern::new(r"[\w.-]+@\w{40}\b\s*\S").expect("valid");
        assert!(words.is_match(&format!("a-b.c@{} x", "y".repeat(40))));
        assert!(!Pattern::new(r"\w").expect("valid").is_match("é"));
        assert_eq!(pattern.alternatives(), Some(vec!["GET", "PUT"]));
        assert_eq!(Pattern::new("GE.").expect("valid").alternatives(), None);
    }

    #[test]
    fn hostile_patterns_are_refused_or_fast() {
        assert!(matches!(Pattern::new("a)(b"), Err(PatternError::Syntax(_))));
        assert!(matches!(Pattern::new("("), Err(PatternError::Syntax(_))));
        assert_eq!(Pattern::new(r"(\pL{500}){500}"), Err(PatternError::TooLarge));
        assert!(Pattern::new(&"(".repeat(10_000)).is_err());
        let text = "a".repeat(100_000);
        assert!(!Pattern::new("(a*)*(a*)*b").expect("valid").is_match(&text));
    }

    #[test]
    fn networks_hold_their_addresses() {
        let network = Network::new("10.0.0.0/8").expect("valid");
        assert!(network.contains("10.2.3.4") && network.contains("::ffff:10.1.1.1"));
        assert!(!network.contains("11.0.0.1") && !network.contains("::1") && !network.contains("ten"));
        assert!(Network::new("::/0").expect("valid").contains("2001:db8::1"));
        assert!(Network::new("0.0.0.0/0").expect("valid").contains("1.2.3.4"));
        for text in ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0.0/+8", "10.0.0.0/"] {
            assert!(Network::new(text).is_err(), "{text}");
        }
    }
}
