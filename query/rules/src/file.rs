//! Rule files as Prometheus has them (its documentation, "Recording rules" and "Alerting rules").
//!
//! Owns what may stand in one, and where what may not stands. Never evaluates.

use std::path::{Path, PathBuf};
use std::time::Duration;

use spanlake_promql::duration::parse_duration;
use spanlake_promql::syntax::{Expr, named_labels, parse_expression};
use spanlake_yaml::{Node, YamlError};

use crate::template::Template;

/// A larger file is none of rules.
const FILE_BYTES_MAX: u64 = 16 << 20;
const GROUP_KEYS: [&str; 6] = ["name", "interval", "query_offset", "limit", "labels", "rules"];
const RULE_KEYS: [&str; 7] = ["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"];

/// What is wrong with a file, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RuleFileError {
    #[error("{}: {error}", path.display())]
    Content { path: PathBuf, error: YamlError },
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
}

/// All groups of all files.
#[derive(Clone, Debug, Default)]
pub struct RuleFiles {
    pub groups: Vec<GroupConfig>,
}

#[derive(Clone, Debug)]
pub struct GroupConfig {
    pub name: String,
    /// As it was named.
    pub file: String,
    /// `None`: as long as all groups without one.
    pub interval: Option<Duration>,
    /// How far before its time a group is evaluated.
    pub query_offset: Duration,
    /// Series or alerts of one rule; 0 is no limit.
    pub limit: usize,
    pub rules: Vec<RuleConfig>,
}

#[derive(Clone, Debug)]
pub struct RuleConfig {
    pub kind: Kind,
    pub text: String,
    pub expr: Expr,
    /// Those of the group among them; plain in recording rules.
    pub labels: Vec<(String, Template)>,
    /// Line and column of the expression in its file.
    pub place: (usize, usize),
}

#[derive(Clone, Debug)]
pub enum Kind {
    Recording { record: String },
    Alerting { alert: String, hold: Duration, keep_firing_for: Duration, annotations: Vec<(String, Template)> },
}

impl RuleConfig {
    /// Labels that the expression names, and templates of an alert: an attribute of a resource is one wherever it is
    /// named.
    pub(crate) fn named_labels(&self) -> Vec<String> {
        let mut named = named_labels(&self.expr);
        if let Kind::Alerting { annotations, .. } = &self.kind {
            named.extend(self.labels.iter().chain(annotations).flat_map(|(_, template)| template.labels()));
        }
        named.sort();
        named.dedup();
        named
    }

    /// The name of the series or of the alert.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.kind {
            Kind::Recording { record } => record,
            Kind::Alerting { alert, .. } => alert,
        }
    }
}

impl RuleFiles {
    /// Reads files; a `*` in the last part of a path stands for any letters.
    ///
    /// # Errors
    /// When a file cannot be read or is not right. A pattern that fits nothing is no error.
    pub fn load(patterns: &[String]) -> Result<Self, RuleFileError> {
        let mut files = Self::default();
        for path in patterns.iter().map(|pattern| expanded(pattern)).collect::<Result<Vec<_>, _>>()?.concat() {
            let unreadable = |reason: String| RuleFileError::Unreadable { path: path.clone(), reason };
            let size = std::fs::metadata(&path).map_err(|error| unreadable(error.to_string()))?.len();
            if size > FILE_BYTES_MAX {
                return Err(unreadable(format!("{size} bytes are no file of rules")));
            }
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?;
            let groups = read(&text, &path.display().to_string());
            files.groups.extend(groups.map_err(|error| RuleFileError::Content { path: path.clone(), error })?);
        }
        Ok(files)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

/// The paths that a pattern means, sorted.
fn expanded(pattern: &str) -> Result<Vec<PathBuf>, RuleFileError> {
    let path = Path::new(pattern);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !name.contains('*') {
        return Ok(vec![path.to_owned()]);
    }
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unreadable =
        |error: std::io::Error| RuleFileError::Unreadable { path: folder.to_owned(), reason: error.to_string() };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)?.flatten() {
        if fits(&name, &entry.file_name().to_string_lossy()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (at, part) in parts.iter().enumerate() {
        if at + 1 == parts.len() {
            return rest.ends_with(part);
        }
        let Some(found) = rest.find(part) else { return false };
        rest = &rest[found + part.len()..];
    }
    rest.is_empty()
}

/// Reads the text of one file.
///
/// # Errors
/// At the first thing that is wrong.
pub(crate) fn read(text: &str, file: &str) -> Result<Vec<GroupConfig>, YamlError> {
    let root = spanlake_yaml::read(text)?;
    let mut groups: Vec<GroupConfig> = Vec::new();
    for (key, node) in root.entries()? {
        if key != "groups" {
            return Err(unknown(key, node, &["groups"]));
        }
        for node in node.items()? {
            let group = group(node, file)?;
            if groups.iter().any(|known| known.name == group.name) {
                return Err(node.fault(format!("groupname: \"{}\" is repeated in the same file", group.name)));
            }
            groups.push(group);
        }
    }
    Ok(groups)
}

fn unknown(key: &str, node: &Node, known: &[&str]) -> YamlError {
    node.fault(format!("{key:?} is unknown here, expected one of {}", known.join(", ")))
}

fn duration(node: &Node) -> Result<Duration, YamlError> {
    let wrong = |reason: String| node.fault(reason);
    let milliseconds = parse_duration(node.text()?).map_err(|error| wrong(error.to_string()))?;
    Ok(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)))
}

fn group(node: &Node, file: &str) -> Result<GroupConfig, YamlError> {
    let mut group = GroupConfig {
        name: String::new(),
        file: file.to_owned(),
        interval: None,
        query_offset: Duration::ZERO,
        limit: 0,
        rules: Vec::new(),
    };
    let mut labels = Vec::new();
    let mut rules: &[Node] = &[];
    for (key, node) in node.entries()? {
        match key.as_str() {
            "name" => node.text()?.clone_into(&mut group.name),
            "interval" => {
                let interval = duration(node)?;
                if interval < Duration::from_millis(100) {
                    return Err(node.fault("an interval of less than 100ms"));
                }
                group.interval = Some(interval);
            }
            "query_offset" => group.query_offset = duration(node)?,
            "limit" => {
                let limit = node.text()?;
                group.limit = limit.parse().map_err(|_| node.fault(format!("{limit:?} is not a whole number")))?;
            }
            "labels" => labels = templates(node)?,
            "rules" => rules = node.items()?,
            _ => return Err(unknown(key, node, &GROUP_KEYS)),
        }
    }
    if group.name.is_empty() {
        return Err(node.fault("Groupname must not be empty"));
    }
    group.rules = rules.iter().map(|node| rule(node, &labels)).collect::<Result<_, _>>()?;
    Ok(group)
}

/// What a rule says, before it is known which kind it is.
#[derive(Default)]
struct Said<'a> {
    record: Option<&'a Node>,
    alert: Option<&'a Node>,
    expr: Option<&'a Node>,
    hold: Option<&'a Node>,
    keep_firing_for: Option<&'a Node>,
    labels: Vec<(String, Template)>,
    annotations: Option<&'a Node>,
}

