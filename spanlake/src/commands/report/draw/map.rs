//! The service map as a picture: callers on the left, what they call on the right.
//!
//! Owns where nodes lie: in columns by how many calls they are away from who is called by nobody.

use std::fmt::Write;

use super::super::answers::{MapNode, ServiceMap};
use super::super::document::Panel;
use super::super::units;
use super::{colour_of, escaped};

const BOX_HEIGHT: f64 = 40.0;
const GAP: f64 = 14.0;
const LETTERS_MAX: usize = 24;
/// A share of errors that is drawn in the colour of errors.
const ERRORS: f64 = 0.01;

/// The column of each node. Calls in a circle are cut where the circle was entered.
pub(in super::super) fn columns(map: &ServiceMap) -> Vec<usize> {
    let mut columns = vec![0; map.nodes.len()];
    // As often as there are nodes, so that every way without a circle is walked to its end.
    for _ in 0..map.nodes.len() {
        let mut moved = false;
        for edge in map.edges.iter().filter(|edge| edge.from != edge.to) {
            let next = columns[edge.from] + 1;
            let is_circle = next >= map.nodes.len() || leads_back(map, edge.to, edge.from);
            if columns[edge.to] < next && !is_circle {
                columns[edge.to] = next;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    columns
}

fn leads_back(map: &ServiceMap, from: usize, to: usize) -> bool {
    let (mut seen, mut waiting) = (vec![false; map.nodes.len()], vec![from]);
    while let Some(node) = waiting.pop() {
        if node == to {
            return true;
        }
        if !std::mem::replace(&mut seen[node], true) {
            waiting.extend(map.edges.iter().filter(|edge| edge.from == node).map(|edge| edge.to));
        }
    }
    false
}

pub(super) fn picture(map: &ServiceMap, panel: &Panel, width: f64) -> String {
    let columns = columns(map);
    let count = columns.iter().max().map_or(1, |most| most + 1);
    let mut rows = vec![0; count];
    let place: Vec<(usize, usize)> = columns
        .iter()
        .map(|column| {
            rows[*column] += 1;
            (*column, rows[*column] - 1)
        })
        .collect();
    let tallest = rows.iter().copied().max().unwrap_or(1) as f64;
    let height = tallest * (BOX_HEIGHT + GAP) + GAP;
    let each = width / count as f64;
    let wide = (each - 36.0).clamp(60.0, 190.0);
    let corner = |node: usize| {
        let (column, row) = place[node];
        let free = (tallest - rows[column] as f64) * (BOX_HEIGHT + GAP) / 2.0;
        (column as f64 * each + (each - wide) / 2.0, free + GAP + row as f64 * (BOX_HEIGHT + GAP))
    };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width:.0} {height:.0}\" width=\"100%\" role=\"img\" aria-label=\"{}\">",
        escaped(&panel.title)
    );
    let most = map.edges.iter().map(|edge| edge.rate).fold(f64::MIN_POSITIVE, f64::max);
    for edge in map.edges.iter().filter(|edge| edge.from != edge.to) {
        let ((from_x, from_y), (to_x, to_y)) = (corner(edge.from), corner(edge.to));
        let (x1, y1, x2, y2) = (from_x + wide, from_y + BOX_HEIGHT / 2.0, to_x, to_y + BOX_HEIGHT / 2.0);
        let bend = ((x2 - x1).abs() / 2.0).max(24.0);
        let _ = write!(
            svg,
            "<path d=\"M{x1:.1} {y1:.1}C{:.1} {y1:.1} {:.1} {y2:.1} {x2:.1} {y2:.1}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{:.1}\" stroke-opacity=\"0.7\"/>",
            x1 + bend,
            x2 - bend,
            if edge.error_share > ERRORS { "var(--error)" } else { "#8a94a0" },
            1.0 + 3.0 * (edge.rate / most).sqrt()
        );
    }
    for (node, of) in map.nodes.iter().enumerate() {
        svg.push_str(&drawn(of, node, corner(node), wide));
    }
    svg.push_str("</svg>");
    if map.more > 0 {
        let _ = write!(svg, "<p class=\"muted\">{} more with fewer requests are not drawn.</p>", map.more);
    }
    svg
}

fn drawn(node: &MapNode, place: usize, (x, y): (f64, f64), wide: f64) -> String {
    let colour = if node.kind == "service" { colour_of(place) } else { "#8a94a0" };
    let errors = if node.error_share > ERRORS { "var(--error)" } else { "currentColor" };
    let name: String = node.name.chars().take(LETTERS_MAX).collect();
    let name = if name.len() < node.name.len() { format!("{name}…") } else { name };
    let figures = format!(
        "{} · {} · p95 {}",
        units::write(node.rate, "{request}/s"),
        units::write(node.error_share, "ratio"),
        units::write(node.p95, "s")
    );
    format!(
        "<g><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{BOX_HEIGHT}\" rx=\"6\" fill=\"{colour}\" fill-opacity=\"0.14\" stroke=\"{colour}\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\">{}</text><text x=\"{:.1}\" y=\"{:.1}\" style=\"fill:{errors}\">{}</text></g>",
        x + 8.0,
        y + 16.0,
        escaped(&name),
        x + 8.0,
        y + 32.0,
        escaped(&figures)
    )
}
