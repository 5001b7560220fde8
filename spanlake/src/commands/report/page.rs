//! The page around the panels: one file, without scripts, in the reader's light or dark.
//!
//! Pure. Its policy forbids everything but its own styles, so that even a mistake of ours could not run anything.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::Range;
use super::document::{Document, Panel};
use super::draw::{ROW_PX, escaped};
use super::variables::{Values, plain};

const STYLE: &str = ":root{--ink:#1d2733;--muted:#5d6b7a;--page:#f3f5f8;--surface:#fff;--line:#dfe4ea;--good:#1f8a55;--warn:#a86b00;--error:#c0392b;color-scheme:light dark}\
@media(prefers-color-scheme:dark){:root{--ink:#e3e9f0;--muted:#94a3b3;--page:#12171d;--surface:#1a2129;--line:#2d3742;--good:#4cc38a;--warn:#e0a93b;--error:#f0776a}}\
*{box-sizing:border-box}body{margin:0;padding:20px;background:var(--page);color:var(--ink);font:14px/1.45 system-ui,sans-serif}\
header h1{margin:0;font-size:20px}header p{margin:2px 0 14px;color:var(--muted)}\
main{display:grid;grid-template-columns:repeat(24,minmax(0,1fr));gap:8px;max-width:1240px}\
article{background:var(--surface);border:1px solid var(--line);border-radius:6px;padding:8px 12px;overflow:auto;min-width:0}\
article.row{background:none;border:0;padding:10px 0 0}h2,h3{margin:0 0 6px;font-size:13px}h2{font-size:15px}h4{margin:6px 0 2px}p{margin:4px 0}\
svg{display:block;font-size:11px}svg text{fill:var(--muted)}svg .on{fill:#fff}svg .figure{fill:var(--ink);font-size:15px;font-weight:600}.grid{stroke:var(--line)}.rest{fill:none;stroke:var(--line);stroke-width:12}\
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;margin:4px 0 0;padding:0;list-style:none;font-size:12px;color:var(--muted)}.legend i{display:inline-block;width:10px;height:3px;margin-right:5px;vertical-align:middle}.legend b{color:var(--ink);font-weight:600}\
.figures{display:flex;flex-wrap:wrap;gap:6px 26px}.figures strong{display:block;font-size:24px}.figures span,.muted{color:var(--muted)}.problem{color:var(--error)}\
table{border-collapse:collapse;width:100%;font-size:12px}th,td{padding:3px 8px 3px 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}th{color:var(--muted);font-weight:500}.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.bars td{border:0}\
@media(max-width:700px){main{display:block}article{margin-bottom:8px}}@media print{body{background:#fff}article{break-inside:avoid}}";

/// A panel, the variables it was asked with, and what it shows.
pub(super) type Drawn<'a> = (&'a Panel, &'a Values, String);

pub(super) fn page(document: &Document, panels: &[Drawn<'_>], range: Range, now: DateTime<Utc>) -> String {
    let moment = |time_ms: i64| {
        DateTime::from_timestamp_millis(time_ms)
            .map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string())
            .unwrap_or_default()
    };
    let chosen = panels.first().map(|(_, chosen, _)| *chosen);
    let title = escaped(&document.title);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><header><h1>{title}</h1><p>{} to {} UTC",
        moment(range.start_ms),
        moment(range.end_ms)
    );
    for variable in &document.variables {
        let values = chosen.and_then(|chosen| chosen.get(&variable.name));
        let values = values.map(|one| if one.is_all { "all".to_owned() } else { one.values.join(", ") });
        let name = variable.title.as_ref().unwrap_or(&variable.name);
        let _ = write!(html, " · {}: {}", escaped(name), escaped(&values.unwrap_or_default()));
    }
    if let Some(description) = &document.description {
        let _ = write!(html, "<br>{}", escaped(description));
    }
    html.push_str("</p></header><main>");
    for (panel, chosen, body) in panels {
        let title = escaped(&plain(&panel.title, chosen));
        let _ = if panel.kind == "row" {
            write!(html, "<article class=\"row\" style=\"grid-column:span 24\"><h2>{title}</h2></article>")
        } else {
            let height = f64::from(panel.h) * ROW_PX;
            write!(
                html,
                "<article style=\"grid-column:span {};min-height:{height:.0}px\"><h3>{title}</h3>{body}</article>",
                panel.w
            )
        };
    }
    let _ = writeln!(
        html,
        "</main><footer><p class=\"muted\">Spanlake {}, written {} UTC</p></footer></body></html>",
        env!("CARGO_PKG_VERSION"),
        moment(now.timestamp_millis())
    );
    html
}

/// Pixels of the whole page at its full width, about.
pub(super) fn height(panels: &[Drawn<'_>]) -> u32 {
    let mut height = 0;
    let (mut used, mut tallest) = (0, 0);
    for (panel, _, body) in panels {
        let width = if panel.kind == "row" { 24 } else { panel.w };
        if used + width > 24 {
            height += tallest + 8;
            (used, tallest) = (0, 0);
        }
        used += width;
        // A table is as tall as its rows.
        let rows = u32::try_from(body.matches("<tr>").count()).unwrap_or(0);
        tallest = tallest.max(if panel.kind == "row" { 36 } else { (panel.h * 38).max(rows * 25 + 60) });
    }
    (height + tallest + 150).min(16_000)
}
