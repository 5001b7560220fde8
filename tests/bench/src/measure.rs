//! One measurement: a fresh server, one kind of data, everything counted until the last row is in a file.
//!
//! Owns what is measured and when. Never prints.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::corpus::shop::{INSTANCES, SERVICES};
use crate::corpus::traces::TraceCorpus;
use crate::corpus::{ITEMS_PER_REQUEST, logs, metrics, traces};
use crate::http::{Connection, post_head};
use crate::load::{Clock, Form, Load, PROTOBUF, Plan, round_micros};
use crate::process::{Ports, Server, ServerOptions, cpu_seconds, folder_bytes, memory_bytes};
use crate::queries::{self, Latencies};
use crate::random::Random;
use crate::template::{Round, Template};

const START_PATIENCE: Duration = Duration::from_secs(60);
const SEAL_PATIENCE: Duration = Duration::from_secs(300);
const MERGE_PATIENCE: Duration = Duration::from_secs(10);
const TRACES_LOOKED_UP: usize = 500;
const COUNTS_ASKED: usize = 100;

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Spans,
    SpansGzip,
    /// Small files are merged meanwhile, and the merges count.
    SpansMerged,
    Points,
    /// The same points by Prometheus's remote write.
    RemoteWrite,
    Histograms,
    Logs,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::Spans,
        Self::SpansGzip,
        Self::SpansMerged,
        Self::Points,
        Self::RemoteWrite,
        Self::Histograms,
        Self::Logs,
    ];

    /// As on the command line and in the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::SpansGzip => "spans-gzip",
            Self::SpansMerged => "spans-merged",
            Self::Points => "points",
            Self::RemoteWrite => "remote-write",
            Self::Histograms => "histograms",
            Self::Logs => "logs",
        }
    }

    /// The table that `select count(*)` is asked of.
    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            Self::Spans | Self::SpansGzip | Self::SpansMerged => "spans",
            Self::Points | Self::RemoteWrite => "metrics",
            Self::Histograms => "histograms",
            Self::Logs => "logs",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Spans | Self::SpansGzip | Self::SpansMerged => "/v1/traces",
            Self::Points | Self::RemoteWrite | Self::Histograms => "/v1/metrics",
            Self::Logs => "/v1/logs",
        }
    }

    /// Where and how the load goes.
    const fn door(self, ports: Ports) -> (SocketAddr, &'static str, Form) {
        match self {
            Self::SpansGzip => (ports.otlp_http, self.path(), Form::Gzip),
            Self::RemoteWrite => (ports.listen, "/prometheus/api/v1/write", Form::RemoteWrite),
            _ => (ports.otlp_http, self.path(), Form::Plain),
        }
    }

    const fn clock(self, over_seconds: u64) -> Clock {
        match self {
            Self::Points | Self::RemoteWrite | Self::Histograms => Clock::Collections(None),
            _ if over_seconds > 0 => Clock::Over(over_seconds * 1_000_000_000),
            _ => Clock::Now,
        }
    }

    /// One round of so many requests.
    fn templates(self, settings: &Settings, requests: usize) -> Vec<Template> {
        let Settings { seed, series, .. } = *settings;
        let round_micros = match self.clock(settings.over_seconds) {
            Clock::Over(nanos) => round_micros(nanos, requests, SERVICES.len() * INSTANCES),
            Clock::Now | Clock::Collections(_) => traces::ROUND_MICROS,
        };
        match self {
            Self::Spans | Self::SpansGzip | Self::SpansMerged => {
                traces::templates(&TraceCorpus { seed, round_micros, ..TraceCorpus::default() })
            }
            Self::Points | Self::RemoteWrite => metrics::number_templates(series),
            Self::Histograms => metrics::histogram_templates(),
            Self::Logs => logs::templates(seed, round_micros),
        }
    }
}

/// How to measure.
#[derive(Clone, Debug)]
pub struct Settings {
    pub binary: PathBuf,
    /// Folders of the servers are made here.
    pub work_dir: PathBuf,
    pub connections: usize,
    pub seed: u64,
    /// Of number points.
    pub series: usize,
    /// Whether they stay.
    pub keep: bool,
    /// Spans and logs lie over so much time before now; 0: they are of the moment at which they are sent.
    pub over_seconds: u64,
    /// After `serve`.
    pub server_arguments: Vec<String>,
}

