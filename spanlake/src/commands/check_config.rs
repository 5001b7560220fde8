//! `check-config`: says that a configuration is right and what is in force, or what is wrong.

use std::ffi::OsString;
use std::io::Write;

use super::{CheckConfigArguments, CommandError};
use crate::config::{self, EXIT_USAGE, Flags, Loaded};

pub(super) fn run(
    arguments: &CheckConfigArguments,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    if arguments.example {
        return Ok(out.write_all(config::example().as_bytes())?);
    }
    if arguments.reference {
        return Ok(out.write_all(config::page().as_bytes())?);
    }
    let flags = Flags { file: arguments.config.clone(), values: Vec::new() };
    let loaded = Loaded::from(&flags, environment).map_err(|error| CommandError::new(EXIT_USAGE, error.to_string()))?;
    let lines = loaded.effective();
    let key_width = lines.iter().map(|(key, _, _)| key.len()).max().unwrap_or(0);
    let value_width =
        lines.iter().map(|(_, value, _)| value.chars().count()).filter(|width| *width <= 40).max().unwrap_or(0);
    writeln!(out, "The configuration is right. In force:")?;
    for (key, value, origin) in lines {
        let value = if value.is_empty() { "-".to_owned() } else { super::terminal::clean(&value) };
        writeln!(out, "  {key:key_width$}  {value:value_width$}  {origin}")?;
    }
    for warning in loaded.config.rule_files.warnings(&()) {
        writeln!(out, "warning: {}", super::terminal::clean(&warning))?;
    }
    Ok(())
}
