//! Attribute values as a type: what the text and the type letter of a stored attribute stand for.
//!
//! The inverse of `value_text`, for exports and for the API's JSON. Nothing of a value is lost on the way there
//! and back.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, json};

use super::value_text::{BYTES_WRAPPER, DOUBLE_WRAPPER, KEY_VALUES_WRAPPER};

/// Nesting that is read back; more than the decoder ever stores.
const DEPTH_MAX: u32 = 256;
/// Integers beyond this are no longer exact where all numbers are doubles.
const EXACT_MAX: u64 = 1 << 53;

/// The value of an attribute, or the body of a log record.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    Text(String),
    Integer(i64),
    Double(f64),
    Bool(bool),
    Bytes(Vec<u8>),
    Array(Vec<Self>),
    /// In order, duplicates included.
    KeyValues(Vec<(String, Self)>),
    /// A value that is there and says nothing.
    Empty,
}

/// Why a stored text is no value of its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an attribute value of type {tag:?}")]
pub struct AttributeValueError {
    text: String,
    tag: char,
}

impl AttributeValue {
    /// Reads a stored value; `tag` is its letter of `attribute_types` (`s` where that is null), `text` is null for `n`.
    pub fn parse(text: Option<&str>, tag: char) -> Result<Self, AttributeValueError> {
        let Some(text) = text else {
            return Ok(Self::Empty);
        };
        let value = match tag {
            's' => Some(Self::Text(text.to_owned())),
            'i' => text.parse().ok().map(Self::Integer),
            'd' => parse_double(text).map(Self::Double),
            'b' => text.parse().ok().map(Self::Bool),
            'x' => STANDARD.decode(text).ok().map(Self::Bytes),
            'a' => parse_json(text).filter(|value| matches!(value, Self::Array(_))),
            'k' => parse_json(text).filter(|value| matches!(value, Self::KeyValues(_))),
            'n' => Some(Self::Empty),
            _ => None,
        };
        value.ok_or_else(|| AttributeValueError { text: text.chars().take(80).collect(), tag })
    }

    /// The letter of `attribute_types`.
    #[must_use]
    pub const fn tag(&self) -> char {
        match self {
            Self::Text(_) => 's',
            Self::Integer(_) => 'i',
            Self::Double(_) => 'd',
            Self::Bool(_) => 'b',
            Self::Bytes(_) => 'x',
            Self::Array(_) => 'a',
            Self::KeyValues(_) => 'k',
            Self::Empty => 'n',
        }
    }

    /// The text as it is stored; `None` for an empty value.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Integer(integer) => Some(integer.to_string()),
            Self::Double(double) => Some(double_text(*double)),
            Self::Bool(truth) => Some(truth.to_string()),
            Self::Bytes(bytes) => Some(STANDARD.encode(bytes)),
            Self::Array(_) | Self::KeyValues(_) => {
                let mut text = String::new();
                self.write_json(&mut text);
                Some(text)
            }
            Self::Empty => None,
        }
    }

    /// The value in the API's JSON: integers beyond 2^53 and doubles that JSON lacks as strings, bytes wrapped. Of
    /// entries with the same key the last one shows.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Integer(integer) if integer.unsigned_abs() > EXACT_MAX => json!(integer.to_string()),
            Self::Integer(integer) => json!(integer),
            Self::Double(double) => {
                Number::from_f64(*double).map_or_else(|| json!(double_text(*double)), serde_json::Value::Number)
            }
            Self::Bool(truth) => json!(truth),
            Self::Bytes(bytes) => json!({ BYTES_WRAPPER: STANDARD.encode(bytes) }),
            Self::Array(values) => values.iter().map(Self::to_json).collect(),
            Self::KeyValues(entries) => {
                serde_json::Value::Object(entries.iter().map(|(key, value)| (key.clone(), value.to_json())).collect())
            }
            Self::Empty => serde_json::Value::Null,
        }
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Self::Text(text) => write_string(out, text),
            Self::Double(double) if !double.is_finite() => {
                wrap(out, DOUBLE_WRAPPER, |out| write_string(out, &double_text(*double)));
            }
            Self::Bytes(bytes) => wrap(out, BYTES_WRAPPER, |out| write_string(out, &STANDARD.encode(bytes))),
            Self::Array(values) => {
                out.push('[');
                for (position, value) in values.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    value.write_json(out);
                }
                out.push(']');
            }
            Self::KeyValues(entries) => match &entries[..] {
                [(key, _)] if super::value_text::is_wrapper(key.as_bytes()) => {
                    wrap(out, KEY_VALUES_WRAPPER, |out| write_object(out, entries));
                }
                _ => write_object(out, entries),
            },
            Self::Empty => out.push_str("null"),
            Self::Integer(_) | Self::Double(_) | Self::Bool(_) => out.push_str(&self.to_text().unwrap_or_default()),
        }
    }
}

fn double_text(double: f64) -> String {
    let mut text = Vec::new();
    super::value_text::write_double(&mut text, double);
    String::from_utf8(text).unwrap_or_default()
}

