//! Lines, stacks, bars and heatmaps over time, as SVG with axes.

use std::fmt::Write;

use chrono::DateTime;

use super::super::Range;
use super::super::answers::{Buckets, Line, Lines};
use super::super::document::{Panel, colour};
use super::super::units;
use super::{colour_of, escaped};

const LINES_MAX: usize = 60;
const LEGEND_MAX: usize = 20;
const AXIS_LEFT: f64 = 62.0;
const AXIS_BELOW: f64 = 22.0;
const TOP: f64 = 8.0;
const HEAT_ROWS_MAX: usize = 400;

/// Where values and times lie on the picture.
struct Scale {
    width: f64,
    height: f64,
    from: f64,
    to: f64,
    low: f64,
    high: f64,
}

impl Scale {
    fn x(&self, seconds: f64) -> f64 {
        AXIS_LEFT + (seconds - self.from) / (self.to - self.from).max(1e-9) * (self.width - AXIS_LEFT - 6.0)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE);
        TOP + (1.0 - share) * (self.height - TOP - AXIS_BELOW)
    }
}

/// A round distance between marks so that there are about four.
fn tick(low: f64, high: f64) -> f64 {
    let rough = (high - low) / 4.0;
    let size = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|factor| factor * size >= rough).unwrap_or(10.0);
    factor * size
}

/// From a round value to a round one; 0 is in sight where it is near.
fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    let low = if low > high || (low >= 0.0 && low < high * 0.7) { 0.0 } else { low };
    let high = if high <= low { low + low.abs().max(1.0) } else { high };
    let tick = tick(low, high);
    ((low / tick).floor() * tick, (high / tick).ceil() * tick, tick)
}

pub(super) fn lines(panel: &Panel, all: &Lines, range: Range, width: f64, height: f64) -> String {
    let shown = &all.lines[..all.lines.len().min(LINES_MAX)];
    let is_piled = matches!(panel.drawing.as_str(), "stacked" | "bars");
    let piled = if is_piled { pile(shown) } else { shown.iter().map(|line| line.values.clone()).collect() };
    let near = panel.thresholds.iter().map(|one| one.value);
    let top = piled.iter().flatten().flatten().copied().fold(f64::MIN, f64::max);
    let (low, high, tick) = bounds(
        piled.iter().flatten().flatten().copied().chain(near.filter(|value| *value <= top * 1.6 && *value > 0.0)),
    );
    let low = if is_piled { low.min(0.0) } else { low };
    let legend_rows = if panel.h < 5 { 0.0 } else { (shown.len().min(LEGEND_MAX) as f64 / 3.0).ceil().min(3.0) };
    let height = (height - legend_rows * 20.0).max(60.0);
    let (from, to) = (range.start_ms as f64 / 1e3, range.end_ms as f64 / 1e3);
    let scale = Scale { width, height, from, to, low, high };
    let mut svg = axes(&scale, tick, &panel.unit, &panel.title);
    for threshold in panel.thresholds.iter().filter(|one| one.value > low && one.value <= high) {
        let y = scale.y(threshold.value);
        let _ = write!(
            svg,
            "<line x1=\"{AXIS_LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"{}\" stroke-dasharray=\"6 4\"/>",
            width - 6.0,
            colour(&threshold.colour)
        );
    }
    // What lies in front is drawn last: of a pile the lowest line.
    for place in (0..shown.len()).rev() {
        let _ = match panel.drawing.as_str() {
            "bars" => write!(svg, "{}", bars(&scale, &all.seconds, &piled[place], colour_of(place))),
            drawing => {
                write!(svg, "{}", path(&scale, &all.seconds, &piled[place], colour_of(place), drawing == "stacked"))
            }
        };
    }
    svg.push_str("</svg>");
    svg.push_str(&legend(panel, shown, all.lines.len(), legend_rows > 0.0));
    svg
}

fn pile(lines: &[Line]) -> Vec<Vec<Option<f64>>> {
    let mut below = vec![0.0; lines.first().map_or(0, |line| line.values.len())];
    let pile_one = |line: &Line| {
        let values = line.values.iter().zip(&mut below).map(|(value, below)| {
            *below += value.unwrap_or(0.0);
            value.map(|_| *below)
        });
        values.collect()
    };
    lines.iter().map(pile_one).collect()
}

fn path(scale: &Scale, seconds: &[f64], values: &[Option<f64>], colour: &str, is_filled: bool) -> String {
    let mut out = String::new();
    let mut runs: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for (at, value) in seconds.iter().zip(values) {
        match value {
            Some(value) => runs.last_mut().expect("one is there").push((scale.x(*at), scale.y(*value))),
            None => runs.push(Vec::new()),
        }
    }
    for run in runs.iter().filter(|run| !run.is_empty()) {
        if let [(x, y)] = run.as_slice() {
            let _ = write!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\" fill=\"{colour}\"/>");
            continue;
        }
        let points: Vec<String> = run.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        if is_filled {
            let floor = scale.y(scale.low.max(0.0));
            let (first, last) = (run[0].0, run[run.len() - 1].0);
            let _ = write!(
                out,
                "<polygon points=\"{first:.1},{floor:.1} {} {last:.1},{floor:.1}\" fill=\"{colour}\"/>",
                points.join(" ")
            );
        } else {
            let _ = write!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
                points.join(" ")
            );
        }
    }
    out
}

