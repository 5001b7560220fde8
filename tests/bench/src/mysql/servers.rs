//! Real servers to poll: MySQL and MariaDB, each in a folder of its own, by the scripts in `tests/servers`.
//!
//! Owns the process and its data; both are gone when it is dropped. Never touches a server of the system.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::client::Client;
use super::sockets::connected_to;

const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    Mysql,
    Mariadb,
}

impl Flavor {
    const fn folder(self) -> &'static str {
        match self {
            Self::Mysql => "mysql",
            Self::Mariadb => "mariadb",
        }
    }
}

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Options of `mysqld` beside the usual ones.
    pub arguments: Vec<String>,
    /// Loopback addresses beside 127.0.0.1: 127.0.0.2 and those after it.
    pub more_addresses: u8,
    /// MariaDB has it off by default.
    pub performance_schema_off: bool,
    /// Beside what it has from us. A library to load first is loaded where the server runs with the system's loader.
    pub environment: Vec<(String, String)>,
}

/// A server that runs, or ran.
#[derive(Debug)]
pub struct DbServer {
    script: PathBuf,
    folder: PathBuf,
    port: u16,
    start: Start,
}

impl DbServer {
    /// Starts one on a free port; `root` has no password. `None` where there is no such server to be had, which is said
    /// on standard error.
    ///
    /// # Errors
    /// When it is there and does not start.
    pub fn start(flavor: Flavor, start: Start) -> anyhow::Result<Option<Self>> {
        let script = scripts().join(format!("{}.sh", flavor.folder()));
        let folder = cache().join(flavor.folder());
        std::fs::create_dir_all(&folder).context("cannot create the servers' folder")?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = Self { script, folder, port, start };
        let one_at_a_time = File::create(server.folder.join("install.lock"))?;
        one_at_a_time.lock()?;
        let is_installed = server.run("install");
        drop(one_at_a_time);
        if !is_installed {
            use std::io::Write as _;
            // Past the capture of tests that pass: who reads the log must see it.
            let _ = writeln!(std::io::stderr(), "not run: {flavor:?} could not be installed");
            std::mem::forget(server);
            return Ok(None);
        }
        server.start_again()?;
        Ok(Some(server))
    }

    /// With the usual options.
    ///
    /// # Errors
    /// When it is there and does not start.
    pub fn plain(flavor: Flavor) -> anyhow::Result<Option<Self>> {
        Self::start(flavor, Start::default())
    }

    /// Starts it on its port, with its data.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&self) -> anyhow::Result<()> {
        ensure!(self.run("start"), "{} did not start:\n{}", self.script.display(), self.log());
        Ok(())
    }

    fn run(&self, verb: &str) -> bool {
        let addresses: Vec<String> =
            (1..=self.start.more_addresses + 1).map(|last| format!("127.0.0.{last}")).collect();
        let mut command = Command::new("bash");
        command.arg(&self.script).arg(verb).arg(&self.folder).arg(self.port.to_string());
        command.env("MYSQLD_ARGUMENTS", self.start.arguments.join(" ")).env("BIND_ADDRESS", addresses.join(","));
        if self.start.performance_schema_off {
            command.env("MARIADB_PERFORMANCE_SCHEMA", "OFF");
        }
        command.envs(self.start.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// What the server said.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join(format!("{}.log", self.port))).unwrap_or_default()
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:port`, as it is called in the API.
    #[must_use]
    pub fn name(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `mysql://login@127.0.0.1:port/`.
    #[must_use]
    pub fn url(&self, login: &str) -> String {
        format!("mysql://{login}@{}/", self.name())
    }

    /// A connection of `root`.
    ///
    /// # Errors
    /// As the server says.
    pub fn root(&self) -> anyhow::Result<Client> {
        Client::open(&self.url("root"))
    }

    /// Where its data lies.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join(format!("data-{}", self.port))
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join(format!("{}.pid", self.port))
    }

    /// Its process id.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pid(&self) -> anyhow::Result<u32> {
        let text = std::fs::read_to_string(self.pid_file()).context("the server does not run")?;
        Ok(text.trim().parse()?)
    }

    /// Sends its process a signal: `STOP`, `CONT`, `KILL`.
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").args([format!("-{signal}"), self.pid()?.to_string()]).status()?;
        ensure!(status.success(), "the signal was not sent");
        if signal == "KILL" {
            std::fs::remove_file(self.pid_file())?;
        }
        Ok(())
    }

    /// Shuts it down and waits for its end.
    pub fn stop(&self) {
        self.run("stop");
        let began = Instant::now();
        while self.pid_file().exists() && began.elapsed() < STOP_PATIENCE {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Connections to it that are established, as this machine sees them, without so many that are the caller's own.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn connections(&self) -> anyhow::Result<usize> {
        Ok(connected_to(self.port)?.len())
    }
}

impl Drop for DbServer {
    fn drop(&mut self) {
        // One that was stopped by a signal would not hear the other.
        let _ = self.signal("CONT");
        self.stop();
        let _ = std::fs::remove_dir_all(self.data());
        for file in [format!("{}.log", self.port), format!("init-{}.log", self.port)] {
            let _ = std::fs::remove_file(self.folder.join(file));
        }
    }
}

/// Asked when it runs, not when it is built: checkouts may share a target folder, and with it this binary.
fn scripts() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let is_there = |folder: &Path| folder.join("tests/servers/mysql.sh").is_file();
    here.ancestors().find(|folder| is_there(folder)).unwrap_or(&here).join("tests/servers")
}

fn cache() -> PathBuf {
    std::env::var_os("SPANLAKE_CACHE").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/spanlake"),
        PathBuf::from,
    )
}
