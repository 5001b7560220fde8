//! Rows, traces, and the small Markdown of texts.

use std::fmt::Write;

use serde_json::Value;

use super::super::document::Panel;
use super::super::rows::{Role, Rows, cell_number, cell_text};
use super::super::units;
use super::{escaped, nothing};

const ROWS_MAX: usize = 100;
const CELL_LETTERS_MAX: usize = 300;

fn cut(text: &str) -> String {
    match text.char_indices().nth(CELL_LETTERS_MAX) {
        Some((at, _)) => format!("{}…", escaped(&text[..at])),
        None => escaped(text),
    }
}

pub(super) fn rows(panel: &Panel, rows: &Rows) -> String {
    if rows.cells.is_empty() {
        return nothing();
    }
    let mut out = "<table><tr>".to_owned();
    for column in &rows.columns {
        let class = if matches!(column.role, Role::Number | Role::Duration) { " class=\"number\"" } else { "" };
        let _ = write!(out, "<th{class}>{}</th>", escaped(&column.name));
    }
    out.push_str("</tr>");
    for row in rows.cells.iter().take(ROWS_MAX) {
        out.push_str("<tr>");
        for (column, cell) in rows.columns.iter().zip(row) {
            let _ = match (column.role, cell_number(cell)) {
                (Role::Duration, Some(value)) => {
                    write!(out, "<td class=\"number\">{}</td>", units::write(value * 1e-9, "s"))
                }
                (Role::Number, Some(value)) => {
                    let text = panel.mapped(value).map_or_else(
                        || units::write(value, column.unit.as_deref().unwrap_or(&panel.unit)),
                        str::to_owned,
                    );
                    write!(out, "<td class=\"number\">{}</td>", escaped(&text))
                }
                _ => write!(out, "<td>{}</td>", cut(&cell_text(cell))),
            };
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>");
    if rows.cells.len() > ROWS_MAX {
        let _ = write!(out, "<p class=\"muted\">and {} more rows</p>", rows.cells.len() - ROWS_MAX);
    }
    out
}

pub(super) fn traces(traces: &[Value]) -> String {
    if traces.is_empty() {
        return nothing();
    }
    let mut out = "<table><tr><th>trace</th><th>service</th><th>operation</th><th class=\"number\">duration</th>\
                   <th class=\"number\">spans</th><th class=\"number\">errors</th></tr>"
        .to_owned();
    for trace in traces {
        let text = |name: &str| cut(trace[name].as_str().unwrap_or_default());
        let duration = cell_number(&trace["duration"]).map(|nanos| units::write(nanos * 1e-9, "s")).unwrap_or_default();
        let _ = write!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td class=\"number\">{duration}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            text("trace_id"),
            text("root_service"),
            text("root_name"),
            trace["span_count"].as_u64().unwrap_or(0),
            trace["error_count"].as_u64().unwrap_or(0)
        );
    }
    out.push_str("</table>");
    out
}

/// Headings, lists and paragraphs; everything in them stays as it is written.
pub(super) fn text(text: &str) -> String {
    let mut out = String::new();
    let mut is_list = false;
    for line in text.lines() {
        let line = line.trim();
        let item = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
        if item.is_none() && is_list {
            out.push_str("</ul>");
        }
        if item.is_some() && !is_list {
            out.push_str("<ul>");
        }
        is_list = item.is_some();
        let heading = line.trim_start_matches('#');
        let _ = match item {
            Some(item) => write!(out, "<li>{}</li>", escaped(item)),
            None if heading.len() < line.len() && heading.starts_with(' ') => {
                write!(out, "<h4>{}</h4>", escaped(heading.trim()))
            }
            None if line.is_empty() => Ok(()),
            None => write!(out, "<p>{}</p>", escaped(line)),
        };
    }
    if is_list {
        out.push_str("</ul>");
    }
    out
}
