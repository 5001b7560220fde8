//! `sql`: one statement, its rows as a table, or the server's own JSON or CSV.

mod table;

use std::io::{BufReader, Read, Write};

use serde::Deserialize;
use serde_json::{Value, json};

pub(super) use table::draw;

use super::client::{ANSWER_BYTES_MAX, ApiError, Client, Failure};
use super::terminal::{self, Terminal};
use super::{CommandError, EXIT_FAILURE, Format, SqlArguments};
use crate::config::EXIT_USAGE;

const TABLE_ROWS: u64 = 1000;
const STATEMENT_BYTES_MAX: u64 = 1 << 20;

/// The JSON answer of `POST /api/sql`.
#[derive(Debug, Deserialize)]
pub(super) struct SqlAnswer {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Value>>,
    #[serde(default)]
    pub(super) stats: Stats,
}

#[derive(Debug, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    #[serde(rename = "type", default)]
    pub(super) kind: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Stats {
    #[serde(default)]
    pub(super) truncated: bool,
    pub(super) elapsed_ms: Option<f64>,
}

pub(super) fn run(arguments: &SqlArguments) -> Result<(), CommandError> {
    let statement = statement(&arguments.query)?;
    let client = Client::new(&arguments.server)?;
    let format = if arguments.format == Format::Csv { "csv" } else { "json" };
    let mut request = json!({ "query": statement, "format": format });
    let limit = arguments.limit.or((arguments.format == Format::Table).then_some(TABLE_ROWS));
    if let Some(limit) = limit {
        request["limit"] = limit.into();
    }
    let response = match client.post("/api/sql", &request) {
        Ok(response) => response,
        Err(Failure::Api { error, .. }) if error.line.is_some() => return Err(pointed(&error, &statement)),
        Err(failure) => return Err(failure.into()),
    };
    let reader = response.into_body().into_reader();
    let mut out = std::io::stdout().lock();
    if arguments.format == Format::Table {
        let answer: SqlAnswer =
            serde_json::from_reader(BufReader::new(reader.take(ANSWER_BYTES_MAX))).map_err(|error| {
                CommandError::new(EXIT_FAILURE, format!("the server's answer is cut short or unknown: {error}"))
            })?;
        out.write_all(draw(&answer, Terminal::of_stdout()).as_bytes())?;
    } else {
        let copied = std::io::copy(&mut BufReader::new(reader), &mut out)?;
        if arguments.format == Format::Json && copied > 0 {
            out.write_all(b"\n")?;
        }
    }
    Ok(out.flush()?)
}

fn statement(query: &str) -> Result<String, CommandError> {
    let unreadable = |error| CommandError::new(EXIT_USAGE, format!("standard input cannot be read: {error}"));
    let mut statement = query.to_owned();
    if query == "-" {
        statement.clear();
        std::io::stdin().take(STATEMENT_BYTES_MAX).read_to_string(&mut statement).map_err(unreadable)?;
    }
    if statement.trim().is_empty() {
        return Err(CommandError::new(EXIT_USAGE, "the statement is empty"));
    }
    Ok(statement)
}

/// The message with the line it is about and a caret under the place.
pub(super) fn pointed(error: &ApiError, statement: &str) -> CommandError {
    let mut message = terminal::clean(&error.message);
    let number = error.line.unwrap_or(1);
    if let Some(line) = statement.lines().nth(number.saturating_sub(1)) {
        let before: String = line.chars().take(error.column.unwrap_or(1).saturating_sub(1)).collect();
        let spaces = " ".repeat(terminal::columns(&terminal::clean(&before)));
        let margin = " ".repeat(number.to_string().len());
        message = format!("{message}\n {number} | {}\n {margin} | {spaces}^", terminal::clean(line));
    }
    if let Some(hint) = &error.hint {
        message = format!("{message}\nhint: {}", terminal::clean(hint));
    }
    CommandError::new(EXIT_FAILURE, message)
}
