//! Figures as a table for people and as JSON for comparison.
//!
//! Owns the targets. Never measures.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::measure::{Figures, Kind};
use crate::overload::{Endured, Overload};

/// What the figures were measured on.
#[derive(Clone, Debug)]
pub struct Machine {
    pub date: String,
    pub processor: String,
    pub cores: usize,
    pub kernel: String,
    pub binary: String,
}

impl Machine {
    /// This machine, now.
    #[must_use]
    pub fn here(binary: &std::path::Path) -> Self {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            date: chrono::Local::now().format("%Y-%m-%d %H:%M").to_string(),
            processor: model.map_or("unknown", |(_, name)| name.trim()).to_owned(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            kernel: kernel.trim().to_owned(),
            binary: binary
                .parent()
                .and_then(|folder| folder.file_name())
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        }
    }
}

/// What a server endured, ready for `docs/benchmarks.md`.
#[must_use]
pub fn endured(machine: &Machine, overload: &Overload, endured: &Endured) -> String {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let a_second = |spans: u64| spans as f64 / endured.lasted.as_secs_f64();
    let times = a_second(endured.offered) / a_second(endured.acknowledged.max(1));
    let most = megabytes(overload.memory_bytes_max) + 100.0;
    let mark = |is_reached: bool| if is_reached { "reached" } else { "**missed**" };
    let mut text = format!(
        "## {}\n\n{}, {} cores, Linux {}; build profile `{}`. {} senders without pause for {:.0} s, `hot.memory_bytes_max` {} MiB.\n\n\
         | figure | measured | target | |\n|---|---:|---:|---|\n",
        machine.date,
        machine.processor,
        machine.cores,
        machine.kernel,
        machine.binary,
        overload.senders,
        endured.lasted.as_secs_f64(),
        overload.memory_bytes_max >> 20
    );
    let mut line = |name: &str, value: String, target: &str, mark: &str| {
        let _ = writeln!(text, "| {name} | {value} | {target} | {mark} |");
    };
    line("spans offered a second", rounded(a_second(endured.offered)), "", "");
    line("acknowledged a second", rounded(a_second(endured.acknowledged)), "", "");
    line("offered beside acknowledged", format!("{times:.1}"), "≥ 10", mark(times >= 10.0));
    line("requests refused", grouped(endured.refusals), "", "");
    let malformed = endured.malformed.len();
    line("of these malformed", malformed.to_string(), "none", mark(malformed == 0));
    line("spans of requests without an answer", grouped(endured.unanswered), "none", mark(endured.unanswered == 0));
    let stored = format!("{} of {}", grouped(endured.stored), grouped(endured.acknowledged));
    line("stored of what was acknowledged", stored, "all, once", mark(endured.is_whole()));
    line("idle RSS", format!("{:.0} MB", megabytes(endured.idle_rss_bytes)), "", "");
    let peak = megabytes(endured.peak_rss_bytes);
    line("peak RSS", format!("{peak:.0} MB"), &format!("≤ {most:.0} MB"), mark(peak <= most));
    for malformed in &endured.malformed {
        let _ = writeln!(text, "\nmalformed: {malformed}");
    }
    text
}

/// One line of the table.
struct Line {
    name: String,
    value: String,
    target: &'static str,
    /// Whether it meets its target, where it has one.
    reached: Option<bool>,
}

/// The table, ready for `docs/benchmarks.md`.
#[must_use]
pub fn markdown(machine: &Machine, all: &[Figures]) -> String {
    let mut text = format!(
        "## {}\n\n{}, {} cores, Linux {}; build profile `{}`. OTLP/HTTP, two connections, 512 items a request, `fsync` on, self-telemetry off.\n",
        machine.date, machine.processor, machine.cores, machine.kernel, machine.binary
    );
    for figures in all {
        let _ = write!(text, "\n### {}\n\n| figure | measured | target | |\n|---|---:|---:|---|\n", title(figures));
        for line in lines(figures) {
            let mark = line.reached.map_or("", |reached| if reached { "reached" } else { "**missed**" });
            let _ = writeln!(text, "| {} | {} | {} | {mark} |", line.name, line.value, line.target);
        }
    }
    text
}

fn title(figures: &Figures) -> String {
    let what = match figures.kind {
        Kind::Spans => "Spans",
        Kind::SpansGzip => "Spans, gzip",
        Kind::SpansMerged => "Spans, merged meanwhile",
        Kind::Points => "Metric points (counters and gauges)",
        Kind::RemoteWrite => "The same points by remote write 1.0",
        Kind::Histograms => "Histogram points (15 buckets, 20,480 series)",
        Kind::Logs => "Log records",
    };
    format!("{what}: {} of {:.0} bytes", grouped(figures.items), figures.bytes_per_item_sent)
}

