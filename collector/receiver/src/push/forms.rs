//! What a push may look like. Pure.
//!
//! Lines: `name=value label=value … @seconds`, values with spaces in double quotes with `\"`, `\\` and `\n`; empty lines
//! and lines that begin with `#` are passed over. JSON: an object `{name, value, labels, type, unit, help, time}`, a
//! list of such, or `{"metrics": [...]}`.

use serde_json::{Map, Value};
use spanlake_schemas::prometheus::MetricType;

/// One number.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pushed {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) labels: Vec<(String, String)>,
    pub(super) kind: MetricType,
    pub(super) unit: String,
    pub(super) help: String,
    /// Milliseconds since 1970; the time of receipt where it is not given.
    pub(super) time_ms: Option<i64>,
}

/// Reads lines, each for itself.
pub(super) fn read_lines(text: &str, mut add: impl FnMut(Result<Pushed, String>)) {
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            add(read_line(line).map_err(|fault| format!("line {number}: {fault}")));
        }
    }
}

fn read_line(line: &str) -> Result<Pushed, String> {
    let mut rest = line;
    let (name, value) = pair(&mut rest)?;
    let value = number(&value).ok_or_else(|| format!("{value:?}, the value of {name:?}, is no number"))?;
    let mut pushed = Pushed { name, value, kind: MetricType::Gauge, ..Pushed::default() };
    while !rest.is_empty() {
        match rest.strip_prefix('@') {
            Some(seconds) => {
                let seconds = number(seconds).ok_or_else(|| format!("@{seconds} is no time in seconds"))?;
                pushed.time_ms = Some(milliseconds(seconds)?);
                break;
            }
            None => pushed.labels.push(pair(&mut rest)?),
        }
    }
    Ok(pushed)
}

/// Takes `key=value` off the begin, and the spaces behind it.
fn pair(rest: &mut &str) -> Result<(String, String), String> {
    let word = rest.split_whitespace().next().unwrap_or_default();
    let (key, after) = rest
        .split_once('=')
        .filter(|(key, _)| !key.is_empty() && !key.contains(char::is_whitespace))
        .ok_or_else(|| format!("{word:?} is not of the form name=value"))?;
    let (value, after) = match after.strip_prefix('"') {
        Some(quoted) => unquoted(quoted).ok_or_else(|| format!("the quotes of {key} are not closed"))?,
        None => {
            let end = after.find(char::is_whitespace).unwrap_or(after.len());
            (after[..end].to_owned(), &after[end..])
        }
    };
    if !after.is_empty() && !after.starts_with(char::is_whitespace) {
        return Err(format!("a space is missing behind the value of {key}"));
    }
    *rest = after.trim_start();
    Ok((key.to_owned(), value))
}

fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match letters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn milliseconds(seconds: f64) -> Result<i64, String> {
    // Nanoseconds mistaken for seconds end up here as well.
    match seconds {
        seconds if (0.0..1e11).contains(&seconds) => Ok((seconds * 1000.0).round() as i64),
        _ => Err(format!("{seconds} is no time in seconds since 1970")),
    }
}

/// Reads JSON; an error is about the whole of it.
pub(super) fn read_json(text: &str, mut add: impl FnMut(Result<Pushed, String>)) -> Result<(), String> {
    let mut value: Value = serde_json::from_str(text).map_err(|error| format!("not valid JSON: {error}"))?;
    if let Some(metrics) = value.get_mut("metrics") {
        value = metrics.take();
    }
    let metrics = match value {
        Value::Array(metrics) => metrics,
        Value::Object(metric) => vec![Value::Object(metric)],
        _ => return Err("expected {\"name\": …, \"value\": …}, or a list of such".to_owned()),
    };
    for (number, metric) in (1..).zip(metrics) {
        let read = match metric {
            Value::Object(metric) => read_object(metric),
            _ => Err("is no object".to_owned()),
        };
        add(read.map_err(|fault| format!("metric {number}: {fault}")));
    }
    Ok(())
}

