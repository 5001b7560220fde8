//! `spanlake-bench`: starts a server, loads it, and says how it did.
//!
//! Owns the command line. The figures are meant for `docs/benchmarks.md`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Parser;
use spanlake_bench::corpus::metrics;
use spanlake_bench::load::Clock;
use spanlake_bench::measure::{self, Kind, Settings};
use spanlake_bench::overload::{self, Overload};
use spanlake_bench::questions;
use spanlake_bench::report::{self, Machine};

const NANOS_PER_SECOND: u64 = 1_000_000_000;
const OVERLOAD_BYTES: u64 = 256 << 20;
const OVERLOAD_SENDERS: usize = 512;

/// Measures a Spanlake server: what it takes a CPU-second, how small it stores, how fast it answers.
#[derive(Debug, Parser)]
#[command(name = "spanlake-bench", version)]
struct Arguments {
    /// The server's binary; otherwise the `dist` build beside this program's folder, else the `release` build.
    #[arg(long)]
    bin: Option<PathBuf>,
    #[arg(long, default_value_t = 1_500_000)]
    spans: u64,
    #[arg(long, default_value_t = 4_000_000)]
    points: u64,
    /// How many series those are of.
    #[arg(long, default_value_t = metrics::SERIES)]
    series: usize,
    #[arg(long, default_value_t = 1_000_000)]
    histograms: u64,
    #[arg(long, default_value_t = 1_000_000)]
    logs: u64,
    /// Measure spans a second time, compressed with gzip.
    #[arg(long)]
    gzip: bool,
    /// Only these: spans, spans-gzip, spans-merged, points, remote-write, histograms, logs.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Measure each so many times.
    #[arg(long, default_value_t = 1)]
    repeat: usize,
    #[arg(long, default_value_t = 2)]
    connections: usize,
    /// Of the corpus.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Where the servers' folders are made; a disk like the one that will be used.
    #[arg(long)]
    work_dir: Option<PathBuf>,
    /// Times of spans and logs lie evenly over so many seconds before now, not at the moments at which they are sent.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    over: u64,
    /// Leave the servers' folders where they are, to look at what was stored.
    #[arg(long)]
    keep: bool,
    /// Also write the figures to this file.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Only ask PromQL's questions of the server whose page listens here; `--only points --keep` leaves what they are about.
    #[arg(long, value_name = "HOST:PORT")]
    questions: Option<SocketAddr>,
    /// Only send the points, by remote write, to the Prometheus that listens here, which must take it.
    #[arg(long, value_name = "HOST:PORT")]
    into_prometheus: Option<SocketAddr>,
    /// The same to the Spanlake whose page listens here.
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "into_prometheus")]
    into_spanlake: Option<SocketAddr>,
    /// The time of the newest of these points, since 1970, so that both can have the same; now, where it is not said.
    #[arg(long, value_name = "SECONDS")]
    until: Option<u64>,
    /// Only offer more spans than can be taken, for so many seconds, to a server that may hold 256 MiB of them.
    #[arg(long, value_name = "SECONDS", conflicts_with = "only")]
    overload: Option<u64>,
    /// Passed to `spanlake serve`.
    #[arg(last = true)]
    server_arguments: Vec<String>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(listen) = arguments.questions {
        std::io::stdout().write_all(questions::table(listen)?.as_bytes())?;
        return Ok(());
    }
    let prometheus = arguments.into_prometheus.map(|target| (target, "/api/v1/write"));
    let spanlake = arguments.into_spanlake.map(|target| (target, "/prometheus/api/v1/write"));
    if let Some(door) = prometheus.or(spanlake) {
        let clock = Clock::Collections(arguments.until.map(|seconds| seconds * NANOS_PER_SECOND));
        let sent = measure::remote_write(
            door,
            arguments.points,
            arguments.connections,
            (clock, arguments.seed, arguments.series),
        )?;
        writeln!(std::io::stdout(), "{sent} points are there")?;
        return Ok(());
    }
    let binary = match &arguments.bin {
        Some(binary) => binary.clone(),
        None => find_binary()?,
    };
    if !binary.is_file() {
        bail!("{} is not there; build it with: cargo build --profile dist -p spanlake", binary.display());
    }
    let machine = Machine::here(&binary);
    if let Some(seconds) = arguments.overload {
        let overload = Overload {
            binary,
            work_dir: arguments.work_dir.unwrap_or_else(std::env::temp_dir),
            memory_bytes_max: OVERLOAD_BYTES,
            senders: arguments.connections.max(OVERLOAD_SENDERS),
            lasts: Duration::from_secs(seconds),
            seed: arguments.seed ^ spanlake_bench::now_nanos(),
        };
        let endured = overload::run(&overload)?;
        std::io::stdout().write_all(report::endured(&machine, &overload, &endured).as_bytes())?;
        return Ok(());
    }
    let settings = Settings {
        binary,
        work_dir: arguments.work_dir.clone().unwrap_or_else(std::env::temp_dir),
        connections: arguments.connections.max(1),
        seed: arguments.seed,
        series: arguments.series,
        server_arguments: arguments.server_arguments.clone(),
        keep: arguments.keep,
        over_seconds: arguments.over,
    };
    let mut all = Vec::new();
    for kind in kinds(&arguments)? {
        for _ in 0..arguments.repeat {
            writeln!(std::io::stderr(), "measuring {} …", kind.name())?;
            all.push(
                measure::run(kind, items_of(kind, &arguments), &settings)
                    .with_context(|| format!("measuring {}", kind.name()))?,
            );
        }
    }
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&report::as_json(&machine, &all))?;
        std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    }
    std::io::stdout().write_all(report::markdown(&machine, &all).as_bytes())?;
    Ok(())
}

fn kinds(arguments: &Arguments) -> anyhow::Result<Vec<Kind>> {
    if arguments.only.is_empty() {
        return Ok(Kind::ALL.into_iter().filter(|kind| arguments.gzip || *kind != Kind::SpansGzip).collect());
    }
    let of = |name: &String| {
        Kind::ALL.into_iter().find(|kind| kind.name() == name).with_context(|| format!("there is no kind {name:?}"))
    };
    arguments.only.iter().map(of).collect()
}

const fn items_of(kind: Kind, arguments: &Arguments) -> u64 {
    match kind {
        Kind::Spans | Kind::SpansGzip | Kind::SpansMerged => arguments.spans,
        Kind::Points | Kind::RemoteWrite => arguments.points,
        Kind::Histograms => arguments.histograms,
        Kind::Logs => arguments.logs,
    }
}

/// The shipping build, else the everyday one, in the folder that this program was built into.
fn find_binary() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    let target = own.parent().and_then(|profile| profile.parent()).context("this program is not in a target folder")?;
    let dist = target.join("dist/spanlake");
    Ok(if dist.is_file() { dist } else { target.join("release/spanlake") })
}
