//! `trace`: one trace as a waterfall in the terminal.
//!
//! Owns the request and the reading of its answer; `schemas/trace_tree` orders the spans, `waterfall` paints them.

mod answer;
mod bar;
mod waterfall;

use std::io::{BufReader, BufWriter, Read, Write};

use spanlake_schemas::ids::TraceId;

use super::client::{ANSWER_BYTES_MAX, Client, Failure};
use super::terminal::Terminal;
use super::{CommandError, EXIT_FAILURE, TraceArguments};
use crate::config::EXIT_USAGE;

pub(super) use answer::TraceAnswer;
pub(super) use waterfall::{View, draw};

pub(super) fn run(arguments: &TraceArguments) -> Result<(), CommandError> {
    let id = TraceId::parse_any(&arguments.trace_id)
        .map_err(|error| CommandError::new(EXIT_USAGE, super::terminal::clean(&error.to_string())))?;
    let id = spanlake_schemas::ids::to_hex(&id.0);
    let client = Client::new(&arguments.server)?;
    let response = match client.get(&format!("/api/traces/{id}")) {
        Ok(response) => response,
        Err(Failure::Api { status: 404, .. }) => {
            return Err(CommandError::new(EXIT_FAILURE, format!("there is no trace {id}")));
        }
        Err(failure) => return Err(failure.into()),
    };
    let reader = BufReader::new(response.into_body().into_reader().take(ANSWER_BYTES_MAX));
    let answer: TraceAnswer = serde_json::from_reader(reader).map_err(|error| {
        CommandError::new(EXIT_FAILURE, format!("the server's answer is cut short or unknown: {error}"))
    })?;
    let terminal = Terminal::of_stdout();
    let view = View {
        width: arguments.width.map_or_else(|| terminal.width_or_default(), usize::from),
        colours: terminal.colours && !arguments.no_color,
        logs: arguments.logs,
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    draw(&answer, view, &mut out)?;
    Ok(out.flush()?)
}
