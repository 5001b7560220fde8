//! `push`: one number from a script to a server.
//!
//! Owns how it is written on a command line. What a number is, the server says.

use serde_json::{Map, Value, json};

use super::client::Client;
use super::{CommandError, EXIT_FAILURE, PushArguments};
use crate::config::EXIT_USAGE;

pub(super) fn run(arguments: &PushArguments) -> Result<(), CommandError> {
    let metric = metric(arguments)?;
    let client = Client::new(&arguments.server)?;
    let response = client.post("/api/push", &metric)?;
    let answer: Value = response.into_body().read_json().map_err(|error| {
        CommandError::new(EXIT_FAILURE, format!("the server's answer is cut short or unknown: {error}"))
    })?;
    match answer["message"].as_str() {
        Some(message) => Err(CommandError::new(EXIT_FAILURE, super::terminal::clean(message))),
        None => Ok(()),
    }
}

fn pair(text: &str) -> Result<(&str, &str), CommandError> {
    text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
        CommandError::new(EXIT_USAGE, format!("{text:?} is not of the form name=value, such as queue_size=12"))
    })
}

fn metric(arguments: &PushArguments) -> Result<Value, CommandError> {
    let (name, value) = pair(&arguments.metric)?;
    let number: f64 = value
        .parse()
        .map_err(|_| CommandError::new(EXIT_USAGE, format!("{value:?}, the value of {name:?}, is no number")))?;
    let labels = arguments.labels.iter().map(|label| pair(label).map(|(key, value)| (key.to_owned(), json!(value))));
    let labels: Map<String, Value> = labels.collect::<Result<_, _>>()?;
    let kind = if arguments.counter { "counter" } else { "gauge" };
    // As text: JSON has neither infinities nor NaN.
    let mut metric = json!({ "name": name, "value": number.to_string(), "type": kind, "labels": labels });
    for (key, text) in [("unit", &arguments.unit), ("help", &arguments.description)] {
        if let Some(text) = text {
            metric[key] = json!(text);
        }
    }
    Ok(metric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{Command, parse};

    fn pushed(arguments: &[&str]) -> Result<Value, CommandError> {
        let all = ["spanlake", "push"].iter().chain(arguments).map(std::ffi::OsString::from);
        match parse(all).unwrap().command {
            Command::Push(arguments) => metric(&arguments),
            _ => panic!("push is push"),
        }
    }

    #[test]
    fn arguments_become_one_metric() {
        let metric = pushed(&["disk_free=1.5e9", "host=a b", "path=/x=y", "--unit", "bytes"]).unwrap();
        let labels = json!({"host": "a b", "path": "/x=y"});
        assert_eq!(
            metric,
            json!({"name": "disk_free", "value": "1500000000", "type": "gauge", "labels": labels, "unit": "bytes"})
        );
        assert_eq!(pushed(&["n=1", "--counter"]).unwrap()["type"], "counter");
        for wrong in [&["n"][..], &["=1"], &["n=x"], &["n=1", "label"]] {
            assert_eq!(pushed(wrong).unwrap_err().exit, EXIT_USAGE, "{wrong:?}");
        }
    }
}
