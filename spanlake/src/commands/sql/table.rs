//! Rows as a table that fits the terminal; where there are more columns than fit, as a record a row.

use std::fmt::Write;

use serde_json::Value;

use super::super::terminal::{Style, Terminal, clean, columns, cut, padding, paint};
use super::SqlAnswer;

/// A column is never cut narrower than this; a table that would need it becomes records.
const COLUMN_MIN: usize = 6;
/// Between two columns.
const RULE: &str = " │ ";

struct Cell {
    text: String,
    style: Style,
}

struct Table {
    heads: Vec<String>,
    to_the_right: Vec<bool>,
    rows: Vec<Vec<Cell>>,
}

/// The whole output, with a line that counts at its end.
pub(in super::super) fn draw(answer: &SqlAnswer, terminal: Terminal) -> String {
    let table = Table::of(answer);
    let widths = table.widths(terminal.width);
    let mut out = String::new();
    match widths {
        _ if table.heads.is_empty() => {}
        Some(widths) => table.draw_rows(&mut out, &widths, terminal.colours),
        None => table.draw_records(&mut out, terminal),
    }
    let _ = writeln!(out, "{}", paint(&count_line(answer), Style::Dim, terminal.colours));
    out
}

impl Table {
    fn of(answer: &SqlAnswer) -> Self {
        let is_number = |kind: &str| ["Int", "UInt", "Float", "Decimal"].iter().any(|prefix| kind.starts_with(prefix));
        Self {
            heads: answer.columns.iter().map(|column| clean(&column.name)).collect(),
            to_the_right: answer.columns.iter().map(|column| is_number(&column.kind)).collect(),
            rows: answer.rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
        }
    }

    /// Columns of each column; `None` where they do not fit.
    fn widths(&self, available: Option<usize>) -> Option<Vec<usize>> {
        let mut widths: Vec<usize> = self.heads.iter().map(|head| columns(head)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(columns(&cell.text));
            }
        }
        let Some(available) = available else { return Some(widths) };
        let available = available.saturating_sub(widths.len().saturating_sub(1) * columns(RULE));
        let taken_at = |most: usize| widths.iter().map(|width| (*width).min(most)).sum::<usize>();
        let widest = widths.iter().copied().max().unwrap_or(0);
        let most = (COLUMN_MIN..=widest.max(COLUMN_MIN)).rev().find(|most| taken_at(*most) <= available)?;
        Some(widths.into_iter().map(|width| width.min(most)).collect())
    }

    fn draw_rows(&self, out: &mut String, widths: &[usize], colours: bool) {
        let heads: Vec<Cell> = self.heads.iter().map(|head| Cell { text: head.clone(), style: Style::Bold }).collect();
        self.draw_row(out, &heads, widths, colours);
        let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        let _ = writeln!(out, "{}", paint(&rules.join("─┼─"), Style::Dim, colours));
        for row in &self.rows {
            self.draw_row(out, row, widths, colours);
        }
    }

    fn draw_row(&self, out: &mut String, row: &[Cell], widths: &[usize], colours: bool) {
        let mut line = String::new();
        for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
            let text = cut(&cell.text, *width);
            let space = padding(&text, *width);
            let painted = paint(&text, cell.style, colours);
            if index > 0 {
                line.push_str(&paint(RULE, Style::Dim, colours));
            }
            let to_the_right = self.to_the_right.get(index).copied().unwrap_or(false);
            line = if to_the_right { line + &space + &painted } else { line + &painted + &space };
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }

    fn draw_records(&self, out: &mut String, terminal: Terminal) {
        let width = self.heads.iter().map(|head| columns(head)).max().unwrap_or(0);
        let rest = terminal.width_or_default().saturating_sub(width + columns(RULE)).max(COLUMN_MIN);
        for (number, row) in self.rows.iter().enumerate() {
            let _ = writeln!(out, "{}", paint(&format!("── row {} ──", number + 1), Style::Dim, terminal.colours));
            for (head, cell) in self.heads.iter().zip(row) {
                let value = paint(&cut(&cell.text, rest), cell.style, terminal.colours);
                let name = paint(head, Style::Bold, terminal.colours);
                let _ = writeln!(out, "{name}{}{RULE}{value}", padding(head, width));
            }
        }
    }
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell { text: "NULL".to_owned(), style: Style::Dim },
        Value::String(text) => Cell { text: clean(text), style: Style::Plain },
        other => Cell { text: clean(&other.to_string()), style: Style::Plain },
    }
}

fn count_line(answer: &SqlAnswer) -> String {
    let rows = answer.rows.len();
    let noun = if rows == 1 { "row" } else { "rows" };
    let more = if answer.stats.truncated { ", there are more: see --limit" } else { "" };
    let time = answer.stats.elapsed_ms.map_or_else(String::new, |elapsed| format!(", {elapsed:.1} ms"));
    format!("({rows} {noun}{more}{time})")
}
