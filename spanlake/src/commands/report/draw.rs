//! Panels as HTML and SVG.
//!
//! Pure. Every text of a dashboard or an answer goes through [`escaped`]; nothing else is put into markup but numbers. No
//! scripts, no links to pictures, no fonts of elsewhere.

mod chart;
mod figures;
pub(super) mod map;
pub(super) mod spread;
mod tables;

use super::Range;
use super::answers::{Answer, Lines};
use super::document::Panel;

/// Pixels of a column of the grid, and of a row.
pub(super) const COLUMN_PX: f64 = 50.0;
pub(super) const ROW_PX: f64 = 38.0;
const COLOURS: [&str; 12] = [
    "#3b7dd8", "#e08a1e", "#2c9c69", "#c0508f", "#7a63c9", "#8c8d2b", "#2a9fb5", "#d1584f", "#5f7a94", "#a86a3d",
    "#4f9e3f", "#9a5cb4",
];

/// A text as markup cannot be mistaken by it.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Neither XML nor a reader has a use for these.
            letter if letter.is_control() && letter != '\n' && letter != '\t' => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

/// A colour for the line at this place.
pub(super) fn colour_of(place: usize) -> &'static str {
    COLOURS[place % COLOURS.len()]
}

/// Why a panel is not drawn.
pub(super) fn problem(message: &str) -> String {
    format!("<p class=\"problem\"><b>This panel could not be drawn.</b> {}</p>", escaped(message))
}

fn nothing() -> String {
    "<p class=\"muted\">No data in this time.</p>".to_owned()
}

/// What a panel shows.
pub(super) fn panel(panel: &Panel, answer: &Answer, range: Range) -> String {
    let (width, height) = (f64::from(panel.w) * COLUMN_PX - 24.0, f64::from(panel.h) * ROW_PX - 48.0);
    match (panel.kind.as_str(), answer) {
        ("row", _) => String::new(),
        ("text", _) => tables::text(&panel.text),
        (_, Answer::Traces(traces)) => tables::traces(traces),
        ("bar", Answer::Rows(rows)) => figures::bars(panel, rows, width),
        (_, Answer::Rows(rows)) => tables::rows(panel, rows),
        (_, Answer::Map(map)) if map.nodes.is_empty() => nothing(),
        (_, Answer::Map(map)) => map::picture(map, panel, width),
        (_, Answer::Buckets(buckets)) if buckets.cells.is_empty() => nothing(),
        ("histogram", Answer::Buckets(buckets)) => {
            spread::histogram(&spread::bins_of_buckets(buckets), panel, width, height)
        }
        (_, Answer::Buckets(buckets)) => chart::heatmap(buckets, panel, width, height),
        (_, Answer::Lines(Lines { lines, .. })) if lines.is_empty() => nothing(),
        ("histogram", Answer::Lines(lines)) => spread::histogram(&spread::bins_of_values(lines), panel, width, height),
        ("stat", Answer::Lines(lines)) => figures::stats(panel, lines),
        ("gauge", Answer::Lines(lines)) => figures::gauges(panel, lines),
        ("state", Answer::Lines(lines)) => figures::states(panel, lines, width),
        ("timeseries", Answer::Lines(lines)) => chart::lines(panel, lines, range, width, height),
        (kind, _) => problem(&format!("a report cannot draw panels of the kind {kind:?}")),
    }
}
