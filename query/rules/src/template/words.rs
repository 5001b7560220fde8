//! The functions of templates. Pure; which there are is known when a template is read.

use super::{Facts, Value, format};

const KNOWN: [&str; 30] = [
    "and",
    "or",
    "not",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "len",
    "index",
    "print",
    "printf",
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "title",
    "toUpper",
    "toLower",
    "match",
    "reReplaceAll",
    "stripPort",
    "stripDomain",
    "urlQueryEscape",
    "externalURL",
    "pathPrefix",
    "toTime",
    "parseDuration",
];

/// Whether there is such a function.
pub(super) fn check(function: &str) -> Result<(), String> {
    if KNOWN.contains(&function) {
        return Ok(());
    }
    Err(format!("function {function:?} is not known here; there are {}", KNOWN.join(", ")))
}

pub(super) fn call(function: &str, values: &[Value], facts: Facts<'_>) -> Result<Value, String> {
    let arity = |count: usize| match values.len() {
        found if found == count => Ok(()),
        found => Err(format!("wrong number of args for {function}: want {count} got {found}")),
    };
    let text = |at: usize| values.get(at).map(|value| value.text(facts)).unwrap_or_default();
    let is_true = |value: &&Value| value.is_true(facts);
    let last = || values.last().cloned().unwrap_or(Value::Text(String::new()));
    Ok(match function {
        "and" => values.iter().find(|value| !is_true(value)).cloned().unwrap_or_else(last),
        "or" => values.iter().find(is_true).cloned().unwrap_or_else(last),
        "not" => arity(1).map(|()| Value::Truth(!values[0].is_true(facts)))?,
        "eq" | "ne" | "lt" | "le" | "gt" | "ge" => arity(2).and_then(|()| compare(function, values))?,
        "len" => arity(1).map(|()| Value::Number(text(0).len() as f64))?,
        "index" => arity(2).map(|()| Value::Text(facts.labels.get(&text(1)).to_owned()))?,
        "print" => Value::Text(values.iter().map(|value| value.text(facts)).collect()),
        "printf" => Value::Text(printf(values, facts)?),
        "externalURL" | "pathPrefix" => Value::Text(String::new()),
        "reReplaceAll" => {
            arity(3)?;
            let pattern = regex::Regex::new(&text(0)).map_err(|error| error.to_string())?;
            Value::Text(pattern.replace_all(&text(2), text(1).as_str()).into_owned())
        }
        "match" => {
            arity(2)?;
            let pattern = regex::Regex::new(&text(0)).map_err(|error| error.to_string())?;
            Value::Truth(pattern.is_match(&text(1)))
        }
        _ => arity(1).and_then(|()| of_one(function, &values[0], facts))?,
    })
}

fn of_one(function: &str, value: &Value, facts: Facts<'_>) -> Result<Value, String> {
    let text = value.text(facts);
    let written = match function {
        "title" => titled(&text),
        "toUpper" => text.to_uppercase(),
        "toLower" => text.to_lowercase(),
        "stripPort" => text.rsplit_once(':').map_or(text.as_str(), |(host, _)| host).to_owned(),
        "stripDomain" => text.split('.').next().unwrap_or_default().to_owned(),
        "urlQueryEscape" => escaped(&text),
        "parseDuration" => {
            let length = spanlake_promql::duration::parse_duration(&text).map_err(|error| error.to_string())?;
            return Ok(Value::Number(length as f64 / 1000.0));
        }
        _ => {
            let number = number(value).ok_or_else(|| format!("can't convert {text:?} to float"))?;
            match function {
                "humanize" => format::humanize(number),
                "humanize1024" => format::humanize_1024(number),
                "humanizeDuration" => format::humanize_duration(number),
                "humanizePercentage" => format::general(number * 100.0, 4) + "%",
                _ => format::humanize_timestamp(number),
            }
        }
    };
    Ok(Value::Text(written))
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => text.parse().ok(),
        Value::Truth(_) | Value::Labels => None,
    }
}

fn compare(function: &str, values: &[Value]) -> Result<Value, String> {
    let ordering = match (&values[0], &values[1]) {
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(right),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Truth(left), Value::Truth(right)) => Some(left.cmp(right)),
        _ => return Err("incompatible types for comparison".to_owned()),
    };
    let Some(ordering) = ordering else { return Ok(Value::Truth(function == "ne")) };
    Ok(Value::Truth(match function {
        "eq" => ordering.is_eq(),
        "ne" => ordering.is_ne(),
        "lt" => ordering.is_lt(),
        "le" => ordering.is_le(),
        "gt" => ordering.is_gt(),
        _ => ordering.is_ge(),
    }))
}

fn titled(text: &str) -> String {
    let mut begins = true;
    let titled = text.chars().map(|letter| {
        let written = if begins { letter.to_uppercase().to_string() } else { letter.to_string() };
        begins = letter.is_whitespace();
        written
    });
    titled.collect()
}

fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn printf(values: &[Value], facts: Facts<'_>) -> Result<String, String> {
    let Some((Value::Text(pattern), arguments)) = values.split_first() else {
        return Err("printf wants a format".to_owned());
    };
    let (mut out, mut rest, mut arguments) = (String::new(), pattern.as_str(), arguments.iter());
    while let Some((text, directive)) = rest.split_once('%') {
        out.push_str(text);
        let Some(end) = directive.find(|letter: char| letter.is_ascii_alphabetic() || letter == '%') else {
            return Ok(out + "%!(NOVERB)");
        };
        let verb = &directive[..=end];
        rest = &directive[end + 1..];
        if verb == "%" {
            out.push('%');
            continue;
        }
        let Some(value) = arguments.next() else {
            out.push_str(&format!("%!{verb}(MISSING)"));
            continue;
        };
        let number = if let Value::Number(number) = value { Some(*number) } else { None };
        let text = value.text(facts);
        out.push_str(&format::verb(verb, number, &text).unwrap_or_else(|| format!("%!{verb}({text})")));
    }
    Ok(out + rest)
}