fn lines(figures: &Figures) -> Vec<Line> {
    let kind = figures.kind;
    let at_least = |value: f64, target: Option<(f64, &'static str)>| match target {
        Some((least, text)) => (text, Some(value >= least)),
        None => ("", None),
    };
    let at_most = |value: f64, target: Option<(f64, &'static str)>| match target {
        Some((most, text)) => (text, Some(value <= most)),
        None => ("", None),
    };
    let line = |name: &str, value: String, (target, reached): (&'static str, Option<bool>)| Line {
        name: name.to_owned(),
        value,
        target,
        reached,
    };
    let per_cpu_second = match kind {
        Kind::Spans => Some((170_000.0, "≥ 170,000")),
        Kind::SpansGzip => Some((130_000.0, "≥ 130,000")),
        Kind::SpansMerged => Some((120_000.0, "≥ 120,000")),
        Kind::Points => Some((700_000.0, "≥ 700,000")),
        Kind::RemoteWrite => Some((500_000.0, "≥ 500,000")),
        Kind::Logs => Some((250_000.0, "≥ 250,000")),
        Kind::Histograms => None,
    };
    let spans_only = |target| (kind == Kind::Spans).then_some(target);
    let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let mut lines = vec![
        line("accepted a second", rounded(figures.accepted_per_second), ("", None)),
        line("sealed a second", rounded(figures.sealed_per_second), ("", None)),
        line(
            "sealed a CPU-second of the server",
            rounded(figures.per_cpu_second),
            at_least(figures.per_cpu_second, per_cpu_second),
        ),
        line(
            "CPU-seconds: server / generator",
            format!("{:.2} / {:.2}", figures.server_cpu_seconds, figures.generator_cpu_seconds),
            ("", None),
        ),
        line(
            "bytes an item on disk",
            format!("{:.1}", figures.disk_bytes_per_item),
            at_most(figures.disk_bytes_per_item, spans_only((70.0, "≤ 70"))),
        ),
        line(
            "peak RSS",
            format!("{:.0} MB", megabytes(figures.peak_rss_bytes)),
            at_most(megabytes(figures.peak_rss_bytes), Some((400.0, "≤ 400 MB"))),
        ),
        line(
            "idle RSS",
            format!("{:.0} MB", megabytes(figures.idle_rss_bytes)),
            at_most(megabytes(figures.idle_rss_bytes), Some((60.0, "≤ 60 MB"))),
        ),
        line("requests refused and sent again", grouped(figures.refusals), ("", None)),
    ];
    let times = |latencies: &crate::queries::Latencies| {
        format!("{} / {}", milliseconds(latencies.percentile(50)), milliseconds(latencies.percentile(99)))
    };
    if let Some(traces) = &figures.trace_by_id {
        let reached =
            traces.percentile(50) <= Duration::from_millis(5) && traces.percentile(99) <= Duration::from_millis(20);
        lines.push(line("trace by id, p50 / p99", times(traces), ("≤ 5 / 20 ms", Some(reached))));
    }
    if kind == Kind::SpansMerged {
        lines.push(line("times a row was rewritten", format!("{:.2}", figures.merged_per_item), ("", None)));
    }
    lines.push(line(&format!("`select count(*) from {}`, p50 / p99", kind.table()), times(&figures.count), ("", None)));
    lines
}

/// The same as JSON.
#[must_use]
pub fn as_json(machine: &Machine, all: &[Figures]) -> Value {
    let runs: Vec<Value> = all.iter().map(figures_as_json).collect();
    json!({
        "date": machine.date, "processor": machine.processor, "cores": machine.cores, "kernel": machine.kernel,
        "binary": machine.binary, "runs": runs,
    })
}

fn figures_as_json(figures: &Figures) -> Value {
    let micros = |latencies: &crate::queries::Latencies, percent| latencies.percentile(percent).as_secs_f64() * 1e6;
    let disk: serde_json::Map<String, Value> =
        figures.disk_bytes.iter().map(|(table, bytes)| (table.clone(), (*bytes).into())).collect();
    json!({
        "kind": figures.kind.name(),
        "items": figures.items,
        "bytes_per_item_sent": figures.bytes_per_item_sent,
        "refusals": figures.refusals,
        "accepted_per_second": figures.accepted_per_second,
        "sealed_per_second": figures.sealed_per_second,
        "per_cpu_second": figures.per_cpu_second,
        "server_cpu_seconds": figures.server_cpu_seconds,
        "generator_cpu_seconds": figures.generator_cpu_seconds,
        "disk_bytes_per_item": figures.disk_bytes_per_item,
        "disk_bytes": disk,
        "idle_rss_bytes": figures.idle_rss_bytes,
        "peak_rss_bytes": figures.peak_rss_bytes,
        "trace_by_id_p50_micros": figures.trace_by_id.as_ref().map(|latencies| micros(latencies, 50)),
        "trace_by_id_p99_micros": figures.trace_by_id.as_ref().map(|latencies| micros(latencies, 99)),
        "count_p50_micros": micros(&figures.count, 50),
        "count_p99_micros": micros(&figures.count, 99),
    })
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive rate far below 2^53")]
fn rounded(value: f64) -> String {
    grouped(value.max(0.0).round() as u64)
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
