//! One line: a comment that describes a family, or a sample.

use spanlake_schemas::prometheus::{FamiliesMemory, Family, MetricType};

use super::cursor::{Cursor, shown};
use super::{ExpositionError, Format, Line, LineExemplar};

/// Labels of one sample; more are no one's.
const LABELS_MAX: usize = 4096;

/// What stands behind `#`; whether it is the end.
pub(super) fn comment(
    cursor: &mut Cursor<'_>,
    format: Format,
    families: &mut FamiliesMemory,
) -> Result<bool, ExpositionError> {
    cursor.skip_spaces();
    let keyword = cursor.word();
    match (keyword, format) {
        ("EOF", Format::OpenMetrics) => return Ok(true),
        ("HELP" | "TYPE", _) | ("UNIT", Format::OpenMetrics) => {}
        (_, Format::Text) => return Ok(false),
        _ => return Err(cursor.fault(format!("expected HELP, TYPE, UNIT or EOF, found {}", shown(keyword)))),
    }
    cursor.skip_spaces();
    let name = match cursor.take("\"") {
        true => cursor.quoted()?,
        false => cursor.word().to_owned(),
    };
    if name.is_empty() {
        return Err(cursor.fault(format!("# {keyword} names no metric")));
    }
    cursor.skip_spaces();
    let said = cursor.rest();
    let known = families.family_of(&name);
    let known = if known.name == name { known } else { Family { name: &name, ..Family::default() } };
    let (kind, help, unit) = (known.kind, known.help.to_owned(), known.unit.to_owned());
    match keyword {
        "TYPE" => {
            let kind = kind_of(said.trim_end(), format)
                .ok_or_else(|| cursor.fault(format!("{} is no type of a metric", shown(said))))?;
            families.learn(&Family { name: &name, kind, help: &help, unit: &unit });
        }
        "UNIT" => families.learn(&Family { name: &name, kind, help: &help, unit: said.trim_end() }),
        _ => families.learn(&Family { name: &name, kind, help: &unescaped(said), unit: &unit }),
    }
    Ok(false)
}

fn kind_of(word: &str, format: Format) -> Option<MetricType> {
    match (word, format) {
        ("untyped", Format::Text) => Some(MetricType::Unknown),
        _ => MetricType::of_word(word),
    }
}

fn unescaped(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let (mut out, mut letters) = (String::with_capacity(text.len()), text.chars());
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('n') => out.push('\n'),
                Some(escaped @ ('\\' | '"')) => out.push(escaped),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            (letter, false) => out.push(letter),
        }
    }
    out
}

/// `name{labels} value time # {labels} value time`
pub(super) fn sample(cursor: &mut Cursor<'_>, format: Format) -> Result<Line, ExpositionError> {
    let mut line = Line { name: cursor.name(true).to_owned(), ..Line::default() };
    let is_named = !line.name.is_empty();
    cursor.skip_spaces();
    if cursor.take("{") {
        let quoted = labels(cursor, &mut line.labels)?;
        match (is_named, quoted) {
            (false, Some(name)) if !name.is_empty() => line.name = name,
            (true, None) => {}
            (true, Some(_)) => return Err(cursor.fault("a metric with two names")),
            _ => return Err(cursor.fault("a sample without a name")),
        }
    } else if !is_named {
        return Err(cursor.fault(format!("expected a metric's name, found {}", shown(cursor.rest()))));
    }
    cursor.skip_spaces();
    line.value = cursor.number("a value")?;
    cursor.skip_spaces();
    if !cursor.is_at_end() && !cursor.rest().starts_with('#') {
        line.time_ms = Some(time(cursor, format)?);
        cursor.skip_spaces();
    }
    if format == Format::OpenMetrics && cursor.take("#") {
        cursor.skip_spaces();
        line.exemplar = Some(exemplar(cursor)?);
        cursor.skip_spaces();
    }
    match cursor.is_at_end() {
        true => Ok(line),
        false => Err(cursor.fault(format!("expected the end of the line, found {}", shown(cursor.rest())))),
    }
}

/// Milliseconds; whole ones in the text format, seconds in OpenMetrics.
fn time(cursor: &mut Cursor<'_>, format: Format) -> Result<i64, ExpositionError> {
    if format == Format::OpenMetrics {
        return seconds(cursor);
    }
    let word = cursor.word();
    word.parse().map_err(|_| cursor.fault(format!("{} is no time in milliseconds", shown(word))))
}

fn seconds(cursor: &mut Cursor<'_>) -> Result<i64, ExpositionError> {
    let seconds = cursor.number("a time in seconds")?;
    match seconds.is_finite() {
        true => Ok((seconds * 1000.0).round() as i64),
        false => Err(cursor.fault("a time that is no number")),
    }
}

fn exemplar(cursor: &mut Cursor<'_>) -> Result<LineExemplar, ExpositionError> {
    let mut exemplar = LineExemplar::default();
    if !cursor.take("{") {
        return Err(cursor.fault("an exemplar begins with {"));
    }
    if labels(cursor, &mut exemplar.labels)?.is_some() {
        return Err(cursor.fault("an exemplar has no name"));
    }
    cursor.skip_spaces();
    exemplar.value = cursor.number("an exemplar's value")?;
    cursor.skip_spaces();
    if !cursor.is_at_end() {
        exemplar.time_ms = Some(seconds(cursor)?);
    }
    Ok(exemplar)
}

/// Labels behind `{` up to `}`; a quoted text alone is the metric's name.
fn labels(cursor: &mut Cursor<'_>, into: &mut Vec<(String, String)>) -> Result<Option<String>, ExpositionError> {
    let mut metric = None;
    loop {
        cursor.skip_spaces();
        if cursor.take("}") {
            return Ok(metric);
        }
        let is_quoted = cursor.take("\"");
        let name = if is_quoted { cursor.quoted()? } else { cursor.name(false).to_owned() };
        cursor.skip_spaces();
        if is_quoted && !cursor.rest().starts_with('=') {
            if metric.replace(name).is_some() {
                return Err(cursor.fault("a metric with two names"));
            }
        } else {
            if name.is_empty() {
                return Err(cursor.fault(format!("expected a label's name, found {}", shown(cursor.rest()))));
            }
            if !cursor.take("=") {
                return Err(cursor.fault(format!("expected = behind label {name:?}, found {}", shown(cursor.rest()))));
            }
            cursor.skip_spaces();
            if !cursor.take("\"") {
                return Err(cursor.fault(format!("the value of label {name:?} is not in quotes")));
            }
            let value = cursor.quoted()?;
            if into.iter().any(|(known, _)| *known == name) {
                return Err(cursor.fault(format!("label {name:?} stands here twice")));
            }
            if into.len() == LABELS_MAX {
                return Err(cursor.fault("more than 4096 labels"));
            }
            into.push((name, value));
        }
        cursor.skip_spaces();
        if !cursor.take(",") && !cursor.rest().starts_with('}') {
            return Err(cursor.fault(format!("expected , or }} behind a label, found {}", shown(cursor.rest()))));
        }
    }
}
