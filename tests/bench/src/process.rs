//! A server process: started in a folder of its own, observed through `/proc`, ended in one way or another.
//!
//! Owns the child; dropping it kills it. Never reads its data.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::http::Connection;

/// How to start a server.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    pub binary: PathBuf,
    /// What runs it, such as a tracer and its arguments; it must become the server itself, or be told to stay behind.
    pub wrapper: Vec<String>,
    pub data_dir: PathBuf,
    /// After `serve --data-dir … --otlp-grpc … --otlp-http … --listen …`.
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// What it says goes here, appended.
    pub output: PathBuf,
}

/// Where a ready server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub otlp_grpc: SocketAddr,
    pub otlp_http: SocketAddr,
    pub listen: SocketAddr,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    options: ServerOptions,
}

// === impl Server ===

impl Server {
    /// Starts the process and does not wait for it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(options: ServerOptions) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&options.data_dir).context("cannot create the data directory")?;
        // The last process's ports would be taken for this one's.
        let _ = std::fs::remove_file(options.data_dir.join("ports.json"));
        let output =
            File::options().create(true).append(true).open(&options.output).context("cannot open the output file")?;
        let mut command = match options.wrapper.split_first() {
            None => clean_command(&options.binary),
            Some((program, arguments)) => {
                let mut command = clean_command(Path::new(program));
                command.args(arguments).arg(&options.binary);
                command
            }
        };
        let child = command
            .arg("serve")
            .arg("--data-dir")
            .arg(&options.data_dir)
            .args(["--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--listen", "127.0.0.1:0"])
            .args(&options.arguments)
            .env("SPANLAKE_SELF_TELEMETRY_MODE", "off")
            .envs(options.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(output.try_clone().context("cannot share the output file")?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {}", options.binary.display()))?;
        Ok(Self { child, options })
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// When it ends or takes longer; with what it said.
    pub fn wait_ready(&mut self, patience: Duration) -> anyhow::Result<Ports> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().context("cannot ask for the server's state")? {
                bail!("the server ended with {status} instead of getting ready:\n{}", self.output());
            }
            if let Some(ports) = self.ports()
                && Connection::open(ports.listen)
                    .is_ok_and(|mut connection| connection.get("/readyz").is_ok_and(|status| status == 200))
            {
                return Ok(ports);
            }
            if began.elapsed() > patience {
                bail!("the server was not ready within {patience:?}:\n{}", self.output());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn ports(&self) -> Option<Ports> {
        let text = std::fs::read_to_string(self.options.data_dir.join("ports.json")).ok()?;
        let ports: serde_json::Value = serde_json::from_str(&text).ok()?;
        let of = |name: &str| ports.get(name)?.as_str()?.parse().ok();
        Some(Ports { otlp_grpc: of("otlp_grpc")?, otlp_http: of("otlp_http")?, listen: of("listen")? })
    }

    /// Whether it has ended, and how.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot ask for the server's state")
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it was started.
    #[must_use]
    pub fn options(&self) -> &ServerOptions {
        &self.options
    }

    /// What it said so far.
    #[must_use]
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.options.output).unwrap_or_default()
    }

    /// As `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> anyhow::Result<ExitStatus> {
        self.child.kill().context("cannot kill the server")?;
        self.child.wait().context("cannot wait for the server")
    }

    /// As `kill -TERM`, and waits until it has ended by itself.
    ///
    /// # Errors
    /// When the system refuses, or it takes longer.
    pub fn terminate(&mut self, patience: Duration) -> anyhow::Result<ExitStatus> {
        let id = i32::try_from(self.child.id()).context("a process id fits")?;
        let process = rustix::process::Pid::from_raw(id).context("a process id is not zero")?;
        rustix::process::kill_process(process, rustix::process::Signal::TERM).context("cannot signal the server")?;
        self.wait_end(patience)
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// When it takes longer.
    pub fn wait_end(&mut self, patience: Duration) -> anyhow::Result<ExitStatus> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().context("cannot ask for the server's state")? {
                return Ok(status);
            }
            if began.elapsed() > patience {
                bail!("the server did not end within {patience:?}:\n{}", self.output());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A command that takes over none of this process's `SPANLAKE_…` variables, which are settings of a server.
#[must_use]
pub fn clean_command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("SPANLAKE_")) {
        command.env_remove(name);
    }
    command
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Seconds of processor time that a process has used, by all its threads.
///
/// # Errors
/// When `/proc` does not say.
pub fn cpu_seconds(process: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).context("cannot read the process's times")?;
    // The command's name, in parentheses, may hold spaces; the fields are counted behind it.
    let behind = stat.rsplit_once(')').context("a stat line has a name")?.1;
    let fields: Vec<&str> = behind.split_whitespace().collect();
    let ticks =
        |index: usize| -> anyhow::Result<u32> { Ok(fields.get(index).context("a stat line is longer")?.parse()?) };
    let clock = u32::try_from(rustix::param::clock_ticks_per_second()).context("a clock rate is small")?;
    Ok(f64::from(ticks(11)? + ticks(12)?) / f64::from(clock))
}

/// A size from `/proc/<id>/status`, such as `VmHWM` (the most memory it ever held) or `VmRSS` (now), in bytes.
///
/// # Errors
/// When `/proc` does not say.
pub fn memory_bytes(process: u32, name: &str) -> anyhow::Result<u64> {
    let status =
        std::fs::read_to_string(format!("/proc/{process}/status")).context("cannot read the process's sizes")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).context("no such size")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().context("a size in kB")?;
    Ok(kilobytes * 1024)
}

/// Bytes of all files below a folder.
#[must_use]
pub fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
