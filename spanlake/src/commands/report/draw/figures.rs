//! Single figures, gauges, bars and runs of states.

use std::fmt::Write;

use super::super::answers::{Line, Lines};
use super::super::document::Panel;
use super::super::rows::{Role, Rows, cell_number, cell_text};
use super::super::units;
use super::{colour_of, escaped, nothing};

const FIGURES_MAX: usize = 24;
const BARS_MAX: usize = 40;
const STATE_ROW_PX: f64 = 26.0;

fn reduced(panel: &Panel, line: &Line) -> Option<f64> {
    let values = || line.values.iter().flatten().copied();
    let count = values().count();
    if count == 0 {
        return None;
    }
    Some(match panel.reduce.as_str() {
        "mean" => values().sum::<f64>() / count as f64,
        "most" => values().fold(f64::MIN, f64::max),
        "least" => values().fold(f64::MAX, f64::min),
        "sum" => values().sum(),
        _ => values().last()?,
    })
}

fn written(panel: &Panel, value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) => panel.mapped(value).map_or_else(|| units::write(value, &panel.unit), str::to_owned),
    }
}

pub(super) fn stats(panel: &Panel, lines: &Lines) -> String {
    let mut out = "<div class=\"figures\">".to_owned();
    for line in lines.lines.iter().take(FIGURES_MAX) {
        let value = reduced(panel, line);
        let colour = value.and_then(|value| panel.threshold(value)).unwrap_or("inherit");
        let name = if lines.lines.len() > 1 { escaped(&line.name) } else { String::new() };
        let _ = write!(
            out,
            "<div><strong style=\"color:{colour}\">{}</strong><span>{name}</span></div>",
            escaped(&written(panel, value))
        );
    }
    out.push_str("</div>");
    out
}

pub(super) fn gauges(panel: &Panel, lines: &Lines) -> String {
    let mut out = "<div class=\"figures\">".to_owned();
    let low = panel.min.unwrap_or(0.0);
    for line in lines.lines.iter().take(FIGURES_MAX) {
        let value = reduced(panel, line);
        let own = match panel.unit.as_str() {
            "ratio" => 1.0,
            "%" => 100.0,
            _ => value.unwrap_or(1.0).abs() * 1.25,
        };
        let high = panel.max.unwrap_or(own);
        let share = value.map_or(0.0, |value| ((value - low) / (high - low).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0));
        // A half circle of radius 50 has a length of 157.
        let arc = "M 10 60 A 50 50 0 0 1 110 60";
        let colour = value.and_then(|value| panel.threshold(value)).unwrap_or("#3b7dd8");
        let name = if lines.lines.len() > 1 { escaped(&line.name) } else { String::new() };
        let _ = write!(
            out,
            "<div><svg viewBox=\"0 0 120 70\" width=\"150\" role=\"img\" aria-label=\"{0}\"><path d=\"{arc}\" class=\"rest\"/>\
             <path d=\"{arc}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"12\" stroke-dasharray=\"{1:.1} 200\"/>\
             <text x=\"60\" y=\"60\" text-anchor=\"middle\" class=\"figure\">{0}</text></svg><span>{name}</span></div>",
            escaped(&written(panel, value)),
            share * 157.0,
        );
    }
    out.push_str("</div>");
    out
}

pub(super) fn bars(panel: &Panel, rows: &Rows, width: f64) -> String {
    let Some(column) = rows.columns.iter().position(|column| matches!(column.role, Role::Number | Role::Duration))
    else {
        return nothing();
    };
    let scale = if rows.columns[column].role == Role::Duration { 1e-9 } else { 1.0 };
    let texts = rows.places(Role::Text);
    let name = |row: &[serde_json::Value]| {
        let words: Vec<String> =
            texts.iter().map(|place| cell_text(&row[*place])).filter(|word| !word.is_empty()).collect();
        words.join(" · ")
    };
    let mut all: Vec<(String, f64)> =
        rows.cells.iter().filter_map(|row| Some((name(row), cell_number(&row[column])? * scale))).collect();
    all.sort_by(|left, right| right.1.total_cmp(&left.1));
    let most = all.iter().map(|(_, value)| value.abs()).fold(f64::MIN_POSITIVE, f64::max);
    if all.is_empty() {
        return nothing();
    }
    let mut out = "<table class=\"bars\">".to_owned();
    for (name, value) in all.iter().take(BARS_MAX) {
        let colour = panel.threshold(*value).unwrap_or("#3b7dd8");
        let _ = write!(
            out,
            "<tr><td>{}</td><td><svg width=\"{1:.0}\" height=\"12\" role=\"presentation\"><rect width=\"{1:.0}\" height=\"12\" fill=\"{colour}\"/></svg></td><td class=\"number\">{2}</td></tr>",
            escaped(name),
            (value.abs() / most * width * 0.45).max(1.0),
            escaped(&written(panel, Some(*value)))
        );
    }
    out.push_str("</table>");
    out
}

pub(super) fn states(panel: &Panel, lines: &Lines, width: f64) -> String {
    let shown = &lines.lines[..lines.lines.len().min(FIGURES_MAX)];
    let (left, height) = (160.0, shown.len() as f64 * STATE_ROW_PX);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width:.0} {height:.0}\" width=\"100%\" role=\"img\" aria-label=\"{}\">",
        escaped(&panel.title)
    );
    let step = (width - left - 6.0) / lines.seconds.len().max(1) as f64;
    for (row, line) in shown.iter().enumerate() {
        let top = row as f64 * STATE_ROW_PX;
        let short: String = line.name.chars().take(24).collect();
        let _ = write!(svg, "<text x=\"0\" y=\"{:.1}\">{}</text>", top + 16.0, escaped(&short));
        let mut from = 0;
        while from < line.values.len() {
            let state = |place: usize| line.values[place].map(|value| state_of(panel, value));
            let mut to = from + 1;
            while to < line.values.len() && state(to) == state(from) {
                to += 1;
            }
            if let Some(value) = line.values[from] {
                let (x, length) = (left + from as f64 * step, (to - from) as f64 * step);
                let colour = panel.threshold(value).unwrap_or_else(|| colour_of(value.abs() as usize));
                let word = if length > 46.0 { escaped(&written(panel, Some(value))) } else { String::new() };
                let _ = write!(
                    svg,
                    "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{length:.1}\" height=\"{:.0}\" fill=\"{colour}\"/><text class=\"on\" x=\"{:.1}\" y=\"{:.1}\">{word}</text>",
                    STATE_ROW_PX - 4.0,
                    x + 4.0,
                    top + 15.0
                );
            }
            from = to;
        }
    }
    svg.push_str("</svg>");
    svg
}

/// Values between two thresholds are one state.
fn state_of(panel: &Panel, value: f64) -> u64 {
    if panel.thresholds.is_empty() {
        return value.to_bits();
    }
    panel.thresholds.iter().filter(|one| value >= one.value).count() as u64
}
