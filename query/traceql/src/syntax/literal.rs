//! Values that a query spells out.
//!
//! Owns their kinds and how they are written. Never knows what a span holds; [`crate::eval`] compares the two.

use std::fmt::{self, Display, Formatter};

use super::duration::format_duration;

/// A value written in a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Int(i64),
    Float(f64),
    /// Nanoseconds.
    Duration(i64),
    String(String),
    Bool(bool),
    Status(Status),
    Kind(Kind),
}

/// What a span says about its outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    Error,
    Ok,
    #[default]
    Unset,
}

/// Which side of a call a span is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    #[default]
    Unspecified,
    Internal,
    Client,
    Server,
    Producer,
    Consumer,
}

/// What is known of a value's type before a span is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// An attribute's: each span has its own.
    Unknown,
    Int,
    Float,
    Duration,
    String,
    Bool,
    Status,
    Kind,
}

// === impl Literal ===

impl Literal {
    /// The value's type.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Int(_) => ValueType::Int,
            Self::Float(_) => ValueType::Float,
            Self::Duration(_) => ValueType::Duration,
            Self::String(_) => ValueType::String,
            Self::Bool(_) => ValueType::Bool,
            Self::Status(_) => ValueType::Status,
            Self::Kind(_) => ValueType::Kind,
        }
    }

    /// As a number; a duration in nanoseconds.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(value) | Self::Duration(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether it is written with a minus in front.
    #[must_use]
    pub fn has_sign(&self) -> bool {
        match self {
            // The smallest one is written as a word.
            Self::Int(value) => *value < 0 && *value != i64::MIN,
            Self::Duration(value) => *value < 0,
            Self::Float(value) => value.is_sign_negative(),
            _ => false,
        }
    }

    /// With the other sign; nothing where it has none or the result does not fit.
    #[must_use]
    pub fn negated(&self) -> Option<Self> {
        match self {
            Self::Int(value) => value.checked_neg().map(Self::Int),
            Self::Duration(value) => value.checked_neg().map(Self::Duration),
            Self::Float(value) => Some(Self::Float(-value)),
            _ => None,
        }
    }

    /// The value that a bare word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            "minInt" => Self::Int(i64::MIN),
            "maxInt" => Self::Int(i64::MAX),
            _ => return Status::from_word(word).map(Self::Status).or_else(|| Kind::from_word(word).map(Self::Kind)),
        })
    }
}

impl Display for Literal {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(i64::MIN) => out.write_str("minInt"),
            Self::Int(value) => write!(out, "{value}"),
            // Always with a point or an exponent, so that it is read as a float again.
            Self::Float(value) => write!(out, "{value:?}"),
            Self::Duration(value) => out.write_str(&format_duration(*value)),
            Self::String(value) => out.write_str(&quote(value)),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Status(value) => out.write_str(value.as_str()),
            Self::Kind(value) => out.write_str(value.as_str()),
        }
    }
}

/// A text in quotation marks that reads back as the same text.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

// === impl Status, Kind, ValueType ===

impl Status {
    /// All of them, as documentation lists them.
    pub const ALL: [Self; 3] = [Self::Error, Self::Ok, Self::Unset];

    /// The word of the language.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Ok => "ok",
            Self::Unset => "unset",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl Kind {
    /// All of them, as documentation lists them.
    pub const ALL: [Self; 6] =
        [Self::Unspecified, Self::Internal, Self::Client, Self::Server, Self::Producer, Self::Consumer];

    /// The word of the language.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Internal => "internal",
            Self::Client => "client",
            Self::Server => "server",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl ValueType {
    /// Whether it can be counted with.
    #[must_use]
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Int | Self::Float | Self::Duration)
    }

    /// Whether two values of these types can ever be compared.
    #[must_use]
    pub fn fits(self, other: Self) -> bool {
        self == other || self == Self::Unknown || other == Self::Unknown || (self.is_numeric() && other.is_numeric())
    }

    /// With its article, for messages.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Unknown => "an attribute",
            Self::Int => "an integer",
            Self::Float => "a float",
            Self::Duration => "a duration",
            Self::String => "a string",
            Self::Bool => "a boolean",
            Self::Status => "a status",
            Self::Kind => "a kind",
        }
    }
}
