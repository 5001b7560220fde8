//! The command line: what `spanlake` can be told, and the commands that talk to a server that runs.
//!
//! Owns flags, exit codes and everything that is painted in a terminal. Never opens a port or a store: `serve` and
//! `salvage-log` are only parsed here.

mod check_config;
mod client;
mod export;
mod forget;
mod import;
mod lint;
mod progress;
mod push;
mod report;
mod sampling;
mod sql;
mod terminal;
#[cfg(test)]
mod tests;
mod trace;

use std::ffi::OsString;
use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{EXIT_USAGE, Flags};

/// OpenTelemetry collector, store and query service in one binary.
#[derive(Debug, Parser)]
#[command(name = "spanlake", version, arg_required_else_help = true)]
pub struct CommandLine {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server: OTLP on 4317 and 4318, the page, the API and SQL on 4300
    Serve(Box<ServeArguments>),
    /// Run one SQL statement on a server
    Sql(SqlArguments),
    /// Draw one trace of a server as a waterfall
    Trace(TraceArguments),
    /// Write stored telemetry of a server to a file: OTLP, Parquet or CSV
    Export(ExportArguments),
    /// Send files of OTLP (JSON or protobuf, also .gz and .zst) to a server; rows are filed under their own hours
    Import(ImportArguments),
    /// Send one number to a server: `spanlake push queue_size=12 queue=mail`
    Push(PushArguments),
    /// Look for what expressions of PromQL or rule files can never do, though they seem to
    Lint(LintArguments),
    /// Write a dashboard of a server as one HTML or PNG file
    Report(report::ReportArguments),
    /// Delete traces, or everything with an attribute, for good from all that a server keeps
    Forget(ForgetArguments),
    /// Say what another sampling policy would do
    Sampling(sampling::SamplingArguments),
    /// Look at a MySQL server before it is polled
    Mysql(MysqlArguments),
    /// Check a configuration and say what is in force
    CheckConfig(CheckConfigArguments),
    /// Check everything that is kept below a data directory of a server that does not run; changes nothing
    Fsck(FsckArguments),
    /// Cut corrupt records out of the write-ahead log of a server that does not run
    SalvageLog(DataDirArguments),
}

#[derive(Clone, Default, Args)]
pub struct ServeArguments {
    /// Configuration file (YAML); `spanlake check-config --example` prints one [env: SPANLAKE_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of everything that is kept [default: ./data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Where the page, the API and SQL are [default: 127.0.0.1:4300]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Where OTLP over gRPC is taken [default: 127.0.0.1:4317]
    #[arg(long, value_name = "HOST:PORT")]
    pub otlp_grpc: Option<String>,
    /// Where OTLP over HTTP is taken [default: 127.0.0.1:4318]
    #[arg(long, value_name = "HOST:PORT")]
    pub otlp_http: Option<String>,
    /// A MySQL server to poll each second, mysql://user:password@host:port/; may be repeated
    #[arg(long, value_name = "URL")]
    pub mysql: Vec<String>,
    /// A configuration of Prometheus whose scrape_configs are scraped
    #[arg(long, value_name = "FILE")]
    pub scrape_config: Option<String>,
    /// A file of rules in Prometheus's form; may be repeated
    #[arg(long, value_name = "FILE")]
    pub rule_file: Vec<String>,
    /// A folder of dashboards as JSON files
    #[arg(long, value_name = "FOLDER")]
    pub dashboard_dir: Option<String>,
    /// File with the token that the API then wants
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<String>,
    /// Let others reach --listen without a token
    #[arg(long)]
    pub insecure: bool,
    /// Take over the cold tier of another installation, whose server is gone for good
    #[arg(long)]
    pub adopt_cold: bool,
    /// Where own spans and metrics go: self, off or otlp [default: self]
    #[arg(long, value_name = "MODE")]
    pub self_telemetry: Option<String>,
}