fn bars(scale: &Scale, seconds: &[f64], values: &[Option<f64>], colour: &str) -> String {
    let step = seconds.get(1).map_or(1.0, |second| second - seconds[0]);
    let width = ((scale.x(seconds[0] + step) - scale.x(seconds[0])) * 0.82).clamp(1.0, 40.0);
    let floor = scale.y(scale.low.max(0.0));
    let mut out = String::new();
    for (at, value) in seconds.iter().zip(values) {
        let Some(value) = value else { continue };
        let (x, y) = (scale.x(*at) - width / 2.0, scale.y(*value));
        let _ = write!(
            out,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>",
            y.min(floor),
            (floor - y).abs()
        );
    }
    out
}

/// The begin of a picture: its size, the grid, values on the left, times below.
fn axes(scale: &Scale, tick: f64, unit: &str, title: &str) -> String {
    let Scale { width, height, from, to, low, high } = scale;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width:.0} {height:.0}\" width=\"100%\" role=\"img\" aria-label=\"{}\">",
        escaped(title)
    );
    let count = ((high - low) / tick).round().clamp(1.0, 12.0) as usize;
    for place in 0..=count {
        let value = low + tick * place as f64;
        let y = scale.y(value);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{AXIS_LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            width - 6.0,
            AXIS_LEFT - 6.0,
            y + 4.0,
            escaped(&units::write(if value.abs() < tick / 1e6 { 0.0 } else { value }, unit))
        );
    }
    svg.push_str(&times(scale, *from, *to));
    svg
}

fn times(scale: &Scale, from: f64, to: f64) -> String {
    const STEPS: [f64; 14] =
        [1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0, 604_800.0];
    let most = ((scale.width - AXIS_LEFT) / 90.0).max(2.0);
    let step = STEPS.into_iter().find(|step| (to - from) / step <= most).unwrap_or((to - from) / most);
    let form = if step >= 86_400.0 {
        "%m-%d"
    } else if step < 60.0 {
        "%H:%M:%S"
    } else {
        "%H:%M"
    };
    let mut out = String::new();
    let mut at = (from / step).ceil() * step;
    while at <= to {
        let text = DateTime::from_timestamp_millis((at * 1e3) as i64).map(|time| time.format(form).to_string());
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            scale.x(at),
            scale.height - 5.0,
            text.unwrap_or_default()
        );
        at += step;
    }
    out
}

fn legend(panel: &Panel, lines: &[Line], total: usize, is_shown: bool) -> String {
    if !is_shown {
        return String::new();
    }
    let mut out = "<ul class=\"legend\">".to_owned();
    for (place, line) in lines.iter().take(LEGEND_MAX).enumerate() {
        let last = line.values.iter().rev().flatten().next();
        let last =
            last.map(|value| panel.mapped(*value).map_or_else(|| units::write(*value, &panel.unit), str::to_owned));
        let _ = write!(
            out,
            "<li><i style=\"background:{}\"></i>{} <b>{}</b></li>",
            colour_of(place),
            escaped(if line.name.is_empty() { &panel.title } else { &line.name }),
            escaped(&last.unwrap_or_default())
        );
    }
    if total > LEGEND_MAX {
        let _ = write!(out, "<li>and {} more</li>", total - LEGEND_MAX);
    }
    out.push_str("</ul>");
    out
}

pub(super) fn heatmap(buckets: &Buckets, panel: &Panel, width: f64, height: f64) -> String {
    let mut edges: Vec<f64> = buckets.cells.iter().flat_map(|(_, low, high, _)| [*low, *high]).collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges.truncate(HEAT_ROWS_MAX);
    let row_of = |value: f64| edges.iter().position(|edge| *edge >= value).unwrap_or(edges.len() - 1) as f64;
    let most = buckets.cells.iter().map(|(_, _, _, count)| *count).fold(0.0, f64::max);
    let (from, to) = (buckets.seconds[0], buckets.seconds[buckets.seconds.len() - 1]);
    let high = (edges.len() - 1) as f64;
    let scale = Scale { width, height: height.max(60.0), from, to, low: 0.0, high };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width:.0} {:.0}\" width=\"100%\" role=\"img\" aria-label=\"{}\">",
        scale.height,
        escaped(&panel.title)
    );
    let cell = ((width - AXIS_LEFT - 6.0) / buckets.seconds.len() as f64).max(0.5);
    for (place, low, up, count) in &buckets.cells {
        let (top, bottom) = (scale.y(row_of(*up)), scale.y(row_of(*low)));
        let _ = write!(
            svg,
            "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{cell:.1}\" height=\"{:.1}\" fill=\"#3b7dd8\" fill-opacity=\"{:.2}\"/>",
            AXIS_LEFT + *place as f64 * cell,
            (bottom - top).max(0.5),
            0.12 + 0.88 * (count / most).sqrt()
        );
    }
    let every = (edges.len() / 6).max(1);
    for (row, edge) in edges.iter().enumerate().step_by(every) {
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            AXIS_LEFT - 6.0,
            scale.y(row as f64) + 4.0,
            escaped(&units::write(*edge, &panel.unit))
        );
    }
    svg.push_str(&times(&scale, from, to));
    svg.push_str("</svg>");
    svg
}
