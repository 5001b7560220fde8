//! `report`: a dashboard of a server as one file that needs nothing else: HTML with pictures drawn here, or PNG.
//!
//! Owns the command line, where the dashboard comes from, and which file is written. The life of a report: [`document`] reads
//! the dashboard -> [`variables`] puts values into its queries -> [`answers`] asks the server, a panel at a time -> [`draw`]
//! makes SVG -> [`page`] puts it together. A panel that fails says why in its place. PNG is a photograph of that page by
//! Chromium, where there is one. Nothing of a dashboard or an answer is ever markup.

mod answers;
mod columns;
mod document;
mod draw;
mod page;
mod rows;
mod units;
mod variables;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrono::{DateTime, Utc};
use clap::Args;

use super::client::{Client, Failure};
use super::{CommandError, EXIT_FAILURE, ServerArguments};
use crate::config::EXIT_USAGE;
use document::Document;

/// Bytes of a dashboard, as the server's limit.
const DOCUMENT_BYTES_MAX: u64 = 4 << 20;
/// Dashboards that come along.
const SHIPPED: [(&str, &str); 5] = [
    ("services", include_str!("../../../ui/src/boards/services.json")),
    ("service", include_str!("../../../ui/src/boards/service.json")),
    ("spanlake", include_str!("../../../ui/src/boards/spanlake.json")),
    ("mysql", include_str!("../../../ui/src/boards/mysql.json")),
    ("hosts", include_str!("../../../ui/src/boards/hosts.json")),
];
const CHROMIUMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Name of a dashboard of the server or of one that comes along (services, service, spanlake, mysql, hosts), or a .json file
    pub dashboard: String,
    /// Begin: RFC 3339, or back from now such as -6h, -7d [default: the dashboard's own range]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// End [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// File to write; .png wants Chromium [default: <dashboard>.html]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Values of a variable, NAME=VALUE or NAME=A,B; `*` is all; may be repeated
    #[arg(long, value_name = "NAME=VALUES")]
    pub var: Vec<String>,
    #[command(flatten)]
    pub server: ServerArguments,
}

/// From and to, milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    start_ms: i64,
    end_ms: i64,
}

pub(super) fn run(arguments: &ReportArguments) -> Result<(), CommandError> {
    let client = Client::new(&arguments.server)?;
    let (name, text) = find(&client, &arguments.dashboard)?;
    let document = Document::read(&text).map_err(|reason| usage(format!("dashboard {name:?}: {reason}")))?;
    let range = range(arguments, document.range(), Utc::now())?;
    let given = variables::given(&arguments.var).map_err(usage)?;
    let chosen = answers::variables(&client, &document, &given, range)?;
    let panels = variables::repeated(document.panels(), &chosen);
    let mut drawn = Vec::with_capacity(panels.len());
    let mut failed = 0;
    for (panel, chosen) in &panels {
        let body = match answers::panel(&client, panel, chosen, range) {
            Ok(answer) => draw::panel(panel, &answer, range),
            // Without a server there is no report; anything else is the panel's own matter.
            Err(Failure::Other(error)) if error.exit == super::EXIT_UNAVAILABLE => return Err(error),
            Err(failure) => {
                failed += 1;
                draw::problem(&CommandError::from(failure).message)
            }
        };
        drawn.push((panel, chosen, body));
    }
    let html = page::page(&document, &drawn, range, Utc::now());
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.html")));
    write(&out, &html, page::height(&drawn))?;
    let panels = if drawn.len() == 1 { "panel" } else { "panels" };
    let mut said = format!("{}: {} {panels}", out.display(), drawn.len());
    if failed > 0 {
        said.push_str(&format!(", {failed} of them say why they are not drawn"));
    }
    writeln!(std::io::stderr(), "{said}")?;
    Ok(())
}

fn usage(message: String) -> CommandError {
    CommandError::new(EXIT_USAGE, message)
}