/// The figures of one run.
#[derive(Clone, Debug)]
pub struct Figures {
    pub kind: Kind,
    pub items: u64,
    pub bytes_per_item_sent: f64,
    pub refusals: u64,
    pub accepted_per_second: f64,
    pub sealed_per_second: f64,
    pub per_cpu_second: f64,
    pub server_cpu_seconds: f64,
    pub generator_cpu_seconds: f64,
    pub disk_bytes_per_item: f64,
    /// Sizes of the folders under `hot`, with their names.
    pub disk_bytes: Vec<(String, u64)>,
    pub idle_rss_bytes: u64,
    pub peak_rss_bytes: u64,
    pub trace_by_id: Option<Latencies>,
    pub count: Latencies,
    /// Rows that merges have rewritten, by row sent.
    pub merged_per_item: f64,
}

/// Sends the points by remote write to a running server, so that Prometheus and Spanlake can be asked the same; the number of
/// points. Of equal clocks and seeds the points are equal.
///
/// # Errors
/// When it does not take them.
pub fn remote_write(
    (target, path): (SocketAddr, &'static str),
    points: u64,
    connections: usize,
    (clock, seed, series): (Clock, u64, usize),
) -> anyhow::Result<u64> {
    let requests = usize::try_from(points)?.div_ceil(ITEMS_PER_REQUEST);
    let form = Form::RemoteWrite;
    let plan = Plan { target, path, requests, connections, form, is_prepared: false, clock, seed };
    Ok(Load::prepare(plan, &metrics::number_templates(series))?.run()?.items)
}

/// Measures one kind on a server of its own.
///
/// # Errors
/// When the server does not do what it should: lost, refused for good, or late to show rows.
pub fn run(kind: Kind, items: u64, settings: &Settings) -> anyhow::Result<Figures> {
    let requests = usize::try_from(items)?.div_ceil(ITEMS_PER_REQUEST);
    let templates = kind.templates(settings, requests);
    let mut folder = tempfile::Builder::new().prefix("spanlake-bench-").tempdir_in(&settings.work_dir)?;
    folder.disable_cleanup(settings.keep);
    let mut server = Server::spawn(ServerOptions {
        binary: settings.binary.clone(),
        wrapper: Vec::new(),
        data_dir: folder.path().join("data"),
        arguments: settings.server_arguments.clone(),
        environment: vec![("SPANLAKE_HOT_COMPACTION".to_owned(), (kind == Kind::SpansMerged).to_string())],
        output: folder.path().join("server.log"),
    })?;
    let ports = server.wait_ready(START_PATIENCE)?;
    std::thread::sleep(Duration::from_secs(5));
    let idle_rss_bytes = memory_bytes(server.id(), "VmRSS")?;
    let (target, path, form) = kind.door(ports);
    let plan = Plan {
        target,
        path,
        requests,
        connections: settings.connections,
        form,
        is_prepared: form != Form::Plain,
        clock: kind.clock(settings.over_seconds),
        seed: settings.seed ^ crate::now_nanos(),
    };
    let mut load = Load::prepare(plan, &templates)?;
    let first = check_visibility(kind, ports, &templates)?;

    let cpu_before = (cpu_seconds(server.id())?, cpu_seconds(std::process::id())?);
    let began = Instant::now();
    let outcome = load.run()?;
    seal(ports.listen)?;
    let until_sealed = began.elapsed();
    let merged_rows = if kind == Kind::SpansMerged { wait_for_merges(ports.listen)? } else { 0.0 };
    let peak_rss_bytes = memory_bytes(server.id(), "VmHWM")?;
    let server_cpu_seconds = cpu_seconds(server.id())? - cpu_before.0;
    let generator_cpu_seconds = cpu_seconds(std::process::id())? - cpu_before.1;

    let stored = queries::number(&mut Connection::open(ports.listen)?, &count_query(kind))?;
    ensure!(stored == outcome.items + first, "{} were acknowledged and {stored} are stored", outcome.items + first);
    let trace_by_id = match kind {
        Kind::Spans | Kind::SpansGzip | Kind::SpansMerged => {
            Some(queries::traces(ports.listen, &some_traces(&load, &templates, requests))?)
        }
        _ => None,
    };
    let count = queries::repeated(ports.listen, &count_query(kind), COUNTS_ASKED)?;
    let disk_bytes = table_sizes(&folder.path().join("data/hot"))?;
    let status = server.terminate(Duration::from_secs(60))?;
    ensure!(status.success(), "the server ended with {status}:\n{}", server.output());

    let all_bytes: u64 = disk_bytes.iter().map(|(_, bytes)| bytes).sum();
    let items = outcome.items;
    Ok(Figures {
        kind,
        items,
        bytes_per_item_sent: ratio(outcome.body_bytes, items),
        refusals: outcome.refusals,
        accepted_per_second: as_float(items) / outcome.elapsed.as_secs_f64(),
        sealed_per_second: as_float(items) / until_sealed.as_secs_f64(),
        per_cpu_second: as_float(items) / server_cpu_seconds,
        server_cpu_seconds,
        generator_cpu_seconds,
        disk_bytes_per_item: ratio(all_bytes, stored),
        disk_bytes,
        idle_rss_bytes,
        peak_rss_bytes,
        trace_by_id,
        count,
        merged_per_item: merged_rows / as_float(items),
    })
}

fn count_query(kind: Kind) -> String {
    format!("select count(*) from {}", kind.table())
}

/// An acknowledged request must be seen by the statement right behind it.
fn check_visibility(kind: Kind, ports: Ports, templates: &[Template]) -> anyhow::Result<u64> {
    let mut template = templates[0].clone();
    let base_time = crate::now_nanos() - 3600 * 1_000_000_000;
    template.freshen(&Round { seed: 1, base_time }, 0, &mut Random::new(1));
    let mut sender = Connection::open(ports.otlp_http)?;
    let mut reader = Connection::open(ports.listen)?;
    ensure!(queries::number(&mut reader, &count_query(kind))? == 0, "a fresh server has rows");
    let head = post_head(ports.otlp_http, kind.path(), PROTOBUF, None, template.bytes().len());
    let status = sender.exchange(head.as_bytes(), template.bytes())?;
    ensure!(status == 200, "the first request was answered with {status}: {}", String::from_utf8_lossy(sender.body()));
    let seen = queries::number(&mut reader, &count_query(kind))?;
    ensure!(seen == u64::from(template.items), "{} were acknowledged, {seen} are visible", template.items);
    Ok(seen)
}

/// Until no merge has ended for a while, which is longer than one takes; the number of rows that merges have rewritten.
fn wait_for_merges(listen: SocketAddr) -> anyhow::Result<f64> {
    let mut connection = Connection::open(listen)?;
    let mut seen = (0.0, Instant::now());
    while seen.1.elapsed() < MERGE_PATIENCE {
        let rows = queries::own_metric(&mut connection, "spanlake_merged_rows_total")?.unwrap_or(0.0);
        if rows > seen.0 {
            seen = (rows, Instant::now());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(seen.0)
}

/// Has everything sealed, or waits until it is.
pub(crate) fn seal(listen: SocketAddr) -> anyhow::Result<()> {
    let mut connection = Connection::open(listen)?;
    let status = connection.post("/api/admin/seal", "application/json", b"{}")?;
    ensure!(matches!(status, 200 | 204 | 404 | 405), "/api/admin/seal was answered with {status}");
    let began = Instant::now();
    while began.elapsed() < SEAL_PATIENCE {
        match queries::own_metric(&mut connection, "spanlake_unsealed_rows")? {
            Some(rows) if rows > 0.0 => std::thread::sleep(Duration::from_millis(200)),
            Some(_) => return Ok(()),
            None => bail!("/metrics has no spanlake_unsealed_rows"),
        }
    }
    bail!("rows were not sealed within {SEAL_PATIENCE:?}")
}

/// Ids of traces that were sent, at random over the whole run.
fn some_traces(load: &Load, templates: &[Template], requests: usize) -> Vec<[u8; 16]> {
    let mut random = Random::new(crate::now_nanos());
    let mut ids = Vec::with_capacity(TRACES_LOOKED_UP);
    for _ in 0..TRACES_LOOKED_UP {
        let request = random.index(requests);
        let template = &templates[request % templates.len()];
        let span = random.index(template.trace_slots().len());
        let slot = template.trace_slots().nth(span).expect("an index below the length");
        ids.push(load.rounds.get(request / templates.len()).trace_id(slot));
    }
    ids
}

fn table_sizes(hot: &Path) -> anyhow::Result<Vec<(String, u64)>> {
    let mut sizes = Vec::new();
    for entry in std::fs::read_dir(hot).context("the server keeps files under hot")? {
        let entry = entry?;
        sizes.push((entry.file_name().to_string_lossy().into_owned(), folder_bytes(&entry.path())));
    }
    sizes.sort();
    Ok(sizes)
}

#[allow(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^53")]
fn as_float(count: u64) -> f64 {
    count as f64
}

fn ratio(amount: u64, count: u64) -> f64 {
    as_float(amount) / as_float(count.max(1))
}