fn parse_double(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn write_string(out: &mut String, text: &str) {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    super::value_text::write_json_string(&mut quoted, text.as_bytes());
    out.push_str(&String::from_utf8_lossy(&quoted));
}

fn wrap(out: &mut String, wrapper: &str, write: impl FnOnce(&mut String)) {
    // Writing to memory does not fail.
    let _ = write!(out, "{{\"{wrapper}\":");
    write(out);
    out.push('}');
}

fn write_object(out: &mut String, entries: &[(String, AttributeValue)]) {
    out.push('{');
    for (position, (key, value)) in entries.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        write_string(out, key);
        out.push(':');
        value.write_json(out);
    }
    out.push('}');
}

// === Reading ===
// serde_json's tree would lose duplicate keys, so that the few forms are read here.

fn parse_json(text: &str) -> Option<AttributeValue> {
    let mut parser = Parser { text, position: 0 };
    let node = parser.node(0)?;
    (parser.skip_space() == text.len()).then(|| node.into_value())
}

/// JSON as written, before wrappers are told from key-value lists.
enum Node {
    Scalar(AttributeValue),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Node {
    fn into_value(self) -> AttributeValue {
        match self {
            Self::Scalar(value) => value,
            Self::Array(nodes) => AttributeValue::Array(nodes.into_iter().map(Self::into_value).collect()),
            Self::Object(mut entries) => match &mut entries[..] {
                [(key, only)] => unwrap(key, only).unwrap_or_else(|| key_values(entries)),
                _ => key_values(entries),
            },
        }
    }
}

fn key_values(entries: Vec<(String, Node)>) -> AttributeValue {
    AttributeValue::KeyValues(entries.into_iter().map(|(key, node)| (key, node.into_value())).collect())
}

/// What an object of one member stands for, if its key is a wrapper's.
fn unwrap(key: &str, only: &mut Node) -> Option<AttributeValue> {
    match only {
        Node::Scalar(AttributeValue::Text(text)) if key == DOUBLE_WRAPPER => {
            parse_double(text).map(AttributeValue::Double)
        }
        Node::Scalar(AttributeValue::Text(text)) if key == BYTES_WRAPPER => {
            STANDARD.decode(&*text).ok().map(AttributeValue::Bytes)
        }
        Node::Object(entries) if key == KEY_VALUES_WRAPPER => Some(key_values(std::mem::take(entries))),
        _ => None,
    }
}

struct Parser<'t> {
    text: &'t str,
    position: usize,
}

impl Parser<'_> {
    fn skip_space(&mut self) -> usize {
        let rest = &self.text[self.position..];
        self.position += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        self.position
    }

    fn peek(&mut self) -> Option<u8> {
        let position = self.skip_space();
        self.text.as_bytes().get(position).copied()
    }

    fn take(&mut self, expected: &str) -> Option<()> {
        self.skip_space();
        self.text[self.position..].starts_with(expected).then(|| self.position += expected.len())
    }

    fn node(&mut self, depth: u32) -> Option<Node> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.peek()? {
            b'"' => self.string().map(|text| Node::Scalar(AttributeValue::Text(text))),
            b'[' => self.array(depth),
            b'{' => self.object(depth),
            b'n' => self.take("null").map(|()| Node::Scalar(AttributeValue::Empty)),
            b't' => self.take("true").map(|()| Node::Scalar(AttributeValue::Bool(true))),
            b'f' => self.take("false").map(|()| Node::Scalar(AttributeValue::Bool(false))),
            _ => self.number().map(Node::Scalar),
        }
    }

    fn number(&mut self) -> Option<AttributeValue> {
        let rest = &self.text[self.position..];
        let end = rest.find(|letter: char| !matches!(letter, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
        let number = &rest[..end.unwrap_or(rest.len())];
        self.position += number.len();
        if number.contains(['.', 'e', 'E']) {
            number.parse().ok().map(AttributeValue::Double)
        } else {
            number.parse().ok().map(AttributeValue::Integer)
        }
    }

    fn string(&mut self) -> Option<String> {
        let rest = &self.text[self.position..];
        let mut escaped = false;
        let end = rest.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        let quoted = &rest[..end + 2];
        self.position += quoted.len();
        serde_json::from_str(quoted).ok()
    }

    fn array(&mut self, depth: u32) -> Option<Node> {
        self.take("[")?;
        let mut values = Vec::new();
        if self.take("]").is_some() {
            return Some(Node::Array(values));
        }
        loop {
            values.push(self.node(depth + 1)?);
            if self.take("]").is_some() {
                return Some(Node::Array(values));
            }
            self.take(",")?;
        }
    }

    fn object(&mut self, depth: u32) -> Option<Node> {
        self.take("{")?;
        let mut entries = Vec::new();
        if self.take("}").is_some() {
            return Some(Node::Object(entries));
        }
        loop {
            self.peek().filter(|byte| *byte == b'"')?;
            let key = self.string()?;
            self.take(":")?;
            entries.push((key, self.node(depth + 1)?));
            if self.take("}").is_some() {
                return Some(Node::Object(entries));
            }
            self.take(",")?;
        }
    }
}