/// Name and text of a dashboard: a file, one of the server's, or one that comes along.
fn find(client: &Client, asked: &str) -> Result<(String, String), CommandError> {
    let path = Path::new(asked);
    if path.extension().is_some_and(|extension| extension == "json") {
        let cannot = |error: std::io::Error| usage(format!("cannot read {asked}: {error}"));
        if std::fs::metadata(path).map_err(cannot)?.len() > DOCUMENT_BYTES_MAX {
            return Err(usage(format!(
                "{asked} is larger than {} MiB, which no dashboard is",
                DOCUMENT_BYTES_MAX >> 20
            )));
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        return Ok((name, std::fs::read_to_string(path).map_err(cannot)?));
    }
    match client.get(&format!("/api/boards/{}", answers::encoded(asked))) {
        Ok(response) => {
            let mut body = response.into_body();
            let text = body.with_config().limit(DOCUMENT_BYTES_MAX).read_to_string();
            let text =
                text.map_err(|error| CommandError::new(EXIT_FAILURE, format!("the answer is cut short: {error}")))?;
            Ok((file_name(asked), text))
        }
        Err(Failure::Api { status: 404, .. }) => {
            let shipped = SHIPPED.iter().find(|(name, _)| *name == asked);
            let names = SHIPPED.map(|(name, _)| name).join(", ");
            let unknown = || usage(format!("the server has no dashboard {asked:?}; those that come along are {names}"));
            shipped.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).ok_or_else(unknown)
        }
        Err(failure) => Err(failure.into()),
    }
}

/// A name without anything that would lead to another folder.
fn file_name(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '_' })
        .collect()
}

fn range(arguments: &ReportArguments, own: &str, now: DateTime<Utc>) -> Result<Range, CommandError> {
    let end_ms = match &arguments.to {
        Some(text) => moment(text, now).map_err(|reason| usage(format!("--to {text}: {reason}")))?,
        None => now.timestamp_millis(),
    };
    let start_ms = match &arguments.from {
        Some(text) => moment(text, now).map_err(|reason| usage(format!("--from {text}: {reason}")))?,
        None => end_ms - length(own).unwrap_or(3_600_000),
    };
    if start_ms >= end_ms {
        return Err(usage("--from must lie before --to".to_owned()));
    }
    Ok(Range { start_ms, end_ms })
}

/// `2026-11-21T10:00:00Z`, `now`, `-6h`, `now-6h`.
fn moment(text: &str, now: DateTime<Utc>) -> Result<i64, String> {
    let back = text.strip_prefix("now").unwrap_or(text);
    if back.is_empty() {
        return Ok(now.timestamp_millis());
    }
    if let Some(back) = back.strip_prefix('-').and_then(length) {
        return Ok(now.timestamp_millis() - back);
    }
    let read = DateTime::parse_from_rfc3339(text).map(|moment| moment.timestamp_millis());
    read.map_err(|_| "not a moment such as 2026-11-21T10:00:00Z, now or -6h".to_owned())
}

/// `15m`, `6h`, `7d` in milliseconds.
fn length(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit_ms = match unit {
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    };
    number.parse::<i64>().ok().filter(|number| (1..=100_000).contains(number)).map(|number| number * unit_ms)
}

fn write(out: &Path, html: &str, height: u32) -> Result<(), CommandError> {
    let cannot = |path: &Path, error: std::io::Error| {
        CommandError::new(EXIT_FAILURE, format!("cannot write {}: {error}", path.display()))
    };
    if out.extension().is_none_or(|extension| extension != "png") {
        return std::fs::write(out, html).map_err(|error| cannot(out, error));
    }
    let page = out.with_extension("html");
    std::fs::write(&page, html).map_err(|error| cannot(&page, error))?;
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let address = url::Url::from_file_path(absolute(&page)).map_err(|()| usage("--out has no path".to_owned()))?;
    for program in CHROMIUMS {
        let mut command = Command::new(program);
        command.args(["--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]);
        // Its sandbox does not start for root, and the page that it shows has no scripts.
        if rustix::process::geteuid().is_root() {
            command.arg("--no-sandbox");
        }
        command.arg(format!("--window-size=1280,{height}")).arg(format!("--screenshot={}", absolute(out).display()));
        match command.arg(address.as_str()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status() {
            Ok(status) if status.success() && out.is_file() => {
                let _ = std::fs::remove_file(&page);
                return Ok(());
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            result => {
                let message = format!("{program} made no picture ({result:?}); the report is in {}", page.display());
                return Err(CommandError::new(EXIT_FAILURE, message));
            }
        }
    }
    let message = format!("a PNG wants Chromium, and none is installed; the report is in {}", page.display());
    Err(CommandError::new(EXIT_FAILURE, message))
}

#[cfg(test)]
mod tests;
