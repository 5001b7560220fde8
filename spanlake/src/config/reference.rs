//! The documentation of the settings, made from their table.

use std::fmt::Write;

use super::forms::describe;
use super::settings::{SETTINGS, Setting};

const INTRODUCTION: &str = "\
<!-- Made from spanlake/src/config/settings.rs by `spanlake check-config --reference`. Do not edit. -->
# Configuration

Nothing has to be configured. Every setting has a default, can stand in one YAML file (`--config FILE`, or `SPANLAKE_CONFIG`),
and can be overridden by an environment variable; the ones one changes by hand have a flag of `spanlake serve` as well.
A flag wins over the environment, the environment over the file, the file over the default.

In the file, keys are nested or dotted. Sizes are written `64MiB` or `20GB` (a bare number is bytes), durations `150ms`, `30s`, `5m`, `1h`.
A key or value that is wrong is said in one sentence, with file and line, before any port opens; the exit code is 64.

`spanlake check-config` says what is in force and where each value comes from. `spanlake check-config --example` prints a file with
everything in it.
";

/// The page `docs/configuration.md`.
#[must_use]
pub fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    let mut group = None;
    for setting in SETTINGS {
        if group != Some(setting.group()) {
            group = Some(setting.group());
            let title = heading(setting.group());
            let _ =
                write!(page, "\n## {title}\n\n| key | default | what it is | variable, flag |\n|---|---|---|---|\n");
        }
        let default = if setting.default.is_empty() { "none".to_owned() } else { format!("`{}`", setting.default) };
        let flag = setting.flag.map_or_else(String::new, |flag| format!(", `{flag}`"));
        let (key, doc, form, variable) = (setting.key, setting.doc, form(setting), setting.variable());
        let _ = writeln!(page, "| `{key}` | {default} | {doc} ({form}) | `{variable}`{flag} |");
    }
    page
}

/// A configuration file with every setting at its default.
#[must_use]
pub fn example() -> String {
    let mut file = "# Every setting of Spanlake with its default. Only what differs needs to be here.\n\n".to_owned();
    let mut group = "";
    for setting in SETTINGS {
        if group != setting.group() {
            group = setting.group();
            file.push('\n');
            if !group.is_empty() {
                let _ = writeln!(file, "{group}:");
            }
        }
        let (indent, name) = match setting.key.split_once('.') {
            Some((_, name)) => ("  ", name),
            None => ("", setting.key),
        };
        for line in wrap(&format!("{} ({})", setting.doc, form(setting)), 110 - indent.len()) {
            let _ = writeln!(file, "{indent}# {line}");
        }
        let _ = writeln!(file, "{indent}{name}: {}", yaml(setting));
    }
    file
}

fn heading(group: &str) -> &'static str {
    match group {
        "receiver" => "Receiver",
        "log" => "Write-ahead log",
        "hot" => "Hot tier",
        "cold" => "Cold tier",
        "sampling" => "Sampling",
        "metrics" => "Metrics",
        "retention" => "Retention",
        "query" => "Queries",
        "self_telemetry" => "The server's own telemetry",
        _ => "Server",
    }
}

fn form(setting: &Setting) -> String {
    let range = setting.range.map_or_else(String::new, |(least, most)| format!(", {least} to {most}"));
    format!("{}{range}", describe(setting.form))
}

fn yaml(setting: &Setting) -> String {
    match setting.form {
        "words" | "rule_files" | "mysql_sources" | "options" | "sampling_rules" => {
            let words: Vec<String> = setting
                .default
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .map(|word| format!("{word:?}"))
                .collect();
            format!("[{}]", words.join(", "))
        }
        "service_durations" | "sampling_door" | "sampling_head" if setting.default.is_empty() => "{}".to_owned(),
        _ if setting.default.is_empty() => "\"\"".to_owned(),
        _ => setting.default.to_owned(),
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
