//! From YAML to settings with the lines they stand on.
//!
//! Takes plain YAML only: no anchors, aliases or tags, one document, a few levels. Never decides what a value means.

use std::path::Path;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::error::{ConfigError, Origin};
use super::nearest;
use super::settings::{self, SETTINGS, Setting};

/// Groups, lists and entries of lists; more than any setting needs.
const DEPTH_MAX: usize = 8;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) value: Value,
    /// From 1; 0 outside a file.
    pub(super) line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// `key:` with nothing behind it, or `null`.
    Nothing,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn text(text: &str) -> Self {
        Self { value: Value::Text(text.to_owned()), line: 0 }
    }

    pub(super) fn list(texts: &[String]) -> Self {
        Self { value: Value::List(texts.iter().map(|text| Self::text(text)).collect()), line: 0 }
    }

    /// On one line, for people.
    pub(super) fn plain(&self) -> String {
        match &self.value {
            Value::Nothing => String::new(),
            Value::Text(text) => text.clone(),
            Value::List(items) => items.iter().map(Self::plain).collect::<Vec<_>>().join(", "),
            Value::Map(entries) => {
                entries.iter().map(|(key, node)| format!("{key}: {}", node.plain())).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// Reads a file's text into settings, each at most once.
pub(super) fn read(path: &Path, text: &str) -> Result<Vec<(&'static Setting, Node)>, ConfigError> {
    let reader = Reader { path, parser: Parser::new_from_str(text) };
    let root = reader.document()?;
    let mut found = Vec::new();
    match root.value {
        Value::Nothing => {}
        Value::Map(entries) => flatten(path, "", entries, &mut found)?,
        _ => return Err(at(path, root.line, "expected settings as `key: value`".to_owned())),
    }
    Ok(found)
}

fn at(path: &Path, line: usize, message: String) -> ConfigError {
    ConfigError::new(Origin::File { path: path.to_owned(), line }, message)
}

/// Nested or dotted keys to settings.
fn flatten(
    path: &Path,
    group: &str,
    entries: Vec<(String, Node)>,
    found: &mut Vec<(&'static Setting, Node)>,
) -> Result<(), ConfigError> {
    for (name, node) in entries {
        let key = if group.is_empty() { name } else { format!("{group}.{name}") };
        if let Some(setting) = settings::find(&key) {
            if let Some((_, before)) = found.iter().find(|(of, _)| of.key == key) {
                return Err(at(path, node.line, format!("{key} is set twice, in line {} before", before.line)));
            }
            found.push((setting, node));
        } else if SETTINGS.iter().any(|setting| setting.group() == key) {
            match node.value {
                Value::Map(entries) => flatten(path, &key, entries, found)?,
                Value::Nothing => {}
                _ => return Err(at(path, node.line, format!("{key} is a group of settings, not one value"))),
            }
        } else {
            let hint = nearest::hint(&key, SETTINGS.iter().map(|setting| setting.key));
            return Err(at(path, node.line, format!("unknown setting {key:?}{hint}")));
        }
    }
    Ok(())
}

struct Reader<'a> {
    path: &'a Path,
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn document(mut self) -> Result<Node, ConfigError> {
        let mut root = Node { value: Value::Nothing, line: 1 };
        let mut documents = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                _ if documents > 0 => {
                    return Err(at(self.path, span.start.line(), "a second YAML document is not read".to_owned()));
                }
                event => {
                    documents += 1;
                    root = self.node(event, span, 0)?;
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), ConfigError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(at(self.path, error.marker().line(), format!("not valid YAML: {}", error.info()))),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, ConfigError> {
        let line = span.start.line();
        let refuse = |what: &str| Err(at(self.path, line, format!("{what} are not taken here")));
        if depth > DEPTH_MAX {
            return refuse("so many levels");
        }
        let value = match event {
            Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                return refuse("tags (!…)");
            }
            Event::Scalar(text, ScalarStyle::Plain, ..) if matches!(&*text, "" | "~" | "null") => Value::Nothing,
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::SequenceStart(..) => Value::List(self.items(depth)?),
            Event::MappingStart(..) => Value::Map(self.entries(depth)?),
            _ => return refuse("anchors and aliases (&…, *…)"),
        };
        Ok(Node { value, line })
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Node>, ConfigError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd | Event::StreamEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<(String, Node)>, ConfigError> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let line = span.start.line();
            let key = match event {
                Event::MappingEnd | Event::StreamEnd => return Ok(entries),
                Event::Scalar(key, ..) => key.into_owned(),
                _ => return Err(at(self.path, line, "a key has to be a plain word".to_owned())),
            };
            if entries.iter().any(|(name, _)| *name == key) {
                return Err(at(self.path, line, format!("{key} stands here a second time")));
            }
            let (event, span) = self.next()?;
            // A value is told by the line of its key, also where it begins below.
            let node = self.node(event, span, depth + 1)?;
            entries.push((key, Node { line, ..node }));
        }
    }
}
