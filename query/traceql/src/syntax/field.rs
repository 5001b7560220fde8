//! What a query can ask of a span: attributes with their scopes, and intrinsics.
//!
//! Owns their names, old and new, and their types. Never reads a span.

use std::fmt::{self, Display, Formatter, Write as _};

use super::lexer::is_attribute_character;
use super::literal::ValueType;

/// Where an attribute is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The span, then its resource, events, links and instrumentation: the first that has the key.
    Any,
    Span,
    Resource,
    Event,
    Link,
    Instrumentation,
}

/// An attribute by scope and key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attribute {
    pub scope: Scope,
    /// It is the parent span's.
    pub of_parent: bool,
    pub key: String,
}

/// What every span has by its nature, or its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Intrinsic {
    Name,
    Duration,
    Status,
    StatusMessage,
    Kind,
    SpanId,
    ParentId,
    ChildCount,
    TraceId,
    TraceDuration,
    RootName,
    RootServiceName,
    EventName,
    EventTimeSinceStart,
    LinkTraceId,
    LinkSpanId,
    InstrumentationName,
    InstrumentationVersion,
    NestedSetLeft,
    NestedSetRight,
    NestedSetParent,
}

/// An attribute or an intrinsic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    Attribute(Attribute),
    Intrinsic(Intrinsic),
}

// === impl Scope ===

impl Scope {
    /// All that are written with a word.
    pub const NAMED: [Self; 5] = [Self::Span, Self::Resource, Self::Event, Self::Link, Self::Instrumentation];

    /// The word before the point; empty for [`Scope::Any`].
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Span => "span",
            Self::Resource => "resource",
            Self::Event => "event",
            Self::Link => "link",
            Self::Instrumentation => "instrumentation",
        }
    }

    /// The scope of a word, such as `span`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|scope| scope.as_str() == word)
    }
}

// === impl Attribute ===

impl Attribute {
    /// An attribute of the span itself.
    #[must_use]
    pub fn new(scope: Scope, key: impl Into<String>) -> Self {
        Self { scope, of_parent: false, key: key.into() }
    }
}

impl Display for Attribute {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        if self.of_parent {
            out.write_str("parent")?;
        }
        match (self.of_parent, self.scope) {
            (_, Scope::Any) => {}
            (true, scope) => write!(out, ".{}", scope.as_str())?,
            (false, scope) => out.write_str(scope.as_str())?,
        }
        out.write_char('.')?;
        write_key(&self.key, self.of_parent && self.scope == Scope::Any, out)
    }
}

/// The key, in quotation marks where it would not be read as one otherwise.
fn write_key(key: &str, behind_parent: bool, out: &mut Formatter<'_>) -> fmt::Result {
    let is_plain = key.chars().all(|one| is_attribute_character(one) && one != '"' && one != '\\');
    // `.5` is a number, and `parent.span.x` is an attribute of the span.
    let begins_as_number = key.starts_with(|first: char| first.is_ascii_digit());
    let begins_as_scope =
        behind_parent && key.split_once('.').is_some_and(|(first, _)| matches!(first, "span" | "resource"));
    if is_plain && !key.is_empty() && !begins_as_number && !begins_as_scope {
        return out.write_str(key);
    }
    out.write_char('"')?;
    for character in key.chars() {
        if matches!(character, '"' | '\\') {
            out.write_char('\\')?;
        }
        out.write_char(character)?;
    }
    out.write_char('"')
}

// === impl Intrinsic ===

impl Intrinsic {
    /// All of them, as documentation lists them.
    pub const ALL: [Self; 21] = [
        Self::Name,
        Self::Duration,
        Self::Status,
        Self::StatusMessage,
        Self::Kind,
        Self::SpanId,
        Self::ParentId,
        Self::ChildCount,
        Self::TraceId,
        Self::TraceDuration,
        Self::RootName,
        Self::RootServiceName,
        Self::EventName,
        Self::EventTimeSinceStart,
        Self::LinkTraceId,
        Self::LinkSpanId,
        Self::InstrumentationName,
        Self::InstrumentationVersion,
        Self::NestedSetLeft,
        Self::NestedSetRight,
        Self::NestedSetParent,
    ];

    /// The canonical name, which is also that of a series' label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Duration => "duration",
            Self::Status => "status",
            Self::StatusMessage => "statusMessage",
            Self::Kind => "kind",
            Self::SpanId => "span:id",
            Self::ParentId => "span:parentID",
            Self::ChildCount => "span:childCount",
            Self::TraceId => "trace:id",
            Self::TraceDuration => "traceDuration",
            Self::RootName => "rootName",
            Self::RootServiceName => "rootServiceName",
            Self::EventName => "event:name",
            Self::EventTimeSinceStart => "event:timeSinceStart",
            Self::LinkTraceId => "link:traceID",
            Self::LinkSpanId => "link:spanID",
            Self::InstrumentationName => "instrumentation:name",
            Self::InstrumentationVersion => "instrumentation:version",
            Self::NestedSetLeft => "nestedSetLeft",
            Self::NestedSetRight => "nestedSetRight",
            Self::NestedSetParent => "nestedSetParent",
        }
    }

    /// The name with a colon, where the canonical one has none.
    #[must_use]
    pub fn scoped_name(self) -> Option<&'static str> {
        Some(match self {
            Self::Name => "span:name",
            Self::Duration => "span:duration",
            Self::Status => "span:status",
            Self::StatusMessage => "span:statusMessage",
            Self::Kind => "span:kind",
            Self::TraceDuration => "trace:duration",
            Self::RootName => "trace:rootName",
            Self::RootServiceName => "trace:rootService",
            Self::NestedSetLeft | Self::NestedSetRight | Self::NestedSetParent => return None,
            canonical => canonical.as_str(),
        })
    }

    /// The intrinsic of a name in either form.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name || one.scoped_name() == Some(name))
    }

    /// Every name of every intrinsic.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let canonical = Self::ALL.into_iter().map(Self::as_str);
        canonical.chain(Self::ALL.into_iter().filter_map(Self::scoped_name))
    }

    /// The type that each of its values has.
    #[must_use]
    pub fn value_type(self) -> ValueType {
        match self {
            Self::Duration | Self::TraceDuration | Self::EventTimeSinceStart => ValueType::Duration,
            Self::ChildCount | Self::NestedSetLeft | Self::NestedSetRight | Self::NestedSetParent => ValueType::Int,
            Self::Status => ValueType::Status,
            Self::Kind => ValueType::Kind,
            _ => ValueType::String,
        }
    }

    /// Whether a span can be without it, so that a comparison with `nil` says something.
    #[must_use]
    pub fn can_be_missing(self) -> bool {
        matches!(
            self,
            Self::ParentId
                | Self::RootName
                | Self::RootServiceName
                | Self::EventName
                | Self::EventTimeSinceStart
                | Self::LinkTraceId
                | Self::LinkSpanId
        )
    }
}

// === impl Field ===

impl Field {
    /// An attribute of the span itself.
    #[must_use]
    pub fn attribute(scope: Scope, key: impl Into<String>) -> Self {
        Self::Attribute(Attribute::new(scope, key))
    }

    /// What is known of its values' type.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Attribute(_) => ValueType::Unknown,
            Self::Intrinsic(intrinsic) => intrinsic.value_type(),
        }
    }
}

impl Display for Field {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(attribute) => attribute.fmt(out),
            Self::Intrinsic(intrinsic) => out.write_str(intrinsic.as_str()),
        }
    }
}
