//! Texts with `*` for any part.
//!
//! Owns matching, in linear time. Never case-folds: service and span names are case-sensitive.

use serde::{Deserialize, Serialize};

/// A text in which each `*` stands for any text, the empty one too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(pub String);

impl Pattern {
    /// Whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }

    /// Whether it is one text only.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        !self.0.contains('*')
    }

    /// Whether everything that the other matches is matched here too. Sure where it says yes; of two different
    /// patterns with stars it may miss some.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self == other || self.0 == "*" || (other.is_literal() && self.matches(&other.0))
    }
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
