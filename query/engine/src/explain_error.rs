//! From DataFusion's errors to ours: what, where in the statement, and what may have been meant.
//!
//! Owns the wording. Never decides a status.

use datafusion::common::{Column, DataFusionError, SchemaError};

use crate::{EngineError, Position};

/// What a person can do something with.
pub(crate) fn explain(error: &DataFusionError) -> EngineError {
    let root = root(error);
    match root {
        DataFusionError::ResourcesExhausted(message) => EngineError::OutOfMemory { message: first_line(message) },
        DataFusionError::IoError(_)
        | DataFusionError::ObjectStore(_)
        | DataFusionError::ParquetError(_)
        | DataFusionError::Internal(_)
        | DataFusionError::ExecutionJoin(_)
        | DataFusionError::External(_) => EngineError::Failed { message: first_line(&root.to_string()) },
        DataFusionError::NotImplemented(message) => EngineError::Unsupported { message: first_line(message) },
        _ => {
            let (message, hint) = message_and_hint(root);
            let position = position(error, &message);
            EngineError::InvalidQuery { position, message: plain_words(&without_place(&message)), hint }
        }
    }
}

/// Through wrappers and collections to the error that says what happened.
fn root(error: &DataFusionError) -> &DataFusionError {
    match error {
        DataFusionError::Diagnostic(_, inner) | DataFusionError::Context(_, inner) => root(inner),
        DataFusionError::Shared(inner) => root(inner),
        DataFusionError::Collection(all) => all.first().map_or(error, root),
        other => {
            let found = other.find_root();
            if std::ptr::eq(found, other) { other } else { root(found) }
        }
    }
}

fn message_and_hint(root: &DataFusionError) -> (String, Option<String>) {
    match root {
        DataFusionError::SchemaError(schema, _) => schema_error(schema),
        DataFusionError::SQL(error, _) => (error.to_string().replace("sql parser error: ", ""), None),
        DataFusionError::ArrowError(error, _) => (error.to_string(), None),
        other => plan_error(other.message().as_ref()),
    }
}

fn schema_error(error: &SchemaError) -> (String, Option<String>) {
    let SchemaError::FieldNotFound { field, valid_fields } = error else { return (error.to_string(), None) };
    let near = nearest(&field.name, valid_fields.iter().map(|column: &Column| column.name.as_str()));
    let hint = near.map(|name| format!("did you mean {name}?"));
    (format!("there is no column {}", field.flat_name()), hint)
}

/// DataFusion says what is near a function in the message itself, after "Did you mean".
fn plan_error(message: &str) -> (String, Option<String>) {
    if let Some((what, near)) = message.split_once("Did you mean ") {
        let what = what.trim_end().trim_end_matches(['.', '\n']);
        let near = first_line(near);
        return (
            first_line(what),
            Some(format!("did you mean {}?", near.trim_end_matches(['?', '.']).trim_matches('\''))),
        );
    }
    let message = &first_line(message);
    let Some(rest) = message.strip_prefix("table '") else { return (message.to_owned(), None) };
    let Some(full) = rest.strip_suffix("' not found") else { return (message.to_owned(), None) };
    let name = full.rsplit('.').next().unwrap_or(full);
    let tables = crate::logical::table_names();
    let near = nearest(name, tables.iter().map(String::as_str));
    (format!("there is no table {name}"), near.map(|near| format!("did you mean {near}?")))
}

/// The name with the fewest edits, where that are few.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, near) =
        names.map(|other| (strsim::osa_distance(name, other), other)).min_by_key(|(distance, _)| *distance)?;
    (distance <= (name.len() / 3).max(1)).then_some(near)
}

fn position(error: &DataFusionError, message: &str) -> Option<Position> {
    span_of(error).or_else(|| written_place(message))
}

fn span_of(error: &DataFusionError) -> Option<Position> {
    match error {
        DataFusionError::Diagnostic(diagnostic, inner) => match diagnostic.span {
            Some(span) => Some(Position { line: span.start.line, column: span.start.column }),
            None => span_of(inner),
        },
        DataFusionError::Context(_, inner) => span_of(inner),
        DataFusionError::Shared(inner) => span_of(inner),
        DataFusionError::Collection(all) => all.iter().find_map(span_of),
        _ => None,
    }
}

const PLACE: &str = " at Line: ";

/// The parser writes "… at Line: 1, Column: 8" into its message.
fn written_place(message: &str) -> Option<Position> {
    let (_, place) = message.rsplit_once(PLACE)?;
    let (line, column) = place.split_once(", Column: ")?;
    let digits: String = column.chars().take_while(char::is_ascii_digit).collect();
    Some(Position { line: line.parse().ok()?, column: digits.parse().ok()? })
}

fn without_place(message: &str) -> String {
    message.rsplit_once(PLACE).map_or(message, |(before, _)| before).trim_end().to_owned()
}

/// Types as clients see them.
fn plain_words(message: &str) -> String {
    message.replace("Utf8View", "Utf8").replace("BinaryView", "Binary")
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().trim().to_owned()
}