fn said<'a>(node: &'a Node, of_group: &[(String, Template)]) -> Result<Said<'a>, YamlError> {
    let mut said = Said { labels: of_group.to_vec(), ..Said::default() };
    for (key, node) in node.entries()? {
        match key.as_str() {
            "record" => said.record = Some(node),
            "alert" => said.alert = Some(node),
            "expr" => said.expr = Some(node),
            "for" => said.hold = Some(node),
            "keep_firing_for" => said.keep_firing_for = Some(node),
            "labels" => {
                for (name, value) in templates(node)? {
                    said.labels.retain(|(known, _)| *known != name);
                    said.labels.push((name, value));
                }
            }
            "annotations" => said.annotations = Some(node),
            _ => return Err(unknown(key, node, &RULE_KEYS)),
        }
    }
    Ok(said)
}

fn rule(node: &Node, of_group: &[(String, Template)]) -> Result<RuleConfig, YamlError> {
    let said = said(node, of_group)?;
    let (text, expr) = expression(node, &said)?;
    let place = said.expr.map_or((0, 0), |node| (node.position.line, node.position.column));
    let kind = match (said.record, said.alert) {
        (Some(record), Some(_)) => return Err(record.fault("only one of 'record' and 'alert' must be set")),
        (None, None) => return Err(node.fault("one of 'record' or 'alert' must be set")),
        (Some(record), None) => {
            let barred = [
                (said.annotations, "invalid field 'annotations' in recording rule"),
                (said.hold, "invalid field 'for' in recording rule"),
                (said.keep_firing_for, "invalid field 'keep_firing_for' in recording rule"),
            ];
            if let Some((node, message)) = barred.into_iter().find_map(|(node, message)| Some((node?, message))) {
                return Err(node.fault(message));
            }
            if record.text()?.is_empty() {
                return Err(record.fault("invalid recording rule name: it is empty"));
            }
            Kind::Recording { record: record.text()?.to_owned() }
        }
        (None, Some(alert)) => Kind::Alerting {
            alert: match alert.text()? {
                "" => return Err(alert.fault("an alert without a name")),
                name => name.to_owned(),
            },
            hold: said.hold.map_or(Ok(Duration::ZERO), duration)?,
            keep_firing_for: said.keep_firing_for.map_or(Ok(Duration::ZERO), duration)?,
            annotations: said.annotations.map_or(Ok(Vec::new()), templates)?,
        },
    };
    if said.labels.iter().any(|(name, _)| name == "__name__") {
        return Err(node.fault("invalid label name: __name__"));
    }
    Ok(RuleConfig { kind, text, expr, labels: said.labels, place })
}

fn expression(node: &Node, said: &Said<'_>) -> Result<(String, Expr), YamlError> {
    let written = said.expr.ok_or_else(|| node.fault("field 'expr' must be set in rule"))?;
    let text = written.text()?.trim_end();
    if text.is_empty() {
        return Err(written.fault("field 'expr' must be set in rule"));
    }
    let expr = parse_expression(text).map_err(|error| written.fault(format!("could not parse expression: {error}")))?;
    Ok((text.to_owned(), expr))
}

fn templates(node: &Node) -> Result<Vec<(String, Template)>, YamlError> {
    let entries = node.entries()?.iter();
    entries
        .map(|(name, node)| {
            if name.is_empty() {
                return Err(node.fault("an empty label name"));
            }
            let template = Template::parse(node.text()?);
            Ok((name.clone(), template.map_err(|reason| node.fault(format!("template of {name:?}: {reason}")))?))
        })
        .collect()
}
