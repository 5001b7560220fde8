//! How values spread: bars of bins, from the buckets of a histogram or from what series were.

use std::fmt::Write;

use super::super::answers::{Buckets, Lines};
use super::super::document::Panel;
use super::super::units;
use super::escaped;

const BINS_MAX: usize = 30;
const LEFT: f64 = 44.0;
const BELOW: f64 = 22.0;
const TOP: f64 = 8.0;
/// Room for a border's figure.
const BORDER_PX: f64 = 64.0;

/// A range of values and the share of all that lies in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Bin {
    pub(in super::super) low: f64,
    pub(in super::super) high: f64,
    pub(in super::super) share: f64,
}

/// Bins of equal width whose borders are round.
pub(in super::super) fn bins_of_values(lines: &Lines) -> Vec<Bin> {
    let values: Vec<f64> = lines.lines.iter().flat_map(|line| &line.values).flatten().copied().collect();
    let (low, high) =
        values.iter().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
    if values.is_empty() {
        return Vec::new();
    }
    if low >= high {
        return vec![Bin { low, high, share: 1.0 }];
    }
    let rough = (high - low) / (BINS_MAX - 1) as f64;
    let size = 10_f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0].into_iter().map(|factor| factor * size).find(|step| *step >= rough).unwrap_or(10.0 * size);
    let first = (low / step).floor();
    let count = ((high / step).floor() - first) as usize + 1;
    let at = |place: usize| (first + place as f64) * step;
    let mut bins: Vec<Bin> = (0..count).map(|place| Bin { low: at(place), high: at(place + 1), share: 0.0 }).collect();
    for value in &values {
        let place = ((value / step).floor() - first).max(0.0) as usize;
        bins[place.min(count - 1)].share += 1.0 / values.len() as f64;
    }
    bins
}

/// Buckets of all moments together; neighbours are joined where there are many.
pub(in super::super) fn bins_of_buckets(buckets: &Buckets) -> Vec<Bin> {
    let total: f64 = buckets.cells.iter().map(|(.., count)| count).sum();
    let mut cells = buckets.cells.clone();
    cells.sort_by(|left, right| left.1.total_cmp(&right.1));
    let mut bins: Vec<Bin> = Vec::new();
    for (_, low, high, count) in cells {
        let share = if total > 0.0 { count / total } else { 0.0 };
        match bins.last_mut() {
            Some(last) if low < last.high => {
                last.high = last.high.max(high);
                last.share += share;
            }
            _ => bins.push(Bin { low, high, share }),
        }
    }
    let together = bins.len().div_ceil(BINS_MAX).max(1);
    let join = |part: &[Bin]| Bin {
        low: part[0].low,
        high: part[part.len() - 1].high,
        share: part.iter().map(|bin| bin.share).sum(),
    };
    bins.chunks(together).map(join).collect()
}

pub(super) fn histogram(bins: &[Bin], panel: &Panel, width: f64, height: f64) -> String {
    let height = height.max(60.0);
    let most = bins.iter().map(|bin| bin.share).fold(f64::MIN_POSITIVE, f64::max);
    let (each, floor) = ((width - LEFT - 6.0) / bins.len().max(1) as f64, height - BELOW);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width:.0} {height:.0}\" width=\"100%\" role=\"img\" aria-label=\"{}\">",
        escaped(&panel.title)
    );
    for part in [0.5, 1.0] {
        let y = floor - part * (floor - TOP);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            width - 6.0,
            LEFT - 6.0,
            y + 4.0,
            escaped(&units::write(part * most, "ratio"))
        );
    }
    for (place, bin) in bins.iter().enumerate() {
        let tall = bin.share / most * (floor - TOP);
        let _ = write!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\" fill=\"#3b7dd8\"/>",
            LEFT + place as f64 * each,
            floor - tall,
            (each - 1.0).max(0.5)
        );
    }
    let every = (bins.len() as f64 * BORDER_PX / (width - LEFT)).ceil().max(1.0) as usize;
    let borders = bins.first().map(|bin| bin.low).into_iter().chain(bins.iter().map(|bin| bin.high));
    for (place, border) in borders.enumerate().step_by(every).filter(|(_, border)| border.is_finite()) {
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            LEFT + place as f64 * each,
            height - 5.0,
            escaped(&units::write(border, &panel.unit))
        );
    }
    svg.push_str("</svg>");
    svg
}