#[derive(Debug, Args)]
pub struct SqlArguments {
    /// The statement; `-` reads it from standard input
    pub query: String,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Most rows to show [default: 1000 in a table, else the server's own limit]
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<u64>,
    #[command(flatten)]
    pub server: ServerArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Json,
    Csv,
}

#[derive(Debug, Args)]
pub struct TraceArguments {
    /// The trace id, in hex or base64
    pub trace_id: String,
    /// Columns to draw in [default: the terminal's]
    #[arg(long, value_parser = clap::value_parser!(u16).range(40..=1000))]
    pub width: Option<u16>,
    /// Show the spans' log records under them
    #[arg(long)]
    pub logs: bool,
    /// Do without colours
    #[arg(long)]
    pub no_color: bool,
    #[command(flatten)]
    pub server: ServerArguments,
}

#[derive(Debug, Args)]
pub struct ExportArguments {
    /// What to export
    #[arg(long, value_enum, default_value_t = SignalName::Traces)]
    pub signal: SignalName,
    /// `otlp-json` is one request a line, `otlp-protobuf` each with its length before it; both can be imported again
    #[arg(long, value_enum, default_value_t = ExportFormat::OtlpJson)]
    pub format: ExportFormat,
    /// From this time on: RFC 3339, or nanoseconds since the epoch
    #[arg(long, value_name = "TIME")]
    pub start: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    pub end: Option<String>,
    /// Only this trace
    #[arg(long, value_name = "ID", conflicts_with_all = ["start", "end"])]
    pub trace: Option<String>,
    /// The answer of this statement instead, as Parquet or CSV
    #[arg(long, value_name = "SQL", conflicts_with_all = ["start", "end", "trace", "signal"])]
    pub query: Option<String>,
    /// Where to; with the ending .gz or .zst it is compressed [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub server: ServerArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    OtlpJson,
    OtlpProtobuf,
    Parquet,
    Csv,
}

#[derive(Debug, Args)]
pub struct ImportArguments {
    /// The files; `-` is standard input
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// What is in files of protobuf, which do not say it; JSON does
    #[arg(long, value_enum)]
    pub signal: Option<SignalName>,
    #[command(flatten)]
    pub server: ServerArguments,
}

#[derive(Debug, Args)]
pub struct PushArguments {
    /// Name and value of the metric
    #[arg(value_name = "NAME=VALUE")]
    pub metric: String,
    /// Its labels
    #[arg(value_name = "LABEL=VALUE")]
    pub labels: Vec<String>,
    /// The value only grows; otherwise it is a gauge
    #[arg(long)]
    pub counter: bool,
    /// Unit, such as bytes or seconds
    #[arg(long)]
    pub unit: Option<String>,
    /// What the metric is
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    #[command(flatten)]
    pub server: ServerArguments,
}

#[derive(Debug, Args)]
pub struct LintArguments {
    /// Expressions of PromQL
    #[arg(value_name = "EXPRESSION")]
    pub expressions: Vec<String>,
    /// A file of rules in Prometheus's form; may be repeated
    #[arg(long, value_name = "FILE")]
    pub rule_file: Vec<String>,
    /// Ask a server for the types of its metrics, to find functions that do not fit them
    #[arg(long)]
    pub types: bool,
    #[command(flatten)]
    pub server: ServerArguments,
}

#[derive(Debug, Args)]
pub struct ForgetArguments {
    /// A trace that goes, with its logs and exemplars; may be repeated
    #[arg(long, value_name = "ID")]
    pub trace_id: Vec<String>,
    /// Everything goes that has this attribute: itself, in an event or link, or by its resource, scope or series; may be
    /// repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub attribute: Vec<String>,
    /// Only count what would go
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask first
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    #[command(flatten)]
    pub server: ServerArguments,
}

#[derive(Debug, Args)]
pub struct MysqlArguments {
    #[command(subcommand)]
    pub command: MysqlCommand,
}

#[derive(Subcommand)]
pub enum MysqlCommand {
    /// Connect, and say what would be collected, which rights are missing, and what it costs the server
    Check {
        /// mysql://user:password@host:port/; with ?password_file=… or ?password_env=… instead of the password
        dsn: String,
    },
}

/// Without the address: a password may be in it.
impl fmt::Debug for MysqlCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Check")
    }
}

/// A signal of OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SignalName {
    Traces,
    Metrics,
    Logs,
}

impl SignalName {
    /// As in the paths of the API.
    const fn path(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// The one key of a request in OTLP JSON.
    const fn json_key(self) -> &'static str {
        match self {
            Self::Traces => "resourceSpans",
            Self::Metrics => "resourceMetrics",
            Self::Logs => "resourceLogs",
        }
    }
}

/// How to reach a server.
#[derive(Debug, Args)]
pub struct ServerArguments {
    /// Where the server is
    #[arg(long, env = "SPANLAKE_URL", default_value = "http://127.0.0.1:4300")]
    pub url: String,
    /// File with the server's token
    #[arg(long, env = "SPANLAKE_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CheckConfigArguments {
    /// The file to check [env: SPANLAKE_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print a configuration file with every setting and its default
    #[arg(long, conflicts_with = "config")]
    pub example: bool,
    /// Print docs/configuration.md
    #[arg(long, hide = true, conflicts_with = "config")]
    pub reference: bool,
}

#[derive(Debug, Args)]
pub struct FsckArguments {
    /// Folder of the server's data
    #[arg(long, value_name = "DIR")]
    pub data_dir: String,
    /// Configuration file of the server, which says where its cold tier is [env: SPANLAKE_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl FsckArguments {
    /// In the words of the settings.
    #[must_use]
    pub fn flags(&self) -> Flags {
        Flags { file: self.config.clone(), values: vec![("data_dir", vec![self.data_dir.clone()])] }
    }
}

