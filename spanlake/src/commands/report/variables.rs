//! Values of variables in queries, each in the way that its place needs: a regular expression in PromQL, quoted texts in SQL.
//!
//! Pure. The rules are those of the page (`docs/dashboards.md`).

use std::collections::BTreeMap;

use super::Range;
use super::document::{Panel, Variable};

/// Copies of a panel that repeats.
const COPIES_MAX: usize = 24;
const COLUMNS: u32 = 24;

/// What was chosen of a variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) values: Vec<String>,
    pub(super) is_all: bool,
}

pub(super) type Values = BTreeMap<String, Chosen>;

/// `NAME=A,B` of the command line.
pub(super) fn given(arguments: &[String]) -> Result<BTreeMap<String, Vec<String>>, String> {
    let pair = |text: &String| {
        let (name, values) =
            text.split_once('=').ok_or_else(|| format!("--var {text:?} is not of the form NAME=VALUES"))?;
        Ok((name.to_owned(), values.split(',').map(str::to_owned).collect()))
    };
    arguments.iter().map(pair).collect()
}

/// What the command line says, else the default, else everything where that is allowed, else the first there is.
pub(super) fn choose(variable: &Variable, given: Option<&Vec<String>>, options: &[String]) -> Chosen {
    let all = || Chosen { values: options.to_vec(), is_all: true };
    let is_all = |values: &[String]| variable.all && values.first().is_some_and(|value| value == "*");
    match given.unwrap_or(&variable.default) {
        values if is_all(values) => all(),
        values if !values.is_empty() => {
            let most = if variable.multi { values.len() } else { 1 };
            Chosen { values: values[..most].to_vec(), is_all: false }
        }
        _ if variable.all => all(),
        _ => Chosen { values: options.iter().take(1).cloned().collect(), is_all: false },
    }
}

/// Panels in order; those that repeat once for each value, with the variable at that one.
pub(super) fn repeated(panels: &[Panel], chosen: &Values) -> Vec<(Panel, Values)> {
    let mut all = Vec::new();
    for panel in panels {
        let values = panel.repeat.as_ref().and_then(|name| chosen.get(name)).map(|one| one.values.as_slice());
        match (&panel.repeat, values) {
            (Some(name), Some(values)) if values.len() > 1 => {
                let columns = u32::try_from(values.len().min(4)).unwrap_or(1);
                for value in values.iter().take(COPIES_MAX) {
                    let one = Chosen { values: vec![value.clone()], is_all: false };
                    let mut with = chosen.clone();
                    with.insert(name.clone(), one);
                    all.push((Panel { w: COLUMNS / columns, ..panel.clone() }, with));
                }
            }
            _ => all.push((panel.clone(), chosen.clone())),
        }
    }
    all
}

/// Calls for each `$name`, `${name}` and `${name:format}` that is known; anything else stays.
fn replaced(text: &str, mut value: impl FnMut(&str, &str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let (name, format, length) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((inner, _)) => {
                let (name, format) = inner.split_once(':').unwrap_or((inner, ""));
                (name, format, inner.len() + 2)
            }
            None => {
                let name = &after[..after.find(|letter| !is_word(letter)).unwrap_or(after.len())];
                (name, "", name.len())
            }
        };
        match value(name, format) {
            Some(value) if !name.is_empty() => {
                out.push_str(&value);
                rest = &after[length..];
            }
            _ => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn regex(one: &Chosen) -> String {
    if one.is_all {
        return ".*".to_owned();
    }
    let escaped = one.values.iter().map(|value| {
        value
            .chars()
            .flat_map(|letter| ".*+?^${}()|[]\\".contains(letter).then_some('\\').into_iter().chain([letter]))
            .collect::<String>()
    });
    in_string(&escaped.collect::<Vec<_>>().join("|"))
}

fn in_string(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// PromQL with its variables and durations. Behind `=~` and `!~` a variable is alternatives of a regular expression.
pub(super) fn promql(text: &str, chosen: &Values, range: Range, step_ms: i64) -> String {
    let mut before = String::new();
    let mut out = String::new();
    // A quoted text is one piece, so that it is known what stands before it.
    for piece in pieces(text) {
        let is_regex = piece.starts_with('"') && (before.ends_with("=~") || before.ends_with("!~"));
        out.push_str(&replaced(piece, |name, format| {
            if let Some(duration) = duration(name, range, step_ms) {
                return Some(duration);
            }
            let one = chosen.get(name)?;
            Some(if is_regex || format == "regex" { regex(one) } else { in_string(&one.values.join("|")) })
        }));
        piece.trim_end().clone_into(&mut before);
    }
    out
}

fn pieces(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    let mut quoted = false;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if quoted => {
                found.push(&text[from..=at]);
                from = at + 1;
                quoted = false;
            }
            '"' => {
                found.push(&text[from..at]);
                from = at;
                quoted = true;
            }
            _ => {}
        }
    }
    found.push(&text[from..]);
    found
}

fn duration(name: &str, range: Range, step_ms: i64) -> Option<String> {
    let length = range.end_ms - range.start_ms;
    Some(match name {
        // As the page has it: a step and a send interval; of long steps whole five minutes, for which there are rollups.
        "__rate_interval" if step_ms >= 300_000 => format!("{}ms", step_ms + 300_000),
        "__rate_interval" => format!("{}ms", (step_ms + 60_000).max(120_000)),
        "__interval" => format!("{step_ms}ms"),
        "__interval_ms" => step_ms.to_string(),
        "__range" => format!("{}s", (length / 1000).max(1)),
        "__range_s" => (length / 1000).to_string(),
        _ => return None,
    })
}

/// SQL with its variables: `'a', 'b'` for `in (…)`, `${name:text}` the text of one without quotes around.
pub(super) fn sql(text: &str, chosen: &Values, range: Range, step_ms: i64) -> String {
    let at = |time_ms: i64| format!("to_timestamp_nanos({time_ms}000000)");
    let mut filtered = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("$__timeFilter(") {
        let Some((column, behind)) = after.split_once(')') else { break };
        filtered.push_str(before);
        filtered.push_str(&format!("{column} >= {} and {column} < {}", at(range.start_ms), at(range.end_ms)));
        rest = behind;
    }
    filtered.push_str(rest);
    let quoted = |value: &String| format!("'{}'", value.replace('\'', "''"));
    replaced(&filtered, |name, format| match name {
        "__interval" => Some(format!("interval '{step_ms} milliseconds'")),
        "__from" => Some(at(range.start_ms)),
        "__to" => Some(at(range.end_ms)),
        _ => {
            let one = chosen.get(name)?;
            Some(match format {
                "text" => one.values.first().map(|value| value.replace('\'', "''")).unwrap_or_default(),
                _ if one.values.is_empty() => "''".to_owned(),
                _ => one.values.iter().map(quoted).collect::<Vec<_>>().join(", "),
            })
        }
    })
}

/// Titles and texts: the values as they are.
pub(super) fn plain(text: &str, chosen: &Values) -> String {
    replaced(text, |name, _| {
        chosen.get(name).map(|one| if one.is_all { "*".to_owned() } else { one.values.join(", ") })
    })
}
