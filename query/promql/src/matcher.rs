//! Label matchers: which series a selector means.
//!
//! Owns the four operators and the translation of regular expressions from Go's notation (RE2) to that of the `regex`
//! crate. Never looks for series itself.

use std::fmt;

use regex::Regex;

use crate::labels::{Labels, is_plain_label_name};
use crate::number::quote;

/// How a label's value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchOperator {
    Equal,
    NotEqual,
    Regex,
    NotRegex,
}

impl MatchOperator {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }
}

/// A condition on one label. A label that a series does not have counts as empty.
#[derive(Clone, Debug)]
pub struct Matcher {
    pub operator: MatchOperator,
    pub name: String,
    pub value: String,
    /// Compiled and anchored at both ends; only where the operator needs it.
    regex: Option<Regex>,
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (self.operator, &self.name, &self.value) == (other.operator, &other.name, &other.value)
    }
}

impl Matcher {
    /// Fails where the regular expression does.
    pub fn new(
        operator: MatchOperator,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, regex::Error> {
        let value = value.into();
        let regex = match operator {
            MatchOperator::Regex | MatchOperator::NotRegex => Some(anchored_regex(&value)?),
            _ => None,
        };
        Ok(Self { operator, name: name.into(), value, regex })
    }

    /// `name="value"`, which cannot fail.
    pub fn equal(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { operator: MatchOperator::Equal, name: name.into(), value: value.into(), regex: None }
    }

    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        let by_regex = || self.regex.as_ref().is_some_and(|regex| regex.is_match(value));
        match self.operator {
            MatchOperator::Equal => value == self.value,
            MatchOperator::NotEqual => value != self.value,
            MatchOperator::Regex => by_regex(),
            MatchOperator::NotRegex => !by_regex(),
        }
    }

    /// The values that match, where the condition names them one by one: `=`, or `=~` of plain alternatives such as `a|b`.
    /// A store can look each of them up instead of trying all values.
    #[must_use]
    pub fn listed_values(&self) -> Option<Vec<&str>> {
        let is_plain = |value: &str| {
            value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-/ :,=@~%&;\"'<>".contains(&byte) || byte >= 0x80)
        };
        match self.operator {
            MatchOperator::Equal => Some(vec![&self.value]),
            MatchOperator::Regex => self.value.split('|').map(|value| is_plain(value).then_some(value)).collect(),
            MatchOperator::NotEqual | MatchOperator::NotRegex => None,
        }
    }

    #[must_use]
    pub fn matches_labels(&self, labels: &Labels) -> bool {
        self.matches(labels.get(&self.name))
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if is_plain_label_name(&self.name) { self.name.clone() } else { quote(&self.name) };
        write!(formatter, "{name}{}{}", self.operator.as_str(), quote(&self.value))
    }
}

/// A regular expression that must match the whole text, `.` matching line ends too, as Prometheus anchors it.
pub fn anchored_regex(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!("^(?s:{})$", from_go_notation(pattern)))
}

/// What Go reads literally and the `regex` crate as syntax gets a backslash: a brace that begins no repetition, and in
/// classes an opening bracket and doubled operators. `\Q…\E` becomes the escaped text.
fn from_go_notation(pattern: &str) -> String {
    let mut translated = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(character) = rest.chars().next() {
        let tail = &rest[character.len_utf8()..];
        let (taken, text) = match character {
            '\\' if tail.starts_with('Q') && !in_class => {
                let quoted = &tail[1..];
                let end = quoted.find("\\E").unwrap_or(quoted.len());
                (2 + (end + 2).min(quoted.len()), regex::escape(&quoted[..end]))
            }
            '\\' => {
                let next = tail.chars().next().map_or(0, char::len_utf8);
                (1 + next, rest[..1 + next].to_owned())
            }
            '[' if in_class && !tail.starts_with(':') => (1, "\\[".to_owned()),
            '[' if !in_class => {
                in_class = true;
                // A bracket that closes at once is a member of the class.
                let head = ["^]", "]", "^"].into_iter().find(|head| tail.starts_with(head)).unwrap_or("");
                (1 + head.len(), format!("[{}", head.replace(']', "\\]")))
            }
            '[' => {
                let end = tail.find(":]").map_or(0, |end| end + 2);
                (1 + end, rest[..=end].to_owned())
            }
            ']' if in_class => {
                in_class = false;
                (1, "]".to_owned())
            }
            '&' | '~' if in_class => (1, format!("\\{character}")),
            '-' if in_class && tail.starts_with('-') => (1, "\\-".to_owned()),
            '{' if !in_class && !begins_repetition(tail) => (1, "\\{".to_owned()),
            plain => (plain.len_utf8(), plain.to_string()),
        };
        translated.push_str(&text);
        rest = &rest[taken..];
    }
    translated
}

fn begins_repetition(tail: &str) -> bool {
    let Some((inside, _)) = tail.split_once('}') else { return false };
    let (low, high) = inside.split_once(',').unwrap_or((inside, ""));
    let is_count = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !low.is_empty() && is_count(low) && is_count(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex_matches(pattern: &str, text: &str) -> bool {
        Matcher::new(MatchOperator::Regex, "a", pattern).is_ok_and(|matcher| matcher.matches(text))
    }

    #[test]
    fn regular_expressions_match_the_whole_value() {
        assert!(regex_matches("a|b", "b"));
        assert!(!regex_matches("a|b", "ab"));
        assert!(regex_matches("a.c", "a\nc"));
        assert!(Matcher::new(MatchOperator::Regex, "a", "(").is_err());
        assert!(Matcher::equal("a", "").matches(""));
    }

    #[test]
    fn plain_alternatives_can_be_looked_up() {
        let listed = |operator, value| {
            let matcher = Matcher::new(operator, "a", value).expect("valid");
            matcher.listed_values().map(|values| values.join(" "))
        };
        assert_eq!(listed(MatchOperator::Equal, "a.*").as_deref(), Some("a.*"));
        assert_eq!(listed(MatchOperator::Regex, "api|web-1|ü").as_deref(), Some("api web-1 ü"));
        assert_eq!(listed(MatchOperator::Regex, "a|b.c"), None);
        assert_eq!(listed(MatchOperator::NotRegex, "a"), None);
    }

    #[test]
    fn what_go_reads_literally_stays_literal() {
        assert!(regex_matches("a{b}", "a{b}"));
        assert!(regex_matches("a{2}", "aa"));
        assert!(regex_matches("[[a]+", "[a"));
        assert!(regex_matches("[[:digit:]x]+", "1x"));
        assert!(regex_matches("[]a]+", "]a"));
        assert!(regex_matches("[^]a]", "b"));
        assert!(regex_matches("[a&&b]+", "a&b"));
        assert!(regex_matches(r"\Qa.b\E+", "a.bb"));
        assert!(!regex_matches(r"\Qa.b\E", "axb"));
        assert!(regex_matches(r"\{\}", "{}"));
    }
}