#[derive(Debug, Args)]
pub struct DataDirArguments {
    /// Folder of the server's data
    #[arg(long, value_name = "DIR")]
    pub data_dir: PathBuf,
}

/// Why a command failed: one sentence for stderr, and the exit code.
#[derive(Debug, PartialEq, Eq)]
pub struct CommandError {
    pub message: String,
    pub exit: u8,
}

/// `sysexits.h`: the service is not there.
const EXIT_UNAVAILABLE: u8 = 69;
/// `sysexits.h`: not allowed.
const EXIT_NOT_ALLOWED: u8 = 77;
const EXIT_FAILURE: u8 = 1;

impl CommandError {
    fn new(exit: u8, message: impl Into<String>) -> Self {
        Self { message: message.into(), exit }
    }

    /// Says it on stderr.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        let _ = writeln!(std::io::stderr(), "spanlake: {}", self.message);
        ExitCode::from(self.exit)
    }
}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        // Whoever reads has seen enough, as `head` does.
        let exit = if error.kind() == std::io::ErrorKind::BrokenPipe { 0 } else { EXIT_FAILURE };
        Self::new(exit, format!("cannot write: {error}"))
    }
}

/// Keys only: a password may be among the values.
impl fmt::Debug for ServeArguments {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.flags().values.iter().map(|(key, _)| key)).finish()
    }
}

impl ServeArguments {
    /// In the words of the settings.
    #[must_use]
    pub fn flags(&self) -> Flags {
        let one = |key, value: &Option<String>| value.clone().map(|value| (key, vec![value]));
        let values = [
            one("data_dir", &self.data_dir),
            one("listen", &self.listen),
            one("otlp_grpc", &self.otlp_grpc),
            one("otlp_http", &self.otlp_http),
            (!self.mysql.is_empty()).then(|| ("mysql", self.mysql.clone())),
            one("scrape_config_file", &self.scrape_config),
            (!self.rule_file.is_empty()).then(|| ("rule_files", self.rule_file.clone())),
            one("dashboard_dir", &self.dashboard_dir),
            one("token_file", &self.token_file),
            self.insecure.then(|| ("insecure", vec!["true".to_owned()])),
            self.adopt_cold.then(|| ("cold.adopt", vec!["true".to_owned()])),
            one("self_telemetry.mode", &self.self_telemetry),
        ];
        Flags { file: self.config.clone(), values: values.into_iter().flatten().collect() }
    }
}

/// Reads the command line. Help and version are printed, mistakes told, and the exit code returned: 0 or 64.
///
/// # Errors
/// When there is nothing to run.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<CommandLine, ExitCode> {
    CommandLine::try_parse_from(arguments).map_err(|error| {
        let _ = error.print();
        ExitCode::from(if error.use_stderr() { EXIT_USAGE } else { 0 })
    })
}

/// Runs `sql`.
#[must_use]
pub fn sql(arguments: &SqlArguments) -> ExitCode {
    finish(sql::run(arguments))
}

/// Runs `trace`.
#[must_use]
pub fn trace(arguments: &TraceArguments) -> ExitCode {
    finish(trace::run(arguments))
}

/// Runs `export`.
#[must_use]
pub fn export(arguments: &ExportArguments) -> ExitCode {
    finish(export::run(arguments))
}

/// Runs `import`.
#[must_use]
pub fn import(arguments: &ImportArguments) -> ExitCode {
    finish(import::run(arguments))
}

/// Runs `push`.
#[must_use]
pub fn push(arguments: &PushArguments) -> ExitCode {
    finish(push::run(arguments))
}

/// Runs `lint`.
#[must_use]
pub fn lint(arguments: &LintArguments) -> ExitCode {
    finish(lint::run(arguments))
}

/// Runs `report`.
#[must_use]
pub fn report(arguments: &report::ReportArguments) -> ExitCode {
    finish(report::run(arguments))
}

/// Runs `forget`.
#[must_use]
pub fn forget(arguments: &ForgetArguments) -> ExitCode {
    finish(forget::run(arguments))
}

/// Runs `sampling`.
#[must_use]
pub fn sampling(arguments: &sampling::SamplingArguments) -> ExitCode {
    finish(sampling::run(arguments))
}

/// Runs `check-config`.
#[must_use]
pub fn check_config(arguments: &CheckConfigArguments) -> ExitCode {
    finish(check_config::run(arguments, std::env::vars_os()))
}

fn finish(result: Result<(), CommandError>) -> ExitCode {
    match result {
        Ok(()) | Err(CommandError { exit: 0, .. }) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
