//! Rows of SQL and of PromQL at a moment, and rows over time as lines.
//!
//! Pure. Which column is the time and which are numbers is told by their types, as on the page.

use chrono::DateTime;
use serde_json::Value;

use super::Range;
use super::answers::{Line, Lines};

/// What a column holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Role {
    Time,
    Duration,
    Number,
    #[default]
    Text,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) role: Role,
    /// Of its numbers, where they are not in the panel's.
    pub(super) unit: Option<String>,
}

impl Column {
    pub(super) fn new(name: String, role: Role) -> Self {
        Self { name, role, unit: None }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) columns: Vec<Column>,
    pub(super) cells: Vec<Vec<Value>>,
}

fn role(name: &str, kind: &str) -> Role {
    let is_number = ["Int", "UInt", "Float", "Decimal"].iter().any(|of| kind.starts_with(of));
    match name.to_ascii_lowercase() {
        _ if kind.starts_with("Timestamp") || kind.starts_with("Date") => Role::Time,
        name if is_number && (name == "duration" || name.ends_with("_duration") || name.ends_with("duration_ns")) => {
            Role::Duration
        }
        _ if is_number => Role::Number,
        _ => Role::Text,
    }
}

/// A cell as text.
pub(super) fn cell_text(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Numbers beyond 2^53 are texts in JSON.
pub(super) fn cell_number(cell: &Value) -> Option<f64> {
    cell.as_f64().or_else(|| cell.as_str()?.parse().ok()).filter(|value: &f64| value.is_finite())
}

impl Rows {
    /// Of the answer of `POST /api/sql`.
    pub(super) fn of(answer: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let column = |column: &Value| {
            let name = text(&column["name"]);
            let role = role(&name, &text(&column["type"]));
            Column::new(name, role)
        };
        let rows = answer["rows"].as_array().into_iter().flatten();
        Self {
            columns: answer["columns"].as_array().into_iter().flatten().map(column).collect(),
            cells: rows.map(|row| row.as_array().cloned().unwrap_or_default()).collect(),
        }
    }

    pub(super) fn places(&self, of: Role) -> Vec<usize> {
        (0..self.columns.len()).filter(|place| self.columns[*place].role == of).collect()
    }
}

fn seconds_of(cell: &Value) -> Option<f64> {
    let text = cell.as_str()?;
    let read = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc3339(&format!("{text}Z")));
    Some(read.ok()?.timestamp_millis() as f64 / 1000.0)
}

/// A time column, numbers, and texts that tell series apart; durations become seconds.
pub(super) fn lines_of_rows(rows: &Rows, range: Range, step_ms: i64, per_second: bool, zero: bool) -> Lines {
    let Some(time) = rows.places(Role::Time).first().copied() else { return Lines::default() };
    let numbers: Vec<usize> = (0..rows.columns.len())
        .filter(|place| matches!(rows.columns[*place].role, Role::Number | Role::Duration))
        .collect();
    let texts = rows.places(Role::Text);
    let mut seconds: Vec<f64> = rows.cells.iter().filter_map(|row| seconds_of(&row[time])).collect();
    if seconds.is_empty() {
        return Lines::default();
    }
    let step = step_ms as f64 / 1000.0;
    let is_on_grid = seconds.iter().all(|at| (at / step).fract().abs() < 1e-6);
    if is_on_grid {
        let first = range.start_ms.div_euclid(step_ms) * step_ms;
        seconds.extend((0..(range.end_ms - first) / step_ms).map(|place| (first + place * step_ms) as f64 / 1000.0));
    }
    seconds.sort_by(f64::total_cmp);
    seconds.dedup();
    let empty = if per_second || zero { Some(0.0) } else { None };
    let mut lines: Vec<Line> = Vec::new();
    for row in &rows.cells {
        let place = seconds_of(&row[time]).and_then(|at| seconds.binary_search_by(|known| known.total_cmp(&at)).ok());
        let Some(place) = place else { continue };
        let words: Vec<String> = texts.iter().map(|column| cell_text(&row[*column])).collect();
        for column in &numbers {
            let Column { name: column_name, role, .. } = &rows.columns[*column];
            let mut parts = words.clone();
            if numbers.len() > 1 || parts.is_empty() {
                parts.push(column_name.clone());
            }
            let name = parts.join(" · ");
            let at = lines.iter().position(|line| line.name == name).unwrap_or_else(|| {
                lines.push(Line { name, values: vec![empty; seconds.len()] });
                lines.len() - 1
            });
            let scale = match role {
                Role::Duration => 1e-9,
                _ if per_second => 1.0 / step,
                _ => 1.0,
            };
            lines[at].values[place] = cell_number(&row[*column]).map(|value| value * scale);
        }
    }
    Lines { seconds, lines }
}
