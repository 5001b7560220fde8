//! YAML (and JSON, which is YAML) to values that know their line and column: what Prometheus's own files are read with.
//!
//! Plain documents only: no anchors, aliases or tags, a bounded depth. Pure. Never decides what a value means.

use std::fmt;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

const DEPTH_MAX: usize = 16;

/// Where something stands, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {message}", position.line, position.column)]
pub struct YamlError {
    pub position: Position,
    pub message: String,
}

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub value: Value,
    pub position: Position,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    Nothing,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Texts may be secrets.
impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Text(_) => "Text(…)",
            Self::List(_) => "List(…)",
            Self::Map(_) => "Map(…)",
        })
    }
}

impl Node {
    #[must_use]
    pub fn fault(&self, message: impl Into<String>) -> YamlError {
        YamlError { position: self.position, message: message.into() }
    }

    /// One value; empty of nothing.
    ///
    /// # Errors
    /// When it is a list or a group.
    pub fn text(&self) -> Result<&str, YamlError> {
        match &self.value {
            Value::Text(text) => Ok(text),
            Value::Nothing => Ok(""),
            _ => Err(self.fault("expected one value, not a list or a group")),
        }
    }

    /// The items of a list; none of nothing.
    ///
    /// # Errors
    /// When it is none.
    pub fn items(&self) -> Result<&[Node], YamlError> {
        match &self.value {
            Value::List(items) => Ok(items),
            Value::Nothing => Ok(&[]),
            _ => Err(self.fault("expected a list")),
        }
    }

    /// The entries of a group; none of nothing.
    ///
    /// # Errors
    /// When it is none.
    pub fn entries(&self) -> Result<&[(String, Node)], YamlError> {
        match &self.value {
            Value::Map(entries) => Ok(entries),
            Value::Nothing => Ok(&[]),
            _ => Err(self.fault("expected a group of `key: value`")),
        }
    }

    /// The items of a list of texts.
    ///
    /// # Errors
    /// When it is none.
    pub fn texts(&self) -> Result<Vec<String>, YamlError> {
        self.items()?.iter().map(|item| item.text().map(str::to_owned)).collect()
    }
}

/// Reads one document.
///
/// # Errors
/// When it is not valid, or has what is not taken.
pub fn read(text: &str) -> Result<Node, YamlError> {
    Reader { parser: Parser::new_from_str(text) }.document()
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
}

fn place(span: Span) -> Position {
    Position { line: span.start.line(), column: span.start.col() + 1 }
}

fn fault<T>(position: Position, message: &str) -> Result<T, YamlError> {
    Err(YamlError { position, message: message.to_owned() })
}

impl<'a> Reader<'a> {
    fn document(mut self) -> Result<Node, YamlError> {
        let mut root = Node { value: Value::Nothing, position: Position { line: 1, column: 1 } };
        let mut documents = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                _ if documents > 0 => return fault(place(span), "a second YAML document is not read"),
                event => {
                    documents += 1;
                    root = self.node(event, span, 0)?;
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let position = Position { line: error.marker().line(), column: error.marker().col() + 1 };
                Err(YamlError { position, message: format!("not valid YAML: {}", error.info()) })
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, YamlError> {
        let position = place(span);
        if depth > DEPTH_MAX {
            return fault(position, "so many levels are not taken");
        }
        let value = match event {
            Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                return fault(position, "tags (!…) are not taken");
            }
            Event::Scalar(text, ScalarStyle::Plain, ..) if matches!(&*text, "" | "~" | "null") => Value::Nothing,
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::SequenceStart(..) => Value::List(self.items(depth)?),
            Event::MappingStart(..) => Value::Map(self.entries(depth)?),
            _ => return fault(position, "anchors and aliases (&…, *…) are not taken"),
        };
        Ok(Node { value, position })
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Node>, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd | Event::StreamEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<(String, Node)>, YamlError> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let position = place(span);
            let key = match event {
                Event::MappingEnd | Event::StreamEnd => return Ok(entries),
                Event::Scalar(key, ..) => key.into_owned(),
                _ => return fault(position, "a key has to be a plain word"),
            };
            if entries.iter().any(|(name, _)| *name == key) {
                return Err(YamlError { position, message: format!("{key} stands here a second time") });
            }
            let (event, span) = self.next()?;
            let node = self.node(event, span, depth + 1)?;
            // What is wrong with a group or nothing is told at its key.
            let position = if matches!(node.value, Value::Text(_)) { node.position } else { position };
            entries.push((key, Node { position, ..node }));
        }
    }
}