fn read_object(metric: Map<String, Value>) -> Result<Pushed, String> {
    let mut pushed = Pushed { kind: MetricType::Gauge, value: f64::NAN, ..Pushed::default() };
    let mut has_value = false;
    let text = |key: &str, value: Value| match value {
        Value::String(text) => Ok(text),
        _ => Err(format!("{key} is no string")),
    };
    for (key, value) in metric {
        match key.as_str() {
            "name" => pushed.name = text("name", value)?,
            "unit" => pushed.unit = text("unit", value)?,
            "help" => pushed.help = text("help", value)?,
            "value" => {
                pushed.value = match &value {
                    Value::String(text) => number(text),
                    value => value.as_f64(),
                }
                .ok_or("value is no number")?;
                has_value = true;
            }
            "type" => {
                pushed.kind = match text("type", value)?.as_str() {
                    "gauge" => MetricType::Gauge,
                    "counter" => MetricType::Counter,
                    other => return Err(format!("type {other:?} is neither gauge nor counter")),
                }
            }
            "time" => pushed.time_ms = Some(milliseconds(value.as_f64().ok_or("time is no number of seconds")?)?),
            "labels" => pushed.labels = labels(value)?,
            other => {
                return Err(format!("{other:?} is unknown, expected name, value, labels, type, unit, help and time"));
            }
        }
    }
    match (pushed.name.is_empty(), has_value) {
        (true, _) => Err("name is missing".to_owned()),
        (_, false) => Err("value is missing".to_owned()),
        _ => Ok(pushed),
    }
}

fn labels(value: Value) -> Result<Vec<(String, String)>, String> {
    let Value::Object(labels) = value else { return Err("labels is no object".to_owned()) };
    labels
        .into_iter()
        .map(|(key, value)| match value {
            Value::String(text) => Ok((key, text)),
            Value::Number(number) => Ok((key, number.to_string())),
            Value::Bool(flag) => Ok((key, flag.to_string())),
            _ => Err(format!("label {key:?} is neither string, number nor boolean")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Result<Pushed, String>> {
        let mut all = Vec::new();
        read_lines(text, |one| all.push(one));
        all
    }

    #[test]
    fn lines_are_read_each_for_itself() {
        let read = lines(
            "# a comment\n\nqueue_size=12 queue=mail host=\"a \\\"b\\\" c\" @1700000000.5\nx\ny=1 z\nw=NaN\nv=1 l=\"open\n",
        );
        let labels = vec![("queue".to_owned(), "mail".to_owned()), ("host".to_owned(), "a \"b\" c".to_owned())];
        let expected = Pushed {
            name: "queue_size".into(),
            value: 12.0,
            labels,
            kind: MetricType::Gauge,
            time_ms: Some(1_700_000_000_500),
            ..Pushed::default()
        };
        assert_eq!(read[0], Ok(expected));
        assert_eq!(read[1], Err("line 4: \"x\" is not of the form name=value".to_owned()));
        assert_eq!(read[2], Err("line 5: \"z\" is not of the form name=value".to_owned()));
        assert!(read[3].as_ref().is_ok_and(|pushed| pushed.value.is_nan()));
        assert_eq!(read[4], Err("line 7: the quotes of l are not closed".to_owned()));
    }

    #[test]
    fn json_has_three_shapes() {
        for text in [
            r#"{"name":"a","value":1,"labels":{"n":5,"b":true,"s":"t"},"type":"counter","unit":"s","time":7}"#,
            r#"[{"name":"a","value":"1","labels":{"n":5,"b":true,"s":"t"},"type":"counter","unit":"s","time":7}]"#,
            r#"{"metrics":[{"name":"a","value":1.0,"labels":{"n":5,"b":true,"s":"t"},"type":"counter","unit":"s","time":7}]}"#,
        ] {
            let mut all = Vec::new();
            read_json(text, |one| all.push(one.unwrap())).unwrap();
            assert_eq!(
                (all.len(), all[0].value, all[0].kind, all[0].time_ms),
                (1, 1.0, MetricType::Counter, Some(7000))
            );
            assert_eq!(all[0].labels[0], ("n".to_owned(), "5".to_owned()));
        }
        for (text, fault) in [
            (r#"[{"name":"a"}]"#, "metric 1: value is missing"),
            (r#"[{"value":1}]"#, "metric 1: name is missing"),
            (r#"[{"name":"a","value":1,"type":"sum"}]"#, "metric 1: type \"sum\" is neither gauge nor counter"),
            (
                r#"[{"name":"a","value":1,"time":1700000000000000}]"#,
                "metric 1: 1700000000000000 is no time in seconds since 1970",
            ),
            (r#"[3]"#, "metric 1: is no object"),
        ] {
            let mut all = Vec::new();
            read_json(text, |one| all.push(one)).unwrap();
            assert_eq!(all, [Err(fault.to_owned())]);
        }
        assert!(read_json("3", |_| {}).is_err() && read_json("{", |_| {}).is_err());
    }
}
